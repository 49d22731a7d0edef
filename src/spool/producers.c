#include "spool/producers.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/vec.h"

#define BUCKETS (PRODUCERS_MAX * 2)

struct producer {
    uint64_t id;
    uint64_t durable, queued;     /* sequences */
    bool has_durable, has_queued; /* has_queued: `queued` is the later of the two */
    uint32_t chain;               /* slot + 1 of the next in the bucket */
    uint32_t older, newer;        /* slot + 1 */
};

int producers_init(struct producers *producers)
{
    *producers = (struct producers){.buckets = calloc(BUCKETS, sizeof(*producers->buckets))};
    return producers->buckets ? 0 : -ENOMEM;
}

void producers_free(struct producers *producers)
{
    free(producers->items);
    free(producers->buckets);
    *producers = (struct producers){0};
}

static uint32_t *bucket_of(const struct producers *producers, uint64_t id)
{
    return &producers->buckets[hash_mix(id, 0) % BUCKETS];
}

static struct producer *find(const struct producers *producers, uint64_t id)
{
    uint32_t slot = *bucket_of(producers, id);
    while (slot && producers->items[slot - 1].id != id)
        slot = producers->items[slot - 1].chain;
    return slot ? &producers->items[slot - 1] : NULL;
}

static void age_unlink(struct producers *producers, const struct producer *item)
{
    *(item->older ? &producers->items[item->older - 1].newer : &producers->oldest) = item->newer;
    *(item->newer ? &producers->items[item->newer - 1].older : &producers->newest) = item->older;
}

static void age_append(struct producers *producers, struct producer *item)
{
    uint32_t slot = (uint32_t)(item - producers->items) + 1;
    item->older = producers->newest;
    item->newer = 0;
    *(item->older ? &producers->items[item->older - 1].newer : &producers->oldest) = slot;
    producers->newest = slot;
}

static void chain_unlink(struct producers *producers, const struct producer *item)
{
    uint32_t slot = (uint32_t)(item - producers->items) + 1;
    uint32_t *link = bucket_of(producers, item->id);
    while (*link != slot)
        link = &producers->items[*link - 1].chain;
    *link = item->chain;
}

/* A free item: a new one, or that of the producer that was silent longest. */
static int make_room(struct producers *producers, struct producer **ret_item)
{
    if (producers->len < PRODUCERS_MAX) {
        if (vec_push(producers, (struct producer){0}) < 0)
            return -ENOMEM;
        *ret_item = &producers->items[producers->len - 1];
        return 0;
    }
    uint32_t slot = producers->oldest;
    while (slot && producers->items[slot - 1].has_queued)
        slot = producers->items[slot - 1].newer;
    if (!slot)
        return -EAGAIN;
    struct producer *item = &producers->items[slot - 1];
    age_unlink(producers, item);
    chain_unlink(producers, item);
    *ret_item = item;
    return 0;
}

bool producers_has(const struct producers *producers, uint64_t producer, uint64_t sequence)
{
    const struct producer *item = find(producers, producer);
    return item && ((item->has_queued && sequence <= item->queued) ||
                    (item->has_durable && sequence <= item->durable));
}

int producers_queue(struct producers *producers, uint64_t producer, uint64_t sequence)
{
    struct producer *item = find(producers, producer);
    if (item) {
        age_unlink(producers, item);
    } else {
        int status = make_room(producers, &item);
        if (status < 0)
            return status;
        uint32_t *bucket = bucket_of(producers, producer);
        *item = (struct producer){.id = producer, .chain = *bucket};
        *bucket = (uint32_t)(item - producers->items) + 1;
    }
    item->queued = sequence;
    item->has_queued = true;
    age_append(producers, item);
    return 0;
}

void producers_commit(struct producers *producers, uint64_t producer, uint64_t sequence)
{
    struct producer *item = find(producers, producer);
    if (!item)
        return;
    /* In another order than they were queued: a commit goes by partitions. */
    if (!item->has_durable || item->durable < sequence)
        item->durable = sequence;
    item->has_durable = true;
    if (item->queued <= item->durable)
        item->has_queued = false;
}

void producers_rollback(struct producers *producers)
{
    for (size_t i = 0; i < producers->len; i++)
        producers->items[i].has_queued = false;
}

uint32_t producers_copy(const struct producers *producers, uint64_t (*pairs)[2])
{
    uint32_t n = 0;
    for (uint32_t slot = producers->oldest; slot; slot = producers->items[slot - 1].newer) {
        const struct producer *item = &producers->items[slot - 1];
        if (!item->has_durable)
            continue;
        pairs[n][0] = item->id;
        pairs[n][1] = item->durable;
        n++;
    }
    return n;
}
