/* jaga rules check: which rules are refused and why, and what is odd about the others. */
#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/out_style.h"
#include "sigma/lint.h"

static const char *severity_colour(enum lint_severity severity, bool colour)
{
    return !colour                    ? ""
           : severity == LINT_ERROR   ? "\033[31m"
           : severity == LINT_WARNING ? "\033[33m"
                                      : "\033[36m";
}

static void print_finding(const struct lint_finding *finding, bool colour)
{
    enum lint_severity severity = finding->check->severity;
    struct buf out = {0};
    style_printable(&out, finding->origin, 0);
    if (finding->line)
        buf_printf(&out, ":%u", finding->line);
    if (finding->line && finding->column)
        buf_printf(&out, ":%u", finding->column);
    buf_printf(&out, ": %s%s:%s ", severity_colour(severity, colour), lint_severity_name(severity),
               style_reset(colour));
    style_printable(&out, finding->message, 0);
    buf_printf(&out, " [%s]", finding->check->code);
    if (finding->title.len) {
        buf_add_c(&out, " (");
        style_printable(&out, finding->title, 0);
        buf_add_byte(&out, ')');
    }
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
}

static void print_totals(const struct cli *cli, const struct sigma_set *set,
                         const struct lint *lint)
{
    size_t rules = set->rules.len - set->n_derived - set->n_unfit;
    size_t loaded = rules + set->correlations.len + set->filters.len;
    printf("%u documents: %zu rules, %zu correlations, %zu filters, %zu refused", set->n_documents,
           rules, set->correlations.len, set->filters.len, set->refusals.len);
    if (set->n_other)
        printf(" (%u more are no rules)", set->n_other);
    printf("; %llu errors, %llu warnings, %llu notes", (unsigned long long)lint->count[LINT_ERROR],
           (unsigned long long)lint->count[LINT_WARNING],
           (unsigned long long)lint->count[LINT_NOTE]);
    if (lint->dropped)
        printf(", %llu of them not shown", (unsigned long long)lint->dropped);
    putchar('\n');
    if (loaded + set->refusals.len != set->n_documents)
        cli_complain(cli, "these figures do not add up: please report this as a bug");
}

static int check_rules(const struct cli *cli, struct engine *engine)
{
    struct lint lint;
    if (lint_run(&engine->set, engine->datasets, &lint) < 0) {
        cli_complain(cli, "no memory");
        return EXIT_BROKEN;
    }
    for (size_t i = 0; i < lint.findings.len; i++)
        if (lint.findings.items[i].check->severity > LINT_NOTE || cli->settings.verbose)
            print_finding(&lint.findings.items[i], cli->colour_out);
    print_totals(cli, &engine->set, &lint);
    bool refused = engine->set.refusals.len > 0;
    bool strictly = cli->settings.strict && lint.count[LINT_ERROR] + lint.count[LINT_WARNING] > 0;
    lint_free(&lint);
    if (refused || strictly)
        return EXIT_REFUSED;
    return engine->rule_failures ? EXIT_UNREADABLE : EXIT_DONE;
}

static int run(const struct cli *cli)
{
    struct engine engine;
    int code = engine_open(&engine, cli);
    if (code == EXIT_DONE)
        code = engine_read_rules(&engine, &cli->settings.paths);
    if (code == EXIT_DONE)
        code = engine_compile(&engine);
    if (code == EXIT_DONE)
        code = check_rules(cli, &engine);
    engine_free(&engine);
    return code;
}

static const char *const options[] = {
    "placeholders", "strict", "content", "color", "quiet", "verbose", NULL,
};

const struct command cmd_rules_check = {
    .name = "rules check",
    .arguments = "[PATH...]",
    .paths_max = SIZE_MAX,
    .about =
        "Check rules: syntax and meaning, doubled ids, logsources that nothing provides, unknown "
        "fields, conditions that never or always hold, tests that cost much.",
    .prose =
        "Without a path, jaga's own pack. A refused rule is named with file, line, column and "
        "reason, and the exit code is 4; with --strict warnings count as well. Notes are shown "
        "with --verbose.",
    .options = options,
    .run = run,
};
