/*
 * scan: rows one after the other through steps, each of which may match a row and then holds a state: what the rows were that
 * matched it and the steps before it. In SQL it is a recursion over the number of the row, in all partitions at once:
 *
 *     rows, numbered, shared ─┬─────────────────────────────────────────────┐
 *                             └─▶ fold: state ⋈ row n + 1 ─▶ state, outputs ─ JOIN by number (and partition)
 *
 * A state k (of step k, from 1) is the columns a<k> (is there one?), m<k> (its match) and v<k>_<r> for each thing r that
 * some expression reads, as step.column of a step up to k. A row meets the steps from the last to the first:
 *
 *     p<k>   step k - 1 has a state, and the row fits step k under it: that state becomes the state of step k
 *     q<k>   else, step k has a state or is the first, and the row fits it: the step's own part of the state is new
 */
#include "hunt/op.h"

#define STEPS_MAX 16
#define READS_MAX 256 /* different step.column */

/* A step.column that some expression reads. */
struct scan_read {
    uint32_t step; /* from 1 */
    struct str name;
    enum kql_type type;
    struct str fallback;   /* where the state is empty: what is declared, or null */
    uint32_t declared;     /* which of the declared columns; UINT32_MAX: one of the rows */
    struct column *column; /* of the rows; NULL: declared */
};

/* What an expression of a step is in SQL, under the state of the step before and under its own. */
struct scan_expr {
    struct str under[2];
};

struct scan {
    const struct kql_operator *op;
    struct rel *rel;
    struct column_list refs; /* of the rows */
    struct scan_read reads[READS_MAX];
    uint32_t n_reads;
    struct str *fallbacks;        /* by declared column */
    struct scan_expr *conditions; /* by step, from 0 */
    struct scan_expr *assigned;   /* by step and declared column; empty: not assigned there */
    struct column *number;
    struct column_list keys; /* of the partition */
};

struct scan_scope {
    struct scan *scan;
    uint32_t state; /* under which an expression is bound; 0: there is none */
};

/* ---- names of the state ---- */

static struct str value_name(struct hunt_bind *bind, uint32_t state, uint32_t read)
{
    return hunt_text(bind, "v%u_%u", state, read);
}

/* ---- expressions ---- */

static uint32_t find_step(const struct scan *scan, struct str name)
{
    for (uint32_t i = 0; i < scan->op->scan.steps.len; i++)
        if (str_eq(scan->op->scan.steps.items[i].name.text, name))
            return i + 1;
    return 0;
}

static uint32_t find_declared(const struct scan *scan, struct str name)
{
    for (uint32_t i = 0; i < scan->op->scan.declared.len; i++)
        if (str_eq(scan->op->scan.declared.items[i].name.text, name))
            return i;
    return UINT32_MAX;
}

/* Columns of the rows that some expression names, each once. */
static void add_ref(struct hunt_bind *bind, struct scan *scan, struct column *column)
{
    for (uint32_t i = 0; i < scan->refs.len; i++)
        if (scan->refs.items[i] == column)
            return;
    column_list_add(bind, &scan->refs, column);
}

static int add_read(struct hunt_bind *bind, struct scan *scan, const struct kql_expr *expr,
                    uint32_t step, uint32_t *ret)
{
    struct scan_read read = {.step = step, .name = expr->member.name};
    for (*ret = 0; *ret < scan->n_reads; ++*ret)
        if (scan->reads[*ret].step == step && str_eq(scan->reads[*ret].name, read.name))
            return 0;
    read.declared = find_declared(scan, read.name);
    if (read.declared < UINT32_MAX) {
        read.type = scan->op->scan.declared.items[read.declared].type;
        read.fallback = scan->fallbacks[read.declared];
    } else {
        const struct field *field = field_find(&scan->rel->fields, read.name);
        if (!field)
            return hunt_refuse(bind, expr->place, "there is no column '%.*s'", STR_ARG(read.name));
        read.column = field->column;
        read.type = field->column->type;
        read.fallback = bind_null(bind, read.type);
        add_ref(bind, scan, read.column);
    }
    if (scan->n_reads == READS_MAX)
        return hunt_refuse(bind, expr->place, "a scan reads at most %d columns of its steps",
                           READS_MAX);
    scan->reads[scan->n_reads++] = read;
    return 0;
}

bool op_scan_names(const struct hunt_bind *bind, const struct kql_expr *expr)
{
    return bind->in.scan && expr->kind == KQL_MEMBER && expr->member.object->kind == KQL_NAME &&
           find_step(bind->in.scan->scan, expr->member.object->name) > 0;
}

int op_scan_value(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    struct scan *scan = bind->in.scan->scan;
    uint32_t step = find_step(scan, expr->member.object->name), read;
    int status = add_read(bind, scan, expr, step, &read);
    if (status < 0)
        return status;
    *ret = bind_value(scan->reads[read].type, step <= bind->in.scan->state
                                                  ? value_name(bind, bind->in.scan->state, read)
                                                  : scan->reads[read].fallback);
    return 0;
}

/* type NONE: a condition */
static int bind_under(struct hunt_bind *bind, struct scan *scan, const struct kql_expr *expr,
                      enum kql_type type, uint32_t state, struct str *ret)
{
    struct scan_scope scope = {scan, state};
    struct hunt_value value;
    bind->in = (struct expr_scope){.row = scan->rel, .refs = &scan->refs, .scan = &scope};
    int status = type == KQL_TYPE_NONE ? bind_condition(bind, expr, true, &value)
                                       : bind_scalar(bind, expr, &value);
    bind->in = (struct expr_scope){0};
    if (status == 0)
        *ret = type == KQL_TYPE_NONE ? value.sql : hunt_convert(bind, value, type).sql;
    return status;
}

static int bind_both(struct hunt_bind *bind, struct scan *scan, const struct kql_expr *expr,
                     enum kql_type type, uint32_t step, struct scan_expr *ret)
{
    int status = bind_under(bind, scan, expr, type, step - 1, &ret->under[0]);
    return status < 0 ? status : bind_under(bind, scan, expr, type, step, &ret->under[1]);
}

static int bind_step(struct hunt_bind *bind, struct scan *scan, uint32_t step)
{
    const struct kql_step *of = &scan->op->scan.steps.items[step - 1];
    uint32_t n_declared = scan->op->scan.declared.len;
    if (of->optional || of->output == KQL_OUTPUT_LAST)
        return bind_not_done(bind, of->name.place, "a step of scan that is %s is not done",
                             of->optional ? "optional" : "output=last");
    if (find_step(scan, of->name.text) != step)
        return hunt_refuse(bind, of->name.place, "a second step '%.*s'", STR_ARG(of->name.text));
    int status =
        bind_both(bind, scan, of->condition, KQL_TYPE_NONE, step, &scan->conditions[step - 1]);
    for (uint32_t i = 0; status == 0 && i < of->assignments.len; i++) {
        const struct kql_named *assignment = &of->assignments.items[i];
        uint32_t declared = find_declared(scan, assignment->names.items[0].text);
        if (declared == UINT32_MAX)
            return hunt_refuse(bind, assignment->place, "'%.*s' is not declared by this scan",
                               STR_ARG(assignment->names.items[0].text));
        status =
            bind_both(bind, scan, assignment->expr, scan->op->scan.declared.items[declared].type,
                      step, &scan->assigned[(step - 1) * n_declared + declared]);
    }
    return status;
}

static int bind_fallbacks(struct hunt_bind *bind, struct scan *scan)
{
    const struct kql_column_list *declared = &scan->op->scan.declared;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < declared->len; i++) {
        struct hunt_value value =
            bind_value(declared->items[i].type, bind_null(bind, declared->items[i].type));
        if (declared->items[i].value)
            status = bind_scalar(bind, declared->items[i].value, &value);
        scan->fallbacks[i] = hunt_convert(bind, value, declared->items[i].type).sql;
    }
    return status;
}

/* ---- rows in order ---- */

static int bind_key(struct hunt_bind *bind, struct scan *scan, const struct kql_expr *expr)
{
    struct column_list refs = {0};
    struct hunt_value value;
    int status = bind_over(bind, scan->rel, expr, &refs, &value);
    if (status == 0)
        column_list_add(bind, &scan->keys, rel_column(bind, scan->rel, STR("key"), &value, &refs));
    return status;
}

/* Numbers the rows of each partition from 1. */
static int number_rows(struct hunt_bind *bind, struct scan *scan)
{
    const struct kql_operator *op = scan->op;
    int status = 0;
    if (bind->scan_by)
        status = bind_key(bind, scan, bind->scan_by);
    for (uint32_t i = 0; status == 0 && i < op->scan.partition_by.len; i++)
        status = bind_key(bind, scan, op->scan.partition_by.items[i]);
    if (status == 0 && op->scan.order_by.len)
        status = op_bind_order(bind, scan->rel, op->scan.order_by.items, op->scan.order_by.len);
    if (status < 0)
        return status;
    struct column_list refs = {0};
    struct str keys = {"", 0};
    for (uint32_t i = 0; i < scan->keys.len; i++) {
        keys = hunt_text(bind, "%.*s%s%.*s", STR_ARG(keys), i ? ", " : "PARTITION BY ",
                         STR_ARG(scan->keys.items[i]->sql));
        column_list_add(bind, &refs, scan->keys.items[i]);
    }
    struct str over = rel_over(bind, scan->rel, &refs);
    struct hunt_value number = bind_value(
        KQL_LONG, hunt_text(bind, "row_number() OVER (%.*s %.*s)", STR_ARG(keys), STR_ARG(over)));
    scan->number = rel_compute(bind, scan->rel, STR("number"), &number, &refs);
    scan->rel->node->windowed = true;
    return 0;
}

/* ---- the fold ---- */

/* The type of an output: its step, its match, what is declared. */
static struct str output_type(struct hunt_bind *bind, const struct scan *scan)
{
    struct str type = STR("STRUCT(step BIGINT, id BIGINT");
    for (uint32_t i = 0; i < scan->op->scan.declared.len; i++)
        type = hunt_text(bind, "%.*s, d%u %s", STR_ARG(type), i,
                         bind_sql_type(scan->op->scan.declared.items[i].type));
    return hunt_text(bind, "%.*s)[]", STR_ARG(type));
}

/* The empty state: one row for each partition. */
static struct str first_state(struct hunt_bind *bind, const struct scan *scan)
{
    struct str sql = STR("SELECT 0::BIGINT AS n, 0::BIGINT AS ids"), type = output_type(bind, scan);
    for (uint32_t i = 0; i < scan->keys.len; i++)
        sql = hunt_text(bind, "%.*s, k%u", STR_ARG(sql), i);
    for (uint32_t s = 1; s <= scan->op->scan.steps.len; s++) {
        sql = hunt_text(bind, "%.*s, FALSE AS a%u, NULL::BIGINT AS m%u", STR_ARG(sql), s, s);
        for (uint32_t r = 0; r < scan->n_reads; r++)
            if (scan->reads[r].step <= s)
                sql = hunt_text(bind, "%.*s, CAST(%.*s AS %s) AS v%u_%u", STR_ARG(sql),
                                STR_ARG(scan->reads[r].fallback),
                                bind_sql_type(scan->reads[r].type), s, r);
    }
    sql = hunt_text(bind, "%.*s, CAST([] AS %.*s) AS o", STR_ARG(sql), STR_ARG(type));
    if (scan->keys.len == 0)
        return sql;
    struct str keys = {"", 0};
    for (uint32_t i = 0; i < scan->keys.len; i++)
        keys = hunt_text(bind, "%.*s%s%.*s AS k%u", STR_ARG(keys), i ? ", " : "",
                         STR_ARG(scan->keys.items[i]->sql), i);
    return hunt_text(bind, "%.*s FROM (SELECT DISTINCT %.*s FROM m%u)", STR_ARG(sql), STR_ARG(keys),
                     scan->rel->node->shared);
}

/* All rows as one list, which takes no join to find the next in; only where there is one partition. */
static struct str listed_rows(struct hunt_bind *bind, const struct scan *scan)
{
    struct str members = {"", 0};
    for (uint32_t i = 0; i < scan->refs.len; i++) {
        struct str name = scan->refs.items[i]->sql;
        members = hunt_text(bind, "%.*s%s%.*s := %.*s", STR_ARG(members), i ? ", " : "",
                            STR_ARG(name), STR_ARG(name));
    }
    return hunt_text(bind,
                     "l AS MATERIALIZED (SELECT list(struct_pack(%.*s) ORDER BY %.*s) AS rows, "
                     "count(*) AS len FROM m%u), ",
                     STR_ARG(members), STR_ARG(scan->number->sql), scan->rel->node->shared);
}

/* Each state with its next row; nothing is put out yet. */
static struct str next_rows(struct hunt_bind *bind, const struct scan *scan)
{
    struct str type = output_type(bind, scan);
    if (scan->keys.len == 0)
        return hunt_text(bind,
                         "SELECT f.* REPLACE (f.n + 1 AS n, CAST([] AS %.*s) AS o), "
                         "unnest(l.rows[f.n + 1]) FROM f, l WHERE f.n < l.len",
                         STR_ARG(type));
    struct str on = hunt_text(bind, "r.%.*s = f.n + 1", STR_ARG(scan->number->sql));
    for (uint32_t i = 0; i < scan->keys.len; i++)
        on = hunt_text(bind, "%.*s AND r.%.*s IS NOT DISTINCT FROM f.k%u", STR_ARG(on),
                       STR_ARG(scan->keys.items[i]->sql), i);
    return hunt_text(bind,
                     "SELECT f.* REPLACE (f.n + 1 AS n, CAST([] AS %.*s) AS o), r.* FROM f JOIN "
                     "m%u AS r ON %.*s",
                     STR_ARG(type), scan->rel->node->shared, STR_ARG(on));
}

/* The value that a read of the step itself has from now on: what is assigned, declared, or the row's. */
static struct str own_value(const struct scan *scan, uint32_t step, uint32_t declared, bool own)
{
    struct str sql = scan->assigned[(step - 1) * scan->op->scan.declared.len + declared].under[own];
    return sql.len ? sql : scan->fallbacks[declared];
}

static struct str new_value(struct hunt_bind *bind, const struct scan *scan, uint32_t step,
                            uint32_t read, bool own)
{
    const struct scan_read *of = &scan->reads[read];
    if (of->step < step)
        return value_name(bind, own ? step : step - 1, read);
    return of->column ? of->column->sql : own_value(scan, step, of->declared, own);
}

/* What the step after it took away. */
static struct str emptied(struct hunt_bind *bind, const struct scan *scan, uint32_t step,
                          struct str from)
{
    struct str sql = hunt_text(bind, "a%u AND NOT p%u AS a%u", step, step + 1, step);
    for (uint32_t r = 0; r < scan->n_reads; r++)
        if (scan->reads[r].step <= step)
            sql = hunt_text(bind, "%.*s, CASE WHEN p%u THEN %.*s ELSE v%u_%u END AS v%u_%u",
                            STR_ARG(sql), step + 1, STR_ARG(scan->reads[r].fallback), step, r, step,
                            r);
    return hunt_text(bind, "SELECT * REPLACE (%.*s) FROM (%.*s)", STR_ARG(sql), STR_ARG(from));
}

static struct str matched(struct hunt_bind *bind, const struct scan *scan, uint32_t step,
                          struct str from)
{
    const struct scan_expr *condition = &scan->conditions[step - 1];
    struct str before = STR("FALSE"), own = STR("");
    if (step > 1) {
        before = hunt_text(bind, "(a%u AND coalesce(%.*s, FALSE))", step - 1,
                           STR_ARG(condition->under[0]));
        own = hunt_text(bind, "a%u AND ", step);
    }
    return hunt_text(bind,
                     "SELECT *, %.*s AS p%u, %.*sNOT %.*s AND coalesce(%.*s, FALSE) AS q%u FROM "
                     "(%.*s)",
                     STR_ARG(before), step, STR_ARG(own), STR_ARG(before),
                     STR_ARG(condition->under[1]), step, STR_ARG(from));
}

/* The match of a row: that of the state it came from, or a new one. */
static struct str match_of(struct hunt_bind *bind, uint32_t step)
{
    if (step == 1)
        return STR("CASE WHEN q1 AND NOT a1 THEN ids ELSE m1 END");
    return hunt_text(bind, "CASE WHEN p%u THEN m%u ELSE m%u END", step, step - 1, step);
}

static struct str output_of(struct hunt_bind *bind, const struct scan *scan, uint32_t step)
{
    struct str id = match_of(bind, step);
    struct str sql = hunt_text(bind, "{'step': %u::BIGINT, 'id': %.*s", step, STR_ARG(id));
    for (uint32_t i = 0; i < scan->op->scan.declared.len; i++)
        sql = hunt_text(bind, "%.*s, 'd%u': CAST(CASE WHEN p%u THEN %.*s ELSE %.*s END AS %s)",
                        STR_ARG(sql), i, step, STR_ARG(own_value(scan, step, i, false)),
                        STR_ARG(own_value(scan, step, i, true)),
                        bind_sql_type(scan->op->scan.declared.items[i].type));
    return hunt_text(bind, "CASE WHEN p%u OR q%u THEN list_append(o, %.*s}) ELSE o END AS o", step,
                     step, STR_ARG(sql));
}

static struct str advanced(struct hunt_bind *bind, const struct scan *scan, uint32_t step,
                           struct str from)
{
    struct str id = match_of(bind, step);
    struct str sql = hunt_text(bind, "a%u OR p%u OR q%u AS a%u, %.*s AS m%u", step, step, step,
                               step, STR_ARG(id), step);
    if (step == 1)
        sql = hunt_text(bind, "%.*s, ids + CAST(q1 AND NOT a1 AS BIGINT) AS ids", STR_ARG(sql));
    for (uint32_t r = 0; r < scan->n_reads; r++)
        if (scan->reads[r].step <= step)
            sql = hunt_text(bind,
                            "%.*s, CASE WHEN p%u THEN %.*s WHEN q%u THEN %.*s ELSE v%u_%u END AS "
                            "v%u_%u",
                            STR_ARG(sql), step, STR_ARG(new_value(bind, scan, step, r, false)),
                            step, STR_ARG(new_value(bind, scan, step, r, true)), step, r, step, r);
    if (scan->op->scan.steps.items[step - 1].output == KQL_OUTPUT_ALL) {
        struct str output = output_of(bind, scan, step);
        sql = hunt_text(bind, "%.*s, %.*s", STR_ARG(sql), STR_ARG(output));
    }
    return hunt_text(bind, "SELECT * REPLACE (%.*s) FROM (%.*s)", STR_ARG(sql), STR_ARG(from));
}

/* The columns of the state, in the order of first_state(). */
static struct str state_columns(struct hunt_bind *bind, const struct scan *scan)
{
    struct str sql = STR("n, ids");
    for (uint32_t i = 0; i < scan->keys.len; i++)
        sql = hunt_text(bind, "%.*s, k%u", STR_ARG(sql), i);
    for (uint32_t s = 1; s <= scan->op->scan.steps.len; s++) {
        sql = hunt_text(bind, "%.*s, a%u, m%u", STR_ARG(sql), s, s);
        for (uint32_t r = 0; r < scan->n_reads; r++)
            if (scan->reads[r].step <= s)
                sql = hunt_text(bind, "%.*s, v%u_%u", STR_ARG(sql), s, r);
    }
    return hunt_text(bind, "%.*s, o", STR_ARG(sql));
}

static struct str fold(struct hunt_bind *bind, const struct scan *scan)
{
    struct str sql = next_rows(bind, scan);
    uint32_t n_steps = scan->op->scan.steps.len;
    for (uint32_t step = n_steps; step > 0; step--) {
        if (step < n_steps)
            sql = emptied(bind, scan, step, sql);
        sql = matched(bind, scan, step, sql);
        sql = advanced(bind, scan, step, sql);
    }
    struct str list = scan->keys.len ? STR("") : listed_rows(bind, scan);
    struct str first = first_state(bind, scan), columns = state_columns(bind, scan);
    return hunt_text(bind, "WITH RECURSIVE %.*sf AS (%.*s UNION ALL SELECT %.*s FROM (%.*s))",
                     STR_ARG(list), STR_ARG(first), STR_ARG(columns), STR_ARG(sql));
}

/* ---- what comes out ---- */

static struct column *add_output(struct hunt_bind *bind, struct node *node, struct str name,
                                 enum kql_type type, struct str expr, struct str *select)
{
    struct column *column = column_new(bind, name, type);
    column_list_add(bind, &node->columns, column);
    *select = hunt_text(bind, "%.*s%s%.*s AS %.*s", STR_ARG(*select), select->len ? ", " : "",
                        STR_ARG(expr), STR_ARG(column->sql));
    return column;
}

/* The names of steps, by number. */
static struct str step_name(struct hunt_bind *bind, const struct scan *scan)
{
    struct str sql = STR("CASE o.step");
    for (uint32_t i = 0; i < scan->op->scan.steps.len; i++)
        sql = hunt_text(bind, "%.*s WHEN %u THEN %.*s", STR_ARG(sql), i + 1,
                        STR_ARG(hunt_quote(bind, scan->op->scan.steps.items[i].name.text)));
    return hunt_text(bind, "%.*s END", STR_ARG(sql));
}

/* The rows joined with what the fold put out of them. */
static void join_outputs(struct hunt_bind *bind, struct scan *scan)
{
    const struct kql_operator *op = scan->op;
    struct rel *rel = scan->rel;
    struct node *outputs = node_new(bind, NODE_ROWS, NULL);
    struct str select = {"", 0}, keys = {"", 0};
    struct column *number = add_output(bind, outputs, STR("number"), KQL_LONG, STR("n"), &select);
    struct str on =
        hunt_text(bind, "%.*s = %.*s", STR_ARG(scan->number->sql), STR_ARG(number->sql));
    for (uint32_t i = 0; i < scan->keys.len; i++) {
        struct column *left = scan->keys.items[i];
        struct column *right =
            add_output(bind, outputs, STR("key"), left->type, hunt_text(bind, "k%u", i), &select);
        on = hunt_text(bind, "%.*s AND %.*s IS NOT DISTINCT FROM %.*s", STR_ARG(on),
                       STR_ARG(left->sql), STR_ARG(right->sql));
        keys = hunt_text(bind, "%.*s, k%u", STR_ARG(keys), i);
    }
    rel->fields = field_list_copy(bind, &rel->fields);
    for (uint32_t i = 0; i < op->scan.declared.len; i++) {
        const struct kql_column *declared = &op->scan.declared.items[i];
        field_set(bind, &rel->fields, declared->name.text,
                  add_output(bind, outputs, declared->name.text, declared->type,
                             hunt_text(bind, "o.d%u", i), &select));
    }
    if (op->scan.match_id.text.len)
        field_set(bind, &rel->fields, op->scan.match_id.text,
                  add_output(bind, outputs, STR("match"), KQL_LONG, STR("o.id"), &select));
    if (op->scan.step_name.text.len)
        field_set(
            bind, &rel->fields, op->scan.step_name.text,
            add_output(bind, outputs, STR("step"), KQL_STRING, step_name(bind, scan), &select));
    struct str states = fold(bind, scan);
    outputs->text = hunt_text(bind, "%.*s SELECT %.*s FROM (SELECT n%.*s, unnest(o) AS o FROM f)",
                              STR_ARG(states), STR_ARG(select), STR_ARG(keys));
    struct node *join = node_new(bind, NODE_JOIN, rel->node);
    join->right = outputs;
    join->text = STR("JOIN");
    join->where = on;
    rel->node = join;
    if (rel->n_order == 0) {
        struct sort_key *key = bind_alloc(bind, 1, sizeof(*key));
        key->column = scan->number;
        rel->order = key;
        rel->n_order = 1;
    }
}

static int op_scan(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct scan *scan = bind_alloc(bind, 1, sizeof(*scan));
    uint32_t n_steps = op->scan.steps.len, n_declared = op->scan.declared.len;
    *scan = (struct scan){.op = op, .rel = rel};
    if (n_steps > STEPS_MAX)
        return hunt_refuse(bind, op->place, "a scan has at most %d steps", STEPS_MAX);
    scan->fallbacks = bind_alloc(bind, n_declared, sizeof(*scan->fallbacks));
    scan->conditions = bind_alloc(bind, n_steps, sizeof(*scan->conditions));
    scan->assigned = bind_alloc(bind, (size_t)n_steps * n_declared, sizeof(*scan->assigned));
    int status = bind_fallbacks(bind, scan);
    if (status == 0)
        status = number_rows(bind, scan);
    for (uint32_t step = 1; status == 0 && step <= n_steps; step++)
        status = bind_step(bind, scan, step);
    if (status < 0)
        return status;
    add_ref(bind, scan, scan->number);
    for (uint32_t i = 0; i < scan->keys.len; i++)
        add_ref(bind, scan, scan->keys.items[i]);
    for (uint32_t i = 0; i < scan->refs.len; i++)
        column_list_add(bind, &rel->node->needs, scan->refs.items[i]);
    rel_share(bind, rel);
    join_outputs(bind, scan);
    return 0;
}

const struct op_row op_rows_scan[] = {
    {KQL_SCAN, op_scan},
    {0, NULL},
};
