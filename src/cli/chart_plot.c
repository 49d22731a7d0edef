/*
 * Lines, areas and points between axes. A character holds 2 × 4 dots of braille; where nothing but marks tells series apart,
 * or the locale has no braille, it holds one mark.
 *
 *       40 ┤      ⢀⡠⠒⠉⠒⠤⡀
 *       20 ┤⣀⡠⠔⠊⠉         ⠉⠒⠤⣀
 *        0 ┤
 *          └────────┴─────────┴─
 *                 08:00     12:00
 *                 2026-11-22
 */
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "cli/hunt_chart.h"
#include "cli/out_style.h"

#define DOTS_DOWN 4 /* of a braille character */
#define DOTS_ACROSS 2
#define BRAILLE 0x2800
#define LABEL_COLUMNS_MAX 12
#define NO_SERIES UINT8_MAX
#define LINES_SMALL 12 /* of a plot */
#define LINES_LARGE 16 /* .. on a terminal of more than 120 columns */
#define WIDTH_LARGE 120
#define MARKS_Y 4

struct cell {
    uint8_t dots;   /* braille's bits */
    uint8_t series; /* who drew there last */
    bool filled;    /* part of an area that is told by its fill */
    bool marked;
};

struct canvas {
    const struct chart *chart;
    struct chart_axis y;
    double x_least, x_most;
    size_t columns, lines; /* characters */
    size_t across, down;   /* dots, or characters */
    bool braille;
    struct cell *cells;
};

static struct cell *cell_at(const struct canvas *canvas, size_t x, size_t y)
{
    return canvas->braille ? &canvas->cells[y / DOTS_DOWN * canvas->columns + x / DOTS_ACROSS]
                           : &canvas->cells[y * canvas->columns + x];
}

static void set_dot(const struct canvas *canvas, double x, double y, size_t series)
{
    /* Unicode 15, chapter 21.1: dots 1 2 3 7 are the left column, 4 5 6 8 the right one. */
    static const uint8_t bits[DOTS_ACROSS][DOTS_DOWN] = {{0x01, 0x02, 0x04, 0x40},
                                                         {0x08, 0x10, 0x20, 0x80}};
    if (!(x >= 0 && y >= 0 && x < (double)canvas->across && y < (double)canvas->down))
        return; /* outside of ymin and ymax */
    struct cell *cell = cell_at(canvas, (size_t)x, (size_t)y);
    cell->dots |= bits[(size_t)x % DOTS_ACROSS][(size_t)y % DOTS_DOWN];
    cell->series = (uint8_t)series;
    cell->filled = false;
}

static double dot_x(const struct canvas *canvas, double x)
{
    double span = canvas->x_most - canvas->x_least;
    return span > 0 ? floor((x - canvas->x_least) / span * (double)(canvas->across - 1) + 0.5) : 0;
}

static double dot_y(const struct canvas *canvas, double y)
{
    double span = canvas->y.most - canvas->y.least;
    return floor((canvas->y.most - y) / span * (double)(canvas->down - 1) + 0.5);
}

/* ---- what is drawn ---- */

static void draw_line(const struct canvas *canvas, size_t s)
{
    const struct chart_series *series = &canvas->chart->series.items[s];
    double before_x = -1, before_y = 0;
    for (size_t i = 0; i < series->points.len; i++) {
        double x = dot_x(canvas, series->points.items[i].x);
        double y = dot_y(canvas, series->points.items[i].y);
        double steps = before_x < 0 ? 0 : fmax(fabs(x - before_x), fabs(y - before_y));
        for (double step = steps > 0 ? 1 : 0; step <= steps; step++) {
            double part = steps > 0 ? step / steps : 1;
            double from_x = before_x < 0 ? x : before_x, from_y = before_x < 0 ? y : before_y;
            set_dot(canvas, floor(from_x + (x - from_x) * part + 0.5),
                    floor(from_y + (y - from_y) * part + 0.5), s);
        }
        before_x = x;
        before_y = y;
    }
}

static void fill_column(const struct canvas *canvas, double x, double y, double ground, size_t s)
{
    bool marked = chart_is_marked(canvas->chart);
    for (double at = fmin(y, ground); at <= fmax(y, ground); at++) {
        set_dot(canvas, x, at, s);
        if (marked && at >= 0 && at < (double)canvas->down)
            cell_at(canvas, (size_t)x, (size_t)at)->filled = true;
    }
}

static void draw_area(const struct canvas *canvas, size_t s)
{
    const struct chart_series *series = &canvas->chart->series.items[s];
    double ground = dot_y(canvas, fmax(canvas->y.least, 0));
    for (size_t i = 0; i < series->points.len; i++) {
        struct chart_point to = series->points.items[i],
                           from = i ? series->points.items[i - 1] : to;
        double from_x = dot_x(canvas, from.x), to_x = dot_x(canvas, to.x);
        for (double x = from_x + (i && to_x > from_x); x <= to_x; x++) {
            double part = to_x > from_x ? (x - from_x) / (to_x - from_x) : 1;
            fill_column(canvas, x, dot_y(canvas, from.y + (to.y - from.y) * part), ground, s);
        }
    }
}

static void draw_points(const struct canvas *canvas, size_t s)
{
    const struct chart_series *series = &canvas->chart->series.items[s];
    for (size_t i = 0; i < series->points.len; i++)
        set_dot(canvas, dot_x(canvas, series->points.items[i].x),
                dot_y(canvas, series->points.items[i].y), s);
}

static void draw_marks(const struct canvas *canvas)
{
    for (size_t s = 0; s < canvas->chart->series.len; s++) {
        const struct chart_series *series = &canvas->chart->series.items[s];
        for (size_t i = 0; i < series->points.len; i++) {
            double x = dot_x(canvas, series->points.items[i].x);
            double y = dot_y(canvas, series->points.items[i].y);
            if (series->points.items[i].marked && y >= 0 && y < (double)canvas->down)
                cell_at(canvas, (size_t)x, (size_t)y)->marked = true;
        }
    }
}

/* ---- the picture ---- */

/* The character of a cell that is not empty. */
static void write_cell(struct buf *out, const struct canvas *canvas, const struct cell *cell)
{
    const struct chart *chart = canvas->chart;
    char bytes[4];
    if (cell->marked)
        buf_add_c(out, chart->look.ascii ? "!" : "◆");
    else if (cell->filled)
        buf_add_c(out, chart_fill(chart, cell->series));
    else if (canvas->braille)
        buf_add(out, bytes, utf8_encode(BRAILLE + cell->dots, bytes));
    else
        buf_add_c(out, chart_mark(chart, cell->series));
}

/* A line of the picture; the colour is said where it changes. */
static void write_cells(struct buf *out, const struct canvas *canvas, size_t line)
{
    const struct cell *cells = &canvas->cells[line * canvas->columns];
    const struct chart *chart = canvas->chart;
    const char *paint = "";
    size_t end = canvas->columns;
    while (end > 0 && cells[end - 1].dots == 0 && !cells[end - 1].marked)
        end--;
    for (size_t c = 0; c < end; c++) {
        if (cells[c].dots == 0 && !cells[c].marked) {
            buf_add_byte(out, ' ');
            continue;
        }
        const char *own =
            cells[c].marked ? chart_alarm(chart) : chart_paint(chart, cells[c].series);
        if (own != paint) {
            buf_add_c(out, paint[0] ? style_reset(chart->look.colour) : "");
            buf_add_c(out, own);
        }
        paint = own;
        write_cell(out, canvas, &cells[c]);
    }
    buf_add_c(out, paint[0] ? style_reset(chart->look.colour) : "");
    buf_add_byte(out, '\n');
}

/* The labels' column: as wide as the widest of them. */
static size_t label_columns(const struct chart_axis *axis)
{
    size_t widest = 0;
    char text[CHART_LABEL_MAX];
    for (double at = axis->least; at <= axis->most + axis->step / 2; at += axis->step) {
        size_t len = chart_label(axis, at, text);
        widest = len > widest ? len : widest;
    }
    return widest;
}

/* The mark that belongs on a line of the picture; NAN: none. */
static double mark_at(const struct canvas *canvas, size_t line)
{
    const struct chart_axis *axis = &canvas->y;
    for (double at = axis->least; at <= axis->most + axis->step / 2; at += axis->step) {
        double y = (axis->most - at) / (axis->most - axis->least) * (double)(canvas->lines - 1);
        if ((size_t)(y + 0.5) == line)
            return fabs(at) < axis->step / 2 ? 0 : at;
    }
    return (double)NAN;
}

static void write_lines(struct buf *out, const struct canvas *canvas, size_t labels)
{
    const struct hunt_look *look = &canvas->chart->look;
    for (size_t line = 0; line < canvas->lines; line++) {
        char text[CHART_LABEL_MAX];
        double mark = mark_at(canvas, line);
        size_t len = isnan(mark) ? 0 : chart_label(&canvas->y, mark, text);
        style_spaces(out, labels - len);
        buf_add_c(out, style_dim(look->colour));
        buf_add(out, text, len);
        buf_add_c(out, len ? (look->ascii ? " +" : " ┤") : (look->ascii ? " |" : " │"));
        buf_add_c(out, style_reset(look->colour));
        write_cells(out, canvas, line);
    }
}

static void draw(struct buf *out, const struct chart *chart, bool zero,
                 void (*draw_series)(const struct canvas *canvas, size_t series))
{
    struct canvas canvas = {.chart = chart};
    canvas.lines = chart->look.width > WIDTH_LARGE ? LINES_LARGE : LINES_SMALL;
    canvas.y = chart_axis_y(chart, zero, MARKS_Y);
    size_t labels = label_columns(&canvas.y);
    labels = labels < LABEL_COLUMNS_MAX ? labels : LABEL_COLUMNS_MAX;
    canvas.columns = chart->look.width - labels - 3;
    canvas.braille = !chart->look.ascii && !chart_is_marked(chart);
    canvas.across = canvas.columns * (canvas.braille ? DOTS_ACROSS : 1);
    canvas.down = canvas.lines * (canvas.braille ? DOTS_DOWN : 1);
    chart_range_x(chart, &canvas.x_least, &canvas.x_most);
    canvas.cells = calloc(canvas.columns * canvas.lines, sizeof(*canvas.cells));
    if (!canvas.cells) {
        out->failed = true;
        return;
    }
    for (size_t s = chart->series.len; s-- > 0;) /* the first is on top */
        draw_series(&canvas, s);
    draw_marks(&canvas);
    write_lines(out, &canvas, labels);
    chart_axis_x_write(out, chart, labels + 2, canvas.columns, 0);
    free(canvas.cells);
}

void chart_draw_lines(struct buf *out, struct chart *chart)
{
    draw(out, chart, true, draw_line);
}

void chart_draw_areas(struct buf *out, struct chart *chart)
{
    if (chart->wishes.stacked && !chart_stack(chart)) {
        out->failed = true;
        return;
    }
    draw(out, chart, true, draw_area);
}

void chart_draw_points(struct buf *out, struct chart *chart)
{
    draw(out, chart, false, draw_points);
}
