/* What each word of a text is for, finished or not. */
#include "base/test.h"

#include "base/buf.h"
#include "hunt/kql_outline.h"

/* "O:where N:x S:.. " : roles by their letter, with the text. */
static void assert_roles(const char *text, const char *expected)
{
    static const char letters[] = {
        [KQL_ROLE_OPERATOR] = 'O', [KQL_ROLE_WORD] = 'W',   [KQL_ROLE_TEST] = 'E',
        [KQL_ROLE_FUNCTION] = 'F', [KQL_ROLE_NAME] = 'N',   [KQL_ROLE_TYPE] = 'Y',
        [KQL_ROLE_STRING] = 'T',   [KQL_ROLE_NUMBER] = '1', [KQL_ROLE_SYMBOL] = 'S',
        [KQL_ROLE_COMMENT] = 'C',  [KQL_ROLE_BAD] = '!',
    };
    struct kql_outline outline;
    struct kql_token token;
    struct buf buf = {0};
    kql_outline_init(&outline, str_from_c(text));
    for (enum kql_role role; (role = kql_outline_next(&outline, &token)) != KQL_ROLE_END;)
        buf_printf(&buf, "%s%c:%.*s", buf.len ? " " : "", letters[role], (int)token.len,
                   text + token.place.offset);
    buf_add_byte(&buf, '\0');
    assert_string_equal(buf.ptr, expected);
    buf_free(&buf);
}

static void operators_their_words_and_names_are_told_apart(void **state)
{
    (void)state;
    assert_roles("T | where a has 'x' and b !in (1) // c",
                 "N:T S:| O:where N:a E:has T:'x' E:and N:b E:!in S:( 1:1 S:) C:// c");
    assert_roles("T | sort by a desc nulls last", "N:T S:| O:sort W:by N:a W:desc W:nulls W:last");
    assert_roles("T | join kind=inner (U | take 5) on x",
                 "N:T S:| O:join W:kind S:= W:inner S:( N:U S:| O:take 1:5 S:) W:on N:x");
}

static void operators_with_hyphens_are_one_word(void **state)
{
    (void)state;
    assert_roles("T | project-away a | mv-expand b-c",
                 "N:T S:| O:project-away N:a S:| O:mv-expand N:b S:- N:c");
}

static void a_word_is_an_operator_only_where_one_may_stand(void **state)
{
    (void)state;
    assert_roles("let take = 5; T | take take", "O:let N:take S:= 1:5 S:; N:T S:| O:take N:take");
    assert_roles("T | summarize count() by where",
                 "N:T S:| O:summarize F:count S:( S:) W:by N:where");
    assert_roles("T | mv-apply x on (where y | count)",
                 "N:T S:| O:mv-apply N:x W:on S:( O:where N:y S:| O:count S:)");
    assert_roles("T | partition by h (top 1 by x)",
                 "N:T S:| O:partition W:by N:h S:( O:top 1:1 W:by N:x S:)");
    assert_roles("union (A), (B)", "O:union S:( N:A S:) S:, S:( N:B S:)");
    assert_roles("range i from 1 to range(1, 2)",
                 "O:range N:i W:from 1:1 W:to F:range S:( 1:1 S:, 1:2 S:)");
}

static void functions_types_and_literals_have_roles(void **state)
{
    (void)state;
    assert_roles(
        "let f = (a:long) { ago(1d) }; print true, datetime(2026)",
        "O:let N:f S:= S:( N:a S:: Y:long S:) S:{ F:ago S:( 1:1d S:) S:} S:; O:print 1:true S:, "
        "1:datetime(2026)");
    assert_roles("T | where a.count > b.f()",
                 "N:T S:| O:where N:a S:. N:count S:> N:b S:. F:f S:( S:)");
}

static void half_a_query_is_coloured_too(void **state)
{
    (void)state;
    assert_roles("T | wher", "N:T S:| N:wher");
    assert_roles("T | where a == 'x", "N:T S:| O:where N:a S:== !:'x");
    assert_roles(")))| take", "S:) S:) S:) S:| O:take");
}

static void no_depth_is_too_deep(void **state)
{
    char text[400];
    struct kql_outline outline;
    struct kql_token token;
    (void)state;
    memset(text, '(', 200);
    memset(text + 200, ')', 200);
    kql_outline_init(&outline, str_of(text, sizeof(text)));
    while (kql_outline_next(&outline, &token) != KQL_ROLE_END)
        assert_non_null(kql_outline_level(&outline));
    assert_int_equal(outline.depth, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_their_words_and_names_are_told_apart),
        cmocka_unit_test(operators_with_hyphens_are_one_word),
        cmocka_unit_test(a_word_is_an_operator_only_where_one_may_stand),
        cmocka_unit_test(functions_types_and_literals_have_roles),
        cmocka_unit_test(half_a_query_is_coloured_too),
        cmocka_unit_test(no_depth_is_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
