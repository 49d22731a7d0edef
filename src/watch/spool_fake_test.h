/*
 * spool_fake: a spool in memory, for tests of what stands before it: it keeps what is appended, answers at once or
 * when it is told to, and fails as it is told to.
 */
#ifndef JAGA_WATCH_SPOOL_FAKE_TEST_H
#define JAGA_WATCH_SPOOL_FAKE_TEST_H

#include "base/vec.h"
#include "spool/spool.h"

#define FAKE_APPENDS_MAX 64

struct fake_append {
    struct spool_batch batch; /* copied */
    uint32_t partition;
    uint64_t offset;
    spool_done *done;
    void *context;
    bool answered;
};

struct spool {
    uint64_t next;
    bool waits;             /* answers when fake_answer() is called, not at once */
    int refuses;            /* what append returns; 0: takes it */
    unsigned refuses_after; /* .. once it has taken that many more */
    int fails;              /* the status of answers */
    bool knows;             /* everything with a producer is a repetition */
    struct fake_append appends[FAKE_APPENDS_MAX];
    size_t n;
};

extern const struct spool_ops spool_fake;

/* Answers the oldest append that waits. */
void fake_answer(struct spool *spool);
void fake_free(struct spool *spool);

#endif
