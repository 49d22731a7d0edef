/*
 * lake_fake: a lake in memory, for tests of what fills it. It keeps rows as texts, checks their order, recognises
 * what it has, and fails as it is told to. It outlives the store, as a disk would.
 */
#ifndef JAGA_WATCH_LAKE_FAKE_TEST_H
#define JAGA_WATCH_LAKE_FAKE_TEST_H

#include <pthread.h>

#include "base/buf.h"
#include "base/vec.h"
#include "lake/lake.h"

#define FAKE_PARTITIONS 8

struct fake_lake_row {
    struct lake_id id;
    char *text; /* "P.O[.N] DATASET FORMAT AGENCY/SOURCE raw=RAW NAME=TEXT:KIND>COLUMN ..." */
};

struct lake {
    pthread_mutex_t lock;
    VEC(struct fake_lake_row) rows; /* committed */
    VEC(struct fake_lake_row) put;
    uint64_t progress[FAKE_PARTITIONS]; /* UINT64_MAX: none */
    VEC(struct lake_block) blocks;
    int fails;           /* what commit returns */
    bool half;           /* a commit that fails has stored its rows, and not the progress */
    unsigned full_after; /* rows put, at which there is no room; 0: never */
    uint64_t repeated, commits, retained, settled;
};

extern const struct lake_ops lake_fake;

void lake_fake_init(struct lake *lake);
void lake_fake_free(struct lake *lake);

/* All committed rows, a line each, by id. Free it. */
char *lake_fake_rows(struct lake *lake);

void lake_fake_set(struct lake *lake, int fails, bool half);

#endif
