/*
 * Tests that literals tell about. A rule that is often woken would ask its texts one by
 * one each time; told by literals they are known before it asks:
 *
 *     ANY  a | b | c | (..)        ─▶  ANY  group(a b c) | (..)        one question for the list
 *     ALL  !a & !b & (..)          ─▶  ALL  !group(a b) & (..)
 *     wildcard or regex w          ─▶  ALL  group(its strings) & w     most often, w is not asked
 */
#include <errno.h>

#include "sigma/bucket.h"

int workbench_link(struct workbench *bench, uint32_t *newest, uint32_t number)
{
    if (*newest != ENGINE_NONE && bench->links.items[*newest].number == number)
        return 0;
    struct draft_link link = {number, *newest};
    if (bench->links.len >= ENGINE_NONE || vec_push(&bench->links, link) < 0)
        return -ENOMEM;
    *newest = (uint32_t)bench->links.len - 1;
    return 0;
}

uint32_t workbench_literal(struct workbench *bench, uint32_t column, const struct hook *hook)
{
    char head[5];
    head[0] = (char)('0' + hook->op);
    memcpy(head + 1, &column, sizeof(column));
    char *bytes = arena_bytes(&bench->arena, sizeof(head) + hook->text.len);
    if (!bytes)
        return ENGINE_NONE;
    memcpy(bytes, head, sizeof(head));
    if (hook->text.len > 0)
        memcpy(bytes + sizeof(head), hook->text.ptr, hook->text.len);
    struct str key = str_of(bytes, sizeof(head) + hook->text.len);
    uint32_t id = map_get(&bench->literal_ids, key);
    if (id != MAP_NONE)
        return id;
    id = (uint32_t)bench->literals.len;
    struct draft_literal literal = {.literal = {.text = hook->text, .op = hook->op},
                                    .column = column,
                                    .wakes = ENGINE_NONE,
                                    .tells = ENGINE_NONE};
    if (vec_push(&bench->literals, literal) < 0 || map_put(&bench->literal_ids, key, id) < 0)
        return ENGINE_NONE;
    return id;
}

/* The one literal that says all about a predicate; false: there is none. */
static bool only_hook(struct workbench *bench, uint32_t predicate, struct hook *ret_hook)
{
    struct hook hooks[HOOKS_MAX];
    bool same;
    const struct predicate *asked = &bench->ruleset->predicates[predicate];
    if (predicate_hooks(asked, &bench->arena, hooks, &same) != 1 || !same)
        return false;
    *ret_hook = hooks[0];
    return true;
}

/* Lets the literal of a predicate tell a test: its own, or a group. */
static int tell(struct workbench *bench, uint32_t predicate, const struct hook *hook, uint32_t test)
{
    uint32_t own = workbench_test(bench, predicate);
    if (own == ENGINE_NONE)
        return -ENOMEM;
    uint32_t id = workbench_literal(bench, bench->test_list.items[own].column, hook);
    if (id == ENGINE_NONE)
        return -ENOMEM;
    return workbench_link(bench, &bench->literals.items[id].tells, test);
}

int track_test(struct workbench *bench, uint32_t predicate)
{
    struct hook hook;
    uint32_t test = workbench_test(bench, predicate);
    if (test == ENGINE_NONE)
        return -ENOMEM;
    if (bench->test_list.items[test].tracked || !only_hook(bench, predicate, &hook))
        return 0;
    bench->test_list.items[test].tracked = true;
    return tell(bench, predicate, &hook, test);
}

/* Is it a test that a group of the list could take in? */
static bool joins(struct workbench *bench, const struct clause *list, const struct clause *item,
                  struct hook *ret_hook)
{
    return item->kind == CLAUSE_TEST && item->negated == (list->kind == CLAUSE_ALL) &&
           only_hook(bench, item->number, ret_hook);
}

/* Puts the tests of a list that literals tell into one group. */
static int join_list(struct workbench *bench, struct clause *list)
{
    uint32_t n = 0, n_joined = 0;
    struct hook hook;
    for (uint32_t i = 0; i < list->number; i++)
        n_joined += joins(bench, list, &list->items[i], &hook);
    if (n_joined < 2)
        return 0;
    uint32_t group = (uint32_t)bench->test_list.len;
    if (vec_push(&bench->test_list, ((struct test){.tracked = true})) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < list->number; i++) {
        struct clause *item = &list->items[i];
        if (!joins(bench, list, item, &hook))
            list->items[n++] = *item;
        else if (tell(bench, item->number, &hook, group) < 0)
            return -ENOMEM;
    }
    list->items[n++] =
        (struct clause){.kind = CLAUSE_GROUP, .negated = list->kind == CLAUSE_ALL, .number = group};
    list->number = n;
    return 0;
}

/*
 * A test that a value may fail although it holds one of the test's strings: it is asked only
 * where such a string has been seen.
 */
static int guard_test(struct workbench *bench, struct clause *clause)
{
    struct hook hooks[HOOKS_MAX];
    bool same;
    uint32_t own = workbench_test(bench, clause->number);
    uint32_t n =
        predicate_hooks(&bench->ruleset->predicates[clause->number], &bench->arena, hooks, &same);
    if (own == ENGINE_NONE)
        return -ENOMEM;
    if (n == 0)
        return 0;
    struct clause *items = arena_zero(&bench->arena, 2, sizeof(*items));
    uint32_t group = (uint32_t)bench->test_list.len;
    if (!items || vec_push(&bench->test_list, ((struct test){.tracked = true})) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = workbench_literal(bench, bench->test_list.items[own].column, &hooks[i]);
        if (id == ENGINE_NONE || workbench_link(bench, &bench->literals.items[id].tells, group) < 0)
            return -ENOMEM;
    }
    items[0] = (struct clause){.kind = CLAUSE_GROUP, .negated = clause->negated, .number = group};
    items[1] = *clause;
    *clause = (struct clause){
        .kind = clause->negated ? CLAUSE_ANY : CLAUSE_ALL, .number = 2, .items = items};
    return 0;
}

int track_condition(struct workbench *bench, struct clause *condition)
{
    if (condition->kind == CLAUSE_TEST) {
        struct hook hook;
        return only_hook(bench, condition->number, &hook) ? track_test(bench, condition->number)
                                                          : guard_test(bench, condition);
    }
    if (condition->kind != CLAUSE_ALL && condition->kind != CLAUSE_ANY)
        return 0;
    if (join_list(bench, condition) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < condition->number; i++)
        if (track_condition(bench, &condition->items[i]) < 0)
            return -ENOMEM;
    return 0;
}
