#include "sigma/linting.h"

#define FACTS_MAX 256 /* of one condition; more are not looked at */

void lint_unused_selection(struct linting *l)
{
    for (uint32_t i = 0; i < l->rule->n_selections; i++) {
        const struct sigma_selection *selection = &l->rule->selections[i];
        if (!selection->used)
            lint_report(l, selection->line, "the condition does not use '%.*s'",
                        STR_ARG(str_first(selection->name, 80)));
    }
}

/* What has to hold for the whole to hold, as far as it can be told without trying alternatives. */
struct facts {
    const struct sigma_node *positive[FACTS_MAX]; /* predicates */
    const struct sigma_node *negative[FACTS_MAX]; /* predicates that must not hold */
    const struct sigma_node *choices[FACTS_MAX];  /* ORs */
    size_t n_positive, n_negative, n_choices;
};

static void add_fact(const struct sigma_node **facts, size_t *count, const struct sigma_node *node)
{
    if (*count < FACTS_MAX)
        facts[(*count)++] = node;
}

static void gather(struct facts *facts, const struct sigma_node *node, bool negated)
{
    if (node->kind == SIGMA_REF) {
        gather(facts, node->selection->node, negated);
    } else if (node->kind == SIGMA_NOT) {
        gather(facts, node->children[0], !negated);
    } else if (node->kind == SIGMA_PREDICATE && negated) {
        add_fact(facts->negative, &facts->n_negative, node);
    } else if (node->kind == SIGMA_PREDICATE) {
        add_fact(facts->positive, &facts->n_positive, node);
    } else if (node->kind == (negated ? SIGMA_OR : SIGMA_AND)) {
        for (uint32_t i = 0; i < node->count; i++)
            gather(facts, node->children[i], negated);
    } else if (node->kind == SIGMA_OR) {
        add_fact(facts->choices, &facts->n_choices, node);
    }
}

/* Does a value that passes `p` always pass `q`? Only where it is plain to see. */
static bool implies(const struct sigma_predicate *p, const struct sigma_predicate *q)
{
    if (p->field.len == 0 || !str_eq(p->field, q->field) || p->cased != q->cased)
        return false;
    bool exact = p->op == SIGMA_EXACT;
    if (!exact && p->op != SIGMA_PREFIX && p->op != SIGMA_SUFFIX && p->op != SIGMA_CONTAINS)
        return p->op == SIGMA_NUMBER && q->op == SIGMA_NUMBER && str_eq(p->text, q->text);
    if (q->op == SIGMA_EXACT)
        return exact && str_eq(p->text, q->text);
    if (q->op == SIGMA_PREFIX)
        return (exact || p->op == SIGMA_PREFIX) && str_starts(p->text, q->text);
    if (q->op == SIGMA_SUFFIX)
        return (exact || p->op == SIGMA_SUFFIX) && str_ends(p->text, q->text);
    return q->op == SIGMA_CONTAINS && str_find(p->text, q->text) != SIZE_MAX;
}

/* Holds only where the field is not there at all. */
static bool is_missing(const struct sigma_predicate *predicate)
{
    return predicate->op == SIGMA_EXISTS && predicate->number == 0;
}

/* Holds where the field is there without a text. */
static bool allows_null(const struct sigma_predicate *predicate)
{
    return predicate->op == SIGMA_NULL || predicate->op == SIGMA_EXISTS;
}

static bool is_one_value(const struct sigma_predicate *predicate)
{
    return predicate->op == SIGMA_EXACT || predicate->op == SIGMA_NUMBER;
}

/* No event passes both. What asks for two values of one field is another matter. */
static bool excludes(const struct sigma_predicate *p, const struct sigma_predicate *q)
{
    if (p->field.len == 0 || !str_eq(p->field, q->field))
        return false;
    if (is_missing(p) || is_missing(q))
        return !(is_missing(p) || p->op == SIGMA_NULL) || !(is_missing(q) || q->op == SIGMA_NULL);
    return (p->op == SIGMA_NULL && !allows_null(q)) || (q->op == SIGMA_NULL && !allows_null(p));
}

/* The fact that keeps the predicate from holding, or NULL. */
static const struct sigma_node *find_obstacle(const struct facts *facts,
                                              const struct sigma_predicate *predicate)
{
    for (size_t i = 0; i < facts->n_negative; i++)
        if (implies(predicate, facts->negative[i]->predicate))
            return facts->negative[i];
    for (size_t i = 0; i < facts->n_positive; i++)
        if (excludes(predicate, facts->positive[i]->predicate))
            return facts->positive[i];
    return NULL;
}

/* The fact that keeps every alternative from holding; NULL where some may. */
static const struct sigma_node *find_choice_obstacle(const struct facts *facts,
                                                     const struct sigma_node *choice)
{
    const struct sigma_node *obstacle = NULL;
    for (uint32_t i = 0; i < choice->count; i++) {
        const struct sigma_node *alternative = choice->children[i];
        if (alternative->kind == SIGMA_REF)
            alternative = alternative->selection->node;
        if (alternative->kind != SIGMA_PREDICATE)
            return NULL;
        obstacle = find_obstacle(facts, alternative->predicate);
        if (!obstacle)
            return NULL;
    }
    return obstacle;
}

void lint_never_matches(struct linting *l)
{
    struct facts facts = {0};
    gather(&facts, l->rule->condition, false);
    const struct sigma_node *obstacle = NULL;
    uint32_t line = 0;
    for (size_t i = 0; i < facts.n_positive && !obstacle; i++) {
        line = facts.positive[i]->line;
        obstacle = find_obstacle(&facts, facts.positive[i]->predicate);
    }
    for (size_t i = 0; i < facts.n_choices && !obstacle; i++) {
        line = facts.choices[i]->line;
        obstacle = find_choice_obstacle(&facts, facts.choices[i]);
    }
    if (obstacle)
        lint_report(l, line, "what it asks for here is excluded in line %u", obstacle->line);
}

void lint_several_values(struct linting *l)
{
    struct facts facts = {0};
    gather(&facts, l->rule->condition, false);
    for (size_t i = 0; i < facts.n_positive; i++) {
        const struct sigma_predicate *p = facts.positive[i]->predicate;
        for (size_t j = 0; j < i && is_one_value(p); j++) {
            const struct sigma_predicate *q = facts.positive[j]->predicate;
            if (!is_one_value(q) || !str_eq(p->field, q->field) || str_eq(p->text, q->text))
                continue;
            lint_report(l, facts.positive[i]->line, "%.*s has to be two things at once",
                        STR_ARG(str_first(p->field, 80)));
            return;
        }
    }
}

void lint_matches_absence(struct linting *l)
{
    struct arena scratch;
    arena_init(&scratch, 4096);
    struct event nothing = {
        .route = ROUTE_NONE, .dataset = DATASET_NONE, .time = TIME_UNSET, .scratch = &scratch};
    if (sigma_eval_node(l->rule->condition, NULL, &nothing))
        lint_report(l, l->rule->condition->line, "an event without any of its fields matches");
    arena_free(&scratch);
}

static void look_at_regex(struct linting *l, const struct sigma_node *node, void *context)
{
    const struct sigma_predicate *predicate = node->predicate;
    struct regex *regex;
    struct err err = {0};
    (void)context;
    if (predicate->op != SIGMA_REGEX)
        return;
    int status = regexes_add(&l->regexes, predicate->text, predicate->regex_flags, &l->lint->arena,
                             &regex, &err);
    if (status == -ENOMEM)
        l->status = status;
    else if (status < 0)
        lint_report(l, node->line, "%s", err.message);
}

void lint_invalid_regex(struct linting *l)
{
    for (uint32_t i = 0; i < l->rule->n_selections; i++)
        lint_each_predicate(l, l->rule->selections[i].node, look_at_regex, NULL);
}

static void look_at_time(struct linting *l, const struct sigma_node *node, void *context)
{
    static const struct {
        const char *name;
        double min, max;
    } parts[] = {
        [SIGMA_MINUTE] = {"minute", 0, 59}, [SIGMA_HOUR] = {"hour", 0, 23},
        [SIGMA_DAY] = {"day", 1, 31},       [SIGMA_WEEK] = {"week", 1, 53},
        [SIGMA_MONTH] = {"month", 1, 12},   [SIGMA_YEAR] = {"year", 1, 9999},
    };
    const struct sigma_predicate *predicate = node->predicate;
    (void)context;
    if (predicate->op != SIGMA_TIME_PART)
        return;
    double min = parts[predicate->time_part].min, max = parts[predicate->time_part].max;
    if (predicate->number < min || predicate->number > max)
        lint_report(l, node->line, "a %s is a number from %g to %g, not %g",
                    parts[predicate->time_part].name, min, max, predicate->number);
}

void lint_time_out_of_range(struct linting *l)
{
    for (uint32_t i = 0; i < l->rule->n_selections; i++)
        lint_each_predicate(l, l->rule->selections[i].node, look_at_time, NULL);
}

void lint_legacy(struct linting *l)
{
    for (uint32_t i = 0; i < l->correlation->n_sources; i++) {
        struct sigma_source source = l->correlation->sources[i];
        if (source.correlation || !l->set->rules.items[source.index]->derived)
            continue;
        lint_report(l, 0, "its condition has an aggregation");
        return;
    }
}
