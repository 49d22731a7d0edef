/*
 * auditd: the Linux audit trail, /var/log/audit/audit.log, raw or enriched.
 *
 *     type=SYSCALL msg=audit(1732154400.123:4567): arch=c000003e syscall=59 ... comm="cat" key="x"
 *     type=EXECVE msg=audit(1732154400.123:4567): argc=2 a0="cat" a1="/etc/shadow"
 *     type=PATH msg=audit(1732154400.123:4567): item=0 name="/usr/bin/cat" ...
 *
 * The records of one event (same node, time and serial) are joined into one: `type` is the list of
 * theirs, `msg` their id, the fields are all their fields by the trail's own names; what comes from
 * several records (name of two PATHs) is a list. a0, a1 ... are EXECVE's arguments where there are
 * any; those of its SYSCALL are addresses then, and left out. audit_record.h says how values are
 * decoded.
 *
 * Records of several events may be mixed. One belongs to an event when it stands at most
 * AUDITD_WINDOW lines behind the event's record before it; events come in the order of their last
 * record.
 * Both follow from the lines alone, so that a stream cut anywhere the cutter likes gives the same
 * events. Time: that of the id.
 */
#include <errno.h>
#include <stdlib.h>

#include "parse/audit_record.h"
#include "parse/formats.h"
#include "parse/lines.h"
#include "parse/names.h"
#include "parse/payload.h"

#define AUDITD_WINDOW 32        /* lines */
#define AUDITD_RECORDS_MAX 4096 /* of one event; a further one starts another, and is reported */
#define CUT_SEARCH 256          /* places that the cutter tries */

#define RING (AUDITD_WINDOW + 1)

struct part {
    struct audit_record record;
    struct line line;
};

/* An event whose records are being collected. */
struct pending {
    VEC(struct part) parts;
    bool used;
};

/*
 * Events by their last line: the one whose last record is line n is in ring[n % RING], so that the
 * place line n takes is that of an event that can get no more records.
 */
struct auditd_state {
    struct pending ring[RING];
    uint64_t lines;
    uint64_t events;
};

static void auditd_free(void *state)
{
    struct auditd_state *auditd = state;
    for (size_t i = 0; i < RING; i++)
        vec_free(&auditd->ring[i].parts);
}

/* The records' bytes: as they stand together, or copied together where others lie between. */
static struct str raw_of(const struct pending *pending, struct arena *arena)
{
    const struct part *parts = pending->parts.items;
    size_t n = pending->parts.len, len = 0;
    const struct line *first = &parts[0].line, *last = &parts[n - 1].line;
    if (last->record - first->record == n - 1)
        return str_of(first->text.ptr, (size_t)(last->text.ptr + last->text.len - first->text.ptr));
    for (size_t i = 0; i < n; i++)
        len += parts[i].line.text.len + 1;
    char *bytes = arena_bytes(arena, len), *out = bytes;
    if (!bytes)
        return first->text;
    for (size_t i = 0; i < n; i++) {
        memcpy(out, parts[i].line.text.ptr, parts[i].line.text.len);
        out += parts[i].line.text.len;
        *out++ = '\n';
    }
    return str_of(bytes, len - 1);
}

static bool has_type(const struct pending *pending, struct str type)
{
    for (size_t i = 0; i < pending->parts.len; i++)
        if (str_eq(pending->parts.items[i].record.type, type))
            return true;
    return false;
}

static void add_parts(struct parser *parser, const struct pending *pending)
{
    bool execve = has_type(pending, STR("EXECVE"));
    const struct part *parts = pending->parts.items;
    const struct audit_record *first = &parts[0].record;
    if (first->type.len == 0) {
        parser_add(parser, STR("message"), parts[0].line.text, VALUE_STRING, parts[0].line.flags);
        return;
    }
    parser->event.time = audit_record_time(first->id);
    for (size_t i = 0; i < pending->parts.len; i++)
        parser_add(parser, STR("type"), parts[i].record.type, VALUE_STRING, parts[i].line.flags);
    parser_add(parser, STR("msg"), first->msg, VALUE_STRING, parts[0].line.flags);
    if (first->node.len)
        parser_add(parser, STR("node"), first->node, VALUE_STRING, parts[0].line.flags);
    for (size_t i = 0; i < pending->parts.len; i++) {
        struct audit_record record = parts[i].record;
        record.addresses = execve && str_eq(record.type, STR("SYSCALL"));
        audit_record_add(parser, &record, parts[i].line.flags);
    }
    names_mark_lists(parser);
}

/* Hands an event over and frees its place. */
static int finish(struct parser *parser, struct auditd_state *state, struct pending *pending,
                  struct sink *sink)
{
    if (!pending->used)
        return 0;
    pending->used = false;
    parser_begin(parser, ++state->events, pending->parts.items[0].line.offset, STR(""));
    parser->event.raw = raw_of(pending, &parser->scratch);
    add_parts(parser, pending);
    pending->parts.len = 0;
    return parser_end(parser, sink);
}

/* The place of the event that a record belongs to, the latest first; NULL when it starts one. */
static struct pending *find(struct auditd_state *state, const struct audit_record *record)
{
    for (uint64_t back = 1; back <= AUDITD_WINDOW && back < state->lines && record->id.len;
         back++) {
        struct pending *pending = &state->ring[(state->lines - back) % RING];
        if (!pending->used)
            continue;
        const struct audit_record *other = &pending->parts.items[0].record;
        if (str_eq(other->id, record->id) && str_eq(other->node, record->node))
            return pending;
    }
    return NULL;
}

/* Puts a line where it belongs. */
static int take_line(struct parser *parser, struct auditd_state *state, const struct line *line,
                     struct sink *sink)
{
    struct part part = {.line = *line};
    struct pending *place = &state->ring[++state->lines % RING];
    int status = finish(parser, state, place, sink);
    if (status < 0)
        return status;
    if (!audit_record_read(line->text, &part.record))
        parser_error(sink, line->offset, line->record,
                     "not a record of the audit trail; kept as `message`");
    struct pending *mine = find(state, &part.record);
    if (mine && mine->parts.len == AUDITD_RECORDS_MAX) {
        parser_error(sink, line->offset, line->record, "an event of more records than are joined");
        mine = NULL;
    }
    if (mine) { /* it moves to the place of its new last line */
        struct pending free_place = *place;
        *place = *mine;
        *mine = free_place;
    }
    place->used = true;
    return vec_push(&place->parts, part);
}

static int auditd_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct auditd_state *state = parser_state(parser, FORMAT_AUDITD, sizeof(*state), auditd_free);
    struct lines lines;
    struct line line;
    int status = state ? 0 : -ENOMEM;
    if (status < 0)
        return status;
    state->lines = 0;
    state->events = 0;
    lines_start(&lines, chunk, sink);
    while (status == 0 && lines_next(&lines, &line))
        status = take_line(parser, state, &line, sink);
    for (uint64_t i = 1; i <= RING; i++) {
        struct pending *pending = &state->ring[(state->lines + i) % RING];
        if (status == 0)
            status = finish(parser, state, pending, sink);
        pending->used = false;
        pending->parts.len = 0;
    }
    return status;
}

int auditd_add(struct parser *parser, struct str text, unsigned flags)
{
    struct audit_record record;
    if (!audit_record_read(text, &record))
        return -EINVAL;
    int64_t time = audit_record_time(record.id);
    if (time != TIME_UNSET)
        parser->event.time = time;
    parser_add(parser, STR("type"), record.type, VALUE_STRING, flags);
    parser_add(parser, STR("msg"), record.msg, VALUE_STRING, flags);
    if (record.node.len)
        parser_add(parser, STR("node"), record.node, VALUE_STRING, flags);
    audit_record_add(parser, &record, flags);
    return 0;
}

/*
 * The end of a stream's lines that the cutter looks at, the latest first: ids, and where lines
 * begin.
 */
struct tail {
    struct audit_record records[CUT_SEARCH + 2 * AUDITD_WINDOW];
    size_t starts[CUT_SEARCH + 2 * AUDITD_WINDOW];
    size_t n;
};

/* Lines of `text`, which ends with a line end, from its end backwards. */
static void read_tail(struct str text, struct tail *tail)
{
    size_t end = text.len;
    tail->n = 0;
    while (end > 0 && tail->n < CUT_SEARCH + 2 * AUDITD_WINDOW) {
        const char *before = end > 1 ? memrchr(text.ptr, '\n', end - 1) : NULL;
        size_t start = before ? (size_t)(before - text.ptr) + 1 : 0;
        struct str line = str_of(text.ptr + start, end - 1 - start);
        line.len -= line.len && line.ptr[line.len - 1] == '\r';
        end = start;
        if (line.len == 0)
            continue;
        if (!audit_record_read(line, &tail->records[tail->n]))
            tail->records[tail->n] = (struct audit_record){0};
        tail->starts[tail->n++] = start;
    }
}

/* Does no event reach over the start of tail line `at`? */
static bool is_apart(const struct tail *tail, size_t at)
{
    for (size_t after = 0; after < AUDITD_WINDOW; after++) {
        const struct audit_record *record = &tail->records[at - after];
        for (size_t before = 1; before + after <= AUDITD_WINDOW && at + before < tail->n;
             before++) {
            const struct audit_record *other = &tail->records[at + before];
            if (record->id.len && str_eq(record->id, other->id) &&
                str_eq(record->node, other->node))
                return false;
        }
    }
    return true;
}

static size_t auditd_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    struct tail tail;
    struct str lines;
    size_t len = parse_cut_lines(cutter, data, last, &lines);
    *ret_body = lines;
    if (last || cutter->state[CUT_LINE_SKIP] || lines.len == 0 || lines.ptr[lines.len - 1] != '\n')
        return len;
    read_tail(lines, &tail);
    for (size_t at = AUDITD_WINDOW - 1; at + 1 < tail.n && at < CUT_SEARCH + AUDITD_WINDOW; at++) {
        if (!is_apart(&tail, at))
            continue;
        *ret_body = str_first(lines, tail.starts[at]);
        return len - lines.len + ret_body->len;
    }
    if (lines.len > PARSE_RECORD_MAX)
        return len; /* no place to cut in all of this: it is cut here */
    *ret_body = str_first(lines, 0);
    return len - lines.len;
}

static bool is_audit(struct str line)
{
    struct audit_record record;
    return (str_starts(line, STR("type=")) || str_starts(line, STR("node="))) &&
           audit_record_read(line, &record);
}

static int auditd_probe(struct str head)
{
    return lines_probe(head, is_audit) >= 60 ? 97 : 0;
}

const struct format format_auditd = {.id = FORMAT_AUDITD,
                                     .name = "auditd",
                                     .about =
                                         "the Linux audit trail, its records joined into events",
                                     .probe = auditd_probe,
                                     .cut = auditd_cut,
                                     .parse = auditd_parse};
