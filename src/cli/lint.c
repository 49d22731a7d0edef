#include "cli/lint.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 512
#define FIELDS_SEEN_MAX 256 /* distinct fields of one rule that are looked at */
#define PROVIDERS_MAX 64    /* datasets that provide one logsource */
#define SHORT_TEXT 3        /* bytes: what so short a text is contained in is nearly everything */

/* What a condition comes to, whatever the event. */
enum verdict { MAYBE, NEVER, ALWAYS };

/*
 * How selective the cheapest necessary test of a condition is: the engine looks rules up by it.
 * An event without it costs nothing.
 */
enum cost { COST_LOOKED_UP, COST_SHORT_TEXT, COST_EVERY_EVENT };

__attribute__((format(printf, 4, 5))) static void say(const struct lint *lint,
                                                      const struct sigma_rule *rule, uint32_t line,
                                                      const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    lint->complain(lint->context, rule, line, text);
}

/* ---- always, never ---- */

/* Two tests of one field that no single value passes. */
static bool contradict(const struct sigma_node *a, const struct sigma_node *b)
{
    if (a->kind == SIGMA_REF)
        a = a->selection->node;
    if (b->kind == SIGMA_REF)
        b = b->selection->node;
    if (a->kind != SIGMA_PREDICATE || b->kind != SIGMA_PREDICATE)
        return false;
    const struct sigma_predicate *p = a->predicate, *q = b->predicate;
    return p->field.len && str_eq(p->field, q->field) && p->op == SIGMA_EXACT &&
           q->op == SIGMA_EXACT && p->cased == q->cased && !str_eq(p->text, q->text);
}

static bool has_contradiction(const struct sigma_node *node)
{
    /* Long lists are values, not conditions: their pairs are not worth the time. */
    for (uint32_t i = 0; node->count <= 64 && i < node->count; i++)
        for (uint32_t j = i + 1; j < node->count; j++)
            if (contradict(node->children[i], node->children[j]))
                return true;
    return false;
}

/* Depth is bounded by SIGMA_TREE_DEPTH_MAX. */
static enum verdict verdict_of(const struct sigma_node *node)
{
    switch (node->kind) {
    case SIGMA_TRUE:
        return ALWAYS;
    case SIGMA_FALSE:
        return NEVER;
    case SIGMA_REF:
        return verdict_of(node->selection->node);
    case SIGMA_PREDICATE:
        return MAYBE;
    case SIGMA_NOT: {
        enum verdict inner = verdict_of(node->children[0]);
        return inner == MAYBE ? MAYBE : inner == NEVER ? ALWAYS : NEVER;
    }
    case SIGMA_AND:
    case SIGMA_OR:
        break;
    }
    enum verdict decisive = node->kind == SIGMA_AND ? NEVER : ALWAYS;
    bool all_other = true;
    for (uint32_t i = 0; i < node->count; i++) {
        enum verdict child = verdict_of(node->children[i]);
        if (child == decisive)
            return decisive;
        all_other = all_other && child != MAYBE;
    }
    if (all_other)
        return decisive == NEVER ? ALWAYS : NEVER;
    return node->kind == SIGMA_AND && has_contradiction(node) ? NEVER : MAYBE;
}

/* ---- cost ---- */

static enum cost cost_of_predicate(const struct sigma_predicate *predicate)
{
    switch (predicate->op) {
    case SIGMA_CONTAINS:
    case SIGMA_PREFIX:
    case SIGMA_SUFFIX:
        return predicate->text.len < SHORT_TEXT ? COST_SHORT_TEXT : COST_LOOKED_UP;
    case SIGMA_WILDCARD:
        for (uint32_t i = 0; i < predicate->n_parts; i++)
            if (predicate->parts[i].kind == SIGMA_LITERAL &&
                predicate->parts[i].text.len >= SHORT_TEXT)
                return COST_LOOKED_UP;
        return COST_EVERY_EVENT;
    case SIGMA_EXACT:
    case SIGMA_NUMBER:
    case SIGMA_BOOL:
    case SIGMA_EMPTY:
    case SIGMA_CIDR:
    case SIGMA_REGEX:
        return COST_LOOKED_UP;
    default:
        return COST_EVERY_EVENT;
    }
}

static enum cost cost_of(const struct sigma_node *node)
{
    enum cost cost;
    switch (node->kind) {
    case SIGMA_PREDICATE:
        return cost_of_predicate(node->predicate);
    case SIGMA_REF:
        return cost_of(node->selection->node);
    case SIGMA_AND:
        cost = COST_EVERY_EVENT;
        for (uint32_t i = 0; i < node->count; i++) {
            enum cost child = cost_of(node->children[i]);
            cost = child < cost ? child : cost;
        }
        return cost;
    case SIGMA_OR:
        cost = COST_LOOKED_UP;
        for (uint32_t i = 0; i < node->count; i++) {
            enum cost child = cost_of(node->children[i]);
            cost = child > cost ? child : cost;
        }
        return cost;
    default:
        return COST_EVERY_EVENT;
    }
}

/* ---- fields ---- */

struct field_check {
    const struct lint *lint;
    const struct sigma_rule *rule;
    uint32_t providers[PROVIDERS_MAX];
    uint32_t n_providers;
    struct str seen[FIELDS_SEEN_MAX];
    uint32_t n_seen;
};

static bool dataset_knows(const struct lint *lint, const struct dataset *dataset, uint32_t index,
                          uint32_t field)
{
    if (datasets_field(lint->datasets, index, field))
        return true;
    for (uint32_t i = 0; i < dataset->n_aliases; i++)
        if (dataset->aliases[i].sigma == field || dataset->aliases[i].native == field)
            return true;
    return field == dataset->event_id_field;
}

static void check_field(struct field_check *check, struct str name, uint32_t line)
{
    if (name.len == 0 || check->n_seen == FIELDS_SEEN_MAX)
        return;
    for (uint32_t i = 0; i < check->n_seen; i++)
        if (str_eq(check->seen[i], name))
            return;
    check->seen[check->n_seen++] = name;
    uint32_t field = fields_find(check->lint->fields, name);
    for (uint32_t i = 0; field != FIELD_NONE && i < check->n_providers; i++) {
        uint32_t index = check->providers[i];
        if (dataset_knows(check->lint, datasets_get(check->lint->datasets, index), index, field))
            return;
    }
    say(check->lint, check->rule, line, "field '%.*s' is none that its events are known to have",
        STR_ARG(name));
}

static void check_fields(struct field_check *check, const struct sigma_node *node)
{
    if (node->kind == SIGMA_PREDICATE)
        check_field(check, node->predicate->field, node->line);
    for (uint32_t i = 0;
         (node->kind == SIGMA_AND || node->kind == SIGMA_OR || node->kind == SIGMA_NOT) &&
         i < (node->kind == SIGMA_NOT ? 1 : node->count);
         i++)
        check_fields(check, node->children[i]);
}

static void check_rule_fields(const struct lint *lint, const struct sigma_rule *rule)
{
    struct field_check check = {.lint = lint, .rule = rule};
    for (uint32_t i = 0; i < datasets_count(lint->datasets); i++)
        if (check.n_providers < PROVIDERS_MAX &&
            datasets_provided_by(lint->datasets, i, &rule->logsource))
            check.providers[check.n_providers++] = i;
    for (uint32_t i = 0; i < rule->n_selections; i++)
        check_fields(&check, rule->selections[i].node);
}

/* ---- the rule ---- */

static void check_routing(const struct lint *lint, const struct sigma_rule *rule)
{
    const struct logsource *source = &rule->logsource;
    say(lint, rule, rule->meta.line,
        "no dataset provides its logsource (product '%.*s', category '%.*s', service '%.*s'): it "
        "is matched only by events that carry such tags",
        STR_ARG(source->product), STR_ARG(source->category), STR_ARG(source->service));
}

static void check_meta(const struct lint *lint, const struct sigma_rule *rule)
{
    const struct sigma_meta *meta = &rule->meta;
    if (meta->title.len == 0)
        say(lint, rule, meta->line, "has no title");
    if (meta->id.len == 0)
        say(lint, rule, meta->line, "has no id");
    if (meta->level == SIGMA_LEVEL_NONE && rule->generate)
        say(lint, rule, meta->line, "has no level");
}

void lint_rule(const struct lint *lint, const struct sigma_rule *rule)
{
    check_meta(lint, rule);
    if (datasets_provide(lint->datasets, &rule->logsource))
        check_rule_fields(lint, rule);
    else
        check_routing(lint, rule);
    switch (verdict_of(rule->condition)) {
    case NEVER:
        say(lint, rule, rule->condition->line, "its condition can never be true");
        return;
    case ALWAYS:
        say(lint, rule, rule->condition->line, "its condition is always true");
        return;
    case MAYBE:
        break;
    }
    enum cost cost = cost_of(rule->condition);
    if (rule->keywords)
        say(lint, rule, rule->condition->line, "keywords look at every value of every event");
    else if (cost == COST_EVERY_EVENT)
        say(lint, rule, rule->condition->line,
            "costs time with every event of its logsource: nothing in it has to be equal to, or to "
            "contain, a text");
    else if (cost == COST_SHORT_TEXT)
        say(lint, rule, rule->condition->line,
            "costs time with most events: it hangs on texts shorter than %d characters",
            SHORT_TEXT);
}
