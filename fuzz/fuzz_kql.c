/*
 * KQL: the lexer cuts any text into tokens in order, a refusal says where and why, and what is printed of a
 * tree has the same tree. Completion takes any text, too.
 */
#include <errno.h>
#include <stdlib.h>

#include "hunt/kql.h"
#include "hunt/kql_complete.h"
#include "hunt/kql_lexer.h"
#include "hunt/kql_mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX ((size_t)32 << 20)

static void check_tokens(struct str text)
{
    struct kql_lexer lexer;
    uint32_t end = 0;
    kql_lexer_init(&lexer, text);
    for (;;) {
        struct kql_token token = kql_lexer_next(&lexer);
        if (token.kind == KQL_TOKEN_END)
            break;
        if (token.place.offset < end || token.len == 0 || token.place.offset + token.len > text.len)
            abort();
        end = token.place.offset + token.len;
    }
}

/* What was masked has nothing left to mask. */
static void check_mask(struct str text)
{
    struct buf once = {0}, twice = {0};
    kql_mask(&once, text);
    kql_mask(&twice, buf_str(&once));
    if (!once.failed && !twice.failed && !str_eq(buf_str(&once), buf_str(&twice)))
        abort();
    buf_free(&once);
    buf_free(&twice);
}

/* Half a text is completed at any place of it. */
static void check_completion(struct str text)
{
    static const struct kql_names nothing = {0};
    struct arena arena;
    struct kql_completion completion;
    uint32_t cursor = text.len ? (uint32_t)((unsigned char)text.ptr[0] * text.len / 256) : 0;
    arena_init(&arena, MEMORY_MAX);
    if (kql_complete(&arena, text, cursor, &nothing, &completion) == 0 && completion.from > cursor)
        abort();
    arena_free(&arena);
}

/* Reads `text`, which was printed, and wants its shape to be `shape`. */
static void check_again(struct str text, struct str shape)
{
    struct arena arena;
    struct buf again = {0};
    struct kql_query *query;
    struct err err = {0};
    arena_init(&arena, MEMORY_MAX);
    /* Printing may bring a query over the limits of its text and memory. */
    int status = kql_parse(&arena, text, &query, &err);
    if (status == -EINVAL)
        abort();
    if (status == 0) {
        kql_print_shape(&again, query);
        if (!again.failed && !str_eq(buf_str(&again), shape))
            abort();
    }
    buf_free(&again);
    arena_free(&arena);
}

static void check_round_trip(const struct kql_query *query)
{
    struct buf text = {0}, shape = {0};
    kql_print(&text, query);
    kql_print_shape(&shape, query);
    if (!text.failed && !shape.failed)
        check_again(buf_str(&text), buf_str(&shape));
    buf_free(&text);
    buf_free(&shape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = size ? str_of((const char *)data, size) : STR("");
    struct arena arena;
    struct kql_query_list queries;
    struct err err = {0};
    arena_init(&arena, MEMORY_MAX);
    check_tokens(text);
    check_mask(text);
    check_completion(text);
    int status = kql_parse_all(&arena, text, &queries, &err);
    if (status < 0 && (err.code != status || err.message[0] == '\0'))
        abort();
    for (uint32_t i = 0; status == 0 && i < queries.len; i++)
        check_round_trip(queries.items[i]);
    arena_free(&arena);
    return 0;
}
