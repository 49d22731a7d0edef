#include "watch/fold.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/test.h"

static struct fold fold_of(const char *key, int64_t first, int64_t last)
{
    struct str text = str_from_c(key);
    return (struct fold){
        .key = text, .hash = hash_text(text), .count = 1, .first = first, .last = last};
}

static struct fold *find(const struct fold_table *table, const char *key, int64_t time)
{
    struct str text = str_from_c(key);
    return fold_find(table, text, hash_text(text), time, 10);
}

static void a_match_joins_the_fold_of_its_key_within_the_window(void **state)
{
    (void)state;
    struct fold_table table = {0};
    struct fold a = fold_of("a", 100, 105), b = fold_of("b", 100, 100);
    assert_null(find(&table, "a", 100));
    assert_int_equal(fold_add(&table, &a), 0);
    assert_int_equal(fold_add(&table, &b), 0);
    assert_ptr_equal(find(&table, "a", 110), &a);
    assert_null(find(&table, "a", 111));
    assert_ptr_equal(find(&table, "a", 95), &a);
    assert_null(find(&table, "a", 94));
    assert_ptr_equal(find(&table, "b", 101), &b);
    struct fold later = fold_of("a", 200, 200);
    assert_int_equal(fold_add(&table, &later), 0);
    assert_ptr_equal(find(&table, "a", 205), &later); /* the newest of the key */
    assert_null(find(&table, "a", 105));
    fold_table_clear(&table);
    assert_null(find(&table, "a", 205));
    fold_table_free(&table);
}

static void many_keys_are_all_found(void **state)
{
    (void)state;
    static struct fold folds[5000];
    static char keys[5000][8];
    struct fold_table table = {0};
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%d", i);
        folds[i] = fold_of(keys[i], i, i);
        assert_int_equal(fold_add(&table, &folds[i]), 0);
    }
    for (int i = 0; i < 5000; i++)
        assert_ptr_equal(find(&table, keys[i], i), &folds[i]);
    fold_table_free(&table);
}

static void joined_folds_have_the_counts_and_the_events_of_both(void **state)
{
    (void)state;
    struct ledger_event events[3] = {{.offset = 0}, {.offset = 1}, {.offset = 2}};
    struct fold_event nodes[3];
    struct fold a = fold_of("a", 100, 105), b = fold_of("a", 98, 108);
    b.throttled = 1;
    fold_add_event(&a, &nodes[0], &events[0]);
    fold_add_event(&b, &nodes[1], &events[1]);
    fold_add_event(&b, &nodes[2], &events[2]);
    assert_true(fold_near(&a, &b, 8));
    assert_false(fold_near(&a, &b, 7));
    fold_join(&a, &b);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.throttled, 1);
    assert_int_equal(a.first, 98);
    assert_int_equal(a.last, 108);
    uint64_t expected = 0;
    for (const struct fold_event *at = a.events; at; at = at->next)
        assert_int_equal(at->event->offset, expected++);
    assert_int_equal(expected, 3);
}

static void keys_tell_values_apart_but_not_their_case(void **state)
{
    (void)state;
    struct buf one = {0}, other = {0};
    fold_key_begin(&one, 'r');
    fold_key_add(&one, STR("Gate"));
    fold_key_add(&one, STR(""));
    fold_key_begin(&other, 'r');
    fold_key_add(&other, STR("GATE"));
    fold_key_add(&other, STR(""));
    assert_true(str_eq(buf_str(&one), buf_str(&other)));
    fold_key_begin(&one, 'r');
    fold_key_add(&one, STR("a 1:b"));
    fold_key_begin(&other, 'r');
    fold_key_add(&other, STR("a"));
    fold_key_add(&other, STR("b"));
    assert_false(str_eq(buf_str(&one), buf_str(&other)));
    buf_free(&one);
    buf_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_match_joins_the_fold_of_its_key_within_the_window),
        cmocka_unit_test(many_keys_are_all_found),
        cmocka_unit_test(joined_folds_have_the_counts_and_the_events_of_both),
        cmocka_unit_test(keys_tell_values_apart_but_not_their_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
