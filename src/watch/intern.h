/*
 * intern: a table of things that are never taken away: senders, tokens, peers. A look-up takes no lock
 * and waits for nobody; additions are one at a time, under a lock of the owner's.
 *
 *     cells ─▶ [hash | item] × capacity (a power of two, at most half full)
 *                 older ─▶ the table it outgrew, kept for look-ups that are still in it
 *
 * Each outgrown table is half the size of the next, so that all of them together are as large as the last.
 */
#ifndef JAGA_WATCH_INTERN_H
#define JAGA_WATCH_INTERN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intern_cells;

struct intern {
    _Atomic(struct intern_cells *) cells;
    size_t len; /* items; of the one who adds */
};

/* Is this item the one that `key` names? */
typedef bool intern_same(const void *item, const void *key);

/* A zeroed struct intern is empty. Frees the tables, not the items. */
void intern_free(struct intern *intern);

/* The item, or NULL: it was not there when the look-up began. */
void *intern_get(const struct intern *intern, uint64_t hash, intern_same *same, const void *key);

/* Adds an item that is not there; it is seen whole by look-ups. 0 or -ENOMEM. */
int intern_add(struct intern *intern, uint64_t hash, void *item);

#endif
