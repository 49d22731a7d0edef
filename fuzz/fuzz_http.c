/*
 * What reads the bytes of an HTTP request before anybody is known: targets and their queries, Authorization headers,
 * bodies in a coding. The first byte says which; of a body the second byte says the coding and the third
 * how large the pieces are that it comes in.
 */
#include <stdlib.h>

#include "api/server.h"

#define BODY_MAX_SIZE 65536
#define BUDGET 131072

static void target(struct str text)
{
    static const char *const paths[] = {"/", "/{index}/_bulk", "/api/v1/findings/{id}", "/_ilm/*",
                                        "/{a}/{b}/*"};
    struct arena arena;
    struct route_target parsed;
    arena_init(&arena, 1 << 20);
    if (route_target_parse(text, &arena, &parsed) == 0) {
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
            struct route_match match;
            if (route_fit(paths[i], &parsed, &match) == 0)
                continue;
            for (unsigned value = 0; value < match.n; value++) {
                if (memchr(match.values[value].ptr, '\0', match.values[value].len))
                    abort();
            }
        }
        for (unsigned i = 0; i < parsed.n_segments; i++) {
            if (str_eq(parsed.segments[i], STR("..")))
                abort();
        }
        route_query(&parsed, STR("q"));
    }
    arena_free(&arena);
}

static void authorization(struct str text)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct str token = auth_token(text, &arena);
    if (token.len > text.len)
        abort();
    arena_free(&arena);
}

static void body(struct str text)
{
    struct body_budget budget = {.max = BUDGET};
    struct body body;
    if (text.len < 2)
        return;
    size_t piece = (unsigned char)text.ptr[1] + 1u;
    body_begin(&body, (enum body_coding)((unsigned char)text.ptr[0] % 3), BODY_MAX_SIZE, &budget,
               NULL);
    text = str_skip(text, 2);
    int status = 0;
    while (text.len > 0 && status == 0) {
        status = body_add(&body, str_first(text, piece));
        text = str_skip(text, piece);
    }
    if (status == 0)
        body_end(&body);
    if (body.bytes.len > BODY_MAX_SIZE || budget.used > BUDGET)
        abort();
    body_free(&body);
    if (budget.used != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* What is not there is a place of its own, so that a read past the end is seen. */
    char *copy = malloc(size ? size : 1);
    if (!copy || size == 0) {
        free(copy);
        return 0;
    }
    memcpy(copy, data, size);
    struct str text = str_of(copy + 1, size - 1);
    switch (copy[0]) {
    case 't':
        target(text);
        break;
    case 'a':
        authorization(text);
        break;
    default:
        body(text);
    }
    free(copy);
    return 0;
}
