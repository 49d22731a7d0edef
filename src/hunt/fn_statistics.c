/*
 * Functions of KQL on distributions, and how numbers of bytes are written.
 */
#include <math.h>
#include <stdio.h>

#include "hunt/function.h"
#include "hunt/native.h"

#define FRACTION_STEPS 300 /* of the continued fraction; far more than it takes to settle */
#define HALVINGS 100       /* of the interval in which beta_inv() looks */
#define TINY 1e-300

NATIVE(error_function)
{
    call->doubles[row] = erf(native_double(call, 0, row));
}

NATIVE(error_complement)
{
    call->doubles[row] = erfc(native_double(call, 0, row));
}

/* ---- beta: the regularized incomplete beta function (DLMF 8.17), by its continued fraction (8.17.22) ---- */

static double away_from_zero(double value)
{
    return fabs(value) < TINY ? TINY : value;
}

/* Lentz's way; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), result = d;
    for (int m = 1; m <= FRACTION_STEPS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        result *= d * c;
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        result *= d * c;
        if (fabs(d * c - 1) < 1e-15)
            break;
    }
    return result;
}

static double beta_below(double x, double a, double b)
{
    if (!(a > 0 && b > 0 && x >= 0 && x <= 1))
        return NAN;
    if (x == 0 || x == 1)
        return x;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(x, a, b) / a;
    return 1 - front * beta_fraction(1 - x, b, a) / b;
}

static void put_number(struct lake_call *call, uint32_t row, double number)
{
    if (isnan(number))
        call->put_null(call, row);
    else
        call->doubles[row] = number;
}

NATIVE(beta_cdf)
{
    put_number(call, row,
               beta_below(native_double(call, 0, row), native_double(call, 1, row),
                          native_double(call, 2, row)));
}

NATIVE(beta_pdf)
{
    double x = native_double(call, 0, row), a = native_double(call, 1, row),
           b = native_double(call, 2, row);
    bool fits = a > 0 && b > 0 && x >= 0 && x <= 1;
    put_number(call, row,
               fits ? exp(lgamma(a + b) - lgamma(a) - lgamma(b)) * pow(x, a - 1) * pow(1 - x, b - 1)
                    : NAN);
}

NATIVE(beta_inv)
{
    double probability = native_double(call, 0, row), a = native_double(call, 1, row),
           b = native_double(call, 2, row), low = 0, high = 1;
    if (!(probability >= 0 && probability <= 1 && a > 0 && b > 0)) {
        call->put_null(call, row);
        return;
    }
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (beta_below(middle, a, b) < probability)
            low = middle;
        else
            high = middle;
    }
    call->doubles[row] = (low + high) / 2;
}

/* welch_test(mean, variance, count, mean, variance, count): the p-value that the means are equal. */
NATIVE(welch)
{
    double a = native_double(call, 1, row) / native_double(call, 2, row);
    double b = native_double(call, 4, row) / native_double(call, 5, row);
    double t = (native_double(call, 0, row) - native_double(call, 3, row)) / sqrt(a + b);
    double freedom =
        (a + b) * (a + b) /
        (a * a / (native_double(call, 2, row) - 1) + b * b / (native_double(call, 5, row) - 1));
    put_number(call, row, beta_below(freedom / (freedom + t * t), freedom / 2, 0.5));
}

/* ---- sizes ---- */

/* format_bytes(size, precision, units) */
NATIVE(format_bytes)
{
    static const char *const units[] = {"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
    double size = native_double(call, 0, row);
    int64_t precision = native_integer(call, 1, row);
    struct str wanted = native_text(call, 2, row);
    size_t unit = 0, n = sizeof(units) / sizeof(units[0]);
    while (unit + 1 < n &&
           (wanted.len ? !str_eq(wanted, str_from_c(units[unit])) : fabs(size) >= 1024)) {
        size /= 1024;
        unit++;
    }
    if (!isfinite(size) || (wanted.len && !str_eq(wanted, str_from_c(units[unit])))) {
        call->put_null(call, row);
        return;
    }
    struct buf buf = {0};
    buf_printf(&buf, "%.*f", (int)(precision < 0 ? 0 : precision > 15 ? 15 : precision), size);
    if (str_index(buf_str(&buf), '.') < buf.len) {
        while (buf.ptr[buf.len - 1] == '0')
            buf.len--;
        buf.len -= buf.ptr[buf.len - 1] == '.';
    }
    buf_printf(&buf, " %s", units[unit]);
    native_put(call, row, &buf);
}

#define ONE LAKE_DOUBLE
#define THREE LAKE_DOUBLE, LAKE_DOUBLE, LAKE_DOUBLE
#define NUMBERS(name_, call_, ...)                                                                 \
    {                                                                                              \
        .name = name_, .result = LAKE_DOUBLE, .parameters = {__VA_ARGS__}, .call = call_           \
    }

const struct lake_function hunt_statistics_natives[] = {
    NUMBERS("kql_erf", error_function, ONE),
    NUMBERS("kql_erfc", error_complement, ONE),
    NUMBERS("kql_beta_cdf", beta_cdf, THREE),
    NUMBERS("kql_beta_pdf", beta_pdf, THREE),
    NUMBERS("kql_beta_inv", beta_inv, THREE),
    NUMBERS("kql_welch_test", welch, THREE, THREE),
    {.name = "kql_format_bytes",
     .result = LAKE_TEXT,
     .parameters = {LAKE_DOUBLE, LAKE_INTEGER, LAKE_TEXT},
     .call = format_bytes},
    {0},
};

const struct hunt_function hunt_statistics_scalars[] = {
    {"erf(value: real) real", .sql = "kql_erf($1)"},
    {"erfc(value: real) real", .sql = "kql_erfc($1)"},
    {"beta_cdf(x: real, alpha: real, beta: real) real", .sql = "kql_beta_cdf($1, $2, $3)"},
    {"beta_pdf(x: real, alpha: real, beta: real) real", .sql = "kql_beta_pdf($1, $2, $3)"},
    {"beta_inv(probability: real, alpha: real, beta: real) real",
     .sql = "kql_beta_inv($1, $2, $3)"},
    {"welch_test(mean1: real, variance1: real, count1: real, mean2: real, variance2: real, count2: "
     "real) real",
     .sql = "kql_welch_test($1, $2, $3, $4, $5, $6)"},
    {"format_bytes(size: real, precision: long = 0, units: string = '') string",
     .sql = "kql_format_bytes($1, $2, $3)", .naming = HUNT_NAMED_BY_FIRST},
    {0},
};
