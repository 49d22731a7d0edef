/*
 * hunt_chart: what the drawings of results share. A result becomes series of points (chart_data.c), which a kind of chart
 * draws between axes (chart_axis.c):
 *
 *     columns of a result ─▶ x, y ..., series ─▶ struct chart ─▶ chart_plot.c   lines, areas, points, in braille
 *                                                              chart_columns.c  upright bars
 *                                                              chart_bars.c     lying bars, and shares
 *                                                              chart_card.c     single numbers
 *
 * Which column is what follows Kusto's rules for render (xcolumn, ycolumns, series ...).
 */
#ifndef JAGA_CLI_HUNT_CHART_H
#define JAGA_CLI_HUNT_CHART_H

#include "base/arena.h"
#include "base/vec.h"
#include "cli/hunt_out.h"

#define CHART_SERIES_MAX 12 /* drawn: those with the largest sums; others are counted */
#define CHART_WIDTH_DEFAULT 80
#define CHART_WIDTH_MIN 30
#define CHART_LABEL_MAX 24 /* bytes of a label of an axis */

enum chart_x { CHART_NAMES, CHART_NUMBERS, CHART_TIMES };

struct chart_point {
    double x; /* a number, µs, or the index of a name */
    double y;
    bool marked; /* an anomaly */
};

struct chart_series {
    struct str name;
    VEC(struct chart_point) points; /* by x, each once */
    double sum;
};

/* What render says, beside the kind. */
struct chart_wishes {
    struct str title, xtitle, ytitle;
    struct str xcolumn, ycolumns, series, anomalies; /* names, lists with commas; empty: not said */
    bool legend;
    bool stacked, percent; /* percent: of the whole at each x */
    bool accumulate;       /* each point has the sum up to it */
    double ymin, ymax;     /* NAN: not said */
};

struct chart {
    struct chart_wishes wishes;
    struct hunt_look look; /* with a width */
    enum chart_x axis;
    VEC(struct str) names; /* of CHART_NAMES */
    VEC(struct chart_series) series;
    size_t series_left_out;
    bool has_marks;
    struct arena arena; /* names, of series too */
};

/* A kind of chart by the word of render. */
struct chart_kind {
    const char *word;
    bool over_time; /* x is a datetime, wherever it stands */
    bool ordered;   /* x is a number or a time, so that points have a place on a line */
    bool stacked;
    void (*draw)(struct buf *out, struct chart *chart); /* may change the points */
};

/* ---- chart_data.c ---- */

/* False: no column can be drawn, or memory is spent. chart_free() is due in any case. */
bool chart_read(struct chart *chart, const struct hunt_kept *result, const struct chart_kind *kind);
void chart_free(struct chart *chart);

/* Makes values sums: point i of series s stands on that of s - 1. All have the same xs then. False: no memory. */
bool chart_stack(struct chart *chart);

/* ---- chart_axis.c ---- */

/* Where marks of an axis stand: least, least + step ... up to most, all of them round numbers. */
struct chart_axis {
    double least, most, step;
};

/* An axis over [least, most] with about `n` marks. */
struct chart_axis chart_axis_of(double least, double most, unsigned n);

/* The range of all ys, with 0 in it where `zero`, and the wishes. */
struct chart_axis chart_axis_y(const struct chart *chart, bool zero, unsigned n);

/* A number as the axis labels it: 1,500, 2.5M. Returns its length. */
size_t chart_label(const struct chart_axis *axis, double number,
                   char ret_text[static CHART_LABEL_MAX]);

/* The range of xs. */
void chart_range_x(const struct chart *chart, double *ret_least, double *ret_most);

/*
 * Adds what stands under a plot of `columns` whose left edge is at `before`: marks, labels (UTC), xtitle. The least x is at
 * column `lead` of the plot, the most as far from its end.
 */
void chart_axis_x_write(struct buf *out, const struct chart *chart, size_t before, size_t columns,
                        size_t lead);

/* ---- hunt_chart.c: colours and characters ---- */

const char *chart_paint(const struct chart *chart, size_t series);
const char *chart_alarm(const struct chart *chart); /* of an anomaly */

/* How a series is told from others: a coloured square, or a mark, or how its area is filled, where there are no colours. */
const char *chart_mark(const struct chart *chart, size_t series);
const char *chart_fill(const struct chart *chart, size_t series);
bool chart_is_marked(const struct chart *chart); /* marks and fills are needed */

/* ---- kinds ---- */

void chart_draw_lines(struct buf *out, struct chart *chart);
void chart_draw_areas(struct buf *out, struct chart *chart);
void chart_draw_points(struct buf *out, struct chart *chart);
void chart_draw_columns(struct buf *out, struct chart *chart);
void chart_draw_bars(struct buf *out, struct chart *chart);
void chart_draw_shares(struct buf *out, struct chart *chart);

/* The columns of the first row, each as a card. */
void chart_draw_cards(struct buf *out, const struct hunt_kept *result,
                      const struct hunt_look *look);

#endif
