/* Expressions, from a name up to "or". Precedence is kql_infix.h's table. */
#include "hunt/kql_infix.h"
#include "hunt/kql_parser.h"

/* A new expression at the token to be read. */
static struct kql_expr *expr_here(struct kql_parser *parser, enum kql_expr_kind kind)
{
    return kql_expr_new(parser, kind, kql_peek(parser, 0)->place);
}

/* Nothing is inside it. */
static bool close_leaf(struct kql_parser *parser, struct kql_expr *expr, struct kql_expr **ret_expr)
{
    *ret_expr = expr;
    return kql_close(parser, expr, kql_open(parser));
}

/* ---- names --------------------------------------------------------------------------------- */

static bool read_name_expr(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    struct kql_expr *expr = expr_here(parser, KQL_NAME);
    struct kql_name name;
    if (!expr || !kql_read_name(parser, "a name", &name))
        return false;
    expr->name = name.text;
    return close_leaf(parser, expr, ret_expr);
}

/* Does the token `ahead` go on with a name with stars that the one before it began? */
static bool continues_pattern(const struct kql_parser *parser, uint32_t ahead)
{
    const struct kql_token *token = kql_peek(parser, ahead), *before = kql_peek(parser, ahead - 1);
    return token->place.offset == before->place.offset + before->len &&
           (token->kind == KQL_TOKEN_NAME || token->kind == KQL_TOKEN_LONG ||
            token->kind == KQL_TOKEN_TIMESPAN || kql_ahead_symbol(parser, ahead, "*"));
}

/* The tokens of a name with stars at the front, as text; empty where there is no star. */
static struct str pattern_text(const struct kql_parser *parser, uint32_t *ret_tokens)
{
    const struct kql_token *first = kql_peek(parser, 0), *last = first;
    bool star = kql_at_symbol(parser, "*");
    if (first->kind != KQL_TOKEN_NAME && !star)
        return (struct str){0};
    for (*ret_tokens = 1; continues_pattern(parser, *ret_tokens); ++*ret_tokens) {
        last = kql_peek(parser, *ret_tokens);
        star |= kql_ahead_symbol(parser, *ret_tokens, "*");
    }
    return str_of(parser->text.ptr + first->place.offset,
                  star ? last->place.offset + last->len - first->place.offset : 0);
}

bool kql_at_pattern(const struct kql_parser *parser)
{
    uint32_t tokens;
    return pattern_text(parser, &tokens).len > 0;
}

bool kql_read_pattern(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    uint32_t tokens = 0;
    struct str text = pattern_text(parser, &tokens);
    if (text.len == 0)
        return read_name_expr(parser, ret_expr);
    struct kql_expr *expr = expr_here(parser, text.len == 1 ? KQL_STAR : KQL_PATTERN);
    if (!expr)
        return false;
    if (text.len > 1)
        expr->name = text;
    parser->at += tokens;
    return close_leaf(parser, expr, ret_expr);
}

/* ---- calls, members, elements -------------------------------------------------------------- */

/* (arguments): none or more. */
static bool read_arguments(struct kql_parser *parser, struct kql_named_list *list)
{
    if (!kql_read_symbol(parser, "("))
        return false;
    if (kql_take_symbol(parser, ")"))
        return true;
    do {
        struct kql_named argument = {.place = kql_peek(parser, 0)->place};
        struct kql_name name;
        if (kql_ahead_naming(parser, 0) &&
            (!kql_read_name(parser, "an argument", &name) || !kql_read_symbol(parser, "=") ||
             !kql_push(parser, &argument.names, name)))
            return false;
        if (!kql_read_pipe(parser, &argument.expr) || !kql_push(parser, list, argument))
            return false;
    } while (kql_take_symbol(parser, ","));
    return kql_take_symbol(parser, ")") || kql_expected(parser, "',' or ')'");
}

/* name(arguments), behind the object that it is called on, if any. */
static bool read_call(struct kql_parser *parser, struct kql_expr *object,
                      struct kql_expr **ret_expr)
{
    struct kql_expr *expr = expr_here(parser, KQL_CALL);
    struct kql_name name;
    if (!expr || !kql_read_name(parser, "a function", &name))
        return false;
    expr->call.object = object;
    expr->call.name = name.text;
    uint32_t outer = kql_open(parser);
    parser->height = object ? object->height : 0;
    *ret_expr = expr;
    return read_arguments(parser, &expr->call.arguments) && kql_close(parser, expr, outer);
}

bool kql_read_call(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    uint32_t tokens;
    if (!kql_ahead_name(parser, 0, &tokens) || !kql_ahead_symbol(parser, tokens, "("))
        return kql_expected(parser, "a function with its arguments");
    return read_call(parser, NULL, ret_expr);
}

/* Calls whose members are tables, which may be named with stars. */
static bool holds_tables(const struct kql_expr *expr)
{
    return expr->kind == KQL_CALL &&
           (str_eq(expr->call.name, STR("database")) || str_eq(expr->call.name, STR("workspace")));
}

/* Behind the dot. */
static bool read_member(struct kql_parser *parser, struct kql_expr *object,
                        struct kql_expr **ret_expr)
{
    uint32_t tokens;
    if (kql_ahead_name(parser, 0, &tokens) && kql_ahead_symbol(parser, tokens, "("))
        return read_call(parser, object, ret_expr);
    struct kql_expr *expr = expr_here(parser, KQL_MEMBER);
    if (!expr)
        return false;
    struct kql_name name = {0};
    struct str pattern = holds_tables(object) ? pattern_text(parser, &tokens) : (struct str){0};
    if (pattern.len)
        parser->at += tokens;
    else if (!kql_read_name(parser, "a name", &name))
        return false;
    expr->member.object = object;
    expr->member.name = pattern.len ? pattern : name.text;
    expr->member.pattern = pattern.len > 0;
    uint32_t outer = kql_open(parser);
    parser->height = object->height;
    *ret_expr = expr;
    return kql_close(parser, expr, outer);
}

/* At the opening bracket. */
static bool read_element(struct kql_parser *parser, struct kql_expr *object,
                         struct kql_expr **ret_expr)
{
    struct kql_expr *expr = expr_here(parser, KQL_INDEX);
    if (!expr)
        return false;
    uint32_t outer = kql_open(parser);
    expr->index.object = object;
    if (!kql_read_symbol(parser, "[") || !kql_read_expr(parser, &expr->index.index) ||
        !kql_read_symbol(parser, "]"))
        return false;
    if (parser->height < object->height)
        parser->height = object->height;
    *ret_expr = expr;
    return kql_close(parser, expr, outer);
}

/* ---- what stands alone --------------------------------------------------------------------- */

/* A name may be that of a function, a literal, or a source of rows with a syntax of its own. */
static bool read_word(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    uint32_t tokens;
    bool call = kql_ahead_name(parser, 0, &tokens) && kql_ahead_symbol(parser, tokens, "(");
    if (!call)
        return kql_at_bool(parser) ? kql_read_literal(parser, ret_expr)
                                   : read_name_expr(parser, ret_expr);
    if (kql_at_word(parser, "dynamic"))
        return kql_read_json(parser, ret_expr);
    if (kql_at_word(parser, "datatable"))
        return kql_read_datatable(parser, ret_expr);
    if (kql_at_word(parser, "externaldata") || kql_at_word(parser, "external_data"))
        return kql_read_externaldata(parser, ret_expr);
    if (!kql_at_word(parser, "typeof"))
        return read_call(parser, NULL, ret_expr);
    struct kql_expr *expr = expr_here(parser, KQL_TYPEOF);
    return expr && kql_read_typeof(parser, &expr->type) && close_leaf(parser, expr, ret_expr);
}

static bool read_brackets(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    struct kql_place open = kql_peek(parser, 0)->place;
    parser->at++;
    if (!kql_read_pipe(parser, ret_expr))
        return false;
    if (kql_peek(parser, 0)->kind == KQL_TOKEN_END)
        return kql_error(parser, open, "this bracket is never closed");
    return kql_take_symbol(parser, ")") || kql_expected(parser, "an operator or ')'");
}

static bool read_alone(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    uint32_t tokens;
    bool dangling = kql_at_word(parser, "and") || kql_at_word(parser, "or");
    if (kql_at_symbol(parser, "("))
        return read_brackets(parser, ret_expr);
    if (kql_at_symbol(parser, "*")) {
        struct kql_expr *expr = expr_here(parser, KQL_STAR);
        parser->at++;
        return expr && close_leaf(parser, expr, ret_expr);
    }
    if (kql_ahead_name(parser, 0, &tokens) && !dangling)
        return read_word(parser, ret_expr);
    switch (kql_peek(parser, 0)->kind) {
    case KQL_TOKEN_STRING:
    case KQL_TOKEN_LONG:
    case KQL_TOKEN_REAL:
    case KQL_TOKEN_TIMESPAN:
    case KQL_TOKEN_TYPED:
        return kql_read_literal(parser, ret_expr);
    default:
        return kql_expected(parser, "an expression");
    }
}

bool kql_read_primary(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    bool good = read_alone(parser, ret_expr);
    while (good) {
        uint32_t tokens;
        if (kql_at_symbol(parser, "[")) {
            good = read_element(parser, *ret_expr, ret_expr);
        } else if (kql_take_symbol(parser, ".")) {
            bool element = kql_at_symbol(parser, "[") && !kql_ahead_name(parser, 0, &tokens);
            good = element ? read_element(parser, *ret_expr, ret_expr)
                           : read_member(parser, *ret_expr, ret_expr);
        } else {
            break;
        }
    }
    return good;
}

/* ---- operators between operands ------------------------------------------------------------ */

static bool read_unary(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    if (kql_take_symbol(parser, "+"))
        return kql_read_primary(parser, ret_expr);
    if (!kql_at_symbol(parser, "-"))
        return kql_read_primary(parser, ret_expr);
    struct kql_expr *expr = expr_here(parser, KQL_NEGATE);
    if (!expr || !kql_enter(parser))
        return false;
    uint32_t outer = kql_open(parser);
    parser->at++;
    bool good = read_unary(parser, &expr->operand) && kql_close(parser, expr, outer);
    kql_leave(parser);
    *ret_expr = expr;
    return good;
}

static bool read_strength(struct kql_parser *parser, enum kql_strength least,
                          struct kql_expr **ret_expr);

static bool read_items(struct kql_parser *parser, struct kql_expr_list *list)
{
    if (!kql_read_symbol(parser, "("))
        return false;
    while (!kql_at_symbol(parser, ")")) {
        struct kql_expr *item;
        if (!kql_read_pipe(parser, &item) || !kql_push(parser, list, item))
            return false;
        if (!kql_take_symbol(parser, ","))
            break;
    }
    return kql_take_symbol(parser, ")") || kql_expected(parser, "',' or ')'");
}

static bool read_bounds(struct kql_parser *parser, struct kql_expr *expr)
{
    return kql_read_symbol(parser, "(") && kql_read_expr(parser, &expr->range.low) &&
           kql_read_symbol(parser, "..") && kql_read_expr(parser, &expr->range.high) &&
           kql_read_symbol(parser, ")");
}

/* Behind the operator: the right operand, or what else it wants. */
static bool read_right(struct kql_parser *parser, const struct kql_infix *row,
                       struct kql_expr *left, struct kql_expr *expr)
{
    switch (row->test.op) {
    case KQL_IN:
    case KQL_HAS_ANY:
    case KQL_HAS_ALL:
        expr->kind = KQL_MEMBERSHIP;
        expr->membership.test = row->test;
        expr->membership.left = left;
        return read_items(parser, &expr->membership.items);
    case KQL_BETWEEN:
        expr->kind = KQL_RANGE;
        expr->range.test = row->test;
        expr->range.left = left;
        return read_bounds(parser, expr);
    default:
        expr->binary.test = row->test;
        expr->binary.left = left;
        return read_strength(parser, row->strength + 1, &expr->binary.right);
    }
}

static const struct kql_infix *infix_here(const struct kql_parser *parser)
{
    const struct kql_token *token = kql_peek(parser, 0);
    if (token->kind != KQL_TOKEN_NAME && token->kind != KQL_TOKEN_SYMBOL)
        return NULL;
    /* make-series: .. on Time in range(from, to, step) */
    if (kql_at_word(parser, "in") && kql_ahead_word(parser, 1, "range"))
        return NULL;
    return kql_infix_find(kql_token_text(parser, token));
}

static bool read_infix(struct kql_parser *parser, const struct kql_infix *row,
                       struct kql_expr **left)
{
    struct kql_expr *expr = expr_here(parser, KQL_BINARY);
    if (!expr)
        return false;
    uint32_t outer = kql_open(parser);
    parser->at++;
    if (row->test.op == KQL_MATCHES_REGEX && !kql_read_word(parser, "regex"))
        return false;
    if (!read_right(parser, row, *left, expr))
        return false;
    if (parser->height < (*left)->height)
        parser->height = (*left)->height;
    *left = expr;
    return kql_close(parser, expr, outer);
}

/* Operands joined by operators of at least this strength, from left to right. */
static bool read_strength(struct kql_parser *parser, enum kql_strength least,
                          struct kql_expr **ret_expr)
{
    if (!read_unary(parser, ret_expr))
        return false;
    for (;;) {
        const struct kql_infix *row = infix_here(parser);
        if (!row || row->strength < least)
            return true;
        if (!read_infix(parser, row, ret_expr))
            return false;
    }
}

static bool read_equality(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    return read_strength(parser, KQL_STRENGTH_EQUALITY, ret_expr);
}

/* a and b and c is one node of three, so that long chains stay flat. */
static bool read_chain(struct kql_parser *parser, enum kql_expr_kind kind, const char *word,
                       bool (*read)(struct kql_parser *parser, struct kql_expr **ret_expr),
                       struct kql_expr **ret_expr)
{
    uint32_t outer = kql_open(parser);
    struct kql_expr *operand;
    if (!read(parser, &operand))
        return false;
    if (!kql_at_word(parser, word)) {
        parser->height = operand->height > outer ? operand->height : outer;
        *ret_expr = operand;
        return true;
    }
    struct kql_expr *expr = expr_here(parser, kind);
    if (!expr || !kql_push(parser, &expr->exprs, operand))
        return false;
    while (kql_take_word(parser, word))
        if (!read(parser, &operand) || !kql_push(parser, &expr->exprs, operand))
            return false;
    *ret_expr = expr;
    return kql_close(parser, expr, outer);
}

static bool read_and(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    return read_chain(parser, KQL_AND, "and", read_equality, ret_expr);
}

bool kql_read_expr(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    bool good = kql_enter(parser) && read_chain(parser, KQL_OR, "or", read_and, ret_expr);
    kql_leave(parser);
    return good;
}

/* ---- lists --------------------------------------------------------------------------------- */

/* (name, name) = at the front? */
static bool names_several(const struct kql_parser *parser)
{
    uint32_t ahead = 1, tokens;
    if (!kql_at_symbol(parser, "("))
        return false;
    while (kql_ahead_name(parser, ahead, &tokens)) {
        ahead += tokens;
        if (kql_ahead_symbol(parser, ahead, ")"))
            return kql_ahead_symbol(parser, ahead + 1, "=");
        if (!kql_ahead_symbol(parser, ahead, ","))
            return false;
        ahead++;
    }
    return false;
}

static bool read_names(struct kql_parser *parser, struct kql_name_list *list)
{
    do {
        struct kql_name name;
        if (!kql_read_name(parser, "a name", &name) || !kql_push(parser, list, name))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

bool kql_read_named(struct kql_parser *parser, struct kql_named *ret_named)
{
    struct kql_named named = {.place = kql_peek(parser, 0)->place};
    if (names_several(parser)) {
        if (!kql_read_symbol(parser, "(") || !read_names(parser, &named.names) ||
            !kql_read_symbol(parser, ")") || !kql_read_symbol(parser, "="))
            return false;
    } else if (kql_ahead_naming(parser, 0)) {
        if (!read_names(parser, &named.names) || !kql_read_symbol(parser, "="))
            return false;
    }
    *ret_named = named;
    return kql_read_expr(parser, &ret_named->expr);
}

bool kql_read_exprs(struct kql_parser *parser, struct kql_expr_list *list)
{
    do {
        struct kql_expr *expr;
        if (!kql_read_expr(parser, &expr) || !kql_push(parser, list, expr))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}

bool kql_read_named_list(struct kql_parser *parser, struct kql_named_list *list)
{
    do {
        struct kql_named named;
        if (!kql_read_named(parser, &named) || !kql_push(parser, list, named))
            return false;
    } while (kql_take_symbol(parser, ","));
    return true;
}
