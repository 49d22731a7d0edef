/*
 * Calls: the row of a function whose arguments fit, its arguments converted, and its SQL.
 */
#include "base/nearest.h"
#include "hunt/bind.h"
#include "hunt/signature.h"

/* A call whose arguments were bound, and are not converted yet. */
struct call {
    const struct kql_expr *expr;
    struct hunt_value *args;
    uint32_t n_args;
};

/* ---- which row ---- */

static bool fits_count(const struct signature *signature, uint32_t n_args)
{
    return n_args >= signature->n_needed &&
           (n_args <= signature->n_parameters || signature->repeated);
}

static const struct parameter *parameter_at(const struct signature *signature, uint32_t index)
{
    return &signature
                ->parameters[index < signature->n_parameters ? index : signature->n_parameters - 1];
}

/* Does a value fit without anybody having asked for a conversion? */
static bool fits_type(const struct hunt_value *value, const struct parameter *parameter)
{
    if (parameter->kind == PARAMETER_NUMBER)
        return bind_is_number(value->type) || value->type == KQL_DYNAMIC;
    if (parameter->kind != PARAMETER_TYPED || value->type == parameter->type)
        return true;
    return value->type == KQL_DYNAMIC ||
           (bind_is_number(value->type) && bind_is_number(parameter->type)) ||
           (value->type == KQL_GUID && parameter->type == KQL_STRING);
}

static bool fits_exactly(const struct hunt_value *value, const struct parameter *parameter)
{
    if (parameter->kind == PARAMETER_NUMBER)
        return bind_is_number(value->type);
    return parameter->kind != PARAMETER_TYPED || value->type == parameter->type;
}

static bool fits(const struct signature *signature, const struct call *call, int strictness)
{
    if (!fits_count(signature, call->n_args))
        return false;
    for (uint32_t i = 0; strictness > 0 && i < call->n_args; i++) {
        const struct parameter *parameter = parameter_at(signature, i);
        if (strictness > 1 ? !fits_exactly(&call->args[i], parameter)
                           : !fits_type(&call->args[i], parameter))
            return false;
    }
    return true;
}

/* The first row that fits exactly; or else with Kusto's conversions; or else with any. */
static const struct hunt_function *choose(enum hunt_function_kind kind, const struct call *call,
                                          struct signature *ret)
{
    struct str name = call->expr->call.name;
    for (int strictness = 2; strictness >= 0; strictness--)
        for (const struct hunt_function *row = hunt_function_find(kind, name, NULL); row;
             row = hunt_function_find(kind, name, row + 1))
            if (signature_read(row->signature, ret) && fits(ret, call, strictness))
                return row;
    return NULL;
}

/* ---- its arguments ---- */

static enum kql_type common(enum kql_type a, enum kql_type b)
{
    if (a == b || b == KQL_TYPE_NONE)
        return a;
    if (a == KQL_TYPE_NONE)
        return b;
    if (bind_is_number(a) && bind_is_number(b))
        return a == KQL_REAL || b == KQL_REAL ? KQL_REAL : KQL_LONG;
    if (a == KQL_STRING || b == KQL_STRING)
        return KQL_STRING;
    return a == KQL_DYNAMIC ? b : b == KQL_DYNAMIC ? a : KQL_STRING;
}

/* A null constant takes the type of the others. */
static enum kql_type common_type(const struct signature *signature, const struct call *call)
{
    enum kql_type type = KQL_TYPE_NONE;
    for (uint32_t i = 0; i < call->n_args; i++) {
        const struct hunt_value *value = &call->args[i];
        bool null = value->constant && value->literal.null;
        if (parameter_at(signature, i)->kind == PARAMETER_SAME && !null)
            type = common(type, value->type);
    }
    for (uint32_t i = 0; type == KQL_TYPE_NONE && i < call->n_args; i++)
        if (parameter_at(signature, i)->kind == PARAMETER_SAME)
            type = call->args[i].type;
    return type == KQL_INT ? KQL_LONG : type;
}

static struct hunt_value as_parameter(struct hunt_bind *bind, const struct parameter *parameter,
                                      enum kql_type same, struct hunt_value value)
{
    if (parameter->kind == PARAMETER_TYPED)
        value = bind_as(bind, value, parameter->type);
    else if (parameter->kind == PARAMETER_SAME)
        value = bind_as(bind, value, same);
    else if (parameter->kind == PARAMETER_NUMBER && !bind_is_number(value.type))
        value = hunt_convert(bind, value, KQL_REAL);
    else if (parameter->kind == PARAMETER_NUMBER && value.type == KQL_INT)
        value = bind_as(bind, value, KQL_LONG);
    if (!parameter->raw && value.type == KQL_STRING && !value.filled) {
        value.sql = bind_filled(bind, &value);
        value.filled = true;
    }
    return value;
}

static int convert_arguments(struct hunt_bind *bind, const struct signature *signature,
                             const struct call *call, enum kql_type same, struct hunt_call *ret)
{
    uint32_t n = call->n_args;
    uint32_t room = n > signature->n_parameters ? n : signature->n_parameters;
    ret->args = bind_alloc(bind, room, sizeof(*ret->args));
    for (uint32_t i = 0; i < n; i++) {
        const struct parameter *parameter = parameter_at(signature, i);
        ret->args[i] = as_parameter(bind, parameter, same, call->args[i]);
        if (parameter->constant && !ret->args[i].constant && !ret->args[i].json)
            return hunt_refuse(bind, call->expr->call.arguments.items[i].place,
                               "'%.*s' of %.*s() must be known before the query runs",
                               STR_ARG(parameter->name), STR_ARG(signature->name));
    }
    for (; n < signature->n_parameters && signature->parameters[n].fallback.len; n++)
        ret->args[n] = (struct hunt_value){.type = signature->parameters[n].type,
                                           .sql = signature->parameters[n].fallback};
    ret->n_args = n;
    return 0;
}

static enum kql_type result_type(const struct signature *signature, enum kql_type same,
                                 const struct hunt_call *call)
{
    if (signature->result == RESULT_FIRST)
        return call->n_args ? call->args[0].type : KQL_DYNAMIC;
    return signature->result == RESULT_SAME ? same : signature->type;
}

static bool all_constant(const struct hunt_call *call)
{
    for (uint32_t i = 0; i < call->n_args; i++)
        if (!call->args[i].constant && !call->args[i].json)
            return false;
    return true;
}

static int write_call(struct hunt_bind *bind, enum hunt_function_kind kind,
                      const struct hunt_function *function, const struct signature *signature,
                      const struct call *call, struct hunt_value *ret)
{
    enum kql_type same = common_type(signature, call);
    struct hunt_call made = {
        .place = call->expr->place,
        .name = call->expr->call.name,
        .function = function,
        .now_us = bind->options->now_us,
    };
    if (kind != HUNT_SCALAR && bind->in.row)
        made.over = rel_over(bind, bind->in.row, bind->in.refs);
    int status = convert_arguments(bind, signature, call, same, &made);
    if (status < 0)
        return status;
    struct kql_literal literal = {.type = result_type(signature, same, &made)};
    if (function->fold && made.n_args == call->n_args && all_constant(&made) &&
        function->fold(&made, &literal)) {
        *ret = hunt_constant(bind, &literal);
        return 0;
    }
    certain_function(bind, function);
    struct hunt_value value = {
        .type = literal.type, .filled = function->filled, .tuple = function->columns};
    if (function->emit)
        status = function->emit(bind, &made, &value);
    else
        value.sql = hunt_fill(bind, function->sql, made.args, made.n_args, made.over);
    *ret = value;
    return status;
}

/* ---- refusals ---- */

static void offer_all(struct nearest *nearest)
{
    size_t n;
    const struct hunt_function_table *tables = hunt_function_tables(&n);
    for (size_t i = 0; i < n; i++)
        for (const struct hunt_function *row = tables[i].rows; row->signature; row++)
            nearest_offer(nearest, hunt_function_name(row));
}

static int refuse_unknown(struct hunt_bind *bind, const struct kql_expr *expr)
{
    struct str name = expr->call.name;
    if (bind_is_aggregate(name))
        return hunt_refuse(bind, expr->place,
                           "%.*s() is about many rows: it stands in summarize, outside of others",
                           STR_ARG(name));
    struct nearest nearest;
    nearest_begin(&nearest, name);
    offer_all(&nearest);
    if (nearest.found.len)
        return bind_not_done(bind, expr->place, "there is no function '%.*s'; did you mean '%.*s'?",
                             STR_ARG(name), STR_ARG(nearest.found));
    return bind_not_done(bind, expr->place, "there is no function '%.*s'", STR_ARG(name));
}

static int refuse_arguments(struct hunt_bind *bind, enum hunt_function_kind kind,
                            const struct kql_expr *expr)
{
    const struct hunt_function *row = hunt_function_find(kind, expr->call.name, NULL);
    return hunt_refuse(bind, expr->place, "%u arguments do not fit %s", expr->call.arguments.len,
                       row->signature);
}

/* ---- special forms: they want names, or tables, not values ---- */

static int bind_toscalar(struct hunt_bind *bind, const struct kql_expr *expr,
                         struct hunt_value *ret)
{
    if (expr->call.arguments.len != 1)
        return hunt_refuse(bind, expr->place, "toscalar() takes one table");
    const struct kql_expr *table = expr->call.arguments.items[0].expr;
    if (!bind_is_tabular(bind, table))
        return bind_scalar(bind, table, ret);
    struct rel rel;
    int status = bind_tabular(bind, table, &rel);
    if (status < 0)
        return status;
    if (rel.fields.len == 0)
        return hunt_refuse(bind, expr->place, "this table has no column");
    struct column *column = rel.fields.items[0].column;
    rel_cut(bind, &rel, STR("LIMIT 1"), NULL);
    column_list_add(bind, &rel.node->needs, column);
    rel_share(bind, &rel);
    *ret = bind_value(column->type, hunt_text(bind, "(SELECT %.*s FROM m%u)", STR_ARG(column->sql),
                                              rel.node->shared));
    return 0;
}

static int bind_column_ifexists(struct hunt_bind *bind, const struct kql_expr *expr,
                                struct hunt_value *ret)
{
    const struct kql_named_list *arguments = &expr->call.arguments;
    if (arguments->len != 2 || arguments->items[0].expr->kind != KQL_LITERAL ||
        arguments->items[0].expr->literal.type != KQL_STRING)
        return hunt_refuse(
            bind, expr->place,
            "column_ifexists() takes a name in quotes, and what stands in its place");
    struct kql_expr name = {.kind = KQL_NAME, .place = expr->place};
    name.name = arguments->items[0].expr->literal.text;
    if (bind->in.row && (field_find(&bind->in.row->fields, name.name) ||
                         field_find(&bind->in.row->hidden, name.name)))
        return bind_scalar(bind, &name, ret);
    return bind_scalar(bind, arguments->items[1].expr, ret);
}

/* All columns as one bag; pack_all(true) leaves out what is null or empty. */
static int bind_pack_all(struct hunt_bind *bind, const struct kql_expr *expr,
                         struct hunt_value *ret)
{
    struct buf buf = {0};
    bind->uncertain = true;
    for (uint32_t i = 0; bind->in.row && i < bind->in.row->fields.len; i++) {
        const struct field *field = &bind->in.row->fields.items[i];
        struct str name = hunt_quote(bind, field->name);
        struct str element = hunt_element(bind, column_value(field->column));
        column_list_add(bind, bind->in.refs, field->column);
        buf_add_c(&buf, i ? ", " : "json_object(");
        buf_add_str(&buf, name);
        buf_add_c(&buf, ", ");
        buf_add_str(&buf, element);
    }
    buf_add_c(&buf, buf.len ? ")" : "'{}'::JSON");
    *ret = bind_value(KQL_DYNAMIC, bind_keep(bind, &buf));
    ret->filled = true;
    if (expr->call.arguments.len)
        ret->sql = hunt_text(bind, "kql_bag_trim(%.*s)", STR_ARG(ret->sql));
    return 0;
}

/* The columns that are named, as one bag. */
static int bind_pack_columns(struct hunt_bind *bind, const struct kql_expr *expr,
                             struct hunt_value *ret)
{
    struct str members = {"", 0};
    for (uint32_t i = 0; i < expr->call.arguments.len; i++) {
        struct hunt_value value;
        const struct kql_expr *column = expr->call.arguments.items[i].expr;
        if (column->kind != KQL_NAME)
            return hunt_refuse(bind, column->place, "bag_pack_columns() takes names of columns");
        int status = bind_scalar(bind, column, &value);
        if (status < 0)
            return status;
        members =
            hunt_text(bind, "%.*s%s%.*s, %.*s", STR_ARG(members), i ? ", " : "",
                      STR_ARG(hunt_quote(bind, column->name)), STR_ARG(hunt_element(bind, value)));
    }
    *ret = bind_value(KQL_DYNAMIC, hunt_text(bind, "json_object(%.*s)", STR_ARG(members)));
    ret->filled = true;
    return 0;
}

/* When the event came in; null where the rows are no events any more. */
static int bind_ingestion_time(struct hunt_bind *bind, const struct kql_expr *expr,
                               struct hunt_value *ret)
{
    struct kql_expr received = {.kind = KQL_NAME, .place = expr->place, .name = STR("_received")};
    if (bind->in.row && field_find(&bind->in.row->hidden, received.name))
        return bind_scalar(bind, &received, ret);
    *ret = bind_value(KQL_DATETIME, bind_null(bind, KQL_DATETIME));
    return 0;
}

/* bin_auto(value): bin_at() with the size and the place that `set query_bin_auto_size` and `_at` say. */
static int bind_bin_auto(struct hunt_bind *bind, const struct kql_expr *expr,
                         struct hunt_value *ret)
{
    struct binding *size = bind_find(bind, bind_setting(bind, STR("query_bin_auto_size")));
    struct binding *at = bind_find(bind, bind_setting(bind, STR("query_bin_auto_at")));
    if (expr->call.arguments.len != 1 || !size)
        return hunt_refuse(bind, expr->place,
                           "bin_auto() takes a value, and its size from 'set query_bin_auto_size'");
    struct kql_expr call = *expr;
    struct kql_named arguments[3] = {expr->call.arguments.items[0]};
    arguments[1].expr = (struct kql_expr *)(uintptr_t)size->expr;
    arguments[2].expr = at ? (struct kql_expr *)(uintptr_t)at->expr : NULL;
    call.call.name = at ? STR("bin_at") : STR("bin");
    call.call.arguments = (struct kql_named_list){.items = arguments, .len = at ? 3 : 2};
    return bind_call(bind, &call, ret);
}

static int bind_not(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    if (expr->call.arguments.len != 1)
        return hunt_refuse(bind, expr->place, "not() takes one condition");
    int status = bind_condition(bind, expr->call.arguments.items[0].expr, false, ret);
    if (status < 0)
        return status;
    bool filled = ret->filled;
    *ret = bind_value(KQL_BOOL, hunt_text(bind, "(NOT %.*s)", STR_ARG(ret->sql)));
    ret->filled = filled;
    return 0;
}

static const struct {
    const char *name;
    int (*bind)(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
} special_forms[] = {
    {"bag_pack_columns", bind_pack_columns},
    {"bin_auto", bind_bin_auto},
    {"column_ifexists", bind_column_ifexists},
    {"columnifexists", bind_column_ifexists},
    {"ingestion_time", bind_ingestion_time},
    {"not", bind_not},
    {"pack_all", bind_pack_all},
    {"toscalar", bind_toscalar},
};

/* ---- calls ---- */

static int bind_arguments(struct hunt_bind *bind, const struct kql_expr *expr, struct call *ret)
{
    const struct kql_named_list *list = &expr->call.arguments;
    *ret = (struct call){.expr = expr, .n_args = list->len};
    ret->args = bind_alloc(bind, list->len, sizeof(*ret->args));
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < list->len; i++)
        status = bind_scalar(bind, list->items[i].expr, &ret->args[i]);
    return status;
}

/* A window function looks at the rows as they are here: it is a column, and later steps read that. */
static int as_window(struct hunt_bind *bind, struct hunt_value *value, struct str name,
                     const struct column_list *refs)
{
    struct column *column = rel_compute(bind, bind->in.row, name, value, refs);
    bind->in.row->node->windowed = true;
    *value = column_value(column);
    column_list_add(bind, bind->in.refs, column);
    return 0;
}

static int bind_kind(struct hunt_bind *bind, enum hunt_function_kind kind,
                     const struct kql_expr *expr, struct hunt_value *ret)
{
    bool in_aggregate = bind->in.in_aggregate;
    struct column_list own = {0}, *refs = bind->in.refs;
    bind->in.in_aggregate = in_aggregate || kind == HUNT_AGGREGATE;
    bind->in.refs = kind == HUNT_WINDOW ? &own : refs;
    struct call call;
    struct signature signature;
    int status = bind_arguments(bind, expr, &call);
    if (status == 0) {
        const struct hunt_function *function = choose(kind, &call, &signature);
        status = function ? write_call(bind, kind, function, &signature, &call, ret)
                          : refuse_arguments(bind, kind, expr);
    }
    bind->in.in_aggregate = in_aggregate;
    bind->in.refs = refs;
    if (status == 0 && kind == HUNT_WINDOW)
        status = as_window(bind, ret, expr->call.name, &own);
    return status;
}

bool bind_is_aggregate(struct str name)
{
    return hunt_function_find(HUNT_AGGREGATE, name, NULL) != NULL;
}

int bind_call(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    struct str name = expr->call.name;
    if (expr->call.object)
        return bind_not_done(bind, expr->place, "a function of another database can't be called");
    struct binding *binding = bind_find(bind, name);
    if (binding && binding->kind == BOUND_FUNCTION)
        return bind_user_scalar(bind, binding, expr, ret);
    for (size_t i = 0; i < sizeof(special_forms) / sizeof(special_forms[0]); i++)
        if (str_eq(name, str_from_c(special_forms[i].name)))
            return special_forms[i].bind(bind, expr, ret);
    if (bind->in.aggregates && !bind->in.in_aggregate && bind_is_aggregate(name))
        return bind_kind(bind, HUNT_AGGREGATE, expr, ret);
    if (hunt_function_find(HUNT_SCALAR, name, NULL))
        return bind_kind(bind, HUNT_SCALAR, expr, ret);
    if (bind->in.row && !bind->in.aggregates && hunt_function_find(HUNT_WINDOW, name, NULL))
        return bind_kind(bind, HUNT_WINDOW, expr, ret);
    return refuse_unknown(bind, expr);
}

/* ---- names ---- */

struct str bind_call_name(struct hunt_bind *bind, const struct kql_expr *expr)
{
    struct str name = expr->call.name;
    const struct kql_named_list *arguments = &expr->call.arguments;
    const struct hunt_function *function = NULL;
    bool aggregate = bind->in.aggregates && bind_is_aggregate(name);
    if (str_eq(name, STR("ingestion_time")))
        return STR("$IngestionTime");
    if (str_eq(name, STR("bin_auto")))
        name = STR("bin");
    if (aggregate)
        function = hunt_function_find(HUNT_AGGREGATE, name, NULL);
    if (!function)
        function = hunt_function_find(HUNT_SCALAR, name, NULL);
    if (!function)
        return (struct str){0};
    enum hunt_naming naming = function->naming;
    if (naming == HUNT_NAMED_BY_KIND)
        naming = aggregate ? HUNT_NAMED_PREFIX : HUNT_NAMED_NOT;
    struct str first =
        arguments->len ? bind_name_of(bind, arguments->items[0].expr) : (struct str){0};
    if (naming == HUNT_NAMED_PREFIX && (aggregate || first.len))
        return hunt_text(bind, "%.*s_%.*s",
                         STR_ARG(function->prefix ? str_from_c(function->prefix) : name),
                         STR_ARG(first));
    if (naming == HUNT_NAMED_BY_FIRST || (naming == HUNT_NAMED_BY_ONLY && arguments->len == 1))
        return first;
    return (struct str){0};
}
