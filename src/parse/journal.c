/*
 * journal: systemd's journal export format (`journalctl -o export`, systemd-journal-remote).
 *
 *     __CURSOR=s=...            a field is NAME=text, or, where the text has control characters,
 *     MESSAGE                   the name alone, then the length in 8 bytes (little-endian),
 *     <8 bytes><text>           that many bytes, and a line end.
 *     _PID=42
 *                               an empty line ends the entry
 *
 * Yields the journal's own names; a field that comes several times is a list; MESSAGE is
 * searched as a syslog message is (payload.h). Time: _SOURCE_REALTIME_TIMESTAMP, else
 * __REALTIME_TIMESTAMP. (`journalctl -o json` is `json`.)
 */
#include <errno.h>

#include "parse/formats.h"
#include "parse/names.h"
#include "parse/payload.h"

#define JOURNAL_NAME_MAX 64 /* bytes; systemd's own limit */

/* Bytes that one entry may make the cutter wait for: a field at its limit, and others. */
#define JOURNAL_WAIT_MAX (2 * (size_t)PARSE_RECORD_MAX)

#define STATE_SKIP 0 /* inside an entry that was too long */

/* One field, and what it took. */
struct field {
    struct str name, value;
    size_t len;
};

enum field_end { FIELD_WHOLE, FIELD_SHORT, FIELD_BAD };

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') || (s.ptr[i] >= '0' && s.ptr[i] <= '9') ||
              s.ptr[i] == '_'))
            return false;
    return s.len > 0 && s.len <= JOURNAL_NAME_MAX;
}

static uint64_t read_le64(const char *ptr)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number |= (uint64_t)(unsigned char)ptr[i] << (8 * i);
    return number;
}

/* The field at the start of `text`. FIELD_SHORT: it does not end within it. */
static enum field_end read_field(struct str text, struct field *ret_field)
{
    size_t end = str_index(text, '\n');
    struct str line = str_first(text, end);
    *ret_field = (struct field){0};
    size_t equals = str_index(line, '=');
    struct str name = str_first(line, equals);
    if (equals < line.len || end == text.len) {
        *ret_field = (struct field){name, str_skip(line, equals + 1), end + 1};
        if (end == text.len)
            return text.len > PARSE_RECORD_MAX ? FIELD_BAD : FIELD_SHORT;
        return is_name(name) ? FIELD_WHOLE : FIELD_BAD;
    }
    if (!is_name(name))
        return FIELD_BAD;
    struct str rest = str_skip(text, end + 1);
    if (rest.len < 8)
        return FIELD_SHORT;
    uint64_t len = read_le64(rest.ptr);
    rest = str_skip(rest, 8);
    if (len > PARSE_RECORD_MAX)
        return FIELD_BAD;
    if (rest.len <= len)
        return FIELD_SHORT;
    if (rest.ptr[len] != '\n')
        return FIELD_BAD;
    *ret_field = (struct field){name, str_first(rest, len), end + 1 + 8 + len + 1};
    return FIELD_WHOLE;
}

/* Length of the line at the start of `text`, with its end. */
static size_t line_len(struct str text)
{
    return str_first(text, str_index(text, '\n') + 1).len;
}

/*
 * Length of the first entry of `text`, with the empty line behind it; 0 when it does not end within
 * it. What is no field is passed over as a line.
 */
static size_t entry_len(struct str text)
{
    size_t at = 0;
    struct field field;
    while (at < text.len) {
        struct str rest = str_skip(text, at);
        if (rest.ptr[0] == '\n')
            return at + 1;
        enum field_end end = read_field(rest, &field);
        if (end == FIELD_SHORT)
            return 0;
        at += end == FIELD_WHOLE ? field.len : line_len(rest);
    }
    return 0;
}

/*
 * In the rest of an entry that was too long: what may be skipped. Entries start with their cursor,
 * so that an empty line inside a binary field ends nothing.
 */
static size_t skip_entry(struct cutter *cutter, struct str data, bool last)
{
    struct str next = STR("\n\n__CURSOR=");
    size_t at = str_find(data, next);
    if (at == SIZE_MAX)
        return last || data.len < next.len ? data.len : data.len - next.len + 1;
    cutter->state[STATE_SKIP] = 0;
    return at + 2;
}

static size_t journal_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    size_t len = 0;
    *ret_body = str_first(data, 0);
    if (cutter->state[STATE_SKIP])
        return skip_entry(cutter, data, last);
    for (;;) {
        size_t entry = entry_len(str_skip(data, len));
        if (entry == 0)
            break;
        len += entry;
    }
    if (last) {
        len = data.len;
    } else if (len == 0 && data.len > JOURNAL_WAIT_MAX) {
        len = data.len;
        cutter->state[STATE_SKIP] = 1;
    }
    *ret_body = str_first(data, len);
    return len;
}

static void add_field(struct parser *parser, const struct field *field)
{
    unsigned flags = lines_flags(field->value);
    int64_t time_us;
    parser_add(parser, field->name, field->value, VALUE_STRING, flags);
    if (field->name.ptr[0] != '_' || !str_ends(field->name, STR("_REALTIME_TIMESTAMP")))
        return;
    bool source = str_eq(field->name, STR("_SOURCE_REALTIME_TIMESTAMP"));
    if ((source || parser->event.time == TIME_UNSET) && str_to_i64(field->value, &time_us) == 0)
        parser->event.time = time_us;
}

/* Adds the fields of the entry at the start of `text` and returns its length. */
static size_t add_entry(struct parser *parser, struct str text, uint64_t offset, struct sink *sink)
{
    size_t at = 0;
    struct str message = {0};
    while (at < text.len && text.ptr[at] != '\n') {
        struct field field;
        struct str rest = str_skip(text, at);
        enum field_end end = read_field(rest, &field);
        if (end == FIELD_SHORT && field.len > rest.len && is_name(field.name))
            end = FIELD_WHOLE; /* the stream's last line, without its end */
        at += end == FIELD_WHOLE ? field.len : line_len(rest);
        if (end != FIELD_WHOLE) {
            parser_error(sink, offset + (uint64_t)(rest.ptr - text.ptr), parser->event.record,
                         "not a field of a journal entry; the line is skipped");
            continue;
        }
        add_field(parser, &field);
        if (str_eq(field.name, STR("MESSAGE")))
            message = field.value;
    }
    if (message.len)
        payload_add(parser, message, lines_flags(message));
    return at < text.len ? at : text.len;
}

static int journal_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct str rest = chunk->body;
    uint64_t number = 0;
    while (rest.len > 0) {
        uint64_t offset = (uint64_t)(rest.ptr - chunk->body.ptr);
        if (rest.ptr[0] == '\n') {
            rest = str_skip(rest, 1);
            continue;
        }
        parser_begin(parser, ++number, offset, rest);
        size_t len = add_entry(parser, rest, offset, sink);
        parser->event.raw = str_first(rest, len);
        rest = str_skip(rest, len);
        if (len > PARSE_RECORD_MAX) {
            parser_error(sink, offset, number, "longer than a record may be; it is skipped");
            continue;
        }
        if (parser->event.n_slots == 0)
            continue;
        names_mark_lists(parser);
        int status = parser_end(parser, sink);
        if (status < 0)
            return status;
    }
    return 0;
}

static int journal_probe(struct str head)
{
    if (str_starts(head, STR("__CURSOR=")))
        return 98;
    size_t at = str_find(str_first(head, 4096), STR("__REALTIME_TIMESTAMP="));
    return at == 0 || (at != SIZE_MAX && head.ptr[at - 1] == '\n') ? 80 : 0;
}

const struct format format_journal = {.id = FORMAT_JOURNAL,
                                      .name = "journal",
                                      .about = "systemd's journal export format",
                                      .probe = journal_probe,
                                      .cut = journal_cut,
                                      .parse = journal_parse};
