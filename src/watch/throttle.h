/*
 * throttle: how often a rule has matched for an agency in this minute, for all threads without a lock.
 *
 *     (rule, agency) ─hash─▶ cell {key, minute and count}
 *
 * Past THROTTLE_CELLS pairs, new ones share the cells of others: they are throttled sooner, never lost.
 */
#ifndef JAGA_WATCH_THROTTLE_H
#define JAGA_WATCH_THROTTLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_CELLS (1u << 16)
#define THROTTLE_PROBES 16 /* cells looked at before one is shared */

struct throttle_cell {
    _Atomic uint64_t key;   /* 0: free */
    _Atomic uint64_t state; /* minute << 32 | count */
};

struct throttle {
    uint32_t max; /* a minute; 0: no limit */
    struct throttle_cell cells[THROTTLE_CELLS];
};

/* NULL: no memory. Free it with free(). */
struct throttle *throttle_new(uint32_t max);

/* Counts one more at `time` (µs, by minutes; an older minute counts in the newest). May it pass? */
bool throttle_pass(struct throttle *throttle, uint64_t key, int64_t time);

#endif
