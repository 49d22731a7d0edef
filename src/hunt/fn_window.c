/*
 * Functions of KQL that look at the rows around one. Where they start anew at a row (`restart`) they would have to know
 * the groups first, which SQL can't say in one step: refused.
 */
#include "hunt/function.h"

/* prev(column, offset, default), next(...) */
static int emit_neighbour(struct hunt_bind *bind, const struct hunt_call *call,
                          struct hunt_value *ret)
{
    const char *name = str_eq(call->name, STR("prev")) ? "lag" : "lead";
    struct str offset = call->n_args > 1 ? call->args[1].sql : STR("1");
    if (call->n_args > 2) {
        struct hunt_value other = hunt_convert(bind, call->args[2], call->args[0].type);
        ret->sql = hunt_text(bind, "%s(%.*s, CAST(%.*s AS INTEGER), %.*s) OVER (%.*s)", name,
                             STR_ARG(call->args[0].sql), STR_ARG(offset), STR_ARG(other.sql),
                             STR_ARG(call->over));
    } else {
        ret->sql = hunt_text(bind, "%s(%.*s, CAST(%.*s AS INTEGER)) OVER (%.*s)", name,
                             STR_ARG(call->args[0].sql), STR_ARG(offset), STR_ARG(call->over));
    }
    return 0;
}

static int refuse_restart(struct hunt_bind *bind, const struct hunt_call *call,
                          struct hunt_value *ret)
{
    (void)ret;
    return hunt_refuse(bind, call->place,
                       "%.*s() that starts anew at some rows is not done; partition by, or "
                       "make-series, groups rows",
                       STR_ARG(call->name));
}

#define CUMULATED(type) "coalesce(sum($1) OVER ($over ROWS UNBOUNDED PRECEDING), 0)::" type

const struct hunt_function hunt_more_windows[] = {
    {"prev(column: scalar, offset: const long?, default: scalar?) $1", .emit = emit_neighbour},
    {"next(column: scalar, offset: const long?, default: scalar?) $1", .emit = emit_neighbour},
    {"row_cumsum(term: timespan) timespan", .sql = CUMULATED("BIGINT"), .filled = true},
    {"row_cumsum(term: long) long", .sql = CUMULATED("BIGINT"), .filled = true},
    {"row_cumsum(term: real) real", .sql = CUMULATED("DOUBLE"), .filled = true},
    {"row_cumsum(term: real, restart: bool) real", .emit = refuse_restart},
    {"row_number(start: long, restart: bool) long", .emit = refuse_restart},
    {"row_rank_dense(term: scalar, restart: bool?) long", .emit = refuse_restart},
    {"row_rank_min(term: scalar, restart: bool?) long", .emit = refuse_restart},
    {"row_window_session(time: datetime, first: timespan, between: timespan, restart: bool?) "
     "datetime",
     .emit = refuse_restart},
    {0},
};
