/*
 * Functions of KQL on series: element by element, filters, transforms, polynomials, and how alike two are.
 */
#include <math.h>

#include "base/vec.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"
#include "hunt/series.h"

#define TRANSFORM_MAX 8192 /* elements of series_fft(), whose time grows with the square */
#define DEGREE_MAX 10      /* of a polynomial */

/* ---- element by element ---- */

static double combine(const char *op, double a, double b)
{
    switch (*op) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    case '/':
        return a / b;
    case '^':
        return pow(a, b);
    case '<':
        return op[1] ? a <= b : a < b;
    case '>':
        return op[1] ? a >= b : a > b;
    default:
        return *op == '=' ? a == b : a != b;
    }
}

/* A number stands for a series of it. */
static double element_at(const struct series *series, struct str value, size_t at)
{
    double number;
    if (dynamic_kind(value) == DYNAMIC_NUMBER && str_to_double(value, &number) == 0)
        return number;
    return at < series->len ? series->items[at] : NAN;
}

/* kql_series_op(op, a, b): where one is shorter, null. Comparisons give booleans. */
NATIVE(combine_series)
{
    char op[3] = {0};
    struct str text = native_text(call, 0, row), left = native_text(call, 1, row),
               right = native_text(call, 2, row);
    struct series a = {0}, b = {0};
    struct buf buf = {0};
    memcpy(op, text.ptr, text.len < 2 ? text.len : 2);
    bool compares = !strchr("+-*/^", *op);
    bool whole = series_read(left, &a) && series_read(right, &b);
    size_t n = a.len > b.len ? a.len : b.len;
    buf_add_byte(&buf, '[');
    for (size_t i = 0; whole && i < n; i++) {
        double x = element_at(&a, left, i), y = element_at(&b, right, i);
        buf_add_c(&buf, i ? "," : "");
        if (compares && !isnan(x) && !isnan(y))
            buf_add_c(&buf, combine(op, x, y) != 0 ? "true" : "false");
        else
            series_put_number(&buf, isnan(x) || isnan(y) ? NAN : combine(op, x, y));
    }
    buf_add_byte(&buf, ']');
    vec_free(&a);
    vec_free(&b);
    native_put(call, row, &buf);
}

static double sign(double x)
{
    return (x > 0) - (x < 0);
}

static const struct {
    const char *name;
    double (*of)(double);
} functions[] = {{"abs", fabs},     {"acos", acos}, {"asin", asin}, {"atan", atan},
                 {"ceiling", ceil}, {"cos", cos},   {"exp", exp},   {"floor", floor},
                 {"log", log},      {"sign", sign}, {"sin", sin},   {"tan", tan}};

/* A series of the first argument; false: it is none, and the row is NULL. */
static bool take(struct lake_call *call, uint32_t argument, uint32_t row, struct series *series)
{
    struct str value = native_text(call, argument, row);
    *series = (struct series){0};
    if (dynamic_kind(value) == DYNAMIC_ARRAY && series_read(value, series))
        return true;
    vec_free(series);
    call->put_null(call, row);
    return false;
}

static void put(struct lake_call *call, uint32_t row, struct series *series)
{
    struct buf buf = {0};
    series_put(&buf, series->items, series->len);
    vec_free(series);
    native_put(call, row, &buf);
}

/* kql_series_map(function, series) */
NATIVE(map)
{
    struct series series;
    if (!take(call, 1, row, &series))
        return;
    for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]); f++)
        for (size_t i = 0;
             str_eq(native_text(call, 0, row), str_from_c(functions[f].name)) && i < series.len;
             i++)
            series.items[i] = functions[f].of(series.items[i]);
    put(call, row, &series);
}

/* ---- one number of a series, or of two ---- */

NATIVE(sum)
{
    struct series series;
    if (!take(call, 0, row, &series))
        return;
    double all = 0;
    for (size_t i = 0; i < series.len; i++)
        all += series.items[i];
    vec_free(&series);
    if (isnan(all))
        call->put_null(call, row);
    else
        call->doubles[row] = all;
}

enum likeness { DOT, COSINE, PEARSON };

static double alike(const struct series *a, const struct series *b, enum likeness how)
{
    double n = (double)a->len, ab = 0, aa = 0, bb = 0, sa = 0, sb = 0;
    for (size_t i = 0; i < a->len; i++) {
        double x = a->items[i], y = b->items[i];
        ab += x * y;
        aa += x * x;
        bb += y * y;
        sa += x;
        sb += y;
    }
    if (how == DOT)
        return ab;
    if (how == COSINE)
        return ab / sqrt(aa * bb);
    return (n * ab - sa * sb) / sqrt((n * aa - sa * sa) * (n * bb - sb * sb));
}

static void put_likeness(struct lake_call *call, uint32_t row, enum likeness how)
{
    struct series a, b;
    if (!take(call, 0, row, &a))
        return;
    if (take(call, 1, row, &b)) {
        double number = a.len == b.len ? alike(&a, &b, how) : NAN;
        if (isnan(number))
            call->put_null(call, row);
        else
            call->doubles[row] = number;
        vec_free(&b);
    }
    vec_free(&a);
}

NATIVE(dot_product)
{
    put_likeness(call, row, DOT);
}

NATIVE(cosine)
{
    put_likeness(call, row, COSINE);
}

NATIVE(pearson)
{
    put_likeness(call, row, PEARSON);
}

/* ---- filters ---- */

/* Is the filter divided by its sum? Unless somebody says so, where nothing in it is negative. False: it can't be. */
static bool weigh(struct series *filter, bool said, bool normalize)
{
    bool negative = false;
    double weight = 0;
    for (size_t i = 0; i < filter->len; i++) {
        negative = negative || filter->items[i] < 0;
        weight += filter->items[i];
    }
    if (!said)
        normalize = !negative;
    for (size_t i = 0; normalize && !negative && i < filter->len; i++)
        filter->items[i] /= weight;
    return !(normalize && negative);
}

/* kql_series_fir(series, filter, normalize or -1, center): what lies before the beginning is 0. */
NATIVE(fir)
{
    struct series series, filter, out = {0};
    int64_t normalize = native_integer(call, 2, row);
    if (!take(call, 0, row, &series))
        return;
    if (!take(call, 1, row, &filter)) {
        vec_free(&series);
        return;
    }
    size_t shift = native_integer(call, 3, row) && filter.len ? (filter.len - 1) / 2 : 0;
    bool whole = weigh(&filter, normalize >= 0, normalize > 0);
    for (size_t i = 0; whole && i < series.len; i++) {
        double value = 0;
        for (size_t k = 0; k < filter.len && k <= i + shift; k++)
            if (i + shift - k < series.len)
                value += filter.items[k] * series.items[i + shift - k];
        whole = vec_push(&out, value) == 0;
    }
    vec_free(&series);
    vec_free(&filter);
    if (whole) {
        put(call, row, &out);
        return;
    }
    vec_free(&out);
    call->put_null(call, row);
}

/* kql_series_iir(series, numerators, denominators) */
NATIVE(iir)
{
    struct series x, b = {0}, a = {0}, y = {0};
    if (!take(call, 0, row, &x))
        return;
    bool whole = take(call, 1, row, &b) && take(call, 2, row, &a) && a.len > 0 && a.items[0] != 0;
    for (size_t i = 0; whole && i < x.len; i++) {
        double value = 0;
        for (size_t k = 0; k < b.len && k <= i; k++)
            value += b.items[k] * x.items[i - k];
        for (size_t k = 1; k < a.len && k <= i; k++)
            value -= a.items[k] * y.items[i - k];
        whole = vec_push(&y, value / a.items[0]) == 0;
    }
    vec_free(&x);
    vec_free(&b);
    vec_free(&a);
    if (whole) {
        put(call, row, &y);
        return;
    }
    vec_free(&y);
    call->put_null(call, row);
}

/* ---- transforms: the definition itself, with the roots of one as a table ---- */

static void put_pair(struct lake_call *call, uint32_t row, struct series *real,
                     struct series *imaginary)
{
    struct buf buf = {0};
    buf_add_byte(&buf, '[');
    series_put(&buf, real->items, real->len);
    buf_add_byte(&buf, ',');
    series_put(&buf, imaginary->items, imaginary->len);
    buf_add_byte(&buf, ']');
    native_put(call, row, &buf);
}

static bool transform(const struct series *re, const struct series *im, bool inverse,
                      struct series *out_re, struct series *out_im)
{
    struct series cosines = {0}, sines = {0};
    size_t n = re->len;
    bool whole = true;
    for (size_t i = 0; whole && i < n; i++) {
        double angle = (inverse ? 2 : -2) * M_PI * (double)i / (double)n;
        whole = vec_push(&cosines, cos(angle)) == 0 && vec_push(&sines, sin(angle)) == 0;
    }
    for (size_t k = 0; whole && k < n; k++) {
        double x = 0, y = 0;
        for (size_t i = 0, at = 0; i < n; i++, at = (at + k) % n) {
            double a = re->items[i], b = i < im->len ? im->items[i] : 0;
            x += a * cosines.items[at] - b * sines.items[at];
            y += a * sines.items[at] + b * cosines.items[at];
        }
        double scale = inverse ? (double)n : 1;
        whole = vec_push(out_re, x / scale) == 0 && vec_push(out_im, y / scale) == 0;
    }
    vec_free(&cosines);
    vec_free(&sines);
    return whole;
}

static void put_transform(struct lake_call *call, uint32_t row, bool inverse)
{
    struct series re, im = {0}, out_re = {0}, out_im = {0};
    if (!take(call, 0, row, &re))
        return;
    if (re.len > TRANSFORM_MAX)
        call->refuse(call, "series_fft() takes at most 8192 elements");
    else if (series_read(native_text(call, 1, row), &im) &&
             transform(&re, &im, inverse, &out_re, &out_im))
        put_pair(call, row, &out_re, &out_im);
    else
        call->put_null(call, row);
    vec_free(&re);
    vec_free(&im);
    vec_free(&out_re);
    vec_free(&out_im);
}

NATIVE(fft)
{
    put_transform(call, row, false);
}

NATIVE(ifft)
{
    put_transform(call, row, true);
}

/* ---- polynomials: least squares, by the normal equations ---- */

/* Solves m * x = v by elimination, the largest pivot first. False: there is no one solution. */
static bool solve(double m[DEGREE_MAX + 1][DEGREE_MAX + 2], size_t n, double *ret)
{
    for (size_t c = 0; c < n; c++) {
        size_t best = c;
        for (size_t r = c + 1; r < n; r++)
            best = fabs(m[r][c]) > fabs(m[best][c]) ? r : best;
        if (fabs(m[best][c]) < 1e-12)
            return false;
        for (size_t k = 0; k <= n; k++) {
            double swap = m[c][k];
            m[c][k] = m[best][k];
            m[best][k] = swap;
        }
        for (size_t r = 0; r < n; r++)
            for (size_t k = n + 1; r != c && k-- > c;)
                m[r][k] -= m[c][k] * m[r][c] / m[c][c];
    }
    for (size_t i = 0; i < n; i++)
        ret[i] = m[i][n] / m[i][i];
    return true;
}

static double polynomial(const double *coefficients, size_t n, double x)
{
    double value = 0;
    for (size_t i = n; i-- > 0;)
        value = value * x + coefficients[i];
    return value;
}

/* [rsquare, coefficients from the highest power, variance, rvariance, fitted values] */
static void put_polynomial(struct buf *buf, const struct series *y, const struct series *x,
                           const double *coefficients, size_t n)
{
    double mean = 0, variance = 0, residual = 0, count = (double)y->len;
    for (size_t i = 0; i < y->len; i++)
        mean += y->items[i] / count;
    for (size_t i = 0; i < y->len; i++) {
        double off = y->items[i] - polynomial(coefficients, n, x->items[i]);
        variance += (y->items[i] - mean) * (y->items[i] - mean) / (count - 1);
        residual += off * off / (count - 1);
    }
    buf_add_byte(buf, '[');
    series_put_number(buf, variance > 0 ? 1 - residual / variance : 0);
    for (size_t i = n; i-- > 0;) {
        buf_add_c(buf, i + 1 == n ? ",[" : ",");
        series_put_number(buf, coefficients[i]);
    }
    buf_add_c(buf, "],");
    series_put_number(buf, variance);
    buf_add_byte(buf, ',');
    series_put_number(buf, residual);
    for (size_t i = 0; i < y->len; i++) {
        buf_add_c(buf, i ? "," : ",[");
        series_put_number(buf, polynomial(coefficients, n, x->items[i]));
    }
    buf_add_c(buf, "]]");
}

/* kql_series_fit_poly(y, x, degree): x is 0, 1, 2 ... where it is no array. */
NATIVE(fit_poly)
{
    struct series y, x = {0};
    double m[DEGREE_MAX + 1][DEGREE_MAX + 2] = {0}, coefficients[DEGREE_MAX + 1];
    struct buf buf = {0};
    int64_t degree = native_integer(call, 2, row);
    if (!take(call, 0, row, &y))
        return;
    bool whole = series_read(native_text(call, 1, row), &x) && degree >= 0 && degree <= DEGREE_MAX;
    for (size_t i = x.len; whole && i < y.len; i++)
        whole = vec_push(&x, (double)i) == 0;
    size_t n = (size_t)degree + 1;
    for (size_t i = 0; whole && i < y.len; i++)
        for (size_t r = 0; r < n; r++) {
            for (size_t c = 0; c < n; c++)
                m[r][c] += pow(x.items[i], (double)(r + c));
            m[r][n] += y.items[i] * pow(x.items[i], (double)r);
        }
    if (whole && y.len > 1 && solve(m, n, coefficients)) {
        put_polynomial(&buf, &y, &x, coefficients, n);
        native_put(call, row, &buf);
    } else
        call->put_null(call, row);
    vec_free(&y);
    vec_free(&x);
}

/* ---- seasons ---- */

/* kql_series_seasonal(series, period): of each phase its mean, again and again. */
NATIVE(seasonal)
{
    struct series series, out = {0};
    int64_t period = native_integer(call, 1, row);
    if (!take(call, 0, row, &series))
        return;
    double best = 0;
    for (size_t lag = 2; period <= 0 && lag <= series.len / 2; lag++) {
        double score = series_autocorrelation(series.items, series.len, lag);
        if (score > best + 1e-9) {
            best = score;
            out.len = lag;
        }
    }
    size_t every = period > 0 ? (size_t)period : out.len;
    out.len = 0;
    bool whole = every > 0;
    for (size_t i = 0; whole && i < series.len; i++) {
        double all = 0, n = 0;
        for (size_t k = i % every; k < series.len; k += every, n++)
            all += series.items[k];
        whole = vec_push(&out, all / n) == 0;
    }
    vec_free(&series);
    if (whole) {
        put(call, row, &out);
        return;
    }
    vec_free(&out);
    call->put_null(call, row);
}

/* kql_series_validate(series, [period, ...]): the periods, and how much the series repeats itself in them, 0 to 1. */
NATIVE(validate)
{
    struct series series, periods, scores = {0};
    if (!take(call, 0, row, &series))
        return;
    bool whole = take(call, 1, row, &periods);
    for (size_t i = 0; whole && i < periods.len; i++) {
        double period = periods.items[i], score = 0;
        if (period >= 1 && period <= (double)series.len / 2)
            score = series_autocorrelation(series.items, series.len, (size_t)period);
        whole = vec_push(&scores, score < 0 ? 0 : score) == 0;
    }
    if (whole)
        put_pair(call, row, &periods, &scores);
    vec_free(&series);
    vec_free(&periods);
    vec_free(&scores);
}

#define MADE(name_, result_, call_, ...)                                                           \
    {                                                                                              \
        .name = name_, .result = result_, .parameters = {__VA_ARGS__}, .call = call_               \
    }

const struct lake_function hunt_series_math_natives[] = {
    MADE("kql_series_op", LAKE_JSON, combine_series, LAKE_TEXT, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_map", LAKE_JSON, map, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_sum", LAKE_DOUBLE, sum, LAKE_TEXT),
    MADE("kql_series_dot", LAKE_DOUBLE, dot_product, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_cosine", LAKE_DOUBLE, cosine, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_pearson", LAKE_DOUBLE, pearson, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_fir", LAKE_JSON, fir, LAKE_TEXT, LAKE_TEXT, LAKE_INTEGER, LAKE_INTEGER),
    MADE("kql_series_iir", LAKE_JSON, iir, LAKE_TEXT, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_fft", LAKE_JSON, fft, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_ifft", LAKE_JSON, ifft, LAKE_TEXT, LAKE_TEXT),
    MADE("kql_series_fit_poly", LAKE_JSON, fit_poly, LAKE_TEXT, LAKE_TEXT, LAKE_INTEGER),
    MADE("kql_series_seasonal", LAKE_JSON, seasonal, LAKE_TEXT, LAKE_INTEGER),
    MADE("kql_series_validate", LAKE_JSON, validate, LAKE_TEXT, LAKE_TEXT),
    {0},
};

/* series_stats_dynamic() and its kin: the columns of the function without "_dynamic", as one bag. */
static int emit_as_bag(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    struct str name = str_first(call->name, call->name.len - strlen("_dynamic")), item;
    const struct hunt_function *function = hunt_function_find(HUNT_SCALAR, name, NULL);
    struct str array = hunt_fill(bind, function->sql, call->args, call->n_args, (struct str){0});
    struct str columns = str_from_c(function->columns), members = {"", 0};
    for (unsigned i = 0; str_cut(&columns, ',', &item); i++) {
        struct str column;
        (void)str_cut(&item, ':', &column);
        members = hunt_text(bind, "%.*s%s'%.*s', json_extract(%.*s, '$[%u]')", STR_ARG(members),
                            i ? ", " : "", STR_ARG(str_trim(column)), STR_ARG(array), i);
    }
    ret->sql = hunt_text(bind, "json_object(%.*s)", STR_ARG(members));
    return 0;
}

#define ELEMENTS(name, op)                                                                         \
    {                                                                                              \
        "series_" name "(a: dynamic, b: dynamic) dynamic",                                         \
            .sql = "kql_series_op('" op "', $1, $2)"                                               \
    }
#define MAP(name)                                                                                  \
    {                                                                                              \
        "series_" name "(series: dynamic) dynamic", .sql = "kql_series_map('" name "', $1)"        \
    }
#define COMPLEX "real: dynamic, imag: dynamic"

const struct hunt_function hunt_series_math_scalars[] = {
    ELEMENTS("add", "+"),
    ELEMENTS("subtract", "-"),
    ELEMENTS("multiply", "*"),
    ELEMENTS("divide", "/"),
    ELEMENTS("pow", "^"),
    ELEMENTS("less", "<"),
    ELEMENTS("less_equals", "<="),
    ELEMENTS("greater", ">"),
    ELEMENTS("greater_equals", ">="),
    ELEMENTS("equals", "="),
    ELEMENTS("not_equals", "!="),
    MAP("abs"),
    MAP("acos"),
    MAP("asin"),
    MAP("atan"),
    MAP("ceiling"),
    MAP("cos"),
    MAP("exp"),
    MAP("floor"),
    MAP("log"),
    MAP("sign"),
    MAP("sin"),
    MAP("tan"),
    {"series_sum(series: dynamic) real", .sql = "kql_series_sum($1)"},
    {"series_magnitude(series: dynamic) real", .sql = "sqrt(kql_series_dot($1, $1))"},
    {"series_dot_product(a: dynamic, b: dynamic) real", .sql = "kql_series_dot($1, $2)"},
    {"series_cosine_similarity(a: dynamic, b: dynamic, size_a: real?, size_b: real?) real",
     .sql = "kql_series_cosine($1, $2)"},
    {"series_pearson_correlation(a: dynamic, b: dynamic) real",
     .sql = "kql_series_pearson($1, $2)"},
    {"series_fir(series: dynamic, filter: dynamic) dynamic", .sql = "kql_series_fir($1, $2, -1, 0)",
     .naming = HUNT_NAMED_BY_FIRST},
    {"series_fir(series: dynamic, filter: dynamic, normalize: bool, center: bool = false) dynamic",
     .sql = "kql_series_fir($1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT))",
     .naming = HUNT_NAMED_BY_FIRST},
    {"series_iir(series: dynamic, numerators: dynamic, denominators: dynamic) dynamic",
     .sql = "kql_series_iir($1, $2, $3)", .naming = HUNT_NAMED_BY_FIRST},
    {"series_fft(series: dynamic, imaginary: dynamic = '[]') dynamic",
     .sql = "kql_series_fft($1, $2)", .columns = COMPLEX},
    {"series_ifft(series: dynamic, imaginary: dynamic = '[]') dynamic",
     .sql = "kql_series_ifft($1, $2)", .columns = COMPLEX},
    {"series_fit_poly(y: dynamic, x: dynamic = '[]', degree: long = 1) dynamic",
     .sql = "kql_series_fit_poly($1, $2, $3)",
     .columns = "rsquare: real, coefficients: dynamic, variance: real, rvariance: real, poly_fit: "
                "dynamic"},
    {"series_seasonal(series: dynamic, period: long = -1) dynamic",
     .sql = "kql_series_seasonal($1, $2)"},
    {"series_periods_validate(series: dynamic, period: real...) dynamic",
     .sql = "kql_series_validate($1, to_json([$2*]))",
     .columns = "periods: dynamic, scores: dynamic"},
    {"series_stats_dynamic(series: dynamic) dynamic", .emit = emit_as_bag},
    {"series_fit_line_dynamic(series: dynamic) dynamic", .emit = emit_as_bag},
    {"series_fit_2lines_dynamic(series: dynamic) dynamic", .emit = emit_as_bag},
    {0},
};
