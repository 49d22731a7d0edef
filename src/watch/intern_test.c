#include "watch/intern.h"

#include <pthread.h>

#include "base/hash.h"
#include "base/test.h"

#define ITEMS 20000

static bool same_number(const void *item, const void *key)
{
    return *(const uint32_t *)item == *(const uint32_t *)key;
}

static uint64_t hash_of(uint32_t number)
{
    return hash_bytes(&number, sizeof(number), 0) >> 32; /* few bits: some are the same */
}

static void what_was_added_is_found_and_nothing_else(void **state)
{
    (void)state;
    static uint32_t numbers[ITEMS];
    struct intern intern = {.len = 0};
    uint32_t absent = ITEMS;
    assert_null(intern_get(&intern, hash_of(absent), same_number, &absent));
    for (uint32_t i = 0; i < ITEMS; i++) {
        numbers[i] = i;
        assert_int_equal(intern_add(&intern, hash_of(i), &numbers[i]), 0);
    }
    for (uint32_t i = 0; i < ITEMS; i++)
        assert_ptr_equal(intern_get(&intern, hash_of(i), same_number, &i), &numbers[i]);
    assert_null(intern_get(&intern, hash_of(absent), same_number, &absent));
    intern_free(&intern);
}

/* Items with the same hash are told apart by what they are. */
static void items_of_one_hash_are_all_found(void **state)
{
    (void)state;
    uint32_t numbers[20];
    struct intern intern = {.len = 0};
    for (uint32_t i = 0; i < 20; i++) {
        numbers[i] = i;
        assert_int_equal(intern_add(&intern, 7, &numbers[i]), 0);
    }
    for (uint32_t i = 0; i < 20; i++)
        assert_ptr_equal(intern_get(&intern, 7, same_number, &i), &numbers[i]);
    intern_free(&intern);
}

struct reading {
    struct intern *intern;
    _Atomic uint32_t *added;
    uint32_t missed;
};

/* Whatever has been added before the look-up must be found by it. */
static void *read_all(void *context)
{
    struct reading *reading = context;
    uint32_t added = 0;
    while (added < ITEMS) {
        added = atomic_load(reading->added);
        for (uint32_t i = added > 100 ? added - 100 : 0; i < added; i++)
            if (!intern_get(reading->intern, hash_of(i), same_number, &i))
                reading->missed++;
    }
    return NULL;
}

static void look_ups_find_all_while_the_table_grows(void **state)
{
    (void)state;
    static uint32_t numbers[ITEMS];
    static _Atomic uint32_t added;
    struct intern intern = {.len = 0};
    struct reading readings[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        readings[i] = (struct reading){&intern, &added, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readings[i]), 0);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        numbers[i] = i;
        assert_int_equal(intern_add(&intern, hash_of(i), &numbers[i]), 0);
        atomic_store(&added, i + 1);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readings[i].missed, 0);
    }
    intern_free(&intern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_and_nothing_else),
        cmocka_unit_test(items_of_one_hash_are_all_found),
        cmocka_unit_test(look_ups_find_all_while_the_table_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
