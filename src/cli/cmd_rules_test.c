/* jaga rules test: do rules match what their tests say they match? */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/out_style.h"
#include "cli/rule_tests.h"
#include "io/sandbox.h"
#include "scan/detect.h"

struct test_run {
    const struct cli *cli;
    struct engine engine;
    struct rule_tests tests;
    text_list rule_paths; /* -r, or what lies beside the tests */
    bool broken;          /* an info.yml or a folder could not be read */
    uint64_t passed, failed, rules_passed, rules_failed;
};

/* ---- where the tests and the rules are ---- */

static void on_walk_error(void *context, const char *path, int code)
{
    struct test_run *run = context;
    cli_complain(run->cli, "%s: %s", path, strerror(-code));
    run->broken = true;
}

static int collect_tests(struct test_run *run)
{
    const text_list *paths = &run->cli->settings.paths;
    struct walk walk;
    int status = 0;
    walk_init(&walk, on_walk_error, run);
    for (size_t i = 0; status == 0 && i < paths->len; i++)
        status = walk_add(&walk, paths->items[i]);
    for (size_t i = 0; status == 0 && i < walk.files.len; i++) {
        const char *path = walk.files.items[i].path;
        struct err err = {0};
        if (!str_ends(str_from_c(path), STR("/info.yml")))
            continue;
        if (rule_tests_add(&run->tests, path, &err) < 0) {
            cli_complain(run->cli, "%s:%u:%u: %s", path, err.line, err.column, err.message);
            run->broken = true;
        }
    }
    walk_free(&walk);
    return status;
}

/* Without paths: the tests that the content carries beside its rules. */
static void collect_own_tests(struct test_run *run)
{
    const struct content *content = &run->engine.content;
    for (size_t i = 0; i < content->files.len; i++) {
        const struct content_file *file = &content->files.items[i];
        struct err err = {0};
        if (!str_ends(file->name, STR("/info.yml")) ||
            rule_tests_add_content(&run->tests, content, file, &err) == 0)
            continue;
        cli_complain(run->cli, "%.*s:%u:%u: %s", STR_ARG(file->origin), err.line, err.column,
                     err.message);
        run->broken = true;
    }
}

static int add_rule_path(struct test_run *run, struct str path)
{
    struct str copy = arena_copy(&run->tests.arena, path);
    return copy.ptr && vec_push(&run->rule_paths, copy.ptr) == 0 ? 0 : -ENOMEM;
}

/* Without -r: the folders called `rules` or `rules-*` beside the tests, as SigmaHQ has them. */
static int find_rules(struct test_run *run)
{
    const struct settings *settings = &run->cli->settings;
    int status = 0;
    for (size_t i = 0; status == 0 && i < settings->rules.len; i++)
        status = add_rule_path(run, str_from_c(settings->rules.items[i]));
    for (size_t i = 0; status == 0 && settings->rules.len == 0 && i < settings->paths.len; i++) {
        static const char *const names[] = {"rules", "rules-emerging-threats",
                                            "rules-threat-hunting", "rules-compliance",
                                            "rules-placeholder"};
        for (size_t j = 0; status == 0 && j < sizeof(names) / sizeof(names[0]); j++) {
            struct stat st;
            struct str path =
                arena_printf(&run->tests.arena, "%s/../%s", settings->paths.items[i], names[j]);
            if (path.ptr && stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode))
                status = add_rule_path(run, path);
        }
    }
    return status;
}

static void enter_sandbox(struct test_run *run)
{
    struct sandbox_report report;
    text_list paths = {0};
    for (size_t i = 0; i < run->tests.tests.len; i++)
        if (run->tests.tests.items[i].file && !run->tests.tests.items[i].bytes.ptr)
            (void)vec_push(&paths, run->tests.tests.items[i].file);
    if (vec_push(&paths, NULL) == 0) {
        sandbox_enter(&(struct sandbox_options){paths.items}, &report);
        buf_free(&report.applied);
        buf_free(&report.missing);
    }
    vec_free(&paths);
}

/* ---- one test ---- */

struct count {
    struct str rule;
    uint64_t found;
    uint64_t errors;
};

static int on_finding(void *context, const struct finding *finding)
{
    struct count *count = context;
    count->found += str_eq(finding->meta->id, count->rule);
    return 0;
}

/* How often the rule matches the file; errors of reading are counted by the totals. */
static int count_matches(struct test_run *run, const struct rule_test *test, struct count *count,
                         struct err *err)
{
    struct engine *engine = &run->engine;
    struct walk walk;
    struct scan_totals totals;
    struct scan_job job;
    struct detect_options options = {
        .set = &engine->set,
        .ruleset = engine->ruleset,
        .datasets = engine->datasets,
        .fields = &engine->fields,
        .correlator = {.disorder_us = CORRELATE_DISORDER_ALL},
        .from = TIME_UNSET,
        .to = TIME_UNSET,
        .finding = on_finding,
        .context = count,
    };
    struct scan_options scan = {
        .threads = 1,
        .limits = {UNPACK_BYTES_MAX, UNPACK_RATIO_MAX, UNPACK_MEMBERS_MAX},
        .stop = run->cli->stop,
    };
    struct detect *detect = detect_new(&options, err);
    if (!detect)
        return err->code;
    walk_init(&walk, NULL, NULL);
    detect_job(detect, &job);
    int status = test->bytes.ptr ? walk_add_bytes(&walk, test->file, test->bytes)
                                 : walk_add(&walk, test->file);
    if (status == 0)
        status = scan_run(&job, &scan, &engine->fields, &walk, &totals);
    if (status == 0)
        status = detect_finish(detect);
    count->errors = totals.errors;
    walk_free(&walk);
    detect_free(detect);
    return status < 0 ? err_set(err, status, "%s", strerror(-status)) : 0;
}

static bool is_loaded(const struct sigma_set *set, struct str id)
{
    for (size_t i = 0; i < set->rules.len; i++)
        if (str_eq(set->rules.items[i]->meta.id, id))
            return true;
    for (size_t i = 0; i < set->correlations.len; i++)
        if (str_eq(set->correlations.items[i]->meta.id, id))
            return true;
    return false;
}

static void report(struct test_run *run, const struct rule_test *test, const char *reason)
{
    bool colour = run->cli->colour_out;
    struct buf text = {0};
    bool passed = reason == NULL;
    if (passed && !run->cli->settings.verbose)
        return;
    style_printable(&text, test->title.len ? test->title : test->rule, 0);
    buf_printf(&text, " (%.*s): ", STR_ARG(test->rule));
    if (reason) {
        style_printable(&text, str_from_c(reason), 0);
        buf_add_c(&text, ": ");
    }
    style_printable(&text, test->file ? str_from_c(test->file) : test->wanted, 0);
    printf("%s%s%s %.*s\n",
           !colour  ? ""
           : passed ? "\033[32m"
                    : "\033[31m",
           passed ? "passed" : "FAILED", style_reset(colour), STR_ARG(buf_str(&text)));
    buf_free(&text);
}

/*
 * SigmaHQ states the matches its author looked at and its own runner is content with any: more are
 * taken, unless --strict asks for the very number. None means none.
 */
static bool is_expected(const struct test_run *run, const struct rule_test *test, uint64_t found)
{
    if (test->count == RULE_TEST_AT_LEAST_ONCE)
        return true;
    uint64_t wanted = (uint64_t)test->count;
    return wanted == 0 || run->cli->settings.strict ? found == wanted : found >= wanted;
}

static bool run_test(struct test_run *run, const struct rule_test *test)
{
    struct count count = {.rule = test->rule};
    struct err err = {0};
    char reason[ERR_MESSAGE_MAX + 64] = "";
    if (!test->file)
        snprintf(reason, sizeof(reason), "its file is not there");
    else if (!is_loaded(&run->engine.set, test->rule))
        snprintf(reason, sizeof(reason), "the rule is not among those loaded");
    else if (count_matches(run, test, &count, &err) < 0)
        snprintf(reason, sizeof(reason), "%s", err.message);
    else if (count.errors)
        snprintf(reason, sizeof(reason), "%llu errors while reading",
                 (unsigned long long)count.errors);
    else if (test->count == RULE_TEST_AT_LEAST_ONCE && count.found == 0)
        snprintf(reason, sizeof(reason), "no match, at least one expected");
    else if (!is_expected(run, test, count.found))
        snprintf(reason, sizeof(reason), "%llu matches, %lld expected",
                 (unsigned long long)count.found, (long long)test->count);
    report(run, test, reason[0] ? reason : NULL);
    return reason[0] == '\0';
}

/* A test and its twins stand together: a rule has passed when all of them have. */
static void run_tests(struct test_run *run)
{
    const struct rule_test *tests = run->tests.tests.items;
    size_t n = run->tests.tests.len;
    for (size_t i = 0; i < n && !*run->cli->stop;) {
        bool all = true;
        size_t first = i;
        do {
            bool passed = run_test(run, &tests[i]);
            run->passed += passed;
            run->failed += !passed;
            all = all && passed;
            i++;
        } while (i < n && tests[i].twin && str_eq(tests[i].rule, tests[first].rule));
        run->rules_passed += all;
        run->rules_failed += !all;
    }
}

static int load(struct test_run *run)
{
    int code = engine_open(&run->engine, run->cli);
    if (code != EXIT_DONE)
        return code;
    if (run->cli->settings.paths.len == 0)
        collect_own_tests(run);
    if (collect_tests(run) < 0 || find_rules(run) < 0) {
        cli_complain(run->cli, "no memory");
        return EXIT_BROKEN;
    }
    if (run->tests.tests.len == 0) {
        cli_complain(run->cli, "no tests: there is no info.yml beneath what was given");
        return EXIT_USAGE;
    }
    code = engine_read_rules(&run->engine, &run->rule_paths);
    return code == EXIT_DONE ? engine_compile(&run->engine) : code;
}

static int run(const struct cli *cli)
{
    struct test_run run = {.cli = cli};
    rule_tests_init(&run.tests);
    int code = load(&run);
    if (code == EXIT_DONE) {
        enter_sandbox(&run);
        run_tests(&run);
        printf("%llu of %llu tests passed, %llu of %llu files\n",
               (unsigned long long)run.rules_passed,
               (unsigned long long)(run.rules_passed + run.rules_failed),
               (unsigned long long)run.passed, (unsigned long long)(run.passed + run.failed));
        code = run.failed ? EXIT_REFUSED : run.broken ? EXIT_UNREADABLE : EXIT_DONE;
    }
    vec_free(&run.rule_paths);
    rule_tests_free(&run.tests);
    engine_free(&run.engine);
    return code;
}

static const char *const options[] = {
    "rules", "placeholders", "strict", "content", "color", "quiet", "verbose", NULL,
};

const struct command cmd_rules_test = {
    .name = "rules test",
    .arguments = "[PATH...]",
    .paths_max = SIZE_MAX,
    .about = "Run the tests of rules: events they have to match, and events they may not.",
    .prose =
        "Without a PATH, jaga's own pack is tested. Beneath each PATH, every info.yml names a "
        "rule, "
        "a file of events (EVTX, JSON, or any other format) and how often the rule matches: "
        "match_count, 0 for never, at least once where it "
        "is absent. The same events beside it in another format are tested as well.\n"
        "Without -r, rules are taken from the folders rules, rules-emerging-threats and so on "
        "beside PATH, as in the SigmaHQ repository; without such folders, from jaga's own pack.",
    .options = options,
    .run = run,
};
