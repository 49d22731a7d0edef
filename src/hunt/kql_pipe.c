/* Pipes: a source and its operators, and what operators have in common. */
#include <stdio.h>

#include "hunt/kql_infix.h"
#include "hunt/kql_operators.h"

const struct kql_operator_row *const kql_operator_tables[] = {
    kql_operators_rows,   kql_operators_columns,
    kql_operators_group,  kql_operators_join,
    kql_operators_parse,  kql_operators_expand,
    kql_operators_search, kql_operators_source,
    kql_operators_split,  NULL,
};

/* ---- the table ----------------------------------------------------------------------------- */

const struct kql_operator_row *kql_operator_at(size_t index)
{
    for (size_t i = 0; kql_operator_tables[i]; i++)
        for (const struct kql_operator_row *row = kql_operator_tables[i]; row->name; row++)
            if (index-- == 0)
                return row;
    return NULL;
}

const struct kql_operator_row *kql_operator_find(struct str name)
{
    for (size_t i = 0; kql_operator_tables[i]; i++)
        for (const struct kql_operator_row *row = kql_operator_tables[i]; row->name; row++)
            if (str_eq(name, str_from_c(row->name)))
                return row;
    return NULL;
}

const struct kql_operator_row *kql_operator_row_of(enum kql_operator_kind kind)
{
    for (size_t i = 0; kql_operator_tables[i]; i++)
        for (const struct kql_operator_row *row = kql_operator_tables[i]; row->name; row++)
            if (row->kind == kind && !(row->flags & KQL_OTHER_NAME))
                return row;
    return NULL;
}

/* ---- options ------------------------------------------------------------------------------- */

const struct kql_property *kql_option(const struct kql_operator *op, const char *name)
{
    for (uint32_t i = 0; i < op->options.len; i++)
        if (str_eq(op->options.items[i].name.text, str_from_c(name)))
            return &op->options.items[i];
    return NULL;
}

bool kql_option_word(struct kql_parser *parser, const struct kql_operator *op, const char *name,
                     const char *const *words, unsigned *ret_index)
{
    const struct kql_property *option = kql_option(op, name);
    if (!option)
        return true;
    const struct kql_expr *value = option->values.items[0];
    char what[64];
    snprintf(what, sizeof(what), "there is no %s", name);
    struct str text = value->kind == KQL_NAME             ? value->name
                      : value->literal.type == KQL_STRING ? value->literal.text
                                                          : STR("");
    for (unsigned i = 0; words[i]; i++) {
        if (str_eq(text, str_from_c(words[i]))) {
            *ret_index = i;
            return true;
        }
    }
    return kql_unknown(parser, value->place, what, text, words);
}

bool kql_option_name(struct kql_parser *parser, const struct kql_operator *op, const char *name,
                     struct kql_name *ret_name)
{
    const struct kql_property *option = kql_option(op, name);
    if (!option)
        return true;
    const struct kql_expr *value = option->values.items[0];
    bool text = value->kind == KQL_LITERAL && value->literal.type == KQL_STRING;
    if (value->kind != KQL_NAME && !text)
        return kql_error(parser, value->place, "%s is the name of a column", name);
    *ret_name = (struct kql_name){value->place, text ? value->literal.text : value->name};
    return true;
}

bool kql_option_bool(struct kql_parser *parser, const struct kql_operator *op, const char *name,
                     bool *ret_value)
{
    const struct kql_property *option = kql_option(op, name);
    if (!option)
        return true;
    const struct kql_expr *value = option->values.items[0];
    if (value->kind != KQL_LITERAL || value->literal.type != KQL_BOOL || value->literal.null)
        return kql_error(parser, value->place, "%s is true or false", name);
    *ret_value = value->literal.boolean;
    return true;
}

/* The tokens of an option's name at the front: kind, hint.strategy; 0 where there is none. */
static uint32_t option_tokens(const struct kql_parser *parser, const struct kql_operator_row *row)
{
    if (kql_at_word(parser, "hint") && kql_ahead_symbol(parser, 1, ".") &&
        kql_ahead_symbol(parser, 3, "="))
        return 3;
    if (!kql_ahead_naming(parser, 0))
        return 0;
    for (size_t i = 0; row->options && row->options[i]; i++)
        if (kql_at_word(parser, row->options[i]))
            return 1;
    return 0;
}

static bool read_options(struct kql_parser *parser, const struct kql_operator_row *row,
                         struct kql_property_list *list)
{
    for (uint32_t tokens; (tokens = option_tokens(parser, row)) > 0;) {
        struct kql_property option = {0};
        const struct kql_token *first = kql_peek(parser, 0), *last = kql_peek(parser, tokens - 1);
        struct kql_expr *value;
        option.name.place = first->place;
        option.name.text = str_of(parser->text.ptr + first->place.offset,
                                  last->place.offset + last->len - first->place.offset);
        parser->at += tokens + 1;
        if (!kql_read_value(parser, &value) || !kql_push(parser, &option.values, value) ||
            !kql_push(parser, list, option))
            return false;
    }
    if (row->options && !(row->flags & KQL_NAMED) && kql_ahead_naming(parser, 0)) {
        const struct kql_token *token = kql_peek(parser, 0);
        char what[64];
        snprintf(what, sizeof(what), "%s has no option", row->name);
        return kql_unknown(parser, token->place, what, kql_token_text(parser, token), row->options);
    }
    return true;
}

/* ---- operators ----------------------------------------------------------------------------- */

static bool touches(const struct kql_parser *parser, uint32_t ahead)
{
    const struct kql_token *token = kql_peek(parser, ahead), *before = kql_peek(parser, ahead - 1);
    return token->place.offset == before->place.offset + before->len;
}

/* The word at the front with its hyphens: mv-expand. */
static struct str operator_word(const struct kql_parser *parser, uint32_t *ret_tokens)
{
    const struct kql_token *first = kql_peek(parser, 0), *last = first;
    if (first->kind != KQL_TOKEN_NAME)
        return (struct str){0};
    uint32_t tokens = 1;
    while (kql_ahead_symbol(parser, tokens, "-") && touches(parser, tokens) &&
           kql_peek(parser, tokens + 1)->kind == KQL_TOKEN_NAME && touches(parser, tokens + 1)) {
        last = kql_peek(parser, tokens + 1);
        tokens += 2;
    }
    *ret_tokens = tokens;
    return str_of(parser->text.ptr + first->place.offset,
                  last->place.offset + last->len - first->place.offset);
}

/*
 * Would an operator that brings its own rows begin here? Its word may also be a name: of a variable, or of a
 * function (range). It is the operator where something follows that it could be given.
 */
static bool at_starting_operator(const struct kql_parser *parser)
{
    uint32_t tokens = 0, name;
    const struct kql_operator_row *row = kql_operator_find(operator_word(parser, &tokens));
    if (!row || !(row->flags & KQL_STARTS))
        return false;
    const struct kql_token *next = kql_peek(parser, tokens);
    if (row->kind == KQL_RANGE_ROWS)
        return kql_ahead_name(parser, tokens, &name) &&
               kql_ahead_word(parser, tokens + name, "from");
    if (next->kind == KQL_TOKEN_SYMBOL)
        return kql_ahead_symbol(parser, tokens, "(") || kql_ahead_symbol(parser, tokens, "*") ||
               kql_ahead_symbol(parser, tokens, "[") || kql_ahead_symbol(parser, tokens, "-");
    return next->kind != KQL_TOKEN_END &&
           (kql_ahead_word(parser, tokens, "in") || next->kind != KQL_TOKEN_NAME ||
            !kql_infix_find(kql_token_text(parser, next))) &&
           !kql_ahead_word(parser, tokens, "and") && !kql_ahead_word(parser, tokens, "or");
}

static bool unknown_operator(struct kql_parser *parser, struct kql_place place, struct str word)
{
    const struct kql_operator_row *row;
    struct nearest nearest;
    nearest_begin(&nearest, word);
    for (size_t i = 0; (row = kql_operator_at(i)) != NULL; i++)
        nearest_offer(&nearest, str_from_c(row->name));
    return kql_unlike(parser, place, "there is no operator", &nearest);
}

static bool read_operator(struct kql_parser *parser, bool starting, struct kql_operator **ret_op)
{
    uint32_t tokens = 0;
    struct kql_place place = kql_peek(parser, 0)->place;
    struct str word = operator_word(parser, &tokens);
    if (word.len == 0)
        return kql_expected(parser, "an operator");
    const struct kql_operator_row *row = kql_operator_find(word);
    if (!row)
        return unknown_operator(parser, place, word);
    if (!starting && row->flags & KQL_FIRST)
        return kql_error(parser, place, "%s takes no rows: it may only be the first", row->name);
    struct kql_operator *op = arena_zero(parser->arena, 1, sizeof(*op));
    if (!op)
        return kql_spent(parser);
    op->kind = row->kind;
    op->place = place;
    parser->at += tokens;
    *ret_op = op;
    return read_options(parser, row, &op->options) && row->read(parser, op);
}

/* operator | operator | operator */
static bool read_operators(struct kql_parser *parser, bool starting, struct kql_operator_list *list)
{
    bool good = kql_enter(parser);
    for (bool more = good; more; more = good && kql_take_symbol(parser, "|")) {
        struct kql_operator *op = NULL;
        good = read_operator(parser, starting && list->len == 0, &op) && kql_push(parser, list, op);
    }
    kql_leave(parser);
    return good;
}

bool kql_read_subquery(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    struct kql_expr *expr = kql_expr_new(parser, KQL_PIPE, kql_peek(parser, 0)->place);
    if (!expr)
        return false;
    uint32_t outer = kql_open(parser);
    *ret_expr = expr;
    return kql_read_symbol(parser, "(") && read_operators(parser, false, &expr->pipe.operators) &&
           (kql_take_symbol(parser, ")") || kql_expected(parser, "'|' or ')'")) &&
           kql_close(parser, expr, outer);
}

bool kql_read_pipe(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    bool starting = at_starting_operator(parser);
    struct kql_place place = kql_peek(parser, 0)->place;
    uint32_t outer = kql_open(parser);
    struct kql_expr *source = NULL;
    if (!starting && !kql_read_expr(parser, &source))
        return false;
    if (!starting && !kql_take_symbol(parser, "|")) {
        parser->height = source->height > outer ? source->height : outer;
        *ret_expr = source;
        return true;
    }
    struct kql_expr *expr = kql_expr_new(parser, KQL_PIPE, place);
    if (!expr)
        return false;
    expr->pipe.source = source;
    *ret_expr = expr;
    return read_operators(parser, starting, &expr->pipe.operators) &&
           kql_close(parser, expr, outer);
}

/* ---- what several operators take ----------------------------------------------------------- */

bool kql_read_table(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    return kql_at_pattern(parser) ? kql_read_pattern(parser, ret_expr)
                                  : kql_read_primary(parser, ret_expr);
}

bool kql_read_tables(struct kql_parser *parser, struct kql_expr_list *list)
{
    if (!kql_read_symbol(parser, "("))
        return false;
    do {
        struct kql_expr *table;
        if (!kql_read_table(parser, &table) || !kql_push(parser, list, table))
            return false;
    } while (kql_take_symbol(parser, ","));
    return kql_take_symbol(parser, ")") || kql_expected(parser, "',' or ')'");
}

bool kql_read_ordered(struct kql_parser *parser, struct kql_ordered *ret_ordered)
{
    struct kql_ordered ordered = {0};
    if (!kql_read_named(parser, &ordered.by))
        return false;
    if (kql_take_word(parser, "asc"))
        ordered.direction = KQL_ASC;
    else if (kql_take_word(parser, "desc"))
        ordered.direction = KQL_DESC;
    if (kql_take_word(parser, "nulls")) {
        ordered.nulls = kql_at_word(parser, "first") ? KQL_NULLS_FIRST : KQL_NULLS_LAST;
        if (!kql_take_word(parser, "first") && !kql_take_word(parser, "last"))
            return kql_expected(parser, "'first' or 'last'");
    }
    *ret_ordered = ordered;
    return true;
}

bool kql_read_ordered_list(struct kql_parser *parser, struct kql_ordered_list *list)
{
    do {
        struct kql_ordered ordered;
        if (!kql_read_ordered(parser, &ordered) || !kql_push(parser, list, ordered))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}
