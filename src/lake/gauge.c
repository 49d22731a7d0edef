/*
 * The memory of runs. DuckDB counts what it has by kind and not by query, so what is measured is the sum of all runs; a
 * run's part is reckoned: what is added between two looks is shared by those that compute.
 */
#include "lake/run.h"

/* Of these kinds is what queries have on their way; the others are the tables themselves, which give way. */
static const char measure_sql[] =
    "SELECT coalesce(sum(memory_usage_bytes + temporary_storage_bytes), 0)::BIGINT, "
    "coalesce(sum(memory_usage_bytes) FILTER (WHERE tag = 'ALLOCATOR'), 0)::BIGINT "
    "FROM duckdb_memory() WHERE tag IN ('ALLOCATOR', 'COLUMN_DATA', 'HASH_TABLE', 'ORDER_BY', "
    "'WINDOW')";

struct measure {
    uint64_t used;
    uint64_t fixed; /* of it, what can't be spilled */
};

static int take_measure(void *context, const struct lake_chunk *chunk)
{
    struct measure *measure = context;
    measure->used = (uint64_t)chunk->columns[0].integers[0];
    measure->fixed = (uint64_t)chunk->columns[1].integers[0];
    return 0;
}

/* Shares what was added since the last look; what went, went from all. */
static void reckon(struct lake *lake, uint64_t used)
{
    uint64_t reckoned = 0, busy = 0;
    for (struct lake_run *run = lake->runs; run; run = run->after) {
        reckoned += run->memory;
        busy += atomic_load(&run->busy);
    }
    for (struct lake_run *run = lake->runs; run; run = run->after) {
        if (used > reckoned && atomic_load(&run->busy))
            run->memory += (used - reckoned) / busy;
        else if (used < reckoned)
            run->memory = (uint64_t)((double)run->memory * ((double)used / (double)reckoned));
    }
}

/* The sum of the limits; runs without one may have what they are reckoned to have. */
static uint64_t allowed(const struct lake *lake)
{
    uint64_t sum = 0;
    for (const struct lake_run *run = lake->runs; run; run = run->after)
        sum += run->limits.memory ? run->limits.memory : run->memory;
    return sum;
}

/* One at a time: what it gives back may be enough. */
static void end_largest(struct lake *lake, enum run_excess excess)
{
    struct lake_run *largest = NULL;
    for (struct lake_run *run = lake->runs; run; run = run->after) {
        if (atomic_load(&run->excess) != RUN_FITS)
            return;
        if (run->limits.memory > 0 && (!largest || run->memory > largest->memory))
            largest = run;
    }
    if (!largest)
        return;
    lake->n_runs_large++;
    atomic_store(&largest->excess, excess);
}

void gauge_look(struct lake *lake)
{
    struct err err;
    struct measure measure = {0};
    pthread_mutex_unlock(&lake->runs_lock);
    int status = statement_ask(lake, lake->gauge, str_from_c(measure_sql), NULL, 0, take_measure,
                               &measure, &err);
    pthread_mutex_lock(&lake->runs_lock);
    /* Where there is not even memory to measure it, there is none for filling either. */
    bool spent = status == -ENOMEM || measure.fixed > lake->options.memory / 2;
    if (status == 0) {
        lake->runs_memory = measure.used;
        reckon(lake, measure.used);
    }
    if (spent || measure.used > allowed(lake))
        end_largest(lake, spent || (lake->runs && lake->runs->after) ? RUN_CROWDED : RUN_LARGE);
}

bool gauge_wanted(const struct lake *lake)
{
    for (const struct lake_run *run = lake->runs; run; run = run->after)
        if (run->limits.memory > 0 && atomic_load(&run->busy))
            return true;
    return false;
}
