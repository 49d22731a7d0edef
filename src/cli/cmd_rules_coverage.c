/*
 * jaga rules coverage: which ATT&CK techniques the rules look for, as a
 * Navigator layer (format 4.5).
 */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/reading.h"
#include "sigma/navigator.h"

#define TECHNIQUES_MAX 4096 /* distinct ids in findings; ATT&CK has some 700 */

struct coverage {
    const struct cli *cli;
    struct engine engine;
    FILE *to;
    struct arena arena; /* ids of techniques in findings */
    struct map ids;     /* id → index of counts */
    VEC(struct navigator_finding) counts;
    text_list rule_paths; /* -r and the paths */
    uint64_t findings;    /* that were read */
    uint64_t foreign;     /* events that are no findings */
};

static int count_technique(struct coverage *coverage, struct str id)
{
    uint32_t index = map_get(&coverage->ids, id);
    if (index != MAP_NONE) {
        coverage->counts.items[index].count++;
        return 0;
    }
    if (coverage->counts.len == TECHNIQUES_MAX)
        return 0;
    struct navigator_finding row = {arena_copy(&coverage->arena, id), 1};
    index = (uint32_t)coverage->counts.len;
    if (!row.technique.ptr || vec_push(&coverage->counts, row) < 0 ||
        map_put(&coverage->ids, row.technique, index) < 0)
        return -ENOMEM;
    return 0;
}

/* ---- findings: lines of jaga scan -o jsonl, read by the same pipeline as everything else ---- */

static void *thread_new(void *context)
{
    return context;
}

static void thread_free(void *thread)
{
    (void)thread;
}

/* One thread counts straight into the coverage; the pipeline wants a result that is not NULL. */
static void *result_new(void *context)
{
    return context;
}

static void result_free(void *result)
{
    (void)result;
}

static void begin(void *thread, void *result)
{
    (void)thread;
    (void)result;
}

static bool is_finding(struct event *event)
{
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        if (str_eq(str_of(slot->name, slot->name_len), STR("class_uid")))
            return str_eq(event_text(event, slot), STR("2004"));
    }
    return false;
}

/* A finding of a sub-technique names its technique as well: the most exact id counts. */
static int on_event(void *thread, void *result, struct event *event)
{
    struct coverage *coverage = thread;
    (void)result;
    int status = 0;
    if (!is_finding(event)) {
        coverage->foreign++;
        return 0;
    }
    coverage->findings++;
    for (uint32_t i = 0; status == 0 && i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        struct str name = str_of(slot->name, slot->name_len);
        if (str_eq(name, STR("finding_info.attacks.technique.uid"))) {
            const struct slot *next = i + 1 < event->n_slots ? slot + 1 : NULL;
            bool has_sub = next && str_eq(str_of(next->name, next->name_len),
                                          STR("finding_info.attacks.sub_technique.uid"));
            status = has_sub ? 0 : count_technique(coverage, event_text(event, slot));
        } else if (str_eq(name, STR("finding_info.attacks.sub_technique.uid"))) {
            status = count_technique(coverage, event_text(event, slot));
        }
    }
    return status;
}

static int on_chunk(void *context, const struct scan_chunk *chunk)
{
    (void)context;
    (void)chunk;
    return 0;
}

static int read_findings(struct coverage *coverage)
{
    const char *path[] = {coverage->cli->settings.findings};
    struct cli findings = *coverage->cli;
    struct reading reading = {0};
    findings.settings.paths = (text_list){path, 1, 1};
    findings.settings.jobs = 1;
    findings.settings.write = NULL;
    int code = reading_start(&reading, &findings);
    if (code == EXIT_DONE) {
        struct scan_job job = {
            .context = coverage,
            .thread_new = thread_new,
            .thread_free = thread_free,
            .result_new = result_new,
            .result_free = result_free,
            .begin = begin,
            .event = on_event,
            .chunk = on_chunk,
        };
        int status = reading_run(&reading, &job, &coverage->engine.fields);
        code = status < 0 ? EXIT_BROKEN : reading_exit_code(&reading);
    }
    reading_free(&reading);
    if (coverage->foreign) {
        cli_complain(coverage->cli,
                     "%s: %llu events are no findings, as jaga scan -o jsonl writes them", path[0],
                     (unsigned long long)coverage->foreign);
        code = code == EXIT_DONE ? EXIT_UNREADABLE : code;
    }
    return code;
}

/* ---- the layer ---- */

static int make_layer(struct coverage *coverage, struct buf *layer)
{
    const struct cli *cli = coverage->cli;
    struct navigator_options options = {
        .name = cli->settings.findings ? STR("jaga: findings") : STR("jaga: rules"),
        .description = str_from_c(cli->command_line),
        .score = cli->settings.findings ? NAVIGATOR_BY_FINDINGS : NAVIGATOR_BY_COUNT,
        .findings = coverage->counts.items,
        .n_findings = coverage->counts.len,
    };
    struct navigator_summary figures;
    int code = engine_read_attack(&coverage->engine);
    if (code != EXIT_DONE)
        return code;
    int status =
        navigator_write(&coverage->engine.set, &coverage->engine.attack, &options, layer, &figures);
    if (status == 0)
        cli_say(cli,
                "%u of %u techniques and %u of %u sub-techniques; %u rules, %u without a "
                "technique%s",
                figures.techniques, figures.techniques_all, figures.subtechniques,
                figures.subtechniques_all, figures.rules, figures.untagged,
                figures.unknown ? "; some techniques are unknown to ATT&CK" : "");
    else
        cli_complain(cli, "no memory");
    return status < 0 ? EXIT_BROKEN : EXIT_DONE;
}

static int gather_rule_paths(struct coverage *coverage)
{
    const struct settings *settings = &coverage->cli->settings;
    int status = 0;
    for (size_t i = 0; status == 0 && i < settings->rules.len; i++)
        status = vec_push(&coverage->rule_paths, settings->rules.items[i]);
    for (size_t i = 0; status == 0 && i < settings->paths.len; i++)
        status = vec_push(&coverage->rule_paths, settings->paths.items[i]);
    if (status < 0)
        cli_complain(coverage->cli, "no memory");
    return status < 0 ? EXIT_BROKEN : EXIT_DONE;
}

/* Before the sandbox: after it nothing can be opened for writing. */
static int open_output(struct coverage *coverage)
{
    const char *path = coverage->cli->settings.write;
    coverage->to = path ? fopen(path, "w") : stdout;
    if (coverage->to)
        return EXIT_DONE;
    cli_complain(coverage->cli, "%s: %s", path, strerror(errno));
    return EXIT_BROKEN;
}

static int write_layer(struct coverage *coverage, struct str layer)
{
    fwrite(layer.ptr, 1, layer.len, coverage->to);
    bool failed = fflush(coverage->to) != 0 || ferror(coverage->to);
    int reason = errno;
    if (failed && reason != EPIPE) {
        cli_complain(coverage->cli, "cannot write the layer: %s", strerror(reason));
        return EXIT_BROKEN;
    }
    return EXIT_DONE;
}

static int run(const struct cli *cli)
{
    struct coverage coverage = {.cli = cli};
    struct buf layer = {0};
    arena_init(&coverage.arena, TECHNIQUES_MAX * 64);
    int code = engine_open(&coverage.engine, cli);
    if (code == EXIT_DONE)
        code = gather_rule_paths(&coverage);
    if (code == EXIT_DONE)
        code = engine_read_rules(&coverage.engine, &coverage.rule_paths);
    if (code == EXIT_DONE)
        code = open_output(&coverage);
    if (code == EXIT_DONE) {
        engine_say_refusals(&coverage.engine, false);
        int read = cli->settings.findings ? read_findings(&coverage) : EXIT_DONE;
        /* A layer that shows nothing would be believed: none where no finding could be read. */
        if (read == EXIT_DONE || coverage.findings)
            code = make_layer(&coverage, &layer);
        if (code == EXIT_DONE && layer.len)
            code = write_layer(&coverage, buf_str(&layer));
        code = code == EXIT_DONE ? read : code;
    }
    if (coverage.to && coverage.to != stdout)
        fclose(coverage.to);
    buf_free(&layer);
    map_free(&coverage.ids);
    vec_free(&coverage.counts);
    vec_free(&coverage.rule_paths);
    arena_free(&coverage.arena);
    engine_free(&coverage.engine);
    return code;
}

static const char *const options[] = {
    "rules", "placeholders", "findings", "write", "content", "quiet", "verbose", NULL,
};

const struct command cmd_rules_coverage = {
    .name = "rules coverage",
    .arguments = "[PATH...]",
    .paths_max = SIZE_MAX,
    .about = "Write the ATT&CK techniques that rules look for as a layer for the ATT&CK Navigator.",
    .prose =
        "Each technique is scored by how many rules look for it; with --findings by how many "
        "findings a scan gave. Open the file in the ATT&CK Navigator (layer format 4.5). Without a "
        "path, jaga's own pack.",
    .options = options,
    .run = run,
};
