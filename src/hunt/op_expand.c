/*
 * mv-expand and mv-apply: a row for each element of a list. A bag is a list of bags of one entry; any other value, null
 * too, a list of itself. An empty list has no row.
 */
#include "hunt/op.h"

/* What becomes of each list: its elements under a name. */
struct expansion {
    struct column *list; /* a list of JSON, in SQL's sense */
    struct str name;
    enum kql_type type;
};

static const char array_of_pairs[] =
    "list_transform(json_keys($1), lambda k: json_array(k, json_extract($1, concat('$.', "
    "to_json(k)::VARCHAR))))";
static const char array_of_bags[] =
    "list_transform(json_keys($1), lambda k: json_object(k, json_extract($1, concat('$.', "
    "to_json(k)::VARCHAR))))";

/* The value as a column first, for it is named several times. */
static int bind_list(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel,
                     const struct kql_expanded *item, struct expansion *ret)
{
    struct column_list refs = {0}, value_refs = {0};
    struct hunt_value value;
    int status = bind_over(bind, rel, item->value.expr, &refs, &value);
    if (status < 0)
        return status;
    struct str name = item->value.names.len ? item->value.names.items[0].text
                                            : bind_name_of(bind, item->value.expr);
    ret->name = name.len ? name : STR("Column1");
    ret->type = item->type == KQL_TYPE_NONE ? KQL_DYNAMIC : item->type;
    value = hunt_convert(bind, value, KQL_DYNAMIC);
    struct column *column = rel_column(bind, rel, ret->name, &value, &refs);
    struct hunt_value arg = column_value(column);
    struct str pairs =
        hunt_fill(bind, op->mv.array ? array_of_pairs : array_of_bags, &arg, 1, (struct str){0});
    struct hunt_value list = bind_value(
        KQL_DYNAMIC,
        hunt_text(bind,
                  "CASE json_type(%.*s) WHEN 'ARRAY' THEN json_extract(%.*s, '$[*]') WHEN 'OBJECT' "
                  "THEN %.*s ELSE [%.*s] END",
                  STR_ARG(arg.sql), STR_ARG(arg.sql), STR_ARG(pairs), STR_ARG(arg.sql)));
    if (op->mv.limit) {
        int64_t limit;
        status = bind_constant_long(bind, op->mv.limit, "the limit", &limit);
        if (status < 0)
            return status;
        list.sql = hunt_text(bind, "list_slice(%.*s, 1, %lld)", STR_ARG(list.sql),
                             (long long)(limit < 0 ? 0 : limit));
    }
    column_list_add(bind, &value_refs, column);
    ret->list = rel_compute(bind, rel, STR("list"), &list, &value_refs);
    return 0;
}

/* A column of `node` that SQL makes rows of, used or not. */
static struct column *add_unnested(struct hunt_bind *bind, struct node *node, struct str name,
                                   struct str expr, const struct expansion *items, uint32_t n)
{
    struct column *column = column_new(bind, name, KQL_DYNAMIC);
    column->expr = expr;
    for (uint32_t i = 0; i < n; i++)
        column_list_add(bind, &column->refs, items[i].list);
    column_list_add(bind, &node->columns, column);
    column_list_add(bind, &node->needs, column);
    return column;
}

static void unnest_all(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel,
                       const struct expansion *items, uint32_t n)
{
    struct column **elements = bind_alloc(bind, n, sizeof(*elements));
    struct str longest = {0};
    for (uint32_t i = 0; i < n; i++) {
        struct str list = items[i].list->sql;
        elements[i] = add_unnested(bind, rel->node, items[i].name,
                                   hunt_text(bind, "unnest(%.*s)", STR_ARG(list)), &items[i], 1);
        longest = longest.len ? hunt_text(bind, "greatest(%.*s, len(%.*s))", STR_ARG(longest),
                                          STR_ARG(list))
                              : hunt_text(bind, "len(%.*s)", STR_ARG(list));
    }
    if (op->mv.index.text.len) {
        struct column *index =
            add_unnested(bind, rel->node, op->mv.index.text,
                         hunt_text(bind, "unnest(range(%.*s))", STR_ARG(longest)), items, n);
        index->type = KQL_LONG;
        field_set(bind, &rel->fields, op->mv.index.text, index);
    }
    rel->node->closed = true;
    for (uint32_t i = 0; i < n; i++) {
        struct column_list refs = {0};
        struct hunt_value value = column_value(elements[i]);
        column_list_add(bind, &refs, elements[i]);
        value.sql = hunt_text(bind, "nullif(%.*s, 'null'::JSON)", STR_ARG(value.sql));
        value = hunt_convert(bind, value, items[i].type);
        field_set(bind, &rel->fields, items[i].name,
                  rel_compute(bind, rel, items[i].name, &value, &refs));
    }
}

static int bind_lists(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel,
                      struct expansion **ret)
{
    int status = 0;
    *ret = bind_alloc(bind, op->mv.items.len, sizeof(**ret));
    for (uint32_t i = 0; status == 0 && i < op->mv.items.len; i++)
        status = bind_list(bind, op, rel, &op->mv.items.items[i], &(*ret)[i]);
    return status;
}

static int op_mv_expand(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct expansion *items;
    int status = bind_lists(bind, op, rel, &items);
    if (status < 0)
        return status;
    rel->fields = field_list_copy(bind, &rel->fields);
    rel->node = node_new(bind, NODE_SELECT, rel->node);
    unnest_all(bind, op, rel, items, op->mv.items.len);
    return 0;
}

/*
 * The rows of each list through the operators by themselves: a LATERAL join with what they make of them. The
 * columns of the row around keep their names in it, for no name is given twice.
 */
static int op_mv_apply(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct expansion *items;
    int status = bind_lists(bind, op, rel, &items);
    if (status < 0)
        return status;
    struct rel inner = {.node = node_new(bind, NODE_SELECT, NULL), .hidden = rel->hidden};
    inner.fields = field_list_copy(bind, &rel->fields);
    unnest_all(bind, op, &inner, items, op->mv.items.len);
    struct rel made;
    status = bind_pipe(bind, op->mv.pipe, &inner, &made);
    if (status < 0)
        return status;
    struct node *node = node_new(bind, NODE_JOIN, rel->node);
    node->right = made.node;
    node->text = STR("JOIN LATERAL");
    node->where = STR("TRUE");
    rel->fields = field_list_copy(bind, &rel->fields);
    for (uint32_t i = 0; i < made.fields.len; i++)
        field_set(bind, &rel->fields, made.fields.items[i].name, made.fields.items[i].column);
    rel->node = node;
    rel->order = NULL;
    rel->n_order = 0;
    return 0;
}

const struct op_row op_rows_expand[] = {
    {KQL_MV_EXPAND, op_mv_expand},
    {KQL_MV_APPLY, op_mv_apply},
    {0, NULL},
};
