/* Operators that bring tables together. */
#include "hunt/kql_operators.h"

/* ---- keys ---------------------------------------------------------------------------------- */

enum side { SIDE_NONE, SIDE_LEFT, SIDE_RIGHT };

/*
 * $left.Account becomes Account, $left["a b"] becomes ['a b'], and so under further members. Returns
 * whose it was.
 */
static enum side strip_side(struct kql_expr *expr)
{
    struct kql_expr *object = expr->kind == KQL_MEMBER  ? expr->member.object
                              : expr->kind == KQL_INDEX ? expr->index.object
                                                        : NULL;
    if (!object)
        return SIDE_NONE;
    if (object->kind != KQL_NAME)
        return strip_side(object);
    enum side side = str_eq(object->name, STR("$left"))    ? SIDE_LEFT
                     : str_eq(object->name, STR("$right")) ? SIDE_RIGHT
                                                           : SIDE_NONE;
    const struct kql_expr *index = expr->kind == KQL_INDEX ? expr->index.index : NULL;
    if (side == SIDE_NONE ||
        (index && (index->kind != KQL_LITERAL || index->literal.type != KQL_STRING)))
        return SIDE_NONE;
    struct str name = index ? index->literal.text : expr->member.name;
    expr->kind = KQL_NAME;
    expr->name = name;
    return side;
}

/* A column that both tables have, or $left.a == $right.b in either order. */
static bool read_key(struct kql_parser *parser, struct kql_expr *expr,
                     struct kql_join_key_list *list)
{
    struct kql_join_key key = {expr->place, expr, expr};
    if (expr->kind == KQL_AND) {
        for (uint32_t i = 0; i < expr->exprs.len; i++)
            if (!read_key(parser, expr->exprs.items[i], list))
                return false;
        return true;
    }
    if (expr->kind == KQL_BINARY && expr->binary.test.op == KQL_EQUAL &&
        !expr->binary.test.negated && !expr->binary.test.nocase) {
        enum side first = strip_side(expr->binary.left), second = strip_side(expr->binary.right);
        bool swapped = first == SIDE_RIGHT && second == SIDE_LEFT;
        key.left = swapped ? expr->binary.right : expr->binary.left;
        key.right = swapped ? expr->binary.left : expr->binary.right;
        if (swapped || (first == SIDE_LEFT && second == SIDE_RIGHT))
            return kql_push(parser, list, key);
    } else if (expr->kind == KQL_NAME) {
        return kql_push(parser, list, key);
    }
    return kql_error(parser, expr->place,
                     "expected a column of both tables, or $left.COLUMN == $right.COLUMN");
}

static bool read_keys(struct kql_parser *parser, struct kql_join_key_list *list)
{
    do {
        struct kql_expr *expr;
        if (!kql_read_expr(parser, &expr) || !read_key(parser, expr, list))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

/* $left in front of the column that the expression begins with. */
static void print_side(struct kql_printer *printer, const char *side, const struct kql_expr *expr)
{
    kql_put(printer, side);
    kql_put(printer, ".");
    kql_put_expr(printer, expr);
}

static void print_keys(struct kql_printer *printer, const struct kql_join_key_list *list)
{
    kql_put(printer, " on ");
    for (uint32_t i = 0; i < list->len; i++) {
        const struct kql_join_key *key = &list->items[i];
        kql_put(printer, i ? ", " : "");
        if (key->left == key->right) {
            kql_put_expr(printer, key->left);
        } else {
            print_side(printer, "$left", key->left);
            kql_put(printer, " == ");
            print_side(printer, "$right", key->right);
        }
    }
}

/* ---- join and lookup ----------------------------------------------------------------------- */

static const char *const join_kinds[] = {
    [KQL_JOIN_INNERUNIQUE] = "innerunique",
    [KQL_JOIN_INNER] = "inner",
    [KQL_JOIN_LEFTOUTER] = "leftouter",
    [KQL_JOIN_RIGHTOUTER] = "rightouter",
    [KQL_JOIN_FULLOUTER] = "fullouter",
    [KQL_JOIN_LEFTSEMI] = "leftsemi",
    [KQL_JOIN_RIGHTSEMI] = "rightsemi",
    [KQL_JOIN_LEFTANTI] = "leftanti",
    [KQL_JOIN_RIGHTANTI] = "rightanti",
    "anti",
    "leftantisemi",
    "rightantisemi",
    NULL,
};

static enum kql_join_kind join_kind_of(unsigned index)
{
    if (index <= KQL_JOIN_RIGHTANTI)
        return (enum kql_join_kind)index;
    return index == KQL_JOIN_RIGHTANTI + 3 ? KQL_JOIN_RIGHTANTI : KQL_JOIN_LEFTANTI;
}

static bool read_tables_and_keys(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_primary(parser, &op->join.right) && kql_read_word(parser, "on") &&
           read_keys(parser, &op->join.on);
}

static bool read_join(struct kql_parser *parser, struct kql_operator *op)
{
    unsigned kind = KQL_JOIN_INNERUNIQUE;
    if (!kql_option_word(parser, op, "kind", join_kinds, &kind))
        return false;
    op->join.kind = join_kind_of(kind);
    return read_tables_and_keys(parser, op);
}

static bool read_lookup(struct kql_parser *parser, struct kql_operator *op)
{
    static const char *const kinds[] = {"leftouter", "inner", NULL};
    unsigned kind = 0;
    if (!kql_option_word(parser, op, "kind", kinds, &kind))
        return false;
    op->join.kind = kind ? KQL_JOIN_INNER : KQL_JOIN_LEFTOUTER;
    return read_tables_and_keys(parser, op);
}

static void print_join(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->join.right);
    print_keys(printer, &op->join.on);
}

/* ---- union --------------------------------------------------------------------------------- */

static bool read_union(struct kql_parser *parser, struct kql_operator *op)
{
    static const char *const kinds[] = {"outer", "inner", NULL};
    unsigned kind = 0;
    if (!kql_option_word(parser, op, "kind", kinds, &kind) ||
        !kql_option_name(parser, op, "withsource", &op->merge.source_column) ||
        !kql_option_name(parser, op, "with_source", &op->merge.source_column) ||
        !kql_option_bool(parser, op, "isfuzzy", &op->merge.fuzzy))
        return false;
    op->merge.inner = kind == 1;
    do {
        struct kql_expr *table;
        if (!kql_read_table(parser, &table) || !kql_push(parser, &op->merge.tables, table))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

static void print_union(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_exprs(printer, &op->merge.tables);
}

static const char *const join_options[] = {"kind", NULL};
static const char *const union_options[] = {"kind", "withsource", "with_source", "isfuzzy", NULL};

const struct kql_operator_row kql_operators_join[] = {
    {"join", KQL_JOIN, 0, join_options, read_join, print_join,
     "join "
     "[kind=innerunique|inner|leftouter|rightouter|fullouter|leftsemi|rightsemi|leftanti|rightanti]"
     " "
     "(TABLE) on COLUMN, $left.COLUMN == $right.COLUMN, .."},
    {"lookup", KQL_LOOKUP, 0, join_options, read_lookup, print_join,
     "lookup [kind=leftouter|inner] (TABLE) on COLUMN, .."},
    {"union", KQL_UNION, KQL_STARTS, union_options, read_union, print_union,
     "union [kind=outer|inner] [withsource=NAME] [isfuzzy=true] TABLE, .."},
    {0},
};
