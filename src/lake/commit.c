#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/clock.h"
#include "lake/duckdb.h"

/* Every event put is below the progress of its partition, or it would be put again and skipped. */
static bool covers(const struct lake *lake, const struct lake_progress *progress, size_t n)
{
    for (size_t i = 0; i < lake->days.len; i++)
        for (size_t k = 0; k < lake->days.items[i]->leaves.len; k++) {
            const struct leaves *leaves = &lake->days.items[i]->leaves.items[k];
            size_t at = 0;
            while (at < n && progress[at].partition != leaves->partition)
                at++;
            if (leaves->hashes.len > 0 && (at == n || leaves->last >= progress[at].next))
                return false;
        }
    return true;
}

/*
 * How far a day, or the catalogue, is with a partition. Never back: a day that was ahead when a commit died stays ahead
 * of commits that end before it.
 */
static uint64_t furthest(const struct lake_progress *have, size_t n_have,
                         const struct lake_progress *progress)
{
    for (size_t i = 0; i < n_have; i++)
        if (have[i].partition == progress->partition && have[i].next > progress->next)
            return have[i].next;
    return progress->next;
}

/* `where`: the table, of the catalogue or of a day; `have`: what is in it. */
static int save_progress(struct lake *lake, const char *where, const struct lake_progress *have,
                         size_t n_have, const struct lake_progress *progress, size_t n,
                         struct err *err)
{
    struct buf sql = {0};
    for (size_t i = 0; i < n; i++)
        buf_printf(&sql,
                   "DELETE FROM %s WHERE partition = %u; INSERT INTO %s VALUES (%u, %" PRIu64 ");",
                   where, progress[i].partition, where, progress[i].partition,
                   furthest(have, n_have, &progress[i]));
    return statement_run_built(lake, lake->writer, &sql, err);
}

/* What a share comes to with what was put. */
static struct share added(const struct day *day, const struct share *more)
{
    struct share sum = *more;
    for (size_t i = 0; i < day->shares.len; i++) {
        const struct share *share = &day->shares.items[i];
        if (share->table != more->table || !str_eq(share->agency, more->agency))
            continue;
        sum.rows += share->rows;
        sum.bytes += share->bytes;
        time_extend(&sum.first, &sum.last, share->first);
        time_extend(&sum.first, &sum.last, share->last);
    }
    return sum;
}

static void add_share(struct buf *sql, const struct lake *lake, const struct day *day,
                      const struct share *share)
{
    struct str dataset = lake->tables.items[share->table]->name;
    buf_printf(sql, "DELETE FROM \"%s\"._shares WHERE dataset = ", day->name);
    lake_quote_text(sql, dataset);
    buf_add_c(sql, " AND agency = ");
    lake_quote_text(sql, share->agency);
    buf_printf(sql, "; INSERT INTO \"%s\"._shares VALUES (", day->name);
    lake_quote_text(sql, dataset);
    buf_add_byte(sql, ',');
    lake_quote_text(sql, share->agency);
    buf_printf(sql, ", %" PRIu64 ", %" PRIu64 ", %" PRId64 ", %" PRId64 ");", share->rows,
               share->bytes, share->first, share->last);
}

static int save_shares(struct lake *lake, const struct day *day, struct err *err)
{
    struct buf sql = {0};
    for (size_t i = 0; i < day->gathered.len; i++) {
        struct share sum = added(day, &day->gathered.items[i]);
        add_share(&sql, lake, day, &sum);
    }
    return statement_run_built(lake, lake->writer, &sql, err);
}

/* One block per partition. Returns the number after the last. */
static uint64_t number_blocks(const struct lake *lake, struct day *day)
{
    uint64_t seq = lake->seq;
    for (size_t i = 0; i < day->leaves.len; i++)
        if (day->leaves.items[i].hashes.len > 0)
            day->leaves.items[i].seq = seq++;
    return seq;
}

static int save_blocks(struct lake *lake, struct day *day, struct err *err)
{
    struct buf sql = {0};
    int status = 0;
    buf_printf(&sql, "INSERT INTO \"%s\"._blocks VALUES ($1, $2, $3, $4, $5, $6)", day->name);
    buf_add_byte(&sql, '\0');
    if (sql.failed)
        status = err_set(err, -ENOMEM, "no memory");
    for (size_t i = 0; status == 0 && i < day->leaves.len; i++) {
        struct leaves *leaves = &day->leaves.items[i];
        unsigned char root[LAKE_HASH];
        if (leaves->hashes.len == 0)
            continue;
        merkle_root((unsigned char(*)[LAKE_HASH])leaves->hashes.items, leaves->hashes.len, root);
        status =
            statement_ask(lake, lake->writer, buf_str(&sql),
                          (struct lake_value[]){
                              {.kind = LAKE_INTEGER, .integer = (int64_t)leaves->seq},
                              {.kind = LAKE_INTEGER, .integer = leaves->partition},
                              {.kind = LAKE_INTEGER, .integer = (int64_t)leaves->first},
                              {.kind = LAKE_INTEGER, .integer = (int64_t)leaves->last + 1},
                              {.kind = LAKE_INTEGER, .integer = (int64_t)leaves->hashes.len},
                              {.kind = LAKE_BYTES, .text = str_of((const char *)root, LAKE_HASH)},
                          },
                          6, NULL, NULL, err);
    }
    buf_free(&sql);
    return status;
}

static int widen_span(struct day *day, const struct leaves *leaves)
{
    for (size_t i = 0; i < day->spans.len; i++) {
        struct span *span = &day->spans.items[i];
        if (span->partition != leaves->partition)
            continue;
        if (leaves->first < span->first)
            span->first = leaves->first;
        if (leaves->last >= span->next)
            span->next = leaves->last + 1;
        return 0;
    }
    return vec_push(&day->spans, (struct span){leaves->partition, leaves->first, leaves->last + 1});
}

/* What is durable now becomes what everyone knows of the day. */
static int note_day(struct lake *lake, struct day *day, uint64_t seq)
{
    int status = 0;
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; i < day->tables.len; i++) {
        struct day_table *place = &day->tables.items[i];
        if (place->rows.len == 0)
            continue;
        place->exists = true;
        place->n_columns = (uint32_t)lake->tables.items[i]->columns.len;
    }
    for (size_t i = 0; i < day->gathered.len; i++) {
        const struct share *more = &day->gathered.items[i];
        struct share sum = added(day, more);
        struct share *share = share_of(&day->shares, more->table, more->agency);
        if (!share) {
            status = -ENOMEM;
            continue;
        }
        sum.agency = share->agency;
        *share = sum;
    }
    for (size_t i = 0; i < day->leaves.len; i++)
        if (day->leaves.items[i].hashes.len > 0 && widen_span(day, &day->leaves.items[i]) < 0)
            status = -ENOMEM;
    if (day->seq_first == 0)
        day->seq_first = lake->seq;
    day->seq_last = seq - 1;
    lake->seq = seq;
    pthread_mutex_unlock(&lake->lock);
    return status;
}

static int commit_day(struct lake *lake, struct day *day, const struct lake_progress *progress,
                      size_t n, struct err *err)
{
    char where[LAKE_DAY_TEXT_MAX + 16];
    snprintf(where, sizeof(where), "\"%s\"._progress", day->name);
    uint64_t seq = number_blocks(lake, day);
    int status = statement_run(lake, lake->writer, err, "BEGIN");
    for (uint32_t i = 0; status == 0 && i < day->tables.len; i++)
        if (day->tables.items[i].rows.len > 0)
            status = append_rows(lake, day, i, err);
    if (status == 0)
        status =
            save_progress(lake, where, day->progress.items, day->progress.len, progress, n, err);
    if (status == 0)
        status = save_shares(lake, day, err);
    if (status == 0)
        status = save_blocks(lake, day, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0) {
        statement_roll_back(lake);
        return status;
    }
    if (note_day(lake, day, seq) < 0)
        return err_set(err, -ENOMEM, "no memory");
    return 0;
}

static int note_progress(struct lake *lake, const struct lake_progress *progress)
{
    for (size_t i = 0; i < lake->progress.len; i++) {
        if (lake->progress.items[i].partition != progress->partition)
            continue;
        lake->progress.items[i].next = furthest(&lake->progress.items[i], 1, progress);
        return 0;
    }
    return vec_push(&lake->progress, *progress);
}

static int commit_progress(struct lake *lake, const struct lake_progress *progress, size_t n,
                           struct err *err)
{
    int status = statement_run(lake, lake->writer, err, "BEGIN");
    if (status == 0)
        status = save_progress(lake, "lake.progress", lake->progress.items, lake->progress.len,
                               progress, n, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err,
                               "DELETE FROM lake.whole; INSERT INTO lake.whole VALUES (%" PRIu64
                               "); COMMIT",
                               lake->seq - 1);
    if (status < 0) {
        statement_roll_back(lake);
        return status;
    }
    lake->whole = lake->seq - 1;
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; status == 0 && i < n; i++)
        status = note_progress(lake, &progress[i]);
    pthread_mutex_unlock(&lake->lock);
    return status < 0 ? err_set(err, status, "no memory") : 0;
}

/* Each day knows up to where it has the partitions: a row below is there. */
static int note_day_progress(struct day *day, const struct lake_progress *progress, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < day->progress.len && day->progress.items[at].partition != progress[i].partition)
            at++;
        if (at == day->progress.len && vec_push(&day->progress, progress[i]) < 0)
            return -ENOMEM;
        day->progress.items[at].next = furthest(&day->progress.items[at], 1, &progress[i]);
    }
    return 0;
}

static void note_stats(struct lake *lake, uint64_t rows, int64_t started)
{
    struct lake_stats *filling = &lake->filling;
    uint64_t took = (uint64_t)(clock_ticks_us() - started);
    lake->unsettled += rows;
    pthread_mutex_lock(&lake->lock);
    lake->stats.rows += rows;
    lake->stats.bytes += filling->gathered;
    lake->stats.commits++;
    lake->stats.repeated = filling->repeated;
    lake->stats.extra = filling->extra;
    if (took > lake->stats.commit_us_max)
        lake->stats.commit_us_max = took;
    pthread_mutex_unlock(&lake->lock);
}

/* Days in which a commit that failed has left something are as they were before the next one is whole. */
static int clear_doubts(struct lake *lake, struct err *err)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < lake->days.len; i++)
        status = day_make_sure(lake, lake->days.items[i], err);
    return status;
}

/* What a failed commit left in the files is taken back before the next row goes there. */
static void doubt_days(struct lake *lake)
{
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; i < lake->days.len; i++)
        if (lake->days.items[i]->n_rows > 0)
            lake->days.items[i]->doubtful = true;
    lake->sick = true;
    pthread_mutex_unlock(&lake->lock);
    for (size_t i = 0; i < lake->days.len; i++)
        if (lake->days.items[i]->doubtful)
            lake->days.items[i]->loaded = false;
}

int commit_gathered(struct lake *lake, const struct lake_progress *progress, size_t n,
                    struct err *err)
{
    int64_t started = clock_ticks_us();
    uint64_t rows = 0;
    int status = lake->importing || covers(lake, progress, n)
                     ? catalogue_heal(lake, err)
                     : err_set(err, -EINVAL, "an event was put that the progress does not pass");
    if (status == 0)
        status = clear_doubts(lake, err);
    if (status == 0)
        status = schema_save(lake, err);
    for (size_t i = 0; status == 0 && i < lake->days.len; i++) {
        struct day *day = lake->days.items[i];
        if (day->n_rows == 0)
            continue;
        rows += day->n_rows;
        status = commit_day(lake, day, progress, n, err);
        if (status == 0 && note_day_progress(day, progress, n) < 0)
            status = err_set(err, -ENOMEM, "no memory");
    }
    if (status == 0)
        status = commit_progress(lake, progress, n, err);
    if (status == 0)
        note_stats(lake, rows, started);
    else
        doubt_days(lake);
    gather_forget(lake);
    return status;
}

static int settle_day(struct lake *lake, struct day *day, struct err *err)
{
    int status = day->loaded ? 0 : day_load(lake, day, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "CHECKPOINT \"%s\"", day->name);
    if (status == 0)
        status = day_save(lake, day, err);
    pthread_mutex_lock(&lake->lock);
    day->loaded = false;
    if (status < 0)
        day->doubtful = lake->sick = true;
    pthread_mutex_unlock(&lake->lock);
    return status;
}

/*
 * Small row groups are joined where that takes no time from what comes in: after a row group's worth of rows or more,
 * they wait. One task joins up to three.
 */
static int plan_joins(struct lake *lake, struct err *err)
{
    int status = statement_run(lake, lake->writer, err, "SET GLOBAL max_vacuum_tasks = %d",
                               lake->unsettled < ROW_GROUP_ROWS);
    lake->unsettled = 0;
    return status;
}

int commit_settle(struct lake *lake, struct err *err)
{
    int status = catalogue_heal(lake, err);
    if (status == 0)
        status = plan_joins(lake, err);
    for (size_t i = 0; status == 0 && i < lake->days.len; i++)
        if (lake->days.items[i]->leaving)
            status = leave_end(lake, lake->days.items[i], err);
    for (size_t i = 0; status == 0 && i < lake->days.len; i++)
        if (lake->days.items[i]->open && lake->days.items[i]->n_rows == 0)
            status = settle_day(lake, lake->days.items[i], err);
    if (status == 0 && (status = statement_run(lake, lake->writer, err, "CHECKPOINT lake")) < 0)
        lake->sick = true;
    return status;
}
