/*
 * union, and the tables that a list of names and patterns means.
 */
#include <errno.h>

#include "hunt/op.h"

/* Stars stand for any text. */
bool bind_pattern_fits(struct str pattern, struct str name)
{
    size_t star = str_index(pattern, '*');
    if (star == pattern.len)
        return str_eq(pattern, name);
    if (!str_starts(name, str_first(pattern, star)))
        return false;
    name = str_skip(name, star);
    pattern = str_skip(pattern, star + 1);
    while ((star = str_index(pattern, '*')) < pattern.len) {
        size_t at = str_find(name, str_first(pattern, star));
        if (at == SIZE_MAX)
            return false;
        name = str_skip(name, at + star);
        pattern = str_skip(pattern, star + 1);
    }
    return str_ends(name, pattern);
}

/* ---- all tables ---- */

static bool is_stored(const struct hunt_bind *bind, const struct table_source *source)
{
    const struct hunt_catalogue *catalogue = bind->options->catalogue;
    return source->kind == TABLE_FROM_FINDINGS ||
           (catalogue && hunt_catalogue_has(catalogue, source->dataset));
}

static bool has_rows(const struct hunt_bind *bind, const struct table *table)
{
    for (uint32_t i = 0; i < table->n_sources; i++)
        if (is_stored(bind, &table->sources[i]))
            return true;
    return false;
}

/* Made of a file, not of the datasets. */
static bool is_published(const struct table *table)
{
    return table->origin.len > 0;
}

/* Are all events of a dataset rows of some published table? */
static bool is_covered(const struct tables *tables, struct str dataset)
{
    for (uint32_t t = 0; t < tables_count(tables); t++) {
        const struct table *table = tables_get(tables, t);
        for (uint32_t i = 0; is_published(table) && i < table->n_sources; i++)
            if (table->sources[i].where.kind == TABLE_NOTHING &&
                str_eq(table->sources[i].dataset, dataset))
                return true;
    }
    return false;
}

static bool is_left_over(const struct hunt_bind *bind, const struct table *table)
{
    return table->open && has_rows(bind, table) &&
           !is_covered(bind->options->tables, table->sources[0].dataset);
}

static int add_table(struct hunt_bind *bind, const struct table *table, struct rel_list *list)
{
    struct rel rel;
    int status = bind_table(bind, table, &rel);
    if (status == 0)
        rel_list_add(bind, list, &rel);
    return status;
}

int bind_all_tables(struct hunt_bind *bind, bool every, struct rel_list *list)
{
    const struct tables *tables = bind->options->tables;
    uint32_t before = list->len;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < tables_count(tables); i++) {
        const struct table *table = tables_get(tables, i);
        if (is_published(table) ? has_rows(bind, table) : every && is_left_over(bind, table))
            status = add_table(bind, table, list);
    }
    for (uint32_t i = 0; status == 0 && list->len == before && i < tables_count(tables); i++)
        if (is_published(tables_get(tables, i)))
            status = add_table(bind, tables_get(tables, i), list);
    return status;
}

/* ---- tables by name ---- */

static int add_fitting(struct hunt_bind *bind, const struct kql_expr *expr, struct str pattern,
                       bool fuzzy, struct rel_list *list)
{
    uint32_t before = list->len;
    for (uint32_t i = 0; i < tables_count(bind->options->tables); i++) {
        const struct table *table = tables_get(bind->options->tables, i);
        struct rel rel;
        if (!bind_pattern_fits(pattern, table->name))
            continue;
        int status = bind_table(bind, table, &rel);
        if (status < 0)
            return status;
        rel_list_add(bind, list, &rel);
    }
    for (struct binding *binding = bind->scope; binding; binding = binding->next) {
        struct kql_expr name = {.kind = KQL_NAME, .place = expr->place, .name = binding->name};
        struct rel rel;
        if (bind_find(bind, binding->name) != binding ||
            !bind_pattern_fits(pattern, binding->name) || !bind_is_tabular(bind, &name))
            continue;
        int status = bind_tabular(bind, &name, &rel);
        if (status < 0)
            return status;
        rel_list_add(bind, list, &rel);
    }
    if (list->len == before && !fuzzy)
        return hunt_refuse(bind, expr->place, "there is no table '%.*s'", STR_ARG(pattern));
    return 0;
}

/* With fuzzy a table that is not there is left out, with all that would be made of it. */
static int add_input(struct hunt_bind *bind, const struct kql_expr *expr, bool fuzzy,
                     struct rel_list *list)
{
    struct rel rel;
    struct binding *scope = bind->scope;
    bind->missing = false;
    int status = bind_tabular(bind, expr, &rel);
    if (status == 0)
        rel_list_add(bind, list, &rel);
    else if (fuzzy && bind->missing) {
        bind->scope = scope;
        bind->missing = false;
        *bind->err = (struct err){0};
        return 0;
    }
    return status;
}

int bind_tables(struct hunt_bind *bind, const struct kql_expr_list *exprs, bool fuzzy,
                struct rel_list *list)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < exprs->len; i++) {
        const struct kql_expr *expr = exprs->items[i];
        if (expr->kind == KQL_PATTERN)
            status = add_fitting(bind, expr, expr->name, fuzzy, list);
        else if (expr->kind == KQL_STAR)
            status = bind_all_tables(bind, false, list);
        else if (expr->kind == KQL_MEMBER &&
                 str_index(expr->member.name, '*') < expr->member.name.len)
            status = add_fitting(bind, expr, expr->member.name, fuzzy, list);
        else
            status = add_input(bind, expr, fuzzy, list);
    }
    return status;
}

/* The field of that name, which is mostly at the same place: the sources of a table have like columns. */
static struct field *find_near(const struct field_list *list, struct str name, uint32_t place)
{
    if (place < list->len && str_eq(list->items[place].name, name))
        return &list->items[place];
    return field_find(list, name);
}

/* Does any table have a column of that name and another type? */
static bool is_mixed(const struct rel_list *list, const struct field *field, uint32_t place)
{
    for (uint32_t i = 0; i < list->len; i++) {
        const struct field *other = find_near(&list->items[i].fields, field->name, place);
        if (other && other->column->type != field->column->type)
            return true;
    }
    return false;
}

static struct column *union_column(struct hunt_bind *bind, struct node *node,
                                   struct field_list *fields, struct str name, enum kql_type type,
                                   uint32_t place)
{
    struct field *field = find_near(fields, name, place);
    if (field)
        return field->column;
    struct column *column = column_new(bind, name, type);
    column->n_parts = node->n_inputs;
    column->parts = bind_alloc(bind, node->n_inputs, sizeof(struct column *));
    column_list_add(bind, &node->columns, column);
    field_add(bind, fields, name, column);
    return column;
}

static bool all_have(const struct column *column)
{
    for (uint32_t i = 0; i < column->n_parts; i++)
        if (!column->parts[i])
            return false;
    return true;
}

static void add_fields(struct hunt_bind *bind, struct node *node, const struct rel_list *list,
                       uint32_t input, bool hidden, struct field_list *fields)
{
    const struct field_list *of = hidden ? &list->items[input].hidden : &list->items[input].fields;
    for (uint32_t i = 0; i < of->len; i++) {
        const struct field *field = &of->items[i];
        struct str name = field->name;
        if (!hidden && is_mixed(list, field, i))
            name = hunt_text(bind, "%.*s_%.*s", STR_ARG(name),
                             STR_ARG(kql_type_name(field->column->type)));
        union_column(bind, node, fields, name, field->column->type, i)->parts[input] =
            field->column;
    }
}

struct rel bind_union(struct hunt_bind *bind, const struct rel_list *list, bool inner,
                      struct str source_column)
{
    struct node *node = node_new(bind, NODE_UNION, NULL);
    struct rel rel = {.node = node};
    struct field_list all = {0};
    node->n_inputs = list->len;
    node->inputs = bind_alloc(bind, list->len, sizeof(struct node *));
    for (uint32_t i = 0; i < list->len; i++) {
        if (source_column.len) {
            struct hunt_value name = bind_text_constant(bind, list->items[i].table);
            struct rel *input = &list->items[i];
            struct column *part = rel_compute(bind, input, source_column, &name, NULL);
            union_column(bind, node, &all, source_column, KQL_STRING, 0)->parts[i] = part;
        }
        add_fields(bind, node, list, i, false, &all);
        add_fields(bind, node, list, i, true, &rel.hidden);
        node->inputs[i] = list->items[i].node;
    }
    for (uint32_t i = 0; i < all.len; i++) {
        struct column *column = all.items[i].column;
        column->filled = all_have(column);
        for (uint32_t p = 0; p < column->n_parts; p++)
            column->filled = column->filled && column->parts[p]->filled;
        if (!inner || all_have(column))
            field_add(bind, &rel.fields, all.items[i].name, column);
    }
    return rel;
}

static int op_union(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct rel_list list = {0};
    if (rel->node)
        rel_list_add(bind, &list, rel);
    int status = bind_tables(bind, &op->merge.tables, op->merge.fuzzy, &list);
    if (status < 0)
        return status;
    if (list.len == 0)
        return hunt_refuse(bind, op->place, "none of the tables of this union is there");
    *rel = bind_union(bind, &list, op->merge.inner, op->merge.source_column.text);
    return 0;
}

const struct op_row op_rows_union[] = {
    {KQL_UNION, op_union},
    {0, NULL},
};
