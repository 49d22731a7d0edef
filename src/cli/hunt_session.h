/*
 * hunt_session: where `jaga hunt` asks: the lake of a data folder, opened here, or a running centre. One thread uses a
 * session; a signal ends what it asks.
 */
#ifndef JAGA_CLI_HUNT_SESSION_H
#define JAGA_CLI_HUNT_SESSION_H

#include "cli/cli.h"
#include "hunt/ask.h"

#define HUNT_PARAMETERS_MAX 64

struct hunt_session;

/* --parameter NAME=VALUE, for a query that declares them. 0, or -EINVAL: it was said what is wrong. */
int hunt_parameters_read(const struct cli *cli,
                         struct hunt_parameter ret_parameters[static HUNT_PARAMETERS_MAX],
                         uint32_t *ret_n);

/* NULL: it was said why not, and *ret_code is the exit code. */
struct hunt_session *hunt_session_open(const struct cli *cli, int *ret_code);
void hunt_session_close(struct hunt_session *session);

/* The tables of the content, for completion. Live as long as the session. */
const struct tables *hunt_session_tables(const struct hunt_session *session);

/*
 * Asks, and writes to `file` what the options say. An exit code; what is wrong was said, with the place in the
 * query.
 */
int hunt_session_ask(struct hunt_session *session, struct str query, FILE *file);

/* Asks for the rows of a query in KQL, whatever the options say, and says nothing. 0, or -errno with *err. */
int hunt_session_collect(struct hunt_session *session, struct str query,
                         const struct hunt_sink *sink, struct err *err);

/* ---- hunt_remote.c: the same of a centre ---- */

struct client;
struct hunt_watch;

/* NULL: it was said why not. */
struct client *hunt_remote_open(const struct cli *cli, int *ret_code);

struct hunt_remote_asking {
    struct str query;
    enum hunt_language language;
    const struct hunt_sink *sink;
    struct hunt_watch *watch;
    struct buf *plan; /* wanted instead of rows; NULL: rows */
};

/*
 * 0, or -errno with *err; a place in the query where the centre says it. A hunt that a signal interrupts is deleted at the
 * centre.
 */
int hunt_remote_ask(const struct cli *cli, struct client *client,
                    const struct hunt_remote_asking *asking, struct err *err);

/* Says on standard error what a result's reader must know; empty: nothing. */
void hunt_say_note(const struct cli *cli, struct str note);

#endif
