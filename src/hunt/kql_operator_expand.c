/* Operators that make rows of a list's elements. */
#include "hunt/kql_operators.h"

static bool read_items(struct kql_parser *parser, struct kql_expanded_list *list)
{
    do {
        struct kql_expanded item = {0};
        if (!kql_read_named(parser, &item.value) ||
            (kql_take_word(parser, "to") && !kql_read_typeof(parser, &item.type)) ||
            !kql_push(parser, list, item))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

static bool read_mv_expand(struct kql_parser *parser, struct kql_operator *op)
{
    static const char *const kinds[] = {"bag", "array", NULL};
    unsigned kind = 0;
    if (!kql_option_word(parser, op, "kind", kinds, &kind) ||
        !kql_option_word(parser, op, "bagexpansion", kinds, &kind) ||
        !kql_option_name(parser, op, "with_itemindex", &op->mv.index))
        return false;
    op->mv.array = kind == 1;
    return read_items(parser, &op->mv.items) &&
           (!kql_take_word(parser, "limit") || kql_read_expr(parser, &op->mv.limit));
}

static bool read_mv_apply(struct kql_parser *parser, struct kql_operator *op)
{
    return read_mv_expand(parser, op) && kql_read_word(parser, "on") &&
           kql_read_subquery(parser, &op->mv.pipe);
}

static void print_mv(struct kql_printer *printer, const struct kql_operator *op)
{
    for (uint32_t i = 0; i < op->mv.items.len; i++) {
        const struct kql_expanded *item = &op->mv.items.items[i];
        kql_put(printer, i ? ", " : "");
        kql_put_named(printer, &item->value);
        if (item->type != KQL_TYPE_NONE) {
            kql_put(printer, " to typeof(");
            kql_put_type(printer, item->type);
            kql_put(printer, ")");
        }
    }
    if (op->mv.limit) {
        kql_put(printer, " limit ");
        kql_put_expr(printer, op->mv.limit);
    }
    if (op->mv.pipe)
        kql_put_block(printer, " on (", op->mv.pipe, ")");
}

static const char *const mv_options[] = {"kind", "bagexpansion", "with_itemindex", NULL};

#define EXPAND_SYNTAX                                                                              \
    "[kind=bag|array] [with_itemindex=NAME] [NAME =] LIST [to typeof(TYPE)], .. [limit ROWS]"

const struct kql_operator_row kql_operators_expand[] = {
    {"mv-expand", KQL_MV_EXPAND, KQL_NAMED, mv_options, read_mv_expand, print_mv,
     "mv-expand " EXPAND_SYNTAX},
    {"mvexpand", KQL_MV_EXPAND, KQL_NAMED | KQL_OTHER_NAME, mv_options, read_mv_expand, print_mv,
     "mvexpand " EXPAND_SYNTAX},
    {"mv-apply", KQL_MV_APPLY, KQL_NAMED, mv_options, read_mv_apply, print_mv,
     "mv-apply " EXPAND_SYNTAX " on (OPERATORS)"},
    {"mvapply", KQL_MV_APPLY, KQL_NAMED | KQL_OTHER_NAME, mv_options, read_mv_apply, print_mv,
     "mvapply " EXPAND_SYNTAX " on (OPERATORS)"},
    {0},
};
