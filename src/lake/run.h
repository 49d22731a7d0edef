/* run: a query that is asked, and the thread that ends those that are cancelled or late. Inside the DuckDB engine. */
#ifndef JAGA_LAKE_RUN_H
#define JAGA_LAKE_RUN_H

#include "lake/duckdb.h"

/* Why a run has to end for its memory. */
enum run_excess {
    RUN_FITS,
    RUN_LARGE,   /* it has more than its limit */
    RUN_CROWDED, /* all have more than they may, and it is the largest */
};

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
    char *file;         /* that an export writes; NULL: none */
    struct str dataset; /* .. of which; malloc'ed */
    bool executed;      /* there is a result to destroy */
    bool ended;

    atomic_bool cancelled, late; /* it is to end */
    _Atomic enum run_excess excess;
    atomic_bool busy; /* DuckDB is at work for it */
    atomic_bool cut;
    _Atomic uint64_t rows, bytes;
    uint64_t memory;                 /* reckoned; under runs_lock */
    struct lake_run *before, *after; /* in lake->runs */
};

static inline bool run_is_ending(const struct lake_run *run)
{
    return atomic_load(&run->cancelled) || atomic_load(&run->late) ||
           atomic_load(&run->excess) != RUN_FITS;
}

/* A run of a statement of that type (enum duck_statement_type). */
int run_ask_for(struct lake *lake, const struct lake_query *query, int type,
                struct lake_run **ret_run, struct err *err);

void watcher_add(struct lake_run *run);
void watcher_remove(struct lake_run *run);
void watcher_wake(struct lake *lake);

/* gauge.c, of the watcher's thread, which holds runs_lock: measures, and ends a run where there is too much. */
bool gauge_wanted(const struct lake *lake);
void gauge_look(struct lake *lake); /* gives the lock away in between */

#endif
