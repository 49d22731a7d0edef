/* jaga rules explain: why a rule matched an event or not, selection by selection. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/out_style.h"
#include "cli/reading.h"
#include "sigma/eval.h"

#define MATCHES_SHOWN 20 /* events that match, of each rule's */
#define MISSES_SHOWN 3   /* and that do not: the first ones of its logsource */

struct explain {
    const struct cli *cli;
    struct engine engine;
    FILE *out;
    uint64_t matched, missed, foreign, shown_matches, shown_misses;
    struct buf foreign_text; /* of the first event of another logsource: shown when all are */
};

/* What was said of one event: printed when its record number is known. */
struct explained {
    uint64_t record;
    size_t end; /* of its text */
    bool matched;
};

struct explain_result {
    struct buf text;
    VEC(struct explained) events;
};

static void *thread_new(void *context)
{
    return context;
}

static void thread_free(void *thread)
{
    (void)thread;
}

static void *result_new(void *context)
{
    (void)context;
    return calloc(1, sizeof(struct explain_result));
}

static void result_free(void *state)
{
    struct explain_result *result = state;
    buf_free(&result->text);
    vec_free(&result->events);
    free(result);
}

static void begin(void *thread, void *state)
{
    struct explain_result *result = state;
    (void)thread;
    buf_clear(&result->text);
    result->events.len = 0;
}

static int on_event(void *thread, void *state, struct event *event)
{
    struct explain *explain = thread;
    struct explain_result *result = state;
    const struct sigma_set *set = &explain->engine.set;
    datasets_recognise(explain->engine.datasets, event);
    for (size_t i = 0; i < set->rules.len; i++) {
        const struct sigma_rule *rule = set->rules.items[i];
        bool matched = sigma_eval_rule(rule, explain->engine.datasets, event);
        bool concerned = sigma_eval_logsource(rule, explain->engine.datasets, event);
        explain->matched += matched;
        explain->missed += !matched && concerned;
        explain->foreign += !matched && !concerned;
        if (explain->foreign == 1 && explain->foreign_text.len == 0)
            sigma_explain(rule, explain->engine.datasets, event, explain->cli->colour_out,
                          &explain->foreign_text);
        if (matched ? explain->shown_matches++ >= MATCHES_SHOWN
                    : !concerned || explain->shown_misses++ >= MISSES_SHOWN)
            continue;
        sigma_explain(rule, explain->engine.datasets, event, explain->cli->colour_out,
                      &result->text);
        struct explained row = {event->record, result->text.len, matched};
        if (result->text.failed || vec_push(&result->events, row) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int on_chunk(void *context, const struct scan_chunk *chunk)
{
    const struct explain *explain = context;
    const struct explain_result *result = chunk->result;
    size_t start = 0;
    for (size_t i = 0; i < result->events.len; i++) {
        const struct explained *row = &result->events.items[i];
        struct buf path = {0};
        style_printable(&path, chunk->stream->path, 0);
        fprintf(explain->out, "%s%.*s, record %llu%s\n", style_bold(explain->cli->colour_out),
                STR_ARG(buf_str(&path)), (unsigned long long)(row->record + chunk->record_base),
                style_reset(explain->cli->colour_out));
        fwrite(result->text.ptr + start, 1, row->end - start, explain->out);
        fputc('\n', explain->out);
        start = row->end;
        buf_free(&path);
    }
    return ferror(explain->out) ? -EPIPE : 0;
}

static int read_events(struct explain *explain)
{
    /* The first path is the rule. One thread reads, so that the first events are those shown. */
    struct cli events = *explain->cli;
    struct reading reading = {0};
    events.settings.jobs = 1;
    events.settings.paths.items++;
    events.settings.paths.len--;
    int code = reading_start(&reading, &events);
    if (code == EXIT_DONE) {
        explain->out = reading.out;
        struct scan_job job = {explain,  thread_new, thread_free, result_new, result_free, begin,
                               on_event, on_chunk,   NULL,        NULL,       NULL};
        int status = reading_run(&reading, &job, &explain->engine.fields);
        fprintf(explain->out,
                "%llu matched, %llu of its logsource did not, %llu are of another one",
                (unsigned long long)explain->matched, (unsigned long long)explain->missed,
                (unsigned long long)explain->foreign);
        if (explain->matched > MATCHES_SHOWN || explain->missed > MISSES_SHOWN)
            fputs(" (not all are shown)", explain->out);
        fputc('\n', explain->out);
        code = reading_finish_output(&reading);
        if (status < 0 && status != -EPIPE) {
            cli_complain(explain->cli, "cannot go on: %s", strerror(-status));
            code = EXIT_BROKEN;
        }
        if (code == EXIT_DONE)
            code = reading_exit_code(&reading);
    }
    reading_free(&reading);
    return code;
}

static int run(const struct cli *cli)
{
    struct explain explain = {.cli = cli};
    const char *rule[] = {cli->settings.paths.items[0]};
    text_list rules = {rule, 1, 1};
    int code = engine_open(&explain.engine, cli);
    if (code == EXIT_DONE)
        code = engine_read_rules(&explain.engine, &rules);
    if (code == EXIT_DONE)
        code = engine_compile(&explain.engine);
    if (code == EXIT_DONE) {
        engine_say_refusals(&explain.engine, true);
        code = explain.engine.set.rules.len ? read_events(&explain) : EXIT_REFUSED;
    }
    buf_free(&explain.foreign_text);
    engine_free(&explain.engine);
    return code;
}

static const char *const options[] = {
    "placeholders", "format", "recover", "content", "color", "quiet", "verbose", NULL,
};

const struct command cmd_rules_explain = {
    .name = "rules explain",
    .arguments = "RULE EVENTS...",
    .paths_min = 2,
    .paths_max = SIZE_MAX,
    .about = "Say why a rule matched the events of a file or not, selection by selection.",
    .prose =
        "Shows events that match first of all, and the first few that do not. EVENTS may be any "
        "format that jaga scan reads.",
    .options = options,
    .run = run,
};
