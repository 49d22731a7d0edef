/*
 * Late columns. `where ... | take 100` needs a column or two to find its rows, and all columns of 100 of them; the engine
 * would unpack all columns wherever there is a row that fits. So such a query is two: the first says which events are
 * left, and the second is the query itself, over those alone.
 *
 *     SELECT ... FROM (SELECT * FROM (SELECT ... FROM s1) WHERE ... ORDER BY ... LIMIT 100)
 *                                                               └─ the first ends here, with time and key
 *
 * What is below the limit looks at one event at a time. So the query gives the same over any part of the events that has
 * those in it.
 */
#include "hunt/bind.h"

#define LATE_ROWS_MAX 1000

static bool is_plain(const struct node *node)
{
    bool plain = true;
    switch (node->kind) {
    case NODE_SOURCE:
        return !node->source->findings;
    case NODE_SELECT:
        return node->left && !node->tail.len && !node->windowed && !node->only && !node->closed &&
               is_plain(node->left);
    case NODE_UNION:
        for (uint32_t i = 0; plain && i < node->n_inputs; i++)
            plain = is_plain(node->inputs[i]);
        return plain;
    default:
        return false;
    }
}

/* The node that cuts the rows, if nothing above it needs more than those; or NULL. */
static struct node *find_cut(const struct rel *rel)
{
    struct node *node = rel->node;
    while (node && node->kind == NODE_SELECT && !node->tail.len)
        node = node->left;
    bool fits = node && node->kind == NODE_SELECT && node->rows_max > 0 &&
                node->rows_max <= LATE_ROWS_MAX && node->left && is_plain(node->left);
    return fits ? node : NULL;
}

/* One of the lake's own columns in the rows of a plain node. */
static struct column *bring(struct hunt_bind *bind, struct node *node, struct str name,
                            enum kql_type type)
{
    if (node->kind == NODE_SOURCE) {
        struct column *column = bind_alloc(bind, 1, sizeof(*column));
        *column = (struct column){.sql = name, .expr = name, .type = type, .filled = true};
        node->source->chosen = true;
        column_list_add(bind, &node->columns, column);
        return column;
    }
    if (node->kind == NODE_SELECT && node->left->kind != NODE_SOURCE)
        return bring(bind, node->left, name, type);
    struct column *column = column_new(bind, name, type);
    if (node->kind == NODE_SELECT) {
        column_list_add(bind, &column->refs, bring(bind, node->left, name, type));
        column->expr = name;
    } else {
        column->n_parts = node->n_inputs;
        column->parts = bind_alloc(bind, node->n_inputs, sizeof(struct column *));
        for (uint32_t i = 0; i < node->n_inputs; i++)
            column->parts[i] = bring(bind, node->inputs[i], name, type);
    }
    column_list_add(bind, &node->columns, column);
    return column;
}

/* The raw event is as large as all of its fields. */
static uint32_t weight(const struct column *column)
{
    return !column->used ? 0 : str_eq(column->expr, STR("_raw")) ? LATE_WEIGHT_MIN : 1;
}

uint32_t late_weight(const struct hunt_bind *bind)
{
    uint32_t sum = 0;
    for (const struct source *source = bind->sources; source; source = source->next)
        for (uint32_t i = 0; source->chosen && i < source->node->columns.len; i++)
            sum += weight(source->node->columns.items[i]);
    return sum;
}

bool late_choose(struct hunt_bind *bind, const struct rel *rel, struct rel *ret_choice)
{
    struct node *cut = find_cut(rel);
    /* What is shared may be the same events, looked at for something else. */
    if (!cut || bind->shared.len > 0 || bind->options->plain)
        return false;
    *ret_choice = (struct rel){.node = cut};
    field_add(bind, &ret_choice->fields, STR("time"),
              bring(bind, cut->left, STR("_time"), KQL_DATETIME));
    field_add(bind, &ret_choice->fields, STR("key"), bring(bind, cut->left, STR("_key"), KQL_LONG));
    return true;
}
