/*
 * Operators that make columns or choose among them: extend, project and its relatives, print, range.
 */
#include "hunt/bind.h"
#include "hunt/op.h"

/* The name of an expression that has none: its own, or Column1, Column2 ... */
static struct str default_name(struct hunt_bind *bind, const struct kql_named *named,
                               uint32_t *n_unnamed)
{
    struct str name = bind_name_of(bind, named->expr);
    return name.len ? name : hunt_text(bind, "Column%u", ++*n_unnamed);
}

/* The next "name: type" of a tuple's columns; without a tuple they are dynamic, and have no names. */
static enum kql_type next_element(struct str *columns, struct str *ret_name)
{
    struct str item = {0}, type_name;
    enum kql_type type = KQL_DYNAMIC;
    *ret_name = (struct str){0};
    if (columns->len && str_cut(columns, ',', &item)) {
        type_name = item;
        if (str_cut(&type_name, ':', ret_name))
            (void)tables_type_find(str_trim(type_name), &type);
        *ret_name = str_trim(*ret_name);
    }
    return type;
}

static void add_element(struct hunt_bind *bind, struct rel *rel, struct str name,
                        enum kql_type type, uint32_t index, const struct column *array,
                        struct field_list *made)
{
    struct column_list refs = {0};
    struct hunt_value element = bind_value(KQL_DYNAMIC, (struct str){0});
    element.base = array->sql;
    element.path = hunt_text(bind, "'$[%u]'", index);
    element.sql = hunt_text(bind, "nullif(json_extract(%.*s, %.*s), 'null'::JSON)",
                            STR_ARG(element.base), STR_ARG(element.path));
    column_list_add(bind, &refs, (struct column *)(uintptr_t)array);
    element = hunt_convert(bind, element, type);
    field_add(bind, made, name, rel_compute(bind, rel, name, &element, &refs));
}

/* (a, b) = array: its elements one by one. A tuple whose columns get no names has names by itself. */
static void add_elements(struct hunt_bind *bind, struct rel *rel, const struct kql_named *named,
                         const struct hunt_value *value, const struct column_list *refs,
                         struct field_list *made)
{
    struct str columns = value->tuple ? str_from_c(value->tuple) : STR(""), name;
    struct column *array = rel_column(bind, rel, STR("array"), value, refs);
    struct str first = {0};
    if (named->expr->kind == KQL_CALL && named->expr->call.arguments.len)
        first = bind_name_of(bind, named->expr->call.arguments.items[0].expr);
    for (uint32_t i = 0; named->names.len ? i < named->names.len : columns.len > 0; i++) {
        enum kql_type type = next_element(&columns, &name);
        if (named->names.len)
            name = named->names.items[i].text;
        else
            name = hunt_text(bind, "%.*s_%.*s%s%.*s", STR_ARG(named->expr->call.name),
                             STR_ARG(first), first.len ? "_" : "", STR_ARG(name));
        add_element(bind, rel, name, type, i, array, made);
    }
}

int op_bind_named(struct hunt_bind *bind, struct rel *rel, const struct kql_named *named,
                  uint32_t *n_unnamed, struct field_list *made)
{
    struct column_list refs = {0};
    struct hunt_value value;
    int status = bind_over(bind, rel, named->expr, &refs, &value);
    if (status < 0)
        return status;
    if (named->names.len > 1 || value.tuple) {
        add_elements(bind, rel, named, &value, &refs, made);
        return 0;
    }
    struct str name =
        named->names.len ? named->names.items[0].text : default_name(bind, named, n_unnamed);
    field_add(bind, made, name, rel_column(bind, rel, name, &value, &refs));
    return 0;
}

/* A name that is new is known at once; one that was there means the old column until all are made. */
int op_extend(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct field_list before = field_list_copy(bind, &rel->fields), made = {0};
    uint32_t n_unnamed = 0, known = 0;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < op->named.len; i++) {
        status = op_bind_named(bind, rel, &op->named.items[i], &n_unnamed, &made);
        for (; known < made.len; known++)
            if (!field_find(&before, made.items[known].name))
                field_set(bind, &rel->fields, made.items[known].name, made.items[known].column);
    }
    for (uint32_t i = 0; i < made.len; i++)
        field_set(bind, &rel->fields, made.items[i].name, made.items[i].column);
    return status;
}

static int op_project(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct field_list made = {0}, fields = {0};
    uint32_t n_unnamed = 0;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < op->named.len; i++)
        status = op_bind_named(bind, rel, &op->named.items[i], &n_unnamed, &made);
    for (uint32_t i = 0; i < made.len; i++)
        field_add_unique(bind, &fields, made.items[i].name, made.items[i].column);
    rel->fields = fields;
    rel->hidden = (struct field_list){0};
    return status;
}

bool op_names(const struct kql_expr *expr, struct str name)
{
    return expr->kind == KQL_STAR ||
           (expr->kind == KQL_PATTERN ? bind_pattern_fits(expr->name, name)
                                      : expr->kind == KQL_NAME && str_eq(expr->name, name));
}

/* A name without stars that is no column is an error. */
int op_check_names(struct hunt_bind *bind, const struct rel *rel, const struct kql_expr *expr)
{
    if (expr->kind != KQL_NAME || field_find(&rel->fields, expr->name))
        return 0;
    struct hunt_value value;
    struct column_list refs = {0};
    struct rel row = *rel;
    return bind_over(bind, &row, expr, &refs, &value);
}

static bool listed(const struct kql_expr_list *list, struct str name)
{
    for (uint32_t i = 0; i < list->len; i++)
        if (op_names(list->items[i], name))
            return true;
    return false;
}

static int choose(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel, bool keep)
{
    struct field_list fields = {0};
    int status = 0;
    for (uint32_t i = 0; status == 0 && keep && i < op->exprs.len; i++)
        status = op_check_names(bind, rel, op->exprs.items[i]);
    for (uint32_t i = 0; i < rel->fields.len; i++)
        if (listed(&op->exprs, rel->fields.items[i].name) == keep)
            field_add(bind, &fields, rel->fields.items[i].name, rel->fields.items[i].column);
    rel->fields = fields;
    return status;
}

static int op_project_away(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    return choose(bind, op, rel, false);
}

static int op_project_keep(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    return choose(bind, op, rel, true);
}

static int op_project_rename(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct field_list fields = field_list_copy(bind, &rel->fields);
    for (uint32_t i = 0; i < op->named.len; i++) {
        const struct kql_named *named = &op->named.items[i];
        int status = op_check_names(bind, rel, named->expr);
        if (status < 0)
            return status;
        if (named->expr->kind != KQL_NAME || named->names.len != 1)
            return hunt_refuse(bind, named->place, "a renaming is new = old");
        for (uint32_t f = 0; f < rel->fields.len; f++)
            if (str_eq(rel->fields.items[f].name, named->expr->name))
                fields.items[f].name = named->names.items[0].text;
    }
    rel->fields = fields;
    return 0;
}

static bool reorder_before(enum kql_reorder order, struct str a, struct str b)
{
    int sign = str_compare(a, b);
    return order == KQL_REORDER_ASC || order == KQL_REORDER_GRANNY_ASC ? sign < 0 : sign > 0;
}

/* The columns of one pattern, sorted where it says so, by insertion: there are few. */
static void move_fitting(struct hunt_bind *bind, const struct kql_reordered *item,
                         struct field_list *from, struct field_list *to)
{
    uint32_t begin = to->len, kept = 0;
    for (uint32_t i = 0; i < from->len; i++) {
        struct field field = from->items[i];
        if (!op_names(item->columns, field.name)) {
            from->items[kept++] = field;
            continue;
        }
        field_add(bind, to, field.name, field.column);
        for (uint32_t at = to->len - 1;
             item->order && at > begin &&
             reorder_before(item->order, to->items[at].name, to->items[at - 1].name);
             at--) {
            struct field swap = to->items[at];
            to->items[at] = to->items[at - 1];
            to->items[at - 1] = swap;
        }
    }
    from->len = kept;
}

static int op_project_reorder(struct hunt_bind *bind, const struct kql_operator *op,
                              struct rel *rel)
{
    struct field_list left = field_list_copy(bind, &rel->fields), fields = {0};
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < op->reordered.len; i++) {
        status = op_check_names(bind, rel, op->reordered.items[i].columns);
        move_fitting(bind, &op->reordered.items[i], &left, &fields);
    }
    for (uint32_t i = 0; i < left.len; i++)
        field_add(bind, &fields, left.items[i].name, left.items[i].column);
    rel->fields = fields;
    return status;
}

static int op_print(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    *rel = (struct rel){.node = node_new(bind, NODE_SELECT, NULL)};
    struct field_list fields = {0};
    for (uint32_t i = 0; i < op->named.len; i++) {
        struct kql_named named = op->named.items[i];
        struct field_list made = {0};
        uint32_t n_unnamed = 0;
        int status = op_bind_named(bind, rel, &named, &n_unnamed, &made);
        if (status < 0)
            return status;
        bool unnamed = named.names.len == 0 && bind_name_of(bind, named.expr).len == 0;
        for (uint32_t m = 0; m < made.len; m++)
            field_add_unique(bind, &fields,
                             unnamed ? hunt_text(bind, "print_%u", i) : made.items[m].name,
                             made.items[m].column);
    }
    rel->fields = fields;
    return 0;
}

/* range x from a to b step c: rows a + i * c, i from 0, up to b. */
static int op_range(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct hunt_value from, to, step;
    int status = bind_scalar(bind, op->range_rows.from, &from);
    if (status == 0)
        status = bind_scalar(bind, op->range_rows.to, &to);
    if (status == 0)
        status = bind_scalar(bind, op->range_rows.step, &step);
    if (status < 0)
        return status;
    enum kql_type type = from.type;
    const char *format;
    if (type == KQL_DATETIME && to.type == KQL_DATETIME && step.type == KQL_TIMESPAN)
        format = "SELECT $1 + to_microseconds(i * $3) AS $4 FROM range((epoch_us($2) - "
                 "epoch_us($1)) // $3 + 1) AS r(i)";
    else if (type == KQL_TIMESPAN && to.type == KQL_TIMESPAN && step.type == KQL_TIMESPAN)
        format = "SELECT $1 + i * $3 AS $4 FROM range(($2 - $1) // $3 + 1) AS r(i)";
    else if (bind_is_number(type) && bind_is_number(to.type) && bind_is_number(step.type)) {
        if (to.type == KQL_REAL || step.type == KQL_REAL)
            type = KQL_REAL;
        format = "SELECT $1 + i * $3 AS $4 FROM range(floor(($2 - $1) / $3)::BIGINT + 1) AS r(i)";
    } else
        return hunt_refuse(bind, op->place,
                           "range goes from a number or time to another of its type");
    struct node *node = node_new(bind, NODE_ROWS, NULL);
    struct column *column = column_new(bind, op->range_rows.name.text, type);
    column_list_add(bind, &node->columns, column);
    const struct hunt_value args[] = {from, to, step, column_value(column)};
    node->text = hunt_fill(bind, format, args, 4, (struct str){0});
    *rel = (struct rel){.node = node};
    field_add(bind, &rel->fields, op->range_rows.name.text, column);
    return 0;
}

const struct op_row op_rows_columns[] = {
    {KQL_EXTEND, op_extend},
    {KQL_SERIALIZE, op_extend},
    {KQL_PROJECT, op_project},
    {KQL_PROJECT_AWAY, op_project_away},
    {KQL_PROJECT_KEEP, op_project_keep},
    {KQL_PROJECT_RENAME, op_project_rename},
    {KQL_PROJECT_REORDER, op_project_reorder},
    {KQL_PRINT, op_print},
    {KQL_RANGE_ROWS, op_range},
    {0, NULL},
};
