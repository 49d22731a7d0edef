#include "spool/local.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/clock.h"

/* A disk that is full says so in several ways. */
static int disk_error(int status)
{
    return status == -EFBIG || status == -EDQUOT ? -ENOSPC : status;
}

/*
 * Closes a segment file and gives back what the disk has set aside behind its end. It does no harm where that
 * fails: the records are durable, and the head of the next segment says where they end.
 */
static void close_cut(int fd, uint64_t size)
{
    bool cut = ftruncate(fd, (off_t)size) == 0;
    (void)cut;
    close(fd);
}

int spool_roll(struct spool *spool)
{
    struct segment *last = spool->segments.len ? spool_active(spool) : NULL;
    struct segment *segment = segment_new(spool->partitions);
    uint64_t(*pairs)[2] = malloc(PRODUCERS_MAX * sizeof(*pairs));
    char *record = NULL;
    int fd, status = -ENOMEM;
    if (!segment || !pairs)
        goto out;

    pthread_mutex_lock(&spool->lock);
    uint32_t n = producers_copy(&spool->producers, pairs);
    memcpy(segment->base, spool->durable, spool->partitions * sizeof(*segment->base));
    int room = vec_reserve(&spool->segments, spool->segments.len + 1);
    pthread_mutex_unlock(&spool->lock);
    record = malloc(record_producers_size(n));
    segment->runs = calloc(spool->partitions, sizeof(*segment->runs));
    if (room < 0 || !record || !segment->runs)
        goto out;

    record_producers_write(record, (const uint64_t(*)[2])pairs, n);
    segment->number = last ? last->number + 1 : 0;
    segment->previous_size = last ? last->size : 0;
    segment->created = spool->options.now();
    status = segment_create(segment, spool->disk, spool->folder, spool->id, spool->partitions,
                            record, record_producers_size(n), &fd);
    if (status < 0)
        goto out;
    if (last)
        close_cut(spool->fd, last->size);
    spool->fd = fd;
    spool->reserved = 0;
    spool->has_batches = false;

    pthread_mutex_lock(&spool->lock);
    status = vec_push(&spool->segments, segment);
    spool->stats.size += segment->size;
    if (last)
        last->used = ++spool->uses;
    spool_forget_runs(spool);
    pthread_mutex_unlock(&spool->lock);
    segment = NULL;
out:
    free(record);
    free(pairs);
    segment_free(segment, spool->partitions);
    return status;
}

/* Appends of a commit, those of a partition together and in their order. */
struct group {
    struct append *first, **end;
    size_t n;
    uint64_t size; /* bytes of records */
};

/* Takes what is queued, up to the size of a group. With the lock. */
static void take_group(struct spool *spool, struct group *group)
{
    struct append *firsts[SPOOL_PARTITIONS_MAX] = {0}, **ends[SPOOL_PARTITIONS_MAX];
    uint64_t size_max = spool_least(GROUP_SIZE_MAX, spool->options.segment_size);
    *group = (struct group){0};
    for (uint32_t i = 0; i < spool->partitions; i++)
        ends[i] = &firsts[i];
    while (spool->queue && group->size < size_max) {
        struct append *append = spool->queue;
        spool->queue = append->next;
        append->next = NULL;
        *ends[append->partition] = append;
        ends[append->partition] = &append->next;
        group->size += append->size;
        group->n++;
    }
    if (!spool->queue)
        spool->queue_end = &spool->queue;

    group->end = &group->first;
    for (uint32_t i = 0; i < spool->partitions; i++) {
        *group->end = firsts[i];
        if (firsts[i])
            group->end = ends[i];
    }
}

/* Tells each sender what became of its batch, and forgets them. Without the lock. */
static void answer(struct append *first, int status)
{
    while (first) {
        struct append *append = first;
        first = append->next;
        struct spool_receipt receipt = {
            .status = status,
            .repeated = status == 0 && append->size == 0,
            .partition = append->partition,
            .offset = append->offset,
        };
        if (append->done)
            append->done(append->context, &receipt);
        free(append);
    }
}

/* Asks the disk to set space aside, so that fdatasync has no allocation to wait for. */
static void reserve_ahead(struct spool *spool, uint64_t end)
{
    if (end <= spool->reserved)
        return;
    uint64_t to = spool_least((end / RESERVE_STEP + 1) * RESERVE_STEP, spool->options.segment_size);
    if (to < end)
        to = end;
    /* A disk that cannot, or is nearly full, may still take the bytes themselves. */
    (void)spool->disk->reserve(spool->fd, (off_t)spool->reserved, (off_t)(to - spool->reserved));
    spool->reserved = to;
}

/* Writes the group behind the end of the last segment and makes it durable. 0 or -errno. */
static int write_group(struct spool *spool, const struct group *group)
{
    struct segment *segment = spool_active(spool);
    struct iovec *parts = malloc(group->n * sizeof(*parts));
    if (!parts)
        return -ENOMEM;
    uint64_t start = segment->size, at = start, end = start + group->size;
    size_t n = 0;
    for (struct append *append = group->first; append; append = append->next) {
        if (append->size == 0)
            continue;
        record_place(append->record, segment->salt + at, append->offset, (uint32_t)(at - start),
                     at + append->size == end);
        parts[n++] = (struct iovec){.iov_base = append->record, .iov_len = append->size};
        at += append->size;
    }
    int status = 0;
    if (n > 0) {
        reserve_ahead(spool, at);
        status = disk_write(spool->disk, spool->fd, parts, n, start);
    }
    if (status == 0 && n > 0 && spool->disk->sync(spool->fd) < 0) {
        status = -errno;
        spool->distrusted = true;
    }
    free(parts);
    return status;
}

/* The group is durable: readers may see it. With the lock. */
static void publish_group(struct spool *spool, const struct group *group, int64_t took_us)
{
    struct segment *segment = spool_active(spool);
    struct spool_stats *stats = &spool->stats;
    for (const struct append *append = group->first; append; append = append->next) {
        if (append->size == 0) {
            stats->repeated++;
            continue;
        }
        /* Without memory for the run, the runs are found again from the file. */
        if (segment->runs && segment_run_add(&segment->runs[append->partition], append->offset,
                                             segment->size, append->size) < 0) {
            segment_runs_free(segment->runs, spool->partitions);
            segment->runs = NULL;
        }
        segment->size += append->size;
        spool->durable[append->partition] = append->offset + append->n;
        if (append->producer != 0)
            producers_commit(&spool->producers, append->producer, append->sequence);
        stats->batches++;
        stats->events += append->n;
        stats->bytes += append->size;
    }
    stats->size += group->size;
    spool->pending -= group->size;
    spool->has_batches = spool->has_batches || group->size > 0;
    if (group->size == 0)
        return;
    stats->commits++;
    if ((uint64_t)took_us > stats->commit_us_max)
        stats->commit_us_max = (uint64_t)took_us;
    spool->generation++;
    pthread_cond_broadcast(&spool->has_news);
}

/* Cuts the last segment back to what is known to be durable. 0 or -errno. */
static int cut_back(struct spool *spool)
{
    struct segment *segment = spool_active(spool);
    char name[SEGMENT_NAME_MAX];
    segment_name(name, segment->number);
    int fd = openat(spool->folder, name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    close(spool->fd);
    spool->fd = fd;
    spool->reserved = 0;
    if (ftruncate(fd, (off_t)segment->size) < 0 || spool->disk->sync(fd) < 0)
        return -errno;
    return 0;
}

/*
 * A commit failed: nothing of it is stored, nor of what was queued behind it, which may follow from it. All
 * appends are refused until retry() succeeds.
 */
static void fail_group(struct spool *spool, struct group *group, int status)
{
    spool->wanted = group->size;
    spool->retry_after_us = RETRY_MIN_US;
    spool->retry_at = clock_ticks_us() + RETRY_MIN_US;
    (void)cut_back(spool); /* tried again before anything is written */

    pthread_mutex_lock(&spool->lock);
    spool->error = disk_error(status);
    spool->failures++;
    *group->end = spool->queue;
    spool->queue = NULL;
    spool->queue_end = &spool->queue;
    for (const struct append *append = group->first; append; append = append->next)
        spool->pending -= append->size;
    memcpy(spool->queued, spool->durable, spool->partitions * sizeof(*spool->queued));
    producers_rollback(&spool->producers);
    pthread_mutex_unlock(&spool->lock);
    answer(group->first, disk_error(status));
}

/* Can the disk take what it could not? Mends what the failure left. 0 or -errno. */
static int mend(struct spool *spool)
{
    int status = cut_back(spool);
    if (status < 0)
        return status;
    if (spool->distrusted) {
        if ((status = spool_roll(spool)) < 0)
            return status;
        spool->distrusted = false;
    }
    struct segment *segment = spool_active(spool);
    if (spool->wanted > 0 &&
        spool->disk->reserve(spool->fd, (off_t)segment->size, (off_t)spool->wanted) < 0)
        return errno == EOPNOTSUPP ? 0 : -errno;
    return 0;
}

static void retry(struct spool *spool)
{
    int status = mend(spool);
    pthread_mutex_lock(&spool->lock);
    spool->error = disk_error(status);
    pthread_mutex_unlock(&spool->lock);
    if (status < 0) {
        spool->retry_after_us = spool->retry_after_us * 2;
        if (spool->retry_after_us > RETRY_MAX_US)
            spool->retry_after_us = RETRY_MAX_US;
        spool->retry_at = clock_ticks_us() + spool->retry_after_us;
    }
}

static void commit(struct spool *spool, struct group *group)
{
    int64_t start = clock_ticks_us();
    int status = 0;
    if (spool->has_batches &&
        spool_active(spool)->size + group->size > spool->options.segment_size) {
        status = spool_roll(spool);
        spool->housekeeping_at = start; /* what is closed may go */
    }
    if (status == 0)
        status = write_group(spool, group);
    if (status < 0) {
        fail_group(spool, group, status);
        return;
    }
    pthread_mutex_lock(&spool->lock);
    publish_group(spool, group, clock_ticks_us() - start);
    pthread_mutex_unlock(&spool->lock);
    answer(group->first, 0);
}

/* Consumers' offsets to disk. A failure is tried again the next time: their consumers may repeat. */
static void store_consumers(struct spool *spool)
{
    struct buf text = {0};
    pthread_mutex_lock(&spool->lock);
    bool changed = spool->consumers.changed;
    if (changed)
        consumers_write(&spool->consumers, &text);
    pthread_mutex_unlock(&spool->lock);
    if (!changed)
        return;
    int status = text.failed
                     ? -ENOMEM
                     : disk_replace(spool->disk, spool->folder, CONSUMERS_FILE, text.ptr, text.len);
    pthread_mutex_lock(&spool->lock);
    if (status == 0)
        consumers_stored(&spool->consumers);
    else
        spool->consumers.changed = true;
    pthread_mutex_unlock(&spool->lock);
    buf_free(&text);
}

static void housekeep(struct spool *spool)
{
    store_consumers(spool);
    pthread_mutex_lock(&spool->lock);
    bool roll = spool->error == 0 && spool_retain_wants_roll(spool);
    pthread_mutex_unlock(&spool->lock);
    /* Without room for a new segment the old one stays. */
    if (roll)
        (void)spool_roll(spool);
    spool_retain(spool);
    spool->housekeeping_at = clock_ticks_us() + HOUSEKEEPING_US;
}

/* When the thread wants to be woken without being called. */
static int64_t next_wake(const struct spool *spool)
{
    bool keeps_house =
        spool->consumers.changed || spool->options.keep_us > 0 || spool->options.keep_size > 0;
    int64_t wake = keeps_house ? spool->housekeeping_at : INT64_MAX;
    return spool->error < 0 && spool->retry_at < wake ? spool->retry_at : wake;
}

/* Waits for something to do. With the lock. */
static void wait_for_work(struct spool *spool)
{
    while (!spool->queue && !spool->closing) {
        int64_t wake = next_wake(spool);
        if (wake <= clock_ticks_us())
            return;
        if (wake == INT64_MAX) {
            pthread_cond_wait(&spool->has_work, &spool->lock);
            continue;
        }
        clock_wait(&spool->has_work, &spool->lock, wake);
    }
}

void *spool_commit_thread(void *argument)
{
    struct spool *spool = argument;
    for (bool closing = false; !closing;) {
        struct group group;
        pthread_mutex_lock(&spool->lock);
        wait_for_work(spool);
        take_group(spool, &group);
        closing = spool->closing && group.n == 0;
        int error = spool->error;
        pthread_mutex_unlock(&spool->lock);
        if (group.n > 0)
            commit(spool, &group);
        else if (error < 0 && clock_ticks_us() >= spool->retry_at)
            retry(spool);
        if (clock_ticks_us() >= spool->housekeeping_at)
            housekeep(spool);
    }
    store_consumers(spool);
    /* Gives back what the disk has set aside, and leaves nothing of a commit that failed. */
    (void)cut_back(spool);
    return NULL;
}
