#include "hunt/kql_mask.h"

#include "hunt/kql_lexer.h"

#define STARS "***"

/* What is between the quotes of h"...", also of one that never ends. */
static bool hidden_part(struct str token, struct str *ret_part)
{
    if (token.len < 2 || (token.ptr[0] != 'h' && token.ptr[0] != 'H'))
        return false;
    size_t at = 1 + (token.ptr[1] == '@');
    char quote = at < token.len ? token.ptr[at] : '\0';
    bool block = quote == '`' || quote == '~';
    size_t quotes = block ? 3 : 1;
    if ((!block && quote != '"' && quote != '\'') || token.len < at + quotes)
        return false;
    struct str part = str_skip(token, at + quotes);
    if (part.len >= quotes && part.ptr[part.len - 1] == quote)
        part.len -= quotes;
    *ret_part = part;
    return true;
}

/* The next hidden literal at or behind the lexer's place. */
static bool next_hidden(struct kql_lexer *lexer, struct str *ret_part)
{
    for (;;) {
        struct kql_token token = kql_lexer_next(lexer);
        if (token.kind == KQL_TOKEN_END)
            return false;
        struct str text = str_first(str_skip(lexer->text, token.place.offset), token.len);
        /* datetime(..): it is one token, and looked into. */
        if (token.kind == KQL_TOKEN_TYPED)
            lexer->place.offset = token.place.offset + (uint32_t)str_index(text, '(') + 1;
        bool string = token.kind == KQL_TOKEN_STRING || token.kind == KQL_TOKEN_BAD;
        if (string && hidden_part(text, ret_part))
            return true;
    }
}

bool kql_has_hidden(struct str text)
{
    struct kql_lexer lexer;
    struct str part;
    kql_lexer_init(&lexer, text);
    return next_hidden(&lexer, &part);
}

void kql_mask(struct buf *out, struct str text)
{
    struct kql_lexer lexer;
    struct str part;
    const char *from = text.ptr;
    if (text.len == 0)
        return;
    kql_lexer_init(&lexer, text);
    while (next_hidden(&lexer, &part)) {
        buf_add(out, from, (size_t)(part.ptr - from));
        buf_add_c(out, STARS);
        from = part.ptr + part.len;
    }
    buf_add(out, from, (size_t)(text.ptr + text.len - from));
}

/* `message` with all that is `part` as stars. */
static void mask_part(struct buf *out, struct str message, struct str part)
{
    size_t at;
    while (part.len > 0 && (at = str_find(message, part)) != SIZE_MAX) {
        buf_add_str(out, str_first(message, at));
        buf_add_c(out, STARS);
        message = str_skip(message, at + part.len);
    }
    buf_add_str(out, message);
}

void kql_mask_message(struct buf *message, struct str text)
{
    struct kql_lexer lexer;
    struct str part;
    kql_lexer_init(&lexer, text);
    while (next_hidden(&lexer, &part)) {
        struct buf masked = {0};
        mask_part(&masked, buf_str(message), part);
        buf_free(message);
        *message = masked;
    }
}
