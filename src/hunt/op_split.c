/*
 * Operators that treat parts of the rows by themselves. Those that split a query into
 * several results, or walk over rows with a state, are refused by name.
 */
#include "hunt/op.h"

/* ---- partition by key: for each key, a LATERAL join with what becomes of its rows ---- */

/* partition by key { query }: a query with tables of its own, in which toscalar(key) is the key of its turn. */
static int bind_braces(struct hunt_bind *bind, const struct kql_operator *op,
                       const struct column *key, struct rel *made)
{
    const struct kql_expr *query = op->partition.pipe;
    struct binding *scope = bind->scope;
    if (op->partition.by->kind == KQL_NAME)
        bind_name(bind, op->partition.by->name, BOUND_VALUE)->value = column_value(key);
    int status = bind_tabular(bind, query, made);
    bind->scope = scope;
    return status;
}

static int op_partition(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct column_list refs = {0};
    struct hunt_value value;
    int status = bind_over(bind, rel, op->partition.by, &refs, &value);
    if (status < 0)
        return status;
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
    status = op->partition.braces ? bind_braces(bind, op, one, &made)
                                  : bind_pipe(bind, op->partition.pipe, &rows, &made);
    if (status < 0)
        return status;
    struct node *node = node_new(bind, NODE_JOIN, group_end(&group).node);
    node->right = made.node;
    node->text = STR("JOIN LATERAL");
    node->where = STR("TRUE");
    *rel = (struct rel){.node = node, .fields = made.fields};
    return 0;
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
    {KQL_PARTITION, op_partition}, {KQL_FACET, op_not_done}, {KQL_FORK, op_not_done},
    {KQL_REDUCE, op_not_done},     {KQL_SCAN, op_not_done},  {0, NULL},
};
