/* Whose turn it is. */
#include "api/hunt_turns.h"
#include "base/test.h"

static const char anna[] = "anna", boris[] = "boris", clara[] = "clara";

static struct turns turns_of(void)
{
    return (struct turns){
        .running_max = 4, .person_running_max = 2, .waiting_max = 3, .person_waiting_max = 2};
}

static struct turn turn_of(const char *agency, const char *person)
{
    return (struct turn){.agency = str_from_c(agency), .person = person};
}

static void a_person_runs_some_waits_with_some_and_is_refused_more(void **state)
{
    (void)state;
    struct turns turns = turns_of();
    struct turn all[5];
    for (int i = 0; i < 5; i++)
        all[i] = turn_of("health", anna);
    for (int i = 0; i < 4; i++)
        assert_int_equal(turns_enter(&turns, &all[i]), TURNS_TAKEN);
    assert_int_equal(turns_enter(&turns, &all[4]), TURNS_PERSON_FULL);
    assert_true(all[0].runs && all[1].runs && !all[2].runs && !all[3].runs);
    assert_int_equal(turns_ahead(&turns, &all[3]), 1);
    turns_leave(&turns, &all[0]);
    assert_true(all[2].runs && !all[3].runs);
    assert_int_equal(turns_ahead(&turns, &all[3]), 0);
}

static void all_together_run_and_wait_within_limits(void **state)
{
    (void)state;
    struct turns turns = turns_of();
    const char *const persons[] = {anna, anna, boris, boris, clara, clara, "d", "e"};
    struct turn all[8];
    for (int i = 0; i < 8; i++) {
        all[i] = turn_of("health", persons[i]);
        assert_int_equal(turns_enter(&turns, &all[i]), i < 7 ? TURNS_TAKEN : TURNS_FULL);
    }
    assert_int_equal(turns_count(&turns, true), 4);
    assert_int_equal(turns_count(&turns, false), 3);
}

static void who_runs_least_is_next(void **state)
{
    (void)state;
    struct turns turns = turns_of();
    struct turn running[] = {turn_of("health", anna), turn_of("health", anna),
                             turn_of("health", boris), turn_of("parks", clara)};
    struct turn waiting[] = {turn_of("health", anna), turn_of("health", boris),
                             turn_of("parks", clara)};
    for (int i = 0; i < 4; i++)
        assert_int_equal(turns_enter(&turns, &running[i]), TURNS_TAKEN);
    for (int i = 0; i < 3; i++)
        assert_int_equal(turns_enter(&turns, &waiting[i]), TURNS_TAKEN);
    turns_leave(&turns, &running[0]);
    assert_true(waiting[2].runs && !waiting[0].runs && !waiting[1].runs); /* parks has one */
    turns_leave(&turns, &running[1]);
    assert_true(waiting[0].runs && !waiting[1].runs); /* anna has none any more, boris one */
}

static void one_that_waits_may_leave(void **state)
{
    (void)state;
    struct turns turns = turns_of();
    struct turn all[4];
    for (int i = 0; i < 4; i++) {
        all[i] = turn_of("health", anna);
        assert_int_equal(turns_enter(&turns, &all[i]), TURNS_TAKEN);
    }
    turns_leave(&turns, &all[2]);
    assert_int_equal(turns_ahead(&turns, &all[3]), 0);
    turns_leave(&turns, &all[1]);
    assert_true(all[3].runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_runs_some_waits_with_some_and_is_refused_more),
        cmocka_unit_test(all_together_run_and_wait_within_limits),
        cmocka_unit_test(who_runs_least_is_next),
        cmocka_unit_test(one_that_waits_may_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
