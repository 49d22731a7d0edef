/*
 * Functions of KQL on datetimes and timespans. Weeks begin on Sunday.
 */
#include <stdio.h>

#include "base/time.h"
#include "hunt/function.h"
#include "hunt/native.h"

#define DAY_US (INT64_C(86400) * TIME_SECOND_US)

/* ---- formats: .NET's custom formats, those that Kusto documents ---- */

struct moment {
    struct time_parts parts;
    int64_t days; /* of a timespan */
    bool span;
};

/* ff: tenths and hundredths; FF: the same without zeros at the end. */
static void put_fraction(struct buf *buf, int micro, size_t n, bool trimmed)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%06d0", micro);
    struct str text = str_of(digits, n < 7 ? n : 7);
    while (trimmed && text.len && text.ptr[text.len - 1] == '0')
        text.len--;
    buf_add_str(buf, text);
}

static void put_number(struct buf *buf, int64_t number, size_t width)
{
    buf_printf(buf, "%0*lld", (int)width, (long long)number);
}

/* A run of n equal letters. False: it is not one of a format. */
static bool put_letters(struct buf *buf, const struct moment *moment, char letter, size_t n)
{
    const struct time_parts *parts = &moment->parts;
    size_t width = n < 2 ? n : 2;
    if (letter == 'f' || letter == 'F')
        put_fraction(buf, parts->micro, n, letter == 'F');
    else if (letter == 'd')
        put_number(buf, moment->span ? moment->days : parts->day, moment->span ? n : width);
    else if (letter == 'H' || (letter == 'h' && moment->span))
        put_number(buf, parts->hour, width);
    else if (letter == 'h')
        put_number(buf, (parts->hour + 11) % 12 + 1, width);
    else if (letter == 'm')
        put_number(buf, parts->minute, width);
    else if (letter == 's')
        put_number(buf, parts->second, width);
    else if (letter == 'M' && !moment->span)
        put_number(buf, parts->month, width);
    else if (letter == 'y' && !moment->span)
        put_number(buf, n > 2 ? parts->year : parts->year % 100, n);
    else if (letter == 't' && !moment->span)
        buf_add_str(buf, str_first(parts->hour < 12 ? STR("AM") : STR("PM"), n));
    else
        return false;
    return true;
}

static void put_format(struct buf *buf, const struct moment *moment, struct str format)
{
    for (size_t i = 0; i < format.len;) {
        size_t n = 1;
        while (i + n < format.len && format.ptr[i + n] == format.ptr[i])
            n++;
        if (!put_letters(buf, moment, format.ptr[i], n))
            buf_add(buf, format.ptr + i, n);
        i += n;
    }
}

NATIVE(format_datetime)
{
    struct moment moment = {0};
    struct buf buf = {0};
    time_to_parts(native_integer(call, 0, row), &moment.parts);
    put_format(&buf, &moment, native_text(call, 1, row));
    native_put(call, row, &buf);
}

NATIVE(format_timespan)
{
    int64_t us = native_integer(call, 0, row);
    struct moment moment = {.span = true};
    struct buf buf = {0};
    moment.days = us / DAY_US;
    if (us < 0)
        buf_add_byte(&buf, '-');
    if (us < 0)
        moment.days = -moment.days;
    time_to_parts(us % DAY_US < 0 ? -(us % DAY_US) : us % DAY_US, &moment.parts);
    put_format(&buf, &moment, native_text(call, 1, row));
    native_put(call, row, &buf);
}

const struct lake_function hunt_time_natives[] = {
    {.name = "kql_format_datetime",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TIME, LAKE_TEXT},
     .call = format_datetime},
    {.name = "kql_format_timespan",
     .result = LAKE_TEXT,
     .parameters = {LAKE_INTEGER, LAKE_TEXT},
     .call = format_timespan},
    {0},
};

/* ---- parts and differences ---- */

#define WEEK(time) "(date_trunc('week', " time " + INTERVAL 1 DAY) - INTERVAL 1 DAY)"

/* A period by its name: a part of a time, the difference of two, and time moved by $1. */
static const struct period {
    const char *name, *part, *difference, *interval;
} periods[] = {
    {"year", "year($1)", "(year($1) - year($2))", "INTERVAL 1 YEAR"},
    {"quarter", "quarter($1)", "((year($1) - year($2)) * 4 + quarter($1) - quarter($2))",
     "INTERVAL 3 MONTH"},
    {"month", "month($1)", "((year($1) - year($2)) * 12 + month($1) - month($2))",
     "INTERVAL 1 MONTH"},
    {"week", "week($1)", "(epoch_us(" WEEK("$1") " - " WEEK("$2") ") // 604800000000)",
     "INTERVAL 7 DAY"},
    {"week_of_year", "week($1)", NULL, NULL},
    {"weekofyear", "week($1)", NULL, NULL},
    {"day", "day($1)", "date_diff('day', $2, $1)", "INTERVAL 1 DAY"},
    {"dayofyear", "dayofyear($1)", NULL, NULL},
    {"hour", "hour($1)", "date_diff('hour', $2, $1)", "INTERVAL 1 HOUR"},
    {"minute", "minute($1)", "date_diff('minute', $2, $1)", "INTERVAL 1 MINUTE"},
    {"second", "second($1)", "date_diff('second', $2, $1)", "INTERVAL 1 SECOND"},
    {"millisecond", "(epoch_us($1) % 1000000 // 1000)", "date_diff('millisecond', $2, $1)",
     "INTERVAL 1 MILLISECOND"},
    {"microsecond", "(epoch_us($1) % 1000000)", "date_diff('microsecond', $2, $1)",
     "INTERVAL 1 MICROSECOND"},
    {"nanosecond", "(epoch_us($1) % 1000000 * 1000)", "(date_diff('microsecond', $2, $1) * 1000)",
     NULL},
};

static const struct period *find_period(struct str name)
{
    for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
        if (str_eq_ascii_nocase(name, str_from_c(periods[i].name)))
            return &periods[i];
    return NULL;
}

static int refuse_period(struct hunt_bind *bind, const struct hunt_call *call)
{
    return hunt_refuse(bind, call->place, "%.*s() knows no period '%.*s'", STR_ARG(call->name),
                       STR_ARG(call->args[0].literal.text));
}

/* datetime_diff(period, a, b): whole periods that begin between the two. */
static int emit_difference(struct hunt_bind *bind, const struct hunt_call *call,
                           struct hunt_value *ret)
{
    const struct period *period = find_period(call->args[0].literal.text);
    if (!period || !period->difference)
        return refuse_period(bind, call);
    ret->sql = hunt_fill(bind, period->difference, call->args + 1, 2, (struct str){0});
    return 0;
}

static int emit_part(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    const struct period *period = find_period(call->args[0].literal.text);
    if (!period || !period->part)
        return refuse_period(bind, call);
    ret->sql = hunt_fill(bind, period->part, call->args + 1, 1, (struct str){0});
    return 0;
}

/* datetime_add(period, amount, time) */
static int emit_add(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    const struct period *period = find_period(call->args[0].literal.text);
    if (!period || !period->interval)
        return refuse_period(bind, call);
    struct str move = hunt_text(bind, "($2 + $1 * %s)", period->interval);
    ret->sql = hunt_fill(bind, hunt_text(bind, "%.*s", STR_ARG(move)).ptr, call->args + 1, 2,
                         (struct str){0});
    return 0;
}

/* ---- bins ---- */

/* bin_at(value, size, fixed): bins of which one begins at `fixed`. */
static int emit_bin_at(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    struct hunt_value args[3] = {call->args[0], call->args[1], call->args[2]};
    bool whole =
        args[0].type == KQL_INT || args[0].type == KQL_LONG || args[0].type == KQL_TIMESPAN;
    ret->type = args[0].type;
    const char *sql = "(CASE WHEN $2 > 0 THEN $3 + floor(($1 - $3) / $2) * $2 END)";
    if (args[0].type == KQL_DATETIME)
        sql = "(CASE WHEN $2 > 0 THEN make_timestamp(epoch_us($1)"
              " - (((epoch_us($1) - epoch_us($3)) % $2 + $2) % $2)) END)";
    else if (whole)
        sql = "(CASE WHEN $2 > 0 THEN $1 - ((($1 - $3) % $2 + $2) % $2) END)";
    else
        ret->type = KQL_REAL;
    ret->sql = hunt_fill(bind, sql, args, 3, (struct str){0});
    return 0;
}

/* The last tick of a period: one µs before the next begins. */
#define LAST(start, period) "(" start " + INTERVAL " period " - INTERVAL 1 MICROSECOND)"
#define TRUNC(unit, n) "(date_trunc('" unit "', $1) + " n " * INTERVAL 1 " unit ")"
#define SINCE_1970(us) "make_timestamp(CAST(CAST($1 AS DOUBLE) * " us " AS BIGINT))"

const struct hunt_function hunt_time_scalars[] = {
    {"bin_at(value: scalar, size: scalar, fixed: scalar) any", .emit = emit_bin_at,
     .naming = HUNT_NAMED_BY_FIRST},
    {"startofday(time: datetime, offset: long = 0) datetime", .sql = TRUNC("day", "$2"),
     .naming = HUNT_NAMED_BY_FIRST},
    {"startofweek(time: datetime, offset: long = 0) datetime",
     .sql = "(" WEEK("$1") " + $2 * INTERVAL 7 DAY)"},
    {"startofmonth(time: datetime, offset: long = 0) datetime", .sql = TRUNC("month", "$2")},
    {"startofyear(time: datetime, offset: long = 0) datetime", .sql = TRUNC("year", "$2")},
    {"endofday(time: datetime, offset: long = 0) datetime",
     .sql = LAST(TRUNC("day", "$2"), "1 DAY")},
    {"endofweek(time: datetime, offset: long = 0) datetime",
     .sql = "(" WEEK("$1") " + ($2 + 1) * INTERVAL 7 DAY - INTERVAL 1 MICROSECOND)"},
    {"endofmonth(time: datetime, offset: long = 0) datetime",
     .sql = LAST(TRUNC("month", "$2"), "1 MONTH")},
    {"endofyear(time: datetime, offset: long = 0) datetime",
     .sql = LAST(TRUNC("year", "$2"), "1 YEAR")},
    {"datetime_add(period: const string, amount: long, time: datetime) datetime", .emit = emit_add},
    {"datetime_diff(period: const string, a: datetime, b: datetime) long", .emit = emit_difference},
    {"datetime_part(period: const string, time: datetime) long", .emit = emit_part},
    {"datepart(period: const string, time: datetime) long", .emit = emit_part},
    {"dayofweek(time: datetime) timespan", .sql = "(dayofweek($1) * 86400000000)"},
    {"dayofmonth(time: datetime) int", .sql = "day($1)"},
    {"dayofyear(time: datetime) int", .sql = "dayofyear($1)"},
    {"hourofday(time: datetime) int", .sql = "hour($1)"},
    {"weekofyear(time: datetime) int", .sql = "week($1)"},
    {"week_of_year(time: datetime) int", .sql = "week($1)"},
    {"monthofyear(time: datetime) int", .sql = "month($1)"},
    {"getmonth(time: datetime) int", .sql = "month($1)"},
    {"getyear(time: datetime) int", .sql = "year($1)"},
    {"format_datetime(time: datetime, format: string) string", .sql = "kql_format_datetime($1, $2)",
     .naming = HUNT_NAMED_BY_FIRST},
    {"format_timespan(timespan: timespan, format: string) string",
     .sql = "kql_format_timespan($1, $2)", .naming = HUNT_NAMED_BY_FIRST},
    {"make_datetime(time: scalar) datetime", .sql = "kql_datetime(CAST($1 AS VARCHAR))",
     .naming = HUNT_NAMED_BY_ONLY},
    {"make_datetime(year: long, month: long, day: long, hour: long = 0, minute: long = 0, second: "
     "real = 0) datetime",
     .sql = "TRY(make_timestamp($1, $2, $3, $4, $5, $6))", .naming = HUNT_NAMED_BY_ONLY},
    {"make_timespan(hour: long, minute: long, second: real = 0) timespan",
     .sql = "($1 * 3600000000 + $2 * 60000000 + CAST($3 * 1000000 AS BIGINT))",
     .naming = HUNT_NAMED_BY_ONLY},
    {"make_timespan(day: long, hour: long, minute: long, second: real) timespan",
     .sql = "($1 * 86400000000 + $2 * 3600000000 + $3 * 60000000 + CAST($4 * 1000000 AS BIGINT))",
     .naming = HUNT_NAMED_BY_ONLY},
    {"unixtime_seconds_todatetime(seconds: number) datetime", .sql = SINCE_1970("1000000")},
    {"unixtime_milliseconds_todatetime(milliseconds: number) datetime", .sql = SINCE_1970("1000")},
    {"unixtime_microseconds_todatetime(microseconds: number) datetime",
     .sql = "make_timestamp(CAST($1 AS BIGINT))"},
    {"unixtime_nanoseconds_todatetime(nanoseconds: number) datetime",
     .sql = "make_timestamp(CAST($1 // 1000 AS BIGINT))"},
    {"datetime_utc_to_local(time: datetime, zone: string) datetime",
     .sql = "CAST(timezone($2, timezone('UTC', $1)) AS TIMESTAMP)"},
    {"datetime_local_to_utc(time: datetime, zone: string) datetime",
     .sql = "CAST(timezone('UTC', timezone($2, $1)) AS TIMESTAMP)"},
    {0},
};
