/*
 * Names of the query: let, functions and their parameters, declare query_parameters. A scope is the chain of what was
 * named before; what a let holds is bound in the scope where it was written.
 */
#include <errno.h>

#include "hunt/bind.h"

struct binding *bind_find(const struct hunt_bind *bind, struct str name)
{
    for (struct binding *binding = bind->scope; binding; binding = binding->next)
        if (str_eq(binding->name, name))
            return binding;
    return NULL;
}

struct binding *bind_name(struct hunt_bind *bind, struct str name, enum binding_kind kind)
{
    struct binding *binding = bind_alloc(bind, 1, sizeof(*binding));
    binding->name = name;
    binding->kind = kind;
    binding->scope = bind->scope;
    binding->next = bind->scope;
    bind->scope = binding;
    return binding;
}

/* ---- is it a table? ---- */

static bool statement_is_tabular(struct hunt_bind *bind, const struct binding *binding)
{
    const struct kql_statement_list *body = &binding->statement->body;
    const struct kql_statement *last = body->len ? body->items[body->len - 1] : NULL;
    if (!last || last->kind != KQL_EXPRESSION || bind->n_calls >= BIND_CALLS_MAX)
        return false;
    struct binding *scope = bind->scope;
    bind->scope = binding->scope;
    bind->n_calls++;
    for (uint32_t i = 0; i < binding->statement->parameters.len; i++) {
        const struct kql_parameter *parameter = &binding->statement->parameters.items[i];
        bind_name(bind, parameter->name.text, parameter->tabular ? BOUND_REL : BOUND_VALUE);
    }
    for (uint32_t i = 0; i + 1 < body->len; i++)
        if (body->items[i]->kind == KQL_LET)
            bind_name(bind, body->items[i]->name.text, BOUND_EXPR)->expr = body->items[i]->expr;
    bool tabular = bind_is_tabular(bind, last->expr);
    bind->n_calls--;
    bind->scope = scope;
    return tabular;
}

static bool binding_is_tabular(struct hunt_bind *bind, struct binding *binding)
{
    if (binding->kind != BOUND_EXPR)
        return binding->kind == BOUND_REL;
    if (binding->busy)
        return false;
    struct binding *scope = bind->scope;
    bind->scope = binding->scope;
    binding->busy = true;
    bool tabular = bind_is_tabular(bind, binding->expr);
    binding->busy = false;
    bind->scope = scope;
    return tabular;
}

static bool call_is_tabular(struct hunt_bind *bind, const struct kql_expr *expr)
{
    struct str name = expr->call.name;
    if (expr->call.object)
        return true;
    if (str_eq(name, STR("materialize")) || str_eq(name, STR("view")))
        return expr->call.arguments.len == 1 &&
               bind_is_tabular(bind, expr->call.arguments.items[0].expr);
    if (str_eq(name, STR("table")))
        return true;
    struct binding *binding = bind_find(bind, name);
    return binding && binding->kind == BOUND_FUNCTION && statement_is_tabular(bind, binding);
}

bool bind_is_tabular(struct hunt_bind *bind, const struct kql_expr *expr)
{
    if (expr->kind == KQL_PIPE || expr->kind == KQL_DATATABLE || expr->kind == KQL_EXTERNALDATA)
        return true;
    if (expr->kind == KQL_CALL)
        return call_is_tabular(bind, expr);
    if (expr->kind != KQL_NAME)
        return false;
    if (bind->in.row && field_find(&bind->in.row->fields, expr->name))
        return false;
    struct binding *binding = bind_find(bind, expr->name);
    if (binding)
        return binding_is_tabular(bind, binding);
    return tables_find(bind->options->tables, expr->name) != NULL;
}

/* ---- values ---- */

/* Binds in the scope of a binding, apart from the row around its use. */
static int bind_apart(struct hunt_bind *bind, struct binding *scope, const struct kql_expr *expr,
                      struct hunt_value *ret)
{
    struct expr_scope saved_in = bind->in;
    struct binding *saved_scope = bind->scope;
    bind->scope = scope;
    bind->in = (struct expr_scope){0};
    int status = bind_scalar(bind, expr, ret);
    bind->scope = saved_scope;
    bind->in = saved_in;
    return status;
}

int bind_binding_value(struct hunt_bind *bind, struct binding *binding, struct kql_place place,
                       struct hunt_value *ret)
{
    if (binding->kind == BOUND_VALUE) {
        *ret = binding->value;
        return 0;
    }
    if (binding->busy)
        return hunt_refuse(bind, place, "'%.*s' is made of itself", STR_ARG(binding->name));
    if (binding->kind != BOUND_EXPR || binding_is_tabular(bind, binding))
        return hunt_refuse(bind, place, "'%.*s' is %s, not a value", STR_ARG(binding->name),
                           binding->kind == BOUND_FUNCTION ? "a function" : "a table");
    binding->busy = true;
    int status = bind_apart(bind, binding->scope, binding->expr, &binding->value);
    binding->busy = false;
    if (status < 0)
        return status;
    binding->kind = BOUND_VALUE;
    *ret = binding->value;
    return 0;
}

/* ---- statements ---- */

/* A parameter that the caller gave, else its default. */
static int declare_parameter(struct hunt_bind *bind, const struct kql_parameter *parameter)
{
    const struct hunt_options *options = bind->options;
    struct hunt_value value;
    for (uint32_t i = 0; i < options->n_parameters; i++) {
        if (!str_eq(options->parameters[i].name, parameter->name.text))
            continue;
        value = hunt_convert(bind, bind_text_constant(bind, options->parameters[i].value),
                             parameter->type);
        bind_name(bind, parameter->name.text, BOUND_VALUE)->value = value;
        return 0;
    }
    if (!parameter->value)
        return hunt_refuse(bind, parameter->name.place, "the parameter '%.*s' was not given",
                           STR_ARG(parameter->name.text));
    int status = bind_scalar(bind, parameter->value, &value);
    if (status == 0)
        bind_name(bind, parameter->name.text, BOUND_VALUE)->value =
            bind_as(bind, value, parameter->type);
    return status;
}

struct str bind_setting(struct hunt_bind *bind, struct str name)
{
    return hunt_text(bind, "set %.*s", STR_ARG(name));
}

int bind_statement(struct hunt_bind *bind, const struct kql_statement *statement)
{
    int status = 0;
    switch (statement->kind) {
    case KQL_LET:
        bind_name(bind, statement->name.text, BOUND_EXPR)->expr = statement->expr;
        break;
    case KQL_FUNCTION:
        bind_name(bind, statement->name.text, BOUND_FUNCTION)->statement = statement;
        break;
    case KQL_SET: /* under a name that no identifier has: bind_setting() */
        if (statement->expr)
            bind_name(bind, bind_setting(bind, statement->name.text), BOUND_EXPR)->expr =
                statement->expr;
        break;
    case KQL_PARAMETERS:
        for (uint32_t i = 0; status == 0 && i < statement->parameters.len; i++)
            status = declare_parameter(bind, &statement->parameters.items[i]);
        break;
    default:
        break;
    }
    return status;
}

/* ---- functions of the query ---- */

const struct kql_expr *bind_argument(const struct kql_named_list *arguments, uint32_t index,
                                     struct str name)
{
    for (uint32_t i = 0; i < arguments->len; i++)
        if (arguments->items[i].names.len && str_eq(arguments->items[i].names.items[0].text, name))
            return arguments->items[i].expr;
    return index < arguments->len && !arguments->items[index].names.len
               ? arguments->items[index].expr
               : NULL;
}

static int bind_table_argument(struct hunt_bind *bind, struct binding *caller,
                               const struct kql_expr *expr, struct str name)
{
    struct binding *scope = bind->scope;
    struct rel rel;
    bind->scope = caller;
    int status = bind_tabular(bind, expr, &rel);
    bind->scope = scope;
    if (status < 0)
        return status;
    rel_share(bind, &rel);
    bind_name(bind, name, BOUND_REL)->rel = rel;
    return 0;
}

static int bind_value_argument(struct hunt_bind *bind, struct binding *caller,
                               const struct kql_parameter *parameter, const struct kql_expr *expr)
{
    struct binding *scope = bind->scope;
    struct hunt_value value;
    bind->scope = caller;
    int status = bind_scalar(bind, expr, &value);
    bind->scope = scope;
    if (status == 0)
        bind_name(bind, parameter->name.text, BOUND_VALUE)->value =
            bind_as(bind, value, parameter->type);
    return status;
}

/* The scope of a function's body: its parameters over where it was written. `first`: invoke's rows. */
static int enter(struct hunt_bind *bind, struct binding *function, const struct kql_expr *call,
                 struct rel *first)
{
    const struct kql_parameter_list *parameters = &function->statement->parameters;
    const struct kql_named_list *arguments = &call->call.arguments;
    struct binding *caller = bind->scope;
    uint32_t shift = first ? 1 : 0;
    if (arguments->len + shift > parameters->len)
        return hunt_refuse(bind, call->place, "%.*s() takes %u arguments, not %u",
                           STR_ARG(call->call.name), parameters->len, arguments->len + shift);
    bind->scope = function->scope;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < parameters->len; i++) {
        const struct kql_parameter *parameter = &parameters->items[i];
        if (first && i == 0) {
            rel_share(bind, first);
            bind_name(bind, parameter->name.text, BOUND_REL)->rel = *first;
            continue;
        }
        const struct kql_expr *expr = bind_argument(arguments, i - shift, parameter->name.text);
        if (!expr)
            expr = parameter->value;
        if (!expr)
            status = hunt_refuse(bind, call->place, "%.*s() wants '%.*s'", STR_ARG(call->call.name),
                                 STR_ARG(parameter->name.text));
        else if (parameter->tabular)
            status = bind_table_argument(bind, caller, expr, parameter->name.text);
        else
            status = bind_value_argument(bind, caller, parameter, expr);
    }
    const struct kql_statement_list *body = &function->statement->body;
    for (uint32_t i = 0; status == 0 && i + 1 < body->len; i++)
        status = bind_statement(bind, body->items[i]);
    return status;
}

static int too_deep(struct hunt_bind *bind, const struct kql_expr *call)
{
    return hunt_refuse(bind, call->place, "functions call each other more than %d deep",
                       BIND_CALLS_MAX);
}

static const struct kql_expr *body_of(const struct binding *function)
{
    const struct kql_statement_list *body = &function->statement->body;
    return body->items[body->len - 1]->expr;
}

int bind_user_scalar(struct hunt_bind *bind, struct binding *binding, const struct kql_expr *call,
                     struct hunt_value *ret)
{
    if (bind->n_calls >= BIND_CALLS_MAX)
        return too_deep(bind, call);
    struct binding *scope = bind->scope;
    bind->n_calls++;
    int status = enter(bind, binding, call, NULL);
    if (status == 0) {
        /* The body sees its parameters, not the columns of the row. */
        struct rel *row = bind->in.row;
        bind->in.row = NULL;
        status = bind_scalar(bind, body_of(binding), ret);
        bind->in.row = row;
    }
    bind->n_calls--;
    bind->scope = scope;
    return status;
}

int bind_user_tabular(struct hunt_bind *bind, struct binding *binding, const struct kql_expr *call,
                      struct rel *first, struct rel *ret)
{
    if (bind->n_calls >= BIND_CALLS_MAX)
        return too_deep(bind, call);
    struct binding *scope = bind->scope;
    bind->n_calls++;
    int status = enter(bind, binding, call, first);
    if (status == 0)
        status = bind_tabular(bind, body_of(binding), ret);
    bind->n_calls--;
    bind->scope = scope;
    return status;
}
