#include "cli/hunt_session.h"

#include <errno.h>
#include <stdlib.h>

#include "api/finding_rows.h"
#include "cli/data_folder.h"
#include "cli/engine.h"
#include "cli/hunt_out.h"
#include "cli/hunt_rules.h"
#include "cli/hunt_watch.h"
#include "cli/lake_folder.h"
#include "cli/out_style.h"
#include "cli/terminal.h"
#include "hunt/function.h"
#include "hunt/geo.h"
#include "ship/client.h"

struct hunt_session {
    const struct cli *cli;
    struct engine engine;
    struct tables *tables;
    struct hunt_shelf *shelf;  /* of the folder's lake: a prompt hunts more than once */
    struct lake_folder folder; /* of a data folder; lake NULL: a centre is asked */
    struct geo *geo;           /* NULL: none */
    struct hunt_place place;
    struct client *client;
};

/* ---- open ---- */

static int findings(void *context, const struct lake_scope *scope, struct buf *json,
                    struct err *err)
{
    const struct cli *cli = context;
    const struct ledger_scope own = {scope->all, scope->agencies, scope->n};
    int code;
    struct ledger *ledger = data_ledger(cli, false, &code);
    int status = ledger ? finding_rows_write(ledger, &own, json) : -ENOENT;
    if (ledger)
        ledger_close(ledger);
    return status < 0 ? err_set(err, status, "the findings of %s can't be read", cli->settings.data)
                      : 0;
}

static int open_folder(struct hunt_session *session)
{
    struct err err = {0};
    int code = lake_folder_open(session->cli, &session->folder);
    if (code != EXIT_DONE)
        return code;
    int status = 0;
    if (session->cli->settings.geo)
        status = geo_open(session->cli->settings.geo, &session->geo, &err);
    if (status == 0)
        status =
            hunt_functions_register(session->folder.ops, session->folder.lake, session->geo, &err);
    session->shelf = hunt_shelf_new(session->folder.ops, session->folder.lake);
    if (status == 0 && !session->shelf)
        status = err_set(&err, -ENOMEM, "no memory");
    session->place = (struct hunt_place){
        .ops = session->folder.ops,
        .lake = session->folder.lake,
        .tables = session->tables,
        .shelf = session->shelf,
        .geo = session->geo,
        .findings = findings,
        .findings_context = (void *)(uintptr_t)session->cli,
        .rules = hunt_rules_make,
        .rules_context = (void *)(uintptr_t)session->cli,
    };
    return status < 0 ? lake_folder_complain(session->cli, status, &err) : EXIT_DONE;
}

static int open_session(struct hunt_session *session)
{
    struct err err = {0};
    int code = engine_open(&session->engine, session->cli);
    if (code == EXIT_DONE && tables_load(&session->engine.content, session->engine.datasets,
                                         &session->tables, &err) < 0) {
        cli_complain(session->cli, "%s", err.message);
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE && session->cli->settings.to_url)
        session->client = hunt_remote_open(session->cli, &code);
    else if (code == EXIT_DONE)
        code = open_folder(session);
    return code;
}

struct hunt_session *hunt_session_open(const struct cli *cli, int *ret_code)
{
    struct hunt_session *session = calloc(1, sizeof(*session));
    if (!session) {
        cli_complain(cli, "no memory");
        *ret_code = EXIT_BROKEN;
        return NULL;
    }
    session->cli = cli;
    *ret_code = open_session(session);
    if (*ret_code == EXIT_DONE)
        return session;
    hunt_session_close(session);
    return NULL;
}

void hunt_session_close(struct hunt_session *session)
{
    if (!session)
        return;
    client_free(session->client);
    hunt_shelf_free(session->shelf);
    if (session->folder.lake)
        lake_folder_close(&session->folder);
    geo_close(session->geo);
    tables_free(session->tables);
    engine_free(&session->engine);
    free(session);
}

const struct tables *hunt_session_tables(const struct hunt_session *session)
{
    return session->tables;
}

/* ---- ask ---- */

/* A question on its way, to a folder or a centre. */
struct asking {
    struct hunt_session *session;
    struct str query;
    enum hunt_language language;
    const struct hunt_sink *sink;
    struct hunt_watch *watch;
    struct buf *plan; /* what is wanted instead of rows; NULL: rows */
};

static void watched_stats(void *context, struct hunt_asking_stats *ret_stats)
{
    hunt_asking_stats(context, ret_stats);
}

static void watched_cancel(void *context)
{
    hunt_asking_cancel(context);
}

void hunt_say_note(const struct cli *cli, struct str note)
{
    struct buf shown = {0};
    if (note.len == 0 || cli->settings.quiet)
        return;
    style_printable(&shown, note, SIZE_MAX);
    cli_say(cli, "%.*s", STR_ARG(buf_str(&shown)));
    buf_free(&shown);
}

static int run_watched(const struct asking *asking, struct hunt_asking *hunt, struct err *err)
{
    const struct hunt_watched watched = {watched_stats, watched_cancel, hunt};
    if (hunt_watch_begin(asking->watch, &watched) < 0)
        return err_set(err, -ENOMEM, "no thread for the hunt");
    int status = hunt_asking_compile(hunt, err);
    if (status == 0 && asking->plan)
        hunt_asking_explain(hunt, asking->plan);
    else if (status == 0)
        status = hunt_asking_run(hunt, asking->sink, err);
    hunt_watch_end(asking->watch);
    if (status == 0) {
        struct hunt_asking_stats stats;
        hunt_asking_stats(hunt, &stats);
        hunt_say_note(asking->session->cli, str_from_c(stats.note));
    }
    return status;
}

int hunt_parameters_read(const struct cli *cli,
                         struct hunt_parameter ret_parameters[static HUNT_PARAMETERS_MAX],
                         uint32_t *ret_n)
{
    const text_list *list = &cli->settings.hunt_parameters;
    if (list->len > HUNT_PARAMETERS_MAX) {
        cli_complain(cli, "a hunt takes at most %d parameters", HUNT_PARAMETERS_MAX);
        return -EINVAL;
    }
    for (size_t i = 0; i < list->len; i++) {
        struct str text = str_from_c(list->items[i]);
        size_t sign = str_index(text, '=');
        if (sign == 0 || sign == text.len) {
            cli_complain(cli, "--parameter takes NAME=VALUE: '%s'", list->items[i]);
            return -EINVAL;
        }
        ret_parameters[i] =
            (struct hunt_parameter){str_first(text, sign), str_skip(text, sign + 1)};
    }
    *ret_n = (uint32_t)list->len;
    return 0;
}

/* The time that the events are asked for, which ends at now() where that is said. */
static int64_t last_time(const struct settings *settings)
{
    int64_t last = settings->to == TIME_UNSET ? INT64_MAX : settings->to;
    bool sooner = settings->hunt_now != TIME_UNSET && settings->hunt_now < last;
    return sooner ? settings->hunt_now : last;
}

static int ask_folder(const struct asking *asking, struct err *err)
{
    const struct settings *settings = &asking->session->cli->settings;
    struct hunt_parameter parameters[HUNT_PARAMETERS_MAX];
    uint32_t n = 0;
    if (hunt_parameters_read(asking->session->cli, parameters, &n) < 0)
        return err_set(err, -EINVAL, "the query was not asked");
    const struct hunt_question question = {
        .text = asking->query,
        .language = asking->language,
        .first = settings->from == TIME_UNSET ? INT64_MIN : settings->from,
        .last = last_time(settings),
        .now_us = settings->hunt_now == TIME_UNSET ? 0 : settings->hunt_now,
        .parameters = parameters,
        .n_parameters = n,
        .scope = {.all = true},
        .limits = {.rows = settings->hunt_rows, .time_us = settings->hunt_time},
        .explains = settings->hunt_explain,
    };
    struct hunt_asking *hunt = hunt_asking_new(&asking->session->place, &question);
    if (!hunt)
        return err_set(err, -ENOMEM, "no memory");
    int status = run_watched(asking, hunt, err);
    hunt_asking_free(hunt);
    return status;
}

static int ask(const struct asking *asking, struct err *err)
{
    struct hunt_session *session = asking->session;
    if (!session->client)
        return ask_folder(asking, err);
    const struct hunt_remote_asking remote = {
        .query = asking->query,
        .language = asking->language,
        .sink = asking->sink,
        .watch = asking->watch,
        .plan = asking->plan,
    };
    return hunt_remote_ask(session->cli, session->client, &remote, err);
}

int hunt_session_collect(struct hunt_session *session, struct str query,
                         const struct hunt_sink *sink, struct err *err)
{
    struct hunt_watch watch;
    hunt_watch_init(&watch, session->cli);
    watch.shows = false;
    const struct asking asking = {session, query, HUNT_KQL, sink, &watch, NULL};
    int status = ask(&asking, err);
    hunt_watch_free(&watch);
    return status;
}

/* What is wrong, and where in the query. */
static int complain(const struct cli *cli, struct str query, int status, const struct err *err)
{
    struct buf place = {0};
    if (*cli->stop)
        return EXIT_INTERRUPTED;
    if (status == -EPIPE) /* the reader went away */
        return EXIT_BROKEN;
    hunt_place_write(&place, query, err->line, err->column);
    if (err->line)
        cli_complain(cli, "%u:%u: %s", err->line, err->column, err->message);
    else
        cli_complain(cli, "%s", err->message[0] ? err->message : strerror(-status));
    if (place.len > 0)
        fwrite(place.ptr, 1, place.len, stderr);
    buf_free(&place);
    if (status == -EINVAL || status == -ENOTSUP || status == -E2BIG || status == -ENOENT)
        return EXIT_USAGE;
    return status == -EACCES || status == -ETIME ? EXIT_REFUSED : EXIT_BROKEN;
}

int hunt_session_ask(struct hunt_session *session, struct str query, FILE *file)
{
    const struct cli *cli = session->cli;
    struct hunt_watch watch;
    struct err err = {0};
    struct buf plan = {0};
    hunt_watch_init(&watch, cli);
    const struct hunt_out_options options = {
        .form = (enum hunt_out_form)cli->settings.hunt_output,
        .file = file,
        .watch = &watch,
        .look = {.width = terminal_width(file),
                 .colour = cli->colour_out && file == stdout,
                 .ascii = terminal_ascii()},
    };
    struct hunt_out *out = hunt_out_new(&options);
    const struct asking asking = {
        .session = session,
        .query = query,
        .language = cli->settings.hunt_sigma ? HUNT_SIGMA
                    : cli->settings.hunt_sql ? HUNT_SQL
                                             : HUNT_KQL,
        .sink = out ? hunt_out_sink(out) : NULL,
        .watch = &watch,
        .plan = cli->settings.hunt_explain ? &plan : NULL,
    };
    int status = out ? ask(&asking, &err) : -ENOMEM;
    if (status == 0 && plan.len > 0)
        fwrite(plan.ptr, 1, plan.len, file);
    if (fflush(file) != 0 && status == 0)
        status = -errno;
    if (ferror(file) && status < 0) /* which is why the hunt ended */
        err_set(&err, status, "the result can't be written: %s", strerror(-status));
    clearerr(file);
    hunt_out_free(out);
    buf_free(&plan);
    hunt_watch_free(&watch);
    return status < 0 ? complain(cli, query, status, &err) : EXIT_DONE;
}
