/* jaga rules bench: what each rule costs, in nanoseconds per event. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/out_style.h"
#include "cli/reading.h"

#define EVENTS_MEMORY_MAX (256u << 20) /* bytes of events kept to be matched again and again */
#define EVENTS_KEPT_MAX 100000
#define SCRATCH_MAX (64u << 20)
#define ROUND_NS 2000000 /* a rule is measured for at least so long */
#define ROUNDS_MAX 1000
#define ROWS_SHOWN 40 /* without --verbose */

struct bench_row {
    const struct sigma_rule *rule;
    double ns;        /* per event */
    uint64_t matches; /* in one round over all events */
};

struct bench {
    const struct cli *cli;
    struct engine engine;
    struct arena arena;   /* the events */
    struct arena scratch; /* shared by them: nothing of it lasts longer than one event */
    VEC(struct event) events;
    uint64_t left_out;
};

/* ---- events that last ---- */

static void *thread_new(void *context)
{
    return context;
}

static void thread_free(void *thread)
{
    (void)thread;
}

static void begin(void *thread, void *result)
{
    (void)thread;
    (void)result;
}

/* A copy without escapes, so that every round starts from the same. */
static bool copy_event(struct bench *bench, const struct event *event, struct event *ret_copy)
{
    uint32_t room = event->n_slots + EVENT_DERIVED_MAX;
    struct slot *slots = arena_zero(&bench->arena, room, sizeof(*slots));
    *ret_copy = *event;
    ret_copy->slots = slots;
    ret_copy->slots_max = room;
    ret_copy->scratch = &bench->scratch;
    ret_copy->raw = (struct str){"", 0};
    for (uint32_t i = 0; slots && i < event->n_slots; i++) {
        struct event source = *event;
        struct str text = event_text(&source, &event->slots[i]);
        slots[i] = event->slots[i];
        slots[i].name = arena_copy(&bench->arena, str_of(slots[i].name, slots[i].name_len)).ptr;
        slots[i].text = arena_copy(&bench->arena, text).ptr;
        if (!slots[i].name || !slots[i].text)
            return false;
    }
    return slots != NULL;
}

static int on_event(void *thread, void *result, struct event *event)
{
    struct bench *bench = thread;
    struct event copy;
    (void)result;
    datasets_recognise(bench->engine.datasets, event);
    (void)datasets_time(bench->engine.datasets, event);
    if (bench->events.len >= EVENTS_KEPT_MAX || !copy_event(bench, event, &copy)) {
        bench->left_out++;
        return 0;
    }
    return vec_push(&bench->events, copy);
}

static int on_chunk(void *context, const struct scan_chunk *chunk)
{
    (void)context;
    (void)chunk;
    return 0;
}

/* ---- measuring ---- */

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t one_round(struct bench *bench, struct matcher *matcher)
{
    uint64_t matches = 0;
    for (size_t i = 0; i < bench->events.len; i++) {
        const uint32_t *rules;
        arena_reset(&bench->scratch);
        matches += matcher_run(matcher, &bench->events.items[i], &rules);
    }
    return matches;
}

/* Compiles `set`, runs the events through it, and tells what one event costs. */
static bool measure(struct bench *bench, struct sigma_set *set, struct bench_row *row)
{
    struct err err;
    struct ruleset *ruleset = ruleset_build(set, &bench->engine.fields, bench->engine.datasets,
                                            &(struct ruleset_options){0}, &err);
    struct matcher *matcher = ruleset ? matcher_new(ruleset) : NULL;
    if (matcher) {
        row->matches = one_round(bench, matcher); /* compiles its buckets, warms the caches */
        int64_t start = clock_ns(), now = start;
        unsigned rounds = 0;
        while (rounds == 0 || (now - start < ROUND_NS && rounds < ROUNDS_MAX)) {
            one_round(bench, matcher);
            rounds++;
            now = clock_ns();
        }
        row->ns = (double)(now - start) / (double)rounds / (double)bench->events.len;
        matcher_free(matcher);
    }
    if (ruleset)
        ruleset_free(ruleset);
    return matcher != NULL;
}

static int by_cost(const void *a, const void *b)
{
    const struct bench_row *left = a, *right = b;
    return left->ns < right->ns ? 1 : left->ns > right->ns ? -1 : 0;
}

static void print_rows(const struct bench *bench, const struct bench_row *rows, size_t n,
                       const struct bench_row *none, const struct bench_row *all)
{
    printf("%10s %9s  %s\n", "ns/event", "matches", "rule");
    for (size_t i = 0; i < n && (i < ROWS_SHOWN || bench->cli->settings.verbose); i++) {
        struct buf title = {0};
        style_printable(&title, rows[i].rule->meta.title, 0);
        printf("%10.1f %9llu  %.*s\n", rows[i].ns, (unsigned long long)rows[i].matches,
               STR_ARG(buf_str(&title)));
        buf_free(&title);
    }
    if (n > ROWS_SHOWN && !bench->cli->settings.verbose)
        printf("%10s %9s  (%zu cheaper ones: --verbose)\n", "", "", n - ROWS_SHOWN);
    printf("\n%zu events, %zu rules: %.1f ns/event for all rules together (%.2f M events/s on one "
           "core, without parsing); %.1f ns/event with no rule at all is taken off each row\n",
           bench->events.len, n, all->ns, all->ns > 0 ? 1000 / all->ns : 0, none->ns);
    if (bench->left_out)
        printf("%llu more events were left out\n", (unsigned long long)bench->left_out);
}

/* Each rule alone, against a set without rules: the difference is the rule. */
static int measure_all(struct bench *bench)
{
    struct sigma_set *set = &bench->engine.set;
    size_t n = set->rules.len;
    struct bench_row none = {0}, all = {0};
    struct bench_row *rows = calloc(n ? n : 1, sizeof(*rows));
    struct sigma_set empty = {0};
    bool ok = rows && measure(bench, &empty, &none) && measure(bench, set, &all);
    for (size_t i = 0; ok && i < n && !*bench->cli->stop; i++) {
        struct sigma_set one = {0};
        rows[i].rule = set->rules.items[i];
        ok = vec_push(&one.rules, set->rules.items[i]) == 0 && measure(bench, &one, &rows[i]);
        rows[i].ns = rows[i].ns > none.ns ? rows[i].ns - none.ns : 0;
        vec_free(&one.rules);
        vec_free(&one.refusals);
    }
    if (ok) {
        qsort(rows, n, sizeof(*rows), by_cost);
        print_rows(bench, rows, n, &none, &all);
    } else {
        cli_complain(bench->cli, "no memory");
    }
    free(rows);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

static int read_events(struct bench *bench)
{
    struct cli events = *bench->cli;
    struct reading reading = {0};
    struct scan_job job = {
        .context = bench,
        .thread_new = thread_new,
        .thread_free = thread_free,
        .result_new = thread_new,
        .result_free = thread_free,
        .begin = begin,
        .event = on_event,
        .chunk = on_chunk,
    };
    events.settings.jobs = 1;
    int code = reading_start(&reading, &events);
    if (code == EXIT_DONE && reading_run(&reading, &job, &bench->engine.fields) < 0)
        code = EXIT_BROKEN;
    reading_free(&reading);
    if (code == EXIT_DONE && bench->events.len == 0) {
        cli_complain(bench->cli, "no events to measure with");
        code = EXIT_UNREADABLE;
    }
    return code;
}

static int run(const struct cli *cli)
{
    struct bench bench = {.cli = cli};
    arena_init(&bench.arena, EVENTS_MEMORY_MAX);
    arena_init(&bench.scratch, SCRATCH_MAX);
    int code = engine_open(&bench.engine, cli);
    if (code == EXIT_DONE)
        code = engine_read_rules(&bench.engine, &cli->settings.rules);
    if (code == EXIT_DONE)
        code = engine_compile(&bench.engine);
    if (code == EXIT_DONE)
        code = read_events(&bench);
    if (code == EXIT_DONE)
        code = measure_all(&bench);
    vec_free(&bench.events);
    arena_free(&bench.arena);
    arena_free(&bench.scratch);
    engine_free(&bench.engine);
    return code;
}

static const char *const options[] = {
    "rules", "placeholders", "format", "content", "color", "quiet", "verbose", NULL,
};

const struct command cmd_rules_bench = {
    .name = "rules bench",
    .arguments = "EVENTS...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Measure what each rule costs per event, on one core, dearest first.",
    .prose =
        "Events are read once and kept; each rule is then compiled alone and matched against all "
        "of them. In a scan rules share their work, so that all together cost far less than the "
        "sum.",
    .options = options,
    .run = run,
};
