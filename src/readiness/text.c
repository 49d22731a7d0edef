#include "readiness/text.h"

#include <errno.h>

#include "base/time.h"
#include "base/vec.h"

/* A function of a placeholder: reads its argument when compiled, appends a value for each event. */
struct text_function {
    const char *name;
    int (*compile)(struct str argument, struct text_part *part);
    void (*fill)(const struct text_part *part, struct text_filling *filling, struct buf *out);
    bool number;
};

struct text_part {
    const struct text_function *function; /* NULL: a literal or a name */
    bool is_name;
    struct str text;            /* the literal, the name or the argument */
    const struct text *choices; /* of {pick:..}, `high` of them */
    uint64_t low, high;         /* of a function's numbers */
};

/* ---- functions ---- */

static int take_nothing(struct str argument, struct text_part *part)
{
    (void)part;
    return argument.len ? -EINVAL : 0;
}

static int take_length(struct str argument, struct text_part *part)
{
    if (str_to_u64(argument, &part->low) < 0 || part->low == 0 || part->low > TEXT_LENGTH_MAX)
        return -EINVAL;
    return 0;
}

static int take_width(struct str argument, struct text_part *part)
{
    part->low = 1;
    return argument.len ? take_length(argument, part) : 0;
}

static int take_range(struct str argument, struct text_part *part)
{
    size_t dash = str_index(argument, '-');
    if (str_to_u64(str_first(argument, dash), &part->low) < 0 ||
        str_to_u64(str_skip(argument, dash + 1), &part->high) < 0 || part->high < part->low ||
        part->high - part->low == UINT64_MAX)
        return -EINVAL;
    return 0;
}

/* {pick:..}: its choices are texts themselves, and compiled by compile_choices(). */
static int take_choices(struct str argument, struct text_part *part)
{
    (void)part;
    return argument.len ? 0 : -EINVAL;
}

static void fill_range(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    buf_add_u64(out, part->low + random_below(filling->random, part->high - part->low + 1));
}

/* `n` characters out of a set. */
static void fill_from(const char *set, size_t set_len, uint64_t n, struct text_filling *filling,
                      struct buf *out)
{
    for (uint64_t i = 0; i < n; i++)
        buf_add_byte(out, set[random_below(filling->random, set_len)]);
}

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void fill_hex(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    fill_from("0123456789abcdef", 16, part->low, filling, out);
}

static void fill_hex_upper(const struct text_part *part, struct text_filling *filling,
                           struct buf *out)
{
    fill_from("0123456789ABCDEF", 16, part->low, filling, out);
}

static void fill_alnum(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    fill_from(ALNUM, 62, part->low, filling, out);
}

static void fill_base64(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    fill_from(ALNUM "+/", 64, part->low, filling, out);
}

/* A version 4 UUID (RFC 9562, 5.4). */
static void fill_uuid(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    uint64_t high = random_u64(filling->random), low = random_u64(filling->random);
    (void)part;
    buf_printf(out, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
               (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFF) | 0x4000,
               (unsigned)(low >> 48 & 0x3FFF) | 0x8000,
               (unsigned long long)(low & UINT64_C(0xFFFFFFFFFFFF)));
}

/* The same as Windows writes it. */
static void fill_guid(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    size_t start = out->len;
    buf_add_byte(out, '{');
    fill_uuid(part, filling, out);
    buf_add_byte(out, '}');
    for (size_t i = start; !out->failed && i < out->len; i++)
        if (out->ptr[i] >= 'a' && out->ptr[i] <= 'f')
            out->ptr[i] = (char)(out->ptr[i] - 'a' + 'A');
}

static void fill_n(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    buf_printf(out, "%0*llu", (int)part->low, (unsigned long long)filling->n);
}

/* ---- time ---- */

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void time_iso(int64_t us, const struct time_parts *t, struct buf *out)
{
    (void)us;
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)t->year, t->month, t->day, t->hour,
               t->minute, t->second, t->micro / 1000);
}

static void time_seconds(int64_t us, const struct time_parts *t, struct buf *out)
{
    (void)us;
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)t->year, t->month, t->day, t->hour,
               t->minute, t->second);
}

static void time_sysmon(int64_t us, const struct time_parts *t, struct buf *out)
{
    (void)us;
    buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d.%03d", (int)t->year, t->month, t->day, t->hour,
               t->minute, t->second, t->micro / 1000);
}

static void time_clf(int64_t us, const struct time_parts *t, struct buf *out)
{
    (void)us;
    buf_printf(out, "%02d/%s/%04d:%02d:%02d:%02d +0000", t->day, months[t->month - 1], (int)t->year,
               t->hour, t->minute, t->second);
}

static void time_syslog(int64_t us, const struct time_parts *t, struct buf *out)
{
    (void)us;
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%06d+00:00", (int)t->year, t->month, t->day,
               t->hour, t->minute, t->second, t->micro);
}

static void time_millis(int64_t us, const struct time_parts *t, struct buf *out)
{
    (void)t;
    buf_add_i64(out, us / 1000);
}

static void time_audit(int64_t us, const struct time_parts *t, struct buf *out)
{
    (void)t;
    buf_printf(out, "%lld.%03lld", (long long)(us / TIME_SECOND_US),
               (long long)(us % TIME_SECOND_US / 1000));
}

static const struct {
    const char *name;
    void (*write)(int64_t us, const struct time_parts *parts, struct buf *out);
} time_formats[] = {
    {"", time_iso},    {"iso", time_iso},       {"seconds", time_seconds}, {"sysmon", time_sysmon},
    {"clf", time_clf}, {"syslog", time_syslog}, {"millis", time_millis},   {"audit", time_audit},
};

#define N_TIME_FORMATS (sizeof(time_formats) / sizeof(*time_formats))

static int take_time(struct str argument, struct text_part *part)
{
    for (size_t i = 0; i < N_TIME_FORMATS; i++) {
        if (str_eq(argument, str_from_c(time_formats[i].name))) {
            part->low = i;
            return 0;
        }
    }
    return -EINVAL;
}

static void fill_time(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    struct time_parts parts;
    time_to_parts(filling->time_us, &parts);
    time_formats[part->low].write(filling->time_us, &parts, out);
}

/* As Zeek writes times: seconds and a fraction. */
static void fill_epoch(const struct text_part *part, struct text_filling *filling, struct buf *out)
{
    (void)part;
    buf_printf(out, "%lld.%06lld", (long long)(filling->time_us / TIME_SECOND_US),
               (long long)(filling->time_us % TIME_SECOND_US));
}

static const struct text_function functions[] = {
    {"epoch", take_nothing, fill_epoch, true}, {"time", take_time, fill_time, false},
    {"int", take_range, fill_range, false},    {"number", take_range, fill_range, true},
    {"hex", take_length, fill_hex, false},     {"HEX", take_length, fill_hex_upper, false},
    {"alnum", take_length, fill_alnum, false}, {"base64", take_length, fill_base64, false},
    {"guid", take_nothing, fill_guid, false},  {"uuid", take_nothing, fill_uuid, false},
    {"pick", take_choices, NULL, false},       {"n", take_width, fill_n, false},
};

static const struct text_function *function_find(struct str name)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
        if (str_eq(name, str_from_c(functions[i].name)))
            return &functions[i];
    return NULL;
}

/* ---- compiling ---- */

static bool name_ok(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.'))
            return false;
    }
    return name.len > 0;
}

struct compiling {
    uint32_t line, column;
    struct arena *arena;
    struct err *err;
    unsigned depth; /* choices in choices */
};

static int refuse(const struct compiling *at, const char *what, struct str text)
{
    return err_at(at->err, -EINVAL, at->line, at->column, "%s: '%.*s'", what,
                  STR_ARG(str_first(text, 64)));
}

static int compile_text(struct str source, const struct compiling *at, struct text *ret_text);

/* The part of `s` before a '|' or '}' that no brace of its own holds. */
static size_t choice_length(struct str s)
{
    unsigned open = 0;
    size_t i = 0;
    for (; i < s.len; i++) {
        if (open == 0 && (s.ptr[i] == '|' || s.ptr[i] == '}'))
            break;
        open += s.ptr[i] == '{';
        open -= s.ptr[i] == '}';
    }
    return i;
}

static int compile_choices(struct text_part *part, const struct compiling *at)
{
    struct compiling deeper = *at;
    struct str rest = part->text;
    struct text *choices = arena_zero(at->arena, part->text.len + 1, sizeof(*choices));
    if (!choices)
        return err_set(at->err, -ENOMEM, "no memory");
    if (++deeper.depth > TEXT_DEPTH_MAX)
        return refuse(at, "too many choices in choices", part->text);
    for (bool more = true; more;) {
        size_t len = choice_length(rest);
        int status = compile_text(str_first(rest, len), &deeper, &choices[part->high++]);
        if (status < 0)
            return status;
        more = len < rest.len;
        rest = str_skip(rest, len + 1);
    }
    part->choices = choices;
    return 0;
}

/* What stands between braces. */
static int compile_placeholder(struct str inside, const struct compiling *at,
                               struct text_part *part)
{
    size_t colon = str_index(inside, ':');
    struct str name = str_first(inside, colon);
    if (!name_ok(name))
        return refuse(at, "this is no name of a placeholder; a brace is written '{{'", name);
    const struct text_function *function = function_find(name);
    if (!function && colon < inside.len)
        return refuse(at, "there is no such function", name);
    *part = (struct text_part){.function = function, .is_name = !function, .text = name};
    if (!function)
        return 0;
    part->text = str_skip(inside, colon + 1);
    if (function->compile(part->text, part) < 0)
        return refuse(at, "this function does not take it", part->text);
    return function->fill ? 0 : compile_choices(part, at);
}

typedef VEC(struct text_part) part_list;

static int push_literal(part_list *parts, struct str literal)
{
    return literal.len ? vec_push(parts, (struct text_part){.text = literal}) : 0;
}

/* Up to the brace that closes what was opened just before `s`; s.len: there is none. */
static size_t closing_brace(struct str s)
{
    unsigned open = 1;
    for (size_t i = 0; i < s.len; i++) {
        open += s.ptr[i] == '{';
        if (s.ptr[i] == '}' && --open == 0)
            return i;
    }
    return s.len;
}

/* The literal at the start of *rest, and the placeholder behind it where there is one. */
static int compile_next(struct str *rest, const struct compiling *at, part_list *parts)
{
    struct text_part part;
    size_t open = str_index(*rest, '{');
    bool none = open == rest->len;
    bool brace = !none && open + 1 < rest->len && rest->ptr[open + 1] == '{';
    /* Of two braces the first is the end of the literal. */
    if (push_literal(parts, str_first(*rest, open + brace)) < 0)
        return err_set(at->err, -ENOMEM, "no memory");
    *rest = str_skip(*rest, open + 1 + brace);
    if (none || brace)
        return 0;
    size_t close = closing_brace(*rest);
    if (close == rest->len)
        return refuse(at, "a '{' has no '}' behind it", *rest);
    int status = compile_placeholder(str_first(*rest, close), at, &part);
    if (status == 0 && vec_push(parts, part) < 0)
        status = err_set(at->err, -ENOMEM, "no memory");
    *rest = str_skip(*rest, close + 1);
    return status;
}

static int compile_text(struct str source, const struct compiling *at, struct text *ret_text)
{
    part_list parts = {0};
    int status = 0;
    while (status == 0 && source.len)
        status = compile_next(&source, at, &parts);
    struct text_part *copy = arena_alloc(at->arena, (parts.len + 1) * sizeof(*copy));
    if (status == 0 && !copy)
        status = err_set(at->err, -ENOMEM, "no memory");
    if (status == 0) {
        if (parts.len)
            memcpy(copy, parts.items, parts.len * sizeof(*copy));
        *ret_text = (struct text){copy, (uint32_t)parts.len, at->line, at->column};
    }
    vec_free(&parts);
    return status;
}

int text_compile(struct str source, uint32_t line, uint32_t column, struct arena *arena,
                 struct text *ret_text, struct err *err)
{
    const struct compiling at = {line, column, arena, err, 0};
    return compile_text(source, &at, ret_text);
}

int text_literal(struct str value, struct arena *arena, struct text *ret_text)
{
    struct text_part *part = arena_zero(arena, 1, sizeof(*part));
    struct str copy = arena_copy(arena, value);
    if (!part || !copy.ptr)
        return -ENOMEM;
    part->text = copy;
    *ret_text = (struct text){.parts = part, .n_parts = 1};
    return 0;
}

/* ---- filling in ---- */

void text_filling_free(struct text_filling *filling)
{
    buf_free(&filling->values);
}

void text_filling_restart(struct text_filling *filling)
{
    buf_clear(&filling->values);
    filling->n_known = 0;
}

static const struct text_binding *binding_find(const struct text_filling *filling, struct str name)
{
    for (size_t i = 0; i < TEXT_SCOPES; i++)
        for (size_t k = 0; k < filling->scopes[i].n; k++)
            if (str_eq(name, filling->scopes[i].bindings[k].name))
                return &filling->scopes[i].bindings[k];
    return NULL;
}

/* A name that no place of the event has asked for yet. */
static int fill_new_name(const struct text *text, struct str name, struct text_filling *filling,
                         struct text_known *ret_known, struct err *err)
{
    const struct text_binding *binding = binding_find(filling, name);
    struct buf value = {0};
    bool number = false;
    if (!binding)
        return err_at(err, -EINVAL, text->line, text->column, "nothing gives '{%.*s}' a value",
                      STR_ARG(name));
    if (filling->depth == TEXT_DEPTH_MAX || filling->n_known == TEXT_KNOWN_MAX)
        return err_at(err, -EINVAL, text->line, text->column,
                      "'{%.*s}' needs itself, or an event has more than %d names", STR_ARG(name),
                      TEXT_KNOWN_MAX);
    filling->depth++;
    int status = text_fill(&binding->text, filling, &value, &number, err);
    filling->depth--;
    if (status == 0) {
        *ret_known =
            (struct text_known){name, filling->values.len, value.len, number || binding->plain};
        buf_add_str(&filling->values, buf_str(&value));
        if (filling->n_known < TEXT_KNOWN_MAX)
            filling->known[filling->n_known++] = *ret_known;
        if (filling->values.failed || value.failed)
            status = err_set(err, -ENOMEM, "no memory");
    }
    buf_free(&value);
    return status;
}

static int fill_name(const struct text *text, struct str name, struct text_filling *filling,
                     struct buf *out, bool *ret_number, struct err *err)
{
    struct text_known known;
    uint32_t i = 0;
    int status = 0;
    while (i < filling->n_known && !str_eq(name, filling->known[i].name))
        i++;
    if (i < filling->n_known)
        known = filling->known[i];
    else
        status = fill_new_name(text, name, filling, &known, err);
    if (status < 0)
        return status;
    *ret_number = known.number;
    buf_add(out, filling->values.ptr + known.start, known.len);
    return 0;
}

int text_fill(const struct text *text, struct text_filling *filling, struct buf *out,
              bool *ret_number, struct err *err)
{
    bool number = false;
    for (uint32_t i = 0; i < text->n_parts; i++) {
        const struct text_part *part = &text->parts[i];
        int status = 0;
        number = false;
        if (part->choices) {
            const struct text *choice = &part->choices[random_below(filling->random, part->high)];
            status = text_fill(choice, filling, out, &number, err);
        } else if (part->function) {
            part->function->fill(part, filling, out);
            number = part->function->number;
        } else if (part->is_name) {
            status = fill_name(text, part->text, filling, out, &number, err);
        } else {
            buf_add_str(out, part->text);
        }
        if (status < 0)
            return status;
    }
    *ret_number = number && text->n_parts == 1;
    return out->failed ? err_set(err, -ENOMEM, "no memory") : 0;
}
