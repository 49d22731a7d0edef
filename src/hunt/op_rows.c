/*
 * Operators that choose rows or order them: where, sort, take, top, sample, count, getschema ...
 */
#include "hunt/op.h"

static int op_where(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct column_list refs = {0};
    struct hunt_value value;
    bind->in.row = rel;
    bind->in.refs = &refs;
    int status = bind_condition(bind, op->predicate, true, &value);
    bind->in.row = NULL;
    bind->in.refs = NULL;
    if (status < 0)
        return status;
    narrow_condition(bind, rel, op->predicate);
    early_condition(bind, rel, op->predicate);
    rel_filter(bind, rel, value.sql, &refs);
    return 0;
}

/* The groups that rel's rows are, or NULL. */
static const struct node *groups_of(const struct rel *rel)
{
    const struct node *node = rel->node;
    while (node && node->kind == NODE_SELECT && !node->only)
        node = node->left;
    return node && node->kind == NODE_GROUP ? node : NULL;
}

int op_bind_order(struct hunt_bind *bind, struct rel *rel, const struct kql_ordered *ordered,
                  uint32_t n)
{
    const struct node *groups = groups_of(rel);
    uint32_t n_groups = groups ? groups->n_keys : 0;
    struct sort_key *keys = bind_alloc(bind, n + n_groups, sizeof(*keys));
    for (uint32_t i = 0; i < n; i++) {
        struct column_list refs = {0};
        struct hunt_value value;
        int status = bind_over(bind, rel, ordered[i].by.expr, &refs, &value);
        if (status < 0)
            return status;
        if (value.type == KQL_STRING && !value.filled)
            value.sql = bind_filled(bind, &value);
        bool descending = ordered[i].direction != KQL_ASC;
        keys[i] = (struct sort_key){
            .column = rel_column(bind, rel, STR("by"), &value, &refs),
            .descending = descending,
            .nulls_first = ordered[i].nulls ? ordered[i].nulls == KQL_NULLS_FIRST : !descending,
        };
    }
    /* Groups that are equal in these stand by their keys: the same rows give the same answer. */
    for (uint32_t i = 0; i < n_groups; i++)
        keys[n + i] = (struct sort_key){.column = groups->columns.items[i]};
    rel->order = keys;
    rel->n_order = n + n_groups;
    return 0;
}

static int op_sort(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    return op_bind_order(bind, rel, op->ordered.items, op->ordered.len);
}

/* LIMIT and its number, which may come from another query. */
static int cut(struct hunt_bind *bind, const struct kql_expr *rows, struct rel *rel)
{
    struct hunt_value value;
    int status = bind_scalar(bind, rows, &value);
    if (status < 0)
        return status;
    value = hunt_convert(bind, value, KQL_LONG);
    if (value.constant && (value.literal.null || value.literal.integer < 0))
        return hunt_refuse(bind, rows->place, "the number of rows is not negative");
    rel_cut(bind, rel, hunt_text(bind, "LIMIT %.*s", STR_ARG(value.sql)), NULL);
    rel->node->rows_max = value.constant ? (uint64_t)value.literal.integer : 0;
    return 0;
}

static int op_take(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    return cut(bind, op->rows, rel);
}

static int op_top(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    int status = op_bind_order(bind, rel, &op->top.by, 1);
    return status < 0 ? status : cut(bind, op->top.rows, rel);
}

static int op_sample(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    int64_t n;
    int status = bind_constant_long(bind, op->rows, "the number of rows", &n);
    if (status < 0)
        return status;
    if (n < 0)
        return hunt_refuse(bind, op->rows->place, "the number of rows is not negative");
    rel->order = NULL;
    rel->n_order = 0;
    rel_cut(bind, rel, hunt_text(bind, "USING SAMPLE reservoir(%lld ROWS)", (long long)n), NULL);
    return 0;
}

static int op_sample_distinct(struct hunt_bind *bind, const struct kql_operator *op,
                              struct rel *rel)
{
    struct group group;
    group_begin(bind, rel, &group);
    int status = group_key(bind, &group, &op->sample_distinct.of);
    if (status < 0)
        return status;
    *rel = group_end(&group);
    return cut(bind, op->sample_distinct.rows, rel);
}

static int op_distinct(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct group group;
    group_begin(bind, rel, &group);
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < op->exprs.len; i++) {
        const struct kql_expr *expr = op->exprs.items[i];
        struct kql_named named = {.place = expr->place};
        named.expr = op->exprs.items[i];
        if (expr->kind != KQL_STAR && expr->kind != KQL_PATTERN) {
            status = group_key(bind, &group, &named);
            continue;
        }
        for (uint32_t f = 0; f < rel->fields.len; f++) {
            struct field *field = &rel->fields.items[f];
            struct column_list refs = {0};
            if (!op_names(expr, field->name))
                continue;
            column_list_add(bind, &refs, field->column);
            (void)group_key_column(bind, &group, field->name, column_value(field->column), &refs);
        }
    }
    *rel = group_end(&group);
    return status;
}

static int op_count(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct node *node = node_new(bind, NODE_GROUP, rel->node);
    struct str name = op->as.text.len ? op->as.text : STR("Count");
    struct column *column = column_new(bind, name, KQL_LONG);
    column->expr = STR("count(*)");
    column->filled = true;
    column_list_add(bind, &node->columns, column);
    *rel = (struct rel){.node = node};
    field_add(bind, &rel->fields, name, column);
    return 0;
}

static int op_as(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    rel_share(bind, rel);
    struct binding *binding = bind_name(bind, op->as.text, BOUND_REL);
    binding->rel = *rel;
    *rel = rel_again(bind, &binding->rel);
    rel->table = op->as.text;
    return 0;
}

static int op_consume(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    (void)op;
    rel_cut(bind, rel, STR("LIMIT 0"), NULL);
    return 0;
}

static int op_getschema(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    static const char *const clr[] = {
        [KQL_TYPE_NONE] = "System.Object",  [KQL_BOOL] = "System.SByte",
        [KQL_INT] = "System.Int32",         [KQL_LONG] = "System.Int64",
        [KQL_REAL] = "System.Double",       [KQL_DECIMAL] = "System.Data.SqlTypes.SqlDecimal",
        [KQL_STRING] = "System.String",     [KQL_DATETIME] = "System.DateTime",
        [KQL_TIMESPAN] = "System.TimeSpan", [KQL_DYNAMIC] = "System.Object",
        [KQL_GUID] = "System.Guid"};
    static const struct {
        struct str name;
        enum kql_type type;
    } columns[] = {{{"ColumnName", 10}, KQL_STRING},
                   {{"ColumnOrdinal", 13}, KQL_LONG},
                   {{"DataType", 8}, KQL_STRING},
                   {{"ColumnType", 10}, KQL_STRING}};
    (void)op;
    struct rel schema = {.node = node_new(bind, NODE_ROWS, NULL)};
    struct buf buf = {0};
    for (uint32_t i = 0; i < 4; i++) {
        struct column *column = column_new(bind, columns[i].name, columns[i].type);
        column_list_add(bind, &schema.node->columns, column);
        field_add(bind, &schema.fields, columns[i].name, column);
    }
    for (uint32_t i = 0; i < rel->fields.len; i++) {
        const struct field *field = &rel->fields.items[i];
        struct str name = hunt_quote(bind, field->name);
        buf_printf(&buf, "%s(%.*s, %u, '%s', '%.*s')", i ? ", " : "", STR_ARG(name), i,
                   clr[field->column->type], STR_ARG(kql_type_name(field->column->type)));
    }
    if (!buf.len)
        buf_add_c(&buf, "('', 0, '', '')");
    struct str rows = bind_keep(bind, &buf);
    const struct column *const *made = (const struct column *const *)schema.node->columns.items;
    schema.node->text =
        hunt_text(bind, "SELECT * FROM (VALUES %.*s) AS v(%.*s, %.*s, %.*s, %.*s)%s", STR_ARG(rows),
                  STR_ARG(made[0]->sql), STR_ARG(made[1]->sql), STR_ARG(made[2]->sql),
                  STR_ARG(made[3]->sql), rel->fields.len ? "" : " WHERE FALSE");
    *rel = schema;
    return 0;
}

/* render is for who shows the result: it is noted. */
static int op_render(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    (void)rel;
    uint32_t n = op->render.properties.len;
    struct hunt_render render = {.chart = op->render.chart.text, .n_properties = n};
    render.names = bind_alloc(bind, n, sizeof(*render.names));
    render.values = bind_alloc(bind, n, sizeof(*render.values));
    for (uint32_t i = 0; i < n; i++) {
        const struct kql_property *property = &op->render.properties.items[i];
        struct buf buf = {0};
        for (uint32_t v = 0; v < property->values.len; v++) {
            const struct kql_expr *value = property->values.items[v];
            if (v)
                buf_add_c(&buf, ", ");
            if (value->kind == KQL_LITERAL && value->literal.type == KQL_STRING)
                buf_add_str(&buf, value->literal.text);
            else
                kql_print_expr(&buf, value);
        }
        render.names[i] = property->name.text;
        render.values[i] = bind_keep(bind, &buf);
    }
    bind->render = render;
    return 0;
}

const struct op_row op_rows_rows[] = {
    {KQL_WHERE, op_where},
    {KQL_SORT, op_sort},
    {KQL_TAKE, op_take},
    {KQL_TOP, op_top},
    {KQL_SAMPLE, op_sample},
    {KQL_SAMPLE_DISTINCT, op_sample_distinct},
    {KQL_DISTINCT, op_distinct},
    {KQL_COUNT, op_count},
    {KQL_AS, op_as},
    {KQL_CONSUME, op_consume},
    {KQL_GETSCHEMA, op_getschema},
    {KQL_RENDER, op_render},
    {0, NULL},
};
