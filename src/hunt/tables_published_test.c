/*
 * Every table that a published hunting query names is one of ours, where a copy of the queries lies
 * beside the project.
 */
#include "base/test.h"

#include "base/map.h"
#include "hunt/kql.h"
#include "hunt/published_test.h"
#include "hunt/world_test.h"

static struct world world;
static struct arena arena;
static struct map defined; /* by the query itself: let, parameters, as */
static unsigned n_files, n_named, n_unknown;
static const char *file_name;

static void visit(const struct kql_expr *expr);

static void visit_list(const struct kql_expr_list *list)
{
    for (uint32_t i = 0; i < list->len; i++)
        visit(list->items[i]);
}

static void visit_named(const struct kql_named_list *list)
{
    for (uint32_t i = 0; i < list->len; i++)
        visit(list->items[i].expr);
}

/* An expression that stands where a table is wanted. */
static void visit_table(const struct kql_expr *expr)
{
    if (expr->kind != KQL_NAME) {
        visit(expr);
        return;
    }
    if (map_get(&defined, expr->name) != MAP_NONE)
        return;
    n_named++;
    if (!tables_find(world.tables, expr->name)) {
        struct str near = tables_nearest(world.tables, expr->name);
        print_message("%s:%u: %.*s (%.*s?)\n", file_name, expr->place.line, STR_ARG(expr->name),
                      STR_ARG(near));
        n_unknown++;
    }
}

static void visit_operator(const struct kql_operator *op)
{
    switch (op->kind) {
    case KQL_JOIN:
    case KQL_LOOKUP:
        visit_table(op->join.right);
        break;
    case KQL_UNION:
        for (uint32_t i = 0; i < op->merge.tables.len; i++)
            visit_table(op->merge.tables.items[i]);
        break;
    case KQL_AS:
        assert_true(map_put(&defined, op->as.text, 1) >= 0);
        break;
    case KQL_WHERE:
        visit(op->predicate);
        break;
    case KQL_EXTEND:
    case KQL_PROJECT:
        visit_named(&op->named);
        break;
    case KQL_SUMMARIZE:
        visit_named(&op->summarize.aggregates);
        break;
    default:
        break;
    }
}

static void visit_pipe(const struct kql_expr *pipe)
{
    if (pipe->pipe.source)
        visit_table(pipe->pipe.source);
    for (uint32_t i = 0; i < pipe->pipe.operators.len; i++)
        visit_operator(pipe->pipe.operators.items[i]);
}

/* Looks for pipes: a sub-query stands in an argument, or behind `in`. */
static void visit(const struct kql_expr *expr)
{
    switch (expr->kind) {
    case KQL_PIPE:
        visit_pipe(expr);
        break;
    case KQL_CALL:
        visit_named(&expr->call.arguments);
        break;
    case KQL_AND:
    case KQL_OR:
        visit_list(&expr->exprs);
        break;
    case KQL_BINARY:
        visit(expr->binary.left);
        visit(expr->binary.right);
        break;
    case KQL_MEMBERSHIP:
        visit_list(&expr->membership.items);
        break;
    default:
        break;
    }
}

static void define(const struct kql_statement_list *statements)
{
    for (uint32_t i = 0; i < statements->len; i++) {
        const struct kql_statement *statement = statements->items[i];
        if (statement->kind == KQL_LET || statement->kind == KQL_FUNCTION)
            assert_true(map_put(&defined, statement->name.text, 1) >= 0);
        for (uint32_t p = 0; p < statement->parameters.len; p++)
            assert_true(map_put(&defined, statement->parameters.items[p].name.text, 1) >= 0);
        define(&statement->body);
    }
}

static void visit_statements(const struct kql_statement_list *statements)
{
    for (uint32_t i = 0; i < statements->len; i++) {
        const struct kql_statement *statement = statements->items[i];
        visit_statements(&statement->body);
        if (statement->kind == KQL_EXPRESSION)
            visit_table(statement->expr);
        else if (statement->kind == KQL_LET)
            visit(statement->expr);
    }
}

static void look_at(const char *name, struct str text)
{
    struct kql_query_list queries;
    struct err err = {0};
    arena_reset(&arena);
    file_name = name;
    n_files++;
    if (kql_parse_all(&arena, text, &queries, &err) < 0)
        return; /* what does not parse is another test's */
    for (uint32_t i = 0; i < queries.len; i++) {
        define(&queries.items[i]->statements);
        visit_statements(&queries.items[i]->statements);
        map_free(&defined);
    }
}

static int load(void **state)
{
    (void)state;
    world_load(&world);
    arena_init(&arena, (size_t)64 << 20);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    arena_free(&arena);
    world_unload(&world);
    return 0;
}

static void every_table_that_a_published_query_names_is_known(void **state)
{
    (void)state;
    published_each(look_at);
    print_message("%u files name tables %u times\n", n_files, n_named);
    assert_true(n_named > 0);
    assert_int_equal(n_unknown, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_that_a_published_query_names_is_known),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
