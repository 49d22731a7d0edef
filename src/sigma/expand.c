#include "base/utf8.h"
#include "sigma/operand.h"

/* The characters that Windows programs take for the dash of an option (modifiers appendix). */
static const struct str dashes[] = {
    {"-", 1}, {"/", 1}, {"\xe2\x80\x93", 3}, {"\xe2\x80\x94", 3}, {"\xe2\x80\x95", 3},
};

#define DASHES (sizeof(dashes) / sizeof(*dashes))
#define DASHES_MAX 8 /* in one value; as many alternatives would break SIGMA_EXPANSION_MAX */

/* Ranges past ASCII that hold punctuation and symbols, not letters or digits. */
static bool is_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_';
    if (c < 0xc0)
        return c == 0xaa || c == 0xb5 || c == 0xba;
    return c != 0xd7 && c != 0xf7 && !(c >= 0x2000 && c <= 0x206f) &&
           !(c >= 0x20a0 && c <= 0x20cf) && !(c >= 0x2190 && c <= 0x2bff) &&
           !(c >= 0x3000 && c <= 0x3004) && !(c >= 0x3008 && c <= 0x3020);
}

/* Where a dash stands: in which part, at which byte, how long. */
struct dash {
    uint32_t part;
    size_t offset, len;
};

static size_t dash_length(struct str s)
{
    for (size_t i = 0; i < DASHES; i++)
        if (str_starts(s, dashes[i]))
            return dashes[i].len;
    return 0;
}

/* Dashes that begin an option: no word character before, one behind. */
static size_t find_dashes(const struct pattern *pattern, struct dash *found, size_t max)
{
    size_t count = 0;
    for (uint32_t i = 0; i < pattern->count; i++) {
        struct str text = pattern->parts[i].text;
        bool after_word = false;
        for (size_t at = 0, step; at < text.len; at += step) {
            uint32_t code_point, next = 0;
            step = utf8_decode(str_skip(text, at), &code_point);
            size_t len = dash_length(str_skip(text, at));
            if (len && at + len < text.len)
                utf8_decode(str_skip(text, at + len), &next);
            if (len && !after_word && is_word(next)) {
                if (count < max)
                    found[count] = (struct dash){i, at, len};
                count++;
            }
            after_word = is_word(code_point);
        }
    }
    return count;
}

/* The pattern with the dashes of variant `number`, a number to the base DASHES. */
static int with_dashes(struct arena *arena, const struct pattern *original,
                       const struct dash *found, size_t count, size_t number,
                       struct pattern *ret_pattern)
{
    struct sigma_part *parts = arena_zero(arena, original->count + 1, sizeof(*parts));
    if (!parts)
        return -ENOMEM;
    for (uint32_t i = 0; i < original->count; i++) {
        struct str text = original->parts[i].text;
        parts[i] = original->parts[i];
        if (parts[i].kind != SIGMA_LITERAL)
            continue;
        char *bytes = arena_bytes(arena, text.len + 3 * count + 1);
        if (!bytes)
            return -ENOMEM;
        char *end = bytes;
        size_t done = 0;
        for (size_t d = 0; d < count; d++) {
            if (found[d].part != i)
                continue;
            const struct str *dash = &dashes[number % DASHES];
            number /= DASHES;
            memcpy(end, text.ptr + done, found[d].offset - done);
            end += found[d].offset - done;
            memcpy(end, dash->ptr, dash->len);
            end += dash->len;
            done = found[d].offset + found[d].len;
        }
        memcpy(end, text.ptr + done, text.len - done);
        end += text.len - done;
        parts[i].text = str_of(bytes, (size_t)(end - bytes));
    }
    *ret_pattern = (struct pattern){parts, original->count};
    return 0;
}

int change_windash(struct item *item, struct operand *operand, int argument)
{
    (void)argument;
    struct dash found[DASHES_MAX];
    struct pattern original = operand->pattern;
    size_t count = find_dashes(&original, found, DASHES_MAX);
    if (count > DASHES_MAX)
        return document_error(item->doc, operand->at, "'windash' takes at most %d dashes, not %zu",
                              DASHES_MAX, count);
    size_t variants = 1;
    for (size_t i = 0; i < count; i++)
        variants *= DASHES;
    for (size_t number = 0; number < variants; number++) {
        int status = number ? operand_add(item, operand, &operand) : 0;
        if (status < 0)
            return status;
        if (with_dashes(&item->doc->reader->scratch, &original, found, count, number,
                        &operand->pattern) < 0)
            return document_no_memory(item->doc);
    }
    return 0;
}

/*
 * Finds the first placeholder, "%name%", in `text`: a name of word characters, its first percent
 * sign not behind a backslash.
 */
static bool find_placeholder(struct str text, size_t *ret_at, struct str *ret_name)
{
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] != '%' || (at && text.ptr[at - 1] == '\\'))
            continue;
        size_t end = at + 1;
        while (end < text.len) {
            uint32_t code_point;
            size_t len = utf8_decode(str_skip(text, end), &code_point);
            if (!is_word(code_point))
                break;
            end += len;
        }
        if (end == at + 1 || end == text.len || text.ptr[end] != '%')
            continue;
        *ret_at = at;
        *ret_name = str_of(text.ptr + at + 1, end - at - 1);
        return true;
    }
    return false;
}

/* `s` with "\%" as "%"; ptr is NULL without memory. */
static struct str unescape_percent(struct arena *arena, struct str s)
{
    char *bytes = arena_bytes(arena, s.len + 1);
    if (!bytes)
        return (struct str){0};
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len && s.ptr[i + 1] == '%')
            i++;
        bytes[len++] = s.ptr[i];
    }
    return str_of(bytes, len);
}

/* The parts of a, then of b; 0 or -ENOMEM. */
static int concatenate(struct arena *arena, const struct pattern *a, const struct pattern *b,
                       struct pattern *ret_pattern)
{
    struct sigma_part *parts = arena_zero(arena, a->count + b->count + 1, sizeof(*parts));
    if (!parts)
        return -ENOMEM;
    for (uint32_t i = 0; i < a->count; i++)
        parts[i] = a->parts[i];
    for (uint32_t i = 0; i < b->count; i++)
        parts[a->count + i] = b->parts[i];
    *ret_pattern = (struct pattern){parts, a->count + b->count};
    return 0;
}

static int find_values(struct item *item, const struct operand *operand, struct str name,
                       const struct placeholder **ret_values)
{
    const struct sigma_reader *reader = item->doc->reader;
    uint32_t index = map_get(&reader->placeholder_index, name);
    if (index == MAP_NONE)
        return document_error(item->doc, operand->at, "the placeholder %%%.*s%% has no value",
                              STR_ARG(str_first(name, 80)));
    *ret_values = &reader->placeholders.items[index];
    return 0;
}

/*
 * Expansion goes from left to right: `done` is finished, `rest` (parts from `part` on, that one
 * from byte `at`) is not. Each value of the next placeholder gives one alternative, whose rest is
 * then expanded in the same way.
 */
struct expansion {
    struct item *item;
    struct operand *operand; /* the alternative to fill next */
    bool filled;             /* it is filled: the next needs a new one */
    const struct pattern *original;
    uint32_t depth;
    bool regex; /* the operand is a regular expression */
};

#define PLACEHOLDERS_MAX 16 /* in one value */

static int emit(struct expansion *x, const struct pattern *pattern)
{
    int status = x->filled ? operand_add(x->item, x->operand, &x->operand) : 0;
    if (status < 0)
        return status;
    x->filled = true;
    x->operand->pattern = *pattern;
    if (!x->regex)
        return 0;
    x->operand->spelling = pattern_text(&x->item->doc->reader->scratch, pattern);
    return x->operand->spelling.ptr ? 0 : document_no_memory(x->item->doc);
}

static int add_literal(struct expansion *x, struct str text, struct pattern *done)
{
    struct arena *scratch = &x->item->doc->reader->scratch;
    struct pattern literal;
    struct str plain = unescape_percent(scratch, text);
    if (!plain.ptr || pattern_literal(scratch, plain, &literal) < 0 ||
        concatenate(scratch, done, &literal, done) < 0)
        return document_no_memory(x->item->doc);
    return 0;
}

static int expand_rest(struct expansion *x, struct pattern done, uint32_t part, size_t at)
{
    struct arena *scratch = &x->item->doc->reader->scratch;
    for (; part < x->original->count; part++, at = 0) {
        const struct sigma_part *source = &x->original->parts[part];
        if (source->kind != SIGMA_LITERAL) {
            struct pattern wildcard = {&x->original->parts[part], 1};
            if (concatenate(scratch, &done, &wildcard, &done) < 0)
                return document_no_memory(x->item->doc);
            continue;
        }
        struct str text = str_skip(source->text, at), name = {0};
        size_t found = 0;
        bool any = find_placeholder(text, &found, &name);
        int status = add_literal(x, any ? str_first(text, found) : text, &done);
        if (status < 0 || !any) {
            if (status < 0)
                return status;
            continue;
        }
        const struct placeholder *values = NULL;
        status = find_values(x->item, x->operand, name, &values);
        if (status == 0 && ++x->depth > PLACEHOLDERS_MAX)
            status = document_error(x->item->doc, x->operand->at, "more than %d placeholders",
                                    PLACEHOLDERS_MAX);
        for (uint32_t i = 0; i < (status < 0 ? 0 : values->n_values) && status == 0; i++) {
            struct pattern value;
            if ((x->regex ? pattern_literal : pattern_parse)(scratch, values->values[i], &value) <
                    0 ||
                concatenate(scratch, &done, &value, &value) < 0)
                return document_no_memory(x->item->doc);
            status = expand_rest(x, value, part, at + found + name.len + 2);
        }
        x->depth--;
        return status;
    }
    return emit(x, &done);
}

/*
 * In a regular expression nothing is a wildcard, neither in it nor in the values: they go into the
 * pattern as they are.
 */
int change_expand(struct item *item, struct operand *operand, int argument)
{
    (void)argument;
    struct pattern original = operand->pattern;
    struct expansion x = {.item = item,
                          .operand = operand,
                          .original = &original,
                          .regex = operand->kind == OPERAND_REGEX};
    if (x.regex && pattern_literal(&item->doc->reader->scratch, operand->spelling, &original) < 0)
        return document_no_memory(item->doc);
    return expand_rest(&x, (struct pattern){0}, 0, 0);
}
