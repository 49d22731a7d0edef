/*
 * Texts of SQL: names, literals, templates.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"
#include "base/utf8.h"
#include "hunt/bind.h"
#include "lake/lake.h"

static const char *const sql_types[] = {
    [KQL_TYPE_NONE] = "VARCHAR", [KQL_BOOL] = "BOOLEAN",       [KQL_INT] = "BIGINT",
    [KQL_LONG] = "BIGINT",       [KQL_REAL] = "DOUBLE",        [KQL_DECIMAL] = "DECIMAL(38,9)",
    [KQL_STRING] = "VARCHAR",    [KQL_DATETIME] = "TIMESTAMP", [KQL_TIMESPAN] = "BIGINT",
    [KQL_DYNAMIC] = "JSON",      [KQL_GUID] = "VARCHAR",
};

void *bind_alloc(struct hunt_bind *bind, size_t count, size_t size)
{
    void *items = arena_zero(bind->arena, count ? count : 1, size);
    if (!items)
        bind_spent(bind, -ENOMEM, "the query needs too much memory to compile");
    return items;
}

void bind_spent(struct hunt_bind *bind, int code, const char *message)
{
    (void)err_set(bind->err, code, "%s", message);
    longjmp(bind->spent, 1);
}

struct str hunt_text(struct hunt_bind *bind, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int len = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text =
        len < 0 || (size_t)len > BIND_SQL_MAX ? NULL : arena_bytes(bind->arena, (size_t)len + 1);
    if (!text)
        bind_spent(bind, -E2BIG, "the query is too large once it is compiled");
    va_start(list, format);
    (void)vsnprintf(text, (size_t)len + 1, format, list);
    va_end(list);
    return str_of(text, (size_t)len);
}

struct str bind_keep(struct hunt_bind *bind, struct buf *buf)
{
    struct str kept = {0};
    if (!buf->failed && buf->len <= BIND_SQL_MAX)
        kept = arena_copy(bind->arena, buf_str(buf));
    buf_free(buf);
    if (!kept.ptr)
        bind_spent(bind, -E2BIG, "the query is too large once it is compiled");
    return kept;
}

struct str bind_quote_name(struct hunt_bind *bind, struct str name)
{
    struct buf buf = {0};
    lake_quote_name(&buf, name);
    return bind_keep(bind, &buf);
}

struct str hunt_quote(struct hunt_bind *bind, struct str text)
{
    struct str rest = utf8_repair(text, bind->arena);
    if (text.len && !rest.ptr)
        bind_spent(bind, -ENOMEM, "the query needs too much memory to compile");
    struct buf buf = {0};
    struct str part;
    bool pieces = text.len > 0 && memchr(text.ptr, '\0', text.len);
    /* The engine reads SQL up to a NUL. */
    if (pieces)
        buf_add_c(&buf, "concat(");
    bool more = false;
    while (rest.len && str_cut(&rest, '\0', &part)) {
        if (more)
            buf_add_c(&buf, ", chr(0), ");
        lake_quote_text(&buf, part);
        more = true;
    }
    if (!more)
        lake_quote_text(&buf, STR(""));
    if (pieces)
        buf_add_c(&buf, text.ptr[text.len - 1] == '\0' ? ", chr(0))" : ")");
    return bind_keep(bind, &buf);
}

const char *bind_sql_type(enum kql_type type)
{
    return sql_types[type];
}

struct str bind_null(struct hunt_bind *bind, enum kql_type type)
{
    return hunt_text(bind, "NULL::%s", sql_types[type]);
}

bool bind_is_number(enum kql_type type)
{
    return type == KQL_INT || type == KQL_LONG || type == KQL_REAL || type == KQL_DECIMAL;
}

struct hunt_value bind_value(enum kql_type type, struct str sql)
{
    return (struct hunt_value){.type = type, .sql = sql};
}

struct str bind_filled(struct hunt_bind *bind, const struct hunt_value *value)
{
    if (value->filled || (value->type != KQL_STRING && value->type != KQL_GUID))
        return value->sql;
    return hunt_text(bind, "coalesce(%.*s, '')", STR_ARG(value->sql));
}

struct str bind_time_literal(struct hunt_bind *bind, int64_t time_us)
{
    struct time_parts parts;
    time_to_parts(time_us, &parts);
    return hunt_text(bind, "TIMESTAMP '%04" PRId64 "-%02d-%02d %02d:%02d:%02d.%06d'", parts.year,
                     parts.month, parts.day, parts.hour, parts.minute, parts.second, parts.micro);
}

int64_t bind_ticks_us(int64_t ticks)
{
    int64_t us = ticks / KQL_TICKS_PER_US;
    return ticks % KQL_TICKS_PER_US < 0 ? us - 1 : us;
}

static struct str integer_literal(struct hunt_bind *bind, int64_t number)
{
    if (number == INT64_MIN)
        return str_from_c("(-9223372036854775807 - 1)");
    return hunt_text(bind, number < 0 ? "(%" PRId64 ")" : "%" PRId64, number);
}

static struct str real_literal(struct hunt_bind *bind, double number)
{
    if (isnan(number))
        return str_from_c("'nan'::DOUBLE");
    if (isinf(number))
        return str_from_c(number < 0 ? "'-inf'::DOUBLE" : "'inf'::DOUBLE");
    char digits[40];
    (void)snprintf(digits, sizeof(digits), "%.17g", number);
    /* Without an exponent it would be a DECIMAL. */
    return hunt_text(bind, number < 0 ? "(%s%s)" : "%s%s", digits, strchr(digits, 'e') ? "" : "e0");
}

struct hunt_value hunt_constant(struct hunt_bind *bind, const struct kql_literal *literal)
{
    struct hunt_value value = {
        .type = literal->type, .constant = true, .filled = !literal->null, .literal = *literal};
    if (literal->null) {
        value.filled = literal->type == KQL_STRING;
        value.sql = value.filled ? STR("''") : bind_null(bind, literal->type);
        return value;
    }
    switch (literal->type) {
    case KQL_BOOL:
        value.sql = literal->boolean ? STR("TRUE") : STR("FALSE");
        break;
    case KQL_INT:
    case KQL_LONG:
        value.sql = integer_literal(bind, literal->integer);
        break;
    case KQL_REAL:
        value.sql = real_literal(bind, literal->real);
        break;
    case KQL_DATETIME:
        value.sql = bind_time_literal(bind, bind_ticks_us(literal->ticks));
        break;
    case KQL_TIMESPAN:
        value.sql = integer_literal(bind, bind_ticks_us(literal->ticks));
        break;
    case KQL_DECIMAL:
        value.sql = hunt_text(bind, "TRY_CAST(%.*s AS DECIMAL(38,9))",
                              STR_ARG(hunt_quote(bind, literal->text)));
        value.filled = false;
        break;
    default:
        value.sql = hunt_quote(bind, literal->text);
    }
    return value;
}

static void add_arguments(struct buf *buf, const struct hunt_value *args, uint32_t n_args,
                          uint32_t from)
{
    for (uint32_t i = from; i < n_args; i++) {
        if (i > from)
            buf_add_c(buf, ", ");
        buf_add_str(buf, args[i].sql);
    }
}

struct str hunt_fill(struct hunt_bind *bind, const char *sql, const struct hunt_value *args,
                     uint32_t n_args, struct str over)
{
    struct buf buf = {0};
    for (const char *at = sql; *at; at++) {
        uint32_t number =
            at[0] == '$' && at[1] >= '1' && at[1] <= '9' ? (uint32_t)(at[1] - '0') : 0;
        if (strncmp(at, "$over", 5) == 0) {
            buf_add_str(&buf, over);
            at += 4;
        } else if (at[0] == '$' && at[1] == '*') {
            add_arguments(&buf, args, n_args, 0);
            at++;
        } else if (number && at[2] == '*') {
            add_arguments(&buf, args, n_args, number - 1);
            at += 2;
        } else if (number) {
            if (number <= n_args)
                buf_add_str(&buf, args[number - 1].sql);
            at++;
        } else
            buf_add_byte(&buf, *at);
    }
    return bind_keep(bind, &buf);
}

static int refuse(struct hunt_bind *bind, int code, struct kql_place place, const char *format,
                  va_list list) __attribute__((format(printf, 4, 0)));

static int refuse(struct hunt_bind *bind, int code, struct kql_place place, const char *format,
                  va_list list)
{
    char message[ERR_MESSAGE_MAX];
    (void)vsnprintf(message, sizeof(message), format, list);
    return err_at(bind->err, code, place.line, place.column, "%s", message);
}

int hunt_refuse(struct hunt_bind *bind, struct kql_place place, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int code = refuse(bind, -EINVAL, place, format, list);
    va_end(list);
    return code;
}

int bind_not_done(struct hunt_bind *bind, struct kql_place place, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int code = refuse(bind, -ENOTSUP, place, format, list);
    va_end(list);
    return code;
}
