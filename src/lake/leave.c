/*
 * A day that goes: out of sight at once, and its file with the last query that reads it. In between it is `leaving`, in
 * the catalogue too, so that a crash brings nothing back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lake/duckdb.h"

/* Under the lock; nobody reads it. */
static int unlink_day(struct lake *lake, struct day *day, struct err *err)
{
    static const char *const ends[] = {".wal", ""};
    struct buf path = {0};
    int status = 0;
    if (day->attached)
        status = statement_run(lake, lake->admin, err, "DETACH \"%s\"", day->name);
    day->attached = day->loaded = false;
    for (size_t i = 0; status == 0 && i < sizeof(ends) / sizeof(ends[0]); i++) {
        buf_clear(&path);
        day_path(lake, day, &path);
        buf_add_c(&path, ends[i]);
        buf_add_byte(&path, '\0');
        if (path.failed)
            status = err_set(err, -ENOMEM, "no memory");
        else if (unlink(path.ptr) < 0 && errno != ENOENT)
            status = err_set(err, -errno, "%s: %s", path.ptr, strerror(errno));
    }
    buf_free(&path);
    return status;
}

void leave_unpinned(struct lake *lake, struct day *day)
{
    struct err ignored; /* it is tried again when the lake is settled */
    if (day->leaving && day->pins == 0)
        (void)unlink_day(lake, day, &ignored);
}

int leave_begin(struct lake *lake, struct day *day, struct err *err)
{
    const char *name = day->name;
    int status = statement_run(
        lake, lake->writer, err,
        "BEGIN; DELETE FROM lake.days WHERE day = '%s'; DELETE FROM lake.shares WHERE day = '%s'; "
        "DELETE FROM lake.tables WHERE day = '%s'; DELETE FROM lake.spans WHERE day = '%s'; DELETE "
        "FROM lake.sparse WHERE day = '%s'; INSERT INTO lake.leaving VALUES ('%s'); COMMIT",
        name, name, name, name, name, name);
    if (status < 0)
        return status;
    pthread_mutex_lock(&lake->lock);
    shares_free(&day->shares);
    vec_free(&day->spans);
    day->seq_first = day->seq_last = day->gone = 0;
    day->open = day->loaded = false;
    day->leaving = day->doubtful =
        true; /* what comes next is read from its file, if there is one */
    pthread_mutex_unlock(&lake->lock);
    return leave_end(lake, day, err);
}

int leave_end(struct lake *lake, struct day *day, struct err *err)
{
    pthread_mutex_lock(&lake->lock);
    bool read = day->pins > 0;
    int status = read ? 0 : unlink_day(lake, day, err);
    pthread_mutex_unlock(&lake->lock);
    if (read || status < 0)
        return status;
    status = statement_run(lake, lake->writer, err, "DELETE FROM lake.leaving WHERE day = '%s'",
                           day->name);
    pthread_mutex_lock(&lake->lock);
    day->leaving = status < 0;
    pthread_mutex_unlock(&lake->lock);
    return status;
}

/* Queries that have begun see on what there was: DuckDB keeps for them what others delete. */
static int empty_day(struct lake *lake, const struct day *day, struct err *err)
{
    struct buf sql = {0};
    const char *name = day->name;
    buf_add_c(&sql, "BEGIN;");
    for (size_t i = 0; i < day->tables.len; i++) {
        if (!day->tables.items[i].exists)
            continue;
        buf_printf(&sql, "DELETE FROM \"%s\".", name);
        lake_quote_name(&sql, lake->tables.items[i]->name);
        buf_add_byte(&sql, ';');
    }
    buf_printf(&sql,
               "DELETE FROM \"%s\"._shares; DELETE FROM \"%s\"._blocks; DELETE FROM "
               "\"%s\"._removed; DELETE FROM \"%s\"._progress; COMMIT",
               name, name, name, name);
    return statement_run_built(lake, lake->writer, &sql, err);
}

int leave_undo(struct lake *lake, struct day *day, struct err *err)
{
    int status = leave_end(lake, day, err);
    if (status < 0)
        return status;
    pthread_mutex_lock(&lake->lock);
    bool read = day->leaving;
    day->leaving = false; /* its readers do not take the file with them any more */
    pthread_mutex_unlock(&lake->lock);
    if (!read)
        return 0;
    status = empty_day(lake, day, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "DELETE FROM lake.leaving WHERE day = '%s'",
                               day->name);
    if (status < 0) {
        pthread_mutex_lock(&lake->lock);
        day->leaving = true;
        pthread_mutex_unlock(&lake->lock);
    }
    return status;
}

static int take_days(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct day *day = day_get(lake, chunk->columns[0].texts[i]);
        if (!day)
            return -ENOMEM;
        day->leaving = day->doubtful = true;
    }
    return 0;
}

int leave_load(struct lake *lake, struct err *err)
{
    int status = statement_ask(lake, lake->writer, STR("SELECT day FROM lake.leaving"), NULL, 0,
                               take_days, lake, err);
    for (size_t i = 0; status == 0 && i < lake->days.len; i++)
        if (lake->days.items[i]->leaving)
            status = leave_end(lake, lake->days.items[i], err);
    return status;
}
