/*
 * Lying bars, a name on each line, the number behind:
 *
 *     whoami.exe  ████████████████████▌ 41
 *     cmd.exe     ███▎ 6
 */
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/hunt_chart.h"
#include "cli/out_style.h"
#include "hunt/value.h"

#define NAMES_MAX 60 /* that are drawn */
#define NAME_MIN_COLUMNS 8
#define NAME_MAX_COLUMNS 32
#define NUMBER_COLUMNS 12
#define SHARE_COLUMNS 8
#define BAR_MIN_COLUMNS 8
#define EIGHTHS 8
#define GAP 2

/* The xs of all series, each once, as names. */
struct bars {
    const struct chart *chart;
    VEC(double) places;
    size_t name_max; /* columns that a name may have; longer ones are cut */
    size_t names;    /* columns of the widest name */
    size_t columns;  /* of the longest bar */
    double most;
    bool shares; /* percents behind the numbers */
    double whole;
};

static int by_number(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static bool find_places(struct bars *bars)
{
    const struct chart *chart = bars->chart;
    size_t n = 0;
    for (size_t s = 0; s < chart->series.len; s++)
        for (size_t i = 0; i < chart->series.items[s].points.len; i++)
            if (vec_push(&bars->places, chart->series.items[s].points.items[i].x) < 0)
                return false;
    qsort(bars->places.items, bars->places.len, sizeof(double), by_number);
    for (size_t i = 0; i < bars->places.len; i++)
        if (n == 0 || bars->places.items[n - 1] != bars->places.items[i])
            bars->places.items[n++] = bars->places.items[i];
    bars->places.len = n;
    return true;
}

/* The number of a series at a place; NAN: none. */
static double number_at(const struct chart_series *series, double x)
{
    size_t least = 0, most = series->points.len;
    while (least < most) {
        size_t middle = (least + most) / 2;
        if (series->points.items[middle].x < x)
            least = middle + 1;
        else
            most = middle;
    }
    return least < series->points.len && series->points.items[least].x == x
               ? series->points.items[least].y
               : (double)NAN;
}

static double sum_at(const struct chart *chart, double x)
{
    double sum = 0;
    for (size_t s = 0; s < chart->series.len; s++) {
        double number = number_at(&chart->series.items[s], x);
        sum += isnan(number) ? 0 : fmax(number, 0);
    }
    return sum;
}

static size_t write_name(struct buf *out, const struct bars *bars, double x)
{
    const struct chart *chart = bars->chart;
    struct buf name = {0};
    char text[TIME_TEXT_MAX];
    if (chart->axis == CHART_NAMES)
        buf_add_str(&name, chart->names.items[(size_t)x]);
    else if (chart->axis == CHART_TIMES)
        buf_add(&name, text, style_time((int64_t)x, text));
    else
        value_write_real(&name, x);
    size_t used = style_exact(out, buf_str(&name), bars->name_max, chart->look.ascii ? "~" : "…");
    buf_free(&name);
    return used;
}

/* Names give way on a narrow terminal; times and numbers would not be told apart without their ends. */
static size_t name_room(const struct chart *chart, size_t others)
{
    size_t least = others + BAR_MIN_COLUMNS + NAME_MIN_COLUMNS, width = chart->look.width;
    if (width == 0 || chart->axis != CHART_NAMES)
        return NAME_MAX_COLUMNS;
    size_t room = NAME_MIN_COLUMNS + (width > least ? width - least : 0);
    return room < NAME_MAX_COLUMNS ? room : NAME_MAX_COLUMNS;
}

static void measure(struct bars *bars)
{
    const struct chart *chart = bars->chart;
    size_t others = GAP + NUMBER_COLUMNS + (bars->shares ? SHARE_COLUMNS : 0);
    bars->name_max = name_room(chart, others);
    for (size_t i = 0; i < bars->places.len; i++) {
        double x = bars->places.items[i];
        struct buf name = {0};
        size_t columns = i < NAMES_MAX ? write_name(&name, bars, x) : 0;
        buf_free(&name);
        bars->names = columns > bars->names ? columns : bars->names;
        if (chart->wishes.stacked)
            bars->most = fmax(bars->most, sum_at(chart, x));
        for (size_t s = 0; s < chart->series.len; s++) {
            double number = number_at(&chart->series.items[s], x);
            if (isnan(number))
                continue;
            bars->whole += fabs(number);
            if (!chart->wishes.stacked)
                bars->most = fmax(bars->most, fabs(number));
        }
    }
    size_t rest = bars->names + others;
    bars->columns =
        chart->look.width > rest + BAR_MIN_COLUMNS ? chart->look.width - rest : BAR_MIN_COLUMNS;
}

/* A bar of so many columns, the last of them maybe a part of one. */
static void add_bar(struct buf *out, const struct chart *chart, size_t series, double columns)
{
    static const char *const eighths[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    bool whole_only = chart->look.ascii || chart_is_marked(chart);
    size_t n = (size_t)(columns * EIGHTHS + 0.5);
    size_t full = whole_only ? (n + EIGHTHS / 2) / EIGHTHS : n / EIGHTHS;
    full += whole_only && full == 0 && n > 0; /* what is there is seen */
    buf_add_c(out, chart_paint(chart, series));
    for (size_t i = 0; i < full; i++)
        buf_add_c(out, chart_fill(chart, series));
    buf_add_c(out, whole_only ? "" : eighths[n % EIGHTHS]);
    buf_add_c(out, style_reset(chart->look.colour));
}

static void add_number(struct buf *out, const struct bars *bars, double number)
{
    struct buf text = {0};
    value_write_real(&text, number);
    struct str digits = buf_str(&text);
    if (str_ends(digits, STR(".0")))
        digits.len -= 2;
    buf_add_byte(out, ' ');
    buf_add_str(out, digits);
    if (bars->shares && bars->whole > 0)
        buf_printf(out, "%s  %.1f %%%s", style_dim(bars->chart->look.colour),
                   fabs(number) / bars->whole * 100, style_reset(bars->chart->look.colour));
    buf_free(&text);
}

/* All series of a place behind each other. */
static void write_stacked(struct buf *out, const struct bars *bars, double x)
{
    const struct chart *chart = bars->chart;
    double sum = sum_at(chart, x), most = chart->wishes.percent ? sum : bars->most, at = 0;
    size_t used = write_name(out, bars, x);
    style_spaces(out, bars->names + GAP - used);
    for (size_t s = 0; s < chart->series.len && most > 0; s++) {
        double number = number_at(&chart->series.items[s], x);
        double end = at + (isnan(number) ? 0 : fmax(number, 0)) / most * (double)bars->columns;
        bool last = s + 1 == chart->series.len;
        add_bar(out, chart, s, last ? end - floor(at + 0.5) : floor(end + 0.5) - floor(at + 0.5));
        at = end;
    }
    add_number(out, bars, sum);
    buf_add_byte(out, '\n');
}

static void write_beside(struct buf *out, const struct bars *bars, double x)
{
    const struct chart *chart = bars->chart;
    bool named = false;
    for (size_t s = 0; s < chart->series.len; s++) {
        double number = number_at(&chart->series.items[s], x);
        if (isnan(number))
            continue;
        size_t used = named ? 0 : write_name(out, bars, x);
        named = true;
        style_spaces(out, bars->names + GAP - used);
        add_bar(out, chart, s,
                bars->most > 0 ? fabs(number) / bars->most * (double)bars->columns : 0);
        add_number(out, bars, number);
        buf_add_byte(out, '\n');
    }
}

static void draw(struct buf *out, const struct chart *chart, bool shares)
{
    struct bars bars = {.chart = chart, .shares = shares};
    if (!find_places(&bars)) {
        out->failed = true;
    } else {
        measure(&bars);
        for (size_t i = 0; i < bars.places.len && i < NAMES_MAX; i++) {
            if (chart->wishes.stacked)
                write_stacked(out, &bars, bars.places.items[i]);
            else
                write_beside(out, &bars, bars.places.items[i]);
        }
        if (bars.places.len > NAMES_MAX)
            buf_printf(out, "%s%s and %zu more%s\n", style_dim(chart->look.colour),
                       chart->look.ascii ? "..." : "…", bars.places.len - NAMES_MAX,
                       style_reset(chart->look.colour));
    }
    vec_free(&bars.places);
}

void chart_draw_bars(struct buf *out, struct chart *chart)
{
    draw(out, chart, false);
}

void chart_draw_shares(struct buf *out, struct chart *chart)
{
    draw(out, chart, true);
}
