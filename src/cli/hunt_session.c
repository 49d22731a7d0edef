#include "cli/hunt_session.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "api/finding_rows.h"
#include "cli/data_folder.h"
#include "cli/engine.h"
#include "cli/hunt_out.h"
#include "cli/lake_folder.h"
#include "cli/out_style.h"
#include "cli/terminal.h"
#include "hunt/function.h"
#include "ship/client.h"

#define LOOK_EVERY_NS 50000000L   /* for a signal */
#define PROGRESS_AFTER_US 1000000 /* what is answered sooner shows none */

struct hunt_session {
    const struct cli *cli;
    struct engine engine;
    struct tables *tables;
    struct lake_folder folder; /* of a data folder; lake NULL: a centre is asked */
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
    int status = hunt_functions_register(session->folder.ops, session->folder.lake, &err);
    session->place = (struct hunt_place){
        .ops = session->folder.ops,
        .lake = session->folder.lake,
        .tables = session->tables,
        .findings = findings,
        .findings_context = (void *)(uintptr_t)session->cli,
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
    if (session->folder.lake)
        lake_folder_close(&session->folder);
    tables_free(session->tables);
    engine_free(&session->engine);
    free(session);
}

const struct tables *hunt_session_tables(const struct hunt_session *session)
{
    return session->tables;
}

/* ---- ask ---- */

/* Looks, while the lake works, for a signal, and shows how far it is. */
struct watching {
    const struct cli *cli;
    struct hunt_asking *asking;
    _Atomic bool done;
    bool shown;
};

static void show_progress(struct watching *watching)
{
    struct hunt_asking_stats stats;
    hunt_asking_stats(watching->asking, &stats);
    if (!watching->cli->terminal_err || watching->cli->settings.quiet ||
        stats.time_us < PROGRESS_AFTER_US)
        return;
    watching->shown = true;
    fprintf(stderr, "\r\033[K%.1f s", (double)stats.time_us / 1e6);
    if (stats.progress >= 0)
        fprintf(stderr, "  %.0f %%", stats.progress * 100);
    fflush(stderr);
}

static void *watch(void *argument)
{
    struct watching *watching = argument;
    const struct timespec pause = {0, LOOK_EVERY_NS};
    while (!atomic_load(&watching->done)) {
        nanosleep(&pause, NULL);
        if (*watching->cli->stop)
            hunt_asking_cancel(watching->asking);
        show_progress(watching);
    }
    if (watching->shown)
        fputs("\r\033[K", stderr);
    return NULL;
}

static int run_watched(const struct cli *cli, struct hunt_asking *asking,
                       const struct hunt_sink *sink, struct buf *plan, struct err *err)
{
    struct watching watching = {.cli = cli, .asking = asking};
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch, &watching) != 0)
        return err_set(err, -ENOMEM, "no thread for the hunt");
    int status = hunt_asking_compile(asking, err);
    if (status == 0 && cli->settings.hunt_explain)
        hunt_asking_explain(asking, plan);
    else if (status == 0)
        status = hunt_asking_run(asking, sink, err);
    atomic_store(&watching.done, true);
    pthread_join(thread, NULL);
    return status;
}

static int ask_folder(struct hunt_session *session, struct str query, const struct hunt_sink *sink,
                      struct buf *plan, struct err *err)
{
    const struct settings *settings = &session->cli->settings;
    const struct hunt_question question = {
        .text = query,
        .language = settings->hunt_sql ? HUNT_SQL : HUNT_KQL,
        .first = settings->from == TIME_UNSET ? INT64_MIN : settings->from,
        .last = settings->to == TIME_UNSET ? INT64_MAX : settings->to,
        .scope = {.all = true},
        .limits = {.rows = settings->hunt_rows, .time_us = settings->hunt_time},
    };
    struct hunt_asking *asking = hunt_asking_new(&session->place, &question);
    if (!asking)
        return err_set(err, -ENOMEM, "no memory");
    int status = run_watched(session->cli, asking, sink, plan, err);
    hunt_asking_free(asking);
    return status;
}

/* What is wrong, and where in the query. */
static int complain(const struct cli *cli, struct str query, int status, const struct err *err)
{
    struct buf place = {0};
    if (*cli->stop)
        return EXIT_INTERRUPTED;
    if (status == -EPIPE) /* the reader went away, or the disk is full */
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

int hunt_session_ask(struct hunt_session *session, struct str query)
{
    const struct cli *cli = session->cli;
    const struct hunt_out_options options = {
        .form = (enum hunt_out_form)cli->settings.hunt_output,
        .file = stdout,
        .width = terminal_width(stdout),
        .colour = cli->colour_out,
    };
    struct err err = {0};
    struct buf plan = {0};
    struct hunt_out *out = hunt_out_new(&options);
    int status = -ENOMEM;
    if (out && session->client)
        status = hunt_remote_ask(cli, session->client, query, hunt_out_sink(out), &plan, &err);
    else if (out)
        status = ask_folder(session, query, hunt_out_sink(out), &plan, &err);
    if (status == 0 && plan.len > 0)
        fwrite(plan.ptr, 1, plan.len, stdout);
    fflush(stdout);
    hunt_out_free(out);
    buf_free(&plan);
    return status < 0 ? complain(cli, query, status, &err) : EXIT_DONE;
}
