/* Conditions as clauses: selections expanded, NOT pushed down to the tests, constants gone. */
#include <errno.h>

#include "sigma/engine.h"

static bool make_into(struct clause_maker *maker, const struct sigma_node *node, bool negated,
                      struct clause *clause);

static bool fail(struct clause_maker *maker, int error)
{
    maker->error = error;
    return false;
}

static bool make_test(struct clause_maker *maker, const struct sigma_node *node, bool negated,
                      struct clause *clause)
{
    int number = maker->number(maker, node->predicate);
    if (number < 0)
        return fail(maker, number);
    *clause = (struct clause){.kind = CLAUSE_TEST, .negated = negated, .number = (uint32_t)number};
    return true;
}

static bool make_list(struct clause_maker *maker, const struct sigma_node *node, bool negated,
                      struct clause *clause)
{
    bool all = (node->kind == SIGMA_AND) != negated;
    if (node->count > CLAUSES_MAX - maker->n_clauses)
        return fail(maker, -E2BIG);
    maker->n_clauses += node->count;
    struct clause *items = arena_zero(maker->arena, node->count, sizeof(*items));
    if (!items)
        return fail(maker, -ENOMEM);
    for (uint32_t i = 0; i < node->count; i++)
        if (!make_into(maker, node->children[i], negated, &items[i]))
            return false;
    *clause = (struct clause){
        .kind = all ? CLAUSE_ALL : CLAUSE_ANY, .number = node->count, .items = items};
    return true;
}

/* Depth: that of the tree, SIGMA_TREE_DEPTH_MAX. */
static bool make_into(struct clause_maker *maker, const struct sigma_node *node, bool negated,
                      struct clause *clause)
{
    switch (node->kind) {
    case SIGMA_AND:
    case SIGMA_OR:
        return make_list(maker, node, negated, clause);
    case SIGMA_NOT:
        return make_into(maker, node->children[0], !negated, clause);
    case SIGMA_REF:
        return make_into(maker, node->selection->node, negated, clause);
    case SIGMA_PREDICATE:
        return make_test(maker, node, negated, clause);
    default:
        clause->kind = (node->kind == SIGMA_TRUE) != negated ? CLAUSE_TRUE : CLAUSE_FALSE;
        return true;
    }
}

struct clause *clause_make(struct clause_maker *maker, const struct sigma_node *node)
{
    struct clause *clause = arena_zero(maker->arena, 1, sizeof(*clause));
    maker->n_clauses = 1;
    maker->error = clause ? 0 : -ENOMEM;
    if (!clause || !make_into(maker, node, false, clause))
        return NULL;
    clause_simplify(clause);
    return clause;
}

void clause_simplify(struct clause *clause)
{
    if (clause->kind != CLAUSE_ALL && clause->kind != CLAUSE_ANY)
        return;
    uint8_t neutral = clause->kind == CLAUSE_ALL ? CLAUSE_TRUE : CLAUSE_FALSE;
    uint8_t decisive = clause->kind == CLAUSE_ALL ? CLAUSE_FALSE : CLAUSE_TRUE;
    uint32_t n = 0;
    for (uint32_t i = 0; i < clause->number; i++) {
        struct clause item = clause->items[i];
        clause_simplify(&item);
        if (item.kind == decisive) {
            *clause = (struct clause){.kind = decisive};
            return;
        }
        if (item.kind != neutral)
            clause->items[n++] = item;
    }
    clause->number = n;
    if (n == 0)
        *clause = (struct clause){.kind = neutral};
    else if (n == 1)
        *clause = clause->items[0];
}
