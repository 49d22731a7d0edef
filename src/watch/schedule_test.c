#include "base/test.h"

#include "base/time.h"
#include "watch/schedule.h"

#define HOUR (3600 * TIME_SECOND_US)
#define LAG TIME_SECOND_US
#define NOW (INT64_C(20000) * TIME_DAY_US)

static void a_hunt_that_never_ran_is_due_at_once(void **state)
{
    (void)state;
    assert_int_equal(schedule_due(TIME_UNSET, HOUR, LAG, NOW), NOW - LAG);
}

static void a_hunt_without_schedule_is_never_due(void **state)
{
    (void)state;
    assert_int_equal(schedule_due(TIME_UNSET, 0, LAG, NOW), TIME_UNSET);
    assert_int_equal(schedule_due(NOW - 5 * HOUR, 0, LAG, NOW), TIME_UNSET);
}

static void it_is_due_again_when_its_time_has_come_and_the_lag_is_over(void **state)
{
    (void)state;
    int64_t last = NOW - HOUR;
    assert_int_equal(schedule_due(last, HOUR, LAG, NOW - 1), TIME_UNSET);
    assert_int_equal(schedule_due(last, HOUR, LAG, NOW), TIME_UNSET);
    assert_int_equal(schedule_due(last, HOUR, LAG, NOW + LAG - 1), TIME_UNSET);
    assert_int_equal(schedule_due(last, HOUR, LAG, NOW + LAG), NOW);
    assert_int_equal(schedule_due(last, HOUR, 0, NOW), NOW);
}

/* Times stay on the grid of the first run, so that windows do not drift. */
static void what_was_missed_is_run_once_for_the_latest_time(void **state)
{
    (void)state;
    int64_t last = NOW - 10 * HOUR - HOUR / 2;
    int64_t due = schedule_due(last, HOUR, LAG, NOW);
    assert_int_equal(due, last + 10 * HOUR);
    assert_int_equal(schedule_due(due, HOUR, LAG, NOW), TIME_UNSET);
}

static void a_clock_that_was_set_back_stops_no_hunt(void **state)
{
    (void)state;
    assert_int_equal(schedule_due(NOW + 2 * HOUR, HOUR, LAG, NOW), NOW - LAG);
    assert_int_equal(schedule_due(NOW + HOUR / 2, HOUR, LAG, NOW), TIME_UNSET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hunt_that_never_ran_is_due_at_once),
        cmocka_unit_test(a_hunt_without_schedule_is_never_due),
        cmocka_unit_test(it_is_due_again_when_its_time_has_come_and_the_lag_is_over),
        cmocka_unit_test(what_was_missed_is_run_once_for_the_latest_time),
        cmocka_unit_test(a_clock_that_was_set_back_stops_no_hunt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
