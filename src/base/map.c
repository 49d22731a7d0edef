#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

void map_free(struct map *map)
{
    free(map->cells);
    *map = (struct map){0};
}

/* The cell that holds the key, or the free cell where it would go. The map has a free cell. */
static struct map_cell *locate(const struct map *map, struct str key, uint32_t hash)
{
    size_t mask = map->cap - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_cell *cell = &map->cells[i];
        if (!cell->ptr || (cell->hash == hash && cell->len == key.len &&
                           (key.len == 0 || memcmp(cell->ptr, key.ptr, key.len) == 0)))
            return cell;
    }
}

uint32_t map_get_hashed(const struct map *map, struct str key, uint64_t hash)
{
    if (map->cap == 0)
        return MAP_NONE;
    const struct map_cell *cell = locate(map, key, (uint32_t)hash);
    return cell->ptr ? cell->value : MAP_NONE;
}

uint32_t map_get(const struct map *map, struct str key)
{
    return map_get_hashed(map, key, hash_text(key));
}

static int grow(struct map *map)
{
    size_t cap = map->cap ? map->cap * 2 : 16;
    struct map grown = {.cells = calloc(cap, sizeof(*grown.cells)), .cap = cap, .len = map->len};
    if (!grown.cells)
        return -ENOMEM;
    for (size_t i = 0; i < map->cap; i++) {
        const struct map_cell *cell = &map->cells[i];
        if (cell->ptr)
            *locate(&grown, str_of(cell->ptr, cell->len), cell->hash) = *cell;
    }
    free(map->cells);
    *map = grown;
    return 0;
}

int map_put(struct map *map, struct str key, uint32_t value)
{
    if (key.len > UINT32_MAX)
        return -E2BIG;
    if (map->len + 1 > map->cap / 4 * 3) {
        int status = grow(map);
        if (status < 0)
            return status;
    }
    uint32_t hash = (uint32_t)hash_text(key);
    struct map_cell *cell = locate(map, key, hash);
    if (cell->ptr) {
        cell->value = value;
        return 0;
    }
    /* A free cell has no pointer, so the empty key needs one. */
    *cell = (struct map_cell){key.ptr ? key.ptr : "", (uint32_t)key.len, hash, value};
    map->len++;
    return 1;
}
