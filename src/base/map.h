/*
 * map: text → 32-bit number, open addressing with linear probing. Keys are
 * borrowed: their bytes must outlive the map. Reading is safe from many threads while
 * nobody writes.
 *
 *     cells: [hash32 | value | key ptr | key len] × capacity (a power of two, ≤ 3/4 full)
 */
#ifndef JAGA_BASE_MAP_H
#define JAGA_BASE_MAP_H

#include "base/str.h"

#define MAP_NONE UINT32_MAX

struct map_cell {
    const char *ptr; /* NULL: free */
    uint32_t len;
    uint32_t hash;
    uint32_t value;
};

struct map {
    struct map_cell *cells;
    size_t cap; /* power of two, or 0 */
    size_t len; /* keys */
};

/* A zeroed struct map is empty. */
void map_free(struct map *map);

/* The value of `key`, or MAP_NONE. */
uint32_t map_get(const struct map *map, struct str key);

/* The same with the key's hash_text() known. */
uint32_t map_get_hashed(const struct map *map, struct str key, uint64_t hash);

/*
 * Sets key → value. Returns 1 when the key is new, 0 when its value was
 * replaced, -ENOMEM, or -E2BIG for a key of 4 GiB or more. The value MAP_NONE is not allowed.
 */
int map_put(struct map *map, struct str key, uint32_t value);

#endif
