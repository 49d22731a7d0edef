/*
 * From the plan to SQL: first what the result needs is marked, from the top down, then every node is
 * written as a SELECT of the columns that are.
 */
#include <errno.h>

#include "hunt/bind.h"

static int mark_column(struct hunt_bind *bind, struct column *column);

static int mark_list(struct hunt_bind *bind, const struct column_list *list)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < list->len; i++)
        status = mark_column(bind, list->items[i]);
    return status;
}

static int mark_column(struct hunt_bind *bind, struct column *column)
{
    if (column->used)
        return 0;
    column->used = true;
    if (column->cell) {
        int status = bind_cell(bind, column);
        if (status < 0)
            return status;
    }
    int status = mark_list(bind, &column->refs);
    for (uint32_t i = 0; status == 0 && i < column->n_parts; i++)
        if (column->parts[i])
            status = mark_column(bind, column->parts[i]);
    return status;
}

/* What the rows of a node depend on, whoever looks at them. */
static int mark_node(struct hunt_bind *bind, struct node *node)
{
    if (!node || node->marked)
        return 0;
    node->marked = true;
    int status = mark_list(bind, &node->needs);
    for (uint32_t i = 0; status == 0 && i < node->n_order; i++)
        status = mark_column(bind, node->order[i].column);
    for (uint32_t i = 0; status == 0 && i < node->n_keys; i++)
        status = mark_column(bind, node->columns.items[i]);
    if (status == 0)
        status = mark_node(bind, node->left);
    if (status == 0)
        status = mark_node(bind, node->right);
    for (uint32_t i = 0; status == 0 && i < node->n_inputs; i++)
        status = mark_node(bind, node->inputs[i]);
    return status;
}

static void emit_node(struct hunt_bind *bind, struct node *node);

/* What can stand behind FROM. */
static void emit_input(struct hunt_bind *bind, struct node *node)
{
    struct buf *sql = &bind->sql;
    if (node->kind == NODE_SOURCE) {
        node->source->used = true;
        if (node->source->findings)
            buf_add_c(sql, "(SELECT unnest(json_extract(CAST($1 AS JSON), '$[*]')) AS finding)");
        else
            buf_add_str(sql, node->source->name);
    } else if (node->kind == NODE_SHARED)
        buf_printf(sql, "m%u", node->shared);
    else {
        buf_add_byte(sql, '(');
        emit_node(bind, node);
        buf_add_byte(sql, ')');
    }
}

static uint32_t emit_columns(struct hunt_bind *bind, const struct column_list *list, bool comma)
{
    struct buf *sql = &bind->sql;
    uint32_t n = 0;
    for (uint32_t i = 0; i < list->len; i++) {
        const struct column *column = list->items[i];
        if (!column->used)
            continue;
        if (comma || n)
            buf_add_c(sql, ", ");
        buf_add_str(sql, column->expr);
        buf_add_c(sql, " AS ");
        buf_add_str(sql, column->sql);
        n++;
    }
    return n;
}

static void emit_order(struct hunt_bind *bind, const struct sort_key *order, uint32_t n_order)
{
    const struct rel keys = {.order = order, .n_order = n_order};
    struct str over = rel_over(bind, &keys, NULL);
    if (over.len) {
        buf_add_byte(&bind->sql, ' ');
        buf_add_str(&bind->sql, over);
    }
}

/*
 * Above a source there is no *: it would name its columns once more. Of what is below a join or a shared
 * node all is handed on.
 */
static void emit_select(struct hunt_bind *bind, const struct node *node)
{
    struct buf *sql = &bind->sql;
    bool all = !node->only && node->left && node->left->kind != NODE_SOURCE;
    buf_add_c(sql, all ? "SELECT *" : "SELECT ");
    if (emit_columns(bind, &node->columns, all) == 0 && !all)
        buf_printf(sql, "1 AS \"row#%u\"", ++bind->n_columns);
    if (node->left) {
        buf_add_c(sql, " FROM ");
        emit_input(bind, node->left);
    }
    if (node->where.len) {
        buf_add_c(sql, " WHERE ");
        buf_add_str(sql, node->where);
    }
    if (node->tail.len) {
        emit_order(bind, node->order, node->n_order);
        buf_add_byte(sql, ' ');
        buf_add_str(sql, node->tail);
    }
}

static void emit_group(struct hunt_bind *bind, const struct node *node)
{
    struct buf *sql = &bind->sql;
    buf_add_c(sql, "SELECT ");
    if (emit_columns(bind, &node->columns, false) == 0)
        buf_printf(sql, "count(*) AS \"rows#%u\"", ++bind->n_columns);
    buf_add_c(sql, " FROM ");
    emit_input(bind, node->left);
    for (uint32_t i = 0; i < node->n_keys; i++)
        buf_printf(sql, i ? ", %u" : " GROUP BY %u", i + 1);
}

static void emit_join(struct hunt_bind *bind, const struct node *node)
{
    struct buf *sql = &bind->sql;
    buf_add_c(sql, "SELECT * FROM ");
    emit_input(bind, node->left);
    buf_add_c(sql, " AS l ");
    buf_add_str(sql, node->text);
    buf_add_byte(sql, ' ');
    emit_input(bind, node->right);
    buf_add_c(sql, " AS r");
    if (node->where.len) {
        buf_add_c(sql, " ON ");
        buf_add_str(sql, node->where);
    }
}

static void emit_union(struct hunt_bind *bind, const struct node *node)
{
    struct buf *sql = &bind->sql;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        buf_add_c(sql, i ? " UNION ALL SELECT " : "SELECT ");
        uint32_t n = 0;
        for (uint32_t c = 0; c < node->columns.len; c++) {
            const struct column *column = node->columns.items[c];
            if (!column->used)
                continue;
            if (n++)
                buf_add_c(sql, ", ");
            if (column->parts[i])
                buf_add_str(sql, column->parts[i]->sql);
            else
                buf_printf(sql, "NULL::%s", bind_sql_type(column->type));
            buf_add_c(sql, " AS ");
            buf_add_str(sql, column->sql);
        }
        if (n == 0)
            buf_printf(sql, "1 AS \"row#%u\"", ++bind->n_columns);
        buf_add_c(sql, " FROM ");
        emit_input(bind, node->inputs[i]);
    }
}

static void emit_node(struct hunt_bind *bind, struct node *node)
{
    switch (node->kind) {
    case NODE_SELECT:
        emit_select(bind, node);
        break;
    case NODE_GROUP:
        emit_group(bind, node);
        break;
    case NODE_JOIN:
        emit_join(bind, node);
        break;
    case NODE_UNION:
        emit_union(bind, node);
        break;
    case NODE_ROWS:
        buf_add_str(&bind->sql, node->text);
        break;
    case NODE_SOURCE:
    case NODE_SHARED:
        buf_add_c(&bind->sql, "SELECT * FROM ");
        emit_input(bind, node);
        break;
    }
}

/* Shared nodes become WITHs, in the order they were made: none names a later one. */
static void emit_shared(struct hunt_bind *bind)
{
    for (uint32_t i = 0; i < bind->shared.len; i++) {
        struct node *node = bind->shared.items[i];
        buf_printf(&bind->sql, "%sm%u AS MATERIALIZED (", i ? ", " : "WITH ", node->shared);
        emit_node(bind, node->left);
        buf_add_c(&bind->sql, ") ");
    }
}

static void emit_fields(struct hunt_bind *bind, const struct rel *rel)
{
    struct buf *sql = &bind->sql;
    buf_add_c(sql, "SELECT ");
    for (uint32_t i = 0; i < rel->fields.len; i++) {
        const struct hunt_value value = column_value(rel->fields.items[i].column);
        if (i)
            buf_add_c(sql, ", ");
        buf_add_str(sql, bind_filled(bind, &value));
        buf_add_c(sql, " AS ");
        buf_add_str(sql, bind_quote_name(bind, rel->fields.items[i].name));
    }
    if (rel->fields.len == 0)
        buf_add_c(sql, "1");
    buf_add_c(sql, " FROM ");
    emit_input(bind, rel->node);
    emit_order(bind, rel->order, rel->n_order);
}

static int mark_rel(struct hunt_bind *bind, const struct rel *rel)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < rel->fields.len; i++)
        status = mark_column(bind, rel->fields.items[i].column);
    for (uint32_t i = 0; status == 0 && i < rel->n_order; i++)
        status = mark_column(bind, rel->order[i].column);
    return status < 0 ? status : mark_node(bind, rel->node);
}

static int emit_rel(struct hunt_bind *bind, const struct rel *rel, struct str *ret_sql)
{
    int status = mark_rel(bind, rel);
    for (uint32_t i = 0; status == 0 && i < bind->shared.len; i++) {
        struct node *node = bind->shared.items[i];
        status = mark_list(bind, &node->needs);
        if (status == 0)
            status = mark_node(bind, node->left);
    }
    if (status < 0)
        return status;
    emit_shared(bind);
    emit_fields(bind, rel);
    if (bind->sql.failed || bind->sql.len > BIND_SQL_MAX) {
        buf_free(&bind->sql);
        bind_spent(bind, -E2BIG, "the query is too large once it is compiled");
    }
    *ret_sql = bind_keep(bind, &bind->sql);
    return 0;
}

int plan_emit(struct hunt_bind *bind, const struct rel *rel, struct hunt_result *result)
{
    struct rel choice;
    struct str first = {0};
    uint32_t early = 0;
    int status = 0;
    prune_node(bind, rel->node);
    for (uint32_t i = 0; i < bind->shared.len; i++)
        prune_node(bind, bind->shared.items[i]);
    if (late_choose(bind, rel, &choice)) {
        status = emit_rel(bind, &choice, &first);
        early = late_weight(bind);
        result->choice_certain = !bind->uncertain;
    }
    if (status == 0)
        status = emit_rel(bind, rel, &result->sql);
    bool pays = late_weight(bind) - early >= LATE_WEIGHT_MIN;
    result->choice = status == 0 && pays ? first : (struct str){0};
    result->certain = !bind->uncertain;
    return status;
}
