/*
 * The C functions that conversions from one type to another call, and gettype().
 */
#include <math.h>

#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/kql_literal.h"
#include "hunt/native.h"
#include "hunt/value.h"
#include "parse/json.h"

/* ---- real ---- */

NATIVE(real_text)
{
    struct buf buf = {0};
    value_write_real(&buf, native_double(call, 0, row));
    native_put(call, row, &buf);
}

NATIVE(real_of)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", NAN},
                 {"inf", INFINITY},
                 {"infinity", INFINITY},
                 {"-inf", -INFINITY},
                 {"-infinity", -INFINITY}};
    struct str text = str_trim(native_text(call, 0, row));
    if (str_to_double(text, &call->doubles[row]) == 0)
        return;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_eq_ascii_nocase(text, str_from_c(words[i].word))) {
            call->doubles[row] = words[i].value;
            return;
        }
    call->put_null(call, row);
}

/* ---- long, bool ---- */

NATIVE(long_of)
{
    struct str text = str_trim(native_text(call, 0, row));
    uint64_t hex;
    if (str_to_i64(text, &call->integers[row]) == 0)
        return;
    bool written = str_starts(text, STR("0x")) || str_starts(text, STR("0X"));
    if (written && str_to_u64(text, &hex) == 0)
        call->integers[row] = (int64_t)hex;
    else
        call->put_null(call, row);
}

NATIVE(bool_of)
{
    struct str text = str_trim(native_text(call, 0, row));
    int64_t number;
    if (str_to_i64(text, &number) == 0)
        call->booleans[row] = number != 0;
    else if (str_eq_ascii_nocase(text, STR("true")) || str_eq_ascii_nocase(text, STR("false")))
        call->booleans[row] = text.len == 4;
    else
        call->put_null(call, row);
}

/* ---- times ---- */

NATIVE(timespan_text)
{
    int64_t us = native_integer(call, 0, row);
    uint64_t size = us < 0 ? -(uint64_t)us : (uint64_t)us, second = size / 1000000;
    struct buf buf = {0};
    buf_add_c(&buf, us < 0 ? "-" : "");
    if (second >= 86400)
        buf_printf(&buf, "%llu.", (unsigned long long)(second / 86400));
    buf_printf(&buf, "%02u:%02u:%02u", (unsigned)(second / 3600 % 24), (unsigned)(second / 60 % 60),
               (unsigned)(second % 60));
    if (size % 1000000)
        buf_printf(&buf, ".%06u0", (unsigned)(size % 1000000));
    native_put(call, row, &buf);
}

NATIVE(timespan_of)
{
    int64_t ticks;
    if (kql_timespan_read(str_trim(native_text(call, 0, row)), &ticks) < 0)
        call->put_null(call, row);
    else
        call->integers[row] = ticks / KQL_TICKS_PER_US;
}

NATIVE(datetime_of)
{
    int64_t ticks;
    if (kql_datetime_read(str_trim(native_text(call, 0, row)), &ticks) < 0)
        call->put_null(call, row);
    else
        call->integers[row] = ticks / KQL_TICKS_PER_US;
}

/* ---- dynamic ---- */

/* Is all of text one JSON value (RFC 8259)? The reader of JSON takes objects, so others are put into one. */
static bool is_json(struct str text, struct buf *room)
{
    if (text.ptr[0] == '{')
        return !json_check(text);
    struct json_cursor walk = {text.ptr, text.ptr + text.len, false};
    struct str key, value;
    if (!strchr("[\"-0123456789tfn", text.ptr[0]) || !json_cursor_next(&walk, &key, &value) ||
        value.len != text.len)
        return false;
    buf_clear(room);
    buf_add_c(room, "{\"\":");
    buf_add_str(room, text);
    buf_add_c(room, "}");
    return !room->failed && !json_check(buf_str(room));
}

NATIVE(dynamic_of)
{
    struct str text = str_trim(native_text(call, 0, row));
    struct buf room = {0};
    if (text.len == 0 || str_eq(text, STR("null"))) {
        call->put_null(call, row);
    } else if (is_json(text, &room)) {
        call->put_text(call, row, text);
    } else {
        buf_clear(&room);
        buf_add_json(&room, native_text(call, 0, row));
        native_put(call, row, &room);
        return;
    }
    buf_free(&room);
}

static const char *const kind_names[] = {
    [DYNAMIC_NONE] = "null",      [DYNAMIC_NULL] = "null",     [DYNAMIC_BOOL] = "bool",
    [DYNAMIC_NUMBER] = "double",  [DYNAMIC_STRING] = "string", [DYNAMIC_ARRAY] = "array",
    [DYNAMIC_BAG] = "dictionary",
};

NATIVE(type_of)
{
    struct str value = str_trim(native_text(call, 0, row));
    enum dynamic_kind kind = native_is_null(call, 0, row) ? DYNAMIC_NULL : dynamic_kind(value);
    int64_t whole;
    bool is_long = kind == DYNAMIC_NUMBER && str_to_i64(value, &whole) == 0;
    call->put_text(call, row, str_from_c(is_long ? "long" : kind_names[kind]));
}

const struct lake_function hunt_convert_natives[] = {
    {.name = "kql_real_text", .result = LAKE_TEXT, .parameters = {LAKE_DOUBLE}, .call = real_text},
    {.name = "kql_real", .result = LAKE_DOUBLE, .parameters = {LAKE_TEXT}, .call = real_of},
    {.name = "kql_long", .result = LAKE_INTEGER, .parameters = {LAKE_TEXT}, .call = long_of},
    {.name = "kql_bool", .result = LAKE_BOOLEAN, .parameters = {LAKE_TEXT}, .call = bool_of},
    {.name = "kql_timespan_text",
     .result = LAKE_TEXT,
     .parameters = {LAKE_INTEGER},
     .call = timespan_text},
    {.name = "kql_timespan",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT},
     .call = timespan_of},
    {.name = "kql_datetime", .result = LAKE_TIME, .parameters = {LAKE_TEXT}, .call = datetime_of},
    {.name = "kql_dynamic", .result = LAKE_JSON, .parameters = {LAKE_TEXT}, .call = dynamic_of},
    {.name = "kql_gettype",
     .result = LAKE_TEXT,
     .parameters = {LAKE_TEXT},
     .takes_nulls = true,
     .call = type_of},
    {0},
};

/* ---- the rows ---- */

static int emit_gettype(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    static const char *const names[] = {
        [KQL_BOOL] = "bool",         [KQL_INT] = "int",           [KQL_LONG] = "long",
        [KQL_REAL] = "double",       [KQL_DECIMAL] = "decimal",   [KQL_STRING] = "string",
        [KQL_DATETIME] = "datetime", [KQL_TIMESPAN] = "timespan", [KQL_GUID] = "guid",
    };
    enum kql_type type = call->args[0].type;
    if (type == KQL_DYNAMIC)
        ret->sql = hunt_fill(bind, "kql_gettype($1)", call->args, 1, (struct str){0});
    else
        ret->sql = hunt_quote(bind, str_from_c(type == KQL_TYPE_NONE ? "null" : names[type]));
    ret->filled = true;
    return 0;
}

const struct hunt_function hunt_convert_scalars[] = {
    {"gettype(value: scalar) string", .emit = emit_gettype, .naming = HUNT_NAMED_PREFIX,
     .prefix = "type"},
    {0},
};
