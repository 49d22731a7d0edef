/* hold: events that stay when their day goes. Inside the DuckDB engine. */
#ifndef JAGA_LAKE_HOLD_H
#define JAGA_LAKE_HOLD_H

#include "lake/duckdb.h"

/* A share that is to go. */
struct going {
    uint32_t table;
    struct str agency;
};

struct goings {
    struct going *items;
    size_t len, cap;
};

/* Copies what is on hold of shares that go, and not yet there, to the held file, each event with its path. */
int hold_copy(struct lake *lake, struct day *day, const struct goings *goings, uint64_t *ret_rows,
              struct err *err);

#endif
