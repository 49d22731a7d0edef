/* Rules and events made from the input's bytes: the compiled engine says what their trees say. */
#include <stdio.h>
#include <stdlib.h>

#include "sigma/engine_random.h"
#include "sigma/eval.h"

#define RULES_MAX 12
#define EVENTS_MAX 16

struct under_test {
    struct fields fields;
    struct datasets *datasets;
    struct sigma_set set;
    struct ruleset *ruleset;
    struct matcher *matcher;
    struct arena scratch;
};

static void compare(struct under_test *test, struct event *event)
{
    const uint32_t *rules;
    size_t n = matcher_run(test->matcher, event, &rules), k = 0;
    for (uint32_t i = 0; i < test->set.rules.len; i++) {
        bool expected = sigma_eval_rule(test->set.rules.items[i], test->datasets, event);
        bool actual = k < n && rules[k] == i;
        k += actual;
        if (expected == actual)
            continue;
        struct buf text = {0};
        sigma_explain(test->set.rules.items[i], test->datasets, event, false, &text);
        fprintf(stderr, "rule %u: the engine says %d\n%.*s\n", i, actual, STR_ARG(buf_str(&text)));
        abort();
    }
    if (k != n)
        abort();
}

static void run(struct under_test *test, struct choices *choices)
{
    struct slot slots[RANDOM_SLOTS_MAX + EVENT_DERIVED_MAX];
    struct event event = {.scratch = &test->scratch};
    struct err err;
    uint32_t n_rules = 1 + choose(choices, RULES_MAX);
    for (uint32_t i = 0; i < n_rules; i++)
        if (random_rule(choices, &test->set) < 0)
            return;
    if (ruleset_collect_fields(&test->set, &test->fields) < 0)
        return;
    test->ruleset = ruleset_build(&test->set, &test->fields, test->datasets, NULL, &err);
    test->matcher = test->ruleset ? matcher_new(test->ruleset) : NULL;
    for (int i = 0; test->matcher && i < EVENTS_MAX && choices->ptr < choices->end; i++) {
        random_event(choices, &test->fields, &event, slots);
        datasets_recognise(test->datasets, &event);
        compare(test, &event);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct under_test test = {0};
    struct choices choices = {.ptr = data, .end = data + size};
    struct err err;
    if (size == 0)
        return 0;
    arena_init(&test.scratch, 1 << 20);
    if (fields_init(&test.fields) == 0 && (test.datasets = datasets_new(&test.fields)) &&
        datasets_add(test.datasets, str_from_c(ENGINE_RANDOM_DATASETS), STR("random"), &err) == 0 &&
        datasets_freeze(test.datasets) == 0 && sigma_set_init(&test.set) == 0)
        run(&test, &choices);
    matcher_free(test.matcher);
    ruleset_free(test.ruleset);
    sigma_set_free(&test.set);
    datasets_free(test.datasets);
    fields_free(&test.fields);
    arena_free(&test.scratch);
    return 0;
}
