#include "hunt/kql_printer.h"

#include "hunt/kql_infix.h"
#include "hunt/kql.h"
#include "hunt/kql_lexer.h"
#include "hunt/kql_literal.h"
#include "hunt/kql_operators.h"

void kql_put(struct kql_printer *printer, const char *text)
{
    buf_add_c(printer->buf, text);
}

static void put_line(struct kql_printer *printer)
{
    kql_put(printer, "\n");
    for (uint32_t i = 0; i < printer->indent; i++)
        kql_put(printer, "    ");
}

/* ---- names --------------------------------------------------------------------------------- */

/* Words that mean something where a name may stand, here or in Kusto. */
static bool is_reserved(struct str name)
{
    static const char *const words[] = {"and",  "or",   "by",   "on",    "with",  "of",
                                        "to",   "from", "step", "asc",   "desc",  "null",
                                        "true", "True", "TRUE", "false", "False", "FALSE"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_eq(name, str_from_c(words[i])))
            return true;
    const struct kql_operator_row *row = kql_operator_find(name);
    return kql_infix_find(name) || (row && row->flags & KQL_STARTS);
}

static void put_quoted(struct kql_printer *printer, struct str name)
{
    kql_put(printer, "[");
    kql_string_print(printer->buf, name);
    kql_put(printer, "]");
}

void kql_put_name(struct kql_printer *printer, struct str name)
{
    if (kql_is_identifier(name) && !is_reserved(name))
        buf_add_str(printer->buf, name);
    else
        put_quoted(printer, name);
}

/* Names in front of '=' must not be taken for an operator's option. */
static void put_naming(struct kql_printer *printer, struct str name)
{
    const struct kql_operator_row *row;
    for (size_t i = 0; (row = kql_operator_at(i)) != NULL; i++) {
        for (size_t j = 0; row->options && row->options[j]; j++) {
            if (str_eq(name, str_from_c(row->options[j]))) {
                put_quoted(printer, name);
                return;
            }
        }
    }
    kql_put_name(printer, name);
}

/* A function may not have the name of a literal: int(5) is one. range(..) is never the operator. */
static void put_function(struct kql_printer *printer, struct str name)
{
    static const char *const words[] = {"dynamic", "typeof", "datatable", "externaldata",
                                        "external_data"};
    bool literal = kql_type_of(name) != KQL_TYPE_NONE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        literal |= str_eq(name, str_from_c(words[i]));
    if (literal)
        put_quoted(printer, name);
    else if (str_eq(name, STR("range")))
        kql_put(printer, "range");
    else
        kql_put_name(printer, name);
}

void kql_put_string(struct kql_printer *printer, struct str text)
{
    kql_string_print(printer->buf, text);
}

void kql_put_type(struct kql_printer *printer, enum kql_type type)
{
    buf_add_str(printer->buf, kql_type_name(type));
}

/* ---- expressions --------------------------------------------------------------------------- */

static enum kql_strength strength_of(const struct kql_expr *expr)
{
    switch (expr->kind) {
    case KQL_OR:
        return KQL_STRENGTH_OR;
    case KQL_AND:
        return KQL_STRENGTH_AND;
    case KQL_MEMBERSHIP:
    case KQL_RANGE:
        return KQL_STRENGTH_EQUALITY;
    case KQL_BINARY:
        return kql_infix_of(expr->binary.test)->strength;
    case KQL_NEGATE:
        return KQL_STRENGTH_UNARY;
    default:
        return KQL_STRENGTH_POSTFIX;
    }
}

/* With brackets where the expression is weaker than `least`. */
static void put_operand(struct kql_printer *printer, const struct kql_expr *expr,
                        enum kql_strength least)
{
    bool brackets = strength_of(expr) < least && !printer->brackets;
    kql_put(printer, brackets ? "(" : "");
    kql_put_expr(printer, expr);
    kql_put(printer, brackets ? ")" : "");
}

static void put_chain(struct kql_printer *printer, const struct kql_expr *expr, const char *word)
{
    for (uint32_t i = 0; i < expr->exprs.len; i++) {
        kql_put(printer, i ? word : "");
        put_operand(printer, expr->exprs.items[i], strength_of(expr) + 1);
    }
}

static void put_test(struct kql_printer *printer, struct kql_test test)
{
    kql_put(printer, " ");
    kql_put(printer, kql_infix_of(test)->text);
    kql_put(printer, " ");
}

static void put_binary(struct kql_printer *printer, const struct kql_expr *expr)
{
    enum kql_strength strength = strength_of(expr);
    put_operand(printer, expr->binary.left, strength);
    if (expr->binary.test.op == KQL_COLON)
        kql_put(printer, ":");
    else
        put_test(printer, expr->binary.test);
    put_operand(printer, expr->binary.right, strength + 1);
}

/* One tabular expression in the brackets needs none of its own. */
static void put_membership(struct kql_printer *printer, const struct kql_expr *expr)
{
    const struct kql_expr_list *items = &expr->membership.items;
    put_operand(printer, expr->membership.left, KQL_STRENGTH_EQUALITY);
    put_test(printer, expr->membership.test);
    if (items->len == 1 && items->items[0]->kind == KQL_PIPE) {
        kql_put_block(printer, "(", items->items[0], ")");
        return;
    }
    kql_put(printer, "(");
    kql_put_exprs(printer, items);
    kql_put(printer, ")");
}

static void put_range(struct kql_printer *printer, const struct kql_expr *expr)
{
    put_operand(printer, expr->range.left, KQL_STRENGTH_EQUALITY);
    put_test(printer, expr->range.test);
    kql_put(printer, "(");
    kql_put_expr(printer, expr->range.low);
    kql_put(printer, " .. ");
    kql_put_expr(printer, expr->range.high);
    kql_put(printer, ")");
}

/* A number before a dot would be another number. */
static void put_object(struct kql_printer *printer, const struct kql_expr *object)
{
    put_operand(printer, object,
                object->kind == KQL_LITERAL ? KQL_STRENGTH_POSTFIX + 1 : KQL_STRENGTH_POSTFIX);
}

static void put_member(struct kql_printer *printer, const struct kql_expr *expr)
{
    put_object(printer, expr->member.object);
    kql_put(printer, ".");
    if (expr->member.pattern)
        buf_add_str(printer->buf, expr->member.name);
    else
        kql_put_name(printer, expr->member.name);
}

static void put_call(struct kql_printer *printer, const struct kql_expr *expr)
{
    const struct kql_named_list *arguments = &expr->call.arguments;
    if (expr->call.object) {
        put_object(printer, expr->call.object);
        kql_put(printer, ".");
    }
    put_function(printer, expr->call.name);
    if (arguments->len == 1 && arguments->items[0].names.len == 0 &&
        arguments->items[0].expr->kind == KQL_PIPE) {
        kql_put_block(printer, "(", arguments->items[0].expr, ")");
        return;
    }
    kql_put(printer, "(");
    kql_put_named_list(printer, arguments);
    kql_put(printer, ")");
}

static void put_bag(struct kql_printer *printer, const struct kql_bag_list *bag)
{
    kql_put(printer, "{");
    for (uint32_t i = 0; i < bag->len; i++) {
        kql_put(printer, i ? ", " : "");
        kql_put_string(printer, bag->items[i].key);
        kql_put(printer, ": ");
        kql_put_expr(printer, bag->items[i].value);
    }
    kql_put(printer, "}");
}

static void put_table(struct kql_printer *printer, const char *word, const struct kql_expr *expr)
{
    kql_put(printer, word);
    kql_put_schema(printer, &expr->table.columns, false);
    kql_put(printer, " [");
    kql_put_exprs(printer, &expr->table.values);
    kql_put(printer, "]");
    if (expr->table.properties.len) {
        kql_put(printer, " with (");
        kql_put_properties(printer, &expr->table.properties);
        kql_put(printer, ")");
    }
}

/* What strength_of() knows as operations. */
static void put_operation(struct kql_printer *printer, const struct kql_expr *expr)
{
    switch (expr->kind) {
    case KQL_OR:
        put_chain(printer, expr, " or ");
        break;
    case KQL_AND:
        put_chain(printer, expr, " and ");
        break;
    case KQL_MEMBERSHIP:
        put_membership(printer, expr);
        break;
    case KQL_RANGE:
        put_range(printer, expr);
        break;
    case KQL_NEGATE:
        kql_put(printer, "-");
        put_operand(printer, expr->operand, KQL_STRENGTH_UNARY);
        break;
    default:
        put_binary(printer, expr);
    }
}

static void put_alone(struct kql_printer *printer, const struct kql_expr *expr)
{
    switch (expr->kind) {
    case KQL_LITERAL:
        kql_literal_print(printer->buf, &expr->literal);
        break;
    case KQL_JSON:
        kql_put(printer, "dynamic(");
        kql_put_expr(printer, expr->operand);
        kql_put(printer, ")");
        break;
    case KQL_ARRAY:
        kql_put(printer, "[");
        kql_put_exprs(printer, &expr->exprs);
        kql_put(printer, "]");
        break;
    case KQL_BAG:
        put_bag(printer, &expr->bag);
        break;
    case KQL_TYPEOF:
        kql_put(printer, "typeof(");
        kql_put_type(printer, expr->type);
        kql_put(printer, ")");
        break;
    case KQL_NAME:
        kql_put_name(printer, expr->name);
        break;
    case KQL_PATTERN:
        buf_add_str(printer->buf, expr->name);
        break;
    case KQL_MEMBER:
        put_member(printer, expr);
        break;
    case KQL_INDEX:
        put_object(printer, expr->index.object);
        kql_put(printer, "[");
        kql_put_expr(printer, expr->index.index);
        kql_put(printer, "]");
        break;
    case KQL_CALL:
        put_call(printer, expr);
        break;
    case KQL_PIPE:
        kql_put_block(printer, "(", expr, ")");
        break;
    case KQL_DATATABLE:
        put_table(printer, "datatable ", expr);
        break;
    case KQL_EXTERNALDATA:
        put_table(printer, "externaldata ", expr);
        break;
    default:
        kql_put(printer, "*");
    }
}

void kql_put_expr(struct kql_printer *printer, const struct kql_expr *expr)
{
    if (strength_of(expr) == KQL_STRENGTH_POSTFIX) {
        put_alone(printer, expr);
        return;
    }
    kql_put(printer, printer->brackets ? "(" : "");
    put_operation(printer, expr);
    kql_put(printer, printer->brackets ? ")" : "");
}

/* ---- lists --------------------------------------------------------------------------------- */

void kql_put_exprs(struct kql_printer *printer, const struct kql_expr_list *list)
{
    for (uint32_t i = 0; i < list->len; i++) {
        kql_put(printer, i ? ", " : "");
        kql_put_expr(printer, list->items[i]);
    }
}

void kql_put_named(struct kql_printer *printer, const struct kql_named *named)
{
    bool several = named->names.len > 1;
    kql_put(printer, several ? "(" : "");
    for (uint32_t i = 0; i < named->names.len; i++) {
        kql_put(printer, i ? ", " : "");
        put_naming(printer, named->names.items[i].text);
    }
    kql_put(printer, several ? ") = " : named->names.len ? " = " : "");
    kql_put_expr(printer, named->expr);
}

void kql_put_named_list(struct kql_printer *printer, const struct kql_named_list *list)
{
    for (uint32_t i = 0; i < list->len; i++) {
        kql_put(printer, i ? ", " : "");
        kql_put_named(printer, &list->items[i]);
    }
}

void kql_put_columns(struct kql_printer *printer, const struct kql_column_list *list)
{
    for (uint32_t i = 0; i < list->len; i++) {
        const struct kql_column *column = &list->items[i];
        kql_put(printer, i ? ", " : "");
        kql_put_name(printer, column->name.text);
        kql_put(printer, ":");
        kql_put_type(printer, column->type);
        if (column->value) {
            kql_put(printer, " = ");
            kql_put_expr(printer, column->value);
        }
    }
}

void kql_put_schema(struct kql_printer *printer, const struct kql_column_list *list, bool open)
{
    kql_put(printer, open ? list->len ? "(*, " : "(*" : "(");
    kql_put_columns(printer, list);
    kql_put(printer, ")");
}

void kql_put_ordered(struct kql_printer *printer, const struct kql_ordered *ordered)
{
    static const char *const directions[] = {"", " asc", " desc"};
    static const char *const nulls[] = {"", " nulls first", " nulls last"};
    kql_put_named(printer, &ordered->by);
    kql_put(printer, directions[ordered->direction]);
    kql_put(printer, nulls[ordered->nulls]);
}

void kql_put_ordered_list(struct kql_printer *printer, const struct kql_ordered_list *list)
{
    for (uint32_t i = 0; i < list->len; i++) {
        kql_put(printer, i ? ", " : "");
        kql_put_ordered(printer, &list->items[i]);
    }
}

/* Lists of literals have brackets (parse-kv's quotes), lists of columns have none (render's). */
static void put_property(struct kql_printer *printer, const struct kql_property *property)
{
    bool brackets = property->values.len > 1 && property->values.items[0]->kind == KQL_LITERAL;
    kql_put_name(printer, property->name.text);
    kql_put(printer, brackets ? "=(" : "=");
    kql_put_exprs(printer, &property->values);
    kql_put(printer, brackets ? ")" : "");
}

void kql_put_properties(struct kql_printer *printer, const struct kql_property_list *list)
{
    for (uint32_t i = 0; i < list->len; i++) {
        kql_put(printer, i ? ", " : "");
        put_property(printer, &list->items[i]);
    }
}

/* ---- pipes --------------------------------------------------------------------------------- */

static void put_operator(struct kql_printer *printer, const struct kql_operator *op)
{
    const struct kql_operator_row *row = kql_operator_row_of(op->kind);
    kql_put(printer, row->name);
    for (uint32_t i = 0; i < op->options.len; i++) {
        const struct kql_property *option = &op->options.items[i];
        kql_put(printer, " ");
        buf_add_str(printer->buf, option->name.text);
        kql_put(printer, "=");
        kql_put_expr(printer, option->values.items[0]);
    }
    kql_put(printer, " ");
    size_t bare = printer->buf->len;
    row->print(printer, op);
    if (printer->buf->len == bare && bare)
        printer->buf->len--; /* no operands, no space in front of them */
}

/* A pipe without brackets, an operator a line. */
static void put_pipe(struct kql_printer *printer, const struct kql_expr *expr)
{
    if (expr->kind != KQL_PIPE) {
        kql_put_expr(printer, expr);
        return;
    }
    if (expr->pipe.source)
        kql_put_expr(printer, expr->pipe.source);
    for (uint32_t i = 0; i < expr->pipe.operators.len; i++) {
        if (i || expr->pipe.source) {
            put_line(printer);
            kql_put(printer, "| ");
        }
        put_operator(printer, expr->pipe.operators.items[i]);
    }
}

void kql_put_block(struct kql_printer *printer, const char *open, const struct kql_expr *pipe,
                   const char *close)
{
    kql_put(printer, open);
    printer->indent++;
    put_line(printer);
    put_pipe(printer, pipe);
    printer->indent--;
    put_line(printer);
    kql_put(printer, close);
}

/* ---- statements ---------------------------------------------------------------------------- */

static void put_parameters(struct kql_printer *printer, const struct kql_parameter_list *list)
{
    kql_put(printer, "(");
    for (uint32_t i = 0; i < list->len; i++) {
        const struct kql_parameter *parameter = &list->items[i];
        kql_put(printer, i ? ", " : "");
        kql_put_name(printer, parameter->name.text);
        kql_put(printer, ":");
        if (parameter->tabular)
            kql_put_schema(printer, &parameter->columns, parameter->open);
        else
            kql_put_type(printer, parameter->type);
        if (parameter->value) {
            kql_put(printer, " = ");
            kql_put_expr(printer, parameter->value);
        }
    }
    kql_put(printer, ")");
}

static void put_statements(struct kql_printer *printer, const struct kql_statement_list *list);

static void put_function_statement(struct kql_printer *printer,
                                   const struct kql_statement *statement)
{
    kql_put(printer, statement->view ? "view " : "");
    put_parameters(printer, &statement->parameters);
    kql_put(printer, " {");
    printer->indent++;
    put_line(printer);
    put_statements(printer, &statement->body);
    printer->indent--;
    put_line(printer);
    kql_put(printer, "}");
}

static void put_statement(struct kql_printer *printer, const struct kql_statement *statement)
{
    switch (statement->kind) {
    case KQL_LET:
    case KQL_FUNCTION:
        kql_put(printer, "let ");
        kql_put_name(printer, statement->name.text);
        kql_put(printer, " = ");
        if (statement->kind == KQL_FUNCTION)
            put_function_statement(printer, statement);
        else
            put_pipe(printer, statement->expr);
        break;
    case KQL_SET:
        kql_put(printer, "set ");
        kql_put_name(printer, statement->name.text);
        if (statement->expr) {
            kql_put(printer, " = ");
            kql_put_expr(printer, statement->expr);
        }
        break;
    case KQL_PARAMETERS:
        kql_put(printer, "declare query_parameters");
        put_parameters(printer, &statement->parameters);
        break;
    case KQL_EXPRESSION:
        put_pipe(printer, statement->expr);
        break;
    }
}

static void put_statements(struct kql_printer *printer, const struct kql_statement_list *list)
{
    for (uint32_t i = 0; i < list->len; i++) {
        if (i) {
            kql_put(printer, ";");
            put_line(printer);
        }
        put_statement(printer, list->items[i]);
    }
}

void kql_print(struct buf *buf, const struct kql_query *query)
{
    struct kql_printer printer = {.buf = buf};
    put_statements(&printer, &query->statements);
}

void kql_print_all(struct buf *buf, const struct kql_query_list *queries)
{
    for (uint32_t i = 0; i < queries->len; i++) {
        buf_add_c(buf, i ? "\n\n" : "");
        kql_print(buf, queries->items[i]);
    }
}

void kql_print_expr(struct buf *buf, const struct kql_expr *expr)
{
    struct kql_printer printer = {.buf = buf};
    put_pipe(&printer, expr);
}

void kql_print_shape(struct buf *buf, const struct kql_query *query)
{
    struct kql_printer printer = {.buf = buf, .brackets = true};
    put_statements(&printer, &query->statements);
}
