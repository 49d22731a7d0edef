#include "sigma/condition.h"

enum token_kind { TOKEN_NAME, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_PIPE, TOKEN_END };

struct parser {
    struct document *doc;
    const struct yaml_node *at;
    const struct condition_scope *scope;
    struct str rest; /* behind the token */
    struct str token;
    enum token_kind kind;
    uint32_t depth;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool condition_word(struct str *rest, struct str *ret_word)
{
    while (rest->len && is_space(rest->ptr[0]))
        *rest = str_skip(*rest, 1);
    if (rest->len == 0)
        return false;
    size_t len = 0;
    while (len < rest->len && !is_space(rest->ptr[len]) && !memchr("()|", rest->ptr[len], 3))
        len++;
    len += len == 0;
    *ret_word = str_first(*rest, len);
    *rest = str_skip(*rest, len);
    return true;
}

static void advance(struct parser *p)
{
    if (!condition_word(&p->rest, &p->token)) {
        p->token = p->rest;
        p->kind = TOKEN_END;
        return;
    }
    char c = p->token.ptr[0];
    p->kind = c == '(' ? TOKEN_OPEN : c == ')' ? TOKEN_CLOSE : c == '|' ? TOKEN_PIPE : TOKEN_NAME;
}

/* The column of the token, as far as it is known: exact where the scalar is on one line. */
static uint32_t column(const struct parser *p)
{
    size_t offset = (size_t)(p->token.ptr - p->at->text.ptr);
    return p->at->column + (p->at->plain ? 0 : 1) + (uint32_t)offset;
}

#define condition_error(p, ...)                                                                    \
    err_at((p)->doc->err, -EINVAL, (p)->at->line, column(p), __VA_ARGS__)

static bool is_word(const struct parser *p, const char *word)
{
    struct str expected = str_from_c(word);
    return p->kind == TOKEN_NAME && (p->scope->sources ? str_eq_ascii_nocase(p->token, expected)
                                                       : str_eq(p->token, expected));
}

/* "(end)" or the token in quotes, for messages. */
#define TOKEN_ARGS(p)                                                                              \
    (p)->kind == TOKEN_END ? "its end" : "'", STR_ARG(str_first((p)->token, 60)),                  \
        (p)->kind == TOKEN_END ? "" : "'"

static int reference(struct parser *p, uint32_t index, struct sigma_node **ret_node)
{
    int status = sigma_node_new(p->doc, SIGMA_REF, p->at->line, ret_node);
    if (status < 0)
        return status;
    p->scope->selections[index].used = true;
    (*ret_node)->index = index;
    (*ret_node)->selection = p->scope->sources ? NULL : &p->scope->selections[index];
    return 0;
}

static int parse_name(struct parser *p, struct sigma_node **ret_node)
{
    for (uint32_t i = 0; i < p->scope->count; i++) {
        if (!str_eq(p->scope->selections[i].name, p->token))
            continue;
        advance(p);
        return reference(p, i, ret_node);
    }
    return condition_error(p, "there is no %s '%.*s'", p->scope->sources ? "rule" : "selection",
                           STR_ARG(str_first(p->token, 60)));
}

bool condition_pattern_matches(struct str pattern, struct str name)
{
    struct str retry_pattern = {0}, retry_name = {0};
    for (;;) {
        if (pattern.len && pattern.ptr[0] == '*') {
            pattern = str_skip(pattern, 1);
            retry_pattern = pattern;
            retry_name = name;
            if (pattern.len == 0)
                return true;
        } else if (pattern.len && name.len && pattern.ptr[0] == name.ptr[0]) {
            pattern = str_skip(pattern, 1);
            name = str_skip(name, 1);
        } else if (pattern.len == 0 && name.len == 0) {
            return true;
        } else if (retry_name.len) {
            retry_name = str_skip(retry_name, 1);
            pattern = retry_pattern;
            name = retry_name;
        } else {
            return false;
        }
    }
}

/*
 * "1 of", "any of", "all of" have been seen. Names that begin with an underscore are out of reach
 * of "them" and of patterns.
 */
static int parse_selector(struct parser *p, enum sigma_node_kind kind, struct sigma_node **ret_node)
{
    if (p->kind != TOKEN_NAME)
        return condition_error(p, "expected 'them' or a pattern of names, not %s%.*s%s",
                               TOKEN_ARGS(p));
    struct str pattern = is_word(p, "them") ? STR("*") : p->token;
    size_t base = p->doc->reader->stack.len;
    for (uint32_t i = 0; i < p->scope->count; i++) {
        struct str name = p->scope->selections[i].name;
        if (str_starts(name, STR("_")) || !condition_pattern_matches(pattern, name))
            continue;
        struct sigma_node *node;
        int status = reference(p, i, &node);
        if (status == 0)
            status = node_push(p->doc, node);
        if (status < 0)
            return status;
    }
    if (p->doc->reader->stack.len == base)
        return condition_error(p, "'%.*s' matches no selection", STR_ARG(str_first(p->token, 60)));
    advance(p);
    return node_close(p->doc, kind, base, p->at->line, ret_node);
}

static int parse_or(struct parser *p, struct sigma_node **ret_node);

static int parse_brackets(struct parser *p, struct sigma_node **ret_node)
{
    struct parser open = *p;
    advance(p);
    int status = parse_or(p, ret_node);
    if (status < 0)
        return status;
    if (p->kind != TOKEN_CLOSE)
        return p->kind == TOKEN_END || p->kind == TOKEN_PIPE
                   ? condition_error(&open, "this bracket is never closed")
                   : condition_error(p, "expected 'and', 'or' or ')', not %s%.*s%s", TOKEN_ARGS(p));
    advance(p);
    return 0;
}

static int parse_operand(struct parser *p, struct sigma_node **ret_node)
{
    if (p->kind == TOKEN_OPEN)
        return parse_brackets(p, ret_node);
    if (p->kind != TOKEN_NAME || is_word(p, "and") || is_word(p, "or"))
        return condition_error(p, "expected a name, 'not' or '(', not %s%.*s%s", TOKEN_ARGS(p));
    bool any = is_word(p, "1") || is_word(p, "any"), all = is_word(p, "all");
    if ((any || all) && !p->scope->sources) {
        struct parser ahead = *p;
        advance(&ahead);
        if (is_word(&ahead, "of")) {
            advance(&ahead);
            *p = ahead;
            return parse_selector(p, any ? SIGMA_OR : SIGMA_AND, ret_node);
        }
    }
    return parse_name(p, ret_node);
}

static int parse_not(struct parser *p, struct sigma_node **ret_node)
{
    if (++p->depth > SIGMA_DEPTH_MAX)
        return condition_error(p, "brackets and nots are nested deeper than %d", SIGMA_DEPTH_MAX);
    int status;
    if (is_word(p, "not")) {
        struct sigma_node *child;
        advance(p);
        status = parse_not(p, &child);
        if (status == 0)
            status = node_not(p->doc, child, p->at->line, ret_node);
    } else {
        status = parse_operand(p, ret_node);
    }
    p->depth--;
    return status;
}

/* One level of the precedence: operands of the level below, joined by its word. */
static int parse_chain(struct parser *p, const char *word, enum sigma_node_kind kind,
                       int (*parse)(struct parser *p, struct sigma_node **ret_node),
                       struct sigma_node **ret_node)
{
    size_t base = p->doc->reader->stack.len;
    for (bool more = true; more;) {
        struct sigma_node *node;
        int status = parse(p, &node);
        if (status == 0)
            status = node_push(p->doc, node);
        if (status < 0)
            return status;
        more = is_word(p, word);
        if (more)
            advance(p);
    }
    return node_close(p->doc, kind, base, p->at->line, ret_node);
}

static int parse_and(struct parser *p, struct sigma_node **ret_node)
{
    return parse_chain(p, "and", SIGMA_AND, parse_not, ret_node);
}

static int parse_or(struct parser *p, struct sigma_node **ret_node)
{
    return parse_chain(p, "or", SIGMA_OR, parse_and, ret_node);
}

int condition_read(struct document *doc, const struct yaml_node *node,
                   const struct condition_scope *scope, struct sigma_node **ret_node,
                   struct str *ret_aggregation)
{
    if (node->kind != YAML_SCALAR || yaml_is_null(node))
        return document_error(doc, node, "a condition is text");
    struct parser p = {.doc = doc, .at = node, .scope = scope, .rest = node->text};
    advance(&p);
    if (p.kind == TOKEN_END)
        return document_error(doc, node, "the condition is empty");
    struct sigma_node *tree;
    int status = parse_or(&p, &tree);
    if (status < 0)
        return status;
    if (p.kind == TOKEN_PIPE && ret_aggregation)
        *ret_aggregation = p.rest;
    else if (p.kind != TOKEN_END)
        return condition_error(
            &p, "expected 'and', 'or' or the end, not '%.*s'%s", STR_ARG(str_first(p.token, 60)),
            str_eq_ascii_nocase(p.token, STR("and")) || str_eq_ascii_nocase(p.token, STR("or"))
                ? " (operators are lower case)"
                : "");
    *ret_node = tree;
    return 0;
}
