#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lake/duckdb.h"

void shares_free(struct shares *shares)
{
    for (size_t i = 0; i < shares->len; i++)
        free((void *)(uintptr_t)shares->items[i].agency.ptr);
    vec_free(shares);
}

uint64_t shares_bytes(const struct shares *shares)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < shares->len; i++)
        bytes += shares->items[i].bytes;
    return bytes;
}

struct share *share_of(struct shares *shares, uint32_t table, struct str agency)
{
    for (size_t i = 0; i < shares->len; i++)
        if (shares->items[i].table == table && str_eq(shares->items[i].agency, agency))
            return &shares->items[i];
    char *copy = str_dup(agency);
    struct share share = {.table = table, .first = TIME_UNSET, .last = TIME_UNSET};
    share.agency = (struct str){copy, agency.len};
    if (!copy || vec_push(shares, share) < 0) {
        free(copy);
        return NULL;
    }
    return &shares->items[shares->len - 1];
}

void day_free(struct day *day)
{
    for (size_t i = 0; i < day->tables.len; i++)
        vec_free(&day->tables.items[i].rows);
    for (size_t i = 0; i < day->leaves.len; i++)
        vec_free(&day->leaves.items[i].hashes);
    vec_free(&day->tables);
    vec_free(&day->leaves);
    vec_free(&day->spans);
    vec_free(&day->progress);
    shares_free(&day->shares);
    shares_free(&day->gathered);
    free(day);
}

struct day *day_find(const struct lake *lake, struct str name)
{
    for (size_t i = 0; i < lake->days.len; i++)
        if (str_eq(str_from_c(lake->days.items[i]->name), name))
            return lake->days.items[i];
    return NULL;
}

static int64_t number_of(struct str name)
{
    int64_t time;
    return name.len == 10 && time_parse(name, &time) == 0 ? time / TIME_DAY_US : INT64_MAX;
}

struct day *day_get(struct lake *lake, struct str name)
{
    struct day *day = day_find(lake, name);
    if (day)
        return day;
    day = calloc(1, sizeof(*day));
    if (!day || name.len >= sizeof(day->name)) {
        free(day);
        return NULL;
    }
    memcpy(day->name, name.ptr, name.len);
    day->number = number_of(name);
    pthread_mutex_lock(&lake->lock);
    int status = vec_push(&lake->days, day);
    pthread_mutex_unlock(&lake->lock);
    if (status < 0) {
        day_free(day);
        return NULL;
    }
    return day;
}

struct day *day_of(struct lake *lake, int64_t time, int64_t received)
{
    int64_t far_past = (int64_t)lake->options.far_past_days * TIME_DAY_US;
    int64_t far_ahead = (int64_t)lake->options.far_ahead_days * TIME_DAY_US;
    int64_t age;
    if (__builtin_sub_overflow(received, time, &age) || age > far_past || age < -far_ahead ||
        time < 0)
        return day_get(lake, STR("other"));
    int64_t number = time / TIME_DAY_US;
    if (lake->last_day && lake->last_day->number == number)
        return lake->last_day;
    char text[TIME_TEXT_MAX];
    time_format(number * TIME_DAY_US, text);
    return day_get(lake, str_of(text, strcspn(text, "T")));
}

struct day_table *day_table(struct lake *lake, struct day *day, uint32_t table)
{
    if (table < day->tables.len)
        return &day->tables.items[table];
    pthread_mutex_lock(&lake->lock);
    int status = vec_reserve(&day->tables, table + 1);
    while (status == 0 && day->tables.len <= table)
        day->tables.items[day->tables.len++] = (struct day_table){0};
    pthread_mutex_unlock(&lake->lock);
    return status < 0 ? NULL : &day->tables.items[table];
}

void day_path(const struct lake *lake, const struct day *day, struct buf *path)
{
    buf_printf(path, "%s/%s.duckdb", lake->place, day->name);
    buf_add_byte(path, '\0');
    path->len--;
}

uint64_t day_size(const struct lake *lake, const struct day *day)
{
    static const char *const ends[] = {"", ".wal"};
    struct buf path = {0};
    struct stat stat_of;
    uint64_t size = 0;
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&path);
        buf_printf(&path, "%s/%s.duckdb%s", lake->place, day->name, ends[i]);
        buf_add_byte(&path, '\0');
        if (!path.failed && stat(path.ptr, &stat_of) == 0)
            size += (uint64_t)stat_of.st_size;
    }
    buf_free(&path);
    return size;
}

double day_density(const struct lake *lake, const struct day *day)
{
    uint64_t bytes = shares_bytes(&day->shares) + day->gone;
    return bytes ? (double)day_size(lake, day) / (double)bytes : 0;
}

int day_compare(const void *a, const void *b)
{
    const struct day *left = *(const struct day *const *)a, *right = *(const struct day *const *)b;
    int64_t x = day_has_date(left) ? left->number : INT64_MIN;
    int64_t y = day_has_date(right) ? right->number : INT64_MIN;
    return (x < y) - (x > y);
}

struct day **days_sorted(const struct lake *lake)
{
    size_t n = lake->days.len;
    struct day **days = calloc(n + 1, sizeof(struct day *));
    for (size_t i = 0; days && i < n; i++)
        days[i] = lake->days.items[i];
    if (days)
        qsort(days, n, sizeof(struct day *), day_compare);
    return days;
}

/* Makes room among the attached files. One that is in use is not detached: the limit is soft then. */
static void detach_oldest(struct lake *lake)
{
    struct day *oldest = NULL;
    unsigned attached = 0;
    for (size_t i = 0; i < lake->days.len; i++) {
        struct day *day = lake->days.items[i];
        attached += day->attached;
        if (day->attached && !day->pins && !day->loaded && (!oldest || day->used < oldest->used))
            oldest = day;
    }
    struct err ignored;
    if (attached >= DAYS_ATTACHED_MAX && oldest &&
        statement_run(lake, lake->admin, &ignored, "DETACH \"%s\"", oldest->name) == 0)
        oldest->attached = false;
}

int day_attach(struct lake *lake, struct day *day, struct err *err)
{
    day->used = ++lake->uses;
    if (day->attached)
        return 0;
    detach_oldest(lake);
    struct buf sql = {0};
    struct buf path = {0};
    day_path(lake, day, &path);
    /* Attaching would make an empty one. */
    if (day->seq_last > 0 && !path.failed && access(path.ptr, F_OK) != 0) {
        int status = err_set(err, -EBADMSG, "%s: the file of a day is gone", path.ptr);
        buf_free(&path);
        return status;
    }
    buf_add_c(&sql, "ATTACH IF NOT EXISTS ");
    lake_quote_text(&sql, buf_str(&path));
    buf_printf(&sql, " AS \"%s\" " DAY_FORMAT, day->name, ROW_GROUP_ROWS);
    sql.failed |= path.failed;
    buf_free(&path);
    int status = statement_run_built(lake, lake->admin, &sql, err);
    day->attached = status == 0;
    return status;
}

int day_open(struct lake *lake, struct day *day, struct err *err)
{
    if (day->open)
        return 0;
    int status = statement_run(lake, lake->writer, err,
                               "BEGIN; DELETE FROM lake.days WHERE day = '%s'; INSERT INTO "
                               "lake.days VALUES ('%s', true, %" PRIu64 ", %" PRIu64 "); COMMIT",
                               day->name, day->name, day->seq_first, day->seq_last);
    if (status == 0) {
        pthread_mutex_lock(&lake->lock);
        day->open = true;
        pthread_mutex_unlock(&lake->lock);
    }
    return status;
}

static int load_progress(void *context, const struct lake_chunk *chunk)
{
    struct day *day = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++)
        if (vec_push(&day->progress,
                     (struct lake_progress){(uint32_t)chunk->columns[0].integers[i],
                                            (uint64_t)chunk->columns[1].integers[i]}) < 0)
            return -ENOMEM;
    return 0;
}

int day_load(struct lake *lake, struct day *day, struct err *err)
{
    int status = catalogue_heal(lake, err);
    if (status == 0 && day->leaving)
        status = leave_undo(lake, day, err);
    if (status < 0)
        return status;
    pthread_mutex_lock(&lake->lock);
    struct err ignored;
    if (day->doubtful && day->attached && day->pins == 0) {
        /* DuckDB may have given it up. It may also say that it can't detach it, and have done so. */
        (void)statement_run(lake, lake->admin, &ignored, "DETACH \"%s\"", day->name);
        day->attached = false;
    }
    status = day_attach(lake, day, err);
    day->loaded = status == 0; /* not to be detached from now on */
    pthread_mutex_unlock(&lake->lock);
    if (status < 0)
        return status;
    bool recover = day->doubtful;
    status = day_open(lake, day, err);
    if (status == 0)
        status = statement_run(
            lake, lake->writer, err,
            "BEGIN; CREATE TABLE IF NOT EXISTS \"%s\"._progress (partition INTEGER, next BIGINT);"
            "CREATE TABLE IF NOT EXISTS \"%s\"._shares (dataset VARCHAR, agency VARCHAR, rows "
            "BIGINT, bytes BIGINT, first BIGINT, last BIGINT);"
            "CREATE TABLE IF NOT EXISTS \"%s\"._blocks (seq BIGINT, partition INTEGER, first "
            "BIGINT, next BIGINT, count INTEGER, root BLOB);"
            "CREATE TABLE IF NOT EXISTS \"%s\"._removed (block BIGINT, key BIGINT, part INTEGER, "
            "hash VARCHAR);"
            "COMMIT",
            day->name, day->name, day->name, day->name);
    if (status == 0 && recover)
        status = day_recover(lake, day, err);
    day->progress.len = 0;
    if (status == 0) {
        char sql[128];
        int len =
            snprintf(sql, sizeof(sql), "SELECT partition, next FROM \"%s\"._progress", day->name);
        status = statement_ask(lake, lake->writer, str_of(sql, (size_t)len), NULL, 0, load_progress,
                               day, err);
    }
    if (status < 0) {
        pthread_mutex_lock(&lake->lock);
        day->loaded = false;
        day->doubtful = true;
        lake->sick = true;
        pthread_mutex_unlock(&lake->lock);
    }
    return status;
}

int day_make_sure(struct lake *lake, struct day *day, struct err *err)
{
    return day->doubtful && day->open && !day->loaded ? day_load(lake, day, err) : 0;
}

/* A table of a day, as its file has it. */
struct shape {
    uint32_t number, n_columns;
};

/* What of a day is read by one query, and where it goes. */
struct recovery {
    struct lake *lake;
    struct day *day;
    VEC(struct shape) tables;
    struct shares shares;
    VEC(struct span) spans;
    uint64_t seq_first, seq_last;
};

static int recover_table(void *context, const struct lake_chunk *chunk)
{
    struct recovery *recovery = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t number;
        struct str name = chunk->columns[0].texts[i];
        /* A dataset that the catalogue does not know: it is older than the day, or damaged. */
        if (!schema_find(recovery->lake, name, &number))
            return -EBADMSG;
        uint32_t n_columns = (uint32_t)(chunk->columns[1].integers[i] - OWN_COLUMNS);
        if (n_columns > recovery->lake->tables.items[number]->columns.len)
            return -EBADMSG;
        if (!day_table(recovery->lake, recovery->day, number) ||
            vec_push(&recovery->tables, (struct shape){number, n_columns}) < 0)
            return -ENOMEM;
    }
    return 0;
}

static void note_tables(const struct recovery *recovery)
{
    struct day *day = recovery->day;
    pthread_mutex_lock(&recovery->lake->lock);
    for (size_t i = 0; i < day->tables.len; i++) {
        day->tables.items[i].exists = false;
        day->tables.items[i].n_columns = 0;
    }
    for (size_t i = 0; i < recovery->tables.len; i++) {
        struct day_table *table = &day->tables.items[recovery->tables.items[i].number];
        table->exists = true;
        table->n_columns = recovery->tables.items[i].n_columns;
    }
    pthread_mutex_unlock(&recovery->lake->lock);
}

static int recover_share(void *context, const struct lake_chunk *chunk)
{
    struct recovery *recovery = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t number;
        if (!schema_find(recovery->lake, chunk->columns[0].texts[i], &number))
            return -EBADMSG;
        struct share *share = share_of(&recovery->shares, number, chunk->columns[1].texts[i]);
        if (!share)
            return -ENOMEM;
        share->rows = (uint64_t)chunk->columns[2].integers[i];
        share->bytes = (uint64_t)chunk->columns[3].integers[i];
        share->first = chunk->columns[4].integers[i];
        share->last = chunk->columns[5].integers[i];
    }
    return 0;
}

static int recover_span(void *context, const struct lake_chunk *chunk)
{
    struct recovery *recovery = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct span span = {(uint32_t)chunk->columns[0].integers[i],
                            (uint64_t)chunk->columns[1].integers[i],
                            (uint64_t)chunk->columns[2].integers[i]};
        uint64_t first = (uint64_t)chunk->columns[3].integers[i];
        uint64_t last = (uint64_t)chunk->columns[4].integers[i];
        if (recovery->seq_first == 0 || first < recovery->seq_first)
            recovery->seq_first = first;
        if (last > recovery->seq_last)
            recovery->seq_last = last;
        if (vec_push(&recovery->spans, span) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int recover_by(struct recovery *recovery, const char *format, statement_each *each,
                      struct err *err)
{
    struct buf sql = {0};
    const char *name = recovery->day->name;
    for (const char *at = format; *at; at++) {
        if (*at == '@')
            buf_add_c(&sql, name);
        else
            buf_add_byte(&sql, *at);
    }
    buf_add_byte(&sql, '\0');
    int status = sql.failed ? err_set(err, -ENOMEM, "no memory")
                            : statement_ask(recovery->lake, recovery->lake->writer, buf_str(&sql),
                                            NULL, 0, each, recovery, err);
    buf_free(&sql);
    return status;
}

int day_recover(struct lake *lake, struct day *day, struct err *err)
{
    struct recovery recovery = {.lake = lake, .day = day};
    int status = recover_by(&recovery,
                            "SELECT table_name, count(*) FROM duckdb_columns() WHERE database_name "
                            "= '@' AND NOT starts_with(table_name, '_') GROUP BY 1",
                            recover_table, err);
    if (status == 0) {
        note_tables(&recovery);
        status = torn_undo(lake, day, err);
    }
    vec_free(&recovery.tables);
    if (status == 0)
        status = recover_by(&recovery,
                            "SELECT dataset, agency, rows, bytes, first, last FROM \"@\"._shares",
                            recover_share, err);
    if (status == 0)
        status = recover_by(&recovery,
                            "SELECT partition, min(first), max(next), min(seq), max(seq) FROM "
                            "\"@\"._blocks GROUP BY 1",
                            recover_span, err);
    if (status < 0) {
        shares_free(&recovery.shares);
        vec_free(&recovery.spans);
        return status;
    }
    pthread_mutex_lock(&lake->lock);
    shares_free(&day->shares);
    vec_free(&day->spans);
    day->shares = recovery.shares;
    day->spans.items = recovery.spans.items;
    day->spans.len = recovery.spans.len;
    day->spans.cap = recovery.spans.cap;
    day->seq_first = recovery.seq_first;
    day->seq_last = recovery.seq_last;
    day->doubtful = false;
    pthread_mutex_unlock(&lake->lock);
    if (day->seq_last >= lake->seq)
        lake->seq = day->seq_last + 1;
    return 0;
}

/* What was updated, and not deleted and inserted, is not settled while a query runs that began before. */
void day_write_removal(const struct day *day, struct str dataset, struct str condition,
                       struct buf *sql)
{
    struct buf table = {0}, text = {0};
    const char *name = day->name;
    buf_printf(&table, "\"%s\".", name);
    lake_quote_name(&table, dataset);
    lake_quote_text(&text, dataset);
    struct str from = buf_str(&table), label = buf_str(&text);
    buf_printf(sql,
               "CREATE OR REPLACE TEMP TABLE leaving AS SELECT _agency AS agency, sum(" BYTES_SQL
               ") AS bytes FROM %.*s WHERE true%.*s GROUP BY 1; DELETE FROM %.*s WHERE true%.*s;",
               STR_ARG(from), STR_ARG(condition), STR_ARG(from), STR_ARG(condition));
    buf_printf(sql,
               "CREATE OR REPLACE TEMP TABLE staying AS SELECT agency, n, s.bytes - "
               "coalesce(l.bytes, 0) AS b, f, t FROM (SELECT _agency AS agency, count(*) AS n, "
               "min(epoch_us(_time)) AS f, max(epoch_us(_time)) AS t FROM %.*s GROUP BY 1) JOIN "
               "(FROM \"%s\"._shares WHERE dataset = %.*s) s USING (agency) LEFT JOIN leaving l "
               "USING (agency);",
               STR_ARG(from), name, STR_ARG(label));
    buf_printf(sql,
               "DELETE FROM \"%s\"._shares WHERE dataset = %.*s; INSERT INTO \"%s\"._shares "
               "SELECT %.*s, agency, n, b, f, t FROM staying; DROP TABLE leaving; DROP TABLE "
               "staying;",
               name, STR_ARG(label), name, STR_ARG(label));
    sql->failed |= table.failed || text.failed;
    buf_free(&table);
    buf_free(&text);
}

bool day_may_have(const struct day *day, const struct lake_id *id)
{
    for (size_t i = 0; i < day->spans.len; i++)
        if (day->spans.items[i].partition == id->partition &&
            day->spans.items[i].first <= id->offset && id->offset < day->spans.items[i].next)
            return true;
    return false;
}

bool day_times(const struct day *day, uint32_t table, int64_t *ret_first, int64_t *ret_last)
{
    bool any = false;
    int64_t first = TIME_UNSET, last = TIME_UNSET;
    for (size_t i = 0; i < day->shares.len; i++) {
        if (day->shares.items[i].table != table || day->shares.items[i].rows == 0)
            continue;
        time_extend(&first, &last, day->shares.items[i].first);
        time_extend(&first, &last, day->shares.items[i].last);
        any = true;
    }
    *ret_first = first;
    *ret_last = last;
    return any;
}
