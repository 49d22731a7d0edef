/*
 * Rows gathered for one table, handed to DuckDB by columns, in chunks: a table function that has them, and an INSERT
 * from it. Its appender would copy them once more, and turn round and round while a thread of the engine works.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lake/duckdb.h"

#define GATHERED "_gathered" /* the table function */
#define WAIT_US 200

enum own_column {
    OWN_TIME,
    OWN_KEY,
    OWN_PART,
    OWN_RECEIVED,
    OWN_AGENCY,
    OWN_SOURCE,
    OWN_FORMAT,
    OWN_RAW,
    OWN_BYTES,
    OWN_EXTRA,
    OWN_BLOCK,
};

static const enum duck_type own_types[OWN_COLUMNS] = {
    [OWN_TIME] = DUCK_TIMESTAMP,     [OWN_KEY] = DUCK_BIGINT,     [OWN_PART] = DUCK_USMALLINT,
    [OWN_RECEIVED] = DUCK_TIMESTAMP, [OWN_AGENCY] = DUCK_VARCHAR, [OWN_SOURCE] = DUCK_VARCHAR,
    [OWN_FORMAT] = DUCK_VARCHAR,     [OWN_RAW] = DUCK_VARCHAR,    [OWN_BYTES] = DUCK_BLOB,
    [OWN_EXTRA] = DUCK_VARCHAR,      [OWN_BLOCK] = DUCK_BIGINT,
};

/* A column of the chunk that is being filled. */
struct target {
    struct duck_vector *vector;
    void *data;
    uint64_t *valid;
    bool used; /* has a value in this chunk */
};

struct appending {
    const struct duck *duck;
    const struct day *day;
    const struct table *table;
    const struct gathered_row *rows;
    size_t n_rows, at;
    struct duck_data_chunk *chunk; /* that is being filled */
    struct duck_value *null;
    struct target targets[OWN_COLUMNS + LAKE_COLUMNS_MAX];
    size_t n; /* columns */
};

/* All NULL until a value comes. */
static void use_column(struct appending *appending, size_t column)
{
    struct target *target = &appending->targets[column];
    target->used = true;
    target->vector = appending->duck->data_chunk_get_vector(appending->chunk, column);
    appending->duck->vector_ensure_validity_writable(target->vector);
    target->data = appending->duck->vector_get_data(target->vector);
    target->valid = appending->duck->vector_get_validity(target->vector);
    memset(target->valid, 0, DUCK_VECTOR_SIZE / 8);
}

static struct target *target_for(struct appending *appending, size_t column, size_t row)
{
    struct target *target = &appending->targets[column];
    if (!target->used)
        use_column(appending, column);
    target->valid[row / 64] |= UINT64_C(1) << row % 64;
    return target;
}

static void put_integer(struct appending *appending, size_t column, size_t row, int64_t integer)
{
    ((int64_t *)target_for(appending, column, row)->data)[row] = integer;
}

/*
 * The text stays where it was gathered, which outlives the statement. It is UTF-8: it was looked at, or repaired, then.
 */
static void put_text(struct appending *appending, size_t column, size_t row, struct str text)
{
    union duck_string *string = (union duck_string *)target_for(appending, column, row)->data + row;
    string->inlined.len = (uint32_t)text.len;
    if (text.len <= sizeof(string->inlined.bytes)) {
        memset(string->inlined.bytes, 0, sizeof(string->inlined.bytes));
        memcpy(string->inlined.bytes, text.ptr, text.len);
    } else {
        memcpy(string->pointer.prefix, text.ptr, sizeof(string->pointer.prefix));
        string->pointer.ptr = text.ptr;
    }
}

static void put_own(struct appending *appending, const struct gathered_row *from, size_t row)
{
    put_integer(appending, OWN_BLOCK, row, (int64_t)appending->day->leaves.items[from->leaves].seq);
    put_integer(appending, OWN_TIME, row, from->time);
    put_integer(appending, OWN_KEY, row, from->key);
    ((uint16_t *)target_for(appending, OWN_PART, row)->data)[row] = (uint16_t)from->part;
    put_integer(appending, OWN_RECEIVED, row, from->received);
    put_text(appending, OWN_AGENCY, row, from->agency);
    put_text(appending, OWN_SOURCE, row, from->source);
    put_text(appending, OWN_FORMAT, row, from->format);
    put_text(appending, OWN_RAW, row, from->raw);
    if (from->bytes.ptr)
        put_text(appending, OWN_BYTES, row, from->bytes);
    if (from->extra.ptr)
        put_text(appending, OWN_EXTRA, row, from->extra);
}

static void put_cell(struct appending *appending, const struct gathered_cell *cell, size_t row)
{
    size_t column = OWN_COLUMNS + cell->column;
    switch (cell->kind) {
    case LAKE_BOOLEAN:
        ((bool *)target_for(appending, column, row)->data)[row] = cell->integer != 0;
        break;
    case LAKE_INTEGER:
        put_integer(appending, column, row, cell->integer);
        break;
    case LAKE_DOUBLE:
        ((double *)target_for(appending, column, row)->data)[row] = cell->number;
        break;
    default:
        put_text(appending, column, row, str_of(cell->text, cell->len));
    }
}

static void put_rows(struct appending *appending, const struct gathered_row *rows, size_t n)
{
    const struct duck *duck = appending->duck;
    for (size_t i = 0; i < appending->n; i++)
        appending->targets[i].used = false;
    for (size_t row = 0; row < n; row++) {
        put_own(appending, &rows[row], row);
        for (uint32_t i = 0; i < rows[row].n_cells; i++)
            put_cell(appending, &rows[row].cells[i], row);
    }
    /* One constant stands for a column without values: it costs next to nothing, however many there are. */
    for (size_t i = 0; i < appending->n; i++)
        if (!appending->targets[i].used)
            duck->vector_reference_value(duck->data_chunk_get_vector(appending->chunk, i),
                                         appending->null);
    duck->data_chunk_set_size(appending->chunk, n);
}

/* ---- the table function ---- */

/* Called by DuckDB, which has nowhere to hold its own table of functions: it is that of the process. */
static const struct duck *loaded(void)
{
    struct err ignored;
    return duck_load(NULL, &ignored);
}

static void describe_columns(struct duck_bind_info *info)
{
    const struct duck *duck = loaded();
    const struct lake *lake = duck->bind_get_extra_info(info);
    const struct appending *appending = lake->appending;
    if (!appending) {
        duck->bind_set_error(info, "no commit is under way");
        return;
    }
    for (size_t i = 0; i < appending->n; i++) {
        struct duck_logical_type *type = duck->create_logical_type(
            i < OWN_COLUMNS ? own_types[i]
                            : duck_type_of(appending->table->columns.items[i - OWN_COLUMNS].kind));
        char name[24];
        snprintf(name, sizeof(name), "c%zu", i);
        duck->bind_add_result_column(info, name, type);
        duck->destroy_logical_type(&type);
    }
}

/* Where it stands is in struct appending: there is one INSERT, of one thread, at a time. */
static void begin_rows(struct duck_init_info *info)
{
    (void)info;
}

static void next_rows(struct duck_function_info *info, struct duck_data_chunk *output)
{
    const struct duck *duck = loaded();
    struct lake *lake = duck->function_get_extra_info(info);
    struct appending *appending = lake->appending;
    size_t n = appending->n_rows - appending->at;
    if (n > DUCK_VECTOR_SIZE)
        n = DUCK_VECTOR_SIZE;
    appending->chunk = output;
    put_rows(appending, appending->rows + appending->at, n);
    appending->at += n;
}

int append_register(struct lake *lake, struct err *err)
{
    const struct duck *duck = lake->duck;
    struct duck_table_function *function = duck->create_table_function();
    duck->table_function_set_name(function, GATHERED);
    duck->table_function_set_extra_info(function, lake, NULL);
    duck->table_function_set_bind(function, describe_columns);
    duck->table_function_set_init(function, begin_rows);
    duck->table_function_set_function(function, next_rows);
    enum duck_state state = duck->register_table_function(lake->writer, function);
    duck->destroy_table_function(&function);
    return state == DUCK_OK ? 0 : err_set(err, -EINVAL, "the library refuses a function");
}

/* ---- the statement ---- */

int append_shape(struct lake *lake, const struct day *day, const struct day_table *place,
                 const struct table *table, struct err *err)
{
    struct buf sql = {0};
    if (!place->exists) {
        buf_printf(&sql, "CREATE TABLE \"%s\".", day->name);
        lake_quote_name(&sql, table->name);
        buf_printf(&sql, " (%s", schema_own);
        for (size_t i = 0; i < table->columns.len; i++) {
            buf_add_c(&sql, ", ");
            lake_quote_name(&sql, table->columns.items[i].name);
            buf_printf(&sql, " %s", schema_type(table->columns.items[i].kind));
        }
        buf_add_c(&sql, ");");
    }
    for (size_t i = place->n_columns; place->exists && i < table->columns.len; i++) {
        buf_printf(&sql, "ALTER TABLE \"%s\".", day->name);
        lake_quote_name(&sql, table->name);
        buf_add_c(&sql, " ADD COLUMN ");
        lake_quote_name(&sql, table->columns.items[i].name);
        buf_printf(&sql, " %s;", schema_type(table->columns.items[i].kind));
    }
    return statement_run_built(lake, lake->writer, &sql, err);
}

/* The INSERT runs in this thread or in one of the engine's; then this one waits, where execute() would spin. */
static int run_patiently(const struct duck *duck, struct duck_prepared *prepared, struct err *err)
{
    struct duck_pending *pending = NULL;
    struct duck_result result;
    enum duck_pending_state state = DUCK_PENDING_NOT_READY;
    int status = 0;
    if (duck->pending_prepared(prepared, &pending) != DUCK_OK)
        state = DUCK_PENDING_ERROR;
    while (state == DUCK_PENDING_NOT_READY || state == DUCK_PENDING_NO_TASKS) {
        if (state == DUCK_PENDING_NO_TASKS)
            usleep(WAIT_US);
        state = duck->pending_execute_task(pending);
    }
    if (state == DUCK_PENDING_ERROR) {
        status = statement_fail(err, duck->pending_error(pending));
    } else {
        if (duck->execute_pending(pending, &result) != DUCK_OK)
            status = statement_fail(err, duck->result_error(&result));
        duck->destroy_result(&result);
    }
    duck->destroy_pending(&pending);
    return status;
}

static int insert(struct lake *lake, const struct day *day, const struct table *table,
                  struct err *err)
{
    const struct duck *duck = lake->duck;
    struct duck_prepared *prepared = NULL;
    struct buf sql = {0};
    int status;
    buf_printf(&sql, "INSERT INTO \"%s\".", day->name);
    lake_quote_name(&sql, table->name);
    buf_add_c(&sql, " FROM " GATHERED "()");
    buf_add_byte(&sql, '\0');
    if (sql.failed)
        status = err_set(err, -ENOMEM, "no memory");
    else if (duck->prepare(lake->writer, sql.ptr, &prepared) != DUCK_OK)
        status = statement_fail(err, duck->prepare_error(prepared));
    else
        status = run_patiently(duck, prepared, err);
    duck->destroy_prepare(&prepared);
    buf_free(&sql);
    return status;
}

int append_rows(struct lake *lake, struct day *day, uint32_t number, struct err *err)
{
    struct day_table *place = &day->tables.items[number];
    const struct table *table = lake->tables.items[number];
    int status = append_shape(lake, day, place, table, err);
    if (status < 0)
        return status;
    struct appending *appending = calloc(1, sizeof(*appending));
    if (!appending)
        return err_set(err, -ENOMEM, "no memory");
    appending->duck = lake->duck;
    appending->day = day;
    appending->table = table;
    appending->rows = place->rows.items;
    appending->n_rows = place->rows.len;
    appending->n = OWN_COLUMNS + table->columns.len;
    appending->null = lake->duck->create_null_value();
    lake->appending = appending;
    status = insert(lake, day, table, err);
    lake->appending = NULL;
    lake->duck->destroy_value(&appending->null);
    free(appending);
    return status;
}
