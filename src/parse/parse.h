/*
 * parse: bytes → events. Pure: no I/O, no globals, no logging. A format is one row
 * of a table: it recognises itself by content, says where its stream may be cut into
 * chunks that are parsed independently (by any thread), and turns a chunk into events.
 *
 *     stream ──cut()──▶ chunk | chunk | chunk ──parse()──▶ sink->event(), sink->error()
 *                         (header: what every chunk needs, e.g. a CSV's first line)
 *
 * Hostile input is the normal case: a format never reads outside what it was
 * given, bounds depth, sizes and counts, and reports what it could not read with its offset.
 */
#ifndef JAGA_PARSE_PARSE_H
#define JAGA_PARSE_PARSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "event/event.h"
#include "event/fields.h"

enum format_id {
    FORMAT_UNKNOWN,
    FORMAT_EVTX,
    FORMAT_JSON,
    FORMAT_XML,
    FORMAT_SYSLOG,
    FORMAT_CEF,
    FORMAT_LEEF,
    FORMAT_KV,
    FORMAT_CSV,
    FORMAT_ZEEK,
    FORMAT_AUDITD,
    FORMAT_ACCESS,
    FORMAT_W3C,
    FORMAT_JOURNAL,
    FORMAT_PLAIN,
    FORMAT_COUNT
};

#define PARSE_RECORD_MAX (16u << 20) /* one record, bytes; a longer one is skipped and reported */
#define PARSE_PROBE_SIZE 65536       /* bytes of a stream's start that recognition looks at */
#define PARSE_SCRATCH_MAX (64u << 20)

/* Something that could not be read. The strings live for the length of the call. */
struct parse_error {
    uint64_t offset;     /* bytes from the chunk's start */
    uint64_t record;     /* as event.record, 0 when unknown */
    const char *message; /* what was expected; no hostile bytes in it */
};

/*
 * Who receives the events of a parse. A negative return of event() stops it
 * and is parse()'s return.
 */
struct sink {
    int (*event)(struct sink *sink, struct event *event);
    void (*error)(struct sink *sink, const struct parse_error *error);
};

/* What one stream (a file, a member, a connection) is, fixed before its first chunk. */
struct parse_options {
    int64_t reference_us; /* "now" for times without a year: the file's mtime, or the present */
    bool recover;         /* EVTX: carve slack and lost chunks too */
};

/* A piece of a stream that can be parsed by itself. */
struct chunk {
    struct str header; /* context from earlier in the stream, or empty */
    struct str body;
    uint64_t offset; /* of body's start in the stream */
};

/* State of the cutting of one stream; each format keeps what it needs in `state`. */
struct cutter {
    const struct format *format;
    struct buf header; /* what the next chunks need from before them */
    uint64_t state[4]; /* the format's own; zero at the start */
};

struct parser; /* opaque: name cache, slots, scratch arena; one per thread */

struct format {
    enum format_id id;
    const char *name;  /* of --format */
    const char *about; /* one sentence for --help */

    /* Is `head`, the first bytes of a stream, in this format? 0: no, 100: certainly. */
    int (*probe)(struct str head);

    /*
     * Looks at `data`, unconsumed bytes of the stream (`last`: there will be no more),
     * and returns how many of them the next chunk takes; 0 asks for more bytes (never with last,
     * unless data is empty). Bytes before ret_body are skipped; an empty body is nothing to parse.
     * Updates cutter->header first, where this chunk needs a new one. A record longer than
     * PARSE_RECORD_MAX must not ask for ever: it is passed on as it is and refused by parse().
     */
    size_t (*cut)(struct cutter *cutter, struct str data, bool last, struct str *ret_body);

    /* Parses one chunk. 0, or what sink->event() returned. */
    int (*parse)(struct parser *parser, const struct chunk *chunk, struct sink *sink);
};

/* The row of a format; NULL for FORMAT_UNKNOWN or a name that is not known. */
const struct format *format_get(enum format_id id);
const struct format *format_by_name(struct str name);

/*
 * Recognises a stream by its first bytes (up to PARSE_PROBE_SIZE). Never
 * NULL: plain lines take what is left.
 */
const struct format *format_recognise(struct str head);

/* A parser over a frozen dictionary that outlives it. NULL: no memory. */
struct parser *parser_new(const struct fields *fields, const struct parse_options *options);
void parser_free(struct parser *parser);

/* Another stream: its options; name caches are kept. */
void parser_set_options(struct parser *parser, const struct parse_options *options);

/*
 * Parses a chunk with its format. Sets event.format; the sink sees events in their order.
 * Events keep pointers into chunk->body during the sink's call only.
 */
int parser_run(struct parser *parser, const struct format *format, const struct chunk *chunk,
               struct sink *sink);

#endif
