/*
 * Streams of rendered Windows events: <Event> elements one after another, on lines of their own or
 * not, or all within <Events>, as wevtutil, evtxexport, Get-WinEvent and Splunk write them. In
 * UTF-8, or UTF-16 as Windows redirects it; that is read as UTF-8, a chunk at a time.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "parse/formats.h"
#include "parse/xml.h"

enum encoding { UTF8, UTF16LE, UTF16BE };

#define STATE_STARTED 0  /* the encoding is known and in the header */
#define STATE_SEARCHED 1 /* bytes at the start of the data without an end of an event */

#define PROBE_LOOK 4096 /* bytes in which the root element must begin */

/* In cutter.header, and what it means. */
static const char ENCODING_NAMES[][3] = {[UTF8] = "", [UTF16LE] = "LE", [UTF16BE] = "BE"};

struct xml_state {
    struct buf swapped; /* UTF-16BE as LE */
    struct buf text;    /* the chunk as UTF-8 */
};

/* The encoding by its byte order mark, or by the < that every document begins with. */
static enum encoding encoding_of(struct str head, size_t *ret_mark)
{
    static const struct {
        struct str start;
        enum encoding encoding;
        size_t mark;
    } starts[] = {
        {{"\xEF\xBB\xBF", 3}, UTF8, 3}, {{"\xFF\xFE", 2}, UTF16LE, 2},
        {{"\xFE\xFF", 2}, UTF16BE, 2},  {{"<\0", 2}, UTF16LE, 0},
        {{"\0<", 2}, UTF16BE, 0},
    };
    *ret_mark = 0;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (str_starts(head, starts[i].start)) {
            *ret_mark = starts[i].mark;
            return starts[i].encoding;
        }
    }
    return UTF8;
}

/* Skips what may stand before and between events. False: something else is there. */
static bool skip_between(struct str *rest)
{
    static const struct {
        struct str start, end;
    } passed_over[] = {
        {{"<?", 2}, {"?>", 2}},      {{"<!--", 4}, {"-->", 3}},   {{"<Events", 7}, {">", 1}},
        {{"</Events", 8}, {">", 1}}, {{"Record ", 7}, {"\n", 1}}, /* evtx_dump's title of each */
    };
    for (;;) {
        while (rest->len && memchr(" \t\r\n", rest->ptr[0], 4))
            *rest = str_skip(*rest, 1);
        size_t i = 0, n = sizeof(passed_over) / sizeof(passed_over[0]);
        while (i < n && !str_starts(*rest, passed_over[i].start))
            i++;
        if (i == n)
            return rest->len == 0 || xml_at_event(*rest);
        size_t end = str_find(*rest, passed_over[i].end);
        if (end == SIZE_MAX)
            return false;
        *rest = str_skip(*rest, end + passed_over[i].end.len);
    }
}

static int xml_probe(struct str head)
{
    char narrow[3 * PROBE_LOOK / 2];
    size_t mark;
    enum encoding encoding = encoding_of(head, &mark);
    head = str_first(str_skip(head, mark), PROBE_LOOK);
    if (encoding != UTF8) {
        char swapped[PROBE_LOOK];
        size_t units = head.len / 2;
        for (size_t i = 0; i < 2 * units; i++)
            swapped[i] = head.ptr[encoding == UTF16BE ? i ^ 1 : i];
        head = str_of(narrow, utf8_from_utf16le(swapped, units, narrow));
    }
    struct str rest = head;
    if (skip_between(&rest) && rest.len)
        return 100;
    if (rest.len == 0 && str_find(head, STR("<Events")) != SIZE_MAX)
        return 100;
    /* Other XML is ours to refuse; nobody else could make sense of it. */
    return str_starts(str_trim(head), STR("<?xml")) ? 50 : 0;
}

/* Code unit i of the stream; bytes of UTF-8 beyond ASCII are never asked for. */
static unsigned unit_at(struct str data, enum encoding encoding, size_t i)
{
    const unsigned char *bytes = (const unsigned char *)data.ptr;
    if (encoding == UTF8)
        return bytes[i];
    unsigned first = bytes[2 * i], second = bytes[2 * i + 1];
    return encoding == UTF16LE ? second << 8 | first : first << 8 | second;
}

/* Code units up to behind the last </Event> that begins at `from` or later; 0: there is none. */
static size_t last_event_end(struct str data, enum encoding encoding, size_t from)
{
    static const char tag[] = "</Event";
    size_t units = encoding == UTF8 ? data.len : data.len / 2;
    for (size_t i = units; i-- > from;) {
        size_t at = i, k = 0;
        while (k < sizeof(tag) - 1 && at < units &&
               unit_at(data, encoding, at) == (unsigned char)tag[k])
            at++, k++;
        if (k < sizeof(tag) - 1)
            continue;
        while (at < units && unit_at(data, encoding, at) <= ' ')
            at++;
        if (at < units && unit_at(data, encoding, at) == '>')
            return at + 1;
    }
    return 0;
}

/* The encoding that the cutter or a chunk's header says. */
static enum encoding encoding_by_name(struct str name)
{
    if (str_eq(name, STR("LE")))
        return UTF16LE;
    return str_eq(name, STR("BE")) ? UTF16BE : UTF8;
}

static size_t xml_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    size_t skip = 0;
    *ret_body = str_first(data, 0);
    if (!cutter->state[STATE_STARTED]) {
        if (data.len < 4 && !last)
            return 0;
        enum encoding encoding = encoding_of(data, &skip);
        buf_add_c(&cutter->header, ENCODING_NAMES[encoding]);
        cutter->state[STATE_STARTED] = 1;
        if (skip)
            return skip;
    }
    enum encoding encoding = encoding_by_name(buf_str(&cutter->header));
    size_t width = encoding == UTF8 ? 1 : 2;
    size_t end = width * last_event_end(data, encoding, cutter->state[STATE_SEARCHED] / width);
    if (last || (end == 0 && data.len > PARSE_RECORD_MAX * width))
        end = last ? data.len : data.len / width * width;
    /* What was searched in vain; an end tag may yet begin in its last few characters. */
    cutter->state[STATE_SEARCHED] = end || data.len < 64 ? 0 : data.len - 64;
    *ret_body = str_first(data, end);
    return end;
}

static void free_state(void *state_of_parser)
{
    struct xml_state *state = state_of_parser;
    buf_free(&state->swapped);
    buf_free(&state->text);
}

/* A chunk being read. */
struct reader {
    struct parser *parser;
    struct sink *sink;
    struct str text; /* as UTF-8 */
    unsigned flags;  /* of slots that point into it */
    size_t width;    /* bytes of a code unit in the chunk */
    size_t text_at;  /* a place in the text .. */
    uint64_t offset; /* .. and where it is in the chunk */
    size_t end;      /* behind the first end tag of an event that was looked for; 0: none yet */
    uint64_t ordinal;
};

/* Where in the chunk the text's byte `at` is; `at` never goes back. */
static uint64_t offset_of(struct reader *reader, size_t at)
{
    if (reader->width == 1)
        return at;
    for (; reader->text_at < at; reader->text_at++) {
        unsigned char byte = (unsigned char)reader->text.ptr[reader->text_at];
        if ((byte & 0xC0) != 0x80)
            reader->offset += byte >= 0xF0 ? 4 : 2;
    }
    return reader->offset;
}

/* The chunk's body as UTF-8 in reader->text. 0 or -ENOMEM. */
static int decode(struct reader *reader, const struct chunk *chunk, struct xml_state *state)
{
    enum encoding encoding = encoding_by_name(chunk->header);
    reader->text = chunk->body;
    reader->width = 1;
    if (encoding == UTF8) {
        reader->flags = utf8_valid(chunk->body) == chunk->body.len ? 0 : SLOT_UNCHECKED;
        return 0;
    }
    size_t units = chunk->body.len / 2;
    const char *utf16 = chunk->body.ptr;
    reader->width = 2;
    buf_clear(&state->text);
    buf_clear(&state->swapped);
    if (encoding == UTF16BE && units) {
        char *swapped = buf_reserve(&state->swapped, 2 * units);
        if (!swapped)
            return -ENOMEM;
        for (size_t i = 0; i < 2 * units; i++)
            swapped[i] = utf16[i ^ 1];
        utf16 = swapped;
    }
    char *text = buf_reserve(&state->text, 3 * units + 1);
    if (!text)
        return -ENOMEM;
    reader->text = str_of(text, units ? utf8_from_utf16le(utf16, units, text) : 0);
    return 0;
}

/* Where the next event begins from `at` on. */
static size_t find_event(struct str text, size_t at)
{
    while (at < text.len && !xml_at_event(str_skip(text, at))) {
        size_t next = str_index(str_skip(text, at + 1), '<');
        at += 1 + next;
    }
    return at < text.len ? at : text.len;
}

/* Behind the first </Event> from `at` on; the text's length where there is none. */
static size_t find_event_end(struct str text, size_t at)
{
    static const struct str tag = {"</Event", 7};
    for (;;) {
        size_t found = str_find(str_skip(text, at), tag);
        if (found == SIZE_MAX)
            return text.len;
        at += found + tag.len;
        while (at < text.len && memchr(" \t\r\n", text.ptr[at], 4))
            at++;
        if (at < text.len && text.ptr[at] == '>')
            return at + 1;
    }
}

/* The last event that begins in (from, end); `end` where none does. */
static size_t last_event_start(struct str text, size_t from, size_t end)
{
    size_t at = end;
    while (at > from + 1) {
        const char *found = memrchr(text.ptr + from + 1, '<', at - from - 1);
        if (!found)
            break;
        at = (size_t)(found - text.ptr);
        if (xml_at_event(str_skip(text, at)))
            return at;
    }
    return end;
}

/*
 * Reads the event at `at`; *ret_next is where to go on: behind its end tag or, where it is damaged
 * and has none of its own, at the event that the tag belongs to. So every byte is read
 * twice at most. Returns what the sink returned.
 */
static int read_event(struct reader *reader, size_t at, size_t *ret_next)
{
    struct parser *parser = reader->parser;
    uint64_t offset = offset_of(reader, at);
    if (reader->end <= at)
        reader->end = find_event_end(reader->text, at);
    struct str rest = str_of(reader->text.ptr + at, reader->end - at);
    struct xml_event event = {.error = "the event is too long"};
    parser_begin(parser, ++reader->ordinal, offset, rest);
    if (rest.len > PARSE_RECORD_MAX || xml_read_event(parser, rest, reader->flags, &event) < 0) {
        parser_error(reader->sink, offset, event.record, event.error);
        *ret_next = last_event_start(reader->text, at, reader->end);
        return 0;
    }
    parser->event.raw = str_first(rest, event.len);
    if (event.record)
        parser->event.record = event.record;
    *ret_next = at + event.len;
    return parser_end(parser, reader->sink);
}

static int xml_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct xml_state *state =
        parser_state(parser, FORMAT_XML, sizeof(struct xml_state), free_state);
    struct reader reader = {.parser = parser, .sink = sink};
    if (!state || decode(&reader, chunk, state) < 0)
        return -ENOMEM;
    size_t at = 0;
    while (at < reader.text.len) {
        struct str rest = str_skip(reader.text, at);
        bool good = skip_between(&rest);
        at = reader.text.len - rest.len;
        if (!good) {
            parser_error(sink, offset_of(&reader, at), 0,
                         "an <Event> was expected: only events of Windows are read from XML");
            at = find_event(reader.text, at + 1);
        } else if (at < reader.text.len) {
            int status = read_event(&reader, at, &at);
            if (status < 0)
                return status;
        }
    }
    return 0;
}

const struct format format_xml = {
    .id = FORMAT_XML,
    .name = "xml",
    .about = "Windows events rendered as XML (wevtutil, evtxexport, Get-WinEvent, Splunk)",
    .probe = xml_probe,
    .cut = xml_cut,
    .parse = xml_parse,
};
