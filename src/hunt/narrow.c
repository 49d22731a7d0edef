/*
 * Times: a condition on the time of events becomes bounds on what the lake is asked for, so that it
 * reads only the days that may have such events. The condition stays where it is; bounds need not be sharp.
 */
#include "hunt/bind.h"

struct bounds {
    int64_t first, last; /* µs, last not included */
};

static void narrow_source(struct source *source, const struct bounds *bounds)
{
    if (bounds->first > source->first)
        source->first = bounds->first;
    if (bounds->last < source->last)
        source->last = bounds->last;
}

static bool is_event_time(const struct column *column)
{
    return column->cell && column->cell->kind == TABLE_FIELD &&
           str_eq(column->cell->text, STR("_time"));
}

/* Rows of the node outside of the bounds can't change what is above it. */
static void narrow_node(struct node *node, const struct column *column, const struct bounds *bounds)
{
    if (!node)
        return;
    if (is_event_time(column) && node->left == column->source) {
        narrow_source(column->source->source, bounds);
        return;
    }
    switch (node->kind) {
    case NODE_SELECT:
        if ((!node->tail.len || node->any) && !node->windowed && !node->only)
            narrow_node(node->left, column, bounds);
        break;
    case NODE_UNION:
        for (uint32_t c = 0; c < node->columns.len; c++)
            for (uint32_t i = 0; node->columns.items[c] == column && i < node->n_inputs; i++)
                if (column->parts[i])
                    narrow_node(node->inputs[i], column->parts[i], bounds);
        break;
    case NODE_JOIN:
        if (!str_eq(node->text, STR("FULL JOIN")) && !str_eq(node->text, STR("RIGHT JOIN")))
            narrow_node(node->left, column, bounds);
        if (str_eq(node->text, STR("JOIN")))
            narrow_node(node->right, column, bounds);
        break;
    default:
        break;
    }
}

/* name op constant: bounds that hold of the name; false: none. */
static bool bounds_of(enum kql_op op, int64_t at, struct bounds *ret)
{
    *ret = (struct bounds){INT64_MIN, INT64_MAX};
    switch (op) {
    case KQL_LESS:
    case KQL_LESS_EQUAL:
        ret->last = at + 1;
        return true;
    case KQL_GREATER:
    case KQL_GREATER_EQUAL:
        ret->first = at;
        return true;
    case KQL_EQUAL:
        *ret = (struct bounds){at, at + 1};
        return true;
    default:
        return false;
    }
}

static enum kql_op mirrored(enum kql_op op)
{
    switch (op) {
    case KQL_LESS:
        return KQL_GREATER;
    case KQL_LESS_EQUAL:
        return KQL_GREATER_EQUAL;
    case KQL_GREATER:
        return KQL_LESS;
    case KQL_GREATER_EQUAL:
        return KQL_LESS_EQUAL;
    default:
        return op;
    }
}

/* The time that an expression is, if it is a constant. Its errors were reported when it was bound. */
static bool constant_time(struct hunt_bind *bind, const struct kql_expr *expr, int64_t *ret_us)
{
    struct hunt_value value;
    struct rel *row = bind->in.row;
    struct err *err = bind->err, ignored;
    bind->in.row = NULL;
    bind->err = &ignored;
    bool constant = bind_scalar(bind, expr, &value) == 0 && value.constant &&
                    value.type == KQL_DATETIME && !value.literal.null;
    bind->in.row = row;
    bind->err = err;
    if (constant)
        *ret_us = bind_ticks_us(value.literal.ticks);
    return constant;
}

static const struct column *column_of(const struct rel *rel, const struct kql_expr *expr)
{
    if (expr->kind != KQL_NAME)
        return NULL;
    const struct field *field = field_find(&rel->fields, expr->name);
    if (!field)
        field = field_find(&rel->hidden, expr->name);
    return field && field->column->type == KQL_DATETIME ? field->column : NULL;
}

static void narrow_range(struct hunt_bind *bind, struct rel *rel, const struct kql_expr *expr)
{
    const struct column *column = column_of(rel, expr->range.left);
    int64_t low, high;
    if (!column || expr->range.test.negated || !constant_time(bind, expr->range.low, &low))
        return;
    struct bounds bounds = {low, INT64_MAX};
    if (constant_time(bind, expr->range.high, &high))
        bounds.last = high + 1;
    narrow_node(rel->node, column, &bounds);
}

void narrow_condition(struct hunt_bind *bind, struct rel *rel, const struct kql_expr *condition)
{
    if (condition->kind == KQL_AND) {
        for (uint32_t i = 0; i < condition->exprs.len; i++)
            narrow_condition(bind, rel, condition->exprs.items[i]);
        return;
    }
    if (condition->kind == KQL_RANGE) {
        narrow_range(bind, rel, condition);
        return;
    }
    if (condition->kind != KQL_BINARY || condition->binary.test.negated)
        return;
    const struct column *column = column_of(rel, condition->binary.left);
    enum kql_op op = condition->binary.test.op;
    const struct kql_expr *other = condition->binary.right;
    if (!column) {
        column = column_of(rel, condition->binary.right);
        op = mirrored(op);
        other = condition->binary.left;
    }
    struct bounds bounds;
    int64_t at;
    if (column && constant_time(bind, other, &at) && bounds_of(op, at, &bounds))
        narrow_node(rel->node, column, &bounds);
}
