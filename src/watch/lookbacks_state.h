/*
 * lookbacks_state: what the files of the look-backs share.
 *
 *     lookbacks.c         which rules are new; the thread
 *     lookback_job.c      one look: its windows, newest first, then correlations, then verdicts
 *     lookback_verdict.c  what is there of each agency, and what a look says of it
 */
#ifndef JAGA_WATCH_LOOKBACKS_STATE_H
#define JAGA_WATCH_LOOKBACKS_STATE_H

#include <pthread.h>

#include "base/map.h"
#include "hunt/lookback.h"
#include "sigma/digest.h"
#include "watch/live_state.h"
#include "watch/lookbacks.h"

#define LOOKBACKS_KNOWN                                                                            \
    STR("lookback.rules")        /* blob: digests of the rules that have looked, or need not */
#define LOOKBACKS_LOOK_US 500000 /* between two looks at the ledger */
#define LOOKBACKS_RETRY_US 1000000
#define LOOKBACKS_NICE 10

struct lookbacks {
    struct lookbacks_options options;
    pthread_t thread;
    bool started;
    struct ledger *ledger; /* of the thread */

    pthread_mutex_t lock;
    pthread_cond_t woken;
    struct ledger *noting;        /* of changed() */
    struct live_version *version; /* the newest; held */
    struct lookback *running;     /* that a stop ends */
    bool stopping, wake, told;    /* told: changed() has been called */
};

/* What the lake has of an agency and a dataset in a day. */
struct job_share {
    struct str day, dataset, agency; /* in the job's arena */
    uint64_t rows;
};

/* first <= time < last */
struct job_window {
    int64_t first, last;
    uint64_t rows; /* that it passes, of datasets that are looked into */
};

/* Matches of a rule in events of an agency, since the last transaction. */
struct job_matches {
    struct str rule, agency;
    uint64_t n;
    int64_t first, last;
};

struct job {
    struct lookbacks *lookbacks;
    struct kept_lookback kept; /* its texts are in the arena */
    struct arena arena;
    struct live_version *version; /* the live's */
    struct live *live;            /* idle: rules, exceptions, folds, the transaction */
    struct lookback *lookback;
    bool *rules;        /* by number: found by the look */
    bool *bases;        /* by number: counted by correlations of the look */
    bool *correlations; /* by number: of the look */
    uint64_t *offsets;
    uint32_t n_offsets;
    bool any_rule, any_correlation;

    VEC(struct job_share) shares;
    VEC(struct job_window) windows; /* newest first */
    VEC(struct job_matches) matches;
    struct map match_ids; /* "rule agency" → matches */
    struct buf text;
    int64_t reached;         /* time of the last event that was handed over */
    uint64_t known;          /* matches that findings had already */
    bool verdicts;           /* the transaction writes them, and ends the look */
    struct spool_batch from; /* whose event is at hand */
};

/* Runs a look that waits, or goes on with one. 0: it has ended, in the ledger too; -ECANCELED: stop; -errno: later. */
int lookback_job_run(struct lookbacks *lookbacks, struct str id);

/* ---- lookback_verdict.c ---- */

/* What the lake has, and the windows of that. 0 or -ENOMEM. */
int job_read_shares(struct job *job);

/* Notes a match. 0 or -ENOMEM. */
int job_note(struct job *job, struct str rule, struct str agency, int64_t time);

/* In the transaction: matches since the last one. job_forget() once it is done. */
int job_put_matches(struct job *job, struct ledger *ledger);
void job_forget(struct job *job);

/* In the transaction: what is to be said of each rule and agency. */
int job_put_verdicts(struct job *job, struct ledger *ledger);

#endif
