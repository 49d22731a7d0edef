#include "watch/store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "watch/store_state.h"

/* ---- the filler ---- */

bool store_stopping(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    bool stopping = store->stopping;
    pthread_mutex_unlock(&store->lock);
    return stopping;
}

void store_publish(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    store->stats = store->counts;
    pthread_mutex_unlock(&store->lock);
}

static void strip(struct store *store)
{
    batch_reader_free(&store->reading);
    store_row_strip(store);
}

static int equip(struct store *store)
{
    int r = store_read_equip(store);
    if (r == 0)
        r = store_row_equip(store);
    return r;
}

/* A version takes over when nothing that the old one has put may have to be put again. */
static void change_version(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    bool waits = store->next;
    pthread_mutex_unlock(&store->lock);
    if (!waits || store->retry_at || store_commit(store) < 0)
        return;
    pthread_mutex_lock(&store->lock);
    struct store_version *version = store->next, *old = store->version;
    store->next = NULL;
    pthread_mutex_unlock(&store->lock);
    strip(store);
    store->version = version;
    if (equip(store) == 0) {
        store->counts.version++;
        old->free(old);
        return;
    }
    log_say(LOG_ERROR, "lake.memory", "no memory for new datasets: those of before stay");
    strip(store);
    store->version = old;
    version->free(version);
    while (equip(store) < 0 && !store_stopping(store)) {
        strip(store);
        usleep(STORE_RETRY_MAX_US);
    }
}

/* Work that was asked for, each with everything put committed. */
static void do_jobs(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    for (struct store_job *job = store->jobs; job; job = store->jobs) {
        bool stopping = store->stopping;
        pthread_mutex_unlock(&store->lock);
        int status = stopping ? -ECANCELED : store_commit(store);
        if (status == 0) {
            status = job->work(job->context, store->options.lake);
            store->dirty = true;
            store_note_blocks(store);
        }
        pthread_mutex_lock(&store->lock);
        store->jobs = job->next;
        if (!store->jobs)
            store->jobs_end = &store->jobs;
        job->status = status;
        job->done = true;
        pthread_cond_broadcast(&store->job_done);
    }
    pthread_mutex_unlock(&store->lock);
}

static bool is_due(const struct store *store, int64_t ticks)
{
    if (store->gathered >= store->options.commit_bytes)
        return true;
    return store->since && (store->retry_at || ticks - store->since >= store->options.commit_us);
}

/* One turn of all partitions. Was there anything? */
static bool read_all(struct store *store)
{
    bool any = false;
    for (uint32_t i = 0; i < store->n_partitions && !store_stopping(store); i++) {
        int r = store_read(store, i);
        any |= r == 1;
        if (r == -ENOMEM) {
            log_say(LOG_ERROR, "lake.memory", "no memory to read events: it is tried again");
            usleep(STORE_RETRY_MIN_US);
        }
        if (r == -ESTALE)
            return false;
        if (is_due(store, clock_ticks_us()) && store_commit(store) < 0)
            return false;
    }
    store_publish(store);
    return any;
}

static void *fill(void *context)
{
    struct store *store = context;
    uint64_t seen = 0;
    while (!store_stopping(store)) {
        bool any = false;
        do_jobs(store);
        change_version(store);
        if (store->retry_at == 0 || clock_ticks_us() >= store->retry_at)
            any = read_all(store);
        store_look_after(store, false);
        if (!any)
            seen = store->options.engine->wait(store->options.spool, seen, STORE_IDLE_MS);
    }
    if (!store->halved)
        (void)store_commit(store);
    store_look_after(store, true);
    pthread_mutex_lock(&store->lock);
    store->stopped = true;
    pthread_mutex_unlock(&store->lock);
    do_jobs(store);
    return NULL;
}

/* ---- start and stop ---- */

static struct store *make(const struct store_options *options)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return NULL;
    store->options = *options;
    if (options->commit_us <= 0)
        store->options.commit_us = STORE_COMMIT_US;
    if (options->commit_bytes == 0)
        store->options.commit_bytes = STORE_COMMIT_BYTES;
    if (!options->now)
        store->options.now = clock_now_us;
    store->n_partitions = options->engine->partitions(options->spool);
    store->partitions = calloc(store->n_partitions, sizeof(*store->partitions));
    for (uint32_t i = 0; store->partitions && i < store->n_partitions; i++)
        store->partitions[i].start = UINT64_MAX;
    store->jobs_end = &store->jobs;
    store->settled_at = store->signed_at = clock_ticks_us();
    store->kept_at = store->settled_at - STORE_KEEP_US;
    arena_init(&store->batch.arena, STORE_HELD_MAX);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->job_done, NULL);
    return store;
}

static void free_all(struct store *store)
{
    for (uint32_t i = 0; store->partitions && i < store->n_partitions; i++)
        if (store->partitions[i].reader)
            store->options.engine->reader_free(store->partitions[i].reader);
    if (store->version)
        strip(store);
    if (store->ledger)
        ledger_close(store->ledger);
    buf_free(&store->raw);
    vec_free(&store->batch.held);
    vec_free(&store->batch.broken);
    arena_free(&store->batch.arena);
    free(store->rules);
    free(store->rules_next);
    free(store->partitions);
    pthread_cond_destroy(&store->job_done);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

struct store *store_start(const struct store_options *options, struct store_version *version,
                          struct err *err)
{
    struct store *store = make(options);
    if (!store) {
        err_set(err, -ENOMEM, "no memory for the store");
        return NULL;
    }
    store->version = version;
    int r = store->partitions && equip(store) == 0
                ? 0
                : err_set(err, -ENOMEM, "no memory for the store");
    if (r == 0)
        r = store_open_ledger(store, err);
    if (r == 0)
        r = store_find_places(store, err);
    if (r == 0) {
        r = pthread_create(&store->thread, NULL, fill, store);
        if (r != 0)
            err_set(err, -r, "cannot start a thread: %s", strerror(r));
    }
    if (r == 0)
        return store;
    free_all(store);
    return NULL;
}

void store_stop(struct store *store)
{
    if (!store)
        return;
    pthread_mutex_lock(&store->lock);
    store->stopping = true;
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->thread, NULL);
    struct store_version *version = store->version, *next = store->next;
    free_all(store);
    version->free(version);
    if (next)
        next->free(next);
}

/* ---- changes ---- */

void store_swap(struct store *store, struct store_version *version)
{
    pthread_mutex_lock(&store->lock);
    struct store_version *before = store->next; /* nobody has used it yet */
    store->next = version;
    pthread_mutex_unlock(&store->lock);
    if (before)
        before->free(before);
}

static char *copy_text(char *to, struct str *text)
{
    if (text->len)
        memcpy(to, text->ptr, text->len);
    text->ptr = to;
    return to + text->len;
}

int store_keep(struct store *store, const struct lake_rule *rules, size_t n)
{
    size_t size = (n + 1) * sizeof(*rules);
    for (size_t i = 0; i < n; i++)
        size += rules[i].agency.len + rules[i].dataset.len;
    struct lake_rule *copies = malloc(size);
    if (!copies)
        return -ENOMEM;
    char *text = (char *)(copies + n + 1);
    for (size_t i = 0; i < n; i++) {
        copies[i] = rules[i];
        text = copy_text(text, &copies[i].agency);
        text = copy_text(text, &copies[i].dataset);
    }
    pthread_mutex_lock(&store->lock);
    struct lake_rule *before = store->rules_next;
    store->rules_next = copies;
    store->n_rules_next = n;
    store->rules_changed = true;
    pthread_mutex_unlock(&store->lock);
    free(before);
    return 0;
}

int store_run(struct store *store, store_work *work, void *context)
{
    struct store_job job = {.work = work, .context = context, .status = -ECANCELED};
    pthread_mutex_lock(&store->lock);
    if (!store->stopped) {
        *store->jobs_end = &job;
        store->jobs_end = &job.next;
        while (!job.done)
            pthread_cond_wait(&store->job_done, &store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return job.status;
}

/* ---- questions ---- */

void store_stats(struct store *store, struct store_stats *ret_stats)
{
    pthread_mutex_lock(&store->lock);
    struct store_stats stats = store->stats;
    stats.slowest_us = store->slowest_us;
    stats.lag = 0;
    for (uint32_t i = 0; i < store->n_partitions; i++) {
        uint64_t first, next, committed = store->partitions[i].committed;
        store->options.engine->bounds(store->options.spool, i, &first, &next);
        stats.lag += next > committed ? next - committed : 0;
    }
    pthread_mutex_unlock(&store->lock);
    *ret_stats = stats;
}
