#include "base/test.h"
#include "ledger/finding.h"
#include "ledger/kept_lookback.h"
#include "ledger/ledger_test.h"

#include <errno.h>

static void add(struct ledger *ledger, char id[static LOOKBACK_ID_MAX])
{
    const struct kept_lookback lookback = {.rules = STR("[{\"rule\":\"r-1\"}]"),
                                           .offsets = STR("\0\0\0\0\0\0\0\1")};
    assert_int_equal(kept_lookback_add(ledger, &lookback, id), 0);
}

static struct kept_lookback get(struct ledger *ledger, const char *id)
{
    struct kept_lookback lookback;
    assert_int_equal(kept_lookback_get(ledger, str_from_c(id), &lookback), 0);
    return lookback;
}

static void a_look_remembers_how_far_it_has_come(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    char id[LOOKBACK_ID_MAX];
    add(ledger, id);
    struct kept_lookback lookback = get(ledger, id);
    assert_int_equal(lookback.state, LOOKBACK_WAITING);
    assert_int_equal(lookback.until, INT64_MAX);
    assert_int_equal(lookback.offsets.len, 8);
    lookback.state = LOOKBACK_RUNNING;
    lookback.until = 42;
    lookback.done = 7;
    assert_int_equal(kept_lookback_put(ledger, &lookback), 0);
    lookback = get(ledger, id);
    assert_int_equal(lookback.state, LOOKBACK_RUNNING);
    assert_int_equal(lookback.until, 42);
    assert_int_equal(lookback.done, 7);
}

static void one_that_was_cancelled_takes_no_more_progress_until_it_is_resumed(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    char id[LOOKBACK_ID_MAX];
    add(ledger, id);
    assert_int_equal(kept_lookback_resume(ledger, str_from_c(id)), -ENOENT);
    assert_int_equal(kept_lookback_cancel(ledger, str_from_c(id)), 0);
    struct kept_lookback lookback = get(ledger, id);
    assert_int_equal(kept_lookback_put(ledger, &lookback), -ENOENT);
    assert_int_equal(kept_lookback_cancel(ledger, str_from_c(id)), -ENOENT);
    assert_int_equal(kept_lookback_resume(ledger, str_from_c(id)), 0);
    assert_int_equal(get(ledger, id).state, LOOKBACK_WAITING);
    assert_int_equal(kept_lookback_cancel(ledger, STR("l-none")), -ENOENT);
}

static void the_next_is_the_oldest_that_has_not_ended(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    char first[LOOKBACK_ID_MAX], second[LOOKBACK_ID_MAX], next[LOOKBACK_ID_MAX];
    assert_int_equal(kept_lookback_next(ledger, next), -ENOENT);
    add(ledger, first);
    add(ledger, second);
    if (strcmp(first, second) > 0) { /* of one moment */
        memcpy(next, first, sizeof(next));
        memcpy(first, second, sizeof(first));
        memcpy(second, next, sizeof(second));
    }
    struct kept_lookback lookback = get(ledger, first);
    lookback.state = LOOKBACK_RUNNING;
    assert_int_equal(kept_lookback_put(ledger, &lookback), 0);
    assert_int_equal(kept_lookback_next(ledger, next), 0);
    assert_string_equal(next, first);
    lookback.state = LOOKBACK_DONE;
    assert_int_equal(kept_lookback_put(ledger, &lookback), 0);
    assert_int_equal(kept_lookback_next(ledger, next), 0);
    assert_string_equal(next, second);
    assert_int_equal(kept_lookback_cancel(ledger, str_from_c(second)), 0);
    assert_int_equal(kept_lookback_next(ledger, next), -ENOENT);
}

static int sum_verdict(void *context, const struct kept_verdict *verdict)
{
    struct kept_verdict *sum = context;
    sum->matches += verdict->matches;
    sum->first = verdict->first;
    sum->last = verdict->last;
    sum->days++;
    return 0;
}

static void verdicts_add_up_and_are_seen_by_their_agency_only(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    struct str moh = STR("moh");
    const struct ledger_scope own = {.agencies = &moh, .n = 1};
    struct kept_verdict verdict = {.rule = STR("r-1"),
                                   .agency = moh,
                                   .verdict = VERDICT_AFFECTED,
                                   .matches = 2,
                                   .first = 100,
                                   .last = 200},
                        sum = {0};
    assert_int_equal(kept_verdict_put(ledger, STR("l-1"), &verdict), 0);
    verdict.matches = 1;
    verdict.first = verdict.last = 50;
    assert_int_equal(kept_verdict_put(ledger, STR("l-1"), &verdict), 0);
    verdict.matches = 0;
    verdict.first = verdict.last = 0;
    assert_int_equal(kept_verdict_put(ledger, STR("l-1"), &verdict), 0);
    verdict.agency = STR("mof");
    assert_int_equal(kept_verdict_put(ledger, STR("l-1"), &verdict), 0);
    assert_int_equal(kept_verdict_list(ledger, &own, STR("l-1"), sum_verdict, &sum), 0);
    assert_int_equal(sum.matches, 3);
    assert_int_equal(sum.first, 50);
    assert_int_equal(sum.last, 200);
    assert_int_equal(sum.days, 1);
    assert_int_equal(kept_verdict_list(ledger, &test_all, STR("l-1"), sum_verdict, &sum), 0);
    assert_int_equal(sum.days, 3);
}

static void a_finding_has_the_events_it_keeps(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    struct ledger_event event = {.partition = 1, .offset = 5, .time = TEST_NOW, .json = STR("{}")};
    struct ledger_match match = test_match(TEST_NOW);
    char id[FINDING_ID_MAX];
    bool is_new, taken;
    match.events = &event;
    match.n_events = 1;
    match.count = 1;
    assert_int_equal(finding_take(ledger, &match, &is_new, &taken, id), 0);
    struct ledger_finding finding;
    assert_int_equal(finding_get(ledger, &test_all, str_from_c(id), &finding), 0);
    int64_t later = finding.created + 1;
    assert_int_equal(finding_has(ledger, match.fold, 1, 5, TEST_NOW, later), 1);
    assert_int_equal(finding_has(ledger, match.fold, 1, 6, TEST_NOW, later), 0);
    assert_int_equal(finding_has(ledger, match.fold, 1, 5, TEST_NOW, finding.created), 0);
    assert_int_equal(finding_has(ledger, STR("other"), 1, 5, TEST_NOW, later), 0);
    match.n_events =
        0; /* one that is not kept: it is taken to be any between the first and the last */
    assert_int_equal(finding_take(ledger, &match, &is_new, &taken, id), 0);
    assert_int_equal(finding_has(ledger, match.fold, 1, 6, TEST_NOW, later), 1);
    assert_int_equal(finding_has(ledger, match.fold, 1, 6, TEST_NOW + 1, later), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_look_remembers_how_far_it_has_come),
        TEST(one_that_was_cancelled_takes_no_more_progress_until_it_is_resumed),
        TEST(the_next_is_the_oldest_that_has_not_ended),
        TEST(verdicts_add_up_and_are_seen_by_their_agency_only),
        TEST(a_finding_has_the_events_it_keeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
