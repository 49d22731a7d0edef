#include "base/test.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "io/pool.h"

struct job {
    unsigned number, thread;
    bool done;
};

static void work(void *context, unsigned thread, void *job)
{
    struct job *self = job;
    atomic_int *count = context;
    /* Uneven work, so that jobs finish out of order. */
    for (volatile unsigned i = 0; i < (self->number % 7) * 3000; i++)
        ;
    self->thread = thread;
    self->done = true;
    atomic_fetch_add(count, 1);
}

static void run_jobs(unsigned threads, unsigned n)
{
    atomic_int count = 0;
    struct job *jobs = calloc(n, sizeof(*jobs));
    struct pool *pool = pool_new(threads, 5, work, &count);
    unsigned expected = 0;
    assert_non_null(pool);
    for (unsigned i = 0; i < n; i++) {
        jobs[i].number = i;
        while (pool_full(pool)) {
            struct job *oldest = pool_take(pool, true);
            assert_int_equal(oldest->number, expected++);
            assert_true(oldest->done);
        }
        pool_submit(pool, &jobs[i]);
    }
    for (struct job *oldest; (oldest = pool_take(pool, true)); expected++)
        assert_int_equal(oldest->number, expected);
    assert_int_equal(expected, n);
    assert_int_equal(count, n);
    pool_free(pool);
    free(jobs);
}

static void jobs_come_back_in_order_from_many_threads(void **state)
{
    (void)state;
    run_jobs(4, 2000);
}

static void jobs_run_in_place_without_threads(void **state)
{
    (void)state;
    run_jobs(0, 50);
}

static void taking_from_an_empty_pool_does_not_wait(void **state)
{
    (void)state;
    atomic_int count = 0;
    struct pool *pool = pool_new(2, 4, work, &count);
    assert_null(pool_take(pool, true));
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_come_back_in_order_from_many_threads),
        cmocka_unit_test(jobs_run_in_place_without_threads),
        cmocka_unit_test(taking_from_an_empty_pool_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
