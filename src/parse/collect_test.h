/*
 * collect_test: a stream through a format's cut() and parse(), as the program does it, and what
 * came out as text that a test compares.
 */
#ifndef JAGA_PARSE_COLLECT_TEST_H
#define JAGA_PARSE_COLLECT_TEST_H

#include "parse/formats.h"
#include "parse/parse.h"

struct collection {
    struct sink sink;
    struct buf events; /* one JSON object a line, ended by NUL */
    struct buf errors; /* "offset record: message" a line, ended by NUL */
    unsigned count;    /* of events */
    unsigned n_errors;
    int64_t last_time; /* of the last event */
    uint64_t last_record;
    uint64_t last_offset; /* in the stream */
    uint64_t chunk_offset;
};

/* Feeds `stream` in steps of that many bytes (SIZE_MAX: at once). Free the result. */
struct collection collect(const struct format *format, struct str stream,
                          const struct parse_options *options, size_t step);
void collection_free(struct collection *collection);

/*
 * The stream gives exactly these events (a JSON object a line) and errors ("offset record: message"
 * a line), at once and in small steps. "Now" is 2026-11-21T12:00:00Z.
 */
void assert_collected(const struct format *format, struct str stream, const char *events,
                      const char *errors);

#endif
