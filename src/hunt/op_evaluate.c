/*
 * evaluate: plugins, one row each; and invoke. pivot and bag_unpack make columns of what is in the data: the caller is
 * asked for it while the query is compiled (hunt_probe).
 */
#include <errno.h>

#include "hunt/op.h"

/* ---- what is in the data ---- */

struct found {
    struct hunt_bind *bind;
    struct str values[HUNT_PROBE_MAX];
    uint32_t n;
};

static int take_found(void *context, struct str value)
{
    struct found *found = context;
    struct str copy = arena_copy(found->bind->arena, value);
    if (!copy.ptr)
        return -ENOMEM;
    if (found->n == HUNT_PROBE_MAX)
        return -E2BIG;
    found->values[found->n++] = copy;
    return 0;
}

static void sort_found(struct found *found)
{
    for (uint32_t i = 1; i < found->n; i++)
        for (uint32_t at = i; at > 0 && str_compare(found->values[at], found->values[at - 1]) < 0;
             at--) {
            struct str swap = found->values[at];
            found->values[at] = found->values[at - 1];
            found->values[at - 1] = swap;
        }
}

/* The distinct texts of an expression over rel, sorted. */
static int probe(struct hunt_bind *bind, struct kql_place place, const struct rel *rel,
                 struct hunt_value value, const struct column_list *refs, struct found *ret)
{
    const struct hunt_probe *asked = &bind->options->probe;
    struct rel input = *rel;
    struct group group;
    struct hunt_result query = {.place = place};
    *ret = (struct found){.bind = bind};
    if (!asked->run)
        return 0;
    group_begin(bind, &input, &group);
    (void)group_key_column(bind, &group, STR("value"), value, refs);
    struct rel values = group_end(&group);
    int status = bind_result(bind, &values, &query);
    if (status == 0)
        status = asked->run(asked->context, &query, take_found, ret, bind->err);
    if (status == -E2BIG)
        return hunt_refuse(bind, place, "there would be more than %d columns", HUNT_PROBE_MAX);
    if (status < 0 && bind->err->code == 0)
        return err_set(bind->err, status, "the values that become columns can't be read");
    sort_found(ret);
    return status;
}

/* ---- pivot(column, aggregate, column, ...) ---- */

/* Aggregated by keys and the pivot's value first; then each value is a column. */
static struct rel spread(struct hunt_bind *bind, struct rel *grouped, uint32_t n_keys,
                         const struct found *found)
{
    struct field value = grouped->fields.items[n_keys];
    struct field aggregate = grouped->fields.items[n_keys + 1];
    struct group group;
    group_begin(bind, grouped, &group);
    for (uint32_t i = 0; i < n_keys; i++) {
        struct column_list refs = {0};
        column_list_add(bind, &refs, grouped->fields.items[i].column);
        (void)group_key_column(bind, &group, grouped->fields.items[i].name,
                               column_value(grouped->fields.items[i].column), &refs);
    }
    for (uint32_t i = 0; i < found->n; i++) {
        struct column *column = column_new(bind, found->values[i], aggregate.column->type);
        column->expr = hunt_text(bind, "any_value(%.*s) FILTER (WHERE %.*s = %.*s)",
                                 STR_ARG(aggregate.column->sql), STR_ARG(value.column->sql),
                                 STR_ARG(hunt_quote(bind, found->values[i])));
        /* Where there are no rows, a count is 0. */
        if (aggregate.column->filled && bind_is_number(column->type))
            column->expr = hunt_text(bind, "coalesce(%.*s, 0)", STR_ARG(column->expr));
        column_list_add(bind, &column->refs, value.column);
        column_list_add(bind, &column->refs, aggregate.column);
        column_list_add(bind, &group.node->columns, column);
        field_add_unique(bind, &group.fields, found->values[i], column);
    }
    return group_end(&group);
}

static bool names_column(const struct kql_expr *expr, struct str name)
{
    if (expr->kind == KQL_NAME)
        return str_eq(expr->name, name);
    for (uint32_t i = 0; expr->kind == KQL_CALL && i < expr->call.arguments.len; i++)
        if (names_column(expr->call.arguments.items[i].expr, name))
            return true;
    return false;
}

static int pivot_keys(struct hunt_bind *bind, const struct kql_named_list *arguments,
                      struct group *group)
{
    int status = 0;
    for (uint32_t i = 2; status == 0 && i < arguments->len; i++)
        status = group_key(bind, group, &arguments->items[i]);
    /* No column is named: all that play no other part. */
    for (uint32_t i = 0; arguments->len <= 2 && i < group->input->fields.len; i++) {
        const struct field *field = &group->input->fields.items[i];
        struct column_list refs = {0};
        bool taken = false;
        for (uint32_t a = 0; a < arguments->len; a++)
            taken = taken || names_column(arguments->items[a].expr, field->name);
        column_list_add(bind, &refs, field->column);
        if (!taken)
            (void)group_key_column(bind, group, field->name, column_value(field->column), &refs);
    }
    return status;
}

static int evaluate_pivot(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    const struct kql_expr *call = op->evaluate.call;
    const struct kql_named_list *arguments = &call->call.arguments;
    if (arguments->len == 0)
        return hunt_refuse(bind, call->place,
                           "pivot() wants the column whose values become columns");
    struct column_list refs = {0};
    struct hunt_value value;
    struct found *found = bind_alloc(bind, 1, sizeof(*found));
    int status = bind_over(bind, rel, arguments->items[0].expr, &refs, &value);
    if (status < 0)
        return status;
    value = hunt_convert(bind, value, KQL_STRING);
    status = probe(bind, call->place, rel, value, &refs, found);
    if (status < 0)
        return status;
    struct group group;
    group_begin(bind, rel, &group);
    status = pivot_keys(bind, arguments, &group);
    uint32_t n_keys = group.fields.len;
    if (status < 0)
        return status;
    (void)group_key_column(bind, &group, STR("pivot"), value, &refs);
    struct kql_expr count = {.kind = KQL_CALL, .place = call->place};
    count.call.name = STR("count");
    struct kql_named aggregate = {.place = call->place, .expr = &count};
    if (arguments->len > 1)
        aggregate.expr = arguments->items[1].expr;
    status = group_aggregate(bind, &group, &aggregate);
    struct rel grouped = group_end(&group);
    if (status == 0)
        *rel = spread(bind, &grouped, n_keys, found);
    return status;
}

/* ---- bag_unpack(column, prefix, what to do where there is a column of that name, members to leave out) ---- */

/* DuckDB's names of what a JSON value is. */
static enum kql_type json_kql_type(struct str type)
{
    return str_eq(type, STR("BIGINT")) || str_eq(type, STR("UBIGINT")) ? KQL_LONG
           : str_eq(type, STR("DOUBLE"))                               ? KQL_REAL
           : str_eq(type, STR("BOOLEAN"))                              ? KQL_BOOL
           : str_eq(type, STR("VARCHAR"))                              ? KQL_STRING
           : str_eq(type, STR("NULL"))                                 ? KQL_TYPE_NONE
                                                                       : KQL_DYNAMIC;
}

struct member_list {
    struct kql_column_list columns;
};

static void add_member(struct hunt_bind *bind, struct member_list *list, struct str name,
                       enum kql_type type)
{
    for (uint32_t i = 0; i < list->columns.len; i++) {
        struct kql_column *column = &list->columns.items[i];
        if (!str_eq(column->name.text, name))
            continue;
        if (column->type == KQL_TYPE_NONE)
            column->type = type;
        else if (type != KQL_TYPE_NONE && type != column->type)
            column->type =
                bind_is_number(type) && bind_is_number(column->type) ? KQL_REAL : KQL_DYNAMIC;
        return;
    }
    if (!list->columns.items)
        list->columns.items = bind_alloc(bind, HUNT_PROBE_MAX, sizeof(*list->columns.items));
    list->columns.items[list->columns.len++] =
        (struct kql_column){.name = {.text = name}, .type = type};
}

/* "name|TYPE" of every member of every bag. */
static int find_members(struct hunt_bind *bind, struct kql_place place, const struct rel *rel,
                        struct column *bag, struct member_list *list)
{
    struct rel members = *rel;
    struct column_list refs = {0}, member_refs = {0};
    struct found *found = bind_alloc(bind, 1, sizeof(*found));
    column_list_add(bind, &refs, bag);
    struct str sql = bag->sql;
    struct hunt_value texts = bind_value(
        KQL_STRING, hunt_text(bind,
                              "unnest(list_transform(json_keys(%.*s), lambda k: concat(k, '|', "
                              "json_type(json_extract(%.*s, concat('$.', to_json(k)::VARCHAR))))))",
                              STR_ARG(sql), STR_ARG(sql)));
    members.node = node_new(bind, NODE_SELECT, rel->node);
    struct column *member = rel_compute(bind, &members, STR("member"), &texts, &refs);
    members.node->closed = true;
    column_list_add(bind, &member_refs, member);
    int status = probe(bind, place, &members, column_value(member), &member_refs, found);
    for (uint32_t i = 0; status == 0 && i < found->n; i++) {
        struct str name = found->values[i];
        while (name.len && name.ptr[name.len - 1] != '|')
            name.len--;
        struct str type = str_skip(found->values[i], name.len);
        name.len -= name.len > 0;
        add_member(bind, list, name, json_kql_type(type));
    }
    return status;
}

struct unpacking {
    struct str prefix;
    struct str conflict;            /* "keep_source", "replace_source"; else both stay */
    const struct kql_expr *ignored; /* an array of names, or NULL */
};

static int read_unpacking(struct hunt_bind *bind, const struct kql_named_list *arguments,
                          struct unpacking *ret)
{
    static const struct str names[] = {
        {"OutputColumnPrefix", 18}, {"columnsConflict", 15}, {"ignoredProperties", 17}};
    struct str *const texts[] = {&ret->prefix, &ret->conflict, NULL};
    *ret = (struct unpacking){0};
    for (uint32_t i = 0; i < 3; i++) {
        const struct kql_expr *expr = bind_argument(arguments, i + 1, names[i]);
        struct hunt_value value;
        if (!expr)
            continue;
        int status = bind_scalar(bind, expr, &value);
        if (status < 0)
            return status;
        if (texts[i] ? !value.constant || value.type != KQL_STRING
                     : !value.json || value.json->kind != KQL_ARRAY)
            return hunt_refuse(bind, expr->place, "%.*s of bag_unpack() is %s that is known now",
                               STR_ARG(names[i]), texts[i] ? "a text" : "an array");
        if (texts[i])
            *texts[i] = value.literal.text;
        else
            ret->ignored = value.json;
    }
    return 0;
}

static bool is_ignored(const struct unpacking *unpacking, struct str name)
{
    const struct kql_expr *ignored = unpacking->ignored;
    for (uint32_t i = 0; ignored && i < ignored->exprs.len; i++) {
        const struct kql_expr *item = ignored->exprs.items[i];
        if (item->kind == KQL_LITERAL && item->literal.type == KQL_STRING &&
            str_eq(item->literal.text, name))
            return true;
    }
    return false;
}

/* The columns that stay: all but the bag, or those that a schema names. */
static struct field_list unpack_beside(struct hunt_bind *bind, const struct kql_operator *op,
                                       const struct rel *rel, struct str bag_name)
{
    struct field_list fields = {0};
    for (uint32_t i = 0; i < rel->fields.len; i++) {
        const struct field *field = &rel->fields.items[i];
        bool stays = !op->evaluate.has_schema || op->evaluate.open;
        for (uint32_t c = 0; !stays && c < op->evaluate.schema.len; c++)
            stays = str_eq(op->evaluate.schema.items[c].name.text, field->name);
        if (stays && !str_eq(field->name, bag_name))
            field_add(bind, &fields, field->name, field->column);
    }
    return fields;
}

/* A member of a bag as a column. */
static struct column *unpack_member(struct hunt_bind *bind, struct rel *rel, struct column *bag,
                                    const struct kql_column *made, struct str name)
{
    struct column_list refs = {0};
    struct hunt_value member = bind_value(KQL_DYNAMIC, (struct str){0});
    struct str path = hunt_quote(bind, made->name.text);
    column_list_add(bind, &refs, bag);
    member.base = bag->sql;
    member.path = hunt_text(bind, "concat('$.', to_json(%.*s)::VARCHAR)", STR_ARG(path));
    member.sql = hunt_text(bind, "nullif(json_extract(%.*s, %.*s), 'null'::JSON)",
                           STR_ARG(member.base), STR_ARG(member.path));
    member = hunt_convert(bind, member, made->type == KQL_TYPE_NONE ? KQL_DYNAMIC : made->type);
    return rel_compute(bind, rel, name, &member, &refs);
}

static int evaluate_bag_unpack(struct hunt_bind *bind, const struct kql_operator *op,
                               struct rel *rel)
{
    const struct kql_named_list *arguments = &op->evaluate.call->call.arguments;
    struct column_list refs = {0};
    struct hunt_value value;
    struct unpacking unpacking;
    struct member_list members = {.columns = op->evaluate.schema};
    if (arguments->len == 0 || arguments->items[0].expr->kind != KQL_NAME)
        return hunt_refuse(bind, op->evaluate.call->place, "bag_unpack() wants a column of bags");
    int status = read_unpacking(bind, arguments, &unpacking);
    if (status == 0)
        status = bind_over(bind, rel, arguments->items[0].expr, &refs, &value);
    if (status < 0)
        return status;
    value = hunt_convert(bind, value, KQL_DYNAMIC);
    struct column *bag = rel_column(bind, rel, STR("bag"), &value, &refs);
    if (!op->evaluate.has_schema)
        status = find_members(bind, op->evaluate.call->place, rel, bag, &members);
    struct field_list fields = unpack_beside(bind, op, rel, arguments->items[0].expr->name);
    bool keep = op->evaluate.has_schema || str_eq(unpacking.conflict, STR("keep_source"));
    for (uint32_t i = 0; status == 0 && i < members.columns.len; i++) {
        const struct kql_column *made = &members.columns.items[i];
        struct str name =
            hunt_text(bind, "%.*s%.*s", STR_ARG(unpacking.prefix), STR_ARG(made->name.text));
        if (is_ignored(&unpacking, made->name.text) || (keep && field_find(&fields, name)))
            continue;
        struct column *column = unpack_member(bind, rel, bag, made, name);
        if (str_eq(unpacking.conflict, STR("replace_source")))
            field_set(bind, &fields, name, column);
        else
            field_add_unique(bind, &fields, name, column);
    }
    rel->fields = fields;
    return status;
}

/* ---- narrow: the columns of each row as rows ---- */

static int evaluate_narrow(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    (void)op;
    struct column_list refs = {0};
    struct buf names = {0}, values = {0};
    for (uint32_t i = 0; i < rel->fields.len; i++) {
        struct str name = hunt_quote(bind, rel->fields.items[i].name);
        struct hunt_value text =
            hunt_convert(bind, column_value(rel->fields.items[i].column), KQL_STRING);
        buf_printf(&names, "%s%.*s", i ? ", " : "unnest([", STR_ARG(name));
        buf_printf(&values, "%s%.*s", i ? ", " : "unnest([", STR_ARG(text.sql));
        column_list_add(bind, &refs, rel->fields.items[i].column);
    }
    buf_add_c(&names, names.len ? "])" : "''");
    buf_add_c(&values, values.len ? "])" : "''");
    struct rel made = {.node = node_new(bind, NODE_SELECT, rel->node)};
    struct hunt_value row = bind_value(KQL_LONG, STR("(row_number() OVER () - 1)"));
    struct hunt_value name = bind_value(KQL_STRING, bind_keep(bind, &names));
    struct hunt_value value = bind_value(KQL_STRING, bind_keep(bind, &values));
    struct rel numbered = *rel;
    struct column *number = rel_compute(bind, &numbered, STR("Row"), &row, &refs);
    numbered.node->windowed = true;
    made.node->left = numbered.node;
    field_add(bind, &made.fields, STR("Row"), number);
    field_add(bind, &made.fields, STR("Column"),
              rel_compute(bind, &made, STR("Column"), &name, &refs));
    field_add(bind, &made.fields, STR("Value"),
              rel_compute(bind, &made, STR("Value"), &value, &refs));
    for (uint32_t i = 0; i < made.node->columns.len; i++)
        column_list_add(bind, &made.node->needs, made.node->columns.items[i]);
    made.node->closed = true;
    *rel = made;
    return 0;
}

/* ---- rows_near(condition, before, after): rows with so many behind or before them where the condition holds ---- */

static int evaluate_rows_near(struct hunt_bind *bind, const struct kql_operator *op,
                              struct rel *rel)
{
    const struct kql_named_list *arguments = &op->evaluate.call->call.arguments;
    struct column_list refs = {0}, near_refs = {0};
    struct hunt_value condition;
    int64_t before = 0, after;
    if (arguments->len < 2 || arguments->len > 3)
        return hunt_refuse(bind, op->evaluate.call->place,
                           "rows_near() takes a condition and numbers of rows");
    bind->in.row = rel;
    bind->in.refs = &refs;
    int status = bind_condition(bind, arguments->items[0].expr, true, &condition);
    bind->in = (struct expr_scope){0};
    if (status == 0)
        status = bind_constant_long(bind, arguments->items[1].expr, "the number of rows", &before);
    after = before;
    if (status == 0 && arguments->len > 2)
        status = bind_constant_long(bind, arguments->items[2].expr, "the number of rows", &after);
    if (status < 0)
        return status;
    struct column *holds = rel_column(bind, rel, STR("holds"), &condition, &refs);
    column_list_add(bind, &near_refs, holds);
    struct str over = rel_over(bind, rel, &near_refs);
    struct hunt_value near = bind_value(
        KQL_BOOL,
        hunt_text(bind, "bool_or(%.*s) OVER (%.*s ROWS BETWEEN %lld PRECEDING AND %lld FOLLOWING)",
                  STR_ARG(holds->sql), STR_ARG(over), (long long)(after < 0 ? 0 : after),
                  (long long)(before < 0 ? 0 : before)));
    struct column *column = rel_compute(bind, rel, STR("near"), &near, &near_refs);
    rel->node->windowed = true;
    struct column_list column_refs = {0};
    column_list_add(bind, &column_refs, column);
    rel_filter(bind, rel, column->sql, &column_refs);
    return 0;
}

static const struct {
    const char *name;
    int (*bind)(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel);
} plugins[] = {
    {"bag_unpack", evaluate_bag_unpack}, {"ipv4_lookup", op_ip_lookup},
    {"ipv6_lookup", op_ip_lookup},       {"narrow", evaluate_narrow},
    {"pivot", evaluate_pivot},           {"rows_near", evaluate_rows_near},
};

static int op_evaluate(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    const struct kql_expr *call = op->evaluate.call;
    for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
        if (call->kind == KQL_CALL && str_eq(call->call.name, str_from_c(plugins[i].name)) &&
            rel->node)
            return plugins[i].bind(bind, op, rel);
    return bind_not_done(bind, call->place, "there is no plugin '%.*s' here",
                         call->kind == KQL_CALL ? (int)call->call.name.len : 0,
                         call->kind == KQL_CALL ? call->call.name.ptr : "");
}

static int op_invoke(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct binding *function = bind_find(bind, op->call->call.name);
    if (!function || function->kind != BOUND_FUNCTION || function->statement->parameters.len == 0)
        return bind_not_done(bind, op->place, "'%.*s' is no function of the query over a table",
                             STR_ARG(op->call->call.name));
    struct rel first = *rel;
    return bind_user_tabular(bind, function, op->call, &first, rel);
}

const struct op_row op_rows_evaluate[] = {
    {KQL_EVALUATE, op_evaluate},
    {KQL_INVOKE, op_invoke},
    {0, NULL},
};
