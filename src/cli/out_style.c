#include "cli/out_style.h"

#include <stdio.h>
#include <wchar.h>

#include "base/utf8.h"

static const char *const colours[] = {
    [SIGMA_LEVEL_NONE] = "\033[37m", [SIGMA_INFORMATIONAL] = "\033[36m",
    [SIGMA_LOW] = "\033[32m",        [SIGMA_MEDIUM] = "\033[33m",
    [SIGMA_HIGH] = "\033[31m",       [SIGMA_CRITICAL] = "\033[1;97;41m",
};

const char *style_level(enum sigma_level level)
{
    return level == SIGMA_LEVEL_NONE ? "none" : sigma_level_name(level);
}

const char *style_level_short(enum sigma_level level)
{
    return level == SIGMA_INFORMATIONAL ? "info" : style_level(level);
}

const char *style_colour(enum sigma_level level, bool colour)
{
    return colour ? colours[level] : "";
}

const char *style_bold(bool colour)
{
    return colour ? "\033[1m" : "";
}

const char *style_dim(bool colour)
{
    return colour ? "\033[2m" : "";
}

const char *style_reset(bool colour)
{
    return colour ? "\033[0m" : "";
}

/* Characters that steer a terminal or reorder what a person reads. */
static bool is_steering(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
           c == 0xfffe || c == 0xffff;
}

/* Columns of a character in a terminal. */
static size_t width_of(uint32_t c)
{
    int width = wcwidth((wchar_t)c);
    return width < 0 ? 1 : (size_t)width; /* the locale does not know it */
}

/* Text that grows up to a number of columns, and ends in an ellipsis where there is more. */
struct cut {
    struct buf *buf; /* NULL: only measured */
    size_t columns;  /* 0: no limit */
    size_t used;
    size_t room_len, room_used; /* up to where an ellipsis still fits behind it */
};

/* False: it does not fit. */
static bool cut_add(struct cut *cut, struct str piece, size_t width)
{
    if (cut->columns && cut->used + width > cut->columns)
        return false;
    if (cut->buf)
        buf_add_str(cut->buf, piece);
    cut->used += width;
    if (cut->used < cut->columns) {
        cut->room_len = cut->buf ? cut->buf->len : 0;
        cut->room_used = cut->used;
    }
    return true;
}

static size_t cut_end(struct cut *cut, const char *ellipsis)
{
    if (cut->buf && !cut->buf->failed) {
        cut->buf->len = cut->room_len;
        buf_add_c(cut->buf, ellipsis);
    }
    return cut->room_used + 1;
}

size_t style_printable(struct buf *buf, struct str s, size_t columns)
{
    struct cut cut = {.buf = buf, .columns = columns, .room_len = buf->len};
    bool space = false;
    while (s.len) {
        uint32_t c;
        s = str_skip(s, utf8_decode(s, &c));
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            if (space)
                continue;
            space = true;
            c = ' ';
        } else {
            space = false;
        }
        char bytes[4];
        c = is_steering(c) ? '?' : c;
        if (!cut_add(&cut, str_of(bytes, utf8_encode(c, bytes)), width_of(c)))
            return cut_end(&cut, "…");
    }
    return cut.used;
}

#define ESCAPE_MAX 16

/* The next character of *rest as it is shown, in `room`, and its columns. */
static struct str exact_piece(struct str *rest, char room[static ESCAPE_MAX], size_t *ret_width)
{
    static const char *const short_forms[] = {['\t'] = "\\t", ['\n'] = "\\n", ['\r'] = "\\r"};
    uint32_t c;
    *rest = str_skip(*rest, utf8_decode(*rest, &c));
    struct str piece = {room, 0};
    if (!is_steering(c)) {
        piece.len = utf8_encode(c, room);
        *ret_width = width_of(c);
        return piece;
    }
    if (c <= '\r' && short_forms[c])
        piece = str_from_c(short_forms[c]);
    else
        piece.len =
            (size_t)snprintf(room, ESCAPE_MAX, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
    *ret_width = piece.len;
    return piece;
}

size_t style_exact(struct buf *buf, struct str s, size_t columns, const char *ellipsis)
{
    struct cut cut = {.buf = buf, .columns = columns, .room_len = buf ? buf->len : 0};
    while (s.len) {
        char room[ESCAPE_MAX];
        size_t width;
        struct str piece = exact_piece(&s, room, &width);
        if (!cut_add(&cut, piece, width))
            return cut_end(&cut, ellipsis);
    }
    return cut.used;
}

size_t style_exact_line(struct buf *buf, struct str *rest, size_t columns)
{
    size_t used = 0;
    while (rest->len) {
        char room[ESCAPE_MAX];
        size_t width;
        struct str behind = *rest;
        bool ends = rest->ptr[0] == '\n' || str_starts(*rest, STR("\r\n"));
        struct str piece = exact_piece(&behind, room, &width);
        if (ends) {
            *rest = str_skip(*rest, rest->ptr[0] == '\n' ? 1 : 2);
            return used;
        }
        if (columns && used > 0 && used + width > columns)
            return used;
        buf_add_str(buf, piece);
        used += width;
        *rest = behind;
    }
    return used;
}

void style_spaces(struct buf *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_byte(buf, ' ');
}

size_t style_time(int64_t time_us, char ret_text[static TIME_TEXT_MAX])
{
    if (time_us == TIME_UNSET)
        return (size_t)snprintf(ret_text, TIME_TEXT_MAX, "undated");
    size_t len = time_format(
        time_us - ((time_us % TIME_SECOND_US) + TIME_SECOND_US) % TIME_SECOND_US, ret_text);
    char *t = memchr(ret_text, 'T', len);
    if (t)
        *t = ' ';
    ret_text[len - 1] = '\0'; /* without the Z: reports are in UTC throughout */
    return len - 1;
}

size_t style_count(uint64_t number, char ret_text[static 32])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    size_t out = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            ret_text[out++] = ',';
        ret_text[out++] = digits[i];
    }
    ret_text[out] = '\0';
    return out;
}

void style_add_count(struct buf *buf, uint64_t number)
{
    char text[32];
    buf_add(buf, text, style_count(number, text));
}

/* What is being collected: indices into the event's fields, each once. */
struct key_fields {
    const struct finding_event *event;
    uint32_t *indices;
    uint32_t count, max;
};

static void add_field(struct key_fields *keys, uint32_t index)
{
    if (keys->event->fields[index].text.len == 0)
        return;
    for (uint32_t i = 0; i < keys->count; i++)
        if (str_eq(keys->event->fields[keys->indices[i]].name, keys->event->fields[index].name))
            return;
    if (keys->count < keys->max)
        keys->indices[keys->count++] = index;
}

static void add_named(struct key_fields *keys, struct str name)
{
    for (uint32_t i = 0; i < keys->event->n_fields; i++)
        if (str_eq(keys->event->fields[i].name, name)) {
            add_field(keys, i);
            return;
        }
}

static void add_kind(struct key_fields *keys, enum field_type kind)
{
    for (uint32_t i = 0; i < keys->event->n_fields; i++)
        if (keys->event->fields[i].kind == kind)
            add_field(keys, i);
}

/* The fields that a tree tests positively, in its order. */
static void add_tested(struct key_fields *keys, const struct sigma_node *node, unsigned depth)
{
    if (!node || depth > SIGMA_DEPTH_MAX || keys->count == keys->max || node->kind == SIGMA_NOT)
        return;
    if (node->kind == SIGMA_PREDICATE && node->predicate->field.len)
        add_named(keys, node->predicate->field);
    if (node->kind == SIGMA_REF)
        add_tested(keys, node->selection->node, depth + 1);
    if (node->kind == SIGMA_AND || node->kind == SIGMA_OR)
        for (uint32_t i = 0; i < node->count; i++)
            add_tested(keys, node->children[i], depth + 1);
}

uint32_t style_key_fields(const struct finding *finding, uint32_t *ret_fields, uint32_t max)
{
    static const enum field_type telling[] = {FIELD_COMMAND, FIELD_REGISTRY, FIELD_PATH, FIELD_URL,
                                              FIELD_DOMAIN,  FIELD_IP,       FIELD_AGENT};
    if (!finding->event)
        return 0;
    struct key_fields keys = {.event = finding->event, .indices = ret_fields, .max = max};
    if (finding->indicator)
        add_named(&keys, finding->indicator->field);
    add_kind(&keys, FIELD_COMMAND);
    if (finding->rule)
        add_tested(&keys, finding->rule->condition, 0);
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
        add_kind(&keys, telling[i]);
    add_named(&keys, STR("message"));
    add_named(&keys, STR("Message"));
    return keys.count;
}

/* Fields that every event of a kind repeats: in the way where others tell more. */
static bool is_dull(struct str name)
{
    return str_eq(name, STR("EventID")) || str_eq(name, STR("Channel")) ||
           str_eq(name, STR("Provider_Name")) || str_eq(name, STR("eventSource"));
}

static void add_group(struct buf *text, const struct finding_correlated *correlated,
                      size_t value_columns)
{
    buf_printf(text, "%llu events", (unsigned long long)correlated->count);
    for (uint32_t i = 0; i < correlated->n_groups; i++) {
        buf_add_c(text, " · ");
        style_printable(text, correlated->group_names[i], value_columns);
        buf_add_c(text, ": ");
        style_printable(text, correlated->group_values[i], value_columns);
    }
}

void style_details(const struct finding *finding, uint32_t max_fields, size_t value_columns,
                   struct buf *ret_text)
{
    uint32_t indices[16];
    uint32_t count = style_key_fields(finding, indices, 16), shown = 0;
    if (finding->correlated) {
        add_group(ret_text, finding->correlated, value_columns);
        return;
    }
    for (int dull = 0; dull < 2; dull++) {
        for (uint32_t i = 0; i < count && shown < max_fields; i++) {
            const struct finding_field *field = &finding->event->fields[indices[i]];
            if (is_dull(field->name) != dull || (dull && shown))
                continue;
            if (shown++)
                buf_add_c(ret_text, " · ");
            style_printable(ret_text, field->name, value_columns);
            buf_add_c(ret_text, ": ");
            style_printable(ret_text, field->text, value_columns);
        }
    }
}
