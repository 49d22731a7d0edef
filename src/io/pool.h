/*
 * pool: threads that work on jobs and give them back in the order they came. One thread
 * (the owner) submits and takes; the ring bounds what is under way. With no threads a job runs
 * inside pool_submit(), without a lock or a queue.
 *
 *     ring:   ... [done][running][done][running][queued][queued]  free ...
 *                  ▲ head: next to be taken       ▲ next to run    ▲ tail: next submitted
 */
#ifndef JAGA_IO_POOL_H
#define JAGA_IO_POOL_H

#include <stdbool.h>
#include <stddef.h>

#define POOL_THREADS_MAX 256

struct pool;

/*
 * Does one job. `thread` is 0 to threads − 1 and stays with its thread: an
 * index into the caller's state.
 */
typedef void pool_work(void *context, unsigned thread, void *job);

/* `threads` may be 0; `capacity` jobs at most are under way. NULL: no memory, or no thread. */
struct pool *pool_new(unsigned threads, size_t capacity, pool_work *work, void *context);

/* Waits for the jobs that run; jobs that were not taken are the caller's to free before. */
void pool_free(struct pool *pool);

/* Is there no room for one more job? Then the owner has to take one first. */
bool pool_full(const struct pool *pool);

/* Hands in a job; not when full. */
void pool_submit(struct pool *pool, void *job);

/* The oldest job once it is done. NULL: none is under way, or, without `wait`, it is not done. */
void *pool_take(struct pool *pool, bool wait);

#endif
