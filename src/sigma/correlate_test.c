#include <stdio.h>

#include "sigma/correlate_test.h"

/* One correlator over a made set, fed hit by hit. */
struct bench {
    struct made made;
    struct correlator *correlator;
    struct buf out;
    uint64_t events; /* so far: each gets the next number as record and mark */
};

static void start(struct bench *bench, int64_t disorder, size_t memory_max)
{
    struct err err = {0};
    struct correlator_options options = {.disorder_us = disorder, .memory_max = memory_max};
    bench->correlator = correlator_new(&bench->made.set, &options, catch_match, &bench->out, &err);
    if (!bench->correlator)
        fail_msg("%s", err.message);
}

static void setup(struct bench *bench, uint32_t n_rules)
{
    *bench = (struct bench){0};
    made_init(&bench->made, n_rules);
}

static void finish(struct bench *bench)
{
    correlator_free(bench->correlator);
    buf_free(&bench->out);
    made_free(&bench->made);
}

/* A hit whose fields have the values in `values`, in the order of correlator_fields(). */
static void hit(struct bench *bench, uint32_t rule, int64_t time, const char *a, const char *b)
{
    struct str values[2] = {str_from_c(a), str_from_c(b)};
    uint64_t number = ++bench->events;
    struct correlation_hit made = {.time = time,
                                   .rule = rule,
                                   .record = number,
                                   .event = number,
                                   .values = values,
                                   .n_values = 2};
    assert_int_equal(correlator_add(bench->correlator, &made), 0);
}

/* The last event matched this rule, too. */
static void hit_again(struct bench *bench, uint32_t rule, int64_t time, const char *a,
                      const char *b)
{
    bench->events--;
    hit(bench, rule, time, a, b);
}

static void expect(struct bench *bench, const char *text)
{
    assert_int_equal(correlator_finish(bench->correlator), 0);
    buf_add_byte(&bench->out, '\0');
    assert_string_equal(bench->out.ptr, text);
}

static struct sigma_correlation *count_by_user(struct bench *bench, enum sigma_op op, double number)
{
    struct sigma_correlation *c = made_add(&bench->made, SIGMA_EVENT_COUNT, 1, 10);
    made_group(&bench->made, c, STR("User"));
    made_bound(c, op, number);
    return c;
}

static void counts_events_of_each_group_within_the_timespan(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_GREATER_EQUAL, 3);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, "ann", NULL);
    hit(&bench, 0, 1, "bob", NULL);
    hit(&bench, 0, 5, "ann", NULL);
    hit(&bench, 0, 10, "ann", NULL); /* 0 to 10 is a timespan of 10 */
    hit(&bench, 0, 11, "bob", NULL);
    hit(&bench, 0, 12, "bob", NULL); /* 1 to 12 is more */
    expect(&bench, "0 [0,10] 3 3 ann #1,3,4\n");
    finish(&bench);
}

static void fires_once_per_burst(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_GREATER, 1);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    for (int64_t time = 0; time < 50; time += 5)
        hit(&bench, 0, time, "ann", NULL);
    hit(&bench, 0, 100, "ann", NULL); /* alone: false */
    hit(&bench, 0, 101, "ann", NULL);
    hit(&bench, 0, 200, "ann", NULL); /* nothing was left within the timespan: a new burst */
    hit(&bench, 0, 200, "ann", NULL);
    expect(&bench, "0 [0,5] 2 2 ann #1,2\n"
                   "0 [100,101] 2 2 ann #11,12\n"
                   "0 [200,200] 2 2 ann #13,14\n");
    finish(&bench);
}

static void hits_without_a_group_by_value_or_a_time_take_no_part(void **state)
{
    (void)state;
    struct bench bench;
    struct correlator_stats stats;
    setup(&bench, 2);
    count_by_user(&bench, SIGMA_GREATER_EQUAL, 2);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, NULL, NULL);
    hit(&bench, 0, 1, NULL, NULL);
    hit(&bench, 0, TIME_UNSET, "ann", NULL);
    hit(&bench, 0, 2, "", NULL); /* an empty value is a value */
    hit(&bench, 0, 3, "", NULL);
    assert_true(correlator_uses(bench.correlator, 0));
    assert_false(correlator_uses(bench.correlator, 1));
    hit(&bench, 1, 3, "ann", NULL); /* used by no correlation: not even counted */
    expect(&bench, "0 [2,3] 2 2  #4,5\n");
    correlator_stats(bench.correlator, &stats);
    assert_int_equal(stats.hits, 5);
    assert_int_equal(stats.ungrouped, 2);
    assert_int_equal(stats.undated, 1);
    assert_int_equal(stats.matches, 1);
    assert_int_equal(stats.windows, 0);
    finish(&bench);
}

static void values_group_without_case_and_are_shown_as_first_spelled(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_GREATER_EQUAL, 3);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 3, "JÜRGEN", NULL);
    hit(&bench, 0, 2, "jürgen", NULL);
    hit(&bench, 0, 1, "Jürgen", NULL);
    hit(&bench, 0, 1, "J\xfc", NULL); /* not UTF-8: a value like any other */
    expect(&bench, "0 [1,3] 3 3 Jürgen #3,2,1\n");
    finish(&bench);
}

static void no_group_by_is_one_group_and_two_fields_are_a_pair(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_EVENT_COUNT, 1, 10);
    made_bound(c, SIGMA_GREATER_EQUAL, 4);
    c = count_by_user(&bench, SIGMA_GREATER_EQUAL, 2);
    made_group(&bench.made, c, STR("Host"));
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, "ann", "x");
    hit(&bench, 0, 1, "annx", "");
    hit(&bench, 0, 2, "", "annx");
    hit(&bench, 0, 3, "ann", "X");
    expect(&bench, "0 [0,3] 4 4 #1,2,3,4\n"
                   "1 [0,3] 2 2 ann,x #1,4\n");
    finish(&bench);
}

static void upper_bounds_are_judged_on_full_windows(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_LESS, 3);
    struct sigma_correlation *c = count_by_user(&bench, SIGMA_GREATER, 2);
    made_bound(c, SIGMA_LESS_EQUAL, 3);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, "few", NULL);
    hit(&bench, 0, 10, "few", NULL);
    for (int64_t time = 0; time < 5; time++)
        hit(&bench, 0, time, "many", NULL);
    for (int64_t time = 0; time < 3; time++)
        hit(&bench, 0, 20 + time, "some", NULL);
    expect(&bench, "0 [0,10] 2 2 few #1,2\n"
                   "1 [20,22] 3 3 some #8,9,10\n");
    finish(&bench);
}

static void equal_and_not_equal_are_judged_on_full_windows(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_NUMBER, 2);
    struct sigma_correlation *c = count_by_user(&bench, SIGMA_NUMBER, 2);
    c->bounds[0].negated = true;
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, "two", NULL);
    hit(&bench, 0, 1, "two", NULL);
    hit(&bench, 0, 0, "three", NULL);
    hit(&bench, 0, 1, "three", NULL);
    hit(&bench, 0, 2, "three", NULL);
    expect(&bench, "0 [0,1] 2 2 two #1,2\n"
                   "1 [0,2] 3 3 three #3,4,5\n");
    finish(&bench);
}

static void counts_distinct_values_and_tuples(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_VALUE_COUNT, 1, 10);
    made_bound(c, SIGMA_GREATER_EQUAL, 3);
    c->fields[c->n_fields++] = STR("A");
    c = made_add(&bench.made, SIGMA_VALUE_COUNT, 1, 10);
    made_bound(c, SIGMA_GREATER_EQUAL, 3);
    c->fields[c->n_fields++] = STR("A");
    c->fields[c->n_fields++] = STR("B");
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, "1", "a");
    hit(&bench, 0, 1, "1", "b");
    hit(&bench, 0, 2, "1", "B");
    hit(&bench, 0, 3, "2", "b");
    hit(&bench, 0, 4, "3", NULL);
    hit(&bench, 0, 20, "1", "a");
    hit(&bench, 0, 29, "2", "a");
    hit(&bench, 0, 31, "3", "a"); /* the first one is too old */
    expect(&bench, "1 [0,3] 4 3 #1,2,3,4\n"
                   "0 [0,4] 5 3 #1,2,3,4,5\n");
    finish(&bench);
}

static void sums_are_exact_in_any_order(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_VALUE_SUM, 1, 10);
    made_bound(c, SIGMA_GREATER_EQUAL, 0.3);
    c->fields[c->n_fields++] = STR("Bytes");
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, "9007199254740991", NULL);
    hit(&bench, 0, 20, "-9007199254740991", NULL);
    hit(&bench, 0, 21, "9007199254740991", NULL);
    hit(&bench, 0, 22, "0.1", NULL);
    hit(&bench, 0, 23, " 0.2 ", NULL);
    hit(&bench, 0, 23, "many", NULL);
    hit(&bench, 0, 23, "1e400", NULL);
    hit(&bench, 0, 50, "2e30", NULL); /* cut, still a lot */
    expect(&bench, "0 [0,0] 1 9.0072e+15 #1\n"
                   "0 [20,23] 4 0.3 #2,3,4,5\n"
                   "0 [50,50] 1 1e+20 #8\n");
    finish(&bench);
}

static void averages_medians_and_percentiles_are_of_full_windows(void **state)
{
    (void)state;
    struct bench bench;
    enum sigma_correlation_type types[] = {SIGMA_VALUE_AVG, SIGMA_VALUE_MEDIAN,
                                           SIGMA_VALUE_PERCENTILE};
    setup(&bench, 1);
    for (size_t i = 0; i < 3; i++) {
        struct sigma_correlation *c = made_add(&bench.made, types[i], 1, 10);
        made_group(&bench.made, c, STR("User"));
        made_bound(c, SIGMA_GREATER, i == 2 ? 80 : 20);
        c->fields[c->n_fields++] = STR("Bytes");
        c->percentile = 90;
    }
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    const char *numbers[] = {"100", "10", "20", "30"};
    for (size_t i = 0; i < 4; i++) {
        hit(&bench, 0, (int64_t)i, "ann", numbers[i]);
        hit(&bench, 0, (int64_t)i, "bob", i ? "1" : "1000");
        hit(&bench, 0, (int64_t)i, "cid", i < 3 ? "1000" : "1");
    }
    /* ann: 10 20 30 100: average 40, median 25, 90th: 30 + 0.7 × 70 = 79 */
    expect(&bench, "0 [0,3] 4 40 ann #1,4,7,10\n"
                   "0 [0,3] 4 250.75 bob #2,5,8,11\n"
                   "0 [0,3] 4 750.25 cid #3,6,9,12\n"
                   "1 [0,3] 4 25 ann #1,4,7,10\n"
                   "1 [0,3] 4 1000 cid #3,6,9,12\n"
                   "2 [0,3] 4 700.3 bob #2,5,8,11\n"
                   "2 [0,3] 4 1000 cid #3,6,9,12\n");
    finish(&bench);
}

static void temporal_wants_every_rule_in_any_order(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 3);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_TEMPORAL, 3, 10);
    made_group(&bench.made, c, STR("User"));
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 2, 0, "ann", NULL);
    hit(&bench, 0, 5, "ann", NULL);
    hit(&bench, 0, 6, "ann", NULL);
    hit(&bench, 1, 10, "bob", NULL);
    hit(&bench, 1, 11, "ann", NULL); /* rule 2 was too long ago */
    hit(&bench, 2, 12, "ann", NULL);
    hit_again(&bench, 1, 12, "ann", NULL); /* one event, two rules: counted once */
    expect(&bench, "0 [5,12] 4 3 ann #2,3,5,6\n");
    finish(&bench);
}

static void temporal_with_not_waits_until_the_window_is_over(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 2);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_TEMPORAL, 2, 10);
    made_group(&bench.made, c, STR("User"));
    struct made *made = &bench.made;
    c->expression =
        made_node(made, SIGMA_AND, 0, made_node(made, SIGMA_REF, 0, NULL, NULL),
                  made_node(made, SIGMA_NOT, 0, made_node(made, SIGMA_REF, 1, NULL, NULL), NULL));
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, "ann", NULL);
    hit(&bench, 1, 9, "ann", NULL);
    hit(&bench, 0, 1, "bob", NULL);
    expect(&bench, "0 [1,1] 1 1 bob #3\n");
    finish(&bench);
}

static void ordered_wants_the_rules_in_their_order(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 3);
    made_add(&bench.made, SIGMA_TEMPORAL_ORDERED, 3, 10);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, NULL, NULL);
    hit(&bench, 1, 1, NULL, NULL);
    hit(&bench, 1, 4, NULL, NULL);
    hit(&bench, 0, 5, NULL, NULL);
    hit(&bench, 2, 11, NULL, NULL); /* 0 at 0 is too old, 0 at 5 has no 1 after it */
    hit(&bench, 1, 12, NULL, NULL);
    hit(&bench, 2, 12, NULL, NULL); /* later in its source, at the same time */
    expect(&bench, "0 [4,12] 5 3 #3,4,5,6,7\n");
    finish(&bench);
}

static void one_event_is_not_two_steps_of_an_order(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 2);
    made_add(&bench.made, SIGMA_TEMPORAL_ORDERED, 2, 10);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 0, NULL, NULL);
    hit_again(&bench, 1, 0, NULL, NULL);
    hit(&bench, 0, 50, NULL, NULL);
    hit(&bench, 0, 51, NULL, NULL);
    hit_again(&bench, 1, 51, NULL, NULL);
    expect(&bench, "0 [50,51] 2 2 #2,3\n");
    finish(&bench);
}

static void ordered_with_bounds_takes_any_ascending_rules(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 3);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_TEMPORAL_ORDERED, 3, 10);
    made_bound(c, SIGMA_GREATER_EQUAL, 2);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 2, 0, NULL, NULL);
    hit(&bench, 1, 1, NULL, NULL);
    hit(&bench, 0, 2, NULL, NULL);
    hit(&bench, 2, 3, NULL, NULL);
    expect(&bench, "0 [0,3] 4 2 #1,2,3,4\n");
    finish(&bench);
}

static void ordered_with_a_condition_takes_any_of_its_branches(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 3);
    struct made *made = &bench.made;
    struct sigma_correlation *c = made_add(made, SIGMA_TEMPORAL_ORDERED, 3, 10);
    /* (0 or 1) and 2 */
    c->expression =
        made_node(made, SIGMA_AND, 0,
                  made_node(made, SIGMA_OR, 0, made_node(made, SIGMA_REF, 0, NULL, NULL),
                            made_node(made, SIGMA_REF, 1, NULL, NULL)),
                  made_node(made, SIGMA_REF, 2, NULL, NULL));
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 2, 0, NULL, NULL);
    hit(&bench, 1, 1, NULL, NULL);
    hit(&bench, 2, 20, NULL, NULL);
    hit(&bench, 1, 40, NULL, NULL);
    hit(&bench, 2, 41, NULL, NULL);
    expect(&bench, "0 [40,41] 2 2 #4,5\n");
    finish(&bench);
}

static void a_match_is_an_event_for_the_correlation_above(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 2);
    /* the chain stands first in the set: order does not matter */
    struct sigma_correlation *above = made_add(&bench.made, SIGMA_TEMPORAL_ORDERED, 2, 100);
    made_group(&bench.made, above, STR("User"));
    above->sources[0] = (struct sigma_source){.correlation = true, .index = 1};
    above->sources[1] = (struct sigma_source){.index = 1};
    struct sigma_correlation *below = count_by_user(&bench, SIGMA_GREATER_EQUAL, 3);
    below->generate = false;
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 1, 0, "ann", NULL);
    hit(&bench, 0, 1, "ann", NULL);
    hit(&bench, 0, 2, "Ann", NULL);
    hit(&bench, 0, 3, "ANN", NULL);
    hit(&bench, 1, 50, "bob", NULL);
    hit(&bench, 1, 60, "ann", NULL);
    expect(&bench, "0 [0,60] 3 2 ann #1,2,3,4,6\n");
    struct correlator_stats stats;
    correlator_stats(bench.correlator, &stats);
    assert_int_equal(stats.matches, 2);
    finish(&bench);
}

static void fields_of_the_events_reach_the_correlation_above(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    /* below: by host; above: by user, which only the events know */
    struct sigma_correlation *below = made_add(&bench.made, SIGMA_EVENT_COUNT, 1, 10);
    made_group(&bench.made, below, STR("Host"));
    made_bound(below, SIGMA_GREATER_EQUAL, 3);
    below->generate = false;
    struct sigma_correlation *above = made_add(&bench.made, SIGMA_EVENT_COUNT, 1, 1000);
    made_group(&bench.made, above, STR("User"));
    above->sources[0] = (struct sigma_source){.correlation = true, .index = 0};
    made_bound(above, SIGMA_GREATER_EQUAL, 2);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    const struct str *names;
    assert_int_equal(correlator_fields(bench.correlator, 0, &names), 2);
    assert_str(names[0], "Host");
    assert_str(names[1], "User");
    hit(&bench, 0, 0, "h1", "ann");
    hit(&bench, 0, 1, "h1", "ann");
    hit(&bench, 0, 2, "h1", "bob");
    hit(&bench, 0, 100, "h2", "ann");
    hit(&bench, 0, 101, "h2", "cid");
    hit(&bench, 0, 102, "h2", "cid");
    expect(&bench, "1 [2,102] 2 2 ann #1,2,4\n");
    finish(&bench);
}

static void aliases_give_each_rule_its_own_field(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 2);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_TEMPORAL, 2, 10);
    made_group(&bench.made, c, STR("ip"));
    c->group_by[0].by_source[0] = STR("source.ip");
    c->group_by[0].by_source[1] = STR("destination.ip");
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    const struct str *names;
    assert_int_equal(correlator_fields(bench.correlator, 0, &names), 1);
    assert_str(names[0], "source.ip");
    assert_int_equal(correlator_fields(bench.correlator, 1, &names), 1);
    assert_str(names[0], "destination.ip");
    hit(&bench, 0, 0, "10.0.0.1", NULL);
    hit(&bench, 1, 1, "10.0.0.1", NULL);
    expect(&bench, "0 [0,1] 2 2 10.0.0.1 #1,2\n");
    finish(&bench);
}

static void late_hits_are_counted_and_left_out(void **state)
{
    (void)state;
    struct bench bench;
    struct correlator_stats stats;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_GREATER_EQUAL, 3);
    start(&bench, 5, 0);
    hit(&bench, 0, 10, "ann", NULL);
    hit(&bench, 0, 5, "ann", NULL);
    hit(&bench, 0, 4, "ann", NULL); /* more than 5 older than the newest */
    correlator_stats(bench.correlator, &stats);
    assert_int_equal(stats.late, 1);
    assert_int_equal(stats.hits, 3);
    expect(&bench, "");
    finish(&bench);
}

static void time_releases_what_is_due(void **state)
{
    (void)state;
    struct bench bench;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_GREATER_EQUAL, 2);
    count_by_user(&bench, SIGMA_LESS, 3);
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    hit(&bench, 0, 10, "ann", NULL);
    hit(&bench, 0, 11, "ann", NULL);
    assert_int_equal(correlator_release(bench.correlator, 11), 0);
    assert_int_equal(bench.out.len, 0); /* another hit at 11 would still count */
    assert_int_equal(correlator_release(bench.correlator, 12), 0);
    assert_str(buf_str(&bench.out), "0 [10,11] 2 2 ann #1,2\n");
    assert_int_equal(correlator_release(bench.correlator, 21), 0);
    assert_str(buf_str(&bench.out), "0 [10,11] 2 2 ann #1,2\n1 [10,11] 2 2 ann #1,2\n");
    finish(&bench);
}

static void spent_memory_releases_early_and_is_counted(void **state)
{
    (void)state;
    struct bench bench;
    struct correlator_stats stats;
    char user[32];
    setup(&bench, 1);
    made_add(&bench.made, SIGMA_VALUE_COUNT, 1, 1000000);
    struct sigma_correlation *c = &bench.made.correlations[0];
    made_bound(c, SIGMA_GREATER_EQUAL, 100000);
    c->fields[c->n_fields++] = STR("User");
    start(&bench, CORRELATE_DISORDER_ALL, 256 << 10);
    for (int i = 0; i < 20000; i++) {
        (void)snprintf(user, sizeof(user), "user-%d", i);
        hit(&bench, 0, i, user, NULL);
        correlator_stats(bench.correlator, &stats);
        assert_true(stats.memory <= 257 << 10);
    }
    assert_true(stats.early > 0);
    assert_true(stats.forgotten > 0);
    assert_int_equal(stats.late, 0);
    expect(&bench, "");
    correlator_stats(bench.correlator, &stats);
    assert_int_equal(stats.windows, 0);
    finish(&bench);
}

static void nothing_is_left_when_all_is_over(void **state)
{
    (void)state;
    struct bench bench;
    struct correlator_stats stats;
    setup(&bench, 1);
    count_by_user(&bench, SIGMA_LESS, 3);
    struct sigma_correlation *c = made_add(&bench.made, SIGMA_VALUE_MEDIAN, 1, 10);
    made_group(&bench.made, c, STR("User"));
    made_bound(c, SIGMA_LESS, 0);
    c->fields[c->n_fields++] = STR("Bytes");
    start(&bench, CORRELATE_DISORDER_ALL, 0);
    for (int i = 0; i < 5000; i++)
        hit(&bench, 0, i / 100, i % 3 ? "Ann" : "Bob", "17");
    expect(&bench, "");
    correlator_stats(bench.correlator, &stats);
    assert_int_equal(stats.memory, 0);
    assert_int_equal(stats.windows, 0);
    assert_true(stats.memory_peak > 0);
    finish(&bench);
}

static void circles_and_limits_are_refused_with_a_reason(void **state)
{
    (void)state;
    struct made made;
    struct err err = {0};
    struct correlator_options options = {0};
    made_init(&made, 1);
    for (uint32_t i = 0; i < 2; i++) {
        struct sigma_correlation *c = made_add(&made, SIGMA_EVENT_COUNT, 1, 10);
        c->meta.title = STR("round");
        made_bound(c, SIGMA_GREATER, 1);
        c->sources[0] = (struct sigma_source){.correlation = true, .index = 1 - i};
    }
    assert_null(correlator_new(&made.set, &options, catch_match, NULL, &err));
    assert_int_equal(err.code, -ENOTSUP);
    assert_non_null(strstr(err.message, "circle"));

    struct sigma_correlation wide = {.type = SIGMA_TEMPORAL_ORDERED,
                                     .n_sources = CORRELATE_ORDERED_MAX + 1};
    assert_int_equal(correlation_check(&wide, &err), -ENOTSUP);
    wide.type = SIGMA_TEMPORAL;
    assert_int_equal(correlation_check(&wide, &err), 0);
    wide.type = SIGMA_VALUE_SUM;
    assert_int_equal(correlation_check(&wide, &err), -ENOTSUP);
    assert_non_null(strstr(err.message, "no condition"));
    made_free(&made);
}

/*
 * (0 or 1) and (0 or 1) and ... : the number of branches stays small; of (0
 * or 1) and (2 or 3) and ... it doubles with each.
 */
static void alternatives_of_an_order_are_limited(void **state)
{
    (void)state;
    struct made made;
    struct err err = {0};
    for (uint32_t step = 0; step <= 2; step += 2) {
        made_init(&made, 0);
        struct sigma_correlation *c = made_add(&made, SIGMA_TEMPORAL_ORDERED, 16, 10);
        c->expression = made_node(&made, SIGMA_TRUE, 0, NULL, NULL);
        for (uint32_t i = 0; i < 7; i++)
            c->expression = made_node(
                &made, SIGMA_AND, 0, c->expression,
                made_node(&made, SIGMA_OR, 0, made_node(&made, SIGMA_REF, i * step, NULL, NULL),
                          made_node(&made, SIGMA_REF, i * step + 1, NULL, NULL)));
        assert_int_equal(correlation_check(c, &err), step ? -ENOTSUP : 0);
        made_free(&made);
    }
}

/* ---- from YAML to matches ---- */

static const char guessed_password[] =
    "title: Password guessed\nname: guessed\nlevel: high\n"
    "correlation: {type: temporal_ordered, rules: [guessing, success], group-by: [Account], "
    "timespan: 10m, aliases: {Account: {guessing: User, success: TargetUser}}}\n---\n"
    "title: Guessing\nname: guessing\n"
    "correlation: {type: event_count, rules: [failure], group-by: [User], timespan: 5m, "
    "condition: {gte: 3}}\n---\n"
    "title: Failure\nname: failure\nlogsource: {category: authentication}\n"
    "detection: {sel: {Result: failure}, condition: sel}\n---\n"
    "title: Success\nname: success\nlogsource: {category: authentication}\n"
    "detection: {sel: {Result: success}, condition: sel}\n";

static void rules_as_people_write_them_correlate(void **state)
{
    (void)state;
    struct sigma_set set;
    struct buf out = {0};
    struct err err = {0};
    struct correlator_options options = {.disorder_us = CORRELATE_DISORDER_ALL};
    assert_int_equal(sigma_set_init(&set), 0);
    assert_int_equal(sigma_set_add(&set, STR(guessed_password), STR("guessed.yml")), 0);
    assert_int_equal(sigma_set_link(&set), 0);
    if (set.refusals.len)
        fail_msg("%s", set.refusals.items[0].err.message);
    struct correlator *correlator = correlator_new(&set, &options, catch_match, &out, &err);
    if (!correlator)
        fail_msg("%s", err.message);
    const struct str *names;
    assert_int_equal(correlator_fields(correlator, 0, &names), 1);
    assert_str(names[0], "User");
    assert_int_equal(correlator_fields(correlator, 1, &names), 1);
    assert_str(names[0], "TargetUser");
    struct str ann = STR("ann");
    for (uint64_t i = 0; i < 4; i++) {
        struct correlation_hit hit = {.time = (int64_t)i * 60 * TIME_SECOND_US,
                                      .rule = i == 3,
                                      .record = i,
                                      .event = 10 + i,
                                      .values = &ann,
                                      .n_values = 1};
        assert_int_equal(correlator_add(correlator, &hit), 0);
    }
    assert_int_equal(correlator_finish(correlator), 0);
    struct correlator_stats stats;
    correlator_stats(correlator, &stats);
    assert_int_equal(stats.matches, 2);
    /* "Guessing" is no finding of its own; the failures are evidence all the same */
    uint32_t guessed = str_eq(set.correlations.items[0]->meta.name, STR("guessed")) ? 0 : 1;
    struct buf expected = {0};
    buf_printf(&expected, "%u [120000000,180000000] 2 2 ann #10,11,12,13\n", guessed);
    assert_int_equal(out.len, expected.len);
    assert_memory_equal(out.ptr, expected.ptr, out.len);
    buf_free(&expected);
    buf_free(&out);
    correlator_free(correlator);
    sigma_set_free(&set);
}

static void a_set_beyond_the_limits_is_refused_when_it_is_linked(void **state)
{
    (void)state;
    struct sigma_set set;
    struct buf yaml = {0};
    assert_int_equal(sigma_set_init(&set), 0);
    for (int i = 0; i <= CORRELATE_ORDERED_MAX; i++)
        buf_printf(&yaml,
                   "title: r%d\nname: r%d\nlogsource: {category: a}\n"
                   "detection: {sel: {A: %d}, condition: sel}\n---\n",
                   i, i, i);
    buf_add_c(&yaml,
              "title: long order\ncorrelation: {type: temporal_ordered, timespan: 1m, rules: [");
    for (int i = 0; i <= CORRELATE_ORDERED_MAX; i++)
        buf_printf(&yaml, "%sr%d", i ? ", " : "", i);
    buf_add_c(&yaml, "]}\n");
    assert_int_equal(sigma_set_add(&set, buf_str(&yaml), STR("long.yml")), 0);
    assert_int_equal(sigma_set_link(&set), 0);
    assert_int_equal(set.refusals.len, 1);
    assert_non_null(strstr(set.refusals.items[0].err.message, "orders too many rules"));
    assert_true(set.refusals.items[0].err.line > CORRELATE_ORDERED_MAX);
    buf_free(&yaml);
    sigma_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_events_of_each_group_within_the_timespan),
        cmocka_unit_test(fires_once_per_burst),
        cmocka_unit_test(hits_without_a_group_by_value_or_a_time_take_no_part),
        cmocka_unit_test(values_group_without_case_and_are_shown_as_first_spelled),
        cmocka_unit_test(no_group_by_is_one_group_and_two_fields_are_a_pair),
        cmocka_unit_test(upper_bounds_are_judged_on_full_windows),
        cmocka_unit_test(equal_and_not_equal_are_judged_on_full_windows),
        cmocka_unit_test(counts_distinct_values_and_tuples),
        cmocka_unit_test(sums_are_exact_in_any_order),
        cmocka_unit_test(averages_medians_and_percentiles_are_of_full_windows),
        cmocka_unit_test(temporal_wants_every_rule_in_any_order),
        cmocka_unit_test(temporal_with_not_waits_until_the_window_is_over),
        cmocka_unit_test(ordered_wants_the_rules_in_their_order),
        cmocka_unit_test(one_event_is_not_two_steps_of_an_order),
        cmocka_unit_test(ordered_with_bounds_takes_any_ascending_rules),
        cmocka_unit_test(ordered_with_a_condition_takes_any_of_its_branches),
        cmocka_unit_test(a_match_is_an_event_for_the_correlation_above),
        cmocka_unit_test(fields_of_the_events_reach_the_correlation_above),
        cmocka_unit_test(aliases_give_each_rule_its_own_field),
        cmocka_unit_test(late_hits_are_counted_and_left_out),
        cmocka_unit_test(time_releases_what_is_due),
        cmocka_unit_test(spent_memory_releases_early_and_is_counted),
        cmocka_unit_test(nothing_is_left_when_all_is_over),
        cmocka_unit_test(circles_and_limits_are_refused_with_a_reason),
        cmocka_unit_test(alternatives_of_an_order_are_limited),
        cmocka_unit_test(rules_as_people_write_them_correlate),
        cmocka_unit_test(a_set_beyond_the_limits_is_refused_when_it_is_linked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
