#include "sigma/correlate_rank.h"

#include <stdlib.h>

#include "base/test.h"

#define NUMBERS 6000

static uint64_t rng_state = 1;

static uint32_t random_below(uint32_t n)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(rng_state >> 33) % n;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void expect_sorted(const struct rank *rank, const double *numbers, size_t n)
{
    static double sorted[NUMBERS];
    memcpy(sorted, numbers, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare_doubles);
    assert_int_equal(rank->len, n);
    for (size_t i = 0; i < n; i++)
        assert_true(rank_at(rank, i) == sorted[i]);
}

/* Adds and removes at random; `range` is how many different numbers there are. */
static void check(uint32_t range)
{
    static double numbers[NUMBERS];
    struct memory_account account = {0};
    struct rank rank = {0};
    size_t n = 0;
    for (int step = 0; step < 4 * NUMBERS; step++) {
        bool growing = step / NUMBERS % 2 == 0;
        if (n < NUMBERS && random_below(8) < (growing ? 7u : 1u)) {
            numbers[n] = (double)random_below(range) - 10;
            assert_int_equal(rank_add(&rank, numbers[n++], &account), 0);
        } else if (n > 0) {
            size_t at = random_below((uint32_t)n);
            rank_remove(&rank, numbers[at], &account);
            numbers[at] = numbers[--n];
        }
        if (step % 997 == 0)
            expect_sorted(&rank, numbers, n);
    }
    expect_sorted(&rank, numbers, n);
    while (n > 0)
        rank_remove(&rank, numbers[--n], &account);
    assert_int_equal(rank.len, 0);
    assert_int_equal(rank.chunks.len, 0);
    rank_free(&rank, &account);
    assert_int_equal(account.used, 0);
}

static void numbers_stay_in_order_through_splits_and_merges(void **state)
{
    (void)state;
    check(1);
    check(7);
    check(1000000);
}

static void ascending_and_descending_numbers_are_no_worse(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        static double numbers[NUMBERS];
        struct memory_account account = {0};
        struct rank rank = {0};
        for (int i = 0; i < NUMBERS; i++) {
            numbers[i] = sign * i;
            assert_int_equal(rank_add(&rank, numbers[i], &account), 0);
        }
        expect_sorted(&rank, numbers, NUMBERS);
        for (int i = 0; i < NUMBERS - 10; i++)
            rank_remove(&rank, numbers[i], &account);
        expect_sorted(&rank, numbers + NUMBERS - 10, 10);
        assert_true(rank.chunks.len <= 2);
        rank_free(&rank, &account);
    }
}

static void a_number_that_is_not_there_is_not_removed(void **state)
{
    (void)state;
    struct memory_account account = {0};
    struct rank rank = {0};
    rank_remove(&rank, 1, &account);
    assert_int_equal(rank_add(&rank, 2, &account), 0);
    rank_remove(&rank, 1, &account);
    rank_remove(&rank, 3, &account);
    assert_int_equal(rank.len, 1);
    rank_free(&rank, &account);
}

static void percentiles_lie_between_the_nearest_ranks(void **state)
{
    (void)state;
    struct memory_account account = {0};
    struct rank rank = {0};
    for (int i = 1; i <= 4; i++)
        assert_int_equal(rank_add(&rank, 10 * i, &account), 0);
    assert_true(rank_percentile(&rank, 0) == 10);
    assert_true(rank_percentile(&rank, 50) == 25);
    assert_true(rank_percentile(&rank, 100) == 40);
    assert_true(rank_percentile(&rank, 75) == 32.5);
    rank_free(&rank, &account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stay_in_order_through_splits_and_merges),
        cmocka_unit_test(ascending_and_descending_numbers_are_no_worse),
        cmocka_unit_test(a_number_that_is_not_there_is_not_removed),
        cmocka_unit_test(percentiles_lie_between_the_nearest_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
