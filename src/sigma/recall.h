/*
 * recall: what was lately found in a value. Telemetry repeats itself: the same programs,
 * users and paths, over and over. A value that a thread has lately looked up in the same
 * column need not be unescaped, folded or searched again.
 *
 *     cells: [set | hash | raw text, its flags | hits] × RECALL_CELLS, one place per hash, newest
 * wins
 *
 * Exact: text and flags are compared, not only hashes. Longer values and longer lists of
 * hits are not remembered.
 */
#ifndef JAGA_SIGMA_RECALL_H
#define JAGA_SIGMA_RECALL_H

#include "event/event.h"
#include "sigma/literal.h"

#define RECALL_CELLS 2048u /* a power of two */
#define RECALL_TEXT_MAX 176
#define RECALL_HITS_MAX 16

struct recall_cell {
    const struct literal_set *set; /* NULL: empty */
    uint64_t hash;
    uint8_t text_len;
    uint8_t flags; /* of the slot: how the raw text is to be read */
    uint8_t n_hits;
    char text[RECALL_TEXT_MAX];
    uint32_t hits[RECALL_HITS_MAX];
};

/* The cell where a slot's value belongs, its hash noted in *ret_hash; NULL: it is too long. */
struct recall_cell *recall_cell(struct recall_cell *cells, const struct literal_set *set,
                                const struct slot *slot, uint64_t *ret_hash);

/* Is the cell about this very value? */
bool recall_knows(const struct recall_cell *cell, const struct literal_set *set,
                  const struct slot *slot, uint64_t hash);

/* Lets the cell remember; `text` and `flags` are the slot's as they were before it was read. */
void recall_learn(struct recall_cell *cell, const struct literal_set *set, struct str text,
                  uint8_t flags, uint64_t hash, const struct literal_hits *hits);

#endif
