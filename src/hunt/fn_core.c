/*
 * Functions that the language itself leans on: conversion, time, null, choice, counting.
 */
#include <inttypes.h>

#include "hunt/bind.h"
#include "lake/lake.h"

/* Kusto counts bins of time from 0001-01-01, a Monday. */
#define YEAR_ONE_US INT64_C(62135596800000000)

/* ---- conversion ---- */

static int emit_convert(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    struct hunt_value value = hunt_convert(bind, call->args[0], ret->type);
    *ret = value;
    return 0;
}

/* ---- time ---- */

static bool fold_now(const struct hunt_call *call, struct kql_literal *ret)
{
    int64_t offset = call->n_args ? call->args[0].literal.ticks : 0;
    return !__builtin_mul_overflow(call->now_us, KQL_TICKS_PER_US, &ret->ticks) &&
           !__builtin_add_overflow(ret->ticks, offset, &ret->ticks);
}

static bool fold_ago(const struct hunt_call *call, struct kql_literal *ret)
{
    return !__builtin_mul_overflow(call->now_us, KQL_TICKS_PER_US, &ret->ticks) &&
           !__builtin_sub_overflow(ret->ticks, call->args[0].literal.ticks, &ret->ticks);
}

static int emit_now(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    ret->sql = bind_time_literal(bind, call->now_us);
    if (call->n_args)
        ret->sql = hunt_text(bind, "(%.*s + to_microseconds(%.*s))", STR_ARG(ret->sql),
                             STR_ARG(call->args[0].sql));
    return 0;
}

static int emit_ago(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    ret->sql =
        hunt_text(bind, "(%.*s - to_microseconds(%.*s))",
                  STR_ARG(bind_time_literal(bind, call->now_us)), STR_ARG(call->args[0].sql));
    return 0;
}

/* ---- bins ---- */

static int64_t floor_to(int64_t value, int64_t size)
{
    int64_t rest = value % size;
    return value - (rest < 0 ? rest + size : rest);
}

static bool fold_bin(const struct hunt_call *call, struct kql_literal *ret)
{
    const struct kql_literal *value = &call->args[0].literal, *size = &call->args[1].literal;
    if (value->null || size->null || size->type != KQL_TIMESPAN || size->ticks <= 0)
        return false;
    if (value->type == KQL_DATETIME)
        ret->ticks = floor_to(value->ticks + YEAR_ONE_US * KQL_TICKS_PER_US, size->ticks) -
                     YEAR_ONE_US * KQL_TICKS_PER_US;
    else
        ret->ticks = floor_to(value->ticks, size->ticks);
    return true;
}

static int emit_bin_time(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    struct str at = call->args[0].sql, size = call->args[1].sql;
    ret->sql = hunt_text(
        bind, "make_timestamp(epoch_us(%.*s) - (epoch_us(%.*s) + %" PRId64 ") %% nullif(%.*s, 0))",
        STR_ARG(at), STR_ARG(at), YEAR_ONE_US, STR_ARG(size));
    return 0;
}

static const char bin_whole[] = "($1 - (($1 % nullif($2, 0)) + nullif($2, 0)) % nullif($2, 0))";

/* ---- null ---- */

static int emit_is_empty(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    bool empty = str_eq(call->name, STR("isempty"));
    struct hunt_value value = call->args[0];
    if (value.type == KQL_DYNAMIC)
        value = hunt_convert(bind, value, KQL_STRING);
    if (value.type == KQL_STRING || value.type == KQL_GUID)
        ret->sql = hunt_text(bind, empty ? "(%.*s = '')" : "(%.*s <> '')",
                             STR_ARG(bind_filled(bind, &value)));
    else
        ret->sql =
            hunt_text(bind, empty ? "(%.*s IS NULL)" : "(%.*s IS NOT NULL)", STR_ARG(value.sql));
    return 0;
}

/* A string is never null. */
static int emit_is_null(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    bool null = str_eq(call->name, STR("isnull"));
    if (call->args[0].type == KQL_STRING)
        ret->sql = null ? STR("FALSE") : STR("TRUE");
    else
        ret->sql = hunt_text(bind, null ? "(%.*s IS NULL)" : "(%.*s IS NOT NULL)",
                             STR_ARG(call->args[0].sql));
    return 0;
}

/* ---- choice ---- */

/* case(condition, value, condition, value, ..., value): an even argument is a condition. */
static int emit_case(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    if (call->n_args % 2 == 0)
        return hunt_refuse(bind, call->place, "case() ends with the value for all else");
    enum kql_type type = KQL_TYPE_NONE;
    for (uint32_t i = 1; i < call->n_args; i += i + 2 < call->n_args ? 2 : 1) {
        const struct hunt_value *value = &call->args[i];
        if (value->constant && value->literal.null)
            continue;
        if (type != KQL_TYPE_NONE && type != value->type)
            type = bind_is_number(type) && bind_is_number(value->type) ? KQL_REAL : KQL_STRING;
        else
            type = value->type;
    }
    type = type == KQL_INT ? KQL_LONG : type == KQL_TYPE_NONE ? call->args[1].type : type;
    bool filled = true;
    struct str sql = STR("CASE");
    for (uint32_t i = 0; i < call->n_args; i += 2) {
        struct hunt_value value = bind_as(bind, call->args[i + 1 < call->n_args ? i + 1 : i], type);
        filled = filled && value.filled;
        if (i + 1 == call->n_args)
            sql = hunt_text(bind, "%.*s ELSE %.*s END", STR_ARG(sql), STR_ARG(value.sql));
        else
            sql = hunt_text(bind, "%.*s WHEN %.*s THEN %.*s", STR_ARG(sql),
                            STR_ARG(hunt_convert(bind, call->args[i], KQL_BOOL).sql),
                            STR_ARG(value.sql));
    }
    *ret = (struct hunt_value){.type = type, .sql = sql, .filled = filled};
    return 0;
}

/* The first that is not null; of strings, the first that is not empty. */
/*
 * The first that says something; an empty text does not. What is absent is left out: a column that only one shape of
 * events has is bare then, so that the engine can skip what a comparison with it rules out.
 */
static int emit_coalesce(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    enum kql_type type = call->args[0].type;
    const struct hunt_value *last = NULL;
    struct str before = {0};
    for (uint32_t i = 0; i < call->n_args; i++) {
        if (call->args[i].absent)
            continue;
        if (last)
            before = hunt_text(bind, type == KQL_STRING ? "%.*snullif(%.*s, ''), " : "%.*s%.*s, ",
                               STR_ARG(before), STR_ARG(last->sql));
        last = &call->args[i];
    }
    *ret = (struct hunt_value){.type = type};
    ret->absent = !last;
    if (!last)
        ret->sql = bind_null(bind, type);
    else if (before.len)
        ret->sql = hunt_text(bind, "coalesce(%.*s%.*s)", STR_ARG(before),
                             STR_ARG(bind_filled(bind, last)));
    else
        ret->sql = last->sql;
    ret->filled = last && (last->filled || (before.len && type == KQL_STRING));
    return 0;
}

const struct hunt_function hunt_core_scalars[] = {
    {"tostring(value: raw scalar) string", .emit = emit_convert, .filled = true,
     .naming = HUNT_NAMED_BY_FIRST},
    {"tolong(value: scalar) long", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"toint(value: scalar) int", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"todouble(value: scalar) real", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"toreal(value: scalar) real", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"todecimal(value: scalar) decimal", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"tobool(value: scalar) bool", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"toboolean(value: scalar) bool", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"todatetime(value: scalar) datetime", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"totimespan(value: scalar) timespan", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"totime(value: scalar) timespan", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"toguid(value: scalar) guid", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"todynamic(value: raw scalar) dynamic", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"toobject(value: raw scalar) dynamic", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"parse_json(value: raw scalar) dynamic", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"parsejson(value: raw scalar) dynamic", .emit = emit_convert, .naming = HUNT_NAMED_BY_FIRST},
    {"now(offset: timespan?) datetime", .emit = emit_now, .fold = fold_now},
    {"ago(span: timespan) datetime", .emit = emit_ago, .fold = fold_ago},
    {"bin(value: datetime, size: timespan) datetime", .emit = emit_bin_time, .fold = fold_bin,
     .naming = HUNT_NAMED_BY_FIRST},
    {"bin(value: timespan, size: timespan) timespan", .sql = bin_whole, .fold = fold_bin,
     .naming = HUNT_NAMED_BY_FIRST},
    {"bin(value: long, size: long) long", .sql = bin_whole, .naming = HUNT_NAMED_BY_FIRST},
    {"bin(value: real, size: real) real", .sql = "(floor($1 / $2) * $2)",
     .naming = HUNT_NAMED_BY_FIRST},
    {"floor(value: datetime, size: timespan) datetime", .emit = emit_bin_time, .fold = fold_bin,
     .naming = HUNT_NAMED_BY_FIRST},
    {"floor(value: timespan, size: timespan) timespan", .sql = bin_whole, .fold = fold_bin,
     .naming = HUNT_NAMED_BY_FIRST},
    {"floor(value: long, size: long) long", .sql = bin_whole, .naming = HUNT_NAMED_BY_FIRST},
    {"floor(value: real, size: real) real", .sql = "(floor($1 / $2) * $2)",
     .naming = HUNT_NAMED_BY_FIRST},
    {"isempty(value: raw scalar) bool", .emit = emit_is_empty, .filled = true},
    {"isnotempty(value: raw scalar) bool", .emit = emit_is_empty, .filled = true},
    {"isnull(value: raw scalar) bool", .emit = emit_is_null, .filled = true},
    {"isnotnull(value: raw scalar) bool", .emit = emit_is_null, .filled = true},
    {"notnull(value: raw scalar) bool", .emit = emit_is_null, .filled = true},
    {"iff(condition: bool, then: same, else: same) same",
     .sql = "CASE WHEN $1 THEN $2 ELSE $3 END"},
    {"iif(condition: bool, then: same, else: same) same",
     .sql = "CASE WHEN $1 THEN $2 ELSE $3 END"},
    {"case(part: raw scalar...) any", .emit = emit_case},
    {"coalesce(value: raw same...) any", .emit = emit_coalesce},
    {"strcat(part: string...) string", .sql = "concat($*)", .filled = true},
    {0},
};

const struct hunt_function hunt_core_aggregates[] = {
    {"count() long", .sql = "count(*)", .filled = true},
    {"countif(condition: bool) long", .sql = "count(*) FILTER (WHERE $1)", .filled = true},
    {"sum(value: timespan) timespan", .sql = "coalesce(sum($1), 0)::BIGINT", .filled = true},
    {"sum(value: long) long", .sql = "coalesce(sum($1), 0)::BIGINT", .filled = true},
    {"sum(value: real) real", .sql = "coalesce(sum($1), 0)", .filled = true},
    {"dcount(value: scalar, accuracy: long?) long", .sql = "count(DISTINCT $1)", .filled = true},
    {0},
};
