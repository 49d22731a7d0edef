/* Operators that run operators of their own over parts of the rows. */
#include "hunt/kql_operators.h"

/* ---- partition ----------------------------------------------------------------------------- */

static bool read_partition(struct kql_parser *parser, struct kql_operator *op)
{
    /* A bracket follows the column, so that it must not be read as a call. */
    if (!kql_read_word(parser, "by") || !kql_read_pattern(parser, &op->partition.by))
        return false;
    op->partition.braces = kql_take_symbol(parser, "{");
    if (!op->partition.braces)
        return kql_read_subquery(parser, &op->partition.pipe);
    return kql_read_pipe(parser, &op->partition.pipe) && kql_read_symbol(parser, "}");
}

static void print_partition(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put(printer, "by ");
    kql_put_expr(printer, op->partition.by);
    if (op->partition.braces)
        kql_put_block(printer, " {", op->partition.pipe, "}");
    else
        kql_put_block(printer, " (", op->partition.pipe, ")");
}

/* ---- facet --------------------------------------------------------------------------------- */

static bool read_facet(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_read_word(parser, "by"))
        return false;
    do {
        struct kql_expr *column;
        if (!kql_read_pattern(parser, &column) || !kql_push(parser, &op->facet.by, column))
            return false;
    } while (kql_take_symbol(parser, ","));
    return !kql_take_word(parser, "with") || kql_read_subquery(parser, &op->facet.pipe);
}

static void print_facet(struct kql_printer *printer, const struct kql_operator *op)
{
    kql_put(printer, "by ");
    kql_put_exprs(printer, &op->facet.by);
    if (op->facet.pipe)
        kql_put_block(printer, " with (", op->facet.pipe, ")");
}

/* ---- fork ---------------------------------------------------------------------------------- */

static bool read_fork(struct kql_parser *parser, struct kql_operator *op)
{
    do {
        struct kql_branch branch = {0};
        if (kql_ahead_naming(parser, 0) &&
            (!kql_read_name(parser, "a name", &branch.name) || !kql_read_symbol(parser, "=")))
            return false;
        if (!kql_read_subquery(parser, &branch.pipe) || !kql_push(parser, &op->branches, branch))
            return false;
    } while (kql_at_symbol(parser, "(") || kql_ahead_naming(parser, 0));
    return true;
}

static void print_fork(struct kql_printer *printer, const struct kql_operator *op)
{
    for (uint32_t i = 0; i < op->branches.len; i++) {
        const struct kql_branch *branch = &op->branches.items[i];
        kql_put(printer, i ? " " : "");
        if (branch->name.text.len) {
            kql_put_name(printer, branch->name.text);
            kql_put(printer, " = ");
        }
        kql_put_block(printer, "(", branch->pipe, ")");
    }
}

/* ---- scan ---------------------------------------------------------------------------------- */

static const char *const outputs[] = {
    [KQL_OUTPUT_ALL] = "all",
    [KQL_OUTPUT_LAST] = "last",
    [KQL_OUTPUT_NONE] = "none",
    NULL,
};

static bool read_output(struct kql_parser *parser, enum kql_step_output *ret_output)
{
    if (!kql_take_word(parser, "output"))
        return true;
    if (!kql_read_symbol(parser, "="))
        return false;
    for (int i = 0; outputs[i]; i++) {
        if (kql_take_word(parser, outputs[i])) {
            *ret_output = (enum kql_step_output)i;
            return true;
        }
    }
    return kql_expected(parser, "'all', 'last' or 'none'");
}

static bool read_assignments(struct kql_parser *parser, struct kql_named_list *list)
{
    do {
        struct kql_named named;
        if (!kql_ahead_naming(parser, 0))
            return kql_expected(parser, "COLUMN = VALUE");
        if (!kql_read_named(parser, &named) || !kql_push(parser, list, named))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

/* step name optional output=last: condition => name = value, ..; */
static bool read_step(struct kql_parser *parser, struct kql_step *step)
{
    if (!kql_read_word(parser, "step") || !kql_read_name(parser, "a step", &step->name))
        return false;
    step->optional = kql_take_word(parser, "optional");
    if (!read_output(parser, &step->output) || !kql_read_symbol(parser, ":") ||
        !kql_read_expr(parser, &step->condition))
        return false;
    if (kql_take_symbol(parser, "=>") && !read_assignments(parser, &step->assignments))
        return false;
    return kql_at_symbol(parser, ")") || kql_read_symbol(parser, ";");
}

static bool read_steps(struct kql_parser *parser, struct kql_step_list *list)
{
    if (!kql_read_word(parser, "with") || !kql_read_symbol(parser, "("))
        return false;
    do {
        struct kql_step step = {0};
        if (!read_step(parser, &step) || !kql_push(parser, list, step))
            return false;
    } while (!kql_at_symbol(parser, ")"));
    return kql_read_symbol(parser, ")");
}

/* (name: type = value, ..) */
static bool read_declared(struct kql_parser *parser, struct kql_column_list *list)
{
    if (!kql_read_symbol(parser, "("))
        return false;
    do {
        struct kql_column column = {0};
        if (!kql_read_name(parser, "a column", &column.name) || !kql_read_symbol(parser, ":") ||
            !kql_read_type(parser, &column.type) ||
            (kql_take_symbol(parser, "=") && !kql_read_expr(parser, &column.value)) ||
            !kql_push(parser, list, column))
            return false;
    } while (kql_take_symbol(parser, ","));
    return kql_read_symbol(parser, ")");
}

static bool read_scan(struct kql_parser *parser, struct kql_operator *op)
{
    if (!kql_option_name(parser, op, "with_match_id", &op->scan.match_id) ||
        !kql_option_name(parser, op, "with_step_name", &op->scan.step_name))
        return false;
    if (kql_take_word(parser, "order") &&
        (!kql_read_word(parser, "by") || !kql_read_ordered_list(parser, &op->scan.order_by)))
        return false;
    if (kql_take_word(parser, "partition") &&
        (!kql_read_word(parser, "by") || !kql_read_exprs(parser, &op->scan.partition_by)))
        return false;
    if (kql_take_word(parser, "declare") && !read_declared(parser, &op->scan.declared))
        return false;
    return read_steps(parser, &op->scan.steps);
}

static void print_step(struct kql_printer *printer, const struct kql_step *step)
{
    kql_put(printer, "step ");
    kql_put_name(printer, step->name.text);
    kql_put(printer, step->optional ? " optional" : "");
    if (step->output != KQL_OUTPUT_ALL) {
        kql_put(printer, " output=");
        kql_put(printer, outputs[step->output]);
    }
    kql_put(printer, ": ");
    kql_put_expr(printer, step->condition);
    if (step->assignments.len) {
        kql_put(printer, " => ");
        kql_put_named_list(printer, &step->assignments);
    }
    kql_put(printer, ";");
}

static void print_scan(struct kql_printer *printer, const struct kql_operator *op)
{
    if (op->scan.order_by.len) {
        kql_put(printer, "order by ");
        kql_put_ordered_list(printer, &op->scan.order_by);
        kql_put(printer, " ");
    }
    if (op->scan.partition_by.len) {
        kql_put(printer, "partition by ");
        kql_put_exprs(printer, &op->scan.partition_by);
        kql_put(printer, " ");
    }
    if (op->scan.declared.len) {
        kql_put(printer, "declare (");
        kql_put_columns(printer, &op->scan.declared);
        kql_put(printer, ") ");
    }
    kql_put(printer, "with (");
    for (uint32_t i = 0; i < op->scan.steps.len; i++) {
        kql_put(printer, i ? " " : "");
        print_step(printer, &op->scan.steps.items[i]);
    }
    kql_put(printer, ")");
}

static const char *const scan_options[] = {"with_match_id", "with_step_name", NULL};

const struct kql_operator_row kql_operators_split[] = {
    {"partition", KQL_PARTITION, 0, NULL, read_partition, print_partition,
     "partition by COLUMN (OPERATORS)"},
    {"facet", KQL_FACET, 0, NULL, read_facet, print_facet,
     "facet by COLUMN, .. [with (OPERATORS)]"},
    {"fork", KQL_FORK, 0, NULL, read_fork, print_fork, "fork [NAME =] (OPERATORS) .."},
    {"scan", KQL_SCAN, 0, scan_options, read_scan, print_scan,
     "scan [with_match_id=NAME] [declare (COLUMN:TYPE, ..)] with (step NAME: CONDITION [=> COLUMN "
     "= "
     "VALUE, ..]; ..)"},
    {0},
};
