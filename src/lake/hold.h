/* hold: what goes of a day, and the events of it that stay. Inside the DuckDB engine. */
#ifndef JAGA_LAKE_HOLD_H
#define JAGA_LAKE_HOLD_H

#include "lake/duckdb.h"

/* What is to go of a share. */
struct going {
    uint32_t table;
    struct str agency;
    int64_t before; /* only what was received before; INT64_MAX: all of it */
    uint64_t rows;
};

struct goings {
    struct going *items;
    size_t len, cap;
};

/* " AND (...)": the rows of a table that go. False: none do, and nothing is written. */
bool goings_write(const struct goings *goings, uint32_t table, struct buf *sql);

/* Copies what is on hold of shares that go, and not yet there, to the held file, each event with its path. */
int hold_copy(struct lake *lake, struct day *day, const struct goings *goings, uint64_t *ret_rows,
              struct err *err);

#endif
