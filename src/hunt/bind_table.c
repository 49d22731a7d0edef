/*
 * Tables as they are published: each source is the rows of a dataset, a column is made of native fields when
 * something turns out to use it.
 */
#include <errno.h>

#include "hunt/bind.h"

/* What the lake has, or the findings have, under a native name. */
static enum kql_type own_type(struct str name)
{
    uint32_t n;
    const struct table_column *own = tables_own_columns(&n);
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(own[i].name, name))
            return own[i].type;
    return KQL_TYPE_NONE;
}

static enum kql_type stored_type(enum lake_kind kind)
{
    static const enum kql_type types[] = {
        [LAKE_NULL] = KQL_STRING, [LAKE_BOOLEAN] = KQL_BOOL, [LAKE_INTEGER] = KQL_LONG,
        [LAKE_DOUBLE] = KQL_REAL, [LAKE_TEXT] = KQL_STRING,  [LAKE_TIME] = KQL_DATETIME,
        [LAKE_JSON] = KQL_DYNAMIC};
    return types[kind];
}

/* The lake's own names for rows of findings. */
static struct str finding_name(struct str name)
{
    static const struct {
        struct str own, finding;
    } names[] = {
        {{"_time", 5}, {"last", 4}},        {{"_id", 3}, {"id", 2}},
        {{"_agency", 7}, {"agency", 6}},    {{"_source", 7}, {"source", 6}},
        {{"_received", 9}, {"created", 7}},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(names[i].own, name))
            return names[i].finding;
    return name;
}

static void native_of_findings(struct hunt_bind *bind, struct column *column, struct str name)
{
    name = finding_name(name);
    uint32_t n;
    const struct table_column *columns = tables_finding_columns(&n);
    enum kql_type type = KQL_STRING;
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(columns[i].name, name))
            type = columns[i].type;
    struct str path = hunt_quote(bind, hunt_text(bind, "$.\"%.*s\"", STR_ARG(name)));
    struct hunt_value value =
        bind_value(KQL_DYNAMIC, hunt_text(bind, "json_extract(finding, %.*s)", STR_ARG(path)));
    value.base = STR("finding");
    value.path = path;
    column->type = type;
    column->sql = hunt_convert(bind, value, type).sql;
}

static void native_of_dataset(struct hunt_bind *bind, struct column *column,
                              const struct source *source, struct str name)
{
    enum kql_type own = own_type(name);
    const struct lake_column *stored =
        own || !bind->options->catalogue
            ? NULL
            : hunt_catalogue_find(bind->options->catalogue, source->dataset, name);
    enum kql_type is = own ? own : stored ? stored_type(stored->kind) : KQL_STRING;
    column->type =
        source->of ? tables_native_type(bind->options->tables, source->of, name) : KQL_TYPE_NONE;
    if (column->type == KQL_TYPE_NONE)
        column->type = is;
    if (own || stored)
        column->sql = bind_quote_name(bind, own ? name : stored->name);
    else
        column->sql = bind_null(bind, column->type);
    if (stored && is != column->type)
        column->sql = hunt_convert(bind, bind_value(is, column->sql), column->type).sql;
    column->stored = stored != NULL;
    column->absent = !own && !stored;
}

struct column *bind_native(struct hunt_bind *bind, struct node *source, struct str name)
{
    for (uint32_t i = 0; i < source->columns.len; i++)
        if (str_eq(source->columns.items[i]->expr, name))
            return source->columns.items[i];
    struct column *column = bind_alloc(bind, 1, sizeof(*column));
    column->expr = name;
    if (source->source->findings)
        native_of_findings(bind, column, name);
    else
        native_of_dataset(bind, column, source->source, name);
    column_list_add(bind, &source->columns, column);
    return column;
}

static int cell_value(struct hunt_bind *bind, struct node *source, const struct table_cell *cell,
                      struct column_list *refs, struct hunt_value *ret)
{
    if (cell->kind == TABLE_FIELD) {
        struct column *native = bind_native(bind, source, cell->text);
        column_list_add(bind, refs, native);
        *ret = column_value(native);
        return 0;
    }
    struct expr_scope saved = bind->in;
    bind->in = (struct expr_scope){.source = source, .refs = refs};
    int status = bind_scalar(bind, cell->expr, ret);
    bind->in = saved;
    return status;
}

/* An error in a table's own text has no place in the query. */
static int blame_table(struct hunt_bind *bind, int status, const struct table_cell *cell)
{
    if (status < 0) {
        struct err inner = *bind->err;
        (void)err_set(bind->err, status, "in a table's definition, '%.*s': %s", STR_ARG(cell->text),
                      inner.message);
    }
    return status;
}

int bind_cell(struct hunt_bind *bind, struct column *column)
{
    struct hunt_value value;
    int status = cell_value(bind, column->source, column->cell, &column->refs, &value);
    if (status < 0)
        return blame_table(bind, status, column->cell);
    /* A bare column stays one: the engine skips what a comparison with it rules out. */
    column->expr =
        value.type == column->type ? value.sql : hunt_convert(bind, value, column->type).sql;
    return 0;
}

static struct column *cell_column(struct hunt_bind *bind, struct node *node, struct node *source,
                                  const struct table_cell *cell, const struct table_column *of)
{
    struct column *column = column_new(bind, of->name, of->type);
    if (cell->kind == TABLE_NOTHING)
        column->expr = bind_null(bind, of->type);
    else
        column->cell = cell;
    column->source = source;
    column_list_add(bind, &node->columns, column);
    return column;
}

static const struct table_cell *field_cell(struct hunt_bind *bind, struct str name)
{
    struct table_cell *cell = bind_alloc(bind, 1, sizeof(*cell));
    *cell = (struct table_cell){.kind = TABLE_FIELD, .text = name};
    return cell;
}

/* A dataset under its own name also has the fields that it does not describe but the lake has. */
static void add_stored(struct hunt_bind *bind, struct node *source, struct rel *rel)
{
    uint32_t at = 0;
    const struct lake_column *stored;
    while (bind->options->catalogue &&
           (stored = hunt_catalogue_next(bind->options->catalogue, source->source->dataset, &at))) {
        if (field_find(&rel->fields, stored->field))
            continue;
        struct table_column of = {stored->field, stored_type(stored->kind)};
        field_add(bind, &rel->fields, of.name,
                  cell_column(bind, rel->node, source, field_cell(bind, of.name), &of));
    }
}

static struct node *source_node(struct hunt_bind *bind, const struct table_source *of)
{
    if (++bind->n_sources > HUNT_SOURCES_MAX)
        bind_spent(bind, -E2BIG, "the query reads too many datasets");
    struct source *source = bind_alloc(bind, 1, sizeof(*source));
    *source = (struct source){
        .name = hunt_text(bind, "s%u", bind->n_sources),
        .dataset = arena_copy(bind->arena, of->dataset),
        .findings = of->kind == TABLE_FROM_FINDINGS,
        .first = bind->options->first,
        .last = bind->options->last,
        .next = bind->sources,
    };
    bind->sources = source;
    struct node *node = node_new(bind, NODE_SOURCE, NULL);
    node->source = source;
    source->node = node;
    return node;
}

static int bind_where(struct hunt_bind *bind, struct node *source, const struct table_cell *cell,
                      struct node *node)
{
    struct hunt_value where;
    bool uncertain = bind->uncertain;
    bind->uncertain = false;
    int status = cell_value(bind, source, cell, &node->needs, &where);
    if (status < 0)
        return blame_table(bind, status, cell);
    node->where = hunt_convert(bind, where, KQL_BOOL).sql;
    if (!bind->uncertain && !source->source->findings)
        early_add(bind, source->source, node->where);
    bind->uncertain = bind->uncertain || uncertain;
    return 0;
}

static int bind_source(struct hunt_bind *bind, const struct table *table,
                       const struct table_source *of, struct rel *ret)
{
    struct node *source = source_node(bind, of);
    source->source->of = table->open ? NULL : of;
    *ret = (struct rel){.node = node_new(bind, NODE_SELECT, source)};
    for (uint32_t i = 0; i < table->n_columns; i++)
        field_add(bind, &ret->fields, table->columns[i].name,
                  cell_column(bind, ret->node, source, &of->cells[i], &table->columns[i]));
    if (table->open)
        add_stored(bind, source, ret);
    uint32_t n;
    const struct table_column *own = tables_own_columns(&n);
    for (uint32_t i = 0; i < n; i++)
        field_add(bind, &ret->hidden, own[i].name,
                  cell_column(bind, ret->node, source, field_cell(bind, own[i].name), &own[i]));
    if (of->where.kind == TABLE_NOTHING)
        return 0;
    return bind_where(bind, source, &of->where, ret->node);
}

/* A table that is known and has no source. */
static void bind_empty(struct hunt_bind *bind, const struct table *table, struct rel *ret)
{
    struct node *node = node_new(bind, NODE_SELECT, NULL);
    node->where = STR("FALSE");
    *ret = (struct rel){.node = node};
    uint32_t n;
    const struct table_column *own = tables_own_columns(&n);
    for (uint32_t i = 0; i < table->n_columns + n; i++) {
        bool hidden = i >= table->n_columns;
        const struct table_column *of = hidden ? &own[i - table->n_columns] : &table->columns[i];
        struct column *column = column_new(bind, of->name, of->type);
        column->expr = bind_null(bind, of->type);
        column_list_add(bind, &node->columns, column);
        field_add(bind, hidden ? &ret->hidden : &ret->fields, of->name, column);
    }
}

/* A table of several sources is one of those that have rows; of the last where none has. */
static bool is_wanted(const struct hunt_bind *bind, const struct table *table, uint32_t i,
                      uint32_t n_wanted)
{
    const struct table_source *of = &table->sources[i];
    return of->kind == TABLE_FROM_FINDINGS || (i + 1 == table->n_sources && n_wanted == 0) ||
           prune_has(bind, of->dataset, bind->options->first, bind->options->last);
}

int bind_table(struct hunt_bind *bind, const struct table *table, struct rel *ret)
{
    int status = 0;
    struct rel_list sources = {0};
    for (uint32_t i = 0; status == 0 && i < table->n_sources; i++) {
        struct rel rel;
        if (!is_wanted(bind, table, i, sources.len))
            continue;
        status = bind_source(bind, table, &table->sources[i], &rel);
        if (status == 0)
            rel_list_add(bind, &sources, &rel);
    }
    if (status < 0)
        return status;
    if (sources.len == 0)
        bind_empty(bind, table, ret);
    else
        *ret = sources.len == 1 ? sources.items[0]
                                : bind_union(bind, &sources, false, (struct str){0});
    ret->table = table->name;
    return 0;
}
