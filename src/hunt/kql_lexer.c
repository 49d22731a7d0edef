#include "hunt/kql_lexer.h"

#include "base/utf8.h"
#include "hunt/kql_literal.h"

/* Every spelling of a type; the first of each is the canonical one. */
static const struct {
    const char *word;
    enum kql_type type;
} types[] = {{"bool", KQL_BOOL},         {"boolean", KQL_BOOL},      {"int", KQL_INT},
             {"int32", KQL_INT},         {"long", KQL_LONG},         {"int64", KQL_LONG},
             {"real", KQL_REAL},         {"double", KQL_REAL},       {"decimal", KQL_DECIMAL},
             {"string", KQL_STRING},     {"datetime", KQL_DATETIME}, {"date", KQL_DATETIME},
             {"timespan", KQL_TIMESPAN}, {"time", KQL_TIMESPAN},     {"dynamic", KQL_DYNAMIC},
             {"guid", KQL_GUID},         {"uuid", KQL_GUID},         {"uniqueid", KQL_GUID}};

enum kql_type kql_type_of(struct str word)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (str_eq(str_from_c(types[i].word), word))
            return types[i].type;
    return KQL_TYPE_NONE;
}

struct str kql_type_name(enum kql_type type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].type == type)
            return str_from_c(types[i].word);
    return STR("");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Unicode's space separators, and the marks of no width that copying leaves behind. */
static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x1680 || c == 0x180e ||
           (c >= 0x2000 && c <= 0x200b) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000 || c == 0xfeff;
}

/* Letters beyond ASCII: all but signs of Latin-1, general punctuation, and what was no UTF-8. */
static bool is_letter_beyond_ascii(uint32_t c)
{
    return c >= 0xc0 && c != 0xd7 && c != 0xf7 && (c < 0x2000 || c > 0x206f) && !is_space(c) &&
           c != UTF8_REPLACEMENT;
}

/* The bytes at the front of s that belong to a name: letters and digits. */
static size_t name_length(struct str s)
{
    size_t len = 0;
    while (len < s.len) {
        uint32_t c = (unsigned char)s.ptr[len];
        size_t bytes = c < 0x80 ? 1 : utf8_decode(str_skip(s, len), &c);
        if (c < 0x80 ? !is_letter((char)c) && !is_digit((char)c) : !is_letter_beyond_ascii(c))
            break;
        len += bytes;
    }
    return len;
}

bool kql_is_identifier(struct str s)
{
    size_t dollar = s.len > 1 && s.ptr[0] == '$';
    s = str_skip(s, dollar);
    return s.len && !is_digit(s.ptr[0]) && name_length(s) == s.len;
}

void kql_lexer_init(struct kql_lexer *lexer, struct str text)
{
    *lexer = (struct kql_lexer){.text = text, .place = {.line = 1, .column = 1}};
}

static void advance(struct kql_lexer *lexer, size_t len)
{
    struct kql_place *place = &lexer->place;
    for (size_t i = 0; i < len; i++, place->offset++) {
        place->column++;
        if (lexer->text.ptr[place->offset] == '\n') {
            place->line++;
            place->column = 1;
        }
    }
}

static void skip_space(struct kql_lexer *lexer, struct str rest)
{
    while (rest.len) {
        uint32_t c = (unsigned char)rest.ptr[0];
        size_t bytes = c < 0x80 ? 1 : utf8_decode(rest, &c);
        if (!is_space(c))
            return;
        advance(lexer, bytes);
        rest = str_skip(rest, bytes);
    }
}

/* Up to the end of the line, so that one open quote does not swallow the query. */
static size_t bad(struct kql_lexer *lexer, struct str rest, const char *problem)
{
    lexer->problem = problem;
    return str_index(rest, '\n');
}

/* ---- strings ------------------------------------------------------------------------------- */

/* Where the string that begins at `open` ends: behind its closing quote; 0 where it has none. */
static size_t string_end(struct str rest, size_t open, bool verbatim)
{
    char quote = rest.ptr[open];
    for (size_t i = open + 1; i < rest.len; i++) {
        char c = rest.ptr[i];
        if (c == '\n' || c == '\r')
            return 0;
        if (c == '\\' && !verbatim)
            i++;
        else if (c == quote && verbatim && i + 1 < rest.len && rest.ptr[i + 1] == quote)
            i++;
        else if (c == quote)
            return i + 1;
    }
    return 0;
}

/* ```text``` and ~~~text~~~ may have several lines. */
static size_t block_end(struct str rest, size_t open)
{
    struct str fence = str_of(rest.ptr + open, 3);
    size_t len = str_find(str_skip(rest, open + 3), fence);
    return len == SIZE_MAX ? 0 : open + 3 + len + 3;
}

static bool is_fence(struct str s)
{
    return str_starts(s, STR("```")) || str_starts(s, STR("~~~"));
}

/* Is there a string at the front of rest, and what opens it? */
static bool string_opening(struct str rest, size_t *ret_open, bool *ret_verbatim)
{
    size_t open = rest.ptr[0] == 'h' || rest.ptr[0] == 'H';
    bool verbatim = rest.len > open && rest.ptr[open] == '@';
    size_t quote = open + verbatim;
    *ret_verbatim = verbatim;
    *ret_open = quote;
    if (rest.len <= quote)
        return false;
    return rest.ptr[quote] == '"' || rest.ptr[quote] == '\'' ||
           (!verbatim && is_fence(str_skip(rest, open)));
}

static size_t lex_string(struct kql_lexer *lexer, struct str rest, size_t open, bool verbatim,
                         enum kql_token_kind *ret_kind)
{
    bool block = is_fence(str_skip(rest, open));
    size_t end = block ? block_end(rest, open) : string_end(rest, open, verbatim);
    *ret_kind = end ? KQL_TOKEN_STRING : KQL_TOKEN_BAD;
    return end     ? end
           : block ? bad(lexer, rest, "this string is never closed")
                   : bad(lexer, rest, "this string is not closed on its line");
}

/* ---- numbers ------------------------------------------------------------------------------- */

static size_t digits_length(struct str s)
{
    size_t len = 0;
    while (len < s.len && is_digit(s.ptr[len]))
        len++;
    return len;
}

/* The length of an exponent at the front of s: e6, E-6; 0 where there is none. */
static size_t exponent_length(struct str s)
{
    if (s.len < 2 || (s.ptr[0] != 'e' && s.ptr[0] != 'E'))
        return 0;
    size_t sign = s.ptr[1] == '+' || s.ptr[1] == '-';
    size_t digits = digits_length(str_skip(s, 1 + sign));
    size_t len = 1 + sign + digits;
    return digits && name_length(str_skip(s, len)) == 0 ? len : 0;
}

/* Digits first: a number, a timespan, or a name (Kusto lets names begin with digits: 3Dchart). */
static size_t lex_number(struct kql_lexer *lexer, struct str rest, enum kql_token_kind *ret_kind)
{
    size_t len = digits_length(rest), name = name_length(rest);
    if (rest.len > 1 && (rest.ptr[1] | 0x20) == 'x' && rest.ptr[0] == '0' && name > 2) {
        *ret_kind = KQL_TOKEN_LONG;
        return name;
    }
    bool fraction =
        len < rest.len && rest.ptr[len] == '.' && !(len + 1 < rest.len && rest.ptr[len + 1] == '.');
    *ret_kind = fraction ? KQL_TOKEN_REAL : KQL_TOKEN_LONG;
    if (fraction)
        len += 1 + digits_length(str_skip(rest, len + 1));
    struct str behind = str_skip(rest, len);
    size_t exponent = exponent_length(behind), word = name_length(behind);
    if (exponent) {
        *ret_kind = KQL_TOKEN_REAL;
        return len + exponent;
    }
    if (word == 0)
        return len;
    if (kql_unit_ns(str_first(behind, word))) {
        *ret_kind = KQL_TOKEN_TIMESPAN;
        return len + word;
    }
    *ret_kind = fraction ? KQL_TOKEN_BAD : KQL_TOKEN_NAME;
    return fraction ? bad(lexer, rest, "a number ends with a unit that is not known") : len + word;
}

/* ---- names and symbols --------------------------------------------------------------------- */

/* datetime(2026-11-22): what is in the brackets has a grammar of its own. */
static size_t lex_typed(struct kql_lexer *lexer, struct str rest, size_t word,
                        enum kql_token_kind *ret_kind)
{
    size_t open = word;
    while (open < rest.len && (rest.ptr[open] == ' ' || rest.ptr[open] == '\t'))
        open++;
    enum kql_type type = kql_type_of(str_first(rest, word));
    if (open == rest.len || rest.ptr[open] != '(' || type == KQL_TYPE_NONE || type == KQL_STRING ||
        type == KQL_DYNAMIC)
        return word;
    size_t close = str_index(rest, ')');
    *ret_kind = close < rest.len ? KQL_TOKEN_TYPED : KQL_TOKEN_BAD;
    return close < rest.len ? close + 1 : bad(lexer, rest, "this bracket is never closed");
}

static size_t lex_name(struct kql_lexer *lexer, struct str rest, enum kql_token_kind *ret_kind)
{
    size_t dollar = rest.ptr[0] == '$';
    size_t len = dollar + name_length(str_skip(rest, dollar));
    *ret_kind = KQL_TOKEN_NAME;
    if (str_eq(str_first(rest, len), STR("in")) && len < rest.len && rest.ptr[len] == '~') {
        *ret_kind = KQL_TOKEN_SYMBOL;
        return len + 1;
    }
    return lex_typed(lexer, rest, len, ret_kind);
}

/* !has, !in, !in~ */
static size_t negated_length(struct str rest)
{
    size_t len = 1 + name_length(str_skip(rest, 1));
    bool tilde = str_eq(str_first(rest, len), STR("!in")) && len < rest.len && rest.ptr[len] == '~';
    return len == 1 ? 0 : len + tilde;
}

static size_t lex_symbol(struct kql_lexer *lexer, struct str rest, enum kql_token_kind *ret_kind)
{
    static const char pairs[][3] = {"==", "=~", "=>", "!=", "!~", "<=", ">=", "<>", ".."};
    *ret_kind = KQL_TOKEN_SYMBOL;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (str_starts(rest, str_from_c(pairs[i])))
            return 2;
    if (rest.ptr[0] == '!' && negated_length(rest))
        return negated_length(rest);
    if (rest.ptr[0] && strchr("()[]{},;:|.+-*/%<>=", rest.ptr[0]))
        return 1;
    *ret_kind = KQL_TOKEN_BAD;
    uint32_t c;
    size_t len = utf8_decode(rest, &c);
    lexer->problem = c >= 0x2018 && c <= 0x201f
                         ? "typographic quotes do not delimit strings; use \" or '"
                         : "this character has no meaning here";
    return len;
}

static size_t lex(struct kql_lexer *lexer, struct str rest, enum kql_token_kind *ret_kind)
{
    size_t open;
    bool verbatim;
    uint32_t c = (unsigned char)rest.ptr[0];
    if (str_starts(rest, STR("//"))) {
        *ret_kind = KQL_TOKEN_COMMENT;
        return str_index(rest, '\n');
    }
    if (string_opening(rest, &open, &verbatim))
        return lex_string(lexer, rest, open, verbatim, ret_kind);
    if (is_digit((char)c))
        return lex_number(lexer, rest, ret_kind);
    if (c >= 0x80)
        utf8_decode(rest, &c);
    if (c < 0x80 ? is_letter((char)c) || (c == '$' && name_length(str_skip(rest, 1)))
                 : is_letter_beyond_ascii(c))
        return lex_name(lexer, rest, ret_kind);
    return lex_symbol(lexer, rest, ret_kind);
}

struct kql_token kql_lexer_next(struct kql_lexer *lexer)
{
    skip_space(lexer, str_skip(lexer->text, lexer->place.offset));
    struct kql_token token = {.kind = KQL_TOKEN_END, .place = lexer->place};
    struct str rest = str_skip(lexer->text, lexer->place.offset);
    if (rest.len == 0)
        return token;
    size_t len = lex(lexer, rest, &token.kind);
    token.len = (uint32_t)len;
    advance(lexer, len);
    return token;
}
