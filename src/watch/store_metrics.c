/* The figures of the store, and of the lake behind it, for /metrics. */
#include "base/metric.h"
#include "watch/store_state.h"

static void write_filling(const struct store_stats *stats, struct buf *out)
{
    static const struct {
        const char *name, *type, *about;
        size_t offset;
    } rows[] = {
#define ROW(name, type, member, about) {name, type, about, offsetof(struct store_stats, member)}
        ROW("jaga_lake_events_total", "counter", events, "Events of the spool put into the lake."),
        ROW("jaga_lake_bytes_total", "counter", bytes, "Their bytes."),
        ROW("jaga_lake_rows_total", "counter", rows, "Rows that they made."),
        ROW("jaga_lake_unrecognised_total", "counter", unrecognised, "Rows of no known dataset."),
        ROW("jaga_lake_unread_total", "counter", unread,
            "Rows of which no parser could make anything."),
        ROW("jaga_lake_refused_total", "counter", refused, "Rows that the lake did not take."),
        ROW("jaga_lake_gone_total", "counter", gone,
            "Events that were not in the spool any more when they were wanted."),
        ROW("jaga_lake_damaged_total", "counter", damaged, "Places of the spool passed by."),
        ROW("jaga_lake_lag_events", "gauge", lag, "Events stored and not yet findable."),
        ROW("jaga_lake_commits_total", "counter", commits, "Commits."),
        ROW("jaga_lake_errors_total", "counter", errors, "Commits that failed, tried again."),
        ROW("jaga_lake_blocks_total", "counter", blocks, "Blocks whose root is in the journal."),
        ROW("jaga_lake_removed_days_total", "counter", removed_days, "Days that retention took."),
        ROW("jaga_lake_removed_rows_total", "counter", removed_rows, "Events that it took."),
#undef ROW
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value;
        memcpy(&value, (const char *)stats + rows[i].offset, sizeof(value));
        metric_one(out, rows[i].name, rows[i].type, rows[i].about, value);
    }
    metric_one(out, "jaga_lake_failing", "gauge", "1 while nothing can be stored in the lake.",
               stats->error != 0);
    metric_head(out, "jaga_lake_delay_slowest_seconds", "gauge",
                "Longest time from the receipt of an event until it could be found, since the last "
                "look.");
    metric_add_real(out, "jaga_lake_delay_slowest_seconds", METRIC_PLAIN,
                    (double)stats->slowest_us / 1e6, 3);
}

static void write_keeping(const struct lake_stats *stats, struct buf *out)
{
    metric_one(out, "jaga_lake_size_bytes", "gauge", "Bytes on disk.", stats->size);
    metric_one(out, "jaga_lake_days", "gauge", "Files of days.", stats->days);
    metric_one(out, "jaga_lake_memory_bytes", "gauge", "Memory of the lake's data.", stats->memory);
    metric_one(out, "jaga_lake_gathered_bytes", "gauge", "Bytes put and not yet committed.",
               stats->gathered);
    metric_one(out, "jaga_lake_repeated_total", "counter",
               "Rows put that were there already, after a crash.", stats->repeated);
    metric_one(out, "jaga_lake_extra_values_total", "counter", "Values that found no column.",
               stats->extra);
    metric_one(out, "jaga_lake_queries_total", "counter", "Queries.", stats->runs);
    metric_one(out, "jaga_lake_queries_active", "gauge", "Queries that run.", stats->runs_active);
    metric_one(out, "jaga_lake_queries_late_total", "counter", "Queries ended by their time.",
               stats->runs_late);
    metric_one(out, "jaga_lake_queries_large_total", "counter", "Queries ended by their memory.",
               stats->runs_large);
    metric_one(out, "jaga_lake_queries_memory_bytes", "gauge",
               "What queries have in memory or on disk for want of it.", stats->runs_memory);
    metric_one(out, "jaga_lake_commit_slowest_microseconds", "gauge",
               "Slowest commit since the last look.", stats->commit_us_max);
}

void store_metrics(void *context, struct buf *out)
{
    struct store *store = context;
    struct store_stats stats;
    struct lake_stats lake;
    store_stats(store, &stats);
    pthread_mutex_lock(&store->lock);
    store->slowest_us = 0;
    pthread_mutex_unlock(&store->lock);
    store->options.lake_engine->stats(store->options.lake, &lake);
    write_filling(&stats, out);
    write_keeping(&lake, out);
}
