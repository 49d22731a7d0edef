#include "base/test.h"

#include <errno.h>

static void cuts_at_separators_and_keeps_empty_parts(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), part;
    assert_true(str_cut(&rest, ',', &part));
    assert_str(part, "a");
    assert_true(str_cut(&rest, ',', &part));
    assert_str(part, "");
    assert_true(str_cut(&rest, ',', &part));
    assert_str(part, "b");
    assert_false(str_cut(&rest, ',', &part));
}

static void cuts_lines_of_both_line_ends(void **state)
{
    (void)state;
    struct str rest = STR("one\r\ntwo\n\nthree"), line;
    const char *want[] = {"one", "two", "", "three"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(str_cut_line(&rest, &line));
        assert_true(str_eq(line, str_from_c(want[i])));
    }
    assert_false(str_cut_line(&rest, &line));
}

static void compares_like_memcmp_with_shorter_first(void **state)
{
    (void)state;
    assert_true(str_compare(STR("abc"), STR("abd")) < 0);
    assert_true(str_compare(STR("ab"), STR("abc")) < 0);
    assert_int_equal(str_compare(STR(""), (struct str){0}), 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
}

static void folds_only_ascii_letters(void **state)
{
    (void)state;
    assert_true(str_eq_ascii_nocase(STR("CmD.exe"), STR("cMd.EXE")));
    assert_false(str_eq_ascii_nocase(STR("["), STR("{")));
    assert_false(str_eq_ascii_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
}

static void finds_and_trims(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("haystack"), STR("st")), 3);
    assert_int_equal(str_find(STR("haystack"), STR("x")), SIZE_MAX);
    assert_int_equal(str_find((struct str){0}, STR("")), 0);
    assert_str(str_trim(STR(" \t a b \r\n")), "a b");
    assert_str(str_trim(STR(" \n")), "");
}

static void reads_whole_integers_only(void **state)
{
    (void)state;
    int64_t i = 7;
    uint64_t u = 7;
    assert_int_equal(str_to_i64(STR("-9223372036854775808"), &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(str_to_i64(STR("9223372036854775808"), &i), -ERANGE);
    assert_int_equal(str_to_i64(STR("12 "), &i), -EINVAL);
    assert_int_equal(str_to_i64(STR(""), &i), -EINVAL);
    assert_int_equal(str_to_i64(STR("-"), &i), -EINVAL);
    assert_true(i == INT64_MIN);
    assert_int_equal(str_to_u64(STR("0xFFFFFFFFFFFFFFFF"), &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(str_to_u64(STR("18446744073709551616"), &u), -ERANGE);
    assert_int_equal(str_to_u64(STR("0x"), &u), -EINVAL);
    assert_int_equal(str_to_u64(STR("-1"), &u), -EINVAL);
}

static void reads_json_numbers_as_doubles(void **state)
{
    (void)state;
    double d = 0;
    assert_int_equal(str_to_double(STR("-1.5e3"), &d), 0);
    assert_true(d <= -1500 && d >= -1500);
    assert_int_equal(str_to_double(STR("1."), &d), -EINVAL);
    assert_int_equal(str_to_double(STR(".5"), &d), -EINVAL);
    assert_int_equal(str_to_double(STR("1e"), &d), -EINVAL);
    assert_int_equal(str_to_double(STR("nan"), &d), -EINVAL);
    assert_int_equal(str_to_double(STR("0x10"), &d), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_at_separators_and_keeps_empty_parts),
        cmocka_unit_test(cuts_lines_of_both_line_ends),
        cmocka_unit_test(compares_like_memcmp_with_shorter_first),
        cmocka_unit_test(folds_only_ascii_letters),
        cmocka_unit_test(finds_and_trims),
        cmocka_unit_test(reads_whole_integers_only),
        cmocka_unit_test(reads_json_numbers_as_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
