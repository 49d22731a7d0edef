/*
 * join and lookup. Strings are equal as everywhere, '' to ''; other nulls are equal to nothing.
 */
#include "hunt/op.h"

static const struct {
    const char *sql;
    bool left, right; /* whose columns are there */
    bool swap;        /* the right table is asked for its rows */
} kinds[] = {
    [KQL_JOIN_INNERUNIQUE] = {"JOIN", true, true, false},
    [KQL_JOIN_INNER] = {"JOIN", true, true, false},
    [KQL_JOIN_LEFTOUTER] = {"LEFT JOIN", true, true, false},
    [KQL_JOIN_RIGHTOUTER] = {"RIGHT JOIN", true, true, false},
    [KQL_JOIN_FULLOUTER] = {"FULL JOIN", true, true, false},
    [KQL_JOIN_LEFTSEMI] = {"SEMI JOIN", true, false, false},
    [KQL_JOIN_RIGHTSEMI] = {"SEMI JOIN", false, true, true},
    [KQL_JOIN_LEFTANTI] = {"ANTI JOIN", true, false, false},
    [KQL_JOIN_RIGHTANTI] = {"ANTI JOIN", false, true, true},
};

struct sides {
    struct rel *left, *right;
    struct column_list left_keys, right_keys;
};

static int bind_key(struct hunt_bind *bind, struct sides *sides, const struct kql_join_key *key)
{
    struct column_list left_refs = {0}, right_refs = {0};
    struct hunt_value left, right;
    int status = bind_over(bind, sides->left, key->left, &left_refs, &left);
    if (status == 0)
        status = bind_over(bind, sides->right, key->right, &right_refs, &right);
    if (status < 0)
        return status;
    bool numbers = bind_is_number(left.type) && bind_is_number(right.type);
    if ((left.type != right.type && !numbers) || left.type == KQL_DYNAMIC) {
        left = bind_as(bind, left, KQL_STRING);
        right = bind_as(bind, right, KQL_STRING);
    }
    left.sql = bind_filled(bind, &left);
    right.sql = bind_filled(bind, &right);
    column_list_add(bind, &sides->left_keys,
                    rel_column(bind, sides->left, STR("left"), &left, &left_refs));
    column_list_add(bind, &sides->right_keys,
                    rel_column(bind, sides->right, STR("right"), &right, &right_refs));
    return 0;
}

/* innerunique: of the left rows with the same keys one. */
static void keep_one(struct hunt_bind *bind, struct sides *sides)
{
    struct buf buf = {0};
    for (uint32_t i = 0; i < sides->left_keys.len; i++) {
        buf_add_c(&buf, i ? ", " : "QUALIFY row_number() OVER (PARTITION BY ");
        buf_add_str(&buf, sides->left_keys.items[i]->sql);
    }
    buf_add_c(&buf, ") = 1");
    sides->left->n_order = 0;
    rel_cut(bind, sides->left, bind_keep(bind, &buf), &sides->left_keys);
    sides->left->node->any = true;
}

static struct str condition(struct hunt_bind *bind, const struct sides *sides)
{
    struct buf buf = {0};
    for (uint32_t i = 0; i < sides->left_keys.len; i++)
        buf_printf(&buf, "%s%.*s = %.*s", i ? " AND " : "", STR_ARG(sides->left_keys.items[i]->sql),
                   STR_ARG(sides->right_keys.items[i]->sql));
    return bind_keep(bind, &buf);
}

/* What an outer join may leave empty. */
static void unfill(const struct rel *rel)
{
    for (uint32_t i = 0; i < rel->fields.len; i++)
        rel->fields.items[i].column->filled = false;
}

static bool is_key(const struct sides *sides, const struct column *column)
{
    for (uint32_t i = 0; i < sides->right_keys.len; i++)
        if (sides->right_keys.items[i] == column ||
            (sides->right_keys.items[i]->refs.len == 1 &&
             sides->right_keys.items[i]->refs.items[0] == column))
            return true;
    return false;
}

static struct rel joined(struct hunt_bind *bind, struct sides *sides, enum kql_join_kind kind,
                         bool lookup)
{
    struct rel *from = kinds[kind].swap ? sides->right : sides->left;
    struct rel *to = kinds[kind].swap ? sides->left : sides->right;
    struct node *node = node_new(bind, NODE_JOIN, from->node);
    node->right = to->node;
    node->text = str_from_c(kinds[kind].sql);
    node->where = condition(bind, sides);
    for (uint32_t i = 0; i < sides->left_keys.len; i++) {
        column_list_add(bind, &node->needs, sides->left_keys.items[i]);
        column_list_add(bind, &node->needs, sides->right_keys.items[i]);
    }
    if (kind == KQL_JOIN_LEFTOUTER || kind == KQL_JOIN_FULLOUTER)
        unfill(sides->right);
    if (kind == KQL_JOIN_RIGHTOUTER || kind == KQL_JOIN_FULLOUTER)
        unfill(sides->left);
    struct rel rel = {.node = node, .hidden = from->hidden};
    for (uint32_t i = 0; kinds[kind].left && i < sides->left->fields.len; i++)
        field_add(bind, &rel.fields, sides->left->fields.items[i].name,
                  sides->left->fields.items[i].column);
    for (uint32_t i = 0; kinds[kind].right && i < sides->right->fields.len; i++) {
        const struct field *field = &sides->right->fields.items[i];
        if (!lookup || !is_key(sides, field->column))
            field_add_unique(bind, &rel.fields, field->name, field->column);
    }
    return rel;
}

static int op_join(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct rel right;
    struct sides sides = {.left = rel, .right = &right};
    int status = bind_tabular(bind, op->join.right, &right);
    for (uint32_t i = 0; status == 0 && i < op->join.on.len; i++)
        status = bind_key(bind, &sides, &op->join.on.items[i]);
    if (status < 0)
        return status;
    if (op->join.on.len == 0)
        return hunt_refuse(bind, op->place, "a join says on what");
    if (op->join.kind == KQL_JOIN_INNERUNIQUE)
        keep_one(bind, &sides);
    *rel = joined(bind, &sides, op->join.kind, op->kind == KQL_LOOKUP);
    return 0;
}

const struct op_row op_rows_join[] = {
    {KQL_JOIN, op_join},
    {KQL_LOOKUP, op_join},
    {0, NULL},
};
