/* What has a value without any row: literals, dynamic(), datatable, externaldata. */
#include "hunt/kql_literal.h"
#include "hunt/kql_parser.h"

static struct kql_expr *expr_here(struct kql_parser *parser, enum kql_expr_kind kind)
{
    return kql_expr_new(parser, kind, kql_peek(parser, 0)->place);
}

static bool close_leaf(struct kql_parser *parser, struct kql_expr *expr)
{
    return kql_close(parser, expr, kql_open(parser));
}

/* ---- strings ------------------------------------------------------------------------------- */

/* One STRING token, unescaped. */
static bool read_string_token(struct kql_parser *parser, struct str *ret_text, bool *hidden)
{
    const struct kql_token *token = kql_peek(parser, 0);
    struct kql_place place = token->place;
    bool token_hidden;
    size_t at = 0;
    int status =
        kql_string_read(parser->arena, kql_token_text(parser, token), ret_text, &token_hidden, &at);
    if (status == -ENOMEM)
        return kql_spent(parser);
    if (status < 0) {
        place.offset += (uint32_t)at;
        place.column += (uint32_t)at;
        return kql_error(parser, place,
                         "this escape means nothing; a backslash is written \\\\, or the string "
                         "@\"...\"");
    }
    *hidden |= token_hidden;
    parser->at++;
    return true;
}

bool kql_read_string(struct kql_parser *parser, struct str *ret_text, bool *ret_hidden)
{
    size_t room = 0, len = 0;
    uint32_t count = 0;
    for (; kql_peek(parser, count)->kind == KQL_TOKEN_STRING; count++)
        room += kql_peek(parser, count)->len;
    *ret_hidden = false;
    if (count < 2)
        return count ? read_string_token(parser, ret_text, ret_hidden)
                     : kql_expected(parser, "a string");
    char *joined = arena_bytes(parser->arena, room);
    if (!joined)
        return kql_spent(parser);
    while (count--) {
        struct str part;
        if (!read_string_token(parser, &part, ret_hidden))
            return false;
        memcpy(joined + len, part.ptr, part.len);
        len += part.len;
    }
    *ret_text = str_of(joined, len);
    return true;
}

/* ---- literals ------------------------------------------------------------------------------ */

/* What a token that is no literal of its type lacks. */
static bool literal_error(struct kql_parser *parser, const struct kql_token *token,
                          enum kql_type type, int status)
{
    struct str text = str_first(kql_token_text(parser, token), 60), name = kql_type_name(type);
    if (status == -ENOMEM)
        return kql_spent(parser);
    if (status == -ERANGE)
        return kql_error(parser, token->place, "'%.*s' is more than a %.*s can hold", STR_ARG(text),
                         STR_ARG(name));
    bool typed = token->kind == KQL_TOKEN_TYPED;
    return kql_error(parser, token->place, "'%.*s' is no literal of type %.*s%s%.*s%s",
                     STR_ARG(text), STR_ARG(name), typed ? "; a value is converted by to" : "",
                     typed ? (int)name.len : 0, name.ptr, typed ? "()" : "");
}

bool kql_at_bool(const struct kql_parser *parser)
{
    static const char *const words[] = {"true", "false", "True", "False", "TRUE", "FALSE"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (kql_at_word(parser, words[i]))
            return true;
    return false;
}

static int literal_of(struct kql_parser *parser, const struct kql_token *token,
                      struct kql_literal *literal)
{
    struct str text = kql_token_text(parser, token);
    switch (token->kind) {
    case KQL_TOKEN_LONG:
        literal->type = KQL_LONG;
        return kql_number_read(text, KQL_LONG, literal);
    case KQL_TOKEN_REAL:
        literal->type = KQL_REAL;
        return kql_number_read(text, KQL_REAL, literal);
    case KQL_TOKEN_TIMESPAN:
        literal->type = KQL_TIMESPAN;
        return kql_number_read(text, KQL_TIMESPAN, literal);
    case KQL_TOKEN_TYPED:
        return kql_typed_read(parser->arena, text, literal);
    default:
        literal->type = KQL_BOOL;
        literal->boolean = (text.ptr[0] | 0x20) == 't';
        return 0;
    }
}

bool kql_read_literal(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    const struct kql_token *token = kql_peek(parser, 0);
    struct kql_expr *expr = expr_here(parser, KQL_LITERAL);
    if (!expr)
        return false;
    struct kql_literal *literal = &expr->literal;
    *ret_expr = expr;
    if (token->kind == KQL_TOKEN_STRING) {
        literal->type = KQL_STRING;
        return kql_read_string(parser, &literal->text, &literal->hidden) &&
               close_leaf(parser, expr);
    }
    int status = literal_of(parser, token, literal);
    if (status < 0)
        return literal_error(parser, token, literal->type, status);
    parser->at++;
    return close_leaf(parser, expr);
}

static void negate(struct kql_literal *literal)
{
    if (literal->type == KQL_REAL)
        literal->real = -literal->real;
    else if (literal->type == KQL_TIMESPAN)
        literal->ticks = -literal->ticks;
    else
        literal->integer = -literal->integer;
}

bool kql_read_constant(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    bool minus = kql_take_symbol(parser, "-");
    if (!minus)
        kql_take_symbol(parser, "+");
    enum kql_token_kind kind = kql_peek(parser, 0)->kind;
    bool number = kind == KQL_TOKEN_LONG || kind == KQL_TOKEN_REAL || kind == KQL_TOKEN_TIMESPAN;
    if (kql_at_word(parser, "dynamic") && kql_ahead_symbol(parser, 1, "(") && !minus)
        return kql_read_json(parser, ret_expr);
    if (minus ? !number
              : !number && kind != KQL_TOKEN_STRING && kind != KQL_TOKEN_TYPED &&
                    !kql_at_bool(parser))
        return kql_expected(parser, minus ? "a number" : "a literal");
    if (!kql_read_literal(parser, ret_expr))
        return false;
    if (minus)
        negate(&(*ret_expr)->literal);
    return true;
}

bool kql_read_value(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    struct kql_name name;
    uint32_t tokens;
    if (!kql_ahead_name(parser, 0, &tokens) || kql_at_bool(parser))
        return kql_read_constant(parser, ret_expr);
    struct kql_expr *expr = expr_here(parser, KQL_NAME);
    if (!expr || !kql_read_name(parser, "a value", &name))
        return false;
    expr->name = name.text;
    *ret_expr = expr;
    return close_leaf(parser, expr);
}

/* ---- dynamic(...) -------------------------------------------------------------------------- */

static bool read_json_value(struct kql_parser *parser, struct kql_expr **ret_expr);

/* [value, value]; a comma behind the last is let pass. */
static bool read_array(struct kql_parser *parser, struct kql_expr *expr)
{
    expr->kind = KQL_ARRAY;
    parser->at++;
    while (!kql_at_symbol(parser, "]")) {
        struct kql_expr *value;
        if (!read_json_value(parser, &value) || !kql_push(parser, &expr->exprs, value))
            return false;
        if (!kql_take_symbol(parser, ","))
            break;
    }
    return kql_take_symbol(parser, "]") || kql_expected(parser, "',' or ']'");
}

/* {"key": value, "key": value} */
static bool read_bag(struct kql_parser *parser, struct kql_expr *expr)
{
    expr->kind = KQL_BAG;
    parser->at++;
    while (!kql_at_symbol(parser, "}")) {
        struct kql_bag_entry entry;
        bool hidden;
        if (!kql_read_string(parser, &entry.key, &hidden) || !kql_read_symbol(parser, ":") ||
            !read_json_value(parser, &entry.value) || !kql_push(parser, &expr->bag, entry))
            return false;
        if (!kql_take_symbol(parser, ","))
            break;
    }
    return kql_take_symbol(parser, "}") || kql_expected(parser, "',' or '}'");
}

static bool read_json_value(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    bool array = kql_at_symbol(parser, "["), bag = kql_at_symbol(parser, "{");
    bool null = kql_at_word(parser, "null");
    if (!array && !bag && !null)
        return kql_read_constant(parser, ret_expr);
    struct kql_expr *expr = expr_here(parser, KQL_LITERAL);
    if (!expr || !kql_enter(parser))
        return false;
    uint32_t outer = kql_open(parser);
    bool good = true;
    if (array) {
        good = read_array(parser, expr);
    } else if (bag) {
        good = read_bag(parser, expr);
    } else {
        expr->literal = (struct kql_literal){.type = KQL_DYNAMIC, .null = true};
        parser->at++;
    }
    kql_leave(parser);
    *ret_expr = expr;
    return good && kql_close(parser, expr, outer);
}

bool kql_read_json(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    struct kql_expr *expr = expr_here(parser, KQL_JSON);
    if (!expr || !kql_enter(parser))
        return false;
    uint32_t outer = kql_open(parser);
    parser->at++;
    bool good = kql_read_symbol(parser, "(") && read_json_value(parser, &expr->operand) &&
                kql_read_symbol(parser, ")") && kql_close(parser, expr, outer);
    kql_leave(parser);
    *ret_expr = expr;
    return good;
}

/* ---- tables in the text -------------------------------------------------------------------- */

/* [value, value]; a comma behind the last is let pass, as in Kusto. */
static bool read_cells(struct kql_parser *parser, struct kql_expr_list *list)
{
    if (!kql_read_symbol(parser, "["))
        return false;
    while (!kql_at_symbol(parser, "]")) {
        struct kql_expr *value;
        if (!kql_read_constant(parser, &value) || !kql_push(parser, list, value))
            return false;
        if (!kql_take_symbol(parser, ","))
            break;
    }
    return kql_take_symbol(parser, "]") || kql_expected(parser, "',' or ']'");
}

bool kql_read_datatable(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    struct kql_expr *expr = expr_here(parser, KQL_DATATABLE);
    if (!expr)
        return false;
    uint32_t outer = kql_open(parser);
    parser->at++;
    if (!kql_read_schema(parser, &expr->table.columns, NULL) ||
        !read_cells(parser, &expr->table.values))
        return false;
    uint32_t columns = expr->table.columns.len, values = expr->table.values.len;
    *ret_expr = expr;
    return values % columns ? kql_error(parser, expr->place,
                                        "%u values do not fill rows of %u columns", values, columns)
                            : kql_close(parser, expr, outer);
}

bool kql_read_externaldata(struct kql_parser *parser, struct kql_expr **ret_expr)
{
    struct kql_expr *expr = expr_here(parser, KQL_EXTERNALDATA);
    if (!expr)
        return false;
    uint32_t outer = kql_open(parser);
    parser->at++;
    *ret_expr = expr;
    return kql_read_schema(parser, &expr->table.columns, NULL) &&
           read_cells(parser, &expr->table.values) &&
           (!kql_take_word(parser, "with") ||
            kql_read_properties(parser, &expr->table.properties)) &&
           kql_close(parser, expr, outer);
}
