/*
 * bench_match: events per second through JSON parsing, recognition and all rules, on
 * one core: the best of several rounds, by the time the thread was running.
 *
 *     bench_match CONTENT RULES-FOLDER... -- FILE.ndjson[.zst]...
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench_rules.h"
#include "measure.h"
#include "parse/parse.h"

#define ROUNDS_MIN 3
#define SECONDS_MIN 1.0

struct counting_sink {
    struct sink sink;
    struct datasets *datasets;
    struct matcher *matcher; /* NULL: parsing and recognition alone */
    uint64_t events, errors, matches;
    size_t slots;
};

static int on_event(struct sink *sink, struct event *event)
{
    struct counting_sink *self = (struct counting_sink *)sink;
    self->events++;
    self->slots += event->n_slots;
    datasets_recognise(self->datasets, event);
    if (self->matcher) {
        const uint32_t *rules;
        self->matches += matcher_run(self->matcher, event, &rules);
    }
    return 0;
}

static void on_error(struct sink *sink, const struct parse_error *error)
{
    (void)error;
    ((struct counting_sink *)sink)->errors++;
}

static void run_once(struct parser *parser, struct str text, struct counting_sink *sink)
{
    const struct format *format = format_recognise(str_first(text, PARSE_PROBE_SIZE));
    struct cutter cutter = {.format = format};
    while (text.len > 0) {
        struct chunk chunk = {0};
        size_t taken = format->cut(&cutter, text, true, &chunk.body);
        chunk.header = buf_str(&cutter.header);
        if (taken == 0)
            break;
        parser_run(parser, format, &chunk, &sink->sink);
        text = str_skip(text, taken);
    }
    buf_free(&cutter.header);
}

/* The best of several rounds, in events per second. */
static double measure(struct parser *parser, struct str text, struct counting_sink *sink)
{
    double best = 0, start = measure_now();
    for (int round = 0; round < ROUNDS_MIN || measure_now() - start < SECONDS_MIN; round++) {
        sink->events = sink->matches = sink->errors = sink->slots = 0;
        double from = measure_cpu();
        run_once(parser, text, sink);
        double rate = (double)sink->events / (measure_cpu() - from);
        best = rate > best ? rate : best;
    }
    return best;
}

static void bench_file(struct bench_rules *rules, const char *path)
{
    struct parse_options options = {0};
    struct str text = measure_read(path);
    struct parser *parser = parser_new(&rules->fields, &options);
    struct counting_sink sink = {.sink = {.event = on_event, .error = on_error},
                                 .datasets = rules->datasets};
    double parsing = parser ? measure(parser, text, &sink) : 0;
    sink.matcher = matcher_new(rules->ruleset);
    if (!parser || !sink.matcher)
        exit(1);
    double from = measure_cpu();
    run_once(parser, text, &sink);
    double first = measure_cpu() - from;
    double matching = measure(parser, text, &sink);
    struct matcher_stats stats;
    matcher_stats(sink.matcher, &stats);
    const char *name = strrchr(path, '/');
    printf("%-32s %9.0f events/s (parsing alone %9.0f; matching %5.0f ns an event); %.0f B and "
           "%.1f values an event, "
           "%.2f candidates, %.3f matches; first round %.0f ms\n",
           name ? name + 1 : path, matching, parsing, 1e9 / matching - 1e9 / parsing,
           (double)text.len / (double)sink.events, (double)sink.slots / (double)sink.events,
           (double)stats.candidates / (double)stats.events,
           (double)sink.matches / (double)sink.events, 1e3 * first);
    if (sink.errors || stats.failed || stats.regex_limited)
        printf("  unreadable %lu, failed %lu, regex limit spent %lu\n", (unsigned long)sink.errors,
               (unsigned long)stats.failed, (unsigned long)stats.regex_limited);
    matcher_free(sink.matcher);
    parser_free(parser);
    free((void *)(uintptr_t)text.ptr);
}

int main(int argc, char **argv)
{
    int split = 2;
    while (split < argc && strcmp(argv[split], "--") != 0)
        split++;
    if (split >= argc) {
        fprintf(stderr, "usage: bench_match CONTENT RULES-FOLDER... -- FILE...\n");
        return 2;
    }
    struct bench_rules rules;
    bench_rules_load(&rules, argv[1], argv + 2, split - 2);
    struct ruleset_stats stats;
    ruleset_stats(rules.ruleset, &stats);
    printf("%zu rules of %zu files (%zu refused), %u predicates (%u distinct); read %.0f, parsed "
           "%.0f, built "
           "%.0f ms\n",
           rules.set.rules.len, rules.n_files, rules.set.refusals.len, stats.predicates,
           stats.predicates_distinct, 1e3 * rules.read_s, 1e3 * rules.parse_s, 1e3 * rules.build_s);
    for (int i = split + 1; i < argc; i++)
        bench_file(&rules, argv[i]);
    ruleset_stats(rules.ruleset, &stats);
    printf("%u buckets, %.1f MB of rules\n", stats.buckets, (double)stats.memory / 1e6);
    bench_rules_free(&rules);
    return 0;
}
