/*
 * Early conditions. For a caller who may not see all, the lake evaluates nothing that may fail on rows of others
 * (lake_query.certain), and then no condition of the query chooses what is read. So where a condition can't fail and is
 * over the fields of one source, the lake is told of it. The condition stays where it is; this need not be sharp.
 *
 *     Starts | where FileName == 'a.exe' and Id * 2 > 5
 *                    └─ early                └─ may fail on a value, waits until others' rows are out of the way
 */
#include <errno.h>

#include "hunt/bind.h"

void early_add(struct hunt_bind *bind, struct source *source, struct str condition)
{
    if (bind->options->plain)
        return;
    source->early = source->early.len ? hunt_text(bind, "%.*s AND %.*s", STR_ARG(source->early),
                                                  STR_ARG(condition))
                                      : condition;
}

/* A name of the condition: a column of rel, which joins *names, or a constant. */
static bool take_name(struct hunt_bind *bind, const struct rel *rel, struct str name,
                      struct field_list *names)
{
    const struct field *field = field_find(&rel->fields, name);
    if (!field)
        field = field_find(&rel->hidden, name);
    if (!field) {
        const struct binding *binding = bind_find(bind, name);
        return binding && binding->kind == BOUND_VALUE && binding->value.constant;
    }
    if (!field_find(names, name))
        field_add(bind, names, name, field->column);
    return true;
}

/* Is the condition about one row only, without a table or a function of the query? Its columns join *names. */
static bool take_names(struct hunt_bind *bind, const struct rel *rel, const struct kql_expr *expr,
                       struct field_list *names)
{
    bool plain = true;
    switch (expr->kind) {
    case KQL_LITERAL:
    case KQL_JSON:
        return true;
    case KQL_NAME:
        return take_name(bind, rel, expr->name, names);
    case KQL_BINARY:
        return take_names(bind, rel, expr->binary.left, names) &&
               take_names(bind, rel, expr->binary.right, names);
    case KQL_AND:
    case KQL_OR:
        for (uint32_t i = 0; plain && i < expr->exprs.len; i++)
            plain = take_names(bind, rel, expr->exprs.items[i], names);
        return plain;
    case KQL_MEMBERSHIP:
        plain = take_names(bind, rel, expr->membership.left, names);
        for (uint32_t i = 0; plain && i < expr->membership.items.len; i++)
            plain = take_names(bind, rel, expr->membership.items.items[i], names);
        return plain;
    case KQL_RANGE:
        return take_names(bind, rel, expr->range.left, names) &&
               take_names(bind, rel, expr->range.low, names) &&
               take_names(bind, rel, expr->range.high, names);
    case KQL_CALL:
        plain = !expr->call.object && !bind_find(bind, expr->call.name) &&
                hunt_function_find(HUNT_SCALAR, expr->call.name, NULL);
        for (uint32_t i = 0; plain && i < expr->call.arguments.len; i++)
            plain = take_names(bind, rel, expr->call.arguments.items[i].expr, names);
        return plain;
    default:
        return false;
    }
}

/* The row of a source, in which each name stands for what the source's SELECT makes it of. */
static int source_row(struct hunt_bind *bind, const struct node *source,
                      const struct field_list *names, struct rel *ret_row)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < names->len; i++) {
        struct column *made = bind_alloc(bind, 1, sizeof(*made));
        if (names->items[i].column->source != source)
            return -ENOENT;
        *made = *names->items[i].column;
        made->refs = (struct column_list){0};
        if (made->cell)
            status = bind_cell(bind, made);
        made->sql = made->expr;
        field_add(bind, &ret_row->fields, names->items[i].name, made);
    }
    return status;
}

/* The condition was bound over the whole row: what it would be refused for, it was refused for then. */
static void tell(struct hunt_bind *bind, const struct node *source,
                 const struct kql_expr *condition, const struct field_list *names)
{
    struct rel row = {0};
    struct column_list refs = {0};
    struct hunt_value value;
    struct err ignored, *err = bind->err;
    struct expr_scope saved = bind->in;
    bool uncertain = bind->uncertain;
    bind->err = &ignored;
    bind->uncertain = false;
    int status = source->source->findings ? -ENOENT : source_row(bind, source, names, &row);
    bind->in = (struct expr_scope){.row = &row, .refs = &refs};
    if (status == 0)
        status = bind_condition(bind, condition, true, &value);
    if (status == 0 && !bind->uncertain)
        early_add(bind, source->source, value.sql);
    bind->in = saved;
    bind->uncertain = uncertain;
    bind->err = err;
}

static void push(struct hunt_bind *bind, const struct node *node, const struct kql_expr *condition,
                 const struct field_list *names);

static void push_input(struct hunt_bind *bind, const struct node *node, uint32_t input,
                       const struct kql_expr *condition, const struct field_list *names)
{
    struct field_list parts = {0};
    for (uint32_t i = 0; i < names->len; i++)
        for (uint32_t c = 0; c < node->columns.len; c++)
            if (node->columns.items[c] == names->items[i].column &&
                node->columns.items[c]->parts[input])
                field_add(bind, &parts, names->items[i].name, node->columns.items[c]->parts[input]);
    if (parts.len == names->len)
        push(bind, node->inputs[input], condition, &parts);
}

/* Rows of the node without the condition can't change what is above it. */
static void push(struct hunt_bind *bind, const struct node *node, const struct kql_expr *condition,
                 const struct field_list *names)
{
    switch (node->kind) {
    case NODE_SELECT:
        if (!node->left || node->tail.len || node->windowed || node->only)
            return;
        if (node->left->kind == NODE_SOURCE)
            tell(bind, node->left, condition, names);
        else
            push(bind, node->left, condition, names);
        return;
    case NODE_UNION:
        for (uint32_t i = 0; i < node->n_inputs; i++)
            push_input(bind, node, i, condition, names);
        return;
    case NODE_JOIN:
        if (!str_eq(node->text, STR("FULL JOIN")) && !str_eq(node->text, STR("RIGHT JOIN")))
            push(bind, node->left, condition, names);
        if (str_eq(node->text, STR("JOIN")))
            push(bind, node->right, condition, names);
        return;
    default:
        return;
    }
}

void early_condition(struct hunt_bind *bind, const struct rel *rel,
                     const struct kql_expr *condition)
{
    struct field_list names = {0};
    if (condition->kind == KQL_AND)
        for (uint32_t i = 0; i < condition->exprs.len; i++)
            early_condition(bind, rel, condition->exprs.items[i]);
    else if (take_names(bind, rel, condition, &names) && names.len > 0)
        push(bind, rel->node, condition, &names);
}
