/*
 * top-nested: groups within groups. Level by level, each row gets the label of the group it is in: its key where that is
 * among the first under the labels above, or what `with others` says, or it is left out. Every level is then aggregated
 * by the labels down to it, so that also the others have a value.
 *
 *     rows ─▶ label 1 ─┬─▶ label 2 ─▶ by labels 1 and 2 ─┐
 *                      └─▶ by label 1 ───────────────── JOIN
 */
#include "hunt/op.h"

struct level {
    const struct kql_nested *nested;
    struct str label, other; /* names of the fields: the label, and is it of others? */
    struct str name;         /* of the column in the result */
};

struct nesting {
    struct rel rows;
    struct level *levels;
    uint32_t n;
};

static int group_field(struct hunt_bind *bind, struct group *group, struct str name)
{
    const struct field *field = field_find(&group->input->fields, name);
    struct column_list refs = {0};
    column_list_add(bind, &refs, field->column);
    (void)group_key_column(bind, group, name, column_value(field->column), &refs);
    return 0;
}

/* By the labels of the levels before `n`, two columns each. */
static void group_labels(struct hunt_bind *bind, struct group *group, const struct nesting *nesting,
                         uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        (void)group_field(bind, group, nesting->levels[i].label);
        (void)group_field(bind, group, nesting->levels[i].other);
    }
}

/* Of the groups under one label the first by their aggregate; where that is equal, by their key: the same rows give the
   same groups, in whatever order they are read. */
static int cut_groups(struct hunt_bind *bind, const struct kql_nested *nested, struct rel *groups,
                      uint32_t n_labels)
{
    struct column *key = groups->fields.items[n_labels].column;
    struct column *value = groups->fields.items[n_labels + 1].column;
    int64_t count;
    int status = bind_constant_long(bind, nested->count, "the number of rows", &count);
    if (status < 0)
        return status;
    struct column_list refs = {0};
    struct buf buf = {0};
    buf_add_c(&buf, "QUALIFY row_number() OVER (");
    for (uint32_t i = 0; i < n_labels; i++) {
        struct column *label = groups->fields.items[i].column;
        buf_printf(&buf, "%s%.*s", i > 0 ? ", " : "PARTITION BY ", STR_ARG(label->sql));
        column_list_add(bind, &refs, label);
    }
    column_list_add(bind, &refs, key);
    column_list_add(bind, &refs, value);
    buf_printf(&buf, " ORDER BY %.*s %s NULLS LAST, %.*s NULLS LAST) <= %lld", STR_ARG(value->sql),
               nested->by.direction == KQL_ASC ? "ASC" : "DESC", STR_ARG(key->sql),
               (long long)count);
    rel_cut(bind, groups, bind_keep(bind, &buf), &refs);
    return 0;
}

/* l IS NOT DISTINCT FROM r, for each of n pairs of fields. */
static struct str same_fields(struct hunt_bind *bind, const struct field_list *left,
                              const struct field_list *right, uint32_t n, struct column_list *refs)
{
    struct str condition = STR("TRUE");
    for (uint32_t i = 0; i < n; i++) {
        struct column *l = left->items[i].column, *r = right->items[i].column;
        condition = hunt_text(bind, "%.*s AND %.*s IS NOT DISTINCT FROM %.*s", STR_ARG(condition),
                              STR_ARG(l->sql), STR_ARG(r->sql));
        column_list_add(bind, refs, l);
        column_list_add(bind, refs, r);
    }
    return condition;
}

/* The groups that a level keeps: labels, key, and a column that is true. */
static int first_groups(struct hunt_bind *bind, struct nesting *nesting, struct rel *input,
                        const struct kql_nested *nested, struct rel *ret)
{
    struct group group;
    group_begin(bind, input, &group);
    group_labels(bind, &group, nesting, nesting->n);
    int status = group_key(bind, &group, &nested->of);
    uint32_t n_keys = group.fields.len;
    if (status == 0)
        status = group_aggregate(bind, &group, &nested->by.by);
    if (status < 0)
        return status;
    *ret = group_end(&group);
    if (nested->count)
        status = cut_groups(bind, nested, ret, n_keys - 1);
    struct hunt_value kept = bind_value(KQL_BOOL, STR("TRUE"));
    field_add(bind, &ret->fields, STR("kept"), rel_compute(bind, ret, STR("kept"), &kept, NULL));
    return status;
}

/* The label of a row: its key where its group was kept, else that of the others. */
static int add_label(struct hunt_bind *bind, struct rel *rows, const struct level *level,
                     struct column *key, struct column *kept)
{
    struct hunt_value label = bind_value(key->type, bind_null(bind, key->type));
    struct column_list refs = {0}, kept_refs = {0};
    if (level->nested->others) {
        int status = bind_scalar(bind, level->nested->others, &label);
        if (status < 0)
            return status;
        label = bind_as(bind, label, key->type);
    }
    struct hunt_value value =
        bind_value(key->type, hunt_text(bind, "CASE WHEN %.*s THEN %.*s ELSE %.*s END",
                                        STR_ARG(kept->sql), STR_ARG(key->sql), STR_ARG(label.sql)));
    struct hunt_value other =
        bind_value(KQL_BOOL, hunt_text(bind, "(%.*s IS NULL)", STR_ARG(kept->sql)));
    column_list_add(bind, &refs, key);
    column_list_add(bind, &refs, kept);
    column_list_add(bind, &kept_refs, kept);
    field_add(bind, &rows->fields, level->label,
              rel_compute(bind, rows, level->name, &value, &refs));
    field_add(bind, &rows->fields, level->other,
              rel_compute(bind, rows, STR("other"), &other, &kept_refs));
    return 0;
}

/* Rows under others stay whatever a level keeps; where it has no `others`, rows of no group go. */
static void drop_rest(struct hunt_bind *bind, const struct nesting *nesting, struct rel *rows,
                      struct column *kept)
{
    struct column_list refs = {0};
    struct str condition = hunt_text(bind, "%.*s IS NOT NULL", STR_ARG(kept->sql));
    column_list_add(bind, &refs, kept);
    if (nesting->n > 0) {
        const struct level *above = &nesting->levels[nesting->n - 1];
        struct column *other = field_find(&rows->fields, above->other)->column;
        condition = hunt_text(bind, "(%.*s OR %.*s)", STR_ARG(condition), STR_ARG(other->sql));
        column_list_add(bind, &refs, other);
    }
    rel_filter(bind, rows, condition, &refs);
}

/* No group under others is kept. */
static void drop_others(struct hunt_bind *bind, const struct nesting *nesting, struct rel *input)
{
    struct column_list refs = {0};
    if (nesting->n == 0)
        return;
    const struct level *above = &nesting->levels[nesting->n - 1];
    struct column *other = field_find(&input->fields, above->other)->column;
    column_list_add(bind, &refs, other);
    rel_filter(bind, input, hunt_text(bind, "NOT %.*s", STR_ARG(other->sql)), &refs);
}

static int add_level(struct hunt_bind *bind, struct nesting *nesting,
                     const struct kql_nested *nested)
{
    struct level *level = &nesting->levels[nesting->n];
    uint32_t n_labels = 2 * nesting->n;
    struct rel groups;
    rel_share(bind, &nesting->rows);
    struct rel input = rel_again(bind, &nesting->rows), rows = rel_again(bind, &nesting->rows);
    drop_others(bind, nesting, &input);
    int status = first_groups(bind, nesting, &input, nested, &groups);
    if (status < 0)
        return status;
    *level = (struct level){.nested = nested,
                            .label = hunt_text(bind, "top-nested label %u", nesting->n),
                            .other = hunt_text(bind, "top-nested other %u", nesting->n),
                            .name = groups.fields.items[n_labels].name};
    struct column_list refs = {0}, key_refs = {0};
    struct hunt_value key;
    status = bind_over(bind, &rows, nested->of.expr, &key_refs, &key);
    if (status < 0)
        return status;
    key.sql = bind_filled(bind, &key);
    struct field_list left = {0};
    struct column *of_row = rel_compute(bind, &rows, level->name, &key, &key_refs);
    for (uint32_t i = 0; i < nesting->n; i++) {
        field_add(bind, &left, STR(""), field_find(&rows.fields, nesting->levels[i].label)->column);
        field_add(bind, &left, STR(""), field_find(&rows.fields, nesting->levels[i].other)->column);
    }
    field_add(bind, &left, STR(""), of_row);
    struct str condition = same_fields(bind, &left, &groups.fields, n_labels + 1, &refs);
    struct column *kept = groups.fields.items[groups.fields.len - 1].column;
    column_list_add(bind, &refs, kept);
    rows = rel_join(bind, &rows, &groups, "LEFT JOIN", condition, &refs);
    if (!nested->others)
        drop_rest(bind, nesting, &rows, kept);
    status = add_label(bind, &rows, level, of_row, kept);
    nesting->rows = rows;
    nesting->n++;
    return status;
}

/* The aggregate of level k by its labels, joined to those of the levels above. */
static int add_result(struct hunt_bind *bind, const struct nesting *nesting, uint32_t k,
                      struct rel *made, struct field_list *labels)
{
    const struct level *level = &nesting->levels[k];
    struct rel input = rel_again(bind, &nesting->rows);
    struct group group;
    struct column_list refs = {0};
    group_begin(bind, &input, &group);
    group_labels(bind, &group, nesting, k + 1);
    int status = group_aggregate(bind, &group, &level->nested->by.by);
    if (status < 0)
        return status;
    struct rel result = group_end(&group);
    struct field value = result.fields.items[2 * (k + 1)];
    struct str condition = same_fields(bind, labels, &result.fields, 2 * k, &refs);
    *labels = result.fields;
    if (k == 0)
        *made = (struct rel){.node = result.node};
    else
        *made = rel_join(bind, made, &result, "JOIN", condition, &refs);
    field_add_unique(bind, &made->fields, level->name, result.fields.items[2 * k].column);
    field_add_unique(bind, &made->fields,
                     level->nested->by.by.names.len
                         ? value.name
                         : hunt_text(bind, "aggregated_%.*s", STR_ARG(level->name)),
                     value.column);
    return 0;
}

static int op_top_nested(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct nesting nesting = {.rows = *rel};
    struct field_list labels = {0};
    int status = 0;
    nesting.levels = bind_alloc(bind, op->nested.len, sizeof(*nesting.levels));
    *rel = (struct rel){0};
    for (uint32_t k = 0; status == 0 && k < op->nested.len; k++) {
        status = add_level(bind, &nesting, &op->nested.items[k]);
        if (status < 0)
            break;
        /* Before the next level drops rows. */
        rel_share(bind, &nesting.rows);
        status = add_result(bind, &nesting, k, rel, &labels);
    }
    return status;
}

const struct op_row op_rows_nested[] = {
    {KQL_TOP_NESTED, op_top_nested},
    {0, NULL},
};
