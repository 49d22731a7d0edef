/*
 * schedule_state: what the files of the schedule share. All of it is its thread's, but for what stands under the lock.
 *
 *     schedule.c        the thread: what is there to run, and what is due
 *     schedule_run.c    one run: ask, keep rows, the transaction
 *     schedule_finding.c  a row as a match of the ledger
 */
#ifndef JAGA_WATCH_SCHEDULE_STATE_H
#define JAGA_WATCH_SCHEDULE_STATE_H

#include <pthread.h>

#include "base/map.h"
#include "base/vec.h"
#include "ledger/finding.h"
#include "watch/exceptions.h"
#include "watch/schedule.h"

#define SCHEDULE_ASKED_MAX 64

/* What agencies want different. */
struct schedule_choices {
    struct arena arena; /* of all below */
    struct live_agency *agencies;
    size_t n;
};

/* A hunt that is run, and what its findings say of it. */
struct scheduled {
    const struct saved_hunt *hunt;
    struct sigma_rule rule; /* for exceptions and OCSF: its meta, and the logsource of hunts */
    struct str agencies;    /* that it may look at: "moh,mod", or "*" */
};

struct schedule {
    struct schedule_options options;
    struct ledger *ledger;
    pthread_t thread;

    uint64_t version;   /* of the ledger: when kept hunts and exceptions were read; 0: never */
    struct arena arena; /* of what was read then */
    VEC(struct scheduled *) hunts;
    struct sigma_set rules; /* of the hunts, for the exceptions */
    struct exceptions *exceptions;

    struct arena names;       /* of the agencies */
    VEC(struct str) agencies; /* that have events */
    int64_t looked;           /* ticks; 0: never */

    struct arena keys; /* of the map */
    struct map runs;   /* "hunt\nagency" ─▶ place in `dues` */
    VEC(int64_t) dues; /* of their last runs */
    struct schedule_stats counts;

    struct schedule_choices *choices;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping;                 /* under the lock, as is what follows */
    struct hunt_asking *asking;    /* that runs */
    struct schedule_choices *next; /* that take over; NULL: none */
    VEC(char *) asked;
    struct schedule_stats stats;
};

/* A row on its way into the ledger. Texts live in the run's arena. */
struct schedule_row {
    struct saved_match match;
    struct str agency;
    struct str json; /* the row */
    const struct ledger_event *events;
    uint32_t n_events;
};

/* ---- schedule_run.c ---- */

/*
 * Runs a hunt for an agency (empty: a central one, over `agencies`), as of `due`, and records how it went. 0; -ECANCELED;
 * or the ledger's error: then nothing is recorded.
 */
int schedule_run(struct schedule *schedule, const struct scheduled *scheduled, struct str agency,
                 int64_t due);

/* ---- schedule_finding.c ---- */

/* Fills meta and logsource of scheduled->rule from its hunt. 0 or -ENOMEM. */
int schedule_describe(struct arena *arena, const struct attack *attack,
                      struct scheduled *scheduled);

/* Gives a row to the ledger, in a transaction. *ret_taken: it was not found before. 0 or -errno. */
int schedule_take(struct schedule *schedule, const struct scheduled *scheduled,
                  const struct schedule_row *row, int64_t due, struct arena *arena,
                  bool *ret_taken);

/* May a row of that level be a finding of the agency? `cells`: its values, for the exceptions. */
bool schedule_wants(struct schedule *schedule, const struct scheduled *scheduled, struct str agency,
                    enum sigma_level level, const struct hunt_head *head,
                    const struct hunt_cell *cells, struct arena *arena);

#endif
