#include "hunt/text_kv.h"

/* Values as they are found; a quoted one may have escapes. */
struct found {
    struct str text;
    bool there, quoted;
};

struct scan {
    const struct text_kv *how;
    struct str rest;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 || c == '_' ||
           (unsigned char)c >= 0x80;
}

static bool is_escape(const struct text_kv *how, char c)
{
    return str_index(how->escapes, c) < how->escapes.len;
}

/* A text in quotes at the beginning of the rest, up to its end. False: none begins there, or it has no end. */
static bool take_quoted(struct scan *scan, struct found *ret)
{
    const struct text_kv *how = scan->how;
    for (size_t q = 0; scan->rest.len && q < how->n_quotes; q++) {
        struct str quotes = how->quotes[q];
        if (quotes.len == 0 || scan->rest.ptr[0] != quotes.ptr[0])
            continue;
        char close = quotes.ptr[quotes.len - 1];
        for (size_t i = 1; i < scan->rest.len; i++) {
            if (is_escape(how, scan->rest.ptr[i]))
                i++;
            else if (scan->rest.ptr[i] == close) {
                *ret = (struct found){str_of(scan->rest.ptr + 1, i - 1), true, true};
                scan->rest = str_skip(scan->rest, i + 1);
                return true;
            }
        }
    }
    return false;
}

static void skip_spaces(struct scan *scan)
{
    while (scan->rest.len && is_space(scan->rest.ptr[0]) &&
           !str_starts(scan->rest, scan->how->pair) && !str_starts(scan->rest, scan->how->value))
        scan->rest = str_skip(scan->rest, 1);
}

static size_t find(struct str text, struct str delimiter)
{
    size_t at = str_find(text, delimiter);
    return at == SIZE_MAX ? text.len : at;
}

/* Up to the next key, which ends before a delimiter of values and begins behind one of pairs. */
static size_t greedy_end(const struct scan *scan)
{
    size_t next = find(scan->rest, scan->how->value), end = scan->rest.len;
    if (next == scan->rest.len)
        return end;
    for (size_t at = next; at > 0; at--)
        if (str_starts(str_skip(scan->rest, at - 1), scan->how->pair))
            return at - 1;
    return next;
}

static struct found take_value(struct scan *scan)
{
    struct found value = {.there = true};
    skip_spaces(scan);
    if (take_quoted(scan, &value)) {
        scan->rest = str_skip(scan->rest, find(scan->rest, scan->how->pair));
        return value;
    }
    size_t end = scan->how->greedy ? greedy_end(scan) : find(scan->rest, scan->how->pair);
    value.text = str_trim(str_first(scan->rest, end));
    scan->rest = str_skip(scan->rest, end);
    return value;
}

/* A key and the delimiter behind it. False: what stands here up to the next pair is none. */
static bool take_key(struct scan *scan, struct found *ret)
{
    skip_spaces(scan);
    bool quoted = take_quoted(scan, ret);
    size_t end = find(scan->rest, scan->how->value);
    if (quoted)
        skip_spaces(scan);
    else if (end > find(scan->rest, scan->how->pair))
        return false;
    else {
        *ret = (struct found){str_trim(str_first(scan->rest, end)), true, false};
        scan->rest = str_skip(scan->rest, end);
    }
    if (!str_starts(scan->rest, scan->how->value))
        return false;
    scan->rest = str_skip(scan->rest, scan->how->value.len);
    return true;
}

static void note(const struct found *key, const struct found *value, const struct str *keys,
                 size_t n, struct found *found)
{
    for (size_t i = 0; i < n; i++)
        if (!found[i].there && str_eq(key->text, keys[i]))
            found[i] = *value;
}

static void scan_pairs(struct scan *scan, const struct str *keys, size_t n, struct found *found)
{
    while (scan->rest.len) {
        struct found key, value;
        if (take_key(scan, &key)) {
            value = take_value(scan);
            note(&key, &value, keys, n, found);
        } else
            scan->rest = str_skip(scan->rest, find(scan->rest, scan->how->pair));
        if (str_starts(scan->rest, scan->how->pair))
            scan->rest = str_skip(scan->rest, scan->how->pair.len);
    }
}

/* A word, or a text in quotes; false at the end. */
static bool take_token(struct scan *scan, struct found *ret)
{
    while (scan->rest.len) {
        size_t n = 0;
        while (n < scan->rest.len && is_word(scan->rest.ptr[n]))
            n++;
        if (n > 0) {
            *ret = (struct found){str_first(scan->rest, n), true, false};
            scan->rest = str_skip(scan->rest, n);
            return true;
        }
        if (take_quoted(scan, ret))
            return true;
        scan->rest = str_skip(scan->rest, 1);
    }
    return false;
}

/* The word behind each key. */
static void scan_words(struct scan *scan, const struct str *keys, size_t n, struct found *found)
{
    struct found key, value;
    bool more = take_token(scan, &key);
    while (more && (more = take_token(scan, &value))) {
        note(&key, &value, keys, n, found);
        key = value;
    }
}

static void put(struct buf *json, const struct text_kv *how, const struct found *found)
{
    struct buf text = {0};
    if (!found->there) {
        buf_add_c(json, "null");
        return;
    }
    for (size_t i = 0; i < found->text.len; i++) {
        bool escaped =
            found->quoted && is_escape(how, found->text.ptr[i]) && i + 1 < found->text.len;
        i += escaped;
        buf_add_byte(&text, found->text.ptr[i]);
    }
    buf_add_json(json, buf_str(&text));
    buf_free(&text);
}

void text_parse_kv(struct str text, const struct text_kv *how, const struct str *keys, size_t n,
                   struct buf *json)
{
    struct found found[TEXT_KV_KEYS_MAX] = {0};
    struct scan scan = {how, text};
    n = n < TEXT_KV_KEYS_MAX ? n : TEXT_KV_KEYS_MAX;
    if (how->pair.len && how->value.len)
        scan_pairs(&scan, keys, n, found);
    else
        scan_words(&scan, keys, n, found);
    for (size_t i = 0; i < n; i++) {
        buf_add_byte(json, i ? ',' : '[');
        put(json, how, &found[i]);
    }
    buf_add_c(json, n ? "]" : "[]");
}
