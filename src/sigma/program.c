/* Conditions as programs: each instruction asks one test and says where to go on. */
#include <errno.h>
#include <stdlib.h>

#include "sigma/bucket.h"

/* How much it takes to ask a clause, roughly; what a literal tells is free. */
static uint32_t clause_cost(const struct workbench *bench, const struct clause *clause)
{
    if (clause->kind == CLAUSE_TEST) {
        uint32_t test = bench->tests[clause->number];
        bool tracked = test != ENGINE_NONE && bench->test_list.items[test].tracked;
        return tracked ? 0 : predicate_cost(&bench->ruleset->predicates[clause->number]);
    }
    if (clause->kind == CLAUSE_GROUP)
        return 0;
    uint64_t sum = 1;
    for (uint32_t i = 0; i < clause->number; i++)
        sum += clause_cost(bench, &clause->items[i]);
    return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

struct ranked {
    uint32_t cost;
    uint32_t place;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost < y->cost ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static int add(struct workbench *bench, const struct clause *clause, uint32_t on_false,
               uint32_t on_true, uint32_t *ret_start);

/*
 * Items are asked from the cheapest to the dearest. They are laid out from the last to the first,
 * so that each knows where the next begins.
 */
static int add_list(struct workbench *bench, const struct clause *clause, uint32_t on_false,
                    uint32_t on_true, uint32_t *ret_start)
{
    bool all = clause->kind == CLAUSE_ALL;
    uint32_t next = all ? on_true : on_false;
    struct ranked *order = arena_alloc(&bench->arena, clause->number * sizeof(*order));
    if (!order)
        return -ENOMEM;
    for (uint32_t i = 0; i < clause->number; i++)
        order[i] = (struct ranked){clause_cost(bench, &clause->items[i]), i};
    qsort(order, clause->number, sizeof(*order), compare_ranked);
    for (uint32_t i = clause->number; i-- > 0;) {
        const struct clause *item = &clause->items[order[i].place];
        if (add(bench, item, all ? on_false : next, all ? next : on_true, &next) < 0)
            return -ENOMEM;
    }
    *ret_start = next;
    return 0;
}

static int add(struct workbench *bench, const struct clause *clause, uint32_t on_false,
               uint32_t on_true, uint32_t *ret_start)
{
    if (clause->kind == CLAUSE_TRUE || clause->kind == CLAUSE_FALSE) {
        *ret_start = clause->kind == CLAUSE_TRUE ? on_true : on_false;
        return 0;
    }
    if (clause->kind == CLAUSE_ALL || clause->kind == CLAUSE_ANY)
        return add_list(bench, clause, on_false, on_true, ret_start);
    uint32_t test =
        clause->kind == CLAUSE_GROUP ? clause->number : workbench_test(bench, clause->number);
    struct instruction instruction = {.test = test};
    if (test < INSTRUCTION_TRACKED && bench->test_list.items[test].tracked)
        instruction.test |= INSTRUCTION_TRACKED;
    instruction.on[clause->negated] = on_false;
    instruction.on[!clause->negated] = on_true;
    if (test >= INSTRUCTION_TRACKED || vec_push(&bench->instructions, instruction) < 0)
        return -ENOMEM;
    *ret_start = (uint32_t)bench->instructions.len - 1;
    return 0;
}

int program_add(struct workbench *bench, struct clause *condition, uint32_t *ret_start)
{
    return add(bench, condition, PROGRAM_MISS, PROGRAM_MATCH, ret_start);
}
