#include "watch/throttle.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"

struct throttle *throttle_new(uint32_t max)
{
    struct throttle *throttle = calloc(1, sizeof(*throttle));
    if (throttle)
        throttle->max = max;
    return throttle;
}

static struct throttle_cell *cell_of(struct throttle *throttle, uint64_t key)
{
    size_t at = hash_mix(key, 0);
    for (uint32_t i = 0; i < THROTTLE_PROBES; i++) {
        struct throttle_cell *cell = &throttle->cells[(at + i) % THROTTLE_CELLS];
        uint64_t there = atomic_load_explicit(&cell->key, memory_order_relaxed);
        if (there == key ||
            (there == 0 &&
             (atomic_compare_exchange_strong(&cell->key, &there, key) || there == key)))
            return cell;
    }
    return &throttle->cells[at % THROTTLE_CELLS];
}

bool throttle_pass(struct throttle *throttle, uint64_t key, int64_t time)
{
    if (throttle->max == 0)
        return true;
    struct throttle_cell *cell = cell_of(throttle, key ? key : 1);
    uint64_t minute = (uint32_t)(time / (60 * TIME_SECOND_US));
    uint64_t state = atomic_load_explicit(&cell->state, memory_order_relaxed), next;
    do {
        bool newer = minute > state >> 32;
        if (!newer && (uint32_t)state >= throttle->max)
            return false;
        next = newer ? minute << 32 | 1 : state + 1;
    } while (!atomic_compare_exchange_weak_explicit(&cell->state, &state, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}
