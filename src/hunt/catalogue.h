/*
 * catalogue: which columns the lake has for each dataset, as a hunt needs to know them: by native name, with their names
 * in SQL and types. A copy, built by one thread, read by any. A shelf keeps the newest copy for the hunts of a
 * lake, and reads it again when the lake says that there are more columns.
 */
#ifndef JAGA_HUNT_CATALOGUE_H
#define JAGA_HUNT_CATALOGUE_H

#include "lake/lake.h"

struct hunt_catalogue; /* opaque */

/* An empty one; NULL: no memory. */
struct hunt_catalogue *hunt_catalogue_new(void);
void hunt_catalogue_free(struct hunt_catalogue *catalogue);

/* Adds a column; its texts are copied. 0, or -ENOMEM. A second one of the same field replaces it. */
int hunt_catalogue_add(struct hunt_catalogue *catalogue, struct str dataset,
                       const struct lake_column *column);

/* Adds the columns of a lake that the caller's agencies have sent. 0 or -errno. */
int hunt_catalogue_read(struct hunt_catalogue *catalogue, const struct lake_ops *ops,
                        struct lake *lake, const struct lake_scope *scope);

/* Is anything stored of a dataset? */
bool hunt_catalogue_has(const struct hunt_catalogue *catalogue, struct str dataset);

struct hunt_shelf; /* opaque */

/* Of a lake, which outlives it; NULL: no memory. All catalogues are given back before it is freed. */
struct hunt_shelf *hunt_shelf_new(const struct lake_ops *ops, struct lake *lake);
void hunt_shelf_free(struct hunt_shelf *shelf);

/* The lake's columns as they are now, as that caller sees them; any thread. NULL: no memory. hunt_shelf_give() is due. */
const struct hunt_catalogue *hunt_shelf_take(struct hunt_shelf *shelf,
                                             const struct lake_scope *scope);
void hunt_shelf_give(struct hunt_shelf *shelf, const struct hunt_catalogue *catalogue);

/* The column that has a field, or NULL: nothing stored has it. */
const struct lake_column *hunt_catalogue_find(const struct hunt_catalogue *catalogue,
                                              struct str dataset, struct str field);

/* The columns of a dataset in the order they were added: the next after `*at` (from 0), or NULL. */
const struct lake_column *hunt_catalogue_next(const struct hunt_catalogue *catalogue,
                                              struct str dataset, uint32_t *at);

#endif
