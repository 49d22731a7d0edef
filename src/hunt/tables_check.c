/*
 * Holds the names in the expressions of sources against the datasets: a name that no dataset knows is a
 * slip of the pen, and would be a null column for ever.
 */
#include "hunt/tables_set.h"

#include <errno.h>

/* Whose names an expression may have. */
struct scope {
    const struct datasets *datasets;
    const struct table_source *source;
};

static bool own_column(struct str name)
{
    uint32_t count;
    const struct table_column *columns = tables_own_columns(&count);
    for (uint32_t i = 0; i < count; i++)
        if (str_eq(columns[i].name, name))
            return true;
    return false;
}

static bool listed(uint32_t field, const uint32_t *fields, uint32_t n_fields)
{
    for (uint32_t i = 0; i < n_fields; i++)
        if (fields[i] == field)
            return true;
    return false;
}

static bool dataset_knows(const struct datasets *datasets, uint32_t index, struct str name)
{
    const struct dataset *dataset = datasets_get(datasets, index);
    uint32_t field = fields_find(datasets_fields(datasets), name);
    if (field == FIELD_NONE)
        return false;
    for (uint32_t i = 0; i < dataset->n_aliases; i++)
        if (dataset->aliases[i].native == field)
            return true;
    return datasets_field(datasets, index, field) != NULL || dataset->event_id_field == field ||
           listed(field, dataset->time_fields, dataset->n_time_fields) ||
           listed(field, dataset->host_fields, dataset->n_host_fields) ||
           listed(field, dataset->user_fields, dataset->n_user_fields);
}

static bool source_knows(const struct scope *scope, struct str name)
{
    const struct table_source *source = scope->source;
    uint32_t other =
        source->fields_of.len ? datasets_find(scope->datasets, source->fields_of) : DATASET_NONE;
    return dataset_knows(scope->datasets, source->dataset_index, name) ||
           (other != DATASET_NONE && dataset_knows(scope->datasets, other, name));
}

static bool finding_knows(struct str name)
{
    uint32_t count;
    const struct table_column *columns = tables_finding_columns(&count);
    for (uint32_t i = 0; i < count; i++)
        if (str_eq(columns[i].name, name))
            return true;
    return false;
}

static int check_name(const struct scope *scope, struct str name, struct err *err)
{
    const struct table_source *source = scope->source;
    bool findings = source->kind == TABLE_FROM_FINDINGS;
    if (own_column(name) || (findings ? finding_knows(name) : source_knows(scope, name)))
        return 0;
    return err_set(err, -EINVAL, "%s%.*s %s no field '%.*s'", findings ? "a finding" : "dataset ",
                   STR_ARG(source->dataset), findings ? "has" : "knows", STR_ARG(name));
}

static int check_names(const struct scope *scope, const struct kql_expr *expr, struct err *err);

static int check_list(const struct scope *scope, const struct kql_expr_list *list, struct err *err)
{
    for (uint32_t i = 0; i < list->len; i++) {
        int status = check_names(scope, list->items[i], err);
        if (status < 0)
            return status;
    }
    return 0;
}

static int check_pair(const struct scope *scope, const struct kql_expr *left,
                      const struct kql_expr *right, struct err *err)
{
    int status = check_names(scope, left, err);
    return status < 0 ? status : check_names(scope, right, err);
}

static int check_call(const struct scope *scope, const struct kql_expr *call, struct err *err)
{
    int status = call->call.object ? check_names(scope, call->call.object, err) : 0;
    for (uint32_t i = 0; status == 0 && i < call->call.arguments.len; i++)
        status = check_names(scope, call->call.arguments.items[i].expr, err);
    return status;
}

/* The names of a scalar expression. A tree has a limited height (ast.h), so this may recurse. */
static int check_names(const struct scope *scope, const struct kql_expr *expr, struct err *err)
{
    int status;
    switch (expr->kind) {
    case KQL_LITERAL:
    case KQL_JSON:
        return 0;
    case KQL_NAME:
        return check_name(scope, expr->name, err);
    case KQL_MEMBER:
        return check_names(scope, expr->member.object, err);
    case KQL_INDEX:
        return check_pair(scope, expr->index.object, expr->index.index, err);
    case KQL_CALL:
        return check_call(scope, expr, err);
    case KQL_NEGATE:
        return check_names(scope, expr->operand, err);
    case KQL_BINARY:
        return check_pair(scope, expr->binary.left, expr->binary.right, err);
    case KQL_AND:
    case KQL_OR:
        return check_list(scope, &expr->exprs, err);
    case KQL_MEMBERSHIP:
        status = check_names(scope, expr->membership.left, err);
        return status < 0 ? status : check_list(scope, &expr->membership.items, err);
    case KQL_RANGE:
        status = check_names(scope, expr->range.left, err);
        return status < 0 ? status : check_pair(scope, expr->range.low, expr->range.high, err);
    default:
        return err_set(err, -EINVAL, "expected a scalar expression");
    }
}

static int check_cell(const struct scope *scope, const struct table_cell *cell, struct err *err)
{
    if (cell->kind == TABLE_NOTHING || cell->same)
        return 0;
    int status = check_names(scope, cell->expr, err);
    if (status < 0) {
        err->line = cell->line;
        err->column = cell->column;
    }
    return status;
}

static int check_source(const struct datasets *datasets, struct table_source *source,
                        uint32_t n_cells, struct err *err)
{
    struct scope scope = {datasets, source};
    source->dataset_index = DATASET_NONE;
    if (source->kind == TABLE_FROM_DATASET) {
        source->dataset_index = datasets_find(datasets, source->dataset);
        if (source->dataset_index == DATASET_NONE)
            return err_at(err, -EINVAL, source->line, 0, "there is no dataset '%.*s'",
                          STR_ARG(source->dataset));
    }
    if (source->fields_of.len && datasets_find(datasets, source->fields_of) == DATASET_NONE)
        return err_at(err, -EINVAL, source->line, 0, "there is no dataset '%.*s'",
                      STR_ARG(source->fields_of));
    int status = check_cell(&scope, &source->where, err);
    for (uint32_t i = 0; status == 0 && i < n_cells; i++)
        status = check_cell(&scope, &source->cells[i], err);
    return status;
}

int tables_check(struct tables *tables, const struct datasets *datasets,
                 const struct table **ret_table, struct err *err)
{
    for (size_t i = 0; i < tables->items.len; i++) {
        struct table *table = tables->items.items[i];
        for (uint32_t s = 0; s < table->n_sources; s++) {
            int status = check_source(datasets, &table->sources[s], table->n_columns, err);
            if (status < 0) {
                *ret_table = table;
                return status;
            }
        }
    }
    return 0;
}
