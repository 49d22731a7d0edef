/*
 * What has no rows is left out of unions: a table may be made of a hundred datasets, and two of them be there. The rows of
 * the result are the same.
 */
#include "hunt/bind.h"

bool prune_has(const struct hunt_bind *bind, struct str dataset, int64_t first, int64_t last)
{
    const struct hunt_presence *presence = &bind->options->presence;
    return bind->options->plain || !presence->has ||
           presence->has(presence->context, dataset, first, last);
}

/* The rows of one input at least stay, if only to have columns. */
static void prune_inputs(struct node *node)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        bool last = i + 1 == node->n_inputs && n == 0;
        if (node->inputs[i]->barren && !last)
            continue;
        node->inputs[n] = node->inputs[i];
        for (uint32_t c = 0; c < node->columns.len; c++)
            node->columns.items[c]->parts[n] = node->columns.items[c]->parts[i];
        n++;
    }
    node->n_inputs = n;
    for (uint32_t c = 0; c < node->columns.len; c++)
        node->columns.items[c]->n_parts = n;
}

static bool is_barren(const struct hunt_bind *bind, const struct node *node)
{
    const struct source *source = node->source;
    switch (node->kind) {
    case NODE_SOURCE:
        return !source->findings && !prune_has(bind, source->dataset, source->first, source->last);
    case NODE_SELECT:
        return node->left && node->left->barren;
    case NODE_GROUP:
        return node->n_keys > 0 && node->left->barren;
    case NODE_JOIN:
        return str_eq(node->text, STR("JOIN")) && (node->left->barren || node->right->barren);
    case NODE_UNION:
        return node->n_inputs == 1 && node->inputs[0]->barren;
    case NODE_ROWS:
    case NODE_SHARED:
        return false;
    }
    return false;
}

void prune_node(struct hunt_bind *bind, struct node *node)
{
    if (!node || node->pruned)
        return;
    node->pruned = true;
    prune_node(bind, node->left);
    prune_node(bind, node->right);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        prune_node(bind, node->inputs[i]);
    if (node->kind == NODE_UNION)
        prune_inputs(node);
    node->barren = is_barren(bind, node);
}
