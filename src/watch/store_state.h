/*
 * store_state: what the files of the store share.
 *
 *     store.c        the thread, start and stop, questions
 *     store_read.c   batches of the spool, in order
 *     store_row.c    an event as a row of the lake
 *     store_keep.c   commit, roots of blocks, retention
 */
#ifndef JAGA_WATCH_STORE_STATE_H
#define JAGA_WATCH_STORE_STATE_H

#include <pthread.h>

#include "base/vec.h"
#include "ledger/ledger.h"
#include "watch/batch_reader.h"
#include "watch/store.h"

#define STORE_COMMIT_US 2000000
#define STORE_COMMIT_BYTES (128u << 20) /* what a row group of the lake has, in events of 1 kB */
#define STORE_ROUND_BYTES (1u << 20)    /* of a partition, before it is the next one's turn */
#define STORE_RETRY_MIN_US 50000        /* waits between tries when the lake does not take it */
#define STORE_RETRY_MAX_US 5000000
#define STORE_SETTLE_US 60000000         /* between two times that it is settled */
#define STORE_KEEP_US (300 * 1000000)    /* between two looks of retention */
#define STORE_SIGN_US (10 * 1000000)     /* between signatures of the journal */
#define STORE_IDLE_MS 50                 /* how soon it sees a stop, or work */
#define STORE_HELD_MAX ((size_t)1 << 30) /* bytes of rows of a batch that wait for their order */

/* Everything that the filler's thread works on alone, but where said otherwise. */
struct store_partition {
    struct spool_reader *reader;
    uint64_t start;     /* where it began when the lake knew nothing of it */
    uint64_t position;  /* events before this are put, or were before */
    uint64_t committed; /* .. are in the lake; under lock */
    bool failing;       /* it could not be read: said already */
};

/* The batch at hand, on its way into rows. */
struct store_batch {
    const struct spool_batch *batch;
    uint32_t partition;
    uint64_t offset;      /* of its first event */
    const char *format;   /* name of the format it is read as */
    bool mixed;           /* rows come out of order: they are held, and sorted */
    uint32_t at;          /* the event whose rows are being put; those before are done */
    uint32_t parts;       /* rows that the event has */
    uint32_t covered;     /* bytes of it that its rows have */
    uint32_t until;       /* events before this are part of a record that began earlier */
    VEC(uint32_t) broken; /* events in which something could not be read, in order */
    size_t n_broken;      /* of them, looked at */
    VEC(struct lake_row) held;
    struct arena arena; /* of held rows */
};

/* Something to be done in the filler's thread; on its caller's stack. */
struct store_job {
    struct store_job *next;
    store_work *work;
    void *context;
    int status;
    bool done;
};

struct store {
    struct store_options options;
    struct store_version *version;
    struct store_partition *partitions;
    uint32_t n_partitions;
    pthread_t thread;

    /* the filler's */
    struct batch_reader reading;
    struct lake_cell *cells; /* EVENT_SLOTS_MAX */
    uint8_t **columns;       /* of each dataset: kind of each field's column; NULL: not made yet */
    struct buf raw;          /* of an event without bytes of its own */
    struct store_batch batch;
    struct ledger *ledger;
    uint64_t noted; /* seq of the last block in the journal */
    bool unsigned_blocks, ledger_failing;
    uint64_t gathered; /* bytes of events put since the last commit */
    int64_t since;     /* ticks: when the first of them was put; 0: none */
    int64_t oldest;    /* receipt of the oldest of them */
    bool moved;        /* some partition has */
    bool halved;       /* the last event put lacks rows, for lack of memory: never committed */
    struct store_stats counts;
    struct lake_rule *rules; /* one allocation with its texts */
    size_t n_rules;
    bool dirty;                             /* committed since it was last settled */
    int64_t settled_at, kept_at, signed_at; /* ticks */
    int64_t retry_at, retry_us;             /* ticks; 0: the lake is well */

    pthread_mutex_t lock;
    pthread_cond_t job_done;
    struct store_version *next;   /* NULL: none waits */
    struct lake_rule *rules_next; /* one allocation with its texts; where rules_changed */
    size_t n_rules_next;
    bool rules_changed;
    int64_t slowest_us; /* of delays, since somebody looked */
    struct store_job *jobs, **jobs_end;
    bool stopping, stopped;
    struct store_stats stats; /* `counts`, as last published */
};

/* ---- store.c ---- */

bool store_stopping(struct store *store);

/* What the filler has counted is what is told. */
void store_publish(struct store *store);

/* ---- store_read.c ---- */

/* Reads a run of a partition. 1: something was put; 0: there is nothing; or -errno, after which it starts again. */
int store_read(struct store *store, uint32_t partition);

/* The parser of the version at hand; 0 or -ENOMEM. */
int store_read_equip(struct store *store);

/* ---- store_row.c ---- */

/* For the version at hand; 0 or -ENOMEM. */
int store_row_equip(struct store *store);
void store_row_strip(struct store *store);

/* The event as a row; its cells are the store's, until the next call. */
void store_row_make(struct store *store, struct event *event, struct lake_row *ret_row);

/* A copy of the row with everything it points to; false: no room. */
bool store_row_copy(struct arena *arena, const struct lake_row *row, struct lake_row *ret_copy);

/* ---- store_keep.c ---- */

/* 0: the lake has what was put; else it will be put again, and retry_at says when. */
int store_commit(struct store *store);

/* The roots of new blocks go into the journal. */
void store_note_blocks(struct store *store);

/* Where the lake has come to, as the place to read on from. 0 or the code of *err. */
int store_find_places(struct store *store, struct err *err);

/* The lake does not work: said once, what was put is forgotten, and it is tried again later. */
void store_fall_back(struct store *store, int status, const char *problem);

/* Signs, settles, removes, when it is time. */
void store_look_after(struct store *store, bool last);

/* The ledger of the roots. 0 or the code of *err. */
int store_open_ledger(struct store *store, struct err *err);

#endif
