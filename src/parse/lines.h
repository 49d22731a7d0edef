/*
 * lines: walking a chunk line by line, which is what most text formats do. A line
 * has lost its LF or CRLF; empty lines are passed over; one longer than PARSE_RECORD_MAX is
 * reported and passed over. Lines point into the chunk.
 */
#ifndef JAGA_PARSE_LINES_H
#define JAGA_PARSE_LINES_H

#include "parse/parser.h"

#define LINES_PROBE_MAX 32 /* lines that recognition looks at */

struct line {
    struct str text;
    uint64_t offset; /* bytes from the chunk's start */
    uint64_t record; /* from 1 */
    unsigned flags;  /* of slots with text of this line: SLOT_UNCHECKED where it is not all ASCII */
};

struct lines {
    const char *start; /* the chunk's */
    struct str rest;
    uint64_t record; /* of the line before */
    struct sink *sink;
};

/* The flags of slots whose text is part of `text`. */
unsigned lines_flags(struct str text);

/* Without the byte order mark that Windows programs put before UTF-8. */
struct str lines_skip_bom(struct str text);

/* Stands before the first line of the chunk's body. */
void lines_start(struct lines *lines, const struct chunk *chunk, struct sink *sink);

/* The next line; false at the end. */
bool lines_next(struct lines *lines, struct line *ret_line);

/*
 * Makes one event of a line: adds slots, may set event->time. Returns what was wrong, for a report,
 * or NULL.
 */
typedef const char *lines_event_fn(struct parser *parser, const struct line *line);

/* A line as one event: begun, filled by `event`, handed to the sink, whose status is returned. */
int lines_run_one(struct parser *parser, const struct line *line, struct sink *sink,
                  lines_event_fn *event);

/* parse() of a format whose every line is an event. */
int lines_run(struct parser *parser, const struct chunk *chunk, struct sink *sink,
              lines_event_fn *event);

/*
 * Of the first LINES_PROBE_MAX lines of a stream's head, how many percent does `fits`
 * know? 0 when there are none. A last line that the head cuts in two does not count.
 */
int lines_probe(struct str head, bool (*fits)(struct str line));

#endif
