#include "parse/collect_test.h"

#include "base/test.h"

static int take_event(struct sink *sink, struct event *event)
{
    struct collection *collection = (struct collection *)sink;
    event_write_json(event, &collection->events);
    buf_add_byte(&collection->events, '\n');
    collection->count++;
    collection->last_time = event->time;
    collection->last_record = event->record;
    collection->last_offset = collection->chunk_offset + event->offset;
    return 0;
}

static void take_error(struct sink *sink, const struct parse_error *error)
{
    struct collection *collection = (struct collection *)sink;
    collection->n_errors++;
    buf_printf(&collection->errors, "%llu %llu: %s\n",
               (unsigned long long)(collection->chunk_offset + error->offset),
               (unsigned long long)error->record, error->message);
}

static void end_with_nul(struct buf *text)
{
    buf_add_byte(text, 0);
    assert_false(text->failed);
    text->len--;
}

struct collection collect(const struct format *format, struct str stream,
                          const struct parse_options *options, size_t step)
{
    struct collection collection = {.sink = {take_event, take_error}};
    struct fields fields;
    assert_int_equal(fields_init(&fields), 0);
    struct parser *parser = parser_new(&fields, options);
    assert_non_null(parser);
    struct cutter cutter = {.format = format};
    size_t at = 0, arrived = 0;
    while (at < stream.len) {
        struct str body;
        bool last = arrived == stream.len;
        size_t taken = format->cut(&cutter, str_of(stream.ptr + at, arrived - at), last, &body);
        assert_true(taken <= arrived - at);
        if (taken == 0) {
            assert_false(last);
            arrived = stream.len - arrived < step ? stream.len : arrived + step;
            continue;
        }
        collection.chunk_offset = (uint64_t)(body.ptr - stream.ptr);
        struct chunk chunk = {buf_str(&cutter.header), body, collection.chunk_offset};
        assert_int_equal(parser_run(parser, format, &chunk, &collection.sink), 0);
        at += taken;
    }
    buf_free(&cutter.header);
    parser_free(parser);
    fields_free(&fields);
    end_with_nul(&collection.events);
    end_with_nul(&collection.errors);
    return collection;
}

void collection_free(struct collection *collection)
{
    buf_free(&collection->events);
    buf_free(&collection->errors);
}

void assert_collected(const struct format *format, struct str stream, const char *events,
                      const char *errors)
{
    const struct parse_options options = {.reference_us = INT64_C(1795262400000000)};
    struct collection got = collect(format, stream, &options, SIZE_MAX);
    assert_string_equal(got.events.ptr, events);
    assert_string_equal(got.errors.ptr, errors);
    collection_free(&got);
    got = collect(format, stream, &options, 7);
    assert_string_equal(got.events.ptr, events);
    collection_free(&got);
}
