/* Axes: round numbers and round times. */
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/hunt_chart.h"
#include "cli/out_style.h"

/* 1, 2 or 5 times a power of ten, not less than `least`. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));
    for (int i = 0; i < 3; i++) {
        static const double steps[] = {1, 2, 5};
        if (steps[i] * power >= least * (1 - 1e-9))
            return steps[i] * power;
    }
    return 10 * power;
}

struct chart_axis chart_axis_of(double least, double most, unsigned n)
{
    double span = most - least;
    double step = span > 0 ? round_step(span / n) : most != 0 ? round_step(fabs(most)) : 1;
    return (struct chart_axis){floor(least / step + 1e-9) * step, ceil(most / step - 1e-9) * step,
                               step};
}

struct chart_axis chart_axis_y(const struct chart *chart, bool zero, unsigned n)
{
    double least = zero ? 0 : INFINITY, most = zero ? 0 : -INFINITY;
    for (size_t s = 0; s < chart->series.len; s++)
        for (size_t i = 0; i < chart->series.items[s].points.len; i++) {
            least = fmin(least, chart->series.items[s].points.items[i].y);
            most = fmax(most, chart->series.items[s].points.items[i].y);
        }
    least = isnan(chart->wishes.ymin) ? least : chart->wishes.ymin;
    most = isnan(chart->wishes.ymax) ? most : chart->wishes.ymax;
    struct chart_axis axis = chart_axis_of(least, most > least ? most : least, n);
    if (axis.most <= axis.least)
        axis.most = axis.least + axis.step;
    return axis;
}

void chart_range_x(const struct chart *chart, double *ret_least, double *ret_most)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t s = 0; s < chart->series.len; s++) {
        size_t n = chart->series.items[s].points.len;
        if (n == 0)
            continue;
        least = fmin(least, chart->series.items[s].points.items[0].x);
        most = fmax(most, chart->series.items[s].points.items[n - 1].x);
    }
    *ret_least = least;
    *ret_most = most;
}

/* ---- numbers ---- */

/* 1500 as 1,500. */
static size_t group(double number, char ret_text[static CHART_LABEL_MAX])
{
    char count[32];
    style_count((uint64_t)fabs(number), count);
    return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%s%.20s", number < 0 ? "-" : "", count);
}

size_t chart_label(const struct chart_axis *axis, double number,
                   char ret_text[static CHART_LABEL_MAX])
{
    static const struct {
        double size;
        const char *letter;
    } units[] = {{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}};
    double largest = fmax(fabs(axis->least), fabs(axis->most));
    if (largest >= 1e18 || (largest > 0 && largest < 1e-6))
        return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%.3g", number);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (largest >= units[i].size)
            return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%.*f%s",
                                    fmod(axis->step, units[i].size) == 0 ? 0 : 1,
                                    number / units[i].size, number != 0 ? units[i].letter : "");
    if (axis->step >= 1)
        return group(number, ret_text);
    int digits = (int)ceil(-log10(axis->step) - 1e-9);
    return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%.*f", digits, number);
}

/* ---- times ---- */

#define MINUTE 60.0
#define HOUR 3600.0
#define DAY 86400.0

/* Seconds between marks. Longer ones are months and years, which have no fixed length: days do for them. */
static const double time_steps[] = {
    1e-6,       2e-6,       5e-6,        1e-5,        1e-4,        1e-3,       2e-3,
    5e-3,       1e-2,       2e-2,        5e-2,        0.1,         0.2,        0.5,
    1,          2,          5,           10,          15,          30,         MINUTE,
    2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR,       2 * HOUR,
    3 * HOUR,   6 * HOUR,   12 * HOUR,   DAY,         2 * DAY,     7 * DAY,    14 * DAY,
    28 * DAY,   91 * DAY,   182 * DAY,   365 * DAY,   1826 * DAY,  3652 * DAY,
};

#define N_TIME_STEPS (sizeof(time_steps) / sizeof(time_steps[0]))

static size_t time_label(double time, double step_us, char ret_text[static CHART_LABEL_MAX])
{
    struct time_parts at;
    time_to_parts((int64_t)time, &at);
    if (step_us >= DAY * 1e6)
        return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%04d-%02d-%02d", (int)at.year % 10000,
                                at.month, at.day);
    if (step_us >= MINUTE * 1e6)
        return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%02d:%02d", at.hour, at.minute);
    if (step_us >= 1e6)
        return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%02d:%02d:%02d", at.hour, at.minute,
                                at.second);
    return (size_t)snprintf(ret_text, CHART_LABEL_MAX, "%02d:%02d.%06d", at.minute, at.second,
                            at.micro);
}

static struct chart_axis time_axis(double least, double most, size_t columns)
{
    double span = most - least, step = 0;
    char text[CHART_LABEL_MAX];
    for (size_t i = 0; i < N_TIME_STEPS; i++) {
        step = time_steps[i] * 1e6;
        if (span == 0 && step < MINUTE * 1e6)
            continue;
        size_t width = time_label(least, step, text) + 3;
        if (span / step * (double)width <= (double)columns)
            break;
    }
    return (struct chart_axis){ceil(least / step) * step, most, step};
}

/* ---- below a plot ---- */

/* Two lines of labels, and the marks above them. */
struct below {
    struct buf marks, labels, days;
    size_t columns;
};

/* Puts a text at a column; what stands there already stays in front of it, and must leave a space. */
static bool put(struct buf *line, size_t column, const char *text, size_t len)
{
    if (line->len > 0 && column <= line->len)
        return false;
    style_spaces(line, column - line->len);
    buf_add(line, text, len);
    return true;
}

/* In the middle under `column`, but within the plot. */
static bool put_centred(struct buf *line, size_t column, size_t columns, const char *text,
                        size_t len)
{
    size_t at = column > len / 2 ? column - len / 2 : 0;
    if (at + len > columns)
        at = columns > len ? columns - len : 0;
    return put(line, at, text, len);
}

static void add_mark(struct below *below, size_t column, const char *mark, const char *line)
{
    size_t used = style_exact(NULL, buf_str(&below->marks), 0, "");
    for (; used < column; used++)
        buf_add_c(&below->marks, line);
    buf_add_c(&below->marks, mark);
}

/* The day of the first label, and of each that has another. */
static void add_day(struct below *below, double time, size_t column, int64_t *last_day)
{
    char text[CHART_LABEL_MAX];
    int64_t day = (int64_t)floor(time / (DAY * 1e6));
    if (day != *last_day &&
        put_centred(&below->days, column, below->columns, text, time_label(time, DAY * 1e6, text)))
        *last_day = day;
}

static void write_line(struct buf *out, const struct chart *chart, struct buf *line, size_t before)
{
    if (line->len > 0) {
        style_spaces(out, before);
        buf_add_c(out, style_dim(chart->look.colour));
        buf_add_str(out, buf_str(line));
        buf_printf(out, "%s\n", style_reset(chart->look.colour));
    }
    out->failed |= line->failed;
    buf_free(line);
}

void chart_axis_x_write(struct buf *out, const struct chart *chart, size_t before, size_t columns,
                        size_t lead)
{
    double least, most;
    chart_range_x(chart, &least, &most);
    bool times = chart->axis == CHART_TIMES, ascii = chart->look.ascii;
    struct chart_axis axis = times ? time_axis(least, most, columns)
                                   : chart_axis_of(least, most, (unsigned)(columns / 12 + 1));
    struct below below = {.columns = columns};
    int64_t last_day = INT64_MIN;
    double across = (double)(columns - 1 - 2 * lead), span = most - least;
    for (double at = axis.least; at <= most + span * 1e-9; at += axis.step) {
        char text[CHART_LABEL_MAX];
        if (at < least - span * 1e-9)
            continue;
        size_t column = lead + (span > 0 ? (size_t)((at - least) / span * across + 0.5) : 0);
        size_t len = times ? time_label(at, axis.step, text) : chart_label(&axis, at, text);
        if (!put_centred(&below.labels, column, columns, text, len))
            continue;
        add_mark(&below, column, ascii ? "+" : "┴", ascii ? "-" : "─");
        if (times && axis.step < DAY * 1e6)
            add_day(&below, at, column, &last_day);
    }
    add_mark(&below, columns, "", ascii ? "-" : "─");
    struct buf corner = {0};
    buf_add_c(&corner, ascii ? "+" : "└");
    buf_add_str(&corner, buf_str(&below.marks));
    write_line(out, chart, &corner, before - 1);
    buf_free(&below.marks);
    write_line(out, chart, &below.labels, before);
    write_line(out, chart, &below.days, before);
    struct buf title = {0};
    if (chart->wishes.xtitle.len > 0) {
        size_t width = style_exact(NULL, chart->wishes.xtitle, 0, "");
        style_spaces(&title, width < columns ? (columns - width) / 2 : 0);
        style_exact(&title, chart->wishes.xtitle, columns, "…");
    }
    write_line(out, chart, &title, before);
}
