/* Refusals: where, what was expected, what was probably meant; and the limits. */
#include "hunt/kql_test.h"

#include <errno.h>
#include <stdlib.h>

static void a_mistyped_word_is_answered_with_the_nearest(void **state)
{
    (void)state;
    kql_test_refused("T | wehre x == 1", 1, 5,
                     "there is no operator 'wehre'; did you mean 'where'?");
    kql_test_refused("T\n| projectaway x", 2, 3, "did you mean 'project-away'?");
    kql_test_refused("T | WHERE x", 1, 5, "did you mean 'where'?");
    kql_test_refused("T | join kind=iner U on x", 1, 15,
                     "there is no kind 'iner'; did you mean 'inner'?");
    kql_test_refused("T | join kin=inner U on x", 1, 10,
                     "join has no option 'kin'; did you mean 'kind'?");
    kql_test_refused("let f = (x:sting) {x}; print 1", 1, 12,
                     "no type 'sting'; did you mean 'string'?");
}

static void what_was_expected_is_said(void **state)
{
    (void)state;
    kql_test_refused("T | where", 1, 10, "expected an expression, but here the query ends");
    kql_test_refused("T | top 5 x", 1, 11, "expected 'by', not 'x'");
    kql_test_refused("T | sort x", 1, 10, "expected 'by', not 'x'");
    kql_test_refused("T | ", 1, 5, "expected an operator, but here the query ends");
    kql_test_refused("T | where a and and b", 1, 17, "expected an expression, not 'and'");
    kql_test_refused("T | where a in b", 1, 16, "expected '(', not 'b'");
    kql_test_refused("T | where f(a b)", 1, 15, "expected ',' or ')', not 'b'");
    kql_test_refused("T | print 1", 1, 5, "print takes no rows");
    kql_test_refused("", 1, 1, "expected an expression, but here the query ends");
    kql_test_refused("let a = 5;", 1, 11, "expected an expression");
}

static void mistakes_of_other_languages_are_explained(void **state)
{
    (void)state;
    kql_test_refused("T | where f(a) = 5", 1, 16, "equality is written '=='");
    kql_test_refused("T | where a == \xe2\x80\x9cx\xe2\x80\x9d", 1, 16, "typographic quotes");
    kql_test_refused(".drop table T", 1, 1, "a query only reads");
    kql_test_refused("T | where a ==\n'C:\\dir'", 2, 4, "@\"...\"");
    kql_test_refused("T | where t > datetime(x)", 1, 15, "todatetime()");
}

static void what_is_never_closed_points_at_its_beginning(void **state)
{
    (void)state;
    kql_test_refused("T | where (a and (b\n", 1, 18, "this bracket is never closed");
    kql_test_refused("let f = () { T", 1, 12, "this bracket is never closed");
    kql_test_refused("T | where a == 'x\n| take 1", 1, 16, "this string is not closed on its line");
    kql_test_refused("print ```x", 1, 7, "this string is never closed");
    kql_test_refused("print long(5", 1, 7, "this bracket is never closed");
}

static void values_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    kql_test_refused("print 9223372036854775808", 1, 7, "more than a long can hold");
    kql_test_refused("print int(2147483648)", 1, 7, "more than a int can hold");
    kql_test_refused("datatable (a:long, b:long) [1, 2, 3]", 1, 1,
                     "3 values do not fill rows of 2");
}

static void a_join_needs_a_column_of_each_side(void **state)
{
    (void)state;
    kql_test_refused("T | join U on $left.a == $left.b", 1, 23, "$left.COLUMN == $right.COLUMN");
    kql_test_refused("T | join U on $left.a > $right.b", 1, 23, "$left.COLUMN == $right.COLUMN");
    kql_test_refused("T | join U on a + 1", 1, 17, "$left.COLUMN == $right.COLUMN");
}

static void text_that_is_not_utf8_is_refused_where_it_begins(void **state)
{
    (void)state;
    kql_test_refused("T\n| where a == '\xff'", 2, 15, "not UTF-8");
}

/* `begin`, then `inner` between `count` of `part` and of `end`; freed by the caller. */
static char *repeated(const char *begin, const char *part, size_t count, const char *inner,
                      const char *end)
{
    struct buf buf = {0};
    buf_add_c(&buf, begin);
    for (size_t i = 0; i < count; i++)
        buf_add_c(&buf, part);
    buf_add_c(&buf, inner);
    for (size_t i = 0; i < count; i++)
        buf_add_c(&buf, end);
    buf_add_byte(&buf, '\0');
    assert_false(buf.failed);
    return buf.ptr;
}

static void assert_too_deep(const char *begin, const char *part, const char *inner, const char *end)
{
    struct kql_query *query;
    struct err err = {0};
    char *text = repeated(begin, part, 10000, inner, end);
    kql_test_reset();
    int status = kql_parse(&kql_test_arena, str_from_c(text), &query, &err);
    if (status != -E2BIG || !strstr(err.message, "nested deeper than"))
        fail_msg("%s%s..: %d %s", begin, part, status, err.message);
    free(text);
}

static void depth_is_limited_in_every_shape(void **state)
{
    (void)state;
    assert_too_deep("", "(", "a", ")");
    assert_too_deep("", "f(", "a", ")");
    assert_too_deep("", "-", "a", "");
    assert_too_deep("", "a + ", "a", "");
    assert_too_deep("", "a.", "a", "");
    assert_too_deep("", "a[", "0", "]");
    assert_too_deep("", "", "a", "[0]");
    assert_too_deep("", "dynamic([", "1", "])");
    assert_too_deep("", "(T | where ", "a", ")");
    assert_too_deep("T | ", "fork (", "count", ")");
    assert_too_deep("", "T | partition by a {", "T", "}");
    assert_too_deep("", "let f = () {", "1", "}");
}

static void what_is_flat_may_be_long(void **state)
{
    (void)state;
    char *text = repeated("", "a == 1 or ", 10000, "b", "");
    kql_test_reset();
    assert_int_equal(kql_test_read(text)->statements.items[0]->expr->exprs.len, 10001);
    free(text);
    text = repeated("", "", 5000, "T", "|where a");
    kql_test_reset();
    assert_int_equal(kql_test_read(text)->statements.items[0]->expr->pipe.operators.len, 5000);
    free(text);
}

static void a_query_has_a_size(void **state)
{
    struct kql_query *query;
    struct err err = {0};
    (void)state;
    char *text = repeated("", " ", KQL_TEXT_MAX, "T", "");
    assert_int_equal(kql_parse(&kql_test_arena, str_from_c(text), &query, &err), -E2BIG);
    assert_non_null(strstr(err.message, "longer than"));
    free(text);
}

static void memory_is_the_arenas(void **state)
{
    struct kql_query *query = NULL;
    struct err err = {0};
    struct arena arena;
    (void)state;
    char *text = repeated("", "a, ", 2000, "a", "");
    struct buf buf = {0};
    buf_printf(&buf, "T | project %s", text);
    /* Whatever the budget, spending it is an error and no accident. */
    for (size_t limit = 0; limit < 3u << 20; limit += 50001) {
        arena_init(&arena, limit);
        int status = kql_parse(&arena, buf_str(&buf), &query, &err);
        assert_true(status == -ENOMEM || (status == 0 && query));
        assert_true(status == 0 || strstr(err.message, "more memory"));
        arena_free(&arena);
    }
    assert_non_null(query); /* the last budget was enough */
    buf_free(&buf);
    free(text);
}

static int teardown(void **state)
{
    (void)state;
    kql_test_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistyped_word_is_answered_with_the_nearest),
        cmocka_unit_test(what_was_expected_is_said),
        cmocka_unit_test(mistakes_of_other_languages_are_explained),
        cmocka_unit_test(what_is_never_closed_points_at_its_beginning),
        cmocka_unit_test(values_that_do_not_fit_are_refused),
        cmocka_unit_test(a_join_needs_a_column_of_each_side),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_where_it_begins),
        cmocka_unit_test(depth_is_limited_in_every_shape),
        cmocka_unit_test(what_is_flat_may_be_long),
        cmocka_unit_test(a_query_has_a_size),
        cmocka_unit_test(memory_is_the_arenas),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
