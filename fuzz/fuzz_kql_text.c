/* What KQL's functions take apart: URLs, paths, command lines, user agents, JSON, XML, punycode; and search in text. */
#include "base/utf8.h"
#include "hunt/dynamic.h"
#include "hunt/terms.h"
#include "hunt/text_parse.h"
#include "hunt/text_punycode.h"
#include "hunt/text_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct str value, struct buf *room, int depth)
{
    struct json_cursor members = json_cursor_of(value);
    struct str key, member, before = value;
    while (json_cursor_next(&members, &key, &member)) {
        dynamic_text(member, room);
        dynamic_compare(before, member);
        before = member;
        if (depth < 8)
            walk(member, room, depth + 1);
    }
}

static void search(struct str text, bool nocase)
{
    struct str wanted = str_first(text, text.len ? (unsigned char)text.ptr[0] % 8 : 0);
    struct terms_needle needle = terms_needle(wanted, nocase);
    size_t at = terms_find(text, &needle, 0);
    if (at == SIZE_MAX && utf8_valid(wanted) == wanted.len)
        __builtin_trap(); /* a text begins with its beginning */
    terms_has(text, &needle, true, true);
    terms_ends(text, &needle);
}

/* What is not ASCII comes back from punycode as it was. */
static void convert(struct str text)
{
    struct buf code = {0}, again = {0};
    bool plain = utf8_is_ascii(text) || utf8_valid(text) < text.len;
    if (text_punycode_encode(text, &code) && !plain &&
        (!text_punycode_decode(buf_str(&code), &again) || !str_eq(buf_str(&again), text)))
        __builtin_trap();
    buf_clear(&again);
    text_punycode_decode(text, &again);
    buf_clear(&again);
    text_punycode_decode_domain(text, &again);
    buf_free(&code);
    buf_free(&again);
}

static void read_xml(struct str text)
{
    struct buf json = {0}, room = {0};
    if (text_parse_xml(text, &json))
        walk(buf_str(&json), &room, 0);
    buf_free(&json);
    buf_free(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parsers[])(struct str text, struct buf * json) = {
        text_parse_url, text_parse_query, text_parse_path, text_parse_command_line, text_parse_csv};
    struct str text = str_of((const char *)data, size);
    struct buf room = {0};
    struct agent agent;
    for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
        buf_clear(&room);
        parsers[i](text, &room);
    }
    buf_clear(&room);
    text_parse_version(text, &room);
    text_parse_agent(text, &agent);
    walk(text, &room, 0);
    search(text, false);
    search(text, true);
    convert(text);
    read_xml(text);
    buf_free(&room);
    return 0;
}
