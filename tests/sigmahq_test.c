/*
 * The compiled engine against the plain evaluation, with real rules over real events:
 * every SigmaHQ rule, every regression event, and a sample of each lane. Skips (exit 77) where the
 * data is absent.
 *
 *     sigmahq_test CONTENT DATA
 */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/bench_rules.h"
#include "bench/measure.h"
#include "parse/parse.h"
#include "sigma/eval.h"

#define LANE_STEP 100 /* every so manieth event of a lane: the plain evaluation is slow */

struct comparing_sink {
    struct sink sink;
    struct bench_rules *rules;
    struct matcher *matcher;
    uint64_t step, seen, compared, matches, differences;
};

static void report(struct comparing_sink *self, uint32_t rule, bool actual, struct event *event)
{
    struct buf text = {0};
    buf_printf(&text, "the engine says %s of %.*s, the rule does not\n", actual ? "yes" : "no",
               STR_ARG(self->rules->set.rules.items[rule]->meta.origin));
    event_write_json(event, &text);
    fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&text)));
    buf_free(&text);
    self->differences++;
}

static int on_event(struct sink *sink, struct event *event)
{
    struct comparing_sink *self = (struct comparing_sink *)sink;
    const uint32_t *rules;
    if (self->seen++ % self->step != 0)
        return 0;
    datasets_recognise(self->rules->datasets, event);
    size_t n = matcher_run(self->matcher, event, &rules), k = 0;
    for (uint32_t i = 0; i < self->rules->set.rules.len; i++) {
        bool actual = k < n && rules[k] == i;
        k += actual;
        if (actual !=
            sigma_eval_rule(self->rules->set.rules.items[i], self->rules->datasets, event))
            report(self, i, actual, event);
    }
    self->compared++;
    self->matches += n;
    return 0;
}

static void on_error(struct sink *sink, const struct parse_error *error)
{
    (void)sink;
    fprintf(stderr, "%s\n", error->message);
}

static void compare_file(struct comparing_sink *self, const char *path)
{
    struct parse_options options = {0};
    struct str whole = measure_read(path), text = whole;
    const struct format *format = format_recognise(str_first(text, PARSE_PROBE_SIZE));
    struct cutter cutter = {.format = format};
    struct parser *parser = parser_new(&self->rules->fields, &options);
    while (parser && text.len > 0) {
        struct chunk chunk = {0};
        size_t taken = format->cut(&cutter, text, true, &chunk.body);
        if (taken == 0)
            break;
        chunk.header = buf_str(&cutter.header);
        parser_run(parser, format, &chunk, &self->sink);
        text = str_skip(text, taken);
    }
    buf_free(&cutter.header);
    parser_free(parser);
    measure_free(whole);
}

static void compare_folder(struct comparing_sink *self, const char *data, const char *folder,
                           const char *suffix)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", data, folder);
    char *roots[] = {path, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; walk && (entry = fts_read(walk));)
        if (entry->fts_info == FTS_F && str_ends(str_from_c(entry->fts_name), str_from_c(suffix)))
            compare_file(self, entry->fts_path);
    if (walk)
        fts_close(walk);
}

int main(int argc, char **argv)
{
    char folders[3][4096];
    char *paths[3] = {folders[0], folders[1], folders[2]};
    static const char *const NAMES[] = {"rules", "rules-emerging-threats", "rules-threat-hunting"};
    struct stat about;
    struct bench_rules rules;
    if (argc != 3)
        return 2;
    for (int i = 0; i < 3; i++) {
        snprintf(folders[i], sizeof(folders[i]), "%s/sigma/%s", argv[2], NAMES[i]);
        if (stat(folders[i], &about) < 0) {
            fprintf(stderr, "skipped: %s is not there\n", folders[i]);
            return 77;
        }
    }
    bench_rules_load(&rules, argv[1], paths, 3);
    struct comparing_sink sink = {.sink = {.event = on_event, .error = on_error},
                                  .rules = &rules,
                                  .matcher = matcher_new(rules.ruleset),
                                  .step = 1};
    if (!sink.matcher)
        return 1;
    compare_folder(&sink, argv[2], "sigma/regression_data", ".json");
    sink.step = LANE_STEP;
    compare_folder(&sink, argv[2], "lanes", ".zst");
    printf("%zu rules, %lu events compared, %lu matches, %lu differences\n", rules.set.rules.len,
           (unsigned long)sink.compared, (unsigned long)sink.matches,
           (unsigned long)sink.differences);
    matcher_free(sink.matcher);
    bench_rules_free(&rules);
    return sink.differences > 0 || sink.matches == 0;
}
