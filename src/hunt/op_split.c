/*
 * Operators that treat parts of the rows by themselves: partition. Those that split a query into several results.
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

/* Operators that treat a row by itself, or keep the order of all: the same in each partition and over all of them. */
static bool is_rowwise(const struct kql_operator *op)
{
    static const enum kql_operator_kind kinds[] = {
        KQL_SCAN,         KQL_SORT,         KQL_WHERE,          KQL_EXTEND,          KQL_PROJECT,
        KQL_PROJECT_AWAY, KQL_PROJECT_KEEP, KQL_PROJECT_RENAME, KQL_PROJECT_REORDER, KQL_PARSE,
        KQL_PARSE_WHERE,  KQL_PARSE_KV};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (op->kind == kinds[i])
            return true;
    return false;
}

/* Is there a scan, and nothing that needs the rows of a partition by themselves but that? *ret_rest: something does. */
static bool has_scan(const struct kql_operator_list *operators, bool *ret_rest)
{
    bool scan = false;
    *ret_rest = false;
    for (uint32_t i = 0; i < operators->len; i++) {
        scan = scan || operators->items[i]->kind == KQL_SCAN;
        *ret_rest = *ret_rest || !is_rowwise(operators->items[i]);
    }
    return scan;
}

/* A scan keeps partitions apart by itself: over all rows at once, which is what a recursion is good at. */
static int scan_partitions(struct hunt_bind *bind, const struct kql_operator *op, bool rest,
                           struct rel *rel)
{
    if (rest)
        return bind_not_done(bind, op->place,
                             "in a partition with scan stand only operators that treat each row by "
                             "itself; the others go behind it");
    const struct kql_expr *around = bind->scan_by;
    struct rel rows = *rel;
    bind->scan_by = op->partition.by;
    int status = bind_pipe(bind, op->partition.pipe, &rows, rel);
    bind->scan_by = around;
    return status;
}

/* Is a node made of `rows`? What is shared is looked at by itself. */
static bool stands_on(const struct node *node, const struct node *rows)
{
    if (!node || node->kind == NODE_SHARED)
        return false;
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (stands_on(node->inputs[i], rows))
            return true;
    return node == rows || stands_on(node->left, rows) || stands_on(node->right, rows);
}

/* What is shared is written before everything else, where the rows of one turn are not known. */
static int check_shared(struct hunt_bind *bind, const struct kql_operator *op, uint32_t first,
                        const struct node *rows)
{
    for (uint32_t i = first; i < bind->shared.len; i++)
        if (stands_on(bind->shared.items[i]->left, rows))
            return bind_not_done(bind, op->place,
                                 "a partition can't use its rows twice, as 'as', 'reduce' and "
                                 "'top-nested' do");
    return 0;
}

static int op_partition(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    bool rest;
    if (!op->partition.braces && op->partition.pipe->kind == KQL_PIPE &&
        has_scan(&op->partition.pipe->pipe.operators, &rest))
        return scan_partitions(bind, op, rest, rel);
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
    uint32_t n_shared = bind->shared.len;
    status = op->partition.braces ? bind_braces(bind, op, one, &made)
                                  : bind_pipe(bind, op->partition.pipe, &rows, &made);
    if (status == 0)
        status = check_shared(bind, op, n_shared, rows.node);
    if (status < 0)
        return status;
    struct node *node = node_new(bind, NODE_JOIN, group_end(&group).node);
    node->right = made.node;
    node->text = STR("JOIN LATERAL");
    node->where = STR("TRUE");
    *rel = (struct rel){.node = node, .fields = made.fields};
    return 0;
}

/* ---- fork, facet: at the end of a query they are results of their own (results.c) ---- */

static int op_several(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    (void)rel;
    return hunt_refuse(bind, op->place, "%s gives several results: it stands at the end of a query",
                       op->kind == KQL_FORK ? "fork" : "facet");
}

const struct op_row op_rows_split[] = {
    {KQL_PARTITION, op_partition},
    {KQL_FACET, op_several},
    {KQL_FORK, op_several},
    {0, NULL},
};
