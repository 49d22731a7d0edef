/*
 * left in (items), has_any, has_all: the items are values, lists, or the first column of a table.
 */
#include "hunt/bind.h"

/* The values on the right side, as far as they are known one by one. */
struct items {
    struct hunt_value *values;
    uint32_t n, cap;
    struct str list;  /* SQL of a JSON list, where there is one; or: */
    struct str query; /* a SELECT of one column */
    enum kql_type query_type;
    bool empty_text; /* '' may be among them */
};

static void add_value(struct hunt_bind *bind, struct items *items, struct hunt_value value)
{
    if (items->n == items->cap) {
        uint32_t cap = items->cap ? items->cap * 2 : 16;
        struct hunt_value *more = bind_alloc(bind, cap, sizeof(*more));
        if (items->n)
            memcpy(more, items->values, items->n * sizeof(*more));
        items->values = more;
        items->cap = cap;
    }
    bool nonempty = value.constant && !value.literal.null && value.literal.type == KQL_STRING &&
                    value.literal.text.len;
    items->empty_text = items->empty_text || !nonempty;
    items->values[items->n++] = value;
}

static int add_json(struct hunt_bind *bind, struct items *items, const struct kql_expr *json)
{
    if (json->kind == KQL_JSON)
        return add_json(bind, items, json->operand);
    int status = 0;
    if (json->kind == KQL_ARRAY)
        for (uint32_t i = 0; status == 0 && i < json->exprs.len; i++)
            status = add_json(bind, items, json->exprs.items[i]);
    else if (json->kind == KQL_LITERAL && !json->literal.null)
        add_value(bind, items, hunt_constant(bind, &json->literal));
    return status;
}

/* A table on the right side: its first column, computed once. */
static int add_query(struct hunt_bind *bind, struct items *items, const struct kql_expr *expr,
                     enum kql_type type)
{
    struct rel rel;
    int status = bind_tabular(bind, expr, &rel);
    if (status < 0)
        return status;
    if (rel.fields.len == 0)
        return hunt_refuse(bind, expr->place, "this table has no column to look in");
    struct hunt_value value = column_value(rel.fields.items[0].column);
    struct column_list refs = {0};
    column_list_add(bind, &refs, rel.fields.items[0].column);
    /* A list of lists of values, as make_set() makes, is looked in too. */
    items->query_type = value.type == KQL_DYNAMIC ? KQL_DYNAMIC : type;
    if (value.type == KQL_DYNAMIC)
        bind->uncertain = true;
    if (value.type != KQL_DYNAMIC && !(bind_is_number(value.type) && bind_is_number(type)))
        value = bind_as(bind, value, type);
    if (value.type == KQL_STRING)
        value.sql = bind_filled(bind, &value);
    value.filled = value.type == KQL_STRING;
    struct column *column = rel_compute(bind, &rel, rel.fields.items[0].name, &value, &refs);
    column_list_add(bind, &rel.node->needs, column);
    if (value.type != KQL_STRING)
        rel_filter(bind, &rel, hunt_text(bind, "%.*s IS NOT NULL", STR_ARG(column->sql)), NULL);
    rel_share(bind, &rel);
    items->query = hunt_text(bind, "SELECT %.*s FROM m%u", STR_ARG(column->sql), rel.node->shared);
    return 0;
}

static int bind_items(struct hunt_bind *bind, const struct kql_expr *expr, enum kql_type type,
                      struct items *items)
{
    const struct kql_expr_list *list = &expr->membership.items;
    int status = 0;
    if (list->len == 1 && bind_is_tabular(bind, list->items[0])) {
        items->empty_text = true;
        return add_query(bind, items, list->items[0], type);
    }
    for (uint32_t i = 0; status == 0 && i < list->len; i++) {
        struct hunt_value value;
        status = bind_scalar(bind, list->items[i], &value);
        if (status < 0)
            break;
        if (value.json)
            status = add_json(bind, items, value.json);
        else if (value.type == KQL_DYNAMIC && list->len == 1)
            items->list = value.sql;
        else
            add_value(bind, items, value);
    }
    items->empty_text = items->empty_text || items->list.len;
    if (items->list.len)
        bind->uncertain = true;
    return status;
}

static struct hunt_value finished(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                                  bool filled, struct str sql)
{
    struct hunt_value value = bind_value(KQL_BOOL, sql);
    value.filled = filled;
    bool negated = expr->membership.test.negated;
    if (!filled && (negated || !filter))
        value.sql = hunt_text(bind, "coalesce(%.*s, FALSE)", STR_ARG(sql));
    if (negated)
        value.sql = hunt_text(bind, "(NOT %.*s)", STR_ARG(value.sql));
    value.filled = filled || negated || !filter;
    return value;
}

static struct str folded(struct hunt_bind *bind, bool nocase, struct str sql)
{
    return nocase ? hunt_text(bind, "lower(%.*s)", STR_ARG(sql)) : sql;
}

static struct str in_values(struct hunt_bind *bind, const struct items *items, struct str subject,
                            enum kql_type type, bool nocase)
{
    if (items->n == 0)
        return STR("FALSE");
    struct buf buf = {0};
    struct str *texts = bind_alloc(bind, items->n, sizeof(*texts));
    for (uint32_t i = 0; i < items->n; i++) {
        struct hunt_value item = items->values[i];
        if (!bind_is_number(item.type) || !bind_is_number(type))
            item = bind_as(bind, item, type);
        texts[i] = folded(bind, nocase, bind_filled(bind, &item));
    }
    for (uint32_t i = 0; i < items->n; i++) {
        if (i)
            buf_add_c(&buf, ", ");
        buf_add_str(&buf, texts[i]);
    }
    struct str list = bind_keep(bind, &buf);
    return hunt_text(bind, "(%.*s IN (%.*s))", STR_ARG(subject), STR_ARG(list));
}

/* One value, as text, among those of a JSON list. */
static struct str in_list(struct hunt_bind *bind, struct str list, struct hunt_value left,
                          bool nocase)
{
    left = hunt_convert(bind, left, KQL_STRING);
    struct str texts = hunt_text(bind, "coalesce(json_extract_string(%.*s, '$[*]'), [])",
                                 STR_ARG(folded(bind, nocase, list)));
    return hunt_text(bind, "list_contains(%.*s, %.*s)", STR_ARG(texts),
                     STR_ARG(folded(bind, nocase, left.sql)));
}

static struct str in_query(struct hunt_bind *bind, const struct items *items,
                           struct hunt_value left, struct str subject, bool nocase)
{
    if (items->query_type == KQL_DYNAMIC) {
        left = hunt_convert(bind, left, KQL_STRING);
        return hunt_text(
            bind,
            "(%.*s IN (SELECT unnest(json_extract_string(list.l, '$[*]')) FROM (%.*s) AS "
            "list(l)))",
            STR_ARG(left.sql), STR_ARG(items->query));
    }
    if (nocase)
        return hunt_text(bind, "(%.*s IN (SELECT lower(list.l) FROM (%.*s) AS list(l)))",
                         STR_ARG(subject), STR_ARG(items->query));
    return hunt_text(bind, "(%.*s IN (%.*s))", STR_ARG(subject), STR_ARG(items->query));
}

static int bind_in(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                   struct hunt_value left, struct hunt_value *ret)
{
    const struct kql_test *test = &expr->membership.test;
    if (left.type == KQL_DYNAMIC || left.type == KQL_GUID || test->nocase)
        left = bind_as(bind, left, KQL_STRING);
    struct items items = {0};
    int status = bind_items(bind, expr, left.type, &items);
    if (status < 0)
        return status;
    bool text = left.type == KQL_STRING;
    bool bare = text && filter && !test->negated && !items.empty_text;
    struct str subject = bare ? left.sql : bind_filled(bind, &left);
    struct str folded_subject = folded(bind, test->nocase, subject);
    struct str sql;
    if (items.list.len)
        sql = in_list(bind, items.list, left, test->nocase);
    else if (items.query.len)
        sql = in_query(bind, &items, left, folded_subject, test->nocase);
    else
        sql = in_values(bind, &items, folded_subject, left.type, test->nocase);
    *ret = finished(bind, expr, filter, (text && !bare) || left.filled, sql);
    return 0;
}

/* has_any of known texts is a row of has, so that each of them is looked for by itself. */
static struct str has_values(struct hunt_bind *bind, const struct items *items,
                             struct hunt_value left, bool all, bool nocase)
{
    struct kql_test test = {.op = KQL_HAS, .nocase = nocase};
    struct str *texts = bind_alloc(bind, items->n, sizeof(*texts));
    for (uint32_t i = 0; i < items->n; i++)
        texts[i] = bind_text_test(bind, test, true, left, items->values[i]).sql;
    struct buf buf = {0};
    for (uint32_t i = 0; i < items->n; i++) {
        buf_add_c(&buf, i == 0 ? "(" : all ? " AND " : " OR ");
        buf_add_str(&buf, texts[i]);
    }
    if (items->n == 0)
        buf_add_c(&buf, all ? "(TRUE" : "(FALSE");
    buf_add_byte(&buf, ')');
    return bind_keep(bind, &buf);
}

static int bind_has(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                    struct hunt_value left, struct hunt_value *ret)
{
    const struct kql_test *test = &expr->membership.test;
    bool all = test->op == KQL_HAS_ALL;
    left = bind_as(bind, left, KQL_STRING);
    struct items items = {0};
    int status = bind_items(bind, expr, KQL_STRING, &items);
    if (status < 0)
        return status;
    struct str sql, list = items.list;
    if (items.query.len && items.query_type == KQL_DYNAMIC)
        list = hunt_text(bind, "(%.*s LIMIT 1)", STR_ARG(items.query));
    else if (items.query.len)
        list = hunt_text(bind, "(SELECT to_json(list(list.l)) FROM (%.*s) AS list(l))",
                         STR_ARG(items.query));
    if (list.len)
        sql = hunt_text(bind, "%s(%.*s, %.*s)", all ? "kql_has_all" : "kql_has_any",
                        STR_ARG(bind_filled(bind, &left)), STR_ARG(list));
    else
        sql = has_values(bind, &items, left, all, test->nocase);
    *ret = finished(bind, expr, filter, left.filled && !list.len, sql);
    return 0;
}

int bind_membership(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                    struct hunt_value *ret)
{
    struct hunt_value left;
    int status = bind_scalar(bind, expr->membership.left, &left);
    if (status < 0)
        return status;
    if (expr->membership.test.op == KQL_IN)
        return bind_in(bind, expr, filter, left, ret);
    return bind_has(bind, expr, filter, left, ret);
}
