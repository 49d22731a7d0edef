/* jaga scan: Sigma rules over evidence, findings out. */
#include <errno.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/intel_load.h"
#include "cli/out.h"
#include "cli/reading.h"
#include "cli/summary.h"
#include "scan/detect.h"

struct scan {
    const struct cli *cli;
    struct engine engine;
    struct intel_load intel;
    struct reading reading;
    struct summary summary;
    struct detect *detect;
    const struct out_format *format;
    void *out;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

static int on_finding(void *context, const struct finding *finding)
{
    struct scan *scan = context;
    summary_add_finding(&scan->summary, finding);
    scan->reading.findings++;
    if (scan->reading.progress.visible && scan->reading.cli->terminal_out)
        progress_hide(&scan->reading.progress);
    scan->format->finding(scan->out, finding);
    return ferror(scan->reading.out) ? -EPIPE : 0;
}

static void on_error(void *context, struct str path, const struct scan_error *error)
{
    summary_add_error(&((struct scan *)context)->summary, path, error);
}

static bool any_rule_has(const struct sigma_set *set, const char *tag)
{
    const struct detect_options options = {.tags = &tag, .n_tags = 1};
    bool found = false;
    for (size_t i = 0; !found && i < set->rules.len; i++)
        found = detect_wants(&options, &set->rules.items[i]->meta);
    for (size_t i = 0; !found && i < set->correlations.len; i++)
        found = detect_wants(&options, &set->correlations.items[i]->meta);
    return found;
}

/* A tag that was mistyped would look like evidence without findings. */
static void say_unknown_tags(const struct scan *scan)
{
    const text_list *tags = &scan->cli->settings.tags;
    for (size_t i = 0; i < tags->len; i++)
        if (!any_rule_has(&scan->engine.set, tags->items[i]))
            cli_complain(scan->cli, "--tag %s: no rule has it (a tag is such as attack.t1003)",
                         tags->items[i]);
}

/* Content, datasets, rules: everything that needs files of our own, before the sandbox. */
static int prepare_rules(struct scan *scan)
{
    const struct settings *settings = &scan->cli->settings;
    struct engine *engine = &scan->engine;
    int code = engine_open(engine, scan->cli);
    if (code == EXIT_DONE)
        code = engine_read_rules(engine, &settings->rules);
    if (code == EXIT_DONE)
        code = engine_compile(engine);
    if (code == EXIT_DONE)
        code = engine_read_attack(engine);
    if (code != EXIT_DONE)
        return code;
    engine_say_refusals(engine, settings->strict);
    if (settings->strict && (engine->set.refusals.len || engine->rule_failures)) {
        cli_complain(scan->cli, "--strict: not every rule could be taken; nothing was read");
        return EXIT_REFUSED;
    }
    say_unknown_tags(scan);
    if (summary_init(&scan->summary, &engine->set) < 0) {
        cli_complain(scan->cli, "no memory");
        return EXIT_BROKEN;
    }
    return EXIT_DONE;
}

static int prepare_detect(struct scan *scan)
{
    const struct settings *settings = &scan->cli->settings;
    struct err err = {0};
    struct detect_options options = {
        .set = &scan->engine.set,
        .ruleset = scan->engine.ruleset,
        .datasets = scan->engine.datasets,
        .fields = &scan->engine.fields,
        .correlator = {.disorder_us = settings->disorder},
        .intels = scan->intel.intels,
        .n_intels = scan->intel.n_intels,
        .now = now_us(),
        .level = (enum sigma_level)settings->level,
        .tags = settings->tags.items,
        .n_tags = settings->tags.len,
        .from = settings->from,
        .to = settings->to,
        .finding = on_finding,
        .context = scan,
    };
    scan->detect = detect_new(&options, &err);
    if (!scan->detect) {
        cli_complain(scan->cli, "%s", err.message);
        return EXIT_BROKEN;
    }
    return EXIT_DONE;
}

static void fill_figures(struct scan *scan, double seconds)
{
    struct out_summary *figures = &scan->summary.figures;
    const struct scan_totals *totals = &scan->reading.totals;
    struct detect_stats stats;
    summary_finish(&scan->summary);
    detect_stats(scan->detect, &stats);
    figures->inputs = totals->streams;
    figures->bytes = totals->bytes;
    figures->events = totals->events;
    figures->undated = stats.undated;
    figures->first = stats.first;
    figures->last = stats.last;
    figures->errors_total = totals->errors + scan->reading.walk_errors;
    figures->inputs_failed = totals->streams_failed + scan->reading.walk_errors;
    figures->rules_loaded =
        (uint32_t)(scan->engine.set.rules.len + scan->engine.set.correlations.len);
    figures->rules_refused = (uint32_t)scan->engine.set.refusals.len;
    figures->correlations_late =
        stats.correlations.late + stats.correlations.early + stats.correlations.forgotten;
    figures->correlations_undated = stats.correlations.undated;
    figures->regex_limited = stats.regex_limited;
    figures->cut = stats.cut;
    figures->partial = stats.partial;
    figures->indicators_dropped = stats.indicators_dropped;
    figures->unrouted = datasets_unrouted(scan->engine.datasets);
    figures->seconds = seconds;
    figures->threads = (unsigned)scan->cli->settings.jobs;
    figures->interrupted = totals->interrupted;
}

/* What findings alone do not show; the table says it in its summary. */
static void say_limits(const struct scan *scan)
{
    struct out_limit limits[OUT_LIMITS_MAX];
    size_t n = scan->format == &out_table ? 0 : out_limits(&scan->summary.figures, limits);
    for (size_t i = 0; i < n; i++)
        cli_complain(scan->cli, "%llu %s", (unsigned long long)limits[i].count, limits[i].text);
}

static bool fails(const struct scan *scan)
{
    uint64_t fail_level = scan->cli->settings.fail_level;
    for (uint64_t level = fail_level; fail_level && level <= SIGMA_CRITICAL; level++)
        if (scan->summary.figures.by_level[level])
            return true;
    return false;
}

static int match(struct scan *scan)
{
    const struct cli *cli = scan->cli;
    int64_t started = terminal_clock();
    struct out_options options = {
        .stream = scan->reading.out,
        .terminal = cli->terminal_out,
        .colour = cli->colour_out,
        .width = cli->terminal_out ? terminal_width(stdout) : 0,
        .verbose = cli->settings.verbose,
        .datasets = scan->engine.datasets,
        .rules = &scan->engine.set,
        .attack = &scan->engine.attack,
        .started = now_us(),
        .command = cli->command_line,
    };
    scan->format = out_formats[cli->settings.output];
    scan->out = scan->format->begin(&options);
    if (!scan->out) {
        cli_complain(cli, "no memory for the output");
        return EXIT_BROKEN;
    }
    struct scan_job job;
    detect_job(scan->detect, &job);
    int status = reading_run(&scan->reading, &job, &scan->engine.fields);
    if (status == 0)
        status = detect_finish(scan->detect);
    fill_figures(scan, (double)(terminal_clock() - started) / (double)TIME_SECOND_US);
    scan->format->end(scan->out, &scan->summary.figures);
    say_limits(scan);
    int code = reading_finish_output(&scan->reading);
    if (status < 0 && status != -EPIPE) {
        cli_complain(cli, "cannot go on: %s", strerror(-status));
        return EXIT_BROKEN;
    }
    if (code != EXIT_DONE)
        return code;
    if (fails(scan))
        return EXIT_FOUND;
    return scan->engine.rule_failures ? EXIT_UNREADABLE : reading_exit_code(&scan->reading);
}

static int run(const struct cli *cli)
{
    struct scan scan = {.cli = cli};
    int code = prepare_rules(&scan);
    if (code == EXIT_DONE)
        code = intel_load(&scan.intel, cli, &cli->settings.intel);
    if (code == EXIT_DONE) {
        scan.reading.also_error = on_error;
        scan.reading.context = &scan;
        code = reading_start(&scan.reading, cli);
    }
    if (code == EXIT_DONE)
        code = prepare_detect(&scan);
    if (code == EXIT_DONE)
        code = match(&scan);
    reading_free(&scan.reading);
    detect_free(scan.detect);
    summary_free(&scan.summary);
    intel_load_free(&scan.intel);
    engine_free(&scan.engine);
    return code;
}

static const char *const options[] = {
    "rules",   "intel",    "placeholders", "output",       "write",
    "jobs",    "level",    "tag",          "from",         "to",
    "format",  "recover",  "disorder",     "fail-level",   "strict",
    "content", "no-cache", "unpack-max",   "unpack-ratio", "unpack-members",
    "color",   "quiet",    "verbose",      NULL,
};

const struct command cmd_scan = {
    .name = "scan",
    .arguments = "PATH...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about =
        "Match Sigma rules and indicators against logs and evidence, and report what was found.",
    .prose =
        "Paths are files, folders, archives (opened on the fly, without temporary files) or - for "
        "standard input. Formats are recognised by content. What cannot be read is said on "
        "standard error and in the report, and the rest is read.\n"
        "With --intel, fields that a dataset knows as addresses, names, URLs, digests and the like "
        "are "
        "looked up among indicators; a hit is a finding beside those of rules.\n"
        "Findings come in the order of the input, whatever the number of threads; "
        "correlations come when they are certain.",
    .options = options,
    .run = run,
};
