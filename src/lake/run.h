/* run: a query that is asked, and the thread that ends those that are cancelled or late. Inside the DuckDB engine. */
#ifndef JAGA_LAKE_RUN_H
#define JAGA_LAKE_RUN_H

#include "lake/duckdb.h"

struct lake_run {
    struct lake *lake;
    struct lake_limits limits;
    int64_t started; /* ticks */
    struct duck_connection *connection;
    struct duck_prepared *prepared;
    struct duck_pending *pending;
    struct duck_result result;
    struct duck_data_chunk *chunk; /* handed out last */
    struct converter *converter;
    struct lake_result_column *columns;
    size_t n_columns;
    struct pins pins;
    bool executed; /* there is a result to destroy */
    bool ended;

    atomic_bool cancelled, late; /* it is to end */
    atomic_bool busy;            /* DuckDB is at work for it */
    atomic_bool cut;
    _Atomic uint64_t rows, bytes;
    struct lake_run *before, *after; /* in lake->runs */
};

void watcher_add(struct lake_run *run);
void watcher_remove(struct lake_run *run);

#endif
