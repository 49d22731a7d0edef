/*
 * centre_inside: what the files of the centre share; centre.h is its public face.
 *
 *     centre.c         the table of parts, start and stop
 *     centre_keep.c    what is kept: folders, certificate, ledger, spool, dead letters
 *     centre_watch.c   who sends, the intake, the health of sources, detection
 *     centre_lake.c    the lake, and what fills it
 *     centre_past.c    new rules over what was received before
 *     centre_hunt.c    what hunts in it need, and those that are saved
 *     centre_doors.c   HTTP and syslog, and where they listen
 *     centre_reload.c  what is looked at and read again while it runs
 */
#ifndef JAGA_CLI_CENTRE_INSIDE_H
#define JAGA_CLI_CENTRE_INSIDE_H

#include <pthread.h>

#include "api/api.h"
#include "api/syslog.h"
#include "cli/centre.h"
#include "cli/config.h"
#include "io/tls.h"
#include "watch/schedule.h"
#include "watch/lookbacks.h"
#include "watch/store.h"

struct centre_hunt;

struct centre {
    struct cli cli;        /* its settings may come from the file */
    struct settings asked; /* what the command line says, without the file */
    const char *const *taken;
    struct config config;
    struct arena arena; /* paths */
    const char *config_path, *ledger_url, *journal_key;

    struct tls_identity *identity;
    struct ledger *ledger; /* of the owner's thread */
    struct senders *senders;
    const struct spool_ops *engine;
    struct spool *spool, *dead;
    struct intake *intake;
    struct health *health;
    struct lookbacks *lookbacks; /* NULL: there is no lake */
    struct live *live;
    const struct lake_ops *lake_engine;
    struct lake *lake;                   /* NULL: none is wanted */
    struct store *store;                 /* fills it */
    struct store_version *store_version; /* of the rules at the start, until the store has it */
    struct centre_hunt *hunt;            /* centre_hunt.c; NULL: there is no lake */
    struct schedule *schedule;           /* of saved hunts; NULL: there is no lake */
    struct syslog_door *syslog;

    pthread_mutex_t published; /* holds `api` while a thread of detection tells it something */
    struct api *api;
    const struct api_listener *listeners;
    const struct syslog_listener *syslog_listeners;
    size_t n_listeners, n_syslog_listeners;

    char admin_token[TOKEN_TEXT_MAX]; /* empty: there were tokens before */
    int spool_trouble;                /* as it was last said */
    uint64_t ledger_version;
    uint64_t files;                                 /* signature of what a reload reads */
    int64_t looked_us, saved_us, files_us, room_us; /* ticks */
};

/* data_path() and data_url() that live as long as the centre. */
const char *centre_path(struct centre *centre, const char *path);
const char *centre_url(struct centre *centre, const char *url);

/* The file of indicators; it need not be there. */
const char *centre_intel_path(struct centre *centre);

/*
 * Reads the configuration file into settings that the command line left open. 0 also where there is no
 * file and none was asked for; else it has logged what is wrong.
 */
int centre_read_config(struct centre *centre, struct settings *settings, struct config *config);

/* Of all files that a reload reads. */
uint64_t centre_signature(struct centre *centre);

/* Takes the senders of the configuration, and all tokens. 0 or -errno of the ledger. */
int centre_load_senders(struct centre *centre, const struct config *config);

/* Tells the health of sources what the configuration expects of them. 0 or -ENOMEM. */
int centre_declare_sources(struct centre *centre, const struct config *config);

/* Keeps what was learnt about sources, and the loss account; logs where it cannot. */
void centre_save_health(struct centre *centre);
void centre_save_account(struct centre *centre);

/* How long the lake keeps what, from now on. 0 or -ENOMEM. */
int centre_keep_lake(struct centre *centre, const struct config *config);

/* The tables that hunts name; NULL: there is no lake. */
struct tables_shelf *centre_hunt_tables(const struct centre *centre);
/* Reads the tables of hunts again; hunts that run keep theirs. */
void centre_reload_hunt(struct centre *centre);

/* The same of what agencies want of saved hunts. */
void centre_reload_schedule(struct centre *centre, const struct config *config);
const struct geo *centre_hunt_geo(const struct centre *centre); /* NULL: none */

/* Those of the content and of files, and the names of ATT&CK; NULL: there is no lake. */
const struct saved_set *centre_saved_hunts(const struct centre *centre);
const struct attack *centre_attack(const struct centre *centre);

/* Findings have changed: streams are woken. Any thread; `context` is the centre. */
void centre_published(void *context);

struct live_version;
void centre_say_version(const char *event, const struct live_version *version);

/*
 * The parts. Starting returns 0, or the code of *err, which says why not. Stopping is due after a start that failed,
 * too, and stops what there is.
 */

int centre_start_folders(struct centre *centre, struct err *err);
int centre_start_identity(struct centre *centre, struct err *err);
int centre_start_ledger(struct centre *centre, struct err *err);
int centre_start_spool(struct centre *centre, struct err *err);
int centre_start_dead(struct centre *centre, struct err *err);
int centre_start_senders(struct centre *centre, struct err *err);
int centre_start_intake(struct centre *centre, struct err *err);
int centre_start_health(struct centre *centre, struct err *err);
int centre_open_lookbacks(struct centre *centre, struct err *err);
int centre_start_lookbacks(struct centre *centre, struct err *err);
int centre_start_live(struct centre *centre, struct err *err);
int centre_start_lake(struct centre *centre, struct err *err);
int centre_start_store(struct centre *centre, struct err *err);
int centre_start_hunt(struct centre *centre, struct err *err);
int centre_start_schedule(struct centre *centre, struct err *err);
int centre_start_api(struct centre *centre, struct err *err);
int centre_start_syslog(struct centre *centre, struct err *err);
int centre_start_token(struct centre *centre, struct err *err);

void centre_stop_identity(struct centre *centre);
void centre_stop_ledger(struct centre *centre);
void centre_stop_spool(struct centre *centre);
void centre_stop_dead(struct centre *centre);
void centre_stop_senders(struct centre *centre);
void centre_stop_intake(struct centre *centre);
void centre_stop_health(struct centre *centre);
void centre_close_lookbacks(struct centre *centre);
void centre_stop_lookbacks(struct centre *centre);
void centre_stop_live(struct centre *centre);
void centre_stop_lake(struct centre *centre);
void centre_stop_store(struct centre *centre);
void centre_stop_hunt(struct centre *centre);
void centre_stop_schedule(struct centre *centre);
void centre_stop_api(struct centre *centre);
void centre_stop_syslog(struct centre *centre);

#endif
