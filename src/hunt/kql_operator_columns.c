/* Operators that choose, make and name columns. */
#include "hunt/kql_operators.h"

static bool read_named(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_named_list(parser, &op->named);
}

static void print_named(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_named_list(printer, &op->named);
}

/* new = old, new = old */
static bool read_rename(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_read_named_list(parser, &op->named))
        return false;
    for (uint32_t i = 0; i < op->named.len; i++) {
        const struct kql_named *named = &op->named.items[i];
        if (named->names.len != 1 || named->expr->kind != KQL_NAME)
            return kql_error(parser, named->place, "expected NEW = OLD, the names of columns");
    }
    return true;
}

static bool read_patterns(struct kql_parser *parser, struct kql_operator *op)
{
    do {
        struct kql_expr *columns;
        if (!kql_read_pattern(parser, &columns) || !kql_push(parser, &op->exprs, columns))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

static void print_patterns(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_exprs(printer, &op->exprs);
}

/* ---- project-reorder ----------------------------------------------------------------------- */

static const char *const orders[] = {
    [KQL_REORDER_NONE] = "",
    [KQL_REORDER_ASC] = " asc",
    [KQL_REORDER_DESC] = " desc",
    [KQL_REORDER_GRANNY_ASC] = " granny-asc",
    [KQL_REORDER_GRANNY_DESC] = " granny-desc",
};

static bool read_order(struct kql_parser *parser, enum kql_reorder *ret_order)
{
    bool granny = kql_take_word(parser, "granny");
    if (granny && !kql_read_symbol(parser, "-"))
        return false;
    if (kql_take_word(parser, "asc"))
        *ret_order = granny ? KQL_REORDER_GRANNY_ASC : KQL_REORDER_ASC;
    else if (kql_take_word(parser, "desc"))
        *ret_order = granny ? KQL_REORDER_GRANNY_DESC : KQL_REORDER_DESC;
    else if (granny)
        return kql_expected(parser, "'asc' or 'desc'");
    return true;
}

static bool read_reorder(struct kql_parser *parser, struct kql_operator *op)
{
    do {
        struct kql_reordered item = {0};
        if (!kql_read_pattern(parser, &item.columns) || !read_order(parser, &item.order) ||
            !kql_push(parser, &op->reordered, item))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

static void print_reorder(struct kql_printer *printer, const struct kql_operator *op)
{
    for (uint32_t i = 0; i < op->reordered.len; i++) {
        kql_put(printer, i ? ", " : "");
        kql_put_expr(printer, op->reordered.items[i].columns);
        kql_put(printer, orders[op->reordered.items[i].order]);
    }
}

const struct kql_operator_row kql_operators_columns[] = {
    {"extend", KQL_EXTEND, KQL_NAMED, NULL, read_named, print_named,
     "extend NAME = EXPRESSION, .."},
    {"print", KQL_PRINT, KQL_NAMED | KQL_STARTS | KQL_FIRST, NULL, read_named, print_named,
     "print [NAME =] EXPRESSION, .."},
    {"project", KQL_PROJECT, KQL_NAMED, NULL, read_named, print_named,
     "project [NAME =] EXPRESSION, .."},
    {"project-away", KQL_PROJECT_AWAY, 0, NULL, read_patterns, print_patterns,
     "project-away COLUMN, .."},
    {"project-keep", KQL_PROJECT_KEEP, 0, NULL, read_patterns, print_patterns,
     "project-keep COLUMN, .."},
    {"project-rename", KQL_PROJECT_RENAME, KQL_NAMED, NULL, read_rename, print_named,
     "project-rename NEW = OLD, .."},
    {"project-reorder", KQL_PROJECT_REORDER, 0, NULL, read_reorder, print_reorder,
     "project-reorder COLUMN [asc|desc|granny-asc|granny-desc], .."},
    {0},
};
