/* Events as files, and back. Parquet passes through the lake's folder, the only one that SQL may write and read. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lake/exported.h"
#include "lake/lines.h"
#include "lake/run.h"

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "no memory");
}

static int copy_bytes(int from, int to)
{
    static const size_t size = 1 << 20;
    char *bytes = malloc(size);
    ssize_t n = bytes ? 1 : -1;
    while (n > 0 && (n = read(from, bytes, size)) > 0)
        for (ssize_t at = 0, done = 0; at < n; at += done)
            if ((done = write(to, bytes + at, (size_t)(n - at))) < 0) {
                n = -1;
                break;
            }
    int status = !bytes ? -ENOMEM : n < 0 || fsync(to) < 0 ? -errno : 0;
    free(bytes);
    return status;
}

/* `to` is a new file. */
static int copy_file(const char *from, const char *to, struct err *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    if (in < 0)
        return err_set(err, -errno, "%s: %s", from, strerror(errno));
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int status = out < 0 ? -errno : copy_bytes(in, out);
    close(in);
    if (out >= 0 && close(out) < 0 && status == 0)
        status = -errno;
    if (status < 0 && out >= 0)
        unlink(to);
    return status < 0 ? err_set(err, status, "%s: %s", to, strerror(-status)) : 0;
}

static void add_place(const struct lake *lake, const char *name, struct buf *path)
{
    buf_printf(path, "%s/temporary/%s", lake->place, name);
    buf_add_byte(path, '\0');
    path->len -= !path->failed;
}

static const struct lake_column *column_named(const struct table *table, struct str name)
{
    for (size_t i = 0; table && i < table->columns.len; i++)
        if (str_eq(table->columns.items[i].name, name))
            return &table->columns.items[i];
    return NULL;
}

/*
 * The names of the result's columns: fields have the names that they came with, for what differs only in case
 * has another in SQL; but what begins as names of the lake's own do keeps that.
 */
static int name_columns(struct lake_run *run, struct lines *lines)
{
    size_t n;
    const struct lake_result_column *columns = run_result(run, &n);
    int status = 0;
    pthread_mutex_lock(&run->lake->lock);
    const struct table *table = schema_find(run->lake, run->dataset, NULL);
    for (size_t i = 0; status == 0 && i < n; i++) {
        const struct lake_column *column = column_named(table, columns[i].name);
        bool own = !column || str_starts(column->field, STR("_"));
        status = lines_name(lines, own ? columns[i].name : column->field);
    }
    pthread_mutex_unlock(&run->lake->lock);
    return status;
}

static int write_lines(struct lake_run *run, int (*write)(void *context, struct str bytes),
                       void *context, uint64_t *rows, struct err *err)
{
    struct lines lines = {0};
    struct lake_chunk chunk;
    int status;
    while ((status = run_next(run, &chunk, err)) == 1) {
        if (!lines.ends.len && name_columns(run, &lines) < 0)
            status = no_memory(err);
        else
            status = lines_add(&lines, &chunk, write, context, err);
        if (status < 0)
            break;
        *rows += chunk.n_rows;
    }
    if (status == 0)
        status = lines_end(&lines, write, context, err);
    lines_free(&lines);
    return status;
}

/* DuckDB makes the file when the run does; it is handed out, and gone. */
static int write_file(struct lake_run *run, int (*write)(void *context, struct str bytes),
                      void *context, uint64_t *rows, struct err *err)
{
    struct lake_chunk chunk;
    int status;
    while ((status = run_next(run, &chunk, err)) == 1)
        *rows += (uint64_t)chunk.columns[0].integers[0];
    if (status < 0)
        return status;
    int file = open(run->file, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(LINES_PIECE);
    ssize_t n = file < 0 || !bytes ? -1 : 1;
    (void)unlink(run->file);
    while (status >= 0 && n > 0 && (n = read(file, bytes, LINES_PIECE)) > 0)
        status = write(context, str_of(bytes, (size_t)n));
    if (n < 0)
        status = err_set(err, bytes ? -errno : -ENOMEM, "%s: %s", run->file, strerror(errno));
    else if (status < 0)
        err_set(err, status, "%s", strerror(-status));
    if (file >= 0)
        close(file);
    free(bytes);
    return status;
}

int transfer_write(struct lake_run *run, int (*write)(void *context, struct str bytes),
                   void *context, uint64_t *ret_rows, struct err *err)
{
    uint64_t rows = 0;
    int status = run->file ? write_file(run, write, context, &rows, err)
                           : write_lines(run, write, context, &rows, err);
    if (status == 0)
        *ret_rows = rows;
    return status;
}

static int ask_file(struct lake *lake, struct lake_query *query, struct lake_run **ret_run,
                    struct err *err)
{
    static _Atomic uint64_t files;
    struct buf sql = {0}, place = {0};
    char name[64];
    snprintf(name, sizeof(name), "export-%" PRIu64 ".parquet", atomic_fetch_add(&files, 1));
    add_place(lake, name, &place);
    buf_add_c(&sql, "COPY (SELECT * FROM t) TO ");
    lake_quote_text(&sql, buf_str(&place));
    buf_add_c(&sql, " (FORMAT parquet, COMPRESSION zstd)");
    query->sql = buf_str(&sql);
    int status = sql.failed || place.failed
                     ? no_memory(err)
                     : run_ask_for(lake, query, DUCK_STATEMENT_COPY, ret_run, err);
    if (status == 0)
        (*ret_run)->file = place.ptr;
    else
        buf_free(&place);
    buf_free(&sql);
    return status;
}

int transfer_ask(struct lake *lake, const struct lake_export *what, struct lake_run **ret_run,
                 struct err *err)
{
    const struct lake_source source = {
        .name = STR("t"),
        .dataset = what->dataset,
        .first = what->first,
        .last = what->last,
    };
    struct lake_query query = {
        .sql = STR("SELECT * FROM t"),
        .sources = &source,
        .n_sources = 1,
        .scope = what->scope,
    };
    struct lake_run *run;
    char *dataset = str_dup(what->dataset);
    int status = !dataset                       ? no_memory(err)
                 : what->format == LAKE_PARQUET ? ask_file(lake, &query, &run, err)
                                                : run_ask(lake, &query, &run, err);
    if (status < 0) {
        free(dataset);
        return status;
    }
    run->dataset = str_from_c(dataset);
    *ret_run = run;
    return 0;
}

/* Import: what is not there yet comes out of a query as JSON, by key, and is put like any event. */

struct importing {
    struct lake *lake;
    struct str dataset;
    uint64_t rows;
    struct err *err;
    VEC(struct lake_cell) cells;
    VEC(char *) texts; /* of numbers, for one row */
    struct buf bytes;
};

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return str_of(json_string_value(value), json_string_length(value));
}

static int take_bytes(struct importing *importing, struct str hex)
{
    buf_clear(&importing->bytes);
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        int high = str_hex_digit(hex.ptr[i]), low = str_hex_digit(hex.ptr[i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        buf_add_byte(&importing->bytes, (char)(high << 4 | low));
    }
    return importing->bytes.failed ? -ENOMEM : 0;
}

/* A name that is only that of a column stands for the column's field. */
static struct str field_of(const struct importing *importing, struct str name)
{
    const struct table *table = schema_find(importing->lake, importing->dataset, NULL);
    if (!table || map_get(&table->by_field, name) != MAP_NONE)
        return name;
    const struct lake_column *column = column_named(table, name);
    return column ? column->field : name;
}

static int take_field(struct importing *importing, const char *name, const json_t *value)
{
    struct lake_cell cell = {
        .name = field_of(importing, str_from_c(name)), .kind = LAKE_TEXT, .column = LAKE_TEXT};
    if (json_is_string(value)) {
        cell.text = str_of(json_string_value(value), json_string_length(value));
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
        if (!text || vec_push(&importing->texts, text) < 0) {
            free(text);
            return -ENOMEM;
        }
        cell.text = str_from_c(text);
        cell.kind = json_is_boolean(value)   ? LAKE_BOOLEAN
                    : json_is_integer(value) ? LAKE_INTEGER
                    : json_is_real(value)    ? LAKE_DOUBLE
                    : json_is_null(value)    ? LAKE_NULL
                                             : LAKE_JSON;
        cell.column = cell.kind == LAKE_JSON || cell.kind == LAKE_NULL ? LAKE_TEXT : cell.kind;
    }
    return vec_push(&importing->cells, cell);
}

static bool is_own(const char *name)
{
    static const char *const own[] = {"_time",     "_id",     "_key",    "_part",
                                      "_received", "_agency", "_source", "_dataset",
                                      "_format",   "_raw",    "_bytes",  "_extra"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return false;
}

/* Fields of the row, and those that had found no column. */
static int take_fields(struct importing *importing, const json_t *object, const json_t *extra)
{
    const char *name;
    json_t *value;
    int status = 0;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (status == 0 && !is_own(name))
            status = take_field(importing, name, value);
    }
    json_object_foreach((json_t *)(uintptr_t)extra, name, value)
    {
        if (status == 0)
            status = take_field(importing, name, value);
    }
    return status;
}

static int put_row(struct importing *importing, const struct lake_row *row)
{
    struct err ignored;
    int status = gather_put(importing->lake, row);
    if (status == -ENOBUFS) {
        status = commit_gathered(importing->lake, NULL, 0, &ignored);
        if (status == 0)
            status = gather_put(importing->lake, row);
    }
    return status;
}

static int take_row(struct importing *importing, const json_t *object)
{
    struct lake_row row = {
        .agency = text_of(object, "_agency"),
        .source = text_of(object, "_source"),
        .dataset = importing->dataset,
        .format = text_of(object, "_format"),
        .raw = text_of(object, "_raw"),
    };
    json_error_t ignored;
    struct str bytes = text_of(object, "_bytes"), extra_text = text_of(object, "_extra");
    json_t *extra = json_loadb(extra_text.ptr ? extra_text.ptr : "", extra_text.len, 0, &ignored);
    int status = lake_id_parse(text_of(object, "_id"), &row.id);
    if (status == 0)
        status = time_parse(text_of(object, "_time"), &row.time);
    if (status == 0)
        status = time_parse(text_of(object, "_received"), &row.received);
    if (status == 0 && bytes.ptr) {
        status = take_bytes(importing, bytes);
        row.raw = buf_str(&importing->bytes);
    }
    importing->cells.len = 0;
    if (status == 0)
        status = take_fields(importing, object, extra);
    row.cells = importing->cells.items;
    row.n_cells = (uint32_t)importing->cells.len;
    if (status == 0)
        status = put_row(importing, &row);
    for (size_t i = 0; i < importing->texts.len; i++)
        free(importing->texts.items[i]);
    importing->texts.len = 0;
    json_decref(extra);
    return status;
}

static int take_rows(void *context, const struct lake_chunk *chunk)
{
    struct importing *importing = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        json_error_t problem;
        struct str text = chunk->columns[0].texts[i];
        json_t *object = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL, &problem);
        int status = json_is_object(object) ? take_row(importing, object) : -EINVAL;
        json_decref(object);
        if (status < 0)
            return status;
        importing->rows++;
    }
    return 0;
}

/* Rows of the file by key, without those that are there. */
static int write_query(struct lake *lake, struct str dataset, struct str place, bool parquet,
                       struct pins *pins, struct buf *sql, struct err *err)
{
    struct lake_source source = {.dataset = dataset,
                                 .columns = &dataset,
                                 .n_columns = 1,
                                 .first = INT64_MIN,
                                 .last = INT64_MAX};
    const struct lake_query all = {.scope = {.all = true}};
    buf_add_c(sql, "WITH f AS (");
    if (parquet) {
        /* Text as JSON has it: times as RFC 3339, bytes in hex. */
        buf_add_c(sql, "SELECT _key AS k, _part AS p, to_json(x) AS j FROM (SELECT * REPLACE "
                       "(strftime(_time, '%Y-%m-%dT%H:%M:%S.%fZ') AS _time, strftime(_received, "
                       "'%Y-%m-%dT%H:%M:%S.%fZ') AS _received, lower(hex(_bytes)) AS _bytes) FROM "
                       "read_parquet(");
        lake_quote_text(sql, place);
        buf_add_c(sql, ")) x");
    } else {
        buf_add_c(sql,
                  "SELECT (json->>'_key')::BIGINT AS k, (json->>'_part')::BIGINT AS p, json AS "
                  "j FROM read_ndjson_objects(");
        lake_quote_text(sql, place);
        buf_add_c(sql, ", maximum_object_size = 134217728)");
    }
    buf_add_c(sql, "), t AS (");
    int status = source_write(lake, &source, &all, pins, sql, err);
    buf_add_c(sql, ") SELECT j::VARCHAR FROM f WHERE NOT EXISTS (FROM t WHERE t._key = f.k AND "
                   "t._part = f.p) ORDER BY k, p");
    buf_add_byte(sql, '\0');
    return status == 0 && sql->failed ? no_memory(err) : status;
}

static int import_place(struct lake *lake, struct importing *importing, struct str place,
                        bool parquet, struct err *err)
{
    struct buf sql = {0};
    struct pins pins = {0};
    struct duck_connection *connection = NULL;
    int status = write_query(lake, importing->dataset, place, parquet, &pins, &sql, err);
    if (status == 0 && lake->duck->connect(lake->database, &connection) != DUCK_OK)
        status = no_memory(err);
    lake->importing = true;
    if (status == 0)
        status = statement_ask(lake, connection, buf_str(&sql), NULL, 0, take_rows, importing, err);
    if (status == 0)
        status = commit_gathered(lake, NULL, 0, err);
    else
        gather_forget(lake);
    lake->importing = false;
    if (connection)
        lake->duck->disconnect(&connection);
    pins_release(lake, &pins);
    buf_free(&sql);
    return status;
}

/* `take` makes the file that SQL may read; it is gone afterwards. */
static int import_with(struct lake *lake, struct str dataset, bool parquet,
                       int (*take)(const void *from, const char *place, struct err *err),
                       const void *from, uint64_t *ret_rows, struct err *err)
{
    struct importing importing = {.lake = lake, .dataset = dataset, .err = err};
    struct buf place = {0};
    for (size_t i = 0; i < lake->days.len; i++)
        if (lake->days.items[i]->n_rows > 0)
            return err_set(err, -EBUSY, "events were put and not committed");
    add_place(lake, parquet ? "import.parquet" : "import.ndjson", &place);
    if (place.failed)
        return no_memory(err);
    (void)unlink(place.ptr);
    int status = take(from, place.ptr, err);
    if (status == 0)
        status = import_place(lake, &importing, buf_str(&place), parquet, err);
    (void)unlink(place.ptr);
    if (status == 0)
        *ret_rows = importing.rows;
    vec_free(&importing.cells);
    vec_free(&importing.texts);
    buf_free(&importing.bytes);
    buf_free(&place);
    return status;
}

static int take_file(const void *from, const char *place, struct err *err)
{
    return copy_file(from, place, err);
}

static int take_lines(const void *from, const char *place, struct err *err)
{
    const struct str *lines = from;
    FILE *file = fopen(place, "wxe");
    int status = !file || fwrite(lines->ptr, 1, lines->len, file) != lines->len ? -errno : 0;
    if (file && fclose(file) != 0 && status == 0)
        status = -errno;
    return status < 0 ? err_set(err, status, "%s: %s", place, strerror(-status)) : 0;
}

int transfer_import(struct lake *lake, struct str dataset, const char *path, uint64_t *ret_rows,
                    struct err *err)
{
    return import_with(lake, dataset, exported_is_parquet(path), take_file, path, ret_rows, err);
}

int transfer_import_lines(struct lake *lake, struct str dataset, struct str lines,
                          uint64_t *ret_rows, struct err *err)
{
    if (str_trim(lines).len == 0) {
        *ret_rows = 0;
        return 0;
    }
    return import_with(lake, dataset, false, take_lines, &lines, ret_rows, err);
}
