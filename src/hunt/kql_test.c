#include "hunt/kql_test.h"

#include <stdio.h>

#define MEMORY_MAX ((size_t)64 << 20)

struct arena kql_test_arena = {.limit = MEMORY_MAX};

void kql_test_reset(void)
{
    arena_free(&kql_test_arena);
    arena_init(&kql_test_arena, MEMORY_MAX);
}

struct kql_query *kql_test_read(const char *text)
{
    struct kql_query *query = NULL;
    struct err err = {0};
    if (kql_parse(&kql_test_arena, str_from_c(text), &query, &err) < 0)
        fail_msg("%u:%u: %s\n%s", err.line, err.column, err.message, text);
    return query;
}

const struct kql_operator *kql_test_operator(const char *text)
{
    struct kql_query *query = kql_test_read(text);
    const struct kql_expr *expr = query->statements.items[query->statements.len - 1]->expr;
    assert_int_equal(expr->kind, KQL_PIPE);
    return expr->pipe.operators.items[expr->pipe.operators.len - 1];
}

static void assert_text(struct buf *buf, const char *expected)
{
    buf_add_byte(buf, '\0');
    assert_false(buf->failed);
    assert_string_equal(buf->ptr, expected);
}

void kql_test_round_trip(const struct kql_query *query)
{
    struct buf text = {0}, shape = {0}, again = {0};
    kql_print(&text, query);
    kql_print_shape(&shape, query);
    buf_add_byte(&text, '\0');
    buf_add_byte(&shape, '\0');
    const struct kql_query *reread = kql_test_read(text.ptr);
    kql_print_shape(&again, reread);
    assert_text(&again, shape.ptr);
    buf_clear(&again);
    kql_print(&again, reread);
    assert_text(&again, text.ptr);
    buf_free(&text);
    buf_free(&shape);
    buf_free(&again);
}

void kql_test_prints(const char *text, const char *expected)
{
    struct buf buf = {0};
    const struct kql_query *query = kql_test_read(text);
    kql_print(&buf, query);
    assert_text(&buf, expected);
    kql_test_round_trip(query);
    buf_free(&buf);
}

void kql_test_shape(const char *text, const char *expected)
{
    struct buf buf = {0};
    const struct kql_query *query = kql_test_read(text);
    kql_print_shape(&buf, query);
    assert_text(&buf, expected);
    kql_test_round_trip(query);
    buf_free(&buf);
}

void kql_test_refused(const char *text, unsigned line, unsigned column, const char *message)
{
    struct kql_query *query = NULL;
    struct err err = {0};
    int status = kql_parse(&kql_test_arena, str_from_c(text), &query, &err);
    assert_null(query);
    assert_int_not_equal(status, 0);
    assert_int_equal(status, err.code);
    if (!strstr(err.message, message) || err.line != line || err.column != column)
        fail_msg("%u:%u: %s\nfor: %s\nexpected: %u:%u: %s", err.line, err.column, err.message, text,
                 line, column, message);
}
