#include "hunt/kql_outline.h"

#include "hunt/kql_infix.h"
#include "hunt/kql_operators.h"

void kql_outline_init(struct kql_outline *outline, struct str text)
{
    *outline = (struct kql_outline){0};
    kql_lexer_init(&outline->lexer, text);
}

static struct kql_outline_level *level_of(struct kql_outline *outline)
{
    uint32_t depth = outline->depth;
    return &outline->levels[depth < KQL_OUTLINE_DEPTH_MAX ? depth : KQL_OUTLINE_DEPTH_MAX - 1];
}

const struct kql_outline_level *kql_outline_level(const struct kql_outline *outline)
{
    uint32_t depth = outline->depth;
    return &outline->levels[depth < KQL_OUTLINE_DEPTH_MAX ? depth : KQL_OUTLINE_DEPTH_MAX - 1];
}

/* ---- words of operators -------------------------------------------------------------------- */

static size_t small_letters(struct str s)
{
    size_t len = 0;
    while (len < s.len && ((s.ptr[len] >= 'a' && s.ptr[len] <= 'z') ||
                           (len && (s.ptr[len] == '_' || s.ptr[len] == '-'))))
        len++;
    return len;
}

bool kql_operator_word(const struct kql_operator_row *row, size_t *at, struct str *ret_word,
                       enum kql_word_kind *ret_kind)
{
    struct str syntax = str_from_c(row->syntax);
    size_t i = *at ? *at : strlen(row->name);
    while (i < syntax.len) {
        size_t len = small_letters(str_skip(syntax, i));
        bool option = i + len < syntax.len && syntax.ptr[i + len] == '=';
        /* kind=inner|outer: values go on as long as nothing but '|' is between them. */
        bool value = syntax.ptr[i - 1] == '=' ||
                     (syntax.ptr[i - 1] == '|' && *at == i - 1 && *ret_kind == KQL_WORD_VALUE);
        if (len < 2) {
            i += len + 1;
            continue;
        }
        *ret_word = str_of(syntax.ptr + i, len);
        *ret_kind = option ? KQL_WORD_OPTION : value ? KQL_WORD_VALUE : KQL_WORD;
        *at = i + len;
        return true;
    }
    return false;
}

static bool has_word(const struct kql_operator_row *row, struct str word)
{
    struct str found;
    size_t at = 0;
    enum kql_word_kind kind = KQL_WORD;
    while (kql_operator_word(row, &at, &found, &kind))
        if (str_eq(found, word))
            return true;
    return false;
}

/* ---- roles --------------------------------------------------------------------------------- */

static struct str text_of(const struct kql_outline *outline, const struct kql_token *token)
{
    return str_of(outline->lexer.text.ptr + token->place.offset, token->len);
}

/* The first byte behind a token that is no white space, or 0. */
static char byte_behind(const struct kql_outline *outline, const struct kql_token *token)
{
    struct str rest = str_skip(outline->lexer.text, token->place.offset + token->len);
    while (rest.len && (rest.ptr[0] == ' ' || (rest.ptr[0] >= '\t' && rest.ptr[0] <= '\r')))
        rest = str_skip(rest, 1);
    return rest.len ? rest.ptr[0] : '\0';
}

/* The operator whose name, with its hyphens, begins at the token; the longest. */
static const struct kql_operator_row *operator_at(const struct kql_outline *outline,
                                                  const struct kql_token *token)
{
    const struct kql_operator_row *row, *found = NULL;
    struct str rest = str_skip(outline->lexer.text, token->place.offset);
    for (size_t i = 0; (row = kql_operator_at(i)) != NULL; i++) {
        struct str name = str_from_c(row->name);
        bool whole = name.len >= token->len && str_starts(rest, name) &&
                     !kql_is_identifier(str_first(str_skip(rest, name.len), 1));
        if (whole && (!found || name.len > strlen(found->name)))
            found = row;
    }
    return found;
}

/* Takes the tokens of a name with hyphens for one. */
static void lengthen(struct kql_outline *outline, struct kql_token *token, size_t len)
{
    while (outline->lexer.place.offset < token->place.offset + len)
        kql_lexer_next(&outline->lexer);
    token->len = (uint32_t)len;
}

/* Where rows begin, an operator's word may be a function or a variable: range(1, 2), (search, x) */
static bool is_name_before(const struct kql_operator_row *row, char next)
{
    bool operands = strcmp(row->syntax, row->name) != 0;
    if (next == '(')
        return !(row->flags & KQL_STARTS) || row->kind == KQL_RANGE_ROWS;
    return next == ',' || next == '=' || next == '.' || (next == ')' && operands);
}

/* A word where an operator may stand; false where it is no operator's. */
static bool take_operator(struct kql_outline *outline, struct kql_token *token)
{
    struct kql_outline_level *level = level_of(outline);
    bool piped = level->stage == KQL_STAGE_OPERATOR;
    bool subquery = level->stage == KQL_STAGE_SOURCE && outline->depth && !level->arguments;
    if (level->stage == KQL_STAGE_OPERANDS)
        return false;
    const struct kql_operator_row *row = operator_at(outline, token);
    if (!row || (!piped && !subquery && !(row->flags & KQL_STARTS)) ||
        (!piped && is_name_before(row, byte_behind(outline, token))))
        return false;
    lengthen(outline, token, strlen(row->name));
    *level = (struct kql_outline_level){KQL_STAGE_OPERANDS, level->arguments, row};
    return true;
}

static bool is_statement(struct str word)
{
    return str_eq(word, STR("let")) || str_eq(word, STR("set")) || str_eq(word, STR("declare"));
}

static bool is_constant(struct str word)
{
    return str_eq_ascii_nocase(word, STR("true")) || str_eq_ascii_nocase(word, STR("false")) ||
           str_eq(word, STR("null"));
}

static bool is_test(struct str word)
{
    return kql_infix_find(word) || str_eq(word, STR("and")) || str_eq(word, STR("or")) ||
           str_eq(word, STR("not")) || str_eq(word, STR("regex"));
}

static enum kql_role role_of_name(struct kql_outline *outline, struct kql_token *token)
{
    struct kql_outline_level *level = level_of(outline);
    struct str word = text_of(outline, token);
    bool member = outline->last.kind == KQL_TOKEN_SYMBOL &&
                  str_eq(text_of(outline, &outline->last), STR("."));
    bool typed = outline->last.kind == KQL_TOKEN_SYMBOL &&
                 str_eq(text_of(outline, &outline->last), STR(":"));
    if (level->stage == KQL_STAGE_STATEMENT && is_statement(word)) {
        *level = (struct kql_outline_level){.stage = KQL_STAGE_OPERANDS};
        return KQL_ROLE_OPERATOR;
    }
    if (!member && take_operator(outline, token))
        return KQL_ROLE_OPERATOR;
    if (typed && kql_type_of(word) != KQL_TYPE_NONE)
        return KQL_ROLE_TYPE;
    level->stage = KQL_STAGE_OPERANDS;
    if (member)
        return byte_behind(outline, token) == '(' ? KQL_ROLE_FUNCTION : KQL_ROLE_NAME;
    if (is_test(word))
        return KQL_ROLE_TEST;
    if (level->row && has_word(level->row, word))
        return KQL_ROLE_WORD;
    if (is_constant(word))
        return KQL_ROLE_NUMBER;
    /* partition by Host (top 1 by Time): these brackets hold no arguments. */
    bool partition = level->row && level->row->kind == KQL_PARTITION;
    return byte_behind(outline, token) == '(' && !partition ? KQL_ROLE_FUNCTION : KQL_ROLE_NAME;
}

/* Brackets open and close levels; other symbols say what may follow. */
static enum kql_role role_of_symbol(struct kql_outline *outline, const struct kql_token *token)
{
    struct str text = text_of(outline, token);
    char c = text.len == 1 ? text.ptr[0] : '\0';
    if (c == '(' || c == '[' || c == '{') {
        level_of(outline)->stage = KQL_STAGE_OPERANDS;
        outline->depth++;
        *level_of(outline) =
            (struct kql_outline_level){.stage = c == '{' ? KQL_STAGE_STATEMENT : KQL_STAGE_SOURCE,
                                       .arguments = outline->last_role == KQL_ROLE_FUNCTION};
    } else if (c == ')' || c == ']' || c == '}') {
        outline->depth -= outline->depth > 0;
    } else if (c == '|') {
        *level_of(outline) =
            (struct kql_outline_level){KQL_STAGE_OPERATOR, level_of(outline)->arguments, NULL};
    } else if (c == ';') {
        *level_of(outline) = (struct kql_outline_level){.stage = KQL_STAGE_STATEMENT};
    } else if (c == '=' && !level_of(outline)->row) {
        level_of(outline)->stage = KQL_STAGE_SOURCE; /* let x = */
    }
    bool word = text.len > 1 && (text.ptr[0] == '!' || text.ptr[0] == 'i') && is_test(text);
    return word && kql_is_identifier(str_first(str_skip(text, 1), 1)) ? KQL_ROLE_TEST
                                                                      : KQL_ROLE_SYMBOL;
}

static enum kql_role role_of(struct kql_outline *outline, struct kql_token *token)
{
    switch (token->kind) {
    case KQL_TOKEN_NAME:
        return role_of_name(outline, token);
    case KQL_TOKEN_SYMBOL:
        return role_of_symbol(outline, token);
    case KQL_TOKEN_STRING:
        level_of(outline)->stage = KQL_STAGE_OPERANDS;
        return KQL_ROLE_STRING;
    case KQL_TOKEN_LONG:
    case KQL_TOKEN_REAL:
    case KQL_TOKEN_TIMESPAN:
    case KQL_TOKEN_TYPED:
        level_of(outline)->stage = KQL_STAGE_OPERANDS;
        return KQL_ROLE_NUMBER;
    case KQL_TOKEN_COMMENT:
        return KQL_ROLE_COMMENT;
    case KQL_TOKEN_BAD:
        return KQL_ROLE_BAD;
    case KQL_TOKEN_END:
        break;
    }
    return KQL_ROLE_END;
}

enum kql_role kql_outline_next(struct kql_outline *outline, struct kql_token *ret_token)
{
    struct kql_token token = kql_lexer_next(&outline->lexer);
    enum kql_role role = role_of(outline, &token);
    if (role != KQL_ROLE_COMMENT && role != KQL_ROLE_END) {
        outline->last = token;
        outline->last_role = role;
    }
    *ret_token = token;
    return role;
}
