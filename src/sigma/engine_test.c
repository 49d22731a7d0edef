/* The compiled engine against the plain evaluation of the same rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka needs the headers above first */
#include <cmocka.h>
#include <pthread.h>

#include "base/hash.h"
#include "sigma/engine_random.h"
#include "sigma/eval.h"

struct bench {
    struct fields fields;
    struct datasets *datasets;
    struct sigma_set set;
    struct ruleset *ruleset;
    struct matcher *matcher;
    struct arena scratch;
};

static void bench_open(struct bench *bench, struct choices *choices, uint32_t n_rules)
{
    struct err err;
    *bench = (struct bench){0};
    arena_init(&bench->scratch, 1 << 20);
    assert_int_equal(fields_init(&bench->fields), 0);
    bench->datasets = datasets_new(&bench->fields);
    assert_non_null(bench->datasets);
    assert_int_equal(
        datasets_add(bench->datasets, str_from_c(ENGINE_RANDOM_DATASETS), STR("random"), &err), 0);
    assert_int_equal(datasets_freeze(bench->datasets), 0);
    assert_int_equal(sigma_set_init(&bench->set), 0);
    for (uint32_t i = 0; i < n_rules; i++)
        assert_int_equal(random_rule(choices, &bench->set), 0);
    assert_int_equal(ruleset_collect_fields(&bench->set, &bench->fields), 0);
    bench->ruleset = ruleset_build(&bench->set, &bench->fields, bench->datasets, NULL, &err);
    assert_non_null(bench->ruleset);
    assert_int_equal(bench->set.refusals.len, 0);
    bench->matcher = matcher_new(bench->ruleset);
    assert_non_null(bench->matcher);
}

static void bench_close(struct bench *bench)
{
    matcher_free(bench->matcher);
    ruleset_free(bench->ruleset);
    sigma_set_free(&bench->set);
    datasets_free(bench->datasets);
    fields_free(&bench->fields);
    arena_free(&bench->scratch);
}

/* Both ways must say the same of every rule. Returns how many match. */
static size_t compare(struct bench *bench, struct event *event, uint64_t seed)
{
    const uint32_t *rules;
    size_t n = matcher_run(bench->matcher, event, &rules), k = 0;
    for (uint32_t i = 0; i < bench->set.rules.len; i++) {
        bool expected = sigma_eval_rule(bench->set.rules.items[i], bench->datasets, event);
        bool actual = k < n && rules[k] == i;
        k += actual;
        if (expected == actual)
            continue;
        struct buf text = {0};
        event_write_json(event, &text);
        buf_add_c(&text, "\n");
        sigma_explain(bench->set.rules.items[i], bench->datasets, event, false, &text);
        fail_msg("seed %llu, rule %u: the engine says %d, the rule %d\n%.*s",
                 (unsigned long long)seed, i, actual, expected, STR_ARG(buf_str(&text)));
    }
    assert_int_equal(k, n);
    return n;
}

static void random_rules_match_what_their_trees_say(void **state)
{
    (void)state;
    size_t matches = 0, events = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct choices choices = {.seed = seed};
        struct bench bench;
        struct event event = {0};
        struct slot slots[RANDOM_SLOTS_MAX + EVENT_DERIVED_MAX];
        bench_open(&bench, &choices, 1 + choose(&choices, 200));
        event.scratch = &bench.scratch;
        for (int i = 0; i < 120; i++, events++) {
            random_event(&choices, &bench.fields, &event, slots);
            datasets_recognise(bench.datasets, &event);
            matches += compare(&bench, &event, seed);
        }
        bench_close(&bench);
    }
    assert_true(matches > events); /* or the test compares nothing with nothing */
}

#define THREADS 4
#define THREAD_EVENTS 2000

/* One thread's run over the same events as all others'. */
struct runner {
    pthread_t thread;
    struct bench *bench;
    uint64_t sum; /* of what matched, in order */
};

static void *run_events(void *context)
{
    struct runner *runner = context;
    struct choices choices = {.seed = 99};
    struct slot slots[RANDOM_SLOTS_MAX + EVENT_DERIVED_MAX];
    struct arena scratch;
    struct event event = {.scratch = &scratch};
    struct matcher *matcher = matcher_new(runner->bench->ruleset);
    arena_init(&scratch, 1 << 20);
    for (int i = 0; matcher && i < THREAD_EVENTS; i++) {
        const uint32_t *rules;
        random_event(&choices, &runner->bench->fields, &event, slots);
        datasets_recognise(runner->bench->datasets, &event);
        size_t n = matcher_run(matcher, &event, &rules);
        for (size_t k = 0; k < n; k++)
            runner->sum = hash_mix(runner->sum, (uint64_t)i << 32 | rules[k]);
    }
    matcher_free(matcher);
    arena_free(&scratch);
    return NULL;
}

static void threads_that_meet_in_compiling_buckets_agree(void **state)
{
    (void)state;
    struct choices choices = {.seed = 4};
    struct bench bench;
    struct runner runners[THREADS] = {0};
    bench_open(&bench, &choices, 150);
    for (int i = 0; i < THREADS; i++) {
        runners[i].bench = &bench;
        assert_int_equal(pthread_create(&runners[i].thread, NULL, run_events, &runners[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(runners[i].thread, NULL);
    struct runner alone = {.bench = &bench};
    run_events(&alone);
    assert_true(alone.sum != 0);
    for (int i = 0; i < THREADS; i++)
        assert_true(runners[i].sum == alone.sum);
    bench_close(&bench);
}

static uint64_t fake_clock(void)
{
    return 0;
}

static void profiling_asks_the_same_rules_and_finds_the_same_matches(void **state)
{
    (void)state;
    struct choices choices = {.seed = 11};
    struct bench bench;
    struct event event = {0};
    struct slot slots[RANDOM_SLOTS_MAX + EVENT_DERIVED_MAX];
    struct rule_cost costs[100] = {0};
    uint64_t matches = 0, profiled = 0;
    bench_open(&bench, &choices, 100);
    event.scratch = &bench.scratch;
    for (int i = 0; i < 300; i++) {
        const uint32_t *rules;
        random_event(&choices, &bench.fields, &event, slots);
        datasets_recognise(bench.datasets, &event);
        matches += matcher_run(bench.matcher, &event, &rules);
        matcher_profile(bench.matcher, &event, fake_clock, costs);
    }
    for (int i = 0; i < 100; i++) {
        assert_true(costs[i].matched <= costs[i].asked && costs[i].asked <= costs[i].events);
        profiled += costs[i].matched;
    }
    assert_int_equal(profiled, matches);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_rules_match_what_their_trees_say),
        cmocka_unit_test(threads_that_meet_in_compiling_buckets_agree),
        cmocka_unit_test(profiling_asks_the_same_rules_and_finds_the_same_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
