/* fold_table: the data of utf8_fold(); sorted by `first`, ranges do not overlap. */
#ifndef JAGA_BASE_FOLD_TABLE_H
#define JAGA_BASE_FOLD_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct fold_range {
    uint32_t first, last;
    uint32_t stride;
    int32_t delta;
};

extern const struct fold_range fold_ranges[];
extern const size_t fold_ranges_count;

#endif
