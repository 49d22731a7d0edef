/*
 * store: the way from the spool to the lake. One thread reads all partitions in their order, parses and recognises
 * as detection does, and puts every event into the lake; it commits every two seconds, or when much is gathered.
 *
 *     spool ─▶ batch ─▶ parse ─▶ recognise ─▶ row ─▶ lake: put ... commit {rows, progress}
 *                                                              ├─▶ spool: consumer "lake" has come so far
 *                                                              └─▶ journal: roots of the new blocks, signed
 *
 * Everything that passes the spool is stored: what no parser can read, and what no record covers, becomes a row of the
 * dataset LAKE_UNRECOGNISED with its bytes.
 *
 * Exactly once is the lake's (lake.h): after a crash, or a commit that failed, reading starts at the lake's progress.
 * So that the same event is the same row each time, a new version takes over only behind a commit that succeeded.
 *
 * A disk that is full or fails holds back nothing but the store: it says so once and tries by itself; the spool keeps
 * what it has not passed.
 */
#ifndef JAGA_WATCH_STORE_H
#define JAGA_WATCH_STORE_H

#include "event/dataset.h"
#include "lake/lake.h"
#include "spool/spool.h"

#define STORE_CONSUMER STR("lake") /* its name in the spool */

/* What recognises events, immutable. */
struct store_version {
    struct datasets *datasets;
    const struct fields *fields;
    void *owner;
    void (*free)(struct store_version *version); /* called when no thread uses it any more */
};

/* Texts and what is pointed to outlive the store. */
struct store_options {
    const struct lake_ops *lake_engine;
    struct lake *lake; /* the store's thread is its filler until store_stop() */
    const struct spool_ops *engine;
    struct spool *spool;
    const char *ledger;      /* URL: the store opens its own; NULL: roots go nowhere */
    const char *journal_key; /* file; NULL: signs nothing */
    int64_t commit_us;       /* between the first row put and its commit; 0: 2 s */
    uint64_t commit_bytes;   /* of events put, past which it commits at once; 0: 128 MiB */
    int64_t (*now)(void);    /* NULL: the real clock */
};

struct store;

/* Starts the thread. NULL: *err says why not, and the version is still the caller's. */
struct store *store_start(const struct store_options *options, struct store_version *version,
                          struct err *err);

/* Commits what was put, frees everything and the version. The lake stays open. NULL: nothing. */
void store_stop(struct store *store);

/* From now on this version, soon; the old one is freed when it is not used any more. */
void store_swap(struct store *store, struct store_version *version);

/* Retention from now on; applied every few minutes. Rules are copied. 0 or -ENOMEM. */
int store_keep(struct store *store, const struct lake_rule *rules, size_t n);

/*
 * Runs `work` in the filler's thread, with everything put committed, and waits for its end: for what lake.h leaves to
 * that thread. Its return; -ECANCELED: the store stops.
 */
typedef int store_work(void *context, struct lake *lake);
int store_run(struct store *store, store_work *work, void *context);

/* Of such work: removes events, and notes in the journal what goes, before it goes. As lake_ops.drop. */
int store_drop(struct store *store, const struct lake_part *part, struct lake_removed *ret_removed,
               struct err *err);

struct store_stats {
    uint64_t events, bytes; /* of the spool, stored */
    uint64_t rows;
    uint64_t unrecognised;  /* rows of no dataset */
    uint64_t unread;        /* .. of which no parser made anything */
    uint64_t refused;       /* rows that the lake did not take */
    uint64_t lag;           /* events that are in the spool and not yet in the lake */
    uint64_t gone, damaged; /* events that retention took unread; places that could not be read */
    uint64_t commits, errors;
    uint64_t blocks;                     /* whose roots are in the journal */
    uint64_t removed_days, removed_rows; /* by retention */
    int64_t delay_us;   /* of the last commit: from the receipt of its first event to its end */
    int64_t slowest_us; /* longest delay since /metrics was last asked for */
    uint64_t version;
    int error; /* why nothing can be stored now (-ENOSPC ...); 0: it can */
};
void store_stats(struct store *store, struct store_stats *ret_stats);

struct buf;

/* The figures of store and lake for /metrics; `context` is the store. */
void store_metrics(void *context, struct buf *out);

#endif
