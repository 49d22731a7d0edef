/*
 * producers: the last sequence of each producer, so that a batch that is sent again is stored once. What is
 * queued is not yet known to be durable: it counts for later batches, and is taken back when its
 * commit fails. Bounded: past PRODUCERS_MAX the one that was silent longest is forgotten. Not
 * locked: the spool's lock guards it.
 *
 *     buckets: [slot + 1] ─▶ items[slot] ─chain─▶ ...       oldest ─newer─▶ ... ─newer─▶ newest
 */
#ifndef JAGA_SPOOL_PRODUCERS_H
#define JAGA_SPOOL_PRODUCERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRODUCERS_MAX (1u << 16)

struct producer;

struct producers {
    struct producer *items;
    size_t len, cap;
    uint32_t *buckets;       /* slot + 1; 0: none */
    uint32_t oldest, newest; /* slot + 1; 0: none */
};

/* A zeroed struct needs this before use: 0 or -ENOMEM. */
int producers_init(struct producers *producers);
void producers_free(struct producers *producers);

/* Is there a batch of this producer, durable or queued, with this sequence or a later one? */
bool producers_has(const struct producers *producers, uint64_t producer, uint64_t sequence);

/*
 * A batch is queued. 0; -ENOMEM; -EAGAIN: the table is full of producers with something queued.
 */
int producers_queue(struct producers *producers, uint64_t producer, uint64_t sequence);

/*
 * A queued batch is durable. All of a commit are told before anybody asks: then those before the last one
 * are durable as well.
 */
void producers_commit(struct producers *producers, uint64_t producer, uint64_t sequence);

/* What was queued and is not durable never was. */
void producers_rollback(struct producers *producers);

/* Copies what is durable, the oldest first: the number of pairs written, at most PRODUCERS_MAX. */
uint32_t producers_copy(const struct producers *producers, uint64_t (*pairs)[2]);

#endif
