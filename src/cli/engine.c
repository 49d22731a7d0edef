#include "cli/engine.h"

#include <errno.h>

#include "cli/out_style.h"
#include "io/input.h"

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
    const char *path = engine->cli->settings.placeholders;
    struct err err = {0};
    struct buf yaml = {0};
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

static bool is_yaml(struct str path)
{
    return str_ends(path, STR(".yml")) || str_ends(path, STR(".yaml"));
}

static void fail_file(struct engine *engine, struct str path, const char *message)
{
    struct buf text = {0};
    style_printable(&text, path, 0);
    cli_complain(engine->cli, "%.*s: %s", STR_ARG(buf_str(&text)), message);
    buf_free(&text);
    engine->rule_failures++;
}

/* Reads one stream as a rule file. 0 or -ENOMEM. */
static int read_stream(struct engine *engine, struct input *input, struct input_stream *stream,
                       struct buf *bytes)
{
    struct err err = {0};
    struct str yaml = stream->map.bytes;
    buf_clear(bytes);
    for (ssize_t got = 1; !stream->map.bytes.ptr && got > 0 && bytes->len <= SIGMA_FILE_MAX;) {
        char *to = buf_reserve(bytes, 65536);
        if (!to)
            return -ENOMEM;
        got = input_read(input, to, 65536, &err);
        if (got < 0) {
            fail_file(engine, stream->path, err.message);
            return 0;
        }
        bytes->len += (size_t)got;
        yaml = buf_str(bytes);
    }
    if (yaml.len > SIGMA_FILE_MAX) {
        fail_file(engine, stream->path, "too large for a rule file");
        return 0;
    }
    engine->rule_files++;
    return sigma_set_add(&engine->set, yaml, stream->path);
}

static int read_file(struct engine *engine, const struct walk_file *file, struct buf *bytes)
{
    const struct settings *settings = &engine->cli->settings;
    struct unpack_limits limits = {UNPACK_BYTES_MAX, UNPACK_RATIO_MAX, UNPACK_MEMBERS_MAX};
    if (settings->unpack_max)
        limits = (struct unpack_limits){settings->unpack_max, settings->unpack_ratio,
                                        settings->unpack_members};
    struct err err = {0};
    struct input *input = input_open(file, &limits, &err);
    if (!input) {
        fail_file(engine, str_from_c(file->path), err.message);
        return 0;
    }
    struct input_stream stream;
    int status = 0, next;
    while (status == 0 && (next = input_next(input, &stream, &err)) != 0) {
        bool member = !str_eq(stream.path, str_from_c(file->path));
        if (next < 0)
            fail_file(engine, stream.path, err.message);
        else if (!member || is_yaml(stream.path))
            status = read_stream(engine, input, &stream, bytes);
        if (next > 0)
            file_unmap(&stream.map);
    }
    input_close(input);
    return status;
}

static void on_walk_error(void *context, const char *path, int code)
{
    fail_file(context, str_from_c(path), strerror(-code));
}

/* Beneath a folder only YAML files and archives are rules; a file that is named is one whatever its
 * name. */
static bool may_hold_rules(const struct walk_file *file)
{
    static const char *const archives[] = {".zip", ".tar", ".tgz", ".gz", ".xz", ".zst", ".bz2"};
    struct str path = str_from_c(file->path);
    for (size_t i = 0; i < sizeof(archives) / sizeof(archives[0]); i++)
        if (str_ends(path, str_from_c(archives[i])))
            return true;
    return file->given || is_yaml(path);
}

static int read_paths(struct engine *engine, const text_list *paths)
{
    struct walk walk;
    struct buf bytes = {0};
    int status = 0;
    walk_init(&walk, on_walk_error, engine);
    for (size_t i = 0; status == 0 && i < paths->len; i++)
        status = walk_add(&walk, paths->items[i]);
    for (size_t i = 0; status == 0 && i < walk.files.len; i++)
        if (may_hold_rules(&walk.files.items[i]))
            status = read_file(engine, &walk.files.items[i], &bytes);
    walk_free(&walk);
    buf_free(&bytes);
    return status;
}

static int read_own_pack(struct engine *engine)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < engine->content.files.len; i++) {
        const struct content_file *file = &engine->content.files.items[i];
        if (!str_starts(file->name, STR("rules/")) || !is_yaml(file->name))
            continue;
        engine->rule_files++;
        status = sigma_set_add(&engine->set, file->bytes, file->origin);
    }
    return status;
}

int engine_read_rules(struct engine *engine, const text_list *paths)
{
    if (sigma_set_init(&engine->set) < 0)
        return no_memory(engine);
    engine->has_set = true;
    int code = read_placeholders(engine);
    if (code != EXIT_DONE)
        return code;
    int status = paths->len ? read_paths(engine, paths) : read_own_pack(engine);
    if (status == 0)
        status = sigma_set_link(&engine->set);
    if (status < 0)
        return no_memory(engine);
    if (engine->set.rules.len == 0 && engine->set.refusals.len == 0) {
        cli_complain(engine->cli, "there are no rules in what was given");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
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
    size_t loaded = set->rules.len + set->correlations.len + set->filters.len;
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
