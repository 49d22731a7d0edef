/*
 * Is a text one JSON object (RFC 8259)? The grammar of json_walk.c without names and values: what passes here is
 * read there, and what does not is refused there. Built once for every machine and once for those
 * with AVX2 (json_simd.h).
 */
#include "parse/json.h"
#include "parse/json_simd.h"

/* The objects and lists that the check is inside; bit i of `lists`: level i is a list. */
struct check {
    const char *end;
    const char *error;
    uint32_t depth;
    uint64_t lists[JSON_DEPTH_MAX / 64];
};

static const char *fail(struct check *check, const char *message)
{
    check->error = message;
    return NULL;
}

static inline const char *skip_space(const struct check *check, const char *at)
{
    while (at < check->end && json_is_space(*at))
        at++;
    return at;
}

static inline bool in_list(const struct check *check)
{
    return check->lists[(check->depth - 1) / 64] >> ((check->depth - 1) % 64) & 1;
}

/* Behind the escape whose backslash is at `at` (section 7). */
static const char *escape_end(struct check *check, const char *at)
{
    size_t left = (size_t)(check->end - at);
    bool known = left >= 2 && at[1] != 0 && strchr("\"\\/bfnrtu", at[1]) != NULL;
    if (known && at[1] != 'u')
        return at + 2;
    for (size_t i = 2; known && i < 6; i++)
        known = i < left && str_hex_digit(at[i]) >= 0;
    return known ? at + 6 : fail(check, "an escape that JSON does not know");
}

/* Behind the string whose first byte is at `at`. */
static const char *string_end(struct check *check, const char *at)
{
    while (at < check->end) {
        if (check->end - at >= JSON_BLOCK) {
            uint32_t special = json_block_special(json_block_load(at));
            if (!special) {
                at += JSON_BLOCK;
                continue;
            }
            at += json_lowest(special);
        }
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            return at + 1;
        if (c < 0x20)
            return fail(check, "a control character inside a string");
        at = c == '\\' ? escape_end(check, at) : at + 1;
        if (!at)
            return NULL;
    }
    return fail(check, "the record ends inside a string");
}

/* Behind the digits at `at`, one at least. */
static const char *digits_end(struct check *check, const char *at, const char *message)
{
    const char *start = at;
    while (at < check->end && (unsigned)(*at - '0') < 10)
        at++;
    return at > start ? at : fail(check, message);
}

/* Behind the number at `at` (section 6). */
static const char *number_end(struct check *check, const char *at)
{
    if (*at == '-')
        at++;
    const char *whole = at;
    at = digits_end(check, at, "expected a value");
    if (at && *whole == '0' && at > whole + 1)
        return fail(check, "a number that starts with 0");
    if (at && at < check->end && *at == '.')
        at = digits_end(check, at + 1, "expected a digit behind the decimal point");
    if (at && at < check->end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < check->end && (*at == '+' || *at == '-'))
            at++;
        at = digits_end(check, at, "expected a digit in the exponent");
    }
    return at;
}

static const char *scalar_end(struct check *check, const char *at)
{
    static const struct str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
    struct str rest = str_of(at, (size_t)(check->end - at));
    for (size_t i = 0; i < 3; i++)
        if (str_starts(rest, words[i]))
            return at + words[i].len;
    return number_end(check, at);
}

/* Into the object or list at `at`, or behind it when it is empty. */
static const char *open_container(struct check *check, const char *at)
{
    bool list = *at == '[';
    at = skip_space(check, at + 1);
    if (at < check->end && *at == (list ? ']' : '}'))
        return at + 1;
    if (check->depth == JSON_DEPTH_MAX)
        return fail(check, "objects and lists within each other, too deep");
    uint64_t bit = UINT64_C(1) << (check->depth % 64);
    uint64_t *lists = &check->lists[check->depth / 64];
    *lists = list ? *lists | bit : *lists & ~bit;
    check->depth++;
    return at;
}

/* Behind the name at `at` and its colon. */
static const char *name_end(struct check *check, const char *at)
{
    if (*at != '"')
        return fail(check, "expected the name of a member");
    at = string_end(check, at + 1);
    if (!at)
        return NULL;
    at = skip_space(check, at);
    if (at == check->end || *at != ':')
        return fail(check, "expected ':' behind the name of a member");
    return skip_space(check, at + 1);
}

/* Behind the value at `at`, or inside it; *ret_inside says which. */
static const char *value_end(struct check *check, const char *at, bool *ret_inside)
{
    uint32_t depth = check->depth;
    *ret_inside = false;
    if (*at == '"')
        return string_end(check, at + 1);
    if (*at != '{' && *at != '[')
        return scalar_end(check, at);
    at = open_container(check, at);
    *ret_inside = check->depth > depth;
    return at;
}

/* From behind a value to the next one, or behind the end of the outermost object. */
static const char *next_value(struct check *check, const char *at)
{
    while (check->depth > 0) {
        at = skip_space(check, at);
        if (at == check->end)
            return at;
        if (*at == ',')
            return skip_space(check, at + 1);
        if (*at != (in_list(check) ? ']' : '}'))
            return fail(check, "expected ',' or the end of the object or list");
        at++;
        check->depth--;
    }
    return at;
}

const char *JSON_BUILD(json_check)(struct str text)
{
    struct check check = {.end = text.ptr + text.len};
    const char *at = skip_space(&check, text.ptr);
    bool inside;
    if (at == check.end || *at != '{')
        return "expected a JSON object";
    at = open_container(&check, at);
    while (at && check.depth > 0) {
        if (at < check.end && !in_list(&check))
            at = name_end(&check, at);
        if (at && at == check.end)
            return "the record ends inside an object";
        if (at)
            at = value_end(&check, at, &inside);
        if (at && !inside)
            at = next_value(&check, at);
    }
    if (at && skip_space(&check, at) != check.end)
        return "something behind the end of the object";
    return check.error;
}
