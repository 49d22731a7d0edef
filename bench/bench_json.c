/*
 * How fast JSON becomes events: cut, scanned, names resolved to the ids of a dictionary that
 * knows some of them. Prints one line: events, bytes an event, GB/s, events/s, best of the rounds.
 *
 *     bench_json FILE [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>

#include "parse/parse.h"
#include "measure.h"

#define CHUNK_SIZE (1u << 20)

struct counter {
    struct sink sink;
    uint64_t events, slots, errors;
};

static int count_event(struct sink *sink, struct event *event)
{
    struct counter *counter = (struct counter *)sink;
    counter->events++;
    counter->slots += event->n_slots;
    return 0;
}

static void count_error(struct sink *sink, const struct parse_error *error)
{
    struct counter *counter = (struct counter *)sink;
    (void)error;
    counter->errors++;
}

static void run(struct parser *parser, struct str data, struct counter *counter)
{
    const struct format *format = format_recognise(data);
    struct cutter cutter = {.format = format};
    while (data.len) {
        struct chunk chunk = {0};
        size_t piece = CHUNK_SIZE, taken = 0;
        while (taken == 0) {
            bool last = piece >= data.len;
            taken = format->cut(&cutter, str_first(data, piece), last, &chunk.body);
            piece *= 2;
        }
        chunk.header = buf_str(&cutter.header);
        parser_run(parser, format, &chunk, &counter->sink);
        data = str_skip(data, taken);
    }
    buf_free(&cutter.header);
}

int main(int argc, char **argv)
{
    static const char *const known[] = {"EventID", "Image", "CommandLine", "User", "Channel"};
    struct parse_options options = {0};
    struct fields fields;
    struct str data = argc > 1 ? measure_read(argv[1]) : (struct str){0};
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 50;
    if (!data.ptr || fields_init(&fields) < 0) {
        fprintf(stderr, "usage: bench_json FILE [ROUNDS]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        fields_add(&fields, str_from_c(known[i]));
    struct parser *parser = parser_new(&fields, &options);
    double best = 1e9;
    struct counter counter = {.sink = {count_event, count_error}};
    for (int i = 0; parser && i < rounds; i++) {
        counter = (struct counter){.sink = {count_event, count_error}};
        double start = measure_now();
        run(parser, data, &counter);
        double seconds = measure_now() - start;
        best = seconds < best ? seconds : best;
    }
    double events = counter.events ? (double)counter.events : 1;
    printf("%s: %llu events of %.0f bytes and %.1f values, %llu errors: %.2f GB/s, %.0f events/s\n",
           argv[1], (unsigned long long)counter.events, (double)data.len / events,
           (double)counter.slots / events, (unsigned long long)counter.errors,
           (double)data.len / best / 1e9, (double)counter.events / best);
    parser_free(parser);
    fields_free(&fields);
    measure_free(data);
    return 0;
}
