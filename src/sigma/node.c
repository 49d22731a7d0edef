#include "sigma/reader.h"

int sigma_node_new(struct document *doc, enum sigma_node_kind kind, uint32_t line,
                   struct sigma_node **ret_node)
{
    if (++doc->n_nodes > SIGMA_NODES_MAX)
        return err_at(doc->err, -E2BIG, line, 0, "the rule has more than %d tests",
                      SIGMA_NODES_MAX);
    struct sigma_node *node = arena_zero(&doc->set->arena, 1, sizeof(*node));
    if (!node)
        return document_no_memory(doc);
    node->kind = kind;
    node->line = line;
    *ret_node = node;
    return 0;
}

int node_push(struct document *doc, struct sigma_node *node)
{
    return vec_push(&doc->reader->stack, node) < 0 ? document_no_memory(doc) : 0;
}

int node_close(struct document *doc, enum sigma_node_kind kind, size_t base, uint32_t line,
               struct sigma_node **ret_node)
{
    size_t count = doc->reader->stack.len - base;
    struct sigma_node **children = doc->reader->stack.items + base;
    if (count == 1) {
        doc->reader->stack.len = base;
        *ret_node = children[0];
        return 0;
    }
    struct sigma_node *node;
    int status = sigma_node_new(doc, kind, line, &node);
    if (status < 0)
        return status;
    node->children = arena_zero(&doc->set->arena, count, sizeof(*children));
    if (!node->children)
        return document_no_memory(doc);
    memcpy(node->children, children, count * sizeof(*children));
    node->count = (uint32_t)count;
    doc->reader->stack.len = base;
    *ret_node = node;
    return 0;
}

int node_not(struct document *doc, struct sigma_node *child, uint32_t line,
             struct sigma_node **ret_node)
{
    struct sigma_node *node;
    int status = sigma_node_new(doc, SIGMA_NOT, line, &node);
    if (status < 0)
        return status;
    node->children = arena_zero(&doc->set->arena, 1, sizeof(*node->children));
    if (!node->children)
        return document_no_memory(doc);
    node->children[0] = child;
    node->count = 1;
    *ret_node = node;
    return 0;
}
