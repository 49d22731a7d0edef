/*
 * Operators that treat parts of the rows by themselves: partition, top-nested. Those that split a query into
 * several results, or walk over rows with a state, are refused by name.
 */
#include "hunt/op.h"

/* ---- partition by key (operators): for each key, a LATERAL join with what becomes of its rows ---- */

static int op_partition(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct column_list refs = {0};
    struct hunt_value value;
    int status = bind_over(bind, rel, op->partition.by, &refs, &value);
    if (status < 0)
        return status;
    if (op->partition.braces)
        return bind_not_done(bind, op->place, "partition by ... { } is not done; ( ) is");
    value.sql = bind_filled(bind, &value);
    struct column *key = rel_column(bind, rel, STR("key"), &value, &refs);
    struct str name = STR("partition key");
    field_add(bind, &rel->fields, name, key);
    rel_share(bind, rel);
    struct rel keys = rel_again(bind, rel), rows = rel_again(bind, rel), made;
    struct group group;
    group_begin(bind, &keys, &group);
    struct column_list key_refs = {0}, both = {0};
    struct column *of_keys = keys.fields.items[keys.fields.len - 1].column;
    struct column *of_rows = rows.fields.items[--rows.fields.len].column;
    column_list_add(bind, &key_refs, of_keys);
    struct column *one = group_key_column(bind, &group, name, column_value(of_keys), &key_refs);
    column_list_add(bind, &both, of_rows);
    column_list_add(bind, &both, one);
    rel_filter(
        bind, &rows,
        hunt_text(bind, "%.*s IS NOT DISTINCT FROM %.*s", STR_ARG(of_rows->sql), STR_ARG(one->sql)),
        &both);
    status = bind_pipe(bind, op->partition.pipe, &rows, &made);
    if (status < 0)
        return status;
    struct node *node = node_new(bind, NODE_JOIN, group_end(&group).node);
    node->right = made.node;
    node->text = STR("JOIN LATERAL");
    node->where = STR("TRUE");
    *rel = (struct rel){.node = node, .fields = made.fields};
    return 0;
}

/* ---- top-nested: each level is about the keys of those above it, and its own ---- */

struct level {
    const struct kql_named *of;
    struct column *key;
};

struct nesting {
    const struct rel *rows; /* shared */
    struct rel made;        /* the levels so far */
    struct level *levels;
    uint32_t n;
};

/* Its own key first, then those of the levels above, which must be among the ones kept there. */
static int nest_keys(struct hunt_bind *bind, struct nesting *nesting, const struct kql_named *of,
                     struct group *group, struct str *ret_condition, struct column_list *refs)
{
    int status = group_key(bind, group, of);
    struct str condition = {0};
    for (uint32_t i = 0; status == 0 && i < nesting->n; i++) {
        status = group_key(bind, group, nesting->levels[i].of);
        if (status < 0)
            break;
        struct column *upper = nesting->levels[i].key;
        struct column *lower = group->fields.items[group->fields.len - 1].column;
        condition =
            hunt_text(bind, "%.*s%s%.*s IS NOT DISTINCT FROM %.*s", STR_ARG(condition),
                      condition.len ? " AND " : "", STR_ARG(upper->sql), STR_ARG(lower->sql));
        column_list_add(bind, refs, upper);
        column_list_add(bind, refs, lower);
    }
    *ret_condition = condition;
    return status;
}

/* Of the keys under one of the levels above, the first by their aggregate. */
static int nest_cut(struct hunt_bind *bind, const struct kql_nested *nested, struct rel *level,
                    uint32_t n_keys, struct column *value)
{
    int64_t count;
    int status = bind_constant_long(bind, nested->count, "the number of rows", &count);
    if (status < 0)
        return status;
    struct column_list refs = {0};
    struct buf buf = {0};
    buf_add_c(&buf, "QUALIFY row_number() OVER (");
    for (uint32_t i = 1; i < n_keys; i++) {
        struct column *key = level->fields.items[i].column;
        buf_printf(&buf, "%s%.*s", i > 1 ? ", " : "PARTITION BY ", STR_ARG(key->sql));
        column_list_add(bind, &refs, key);
    }
    column_list_add(bind, &refs, value);
    buf_printf(&buf, " ORDER BY %.*s %s NULLS LAST) <= %lld", STR_ARG(value->sql),
               nested->by.direction == KQL_ASC ? "ASC" : "DESC", (long long)count);
    rel_cut(bind, level, bind_keep(bind, &buf), &refs);
    return 0;
}

static int nest(struct hunt_bind *bind, struct nesting *nesting, const struct kql_nested *nested)
{
    struct rel input = rel_again(bind, nesting->rows);
    struct group group;
    struct column_list refs = {0};
    struct str condition;
    if (nested->others)
        return bind_not_done(bind, nested->place, "top-nested with others is not done");
    group_begin(bind, &input, &group);
    int status = nest_keys(bind, nesting, &nested->of, &group, &condition, &refs);
    uint32_t n_keys = group.fields.len;
    if (status == 0)
        status = group_aggregate(bind, &group, &nested->by.by);
    if (status < 0)
        return status;
    struct rel level = group_end(&group);
    struct field key = level.fields.items[0], value = level.fields.items[n_keys];
    if (nested->count)
        status = nest_cut(bind, nested, &level, n_keys, value.column);
    if (nesting->n > 0) {
        struct node *node = node_new(bind, NODE_JOIN, nesting->made.node);
        node->right = level.node;
        node->text = STR("JOIN");
        node->where = condition;
        node->needs = refs;
        level.node = node;
    }
    nesting->made.node = level.node;
    field_add_unique(bind, &nesting->made.fields, key.name, key.column);
    field_add_unique(bind, &nesting->made.fields,
                     nested->by.by.names.len
                         ? value.name
                         : hunt_text(bind, "aggregated_%.*s", STR_ARG(key.name)),
                     value.column);
    nesting->levels[nesting->n++] = (struct level){&nested->of, key.column};
    return status;
}

static int op_top_nested(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    int status = 0;
    rel_share(bind, rel);
    struct nesting nesting = {.rows = rel};
    nesting.levels = bind_alloc(bind, op->nested.len, sizeof(*nesting.levels));
    for (uint32_t i = 0; status == 0 && i < op->nested.len; i++)
        status = nest(bind, &nesting, &op->nested.items[i]);
    *rel = nesting.made;
    return status;
}

/* ---- what is not done ---- */

static int op_not_done(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    (void)rel;
    switch (op->kind) {
    case KQL_FORK:
    case KQL_FACET:
        return bind_not_done(bind, op->place,
                             "%s gives several results, which is not done; ask for each by itself",
                             op->kind == KQL_FORK ? "fork" : "facet");
    case KQL_SCAN:
        return bind_not_done(bind, op->place,
                             "scan walks over rows with a state, which is not done");
    default:
        return bind_not_done(bind, op->place, "reduce finds patterns in text, which is not done");
    }
}

const struct op_row op_rows_split[] = {
    {KQL_PARTITION, op_partition},
    {KQL_TOP_NESTED, op_top_nested},
    {KQL_FACET, op_not_done},
    {KQL_FORK, op_not_done},
    {KQL_REDUCE, op_not_done},
    {KQL_SCAN, op_not_done},
    {0, NULL},
};
