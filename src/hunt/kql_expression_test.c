/* Expressions: what binds to what, and what the tree holds. */
#include "hunt/kql_test.h"

#include <stdio.h>

/* The predicate of `T | where TEXT`. */
static const struct kql_expr *predicate_of(const char *text)
{
    char query[512];
    snprintf(query, sizeof(query), "T | where %s", text);
    return kql_test_operator(query)->predicate;
}

static void and_binds_tighter_than_or(void **state)
{
    (void)state;
    kql_test_shape("print a or b and c or d", "print (a or (b and c) or d)");
    kql_test_shape("print (a or b) and c", "print ((a or b) and c)");
}

static void long_chains_are_one_node(void **state)
{
    (void)state;
    const struct kql_expr *expr = predicate_of("a and b and c and d");
    assert_int_equal(expr->kind, KQL_AND);
    assert_int_equal(expr->exprs.len, 4);
    assert_int_equal(expr->height, 2);
}

static void operators_bind_as_in_kusto(void **state)
{
    (void)state;
    kql_test_shape("print a + b * c - d", "print ((a + (b * c)) - d)");
    kql_test_shape("print a - b - c", "print ((a - b) - c)");
    kql_test_shape("print a == b + 1 and c > d / 2", "print ((a == (b + 1)) and (c > (d / 2)))");
    kql_test_shape("print a < b == c", "print ((a < b) == c)");
    kql_test_shape("print a == b < c", "print (a == (b < c))");
    kql_test_shape("print -a * b", "print ((-a) * b)");
    kql_test_shape("print -a.b[0]", "print (-a.b[0])");
}

static void string_operators_bind_tighter_than_sums(void **state)
{
    (void)state;
    kql_test_shape("print a + b has 'c'", "print (a + (b has \"c\"))");
    kql_test_shape("print a has 'b' == true", "print ((a has \"b\") == true)");
}

static void brackets_that_mean_something_are_printed(void **state)
{
    (void)state;
    kql_test_prints("print (a + b) * c, a - (b - c), (a - b) - c, ((a))",
                    "print (a + b) * c, a - (b - c), a - b - c, a");
    kql_test_prints("print (-a).b, -(a + b), (5).c, (a == b) has 'x'",
                    "print (-a).b, -(a + b), (5).c, (a == b) has \"x\"");
}

static void variants_of_an_operator_are_flags(void **state)
{
    (void)state;
    struct kql_test test = predicate_of("a !hasprefix_cs b")->binary.test;
    assert_int_equal(test.op, KQL_HASPREFIX);
    assert_true(test.negated);
    assert_false(test.nocase);
    test = predicate_of("a =~ b")->binary.test;
    assert_int_equal(test.op, KQL_EQUAL);
    assert_false(test.negated);
    assert_true(test.nocase);
    test = predicate_of("a !in~ (b)")->membership.test;
    assert_int_equal(test.op, KQL_IN);
    assert_true(test.negated && test.nocase);
    assert_true(predicate_of("a !between (1 .. 2)")->range.test.negated);
}

static void every_operator_is_read_and_printed(void **state)
{
    (void)state;
    kql_test_prints(
        "print a has_any (b, 'c'), a has_all (b), a in (b), a matches regex @'\\d'",
        "print a has_any (b, \"c\"), a has_all (b), a in (b), a matches regex \"\\\\d\"");
    kql_test_prints("print a contains b, a !contains_cs b, a startswith b, a !endswith b, a % b",
                    "print a contains b, a !contains_cs b, a startswith b, a !endswith b, a % b");
    kql_test_prints("print a <> b, a notcontains b, a containscs b",
                    "print a != b, a !contains b, a contains_cs b");
    kql_test_prints("print a between (ago(2d)..now() - 1h)",
                    "print a between (ago(2d) .. now() - 1h)");
}

static void members_elements_and_calls_follow_each_other(void **state)
{
    (void)state;
    kql_test_prints("print a.b['c d'][0].['e f'].g, f(x)[1].y, a.[2]",
                    "print a.b[\"c d\"][0].[\"e f\"].g, f(x)[1].y, a[2]");
    kql_test_prints("print cluster('c').database('d').T, database('d').f(1, 2)",
                    "print cluster(\"c\").database(\"d\").T, database(\"d\").f(1, 2)");
}

static void arguments_may_be_named_tabular_or_a_star(void **state)
{
    (void)state;
    kql_test_prints("print f(a = 1, b), arg_max(Time, *), f()",
                    "print f(a = 1, b), arg_max(Time, *), f()");
    kql_test_prints("print toscalar(T | count)", "print toscalar(\n    T\n    | count\n)");
    const struct kql_expr *call = predicate_of("f((T | take 1), 2)");
    assert_int_equal(call->call.arguments.items[0].expr->kind, KQL_PIPE);
}

static void a_list_may_come_from_a_table(void **state)
{
    (void)state;
    const struct kql_expr *expr = predicate_of("a in (T | project b)");
    assert_int_equal(expr->membership.items.len, 1);
    assert_int_equal(expr->membership.items.items[0]->kind, KQL_PIPE);
    kql_test_prints("T | where a in (U | project b)",
                    "T\n| where a in (\n    U\n    | project b\n)");
}

static void dynamic_holds_json_and_literals_of_kql(void **state)
{
    (void)state;
    kql_test_prints(
        "print dynamic({\"a\": [1, -2.5, null, 'x'], \"b\": {}, \"c\": datetime(2026-01-01)})",
        "print dynamic({\"a\": [1, real(-2.5), null, \"x\"], \"b\": {}, \"c\": "
        "datetime(2026-01-01)})");
    kql_test_prints("print dynamic(null), dynamic('text'), dynamic([true,])",
                    "print dynamic(null), dynamic(\"text\"), dynamic([true])");
}

static void words_of_the_language_may_be_names(void **state)
{
    (void)state;
    kql_test_prints(
        "T | where kind == 1 and type == 'x' and where == 2 | project from, step, count, ['by']",
        "T\n| where kind == 1 and type == \"x\" and where == 2\n| project [\"from\"], "
        "[\"step\"], count, [\"by\"]");
    kql_test_prints(
        "let range = 5; print range, range(1, 2), search = range - 1",
        "let [\"range\"] = 5;\nprint [\"range\"], range(1, 2), [\"search\"] = [\"range\"] - 1");
}

static void names_that_are_no_identifiers_are_quoted(void **state)
{
    (void)state;
    kql_test_prints("T | project ['a b'], [\"c\\\"d\"] = ['plain'], ['x-y'], Größe",
                    "T\n| project [\"a b\"], [\"c\\\"d\"] = plain, [\"x-y\"], Größe");
}

static void places_point_at_what_matters(void **state)
{
    (void)state;
    const struct kql_expr *expr = predicate_of("a ==\n b");
    assert_int_equal(expr->place.line, 1);
    assert_int_equal(expr->place.column, 13); /* the operator */
    assert_int_equal(expr->binary.right->place.line, 2);
    assert_int_equal(expr->binary.right->place.column, 2);
    assert_int_equal(expr->binary.right->place.offset, 16);
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
        cmocka_unit_test(and_binds_tighter_than_or),
        cmocka_unit_test(long_chains_are_one_node),
        cmocka_unit_test(operators_bind_as_in_kusto),
        cmocka_unit_test(string_operators_bind_tighter_than_sums),
        cmocka_unit_test(brackets_that_mean_something_are_printed),
        cmocka_unit_test(variants_of_an_operator_are_flags),
        cmocka_unit_test(every_operator_is_read_and_printed),
        cmocka_unit_test(members_elements_and_calls_follow_each_other),
        cmocka_unit_test(arguments_may_be_named_tabular_or_a_star),
        cmocka_unit_test(a_list_may_come_from_a_table),
        cmocka_unit_test(dynamic_holds_json_and_literals_of_kql),
        cmocka_unit_test(words_of_the_language_may_be_names),
        cmocka_unit_test(names_that_are_no_identifiers_are_quoted),
        cmocka_unit_test(places_point_at_what_matters),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
