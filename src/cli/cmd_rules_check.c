/* jaga rules check: which rules are refused and why, and what is odd about the others. */
#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/lint.h"
#include "cli/out_style.h"

struct check {
    const struct cli *cli;
    uint64_t warnings;
    uint64_t warned_rules;
    const struct sigma_rule *last;
};

static void on_warning(void *context, const struct sigma_rule *rule, uint32_t line,
                       const char *text)
{
    struct check *check = context;
    bool colour = check->cli->colour_out;
    struct buf out = {0};
    style_printable(&out, rule->meta.origin, 0);
    buf_printf(&out, ":%u: %swarning:%s ", line ? line : rule->meta.line, colour ? "\033[33m" : "",
               style_reset(colour));
    style_printable(&out, str_from_c(text), 0);
    buf_add_c(&out, " (");
    style_printable(&out, rule->meta.title, 0);
    printf("%.*s)\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
    check->warnings++;
    check->warned_rules += check->last != rule;
    check->last = rule;
}

static void print_refusals(const struct sigma_set *set, bool colour)
{
    for (size_t i = 0; i < set->refusals.len; i++) {
        struct buf text = {0};
        engine_describe_refusal(&set->refusals.items[i], &text);
        printf("%srefused:%s %.*s\n", colour ? "\033[31m" : "", style_reset(colour),
               STR_ARG(buf_str(&text)));
        buf_free(&text);
    }
}

static int check_rules(const struct cli *cli, struct engine *engine)
{
    struct check check = {.cli = cli};
    struct sigma_set *set = &engine->set;
    struct lint lint = {engine->datasets, &engine->fields, on_warning, &check};
    print_refusals(set, cli->colour_out);
    for (size_t i = 0; i < set->rules.len && !*cli->stop; i++)
        lint_rule(&lint, set->rules.items[i]);
    size_t loaded = set->rules.len - set->n_derived + set->correlations.len + set->filters.len;
    printf("%u documents: %zu rules, %zu correlations, %zu filters, %zu refused; "
           "%llu warnings about %llu rules",
           set->n_documents, set->rules.len - set->n_derived, set->correlations.len,
           set->filters.len, set->refusals.len, (unsigned long long)check.warnings,
           (unsigned long long)check.warned_rules);
    if (set->n_other)
        printf("; %u documents that are no rules", set->n_other);
    putchar('\n');
    if (loaded + set->refusals.len != set->n_documents)
        cli_complain(cli, "these figures do not add up: please report this as a bug");
    if (set->refusals.len)
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

static const char *const options[] = {"placeholders", "content", "color", NULL};

const struct command cmd_rules_check = {
    .name = "rules check",
    .arguments = "[PATH...]",
    .paths_max = SIZE_MAX,
    .about =
        "Check rules: syntax and meaning, doubled ids, logsources that nothing provides, unknown "
        "fields, conditions that never or always hold, tests that cost much.",
    .prose = "Without a path, jaga's own pack. A refused rule is named with file, line, column and "
             "reason, and the exit code is 4; warnings are hints.",
    .options = options,
    .run = run,
};
