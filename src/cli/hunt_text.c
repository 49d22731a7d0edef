#include "cli/hunt_text.h"

#include <errno.h>

#include "base/err.h"
#include "hunt/kql.h"
#include "hunt/kql_outline.h"

#define TREE_MEMORY_MAX ((size_t)16 << 20)

static const char *const colours[] = {
    [KQL_ROLE_END] = "",
    [KQL_ROLE_OPERATOR] = "\033[1;34m",
    [KQL_ROLE_WORD] = "\033[34m",
    [KQL_ROLE_TEST] = "\033[35m",
    [KQL_ROLE_FUNCTION] = "\033[36m",
    [KQL_ROLE_NAME] = "",
    [KQL_ROLE_TYPE] = "\033[36m",
    [KQL_ROLE_STRING] = "\033[32m",
    [KQL_ROLE_NUMBER] = "\033[33m",
    [KQL_ROLE_SYMBOL] = "",
    [KQL_ROLE_COMMENT] = "\033[2m",
    [KQL_ROLE_BAD] = "\033[31m",
};

/* The text up to its last word that is no comment. */
static struct str without_end(struct str text)
{
    struct kql_outline outline;
    struct kql_token token;
    enum kql_role role;
    size_t end = 0;
    kql_outline_init(&outline, text);
    while ((role = kql_outline_next(&outline, &token)) != KQL_ROLE_END)
        if (role != KQL_ROLE_COMMENT)
            end = token.place.offset + token.len;
    return str_first(text, end);
}

/* Is the place of an error behind all of the text? */
static bool is_behind(struct str text, const struct err *err)
{
    uint32_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\n') {
            line++;
            start = i + 1;
        }
    return err->line > line || (err->line == line && err->column > text.len - start);
}

enum hunt_text_state hunt_text_state(struct str text)
{
    struct str trimmed = without_end(text);
    struct arena arena;
    struct kql_query_list queries;
    struct err err = {0};
    if (trimmed.len == 0 || str_eq(trimmed, STR(";")))
        return HUNT_TEXT_EMPTY;
    if (text.len > KQL_TEXT_MAX)
        return HUNT_TEXT_WHOLE;
    arena_init(&arena, TREE_MEMORY_MAX);
    int status = kql_parse_all(&arena, trimmed, &queries, &err);
    arena_free(&arena);
    return status == -EINVAL && is_behind(trimmed, &err) ? HUNT_TEXT_UNFINISHED : HUNT_TEXT_WHOLE;
}

bool hunt_text_ends(struct str text)
{
    struct kql_outline outline;
    struct kql_token token;
    enum kql_role role;
    bool ends = false;
    kql_outline_init(&outline, text);
    while ((role = kql_outline_next(&outline, &token)) != KQL_ROLE_END)
        if (role != KQL_ROLE_COMMENT)
            ends = role == KQL_ROLE_SYMBOL && outline.depth == 0 &&
                   text.ptr[token.place.offset] == ';';
    return ends;
}

void hunt_text_colour(struct buf *out, struct str text, size_t from)
{
    struct kql_outline outline;
    struct kql_token token;
    enum kql_role role;
    size_t at = from;
    kql_outline_init(&outline, text);
    while ((role = kql_outline_next(&outline, &token)) != KQL_ROLE_END) {
        size_t begin = token.place.offset, end = begin + token.len;
        if (end <= from)
            continue;
        begin = begin < from ? from : begin;
        buf_add(out, text.ptr + at, begin - at);
        buf_add_c(out, colours[role]);
        buf_add(out, text.ptr + begin, end - begin);
        buf_add_c(out, colours[role][0] ? "\033[0m" : "");
        at = end;
    }
    buf_add_str(out, str_skip(text, at));
}

void hunt_text_join(struct buf *out, struct str text)
{
    struct kql_outline outline;
    struct kql_token token;
    enum kql_role role;
    size_t at = 0;
    bool first = true;
    kql_outline_init(&outline, text);
    while ((role = kql_outline_next(&outline, &token)) != KQL_ROLE_END) {
        if (role == KQL_ROLE_COMMENT)
            continue;
        if (!first && token.place.offset > at)
            buf_add_byte(out, ' ');
        buf_add(out, text.ptr + token.place.offset, token.len);
        at = token.place.offset + token.len;
        first = false;
    }
}
