#include "watch/intern.h"

#include <errno.h>
#include <stdlib.h>

#define INTERN_CAP_MIN 64

struct intern_cell {
    _Atomic(void *) item; /* NULL: free; set last, so that who sees it sees the hash */
    uint64_t hash;
};

struct intern_cells {
    size_t cap;
    struct intern_cells *older;
    struct intern_cell cell[];
};

void intern_free(struct intern *intern)
{
    struct intern_cells *cells = atomic_load(&intern->cells);
    while (cells) {
        struct intern_cells *older = cells->older;
        free(cells);
        cells = older;
    }
    atomic_store(&intern->cells, NULL);
    intern->len = 0;
}

void *intern_get(const struct intern *intern, uint64_t hash, intern_same *same, const void *key)
{
    const struct intern_cells *cells = atomic_load_explicit(&intern->cells, memory_order_acquire);
    if (!cells)
        return NULL;
    for (size_t i = hash & (cells->cap - 1);; i = (i + 1) & (cells->cap - 1)) {
        const struct intern_cell *cell = &cells->cell[i];
        void *item = atomic_load_explicit(&cell->item, memory_order_acquire);
        if (!item || (cell->hash == hash && same(item, key)))
            return item;
    }
}

static void place(struct intern_cells *cells, uint64_t hash, void *item)
{
    size_t i = hash & (cells->cap - 1);
    while (atomic_load_explicit(&cells->cell[i].item, memory_order_relaxed))
        i = (i + 1) & (cells->cap - 1);
    cells->cell[i].hash = hash;
    atomic_store_explicit(&cells->cell[i].item, item, memory_order_release);
}

static struct intern_cells *grow(struct intern_cells *old)
{
    size_t cap = old ? old->cap * 2 : INTERN_CAP_MIN;
    struct intern_cells *cells = calloc(1, sizeof(*cells) + cap * sizeof(cells->cell[0]));
    if (!cells)
        return NULL;
    cells->cap = cap;
    cells->older = old;
    for (size_t i = 0; old && i < old->cap; i++) {
        void *item = atomic_load_explicit(&old->cell[i].item, memory_order_relaxed);
        if (item)
            place(cells, old->cell[i].hash, item);
    }
    return cells;
}

int intern_add(struct intern *intern, uint64_t hash, void *item)
{
    struct intern_cells *cells = atomic_load_explicit(&intern->cells, memory_order_relaxed);
    if (!cells || intern->len + 1 > cells->cap / 2) {
        cells = grow(cells);
        if (!cells)
            return -ENOMEM;
        atomic_store_explicit(&intern->cells, cells, memory_order_release);
    }
    place(cells, hash, item);
    intern->len++;
    return 0;
}
