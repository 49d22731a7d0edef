#include "hunt/kql_parser.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- tokens -------------------------------------------------------------------------------- */

const struct kql_token *kql_peek(const struct kql_parser *parser, uint32_t ahead)
{
    const struct kql_token *token = &parser->tokens[parser->at];
    while (ahead-- && token->kind != KQL_TOKEN_END)
        token++;
    return token;
}

struct str kql_token_text(const struct kql_parser *parser, const struct kql_token *token)
{
    return str_of(parser->text.ptr + token->place.offset, token->len);
}

static bool is_token(const struct kql_parser *parser, uint32_t ahead, enum kql_token_kind kind,
                     const char *text)
{
    const struct kql_token *token = kql_peek(parser, ahead);
    return token->kind == kind && str_eq(kql_token_text(parser, token), str_from_c(text));
}

bool kql_ahead_symbol(const struct kql_parser *parser, uint32_t ahead, const char *symbol)
{
    return is_token(parser, ahead, KQL_TOKEN_SYMBOL, symbol);
}

bool kql_ahead_word(const struct kql_parser *parser, uint32_t ahead, const char *word)
{
    return is_token(parser, ahead, KQL_TOKEN_NAME, word);
}

bool kql_at_symbol(const struct kql_parser *parser, const char *symbol)
{
    return kql_ahead_symbol(parser, 0, symbol);
}

bool kql_at_word(const struct kql_parser *parser, const char *word)
{
    return kql_ahead_word(parser, 0, word);
}

bool kql_take_symbol(struct kql_parser *parser, const char *symbol)
{
    bool taken = kql_at_symbol(parser, symbol);
    parser->at += taken;
    return taken;
}

bool kql_take_word(struct kql_parser *parser, const char *word)
{
    bool taken = kql_at_word(parser, word);
    parser->at += taken;
    return taken;
}

bool kql_read_symbol(struct kql_parser *parser, const char *symbol)
{
    char what[16];
    snprintf(what, sizeof(what), "'%s'", symbol);
    return kql_take_symbol(parser, symbol) || kql_expected(parser, what);
}

bool kql_read_word(struct kql_parser *parser, const char *word)
{
    char what[64];
    snprintf(what, sizeof(what), "'%s'", word);
    return kql_take_word(parser, word) || kql_expected(parser, what);
}

/* ---- errors -------------------------------------------------------------------------------- */

#define QUOTED_MAX 60 /* bytes of the query that a message quotes */

bool kql_error(struct kql_parser *parser, struct kql_place place, const char *format, ...)
{
    char message[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    err_at(parser->err, -EINVAL, place.line, place.column, "%s", message);
    return false;
}

bool kql_expected(struct kql_parser *parser, const char *what)
{
    const struct kql_token *token = kql_peek(parser, 0);
    struct str text = str_first(kql_token_text(parser, token), QUOTED_MAX);
    if (token->kind == KQL_TOKEN_END)
        return kql_error(parser, token->place, "expected %s, but here the query ends", what);
    return kql_error(parser, token->place, "expected %s, not '%.*s'", what, STR_ARG(text));
}

bool kql_unknown(struct kql_parser *parser, struct kql_place place, const char *what,
                 struct str word, const char *const *words)
{
    struct nearest nearest;
    nearest_begin(&nearest, word);
    for (size_t i = 0; words[i]; i++)
        nearest_offer(&nearest, str_from_c(words[i]));
    return kql_unlike(parser, place, what, &nearest);
}

bool kql_unlike(struct kql_parser *parser, struct kql_place place, const char *what,
                const struct nearest *nearest)
{
    bool near = nearest->found.len > 0;
    return kql_error(parser, place, "%s '%.*s'%s%.*s%s", what,
                     STR_ARG(str_first(nearest->word, QUOTED_MAX)), near ? "; did you mean '" : "",
                     STR_ARG(nearest->found), near ? "'?" : "");
}

bool kql_spent(struct kql_parser *parser)
{
    struct kql_place place = kql_peek(parser, 0)->place;
    err_at(parser->err, -ENOMEM, place.line, place.column,
           "the query needs more memory than it may have");
    return false;
}

/* ---- depth and height ---------------------------------------------------------------------- */

static bool too_deep(struct kql_parser *parser, struct kql_place place)
{
    err_at(parser->err, -E2BIG, place.line, place.column,
           "expressions are nested deeper than %d levels", KQL_HEIGHT_MAX);
    return false;
}

bool kql_enter(struct kql_parser *parser)
{
    return ++parser->depth <= KQL_HEIGHT_MAX || too_deep(parser, kql_peek(parser, 0)->place);
}

void kql_leave(struct kql_parser *parser)
{
    parser->depth--;
}

uint32_t kql_open(struct kql_parser *parser)
{
    uint32_t outer = parser->height;
    parser->height = 0;
    return outer;
}

bool kql_close(struct kql_parser *parser, struct kql_expr *expr, uint32_t outer)
{
    expr->height = parser->height + 1;
    if (expr->height > KQL_HEIGHT_MAX)
        return too_deep(parser, expr->place);
    parser->height = expr->height > outer ? expr->height : outer;
    return true;
}

struct kql_expr *kql_expr_new(struct kql_parser *parser, enum kql_expr_kind kind,
                              struct kql_place place)
{
    struct kql_expr *expr = arena_zero(parser->arena, 1, sizeof(*expr));
    if (!expr) {
        kql_spent(parser);
        return NULL;
    }
    expr->kind = kind;
    expr->place = place;
    return expr;
}

/* ---- lists --------------------------------------------------------------------------------- */

void *kql_list_grow(struct kql_parser *parser, void *items, uint32_t len, uint32_t *cap,
                    size_t size)
{
    if (len < *cap)
        return items;
    uint32_t more = *cap ? *cap * 2 : 4;
    void *grown = arena_zero(parser->arena, more, size);
    if (!grown) {
        kql_spent(parser);
        return NULL;
    }
    if (len)
        memcpy(grown, items, len * size);
    *cap = more;
    return grown;
}

/* ---- names and what is made of them -------------------------------------------------------- */

bool kql_ahead_name(const struct kql_parser *parser, uint32_t ahead, uint32_t *ret_tokens)
{
    bool word = kql_peek(parser, ahead)->kind == KQL_TOKEN_NAME;
    *ret_tokens = word ? 1 : 3;
    return word || (kql_ahead_symbol(parser, ahead, "[") &&
                    kql_peek(parser, ahead + 1)->kind == KQL_TOKEN_STRING &&
                    kql_ahead_symbol(parser, ahead + 2, "]"));
}

bool kql_ahead_naming(const struct kql_parser *parser, uint32_t ahead)
{
    uint32_t tokens;
    return kql_ahead_name(parser, ahead, &tokens) && kql_ahead_symbol(parser, ahead + tokens, "=");
}

bool kql_read_name(struct kql_parser *parser, const char *what, struct kql_name *ret_name)
{
    const struct kql_token *token = kql_peek(parser, 0);
    uint32_t tokens;
    bool hidden;
    ret_name->place = token->place;
    if (!kql_ahead_name(parser, 0, &tokens))
        return kql_expected(parser, what);
    if (tokens == 1) {
        ret_name->text = kql_token_text(parser, token);
        parser->at++;
        return true;
    }
    return kql_read_symbol(parser, "[") && kql_read_string(parser, &ret_name->text, &hidden) &&
           kql_read_symbol(parser, "]");
}

bool kql_read_type(struct kql_parser *parser, enum kql_type *ret_type)
{
    static const char *const words[] = {"bool",    "int",    "long",     "real",
                                        "decimal", "string", "datetime", "timespan",
                                        "dynamic", "guid",   NULL};
    const struct kql_token *token = kql_peek(parser, 0);
    if (token->kind != KQL_TOKEN_NAME)
        return kql_expected(parser, "a type");
    struct str word = kql_token_text(parser, token);
    *ret_type = kql_type_of(word);
    if (*ret_type == KQL_TYPE_NONE)
        return kql_unknown(parser, token->place, "there is no type", word, words);
    parser->at++;
    return true;
}

bool kql_read_typeof(struct kql_parser *parser, enum kql_type *ret_type)
{
    return kql_read_word(parser, "typeof") && kql_read_symbol(parser, "(") &&
           kql_read_type(parser, ret_type) && kql_read_symbol(parser, ")");
}

bool kql_read_schema(struct kql_parser *parser, struct kql_column_list *list, bool *ret_open)
{
    if (!kql_read_symbol(parser, "("))
        return false;
    if (ret_open && kql_take_symbol(parser, "*")) {
        *ret_open = true;
        if (kql_take_symbol(parser, ")"))
            return true;
        if (!kql_read_symbol(parser, ","))
            return false;
    }
    do {
        struct kql_column column = {0};
        if (list->len && kql_at_symbol(parser, ")"))
            break; /* a comma behind the last */
        if (!kql_read_name(parser, "a column", &column.name) || !kql_read_symbol(parser, ":") ||
            !kql_read_type(parser, &column.type) || !kql_push(parser, list, column))
            return false;
    } while (kql_take_symbol(parser, ","));
    return kql_read_symbol(parser, ")");
}

static bool read_values(struct kql_parser *parser, struct kql_expr_list *list)
{
    bool brackets = kql_take_symbol(parser, "(");
    for (;;) {
        struct kql_expr *value;
        if (!kql_read_value(parser, &value) || !kql_push(parser, list, value))
            return false;
        /* Without brackets the list ends where the next property begins. */
        bool more =
            kql_at_symbol(parser, ",") &&
            (brackets || (!kql_ahead_naming(parser, 1) && !kql_ahead_symbol(parser, 1, ")")));
        if (!more)
            return !brackets || kql_read_symbol(parser, ")");
        parser->at++;
    }
}

bool kql_read_property(struct kql_parser *parser, struct kql_property *ret_property)
{
    return kql_read_name(parser, "a property", &ret_property->name) &&
           kql_read_symbol(parser, "=") && read_values(parser, &ret_property->values);
}

bool kql_read_properties(struct kql_parser *parser, struct kql_property_list *list)
{
    if (!kql_read_symbol(parser, "("))
        return false;
    while (!kql_at_symbol(parser, ")")) {
        struct kql_property property = {0};
        if (!kql_read_property(parser, &property) || !kql_push(parser, list, property))
            return false;
        if (!kql_take_symbol(parser, ","))
            break;
    }
    return kql_read_symbol(parser, ")");
}
