/*
 * summarize: keys, and aggregates over the rows of each.
 */
#include "hunt/op.h"

void group_begin(struct hunt_bind *bind, struct rel *input, struct group *group)
{
    *group = (struct group){.input = input};
    group->node = node_new(bind, NODE_GROUP, NULL);
}

/* A string's NULL and '' are one group. */
struct column *group_key_column(struct hunt_bind *bind, struct group *group, struct str name,
                                struct hunt_value value, const struct column_list *refs)
{
    struct column *column = column_new(bind, name, value.type);
    column->expr = bind_filled(bind, &value);
    column->filled = value.filled || value.type == KQL_STRING;
    for (uint32_t i = 0; i < refs->len; i++)
        column_list_add(bind, &column->refs, refs->items[i]);
    column_list_add(bind, &group->node->columns, column);
    group->node->n_keys++;
    field_add_unique(bind, &group->fields, name, column);
    if (refs->len == 1 && str_eq(refs->items[0]->sql, value.sql))
        field_add(bind, &group->keys, name, refs->items[0]);
    return column;
}

int group_key(struct hunt_bind *bind, struct group *group, const struct kql_named *by)
{
    struct column_list refs = {0};
    struct hunt_value value;
    int status = bind_over(bind, group->input, by->expr, &refs, &value);
    if (status < 0)
        return status;
    struct str name = by->names.len ? by->names.items[0].text : bind_name_of(bind, by->expr);
    if (!name.len)
        name = hunt_text(bind, "Column%u", ++group->n_unnamed);
    (void)group_key_column(bind, group, name, value, &refs);
    return 0;
}

static void add_aggregate(struct hunt_bind *bind, struct group *group, struct str name,
                          const struct hunt_value *value, const struct column_list *refs)
{
    struct column *column = column_new(bind, name, value->type);
    column->expr = value->sql;
    column->filled = value->filled;
    for (uint32_t i = 0; i < refs->len; i++)
        column_list_add(bind, &column->refs, refs->items[i]);
    column_list_add(bind, &group->node->columns, column);
    field_add_unique(bind, &group->fields, name, column);
}

/* ---- arg_max, arg_min, take_any: several columns of one row ---- */

static const struct {
    const char *name;
    const char *format; /* of a value, and what it is the extreme of */
    const char *extreme;
    const char *prefix; /* of columns without a name */
} row_aggregates[] = {
    {"arg_max", "arg_max_null($1, $2)", "max($1)", "max"},
    {"arg_min", "arg_min_null($1, $2)", "min($1)", "min"},
    {"argmax", "arg_max_null($1, $2)", "max($1)", "max"},
    {"argmin", "arg_min_null($1, $2)", "min($1)", "min"},
    {"take_any", "first($1)", NULL, "any"},
    {"any", "first($1)", NULL, "any"},
};

struct picker {
    struct group *group;
    const char *format, *extreme, *prefix;
    struct hunt_value of; /* the value whose extreme picks the row */
    struct column_list of_refs;
    const struct kql_named *aggregate;
    bool alone;       /* take_any of one value: of any row that has one */
    uint32_t n_named; /* names of the aggregate that are given out */
};

static struct str picked_name(struct picker *picker, struct str name)
{
    const struct kql_name_list *names = &picker->aggregate->names;
    return picker->n_named < names->len ? names->items[picker->n_named++].text : name;
}

static void pick(struct hunt_bind *bind, struct picker *picker, struct str name,
                 struct hunt_value value, const struct column_list *refs)
{
    struct column_list all = {0};
    for (uint32_t i = 0; i < refs->len; i++)
        column_list_add(bind, &all, refs->items[i]);
    for (uint32_t i = 0; i < picker->of_refs.len; i++)
        column_list_add(bind, &all, picker->of_refs.items[i]);
    const struct hunt_value args[] = {value, picker->of};
    const char *format = picker->format;
    if (picker->alone)
        format = value.type == KQL_STRING ? "any_value(nullif($1, ''))" : "any_value($1)";
    value.sql = hunt_fill(bind, format, args, 2, (struct str){0});
    value.filled = false;
    add_aggregate(bind, picker->group, picked_name(picker, name), &value, &all);
}

/* All columns that are no keys, and not the one that picks. */
static void pick_all(struct hunt_bind *bind, struct picker *picker)
{
    const struct rel *input = picker->group->input;
    for (uint32_t i = 0; i < input->fields.len; i++) {
        const struct field *field = &input->fields.items[i];
        bool taken = picker->extreme && str_eq(field->column->sql, picker->of.sql);
        for (uint32_t k = 0; !taken && k < picker->group->keys.len; k++)
            taken = picker->group->keys.items[k].column == field->column;
        struct column_list refs = {0};
        column_list_add(bind, &refs, field->column);
        if (!taken)
            pick(bind, picker, field->name, column_value(field->column), &refs);
    }
}

/* The name that an argument has by itself; empty: none. */
static struct str argument_name(struct hunt_bind *bind, const struct kql_named *argument)
{
    return argument->names.len ? argument->names.items[0].text : bind_name_of(bind, argument->expr);
}

/* What has no name is any_arg0, max_, or max_X_arg1 of arg_max(X, ...). */
static struct str unnamed(struct hunt_bind *bind, const struct picker *picker, uint32_t index)
{
    if (!picker->extreme)
        return hunt_text(bind, "%s_arg%u", picker->prefix, index);
    if (index == 0)
        return hunt_text(bind, "%s_", picker->prefix);
    struct str of = argument_name(bind, &picker->aggregate->expr->call.arguments.items[0]);
    return hunt_text(bind, "%s_%.*s_arg%u", picker->prefix, STR_ARG(of), index);
}

static int pick_argument(struct hunt_bind *bind, struct picker *picker, uint32_t index)
{
    const struct kql_named *argument = &picker->aggregate->expr->call.arguments.items[index];
    if (argument->expr->kind == KQL_STAR) {
        pick_all(bind, picker);
        return 0;
    }
    struct column_list refs = {0};
    struct hunt_value value;
    int status = bind_over(bind, picker->group->input, argument->expr, &refs, &value);
    struct str name = argument_name(bind, argument);
    if (status == 0)
        pick(bind, picker, name.len ? name : unnamed(bind, picker, index), value, &refs);
    return status;
}

/* The extreme itself, which is the first column. */
static int pick_extreme(struct hunt_bind *bind, struct picker *picker)
{
    const struct kql_named *of = &picker->aggregate->expr->call.arguments.items[0];
    int status = bind_over(bind, picker->group->input, of->expr, &picker->of_refs, &picker->of);
    if (status < 0)
        return status;
    struct str name = argument_name(bind, of);
    struct hunt_value extreme = picker->of;
    extreme.sql = hunt_fill(bind, picker->extreme, &picker->of, 1, (struct str){0});
    extreme.filled = extreme.constant = false;
    add_aggregate(bind, picker->group,
                  picked_name(picker, name.len ? name : unnamed(bind, picker, 0)), &extreme,
                  &picker->of_refs);
    return 0;
}

static int bind_picker(struct hunt_bind *bind, struct group *group,
                       const struct kql_named *aggregate, size_t row)
{
    const struct kql_named_list *arguments = &aggregate->expr->call.arguments;
    struct picker picker = {.group = group,
                            .format = row_aggregates[row].format,
                            .extreme = row_aggregates[row].extreme,
                            .prefix = row_aggregates[row].prefix,
                            .aggregate = aggregate};
    picker.alone =
        !picker.extreme && arguments->len == 1 && arguments->items[0].expr->kind != KQL_STAR;
    if (arguments->len == 0)
        return hunt_refuse(bind, aggregate->place, "%s() wants to know of what",
                           row_aggregates[row].name);
    int status = picker.extreme ? pick_extreme(bind, &picker) : 0;
    for (uint32_t i = picker.extreme ? 1 : 0; status == 0 && i < arguments->len; i++)
        status = pick_argument(bind, &picker, i);
    return status;
}

/* ---- percentiles(x, 5, 95): a percentile each ---- */

static int bind_aggregate_call(struct hunt_bind *bind, struct group *group,
                               const struct kql_named *aggregate)
{
    struct column_list refs = {0};
    struct hunt_value value;
    bind->in.aggregates = true;
    int status = bind_over(bind, group->input, aggregate->expr, &refs, &value);
    struct str name =
        aggregate->names.len ? aggregate->names.items[0].text : bind_name_of(bind, aggregate->expr);
    bind->in.aggregates = false;
    if (status < 0)
        return status;
    if (!name.len)
        name = hunt_text(bind, "Column%u", ++group->n_unnamed);
    add_aggregate(bind, group, name, &value, &refs);
    return 0;
}

/* "99.9" as part of a name: 99_9 */
static struct str name_fragment(struct hunt_bind *bind, const struct kql_expr *expr)
{
    struct buf buf = {0};
    kql_print_expr(&buf, expr);
    for (size_t i = 0; i < buf.len; i++)
        if (buf.ptr[i] == '.' || buf.ptr[i] == '-')
            buf.ptr[i] = '_';
    return bind_keep(bind, &buf);
}

/* percentilesw(x, weight, 5, 95) has one argument more before the percentiles. */
static int bind_percentiles(struct hunt_bind *bind, struct group *group,
                            const struct kql_named *aggregate, bool weighted)
{
    const struct kql_named_list *arguments = &aggregate->expr->call.arguments;
    uint32_t before = weighted ? 2 : 1;
    int status = 0;
    for (uint32_t i = before; status == 0 && i < arguments->len; i++) {
        struct kql_expr call = *aggregate->expr;
        struct kql_named taken[3] = {arguments->items[0], arguments->items[1], arguments->items[i]};
        struct kql_named named = {.place = aggregate->place, .expr = &call};
        call.call.name = weighted ? STR("percentilew") : STR("percentile");
        taken[before] = arguments->items[i];
        call.call.arguments = (struct kql_named_list){.items = taken, .len = before + 1};
        struct kql_name given = {.place = aggregate->place};
        if (i - before < aggregate->names.len)
            given = aggregate->names.items[i - before];
        else
            given.text = hunt_text(bind, "percentile_%.*s_%.*s",
                                   STR_ARG(bind_name_of(bind, arguments->items[0].expr)),
                                   STR_ARG(name_fragment(bind, arguments->items[i].expr)));
        named.names = (struct kql_name_list){.items = &given, .len = 1};
        status = bind_aggregate_call(bind, group, &named);
    }
    return status;
}

/* One percentile with a name is an aggregate like others. */
static bool is_percentile(const struct kql_named *aggregate, bool *ret_weighted)
{
    if (aggregate->expr->kind != KQL_CALL)
        return false;
    struct str name = aggregate->expr->call.name;
    bool one = str_eq(name, STR("percentile")) || str_eq(name, STR("percentilew"));
    *ret_weighted = str_eq(name, STR("percentilew")) || str_eq(name, STR("percentilesw"));
    return (one ? !aggregate->names.len : *ret_weighted || str_eq(name, STR("percentiles"))) &&
           aggregate->expr->call.arguments.len > (*ret_weighted ? 2 : 1);
}

int group_aggregate(struct hunt_bind *bind, struct group *group, const struct kql_named *aggregate)
{
    const struct kql_expr *expr = aggregate->expr;
    for (size_t i = 0; expr->kind == KQL_CALL && !expr->call.object &&
                       i < sizeof(row_aggregates) / sizeof(row_aggregates[0]);
         i++)
        if (str_eq(expr->call.name, str_from_c(row_aggregates[i].name)))
            return bind_picker(bind, group, aggregate, i);
    bool weighted;
    if (is_percentile(aggregate, &weighted))
        return bind_percentiles(bind, group, aggregate, weighted);
    return bind_aggregate_call(bind, group, aggregate);
}

struct rel group_end(struct group *group)
{
    group->node->left = group->input->node;
    return (struct rel){.node = group->node, .fields = group->fields};
}

static int op_summarize(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct group group;
    group_begin(bind, rel, &group);
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < op->summarize.by.len; i++)
        status = group_key(bind, &group, &op->summarize.by.items[i]);
    for (uint32_t i = 0; status == 0 && i < op->summarize.aggregates.len; i++)
        status = group_aggregate(bind, &group, &op->summarize.aggregates.items[i]);
    *rel = group_end(&group);
    return status;
}

const struct op_row op_rows_group[] = {
    {KQL_SUMMARIZE, op_summarize},
    {0, NULL},
};
