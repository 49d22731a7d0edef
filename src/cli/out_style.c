#include "cli/out_style.h"

#include <stdio.h>

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

size_t style_printable(struct buf *buf, struct str s, size_t columns)
{
    size_t used = 0, last_len = buf->len; /* length before the last character, for the ellipsis */
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
        if (columns && used == columns) {
            buf->len = last_len;
            buf_add_c(buf, "…");
            return used;
        }
        char bytes[4];
        last_len = buf->len;
        buf_add(buf, bytes, utf8_encode(is_steering(c) ? '?' : c, bytes));
        used++;
    }
    return used;
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
