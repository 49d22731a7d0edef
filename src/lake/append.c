/* Rows gathered for one table, handed to DuckDB by columns, in chunks. */
#include <errno.h>
#include <stdlib.h>

#include "lake/duckdb.h"

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
    struct duck_appender *appender;
    struct duck_data_chunk *chunk;
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

/* The text is UTF-8: it was looked at, or repaired, when it was gathered. */
static void put_text(struct appending *appending, size_t column, size_t row, struct str text)
{
    struct target *target = target_for(appending, column, row);
    appending->duck->unsafe_vector_assign_string_element_len(target->vector, row, text.ptr,
                                                             text.len);
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

static int append_chunk(struct appending *appending, const struct gathered_row *rows, size_t n,
                        struct err *err)
{
    const struct duck *duck = appending->duck;
    duck->data_chunk_reset(appending->chunk);
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
    if (duck->append_data_chunk(appending->appender, appending->chunk) != DUCK_OK)
        return statement_fail(err, duck->appender_error(appending->appender));
    return 0;
}

static struct duck_data_chunk *make_chunk(const struct appending *appending)
{
    const struct duck *duck = appending->duck;
    struct duck_logical_type *types[OWN_COLUMNS + LAKE_COLUMNS_MAX];
    for (size_t i = 0; i < appending->n; i++)
        types[i] = duck->create_logical_type(
            i < OWN_COLUMNS ? own_types[i]
                            : duck_type_of(appending->table->columns.items[i - OWN_COLUMNS].kind));
    struct duck_data_chunk *chunk = duck->create_data_chunk(types, appending->n);
    for (size_t i = 0; i < appending->n; i++)
        duck->destroy_logical_type(&types[i]);
    return chunk;
}

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
    buf_add_byte(&sql, '\0');
    int status = sql.failed    ? err_set(err, -ENOMEM, "no memory")
                 : sql.len > 1 ? statement_run_text(lake, lake->writer, buf_str(&sql), err)
                               : 0;
    buf_free(&sql);
    return status;
}

int append_rows(struct lake *lake, struct day *day, uint32_t number, struct err *err)
{
    const struct duck *duck = lake->duck;
    struct day_table *place = &day->tables.items[number];
    const struct table *table = lake->tables.items[number];
    int status = append_shape(lake, day, place, table, err);
    if (status < 0)
        return status;
    struct appending *appending = calloc(1, sizeof(*appending));
    if (!appending)
        return err_set(err, -ENOMEM, "no memory");
    appending->duck = duck;
    appending->day = day;
    appending->table = table;
    appending->n = OWN_COLUMNS + table->columns.len;
    appending->chunk = make_chunk(appending);
    appending->null = duck->create_null_value();
    if (duck->appender_create_ext(lake->writer, day->name, "main", table->name.ptr,
                                  &appending->appender) != DUCK_OK)
        status = statement_fail(err, duck->appender_error(appending->appender));
    for (size_t at = 0; status == 0 && at < place->rows.len; at += DUCK_VECTOR_SIZE) {
        size_t left = place->rows.len - at;
        status = append_chunk(appending, place->rows.items + at,
                              left < DUCK_VECTOR_SIZE ? left : DUCK_VECTOR_SIZE, err);
    }
    if (status == 0 && duck->appender_close(appending->appender) != DUCK_OK)
        status = statement_fail(err, duck->appender_error(appending->appender));
    duck->appender_destroy(&appending->appender);
    duck->destroy_value(&appending->null);
    duck->destroy_data_chunk(&appending->chunk);
    free(appending);
    return status;
}
