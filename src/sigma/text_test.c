#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#include "base/utf8.h"
#include "sigma/text.h"

/* Deterministic noise, the same on every machine. */
static uint32_t noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void ascii_folds_like_unicode_at_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < 70; len++) {
        char bytes[70], folded[70], expected[128];
        for (unsigned start = 0; start < 128; start++) {
            for (size_t i = 0; i < len; i++)
                bytes[i] = (char)((start + 7 * i) % 128);
            assert_true(text_fold_ascii(bytes, len, folded));
            assert_int_equal(utf8_fold_text(str_of(bytes, len), expected), len);
            assert_memory_equal(folded, expected, len);
        }
    }
}

static void a_byte_that_is_not_ascii_is_noticed_at_every_place(void **state)
{
    (void)state;
    char bytes[50], folded[50];
    for (size_t len = 1; len < sizeof(bytes); len++)
        for (size_t at = 0; at < len; at++) {
            memset(bytes, 'A', sizeof(bytes));
            bytes[at] = (char)0xc3;
            assert_false(text_fold_ascii(bytes, len, folded));
        }
}

static void other_letters_fold_by_unicode(void **state)
{
    (void)state;
    struct arena arena;
    bool ascii;
    arena_init(&arena, 1 << 20);
    struct str folded = text_fold(STR("STRASSE ÄÖÜ ЖУК Ⱥ"), &arena, &ascii);
    assert_false(ascii);
    assert_true(str_eq(folded, STR("strasse äöü жук ⱥ")));
    assert_true(str_eq(text_fold((struct str){0}, &arena, &ascii), STR("")));
    assert_true(ascii);
    arena_free(&arena);
}

static bool contains_plainly(struct str s, struct str needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (memcmp(s.ptr + i, needle.ptr, needle.len) == 0)
            return true;
    return false;
}

static void contains_agrees_with_the_plain_search(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 200000; round++) {
        /* Heap blocks of the exact size let the address sanitizer see every byte read outside. */
        size_t len = noise(&seed) % 60, needle_len = 1 + noise(&seed) % 6;
        char *s = malloc(len + 1), *needle = malloc(needle_len);
        for (size_t i = 0; i < len; i++)
            s[i] = (char)('a' + noise(&seed) % 3);
        for (size_t i = 0; i < needle_len; i++)
            needle[i] = (char)('a' + noise(&seed) % 3);
        char *exact = realloc(s, len ? len : 1);
        assert_int_equal(text_contains(str_of(exact, len), str_of(needle, needle_len)),
                         contains_plainly(str_of(exact, len), str_of(needle, needle_len)));
        free(exact);
        free(needle);
    }
    assert_true(text_contains(STR("x"), STR("")));
    assert_true(text_contains((struct str){0}, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_folds_like_unicode_at_every_length),
        cmocka_unit_test(a_byte_that_is_not_ascii_is_noticed_at_every_place),
        cmocka_unit_test(other_letters_fold_by_unicode),
        cmocka_unit_test(contains_agrees_with_the_plain_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
