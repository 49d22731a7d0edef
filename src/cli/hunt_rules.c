#include "cli/hunt_rules.h"

#include <errno.h>

#include "base/time.h"
#include "cli/engine.h"
#include "cli/hunt_out.h"
#include "cli/lake_folder.h"
#include "cli/terminal.h"
#include "hunt/function.h"
#include "hunt/lookback.h"

static const struct hunt_column columns[] = {
    {{"Time", 4}, KQL_DATETIME}, {{"Id", 2}, KQL_STRING},     {{"Agency", 6}, KQL_STRING},
    {{"Source", 6}, KQL_STRING}, {{"Rule", 4}, KQL_STRING},   {{"Title", 5}, KQL_STRING},
    {{"Level", 5}, KQL_STRING},  {{"Event", 5}, KQL_DYNAMIC},
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct hunting {
    const struct cli *cli;
    struct engine engine;
    struct lake_folder folder;
    struct lookback *lookback;
    const struct hunt_sink *sink;
    struct buf json;
    uint64_t rows;
    bool cut;
};

static int write_row(struct hunting *hunting, const struct lookback_event *found, uint32_t rule)
{
    const struct sigma_meta *meta = &hunting->engine.set.rules.items[rule]->meta;
    char time[TIME_TEXT_MAX], id[LAKE_ID_TEXT_MAX];
    const struct hunt_cell cells[N_COLUMNS] = {
        {str_of(time, time_format(found->time, time)), false},
        {str_of(id, lake_id_format(&found->id, id)), false},
        {found->agency, false},
        {found->source, false},
        {meta->id, false},
        {meta->title, false},
        {str_from_c(sigma_level_name(meta->level)), false},
        {buf_str(&hunting->json), false},
    };
    return hunting->sink->row(hunting->sink->context, cells);
}

static int on_found(void *context, const struct lookback_event *found)
{
    struct hunting *hunting = context;
    int status = *hunting->cli->stop ? -ECANCELED : 0;
    buf_clear(&hunting->json);
    event_write_json(found->event, &hunting->json);
    for (size_t i = 0; status == 0 && i < found->n_rules; i++) {
        hunting->cut = hunting->rows++ >= hunting->cli->settings.hunt_rows;
        status = hunting->cut ? -E2BIG : write_row(hunting, found, found->rules[i]);
    }
    return status == 0 && hunting->json.failed ? -ENOMEM : status;
}

static int look(struct hunting *hunting, struct err *err)
{
    const struct settings *settings = &hunting->cli->settings;
    const struct hunt_render plain = {0};
    const struct hunt_head head = {.columns = columns, .n_columns = N_COLUMNS, .render = &plain};
    int status = hunting->sink->begin(hunting->sink->context, &head);
    if (status == 0)
        status = lookback_run(
            hunting->lookback, settings->from == TIME_UNSET ? INT64_MIN : settings->from,
            settings->to == TIME_UNSET ? INT64_MAX : settings->to, on_found, hunting, err);
    if (status == 0 || hunting->cut)
        status = hunting->sink->end(hunting->sink->context, hunting->cut);
    return status;
}

/* Says what could not be done; the exit code. */
static int finish(const struct hunting *hunting, int status, const struct err *err)
{
    if (status == 0)
        return EXIT_DONE;
    if (*hunting->cli->stop)
        return EXIT_INTERRUPTED;
    return status == -EPIPE ? EXIT_BROKEN : lake_folder_complain(hunting->cli, status, err);
}

static int open_all(struct hunting *hunting)
{
    const struct cli *cli = hunting->cli;
    text_list one = {0};
    struct err err = {0};
    int code = engine_open(&hunting->engine, cli);
    if (code == EXIT_DONE && vec_push(&one, cli->settings.hunt_sigma) < 0)
        code = EXIT_BROKEN;
    if (code == EXIT_DONE)
        code = engine_read_rules(&hunting->engine, &one);
    vec_free(&one);
    if (code == EXIT_DONE)
        code = engine_compile(&hunting->engine);
    if (code != EXIT_DONE)
        return code;
    engine_say_refusals(&hunting->engine, true);
    if (hunting->engine.set.refusals.len)
        return EXIT_REFUSED;
    code = lake_folder_open(cli, &hunting->folder);
    if (code != EXIT_DONE)
        return code;
    const struct lookback_options options = {
        .ops = hunting->folder.ops,
        .lake = hunting->folder.lake,
        .set = &hunting->engine.set,
        .ruleset = hunting->engine.ruleset,
        .datasets = hunting->engine.datasets,
        .fields = &hunting->engine.fields,
        .scope = {.all = true},
    };
    int status = hunt_functions_register(options.ops, options.lake, NULL, &err);
    hunting->lookback = status == 0 ? lookback_new(&options, &err) : NULL;
    return hunting->lookback ? EXIT_DONE : finish(hunting, err.code, &err);
}

/* The SQL of each dataset that is looked into. */
static void explain(const struct hunting *hunting)
{
    const struct str *names;
    size_t n = lookback_datasets(hunting->lookback, &names);
    for (size_t i = 0; i < n; i++) {
        struct str where = lookback_where(hunting->lookback, names[i]);
        printf("%.*s\n  %.*s\n", STR_ARG(names[i]),
               STR_ARG(where.len ? where : STR("all of its events")));
    }
}

int hunt_rules(const struct cli *cli)
{
    const struct hunt_out_options options = {
        .form = (enum hunt_out_form)cli->settings.hunt_output,
        .file = stdout,
        .look = {.width = terminal_width(stdout),
                 .colour = cli->colour_out,
                 .ascii = terminal_ascii()},
    };
    struct hunting hunting = {.cli = cli};
    struct err err = {0};
    if (cli->settings.to_url) {
        cli_complain(cli, "--sigma looks into a data folder; a rule that is added to a running "
                          "centre looks back by itself (jaga lookback list)");
        return EXIT_USAGE;
    }
    struct hunt_out *out = hunt_out_new(&options);
    int code = out ? open_all(&hunting) : EXIT_BROKEN;
    if (code == EXIT_DONE && cli->settings.hunt_explain) {
        explain(&hunting);
    } else if (code == EXIT_DONE) {
        hunting.sink = hunt_out_sink(out);
        code = finish(&hunting, look(&hunting, &err), &err);
    }
    fflush(stdout);
    lookback_free(hunting.lookback);
    lake_folder_close(&hunting.folder);
    engine_free(&hunting.engine);
    hunt_out_free(out);
    buf_free(&hunting.json);
    return code;
}
