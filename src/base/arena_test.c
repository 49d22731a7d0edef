#include "base/arena.h"
#include "base/test.h"

static void hands_out_aligned_memory_that_does_not_overlap(void **state)
{
    (void)state;
    struct arena arena;
    char *chunks[500];
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 500; i++) {
        chunks[i] = arena_alloc(&arena, i);
        assert_non_null(chunks[i]);
        assert_int_equal((uintptr_t)chunks[i] % 16, 0);
        memset(chunks[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 500; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal((unsigned char)chunks[i][j], i & 0xff);
    arena_free(&arena);
}

static void refuses_past_its_limit_and_counts_it(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 10000);
    assert_non_null(arena_bytes(&arena, 6000));
    assert_null(arena_bytes(&arena, 6000));
    assert_null(arena_bytes(&arena, SIZE_MAX));
    assert_null(arena_zero(&arena, SIZE_MAX / 2, 4));
    assert_int_equal(arena.refused, 3);
    assert_true(arena.size <= 10000);
    arena_free(&arena);
}

static void reuses_its_blocks_after_a_reset(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_bytes(&arena, 1000));
    size_t size = arena.size;
    for (int round = 0; round < 10; round++) {
        arena_reset(&arena);
        for (int i = 0; i < 100; i++)
            assert_non_null(arena_bytes(&arena, 1000));
    }
    assert_int_equal(arena.size, size);
    arena_free(&arena);
}

static void copies_and_formats_text(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct str copy = arena_copy(&arena, STR("copy"));
    assert_str(copy, "copy");
    assert_int_equal(copy.ptr[4], '\0');
    assert_non_null(arena_copy(&arena, (struct str){0}).ptr);
    assert_str(arena_printf(&arena, "%s-%d", "rule", 7), "rule-7");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_aligned_memory_that_does_not_overlap),
        cmocka_unit_test(refuses_past_its_limit_and_counts_it),
        cmocka_unit_test(reuses_its_blocks_after_a_reset),
        cmocka_unit_test(copies_and_formats_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
