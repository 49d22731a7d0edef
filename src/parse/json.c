#include "parse/json.h"

#include <errno.h>

#include "parse/embedded.h"
#include "parse/formats.h"

#define MESSAGE_TOO_LONG "a record longer than 16 MiB"

_Static_assert(PARSE_RECORD_MAX == 16u << 20, "MESSAGE_TOO_LONG says so");

/* The reading of one chunk. */
struct reading {
    struct json_reader *reader;
    struct sink *sink;
    struct str body;
    uint64_t record;
    unsigned n_lists;               /* of records, that the reading is inside */
    uint32_t tails[JSON_LISTS_MAX]; /* of each: objects to be closed behind its end */
};

static void free_reader(void *state)
{
    struct json_reader *reader = state;
    json_keys_free(&reader->keys);
}

/* The parser's reader, made on first use; NULL: no memory. */
static struct json_reader *reader_of(struct parser *parser)
{
    struct json_reader *reader = parser_state(parser, FORMAT_JSON, sizeof(*reader), free_reader);
    if (reader && !reader->parser) {
        if (json_keys_init(&reader->keys) < 0)
            return NULL;
        reader->parser = parser;
        reader->walk = JSON_BEST(json_walk);
    }
    return reader;
}

static void report(struct reading *reading, size_t at, const char *message)
{
    parser_error(reading->sink, at, reading->record, message);
}

/* Where the record at `at` has to end: its line's end, or the chunk's. */
static struct str bounds(const struct reading *reading, size_t at)
{
    if (!reading->reader->lines)
        return reading->body;
    return str_first(reading->body, at + str_index(str_skip(reading->body, at), '\n'));
}

/* Behind the record at `at`, which can't be read. */
static size_t skip_record(struct reading *reading, size_t at)
{
    struct str within = bounds(reading, at);
    if (reading->reader->lines) {
        reading->n_lists = 0;
        return within.len;
    }
    struct json_scan scan = {0};
    return json_scan_run(&scan, within, at);
}

/* Goes into a list; `tail` objects end behind it. Returns the place inside. */
static size_t enter_list(struct reading *reading, size_t at, size_t inside, uint32_t tail)
{
    if (reading->n_lists == JSON_LISTS_MAX) {
        reading->record++;
        report(reading, at, "lists of records within each other, too deep");
        return skip_record(reading, at);
    }
    reading->tails[reading->n_lists++] = tail;
    return inside;
}

/*
 * Behind the end of a list at `at`, and of the objects around it. A '}' in its place is an
 * error, but ends it too: json_scan_run(), which cuts, does not tell them apart.
 */
static size_t leave_list(struct reading *reading, size_t at)
{
    if (reading->n_lists == 0 || reading->body.ptr[at] == '}')
        report(reading, at, "the end of something that did not start");
    if (reading->n_lists == 0)
        return at + 1;
    struct json_scan scan = {.depth = reading->tails[--reading->n_lists]};
    return scan.depth ? json_scan_run(&scan, bounds(reading, at), at + 1) : at + 1;
}

/* Is the record at `at` too long? Only a chunk that is so itself needs a look. */
static bool is_too_long(struct reading *reading, size_t at)
{
    if (reading->body.len <= PARSE_RECORD_MAX)
        return false;
    struct json_scan scan = {0};
    struct str within = bounds(reading, at);
    size_t end = reading->reader->lines ? within.len : json_scan_run(&scan, within, at);
    return end - at > PARSE_RECORD_MAX;
}

/* Reads the object at *at and moves *at behind it, or behind what of it can't be read. */
static int read_record(struct reading *reading, size_t *at)
{
    struct json_reader *reader = reading->reader;
    struct str body = reading->body;
    const char *start = body.ptr + *at;
    reading->record++;
    if (is_too_long(reading, *at)) {
        report(reading, *at, MESSAGE_TOO_LONG);
        *at = skip_record(reading, *at);
        return 0;
    }
    parser_begin(reader->parser, reading->record, *at, str_of(start, 0));
    json_keys_begin(reader);
    reader->frames[0].owner = &reader->keys.root;
    reader->hints = 0;
    const char *end = reader->walk(reader, start, body.ptr + body.len);
    if (!end || (reader->hints & JSON_HINT_LIST)) {
        size_t inside;
        uint32_t tail;
        if (json_wrapper_find(str_skip(bounds(reading, *at), *at), &inside, &tail) == WRAPPER_YES) {
            reading->record--;
            *at = enter_list(reading, *at, *at + inside, tail);
            return 0;
        }
    }
    if (!end) {
        report(reading, (size_t)(reader->error_at - body.ptr), reader->error);
        *at = skip_record(reading, *at);
        return 0;
    }
    reader->parser->event.raw = str_of(start, (size_t)(end - start));
    json_shape_finish(reader, 0);
    if (reader->hints & JSON_HINT_TEXT)
        embedded_open(reader->parser);
    *at = (size_t)(end - body.ptr);
    return parser_end(reader->parser, reading->sink);
}

/* evtx_dump writes "Record 12" before each record. */
static bool is_record_title(struct str line)
{
    line = str_trim(line);
    uint64_t number;
    return str_starts(line, STR("Record ")) && str_to_u64(str_skip(line, 7), &number) == 0;
}

/* Behind what is neither a record nor a list of them. */
static size_t read_junk(struct reading *reading, size_t at)
{
    struct str rest = str_skip(reading->body, at);
    struct str line = str_first(rest, str_index(rest, '\n'));
    if (is_record_title(line))
        return at + line.len;
    if (str_starts(rest, JSON_BOM)) /* files put together */
        return at + JSON_BOM.len;
    report(reading, at, "expected a JSON object");
    if (reading->reader->lines)
        return skip_record(reading, at);
    size_t end = json_junk_end(reading->body, at);
    return end > at ? end : at + 1;
}

/* `open`: the chunk is the last one, and ends inside a list that began before it. */
static int read_records(struct reading *reading, bool open)
{
    struct str body = reading->body;
    size_t at = 0;
    while (at < body.len) {
        char c = body.ptr[at];
        if (c == '{') {
            if (reading->n_lists && json_scan_starts_anew(&(struct json_scan){0}, body, at)) {
                report(reading, at, "expected ',' or the end of the list");
                reading->n_lists = 0;
            }
            int status = read_record(reading, &at);
            if (status < 0)
                return status;
        } else if (c == '\n' && reading->reader->lines && reading->n_lists) {
            report(reading, at, "the line ends inside a list");
            reading->n_lists = 0;
        } else if (json_is_between(c)) {
            at++;
        } else if (c == '[') {
            at = enter_list(reading, at, at + 1, 0);
        } else if (c == ']' || c == '}') {
            at = leave_list(reading, at);
        } else {
            at = read_junk(reading, at);
        }
    }
    if (reading->n_lists || open)
        report(reading, body.len, "the text ends inside a list of records");
    return 0;
}

static int json_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct reading reading = {.reader = reader_of(parser), .sink = sink, .body = chunk->body};
    if (!reading.reader) {
        report(&reading, 0, "no memory for the reader");
        return 0;
    }
    if (str_eq(chunk->header, JSON_HEADER_UTF16)) {
        if (chunk->body.len > 0) /* the first chunk's alone */
            report(&reading, 0, "the text is UTF-16: convert it to UTF-8, which JSON requires");
        return 0;
    }
    reading.reader->lines = str_eq(chunk->header, JSON_HEADER_LINES);
    return read_records(&reading, str_eq(chunk->header, JSON_HEADER_OPEN));
}

int json_add_object(struct parser *parser, struct str prefix, struct str text)
{
    struct json_reader *reader = reader_of(parser);
    struct event *event = &parser->event;
    uint32_t first = event->n_slots;
    bool cut = event->cut;
    text = str_trim(text);
    if (!reader)
        return -ENOMEM;
    bool lines = reader->lines; /* of the stream around it, if that is JSON too */
    if (text.len == 0 || text.ptr[0] != '{')
        return -EINVAL;
    json_keys_begin(reader);
    struct json_key *owner = &reader->keys.root;
    if (prefix.len > 0) {
        owner = json_keys_get(reader, &reader->keys.prefixes, prefix);
        owner->prefix_len = owner->path.len;
    }
    reader->frames[0].owner = owner;
    reader->hints = 0;
    reader->lines = false;
    const char *end = reader->walk(reader, text.ptr, text.ptr + text.len);
    reader->lines = lines;
    if (end != text.ptr + text.len) {
        event->n_slots = first;
        event->cut = cut;
        return -EINVAL;
    }
    json_shape_finish(reader, first);
    return 0;
}

/* The first thing of meaning in an object is a member's name, or its end. */
static int probe_object(struct str head)
{
    struct str inside = str_trim(str_skip(head, 1));
    if (inside.len == 0)
        return 50;
    if (inside.ptr[0] == '}')
        return 80;
    if (inside.ptr[0] != '"')
        return 0;
    struct json_scan scan = {0};
    size_t end = json_scan_run(&scan, inside, 0);
    struct str rest = str_trim(str_skip(inside, end));
    return rest.len == 0 ? 60 : rest.ptr[0] == ':' ? 95 : 0;
}

static int json_probe(struct str head)
{
    if (json_is_utf16(head)) { /* to say so; the byte order mark alone might be any text's */
        struct str start = str_first(head, 8);
        return str_index(start, '{') < start.len || str_index(start, '[') < start.len ? 70 : 0;
    }
    if (str_starts(head, JSON_BOM))
        head = str_skip(head, JSON_BOM.len);
    while (head.len && json_is_between(head.ptr[0]))
        head = str_skip(head, 1);
    struct str line = str_first(head, str_index(head, '\n'));
    if (is_record_title(line))
        return str_starts(str_trim(str_skip(head, line.len)), STR("{")) ? 95 : 40;
    if (str_starts(head, STR("{")))
        return probe_object(head);
    if (!str_starts(head, STR("[")))
        return 0;
    struct str inside = str_trim(str_skip(head, 1));
    if (str_starts(inside, STR("{")))
        return probe_object(inside);
    return str_starts(inside, STR("]")) ? 70 : 0;
}

const char *json_check(struct str text)
{
    return text.len == 0 ? "expected a JSON object" : JSON_BEST(json_check)(text);
}

const struct format format_json = {
    .id = FORMAT_JSON,
    .name = "json",
    .about = "JSON: lines, lists, concatenated or wrapped objects, one pretty-printed object",
    .probe = json_probe,
    .cut = json_cut,
    .parse = json_parse,
};
