/*
 * round: what a worker hands to the recorder: all that it found in a run of events of one partition. Rounds
 * are few and used again; those of a partition come in its order.
 */
#ifndef JAGA_WATCH_ROUND_H
#define JAGA_WATCH_ROUND_H

#include "base/arena.h"
#include "sigma/correlate.h"
#include "watch/fold.h"

#define ROUND_BYTES (1u << 20)       /* of events read for one round, at least */
#define ROUND_BATCHES 20             /* at most */
#define ROUND_ARENA_FULL (8u << 20)  /* bytes found, at which it is handed over */
#define ROUND_ARENA_MAX (256u << 20) /* that, and what one event may add */
#define ROUND_EVENT_MAX (2u << 20)   /* bytes of an event that is kept with its match */

/* When some of its matches were received. */
struct round_receipt {
    int64_t received;
    uint64_t matches;
};

struct round {
    struct round *next;
    struct arena arena; /* of all it holds */
    uint32_t partition;
    uint64_t from, to; /* offsets: [from, to) */
    int64_t received;  /* of its last event */
    struct fold_table folds;
    VEC(struct correlation_hit) hits;
    VEC(struct round_receipt) receipts;
};

/* NULL: no memory. */
struct round *round_new(void);
void round_free(struct round *round);

/* Empties it for a run that starts at an offset. */
void round_begin(struct round *round, uint32_t partition, uint64_t from);

/* Notes matches received at a time. 0 or -ENOMEM. */
int round_note(struct round *round, int64_t received, uint64_t matches);

#endif
