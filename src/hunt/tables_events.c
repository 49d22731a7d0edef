/*
 * Tables that are made of the datasets: every dataset under its own name, and `events`, which has all
 * of them under the names of the Elastic Common Schema. An ECS name that a dataset gives to several
 * fields is the first of them that says something.
 */
#include "hunt/tables_set.h"

#include <errno.h>

/* Type and native fields of the columns of `events` while they are gathered. */
struct gather {
    struct tables *tables;
    const struct datasets *datasets;
    VEC(struct table_column) columns;
    struct map index; /* ECS name → index of columns */
};

/* As the lake stores a field of that type. */
static enum kql_type stored_type(enum field_type type)
{
    switch (type) {
    case FIELD_INTEGER:
    case FIELD_PORT:
    case FIELD_PROCESS_ID:
        return KQL_LONG;
    case FIELD_NUMBER:
        return KQL_REAL;
    case FIELD_BOOLEAN:
        return KQL_BOOL;
    default:
        return KQL_STRING;
    }
}

static enum kql_type ecs_type(enum field_type type)
{
    return type == FIELD_TIME ? KQL_DATETIME : stored_type(type);
}

/* The type of a column that has values of both. */
static enum kql_type common_type(enum kql_type a, enum kql_type b)
{
    if (a == b)
        return a;
    return (a == KQL_LONG && b == KQL_REAL) || (a == KQL_REAL && b == KQL_LONG) ? KQL_REAL
                                                                                : KQL_STRING;
}

static const char *conversion(enum kql_type type)
{
    switch (type) {
    case KQL_LONG:
        return "tolong";
    case KQL_REAL:
        return "toreal";
    case KQL_BOOL:
        return "tobool";
    case KQL_DATETIME:
        return "todatetime";
    default:
        return "tostring";
    }
}

static struct table *new_table(struct tables *tables, const char *about, uint32_t n_columns,
                               uint32_t n_sources)
{
    struct table *table = arena_zero(&tables->arena, 1, sizeof(*table));
    if (!table)
        return NULL;
    table->about = str_from_c(about);
    table->columns = arena_zero(&tables->arena, n_columns, sizeof(*table->columns));
    table->sources = arena_zero(&tables->arena, n_sources, sizeof(*table->sources));
    for (uint32_t i = 0; table->columns && table->sources && i < n_sources; i++) {
        table->sources[i].dataset_index = DATASET_NONE;
        table->sources[i].cells =
            arena_zero(&tables->arena, n_columns, sizeof(*table->sources[i].cells));
        if (!table->sources[i].cells)
            return NULL;
    }
    table->n_columns = n_columns;
    table->n_sources = n_sources;
    return table->columns && table->sources ? table : NULL;
}

/* Names of datasets and fields live with their owner; a table keeps its own. */
static int keep(struct tables *tables, struct str text, struct str *ret_text)
{
    *ret_text = arena_copy(&tables->arena, text);
    return ret_text->ptr ? 0 : -ENOMEM;
}

static int dataset_table(struct tables *tables, const struct datasets *datasets,
                         const struct dataset *dataset, struct err *err)
{
    const struct fields *fields = datasets_fields(datasets);
    struct table *table = new_table(tables, "", dataset->n_fields, 1);
    if (!table || keep(tables, dataset->name, &table->name) < 0 ||
        keep(tables, dataset->title, &table->about) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    table->open = true;
    table->sources[0].dataset = table->name;
    for (uint32_t i = 0; i < dataset->n_fields; i++) {
        struct table_column *column = &table->columns[i];
        if (keep(tables, fields_name(fields, dataset->fields[i].field), &column->name) < 0)
            return err_set(err, -ENOMEM, "out of memory");
        column->type = stored_type(dataset->fields[i].type);
        table->sources[0].cells[i] = (struct table_cell){.kind = TABLE_FIELD, .text = column->name};
    }
    return tables_put(tables, table, err);
}

static int gather_column(struct gather *gather, struct str name, enum kql_type type)
{
    uint32_t index = map_get(&gather->index, name);
    if (index != MAP_NONE) {
        struct table_column *column = &gather->columns.items[index];
        column->type = common_type(column->type, type);
        return 0;
    }
    struct table_column column = {.type = type};
    if (keep(gather->tables, name, &column.name) < 0 ||
        map_put(&gather->index, column.name, (uint32_t)gather->columns.len) < 0 ||
        vec_push(&gather->columns, column) < 0)
        return -ENOMEM;
    return 0;
}

/* Columns that every event has, whatever its dataset says. */
static const struct {
    struct str name;
    enum kql_type type;
    struct str own; /* the lake's column it is; empty: the dataset's host or user */
} common[] = {
    {{"@timestamp", 10}, KQL_DATETIME, {"_time", 5}},
    {{"event.dataset", 13}, KQL_STRING, {"_dataset", 8}},
    {{"event.original", 14}, KQL_STRING, {"_raw", 4}},
    {{"host.name", 9}, KQL_STRING, {"", 0}},
    {{"user.name", 9}, KQL_STRING, {"", 0}},
};

#define N_COMMON (sizeof(common) / sizeof(common[0]))

static int gather_columns(struct gather *gather)
{
    for (size_t i = 0; i < N_COMMON; i++)
        if (gather_column(gather, common[i].name, common[i].type) < 0)
            return -ENOMEM;
    for (uint32_t d = 0; d < datasets_count(gather->datasets); d++) {
        const struct dataset *dataset = datasets_get(gather->datasets, d);
        for (uint32_t i = 0; i < dataset->n_fields; i++) {
            const struct dataset_field *field = &dataset->fields[i];
            if (field->ecs.len && gather_column(gather, field->ecs, ecs_type(field->type)) < 0)
                return -ENOMEM;
        }
    }
    return 0;
}

/* A field more for a cell: alone it is the field, with others the first that says something. */
static int add_field(struct gather *gather, enum kql_type type, struct str field,
                     struct table_cell *cell)
{
    struct arena *arena = &gather->tables->arena;
    if (cell->kind == TABLE_NOTHING) {
        cell->kind = TABLE_FIELD;
        return keep(gather->tables, field, &cell->text);
    }
    struct str quoted = tables_quote(arena, field), before = cell->text;
    if (cell->kind == TABLE_FIELD) {
        before = tables_quote(arena, before);
        if (before.ptr)
            before = arena_printf(arena, "coalesce(%s(%.*s))", conversion(type), STR_ARG(before));
    }
    if (!quoted.ptr || !before.ptr)
        return -ENOMEM;
    cell->kind = TABLE_EXPRESSION;
    cell->text = arena_printf(arena, "%.*s, %s(%.*s))", STR_ARG(str_first(before, before.len - 1)),
                              conversion(type), STR_ARG(quoted));
    return cell->text.ptr ? 0 : -ENOMEM;
}

/* Where no field has the name host.name or user.name: what the dataset says host and user are. */
static int add_reported(struct gather *gather, struct table_cell *cell, const uint32_t *fields,
                        uint32_t n_fields)
{
    if (cell->kind != TABLE_NOTHING)
        return 0;
    for (uint32_t i = 0; i < n_fields; i++)
        if (add_field(gather, KQL_STRING, fields_name(datasets_fields(gather->datasets), fields[i]),
                      cell) < 0)
            return -ENOMEM;
    return 0;
}

/* Has a dataset given this field to the column already: as its ECS name, or by an alias before? */
static bool added_before(const struct gather *gather, uint32_t index, uint32_t alias,
                         struct str name)
{
    const struct dataset *dataset = datasets_get(gather->datasets, index);
    uint32_t field = dataset->aliases[alias].native;
    const struct dataset_field *described = datasets_field(gather->datasets, index, field);
    for (uint32_t i = 0; i < alias; i++)
        if (dataset->aliases[i].native == field)
            return true;
    return described && str_eq(described->ecs, name);
}

/* Shippers move fields to ECS: what a dataset's aliases know under an ECS name is that column's too. */
static int add_moved(struct gather *gather, uint32_t index, const struct table *table,
                     struct table_source *source)
{
    const struct dataset *dataset = datasets_get(gather->datasets, index);
    for (uint32_t i = 0; i < dataset->n_aliases; i++) {
        struct str name =
            fields_name(datasets_fields(gather->datasets), dataset->aliases[i].native);
        uint32_t column = map_get(&gather->index, name);
        if (column != MAP_NONE && !added_before(gather, index, i, name) &&
            add_field(gather, table->columns[column].type, name, &source->cells[column]) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int fill_source(struct gather *gather, uint32_t index, const struct table *table,
                       struct table_source *source)
{
    const struct dataset *dataset = datasets_get(gather->datasets, index);
    const struct fields *fields = datasets_fields(gather->datasets);
    if (keep(gather->tables, dataset->name, &source->dataset) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < N_COMMON; i++)
        if (common[i].own.len)
            source->cells[i] = (struct table_cell){.kind = TABLE_FIELD, .text = common[i].own};
    for (uint32_t i = 0; i < dataset->n_fields; i++) {
        uint32_t column = map_get(&gather->index, dataset->fields[i].ecs);
        if (column == MAP_NONE || (column < N_COMMON && common[column].own.len))
            continue;
        if (add_field(gather, table->columns[column].type,
                      fields_name(fields, dataset->fields[i].field), &source->cells[column]) < 0)
            return -ENOMEM;
    }
    if (add_moved(gather, index, table, source) < 0 ||
        add_reported(gather, &source->cells[map_get(&gather->index, STR("host.name"))],
                     dataset->host_fields, dataset->n_host_fields) < 0)
        return -ENOMEM;
    return add_reported(gather, &source->cells[map_get(&gather->index, STR("user.name"))],
                        dataset->user_fields, dataset->n_user_fields);
}

static int events_table(struct gather *gather, struct err *err)
{
    uint32_t n_datasets = datasets_count(gather->datasets);
    struct table *table = NULL;
    int status = gather_columns(gather);
    if (status == 0)
        table =
            new_table(gather->tables, "All events, under the names of the Elastic Common Schema",
                      (uint32_t)gather->columns.len, n_datasets);
    if (!table)
        return err_set(err, -ENOMEM, "out of memory");
    table->name = STR("events");
    memcpy(table->columns, gather->columns.items,
           gather->columns.len * sizeof(*gather->columns.items));
    for (uint32_t i = 0; i < n_datasets; i++)
        if (fill_source(gather, i, table, &table->sources[i]) < 0)
            return err_set(err, -ENOMEM, "out of memory");
    return tables_put(gather->tables, table, err);
}

int tables_add_datasets(struct tables *tables, const struct datasets *datasets, struct err *err)
{
    struct gather gather = {.tables = tables, .datasets = datasets};
    int status = events_table(&gather, err);
    for (uint32_t i = 0; status == 0 && i < datasets_count(datasets); i++)
        status = dataset_table(tables, datasets, datasets_get(datasets, i), err);
    vec_free(&gather.columns);
    map_free(&gather.index);
    return status;
}
