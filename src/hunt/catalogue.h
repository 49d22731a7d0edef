/*
 * catalogue: which columns the lake has for each dataset, as a hunt needs to know them: by native name, with their names
 * in SQL and types. A copy: read it again when the lake says there are more. Built by one thread, read by any.
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

/* Adds all columns of all datasets of a lake. 0 or -errno. */
int hunt_catalogue_read(struct hunt_catalogue *catalogue, const struct lake_ops *ops,
                        struct lake *lake);

/* Is anything stored of a dataset? */
bool hunt_catalogue_has(const struct hunt_catalogue *catalogue, struct str dataset);

/* The column that has a field, or NULL: nothing stored has it. */
const struct lake_column *hunt_catalogue_find(const struct hunt_catalogue *catalogue,
                                              struct str dataset, struct str field);

/* The columns of a dataset in the order they were added: the next after `*at` (from 0), or NULL. */
const struct lake_column *hunt_catalogue_next(const struct hunt_catalogue *catalogue,
                                              struct str dataset, uint32_t *at);

#endif
