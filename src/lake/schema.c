#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "lake/duckdb.h"

const char schema_own[] =
    "_time TIMESTAMP, _key BIGINT, _part USMALLINT, _received TIMESTAMP, _agency VARCHAR, "
    "_source VARCHAR, _format VARCHAR, _raw VARCHAR USING COMPRESSION zstd, _bytes BLOB, "
    "_extra VARCHAR, _block BIGINT";

/* The lake's own columns, on disk or in a source. */
static const char *const own_names[] = {"_time",   "_key",    "_part",   "_received", "_agency",
                                        "_source", "_format", "_raw",    "_block",    "_bytes",
                                        "_extra",  "_id",     "_dataset"};

const char *schema_type(enum lake_kind kind)
{
    switch (kind) {
    case LAKE_BOOLEAN:
        return "BOOLEAN";
    case LAKE_INTEGER:
        return "BIGINT";
    case LAKE_DOUBLE:
        return "DOUBLE";
    default:
        return "VARCHAR";
    }
}

static struct str copy_text(struct str text)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        return (struct str){NULL, 0};
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (struct str){copy, text.len};
}

static void free_text(struct str text)
{
    free((void *)(uintptr_t)text.ptr);
}

/* DuckDB compares names without the case of ASCII letters. */
static struct str lower_copy(struct str name)
{
    struct str lower = copy_text(name);
    char *bytes = (char *)(uintptr_t)lower.ptr;
    for (size_t i = 0; i < lower.len; i++)
        if (bytes[i] >= 'A' && bytes[i] <= 'Z')
            bytes[i] = (char)(bytes[i] + 'a' - 'A');
    return lower;
}

void schema_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->columns.len; i++) {
        struct lake_column *column = &table->columns.items[i];
        if (column->name.ptr != column->field.ptr)
            free_text(column->name);
        free_text(column->field);
    }
    for (size_t i = 0; i < table->by_name.cap; i++)
        if (table->by_name.cells[i].ptr && table->by_name.cells[i].value != OWN_COLUMN)
            free((void *)(uintptr_t)table->by_name.cells[i].ptr);
    vec_free(&table->columns);
    owners_free(table);
    map_free(&table->by_field);
    map_free(&table->by_name);
    free(table->by_number);
    free_text(table->name);
    free(table);
}

struct table *schema_find(const struct lake *lake, struct str dataset, uint32_t *ret_number)
{
    for (size_t i = 0; i < lake->tables.len; i++) {
        if (!str_eq(lake->tables.items[i]->name, dataset))
            continue;
        if (ret_number)
            *ret_number = (uint32_t)i;
        return lake->tables.items[i];
    }
    return NULL;
}

struct table *schema_add(struct lake *lake, struct str dataset, uint32_t *ret_number)
{
    struct table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->name = copy_text(dataset);
    table->unsaved = true;
    bool whole = table->name.ptr != NULL;
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++)
        whole = whole && map_put(&table->by_name, str_from_c(own_names[i]), OWN_COLUMN) >= 0;
    if (whole) {
        pthread_mutex_lock(&lake->lock);
        whole = vec_push(&lake->tables, table) == 0;
        lake->version++;
        pthread_mutex_unlock(&lake->lock);
    }
    if (!whole) {
        schema_free(table);
        return NULL;
    }
    *ret_number = (uint32_t)lake->tables.len - 1;
    return table;
}

/* A name in SQL for a field: its own, or one with a number behind where that is taken. */
static struct str free_name(const struct table *table, struct str field, struct str *ret_lower)
{
    char numbered[LAKE_NAME_MAX + 16];
    struct str name = field;
    for (unsigned i = 2; i < LAKE_COLUMNS_MAX + 16; i++) {
        struct str lower = lower_copy(name);
        if (!lower.ptr)
            break;
        if (map_get(&table->by_name, lower) == MAP_NONE) {
            *ret_lower = lower;
            return name.ptr == field.ptr ? field : copy_text(name);
        }
        free_text(lower);
        int len = snprintf(numbered, sizeof(numbered), "%.*s_%u", STR_ARG(field), i);
        name = str_of(numbered, (size_t)len);
    }
    return (struct str){NULL, 0};
}

/* Takes over field; under the lock. */
static int add_column(struct table *table, struct str field, enum lake_kind kind, bool dynamic)
{
    struct str lower = {NULL, 0};
    struct str name = free_name(table, field, &lower);
    uint32_t index = (uint32_t)table->columns.len;
    if (!name.ptr || vec_reserve(&table->columns, table->columns.len + 1) < 0 ||
        map_put(&table->by_name, lower, index) < 0) {
        free_text(lower);
        if (name.ptr != field.ptr)
            free_text(name);
        free_text(field);
        return -ENOMEM;
    }
    if (map_put(&table->by_field, field, index) < 0) {
        /* by_name keeps a name without a column: it is never given to another. */
        if (name.ptr != field.ptr)
            free_text(name);
        free_text(field);
        return -ENOMEM;
    }
    (void)vec_push(&table->columns, (struct lake_column){field, name, kind, dynamic});
    return 0;
}

static bool fits(const struct lake_cell *cell, enum lake_kind kind)
{
    int64_t integer;
    double number;
    switch (kind) {
    case LAKE_BOOLEAN:
        return str_eq(cell->text, STR("true")) || str_eq(cell->text, STR("false"));
    case LAKE_INTEGER:
        return str_to_i64(cell->text, &integer) == 0;
    case LAKE_DOUBLE:
        return str_to_double(cell->text, &number) == 0;
    default:
        return true;
    }
}

/* The type of a new column: as asked, unless its first value is no such thing. */
static enum lake_kind first_kind(const struct lake_cell *cell)
{
    enum lake_kind kind = (enum lake_kind)cell->column;
    bool typed = kind == LAKE_BOOLEAN || kind == LAKE_INTEGER || kind == LAKE_DOUBLE;
    return typed && !cell->list && fits(cell, kind) ? kind : LAKE_TEXT;
}

static void remember_number(struct table *table, uint32_t number, uint32_t index)
{
    if (number == 0 || number > UINT16_MAX * 4u)
        return;
    if (number >= table->n_by_number) {
        uint32_t n = number < 512 ? 1024 : number * 2;
        uint32_t *grown = realloc(table->by_number, n * sizeof(*grown));
        if (!grown)
            return;
        memset(grown + table->n_by_number, 0, (n - table->n_by_number) * sizeof(*grown));
        table->by_number = grown;
        table->n_by_number = n;
    }
    table->by_number[number] = index + 1;
}

static uint32_t find_column(struct table *table, const struct lake_cell *cell)
{
    if (cell->field > 0 && cell->field < table->n_by_number && table->by_number[cell->field]) {
        /* Another dictionary may have given the number to another name. */
        uint32_t index = table->by_number[cell->field] - 1;
        if (str_eq(table->columns.items[index].field, cell->name))
            return index;
    }
    uint32_t index = map_get(&table->by_field, cell->name);
    if (index != MAP_NONE)
        remember_number(table, cell->field, index);
    return index;
}

struct lake_column *schema_column(struct lake *lake, struct table *table,
                                  const struct lake_cell *cell, uint32_t *ret_index)
{
    uint32_t index = find_column(table, cell);
    if (index == MAP_NONE) {
        if (table->columns.len >= LAKE_COLUMNS_MAX || cell->name.len == 0 ||
            cell->name.len > LAKE_NAME_MAX || memchr(cell->name.ptr, '\0', cell->name.len) ||
            utf8_valid(cell->name) != cell->name.len)
            return NULL;
        struct str field = copy_text(cell->name);
        pthread_mutex_lock(&lake->lock);
        int status = field.ptr ? add_column(table, field, first_kind(cell), false) : -ENOMEM;
        lake->version++;
        pthread_mutex_unlock(&lake->lock);
        if (status < 0)
            return NULL;
        index = (uint32_t)table->columns.len - 1;
        remember_number(table, cell->field, index);
    }
    struct lake_column *column = &table->columns.items[index];
    if ((cell->list || cell->kind == LAKE_JSON) && column->kind == LAKE_TEXT && !column->dynamic) {
        pthread_mutex_lock(&lake->lock);
        column->dynamic = true;
        lake->version++;
        pthread_mutex_unlock(&lake->lock);
        table->unsaved = true;
    }
    *ret_index = index;
    return column;
}

/* Rows of the catalogue: dataset, field or NULL, kind, dynamic. */
static int load_row(void *context, const struct lake_chunk *chunk)
{
    struct lake *lake = context;
    const struct lake_vector *columns = chunk->columns;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint32_t number;
        struct table *table = schema_find(lake, columns[0].texts[i], NULL);
        if (!table && !(table = schema_add(lake, columns[0].texts[i], &number)))
            return -ENOMEM;
        table->unsaved = false;
        if (lake_is_null(&columns[1], i))
            continue;
        struct str field = copy_text(columns[1].texts[i]);
        if (!field.ptr || add_column(table, field, (enum lake_kind)columns[2].integers[i],
                                     columns[3].integers[i] != 0) < 0)
            return -ENOMEM;
        table->saved_columns = (uint32_t)table->columns.len;
    }
    return 0;
}

int schema_load(struct lake *lake, struct err *err)
{
    return statement_ask(lake, lake->writer,
                         STR("SELECT d.name, c.field, c.kind, c.dynamic FROM lake.datasets d LEFT "
                             "JOIN lake.columns c ON c.dataset = d.number ORDER BY d.number, "
                             "c.position"),
                         NULL, 0, load_row, lake, err);
}

static int save_table(struct lake *lake, uint32_t number, struct err *err)
{
    struct table *table = lake->tables.items[number];
    int status = statement_ask(
        lake, lake->writer,
        STR("INSERT INTO lake.datasets SELECT $1, $2 WHERE NOT EXISTS (FROM lake.datasets WHERE "
            "number = $1)"),
        (struct lake_value[]){{.kind = LAKE_INTEGER, .integer = number},
                              {.kind = LAKE_TEXT, .text = table->name}},
        2, NULL, NULL, err);
    for (uint32_t i = 0; status == 0 && i < table->saved_columns; i++)
        if (table->columns.items[i].dynamic)
            status = statement_run(lake, lake->writer, err,
                                   "UPDATE lake.columns SET dynamic = true WHERE dataset = %u AND "
                                   "position = %u AND NOT dynamic",
                                   number, i);
    for (uint32_t i = table->saved_columns; status == 0 && i < table->columns.len; i++) {
        const struct lake_column *column = &table->columns.items[i];
        status = statement_ask(lake, lake->writer,
                               STR("INSERT INTO lake.columns VALUES ($1, $2, $3, $4, $5)"),
                               (struct lake_value[]){
                                   {.kind = LAKE_INTEGER, .integer = number},
                                   {.kind = LAKE_INTEGER, .integer = i},
                                   {.kind = LAKE_TEXT, .text = column->field},
                                   {.kind = LAKE_INTEGER, .integer = (int64_t)column->kind},
                                   {.kind = LAKE_BOOLEAN, .integer = column->dynamic},
                               },
                               5, NULL, NULL, err);
    }
    return status < 0 ? status : owners_save(lake, number, err);
}

static bool is_saved(const struct table *table)
{
    return !table->unsaved && table->saved_columns == table->columns.len && owners_are_saved(table);
}

int schema_save(struct lake *lake, struct err *err)
{
    bool saved = true;
    for (size_t i = 0; i < lake->tables.len; i++)
        saved = saved && is_saved(lake->tables.items[i]);
    if (saved)
        return 0;
    int status = statement_run(lake, lake->writer, err, "BEGIN");
    for (uint32_t i = 0; status == 0 && i < lake->tables.len; i++)
        if (!is_saved(lake->tables.items[i]))
            status = save_table(lake, i, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0) {
        statement_roll_back(lake);
        return status;
    }
    for (size_t i = 0; i < lake->tables.len; i++) {
        lake->tables.items[i]->saved_columns = (uint32_t)lake->tables.items[i]->columns.len;
        lake->tables.items[i]->unsaved = false;
        owners_set_saved(lake->tables.items[i]);
    }
    return 0;
}
