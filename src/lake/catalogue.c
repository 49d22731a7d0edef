/* What the catalogue says of days: written when a day is settled, read when the lake is opened. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lake/duckdb.h"

#define STATEMENT(sql)                                                                             \
    {                                                                                              \
        (sql), sizeof(sql) - 1                                                                     \
    }

int catalogue_attach(struct lake *lake, struct err *err)
{
    struct buf sql = {0}, path = {0};
    buf_printf(&path, "%s/lake.duckdb", lake->place);
    buf_add_c(&sql, "ATTACH IF NOT EXISTS ");
    lake_quote_text(&sql, buf_str(&path));
    buf_add_c(&sql, " AS lake (STORAGE_VERSION 'v1.5.0')");
    sql.failed |= path.failed;
    buf_free(&path);
    return statement_run_built(lake, lake->admin, &sql, err);
}

/* DuckDB gives a database up whose checkpoint failed: it works again when it is attached again. */
int catalogue_heal(struct lake *lake, struct err *err)
{
    struct err ignored;
    if (!lake->sick)
        return 0;
    pthread_mutex_lock(&lake->lock);
    (void)statement_run(lake, lake->admin, &ignored,
                        "DETACH lake"); /* it may be detached already */
    int status = catalogue_attach(lake, err);
    pthread_mutex_unlock(&lake->lock);
    lake->sick = status < 0;
    return status;
}

static int load_day(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct day *day = day_get(lake, chunk->columns[0].texts[i]);
        if (!day)
            return -ENOMEM;
        day->open = chunk->columns[1].integers[i] != 0;
        day->seq_first = (uint64_t)chunk->columns[2].integers[i];
        day->seq_last = (uint64_t)chunk->columns[3].integers[i];
        if (day->seq_last >= lake->seq)
            lake->seq = day->seq_last + 1;
    }
    return 0;
}

static int load_table(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct day *day = day_get(lake, chunk->columns[0].texts[i]);
        struct day_table *table =
            day ? day_table(lake, day, (uint32_t)chunk->columns[1].integers[i]) : NULL;
        if (!table)
            return -ENOMEM;
        table->exists = true;
        table->n_columns = (uint32_t)chunk->columns[2].integers[i];
    }
    return 0;
}

static int load_share(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct day *day = day_get(lake, chunk->columns[0].texts[i]);
        struct share *share = day ? share_of(&day->shares, (uint32_t)chunk->columns[1].integers[i],
                                             chunk->columns[2].texts[i])
                                  : NULL;
        if (!share)
            return -ENOMEM;
        share->rows = (uint64_t)chunk->columns[3].integers[i];
        share->bytes = (uint64_t)chunk->columns[4].integers[i];
        share->first = chunk->columns[5].integers[i];
        share->last = chunk->columns[6].integers[i];
    }
    return 0;
}

static int load_span(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct day *day = day_get(lake, chunk->columns[0].texts[i]);
        if (!day ||
            vec_push(&day->spans, (struct span){(uint32_t)chunk->columns[1].integers[i],
                                                (uint64_t)chunk->columns[2].integers[i],
                                                (uint64_t)chunk->columns[3].integers[i]}) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int load_progress(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++)
        if (vec_push(&lake->progress,
                     (struct lake_progress){(uint32_t)chunk->columns[0].integers[i],
                                            (uint64_t)chunk->columns[1].integers[i]}) < 0)
            return -ENOMEM;
    return 0;
}

/* A day that was open when its owner ended: the file says what is in it. */
static int recover_open(struct lake *lake, struct day *day, struct err *err)
{
    struct buf path = {0};
    day_path(lake, day, &path);
    bool made = !path.failed && access(path.ptr, F_OK) == 0;
    buf_free(&path);
    if (!made) { /* marked and never made: as good as new */
        day->open = false;
        return 0;
    }
    day->doubtful = true;
    return day_load(lake, day, err);
}

static int load_whole(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    lake->whole = (uint64_t)chunk->columns[0].integers[0];
    if (lake->whole < INT64_MAX && lake->whole >= lake->seq) /* its days may be gone */
        lake->seq = lake->whole + 1;
    return 0;
}

int days_load(struct lake *lake, struct err *err)
{
    static const struct {
        struct str sql;
        statement_each *each;
    } reads[] = {
        {STATEMENT("SELECT day, open, seq_first, seq_last FROM lake.days"), load_day},
        {STATEMENT("SELECT day, dataset, columns FROM lake.tables"), load_table},
        {STATEMENT("SELECT day, dataset, agency, rows, bytes, first, last FROM lake.shares"),
         load_share},
        {STATEMENT("SELECT day, partition, first, next FROM lake.spans"), load_span},
        {STATEMENT("SELECT partition, next FROM lake.progress"), load_progress},
        {STATEMENT("SELECT seq FROM lake.whole"), load_whole},
    };
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        int status =
            statement_ask(lake, lake->writer, reads[i].sql, NULL, 0, reads[i].each, lake, err);
        if (status < 0)
            return status;
    }
    for (size_t i = 0; i < lake->days.len; i++) {
        struct day *day = lake->days.items[i];
        int status = day->open ? recover_open(lake, day, err) : 0;
        if (status < 0)
            return status;
    }
    int status = compact_load(lake, err);
    return status < 0 ? status : leave_load(lake, err);
}

static int save_shares(struct lake *lake, const struct day *day, struct err *err)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < day->shares.len; i++) {
        const struct share *share = &day->shares.items[i];
        status = statement_ask(lake, lake->writer,
                               STR("INSERT INTO lake.shares VALUES ($1, $2, $3, $4, $5, $6, $7)"),
                               (struct lake_value[]){
                                   {.kind = LAKE_TEXT, .text = str_from_c(day->name)},
                                   {.kind = LAKE_INTEGER, .integer = share->table},
                                   {.kind = LAKE_TEXT, .text = share->agency},
                                   {.kind = LAKE_INTEGER, .integer = (int64_t)share->rows},
                                   {.kind = LAKE_INTEGER, .integer = (int64_t)share->bytes},
                                   {.kind = LAKE_INTEGER, .integer = share->first},
                                   {.kind = LAKE_INTEGER, .integer = share->last},
                               },
                               7, NULL, NULL, err);
    }
    return status;
}

static int save_rest(struct lake *lake, const struct day *day, struct err *err)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < day->tables.len; i++)
        if (day->tables.items[i].exists)
            status = statement_run(lake, lake->writer, err,
                                   "INSERT INTO lake.tables VALUES ('%s', %zu, %u)", day->name, i,
                                   day->tables.items[i].n_columns);
    for (size_t i = 0; status == 0 && i < day->spans.len; i++)
        status = statement_run(lake, lake->writer, err,
                               "INSERT INTO lake.spans VALUES ('%s', %u, %" PRIu64 ", %" PRIu64 ")",
                               day->name, day->spans.items[i].partition, day->spans.items[i].first,
                               day->spans.items[i].next);
    return status;
}

int day_save(struct lake *lake, struct day *day, struct err *err)
{
    int status = statement_run(
        lake, lake->writer, err,
        "BEGIN; DELETE FROM lake.shares WHERE day = '%s'; DELETE FROM "
        "lake.tables WHERE day = '%s'; DELETE FROM lake.spans WHERE day = "
        "'%s'; DELETE FROM lake.days WHERE day = '%s'; INSERT INTO lake.days "
        "VALUES ('%s', false, %" PRIu64 ", %" PRIu64 ")",
        day->name, day->name, day->name, day->name, day->name, day->seq_first, day->seq_last);
    if (status == 0)
        status = save_shares(lake, day, err);
    if (status == 0)
        status = save_rest(lake, day, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0) {
        statement_roll_back(lake);
        return status;
    }
    pthread_mutex_lock(&lake->lock);
    day->open = false;
    pthread_mutex_unlock(&lake->lock);
    return 0;
}
