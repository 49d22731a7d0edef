/* Operators that look through tables and columns. */
#include "hunt/kql_operators.h"

/* in (tables), where it is there; both operators may do without. */
static bool read_in(struct kql_parser *parser, struct kql_expr_list *tables)
{
    return !kql_take_word(parser, "in") || kql_read_tables(parser, tables);
}

static void print_in(struct kql_printer *printer, const struct kql_expr_list *tables)
{
    if (tables->len) {
        kql_put(printer, "in (");
        kql_put_exprs(printer, tables);
        kql_put(printer, ") ");
    }
}

/* ---- search -------------------------------------------------------------------------------- */

static bool read_search(struct kql_parser *parser, struct kql_operator *op)
{
    static const char *const kinds[] = {"case_insensitive", "case_sensitive", NULL};
    unsigned kind = 0;
    if (!kql_option_word(parser, op, "kind", kinds, &kind))
        return false;
    op->search.cased = kind == 1;
    return read_in(parser, &op->search.tables) && kql_read_expr(parser, &op->search.predicate);
}

static void print_search(struct kql_printer *printer, const struct kql_operator *op)
{
    print_in(printer, &op->search.tables);
    kql_put_expr(printer, op->search.predicate);
}

/* ---- find ---------------------------------------------------------------------------------- */

/* name, name:type, pack(*) */
static bool read_found(struct kql_parser *parser, struct kql_found_column *found)
{
    found->pack = (kql_at_word(parser, "pack") || kql_at_word(parser, "pack_all")) &&
                  kql_ahead_symbol(parser, 1, "(");
    if (found->pack) {
        parser->at += 2;
        kql_take_symbol(parser, "*");
        return kql_read_symbol(parser, ")");
    }
    return kql_read_name(parser, "a column", &found->column.name) &&
           (!kql_take_symbol(parser, ":") || kql_read_type(parser, &found->column.type));
}

static bool read_project(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_take_word(parser, "project"))
        return true;
    if (kql_take_symbol(parser, "-")) {
        op->find.project = KQL_FIND_PROJECT_SMART;
        return kql_read_word(parser, "smart");
    }
    op->find.project = KQL_FIND_PROJECT;
    do {
        struct kql_found_column found = {0};
        if (!read_found(parser, &found) || !kql_push(parser, &op->find.columns, found))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

static bool read_away(struct kql_parser *parser, struct kql_expr_list *list)
{
    if (!kql_at_word(parser, "project") || !kql_ahead_symbol(parser, 1, "-") ||
        !kql_ahead_word(parser, 2, "away"))
        return true;
    parser->at += 3;
    do {
        struct kql_expr *columns;
        if (!kql_read_pattern(parser, &columns) || !kql_push(parser, list, columns))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

static bool read_find(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_option_name(parser, op, "withsource", &op->find.source_column) ||
        !kql_option_name(parser, op, "with_source", &op->find.source_column) ||
        !read_in(parser, &op->find.tables))
        return false;
    kql_take_word(parser, "where");
    if (!kql_read_expr(parser, &op->find.predicate))
        return false;
    bool away = kql_ahead_word(parser, 2, "away");
    return (away || read_project(parser, op)) && read_away(parser, &op->find.away);
}

static void print_columns(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put(printer, " project ");
    for (uint32_t i = 0; i < op->find.columns.len; i++) {
        const struct kql_found_column *found = &op->find.columns.items[i];
        kql_put(printer, i ? ", " : "");
        if (found->pack) {
            kql_put(printer, "pack(*)");
            continue;
        }
        kql_put_name(printer, found->column.name.text);
        if (found->column.type != KQL_TYPE_NONE) {
            kql_put(printer, ":");
            kql_put_type(printer, found->column.type);
        }
    }
}

static void print_find(struct kql_printer *printer, const struct kql_operator *op)
{
    print_in(printer, &op->find.tables);
    kql_put(printer, "where ");
    kql_put_expr(printer, op->find.predicate);
    if (op->find.project == KQL_FIND_PROJECT_SMART)
        kql_put(printer, " project-smart");
    else if (op->find.project == KQL_FIND_PROJECT)
        print_columns(printer, op);
    if (op->find.away.len) {
        kql_put(printer, " project-away ");
        kql_put_exprs(printer, &op->find.away);
    }
}

static const char *const search_options[] = {"kind", NULL};
static const char *const find_options[] = {"withsource", "with_source", NULL};

const struct kql_operator_row kql_operators_search[] = {
    {"search", KQL_SEARCH, KQL_STARTS, search_options, read_search, print_search,
     "search [kind=case_sensitive] [in (TABLE, ..)] PREDICATE"},
    {"find", KQL_FIND, KQL_STARTS, find_options, read_find, print_find,
     "find [withsource=NAME] [in (TABLE, ..)] where PREDICATE [project COLUMN, .. | "
     "project-smart]"},
    {0},
};
