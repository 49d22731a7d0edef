/*
 * cef: ArcSight Common Event Format, version 0 and 1 (Implementing ArcSight CEF, revision 25).
 *
 *     CEF:0|Vendor|Product|Version|Signature ID|Name|Severity|key=value key2=value with spaces
 *
 * Yields DeviceVendor, DeviceProduct, DeviceVersion, DeviceEventClassID, Name, Severity, and the
 * extension's keys as they are. Where a custom field has a label (cs1=x cs1Label=User Group), the
 * label names the value too (UserGroup=x). Time: rt, else start, else end.
 */
#include <errno.h>

#include "parse/escape.h"
#include "parse/formats.h"
#include "parse/lines.h"
#include "parse/names.h"
#include "parse/payload.h"

enum { CEF_VENDOR, CEF_PRODUCT, CEF_VERSION, CEF_CLASS, CEF_NAME, CEF_SEVERITY, CEF_HEADERS };

static const char *const HEADERS[CEF_HEADERS] = {
    "DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Name", "Severity",
};

static const struct escape HEADER_ESCAPES[] = {{'\\', '\\'}, {'|', '|'}, {'=', '='}, {0}};
static const struct escape EXTENSION_ESCAPES[] = {{'\\', '\\'}, {'=', '='},  {'|', '|'},
                                                  {'n', '\n'},  {'r', '\r'}, {0}};

#define LABELS_MAX 32 /* the specification has 24 fields with a label */

struct cef_state {
    struct name headers[CEF_HEADERS];
    bool ready;
};

static struct cef_state *cef_state(struct parser *parser)
{
    struct cef_state *state = parser_state(parser, FORMAT_CEF, sizeof(*state), NULL);
    if (state && !state->ready) {
        names_resolve(state->headers, HEADERS, CEF_HEADERS, parser->fields);
        state->ready = true;
    }
    return state;
}

/* Is the byte at `at` escaped: behind an odd number of backslashes? */
static bool is_escaped(struct str text, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && text.ptr[at - slashes - 1] == '\\')
        slashes++;
    return slashes % 2;
}

/* Index of the first `byte` at or after `from` that is not escaped; text.len when there is none. */
static size_t index_bare(struct str text, size_t from, char byte)
{
    for (size_t at = from;; at++) {
        at += str_index(str_skip(text, at), byte);
        if (at >= text.len || !is_escaped(text, at))
            return at < text.len ? at : text.len;
    }
}

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '[' || c == ']' || c == '/' || c == ':';
}

/* Start of the key that ends at `end`; `end` when none does: a key follows a space. */
static size_t key_start(struct str text, size_t end)
{
    size_t start = end;
    while (start > 0 && is_key_byte(text.ptr[start - 1]))
        start--;
    return start == 0 || text.ptr[start - 1] == ' ' ? start : end;
}

/* One pair off the front of *rest: its value runs to the space before the next key. */
static bool take_pair(struct str *rest, struct str *ret_key, struct str *ret_value)
{
    size_t equals = 0, start = 0;
    for (;; equals++) {
        equals = index_bare(*rest, equals, '=');
        if (equals == rest->len)
            return false;
        start = key_start(*rest, equals);
        if (start < equals)
            break;
    }
    size_t value = equals + 1, end = rest->len;
    for (size_t next = value;; next++) {
        next = index_bare(*rest, next, '=');
        if (next == rest->len)
            break;
        size_t key = key_start(*rest, next);
        if (key < next) {
            end = key - 1;
            break;
        }
    }
    *ret_key = str_of(rest->ptr + start, equals - start);
    *ret_value = str_of(rest->ptr + value, end - value);
    *rest = str_skip(*rest, end);
    return true;
}

static void add_extension(struct parser *parser, struct str rest, unsigned flags)
{
    struct str key, value;
    while (take_pair(&rest, &key, &value)) {
        value = escape_undo(value, EXTENSION_ESCAPES, ESCAPE_HEX_NONE, &parser->scratch);
        parser_add(parser, key, value, VALUE_STRING, flags);
    }
}

/* cs1=admins cs1Label=User Group: the value under the name UserGroup too. */
static void add_labelled(struct parser *parser, uint32_t first)
{
    struct event *event = &parser->event;
    uint32_t end = event->n_slots, labels = 0;
    for (uint32_t i = first; i < end && labels < LABELS_MAX; i++) {
        struct str name = str_of(event->slots[i].name, event->slots[i].name_len);
        if (name.len <= 5 || !str_ends(name, STR("Label")))
            continue;
        labels++;
        struct str base = str_first(name, name.len - 5);
        struct str label = str_trim(str_of(event->slots[i].text, event->slots[i].text_len));
        for (uint32_t j = first; j < end && label.len > 0; j++) {
            const struct slot *slot = &event->slots[j];
            if (!str_eq(str_of(slot->name, slot->name_len), base))
                continue;
            parser_add(parser, label, str_of(slot->text, slot->text_len), VALUE_STRING,
                       slot->flags);
            break;
        }
    }
}

static void set_time(struct parser *parser, uint32_t first)
{
    static const char *const fields[] = {"rt", "start", "end"};
    struct event *event = &parser->event;
    for (size_t f = 0; f < sizeof(fields) / sizeof(*fields); f++) {
        for (uint32_t i = first; i < event->n_slots; i++) {
            const struct slot *slot = &event->slots[i];
            if (str_eq(str_of(slot->name, slot->name_len), str_from_c(fields[f])) &&
                time_parse(str_of(slot->text, slot->text_len), &event->time) == 0)
                return;
        }
    }
}

/* Cuts off the text before the next bare '|'. */
static bool take_header(struct str *rest, struct str *ret_value)
{
    size_t end = index_bare(*rest, 0, '|');
    if (end == rest->len)
        return false;
    *ret_value = str_first(*rest, end);
    *rest = str_skip(*rest, end + 1);
    return true;
}

int cef_add(struct parser *parser, struct str text, unsigned flags)
{
    struct cef_state *state = cef_state(parser);
    struct str values[CEF_HEADERS], version;
    if (!state || !str_starts(text, STR("CEF:")) || !take_header(&text, &version))
        return -EINVAL;
    for (size_t i = 0; i < CEF_HEADERS; i++) {
        bool whole = take_header(&text, &values[i]);
        if (!whole && i < CEF_HEADERS - 1)
            return -EINVAL;
        if (!whole) { /* some products leave out the last '|' with an empty extension */
            values[i] = text;
            text.len = 0;
        }
    }
    for (size_t i = 0; i < CEF_HEADERS; i++) {
        struct str value =
            escape_undo(values[i], HEADER_ESCAPES, ESCAPE_HEX_NONE, &parser->scratch);
        parser_add_named(parser, &state->headers[i], value, VALUE_STRING, flags);
    }
    uint32_t extension = parser->event.n_slots;
    add_extension(parser, text, flags);
    set_time(parser, extension);
    add_labelled(parser, extension);
    return 0;
}

static bool is_cef(struct str line)
{
    return str_starts(line, STR("CEF:0|")) || str_starts(line, STR("CEF:1|"));
}

static int cef_probe(struct str head)
{
    int sure = lines_probe(head, is_cef);
    return sure >= 50 ? 95 : 0;
}

static const char *cef_event(struct parser *parser, const struct line *line)
{
    if (cef_add(parser, line->text, line->flags) < 0)
        return syslog_event(parser, line);
    names_mark_lists(parser);
    return NULL;
}

static int cef_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    return cef_state(parser) ? lines_run(parser, chunk, sink, cef_event) : -ENOMEM;
}

const struct format format_cef = {.id = FORMAT_CEF,
                                  .name = "cef",
                                  .about =
                                      "ArcSight Common Event Format, also behind a syslog header",
                                  .probe = cef_probe,
                                  .cut = parse_cut_lines,
                                  .parse = cef_parse};
