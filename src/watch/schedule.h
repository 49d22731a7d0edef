/*
 * schedule: saved hunts, run when they are due, and their rows made findings. One thread, one hunt at a time, at low
 * priority: it only reads the lake, and holds up nobody.
 *
 *     shipped, of files ─┐                          ┌─▶ findings ─┐
 *                        ├─▶ due? ─▶ ask the lake ──┤             ├─▶ one transaction of the ledger
 *     kept in the ledger ┘   per agency             └─▶ how it went┘
 *
 * A hunt runs for each agency that has events, with the scope of that agency alone; a central one once, and its rows say
 * whose they are. now() of a run is the time that it is for, and it sees no later events: `lag` after that time it starts,
 * so that what was on its way has come. After a stop, what was missed is run once, for the latest time.
 *
 * Exactly once: findings and the state of a run are one transaction. A row that was found before, by its entity and its
 * evidence (saved.h), is not counted again; another one of the same entity counts on its finding while that is open.
 *
 * Exceptions (Sigma filters for `logsource: {product: jaga, service: hunt}`) and what agencies do not want are asked of
 * each row, as they are of matches.
 */
#ifndef JAGA_WATCH_SCHEDULE_H
#define JAGA_WATCH_SCHEDULE_H

#include "hunt/saved.h"
#include "hunt/tables_shelf.h"
#include "ledger/kept_hunt.h"
#include "watch/live.h"

#define SCHEDULE_LAG_US INT64_C(60000000)
#define SCHEDULE_ROWS_MAX 1000 /* findings of a run; a run with more rows is cut, and says so */
#define SCHEDULE_BYTES_MAX (UINT64_C(32) << 20) /* of the texts of its rows */
#define SCHEDULE_TIME_US INT64_C(300000000)     /* a run may take */
#define SCHEDULE_MEMORY_MAX (UINT64_C(1) << 30) /* bytes of the engine for a run */
#define SCHEDULE_EVENTS_MAX 1000 /* events that are kept with the findings of a run */
#define SCHEDULE_AGENCIES_US                                                                       \
    INT64_C(300000000) /* between two looks for agencies that have events */

/* All of it outlives the schedule. */
struct schedule_options {
    const struct lake_ops *engine;
    struct lake *lake;
    struct tables_shelf *tables;
    const struct geo *geo; /* NULL: none */
    const struct datasets *datasets;
    const struct attack *attack;
    const struct saved_set *hunts;      /* shipped, and of files */
    const char *ledger;                 /* URL: the schedule opens its own */
    const char *journal_key;            /* file; NULL: signs nothing */
    const struct live_agency *agencies; /* what they want different; copied */
    size_t n_agencies;
    int64_t lag_us;       /* 0: SCHEDULE_LAG_US; less: none */
    bool idle;            /* runs only what schedule_ask() asks for */
    int64_t (*now)(void); /* NULL: the real clock */
    /* Appends the centre's findings as hunts look at them; NULL: none. */
    int (*findings)(struct ledger *ledger, const struct ledger_scope *scope, struct buf *json);
    void (*published)(void *context); /* after a transaction that changed findings; its thread */
    void *context;
};

struct schedule;

/* NULL: *err says why not. */
struct schedule *schedule_start(const struct schedule_options *options, struct err *err);

/* Cancels the run that is under way, which is run again after the next start. NULL: nothing. */
void schedule_stop(struct schedule *schedule);

/* What agencies want different, soon; copied. 0 or -ENOMEM. */
int schedule_set_agencies(struct schedule *schedule, const struct live_agency *agencies, size_t n);

/* Runs a hunt soon, whenever it is due; one that does not exist is not run. 0, -EAGAIN (too much is asked for), -ENOMEM. */
int schedule_ask(struct schedule *schedule, struct str id);

/* The time that a hunt is to be run for, by that of its last run (TIME_UNSET: never); TIME_UNSET: none yet. */
int64_t schedule_due(int64_t last, int64_t every_us, int64_t lag_us, int64_t now);

struct schedule_stats {
    uint64_t runs[HUNT_FAILED + 1]; /* by outcome */
    uint64_t rows, findings;        /* opened or counted on */
    uint64_t known;                 /* rows that were found before */
    uint64_t excepted;              /* taken away by exceptions, or by an agency's choice */
    uint64_t errors;                /* of the ledger: tried again */
    uint64_t hunts, bad;            /* that are scheduled; that are kept and can't be used */
    int64_t time_us;                /* that runs took together */
};
void schedule_stats(struct schedule *schedule, struct schedule_stats *ret_stats);

/* Figures for /metrics; `context` is the schedule. */
void schedule_metrics(void *context, struct buf *out);

#endif
