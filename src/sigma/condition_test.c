#include "sigma/condition.h"
#include "sigma/rule_test.h"

#define SELECTIONS                                                                                 \
    "  s1: {A: 1}\n  s2: {B: 2}\n  s_3: {C: 3}\n  filter: {D: 4}\n  _hidden: {E: 5}\n"             \
    "  not_me: {F: 6}\n  ANDy: {G: 7}\n"

/* The condition as a tree over names. */
static void assert_condition(const char *condition, const char *expected)
{
    struct buf yaml = {0};
    buf_printf(&yaml, RULE_HEAD "detection:\n" SELECTIONS "  condition: %s\n", condition);
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    if (set.refusals.len)
        fail_msg("%s: %s", condition, set.refusals.items[0].err.message);
    assert_node_text(set.rules.items[0]->condition, expected);
    sigma_set_free(&set);
    buf_free(&yaml);
}

static void assert_condition_refused(const char *condition, uint32_t column, const char *reason)
{
    struct buf yaml = {0};
    buf_printf(&yaml, RULE_HEAD "detection:\n" SELECTIONS "  condition: %s\n", condition);
    buf_add_byte(&yaml, '\0');
    assert_refused(yaml.ptr, 12, column, reason);
    buf_free(&yaml);
}

static void not_binds_tighter_than_and_and_and_than_or(void **state)
{
    (void)state;
    assert_condition("s1", "s1");
    assert_condition("s1 or s2 or s_3", "(s1 or s2 or s_3)");
    assert_condition("s1 and not s2 or not s_3 and filter",
                     "((s1 and not s2) or (not s_3 and filter))");
    assert_condition("s1 or s2 and s_3", "(s1 or (s2 and s_3))");
    assert_condition("not not s1", "not not s1");
    assert_condition("not s1 and s2", "(not s1 and s2)");
}

static void brackets_come_first(void **state)
{
    (void)state;
    assert_condition("(s1 or not s2) and not (s_3 or filter)",
                     "((s1 or not s2) and not (s_3 or filter))");
    assert_condition("((s1))", "s1");
    assert_condition("(s1)and(s2)", "(s1 and s2)");
    assert_condition("not(s1)", "not s1");
}

static void selectors_take_patterns_and_leave_hidden_names_out(void **state)
{
    (void)state;
    assert_condition("1 of s*", "(s1 or s2 or s_3)");
    assert_condition("any of s*", "(s1 or s2 or s_3)");
    assert_condition("all of s*", "(s1 and s2 and s_3)");
    assert_condition("1 of them", "(s1 or s2 or s_3 or filter or not_me or ANDy)");
    assert_condition("all of them and not 1 of f*",
                     "((s1 and s2 and s_3 and filter and not_me and ANDy) and not filter)");
    assert_condition("1 of *_*", "(s_3 or not_me)");
    assert_condition("1 of *t*r", "filter");
    assert_condition("all of s1", "s1");
    assert_condition("_hidden", "_hidden");
}

static void names_may_begin_like_operators(void **state)
{
    (void)state;
    assert_condition("not_me and ANDy", "(not_me and ANDy)");
}

static void several_conditions_are_alternatives(void **state)
{
    (void)state;
    assert_condition("[s1 and s2, filter]", "((s1 and s2) or filter)");
    assert_condition("\n    - s1\n    - s2", "(s1 or s2)");
}

static void mistakes_are_refused_where_they_are(void **state)
{
    (void)state;
    assert_condition_refused("s1 and nothing", 21, "no selection 'nothing'");
    assert_condition_refused("'s1 and nothing'", 22, "no selection 'nothing'");
    assert_condition_refused("s1 and", 20, "expected a name, 'not' or '(', not its end");
    assert_condition_refused("and s1", 14, "not 'and'");
    assert_condition_refused("s1 s2", 17, "expected 'and', 'or' or the end, not 's2'");
    assert_condition_refused("s1 AND s2", 17, "lower case");
    assert_condition_refused("(s1 or s2", 14, "never closed");
    assert_condition_refused("s1 or s2)", 22, "not ')'");
    assert_condition_refused("(s1 s2)", 18, "')', not 's2'");
    assert_condition_refused("1 of", 18, "expected 'them' or a pattern");
    assert_condition_refused("1 of x*", 19, "matches no selection");
    assert_condition_refused("1 of _*", 19, "matches no selection");
    assert_condition_refused("2 of s*", 14, "no selection '2'");
    assert_condition_refused("''", 14, "empty");
    assert_condition_refused("[]", 14, "empty");
    assert_condition_refused("{a: b}", 14, "is text");
    assert_condition_refused("null", 14, "is text");
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    struct buf condition = {0};
    for (int i = 0; i < SIGMA_DEPTH_MAX + 1; i++)
        buf_add_byte(&condition, '(');
    buf_add_c(&condition, "s1");
    for (int i = 0; i < SIGMA_DEPTH_MAX + 1; i++)
        buf_add_byte(&condition, ')');
    buf_add_byte(&condition, '\0');
    assert_condition_refused(condition.ptr, 0, "nested deeper than 64");
    buf_clear(&condition);
    for (int i = 0; i < 100; i++)
        buf_add_c(&condition, "not ");
    buf_add_c(&condition, "s1");
    buf_add_byte(&condition, '\0');
    assert_condition_refused(condition.ptr, 0, "nested deeper than 64");
    buf_free(&condition);
}

static void patterns_match_with_stars_anywhere(void **state)
{
    (void)state;
    assert_true(condition_pattern_matches(STR("*"), STR("")));
    assert_true(condition_pattern_matches(STR("a*b*c"), STR("aXbbYc")));
    assert_true(condition_pattern_matches(STR("**a"), STR("ba")));
    assert_false(condition_pattern_matches(STR("a"), STR("ab")));
    assert_false(condition_pattern_matches(STR("a*b"), STR("a")));
    assert_false(condition_pattern_matches(STR(""), STR("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_binds_tighter_than_and_and_and_than_or),
        cmocka_unit_test(brackets_come_first),
        cmocka_unit_test(selectors_take_patterns_and_leave_hidden_names_out),
        cmocka_unit_test(names_may_begin_like_operators),
        cmocka_unit_test(several_conditions_are_alternatives),
        cmocka_unit_test(mistakes_are_refused_where_they_are),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(patterns_match_with_stars_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
