/*
 * consumers: how far each consumer has come in each partition. `stored` is what the file on disk says, and what
 * retention goes by: after a crash a consumer begins there. Not locked: the spool's lock guards it.
 *
 * The file is text, "NAME PARTITION OFFSET" with tabs between, and replaced as a whole.
 */
#ifndef JAGA_SPOOL_CONSUMERS_H
#define JAGA_SPOOL_CONSUMERS_H

#include "base/buf.h"
#include "base/err.h"
#include "spool/spool.h"

#define CONSUMERS_FILE "consumers"
#define CONSUMERS_NONE UINT64_MAX

struct consumer {
    char name[SPOOL_LABEL_MAX];
    size_t name_len;
    uint64_t *wants;   /* of each partition; CONSUMERS_NONE: it has never said */
    uint64_t *writing; /* as the text has it that consumers_write() made last */
    uint64_t *stored;  /* as the file has it */
};

struct consumers {
    struct consumer items[SPOOL_CONSUMERS_MAX];
    size_t len;
    uint32_t partitions;
    bool changed; /* since consumers_write() */
};

void consumers_init(struct consumers *consumers, uint32_t partitions);
void consumers_free(struct consumers *consumers);

/* 0; -EINVAL: no name for a consumer; -E2BIG: there are too many; -ENOMEM. */
int consumers_put(struct consumers *consumers, struct str name, uint32_t partition,
                  uint64_t offset);

/* 0 or -ENOENT. */
int consumers_get(const struct consumers *consumers, struct str name, uint32_t partition,
                  uint64_t *ret_offset);

/* Nothing is kept for it any more. */
void consumers_remove(struct consumers *consumers, struct str name);

/* The least offset that a consumer of the partition may ask for; CONSUMERS_NONE: there is no consumer. */
uint64_t consumers_least(const struct consumers *consumers, uint32_t partition);

/* Adds the file's text to `out`. */
void consumers_write(struct consumers *consumers, struct buf *out);

/* The text that consumers_write() made last is on disk. */
void consumers_stored(struct consumers *consumers);

/* Reads the file's text; offsets past `next` (of each partition) are brought back to it. */
int consumers_read(struct consumers *consumers, struct str text, const uint64_t *next,
                   struct err *err);

#endif
