/*
 * Functions of KQL on series: arrays of numbers at equal steps. What is no number is missing (NaN here, null outside).
 *
 * Seasons are found by autocorrelation. The score of an outlier is its distance beyond the quantiles, in units
 * of the range between them.
 */
#include <math.h>

#include "base/vec.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"
#include "hunt/series.h"

#define PERIOD_MIN 4     /* shorter seasons are not looked for, as documented */
#define SCORE_MAX 1000.0 /* of an outlier where all else is equal */

bool series_read(struct str array, struct series *series)
{
    struct json_cursor walk = json_cursor_of(array);
    struct str key, value;
    while (!walk.object && json_cursor_next(&walk, &key, &value)) {
        double number;
        if (str_to_double(value, &number) < 0)
            number = NAN;
        if (vec_push(series, number) < 0)
            return false;
    }
    return true;
}

void series_put_number(struct buf *buf, double number)
{
    if (!isfinite(number))
        buf_add_c(buf, "null");
    else if (number == floor(number) && fabs(number) < 1e15)
        buf_printf(buf, "%.1f", number);
    else
        buf_printf(buf, "%.17g", number);
}

void series_put(struct buf *buf, const double *items, size_t n)
{
    buf_add_byte(buf, '[');
    for (size_t i = 0; i < n; i++) {
        buf_add_c(buf, i ? "," : "");
        series_put_number(buf, items[i]);
    }
    buf_add_byte(buf, ']');
}

/* ---- lines ---- */

struct line {
    double slope, start; /* y = start + slope * x */
    double variance, residual, rsquare;
};

static double variance_of(const double *y, size_t n)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        mean += y[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (y[i] - mean) * (y[i] - mean);
    return n > 1 ? sum / (double)(n - 1) : 0;
}

/* Least squares through y[0..n) at x = from, from + 1 ... */
static struct line fit(const double *y, size_t n, size_t from)
{
    double mx = (double)from + ((double)n - 1) / 2, my = 0, sxy = 0, sxx = 0;
    for (size_t i = 0; i < n; i++)
        my += y[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double dx = (double)(from + i) - mx;
        sxy += dx * (y[i] - my);
        sxx += dx * dx;
    }
    struct line line = {.slope = sxx > 0 ? sxy / sxx : 0};
    line.start = my - line.slope * mx;
    double residual = 0;
    for (size_t i = 0; i < n; i++) {
        double off = y[i] - line.start - line.slope * (double)(from + i);
        residual += off * off;
    }
    line.variance = variance_of(y, n);
    line.residual = n > 1 ? residual / (double)(n - 1) : 0;
    line.rsquare = line.variance > 0 ? 1 - line.residual / line.variance : 0;
    return line;
}

static void put_fit(struct buf *buf, const struct line *line, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_add_c(buf, i ? "," : "");
        series_put_number(buf, line->start + line->slope * (double)(from + i));
    }
}

static void put_numbers(struct buf *buf, const double *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_byte(buf, ',');
        series_put_number(buf, numbers[i]);
    }
}

/* [rsquare, slope, variance, rvariance, interception, line_fit] */
static void answer_line(struct buf *buf, const struct series *series)
{
    struct line line = fit(series->items, series->len, 0);
    const double numbers[] = {line.rsquare, line.slope, line.variance, line.residual, line.start};
    buf_add_byte(buf, '[');
    put_numbers(buf, numbers, sizeof(numbers) / sizeof(numbers[0]));
    buf_add_c(buf, ",[");
    put_fit(buf, &line, 0, series->len);
    buf_add_c(buf, "]]");
}

/*
 * [rsquare, split_idx, variance, rvariance, line_fit, right_rsquare, right_slope, right_interception, right_variance,
 * right_rvariance, left_...]: the split of least residuals.
 */
static void answer_two_lines(struct buf *buf, const struct series *series)
{
    size_t n = series->len, best = n;
    const double *y = series->items;
    double least = INFINITY;
    for (size_t split = 2; split + 2 <= n; split++) {
        struct line left = fit(y, split, 0), right = fit(y + split, n - split, split);
        double sum = left.residual * (double)(split - 1) + right.residual * (double)(n - split - 1);
        if (sum < least) {
            least = sum;
            best = split;
        }
    }
    struct line left = fit(y, best, 0);
    struct line right = best < n ? fit(y + best, n - best, best) : left;
    double variance = variance_of(y, n),
           residual = isfinite(least) && n > 1 ? least / (double)(n - 1) : left.residual;
    const double whole[] = {variance > 0 ? 1 - residual / variance : 0, (double)best, variance,
                            residual};
    const double sides[] = {right.rsquare, right.slope, right.start, right.variance, right.residual,
                            left.rsquare,  left.slope,  left.start,  left.variance,  left.residual};
    buf_add_byte(buf, '[');
    put_numbers(buf, whole, sizeof(whole) / sizeof(whole[0]));
    buf_add_c(buf, ",[");
    put_fit(buf, &left, 0, best);
    if (best < n) {
        buf_add_byte(buf, ',');
        put_fit(buf, &right, best, n - best);
    }
    buf_add_c(buf, "],");
    put_numbers(buf, sides, sizeof(sides) / sizeof(sides[0]));
    buf_add_byte(buf, ']');
}

/* [min, min_idx, max, max_idx, avg, stdev, variance] */
static void answer_stats(struct buf *buf, const struct series *series)
{
    double low = NAN, high = NAN, sum = 0;
    size_t low_at = 0, high_at = 0;
    for (size_t i = 0; i < series->len; i++) {
        double y = series->items[i];
        sum += y;
        if (!(y >= low)) {
            low = y;
            low_at = i;
        }
        if (!(y <= high)) {
            high = y;
            high_at = i;
        }
    }
    double variance = variance_of(series->items, series->len);
    const double numbers[] = {low,
                              (double)low_at,
                              high,
                              (double)high_at,
                              series->len ? sum / (double)series->len : NAN,
                              sqrt(variance),
                              variance};
    buf_add_byte(buf, '[');
    put_numbers(buf, numbers, sizeof(numbers) / sizeof(numbers[0]));
    buf_add_byte(buf, ']');
}

/* ---- seasons ---- */

double series_autocorrelation(const double *y, size_t n, size_t lag)
{
    struct line line = fit(y, n, 0);
    double sum = 0, a = 0, b = 0;
    for (size_t i = 0; i + lag < n; i++) {
        double x = y[i] - line.start - line.slope * (double)i;
        double z = y[i + lag] - line.start - line.slope * (double)(i + lag);
        sum += x * z;
        a += x * x;
        b += z * z;
    }
    return a > 0 && b > 0 ? sum / sqrt(a * b) : 0;
}

/* The period of the highest score that is at least `threshold`, of those within the bounds; 0: none. */
static size_t find_period(const double *y, size_t n, size_t min, size_t max, double threshold,
                          double *ret_score)
{
    size_t best = 0;
    double high = threshold;
    for (size_t lag = min < PERIOD_MIN ? PERIOD_MIN : min; lag <= max && lag <= n / 2; lag++) {
        double score = series_autocorrelation(y, n, lag);
        if (score > high + 1e-9) { /* a multiple of a period scores the same: the shortest is it */
            high = score;
            best = lag;
        }
    }
    *ret_score = best ? high : 0;
    return best;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which `part` of the sorted numbers are, between neighbours in proportion. */
static double quantile(const double *sorted, size_t n, double part)
{
    double at = part * (double)(n - 1);
    size_t low = (size_t)at;
    double next = sorted[low + 1 < n ? low + 1 : low];
    return sorted[low] + (next - sorted[low]) * (at - (double)low);
}

struct parts {
    double *seasonal, *trend, *room; /* of one block */
};

/* Of each phase of the period, the median of the points in it. */
static void find_season(const struct series *series, size_t n, size_t period, struct parts *parts)
{
    for (size_t phase = 0; phase < period; phase++) {
        size_t count = 0;
        for (size_t i = phase; i < n; i += period)
            parts->room[count++] = series->items[i];
        qsort(parts->room, count, sizeof(double), compare_doubles);
        double median = count ? quantile(parts->room, count, 0.5) : 0;
        for (size_t i = phase; i < series->len; i += period)
            parts->seasonal[i] = median;
    }
}

struct decomposition {
    int64_t season; /* a period; 0: none; -1: to be found */
    struct str trend;
    int64_t test_points; /* at the end, not learned from */
    double threshold;
};

/* season, then trend of what is left, as documented. */
static bool decompose(const struct series *series, const struct decomposition *how,
                      struct parts *parts)
{
    size_t n = series->len, learned = n;
    parts->seasonal = calloc(3 * n + 1, sizeof(double));
    if (!parts->seasonal)
        return false;
    parts->trend = parts->seasonal + n;
    parts->room = parts->trend + n;
    if (how->test_points > 0 && (size_t)how->test_points < n)
        learned = n - (size_t)how->test_points;
    double score;
    size_t period = how->season > 0 ? (size_t)how->season : 0;
    if (how->season < 0)
        period = find_period(series->items, learned, 0, learned / 2, how->threshold, &score);
    if (period && period <= learned)
        find_season(series, learned, period, parts);
    for (size_t i = 0; i < learned; i++)
        parts->room[i] = series->items[i] - parts->seasonal[i];
    struct line line = {0};
    if (learned && !str_eq(how->trend, STR("none")))
        line = fit(parts->room, learned, 0);
    if (!str_eq(how->trend, STR("linefit"))) {
        line.start += line.slope * ((double)learned - 1) / 2;
        line.slope = 0;
    }
    for (size_t i = 0; i < n; i++)
        parts->trend[i] = line.start + line.slope * (double)i;
    return true;
}

/* Scores of outliers in y, in place. */
static bool score_outliers(double *y, size_t n, double low_part, double high_part)
{
    double *sorted = malloc((n + 1) * sizeof(double));
    if (!sorted)
        return false;
    if (n)
        memcpy(sorted, y, n * sizeof(double));
    qsort(sorted, n, sizeof(double), compare_doubles);
    double low = n ? quantile(sorted, n, low_part) : 0,
           high = n ? quantile(sorted, n, high_part) : 0;
    for (size_t i = 0; i < n; i++) {
        double beyond = y[i] > high ? y[i] - high : y[i] < low ? y[i] - low : 0;
        double score = beyond == 0  ? 0
                       : high > low ? beyond / (high - low)
                                    : copysign(SCORE_MAX, beyond);
        y[i] = fmax(-SCORE_MAX, fmin(SCORE_MAX, score));
    }
    free(sorted);
    return true;
}

/* ---- what SQL calls ---- */

/* A series without what is missing: as 0. */
static bool take_series(struct lake_call *call, uint32_t row, struct series *series)
{
    struct str value = native_text(call, 0, row);
    if (dynamic_kind(value) != DYNAMIC_ARRAY || !series_read(value, series)) {
        vec_free(series);
        call->put_null(call, row);
        return false;
    }
    for (size_t i = 0; i < series->len; i++)
        if (!isfinite(series->items[i]))
            series->items[i] = 0;
    return true;
}

static void answer(struct lake_call *call, uint32_t row,
                   void (*write)(struct buf *buf, const struct series *series))
{
    struct series series = {0};
    struct buf buf = {0};
    if (!take_series(call, row, &series))
        return;
    write(&buf, &series);
    vec_free(&series);
    native_put(call, row, &buf);
}

NATIVE(fit_line)
{
    answer(call, row, answer_line);
}

NATIVE(fit_two_lines)
{
    answer(call, row, answer_two_lines);
}

NATIVE(stats)
{
    answer(call, row, answer_stats);
}

/* series_outliers(series, low, high) */
NATIVE(outliers)
{
    struct series series = {0};
    struct buf buf = {0};
    if (!take_series(call, row, &series))
        return;
    double low = native_double(call, 1, row) / 100, high = native_double(call, 2, row) / 100;
    bool valid = low >= 0 && low <= high && high <= 1;
    if (valid && score_outliers(series.items, series.len, low, high))
        series_put(&buf, series.items, series.len);
    else
        buf_add_c(&buf, "[]");
    vec_free(&series);
    native_put(call, row, &buf);
}

enum decomposed { BASELINE, SEASONAL, TREND, RESIDUAL };

static void put_part(struct buf *buf, const struct series *series, const struct parts *parts,
                     enum decomposed part)
{
    double *room = parts->room;
    for (size_t i = 0; i < series->len; i++) {
        double baseline = parts->seasonal[i] + parts->trend[i];
        room[i] = part == RESIDUAL ? series->items[i] - baseline : baseline;
    }
    series_put(buf,
               part == SEASONAL ? parts->seasonal
               : part == TREND  ? parts->trend
                                : room,
               series->len);
}

/* kql_series_decompose(series, season, trend, test points, threshold): [baseline, seasonal, trend, residual] */
static struct decomposition how_of(const struct lake_call *call, uint32_t row)
{
    return (struct decomposition){.season = native_integer(call, 1, row),
                                  .trend = native_text(call, 2, row),
                                  .test_points = native_integer(call, 3, row),
                                  .threshold = native_double(call, 4, row)};
}

NATIVE(decompose_series)
{
    struct series series = {0};
    struct parts parts = {0};
    struct buf buf = {0};
    struct decomposition how = how_of(call, row);
    if (!take_series(call, row, &series))
        return;
    if (decompose(&series, &how, &parts))
        for (enum decomposed part = BASELINE; part <= RESIDUAL; part++) {
            buf_add_byte(&buf, part == BASELINE ? '[' : ',');
            put_part(&buf, &series, &parts, part);
        }
    buf_add_byte(&buf, ']');
    free(parts.seasonal);
    vec_free(&series);
    native_put(call, row, &buf);
}

/* The same and (score threshold, low, high): [ad_flag, ad_score, baseline] */
NATIVE(anomalies)
{
    struct series series = {0};
    struct parts parts = {0};
    struct buf buf = {0};
    struct decomposition how = how_of(call, row);
    double threshold = native_double(call, 5, row);
    double low = native_double(call, 6, row) / 100, high = native_double(call, 7, row) / 100;
    if (!take_series(call, row, &series))
        return;
    if (!decompose(&series, &how, &parts)) {
        vec_free(&series);
        call->refuse(call, "no memory for a series this long");
        return;
    }
    for (size_t i = 0; i < series.len; i++)
        series.items[i] -= parts.seasonal[i] + parts.trend[i];
    score_outliers(series.items, series.len, low, high);
    for (size_t i = 0; i < series.len; i++)
        buf_printf(&buf, "%s%d", i ? "," : "[[",
                   series.items[i] > threshold    ? 1
                   : series.items[i] < -threshold ? -1
                                                  : 0);
    buf_add_c(&buf, series.len ? "]," : "[[],");
    series_put(&buf, series.items, series.len);
    buf_add_byte(&buf, ',');
    put_part(&buf, &series, &parts, BASELINE);
    buf_add_byte(&buf, ']');
    free(parts.seasonal);
    vec_free(&series);
    native_put(call, row, &buf);
}

/* series_periods_detect(series, min, max): [period, score] of the best */
NATIVE(detect_period)
{
    struct series series = {0};
    struct buf buf = {0};
    if (!take_series(call, row, &series))
        return;
    double min = native_double(call, 1, row), max = native_double(call, 2, row), score = 0;
    size_t period = 0;
    if (min >= 0 && max >= min && max < 1e9)
        period = find_period(series.items, series.len, (size_t)min, (size_t)max, 0, &score);
    buf_printf(&buf, "[[%zu.0],[%.17g]]", period, score);
    vec_free(&series);
    native_put(call, row, &buf);
}

/* ---- gaps ---- */

/* kql_series_fill(series, how, value): gaps by a constant, what was before, what comes, or the line between. */
NATIVE(fill)
{
    struct series series = {0};
    struct str how = native_text(call, 1, row);
    double constant = native_double(call, 2, row);
    struct buf buf = {0};
    bool whole = series_read(native_text(call, 0, row), &series);
    double *y = series.items;
    for (size_t i = 0, n = series.len; whole && i < n;) {
        size_t end = i;
        while (end < n && isnan(y[end]))
            end++;
        double before = i ? y[i - 1] : NAN, after = end < n ? y[end] : NAN;
        for (size_t k = i; k < end; k++) {
            double part = (double)(k - i + 1) / (double)(end - i + 1);
            y[k] = constant;
            if (str_eq(how, STR("forward")))
                y[k] = isnan(before) ? constant : before;
            else if (str_eq(how, STR("backward")))
                y[k] = isnan(after) ? constant : after;
            else if (str_eq(how, STR("linear")))
                y[k] = isnan(before)  ? after
                       : isnan(after) ? before
                                      : before + (after - before) * part;
        }
        i = end + 1;
    }
    series_put(&buf, series.items, series.len);
    vec_free(&series);
    native_put(call, row, &buf);
}

#define SERIES(name_, call_, ...)                                                                  \
    {                                                                                              \
        .name = name_, .result = LAKE_JSON, .parameters = {__VA_ARGS__}, .call = call_             \
    }
#define HOW LAKE_INTEGER, LAKE_TEXT, LAKE_INTEGER, LAKE_DOUBLE

const struct lake_function hunt_series_natives[] = {
    SERIES("kql_series_fit_line", fit_line, LAKE_TEXT),
    SERIES("kql_series_fit_2lines", fit_two_lines, LAKE_TEXT),
    SERIES("kql_series_stats", stats, LAKE_TEXT),
    SERIES("kql_series_outliers", outliers, LAKE_TEXT, LAKE_DOUBLE, LAKE_DOUBLE),
    SERIES("kql_series_decompose", decompose_series, LAKE_TEXT, HOW),
    SERIES("kql_series_anomalies", anomalies, LAKE_TEXT, HOW, LAKE_DOUBLE, LAKE_DOUBLE,
           LAKE_DOUBLE),
    SERIES("kql_series_period", detect_period, LAKE_TEXT, LAKE_DOUBLE, LAKE_DOUBLE),
    SERIES("kql_series_fill", fill, LAKE_TEXT, LAKE_TEXT, LAKE_DOUBLE),
    {0},
};

/* ---- the rows ---- */

#define SIDE(side)                                                                                 \
    side "rsquare: real, " side "slope: real, " side "interception: real, " side                   \
         "variance: real, " side "rvariance: real"

const struct hunt_function hunt_series_scalars[] = {
    {"series_fit_line(series: dynamic) dynamic", .sql = "kql_series_fit_line($1)",
     .columns = "rsquare: real, slope: real, variance: real, rvariance: real, interception: real, "
                "line_fit: dynamic"},
    {"series_fit_2lines(series: dynamic) dynamic", .sql = "kql_series_fit_2lines($1)",
     .columns = "rsquare: real, split_idx: long, variance: real, rvariance: real, line_fit: "
                "dynamic, " SIDE("right_") ", " SIDE("left_")},
    {"series_stats(series: dynamic) dynamic", .sql = "kql_series_stats($1)",
     .columns = "min: real, min_idx: long, max: real, max_idx: long, avg: real, stdev: real, "
                "variance: real"},
    {"series_decompose(series: dynamic, season: long = -1, trend: string = 'avg', test_points: "
     "long = 0, threshold: real = 0.6) dynamic",
     .sql = "kql_series_decompose($1, $2, $3, $4, $5)",
     .columns = "baseline: dynamic, seasonal: dynamic, trend: dynamic, residual: dynamic"},
    {"series_decompose_anomalies(series: dynamic, threshold: real = 1.5, season: long = -1, trend: "
     "string = 'avg', test_points: long = 0, method: string = 'ctukey', season_threshold: real = "
     "0.6) dynamic",
     .sql = "kql_series_anomalies($1, $3, $4, $5, $7, $2, CASE WHEN $6 = 'tukey' THEN 25 ELSE 10 "
            "END, CASE WHEN $6 = 'tukey' THEN 75 ELSE 90 END)",
     .columns = "ad_flag: dynamic, ad_score: dynamic, baseline: dynamic"},
    {"series_decompose_forecast(series: dynamic, points: long, season: long = -1, trend: string = "
     "'avg', threshold: real = 0.6) dynamic",
     .sql = "json_extract(kql_series_decompose($1, $3, $4, $2, $5), '$[0]')"},
    {"series_periods_detect(series: dynamic, min: real, max: real, count: long = 1) dynamic",
     .sql = "kql_series_period($1, $2, $3)", .columns = "periods: dynamic, scores: dynamic"},
    {"series_outliers(series: dynamic) dynamic", .sql = "kql_series_outliers($1, 10, 90)"},
    {"series_outliers(series: dynamic, kind: string, ignored: real, low: real = 10, high: real = "
     "90) dynamic",
     .sql = "kql_series_outliers($1, CASE WHEN $2 = 'tukey' THEN 25 ELSE $4 END, CASE WHEN $2 = "
            "'tukey' THEN 75 ELSE $5 END)"},
    {"series_fill_const(series: dynamic, value: real = 0) dynamic",
     .sql = "kql_series_fill($1, 'const', $2)"},
    {"series_fill_forward(series: dynamic) dynamic",
     .sql = "kql_series_fill($1, 'forward', 'NaN'::DOUBLE)"},
    {"series_fill_backward(series: dynamic) dynamic",
     .sql = "kql_series_fill($1, 'backward', 'NaN'::DOUBLE)"},
    {"series_fill_linear(series: dynamic) dynamic",
     .sql = "kql_series_fill($1, 'linear', 'NaN'::DOUBLE)"},
    {0},
};
