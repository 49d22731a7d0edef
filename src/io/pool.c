#include "io/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

struct pool_slot {
    void *job;
    bool done;
};

struct pool_thread {
    pthread_t id;
    struct pool *pool;
    unsigned index;
};

struct pool {
    pool_work *work;
    void *context;
    size_t capacity;
    unsigned n_threads;
    struct pool_thread *threads;
    struct pool_slot *slots;   /* job number n is in slots[n % capacity] */
    uint64_t head, next, tail; /* head and tail are the owner's; next is under the lock */
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    pthread_cond_t has_done; /* the job at head is done */
};

static void *thread_main(void *argument)
{
    struct pool_thread *self = argument;
    struct pool *pool = self->pool;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->next == pool->tail && !pool->stop)
            pthread_cond_wait(&pool->has_work, &pool->lock);
        if (pool->stop)
            break;
        uint64_t number = pool->next++;
        struct pool_slot *slot = &pool->slots[number % pool->capacity];
        pthread_mutex_unlock(&pool->lock);
        pool->work(pool->context, self->index, slot->job);
        pthread_mutex_lock(&pool->lock);
        slot->done = true;
        if (number == pool->head)
            pthread_cond_signal(&pool->has_done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/*
 * Signals are for the owner: its system calls are the ones to be interrupted. Those that a thread
 * brings on itself are its own: blocked, they would end the process.
 */
static int start_threads(struct pool *pool, unsigned wanted)
{
    sigset_t all, before;
    static const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigfillset(&all);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        sigdelset(&all, own[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = 0;
    while (status == 0 && pool->n_threads < wanted) {
        struct pool_thread *thread = &pool->threads[pool->n_threads];
        *thread = (struct pool_thread){.pool = pool, .index = pool->n_threads};
        status = pthread_create(&thread->id, NULL, thread_main, thread);
        if (status == 0)
            pool->n_threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

struct pool *pool_new(unsigned threads, size_t capacity, pool_work *work, void *context)
{
    struct pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return NULL;
    pool->work = work;
    pool->context = context;
    pool->capacity = threads ? capacity : 1;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->has_work, NULL);
    pthread_cond_init(&pool->has_done, NULL);
    pool->slots = calloc(pool->capacity, sizeof(*pool->slots));
    pool->threads = calloc(threads ? threads : 1, sizeof(*pool->threads));
    if (!pool->slots || !pool->threads || start_threads(pool, threads) != 0) {
        pool_free(pool);
        return NULL;
    }
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->has_work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i].id, NULL);
    pthread_cond_destroy(&pool->has_work);
    pthread_cond_destroy(&pool->has_done);
    pthread_mutex_destroy(&pool->lock);
    free(pool->slots);
    free(pool->threads);
    free(pool);
}

bool pool_full(const struct pool *pool)
{
    return pool->tail - pool->head == pool->capacity;
}

void pool_submit(struct pool *pool, void *job)
{
    assert(!pool_full(pool));
    struct pool_slot *slot = &pool->slots[pool->tail % pool->capacity];
    *slot = (struct pool_slot){.job = job};
    if (pool->n_threads == 0) {
        pool->work(pool->context, 0, job);
        slot->done = true;
        pool->tail++;
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->tail++;
    pthread_cond_signal(&pool->has_work);
    pthread_mutex_unlock(&pool->lock);
}

void *pool_take(struct pool *pool, bool wait)
{
    if (pool->head == pool->tail)
        return NULL;
    struct pool_slot *slot = &pool->slots[pool->head % pool->capacity];
    if (pool->n_threads == 0) {
        pool->head++;
        return slot->job;
    }
    pthread_mutex_lock(&pool->lock);
    while (wait && !slot->done)
        pthread_cond_wait(&pool->has_done, &pool->lock);
    void *job = slot->done ? slot->job : NULL;
    pool->head += slot->done;
    pthread_mutex_unlock(&pool->lock);
    return job;
}
