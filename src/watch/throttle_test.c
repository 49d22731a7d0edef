#include "watch/throttle.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/test.h"
#include "base/time.h"

#define MINUTE (60 * TIME_SECOND_US)
#define THREADS 4
#define TRIES 10000

static void a_pair_passes_so_often_a_minute_and_again_in_the_next(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(2);
    assert_true(throttle_pass(throttle, 7, MINUTE));
    assert_true(throttle_pass(throttle, 7, MINUTE + 1));
    assert_false(throttle_pass(throttle, 7, 2 * MINUTE - 1));
    assert_true(throttle_pass(throttle, 8, MINUTE)); /* another pair */
    assert_true(throttle_pass(throttle, 7, 2 * MINUTE));
    assert_true(throttle_pass(throttle, 7, MINUTE)); /* late: counts in the newest minute */
    assert_false(throttle_pass(throttle, 7, 2 * MINUTE));
    free(throttle);
}

static void without_a_limit_everything_passes(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(0);
    for (int i = 0; i < 100; i++)
        assert_true(throttle_pass(throttle, 7, 0));
    free(throttle);
}

static void more_pairs_than_cells_share_them_and_none_is_lost(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(1);
    uint32_t passed = 0;
    for (uint64_t key = 1; key <= 4 * THROTTLE_CELLS; key++)
        passed += throttle_pass(throttle, key, MINUTE);
    assert_true(passed > THROTTLE_CELLS / 2 && passed <= THROTTLE_CELLS);
    free(throttle);
}

struct passer {
    struct throttle *throttle;
    uint32_t passed;
};

static void *pass_often(void *context)
{
    struct passer *passer = context;
    for (int i = 0; i < TRIES; i++)
        passer->passed += throttle_pass(passer->throttle, 7, MINUTE);
    return NULL;
}

static void threads_together_pass_exactly_the_limit(void **state)
{
    (void)state;
    struct throttle *throttle = throttle_new(TRIES);
    struct passer passers[THREADS];
    pthread_t threads[THREADS];
    uint32_t passed = 0;
    for (int i = 0; i < THREADS; i++) {
        passers[i] = (struct passer){.throttle = throttle};
        assert_int_equal(pthread_create(&threads[i], NULL, pass_often, &passers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        passed += passers[i].passed;
    }
    assert_int_equal(passed, TRIES);
    free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_passes_so_often_a_minute_and_again_in_the_next),
        cmocka_unit_test(without_a_limit_everything_passes),
        cmocka_unit_test(more_pairs_than_cells_share_them_and_none_is_lost),
        cmocka_unit_test(threads_together_pass_exactly_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
