/*
 * A day of which much went is written anew: DuckDB uses room that became free for other rows, of which an old day gets
 * none, and gives nothing back. The copy takes the place of the day's file when nobody reads it; until then, and after
 * a crash, the old file is as good.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/file.h"
#include "lake/duckdb.h"

#define COPY "compact" /* the file, and its name in the instance: there is one at a time */

static void copy_path(const struct lake *lake, const char *end, struct buf *path)
{
    buf_printf(path, "%s/" COPY ".duckdb%s", lake->place, end);
    buf_add_byte(path, '\0');
    path->len -= !path->failed;
}

void compact_clear(const struct lake *lake)
{
    static const char *const ends[] = {".wal", ""};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct buf path = {0};
        copy_path(lake, ends[i], &path);
        if (!path.failed)
            (void)unlink(path.ptr);
        buf_free(&path);
    }
}

int compact_note(struct lake *lake, struct day *day, uint64_t gone, struct err *err)
{
    pthread_mutex_lock(&lake->lock);
    day->gone = gone;
    pthread_mutex_unlock(&lake->lock);
    return statement_run(lake, lake->writer, err,
                         "BEGIN; DELETE FROM lake.sparse WHERE day = '%s'; INSERT INTO lake.sparse "
                         "SELECT '%s', %" PRIu64 " WHERE %" PRIu64 " > 0; COMMIT",
                         day->name, day->name, gone, gone);
}

static int take_sparse(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct day *day = day_get(lake, chunk->columns[0].texts[i]);
        if (!day)
            return -ENOMEM;
        day->gone = (uint64_t)chunk->columns[1].integers[i];
    }
    return 0;
}

int compact_load(struct lake *lake, struct err *err)
{
    return statement_ask(lake, lake->writer, STR("SELECT day, gone FROM lake.sparse"), NULL, 0,
                         take_sparse, lake, err);
}

static bool is_read(struct lake *lake, const struct day *day)
{
    pthread_mutex_lock(&lake->lock);
    bool read = day->pins > 0;
    pthread_mutex_unlock(&lake->lock);
    return read;
}

/* A quarter of it or more is gone, and the copy leaves as much room as it takes, for what comes in. */
static bool is_worth_it(struct lake *lake, const struct day *day)
{
    struct statvfs disk;
    return day->gone > 0 && day->gone >= shares_bytes(&day->shares) / 3 && day->n_rows == 0 &&
           !is_read(lake, day) && statvfs(lake->place, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize >= 2 * day_size(lake, day);
}

static int write_copy(struct lake *lake, const struct day *day, struct err *err)
{
    struct buf sql = {0}, path = {0};
    compact_clear(lake);
    copy_path(lake, "", &path);
    buf_add_c(&sql, "ATTACH ");
    lake_quote_text(&sql, buf_str(&path));
    buf_printf(&sql, " AS " COPY " " DAY_FORMAT, ROW_GROUP_ROWS);
    sql.failed |= path.failed;
    buf_free(&path);
    int status = statement_run_built(lake, lake->writer, &sql, err);
    if (status < 0)
        return status;
    struct err problem;
    status = statement_run(lake, lake->writer, err,
                           "COPY FROM DATABASE \"%s\" TO " COPY "; CHECKPOINT " COPY, day->name);
    int detached = statement_run(lake, lake->writer, &problem, "DETACH " COPY);
    if (status == 0 && detached < 0) {
        *err = problem;
        status = detached;
    }
    return status;
}

static int replace(const char *from, const char *to, struct err *err)
{
    int status = rename(from, to) < 0 ? -errno : file_sync_folder(to);
    return status < 0 ? err_set(err, status, "%s: %s", to, strerror(-status)) : 0;
}

/* Under the lock, and nobody reads the day. A log beside its file would be read into the copy. */
static int take_place(struct lake *lake, struct day *day, struct err *err)
{
    struct buf from = {0}, to = {0}, log = {0};
    copy_path(lake, "", &from);
    day_path(lake, day, &to);
    buf_printf(&log, "%s/%s.duckdb.wal", lake->place, day->name);
    buf_add_byte(&log, '\0');
    int status = from.failed || to.failed || log.failed
                     ? err_set(err, -ENOMEM, "no memory")
                     : statement_run(lake, lake->admin, err, "DETACH \"%s\"", day->name);
    day->attached = day->loaded = false;
    if (status == 0 && access(log.ptr, F_OK) == 0)
        status = err_set(err, -EBUSY, "%s is still there", log.ptr);
    else if (status == 0)
        status = replace(from.ptr, to.ptr, err);
    day->doubtful = day->doubtful || status < 0;
    buf_free(&from);
    buf_free(&to);
    buf_free(&log);
    return status;
}

int compact_day(struct lake *lake, struct day *day, struct err *err)
{
    if (!is_worth_it(lake, day))
        return 0;
    int status = day->loaded ? 0 : day_load(lake, day, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "CHECKPOINT \"%s\"", day->name);
    if (status == 0)
        status = write_copy(lake, day, err);
    bool done = false;
    pthread_mutex_lock(&lake->lock);
    if (status == 0 && day->pins == 0) {
        status = take_place(lake, day, err);
        done = status == 0;
    }
    pthread_mutex_unlock(&lake->lock);
    compact_clear(lake);
    if (!done)
        return status;
    status = compact_note(lake, day, 0, err);
    return status < 0 ? status : 1;
}
