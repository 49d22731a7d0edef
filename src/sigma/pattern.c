#include "sigma/pattern.h"

#include <errno.h>

#include "base/utf8.h"

static bool is_wildcard(char c)
{
    return c == '*' || c == '?';
}

/* Wildcards and the literals between them, at most. */
static size_t count_parts(struct str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += is_wildcard(text.ptr[i]) ? 2 : 0;
    return count;
}

int pattern_parse(struct arena *arena, struct str text, struct pattern *ret_pattern)
{
    struct sigma_part *parts = arena_zero(arena, count_parts(text), sizeof(*parts));
    char *bytes = arena_bytes(arena, text.len + 1);
    if (!parts || !bytes)
        return -ENOMEM;
    uint32_t count = 0;
    char *literal = bytes;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\' && i + 1 < text.len &&
            (is_wildcard(text.ptr[i + 1]) || text.ptr[i + 1] == '\\'))
            c = text.ptr[++i];
        else if (is_wildcard(c)) {
            if (bytes > literal)
                parts[count++] =
                    (struct sigma_part){SIGMA_LITERAL, {literal, (size_t)(bytes - literal)}};
            parts[count++].kind = c == '*' ? SIGMA_ANY_RUN : SIGMA_ANY_ONE;
            literal = bytes;
            continue;
        }
        *bytes++ = c;
    }
    if (bytes > literal)
        parts[count++] = (struct sigma_part){SIGMA_LITERAL, {literal, (size_t)(bytes - literal)}};
    *ret_pattern = (struct pattern){parts, count};
    return 0;
}

int pattern_literal(struct arena *arena, struct str text, struct pattern *ret_pattern)
{
    struct sigma_part *part = arena_zero(arena, 1, sizeof(*part));
    if (!part)
        return -ENOMEM;
    *part = (struct sigma_part){SIGMA_LITERAL, text};
    *ret_pattern = (struct pattern){part, text.len ? 1 : 0};
    return 0;
}

int pattern_open(struct arena *arena, bool before, bool after, struct pattern *pattern)
{
    uint32_t count = pattern->count;
    before = before && !(count && pattern->parts[0].kind == SIGMA_ANY_RUN);
    after = after && !(count && pattern->parts[count - 1].kind == SIGMA_ANY_RUN);
    struct sigma_part *parts = arena_zero(arena, count + 2, sizeof(*parts));
    if (!parts)
        return -ENOMEM;
    uint32_t n = 0;
    if (before)
        parts[n++].kind = SIGMA_ANY_RUN;
    for (uint32_t i = 0; i < count; i++)
        parts[n++] = pattern->parts[i];
    if (after)
        parts[n++].kind = SIGMA_ANY_RUN;
    *pattern = (struct pattern){parts, n};
    return 0;
}

bool pattern_has_wildcards(const struct pattern *pattern)
{
    for (uint32_t i = 0; i < pattern->count; i++)
        if (pattern->parts[i].kind != SIGMA_LITERAL)
            return true;
    return false;
}

struct str pattern_text(struct arena *arena, const struct pattern *pattern)
{
    size_t len = 0;
    for (uint32_t i = 0; i < pattern->count; i++)
        len += pattern->parts[i].text.len;
    char *bytes = arena_bytes(arena, len + 1);
    if (!bytes)
        return (struct str){0};
    char *end = bytes;
    for (uint32_t i = 0; i < pattern->count; i++) {
        struct str text = pattern->parts[i].text;
        if (text.len)
            memcpy(end, text.ptr, text.len);
        end += text.len;
    }
    return str_of(bytes, len);
}

/*
 * A copy in its plainest form: literals folded and joined, runs of ANY_RUN one. Room for all parts
 * is taken at once; literals follow each other in `bytes`.
 */
static int normalise(struct arena *arena, const struct pattern *pattern, bool cased, bool keyword,
                     struct pattern *ret_plain)
{
    size_t room = 0;
    for (uint32_t i = 0; i < pattern->count; i++) {
        if (utf8_valid(pattern->parts[i].text) != pattern->parts[i].text.len)
            return -EILSEQ;
        room += 3 * pattern->parts[i].text.len / 2 + 4;
    }
    struct sigma_part *parts = arena_zero(arena, pattern->count + 2, sizeof(*parts));
    char *bytes = arena_bytes(arena, room + 1);
    if (!parts || !bytes)
        return -ENOMEM;
    uint32_t n = 0;
    if (keyword)
        parts[n++].kind = SIGMA_ANY_RUN;
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct sigma_part *part = &pattern->parts[i];
        struct sigma_part *last = n ? &parts[n - 1] : NULL;
        if (part->kind != SIGMA_LITERAL) {
            if (!(last && last->kind == SIGMA_ANY_RUN && part->kind == SIGMA_ANY_RUN))
                parts[n++].kind = part->kind;
            continue;
        }
        if (part->text.len == 0)
            continue;
        if (!last || last->kind != SIGMA_LITERAL) {
            parts[n].text.ptr = bytes;
            last = &parts[n++];
        }
        size_t len = part->text.len;
        if (cased)
            memcpy(bytes, part->text.ptr, len);
        else
            len = utf8_fold_text(part->text, bytes);
        bytes += len;
        last->text.len += len;
    }
    if (keyword && parts[n - 1].kind != SIGMA_ANY_RUN)
        parts[n++].kind = SIGMA_ANY_RUN;
    *ret_plain = (struct pattern){parts, n};
    return 0;
}

/* The shapes that are simpler than WILDCARD: by number of parts, and where the runs are. */
static const struct shape {
    uint32_t count;
    bool run_first, run_last;
    enum sigma_op op;
    uint32_t literal;
} shapes[] = {
    {1, false, false, SIGMA_EXACT, 0},
    {2, false, true, SIGMA_PREFIX, 0},
    {2, true, false, SIGMA_SUFFIX, 1},
    {3, true, true, SIGMA_CONTAINS, 1},
};

/* Parts and their literals, copied; NULL without memory. */
static struct sigma_part *copy_parts(struct arena *arena, const struct pattern *pattern)
{
    struct sigma_part *parts = arena_zero(arena, pattern->count, sizeof(*parts));
    for (uint32_t i = 0; parts && i < pattern->count; i++) {
        parts[i] = pattern->parts[i];
        if (parts[i].kind != SIGMA_LITERAL)
            continue;
        parts[i].text = arena_copy(arena, parts[i].text);
        if (!parts[i].text.ptr)
            return NULL;
    }
    return parts;
}

int pattern_predicate(struct arena *scratch, struct arena *arena, const struct pattern *pattern,
                      struct sigma_predicate *predicate)
{
    struct pattern plain;
    int status = normalise(scratch, pattern, predicate->cased, predicate->field.len == 0, &plain);
    if (status < 0)
        return status;
    if (plain.count == 0) {
        predicate->op = SIGMA_EMPTY;
        return 0;
    }
    bool run_first = plain.parts[0].kind == SIGMA_ANY_RUN;
    bool run_last = plain.parts[plain.count - 1].kind == SIGMA_ANY_RUN;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        const struct shape *shape = &shapes[i];
        if (shape->count != plain.count || shape->run_first != run_first ||
            shape->run_last != run_last || plain.parts[shape->literal].kind != SIGMA_LITERAL)
            continue;
        predicate->op = shape->op;
        predicate->text = arena_copy(arena, plain.parts[shape->literal].text);
        return predicate->text.ptr ? 0 : -ENOMEM;
    }
    predicate->op = SIGMA_WILDCARD;
    predicate->parts = copy_parts(arena, &plain);
    predicate->n_parts = plain.count;
    return predicate->parts ? 0 : -ENOMEM;
}

/* Bytes of the code point at the front of s, which is not empty. */
static size_t code_point_length(struct str s)
{
    uint32_t code_point;
    return utf8_decode(s, &code_point);
}

/* Takes one part that is not ANY_RUN from the front of *text. */
static bool take_part(const struct sigma_part *part, struct str *text)
{
    if (part->kind == SIGMA_LITERAL) {
        if (!str_starts(*text, part->text))
            return false;
        *text = str_skip(*text, part->text.len);
        return true;
    }
    if (text->len == 0)
        return false;
    *text = str_skip(*text, code_point_length(*text));
    return true;
}

/*
 * The classic two-pointer match: after a mismatch, the last run takes one code point more. Linear
 * in practice, length times parts at worst.
 */
bool pattern_matches(const struct sigma_part *parts, uint32_t count, struct str text)
{
    uint32_t i = 0, after_run = 0;
    bool run_seen = false;
    struct str retry = {0};
    for (;;) {
        if (i < count && parts[i].kind == SIGMA_ANY_RUN) {
            run_seen = true;
            after_run = ++i;
            retry = text;
            if (i == count)
                return true;
            continue;
        }
        if (i == count && text.len == 0)
            return true;
        if (i < count && take_part(&parts[i], &text)) {
            i++;
            continue;
        }
        if (!run_seen || retry.len == 0)
            return false;
        retry = str_skip(retry, code_point_length(retry));
        text = retry;
        i = after_run;
    }
}
