/*
 * Tables from YAML (docs/tables.md describes every key). A document is read whole before its table is
 * added to the set.
 */
#include "hunt/tables_set.h"

#include <errno.h>

#include "base/yaml.h"

#define READ_ARENA_MAX ((size_t)64 << 20) /* the tree of one file */

struct reader {
    struct tables *tables;
    struct err *err;
    struct str origin;             /* in the set's arena */
    const struct yaml_node *every; /* cells of all sources of the table being read, or NULL */
    struct arena scratch;
};

static int no_memory(struct reader *reader)
{
    return err_set(reader->err, -ENOMEM, "out of memory");
}

static int wrong(struct reader *reader, const struct yaml_node *node, const char *expected)
{
    return err_at(reader->err, -EINVAL, node->line, node->column, "expected %s", expected);
}

/* A scalar that is not empty, kept by the set. */
static int read_text(struct reader *reader, const struct yaml_node *node, struct str *ret_text)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0)
        return wrong(reader, node, "a text");
    struct str copy = arena_copy(&reader->tables->arena, node->text);
    if (!copy.ptr)
        return no_memory(reader);
    *ret_text = copy;
    return 0;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '@';
}

/*
 * Is the text the name of a field as it stands? Native names have dots and hyphens (id.orig_h,
 * cs-uri-stem), which KQL would take for operators.
 */
static bool is_field_name(struct str text)
{
    if (str_eq(text, STR("true")) || str_eq(text, STR("false")) || str_eq(text, STR("null")))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_word_byte(text.ptr[i]))
            return false;
    return text.ptr[0] == '_' || text.ptr[0] == '@' || (text.ptr[0] | 0x20) >= 'a';
}

/* The first byte of a scalar's text: behind the quote, or on the line below the sign of a block. */
static void cell_place(const struct yaml_node *node, struct table_cell *cell)
{
    cell->line = node->line;
    cell->column = node->column + (node->plain ? 0 : 1);
}

static int read_cell(struct reader *reader, const struct yaml_node *node,
                     struct table_cell *ret_cell)
{
    struct table_cell cell = {0};
    int status = read_text(reader, node, &cell.text);
    if (status < 0)
        return status;
    cell.kind = is_field_name(cell.text) ? TABLE_FIELD : TABLE_EXPRESSION;
    cell_place(node, &cell);
    *ret_cell = cell;
    return 0;
}

static int read_columns(struct reader *reader, const struct yaml_node *node, struct table *table)
{
    if (node->kind != YAML_MAP || node->count == 0 || node->count > TABLE_COLUMNS_MAX)
        return wrong(reader, node, "a map of 1 to 2048 columns and their types");
    table->columns = arena_zero(&reader->tables->arena, node->count, sizeof(*table->columns));
    if (!table->columns)
        return no_memory(reader);
    for (uint32_t i = 0; i < node->count; i++) {
        struct table_column *column = &table->columns[i];
        int status = read_text(reader, node->pairs[i].key, &column->name);
        if (status < 0)
            return status;
        if (!tables_type_find(yaml_text(node->pairs[i].value), &column->type))
            return wrong(reader, node->pairs[i].value,
                         "a type: string, bool, int, long, real, decimal, datetime, timespan, "
                         "dynamic, guid");
    }
    table->n_columns = node->count;
    return 0;
}

/* The native field PREFIX.COLUMN, or an object or list of it, which is whole in the raw record only. */
static int same_cell(struct reader *reader, const struct yaml_node *same, struct str prefix,
                     const struct table_column *column, struct table_cell *ret_cell)
{
    struct arena *arena = &reader->tables->arena;
    const char *dot = prefix.len ? "." : "";
    struct table_cell cell = {
        .kind = TABLE_FIELD, .same = true, .line = same->line, .column = same->column};
    cell.text = arena_printf(arena, "%.*s%s%.*s", STR_ARG(prefix), dot, STR_ARG(column->name));
    if (cell.text.ptr && column->type == KQL_DYNAMIC) {
        struct str field = tables_quote(arena, cell.text);
        if (!field.ptr)
            return no_memory(reader);
        cell.kind = TABLE_EXPRESSION;
        cell.text = arena_printf(arena, "coalesce(todynamic(%.*s), todynamic(_raw)%s%.*s['%.*s'])",
                                 STR_ARG(field), dot, STR_ARG(prefix), STR_ARG(column->name));
    }
    *ret_cell = cell;
    return cell.text.ptr ? 0 : no_memory(reader);
}

/* `same: true`: columns are fields of their own names; `same: properties`: fields of that object. */
static int read_same(struct reader *reader, const struct yaml_node *node, const struct table *table,
                     struct table_source *source)
{
    bool all;
    struct str prefix = {0};
    if (!yaml_is_bool(node, &all)) {
        if (node->kind != YAML_SCALAR || !is_field_name(node->text))
            return wrong(reader, node, "true, or the name of the object that has the columns");
        prefix = node->text;
    } else if (!all)
        return 0;
    for (uint32_t i = 0; i < table->n_columns; i++) {
        int status = same_cell(reader, node, prefix, &table->columns[i], &source->cells[i]);
        if (status < 0)
            return status;
    }
    return 0;
}

static int read_cells(struct reader *reader, const struct yaml_node *node,
                      const struct table *table, struct table_source *source)
{
    if (node->kind != YAML_MAP)
        return wrong(reader, node, "a map of columns and what they are made of");
    for (uint32_t i = 0; i < node->count; i++) {
        const struct yaml_node *key = node->pairs[i].key, *value = node->pairs[i].value;
        uint32_t column = table_column_find(table, yaml_text(key));
        if (column == TABLE_COLUMN_NONE)
            return err_at(reader->err, -EINVAL, key->line, key->column, "%.*s has no column '%.*s'",
                          STR_ARG(table->name), STR_ARG(yaml_text(key)));
        int status = 0;
        if (yaml_is_null(value))
            source->cells[column] = (struct table_cell){0};
        else
            status = read_cell(reader, value, &source->cells[column]);
        if (status < 0)
            return status;
    }
    return 0;
}

/* What a source says besides whose rows it takes; the same for every dataset it names. */
static int read_source(struct reader *reader, const struct yaml_node *node,
                       const struct table *table, struct table_source *source)
{
    source->line = node->line;
    source->dataset_index = DATASET_NONE;
    source->cells = arena_zero(&reader->tables->arena, table->n_columns, sizeof(*source->cells));
    if (!source->cells)
        return no_memory(reader);
    const struct yaml_node *where = yaml_get(node, "where");
    const struct yaml_node *same = yaml_get(node, "same");
    const struct yaml_node *columns = yaml_get(node, "columns");
    const struct yaml_node *fields_of = yaml_get(node, "fields_of");
    if (!same && !columns)
        return wrong(reader, node, "'same' or 'columns' in a source");
    int status = where ? read_cell(reader, where, &source->where) : 0;
    if (status == 0 && fields_of)
        status = read_text(reader, fields_of, &source->fields_of);
    if (status == 0 && same)
        status = read_same(reader, same, table, source);
    if (status == 0 && reader->every)
        status = read_cells(reader, reader->every, table, source);
    if (status == 0 && columns)
        status = read_cells(reader, columns, table, source);
    return status;
}

/* The datasets a source names: one, or a list. Zero stands for the findings. */
static int source_datasets(struct reader *reader, const struct yaml_node *node,
                           const struct yaml_node **ret_datasets, uint32_t *ret_count)
{
    static const char *const KEYS[] = {"dataset", "findings", "fields_of", "where",
                                       "same",    "columns",  NULL};
    int status = yaml_only_keys(node, KEYS, reader->err);
    if (status < 0)
        return status;
    const struct yaml_node *dataset = yaml_get(node, "dataset");
    const struct yaml_node *findings = yaml_get(node, "findings");
    bool yes = false;
    if (!dataset == !findings)
        return wrong(reader, node, "one of 'dataset' and 'findings'");
    if (findings && (!yaml_is_bool(findings, &yes) || !yes))
        return wrong(reader, findings, "true");
    *ret_datasets = dataset;
    *ret_count = !dataset ? 0 : dataset->kind == YAML_LIST ? dataset->count : 1;
    return 0;
}

static int add_source(struct reader *reader, const struct yaml_node *node, struct table *table)
{
    const struct yaml_node *datasets = NULL;
    uint32_t count = 0;
    struct table_source source = {.kind = TABLE_FROM_FINDINGS};
    int status = source_datasets(reader, node, &datasets, &count);
    if (status == 0)
        status = read_source(reader, node, table, &source);
    if (status < 0)
        return status;
    if (!datasets)
        table->sources[table->n_sources++] = source;
    for (uint32_t i = 0; i < count; i++) {
        const struct yaml_node *name = datasets->kind == YAML_LIST ? datasets->items[i] : datasets;
        source.kind = TABLE_FROM_DATASET;
        status = read_text(reader, name, &source.dataset);
        if (status < 0)
            return status;
        table->sources[table->n_sources++] = source;
    }
    return 0;
}

static int read_sources(struct reader *reader, const struct yaml_node *node, struct table *table)
{
    if (node->kind != YAML_LIST)
        return wrong(reader, node, "a list of sources");
    size_t sources = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct yaml_node *datasets = yaml_get(node->items[i], "dataset");
        sources += datasets && datasets->kind == YAML_LIST ? datasets->count : 1;
    }
    if (sources > TABLE_SOURCES_MAX)
        return wrong(reader, node, "at most 256 sources");
    table->sources = arena_zero(&reader->tables->arena, sources, sizeof(*table->sources));
    if (!table->sources)
        return no_memory(reader);
    for (uint32_t i = 0; i < node->count; i++) {
        int status = add_source(reader, node->items[i], table);
        if (status < 0)
            return status;
    }
    return 0;
}

static int require(struct reader *reader, const struct yaml_node *map, const char *key,
                   const struct yaml_node **ret_value)
{
    *ret_value = yaml_get(map, key);
    if (!*ret_value)
        return err_at(reader->err, -EINVAL, map->line, map->column, "'%s' is missing", key);
    return 0;
}

static int add_table(struct reader *reader, struct table *table, const struct yaml_node *name)
{
    int status = tables_put(reader->tables, table, reader->err);
    if (status < 0 && reader->err->line == 0) {
        reader->err->line = name->line;
        reader->err->column = name->column;
    }
    return status;
}

static int read_document(struct reader *reader, const struct yaml_node *root)
{
    static const char *const KEYS[] = {"name", "about", "columns", "every", "from", NULL};
    const struct yaml_node *name = NULL, *about, *columns, *from;
    struct table *table = arena_zero(&reader->tables->arena, 1, sizeof(*table));
    if (!table)
        return no_memory(reader);
    table->origin = reader->origin;
    reader->every = yaml_get(root, "every");
    int status = yaml_only_keys(root, KEYS, reader->err);
    if (status == 0 && (status = require(reader, root, "name", &name)) == 0)
        status = read_text(reader, name, &table->name);
    if (status == 0 && (status = require(reader, root, "about", &about)) == 0)
        status = read_text(reader, about, &table->about);
    if (status == 0 && (status = require(reader, root, "columns", &columns)) == 0)
        status = read_columns(reader, columns, table);
    if (status == 0 && (status = require(reader, root, "from", &from)) == 0)
        status = read_sources(reader, from, table);
    return status == 0 ? add_table(reader, table, name) : status;
}

int tables_add(struct tables *tables, struct str yaml, struct str origin, struct err *err)
{
    struct reader reader = {.tables = tables, .err = err};
    struct yaml_node **documents;
    size_t count;
    arena_init(&reader.scratch, READ_ARENA_MAX);
    reader.origin = arena_copy(&tables->arena, origin);
    int status = reader.origin.ptr ? yaml_parse(yaml, &reader.scratch, &documents, &count, err)
                                   : no_memory(&reader);
    for (size_t i = 0; status == 0 && i < count; i++)
        if (documents[i])
            status = read_document(&reader, documents[i]);
    arena_free(&reader.scratch);
    return status;
}
