/*
 * Upright bars, as many as have room; where they have none, lying ones.
 *
 *     40 ┤      ██
 *     20 ┤ ▆▆   ██
 *      0 ┤ ██   ██   ▂▂
 *        └────────────────
 *          cmd  who  net
 */
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/hunt_chart.h"
#include "cli/out_style.h"
#include "hunt/value.h"

#define LINES 12
#define EIGHTHS 8
#define MARKS_Y 4
#define BAR_MAX_COLUMNS 8
#define PLACES_MAX 400
#define LABELS_COLUMNS 12  /* at the left, at most */
#define NAME_MIN_COLUMNS 3 /* of a name below its bars; longer ones need as much, up to: */
#define NAME_ENOUGH_COLUMNS 10

/* Where the bars of each x stand. */
struct layout {
    const struct chart *chart;
    double *places; /* xs, in order */
    size_t n;
    size_t bar, bars; /* columns of a bar, and of all bars of an x */
    size_t group;     /* .. with the gap behind them */
    size_t labels;    /* columns of the labels of y */
    struct chart_axis y;
};

static bool has_negative(const struct chart *chart)
{
    for (size_t s = 0; s < chart->series.len; s++)
        for (size_t i = 0; i < chart->series.items[s].points.len; i++)
            if (chart->series.items[s].points.items[i].y < 0)
                return true;
    return false;
}

/* Every x once; where they are numbers or times in even steps, the empty ones between, too. */
static size_t find_places(const struct chart *chart, double ret_places[static PLACES_MAX])
{
    double least, most, step = INFINITY;
    size_t n = 0, at[CHART_SERIES_MAX] = {0};
    chart_range_x(chart, &least, &most);
    for (double last = -INFINITY;;) {
        double next = INFINITY;
        for (size_t s = 0; s < chart->series.len; s++) {
            const struct chart_series *series = &chart->series.items[s];
            while (at[s] < series->points.len && series->points.items[at[s]].x <= last)
                at[s]++;
            if (at[s] < series->points.len)
                next = fmin(next, series->points.items[at[s]].x);
        }
        if (isinf(next))
            break;
        if (n == PLACES_MAX)
            return PLACES_MAX + 1;
        step = n ? fmin(step, next - last) : step;
        ret_places[n++] = last = next;
    }
    double even = n > 1 ? floor((most - least) / step + 0.5) + 1 : (double)n;
    if (chart->axis == CHART_NAMES || even > PLACES_MAX || even <= (double)n)
        return n;
    for (size_t i = 0; i < n; i++)
        if (fabs(fmod((ret_places[i] - least) / step + 0.5, 1) - 0.5) > 1e-6)
            return n;
    n = (size_t)even;
    for (size_t i = 0; i < n; i++)
        ret_places[i] = least + (double)i * step;
    return n;
}

static size_t name_of(const struct chart *chart, double x, struct buf *out)
{
    if (chart->axis == CHART_NAMES)
        return style_exact(out, chart->names.items[(size_t)x], 0, "");
    struct buf number = {0};
    value_write_real(&number, x);
    struct str digits = buf_str(&number);
    size_t used = style_exact(
        out, str_ends(digits, STR(".0")) ? str_first(digits, digits.len - 2) : digits, 0, "");
    buf_free(&number);
    return used;
}

/* The columns of the widest name below the bars. */
static size_t widest_name(const struct layout *layout)
{
    size_t widest = NAME_MIN_COLUMNS;
    for (size_t i = 0; i < layout->n; i++) {
        struct buf name = {0};
        size_t columns = name_of(layout->chart, layout->places[i], &name);
        widest = columns > widest ? columns : widest;
        buf_free(&name);
    }
    return widest < NAME_ENOUGH_COLUMNS ? widest : NAME_ENOUGH_COLUMNS;
}

/* False: there is no room, or the names could not be told from each other. */
static bool lay_out(struct layout *layout)
{
    const struct chart *chart = layout->chart;
    bool times = chart->axis == CHART_TIMES;
    size_t bars = chart->wishes.stacked ? 1 : chart->series.len;
    size_t room = (chart->look.width - LABELS_COLUMNS) / layout->n;
    size_t gap = room > bars ? 1 : 0;
    if (room < bars + (bars > 1) || (!times && room < widest_name(layout) + 1))
        return false;
    layout->bar = (room - gap) / bars < BAR_MAX_COLUMNS ? (room - gap) / bars : BAR_MAX_COLUMNS;
    size_t most = layout->bar * bars + (times ? gap : NAME_ENOUGH_COLUMNS);
    layout->group = room < most ? room : most;
    layout->bars = layout->bar * bars;
    return true;
}

static void measure_labels(struct layout *layout)
{
    char text[CHART_LABEL_MAX];
    layout->y = chart_axis_y(layout->chart, true, MARKS_Y);
    for (double at = layout->y.least; at <= layout->y.most; at += layout->y.step) {
        size_t len = chart_label(&layout->y, at, text);
        layout->labels = len > layout->labels ? len : layout->labels;
    }
}

static double number_at(const struct chart_series *series, double x)
{
    for (size_t i = 0; i < series->points.len; i++)
        if (fabs(series->points.items[i].x - x) < 1e-6 * fmax(1, fabs(x) * 1e-9))
            return series->points.items[i].y;
    return 0;
}

/* How much of a line, in eighths, is below `number`. */
static int level_at(const struct layout *layout, double number, size_t line)
{
    double height =
        (number - layout->y.least) / (layout->y.most - layout->y.least) * LINES * EIGHTHS;
    double level = floor(height + 0.5) - (double)(LINES - 1 - line) * EIGHTHS;
    return level <= 0 ? 0 : level >= EIGHTHS ? EIGHTHS : (int)level;
}

static void add_piece(struct buf *out, const struct chart *chart, size_t series, int level,
                      size_t columns)
{
    static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    bool whole_only = chart->look.ascii || chart_is_marked(chart);
    if (whole_only)
        level = level >= EIGHTHS / 2 ? EIGHTHS : 0;
    if (level == 0) {
        style_spaces(out, columns);
        return;
    }
    buf_add_c(out, chart_paint(chart, series));
    for (size_t i = 0; i < columns; i++)
        buf_add_c(out, level == EIGHTHS ? chart_fill(chart, series) : eighths[level]);
    buf_add_c(out, style_reset(chart->look.colour));
}

static void add_group(struct buf *out, const struct layout *layout, double x, size_t line)
{
    const struct chart *chart = layout->chart;
    size_t n = chart->series.len, used = 0;
    if (chart->wishes.stacked) {
        /* Sums: the first series that reaches into this line is the one that is seen. */
        size_t s = 0;
        while (s + 1 < n &&
               level_at(layout, number_at(&chart->series.items[s], x), line) < EIGHTHS / 2)
            s++;
        add_piece(out, chart, s, level_at(layout, number_at(&chart->series.items[s], x), line),
                  layout->bar);
        used = layout->bar;
    }
    for (size_t s = 0; !chart->wishes.stacked && s < n; s++) {
        add_piece(out, chart, s, level_at(layout, number_at(&chart->series.items[s], x), line),
                  layout->bar);
        used += layout->bar;
    }
    style_spaces(out, layout->group - used);
}

static double mark_at(const struct layout *layout, size_t line)
{
    const struct chart_axis *axis = &layout->y;
    for (double at = axis->least; at <= axis->most + axis->step / 2; at += axis->step) {
        double height = (at - axis->least) / (axis->most - axis->least) * LINES;
        if (LINES - (size_t)(height + 0.5) == line)
            return at;
    }
    return (double)NAN;
}

static void write_lines(struct buf *out, const struct layout *layout)
{
    const struct hunt_look *look = &layout->chart->look;
    for (size_t line = 0; line < LINES; line++) {
        char text[CHART_LABEL_MAX];
        double mark = mark_at(layout, line);
        size_t len = isnan(mark) ? 0 : chart_label(&layout->y, mark, text);
        style_spaces(out, layout->labels - len);
        buf_add_c(out, style_dim(look->colour));
        buf_add(out, text, len);
        buf_add_c(out, len ? (look->ascii ? " +" : " ┤") : (look->ascii ? " |" : " │"));
        buf_printf(out, "%s ", style_reset(look->colour));
        for (size_t i = 0; i < layout->n; i++)
            add_group(out, layout, layout->places[i], line);
        while (out->len > 0 && out->ptr[out->len - 1] == ' ')
            out->len--;
        buf_add_byte(out, '\n');
    }
}

static void write_names(struct buf *out, const struct layout *layout)
{
    const struct hunt_look *look = &layout->chart->look;
    style_spaces(out, layout->labels + 1);
    buf_printf(out, "%s%s", style_dim(look->colour), look->ascii ? "+" : "└");
    for (size_t i = 0; i < layout->n * layout->group; i++)
        buf_add_c(out, look->ascii ? "-" : "─");
    buf_printf(out, "%s\n", style_reset(look->colour));
    style_spaces(out, layout->labels + 3);
    for (size_t i = 0; i < layout->n; i++) {
        struct buf whole = {0};
        name_of(layout->chart, layout->places[i], &whole);
        size_t used = style_exact(out, buf_str(&whole), layout->group - 1, look->ascii ? "~" : "…");
        style_spaces(out, i + 1 < layout->n ? layout->group - used : 0);
        buf_free(&whole);
    }
    buf_add_byte(out, '\n');
}

void chart_draw_columns(struct buf *out, struct chart *chart)
{
    double places[PLACES_MAX];
    struct layout layout = {.chart = chart, .places = places, .n = find_places(chart, places)};
    if (layout.n > PLACES_MAX || has_negative(chart) || !lay_out(&layout)) {
        if (chart->axis == CHART_TIMES && !has_negative(chart))
            chart_draw_areas(out, chart);
        else
            chart_draw_bars(out, chart);
        return;
    }
    if (chart->wishes.stacked && !chart_stack(chart)) {
        out->failed = true;
        return;
    }
    measure_labels(&layout);
    write_lines(out, &layout);
    if (chart->axis == CHART_TIMES)
        chart_axis_x_write(out, chart, layout.labels + 2,
                           2 + (layout.n - 1) * layout.group + layout.bars, 1 + layout.bars / 2);
    else
        write_names(out, &layout);
}
