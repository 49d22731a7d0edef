/*
 * One object of JSON text into slots, in one pass and without a tree. Built once for
 * every machine and once for those with AVX2 (json_simd.h).
 *
 * Speed comes from two things. Text is looked at 32 bytes at once. And the members of an
 * event usually come in the order of the event before, so that the name of the next one is a
 * guess that one comparison confirms (json.h draws the keys).
 */
#include "parse/json.h"
#include "parse/json_simd.h"

static const char *fail(struct json_reader *reader, const char *at, const char *message)
{
    reader->error = message;
    reader->error_at = at;
    return NULL;
}

static const char *fail_end(struct json_reader *reader)
{
    return fail(reader, reader->end, "the record ends inside an object");
}

/* Pretty-printed text is full of it, in runs. */
static const char *skip_space_slow(const struct json_reader *reader, const char *at)
{
    while (reader->end - at >= JSON_BLOCK) {
        struct json_block block = json_block_load(at);
        uint32_t space =
            json_block_eq(block, ' ') | json_block_eq(block, '\t') | json_block_eq(block, '\r');
        if (!reader->lines)
            space |= json_block_eq(block, '\n');
        if (~space)
            return at + json_lowest(~space);
        at += JSON_BLOCK;
    }
    while (at < reader->end && json_is_space(*at) && (*at != '\n' || !reader->lines))
        at++;
    return at;
}

static inline const char *skip_space(const struct json_reader *reader, const char *at)
{
    if (at < reader->end && (unsigned char)*at > ' ')
        return at;
    if (reader->end - at > 1 && *at == ' ' && (unsigned char)at[1] > ' ')
        return at + 1;
    return skip_space_slow(reader, at);
}

/* Is the letter behind the backslash at `at` - 1 one of RFC 8259, section 7? */
static bool escape_is_valid(const struct json_reader *reader, const char *at)
{
    if (*at != 'u')
        return *at != 0 && strchr("\"\\/bfnrt", *at) != NULL;
    if (reader->end - at < 5)
        return false;
    for (int i = 1; i < 5; i++)
        if (str_hex_digit(at[i]) < 0)
            return false;
    return true;
}

/* The rest of a string, byte by byte: where fewer than a block's bytes are left. */
static const char *string_tail(struct json_reader *reader, const char *at, bool escaped,
                               unsigned *flags)
{
    for (; at < reader->end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20)
            return fail(reader, at, "a control character inside a string");
        if (escaped) {
            if (!escape_is_valid(reader, at))
                return fail(reader, at, "an escape that JSON does not know");
            escaped = false;
        } else if (c == '\\') {
            *flags |= SLOT_ESCAPED;
            escaped = true;
        } else if (c == '"') {
            return at;
        }
        if (c >= 0x80)
            *flags |= SLOT_UNCHECKED;
    }
    return fail(reader, at, "the record ends inside a string");
}

/* The rest of a string from a block on that has a backslash or a control character. */
static const char *string_escaped(struct json_reader *reader, const char *at, unsigned *flags)
{
    bool carry = false;
    for (; reader->end - at >= JSON_BLOCK; at += JSON_BLOCK) {
        struct json_block block = json_block_load(at);
        uint32_t backslash = json_block_eq(block, '\\');
        uint32_t quote = json_block_eq(block, '"');
        uint32_t escaped = json_escaped(backslash, &carry);
        uint32_t stop = (quote & ~escaped) | json_block_control(block);
        uint32_t inside = stop ? json_below(json_lowest(stop)) : UINT32_MAX;
        if (backslash & inside)
            *flags |= SLOT_ESCAPED;
        if (json_block_high(block) & inside)
            *flags |= SLOT_UNCHECKED;
        for (uint32_t odd = escaped & ~(quote | backslash) & inside; odd; odd &= odd - 1)
            if (!escape_is_valid(reader, at + json_lowest(odd)))
                return fail(reader, at + json_lowest(odd), "an escape that JSON does not know");
        if (stop) {
            at += json_lowest(stop);
            return *at == '"' ? at : fail(reader, at, "a control character inside a string");
        }
    }
    return string_tail(reader, at, carry, flags);
}

/* The closing quote of the string whose first byte is at `at`; NULL: there is none. */
static inline const char *string_end(struct json_reader *reader, const char *at, unsigned *flags)
{
    while (reader->end - at >= JSON_BLOCK) {
        struct json_block block = json_block_load(at);
        uint32_t special = json_block_special(block);
        uint32_t high = json_block_high(block);
        if (special) {
            unsigned i = json_lowest(special);
            if (at[i] != '"')
                return string_escaped(reader, at, flags);
            if (high & json_below(i))
                *flags |= SLOT_UNCHECKED;
            return at + i;
        }
        if (high)
            *flags |= SLOT_UNCHECKED;
        at += JSON_BLOCK;
    }
    return string_tail(reader, at, false, flags);
}

static inline void put(struct json_reader *reader, struct json_key *key, const char *text,
                       size_t len, enum value_type type, unsigned flags)
{
    struct parser *parser = reader->parser;
    const struct name *name = key->names[reader->variant];
    if (__builtin_expect(!name, 0))
        name = json_keys_name(reader, key);
    reader->slot_keys[parser->event.n_slots] = key;
    reader->hints |= key->hints;
    parser_add_named(parser, name, str_of(text, len), type, flags);
}

/* A member's name that was not the one guessed: the place behind its colon. */
static __attribute__((noinline)) const char *key_slow(struct json_reader *reader, const char *at,
                                                      struct json_key **ret_key)
{
    struct json_frame *frame = reader->top;
    unsigned flags = 0;
    if (*at != '"')
        return fail(reader, at, "expected the name of a member");
    const char *end = string_end(reader, at + 1, &flags);
    if (!end)
        return NULL;
    struct str raw = str_of(at + 1, (size_t)(end - at) - 1);
    at = skip_space(reader, end + 1);
    if (at == reader->end)
        return fail_end(reader);
    if (*at != ':')
        return fail(reader, at, "expected ':' behind the name of a member");
    struct json_key *key = *frame->link;
    if (!key || !str_eq(key->raw, raw)) {
        key = json_keys_get(reader, frame->owner, raw);
        if (!key->temporary)
            *frame->link = key;
    }
    frame->link = &key->follow;
    *ret_key = key;
    return at + 1;
}

/* A member's name: the place behind its colon. */
static inline const char *key_of(struct json_reader *reader, const char *at,
                                 struct json_key **ret_key)
{
    struct json_key *guess = *reader->top->link;
    if (guess && reader->end - at >= JSON_BLOCK) {
        uint32_t same = json_block_same(json_block_load(at), json_block_load(guess->pattern));
        if (guess->pattern_mask && (~same & guess->pattern_mask) == 0) {
            reader->top->link = &guess->follow;
            *ret_key = guess;
            return at + guess->pattern_len;
        }
    }
    return key_slow(reader, at, ret_key);
}

static inline const char *digits_end(const struct json_reader *reader, const char *at)
{
    while (at < reader->end && (unsigned)(*at - '0') < 10)
        at++;
    return at;
}

/* The end of the number at `at` (RFC 8259, section 6). */
static inline const char *number_end(struct json_reader *reader, const char *at,
                                     enum value_type *ret_type)
{
    *ret_type = VALUE_INT;
    if (*at == '-')
        at++;
    const char *whole = at;
    at = digits_end(reader, at);
    if (at == whole)
        return fail(reader, at, "expected a value");
    if (*whole == '0' && at > whole + 1)
        return fail(reader, whole, "a number that starts with 0");
    if (at < reader->end && *at == '.') {
        const char *fraction = ++at;
        *ret_type = VALUE_FLOAT;
        at = digits_end(reader, at);
        if (at == fraction)
            return fail(reader, at, "expected a digit behind the decimal point");
    }
    if (at < reader->end && (*at == 'e' || *at == 'E')) {
        *ret_type = VALUE_FLOAT;
        at++;
        if (at < reader->end && (*at == '+' || *at == '-'))
            at++;
        const char *exponent = at;
        at = digits_end(reader, at);
        if (at == exponent)
            return fail(reader, at, "expected a digit in the exponent");
    }
    return at;
}

/* true, false, null or a number. */
static inline const char *scalar(struct json_reader *reader, const char *at, struct json_key *key,
                                 unsigned flags)
{
    static const struct {
        char text[6];
        uint8_t len, type;
    } words[] = {{"true", 4, VALUE_BOOL}, {"false", 5, VALUE_BOOL}, {"null", 4, VALUE_NULL}};

    size_t left = (size_t)(reader->end - at);
    for (size_t i = 0; i < 3; i++) {
        if (*at != words[i].text[0])
            continue;
        if (left < words[i].len || memcmp(at, words[i].text, words[i].len) != 0)
            return fail(reader, at, "expected a value");
        put(reader, key, at, words[i].type == VALUE_NULL ? 0 : words[i].len, words[i].type, flags);
        return at + words[i].len;
    }
    enum value_type type;
    const char *end = number_end(reader, at, &type);
    if (end)
        put(reader, key, at, (size_t)(end - at), type, flags);
    return end;
}

/* Goes into the object or list at `at`, the value of `key`; an empty one is a value. */
static const char *open_container(struct json_reader *reader, const char *at, struct json_key *key,
                                  unsigned flags)
{
    bool list = *at == '[';
    char closer = list ? ']' : '}';
    at = skip_space(reader, at + 1);
    if (at == reader->end)
        return fail_end(reader);
    if (*at != closer && reader->top == &reader->frames[JSON_DEPTH_MAX])
        return fail(reader, at, "objects and lists within each other, too deep");
    if (*at != closer) {
        *++reader->top = (struct json_frame){.owner = key,
                                             .link = &key->first,
                                             .closer = closer,
                                             .flags = (uint8_t)(flags | (list ? SLOT_ARRAY : 0))};
        return at;
    }
    /* An empty record is no value, only an event without any. */
    if (reader->top > &reader->frames[0])
        put(reader, key, at, 0, list ? VALUE_EMPTY_LIST : VALUE_EMPTY_MAP, flags);
    return at + 1;
}

/* Behind a value: to the next member or element, or behind the end of the record. */
static inline const char *next_value(struct json_reader *reader, const char *at)
{
    while (reader->top > &reader->frames[0]) {
        at = skip_space(reader, at);
        if (at == reader->end)
            return fail_end(reader);
        if (*at == ',') {
            at = skip_space(reader, at + 1);
            return at < reader->end ? at : fail_end(reader);
        }
        if (*at != reader->top->closer)
            return fail(reader, at, "expected ',' or the end of the object or list");
        at++;
        reader->top--;
    }
    return at;
}

/* The value at `at` of `key`: the place behind it, or inside it when that is not empty. */
static inline const char *value(struct json_reader *reader, const char *at, struct json_key *key)
{
    const struct json_frame *depth = reader->top;
    unsigned flags = reader->top->flags;
    if (*at == '"') {
        const char *end = string_end(reader, at + 1, &flags);
        if (!end)
            return NULL;
        put(reader, key, at + 1, (size_t)(end - at) - 1, VALUE_STRING, flags);
        return next_value(reader, end + 1);
    }
    if (*at == '{' || *at == '[') {
        at = open_container(reader, at, key, flags);
        return at && reader->top <= depth ? next_value(reader, at) : at;
    }
    at = scalar(reader, at, key, flags);
    return at ? next_value(reader, at) : NULL;
}

const char *JSON_BUILD(json_walk)(struct json_reader *reader, const char *start, const char *end)
{
    reader->end = end;
    reader->error = NULL;
    reader->top = &reader->frames[0];
    const char *at = open_container(reader, start, reader->frames[0].owner, 0);
    while (at && reader->top > &reader->frames[0]) {
        struct json_key *key = reader->top->owner;
        if (reader->top->closer == '}') {
            at = key_of(reader, at, &key);
            if (!at)
                return NULL;
            at = skip_space(reader, at);
            if (at == end)
                return fail_end(reader);
        }
        at = value(reader, at, key);
    }
    return at;
}
