/*
 * EVTX bytes to events on one core: MB/s and events/s of the files given, each read several times
 * from memory. Prints one line a file and a total; files other than EVTX are passed over.
 */
#include <stdio.h>

#include "parse/parse.h"
#include "measure.h"

#define ROUNDS_SECONDS 0.3 /* measured for at least so long, after one round to warm up */

struct count {
    struct sink sink;
    uint64_t events, slots, bytes_text;
};

static int count_event(struct sink *sink, struct event *event)
{
    struct count *count = (struct count *)sink;
    count->events++;
    count->slots += event->n_slots;
    for (uint32_t i = 0; i < event->n_slots; i++)
        count->bytes_text += event->slots[i].text_len;
    return 0;
}

static void ignore_error(struct sink *sink, const struct parse_error *error)
{
    (void)sink;
    (void)error;
}

/* Seconds of processor time, which other programs on the machine do not take from us. */
static void parse_all(struct parser *parser, const struct format *format, struct str data,
                      struct sink *sink)
{
    struct cutter cutter = {.format = format};
    struct chunk chunk = {0};
    while (data.len) {
        size_t taken = format->cut(&cutter, data, true, &chunk.body);
        parser_run(parser, format, &chunk, sink);
        data = str_skip(data, taken);
    }
}

static void print_rate(const char *what, uint64_t bytes, const struct count *count, double seconds)
{
    printf("%8.0f MB/s %10.0f events/s %6.1f slots/event %6.0f bytes/event  %s\n",
           (double)bytes / seconds / 1e6, (double)count->events / seconds,
           count->events ? (double)count->slots / (double)count->events : 0.0,
           count->events ? (double)bytes / (double)count->events : 0.0, what);
}

int main(int argc, char **argv)
{
    struct fields fields;
    struct parse_options options = {0};
    struct parser *parser = fields_init(&fields) == 0 ? parser_new(&fields, &options) : NULL;
    const struct format *format = format_get(FORMAT_EVTX);
    struct count total = {.sink = {count_event, ignore_error}};
    uint64_t total_bytes = 0;
    double total_seconds = 0;
    if (!parser)
        return 1;
    for (int i = 1; i < argc; i++) {
        struct str file = measure_read(argv[i]);
        if (format->probe(file) == 0) {
            measure_free(file);
            continue;
        }
        struct count count = {.sink = {count_event, ignore_error}};
        parse_all(parser, format, file, &count.sink);
        count = (struct count){.sink = {count_event, ignore_error}};
        uint64_t bytes = 0;
        double start = measure_cpu(), seconds;
        do {
            parse_all(parser, format, file, &count.sink);
            bytes += file.len;
            seconds = measure_cpu() - start;
        } while (seconds < ROUNDS_SECONDS);
        print_rate(argv[i], bytes, &count, seconds);
        total.events += count.events;
        total.slots += count.slots;
        total_bytes += bytes;
        total_seconds += seconds;
        measure_free(file);
    }
    if (total_seconds > 0)
        print_rate("total", total_bytes, &total, total_seconds);
    else
        printf("no EVTX files given: bench_evtx FILE...\n");
    parser_free(parser);
    fields_free(&fields);
    return 0;
}
