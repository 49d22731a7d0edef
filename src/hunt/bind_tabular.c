/*
 * Tabular expressions: tables, lets, pipes, datatable.
 */
#include "base/nearest.h"
#include "hunt/bind.h"
#include "hunt/kql_operators.h"

static int bind_binding_table(struct hunt_bind *bind, struct binding *binding,
                              const struct kql_expr *expr, struct rel *ret)
{
    if (binding->kind == BOUND_REL && binding->rel.node) {
        *ret = rel_again(bind, &binding->rel);
        return 0;
    }
    if (binding->kind == BOUND_FUNCTION && binding->statement->parameters.len == 0) {
        struct kql_expr call = {.kind = KQL_CALL, .place = expr->place};
        call.call.name = expr->name;
        return bind_user_tabular(bind, binding, &call, NULL, ret);
    }
    if (binding->kind != BOUND_EXPR)
        return hunt_refuse(bind, expr->place, "'%.*s' is no table", STR_ARG(expr->name));
    if (binding->busy)
        return hunt_refuse(bind, expr->place, "'%.*s' is made of itself", STR_ARG(expr->name));
    /* A materialized one is bound once, and then shared. */
    struct binding *scope = bind->scope;
    binding->busy = true;
    bind->scope = binding->scope;
    int status = bind_tabular(bind, binding->expr, ret);
    bind->scope = scope;
    binding->busy = false;
    if (status == 0 && ret->node->kind == NODE_SHARED) {
        binding->kind = BOUND_REL;
        binding->rel = *ret;
        *ret = rel_again(bind, &binding->rel);
    }
    return status;
}

static int bind_unknown_table(struct hunt_bind *bind, struct kql_place place, struct str name)
{
    struct nearest nearest;
    bind->missing = true;
    nearest_begin(&nearest, name);
    for (const struct binding *binding = bind->scope; binding; binding = binding->next)
        nearest_offer(&nearest, binding->name);
    struct str near = nearest.found;
    if (!near.len)
        near = tables_nearest(bind->options->tables, name);
    if (near.len)
        return hunt_refuse(bind, place, "there is no table '%.*s'; did you mean '%.*s'?",
                           STR_ARG(name), STR_ARG(near));
    return hunt_refuse(bind, place, "there is no table '%.*s'", STR_ARG(name));
}

static int bind_table_name(struct hunt_bind *bind, const struct kql_expr *expr, struct str name,
                           struct rel *ret)
{
    struct binding *binding = bind_find(bind, name);
    if (binding) {
        int status = bind_binding_table(bind, binding, expr, ret);
        ret->table = name;
        return status;
    }
    const struct table *table = tables_find(bind->options->tables, name);
    if (!table)
        return bind_unknown_table(bind, expr->place, name);
    return bind_table(bind, table, ret);
}

/* table("T"): the name may be a parameter of a function, so that one function looks at several tables. */
static int bind_table_of(struct hunt_bind *bind, const struct kql_expr *expr, struct rel *ret)
{
    struct hunt_value name;
    if (expr->call.arguments.len == 0)
        return hunt_refuse(bind, expr->place, "table() wants the name of a table");
    int status = bind_scalar(bind, expr->call.arguments.items[0].expr, &name);
    if (status < 0)
        return status;
    if (!name.constant || name.type != KQL_STRING)
        return hunt_refuse(bind, expr->place,
                           "the name of a table is a text that is known before the query runs");
    return bind_table_name(bind, expr, name.literal.text, ret);
}

static int bind_table_call(struct hunt_bind *bind, const struct kql_expr *expr, struct rel *ret)
{
    struct str name = expr->call.name;
    const struct kql_named_list *arguments = &expr->call.arguments;
    struct binding *binding = bind_find(bind, name);
    if (binding && binding->kind == BOUND_FUNCTION)
        return bind_user_tabular(bind, binding, expr, NULL, ret);
    bool materialize = str_eq(name, STR("materialize"));
    if ((materialize || str_eq(name, STR("view"))) && arguments->len == 1) {
        int status = bind_tabular(bind, arguments->items[0].expr, ret);
        if (status == 0 && materialize)
            rel_share(bind, ret);
        return status;
    }
    if (str_eq(name, STR("table")))
        return bind_table_of(bind, expr, ret);
    return bind_not_done(bind, expr->place, "there is no table function '%.*s'", STR_ARG(name));
}

/* datatable(...) [...] as VALUES. */
static int bind_datatable(struct hunt_bind *bind, const struct kql_expr *expr, struct rel *ret)
{
    const struct kql_column_list *columns = &expr->table.columns;
    struct node *node = node_new(bind, NODE_ROWS, NULL);
    *ret = (struct rel){.node = node};
    struct buf buf = {0};
    uint32_t n_rows = columns->len ? expr->table.values.len / columns->len : 0;
    for (uint32_t i = 0; i < n_rows * columns->len; i++) {
        struct hunt_value value;
        int status = bind_scalar(bind, expr->table.values.items[i], &value);
        if (status < 0) {
            buf_free(&buf);
            return status;
        }
        bool first = i % columns->len == 0;
        value = bind_as(bind, value, columns->items[i % columns->len].type);
        buf_add_c(&buf, !first ? ", " : i ? "), (" : "(VALUES (");
        buf_add_str(&buf, value.sql);
    }
    struct str values = bind_keep(bind, &buf);
    for (uint32_t i = 0; i < columns->len; i++) {
        const struct kql_column *declared = &columns->items[i];
        struct column *column = column_new(bind, declared->name.text, declared->type);
        column_list_add(bind, &node->columns, column);
        if (field_find(&ret->fields, declared->name.text))
            return hunt_refuse(bind, declared->name.place, "a second column '%.*s'",
                               STR_ARG(declared->name.text));
        field_add(bind, &ret->fields, declared->name.text, column);
        buf_printf(&buf, "%sc%u::%s AS %.*s", i ? ", " : "SELECT ", i,
                   bind_sql_type(declared->type), STR_ARG(column->sql));
    }
    buf_add_c(&buf, " FROM ");
    buf_add_str(&buf, values);
    buf_add_c(&buf, n_rows ? "))" : "(SELECT NULL");
    for (uint32_t i = 1; !n_rows && i < columns->len; i++)
        buf_add_c(&buf, ", NULL");
    buf_add_c(&buf, n_rows ? " AS v(" : " WHERE FALSE) AS v(");
    for (uint32_t i = 0; i < columns->len; i++)
        buf_printf(&buf, "%sc%u", i ? ", " : "", i);
    buf_add_byte(&buf, ')');
    node->text = bind_keep(bind, &buf);
    return 0;
}

int bind_pipe(struct hunt_bind *bind, const struct kql_expr *expr, const struct rel *around,
              struct rel *ret)
{
    *ret = around ? *around : (struct rel){0};
    struct binding *scope = bind->scope;
    int status = expr->pipe.source ? bind_tabular(bind, expr->pipe.source, ret) : 0;
    for (uint32_t i = 0; status == 0 && i < expr->pipe.operators.len; i++) {
        const struct kql_operator *op = expr->pipe.operators.items[i];
        const struct op_row *row = op_find(op->kind);
        certain_operator(bind, op->kind);
        if (row)
            status = row->bind(bind, op, ret);
        else
            status = bind_not_done(bind, op->place, "'%s' can't be run here",
                                   kql_operator_row_of(op->kind)->name);
        if (op->kind != KQL_AS)
            ret->table = (struct str){0};
    }
    bind->scope = scope;
    return status;
}

int bind_tabular(struct hunt_bind *bind, const struct kql_expr *expr, struct rel *ret)
{
    struct expr_scope saved = bind->in;
    bind->in = (struct expr_scope){0};
    int status;
    switch (expr->kind) {
    case KQL_PIPE:
        status = bind_pipe(bind, expr, NULL, ret);
        break;
    case KQL_DATATABLE:
        status = bind_datatable(bind, expr, ret);
        break;
    case KQL_NAME:
        status = bind_table_name(bind, expr, expr->name, ret);
        break;
    case KQL_MEMBER:
        /* database("x").T, workspace("y").T: there is one lake. */
        status = bind_table_name(bind, expr, expr->member.name, ret);
        break;
    case KQL_CALL:
        status = bind_table_call(bind, expr, ret);
        break;
    case KQL_EXTERNALDATA:
        status =
            bind_not_done(bind, expr->place,
                          "externaldata is not read: a hunt looks only at what is stored here");
        break;
    default:
        status = hunt_refuse(bind, expr->place, "here stands a value where a table is wanted");
    }
    bind->in = saved;
    return status;
}
