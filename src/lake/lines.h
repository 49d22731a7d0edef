/*
 * lines: rows of a result as NDJSON, one object a row, without what is NULL in it; times as RFC 3339, bytes in hex.
 * Inside the DuckDB engine.
 */
#ifndef JAGA_LAKE_LINES_H
#define JAGA_LAKE_LINES_H

#include "base/buf.h"
#include "base/vec.h"
#include "lake/lake.h"

#define LINES_PIECE (256u << 10) /* bytes of lines that are handed out together, about */

/* Empty at first. Name i of a column, as JSON, is names[ends[i - 1] .. ends[i]). */
struct lines {
    struct buf text; /* lines not yet handed out */
    struct buf names;
    VEC(size_t) ends;
};

/* The name of the next column. 0 or -ENOMEM. */
int lines_name(struct lines *lines, struct str name);

/* The rows of a chunk, whose columns have names; `write` gets full pieces, and what it returns where that is negative ends it. */
int lines_add(struct lines *lines, const struct lake_chunk *chunk,
              int (*write)(void *context, struct str bytes), void *context, struct err *err);
/* What is left. */
int lines_end(struct lines *lines, int (*write)(void *context, struct str bytes), void *context,
              struct err *err);
void lines_free(struct lines *lines);

#endif
