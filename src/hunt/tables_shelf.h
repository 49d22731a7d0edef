/*
 * tables_shelf: the tables of hunts, while they may be read anew: a hunt keeps those that it began with. Any thread.
 */
#ifndef JAGA_HUNT_TABLES_SHELF_H
#define JAGA_HUNT_TABLES_SHELF_H

#include "hunt/tables.h"

struct tables_shelf; /* opaque */

/* Takes over the tables. NULL: no memory, and they stay the caller's. */
struct tables_shelf *tables_shelf_new(struct tables *tables);
/* All that was taken has been given back. NULL: nothing. */
void tables_shelf_free(struct tables_shelf *shelf);

/* From now on these are taken; takes them over. 0 or -ENOMEM: they stay the caller's. */
int tables_shelf_put(struct tables_shelf *shelf, struct tables *tables);

/* The newest tables, which live at least until they are given back. */
const struct tables *tables_shelf_take(struct tables_shelf *shelf);
void tables_shelf_give(struct tables_shelf *shelf, const struct tables *tables);

#endif
