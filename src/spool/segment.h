/*
 * segment: a file of the log. All partitions of a spool share one log, so that a commit is one write and one
 * fdatasync however many partitions it touches; a segment file is a stretch of it.
 *
 *     DIR/00000000000000000007.seg
 *     [head | producers | batch p0 | batch p0 | batch p3 |  batch p1 | batch p1 | batch p5 ...
 *                         └─ one commit group ──────────┘  └─ the next ──────────────────
 *                         └─ run of p0 ────────┘└─ p3 ──┘
 *
 * The head (little-endian):
 *
 *      0  u8   magic[8]       "JAGASPOL"
 *      8  u32  version        1
 *     12  u32  crc            CRC-32C of the head with this field 0
 *     16  u64  number         as in the name
 *     24  u64  salt           random; records are bound to it (record.h)
 *     32  u64  spool          random, the same in all files of a spool
 *     40  u64  previous_size  where the file before ends; what is behind was never acknowledged
 *     48  i64  created        µs UTC
 *     56  u32  partitions
 *     60  u32  zero
 *     64  u64  base[partitions]  offset of the first event of each partition in this file or later
 *
 * A new file gets its head and the table of producers before it gets its name, so a file that has
 * the name has them. What a commit wrote of one partition lies together: a run. The runs of a file are kept in
 * memory while it is written or read; a walk over the heads of its records finds them again.
 */
#ifndef JAGA_SPOOL_SEGMENT_H
#define JAGA_SPOOL_SEGMENT_H

#include "base/vec.h"
#include "spool/disk.h"
#include "spool/spool.h"

#define SEGMENT_SIZE_MAX (UINT64_C(1) << 30)
#define SEGMENT_RUN_MAX (1u << 20) /* bytes after which a run is not made longer */
#define SEGMENT_NAME_MAX 40

/* Records of one partition that lie together. */
struct run {
    uint64_t offset; /* of its first event */
    uint32_t at, size;
};

struct run_list {
    struct run *items; /* by rising offset and position */
    size_t len, cap;
};

struct segment {
    uint64_t number, salt, previous_size;
    int64_t created;
    uint64_t *base;        /* one for each partition; ours to free */
    uint64_t size;         /* durable bytes */
    struct run_list *runs; /* one for each partition, or NULL: not known now */
    unsigned readers;
    uint64_t used; /* when a reader left it last, by spool->uses */
    bool damaged;  /* its head cannot be read: it holds nothing that can be */
};

/* "00000000000000000007.seg" */
void segment_name(char out[SEGMENT_NAME_MAX], uint64_t number);

/* The number in a name; false: it is no segment's. */
bool segment_number(const char *name, uint64_t *ret_number);

static inline uint32_t segment_head_size(uint32_t partitions)
{
    return 64 + 8 * partitions;
}

/*
 * Makes the file of `segment` (number, previous_size, created, base given; salt and size filled) durable with
 * its head and `record`, which is placed. 0 or -errno: then it is not there.
 */
int segment_create(struct segment *segment, const struct disk *disk, int folder, uint64_t spool,
                   uint32_t partitions, char *record, uint32_t record_size, int *ret_fd);

/*
 * Reads the head of the open file into a zeroed *segment: 0, -EBADMSG (no head, or a damaged one), -EPROTO
 * (another version), or another -errno.
 */
int segment_head_read(struct segment *segment, int fd, uint64_t *ret_spool,
                      uint32_t *ret_partitions);

/* Adds a record to the runs of a partition. -ENOMEM. */
int segment_run_add(struct run_list *runs, uint64_t offset, uint64_t at, uint32_t size);

/*
 * The first run that may hold `offset` among those that end behind position `from`; NULL: none. Where there is a
 * gap at `offset` it is the run behind the gap.
 */
const struct run *segment_run_find(const struct run_list *runs, uint64_t offset, uint64_t from);

/*
 * The runs of an open file up to its durable size, found by a walk over heads; NULL: no memory, or it cannot be
 * read. For segment_runs_free(). A record whose offset goes back is left out.
 */
struct run_list *segment_runs_read(const struct segment *segment, int fd, uint32_t partitions);
void segment_runs_free(struct run_list *runs, uint32_t partitions);

struct segment *segment_new(uint32_t partitions); /* zeroed; NULL: no memory */
void segment_free(struct segment *segment, uint32_t partitions);

#endif
