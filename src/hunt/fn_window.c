/*
 * Functions of KQL that look at the rows around one. Rows in which they start anew (`restart`) divide the others into
 * runs: each window of SQL is over a run, and the steps to it are columns of their own.
 */
#include "base/vec.h"
#include "hunt/bind.h"
#include "hunt/dynamic.h"
#include "hunt/native.h"

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

/* ---- runs ---- */

/* A window over other rows as a column, so that the next one can be over it. */
static struct str step(struct hunt_bind *bind, const char *name, enum kql_type type, struct str sql)
{
    struct hunt_value value = bind_value(type, sql);
    struct column *column =
        rel_compute(bind, bind->in.row, str_from_c(name), &value, bind->in.refs);
    bind->in.row->node->windowed = true;
    column_list_add(bind, bind->in.refs, column);
    return column->sql;
}

/* "ORDER BY" of a row's number among all; SQL promises nothing of rows that are the same to their order, or have none. */
static struct str in_order(struct hunt_bind *bind, const struct hunt_call *call)
{
    struct rel *rel = bind->in.row;
    struct str number = step(bind, "number", KQL_LONG,
                             hunt_text(bind, "row_number() OVER (%.*s)", STR_ARG(call->over)));
    if (rel->n_order == 0) {
        struct sort_key *key = bind_alloc(bind, 1, sizeof(*key));
        key->column = bind->in.refs->items[bind->in.refs->len - 1];
        rel->order = key;
        rel->n_order = 1;
    }
    return hunt_text(bind, "ORDER BY %.*s", STR_ARG(number));
}

/* What stands in OVER (...) for the run of a row. `restart` is the argument that says so, if it was given. */
static struct str over_run(struct hunt_bind *bind, const struct hunt_call *call, uint32_t restart)
{
    if (call->n_args <= restart)
        return call->over;
    struct str order = in_order(bind, call);
    struct str run = step(bind, "run", KQL_LONG,
                          hunt_text(bind, "count(*) FILTER (WHERE %.*s) OVER (%.*s)",
                                    STR_ARG(call->args[restart].sql), STR_ARG(order)));
    return hunt_text(bind, "PARTITION BY %.*s %.*s", STR_ARG(run), STR_ARG(order));
}

static int emit_row_number(struct hunt_bind *bind, const struct hunt_call *call,
                           struct hunt_value *ret)
{
    struct str over = over_run(bind, call, 1);
    ret->sql = hunt_text(bind, "(row_number() OVER (%.*s) + %.*s - 1)", STR_ARG(over),
                         STR_ARG(call->args[0].sql));
    return 0;
}

static int emit_row_cumsum(struct hunt_bind *bind, const struct hunt_call *call,
                           struct hunt_value *ret)
{
    struct str over = over_run(bind, call, 1);
    ret->sql =
        hunt_text(bind, "CAST(coalesce(sum(%.*s) OVER (%.*s ROWS UNBOUNDED PRECEDING), 0) AS %s)",
                  STR_ARG(call->args[0].sql), STR_ARG(over), bind_sql_type(ret->type));
    return 0;
}

/* row_rank_dense(): 1 more at each change of the value. row_rank_min(): the number of the row where it changed. */
static int emit_row_rank(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    struct str over = call->n_args > 1 ? over_run(bind, call, 1) : in_order(bind, call);
    struct str value = call->args[0].sql;
    struct str before =
        step(bind, "before", call->args[0].type,
             hunt_text(bind, "lag(%.*s) OVER (%.*s)", STR_ARG(value), STR_ARG(over)));
    struct str number =
        step(bind, "place", KQL_LONG, hunt_text(bind, "row_number() OVER (%.*s)", STR_ARG(over)));
    struct str change = hunt_text(bind, "(%.*s = 1 OR %.*s IS DISTINCT FROM %.*s)", STR_ARG(number),
                                  STR_ARG(value), STR_ARG(before));
    if (str_eq(call->name, STR("row_rank_dense")))
        ret->sql = hunt_text(bind, "count(*) FILTER (WHERE %.*s) OVER (%.*s)", STR_ARG(change),
                             STR_ARG(over));
    else
        ret->sql = hunt_text(bind, "max(%.*s) FILTER (WHERE %.*s) OVER (%.*s)", STR_ARG(number),
                             STR_ARG(change), STR_ARG(over));
    return 0;
}

/* ---- sessions: each begins where the one before has ended, so they are found one after the other ---- */

/*
 * kql_sessions(times, restarts, longest, gap): arrays of µs and of booleans, row by row; of each row the time at which its
 * session began. A null begins none, and ends one.
 */
NATIVE(sessions)
{
    struct json_cursor times = json_cursor_of(native_text(call, 0, row));
    struct json_cursor restarts = json_cursor_of(native_text(call, 1, row));
    int64_t longest = native_integer(call, 2, row), gap = native_integer(call, 3, row);
    int64_t began = 0, before = 0, at;
    bool running = false;
    struct str key, time, restart;
    struct buf buf = {0};
    buf_add_byte(&buf, '[');
    while (json_cursor_next(&times, &key, &time) && json_cursor_next(&restarts, &key, &restart)) {
        bool null = str_to_i64(time, &at) < 0;
        buf_add_c(&buf, buf.len > 1 ? "," : "");
        if (!running || str_eq(restart, STR("true")) || (!null && at - began >= longest) ||
            (!null && at - before >= gap))
            began = at;
        running = !null;
        before = at;
        if (null)
            buf_add_c(&buf, "null");
        else
            buf_add_i64(&buf, began);
    }
    buf_add_byte(&buf, ']');
    native_put(call, row, &buf);
}

const struct lake_function hunt_window_natives[] = {
    {.name = "kql_sessions",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_INTEGER, LAKE_INTEGER},
     .call = sessions},
    {0},
};

/* The rows with their numbers, shared: once for the list of all, which is unnested again, once to be joined with that. */
static int emit_sessions(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    struct rel *rel = bind->in.row;
    struct str time =
        step(bind, "time", KQL_LONG, hunt_text(bind, "epoch_us(%.*s)", STR_ARG(call->args[0].sql)));
    struct str restart =
        step(bind, "restart", KQL_BOOL,
             call->n_args > 3 ? hunt_text(bind, "coalesce(%.*s, FALSE)", STR_ARG(call->args[3].sql))
                              : STR("FALSE"));
    struct str order = in_order(bind, call);
    struct str number = str_skip(order, strlen("ORDER BY "));
    struct column_list *refs = bind->in.refs;
    for (uint32_t i = 0; i < refs->len; i++)
        column_list_add(bind, &rel->node->needs, refs->items[i]);
    rel_share(bind, rel);
    struct node *rows = node_new(bind, NODE_ROWS, NULL);
    struct column *at = column_new(bind, STR("row"), KQL_LONG);
    struct column *began = column_new(bind, STR("began"), KQL_DATETIME);
    column_list_add(bind, &rows->columns, at);
    column_list_add(bind, &rows->columns, began);
    rows->text = hunt_text(
        bind,
        "SELECT unnest(range(1, n + 1)) AS %.*s, make_timestamp(unnest(from_json(kql_sessions(t, "
        "r, "
        "%.*s, %.*s), '[\"BIGINT\"]'))) AS %.*s FROM (SELECT count(*) AS n, "
        "to_json(list(%.*s ORDER BY %.*s)) AS t, to_json(list(%.*s ORDER BY %.*s)) AS r FROM m%u)",
        STR_ARG(at->sql), STR_ARG(call->args[1].sql), STR_ARG(call->args[2].sql),
        STR_ARG(began->sql), STR_ARG(time), STR_ARG(number), STR_ARG(restart), STR_ARG(number),
        rel->node->shared);
    struct node *join = node_new(bind, NODE_JOIN, rel->node);
    join->right = rows;
    join->text = STR("JOIN");
    join->where = hunt_text(bind, "%.*s = %.*s", STR_ARG(number), STR_ARG(at->sql));
    rel->node = join;
    column_list_add(bind, refs, began);
    ret->sql = began->sql;
    return 0;
}

const struct hunt_function hunt_windows[] = {
    {"prev(column: scalar, offset: const long?, default: scalar?) $1", .emit = emit_neighbour},
    {"next(column: scalar, offset: const long?, default: scalar?) $1", .emit = emit_neighbour},
    {"row_number(start: long = 1, restart: bool?) long", .emit = emit_row_number, .filled = true},
    {"row_cumsum(term: timespan, restart: bool?) timespan", .emit = emit_row_cumsum,
     .filled = true},
    {"row_cumsum(term: long, restart: bool?) long", .emit = emit_row_cumsum, .filled = true},
    {"row_cumsum(term: real, restart: bool?) real", .emit = emit_row_cumsum, .filled = true},
    {"row_rank_dense(term: scalar, restart: bool?) long", .emit = emit_row_rank, .filled = true},
    {"row_rank_min(term: scalar, restart: bool?) long", .emit = emit_row_rank, .filled = true},
    {"row_window_session(time: datetime, longest: timespan, gap: timespan, restart: bool?) "
     "datetime",
     .emit = emit_sessions},
    {0},
};
