/* Operators that choose or order rows, or do something to the table as a whole. */
#include "hunt/kql_operators.h"

/* ---- where --------------------------------------------------------------------------------- */

static bool read_where(struct kql_parser *parser, struct kql_operator *op)
{
    if (kql_ahead_naming(parser, 0) &&
        (!kql_read_name(parser, "a name", &op->alias) || !kql_read_symbol(parser, "=")))
        return false;
    return kql_read_expr(parser, &op->predicate);
}

static void print_where(struct kql_printer *printer, const struct kql_operator *op)
{
    if (op->alias.text.len) {
        kql_put_name(printer, op->alias.text);
        kql_put(printer, " = ");
    }
    kql_put_expr(printer, op->predicate);
}

/* ---- distinct ------------------------------------------------------------------------------ */

static bool read_distinct(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_exprs(parser, &op->exprs);
}

static void print_distinct(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_exprs(printer, &op->exprs);
}

/* ---- take, sample, sample-distinct --------------------------------------------------------- */

static bool read_take(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_expr(parser, &op->rows);
}

static void print_take(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->rows);
}

static bool read_sample_distinct(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_expr(parser, &op->sample_distinct.rows) && kql_read_word(parser, "of") &&
           kql_read_named(parser, &op->sample_distinct.of);
}

static void print_sample_distinct(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->sample_distinct.rows);
    kql_put(printer, " of ");
    kql_put_named(printer, &op->sample_distinct.of);
}

/* ---- sort, top, top-nested ----------------------------------------------------------------- */

static bool read_sort(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_word(parser, "by") && kql_read_ordered_list(parser, &op->ordered);
}

static void print_sort(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put(printer, "by ");
    kql_put_ordered_list(printer, &op->ordered);
}

static bool read_top(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_expr(parser, &op->top.rows) && kql_read_word(parser, "by") &&
           kql_read_ordered(parser, &op->top.by);
}

static void print_top(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->top.rows);
    kql_put(printer, " by ");
    kql_put_ordered(printer, &op->top.by);
}

/* 3 of Account with others = "other" by count() */
static bool read_level(struct kql_parser *parser, struct kql_nested *level)
{
    level->place = kql_peek(parser, 0)->place;
    if (!kql_at_word(parser, "of") && !kql_read_expr(parser, &level->count))
        return false;
    if (!kql_read_word(parser, "of") || !kql_read_named(parser, &level->of))
        return false;
    if (kql_take_word(parser, "with") &&
        (!kql_read_word(parser, "others") || !kql_read_symbol(parser, "=") ||
         !kql_read_expr(parser, &level->others)))
        return false;
    return kql_read_word(parser, "by") && kql_read_ordered(parser, &level->by);
}

/* The levels below the first repeat the operator's name, behind a comma. */
static bool read_top_nested(struct kql_parser *parser, struct kql_operator *op)
{
    for (;;) {
        struct kql_nested level = {0};
        if (!read_level(parser, &level) || !kql_push(parser, &op->nested, level))
            return false;
        if (!kql_take_symbol(parser, ","))
            return true;
        if (!kql_read_word(parser, "top") || !kql_read_symbol(parser, "-") ||
            !kql_read_word(parser, "nested"))
            return false;
    }
}

static void print_top_nested(struct kql_printer *printer, const struct kql_operator *op)
{
    for (uint32_t i = 0; i < op->nested.len; i++) {
        const struct kql_nested *level = &op->nested.items[i];
        kql_put(printer, i ? ", top-nested " : "");
        if (level->count) {
            kql_put_expr(printer, level->count);
            kql_put(printer, " ");
        }
        kql_put(printer, "of ");
        kql_put_named(printer, &level->of);
        if (level->others) {
            kql_put(printer, " with others = ");
            kql_put_expr(printer, level->others);
        }
        kql_put(printer, " by ");
        kql_put_ordered(printer, &level->by);
    }
}

/* ---- count, as, and those without operands ------------------------------------------------- */

static bool read_count(struct kql_parser *parser, struct kql_operator *op)
{
    return !kql_take_word(parser, "as") || kql_read_name(parser, "a name", &op->as);
}

static void print_count(struct kql_printer *printer, const struct kql_operator *op)
{
    if (op->as.text.len) {
        kql_put(printer, "as ");
        kql_put_name(printer, op->as.text);
    }
}

static bool read_as(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_name(parser, "a name", &op->as);
}

static void print_as(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_name(printer, op->as.text);
}

static bool read_nothing(struct kql_parser *parser, struct kql_operator *op)
{
    (void)parser;
    (void)op;
    return true;
}

static void print_nothing(struct kql_printer *printer, const struct kql_operator *op)
{
    (void)printer;
    (void)op;
}

/* Its columns, if any, may be named: serialize n = row_number(). */
static bool read_serialize(struct kql_parser *parser, struct kql_operator *op)
{
    uint32_t tokens;
    return !kql_ahead_name(parser, 0, &tokens) || kql_read_named_list(parser, &op->named);
}

static void print_serialize(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_named_list(printer, &op->named);
}

static const char *const getschema_options[] = {"kind", NULL};
static const char *const consume_options[] = {"decodeblocks", NULL};

const struct kql_operator_row kql_operators_rows[] = {
    {"where", KQL_WHERE, 0, NULL, read_where, print_where, "where PREDICATE"},
    {"filter", KQL_WHERE, KQL_OTHER_NAME, NULL, read_where, print_where, "filter PREDICATE"},
    {"distinct", KQL_DISTINCT, 0, NULL, read_distinct, print_distinct, "distinct COLUMN, .. | *"},
    {"take", KQL_TAKE, 0, NULL, read_take, print_take, "take ROWS"},
    {"limit", KQL_TAKE, KQL_OTHER_NAME, NULL, read_take, print_take, "limit ROWS"},
    {"sample", KQL_SAMPLE, 0, NULL, read_take, print_take, "sample ROWS"},
    {"sample-distinct", KQL_SAMPLE_DISTINCT, 0, NULL, read_sample_distinct, print_sample_distinct,
     "sample-distinct VALUES of COLUMN"},
    {"sort", KQL_SORT, 0, NULL, read_sort, print_sort,
     "sort by COLUMN [asc|desc] [nulls first|last], .."},
    {"order", KQL_SORT, KQL_OTHER_NAME, NULL, read_sort, print_sort,
     "order by COLUMN [asc|desc] [nulls first|last], .."},
    {"top", KQL_TOP, 0, NULL, read_top, print_top, "top ROWS by COLUMN [asc|desc]"},
    {"top-nested", KQL_TOP_NESTED, 0, NULL, read_top_nested, print_top_nested,
     "top-nested [VALUES] of COLUMN [with others = NAME] by AGGREGATE [asc|desc], top-nested .."},
    {"count", KQL_COUNT, 0, NULL, read_count, print_count, "count"},
    {"as", KQL_AS, 0, NULL, read_as, print_as, "as NAME"},
    {"serialize", KQL_SERIALIZE, KQL_NAMED, NULL, read_serialize, print_serialize,
     "serialize [NAME = EXPRESSION, ..]"},
    {"getschema", KQL_GETSCHEMA, 0, getschema_options, read_nothing, print_nothing, "getschema"},
    {"consume", KQL_CONSUME, 0, consume_options, read_nothing, print_nothing, "consume"},
    {0},
};
