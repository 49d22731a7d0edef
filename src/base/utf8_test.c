#include "base/test.h"
#include "base/utf8.h"

static struct str repair(struct arena *arena, const char *bytes)
{
    return utf8_repair(str_from_c(bytes), arena);
}

static void every_code_point_survives_a_round_trip(void **state)
{
    (void)state;
    for (uint32_t cp = 1; cp <= 0x10FFFF; cp++) {
        char bytes[4];
        uint32_t back;
        if (cp == 0xD800)
            cp = 0xE000;
        size_t len = utf8_encode(cp, bytes);
        assert_int_equal(utf8_decode(str_of(bytes, len), &back), len);
        assert_int_equal(back, cp);
        assert_int_equal(utf8_valid(str_of(bytes, len)), len);
    }
}

static void bad_bytes_become_one_replacement_per_maximal_subpart(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 16);
    assert_str(repair(&arena, "ok"), "ok");
    assert_str(repair(&arena, "a\xff\xfe z"), "a\xef\xbf\xbd\xef\xbf\xbd z");
    assert_str(repair(&arena, "\xe2\x82"), "\xef\xbf\xbd");             /* cut short */
    assert_str(repair(&arena, "\xf0\x90\x80x"), "\xef\xbf\xbdx");       /* cut short */
    assert_str(repair(&arena, "\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd"); /* overlong */
    assert_str(repair(&arena, "\xed\xa0\x80"),
               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");         /* surrogate */
    assert_str(repair(&arena, "\xef\xbf\xbd"), "\xef\xbf\xbd"); /* valid U+FFFD */
    arena_free(&arena);
}

static void folds_by_unicode_simple_case_folding(void **state)
{
    (void)state;
    assert_int_equal(utf8_fold('Z'), 'z');
    assert_int_equal(utf8_fold('@'), '@');
    assert_int_equal(utf8_fold(0xC4), 0xE4);   /* Ä */
    assert_int_equal(utf8_fold(0xDF), 0xDF);   /* ß stays: its full folding is two letters */
    assert_int_equal(utf8_fold(0x1E9E), 0xDF); /* capital ß */
    assert_int_equal(utf8_fold(0x3A3), 0x3C3); /* Σ */
    assert_int_equal(utf8_fold(0x3C2), 0x3C3); /* final ς */
    assert_int_equal(utf8_fold(0x130), 0x130); /* İ */
    assert_int_equal(utf8_fold(0x212A), 'k');  /* Kelvin sign */
    assert_int_equal(utf8_fold(0x10400), 0x10428);
    assert_int_equal(utf8_fold(0x101), 0x101);
    assert_int_equal(utf8_fold(0x100), 0x101);
}

static void folding_is_stable_and_fits_its_room(void **state)
{
    (void)state;
    for (uint32_t cp = 1; cp <= 0x10FFFF; cp++) {
        char bytes[4], folded[16];
        assert_int_equal(utf8_fold(utf8_fold(cp)), utf8_fold(cp));
        struct str one = str_of(bytes, utf8_encode(cp, bytes));
        assert_true(utf8_fold_text(one, folded) <= 3 * one.len / 2 + 4);
    }
    char folded[32];
    size_t len = utf8_fold_text(STR("C:\\\xc3\x84RGER\\[Z]@"), folded);
    assert_str(str_of(folded, len), "c:\\\xc3\xa4rger\\[z]@");
}

static void utf16_becomes_utf8(void **state)
{
    (void)state;
    char out[64];
    const char plain[] = "a\0b\0c\0d\0e\0";
    assert_str(str_of(out, utf8_from_utf16le(plain, 5, out)), "abcde");
    const char mixed[] = "\xe4\0x\0\x3d\xd8\x00\xde\x3d\xd8z\0"; /* ä x 😀 lone-high z */
    assert_str(str_of(out, utf8_from_utf16le(mixed, 6, out)),
               "\xc3\xa4x\xf0\x9f\x98\x80\xef\xbf\xbdz");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_survives_a_round_trip),
        cmocka_unit_test(bad_bytes_become_one_replacement_per_maximal_subpart),
        cmocka_unit_test(folds_by_unicode_simple_case_folding),
        cmocka_unit_test(folding_is_stable_and_fits_its_room),
        cmocka_unit_test(utf16_becomes_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
