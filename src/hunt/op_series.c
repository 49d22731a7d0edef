/*
 * make-series: aggregates in steps along an axis, as lists of the same length, gaps filled.
 *
 *     rows ─▶ grouped by keys and step (number i, from 0) ─▶ grouped by keys: step ─▶ value
 *                                                            list over all steps, with defaults
 */
#include "hunt/op.h"

/* The axis in counts of its type: µs, or the numbers themselves. */
struct axis {
    enum kql_type type;
    struct str at, from, step, steps; /* SQL */
    struct column_list refs;          /* of at */
};

static struct str count_of(struct hunt_bind *bind, const struct hunt_value *value)
{
    return value->type == KQL_DATETIME ? hunt_text(bind, "epoch_us(%.*s)", STR_ARG(value->sql))
                                       : value->sql;
}

/* A bound that is not said is the least or greatest of the data, which are shared for that. */
static int bind_bound(struct hunt_bind *bind, const struct kql_expr *expr, const struct rel *rel,
                      const struct column *at, const char *extreme, struct str *ret)
{
    struct hunt_value value;
    if (!expr) {
        *ret = hunt_text(bind, "(SELECT %s(%.*s) FROM m%u)", extreme, STR_ARG(at->sql),
                         rel->node->shared);
        return 0;
    }
    int status = bind_scalar(bind, expr, &value);
    if (status == 0)
        *ret = count_of(bind, &value);
    return status;
}

static int bind_axis(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel,
                     struct axis *axis)
{
    struct hunt_value at, step;
    int status = bind_over(bind, rel, op->make_series.on.expr, &axis->refs, &at);
    if (status == 0)
        status = bind_scalar(bind, op->make_series.step, &step);
    if (status < 0)
        return status;
    bool time = at.type == KQL_DATETIME || at.type == KQL_TIMESPAN;
    if (time ? step.type != KQL_TIMESPAN : !bind_is_number(at.type) || !bind_is_number(step.type))
        return hunt_refuse(bind, op->make_series.step->place,
                           "an axis of %.*s does not go in steps of %.*s",
                           STR_ARG(kql_type_name(at.type)), STR_ARG(kql_type_name(step.type)));
    axis->type = at.type;
    axis->step = step.sql;
    struct hunt_value count =
        bind_value(at.type == KQL_REAL ? KQL_REAL : KQL_LONG, count_of(bind, &at));
    struct column *column = rel_compute(bind, rel, STR("axis"), &count, &axis->refs);
    axis->refs = (struct column_list){0};
    column_list_add(bind, &axis->refs, column);
    axis->at = column->sql;
    if (!op->make_series.from || !op->make_series.to) {
        column_list_add(bind, &rel->node->needs, column);
        rel_share(bind, rel);
    }
    struct str to;
    status = bind_bound(bind, op->make_series.from, rel, column, "min", &axis->from);
    if (status == 0)
        status = bind_bound(bind, op->make_series.to, rel, column, "max", &to);
    if (status < 0)
        return status;
    /* `to` itself belongs to the axis where it is of the data, or said with in range(). */
    bool with_end = !op->make_series.to || op->make_series.in_range;
    axis->steps = hunt_text(bind,
                            with_end ? "CAST(floor((%.*s - %.*s) / %.*s) + 1 AS BIGINT)"
                                     : "CAST(ceil((%.*s - %.*s) / %.*s) AS BIGINT)",
                            STR_ARG(to), STR_ARG(axis->from), STR_ARG(axis->step));
    return 0;
}

/* The value of each step as a list, or the default where there is none. */
static struct column *series_column(struct hunt_bind *bind, struct rel *rel, struct field map,
                                    const struct column_list *axis_refs, const struct column *steps,
                                    struct str fallback)
{
    struct column_list refs = {0};
    struct hunt_value list = bind_value(
        KQL_DYNAMIC, hunt_text(bind,
                               "to_json(list_transform(range(%.*s), lambda i: "
                               "coalesce(map_extract_value(%.*s, i), %.*s)))",
                               STR_ARG(steps->sql), STR_ARG(map.column->sql), STR_ARG(fallback)));
    for (uint32_t i = 0; i < axis_refs->len; i++)
        column_list_add(bind, &refs, axis_refs->items[i]);
    column_list_add(bind, &refs, map.column);
    return rel_compute(bind, rel, map.name, &list, &refs);
}

static struct column *axis_column(struct hunt_bind *bind, struct rel *rel, const struct axis *axis,
                                  struct str name, const struct column_list *refs)
{
    struct str at =
        hunt_text(bind, "%.*s + i * %.*s", STR_ARG(refs->items[0]->sql), STR_ARG(axis->step));
    struct hunt_value element = bind_value(axis->type, at);
    if (axis->type == KQL_DATETIME)
        element.sql = hunt_text(bind, "make_timestamp(%.*s)", STR_ARG(at));
    if (axis->type == KQL_DATETIME || axis->type == KQL_TIMESPAN)
        element = hunt_convert(bind, element, KQL_STRING);
    struct hunt_value list = bind_value(
        KQL_DYNAMIC, hunt_text(bind, "to_json(list_transform(range(%.*s), lambda i: %.*s))",
                               STR_ARG(refs->items[1]->sql), STR_ARG(element.sql)));
    return rel_compute(bind, rel, name, &list, refs);
}

/* The rows by keys and step. */
static int group_steps(struct hunt_bind *bind, const struct kql_operator *op, struct axis *axis,
                       struct rel *rel, struct group *group)
{
    struct hunt_value step = bind_value(
        KQL_LONG, hunt_text(bind, "CAST(floor((%.*s - %.*s) / %.*s) AS BIGINT)", STR_ARG(axis->at),
                            STR_ARG(axis->from), STR_ARG(axis->step)));
    struct column *column = rel_compute(bind, rel, STR("step"), &step, &axis->refs);
    struct column_list refs = {0};
    column_list_add(bind, &refs, column);
    rel_filter(bind, rel,
               hunt_text(bind, "(%.*s >= 0 AND %.*s < %.*s)", STR_ARG(column->sql),
                         STR_ARG(column->sql), STR_ARG(axis->steps)),
               &refs);
    group_begin(bind, rel, group);
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < op->make_series.by.len; i++)
        status = group_key(bind, group, &op->make_series.by.items[i]);
    (void)group_key_column(bind, group, STR("step"), column_value(column), &refs);
    for (uint32_t i = 0; status == 0 && i < op->make_series.series.len; i++)
        status = group_aggregate(bind, group, &op->make_series.series.items[i].aggregate);
    return status;
}

static int fallback_of(struct hunt_bind *bind, const struct kql_series *series,
                       const struct column *column, struct str *ret)
{
    struct hunt_value value = bind_long_constant(bind, 0);
    int status = series->fallback ? bind_scalar(bind, series->fallback, &value) : 0;
    if (status == 0)
        *ret = bind_as(bind, value, column->type).sql;
    return status;
}

/* Of each group of keys, a map from step to value. */
static struct rel group_maps(struct hunt_bind *bind, struct rel *grouped, uint32_t n_keys)
{
    struct group group;
    group_begin(bind, grouped, &group);
    const struct column *step = grouped->fields.items[n_keys].column;
    for (uint32_t i = 0; i < grouped->fields.len; i++) {
        struct field field = grouped->fields.items[i];
        struct column_list refs = {0};
        column_list_add(bind, &refs, field.column);
        if (i < n_keys)
            (void)group_key_column(bind, &group, field.name, column_value(field.column), &refs);
        if (i <= n_keys)
            continue;
        struct column *map = column_new(bind, field.name, KQL_DYNAMIC);
        map->expr = hunt_text(bind, "map(list(%.*s), list(%.*s))", STR_ARG(step->sql),
                              STR_ARG(field.column->sql));
        column_list_add(bind, &map->refs, field.column);
        column_list_add(bind, &map->refs, grouped->fields.items[n_keys].column);
        column_list_add(bind, &group.node->columns, map);
        field_add(bind, &group.fields, field.name, map);
    }
    return group_end(&group);
}

static int op_make_series(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct axis axis = {0};
    struct group steps;
    int status = bind_axis(bind, op, rel, &axis);
    if (status == 0)
        status = group_steps(bind, op, &axis, rel, &steps);
    if (status < 0)
        return status;
    uint32_t n_keys = op->make_series.by.len, n_series = op->make_series.series.len;
    struct rel grouped = group_end(&steps);
    if (grouped.fields.len != n_keys + 1 + n_series)
        return hunt_refuse(bind, op->place, "an aggregate of make-series is one column");
    struct rel series = group_maps(bind, &grouped, n_keys);
    /* What the lists are made of must be columns: a lambda holds no subquery. */
    struct hunt_value from = bind_value(KQL_LONG, axis.from);
    struct hunt_value count = bind_value(KQL_LONG, axis.steps);
    struct column_list refs = {0};
    column_list_add(bind, &refs, rel_compute(bind, &series, STR("from"), &from, NULL));
    column_list_add(bind, &refs, rel_compute(bind, &series, STR("steps"), &count, NULL));
    struct field_list maps = field_list_copy(bind, &series.fields);
    for (uint32_t i = 0; status == 0 && i < n_series; i++) {
        struct str fallback;
        status = fallback_of(bind, &op->make_series.series.items[i],
                             grouped.fields.items[n_keys + 1 + i].column, &fallback);
        if (status == 0)
            series.fields.items[n_keys + i].column = series_column(
                bind, &series, maps.items[n_keys + i], &refs, refs.items[1], fallback);
    }
    struct str name = op->make_series.on.names.len ? op->make_series.on.names.items[0].text
                                                   : bind_name_of(bind, op->make_series.on.expr);
    name = name.len ? name : STR("Column1");
    field_add_unique(bind, &series.fields, name, axis_column(bind, &series, &axis, name, &refs));
    *rel = series;
    return status;
}

const struct op_row op_rows_series[] = {
    {KQL_MAKE_SERIES, op_make_series},
    {0, NULL},
};
