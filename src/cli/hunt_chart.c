/*
 * A result drawn in the terminal. The first column that is no number names the bars; where it is a datetime, the numbers
 * are lines over time:
 *
 *     whoami.exe  ████████████████████▌ 41          41 ┤⡠⠊⠢⡀    ⡔
 *     cmd.exe     ███▎ 6                             0 ┼⠁  ⠈⠒⠒⠊
 *                                                       08:00   09:00
 */
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "cli/hunt_out.h"
#include "cli/out_style.h"
#include "hunt/value.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 30
#define NAME_MAX_COLUMNS 32
#define VALUE_COLUMNS 12
#define BARS_MAX 60    /* rows drawn as bars */
#define LINE_HEIGHT 12 /* lines of text of a chart over time */
#define SERIES_MAX 6   /* lines of one chart */
#define DOTS_DOWN 4    /* of a braille character */
#define DOTS_ACROSS 2
#define BRAILLE 0x2800
#define EIGHTHS 8

static const char *const colours[SERIES_MAX] = {"\033[36m", "\033[33m", "\033[35m",
                                                "\033[32m", "\033[31m", "\033[34m"};

static const char *paint(size_t series, bool colour)
{
    return colour ? colours[series % SERIES_MAX] : "";
}

struct chart {
    const struct hunt_kept *result;
    uint32_t axis;               /* column of names or times; none: UINT32_MAX */
    uint32_t series[SERIES_MAX]; /* columns of numbers */
    uint32_t n_series;
    size_t width;
    bool colour;
};

/* The number in a cell; NAN: there is none. */
static double number_at(const struct chart *chart, size_t row, uint32_t column)
{
    const struct hunt_cell *cell = &chart->result->rows[row][column];
    double number;
    return !cell->null && str_to_double(cell->text, &number) == 0 ? number : (double)NAN;
}

static bool choose(struct chart *chart)
{
    const struct hunt_head *head = &chart->result->head;
    chart->axis = UINT32_MAX;
    for (uint32_t c = 0; c < head->n_columns; c++) {
        bool number = value_is_number(head->columns[c].type);
        bool time = head->columns[c].type == KQL_DATETIME;
        if (number && chart->n_series < SERIES_MAX)
            chart->series[chart->n_series++] = c;
        else if (!number && (chart->axis == UINT32_MAX ||
                             (time && head->columns[chart->axis].type != KQL_DATETIME)))
            chart->axis = c;
    }
    return chart->n_series > 0 && chart->result->n > 0;
}

static void add_title(struct buf *out, const struct chart *chart)
{
    const struct hunt_render *render = chart->result->head.render;
    for (uint32_t i = 0; render && i < render->n_properties; i++) {
        if (!str_eq(render->names[i], STR("title")))
            continue;
        buf_add_c(out, style_bold(chart->colour));
        style_printable(out, render->values[i], chart->width);
        buf_printf(out, "%s\n", style_reset(chart->colour));
    }
}

static void add_legend(struct buf *out, const struct chart *chart)
{
    for (uint32_t s = 0; s < chart->n_series; s++) {
        buf_printf(out, "%s%s■%s ", s ? "  " : "", paint(s, chart->colour),
                   style_reset(chart->colour));
        style_printable(out, chart->result->head.columns[chart->series[s]].name, NAME_MAX_COLUMNS);
    }
    buf_add_byte(out, '\n');
}

/* ---- bars ---- */

static void add_bar(struct buf *out, double part, size_t columns)
{
    static const char *const eighths[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t n = (size_t)(part * (double)(columns * EIGHTHS) + 0.5);
    for (size_t i = 0; i < n / EIGHTHS; i++)
        buf_add_c(out, "█");
    buf_add_c(out, eighths[n % EIGHTHS]);
}

static struct str name_at(const struct chart *chart, size_t row)
{
    return chart->axis == UINT32_MAX ? STR("") : chart->result->rows[row][chart->axis].text;
}

static size_t name_columns(const struct chart *chart, size_t n)
{
    size_t widest = 0;
    for (size_t r = 0; r < n; r++) {
        struct buf name = {0};
        size_t columns = style_printable(&name, name_at(chart, r), NAME_MAX_COLUMNS);
        widest = columns > widest ? columns : widest;
        buf_free(&name);
    }
    return widest;
}

static void add_bars(struct buf *out, const struct chart *chart)
{
    size_t n = chart->result->n < BARS_MAX ? chart->result->n : BARS_MAX;
    size_t names = name_columns(chart, n);
    size_t columns =
        chart->width > names + VALUE_COLUMNS + 4 ? chart->width - names - VALUE_COLUMNS - 4 : 8;
    double most = 0;
    for (size_t r = 0; r < n; r++)
        for (uint32_t s = 0; s < chart->n_series; s++)
            most = fmax(most, fabs(number_at(chart, r, chart->series[s]))); /* NAN is passed over */
    for (size_t r = 0; r < n; r++)
        for (uint32_t s = 0; s < chart->n_series; s++) {
            double number = number_at(chart, r, chart->series[s]);
            size_t used = s ? 0 : style_printable(out, name_at(chart, r), NAME_MAX_COLUMNS);
            for (; used < names + 2; used++)
                buf_add_byte(out, ' ');
            buf_add_c(out, paint(s, chart->colour));
            add_bar(out, most > 0 && !isnan(number) ? fabs(number) / most : 0, columns);
            buf_printf(out, "%s ", style_reset(chart->colour));
            buf_add_str(out, chart->result->rows[r][chart->series[s]].text);
            buf_add_byte(out, '\n');
        }
    if (n < chart->result->n)
        buf_printf(out, "%s… and %zu more%s\n", style_dim(chart->colour), chart->result->n - n,
                   style_reset(chart->colour));
}

/* ---- lines over time ---- */

struct canvas {
    size_t columns;        /* characters of a line */
    unsigned char *dots;   /* of each character: braille's bits */
    unsigned char *series; /* .. who drew there last */
};

static void set_dot(struct canvas *canvas, size_t x, size_t y, uint32_t series)
{
    /* Unicode 15, chapter 21.1: dots 1 2 3 7 are the left column, 4 5 6 8 the right one. */
    static const unsigned char bits[DOTS_ACROSS][DOTS_DOWN] = {{0x01, 0x02, 0x04, 0x40},
                                                               {0x08, 0x10, 0x20, 0x80}};
    size_t at = y / DOTS_DOWN * canvas->columns + x / DOTS_ACROSS;
    canvas->dots[at] |= bits[x % DOTS_ACROSS][y % DOTS_DOWN];
    canvas->series[at] = (unsigned char)series;
}

struct range {
    double least, most;  /* of numbers */
    int64_t first, last; /* of times */
};

static bool time_at(const struct chart *chart, size_t row, int64_t *ret_time)
{
    const struct hunt_cell *cell = &chart->result->rows[row][chart->axis];
    return !cell->null && time_parse(cell->text, ret_time) == 0;
}

static struct range range_of(const struct chart *chart)
{
    struct range range = {0, 0, TIME_UNSET, TIME_UNSET};
    for (size_t r = 0; r < chart->result->n; r++) {
        int64_t time;
        if (!time_at(chart, r, &time))
            continue;
        time_extend(&range.first, &range.last, time);
        for (uint32_t s = 0; s < chart->n_series; s++) {
            range.most = fmax(range.most, number_at(chart, r, chart->series[s]));
            range.least = fmin(range.least, number_at(chart, r, chart->series[s]));
        }
    }
    return range;
}

/* The points of one column of numbers, as they come, joined by straight lines. */
static void draw_series(const struct chart *chart, const struct range *range, uint32_t series,
                        struct canvas *canvas)
{
    double across = (double)(canvas->columns * DOTS_ACROSS - 1), down = LINE_HEIGHT * DOTS_DOWN - 1;
    double span = (double)(range->last - range->first), height = range->most - range->least;
    double before_x = -1, before_y = 0;
    for (size_t r = 0; r < chart->result->n; r++) {
        int64_t time;
        double number = number_at(chart, r, chart->series[series]);
        if (!time_at(chart, r, &time) || isnan(number) || isinf(number))
            continue;
        double x = span > 0 ? (double)(time - range->first) / span * across : 0;
        double y = height > 0 ? down - (number - range->least) / height * down : down;
        double steps = before_x < 0 ? 0 : fmax(fabs(x - before_x), fabs(y - before_y));
        for (double i = 0; i <= steps; i++) {
            double part = steps > 0 ? i / steps : 1;
            double from_x = before_x < 0 ? x : before_x, from_y = before_x < 0 ? y : before_y;
            set_dot(canvas, (size_t)(from_x + (x - from_x) * part + 0.5),
                    (size_t)(from_y + (y - from_y) * part + 0.5), series);
        }
        before_x = x;
        before_y = y;
    }
}

static void add_canvas_line(struct buf *out, const struct chart *chart, const struct canvas *canvas,
                            size_t line)
{
    for (size_t c = 0; c < canvas->columns; c++) {
        size_t at = line * canvas->columns + c;
        char bytes[4];
        if (canvas->dots[at] == 0) {
            buf_add_byte(out, ' ');
            continue;
        }
        buf_add_c(out, paint(canvas->series[at], chart->colour));
        buf_add(out, bytes, utf8_encode(BRAILLE + canvas->dots[at], bytes));
        buf_add_c(out, style_reset(chart->colour));
    }
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        out->len--;
    buf_add_byte(out, '\n');
}

static void add_label(struct buf *out, double number)
{
    struct buf text = {0};
    value_write_real(&text, number);
    for (size_t i = text.len; i < VALUE_COLUMNS; i++)
        buf_add_byte(out, ' ');
    buf_add_str(out, str_first(buf_str(&text), VALUE_COLUMNS));
    buf_free(&text);
}

static void add_times(struct buf *out, const struct range *range, size_t columns)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    size_t before = style_time(range->first, first), behind = style_time(range->last, last);
    for (size_t i = 0; i < VALUE_COLUMNS + 2; i++)
        buf_add_byte(out, ' ');
    buf_add(out, first, before);
    for (size_t i = before + behind; i < columns; i++)
        buf_add_byte(out, ' ');
    buf_add_c(out, columns < before + behind + 1 ? " " : "");
    buf_add(out, last, behind);
    buf_add_byte(out, '\n');
}

static void add_lines(struct buf *out, const struct chart *chart)
{
    struct range range = range_of(chart);
    struct canvas canvas = {.columns = chart->width - VALUE_COLUMNS - 2};
    canvas.dots = calloc(canvas.columns * LINE_HEIGHT, 1);
    canvas.series = calloc(canvas.columns * LINE_HEIGHT, 1);
    if (!canvas.dots || !canvas.series) {
        out->failed = true;
    } else {
        for (uint32_t s = 0; s < chart->n_series; s++)
            draw_series(chart, &range, s, &canvas);
        for (size_t line = 0; line < LINE_HEIGHT; line++) {
            bool edge = line == 0 || line + 1 == LINE_HEIGHT;
            if (edge)
                add_label(out, line == 0 ? range.most : range.least);
            else
                buf_printf(out, "%*s", VALUE_COLUMNS, "");
            buf_add_c(out, edge ? " ┤" : " │");
            add_canvas_line(out, chart, &canvas, line);
        }
        add_times(out, &range, canvas.columns);
    }
    free(canvas.dots);
    free(canvas.series);
}

bool hunt_chart_write(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look)
{
    size_t width = look->width;
    bool colour = look->colour;
    struct chart chart = {
        .result = result, .width = width ? width : WIDTH_DEFAULT, .colour = colour};
    if (chart.width < WIDTH_MIN)
        chart.width = WIDTH_MIN;
    if (!choose(&chart))
        return false;
    bool times = chart.axis != UINT32_MAX && result->head.columns[chart.axis].type == KQL_DATETIME;
    add_title(out, &chart);
    if (times)
        add_lines(out, &chart);
    else
        add_bars(out, &chart);
    if (chart.n_series > 1 || times)
        add_legend(out, &chart);
    return true;
}
