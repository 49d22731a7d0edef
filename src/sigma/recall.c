#include "sigma/recall.h"

#include "base/hash.h"

struct recall_cell *recall_cell(struct recall_cell *cells, const struct literal_set *set,
                                const struct slot *slot, uint64_t *ret_hash)
{
    if (slot->text_len > RECALL_TEXT_MAX)
        return NULL;
    *ret_hash = hash_bytes(slot->text, slot->text_len, (uint64_t)(uintptr_t)set + slot->flags);
    return &cells[(*ret_hash >> 32) & (RECALL_CELLS - 1)];
}

bool recall_knows(const struct recall_cell *cell, const struct literal_set *set,
                  const struct slot *slot, uint64_t hash)
{
    return cell->hash == hash && cell->set == set && cell->flags == slot->flags &&
           str_eq(str_of(cell->text, cell->text_len), str_of(slot->text, slot->text_len));
}

void recall_learn(struct recall_cell *cell, const struct literal_set *set, struct str text,
                  uint8_t flags, uint64_t hash, const struct literal_hits *hits)
{
    if (hits->n > RECALL_HITS_MAX)
        return;
    cell->set = set;
    cell->hash = hash;
    cell->flags = flags;
    cell->text_len = (uint8_t)text.len;
    cell->n_hits = (uint8_t)hits->n;
    if (text.len > 0)
        memcpy(cell->text, text.ptr, text.len);
    if (hits->n > 0)
        memcpy(cell->hits, hits->ids, hits->n * sizeof(*hits->ids));
}
