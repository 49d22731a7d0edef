/* Operators that bring rows of their own, call what makes rows, or say how they are shown. */
#include "hunt/kql_operators.h"

/* ---- range --------------------------------------------------------------------------------- */

static bool read_range(struct kql_parser *parser, struct kql_operator *op)
{
    return kql_read_name(parser, "a column", &op->range_rows.name) &&
           kql_read_word(parser, "from") && kql_read_expr(parser, &op->range_rows.from) &&
           kql_read_word(parser, "to") && kql_read_expr(parser, &op->range_rows.to) &&
           kql_read_word(parser, "step") && kql_read_expr(parser, &op->range_rows.step);
}

static void print_range(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_name(printer, op->range_rows.name.text);
    kql_put(printer, " from ");
    kql_put_expr(printer, op->range_rows.from);
    kql_put(printer, " to ");
    kql_put_expr(printer, op->range_rows.to);
    kql_put(printer, " step ");
    kql_put_expr(printer, op->range_rows.step);
}

/* ---- evaluate and invoke ------------------------------------------------------------------- */

static bool read_evaluate(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_read_call(parser, &op->evaluate.call))
        return false;
    op->evaluate.has_schema = kql_take_symbol(parser, ":");
    return !op->evaluate.has_schema ||
           kql_read_schema(parser, &op->evaluate.schema, &op->evaluate.open);
}

static void print_evaluate(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->evaluate.call);
    if (op->evaluate.has_schema) {
        kql_put(printer, " : ");
        kql_put_schema(printer, &op->evaluate.schema, op->evaluate.open);
    }
}

static bool read_invoke(struct kql_parser *parser, struct kql_operator *op)
{
    struct kql_place place = kql_peek(parser, 0)->place;
    if (!kql_read_primary(parser, &op->call))
        return false;
    return op->call->kind == KQL_CALL ||
           kql_error(parser, place, "expected a function with its arguments");
}

static void print_invoke(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_expr(printer, op->call);
}

/* ---- render -------------------------------------------------------------------------------- */

/* with (properties), or, as old queries have it, properties alone. */
static bool read_render(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_read_name(parser, "a kind of chart", &op->render.chart))
        return false;
    if (kql_at_word(parser, "with") && kql_ahead_symbol(parser, 1, "(")) {
        parser->at++;
        return kql_read_properties(parser, &op->render.properties);
    }
    while (kql_ahead_naming(parser, 0)) {
        struct kql_property property = {0};
        if (!kql_read_property(parser, &property) ||
            !kql_push(parser, &op->render.properties, property))
            return false;
        kql_take_symbol(parser, ",");
    }
    return true;
}

static void print_render(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put_name(printer, op->render.chart.text);
    if (op->render.properties.len) {
        kql_put(printer, " with (");
        kql_put_properties(printer, &op->render.properties);
        kql_put(printer, ")");
    }
}

const struct kql_operator_row kql_operators_source[] = {
    {"range", KQL_RANGE_ROWS, KQL_STARTS | KQL_FIRST, NULL, read_range, print_range,
     "range NAME from START to END step STEP"},
    {"evaluate", KQL_EVALUATE, KQL_STARTS, NULL, read_evaluate, print_evaluate,
     "evaluate PLUGIN(ARGUMENT, ..) [: (COLUMN:TYPE, ..)]"},
    {"invoke", KQL_INVOKE, 0, NULL, read_invoke, print_invoke, "invoke FUNCTION(ARGUMENT, ..)"},
    {"render", KQL_RENDER, 0, NULL, read_render, print_render,
     "render CHART [with (PROPERTY=VALUE, ..)]"},
    {0},
};
