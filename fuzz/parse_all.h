/*
 * parse_all: what every fuzz target of a reader does: a stream through cut() and parse(), each
 * chunk in a block of its own exact size, every value of every event touched.
 */
#ifndef JAGA_FUZZ_PARSE_ALL_H
#define JAGA_FUZZ_PARSE_ALL_H

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "parse/formats.h"

struct touch {
    struct sink sink;
    struct buf json;
    uint64_t hash; /* of all events, in their order */
};

static inline int touch_event(struct sink *sink, struct event *event)
{
    struct touch *touch = (struct touch *)sink;
    buf_clear(&touch->json);
    event_write_json(event, &touch->json);
    touch->hash = hash_bytes(touch->json.ptr, touch->json.len, touch->hash + 1);
    return 0;
}

static inline void touch_error(struct sink *sink, const struct parse_error *error)
{
    struct touch *touch = (struct touch *)sink;
    buf_clear(&touch->json);
    buf_add_c(&touch->json, error->message);
}

/* A copy in a block of its own exact size; ptr is NULL where memory ran out. */
static inline struct str copy_of(struct str s)
{
    char *copy = malloc(s.len ? s.len : 1);
    if (copy && s.len)
        memcpy(copy, s.ptr, s.len);
    return str_of(copy, s.len);
}

static inline void parse_chunk_copy(struct parser *parser, const struct format *format,
                                    struct chunk chunk, struct sink *sink)
{
    struct str header = copy_of(chunk.header), body = copy_of(chunk.body);
    chunk.header = header;
    chunk.body = body;
    if (header.ptr && body.ptr)
        parser_run(parser, format, &chunk, sink);
    free((void *)(uintptr_t)header.ptr);
    free((void *)(uintptr_t)body.ptr);
}

/* The stream arrives in steps of that many bytes. Returns a hash of its events. */
static inline uint64_t parse_all(const struct format *format, struct str stream,
                                 const struct parse_options *options, size_t step)
{
    struct touch touch = {.sink = {touch_event, touch_error}};
    struct fields fields;
    struct parser *parser = NULL;
    if (fields_init(&fields) < 0)
        return 0;
    parser = parser_new(&fields, options);
    struct cutter cutter = {.format = format};
    size_t at = 0, arrived = 0;
    format->probe(str_first(stream, PARSE_PROBE_SIZE));
    while (parser && at < stream.len) {
        struct str body = str_first(stream, 0);
        bool last = arrived == stream.len;
        size_t taken = format->cut(&cutter, str_of(stream.ptr + at, arrived - at), last, &body);
        assert(taken <= arrived - at && (taken > 0 || !last));
        if (taken == 0) {
            arrived = stream.len - arrived < step ? stream.len : arrived + step;
            continue;
        }
        struct chunk chunk = {.header = buf_str(&cutter.header),
                              .body = body,
                              .offset = (uint64_t)(body.ptr - stream.ptr)};
        parse_chunk_copy(parser, format, chunk, &touch.sink);
        at += taken;
    }
    buf_free(&cutter.header);
    buf_free(&touch.json);
    parser_free(parser);
    fields_free(&fields);
    return touch.hash;
}

#endif
