/*
 * Scalar expressions: names, literals, dynamic(), and the way from a kind of expression to who binds it.
 */
#include <inttypes.h>

#include "base/nearest.h"
#include "base/time.h"
#include "hunt/bind.h"

static void note(struct hunt_bind *bind, struct column *column)
{
    for (uint32_t i = 0; i < bind->in.refs->len; i++)
        if (bind->in.refs->items[i] == column)
            return;
    column_list_add(bind, bind->in.refs, column);
}

static int bind_column(struct hunt_bind *bind, const struct kql_expr *expr, struct column *column,
                       struct hunt_value *ret)
{
    if (bind->in.aggregates && !bind->in.in_aggregate)
        return hunt_refuse(bind, expr->place,
                           "'%.*s' has many values here: it is wanted inside of an aggregate",
                           STR_ARG(expr->name));
    *ret = column_value(column);
    note(bind, column);
    return 0;
}

static struct str nearest_name(const struct hunt_bind *bind, struct str name)
{
    struct nearest nearest;
    nearest_begin(&nearest, name);
    for (uint32_t i = 0; bind->in.row && i < bind->in.row->fields.len; i++)
        nearest_offer(&nearest, bind->in.row->fields.items[i].name);
    for (const struct binding *binding = bind->scope; binding; binding = binding->next)
        nearest_offer(&nearest, binding->name);
    return nearest.found;
}

static int bind_unknown(struct hunt_bind *bind, const struct kql_expr *expr)
{
    struct str near = nearest_name(bind, expr->name);
    if (near.len)
        return hunt_refuse(bind, expr->place, "there is no column '%.*s'; did you mean '%.*s'?",
                           STR_ARG(expr->name), STR_ARG(near));
    return hunt_refuse(bind, expr->place, "there is no column '%.*s'", STR_ARG(expr->name));
}

static int bind_name_expr(struct hunt_bind *bind, const struct kql_expr *expr,
                          struct hunt_value *ret)
{
    const struct field *field = NULL;
    if (bind->in.source)
        return bind_column(bind, expr, bind_native(bind, bind->in.source, expr->name), ret);
    if (bind->in.row) {
        field = field_find(&bind->in.row->fields, expr->name);
        if (!field)
            field = field_find(&bind->in.row->hidden, expr->name);
    }
    if (field)
        return bind_column(bind, expr, field->column, ret);
    struct binding *binding = bind_find(bind, expr->name);
    if (!binding)
        return bind_unknown(bind, expr);
    return bind_binding_value(bind, binding, expr->place, ret);
}

static void add_json_time(struct buf *buf, const struct kql_literal *literal)
{
    struct time_parts parts;
    int64_t us = bind_ticks_us(literal->ticks);
    if (literal->type == KQL_DATETIME) {
        time_to_parts(us, &parts);
        buf_printf(buf, "\"%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%06d0Z\"", parts.year,
                   parts.month, parts.day, parts.hour, parts.minute, parts.second, parts.micro);
        return;
    }
    const char *sign = us < 0 ? "-" : "";
    uint64_t left = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    uint64_t seconds = left / TIME_SECOND_US;
    buf_printf(buf, "\"%s", sign);
    if (seconds >= 86400)
        buf_printf(buf, "%" PRIu64 ".", seconds / 86400);
    buf_printf(buf, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600 % 24,
               seconds / 60 % 60, seconds % 60);
    if (left % TIME_SECOND_US)
        buf_printf(buf, ".%06" PRIu64 "0", left % TIME_SECOND_US);
    buf_add_byte(buf, '"');
}

/* dynamic(...) as JSON (RFC 8259); times as the texts that tostring() makes. */
static void add_json(struct buf *buf, const struct kql_expr *expr)
{
    const struct kql_literal *literal = &expr->literal;
    if (expr->kind == KQL_JSON)
        add_json(buf, expr->operand);
    else if (expr->kind == KQL_ARRAY) {
        for (uint32_t i = 0; i < expr->exprs.len; i++) {
            buf_add_byte(buf, i ? ',' : '[');
            add_json(buf, expr->exprs.items[i]);
        }
        buf_add_c(buf, expr->exprs.len ? "]" : "[]");
    } else if (expr->kind == KQL_BAG) {
        for (uint32_t i = 0; i < expr->bag.len; i++) {
            buf_add_byte(buf, i ? ',' : '{');
            buf_add_json(buf, expr->bag.items[i].key);
            buf_add_byte(buf, ':');
            add_json(buf, expr->bag.items[i].value);
        }
        buf_add_c(buf, expr->bag.len ? "}" : "{}");
    } else if (expr->kind != KQL_LITERAL || literal->null)
        buf_add_c(buf, "null");
    else if (literal->type == KQL_BOOL)
        buf_add_c(buf, literal->boolean ? "true" : "false");
    else if (literal->type == KQL_INT || literal->type == KQL_LONG)
        buf_add_i64(buf, literal->integer);
    else if (literal->type == KQL_REAL)
        buf_printf(buf, "%.17g", literal->real);
    else if (literal->type == KQL_STRING || literal->type == KQL_GUID)
        buf_add_json(buf, literal->text);
    else if (literal->type == KQL_DECIMAL)
        buf_add_str(buf, literal->text);
    else
        add_json_time(buf, literal);
}

int bind_json(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    struct buf buf = {0};
    add_json(&buf, expr);
    struct str json = bind_keep(bind, &buf);
    *ret = bind_value(KQL_DYNAMIC,
                      str_eq(json, STR("null"))
                          ? bind_null(bind, KQL_DYNAMIC)
                          : hunt_text(bind, "%.*s::JSON", STR_ARG(hunt_quote(bind, json))));
    ret->filled = !str_eq(json, STR("null"));
    ret->json = expr->kind == KQL_JSON ? expr->operand : expr;
    return 0;
}

static int bind_logic(struct hunt_bind *bind, const struct kql_expr *expr, bool filter, bool search,
                      struct hunt_value *ret)
{
    struct buf buf = {0};
    bool filled = true;
    for (uint32_t i = 0; i < expr->exprs.len; i++) {
        struct hunt_value operand;
        bind->in.search = search;
        int status = bind_condition(bind, expr->exprs.items[i], filter, &operand);
        if (status < 0) {
            buf_free(&buf);
            return status;
        }
        filled = filled && operand.filled;
        buf_add_c(&buf, i == 0 ? "(" : expr->kind == KQL_AND ? " AND " : " OR ");
        buf_add_str(&buf, operand.sql);
    }
    buf_add_byte(&buf, ')');
    *ret = bind_value(KQL_BOOL, bind_keep(bind, &buf));
    ret->filled = filled;
    return 0;
}

int bind_condition(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                   struct hunt_value *ret)
{
    int status;
    bool search = bind->in.search;
    bind->in.search = false;
    if (expr->kind == KQL_AND || expr->kind == KQL_OR)
        status = bind_logic(bind, expr, filter, search, ret);
    else if (search && expr->kind == KQL_LITERAL && expr->literal.type == KQL_STRING) {
        *ret = bind_any_column(bind, expr->literal.text);
        status = 0;
    } else if (expr->kind == KQL_BINARY)
        status = bind_binary(bind, expr, filter, ret);
    else if (expr->kind == KQL_MEMBERSHIP)
        status = bind_membership(bind, expr, filter, ret);
    else {
        bind->in.search = search && expr->kind == KQL_CALL;
        status = bind_scalar(bind, expr, ret);
    }
    bind->in.search = search;
    if (status < 0)
        return status;
    if (ret->type != KQL_BOOL && ret->type != KQL_DYNAMIC && !bind_is_number(ret->type))
        return hunt_refuse(bind, expr->place, "a condition is a bool, not a %.*s",
                           STR_ARG(kql_type_name(ret->type)));
    *ret = hunt_convert(bind, *ret, KQL_BOOL);
    return 0;
}

static int bind_subquery(struct hunt_bind *bind, const struct kql_expr *expr)
{
    return hunt_refuse(bind, expr->place,
                       "here stands a table where one value is wanted; toscalar() makes one of it");
}

int bind_scalar(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    certain_expression(bind, expr);
    switch (expr->kind) {
    case KQL_LITERAL:
        *ret = hunt_constant(bind, &expr->literal);
        return 0;
    case KQL_JSON:
    case KQL_ARRAY:
    case KQL_BAG:
        return bind_json(bind, expr, ret);
    case KQL_TYPEOF:
        *ret = bind_value(expr->type, bind_null(bind, expr->type));
        return 0;
    case KQL_NAME:
        return bind_name_expr(bind, expr, ret);
    case KQL_MEMBER:
    case KQL_INDEX:
        return bind_member(bind, expr, ret);
    case KQL_CALL:
        return bind_call(bind, expr, ret);
    case KQL_NEGATE:
        return bind_negate(bind, expr, ret);
    case KQL_BINARY:
        return bind_binary(bind, expr, false, ret);
    case KQL_AND:
    case KQL_OR:
        return bind_logic(bind, expr, false, false, ret);
    case KQL_MEMBERSHIP:
        return bind_membership(bind, expr, false, ret);
    case KQL_RANGE:
        return bind_range(bind, expr, ret);
    case KQL_STAR:
    case KQL_PATTERN:
        return hunt_refuse(bind, expr->place, "'*' is no value");
    default:
        return bind_subquery(bind, expr);
    }
}

int bind_over(struct hunt_bind *bind, struct rel *rel, const struct kql_expr *expr,
              struct column_list *refs, struct hunt_value *ret)
{
    struct rel *row = bind->in.row;
    struct column_list *outer = bind->in.refs;
    bind->in.row = rel;
    bind->in.refs = refs;
    int status = bind_scalar(bind, expr, ret);
    bind->in.row = row;
    bind->in.refs = outer;
    return status;
}

int bind_constant_long(struct hunt_bind *bind, const struct kql_expr *expr, const char *what,
                       int64_t *ret)
{
    struct hunt_value value;
    struct rel *row = bind->in.row;
    bind->in.row = NULL;
    int status = bind_scalar(bind, expr, &value);
    bind->in.row = row;
    if (status < 0)
        return status;
    value = hunt_convert(bind, value, KQL_LONG);
    if (!value.constant || value.literal.null)
        return hunt_refuse(bind, expr->place, "%s is a whole number known before the query runs",
                           what);
    *ret = value.literal.integer;
    return 0;
}

/* Names as Kusto gives them: of a column its own, of d.a.b d_a_b, of some functions that of their first argument. */
struct str bind_name_of(struct hunt_bind *bind, const struct kql_expr *expr)
{
    struct str left, right;
    switch (expr->kind) {
    case KQL_NAME:
        return expr->name;
    case KQL_MEMBER:
        left = bind_name_of(bind, expr->member.object);
        right = expr->member.name;
        break;
    case KQL_INDEX:
        left = bind_name_of(bind, expr->index.object);
        if (expr->index.index->kind != KQL_LITERAL)
            right = bind_name_of(bind, expr->index.index);
        else if (expr->index.index->literal.type == KQL_STRING)
            right = expr->index.index->literal.text;
        else
            right = hunt_text(bind, "%" PRId64, expr->index.index->literal.integer);
        break;
    case KQL_CALL:
        return bind_call_name(bind, expr);
    default:
        return (struct str){0};
    }
    return left.len && right.len ? hunt_text(bind, "%.*s_%.*s", STR_ARG(left), STR_ARG(right))
           : left.len            ? left
                                 : right;
}
