/*
 * correlate_rank: numbers in order, of which any can be added, removed and found by rank.
 * A directory of sorted chunks: a small group is one array; a million numbers are about 3,000
 * chunks, found by binary search and counted by one pass over the directory.
 *
 *     directory: [len 3 | last 9] [len 2 | last 20] ...
 *                   └▶ 1 4 9         └▶ 12 20
 *
 * Worst case per operation: the length of the directory plus that of a chunk, whatever the
 * numbers are.
 */
#ifndef JAGA_SIGMA_CORRELATE_RANK_H
#define JAGA_SIGMA_CORRELATE_RANK_H

#include "base/vec.h"
#include "sigma/correlate_text.h"

#define RANK_CHUNK_MAX 512 /* numbers in a chunk; a full one is split */

struct rank_chunk {
    double *numbers; /* ascending, len of them */
    double last;     /* the greatest */
    uint32_t len, cap;
};

struct rank {
    VEC(struct rank_chunk) chunks; /* none is empty */
    uint64_t len;
};

/* A zeroed struct rank is empty. */
void rank_free(struct rank *rank, struct memory_account *account);

/* Adds a number (not NaN). 0 or -ENOMEM. */
int rank_add(struct rank *rank, double number, struct memory_account *account);

/* Removes one number equal to it, if there is one. */
void rank_remove(struct rank *rank, double number, struct memory_account *account);

/* The number with `index` smaller ones before it; index < len. */
double rank_at(const struct rank *rank, uint64_t index);

/* Interpolated between the nearest ranks at (len - 1) * percent / 100; len > 0. */
double rank_percentile(const struct rank *rank, double percent);

#endif
