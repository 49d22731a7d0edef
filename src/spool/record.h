/*
 * record: what a segment file is made of, bytes in, batch out. All numbers are little-endian; a record starts
 * at a multiple of 8 in its file and its size is one.
 *
 *      0  u32  magic
 *      4  u32  head_crc   CRC-32C of bytes 8 to 79
 *      8  u32  body_crc   CRC-32C of what follows the head, padding included
 *     12  u32  size       of the whole record
 *     16  u64  place      the segment's salt + the record's position in the file
 *     24  u64  offset     of the first event in its partition
 *     32  i64  received   µs UTC
 *     40  u64  producer
 *     48  u64  sequence
 *     56  u32  n          events
 *     60  u32  bytes      of all events
 *     64  u16  partition
 *     66  u8   kind       enum record_kind
 *     67  u8   flags      RECORD_SPLIT, RECORD_LAST
 *     68  u8   format
 *     69  u8   door
 *     70  u8   agency, source, peer, hint: lengths of the texts
 *     74  u16  zero
 *     76  u32  back       how far before the record its commit group began
 *     80  u32  ends[n]
 *         u8   events, then agency, source, peer, hint, zeros up to a multiple of 8
 *
 * The head has a CRC of its own, so that a walk over heads can trust sizes without reading what is between. The
 * salt is random and known to nobody outside: an event that holds the image of a record is never taken for one
 * when a damaged place is searched for the next record. `back` and RECORD_LAST tell a torn tail from damage:
 * a group is written only when the one before it is durable, and counts only when its last record is there.
 *
 * Pure functions; nothing here keeps what it is given.
 */
#ifndef JAGA_SPOOL_RECORD_H
#define JAGA_SPOOL_RECORD_H

#include "spool/spool.h"

#define RECORD_HEAD 80u /* bytes */
#define RECORD_ALIGN 8u
#define RECORD_OFFSET_MAX ((uint64_t)INT64_MAX) /* where offsets end; nobody gets there */
#define RECORD_SPLIT 1u                         /* of flags: an event has a line end inside */
#define RECORD_LAST 2u                          /* of flags: the last record of its commit group */
#define RECORD_PRODUCER 16u                     /* bytes of one producer in a record of producers */

enum record_kind {
    RECORD_BATCH = 1,
    RECORD_PRODUCERS = 2, /* n times u64 producer, u64 last sequence; oldest first */
};

/* A head, checked: sizes agree with each other and are within the limits. */
struct record {
    enum record_kind kind;
    uint32_t size; /* bytes, of the whole record */
    uint32_t body_crc;
    uint32_t back;
    uint32_t partition;
    uint64_t offset;
    uint64_t producer, sequence;
    int64_t received;
    uint32_t n, bytes;
    uint8_t flags, format, door;
    uint8_t texts[4]; /* lengths: agency, source, peer, hint */
};

/* 0; -E2BIG: more than a limit allows; -EINVAL: the events' ends make no sense. */
int record_batch_check(const struct spool_batch *batch);

/* Bytes of the record of a batch that was checked. */
uint32_t record_batch_size(const struct spool_batch *batch);

/* Writes the record to `out` (8-aligned) but for what record_place() adds. */
void record_batch_write(char *out, uint32_t partition, const struct spool_batch *batch);

/* The same for a table of producers: pairs of producer and sequence. */
uint32_t record_producers_size(uint32_t n);
void record_producers_write(char *out, const uint64_t (*pairs)[2], uint32_t n);

/* Completes a record: it can be written to its place then. */
void record_place(char *out, uint64_t place, uint64_t offset, uint32_t back, bool last);

/* Reads RECORD_HEAD bytes: 0, or -EBADMSG where they are not the head of a record at `place`. */
int record_head_read(const char *bytes, uint64_t place, struct record *ret_record);

/* The body that follows the head at `bytes` is as it was written: 0 or -EBADMSG. */
int record_body_check(const char *bytes, const struct record *record);

/* The batch of a record whose body was checked; it points into `bytes` (8-aligned). -EBADMSG. */
int record_batch_read(char *bytes, const struct record *record, struct spool_batch *ret_batch);

/* Pair `i` of a record of producers whose body was checked. */
void record_producer_read(const char *bytes, uint32_t i, uint64_t *ret_producer,
                          uint64_t *ret_sequence);

#endif
