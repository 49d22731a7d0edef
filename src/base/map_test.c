#include "base/hash.h"
#include "base/map.h"
#include "base/test.h"

#include <stdio.h>

static void finds_every_key_that_was_put(void **state)
{
    (void)state;
    static char keys[5000][8];
    struct map map = {0};
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%u", i);
        assert_int_equal(map_put(&map, str_from_c(keys[i]), i), 1);
    }
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(map_get(&map, str_from_c(keys[i])), i);
    assert_int_equal(map_get(&map, STR("absent")), MAP_NONE);
    assert_int_equal(map.len, 5000);
    map_free(&map);
}

static void replaces_and_takes_the_empty_key(void **state)
{
    (void)state;
    struct map map = {0};
    assert_int_equal(map_get(&map, STR("x")), MAP_NONE);
    assert_int_equal(map_put(&map, (struct str){0}, 1), 1);
    assert_int_equal(map_put(&map, STR(""), 2), 0);
    assert_int_equal(map_get(&map, (struct str){0}), 2);
    map_free(&map);
}

static void hash_depends_on_every_byte_and_the_length(void **state)
{
    (void)state;
    char bytes[64] = {0};
    for (size_t len = 1; len <= sizeof(bytes); len++) {
        uint64_t before = hash_bytes(bytes, len, 0);
        assert_true(before != hash_bytes(bytes, len - 1, 0));
        assert_true(before != hash_bytes(bytes, len, 1));
        for (size_t i = 0; i < len; i++) {
            bytes[i] ^= 0x40;
            assert_true(before != hash_bytes(bytes, len, 0));
            bytes[i] ^= 0x40;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_key_that_was_put),
        cmocka_unit_test(replaces_and_takes_the_empty_key),
        cmocka_unit_test(hash_depends_on_every_byte_and_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
