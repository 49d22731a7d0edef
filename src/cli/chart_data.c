/* A result as series of points. */
#include <math.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/time.h"
#include "cli/hunt_chart.h"
#include "hunt/dynamic.h"
#include "hunt/value.h"

#define MEMORY_MAX ((size_t)64 << 20)
#define SERIES_READ_MAX 1024
#define COLUMNS_MAX 64 /* of each kind that are looked at */

/* What the columns of a result are for. */
struct roles {
    uint32_t x; /* UINT32_MAX: none, rows are counted */
    uint32_t ys[COLUMNS_MAX], series[COLUMNS_MAX], anomalies[COLUMNS_MAX];
    uint32_t n_ys, n_series, n_anomalies;
};

struct reading {
    struct chart *chart;
    const struct hunt_kept *result;
    struct roles roles;
    struct map names;  /* x of CHART_NAMES */
    struct map series; /* by name */
    bool failed;
};

/* ---- which column is what ---- */

static enum kql_type type_of(const struct hunt_kept *result, uint32_t column)
{
    return result->head.columns[column].type;
}

/* The first element of a column of arrays, which make-series makes; empty: it has none. */
static struct str first_element(const struct hunt_kept *result, uint32_t column, struct buf *room)
{
    struct str key, value = STR("");
    if (type_of(result, column) != KQL_DYNAMIC || result->n == 0)
        return value;
    struct json_cursor walk = json_cursor_of(result->rows[0][column].text);
    return !walk.object && json_cursor_next(&walk, &key, &value) ? dynamic_text(value, room)
                                                                 : STR("");
}

static bool is_time(const struct hunt_kept *result, uint32_t column)
{
    struct buf room = {0};
    int64_t time;
    double number;
    struct str text = first_element(result, column, &room);
    bool times = text.len > 0 && str_to_double(text, &number) < 0 && time_parse(text, &time) == 0;
    buf_free(&room);
    return times || type_of(result, column) == KQL_DATETIME;
}

static bool is_number(const struct hunt_kept *result, uint32_t column)
{
    struct buf room = {0};
    double number;
    struct str text = first_element(result, column, &room);
    bool numbers = text.len > 0 && str_to_double(text, &number) == 0;
    buf_free(&room);
    return numbers || value_is_number(type_of(result, column));
}

static bool is_listed(struct str list, struct str name)
{
    struct str part;
    while (str_cut(&list, ',', &part))
        if (str_eq(str_trim(part), name))
            return true;
    return false;
}

static uint32_t find_first(const struct hunt_kept *result,
                           bool (*test)(const struct hunt_kept *, uint32_t))
{
    for (uint32_t c = 0; c < result->head.n_columns; c++)
        if (test(result, c))
            return c;
    return UINT32_MAX;
}

static bool is_no_number(const struct hunt_kept *result, uint32_t column)
{
    return !is_number(result, column);
}

static uint32_t count_numbers(const struct hunt_kept *result)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < result->head.n_columns; c++)
        n += is_number(result, c);
    return n;
}

static uint32_t choose_x(const struct hunt_kept *result, const struct chart_wishes *wishes,
                         const struct chart_kind *kind)
{
    for (uint32_t c = 0; c < result->head.n_columns; c++)
        if (str_eq(result->head.columns[c].name, wishes->xcolumn))
            return c;
    uint32_t time = find_first(result, is_time);
    if (kind->over_time || (kind->ordered && time != UINT32_MAX))
        return time;
    if (result->head.n_columns > 0 && (!is_number(result, 0) || count_numbers(result) > 1) &&
        (!kind->ordered || is_number(result, 0)))
        return 0;
    return kind->ordered && count_numbers(result) > 1 ? find_first(result, is_number)
                                                      : find_first(result, is_no_number);
}

static void take(uint32_t *list, uint32_t *n, uint32_t column)
{
    if (*n < COLUMNS_MAX)
        list[(*n)++] = column;
}

static void choose(struct roles *roles, const struct hunt_kept *result,
                   const struct chart_wishes *wishes, const struct chart_kind *kind)
{
    roles->x = choose_x(result, wishes, kind);
    for (uint32_t c = 0; c < result->head.n_columns; c++) {
        struct str name = result->head.columns[c].name;
        if (c == roles->x)
            continue;
        if (is_listed(wishes->anomalies, name))
            take(roles->anomalies, &roles->n_anomalies, c);
        else if (wishes->series.len > 0 && is_listed(wishes->series, name))
            take(roles->series, &roles->n_series, c);
        else if (is_number(result, c) &&
                 (!wishes->ycolumns.len || is_listed(wishes->ycolumns, name)))
            take(roles->ys, &roles->n_ys, c);
        else if (wishes->series.len == 0 && type_of(result, c) == KQL_STRING)
            take(roles->series, &roles->n_series, c);
    }
}

/* ---- points ---- */

static struct chart_series *series_of(struct reading *reading, struct str name)
{
    struct chart *chart = reading->chart;
    uint32_t at = map_get(&reading->series, name);
    if (at == MAP_NONE) {
        if (chart->series.len >= SERIES_READ_MAX) {
            chart->series_left_out++;
            return NULL;
        }
        struct chart_series series = {.name = arena_copy(&chart->arena, name)};
        at = (uint32_t)chart->series.len;
        if (!series.name.ptr || vec_push(&chart->series, series) < 0 ||
            map_put(&reading->series, series.name, at) < 0) {
            reading->failed = true;
            return NULL;
        }
    }
    return &chart->series.items[at];
}

/* What a row belongs to: its texts, with the column's name where there are several columns of numbers. */
static struct chart_series *find_series(struct reading *reading, size_t row, uint32_t y)
{
    const struct roles *roles = &reading->roles;
    struct buf name = {0};
    for (uint32_t i = 0; i < roles->n_series; i++) {
        buf_add_c(&name, i ? ", " : "");
        buf_add_str(&name, reading->result->rows[row][roles->series[i]].text);
    }
    if (roles->n_series == 0 || roles->n_ys > 1) {
        buf_add_c(&name, roles->n_series ? ": " : "");
        buf_add_str(&name, reading->result->head.columns[y].name);
    }
    struct chart_series *series = series_of(reading, buf_str(&name));
    buf_free(&name);
    return series;
}

/* The place of a text on the axis; NAN: none. */
static double place_of(struct reading *reading, struct str text)
{
    struct chart *chart = reading->chart;
    int64_t time;
    double number;
    if (chart->axis == CHART_TIMES)
        return time_parse(text, &time) == 0 ? (double)time : (double)NAN;
    if (chart->axis == CHART_NUMBERS)
        return str_to_double(text, &number) == 0 ? number : (double)NAN;
    uint32_t at = map_get(&reading->names, text);
    if (at == MAP_NONE) {
        struct str name = arena_copy(&chart->arena, text);
        at = (uint32_t)chart->names.len;
        reading->failed |= !name.ptr || vec_push(&chart->names, name) < 0 ||
                           map_put(&reading->names, name, at) < 0;
    }
    return at;
}

static void add_point(struct reading *reading, struct chart_series *series, double x, struct str y,
                      bool marked)
{
    double number;
    if (isnan(x) || str_to_double(y, &number) < 0 || !isfinite(number))
        return;
    reading->chart->has_marks |= marked;
    reading->failed |= vec_push(&series->points, (struct chart_point){x, number, marked}) < 0;
}

static bool is_marked(struct str text)
{
    double number;
    return str_to_double(text, &number) == 0 && number != 0;
}

/* The next element of an array; of what is none, the same text always. */
static struct str next_element(struct json_cursor *walk, struct str text, struct buf *room)
{
    struct str key, value;
    if (!walk->at)
        return text;
    return json_cursor_next(walk, &key, &value) ? dynamic_text(value, room) : STR("");
}

static struct json_cursor walk_of(struct str text)
{
    return dynamic_kind(text) == DYNAMIC_ARRAY ? json_cursor_of(text) : (struct json_cursor){0};
}

/* A row of arrays is as many points as they have elements. */
static void read_cells(struct reading *reading, size_t row, uint32_t y)
{
    const struct roles *roles = &reading->roles;
    const struct hunt_cell *cells = reading->result->rows[row];
    char count[24];
    int len = snprintf(count, sizeof(count), "%zu", row + 1);
    struct str x = roles->x == UINT32_MAX ? str_of(count, (size_t)len) : cells[roles->x].text;
    struct str mark = roles->n_anomalies ? cells[roles->anomalies[0]].text : STR("");
    struct chart_series *series = find_series(reading, row, y);
    bool arrays = type_of(reading->result, y) == KQL_DYNAMIC;
    struct json_cursor xs = arrays ? walk_of(x) : (struct json_cursor){0},
                       ys = walk_of(cells[y].text), marks = walk_of(mark);
    struct buf rooms[3] = {{0}};
    if (!series)
        return;
    if (!arrays) {
        add_point(reading, series, place_of(reading, x), cells[y].text, is_marked(mark));
        return;
    }
    for (;;) {
        struct str place = next_element(&xs, x, &rooms[0]);
        struct str number = next_element(&ys, STR(""), &rooms[1]);
        bool marked = is_marked(next_element(&marks, mark, &rooms[2]));
        if (place.len == 0 || (number.len == 0 && ys.at >= ys.end))
            break;
        add_point(reading, series, place_of(reading, place), number, marked);
        if (!xs.at)
            break;
    }
    for (size_t i = 0; i < 3; i++)
        buf_free(&rooms[i]);
}

/* ---- what is drawn ---- */

static int by_x(const void *a, const void *b)
{
    const struct chart_point *left = a, *right = b;
    return left->x < right->x ? -1 : left->x > right->x;
}

/* Orders the points; those of the same place are one. */
static void settle(struct chart_series *series, const struct chart_wishes *wishes)
{
    size_t n = 0;
    if (series->points.len > 1)
        qsort(series->points.items, series->points.len, sizeof(struct chart_point), by_x);
    for (size_t i = 0; i < series->points.len; i++) {
        struct chart_point point = series->points.items[i];
        series->sum += fabs(point.y);
        if (n > 0 && series->points.items[n - 1].x == point.x) {
            series->points.items[n - 1].y += point.y;
            series->points.items[n - 1].marked |= point.marked;
        } else {
            series->points.items[n++] = point;
        }
    }
    series->points.len = n;
    for (size_t i = 1; wishes->accumulate && i < n; i++)
        series->points.items[i].y += series->points.items[i - 1].y;
}

static int by_sum(const void *a, const void *b)
{
    const struct chart_series *left = a, *right = b;
    if (left->sum != right->sum)
        return left->sum > right->sum ? -1 : 1;
    return str_compare(left->name, right->name);
}

/*
 * Series that texts have made come in the order of their sums, so that a chart looks alike whatever the order of the rows;
 * columns stay as they were asked for.
 */
static void keep_largest(struct chart *chart, bool from_texts)
{
    if ((from_texts || chart->series.len > CHART_SERIES_MAX) && chart->series.len > 1)
        qsort(chart->series.items, chart->series.len, sizeof(struct chart_series), by_sum);
    while (chart->series.len > CHART_SERIES_MAX) {
        chart->series.len--;
        chart->series_left_out++;
        vec_free(&chart->series.items[chart->series.len].points);
    }
}

bool chart_read(struct chart *chart, const struct hunt_kept *result, const struct chart_kind *kind)
{
    struct reading reading = {.chart = chart, .result = result};
    struct roles *roles = &reading.roles;
    size_t points = 0;
    arena_init(&chart->arena, MEMORY_MAX);
    choose(roles, result, &chart->wishes, kind);
    if (roles->n_ys == 0 || (kind->over_time && roles->x == UINT32_MAX))
        return false;
    chart->axis = roles->x == UINT32_MAX        ? CHART_NUMBERS
                  : is_time(result, roles->x)   ? CHART_TIMES
                  : is_number(result, roles->x) ? CHART_NUMBERS
                                                : CHART_NAMES;
    for (size_t r = 0; r < result->n; r++)
        for (uint32_t i = 0; i < roles->n_ys && !reading.failed; i++)
            read_cells(&reading, r, roles->ys[i]);
    for (size_t s = 0; s < chart->series.len; s++) {
        settle(&chart->series.items[s], &chart->wishes);
        points += chart->series.items[s].points.len;
    }
    keep_largest(chart, roles->n_series > 0);
    map_free(&reading.names);
    map_free(&reading.series);
    return !reading.failed && points > 0;
}

void chart_free(struct chart *chart)
{
    for (size_t s = 0; s < chart->series.len; s++)
        vec_free(&chart->series.items[s].points);
    vec_free(&chart->series);
    vec_free(&chart->names);
    arena_free(&chart->arena);
}

/* ---- stacked series ---- */

static double y_at(const struct chart_series *series, double x, size_t *at)
{
    while (*at < series->points.len && series->points.items[*at].x < x)
        (*at)++;
    return *at < series->points.len && series->points.items[*at].x == x
               ? series->points.items[*at].y
               : 0;
}

/* All places of all series, once each, in order. */
static bool gather_places(const struct chart *chart, struct chart_series *ret_places)
{
    for (size_t s = 0; s < chart->series.len; s++)
        for (size_t i = 0; i < chart->series.items[s].points.len; i++)
            if (vec_push(&ret_places->points, chart->series.items[s].points.items[i]) < 0)
                return false;
    struct chart_wishes plain = {0};
    settle(ret_places, &plain);
    return true;
}

bool chart_stack(struct chart *chart)
{
    struct chart_series places = {0};
    bool ok = gather_places(chart, &places);
    size_t n = places.points.len;
    for (size_t s = 0; ok && s < chart->series.len; s++) {
        struct chart_series *series = &chart->series.items[s], whole = {0};
        size_t at = 0;
        ok = vec_reserve(&whole.points, n) == 0;
        for (size_t i = 0; ok && i < n; i++) {
            double x = places.points.items[i].x, sum = places.points.items[i].y;
            double y = fmax(y_at(series, x, &at), 0);
            y = !chart->wishes.percent ? y : sum > 0 ? y / sum * 100 : 0;
            y += s > 0 ? chart->series.items[s - 1].points.items[i].y : 0;
            whole.points.items[whole.points.len++] = (struct chart_point){x, y, false};
        }
        free(series->points.items);
        series->points.items = whole.points.items;
        series->points.len = whole.points.len;
        series->points.cap = whole.points.cap;
    }
    vec_free(&places.points);
    return ok;
}
