/* Statements, functions, and several queries in one text. */
#include "hunt/kql_test.h"

static const struct kql_statement *statement_of(const char *text, uint32_t index)
{
    const struct kql_query *query = kql_test_read(text);
    assert_true(index < query->statements.len);
    return query->statements.items[index];
}

static void a_let_holds_a_scalar_or_a_table(void **state)
{
    (void)state;
    kql_test_prints("let a = 1h; let b = T | take 1; b | where x > ago(a);",
                    "let a = 1h;\nlet b = T\n| take 1;\nb\n| where x > ago(a)");
    assert_int_equal(statement_of("let a = T; a", 0)->expr->kind, KQL_NAME);
    assert_str(statement_of("let ['a b'] = 1; print 1", 0)->name.text, "a b");
}

static void a_function_has_typed_parameters_and_defaults(void **state)
{
    (void)state;
    const struct kql_statement *f = statement_of(
        "let f = (t:(Time:datetime, User:string), u:(*), n:long = -5, s:string) { let k = "
        "n; t | take k }; f(T, U)",
        0);
    assert_int_equal(f->kind, KQL_FUNCTION);
    assert_int_equal(f->parameters.len, 4);
    const struct kql_parameter *parameters = f->parameters.items;
    assert_true(parameters[0].tabular && !parameters[0].open);
    assert_int_equal(parameters[0].columns.items[1].type, KQL_STRING);
    assert_true(parameters[1].tabular && parameters[1].open);
    assert_int_equal(parameters[2].value->literal.integer, -5);
    assert_null(parameters[3].value);
    assert_int_equal(f->body.len, 2);
    assert_int_equal(f->body.items[1]->kind, KQL_EXPRESSION);
}

static void functions_and_views_print(void **state)
{
    (void)state;
    kql_test_prints("let f=(x:long,y:real=1.5){x+y;};let v=view(){print 1};let g=(){5};print f(1)",
                    "let f = (x:long, y:real = 1.5) {\n    x + y\n};\nlet v = view () {\n    print "
                    "1\n};\nlet g = () {\n    5\n};\nprint f(1)");
}

static void a_value_in_brackets_is_no_function(void **state)
{
    (void)state;
    assert_int_equal(statement_of("let a = (1 + 2); print a", 0)->kind, KQL_LET);
    assert_int_equal(statement_of("let a = (T | count); a", 0)->kind, KQL_LET);
    assert_int_equal(statement_of("let a = view(1); print a", 0)->kind, KQL_LET);
}

static void set_and_declare_are_read(void **state)
{
    (void)state;
    kql_test_prints(
        "set notruncation; set maxrows = 5; declare query_parameters(a:long = 1, b:string); "
        "print a",
        "set notruncation;\nset maxrows = 5;\ndeclare query_parameters(a:long = 1, "
        "b:string);\nprint a");
}

static void a_query_may_have_several_results(void **state)
{
    (void)state;
    const struct kql_query *query = kql_test_read("A; let x = 1; B | where y == x;;");
    assert_int_equal(query->statements.len, 3);
    assert_int_equal(query->statements.items[2]->kind, KQL_EXPRESSION);
}

static void an_empty_line_divides_queries_of_a_file(void **state)
{
    static const char text[] =
        "// one\nA | where x == 1\n\n| take 5\n\n// two\nlet t = 1;\n\nB | take t\n";
    struct kql_query_list list;
    struct err err = {0};
    (void)state;
    assert_int_equal(kql_parse_all(&kql_test_arena, str_from_c(text), &list, &err), 0);
    assert_int_equal(list.len, 2);
    assert_int_equal(list.items[0]->statements.items[0]->expr->pipe.operators.len, 2);
    assert_int_equal(list.items[1]->statements.len, 2);
    assert_int_equal(list.items[1]->place.line, 7);
    assert_str(str_of(text + list.items[1]->place.offset, list.items[1]->len),
               "let t = 1;\n\nB | take t");
}

static void queries_of_a_file_are_printed_apart(void **state)
{
    struct kql_query_list list, again;
    struct err err = {0};
    struct buf text = {0};
    (void)state;
    assert_int_equal(
        kql_parse_all(&kql_test_arena, STR("let a = 1; A\n\nB|take 1\n\nC"), &list, &err), 0);
    kql_print_all(&text, &list);
    assert_str(buf_str(&text), "let a = 1;\nA\n\nB\n| take 1\n\nC");
    assert_int_equal(kql_parse_all(&kql_test_arena, buf_str(&text), &again, &err), 0);
    assert_int_equal(again.len, 3);
    buf_free(&text);
}

static void without_an_empty_line_there_is_one_query(void **state)
{
    struct kql_query_list list;
    struct err err = {0};
    (void)state;
    assert_true(kql_parse_all(&kql_test_arena, STR("A | take 1\nB"), &list, &err) < 0);
    assert_int_equal(err.line, 2);
    kql_test_refused("A | take 1\n\nB", 3, 1, "expected an operator, '|' or ';', not 'B'");
}

static void the_tree_outlives_the_text(void **state)
{
    char text[] = "Table | where name == 'value'";
    struct kql_query *query;
    struct err err = {0};
    (void)state;
    assert_int_equal(kql_parse(&kql_test_arena, str_from_c(text), &query, &err), 0);
    memset(text, 'x', sizeof(text) - 1);
    const struct kql_expr *pipe = query->statements.items[0]->expr;
    assert_str(pipe->pipe.source->name, "Table");
    assert_str(pipe->pipe.operators.items[0]->predicate->binary.right->literal.text, "value");
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
        cmocka_unit_test(a_let_holds_a_scalar_or_a_table),
        cmocka_unit_test(a_function_has_typed_parameters_and_defaults),
        cmocka_unit_test(functions_and_views_print),
        cmocka_unit_test(a_value_in_brackets_is_no_function),
        cmocka_unit_test(set_and_declare_are_read),
        cmocka_unit_test(a_query_may_have_several_results),
        cmocka_unit_test(an_empty_line_divides_queries_of_a_file),
        cmocka_unit_test(queries_of_a_file_are_printed_apart),
        cmocka_unit_test(without_an_empty_line_there_is_one_query),
        cmocka_unit_test(the_tree_outlives_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
