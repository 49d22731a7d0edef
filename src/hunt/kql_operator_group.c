/* Operators that make one row of many. */
#include "hunt/kql_operators.h"

/* ---- summarize ----------------------------------------------------------------------------- */

/* by list, where there is one. */
static bool read_by(struct kql_parser *parser, struct kql_named_list *list)
{
    return !kql_take_word(parser, "by") || kql_read_named_list(parser, list);
}

static void print_by(struct kql_printer *printer, const struct kql_named_list *list)
{
    if (list->len) {
        kql_put(printer, " by ");
        kql_put_named_list(printer, list);
    }
}

static bool read_summarize(struct kql_parser *parser, struct kql_operator *op)
{
    bool bare = kql_at_word(parser, "by") && !kql_ahead_naming(parser, 0);
    return (bare || kql_read_named_list(parser, &op->summarize.aggregates)) &&
           read_by(parser, &op->summarize.by);
}

static void print_summarize(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_named_list(printer, &op->summarize.aggregates);
    if (op->summarize.aggregates.len == 0) {
        kql_put(printer, "by ");
        kql_put_named_list(printer, &op->summarize.by);
    } else {
        print_by(printer, &op->summarize.by);
    }
}

/* ---- make-series --------------------------------------------------------------------------- */

static bool read_series(struct kql_parser *parser, struct kql_series_list *list)
{
    do {
        struct kql_series series = {0};
        if (!kql_read_named(parser, &series.aggregate))
            return false;
        if (kql_take_word(parser, "default") &&
            (!kql_read_symbol(parser, "=") || !kql_read_expr(parser, &series.fallback)))
            return false;
        if (!kql_push(parser, list, series))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

/* in range(from, to, step), or [from ..] [to ..] step .. */
static bool read_axis(struct kql_parser *parser, struct kql_operator *op)
{
    op->make_series.in_range = kql_take_word(parser, "in");
    if (op->make_series.in_range)
        return kql_read_word(parser, "range") && kql_read_symbol(parser, "(") &&
               kql_read_expr(parser, &op->make_series.from) && kql_read_symbol(parser, ",") &&
               kql_read_expr(parser, &op->make_series.to) && kql_read_symbol(parser, ",") &&
               kql_read_expr(parser, &op->make_series.step) && kql_read_symbol(parser, ")");
    if (kql_take_word(parser, "from") && !kql_read_expr(parser, &op->make_series.from))
        return false;
    if (kql_take_word(parser, "to") && !kql_read_expr(parser, &op->make_series.to))
        return false;
    return kql_read_word(parser, "step") && kql_read_expr(parser, &op->make_series.step);
}

static bool read_make_series(struct kql_parser *parser, struct kql_operator *op)
{
    static const char *const kinds[] = {"nonempty", NULL};
    unsigned kind = 0;
    op->make_series.nonempty = kql_option(op, "kind") != NULL;
    return kql_option_word(parser, op, "kind", kinds, &kind) &&
           read_series(parser, &op->make_series.series) && kql_read_word(parser, "on") &&
           kql_read_named(parser, &op->make_series.on) && read_axis(parser, op) &&
           read_by(parser, &op->make_series.by);
}

static void print_axis(struct kql_printer *printer, const struct kql_operator *op)
{
    bool in_range = op->make_series.in_range;
    if (op->make_series.from) {
        kql_put(printer, in_range ? " in range(" : " from ");
        kql_put_expr(printer, op->make_series.from);
    }
    if (op->make_series.to) {
        kql_put(printer, in_range ? ", " : " to ");
        kql_put_expr(printer, op->make_series.to);
    }
    kql_put(printer, in_range ? ", " : " step ");
    kql_put_expr(printer, op->make_series.step);
    kql_put(printer, in_range ? ")" : "");
}

static void print_make_series(struct kql_printer *printer, const struct kql_operator *op)
{
    for (uint32_t i = 0; i < op->make_series.series.len; i++) {
        const struct kql_series *series = &op->make_series.series.items[i];
        kql_put(printer, i ? ", " : "");
        kql_put_named(printer, &series->aggregate);
        if (series->fallback) {
            kql_put(printer, " default = ");
            kql_put_expr(printer, series->fallback);
        }
    }
    kql_put(printer, " on ");
    kql_put_named(printer, &op->make_series.on);
    print_axis(printer, op);
    print_by(printer, &op->make_series.by);
}

/* ---- reduce -------------------------------------------------------------------------------- */

static bool read_reduce(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_read_word(parser, "by") || !kql_read_named(parser, &op->reduce.by))
        return false;
    if (!kql_take_word(parser, "with"))
        return true;
    do {
        struct kql_property property = {0};
        if (!kql_read_property(parser, &property) ||
            !kql_push(parser, &op->reduce.properties, property))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

static void print_reduce(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put(printer, "by ");
    kql_put_named(printer, &op->reduce.by);
    if (op->reduce.properties.len) {
        kql_put(printer, " with ");
        kql_put_properties(printer, &op->reduce.properties);
    }
}

static const char *const series_options[] = {"kind", NULL};
static const char *const reduce_options[] = {"kind", NULL};

const struct kql_operator_row kql_operators_group[] = {
    {"summarize", KQL_SUMMARIZE, KQL_NAMED, NULL, read_summarize, print_summarize,
     "summarize [NAME =] AGGREGATE, .. by [NAME =] EXPRESSION, .."},
    {"make-series", KQL_MAKE_SERIES, KQL_NAMED, series_options, read_make_series, print_make_series,
     "make-series [NAME =] AGGREGATE [default = VALUE], .. on COLUMN [from START] [to END] step "
     "STEP "
     "[by ..]"},
    {"reduce", KQL_REDUCE, 0, reduce_options, read_reduce, print_reduce,
     "reduce by COLUMN [with threshold = NUMBER, characters = TEXT]"},
    {0},
};
