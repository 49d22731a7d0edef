/*
 * live_state: what the threads of live detection share.
 *
 *     live.c      starts, stops, changes the version, answers questions
 *     worker.c    claims a partition, reads, finds: rounds            batch_reader.c, find.c
 *     recorder.c  takes rounds, correlates, records                    correlated.c, record.c, snapshot.c, change.c
 *
 * A round goes round: free ─▶ worker ─▶ queue ─▶ recorder ─▶ (committed) ─▶ free. When none is free,
 * workers wait: so the ledger sets the pace, and nothing is lost when it stands still.
 */
#ifndef JAGA_WATCH_LIVE_STATE_H
#define JAGA_WATCH_LIVE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ledger/journal.h"
#include "ledger/progress.h"
#include "watch/exceptions.h"
#include "watch/health.h"
#include "watch/live.h"
#include "watch/batch_reader.h"
#include "watch/round.h"
#include "watch/throttle.h"

#define LIVE_CONSUMER STR("detect")   /* its name in spool and ledger */
#define LIVE_BLOB STR("correlations") /* its state in the ledger */
#define LIVE_ROUNDS_PER_THREAD 8      /* under way, and waiting to be committed */
#define LIVE_ROUNDS_MORE 16
#define LIVE_COMMIT_US 100000        /* what is found waits no longer for its transaction */
#define LIVE_COMMIT_BYTES (4u << 20) /* nor while more than this is waiting */
#define LIVE_PROGRESS_US 1000000     /* between transactions where nothing was found */
#define LIVE_SNAPSHOT_SHARE 20 /* a snapshot takes no more than one part of so many of the time */
#define LIVE_SIGN_US (60 * 1000000) /* between signatures of the journal */
#define LIVE_DURABLE_US 1000000     /* received, but maybe not yet to be read: how long at most */
#define LIVE_RETRY_MIN_US 50000     /* waits between tries when the ledger does not take it */
#define LIVE_RETRY_MAX_US 5000000
#define LIVE_CLOCK_BACK_US 60000000 /* a clock that far behind what was released starts over */
#define LIVE_STOP_TRIES 4           /* at the end; what is not recorded then is read again */
#define LIVE_IDLE_MS 50             /* how soon a thread that waits for events sees a stop */

/* An event's number for correlations: partition, offset, which record of it; unique and rising. */
#define MARK_PART_BITS 12
#define MARK_OFFSET_BITS 44

static inline uint64_t mark_make(uint32_t partition, uint64_t offset, uint32_t part)
{
    uint64_t last = (1u << MARK_PART_BITS) - 1;
    return (uint64_t)partition << (MARK_PART_BITS + MARK_OFFSET_BITS) |
           (offset & ((UINT64_C(1) << MARK_OFFSET_BITS) - 1)) << MARK_PART_BITS |
           (part < last ? part : last);
}

/* What a rule is for; for an agency, what it is not. */
enum rule_use { USE_FINDING = 1, USE_HIT = 2 };

struct partition {
    struct spool_reader *reader; /* of whoever has claimed it */
    uint64_t position;           /* next event to be read */
    uint64_t recorded;           /* next event to be taken by the recorder */
    uint64_t counted;            /* matches of events before this were in the ledger at the start */
    uint64_t committed;          /* the ledger says this */
    int64_t received;            /* of the last event the recorder took */
    bool claimed;
    bool failing; /* it could not be read: said already */
};

/* What one agency wants different, by number of the rule. */
struct choice {
    const struct live_agency *agency;
    uint8_t *rules;        /* bits of enum rule_use that are not wanted */
    uint8_t *correlations; /* not 0: not wanted */
};

/* A thread's counters, summed on demand. Written by it alone. */
struct worker_counts {
    _Atomic uint64_t events, bytes, parse_errors, matches, indicator_matches, throttled, excepted;
    _Atomic uint64_t regex_limited, partial, cut, gone, damaged, late, ahead;
};

struct rule_counts {
    _Atomic uint64_t matches, throttled;
    _Atomic uint64_t asked, ns; /* of the events that were sampled */
};

struct worker {
    struct live *live;
    pthread_t thread;
    bool started;
    struct worker_counts counts;

    /* of the version; made when it is first needed, taken down when the version changes */
    bool equipped;
    struct batch_reader reading;
    struct matcher *matcher;
    struct matcher_stats matched; /* what `counts` has of it already */
    struct intel_matcher *intel;
    _Atomic(struct rule_counts *) rules; /* live_rules() looks at them meanwhile */
    uint8_t *uses;                       /* of each rule: bits of enum rule_use */
    struct rule_cost *costs;             /* of each rule, of the event that is sampled */
    uint32_t unsampled;                  /* events since the last that was */

    struct buf work, key; /* scratch */
    struct round *round;  /* being filled */

    /* the batch at hand */
    const struct spool_batch *batch;
    uint64_t offset;             /* of its first event */
    struct str agency, source;   /* in the round's arena */
    const struct choice *choice; /* of the agency; NULL: none */
    uint64_t matches;            /* of it that are not yet noted in the round */
    uint32_t n_events;
    int64_t first, last;
};

/* A version that waits to take over, and what was made for it. */
struct change {
    struct live_version *version; /* NULL: none waits */
    struct correlator *correlator;
    struct choice *choices;
};

/* What waits to be written in one transaction. */
struct transaction {
    struct round *rounds;    /* that its folds live in */
    struct fold_table folds; /* of rules and indicators */
    VEC(struct fold *) correlated;
    VEC(struct round_receipt) receipts;
    struct arena arena; /* of folds of correlations */
    size_t bytes;
    int64_t since; /* ticks: when its first match came; 0: none yet */
    bool moved;    /* offsets did */
};

/* Events read again from the spool: what a correlation's match is made of may be long ago. */
struct evidence {
    bool equipped; /* `reading` is, for the version */
    struct batch_reader reading;
    struct spool_reader *reader;
    struct spool_batch batch; /* read last; n 0: none */
    uint32_t partition;
    uint64_t offset; /* of its first event */

    uint64_t mark; /* that is looked for */
    struct finding_event *found;
};

struct recorder {
    pthread_t thread;
    bool started;
    struct ledger *ledger;
    struct correlator *correlator; /* NULL: the rules have no correlations */
    struct transaction transaction;
    struct buf text, tags, key, state;      /* scratch */
    struct evidence evidence;               /* events of correlations, read again */
    int64_t released;                       /* hits before this; TIME_UNSET: none yet */
    struct correlator_stats before;         /* of correlators that are gone: sums */
    int64_t committed, signed_at, snapshot; /* ticks: when last */
    int64_t snapshot_took;                  /* µs: the transaction that held it */
    bool dirty;                             /* what the last snapshot has is not all */
    int64_t retry_at, retry_us;             /* ticks; 0: the ledger is well */
};

struct live {
    struct live_options options;
    struct live_version *version;
    struct choice *choices;        /* by the version's agencies */
    struct exceptions *exceptions; /* NULL: none */
    struct throttle *throttle;
    struct partition *partitions;
    uint32_t n_partitions;

    pthread_mutex_t lock;     /* of what follows, and of partitions */
    pthread_cond_t work;      /* for workers: a round is free, the version has changed, stop */
    pthread_cond_t rounds_in; /* for the recorder: a round is queued, a worker has paused, stop */
    struct round *free, *queue, **queue_end;
    uint32_t n_free, n_rounds;
    uint32_t cursor;        /* partition that was claimed last */
    uint32_t busy, running; /* workers with a claim; workers */
    bool stopping;
    struct change next;
    uint64_t exceptions_wanted, exceptions_loaded; /* how often */
    bool clock_back;                               /* correlations are to start over */
    bool changing;           /* workers wait for the recorder, which changes what they read */
    struct live_stats stats; /* what the recorder counts */

    struct recorder recorder;
    struct worker *workers;
    unsigned n_workers;
};

/* ---- live.c ---- */

/*
 * All that detection knows, with one worker and no thread: for who finds things elsewhere than in the spool. Freed by
 * live_stop(), the version, too. NULL: *err says why not, and the version is still the caller's.
 */
struct live *live_idle(const struct live_options *options, struct live_version *version,
                       struct err *err);

/* Tells who wants to know that a version takes over, and at which offsets. */
void live_tell_changed(struct live *live);

/* ---- worker.c ---- */

void *worker_run(void *worker);

/* Makes what a worker needs for the version; -ENOMEM. Taken down when no worker runs. */
int worker_equip(struct worker *worker);
void worker_strip(struct worker *worker);

/* What an agency wants different; NULL: nothing. */
const struct choice *worker_choice(const struct live *live, struct str agency);

/* Measures what each rule's condition costs on an event; between two calls of matcher_run(). */
void worker_sample(struct worker *worker, struct event *event);

/* Hands the round over with all events before `to`, and goes on with a new one. -ECANCELED: stop. */
int worker_hand_over(struct worker *worker, uint64_t to);

/* ---- find.c: what is found in one event ---- */

int find_in_event(void *worker, struct event *event, struct batch_place place);

/* What matched a recognised event; `counted`: findings have it already, only correlations are told. */
struct find_matches {
    uint64_t offset;
    uint32_t part;
    bool counted;
    const uint32_t *rules;
    size_t n_rules;
    const struct intel_match *indicators;
    size_t n_indicators;
};

/* Puts it into the worker's round, as far as it is wanted; worker->batch says from where it is. 0 or -ENOMEM. */
int find_take(struct worker *worker, struct event *event, const struct find_matches *matches);

/* An event's JSON, led by where it is from; in the arena. Empty: no room. */
struct str find_json(struct event *event, const struct datasets *datasets,
                     const struct spool_batch *batch, uint64_t mark, struct buf *work,
                     struct arena *arena);

/* What findings call the rule: its id, else its name, else its title. */
struct str find_rule_id(const struct sigma_meta *meta);

/* ---- recorder.c ---- */

void *recorder_run(void *live);

/* ---- change.c: versions and exceptions ---- */

/* Does something wait to be changed? With the lock. */
static inline bool change_waits(const struct live *live)
{
    return live->changing || live->clock_back || live->next.version ||
           live->exceptions_wanted != live->exceptions_loaded;
}

/* What a version needs. 0, or a code with *err filled. */
int change_prepare(struct live *live, struct live_version *version, struct change *ret_change,
                   struct err *err);
void change_free(struct change *change);

/* No worker runs and nothing waits: takes over what waits, reads the exceptions. False: not yet. */
bool change_over(struct live *live);
void choices_free(struct choice *choices, size_t n);

/* ---- record.c: the transaction ---- */

/*
 * Writes all that waits, with a snapshot if asked for; *ret_snapshot: it was written. 0 or -errno: then nothing of
 * it is written, and it still waits.
 */
int record_commit(struct live *live, bool snapshot, bool *ret_snapshot);

/* Takes what a round has: hits to the correlator, folds to the transaction. 0, or -ENOMEM: nothing was taken. */
int record_take_round(struct live *live, struct round *round);

/* ---- correlated.c ---- */

/* The sink of the correlator; context is the live. */
void correlated_match(void *live, const struct correlation_match *match);
void evidence_close(struct live *live);

/* ---- snapshot.c: the state kept over restarts ---- */

int snapshot_write(const struct live *live, struct buf *out);

/* Sets positions of partitions, and the correlator's state. 0; -ENOENT, -EBADMSG, -ENOTSUP, -ENOMEM. */
int snapshot_read(struct live *live, struct str bytes, struct err *err);

#endif
