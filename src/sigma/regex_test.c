#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#include "sigma/regex.h"
#include "sigma/rule.h"

struct bench {
    struct arena arena;
    struct regexes regexes;
    struct regex_scratch scratch;
};

static int start(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    arena_init(&bench->arena, 1 << 20);
    assert_int_equal(regex_scratch_init(&bench->scratch, 0), 0);
    *state = bench;
    return 0;
}

static int finish(void **state)
{
    struct bench *bench = *state;
    regex_scratch_free(&bench->scratch);
    regexes_free(&bench->regexes);
    arena_free(&bench->arena);
    free(bench);
    return 0;
}

static bool found(struct bench *bench, const char *pattern, unsigned flags, const char *value)
{
    struct regex *regex = NULL;
    struct err err;
    assert_int_equal(
        regexes_add(&bench->regexes, str_from_c(pattern), flags, &bench->arena, &regex, &err), 0);
    return regex_find(regex, str_from_c(value), &bench->scratch);
}

static void an_expression_is_found_anywhere_and_by_its_flags(void **state)
{
    struct bench *bench = *state;
    assert_true(found(bench, "b+c", 0, "aabbcc"));
    assert_false(found(bench, "^b+c", 0, "aabbcc"));
    assert_false(found(bench, "BC", 0, "abc"));
    assert_true(found(bench, "BC", SIGMA_RE_NOCASE, "abc"));
    assert_true(found(bench, "ЖУК", SIGMA_RE_NOCASE, "жук"));
    assert_false(found(bench, "^b$", 0, "a\nb"));
    assert_true(found(bench, "^b$", SIGMA_RE_MULTILINE, "a\nb"));
    assert_false(found(bench, "a.b", 0, "a\nb"));
    assert_true(found(bench, "a.b", SIGMA_RE_DOTALL, "a\nb"));
    assert_true(found(bench, "^.$", 0, "é"));
    assert_true(found(bench, "(?<=a)b(?!c)", 0, "abd"));
}

static void the_same_expression_is_compiled_once(void **state)
{
    struct bench *bench = *state;
    found(bench, "abc", 0, "");
    found(bench, "abc", 0, "");
    found(bench, "abc", SIGMA_RE_NOCASE, "");
    assert_int_equal(bench->regexes.items.len, 2);
}

static void a_wrong_expression_is_refused_with_its_place(void **state)
{
    struct bench *bench = *state;
    struct regex *regex = NULL;
    struct err err;
    assert_int_equal(regexes_add(&bench->regexes, STR("ab(c"), 0, &bench->arena, &regex, &err),
                     -EINVAL);
    assert_null(regex);
    assert_non_null(strstr(err.message, "at byte 4"));
}

static void a_catastrophic_expression_is_decided_in_linear_time(void **state)
{
    struct bench *bench = *state;
    char value[60];
    memset(value, 'a', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    assert_false(found(bench, "^(a+)+$b", 0, value));
    value[sizeof(value) - 2] = 'b';
    assert_false(found(bench, "^(a|aa)+$", 0, value));
    assert_int_equal(bench->scratch.limited, 0);
    assert_true(bench->scratch.rescued > 0);
}

static void one_that_only_backtracking_can_decide_is_counted(void **state)
{
    struct bench *bench = *state;
    char value[60];
    memset(value, 'a', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    value[sizeof(value) - 2] = 'b';
    assert_false(found(bench, "^(a|aa)+$(?<!c)", 0, value));
    assert_int_equal(bench->scratch.limited, 1);
}

/* The strings an expression needs, joined by '|'. */
static void assert_needs(const char *pattern, const char *expected)
{
    struct arena arena;
    struct str texts[8];
    char joined[200] = "";
    size_t len = 0;
    arena_init(&arena, 1 << 20);
    uint32_t n = regex_literals(str_from_c(pattern), 4, &arena, texts, 8);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            joined[len++] = '|';
        memcpy(joined + len, texts[i].ptr, texts[i].len);
        len += texts[i].len;
    }
    joined[len] = '\0';
    assert_string_equal(joined, expected);
    arena_free(&arena);
}

static void needed_strings_are_told_and_doubt_is_silence(void **state)
{
    (void)state;
    assert_needs("cmd\\.exe", "cmd.exe");
    assert_needs("(?i)Power[Ss]hell", "power");
    assert_needs("abcde?fghi", "abcd");
    assert_needs("abcdé?fgh", "abcd");
    assert_needs("abc*defgh+ijk", "defgh");
    assert_needs("wget|curl", "wget|curl");
    assert_needs("wget|.+", "");
    assert_needs("x(wget|curl)y", "wget|curl");
    assert_needs("x(wget|curl)?y", "");
    assert_needs("(?:wget){0,2}ab", "");
    assert_needs("[]abcd]xyz", "");
    assert_needs("[^]abcd]+wxyz", "wxyz");
    assert_needs("\\Qabcd\\E", "");
    assert_needs("\\x41bcdef", "");
    assert_needs("(?x)ab cd ef", "");
    assert_needs("(?!abcd)efgh", "");
    assert_needs("\\d{4}-\\w+@corp", "@corp");
    assert_needs("(((ab)))cd", "");
    assert_needs("abc)defg", "");
    assert_needs("", "");
    assert_needs("abcd\\", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_expression_is_found_anywhere_and_by_its_flags, start,
                                        finish),
        cmocka_unit_test_setup_teardown(the_same_expression_is_compiled_once, start, finish),
        cmocka_unit_test_setup_teardown(a_wrong_expression_is_refused_with_its_place, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_catastrophic_expression_is_decided_in_linear_time, start,
                                        finish),
        cmocka_unit_test_setup_teardown(one_that_only_backtracking_can_decide_is_counted, start,
                                        finish),
        cmocka_unit_test(needed_strings_are_told_and_doubt_is_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
