#include "parse/pairs.h"

#include "parse/escape.h"

static const struct escape ESCAPES[] = {{'"', '"'}, {'\\', '\\'}, {'\'', '\''}, {0}};

enum byte_class { BYTE_OTHER, BYTE_KEY, BYTE_GAP };

/* What may be in a key, and what may stand before one. */
static inline enum byte_class class_of(char byte)
{
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= '0' && byte <= '9'))
        return BYTE_KEY;
    switch (byte) {
    case '_':
    case '-':
    case '.':
    case '@':
    case '/':
    case ':':
        return BYTE_KEY;
    case ' ':
    case '\t':
    case ',':
    case ';':
    case '|':
    case '(':
    case '[':
    case '{':
        return BYTE_GAP;
    default:
        return BYTE_OTHER;
    }
}

/* Length of the key at the end of `text`, which a '=' follows; 0 when there is none. */
static size_t key_before(struct str text)
{
    size_t start = text.len;
    while (start > 0 && class_of(text.ptr[start - 1]) == BYTE_KEY)
        start--;
    bool apart = start == 0 || class_of(text.ptr[start - 1]) == BYTE_GAP;
    return apart ? text.len - start : 0;
}

/* Does a key and its '=' stand at the start of `text`, after spaces? */
static bool key_follows(struct str text)
{
    size_t i = 0;
    while (i < text.len && text.ptr[i] == ' ')
        i++;
    size_t start = i;
    while (i < text.len && class_of(text.ptr[i]) == BYTE_KEY)
        i++;
    return i > start && i < text.len && text.ptr[i] == '=';
}

/*
 * Index of the closing quote in `text`, which starts behind the opening one; text.len: it never
 * closes.
 */
static size_t quote_end(struct str text, char quote, bool *ret_escaped)
{
    size_t at = 0;
    *ret_escaped = false;
    for (;;) {
        at += str_index(str_skip(text, at), quote);
        if (at == text.len)
            return at;
        size_t slashes = 0;
        while (slashes < at && text.ptr[at - slashes - 1] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            break;
        at++;
    }
    *ret_escaped = str_index(str_first(text, at), '\\') < at;
    return at;
}

/* Length of the value without quotes at the start of `text`. */
static size_t bare_end(struct str text)
{
    size_t i = 0;
    for (; i < text.len && text.ptr[i] != ' ' && text.ptr[i] != '\t'; i++) {
        char c = text.ptr[i];
        if ((c == ',' || c == ';' || c == '|') && key_follows(str_skip(text, i + 1)))
            return i;
    }
    while (i > 0 && (text.ptr[i - 1] == ',' || text.ptr[i - 1] == ';'))
        i--;
    return i;
}

/* Index of the " ; " that ends a value of that style; text.len when none does. */
static size_t semicolon_end(struct str text)
{
    for (size_t at = 1;; at++) {
        at += str_index(str_skip(text, at), ';');
        if (at + 1 >= text.len)
            return text.len;
        if (text.ptr[at - 1] == ' ' && text.ptr[at + 1] == ' ')
            return at - 1;
    }
}

/* Does " ; " end the first pair's value, before any other pair? Then it ends them all. */
static bool is_semicolon_style(struct str text)
{
    struct str value = str_skip(text, str_index(text, '=') + 1);
    value = str_first(value, str_index(value, '='));
    return semicolon_end(value) < value.len;
}

void pairs_start(struct pairs *pairs, struct str text)
{
    *pairs = (struct pairs){.rest = text, .semicolons = is_semicolon_style(text)};
}

static void take_value(struct pairs *pairs, struct pair *pair)
{
    struct str text = pairs->rest;
    pair->escaped = false;
    if (text.len && (text.ptr[0] == '"' || text.ptr[0] == '\'')) {
        struct str inside = str_skip(text, 1);
        size_t end = quote_end(inside, text.ptr[0], &pair->escaped);
        if (end < inside.len) {
            pair->value = str_first(inside, end);
            pairs->rest = str_skip(inside, end + 1);
            return;
        }
        pair->escaped = false;
    }
    size_t end = pairs->semicolons ? semicolon_end(text) : bare_end(text);
    pair->value = str_first(text, end);
    pairs->rest = str_skip(text, pair->value.len);
}

bool pairs_next(struct pairs *pairs, struct pair *ret_pair)
{
    for (;;) {
        size_t at = str_index(pairs->rest, '=');
        if (at == pairs->rest.len)
            return false;
        size_t key = key_before(str_first(pairs->rest, at));
        ret_pair->key = str_of(pairs->rest.ptr + at - key, key);
        pairs->rest = str_skip(pairs->rest, at + 1);
        if (key > 0) {
            take_value(pairs, ret_pair);
            return true;
        }
    }
}

struct str pairs_value(const struct pair *pair, struct arena *arena)
{
    return pair->escaped ? escape_undo(pair->value, ESCAPES, ESCAPE_HEX_NONE, arena) : pair->value;
}

unsigned pairs_count(struct str text, unsigned max)
{
    unsigned count = 0;
    struct pairs pairs;
    struct pair pair;
    pairs_start(&pairs, text);
    while (count < max && pairs_next(&pairs, &pair))
        count++;
    return count;
}
