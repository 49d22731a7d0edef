/*
 * Values of one type as another. Constants are converted now, where that is simple, so that times and sizes of
 * bins stay known.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "hunt/bind.h"
#include "hunt/kql_literal.h"

/* 0001-01-01, where Kusto's datetimes begin, before 1970-01-01. */
#define YEAR_ONE_US INT64_C(62135596800000000)

struct hunt_value bind_text_constant(struct hunt_bind *bind, struct str text)
{
    struct kql_literal literal = {.type = KQL_STRING, .text = text};
    return hunt_constant(bind, &literal);
}

struct hunt_value bind_long_constant(struct hunt_bind *bind, int64_t number)
{
    struct kql_literal literal = {.type = KQL_LONG, .integer = number};
    return hunt_constant(bind, &literal);
}

/* Text of a JSON value: a string without its quotes; NULL for null. */
static struct str dynamic_text(struct hunt_bind *bind, const struct hunt_value *value)
{
    if (value->text.len)
        return value->text;
    if (value->base.len)
        return hunt_text(bind, "json_extract_string(%.*s, %.*s)", STR_ARG(value->base),
                         STR_ARG(value->path));
    return hunt_text(bind, "json_extract_string(%.*s, '$')", STR_ARG(value->sql));
}

static struct str as_text(struct hunt_bind *bind, const struct hunt_value *value)
{
    switch (value->type) {
    case KQL_REAL:
        return hunt_text(bind, "kql_real_text(%.*s)", STR_ARG(value->sql));
    case KQL_DATETIME:
        return hunt_text(bind, "strftime(%.*s, '%%Y-%%m-%%dT%%H:%%M:%%S.%%f0Z')",
                         STR_ARG(value->sql));
    case KQL_TIMESPAN:
        return hunt_text(bind, "kql_timespan_text(%.*s)", STR_ARG(value->sql));
    case KQL_DYNAMIC:
        return dynamic_text(bind, value);
    case KQL_STRING:
    case KQL_GUID:
        return value->sql;
    default:
        return hunt_text(bind, "CAST(%.*s AS VARCHAR)", STR_ARG(value->sql));
    }
}

static struct str as_bool(struct hunt_bind *bind, const struct hunt_value *value)
{
    if (bind_is_number(value->type))
        return hunt_text(bind, "(%.*s <> 0)", STR_ARG(value->sql));
    return hunt_text(bind, "kql_bool(%.*s)", STR_ARG(as_text(bind, value)));
}

static struct str as_long(struct hunt_bind *bind, const struct hunt_value *value)
{
    struct str sql = value->sql, text;
    switch (value->type) {
    case KQL_BOOL:
        return hunt_text(bind, "CAST(%.*s AS BIGINT)", STR_ARG(sql));
    case KQL_REAL:
    case KQL_DECIMAL:
        return hunt_text(bind, "TRY_CAST(trunc(%.*s) AS BIGINT)", STR_ARG(sql));
    case KQL_DATETIME:
        return hunt_text(bind, "((epoch_us(%.*s) + %" PRId64 ") * 10)", STR_ARG(sql), YEAR_ONE_US);
    case KQL_TIMESPAN:
        return hunt_text(bind, "(%.*s * 10)", STR_ARG(sql));
    case KQL_DYNAMIC:
        text = dynamic_text(bind, value);
        return hunt_text(bind,
                         "coalesce(kql_long(%.*s), TRY_CAST(trunc(kql_real(%.*s)) AS BIGINT))",
                         STR_ARG(text), STR_ARG(text));
    case KQL_STRING:
    case KQL_GUID:
        return hunt_text(bind, "kql_long(%.*s)", STR_ARG(sql));
    default:
        return sql;
    }
}

static struct str as_real(struct hunt_bind *bind, const struct hunt_value *value)
{
    switch (value->type) {
    case KQL_STRING:
    case KQL_GUID:
    case KQL_DYNAMIC:
        return hunt_text(bind, "kql_real(%.*s)", STR_ARG(as_text(bind, value)));
    case KQL_DATETIME:
    case KQL_TIMESPAN:
        return hunt_text(bind, "CAST(%.*s AS DOUBLE)", STR_ARG(as_long(bind, value)));
    default:
        return hunt_text(bind, "CAST(%.*s AS DOUBLE)", STR_ARG(value->sql));
    }
}

static struct str as_datetime(struct hunt_bind *bind, const struct hunt_value *value)
{
    if (bind_is_number(value->type))
        return hunt_text(bind, "make_timestamp(%.*s // 10 - %" PRId64 ")",
                         STR_ARG(as_long(bind, value)), YEAR_ONE_US);
    return hunt_text(bind, "kql_datetime(%.*s)", STR_ARG(as_text(bind, value)));
}

static struct str as_timespan(struct hunt_bind *bind, const struct hunt_value *value)
{
    if (bind_is_number(value->type))
        return hunt_text(bind, "(%.*s // 10)", STR_ARG(as_long(bind, value)));
    return hunt_text(bind, "kql_timespan(%.*s)", STR_ARG(as_text(bind, value)));
}

struct str hunt_element(struct hunt_bind *bind, struct hunt_value value)
{
    struct str sql = value.sql;
    if (value.type == KQL_DYNAMIC)
        return hunt_text(bind, "coalesce(%.*s, 'null'::JSON)", STR_ARG(sql));
    if (value.type == KQL_STRING || value.type == KQL_GUID)
        return hunt_text(bind, "to_json(%.*s)", STR_ARG(bind_filled(bind, &value)));
    if (value.type == KQL_DATETIME || value.type == KQL_TIMESPAN)
        sql = as_text(bind, &value);
    return hunt_text(bind, "coalesce(to_json(%.*s), 'null'::JSON)", STR_ARG(sql));
}

/* NULL stays NULL, unlike in an element. */
static struct str as_dynamic(struct hunt_bind *bind, const struct hunt_value *value)
{
    if (value->type == KQL_STRING)
        return hunt_text(bind, "kql_dynamic(%.*s)", STR_ARG(value->sql));
    return hunt_text(bind, "to_json(%.*s)", STR_ARG(as_text(bind, value)));
}

static struct str converted(struct hunt_bind *bind, const struct hunt_value *value,
                            enum kql_type type)
{
    switch (type) {
    case KQL_BOOL:
        return as_bool(bind, value);
    case KQL_INT:
        return hunt_text(bind, "CAST(TRY_CAST(%.*s AS INTEGER) AS BIGINT)",
                         STR_ARG(as_long(bind, value)));
    case KQL_LONG:
        return as_long(bind, value);
    case KQL_REAL:
        return as_real(bind, value);
    case KQL_DECIMAL:
        return hunt_text(bind, "TRY_CAST(%.*s AS DECIMAL(38,9))", STR_ARG(as_text(bind, value)));
    case KQL_STRING:
        return hunt_text(bind, "coalesce(%.*s, '')", STR_ARG(as_text(bind, value)));
    case KQL_DATETIME:
        return as_datetime(bind, value);
    case KQL_TIMESPAN:
        return as_timespan(bind, value);
    case KQL_DYNAMIC:
        if (bind_is_number(value->type) || value->type == KQL_BOOL)
            return hunt_text(bind, "to_json(%.*s)", STR_ARG(value->sql));
        return as_dynamic(bind, value);
    case KQL_GUID:
        return hunt_text(bind, "CAST(TRY_CAST(%.*s AS UUID) AS VARCHAR)",
                         STR_ARG(as_text(bind, value)));
    default:
        return value->sql;
    }
}

static bool text_constant(const struct kql_literal *from, enum kql_type type,
                          struct kql_literal *ret)
{
    int64_t number;
    double real;
    switch (type) {
    case KQL_DATETIME:
        if (time_parse(str_trim(from->text), &number) < 0 || number > INT64_MAX / 10 ||
            number < INT64_MIN / 10)
            return false;
        ret->ticks = number * KQL_TICKS_PER_US;
        return true;
    case KQL_INT:
    case KQL_LONG:
        if (str_to_i64(str_trim(from->text), &number) < 0 ||
            (type == KQL_INT && (number > INT32_MAX || number < INT32_MIN)))
            return false;
        ret->integer = number;
        return true;
    case KQL_REAL:
        if (str_to_double(str_trim(from->text), &real) < 0)
            return false;
        ret->real = real;
        return true;
    case KQL_TIMESPAN:
        return kql_timespan_read(str_trim(from->text), &ret->ticks) == 0;
    default:
        return false;
    }
}

static bool number_constant(const struct kql_literal *from, enum kql_type type,
                            struct kql_literal *ret)
{
    bool whole = from->type == KQL_INT || from->type == KQL_LONG;
    if (type == KQL_REAL)
        ret->real = whole ? (double)from->integer : from->real;
    else if (type == KQL_LONG && whole)
        ret->integer = from->integer;
    else if (type == KQL_LONG && fabs(from->real) < 9e18)
        ret->integer = (int64_t)from->real;
    else if (type == KQL_INT && whole && from->integer <= INT32_MAX && from->integer >= INT32_MIN)
        ret->integer = from->integer;
    else
        return false;
    return true;
}

static bool convert_constant(const struct kql_literal *from, enum kql_type type,
                             struct kql_literal *ret)
{
    *ret = (struct kql_literal){.type = type, .null = from->null, .hidden = from->hidden};
    if (from->null)
        return type != KQL_STRING;
    if (from->type == KQL_STRING)
        return text_constant(from, type, ret);
    if (from->type == KQL_INT || from->type == KQL_LONG || from->type == KQL_REAL)
        return number_constant(from, type, ret);
    return false;
}

struct hunt_value hunt_convert(struct hunt_bind *bind, struct hunt_value value, enum kql_type type)
{
    if (value.type == type || type == KQL_TYPE_NONE) {
        if (type == KQL_STRING && !value.filled) {
            value.sql = bind_filled(bind, &value);
            value.filled = true;
        }
        return value;
    }
    struct kql_literal literal;
    if (value.constant && convert_constant(&value.literal, type, &literal))
        return hunt_constant(bind, &literal);
    if (value.constant && type == KQL_STRING && !value.literal.null &&
        (value.type == KQL_INT || value.type == KQL_LONG))
        return bind_text_constant(bind, hunt_text(bind, "%" PRId64, value.literal.integer));
    certain_conversion(bind, value.text.len ? KQL_STRING : value.type, type);
    struct hunt_value result = bind_value(type, converted(bind, &value, type));
    result.absent = value.absent;
    bool lossless = (value.type == KQL_INT && type == KQL_LONG) ||
                    ((value.type == KQL_INT || value.type == KQL_LONG) && type == KQL_REAL);
    result.filled = type == KQL_STRING || (lossless && value.filled);
    return result;
}

struct hunt_value bind_as(struct hunt_bind *bind, struct hunt_value value, enum kql_type type)
{
    if (value.type == type || type == KQL_TYPE_NONE)
        return value;
    if (type == KQL_LONG && value.type == KQL_INT) {
        value.type = KQL_LONG;
        if (value.constant)
            value.literal.type = KQL_LONG;
        return value;
    }
    if (type == KQL_STRING && value.type == KQL_GUID) {
        value.type = KQL_STRING;
        value.constant = false;
        return value;
    }
    return hunt_convert(bind, value, type);
}
