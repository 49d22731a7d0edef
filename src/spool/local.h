/*
 * local: the inside of the local engine, shared by its files.
 *
 *     append ─▶ queue ─▶ commit thread: write, fdatasync, publish ─▶ done()
 *      (any thread)       │                        └─▶ next[], runs, generation ─▶ readers, wait()
 *                         └─ also: retry after errors, consumers' file, retention
 *
 * One lock guards all that is below `lock`, and no disk is touched while it is held. The commit thread alone changes
 * `segments` and writes to the last one.
 *
 *     local.c      the operations            open.c    what is found at open; its repair
 *     commit.c     groups, errors, thread    reader.c  reading
 *     retention.c  what may go
 */
#ifndef JAGA_SPOOL_LOCAL_H
#define JAGA_SPOOL_LOCAL_H

#include <pthread.h>

#include "spool/consumers.h"
#include "spool/disk.h"
#include "spool/producers.h"
#include "spool/record.h"
#include "spool/segment.h"

#define SEGMENT_SIZE_DEFAULT (UINT64_C(256) << 20)
#define SEGMENT_SIZE_MIN (UINT64_C(64) << 10)
#define PENDING_MAX_DEFAULT ((size_t)64 << 20)
#define PENDING_MAX_MAX ((size_t)1 << 30)
#define PARTITIONS_DEFAULT 8
#define GROUP_SIZE_MAX ((size_t)8 << 20)  /* bytes of a commit, but for its last batch */
#define RESERVE_STEP (UINT64_C(16) << 20) /* bytes the disk is asked to set aside at a time */
#define RETRY_MIN_US INT64_C(100000)
#define RETRY_MAX_US INT64_C(5000000)
#define QUOTA_SLACK (UINT64_C(64) << 10) /* room below which the quota counts as spent */
#define RUNS_KEPT 8 /* segments whose runs are remembered when nobody reads them */
#define HOUSEKEEPING_US INT64_C(1000000) /* consumers' file, retention */

/* An append that is not durable yet. */
struct append {
    struct append *next;
    spool_done *done;
    void *context;
    uint64_t offset;
    uint64_t producer, sequence;
    uint32_t partition, n;
    uint32_t size; /* of the record; 0: repeated, to be acknowledged with those before it */
    char record[] __attribute__((aligned(8)));
};

struct spool {
    const struct disk *disk;
    struct spool_options options; /* with the defaults filled in */
    int folder, lock_file;
    uint64_t id;
    uint32_t partitions;
    pthread_t thread;

    /* The commit thread's alone. */
    int fd;            /* of the last segment */
    uint64_t reserved; /* bytes of it that the disk has set aside */
    bool distrusted;   /* fdatasync failed: what it holds behind its size is unknown */
    uint64_t wanted;   /* bytes that the commit which failed wanted */
    int64_t retry_at, retry_after_us; /* ticks */
    int64_t housekeeping_at;
    bool has_batches; /* the last segment holds one */

    pthread_mutex_t lock;
    pthread_cond_t has_work, has_news;
    bool closing;
    int error;         /* -errno */
    uint64_t failures; /* commits that failed */
    struct append *queue, **queue_end;
    size_t pending;             /* bytes of records that were let in */
    uint64_t *queued, *durable; /* of each partition: next offset of appends, of readers */
    uint64_t generation;
    struct producers producers;
    struct consumers consumers;
    struct {
        struct segment **items;
        size_t len, cap;
    } segments; /* oldest first; never empty */
    uint64_t uses;
    struct spool_stats stats;
};

static inline uint64_t spool_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The last segment. */
static inline struct segment *spool_active(const struct spool *spool)
{
    return spool->segments.items[spool->segments.len - 1];
}

/* open.c: fills partitions, id, segments, fd, durable, producers, stats.torn. 0 or -errno and *err. */
int spool_recover(struct spool *spool, const char *place, struct err *err);

/* commit.c */
void *spool_commit_thread(void *spool);

/* A new last segment: 0 or -errno, then nothing has changed. Without the lock. */
int spool_roll(struct spool *spool);

/* retention.c: removes what may go. In the commit thread, without the lock. */
void spool_retain(struct spool *spool);

/* The last segment is so old that it should be closed: only then can it go. With the lock. */
bool spool_retain_wants_roll(const struct spool *spool);

/* What open does, on a disk of the caller's: for tests. */
struct spool *spool_local_open(const char *place, const struct spool_options *options,
                               const struct disk *disk, struct err *err);

/* reader.c: forgets the runs of segments that nobody has read for long. With the lock. */
void spool_forget_runs(struct spool *spool);

struct spool_reader *spool_local_reader_new(struct spool *spool, uint32_t partition,
                                            uint64_t offset);
void spool_local_reader_free(struct spool_reader *reader);
int spool_local_read(struct spool_reader *reader, struct spool_batch *ret_batch,
                     uint64_t *ret_offset);

#endif
