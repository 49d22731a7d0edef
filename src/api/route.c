#include "api/route.h"

#include <errno.h>

/* Decodes %XX, and '+' as a space where `plus` says so (HTML forms). ptr NULL: a bad escape, a NUL, or no memory. */
static struct str decode(struct str text, bool plus, struct arena *arena)
{
    char *out = arena_bytes(arena, text.len + 1);
    if (!out)
        return (struct str){0};
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? str_hex_digit(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? str_hex_digit(text.ptr[i + 2]) : -1;
            if (low < 0)
                return (struct str){0};
            c = (char)(high << 4 | low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        if (c == '\0')
            return (struct str){0};
        out[n++] = c;
    }
    out[n] = '\0';
    return str_of(out, n);
}

/* Absolute form (RFC 9112, 3.2.2): the authority says nothing to us. */
static struct str without_authority(struct str text)
{
    static const struct str schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++) {
        if (str_starts(text, schemes[i])) {
            text = str_skip(text, schemes[i].len);
            return str_skip(text, str_index(text, '/'));
        }
    }
    return text;
}

static int parse_path(struct str path, struct arena *arena, struct route_target *target)
{
    if (!str_starts(path, STR("/")))
        return -EINVAL;
    target->path = decode(path, false, arena);
    if (!target->path.ptr)
        return -EINVAL;
    struct str rest = str_skip(path, 1);
    for (bool more = true; more;) {
        size_t slash = str_index(rest, '/');
        struct str segment = decode(str_first(rest, slash), false, arena);
        more = slash < rest.len;
        rest = str_skip(rest, slash + 1);
        if (!segment.ptr || str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
            return -EINVAL;
        if (target->n_segments == ROUTE_SEGMENTS_MAX)
            return -E2BIG;
        target->segments[target->n_segments++] = segment;
    }
    /* "/a/" is "/a": clients differ in whether they write the last slash. */
    if (target->n_segments > 1 && target->segments[target->n_segments - 1].len == 0)
        target->n_segments--;
    return 0;
}

static int parse_query(struct str query, struct arena *arena, struct route_target *target)
{
    struct str part;
    while (str_cut(&query, '&', &part)) {
        if (part.len == 0)
            continue;
        if (target->n_query == ROUTE_QUERY_MAX)
            return -E2BIG;
        size_t equals = str_index(part, '=');
        struct route_parameter *parameter = &target->query[target->n_query++];
        parameter->name = decode(str_first(part, equals), true, arena);
        parameter->value = decode(str_skip(part, equals + 1), true, arena);
        if (!parameter->name.ptr || !parameter->value.ptr)
            return -EINVAL;
    }
    return 0;
}

int route_target_parse(struct str text, struct arena *arena, struct route_target *ret_target)
{
    *ret_target = (struct route_target){0};
    text = str_first(text, str_index(text, '#'));
    text = without_authority(text);
    size_t question = str_index(text, '?');
    struct str path = str_first(text, question);
    int status = parse_path(path.len ? path : STR("/"), arena, ret_target);
    if (status < 0)
        return status;
    return parse_query(str_skip(text, question + 1), arena, ret_target);
}

struct str route_query(const struct route_target *target, struct str name)
{
    for (unsigned i = 0; i < target->n_query; i++) {
        if (str_eq(target->query[i].name, name))
            return target->query[i].value;
    }
    return (struct str){0};
}

/* The path from segment i on, as it is decoded. */
static struct str rest_of(const struct route_target *target, unsigned i)
{
    size_t start = 1;
    for (unsigned before = 0; before < i && before < target->n_segments; before++)
        start += target->segments[before].len + 1;
    return str_skip(target->path, start);
}

uint32_t route_fit(const char *path, const struct route_target *target,
                   struct route_match *ret_match)
{
    const uint32_t fit_rest = 1, fit_name = 2, fit_literal = 3;
    struct route_match match = {0};
    struct str rest = str_skip(str_from_c(path), 1);
    uint32_t fit = 0;
    bool more = true;
    for (unsigned i = 0; more; i++) {
        size_t slash = str_index(rest, '/');
        struct str want = str_first(rest, slash);
        more = slash < rest.len;
        rest = str_skip(rest, slash + 1);
        unsigned shift = 2 * (ROUTE_SEGMENTS_MAX - 1 - i);
        if (str_eq(want, STR("*"))) {
            match.values[match.n++] = rest_of(target, i);
            *ret_match = match;
            return i < target->n_segments ? fit | fit_rest << shift : fit;
        }
        if (i >= target->n_segments || (!more && target->n_segments > i + 1))
            return 0;
        struct str have = target->segments[i];
        bool is_name = str_starts(want, STR("{")) && have.len > 0;
        if (!is_name && !str_eq(want, have))
            return 0;
        if (is_name)
            match.values[match.n++] = have;
        fit |= (is_name ? fit_name : fit_literal) << shift;
    }
    *ret_match = match;
    return fit;
}
