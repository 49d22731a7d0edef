/* What a saved correlator must be: for other rules, for damaged bytes. correlate_random_test saves at random. */
#include "sigma/correlate_test.h"

static void hit_at(struct correlator *correlator, uint32_t rule, int64_t time, struct str user,
                   struct str realm)
{
    struct correlation_hit hit = {.time = time,
                                  .rule = rule,
                                  .record = (uint64_t)time,
                                  .event = (uint64_t)time,
                                  .realm = realm,
                                  .values = &user,
                                  .n_values = 1};
    assert_int_equal(correlator_add(correlator, &hit), 0);
}

static struct correlator *make(const struct made *made, struct buf *out)
{
    struct err err = {0};
    struct correlator_options options = {.disorder_us = CORRELATE_DISORDER_ALL};
    struct correlator *correlator = correlator_new(&made->set, &options, catch_match, out, &err);
    assert_non_null(correlator);
    return correlator;
}

/* Two rules; two or more of either, by user. */
static void make_counts(struct made *made)
{
    made_init(made, 2);
    made->rules[0].meta.id = STR("failed");
    made->rules[1].meta.id = STR("changed");
    for (uint32_t rule = 0; rule < 2; rule++) {
        struct sigma_correlation *c = made_add(made, SIGMA_EVENT_COUNT, 1, 100);
        c->sources[0].index = rule;
        made_group(made, c, STR("User"));
        made_bound(c, SIGMA_GREATER_EQUAL, 2);
    }
}

/* One hit of each rule within its window, one of each still held. */
static void fill(struct correlator *correlator)
{
    for (uint32_t rule = 0; rule < 2; rule++)
        hit_at(correlator, rule, 10, STR("ann"), STR("health"));
    assert_int_equal(correlator_release(correlator, 11), 0);
    for (uint32_t rule = 0; rule < 2; rule++)
        hit_at(correlator, rule, 20, STR("bob"), STR("health"));
}

static void a_changed_correlation_starts_empty_and_the_others_go_on(void **state)
{
    (void)state;
    struct made made, changed;
    struct buf bytes = {0}, out = {0};
    struct err err = {0};
    struct correlator_stats stats;
    make_counts(&made);
    make_counts(&changed);
    changed.correlations[1].timespan_us = 99;
    struct correlator *before = make(&made, &out), *after = make(&changed, &out);
    fill(before);
    assert_int_equal(correlator_save(before, &bytes), 0);
    assert_int_equal(correlator_load(after, buf_str(&bytes), &err), 0);
    correlator_stats(after, &stats);
    assert_int_equal(stats.dropped, 1); /* what was in the window of the changed one */
    for (uint32_t rule = 0; rule < 2; rule++)
        hit_at(after, rule, 30, STR("ann"), STR("health"));
    assert_int_equal(correlator_finish(after), 0);
    buf_add_byte(&out, '\0');
    assert_string_equal(out.ptr, "0 [10,30] 2 2 ann #10,30\n");
    correlator_free(before);
    correlator_free(after);
    buf_free(&bytes);
    buf_free(&out);
    made_free(&made);
    made_free(&changed);
}

static void hits_of_different_realms_never_meet(void **state)
{
    (void)state;
    struct made made;
    struct buf out = {0};
    make_counts(&made);
    struct correlator *correlator = make(&made, &out);
    hit_at(correlator, 0, 10, STR("ann"), STR("health"));
    hit_at(correlator, 0, 20, STR("ann"), STR("transport"));
    hit_at(correlator, 0, 30, STR("ann"), (struct str){0});
    hit_at(correlator, 0, 40, STR("ann"), STR("transport"));
    assert_int_equal(correlator_finish(correlator), 0);
    buf_add_byte(&out, '\0');
    assert_string_equal(out.ptr, "0 [20,40] 2 2 ann #20,40\n");
    correlator_free(correlator);
    buf_free(&out);
    made_free(&made);
}

static void damaged_bytes_are_refused(void **state)
{
    (void)state;
    struct made made;
    struct buf bytes = {0}, out = {0};
    make_counts(&made);
    struct correlator *correlator = make(&made, &out);
    fill(correlator);
    assert_int_equal(correlator_save(correlator, &bytes), 0);
    correlator_free(correlator);
    for (size_t len = 0; len < bytes.len; len++) { /* cut off anywhere */
        struct err err = {0};
        correlator = make(&made, &out);
        assert_int_equal(correlator_load(correlator, str_first(buf_str(&bytes), len), &err),
                         -EBADMSG);
        correlator_free(correlator);
    }
    for (size_t at = 0; at < bytes.len; at++) { /* changed anywhere: refused, or of use */
        struct err err = {0};
        correlator = make(&made, &out);
        bytes.ptr[at] ^= 0x41;
        if (correlator_load(correlator, buf_str(&bytes), &err) == 0)
            assert_int_equal(correlator_finish(correlator), 0);
        bytes.ptr[at] ^= 0x41;
        correlator_free(correlator);
    }
    buf_free(&bytes);
    buf_free(&out);
    made_free(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_correlation_starts_empty_and_the_others_go_on),
        cmocka_unit_test(hits_of_different_realms_never_meet),
        cmocka_unit_test(damaged_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
