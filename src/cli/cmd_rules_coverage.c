/* jaga rules coverage: which ATT&CK techniques the rules look for, as a Navigator layer
 * (format 4.5). */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/out_style.h"
#include "cli/reading.h"

#define TECHNIQUES_MAX 4096 /* distinct ids; ATT&CK has some 700 */
#define TITLES_SHOWN 12     /* rules named in a technique's comment */

struct technique {
    char id[16]; /* "T1059.001" */
    uint64_t rules, findings;
    VEC(struct str) titles; /* of rules; they live in the set */
};

struct coverage {
    const struct cli *cli;
    struct engine engine;
    VEC(struct technique) techniques;
    uint64_t untagged; /* rules without a technique */
    uint64_t findings;
};

static struct technique *technique_of(struct coverage *coverage, const char *id)
{
    for (size_t i = 0; i < coverage->techniques.len; i++)
        if (strcmp(coverage->techniques.items[i].id, id) == 0)
            return &coverage->techniques.items[i];
    struct technique row = {0};
    snprintf(row.id, sizeof(row.id), "%s", id);
    if (coverage->techniques.len == TECHNIQUES_MAX || vec_push(&coverage->techniques, row) < 0)
        return NULL;
    return &coverage->techniques.items[coverage->techniques.len - 1];
}

static void add_rule(struct coverage *coverage, const struct sigma_meta *meta)
{
    bool tagged = false;
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        char id[16];
        if (!style_technique(meta->tags[i], id))
            continue;
        struct technique *technique = technique_of(coverage, id);
        tagged = true;
        if (!technique)
            continue;
        technique->rules++;
        (void)vec_push(&technique->titles, meta->title);
    }
    coverage->untagged += !tagged;
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

static int on_event(void *thread, void *result, struct event *event)
{
    struct coverage *coverage = thread;
    (void)result;
    coverage->findings++;
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        struct str name = str_of(slot->name, slot->name_len);
        char id[16];
        if (!str_eq(name, STR("finding_info.attacks.technique.uid")) &&
            !str_eq(name, STR("finding_info.attacks.sub_technique.uid")))
            continue;
        struct str text = event_text(event, slot);
        snprintf(id, sizeof(id), "%.*s", STR_ARG(text));
        struct technique *technique = technique_of(coverage, id);
        if (technique)
            technique->findings++;
    }
    return 0;
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
    return code;
}

/* ---- the layer ---- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct technique *)a)->id, ((const struct technique *)b)->id);
}

static void write_technique(struct buf *out, const struct technique *technique, bool by_findings)
{
    uint64_t score = by_findings ? technique->findings : technique->rules;
    buf_printf(out,
               "    {\"techniqueID\": \"%s\", \"score\": %llu, \"enabled\": true, \"comment\": \"",
               technique->id, (unsigned long long)score);
    if (by_findings)
        buf_printf(out, "%llu findings; ", (unsigned long long)technique->findings);
    buf_printf(out, "%llu rules", (unsigned long long)technique->rules);
    for (size_t i = 0; i < technique->titles.len && i < TITLES_SHOWN; i++) {
        buf_add_c(out, i ? "; " : ": ");
        buf_add_json_text(out, technique->titles.items[i]);
    }
    if (technique->titles.len > TITLES_SHOWN)
        buf_add_c(out, "; ...");
    buf_add_c(out, "\"}");
}

static void write_layer(struct coverage *coverage, FILE *to)
{
    bool by_findings = coverage->cli->settings.findings != NULL;
    struct buf out = {0};
    uint64_t most = 1;
    for (size_t i = 0; i < coverage->techniques.len; i++) {
        const struct technique *t = &coverage->techniques.items[i];
        uint64_t score = by_findings ? t->findings : t->rules;
        most = score > most ? score : most;
    }
    if (coverage->techniques.len)
        qsort(coverage->techniques.items, coverage->techniques.len,
              sizeof(coverage->techniques.items[0]), by_id);
    buf_printf(
        &out,
        "{\n  \"name\": \"jaga: %s\",\n"
        "  \"versions\": {\"attack\": \"17\", \"navigator\": \"5.1.0\", \"layer\": \"4.5\"},\n"
        "  \"domain\": \"enterprise-attack\",\n"
        "  \"description\": \"%zu rules and correlations, %llu of them without a technique%s\",\n"
        "  \"sorting\": 3,\n  \"hideDisabled\": false,\n"
        "  \"gradient\": {\"colors\": [\"#ffffff\", \"#66b1ff\", \"#0b3d91\"], \"minValue\": 0, "
        "\"maxValue\": %llu},\n  \"techniques\": [\n",
        by_findings ? "findings by technique" : "rules by technique",
        coverage->engine.set.rules.len + coverage->engine.set.correlations.len,
        (unsigned long long)coverage->untagged, by_findings ? "; scored by findings" : "",
        (unsigned long long)most);
    for (size_t i = 0; i < coverage->techniques.len; i++) {
        write_technique(&out, &coverage->techniques.items[i], by_findings);
        buf_add_c(&out, i + 1 < coverage->techniques.len ? ",\n" : "\n");
    }
    buf_add_c(&out, "  ]\n}\n");
    fwrite(out.ptr, 1, out.len, to);
    buf_free(&out);
}

static int write_out(struct coverage *coverage)
{
    const char *path = coverage->cli->settings.write;
    FILE *to = path ? fopen(path, "w") : stdout;
    if (!to) {
        cli_complain(coverage->cli, "%s: %s", path, strerror(errno));
        return EXIT_BROKEN;
    }
    write_layer(coverage, to);
    bool failed = fflush(to) != 0 || ferror(to);
    int reason = errno;
    if (to != stdout)
        failed = fclose(to) != 0 || failed;
    failed = failed && reason != EPIPE;
    if (failed)
        cli_complain(coverage->cli, "cannot write the layer: %s", strerror(errno));
    return failed ? EXIT_BROKEN : EXIT_DONE;
}

static int run(const struct cli *cli)
{
    struct coverage coverage = {.cli = cli};
    const text_list *paths = cli->settings.rules.len ? &cli->settings.rules : &cli->settings.paths;
    int code = engine_open(&coverage.engine, cli);
    if (code == EXIT_DONE)
        code = engine_read_rules(&coverage.engine, paths);
    if (code == EXIT_DONE) {
        const struct sigma_set *set = &coverage.engine.set;
        engine_say_refusals(&coverage.engine, false);
        for (size_t i = 0; i < set->rules.len; i++)
            add_rule(&coverage, &set->rules.items[i]->meta);
        for (size_t i = 0; i < set->correlations.len; i++)
            add_rule(&coverage, &set->correlations.items[i]->meta);
        if (cli->settings.findings)
            code = read_findings(&coverage);
        int written = write_out(&coverage);
        code = written != EXIT_DONE ? written : code;
    }
    for (size_t i = 0; i < coverage.techniques.len; i++)
        vec_free(&coverage.techniques.items[i].titles);
    vec_free(&coverage.techniques);
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
