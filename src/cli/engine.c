#include "cli/engine.h"

#include <errno.h>

#include "base/hash.h"
#include "cli/out_style.h"
#include "cli/rule_cache.h"
#include "cli/rule_files.h"
#include "io/file.h"

static int no_memory(const struct engine *engine)
{
    cli_complain(engine->cli, "no memory");
    return EXIT_BROKEN;
}

static int add_datasets(struct engine *engine)
{
    for (size_t i = 1; i < FORMAT_COUNT; i++) {
        const struct format *format = format_get((enum format_id)i);
        engine->formats[i] = format ? format->name : NULL;
    }
    datasets_name_formats(engine->datasets, engine->formats, FORMAT_COUNT);
    for (size_t i = 0; i < engine->content.files.len; i++) {
        const struct content_file *file = &engine->content.files.items[i];
        struct err err = {0};
        if (!str_starts(file->name, STR("datasets/")) || !str_ends(file->name, STR(".yaml")))
            continue;
        if (datasets_add(engine->datasets, file->bytes, file->origin, &err) < 0) {
            cli_complain(engine->cli, "%.*s:%u:%u: %s", STR_ARG(file->origin), err.line, err.column,
                         err.message);
            return EXIT_USAGE;
        }
    }
    return EXIT_DONE;
}

int engine_open(struct engine *engine, const struct cli *cli)
{
    struct err err = {0};
    *engine = (struct engine){.cli = cli};
    if (content_open(&engine->content, cli->settings.content, &err) < 0) {
        cli_complain(cli, "%s", err.message);
        return EXIT_USAGE;
    }
    engine->has_content = true;
    if (fields_init(&engine->fields) < 0)
        return no_memory(engine);
    engine->has_fields = true;
    engine->datasets = datasets_new(&engine->fields);
    return engine->datasets ? add_datasets(engine) : no_memory(engine);
}

int engine_read_attack(struct engine *engine)
{
    const struct content_file *table = content_find(&engine->content, STR("attack/enterprise.csv"));
    struct err err = {0};
    if (!table) {
        cli_complain(engine->cli, "the content has no attack/enterprise.csv");
        return EXIT_USAGE;
    }
    if (attack_read(&engine->attack, table->bytes, &err) < 0) {
        cli_complain(engine->cli, "%.*s:%u: %s", STR_ARG(table->origin), err.line, err.message);
        return EXIT_USAGE;
    }
    engine->has_attack = true;
    return EXIT_DONE;
}

void engine_free(struct engine *engine)
{
    if (engine->has_attack)
        attack_free(&engine->attack);
    if (engine->ruleset)
        ruleset_free(engine->ruleset);
    if (engine->has_set)
        sigma_set_free(&engine->set);
    if (engine->datasets)
        datasets_free(engine->datasets);
    if (engine->has_fields)
        fields_free(&engine->fields);
    if (engine->has_content)
        content_close(&engine->content);
    *engine = (struct engine){0};
}

/* ---- rules ---- */

static int read_placeholders(struct engine *engine)
{
    struct buf yaml = {0};
    const char *path = engine->cli->settings.placeholders;
    struct err err = {0};
    if (!path)
        return EXIT_DONE;
    int status = file_read(path, SIGMA_FILE_MAX, &yaml);
    if (status < 0)
        cli_complain(engine->cli, "%s: %s", path, strerror(-status));
    else if ((status = sigma_set_placeholders(&engine->set, buf_str(&yaml), &err)) < 0)
        cli_complain(engine->cli, "%s:%u:%u: %s", path, err.line, err.column, err.message);
    buf_free(&yaml);
    return status < 0 ? EXIT_USAGE : EXIT_DONE;
}

/* What a set is made of: the same key, the same set. */
static uint64_t key_of(const struct rule_files *files)
{
    uint64_t key = hash_text(STR(JAGA_VERSION));
    for (size_t i = 0; i < files->files.len; i++) {
        key = hash_mix(key, hash_text(files->files.items[i].path));
        key = hash_mix(key, hash_text(files->files.items[i].bytes));
    }
    return key;
}

/* Parses and links, or takes the set that an earlier run has made of the same files. */
static int make_set(struct engine *engine, const struct rule_files *files)
{
    /* A set that placeholders were given to is not empty any more: nothing can be loaded into it. */
    bool cached = !engine->cli->settings.no_cache && files->files.len >= RULE_CACHE_WORTH &&
                  !engine->cli->settings.placeholders;
    uint64_t key = cached ? key_of(files) : 0;
    int status = 0;
    if (cached && rule_cache_load(&engine->set, key))
        return 0;
    for (size_t i = 0; status == 0 && i < files->files.len; i++)
        status =
            sigma_set_add(&engine->set, files->files.items[i].bytes, files->files.items[i].path);
    if (status == 0)
        status = sigma_set_link(&engine->set);
    if (status == 0 && cached)
        rule_cache_save(&engine->set, key);
    return status;
}

int engine_read_rules(struct engine *engine, const text_list *paths)
{
    struct rule_files files;
    if (sigma_set_init(&engine->set) < 0)
        return no_memory(engine);
    engine->has_set = true;
    rule_files_init(&files, engine->cli);
    int code = read_placeholders(engine);
    if (code == EXIT_DONE) {
        int status = paths->len ? rule_files_read(&files, paths)
                                : rule_files_read_content(&files, &engine->content);
        engine->rule_failures = files.failures;
        if (status == 0)
            status = make_set(engine, &files);
        code = status < 0 ? no_memory(engine) : EXIT_DONE;
    }
    if (code == EXIT_DONE && engine->set.rules.len == 0 && engine->set.refusals.len == 0) {
        cli_complain(engine->cli, "there are no rules in what was given");
        code = EXIT_USAGE;
    }
    rule_files_free(&files);
    return code;
}

int engine_read_text(struct engine *engine, struct str text)
{
    if (sigma_set_init(&engine->set) < 0)
        return no_memory(engine);
    engine->has_set = true;
    int code = read_placeholders(engine);
    if (code == EXIT_DONE &&
        (sigma_set_add(&engine->set, text, STR("rules")) < 0 || sigma_set_link(&engine->set) < 0))
        code = no_memory(engine);
    return code;
}

int engine_compile(struct engine *engine)
{
    struct err err = {0};
    if (engine->has_set && ruleset_collect_fields(&engine->set, &engine->fields) < 0)
        return no_memory(engine);
    for (size_t i = 0; engine->has_set && i < engine->set.rules.len; i++)
        if (datasets_want(engine->datasets, &engine->set.rules.items[i]->logsource) < 0)
            return no_memory(engine);
    if (datasets_freeze(engine->datasets) < 0)
        return no_memory(engine);
    if (!engine->has_set)
        return EXIT_DONE;
    engine->ruleset = ruleset_build(&engine->set, &engine->fields, engine->datasets,
                                    &(struct ruleset_options){0}, &err);
    if (!engine->ruleset) {
        cli_complain(engine->cli, "cannot compile the rules: %s", err.message);
        return EXIT_BROKEN;
    }
    return EXIT_DONE;
}

/* ---- refusals ---- */

void engine_describe_refusal(const struct sigma_refusal *refusal, struct buf *out)
{
    style_printable(out, refusal->origin, 0);
    if (refusal->err.line)
        buf_printf(out, ":%u", refusal->err.line);
    if (refusal->err.line && refusal->err.column)
        buf_printf(out, ":%u", refusal->err.column);
    buf_add_c(out, ": ");
    style_printable(out, str_from_c(refusal->err.message), 0);
    if (refusal->title.len) {
        buf_add_c(out, " (");
        style_printable(out, refusal->title, 0);
        buf_add_c(out, ")");
    }
}

void engine_say_refusals(const struct engine *engine, bool all)
{
    const struct sigma_set *set = &engine->set;
    const struct settings *settings = &engine->cli->settings;
    size_t loaded = set->rules.len + set->correlations.len + set->filters.len - set->n_unfit;
    for (size_t i = 0; (all || settings->verbose) && i < set->refusals.len; i++) {
        struct buf text = {0};
        engine_describe_refusal(&set->refusals.items[i], &text);
        cli_complain(engine->cli, "%.*s", STR_ARG(buf_str(&text)));
        buf_free(&text);
    }
    if (set->refusals.len || settings->verbose)
        cli_say(engine->cli, "rules: %zu read, %zu loaded, %zu refused%s",
                loaded + set->refusals.len, loaded, set->refusals.len,
                set->refusals.len && !all && !settings->verbose ? " (--verbose says why)" : "");
}
