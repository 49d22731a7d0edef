/* Which dataset an event belongs to: the most specific alternative that holds. */
#include "event/dataset_set.h"

#include <stdlib.h>

static int by_rank(const void *left, const void *right)
{
    const struct alternative *a = left, *b = right;
    if (a->priority != b->priority)
        return a->priority > b->priority ? -1 : 1;
    if (a->specificity != b->specificity)
        return a->specificity > b->specificity ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* How many alternatives need each condition. */
static uint32_t *count_uses(const struct datasets *datasets)
{
    uint32_t *uses = calloc(datasets->conditions.len + 1, sizeof(*uses));
    for (size_t i = 0; uses && i < datasets->alternatives.len; i++) {
        const struct id_list *all = &datasets->alternatives.items[i].need.all;
        for (uint32_t k = 0; k < all->count; k++)
            uses[all->ids[k]]++;
    }
    return uses;
}

/*
 * The condition under which an alternative is looked at: one that few others share, a value
 * rather than mere presence, which half of all events have.
 */
static uint32_t key_of(const struct datasets *datasets, const struct alternative *alternative,
                       const uint32_t *uses)
{
    uint32_t best = alternative->need.all.ids[0];
    uint64_t best_cost = UINT64_MAX;
    for (uint32_t i = 0; i < alternative->need.all.count; i++) {
        uint32_t id = alternative->need.all.ids[i];
        uint64_t kind = (uint64_t)datasets->conditions.items[id].kind;
        uint64_t cost = kind << 32 | uses[id];
        if (cost < best_cost) {
            best = id;
            best_cost = cost;
        }
    }
    return best;
}

int datasets_freeze_alternatives(struct datasets *datasets)
{
    if (datasets->alternatives.len)
        qsort(datasets->alternatives.items, datasets->alternatives.len,
              sizeof(datasets->alternatives.items[0]), by_rank);
    uint32_t *uses = count_uses(datasets);
    datasets->keyed =
        arena_zero(&datasets->arena, datasets->conditions.len + 1, sizeof(*datasets->keyed));
    int status = uses && datasets->keyed ? 0 : -ENOMEM;
    for (size_t i = 0; status == 0 && i < datasets->alternatives.len; i++) {
        uint32_t key = key_of(datasets, &datasets->alternatives.items[i], uses);
        status = id_list_add(&datasets->arena, &datasets->keyed[key], (uint32_t)i);
    }
    free(uses);
    return status;
}

static bool requirement_holds(const struct requirement *need, const struct sighting *seen)
{
    for (uint32_t i = 0; i < need->all.count; i++)
        if (!sighting_has(seen, need->all.ids[i]))
            return false;
    for (uint32_t i = 0; i < need->none.count; i++)
        if (sighting_has(seen, need->none.ids[i]))
            return false;
    return true;
}

uint32_t datasets_choose(const struct datasets *datasets, const struct sighting *seen)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t h = 0; h < seen->n_hits; h++) {
        const struct id_list *candidates = &datasets->keyed[seen->hits[h]];
        for (uint32_t i = 0; i < candidates->count && candidates->ids[i] < best; i++)
            if (requirement_holds(&datasets->alternatives.items[candidates->ids[i]].need, seen))
                best = candidates->ids[i];
    }
    return best == UINT32_MAX ? DATASET_NONE : datasets->alternatives.items[best].dataset;
}
