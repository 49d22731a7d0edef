/* Queries and their statements: let, set, declare query_parameters, expressions. */
#include "base/utf8.h"
#include "hunt/kql.h"
#include "hunt/kql_parser.h"

/* ---- functions ----------------------------------------------------------------------------- */

static bool read_parameter(struct kql_parser *parser, struct kql_parameter *parameter)
{
    if (!kql_read_name(parser, "a parameter", &parameter->name) || !kql_read_symbol(parser, ":"))
        return false;
    parameter->tabular = kql_at_symbol(parser, "(");
    if (parameter->tabular)
        return kql_read_schema(parser, &parameter->columns, &parameter->open);
    if (!kql_read_type(parser, &parameter->type))
        return false;
    return !kql_take_symbol(parser, "=") || kql_read_constant(parser, &parameter->value);
}

static bool read_parameters(struct kql_parser *parser, struct kql_parameter_list *list)
{
    if (!kql_read_symbol(parser, "("))
        return false;
    if (kql_take_symbol(parser, ")"))
        return true;
    do {
        struct kql_parameter parameter = {0};
        if (!read_parameter(parser, &parameter) || !kql_push(parser, list, parameter))
            return false;
    } while (kql_take_symbol(parser, ","));
    return kql_take_symbol(parser, ")") || kql_expected(parser, "',' or ')'");
}

static bool read_statements(struct kql_parser *parser, bool body, struct kql_statement_list *list);

/* () { or (name: — no expression in brackets has such a beginning. */
static bool at_function(const struct kql_parser *parser)
{
    uint32_t at = kql_at_word(parser, "view"), tokens;
    if (!kql_ahead_symbol(parser, at, "("))
        return false;
    if (kql_ahead_symbol(parser, at + 1, ")"))
        return kql_ahead_symbol(parser, at + 2, "{");
    return kql_ahead_name(parser, at + 1, &tokens) &&
           kql_ahead_symbol(parser, at + 1 + tokens, ":");
}

static bool read_function(struct kql_parser *parser, struct kql_statement *statement)
{
    statement->kind = KQL_FUNCTION;
    statement->view = kql_take_word(parser, "view");
    if (!read_parameters(parser, &statement->parameters))
        return false;
    struct kql_place open = kql_peek(parser, 0)->place;
    bool good = kql_read_symbol(parser, "{") && kql_enter(parser) &&
                read_statements(parser, true, &statement->body);
    kql_leave(parser);
    if (good && kql_peek(parser, 0)->kind == KQL_TOKEN_END)
        return kql_error(parser, open, "this bracket is never closed");
    return good && kql_read_symbol(parser, "}");
}

/* ---- statements ---------------------------------------------------------------------------- */

static bool read_let(struct kql_parser *parser, struct kql_statement *statement)
{
    if (!kql_read_name(parser, "a name", &statement->name) || !kql_read_symbol(parser, "="))
        return false;
    if (at_function(parser))
        return read_function(parser, statement);
    statement->kind = KQL_LET;
    return kql_read_pipe(parser, &statement->expr);
}

static bool read_set(struct kql_parser *parser, struct kql_statement *statement)
{
    statement->kind = KQL_SET;
    return kql_read_name(parser, "an option", &statement->name) &&
           (!kql_take_symbol(parser, "=") || kql_read_value(parser, &statement->expr));
}

static bool read_declare(struct kql_parser *parser, struct kql_statement *statement)
{
    statement->kind = KQL_PARAMETERS;
    return kql_read_word(parser, "query_parameters") &&
           read_parameters(parser, &statement->parameters);
}

/* Statements by their first word; what no row takes is an expression. */
static const struct {
    const char *word;
    bool (*read)(struct kql_parser *parser, struct kql_statement *statement);
} words[] = {
    {"let", read_let},
    {"set", read_set},
    {"declare", read_declare},
};

static bool read_statement(struct kql_parser *parser, struct kql_statement *statement)
{
    statement->place = kql_peek(parser, 0)->place;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        uint32_t tokens;
        if (kql_at_word(parser, words[i].word) && kql_ahead_name(parser, 1, &tokens)) {
            parser->at++;
            return words[i].read(parser, statement);
        }
    }
    if (kql_at_symbol(parser, "."))
        return kql_error(parser, statement->place,
                         "commands that begin with a dot are no queries; a query only reads");
    statement->kind = KQL_EXPRESSION;
    return kql_read_pipe(parser, &statement->expr);
}

/* Is there an empty line before the token to be read? */
static bool behind_empty_line(const struct kql_parser *parser)
{
    const struct kql_token *token = kql_peek(parser, 0), *before = token - 1;
    uint32_t from = before->place.offset + before->len;
    struct str line, rest = str_of(parser->text.ptr + from, token->place.offset - from);
    if (!str_cut_line(&rest, &line)) /* the rest of the last token's own line */
        return false;
    while (str_index(rest, '\n') < rest.len && str_cut_line(&rest, &line))
        if (str_trim(line).len == 0)
            return true;
    return false;
}

/* Behind a statement that is whole: does another follow? */
static bool read_separator(struct kql_parser *parser, bool body, bool *ret_more)
{
    const struct kql_token *token = kql_peek(parser, 0);
    *ret_more = kql_take_symbol(parser, ";");
    if (*ret_more || token->kind == KQL_TOKEN_END || (body && kql_at_symbol(parser, "}")) ||
        (parser->several && !body && behind_empty_line(parser)))
        return true;
    if (kql_at_symbol(parser, "="))
        return kql_error(parser, token->place, "'=' gives a name; equality is written '=='");
    return kql_expected(parser, "an operator, '|' or ';'");
}

/*
 * statement; statement; .. up to the end of the text, or to where the next query begins; the body of a
 * function up to its '}'.
 */
static bool read_statements(struct kql_parser *parser, bool body, struct kql_statement_list *list)
{
    bool result = false, more = true;
    while (more && kql_peek(parser, 0)->kind != KQL_TOKEN_END &&
           !(body && kql_at_symbol(parser, "}"))) {
        if (kql_take_symbol(parser, ";"))
            continue;
        if (body && result)
            return kql_expected(parser, "'}' behind the result of the function");
        struct kql_statement *statement = arena_zero(parser->arena, 1, sizeof(*statement));
        if (!statement)
            return kql_spent(parser);
        uint32_t outer = kql_open(parser);
        if (!read_statement(parser, statement) || !kql_push(parser, list, statement) ||
            !read_separator(parser, body, &more))
            return false;
        parser->height = outer;
        result |= statement->kind == KQL_EXPRESSION;
    }
    return result || kql_expected(parser, body ? "the result of the function" : "an expression");
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* All tokens but comments, into the arena. */
static bool read_tokens(struct kql_parser *parser)
{
    struct kql_lexer lexer;
    uint32_t len = 0, cap = 0;
    kql_lexer_init(&lexer, parser->text);
    for (;;) {
        struct kql_token token = kql_lexer_next(&lexer);
        if (token.kind == KQL_TOKEN_COMMENT)
            continue;
        if (token.kind == KQL_TOKEN_BAD)
            return kql_error(parser, token.place, "%s", lexer.problem);
        struct kql_token *tokens =
            kql_list_grow(parser, parser->tokens, len, &cap, sizeof(*tokens));
        if (!tokens)
            return false;
        parser->tokens = tokens;
        tokens[len++] = token;
        if (token.kind == KQL_TOKEN_END)
            return true;
    }
}

static bool read_query(struct kql_parser *parser, struct kql_query_list *list)
{
    struct kql_query *query = arena_zero(parser->arena, 1, sizeof(*query));
    if (!query)
        return kql_spent(parser);
    query->place = kql_peek(parser, 0)->place;
    if (!read_statements(parser, false, &query->statements))
        return false;
    const struct kql_token *last = kql_peek(parser, 0) - 1;
    query->len = last->place.offset + last->len - query->place.offset;
    return kql_push(parser, list, query);
}

/* At least one: a text without any is told what it lacks. */
static bool read_queries(struct kql_parser *parser, struct kql_query_list *list)
{
    if (!read_tokens(parser))
        return false;
    do {
        if (!read_query(parser, list))
            return false;
    } while (kql_peek(parser, 0)->kind != KQL_TOKEN_END);
    return true;
}

/* The line and column of a byte. */
static void place_error(struct err *err, struct str text, size_t offset, const char *message)
{
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        column++;
        if (text.ptr[i] == '\n') {
            line++;
            column = 1;
        }
    }
    err_at(err, -EINVAL, line, column, "%s", message);
}

static int parse(struct arena *arena, struct str text, bool several,
                 struct kql_query_list *ret_queries, struct err *err)
{
    if (text.len > KQL_TEXT_MAX)
        return err_set(err, -E2BIG, "the query is longer than %u bytes", KQL_TEXT_MAX);
    if (utf8_valid(text) < text.len) {
        place_error(err, text, utf8_valid(text), "the query is not UTF-8 from here on");
        return -EINVAL;
    }
    /* END stands in for whatever is asked for before there are tokens. */
    struct kql_token end = {.kind = KQL_TOKEN_END, .place = {.line = 1, .column = 1}};
    struct kql_parser parser = {.arena = arena, .err = err, .tokens = &end, .several = several};
    struct kql_query_list queries = {0};
    parser.text = arena_copy(arena, text);
    if (!parser.text.ptr) {
        kql_spent(&parser);
        return err->code;
    }
    if (!read_queries(&parser, &queries))
        return err->code;
    *ret_queries = queries;
    return 0;
}

int kql_parse_all(struct arena *arena, struct str text, struct kql_query_list *ret_queries,
                  struct err *err)
{
    return parse(arena, text, true, ret_queries, err);
}

int kql_parse(struct arena *arena, struct str text, struct kql_query **ret_query, struct err *err)
{
    struct kql_query_list queries;
    int status = parse(arena, text, false, &queries, err);
    if (status == 0)
        *ret_query = queries.items[0];
    return status;
}
