/* jaga hunts: saved hunts: which there are, what they say, whether they are right, and running one by hand. */
#include <errno.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/centre_client.h"
#include "cli/hunt_session.h"
#include "cli/option_value.h"
#include "cli/out_style.h"
#include "cli/saved_files.h"
#include "hunt/saved_sigma.h"
#include "io/file.h"

#define MEMORY_MAX ((size_t)32 << 20)

/* The saved hunts that are at hand, and one that an argument means. */
struct hunts {
    const struct cli *cli;
    struct engine engine;
    struct tables *tables;
    struct saved_set *set;
    struct arena arena;
};

static int open_hunts(struct hunts *hunts, const struct cli *cli)
{
    *hunts = (struct hunts){.cli = cli};
    arena_init(&hunts->arena, MEMORY_MAX);
    int code = engine_open(&hunts->engine, cli);
    if (code == EXIT_DONE)
        code = engine_read_attack(&hunts->engine);
    if (code == EXIT_DONE)
        code = saved_files_load(&hunts->engine, &hunts->tables, &hunts->set);
    return code;
}

static void close_hunts(struct hunts *hunts)
{
    saved_set_free(hunts->set);
    tables_free(hunts->tables);
    engine_free(&hunts->engine);
    arena_free(&hunts->arena);
}

/* ---- the hunt that is meant ---- */

static int read_hunt(struct hunts *hunts, struct str text, const char *origin,
                     const struct saved_hunt **ret_hunt)
{
    struct err err = {0};
    int status = saved_read(&hunts->arena, text, &hunts->engine.attack, ret_hunt, &err);
    if (status == 0)
        status = saved_check(*ret_hunt, hunts->tables, &err);
    if (status == 0)
        return EXIT_DONE;
    err_in(&err, str_from_c(origin));
    cli_complain(hunts->cli, "%s", err.message);
    return status == -ENOMEM ? EXIT_BROKEN : EXIT_REFUSED;
}

static int read_file(struct hunts *hunts, const char *path, const struct saved_hunt **ret_hunt)
{
    struct buf text = {0};
    int status = file_read(path, KQL_TEXT_MAX, &text), code = EXIT_UNREADABLE;
    if (status < 0)
        cli_complain(hunts->cli, "%s: %s", path, strerror(-status));
    else
        code = read_hunt(hunts, buf_str(&text), path, ret_hunt);
    buf_free(&text);
    return code;
}

/* GET /api/v1/saved-hunts/ID; NULL: it complained. */
static json_t *fetch(const struct cli *cli, const char *id, int *ret_code)
{
    struct buf path = {0};
    json_t *json = NULL;
    buf_add_c(&path, "/api/v1/saved-hunts/");
    saved_id_add(&path, str_from_c(id));
    buf_add_byte(&path, '\0');
    *ret_code = EXIT_BROKEN;
    if (!path.failed)
        json = centre_ask(cli, "GET", path.ptr, STR(""), ret_code);
    buf_free(&path);
    return json;
}

static int fetch_hunt(struct hunts *hunts, const char *id, const struct saved_hunt **ret_hunt)
{
    int code;
    json_t *json = fetch(hunts->cli, id, &code);
    const json_t *text = json_object_get(json, "text");
    if (json)
        code = read_hunt(hunts, str_of(json_string_value(text), json_string_length(text)), id,
                         ret_hunt);
    json_decref(json);
    return code;
}

/* A file; else the id or the name of a hunt: of the centre that is named, or of those at hand. */
static int find_hunt(struct hunts *hunts, const char *argument, const struct saved_hunt **ret_hunt)
{
    if (str_ends(str_from_c(argument), SAVED_SUFFIX) || access(argument, R_OK) == 0)
        return read_file(hunts, argument, ret_hunt);
    if (hunts->cli->settings.to_url)
        return fetch_hunt(hunts, argument, ret_hunt);
    *ret_hunt = saved_set_find(hunts->set, str_from_c(argument));
    if (*ret_hunt)
        return EXIT_DONE;
    cli_complain(hunts->cli, "there is no saved hunt '%s' (jaga hunts list)", argument);
    return EXIT_USAGE;
}

/* ---- list ---- */

/* `origin` is the hunt's file; empty: it has none. */
static void print_row(struct str id, struct str origin, struct str level, int64_t every_us,
                      struct str title, struct str more)
{
    struct buf shown = {0}, often = {0}, name = {0};
    if (every_us)
        value_add_duration(&often, every_us);
    else
        buf_add_c(&often, "by hand");
    style_printable(&shown, title, 0);
    style_printable(&name, saved_name(origin), 0);
    printf("%-36.*s  %-28.*s  %-13.*s  %-7.*s  %.*s%.*s\n", STR_ARG(id), STR_ARG(buf_str(&name)),
           STR_ARG(level), STR_ARG(buf_str(&often)), STR_ARG(buf_str(&shown)), STR_ARG(more));
    buf_free(&shown);
    buf_free(&often);
    buf_free(&name);
}

static int list_here(const struct cli *cli)
{
    struct hunts hunts;
    int code = open_hunts(&hunts, cli);
    for (size_t i = 0; code == EXIT_DONE && i < saved_set_count(hunts.set); i++) {
        const struct saved_hunt *hunt = saved_set_get(hunts.set, i);
        print_row(hunt->id, hunt->origin, str_from_c(sigma_level_name(hunt->level)), hunt->every_us,
                  hunt->title, STR(""));
    }
    close_hunts(&hunts);
    return code;
}

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

/* "  (3 found, 1 failed)" */
static void add_outcomes(struct buf *out, const json_t *outcomes)
{
    const char *name;
    json_t *value;
    bool any = false;
    json_object_foreach((json_t *)(uintptr_t)outcomes, name, value)
    {
        if (json_integer_value(value) == 0)
            continue;
        buf_printf(out, "%s%lld %s", any ? ", " : "  (", (long long)json_integer_value(value),
                   name);
        any = true;
    }
    if (any)
        buf_add_byte(out, ')');
}

static int list_centre(const struct cli *cli)
{
    int code;
    size_t i;
    json_t *row, *json = centre_ask(cli, "GET", "/api/v1/saved-hunts", STR(""), &code);
    json_array_foreach(json_object_get(json, "hunts"), i, row)
    {
        struct buf outcomes = {0};
        add_outcomes(&outcomes, json_object_get(row, "outcomes"));
        print_row(text_of(row, "id"), text_of(row, "origin"), text_of(row, "level"),
                  json_integer_value(json_object_get(row, "every")) * TIME_SECOND_US,
                  text_of(row, "title"), buf_str(&outcomes));
        buf_free(&outcomes);
    }
    json_decref(json);
    return code;
}

static int list(const struct cli *cli)
{
    return cli->settings.to_url ? list_centre(cli) : list_here(cli);
}

/* ---- show ---- */

static void print_run(const json_t *run)
{
    struct str agency = text_of(run, "agency"), problem = text_of(run, "problem");
    printf("%-20.*s  %.*s  %-7.*s  %lld rows, %lld findings%s%.*s\n",
           STR_ARG(agency.len ? agency : STR("(all)")), STR_ARG(text_of(run, "ended")),
           STR_ARG(text_of(run, "outcome")),
           (long long)json_integer_value(json_object_get(run, "rows")),
           (long long)json_integer_value(json_object_get(run, "findings")), problem.len ? ": " : "",
           STR_ARG(problem));
}

/* The file as it is, but for what a terminal would take for more than text. */
static void print_text(struct str text)
{
    struct str line;
    while (str_cut_line(&text, &line)) {
        struct buf shown = {0};
        style_printable(&shown, line, SIZE_MAX);
        printf("%.*s\n", STR_ARG(buf_str(&shown)));
        buf_free(&shown);
    }
}

static int show_centre(const struct cli *cli)
{
    int code;
    size_t i;
    json_t *run, *json = fetch(cli, cli->settings.paths.items[0], &code);
    if (!json)
        return code;
    print_text(text_of(json, "text"));
    if (json_array_size(json_object_get(json, "runs")))
        puts("\nLast runs:");
    json_array_foreach(json_object_get(json, "runs"), i, run) print_run(run);
    json_decref(json);
    return EXIT_DONE;
}

static int show_here(const struct cli *cli)
{
    const struct saved_hunt *hunt;
    struct hunts hunts;
    int code = open_hunts(&hunts, cli);
    if (code == EXIT_DONE)
        code = find_hunt(&hunts, cli->settings.paths.items[0], &hunt);
    if (code == EXIT_DONE)
        print_text(hunt->text);
    close_hunts(&hunts);
    return code;
}

static int show(const struct cli *cli)
{
    return cli->settings.to_url ? show_centre(cli) : show_here(cli);
}

/* ---- check ---- */

/* By themselves: a file may be one of those that are shipped. */
static int check(const struct cli *cli)
{
    struct hunts hunts;
    uint32_t bad = 0;
    struct saved_set *set = saved_set_new();
    int code = open_hunts(&hunts, cli);
    if (code == EXIT_DONE && !set)
        code = EXIT_BROKEN;
    if (code == EXIT_DONE)
        code = saved_files_add(cli, set, &cli->settings.paths, &hunts.engine.attack, hunts.tables,
                               &bad);
    if (code == EXIT_DONE)
        cli_say(cli, "%zu good, %u bad", saved_set_count(set), bad);
    saved_set_free(set);
    close_hunts(&hunts);
    return code == EXIT_DONE && bad ? EXIT_REFUSED : code;
}

/* ---- run ---- */

static int run_hunt(const struct cli *cli, const struct saved_hunt *hunt)
{
    struct hunt_parameter parameters[HUNT_PARAMETERS_MAX];
    struct err err = {0};
    uint32_t n = 0;
    int code = EXIT_USAGE;
    if (hunt_parameters_read(cli, parameters, &n) < 0)
        return EXIT_USAGE;
    if (saved_parameters_check(hunt, parameters, n, &err) < 0) {
        cli_complain(cli, "%s", err.message);
        return EXIT_USAGE;
    }
    struct hunt_session *session = hunt_session_open(cli, &code);
    if (session)
        code = hunt_session_ask(session, hunt->text, stdout);
    hunt_session_close(session);
    return code;
}

/* By the centre, whose rows become findings; as its schedule does, so with the parameters and the time of that. */
static int record(const struct cli *cli)
{
    static const char *const others[] = {"parameter", "now", NULL};
    const char *id = cli->settings.paths.items[0];
    if (!centre_is_named(cli))
        return EXIT_USAGE;
    for (size_t i = 0; others[i]; i++)
        if (option_given(&cli->settings, option_find(str_from_c(others[i])))) {
            cli_complain(cli,
                         "--%s does not go with --record: the centre runs the hunt as its "
                         "schedule does",
                         others[i]);
            return EXIT_USAGE;
        }
    int code = saved_send(cli, "POST", id, "/run", STR(""));
    if (code == EXIT_DONE)
        cli_say(cli, "the centre runs it; 'jaga hunts show %s --to ...' tells how it went", id);
    return code;
}

static int run(const struct cli *cli)
{
    const struct saved_hunt *hunt;
    struct hunts hunts;
    if (cli->settings.hunt_record)
        return record(cli);
    int code = open_hunts(&hunts, cli);
    if (code == EXIT_DONE)
        code = find_hunt(&hunts, cli->settings.paths.items[0], &hunt);
    if (code == EXIT_DONE)
        code = run_hunt(cli, hunt);
    close_hunts(&hunts);
    return code;
}

/* ---- draft ---- */

static int draft(const struct cli *cli)
{
    const struct saved_hunt *hunt;
    struct hunts hunts;
    struct buf yaml = {0};
    struct err err = {0};
    int code = open_hunts(&hunts, cli);
    if (code == EXIT_DONE)
        code = find_hunt(&hunts, cli->settings.paths.items[0], &hunt);
    if (code == EXIT_DONE && saved_sigma_draft(hunt, hunts.tables, hunts.engine.datasets,
                                               &hunts.engine.attack, &yaml, &err) < 0) {
        err_in(&err, str_from_c(cli->settings.paths.items[0]));
        cli_complain(cli, "%s", err.message);
        code = EXIT_REFUSED;
    }
    if (code == EXIT_DONE)
        fwrite(yaml.ptr ? yaml.ptr : "", 1, yaml.len, stdout);
    buf_free(&yaml);
    close_hunts(&hunts);
    return code;
}

/* ---- what a centre keeps ---- */

static int keep(const struct cli *cli, const char *method)
{
    const struct saved_hunt *hunt;
    struct hunts hunts;
    struct buf body = {0};
    if (!centre_is_named(cli))
        return EXIT_USAGE;
    int code = open_hunts(&hunts, cli);
    if (code == EXIT_DONE)
        code = read_file(&hunts, cli->settings.paths.items[0], &hunt);
    if (code == EXIT_DONE) {
        buf_add_c(&body, "{\"text\":");
        buf_add_json(&body, hunt->text);
        if (cli->settings.agency) {
            buf_add_c(&body, ",\"agencies\":");
            buf_add_json(&body, str_from_c(cli->settings.agency));
        }
        buf_add_byte(&body, '}');
        bool is_new = strcmp(method, "POST") == 0;
        code = saved_send(cli, method, is_new ? "" : hunt->id.ptr, "", buf_str(&body));
    }
    buf_free(&body);
    close_hunts(&hunts);
    return code;
}

static int add(const struct cli *cli)
{
    return keep(cli, "POST");
}

static int change(const struct cli *cli)
{
    return keep(cli, "PUT");
}

static int remove_hunt(const struct cli *cli)
{
    if (!centre_is_named(cli))
        return EXIT_USAGE;
    return saved_send(cli, "DELETE", cli->settings.paths.items[0], "", STR(""));
}

/* ---- the commands ---- */

static const char *const look_options[] = {"content", "hunts", CENTRE_CLIENT_OPTIONS, NULL};
static const char *const check_options[] = {"content", "quiet", NULL};
static const char *const keep_options[] = {"content", "hunt:agency", CENTRE_CLIENT_OPTIONS, NULL};
static const char *const remove_options[] = {CENTRE_CLIENT_OPTIONS, NULL};
static const char *const run_options[] = {
    "hunt:output",         "parameter", "now",    "record",  "hunts", "rows",
    "time-limit",          "explain",   "data",   "lake",    "geo",   "lake-memory",
    "lake-threads",        "duckdb",    "ledger", "content", "color", "quiet",
    CENTRE_CLIENT_OPTIONS, NULL,
};

const struct command cmd_hunts_list = {
    .name = "hunts list",
    .about = "List saved hunts: those that are shipped and of --hunts, or with --to a centre's and "
             "how they went.",
    .prose = "Commands take a hunt by its id, which stands first, or by its name, which is that of "
             "its file; one that a centre keeps has an id only.",
    .options = look_options,
    .run = list,
};

const struct command cmd_hunts_show = {
    .name = "hunts show",
    .arguments = "ID",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Show the file of a saved hunt, with --to also its last run for each agency.",
    .options = look_options,
    .run = show,
};

const struct command cmd_hunts_check = {
    .name = "hunts check",
    .arguments = "PATH...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Check files of saved hunts, and those of folders, and say where they are wrong.",
    .prose = "Each is read, compiled over the tables, and its columns are held against what its "
             "findings are made of. docs/saved-hunts.md describes the file. The exit code is 4 "
             "where one is wrong.",
    .options = check_options,
    .run = check,
};

const struct command cmd_hunts_run = {
    .name = "hunts run",
    .arguments = "ID|FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Run a saved hunt once and show its rows.",
    .prose = "Without --to, the lake of the data folder is asked, whose centre must not run; with "
             "--to, a running centre. --now runs it as of another time: events behind it are not "
             "seen.\n"
             "With --record, the centre runs it for every agency in the background, and makes its "
             "rows findings, as its schedule does.",
    .options = run_options,
    .run = run,
};

const struct command cmd_hunts_add = {
    .name = "hunts add",
    .arguments = "FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Keep a hunt in a centre, to be run by its schedule or by hand.",
    .prose = "A hunt with a schedule or findings is an administrator's.",
    .options = keep_options,
    .run = add,
};

const struct command cmd_hunts_change = {
    .name = "hunts change",
    .arguments = "FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Change a hunt that a centre keeps: the one with the id of the file.",
    .options = keep_options,
    .run = change,
};

const struct command cmd_hunts_remove = {
    .name = "hunts remove",
    .arguments = "ID",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Remove a hunt that a centre keeps; its findings stay.",
    .options = remove_options,
    .run = remove_hunt,
};

const struct command cmd_hunts_draft = {
    .name = "hunts draft",
    .arguments = "ID|FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Draft a Sigma rule from a saved hunt that filters one table.",
    .prose = "A table with where filters can be said in Sigma; the draft has the native names of "
             "fields. What cannot be said is refused with its place, and the exit code is 4.",
    .options = look_options,
    .run = draft,
};
