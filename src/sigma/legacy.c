/*
 * legacy: the aggregations of old rules, "selection | count(field) by group > 5" with `timeframe`
 * (Sigma 1.0, "Aggregation Expression"), as what replaced them: a rule without findings of its
 * own, and a correlation over it.
 *
 *     aggregation = function "(" [ field ] ")" [ "by" field { "," field } ] comparison number
 *                 | "near" [ "not" ] selection { "and" [ "not" ] selection }
 */
#include "sigma/reader.h"

#define LEGACY_GROUPS_MAX 16
#define LEGACY_NEAR_MAX 32

/* min and max have no correlation: a window's extreme is neither a sum nor a percentile of it. */
static const struct function {
    const char *name;
    enum sigma_correlation_type type; /* with a field */
    bool known, needs_field;
} functions[] = {
    {"count", SIGMA_VALUE_COUNT, true, false}, /* without one: SIGMA_EVENT_COUNT */
    {"sum", SIGMA_VALUE_SUM, true, true},      {"avg", SIGMA_VALUE_AVG, true, true},
    {"min", SIGMA_EVENT_COUNT, false, true},   {"max", SIGMA_EVENT_COUNT, false, true},
};

static const struct {
    const char *sign;
    enum sigma_op op;
    bool negated;
} comparisons[] = {
    {">", SIGMA_GREATER, false}, {">=", SIGMA_GREATER_EQUAL, false},
    {"<", SIGMA_LESS, false},    {"<=", SIGMA_LESS_EQUAL, false},
    {"=", SIGMA_NUMBER, false},  {"==", SIGMA_NUMBER, false},
    {"!=", SIGMA_NUMBER, true},
};

/* What stands behind the '|', word by word. */
struct legacy {
    struct document *doc;
    const struct yaml_node *at;
    struct sigma_rule *rule;
    struct str rest, token; /* an empty token: the end */
    struct pending_correlation *pending;
};

#define legacy_error(l, ...) document_error((l)->doc, (l)->at, __VA_ARGS__)

static bool is_sign(char c)
{
    return c == '<' || c == '>' || c == '=' || c == '!';
}

static void advance(struct legacy *l)
{
    struct str s = str_trim(l->rest);
    size_t len = 0;
    if (s.len && memchr("(),|", s.ptr[0], 4))
        len = 1;
    else if (s.len && is_sign(s.ptr[0]))
        while (len < s.len && is_sign(s.ptr[len]))
            len++;
    else
        while (len < s.len && !memchr("(),| \t\r\n", s.ptr[len], 8) && !is_sign(s.ptr[len]))
            len++;
    l->token = str_first(s, len);
    l->rest = str_skip(s, len);
}

/* Takes the token if it is this one, in any case. */
static bool take(struct legacy *l, const char *word)
{
    if (!str_eq_ascii_nocase(l->token, str_from_c(word)))
        return false;
    advance(l);
    return true;
}

static int unexpected(struct legacy *l, const char *expected)
{
    return legacy_error(l, "in the aggregation, expected %s, not '%.*s'", expected,
                        STR_ARG(str_first(l->token, 60)));
}

/* A source of the correlation: a rule that nothing else knows. */
static int add_source(struct legacy *l, struct sigma_rule *rule)
{
    rule->generate = false;
    rule->derived = true;
    l->pending->references[l->pending->n_references++] =
        (struct reference){.text = rule->meta.title, .line = l->at->line, .rule = rule};
    return document_add_rule(l->doc, rule);
}

static int read_field(struct legacy *l, struct str *ret_field)
{
    if (l->token.len == 0 || memchr("(),|<>=!", l->token.ptr[0], 8))
        return unexpected(l, "a field");
    int status = document_field_name(l->doc, l->token, ret_field);
    advance(l);
    return status;
}

static int read_groups(struct legacy *l)
{
    struct pending_correlation *pending = l->pending;
    if (!take(l, "by"))
        return 0;
    pending->group_by =
        arena_zero(&l->doc->set->arena, LEGACY_GROUPS_MAX, sizeof(*pending->group_by));
    if (!pending->group_by)
        return document_no_memory(l->doc);
    int status;
    do {
        if (pending->n_group_by == LEGACY_GROUPS_MAX)
            return legacy_error(l, "more than %d fields to group by", LEGACY_GROUPS_MAX);
        status = read_field(l, &pending->group_by[pending->n_group_by++]);
    } while (status == 0 && take(l, ","));
    return status;
}

static int read_comparison(struct legacy *l)
{
    struct sigma_correlation *correlation = l->pending->correlation;
    size_t i = 0, count = sizeof(comparisons) / sizeof(*comparisons);
    while (i < count && !str_eq(l->token, str_from_c(comparisons[i].sign)))
        i++;
    if (i == count)
        return unexpected(l, "a comparison");
    advance(l);
    struct sigma_bound *bound = arena_zero(&l->doc->set->arena, 1, sizeof(*bound));
    if (!bound)
        return document_no_memory(l->doc);
    bound->op = comparisons[i].op;
    bound->negated = comparisons[i].negated;
    if (str_to_double(l->token, &bound->number) < 0)
        return unexpected(l, "a number");
    advance(l);
    correlation->bounds = bound;
    correlation->n_bounds = 1;
    return 0;
}

static int read_aggregation(struct legacy *l, const struct function *function)
{
    struct sigma_correlation *correlation = l->pending->correlation;
    if (!function->known)
        return legacy_error(l, "the aggregation '%s' has no exact equivalent as a correlation",
                            function->name);
    if (!take(l, "("))
        return unexpected(l, "'('");
    int status = 0;
    correlation->type = SIGMA_EVENT_COUNT;
    if (!take(l, ")")) {
        correlation->type = function->type;
        correlation->fields = arena_zero(&l->doc->set->arena, 1, sizeof(*correlation->fields));
        if (!correlation->fields)
            return document_no_memory(l->doc);
        correlation->n_fields = 1;
        status = read_field(l, correlation->fields);
        if (status == 0 && !take(l, ")"))
            return unexpected(l, "')'");
    } else if (function->needs_field) {
        return legacy_error(l, "the aggregation '%s' needs a field", function->name);
    }
    if (status == 0)
        status = read_groups(l);
    if (status == 0)
        status = read_comparison(l);
    return status < 0 ? status : add_source(l, l->rule);
}

/* A rule of its own for one selection of the document. */
static int selection_rule(struct legacy *l, const struct sigma_selection *selection,
                          struct sigma_rule **ret_rule)
{
    struct arena *arena = &l->doc->set->arena;
    struct sigma_rule *rule = arena_zero(arena, 1, sizeof(*rule));
    struct sigma_selection *own = arena_zero(arena, 1, sizeof(*own));
    if (!rule || !own)
        return document_no_memory(l->doc);
    *rule = *l->rule;
    rule->meta.id = (struct str){0}; /* the first source keeps it: filters may name it */
    rule->meta.name = (struct str){0};
    *own = *selection;
    own->used = true;
    rule->selections = own;
    rule->n_selections = 1;
    rule->condition_text = selection->name;
    *ret_rule = rule;
    int status = sigma_node_new(l->doc, SIGMA_REF, selection->line, &rule->condition);
    if (status == 0)
        rule->condition->selection = own;
    return status;
}

static const struct sigma_selection *find_selection(const struct legacy *l)
{
    for (uint32_t i = 0; i < l->rule->n_selections; i++)
        if (str_eq(l->rule->selections[i].name, l->token))
            return &l->rule->selections[i];
    return NULL;
}

/* One "[not] selection" of near: a further source, and its part of the expression. */
static int read_near_part(struct legacy *l, bool *ret_negated)
{
    *ret_negated = take(l, "not");
    const struct sigma_selection *selection = find_selection(l);
    if (!selection)
        return unexpected(l, "a selection");
    if (l->pending->n_references == LEGACY_NEAR_MAX)
        return legacy_error(l, "more than %d selections near each other", LEGACY_NEAR_MAX);
    advance(l);
    struct sigma_rule *rule = NULL;
    struct sigma_node *node = NULL;
    uint32_t index = l->pending->n_references;
    int status = selection_rule(l, selection, &rule);
    if (status == 0)
        status = add_source(l, rule);
    if (status == 0)
        status = sigma_node_new(l->doc, SIGMA_REF, l->at->line, &node);
    if (status < 0)
        return status;
    node->index = index;
    if (*ret_negated)
        status = node_not(l->doc, node, l->at->line, &node);
    return status < 0 ? status : node_push(l->doc, node);
}

static int read_near(struct legacy *l)
{
    struct sigma_correlation *correlation = l->pending->correlation;
    size_t base = l->doc->reader->stack.len;
    struct sigma_node *first;
    correlation->type = SIGMA_TEMPORAL;
    int status = add_source(l, l->rule);
    if (status == 0)
        status = sigma_node_new(l->doc, SIGMA_REF, l->at->line, &first);
    if (status == 0)
        status = node_push(l->doc, first);
    bool absence = false;
    for (bool more = true; more && status == 0;) {
        bool negated;
        status = read_near_part(l, &negated);
        absence = absence || negated;
        more = take(l, "and");
    }
    if (status < 0)
        return status;
    struct sigma_node *expression;
    status = node_close(l->doc, SIGMA_AND, base, l->at->line, &expression);
    if (absence)
        correlation->expression = expression;
    return status;
}

static int read_function(struct legacy *l)
{
    if (take(l, "near"))
        return read_near(l);
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
        if (take(l, functions[i].name))
            return read_aggregation(l, &functions[i]);
    return unexpected(l, "count, sum, avg or near");
}

int legacy_read(struct document *doc, struct sigma_rule *rule, const struct yaml_node *condition,
                struct str aggregation, const struct yaml_node *timeframe)
{
    struct arena *arena = &doc->set->arena;
    struct pending_correlation *pending = arena_zero(arena, 1, sizeof(*pending));
    struct sigma_correlation *correlation = arena_zero(arena, 1, sizeof(*correlation));
    struct reference *references = arena_zero(arena, LEGACY_NEAR_MAX, sizeof(*references));
    if (!pending || !correlation || !references)
        return document_no_memory(doc);
    if (!timeframe)
        return document_error(doc, condition, "the aggregation has no timeframe");
    pending->correlation = correlation;
    pending->references = references;
    correlation->meta = rule->meta;
    correlation->generate = true;
    struct legacy l = {
        .doc = doc, .at = condition, .rule = rule, .rest = aggregation, .pending = pending};
    int status = timespan_read(doc, timeframe, &correlation->timespan_us);
    if (status < 0)
        return status;
    advance(&l);
    status = read_function(&l);
    if (status == 0 && l.token.len)
        status = unexpected(&l, "its end");
    return status < 0 ? status : document_add_correlation(doc, pending);
}
