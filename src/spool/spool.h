/*
 * spool: the port behind the doors. What was appended and acknowledged is never lost, keeps its order within
 * its partition and can be read again from any offset. One header, a struct of functions; local.c keeps
 * segment files, Kafka is to be the other engine. Both pass conformance_test.c.
 *
 *     partition 0   [batch: events 0..41][batch: 42..42][batch: 43..99] ...
 *                    offset 0             42             43            100 = next
 *     partition 1   ...
 *
 * An event's identity is (partition, offset), for ever: a replay is recognised by it. A batch is what one
 * sender sent at once; it is stored whole or not at all.
 *
 * Threads: append and read from any thread. The done callback runs in the engine's own thread,
 * in the order of a partition's batches; it must be short and may call append, not close.
 */
#ifndef JAGA_SPOOL_SPOOL_H
#define JAGA_SPOOL_SPOOL_H

#include "base/err.h"
#include "base/str.h"

#define SPOOL_PARTITIONS_MAX 256
#define SPOOL_BATCH_EVENTS_MAX (1u << 20)
#define SPOOL_BATCH_BYTES_MAX (64u << 20) /* events of a batch */
#define SPOOL_LABEL_MAX 128 /* bytes of each text of a batch; longer ones are refused */
#define SPOOL_CONSUMERS_MAX 16

/*
 * Several events of one sender. Event i is bytes[ends[i - 1] .. ends[i]) (from 0 for the first) and ends
 * with '\n', which is not part of it. Texts and arrays live for the length of the call that hands
 * them over. A producer sends batch after batch: it goes on only behind one that append() took, and after one
 * that failed it begins again with that one.
 */
struct spool_batch {
    struct str agency, source; /* who it is from: labels */
    struct str peer;           /* address or certificate it came from */
    struct str hint;   /* what the sender calls it (sourcetype, index), for people; may be empty */
    int64_t received;  /* µs UTC */
    uint64_t producer; /* 0: none. With it, (producer, sequence) is stored once: a batch whose */
    uint64_t sequence; /* sequence is not above the producer's last is acknowledged, not stored */
    uint8_t format;    /* enum format_id; FORMAT_UNKNOWN: recognise it */
    uint8_t door;      /* the caller's number of the door it came through */
    bool split;        /* an event has a line end inside: parse each by itself */
    uint32_t n;        /* events, 1 to SPOOL_BATCH_EVENTS_MAX */
    const uint32_t *ends;
    const char *bytes;
};

static inline struct str spool_event(const struct spool_batch *batch, uint32_t i)
{
    uint32_t start = i ? batch->ends[i - 1] : 0;
    return (struct str){batch->bytes + start, batch->ends[i] - start - 1};
}

/* What became of an append. */
struct spool_receipt {
    int status;    /* 0: durable; else -errno, and nothing of it is stored */
    bool repeated; /* it was there already, by producer and sequence: offset says nothing */
    uint32_t partition;
    uint64_t offset; /* of the first event */
};
typedef void spool_done(void *context, const struct spool_receipt *receipt);

struct spool_options {
    uint32_t partitions;   /* of a new spool; an old one keeps its own. 0: 8 */
    uint64_t segment_size; /* bytes of a segment file; 0: 256 MiB */
    uint64_t size_max;     /* quota in bytes: past it append refuses with -ENOSPC; 0: none */
    uint64_t keep_size; /* retention: what every consumer has passed goes when there is more; 0: */
                        /* not by size */
    int64_t keep_us;    /* retention by age; 0: not by age */
    /* Bytes appended and not yet durable; past it append refuses with -EAGAIN; 0: 64 MiB. */
    size_t pending_max;
    int64_t (*now)(void); /* clock; NULL: the real one */
};

struct spool_stats {
    uint64_t batches, events, bytes;     /* appended since it was opened */
    uint64_t repeated;                   /* batches acknowledged that were there already */
    uint64_t commits;                    /* groups made durable */
    uint64_t refused_full, refused_busy; /* appends */
    uint64_t size;                       /* bytes on disk now */
    uint64_t pending;                    /* bytes waiting to be durable now */
    uint64_t torn;                       /* bytes cut from tails when it was opened */
    uint64_t removed;                    /* events that retention let go */
    uint64_t commit_us_max;              /* slowest commit since the last look */
    int error; /* why nothing can be stored now (-ENOSPC, -EROFS, -EIO); 0: it can */
};

struct spool;
struct spool_reader;

struct spool_ops {
    const char *scheme; /* of the URL: "local" */

    /* Creates what is missing. NULL: *err says why (another process has it open, a damaged file ...). */
    struct spool *(*open)(const char *place, const struct spool_options *options, struct err *err);

    /* Makes durable what is pending (callbacks run), then closes. Readers are freed before. */
    void (*close)(struct spool *spool);

    uint32_t (*partitions)(const struct spool *spool);

    /*
     * Copies the batch and queues it. 0: `done` will be called once. -EAGAIN: too much is pending;
     * -ENOSPC: the quota, or the disk, is full; -EROFS, -EIO: the disk; -EINVAL, -E2BIG: a bad batch. After
     * an error of the disk the engine tries by itself until it can store again.
     */
    int (*append)(struct spool *spool, uint32_t partition, const struct spool_batch *batch,
                  spool_done *done, void *context);

    /* The first offset that is still there, and the one the next event will get. */
    void (*bounds)(struct spool *spool, uint32_t partition, uint64_t *ret_first,
                   uint64_t *ret_next);

    /*
     * Reads durable batches in order, starting with the one that holds `offset`. NULL: no memory. A
     * reader belongs to one thread.
     */
    struct spool_reader *(*reader_new)(struct spool *spool, uint32_t partition, uint64_t offset);
    void (*reader_free)(struct spool_reader *reader);

    /*
     * 1: the next batch and the offset of its first event; it lives until the next call on this reader.
     * 0: there is no more for now. -ERANGE: the offset is not there any more (retention), the reader
     * stands at the first that is. -EBADMSG: a damaged place, skipped; *ret_offset is where it goes on.
     * Another -errno.
     */
    int (*read)(struct spool_reader *reader, struct spool_batch *ret_batch, uint64_t *ret_offset);

    /*
     * Waits until something is durable that was not when `seen` was returned, or until the time is
     * over; returns the new value to wait on. Start with 0.
     */
    uint64_t (*wait)(struct spool *spool, uint64_t seen, int timeout_ms);

    /*
     * How far a consumer has come: the offset it wants next. Retention keeps what a consumer that is
     * known has not passed. Durable soon after, not at once: a consumer may see events again. 0 or
     * -errno; get: -ENOENT where it has never said.
     */
    int (*consumer_put)(struct spool *spool, struct str consumer, uint32_t partition,
                        uint64_t offset);
    int (*consumer_get)(struct spool *spool, struct str consumer, uint32_t partition,
                        uint64_t *ret_offset);
    /* It will not read any more: retention waits for it no longer. 0, also where it is not known. */
    int (*consumer_forget)(struct spool *spool, struct str consumer);

    void (*stats)(struct spool *spool, struct spool_stats *ret_stats);
};

extern const struct spool_ops spool_local;

/* The engine of "local:DIR", and the DIR; NULL: no such engine. */
const struct spool_ops *spool_engine(struct str url, struct str *ret_place);

#endif
