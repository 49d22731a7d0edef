#include "watch/batch_reader.h"

#include <errno.h>

/* The spool event that the byte stands in: the one at hand, the next, or by binary search. */
static uint32_t index_of(const struct batch_reader *reading, uint32_t offset)
{
    const uint32_t *ends = reading->batch->ends;
    uint32_t low = 0, high = reading->batch->n - 1, near = reading->place.index;
    if (reading->placed) {
        for (uint32_t i = near; i <= near + 1 && i < reading->batch->n; i++)
            if (offset < ends[i] && (i == 0 || offset >= ends[i - 1]))
                return i;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (offset < ends[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int on_event(struct sink *sink, struct event *event)
{
    struct batch_reader *reading = (struct batch_reader *)(void *)sink;
    uint32_t index = index_of(reading, reading->base + (uint32_t)event->offset);
    bool again = reading->placed && index == reading->place.index;
    reading->place = (struct batch_place){index, again ? reading->place.part + 1 : 0};
    reading->placed = true;
    if (index < reading->from || index >= reading->to)
        return 0;
    return reading->event(reading->context, event, reading->place);
}

static void on_error(struct sink *sink, const struct parse_error *error)
{
    struct batch_reader *reading = (struct batch_reader *)(void *)sink;
    uint32_t index = index_of(reading, reading->base + (uint32_t)error->offset);
    reading->errors++;
    if (reading->error && index >= reading->from && index < reading->to)
        reading->error(reading->context, index);
}

uint32_t batch_reader_last(const struct batch_reader *reading, const struct event *event)
{
    const struct spool_batch *batch = reading->batch;
    const char *bytes = batch->bytes, *raw = event->raw.ptr;
    if (event->raw.len == 0 || (uintptr_t)raw < (uintptr_t)bytes ||
        (uintptr_t)(raw + event->raw.len) > (uintptr_t)(bytes + batch->ends[batch->n - 1]))
        return reading->place.index;
    return index_of(reading, (uint32_t)(raw + event->raw.len - 1 - bytes));
}

int batch_reader_init(struct batch_reader *reading, const struct fields *fields, batch_event *event,
                      void *context)
{
    *reading = (struct batch_reader){.sink = {.event = on_event, .error = on_error},
                                     .parser = parser_new(fields, &(struct parse_options){0}),
                                     .event = event,
                                     .context = context};
    return reading->parser ? 0 : -ENOMEM;
}

void batch_reader_free(struct batch_reader *reading)
{
    if (reading->parser)
        parser_free(reading->parser);
    reading->parser = NULL;
}

/* Formats whose events mean nothing without a line that may stand before them. */
static bool has_header(enum format_id format)
{
    return format == FORMAT_CSV || format == FORMAT_ZEEK || format == FORMAT_W3C;
}

/* Parses bytes [start, end) of the batch as a stream of its own. */
static int parse_stream(struct batch_reader *reading, const struct format *format, uint32_t start,
                        uint32_t end)
{
    struct cutter cutter = {.format = format};
    struct str rest = str_of(reading->batch->bytes + start, end - start);
    int r = 0;
    while (r == 0 && rest.len) {
        struct str body = {0};
        size_t taken = format->cut(&cutter, rest, true, &body);
        if (taken == 0)
            break;
        struct chunk chunk = {.header = buf_str(&cutter.header), .body = body};
        rest = str_skip(rest, taken);
        if (body.len == 0)
            continue;
        reading->base = (uint32_t)(body.ptr - reading->batch->bytes);
        r = parser_run(reading->parser, format, &chunk, &reading->sink);
    }
    buf_free(&cutter.header);
    return r;
}

const struct format *batch_format(const struct spool_batch *batch)
{
    size_t size = batch->ends[batch->n - 1];
    const struct format *format = format_get((enum format_id)batch->format);
    return format ? format
                  : format_recognise(
                        str_of(batch->bytes, size < PARSE_PROBE_SIZE ? size : PARSE_PROBE_SIZE));
}

int batch_reader_run(struct batch_reader *reading, const struct spool_batch *batch, uint32_t from,
                     uint32_t to)
{
    const uint32_t *ends = batch->ends;
    struct parse_options options = {.reference_us = batch->received};
    const struct format *format = batch_format(batch);
    reading->batch = batch;
    reading->from = from;
    reading->to = to;
    reading->placed = false;
    parser_set_options(reading->parser, &options);
    if (!batch->split) {
        uint32_t first = has_header(format->id) ? 0 : from;
        return parse_stream(reading, format, first ? ends[first - 1] : 0, ends[to - 1]);
    }
    int r = 0;
    for (uint32_t i = from; i < to && r == 0; i++) {
        reading->place = (struct batch_place){i, 0};
        reading->placed = false;
        r = parse_stream(reading, format, i ? ends[i - 1] : 0, ends[i]);
    }
    return r;
}
