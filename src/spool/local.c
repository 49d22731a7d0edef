#include "spool/local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/clock.h"

#define LOCK_FILE "lock"

static void free_spool(struct spool *spool)
{
    for (size_t i = 0; i < spool->segments.len; i++)
        segment_free(spool->segments.items[i], spool->partitions);
    vec_free(&spool->segments);
    producers_free(&spool->producers);
    consumers_free(&spool->consumers);
    free(spool->queued);
    free(spool->durable);
    if (spool->fd >= 0)
        close(spool->fd);
    if (spool->lock_file >= 0)
        close(spool->lock_file);
    if (spool->folder >= 0)
        close(spool->folder);
    pthread_cond_destroy(&spool->has_news);
    pthread_cond_destroy(&spool->has_work);
    pthread_mutex_destroy(&spool->lock);
    free(spool);
}

/* A quota or a retention works by whole segments: there must be several of them. */
static void fill_options(struct spool_options *options)
{
    if (options->partitions == 0)
        options->partitions = PARTITIONS_DEFAULT;
    if (options->segment_size == 0)
        options->segment_size = SEGMENT_SIZE_DEFAULT;
    if (options->size_max > 0)
        options->segment_size = spool_least(options->segment_size, options->size_max / 4);
    if (options->keep_size > 0)
        options->segment_size = spool_least(options->segment_size, options->keep_size / 4);
    if (options->segment_size < SEGMENT_SIZE_MIN)
        options->segment_size = SEGMENT_SIZE_MIN;
    options->segment_size = spool_least(options->segment_size, SEGMENT_SIZE_MAX);
    if (options->keep_size > 0 && options->size_max > options->segment_size)
        options->keep_size =
            spool_least(options->keep_size, options->size_max - options->segment_size);
    if (options->pending_max == 0)
        options->pending_max = PENDING_MAX_DEFAULT;
    options->pending_max = spool_least(options->pending_max, PENDING_MAX_MAX);
    if (!options->now)
        options->now = clock_now_us;
}

/* A folder that is new is only durable when the one it is in is. */
static int open_folder(struct spool *spool, const char *place, struct err *err)
{
    bool made = mkdir(place, 0700) == 0;
    if (!made && errno != EEXIST)
        return err_set(err, -errno, "%s: cannot make the folder: %s", place, strerror(errno));
    spool->folder = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->folder < 0)
        return err_set(err, -errno, "%s: %s", place, strerror(errno));
    if (!made)
        return 0;
    int above = openat(spool->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = above < 0 || fsync(above) < 0 ? -errno : 0;
    if (above >= 0)
        close(above);
    return status < 0 ? err_set(err, status, "%s: %s", place, strerror(-status)) : 0;
}

static int lock_folder(struct spool *spool, const char *place, struct err *err)
{
    spool->lock_file = openat(spool->folder, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (spool->lock_file < 0)
        return err_set(err, -errno, "%s: cannot write there: %s", place, strerror(errno));
    if (flock(spool->lock_file, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(err, -EBUSY, "%s: another process has this spool open", place);
    return err_set(err, -errno, "%s: cannot lock it: %s", place, strerror(errno));
}

/* Signals are for other threads; those that this one brings on itself stay its own. */
static int start_thread(struct spool *spool)
{
    sigset_t most, before;
    static const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigfillset(&most);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        sigdelset(&most, own[i]);
    pthread_sigmask(SIG_SETMASK, &most, &before);
    int status = pthread_create(&spool->thread, NULL, spool_commit_thread, spool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -status;
}

static void init_locks(struct spool *spool)
{
    pthread_mutex_init(&spool->lock, NULL);
    clock_condition_init(&spool->has_work);
    clock_condition_init(&spool->has_news);
}

struct spool *spool_local_open(const char *place, const struct spool_options *options,
                               const struct disk *disk, struct err *err)
{
    struct spool *spool = calloc(1, sizeof(*spool));
    if (!spool) {
        err_set(err, -ENOMEM, "%s: no memory", place);
        return NULL;
    }
    init_locks(spool);
    spool->disk = disk;
    spool->options = *options;
    spool->folder = spool->lock_file = spool->fd = -1;
    spool->queue_end = &spool->queue;
    spool->generation = 1;
    fill_options(&spool->options);

    int status;
    if (spool->options.partitions > SPOOL_PARTITIONS_MAX) {
        err_set(err, -EINVAL, "%s: %u partitions, at most %d", place, spool->options.partitions,
                SPOOL_PARTITIONS_MAX);
        goto fail;
    }
    if (open_folder(spool, place, err) < 0 || lock_folder(spool, place, err) < 0 ||
        spool_recover(spool, place, err) < 0)
        goto fail;
    if ((status = start_thread(spool)) < 0) {
        err_set(err, status, "%s: cannot start a thread: %s", place, strerror(-status));
        goto fail;
    }
    return spool;

fail:
    free_spool(spool);
    return NULL;
}

static struct spool *local_open(const char *place, const struct spool_options *options,
                                struct err *err)
{
    return spool_local_open(place, options, &disk_real, err);
}

static void local_close(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    spool->closing = true;
    pthread_cond_signal(&spool->has_work);
    pthread_mutex_unlock(&spool->lock);
    pthread_join(spool->thread, NULL);
    free_spool(spool);
}

static uint32_t local_partitions(const struct spool *spool)
{
    return spool->partitions;
}

/* May a record of this size be queued now? With the lock. */
static int admit(struct spool *spool, uint32_t size)
{
    int status = 0;
    if (spool->error < 0)
        status = spool->error;
    else if (spool->options.size_max > 0 &&
             spool->stats.size + spool->pending + size > spool->options.size_max)
        status = -ENOSPC;
    else if (spool->pending + size > spool->options.pending_max && spool->pending > 0)
        status = -EAGAIN;
    spool->stats.refused_full += status == -ENOSPC;
    spool->stats.refused_busy += status == -EAGAIN;
    return status;
}

static bool is_repeated(const struct spool *spool, const struct spool_batch *batch)
{
    return batch->producer != 0 &&
           producers_has(&spool->producers, batch->producer, batch->sequence);
}

/*
 * Queues an append that was let in, in its order. A repeated one takes no room but its place: what it
 * repeats may be queued itself, and is acknowledged first. One that was let in before a failure must not
 * overtake its producer's batches that failed. With the lock.
 */
static int enqueue(struct spool *spool, struct append *append, uint64_t failures)
{
    int status = spool->error < 0 ? spool->error : failures != spool->failures ? -EAGAIN : 0;
    if (status == 0 && append->size > 0 && append->producer != 0) {
        if (producers_has(&spool->producers, append->producer, append->sequence)) {
            spool->pending -= append->size;
            append->size = 0;
        } else {
            status = producers_queue(&spool->producers, append->producer, append->sequence);
        }
    }
    if (status < 0) {
        spool->pending -= append->size;
        return status;
    }
    if (append->size > 0) {
        append->offset = spool->queued[append->partition];
        spool->queued[append->partition] += append->n;
    }
    if (!spool->queue)
        pthread_cond_signal(&spool->has_work);
    *spool->queue_end = append;
    spool->queue_end = &append->next;
    return 0;
}

static struct append *append_new(uint32_t partition, const struct spool_batch *batch, uint32_t size)
{
    struct append *append = malloc(sizeof(*append) + size);
    if (!append)
        return NULL;
    *append = (struct append){
        .producer = batch->producer,
        .sequence = batch->sequence,
        .partition = partition,
        .n = batch->n,
        .size = size,
    };
    if (size > 0)
        record_batch_write(append->record, partition, batch);
    return append;
}

static int local_append(struct spool *spool, uint32_t partition, const struct spool_batch *batch,
                        spool_done *done, void *context)
{
    if (partition >= spool->partitions)
        return -EINVAL;
    int status = record_batch_check(batch);
    if (status < 0)
        return status;
    uint32_t size = record_batch_size(batch);

    pthread_mutex_lock(&spool->lock);
    bool repeated = is_repeated(spool, batch);
    status = repeated ? spool->error : admit(spool, size);
    if (repeated)
        size = 0;
    if (status == 0)
        spool->pending += size;
    uint64_t failures = spool->failures;
    pthread_mutex_unlock(&spool->lock);
    if (status < 0)
        return status;

    /* The copy and its CRC are made without the lock. */
    struct append *append = append_new(partition, batch, size);
    if (append) {
        append->done = done;
        append->context = context;
    }
    pthread_mutex_lock(&spool->lock);
    if (append) {
        status = enqueue(spool, append, failures);
    } else {
        spool->pending -= size;
        status = -ENOMEM;
    }
    pthread_mutex_unlock(&spool->lock);
    if (status < 0)
        free(append);
    return status;
}

static void local_bounds(struct spool *spool, uint32_t partition, uint64_t *ret_first,
                         uint64_t *ret_next)
{
    pthread_mutex_lock(&spool->lock);
    *ret_first = spool->segments.items[0]->base[partition];
    *ret_next = spool->durable[partition];
    pthread_mutex_unlock(&spool->lock);
}

static uint64_t local_wait(struct spool *spool, uint64_t seen, int timeout_ms)
{
    int64_t end = clock_ticks_us() + (int64_t)timeout_ms * 1000;
    pthread_mutex_lock(&spool->lock);
    while (spool->generation <= seen &&
           clock_wait(&spool->has_news, &spool->lock, end) != -ETIMEDOUT)
        ;
    uint64_t generation = spool->generation;
    pthread_mutex_unlock(&spool->lock);
    return generation;
}

static int local_consumer_put(struct spool *spool, struct str consumer, uint32_t partition,
                              uint64_t offset)
{
    if (partition >= spool->partitions)
        return -EINVAL;
    pthread_mutex_lock(&spool->lock);
    bool changed = spool->consumers.changed;
    int status = offset > spool->durable[partition]
                     ? -EINVAL
                     : consumers_put(&spool->consumers, consumer, partition, offset);
    if (!changed && spool->consumers.changed)
        pthread_cond_signal(&spool->has_work);
    pthread_mutex_unlock(&spool->lock);
    return status;
}

static int local_consumer_get(struct spool *spool, struct str consumer, uint32_t partition,
                              uint64_t *ret_offset)
{
    if (partition >= spool->partitions)
        return -EINVAL;
    pthread_mutex_lock(&spool->lock);
    int status = consumers_get(&spool->consumers, consumer, partition, ret_offset);
    pthread_mutex_unlock(&spool->lock);
    return status;
}

static int local_consumer_forget(struct spool *spool, struct str consumer)
{
    pthread_mutex_lock(&spool->lock);
    bool changed = spool->consumers.changed;
    consumers_remove(&spool->consumers, consumer);
    if (!changed && spool->consumers.changed)
        pthread_cond_signal(&spool->has_work);
    pthread_mutex_unlock(&spool->lock);
    return 0;
}

static void local_stats(struct spool *spool, struct spool_stats *ret_stats)
{
    pthread_mutex_lock(&spool->lock);
    *ret_stats = spool->stats;
    ret_stats->pending = spool->pending;
    ret_stats->error = spool->error;
    uint64_t quota = spool->options.size_max;
    if (ret_stats->error == 0 && quota > 0 &&
        spool->stats.size + spool->pending + QUOTA_SLACK > quota)
        ret_stats->error = -ENOSPC;
    spool->stats.commit_us_max = 0;
    pthread_mutex_unlock(&spool->lock);
}

const struct spool_ops spool_local = {
    .scheme = "local",
    .open = local_open,
    .close = local_close,
    .partitions = local_partitions,
    .append = local_append,
    .bounds = local_bounds,
    .reader_new = spool_local_reader_new,
    .reader_free = spool_local_reader_free,
    .read = spool_local_read,
    .wait = local_wait,
    .consumer_put = local_consumer_put,
    .consumer_get = local_consumer_get,
    .consumer_forget = local_consumer_forget,
    .stats = local_stats,
};
