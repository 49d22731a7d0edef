/*
 * The results of a statement: one; or of a pipe that ends in fork or facet as many as that says, each the pipe up to there and
 * what is its own behind it.
 */
#include "hunt/bind.h"

static const struct kql_operator *last_operator(const struct kql_statement *statement)
{
    const struct kql_expr *expr = statement->expr;
    if (expr->kind != KQL_PIPE || expr->pipe.operators.len == 0)
        return NULL;
    return expr->pipe.operators.items[expr->pipe.operators.len - 1];
}

uint32_t results_count(const struct kql_statement *statement)
{
    const struct kql_operator *last = last_operator(statement);
    if (last && last->kind == KQL_FORK)
        return last->branches.len;
    if (last && last->kind == KQL_FACET)
        return last->facet.by.len + (last->facet.pipe != NULL);
    return 1;
}

/* The pipe without its last operator, and with others in its place. */
static const struct kql_expr *replace_last(struct hunt_bind *bind, const struct kql_expr *pipe,
                                           struct kql_operator *const *others, uint32_t n)
{
    struct kql_expr *expr = bind_alloc(bind, 1, sizeof(*expr));
    uint32_t kept = pipe->pipe.operators.len - 1;
    struct kql_operator **operators = bind_alloc(bind, kept + n, sizeof(*operators));
    for (uint32_t i = 0; i < kept + n; i++)
        operators[i] = i < kept ? pipe->pipe.operators.items[i] : others[i - kept];
    *expr = *pipe;
    expr->pipe.operators = (struct kql_operator_list){.items = operators, .len = kept + n};
    return expr;
}

/* summarize count_X = count() by X */
static struct kql_operator *counting(struct hunt_bind *bind, struct kql_expr *by)
{
    struct kql_operator *op = bind_alloc(bind, 1, sizeof(*op));
    struct kql_expr *count = bind_alloc(bind, 1, sizeof(*count));
    struct kql_named *named = bind_alloc(bind, 2, sizeof(*named));
    struct kql_name *name = bind_alloc(bind, 1, sizeof(*name));
    *count = (struct kql_expr){.kind = KQL_CALL, .place = by->place};
    count->call.name = STR("count");
    name->text = hunt_text(bind, "count_%.*s", STR_ARG(bind_name_of(bind, by)));
    named[0] =
        (struct kql_named){.place = by->place, .names = {.items = name, .len = 1}, .expr = count};
    named[1] = (struct kql_named){.place = by->place, .expr = by};
    *op = (struct kql_operator){.kind = KQL_SUMMARIZE, .place = by->place};
    op->summarize.aggregates = (struct kql_named_list){.items = &named[0], .len = 1};
    op->summarize.by = (struct kql_named_list){.items = &named[1], .len = 1};
    return op;
}

const struct kql_expr *results_at(struct hunt_bind *bind, const struct kql_statement *statement,
                                  uint32_t index)
{
    const struct kql_operator *last = last_operator(statement);
    const struct kql_expr *pipe = NULL;
    if (last && last->kind == KQL_FORK)
        pipe = last->branches.items[index].pipe;
    else if (last && last->kind == KQL_FACET) {
        if (last->facet.pipe && index-- == 0)
            pipe = last->facet.pipe;
        else {
            struct kql_operator *count = counting(bind, last->facet.by.items[index]);
            return replace_last(bind, statement->expr, &count, 1);
        }
    } else
        return statement->expr;
    return replace_last(bind, statement->expr, pipe->pipe.operators.items,
                        pipe->pipe.operators.len);
}
