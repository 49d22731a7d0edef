#include "hunt/tables_set.h"

#include <errno.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "hunt/kql.h"

#define PRINT "print " /* makes a query of an expression */

#define COLUMN(text, type)                                                                         \
    {                                                                                              \
        {text, sizeof(text) - 1}, type                                                             \
    }

static const struct table_column own_columns[] = {
    COLUMN("_time", KQL_DATETIME),  COLUMN("_id", KQL_STRING),
    COLUMN("_agency", KQL_STRING),  COLUMN("_source", KQL_STRING),
    COLUMN("_dataset", KQL_STRING), COLUMN("_received", KQL_DATETIME),
    COLUMN("_format", KQL_STRING),  COLUMN("_raw", KQL_STRING),
};

/* As ledger/finding.h has them; `tags` and `ocsf` are JSON. */
static const struct table_column finding_columns[] = {
    COLUMN("id", KQL_STRING),     COLUMN("kind", KQL_STRING),      COLUMN("status", KQL_STRING),
    COLUMN("agency", KQL_STRING), COLUMN("rule", KQL_STRING),      COLUMN("title", KQL_STRING),
    COLUMN("host", KQL_STRING),   COLUMN("user", KQL_STRING),      COLUMN("source", KQL_STRING),
    COLUMN("level", KQL_STRING),  COLUMN("tags", KQL_DYNAMIC),     COLUMN("ocsf", KQL_DYNAMIC),
    COLUMN("count", KQL_LONG),    COLUMN("throttled", KQL_LONG),   COLUMN("first", KQL_DATETIME),
    COLUMN("last", KQL_DATETIME), COLUMN("created", KQL_DATETIME), COLUMN("updated", KQL_DATETIME),
};

const struct table_column *tables_own_columns(uint32_t *ret_count)
{
    *ret_count = sizeof(own_columns) / sizeof(own_columns[0]);
    return own_columns;
}

const struct table_column *tables_finding_columns(uint32_t *ret_count)
{
    *ret_count = sizeof(finding_columns) / sizeof(finding_columns[0]);
    return finding_columns;
}

static const char *const type_names[] = {
    [KQL_TYPE_NONE] = "",      [KQL_BOOL] = "bool",         [KQL_INT] = "int",
    [KQL_LONG] = "long",       [KQL_REAL] = "real",         [KQL_DECIMAL] = "decimal",
    [KQL_STRING] = "string",   [KQL_DATETIME] = "datetime", [KQL_TIMESPAN] = "timespan",
    [KQL_DYNAMIC] = "dynamic", [KQL_GUID] = "guid",
};

static const struct {
    struct str name;
    enum kql_type type;
} other_type_names[] = {
    {{"boolean", 7}, KQL_BOOL}, {{"date", 4}, KQL_DATETIME}, {{"time", 4}, KQL_TIMESPAN},
    {{"double", 6}, KQL_REAL},  {{"uuid", 4}, KQL_GUID},     {{"uniqueid", 8}, KQL_GUID},
};

bool tables_type_find(struct str name, enum kql_type *ret_type)
{
    for (enum kql_type type = KQL_BOOL; type <= KQL_GUID; type++)
        if (str_eq(name, str_from_c(type_names[type]))) {
            *ret_type = type;
            return true;
        }
    for (size_t i = 0; i < sizeof(other_type_names) / sizeof(other_type_names[0]); i++)
        if (str_eq(name, other_type_names[i].name)) {
            *ret_type = other_type_names[i].type;
            return true;
        }
    return false;
}

const char *tables_type_name(enum kql_type type)
{
    return type_names[type];
}

struct tables *tables_new(void)
{
    struct tables *tables = calloc(1, sizeof(*tables));
    if (tables)
        arena_init(&tables->arena, TABLES_ARENA_MAX);
    return tables;
}

void tables_free(struct tables *tables)
{
    if (!tables)
        return;
    vec_free(&tables->items);
    map_free(&tables->names);
    arena_free(&tables->arena);
    free(tables);
}

static int parse_field(struct tables *tables, struct table_cell *cell, struct err *err)
{
    struct kql_expr *expr = arena_zero(&tables->arena, 1, sizeof(*expr));
    if (!expr)
        return err_set(err, -ENOMEM, "out of memory");
    expr->kind = KQL_NAME;
    expr->height = 1;
    expr->name = cell->text;
    cell->expr = expr;
    return 0;
}

static int parse_expression(struct tables *tables, struct table_cell *cell, struct err *err)
{
    struct kql_query *query;
    struct str text = arena_printf(&tables->arena, PRINT "%.*s", STR_ARG(cell->text));
    if (!text.ptr)
        return err_set(err, -ENOMEM, "out of memory");
    int status = kql_parse(&tables->arena, text, &query, err);
    if (status < 0) {
        struct err inner = *err;
        uint32_t at = inner.column - (inner.line == 1 ? (uint32_t)sizeof(PRINT) - 1 : 0);
        return err_set(err, status, "%s (byte %u of the expression)", inner.message, at);
    }
    const struct kql_statement_list *statements = &query->statements;
    const struct kql_expr *pipe = statements->len == 1 ? statements->items[0]->expr : NULL;
    if (!pipe || pipe->kind != KQL_PIPE || pipe->pipe.source || pipe->pipe.operators.len != 1 ||
        pipe->pipe.operators.items[0]->named.len != 1 ||
        pipe->pipe.operators.items[0]->named.items[0].names.len)
        return err_set(err, -EINVAL, "expected one expression");
    cell->expr = pipe->pipe.operators.items[0]->named.items[0].expr;
    return 0;
}

/* Sets a cell's tree; what is wrong with it has the cell's place. */
static int parse_cell(struct tables *tables, struct table_cell *cell, struct err *err)
{
    int status = cell->kind == TABLE_NOTHING ? 0
                 : cell->kind == TABLE_FIELD ? parse_field(tables, cell, err)
                                             : parse_expression(tables, cell, err);
    if (status < 0) {
        err->line = cell->line;
        err->column = cell->column;
    }
    return status;
}

static int parse_table(struct tables *tables, struct table *table, struct err *err)
{
    int status = 0;
    for (uint32_t s = 0; status == 0 && s < table->n_sources; s++) {
        status = parse_cell(tables, &table->sources[s].where, err);
        for (uint32_t i = 0; status == 0 && i < table->n_columns; i++)
            status = parse_cell(tables, &table->sources[s].cells[i], err);
    }
    return status;
}

int tables_put(struct tables *tables, struct table *table, struct err *err)
{
    int status = parse_table(tables, table, err);
    if (status < 0)
        return status;
    if (tables->items.len == TABLES_MAX)
        return err_set(err, -E2BIG, "more than %d tables", TABLES_MAX);
    if (map_get(&tables->names, table->name) != MAP_NONE)
        return err_set(err, -EEXIST, "a second table or dataset '%.*s'", STR_ARG(table->name));
    if (vec_reserve(&tables->items, tables->items.len + 1) < 0 ||
        map_put(&tables->names, table->name, (uint32_t)tables->items.len) < 0)
        return err_set(err, -ENOMEM, "out of memory");
    tables->items.items[tables->items.len++] = table;
    return 0;
}

struct str tables_quote(struct arena *arena, struct str name)
{
    char *text = arena_bytes(arena, 2 * name.len + 4);
    if (!text)
        return (struct str){0};
    size_t len = 0;
    text[len++] = '[';
    text[len++] = '\'';
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '\'' || name.ptr[i] == '\\')
            text[len++] = '\\';
        text[len++] = name.ptr[i];
    }
    text[len++] = '\'';
    text[len++] = ']';
    return str_of(text, len);
}

uint32_t tables_count(const struct tables *tables)
{
    return (uint32_t)tables->items.len;
}

const struct table *tables_get(const struct tables *tables, uint32_t index)
{
    return tables->items.items[index];
}

const struct table *tables_find(const struct tables *tables, struct str name)
{
    uint32_t index = map_get(&tables->names, name);
    return index == MAP_NONE ? NULL : tables->items.items[index];
}

struct str tables_nearest(const struct tables *tables, struct str name)
{
    struct nearest nearest;
    nearest_begin(&nearest, name);
    for (size_t i = 0; i < tables->items.len; i++)
        nearest_offer(&nearest, tables->items.items[i]->name);
    return nearest.found;
}

uint32_t table_column_find(const struct table *table, struct str name)
{
    for (uint32_t i = 0; i < table->n_columns; i++)
        if (str_eq(table->columns[i].name, name))
            return i;
    return TABLE_COLUMN_NONE;
}

static bool column_type(const struct table_column *columns, uint32_t n_columns, struct str name,
                        enum kql_type *ret_type)
{
    for (uint32_t i = 0; i < n_columns; i++)
        if (str_eq(columns[i].name, name)) {
            *ret_type = columns[i].type;
            return true;
        }
    return false;
}

/* A dataset's fields and their types are the columns of its own table. */
static bool field_type(const struct tables *tables, struct str dataset, struct str name,
                       enum kql_type *ret_type)
{
    const struct table *own = tables_find(tables, dataset);
    return own && own->open && column_type(own->columns, own->n_columns, name, ret_type);
}

enum kql_type tables_native_type(const struct tables *tables, const struct table_source *source,
                                 struct str name)
{
    enum kql_type type = tables_find(tables, source->dataset) ? KQL_STRING : KQL_TYPE_NONE;
    bool known = source->kind == TABLE_FROM_FINDINGS &&
                 column_type(finding_columns, sizeof(finding_columns) / sizeof(finding_columns[0]),
                             name, &type);
    if (!known)
        known = column_type(own_columns, sizeof(own_columns) / sizeof(own_columns[0]), name, &type);
    if (!known)
        known = field_type(tables, source->dataset, name, &type);
    if (!known)
        (void)field_type(tables, source->fields_of, name, &type);
    return type;
}
