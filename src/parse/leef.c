/*
 * leef: IBM QRadar's Log Event Extended Format, 1.0 and 2.0.
 *
 *     LEEF:1.0|Vendor|Product|Version|EventID|key=value<TAB>key2=value with spaces
 *     LEEF:2.0|Vendor|Product|Version|EventID|^|key=value^key2=value
 *
 * 2.0 names its separator: a character, or its number as xHH or 0xHH; empty means TAB. Yields
 * DeviceVendor, DeviceProduct, DeviceVersion, EventID, and the attributes' keys as they are. Time:
 * devTime, where it is in a form that needs no devTimeFormat.
 */
#include <errno.h>

#include "parse/formats.h"
#include "parse/lines.h"
#include "parse/names.h"
#include "parse/payload.h"

enum { LEEF_VENDOR, LEEF_PRODUCT, LEEF_VERSION, LEEF_EVENT, LEEF_HEADERS };

static const char *const HEADERS[LEEF_HEADERS] = {
    "DeviceVendor",
    "DeviceProduct",
    "DeviceVersion",
    "EventID",
};

struct leef_state {
    struct name headers[LEEF_HEADERS];
    bool ready;
};

static struct leef_state *leef_state(struct parser *parser)
{
    struct leef_state *state = parser_state(parser, FORMAT_LEEF, sizeof(*state), NULL);
    if (state && !state->ready) {
        names_resolve(state->headers, HEADERS, LEEF_HEADERS, parser->fields);
        state->ready = true;
    }
    return state;
}

/* The separator that a 2.0 header names, or -1 when it is no character. */
static int separator_of(struct str text)
{
    uint64_t number;
    if (text.len == 0)
        return '\t';
    if (text.len == 1)
        return (unsigned char)text.ptr[0];
    if (str_starts(text, STR("\\t")))
        return '\t';
    if (text.ptr[0] == '0')
        text = str_skip(text, 1);
    if (text.len < 2 || text.len > 5 || (text.ptr[0] | 0x20) != 'x')
        return -1;
    number = 0;
    for (size_t i = 1; i < text.len; i++) {
        int digit = str_hex_digit(text.ptr[i]);
        if (digit < 0)
            return -1;
        number = number * 16 + (uint64_t)digit;
    }
    return number < 256 ? (int)number : -1;
}

/* The header's last part in 2.0; 1.0 and those who write 2.0 without it have none. */
static char take_separator(struct str version, struct str *rest)
{
    size_t bar = str_index(*rest, '|');
    if (!str_starts(version, STR("2")) || bar == rest->len || bar > 5)
        return '\t';
    int separator = separator_of(str_first(*rest, bar));
    if (separator < 0)
        return '\t';
    *rest = str_skip(*rest, bar + 1);
    return (char)separator;
}

static void add_attribute(struct parser *parser, struct str attribute, unsigned flags)
{
    size_t equals = str_index(attribute, '=');
    struct str key = str_trim(str_first(attribute, equals));
    if (equals == attribute.len || key.len == 0)
        return;
    struct str value = str_skip(attribute, equals + 1);
    parser_add(parser, key, value, VALUE_STRING, flags);
    if (str_eq(key, STR("devTime")))
        (void)time_parse(value, &parser->event.time); /* untouched where it needs its format */
}

int leef_add(struct parser *parser, struct str text, unsigned flags)
{
    struct leef_state *state = leef_state(parser);
    struct str version, values[LEEF_HEADERS], attribute;
    if (!state || !str_starts(text, STR("LEEF:")))
        return -EINVAL;
    text = str_skip(text, 5);
    if (!str_cut(&text, '|', &version))
        return -EINVAL;
    for (size_t i = 0; i < LEEF_HEADERS; i++)
        if (!str_cut(&text, '|', &values[i]))
            return -EINVAL;
    for (size_t i = 0; i < LEEF_HEADERS; i++)
        parser_add_named(parser, &state->headers[i], values[i], VALUE_STRING, flags);
    char separator = take_separator(version, &text);
    while (str_cut(&text, separator, &attribute))
        add_attribute(parser, attribute, flags);
    return 0;
}

static bool is_leef(struct str line)
{
    return str_starts(line, STR("LEEF:1.0|")) || str_starts(line, STR("LEEF:2.0|"));
}

static int leef_probe(struct str head)
{
    return lines_probe(head, is_leef) >= 50 ? 95 : 0;
}

static const char *leef_event(struct parser *parser, const struct line *line)
{
    if (leef_add(parser, line->text, line->flags) < 0)
        return syslog_event(parser, line);
    names_mark_lists(parser);
    return NULL;
}

static int leef_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    return leef_state(parser) ? lines_run(parser, chunk, sink, leef_event) : -ENOMEM;
}

const struct format format_leef = {.id = FORMAT_LEEF,
                                   .name = "leef",
                                   .about = "QRadar Log Event Extended Format 1.0 and 2.0",
                                   .probe = leef_probe,
                                   .cut = parse_cut_lines,
                                   .parse = leef_parse};
