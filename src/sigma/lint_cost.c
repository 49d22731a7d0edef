#include "sigma/linting.h"

#define SHORT_TEXT 3      /* bytes: shorter ones are in nearly every value */
#define SHORT_TEXTS_MIN 4 /* so many before they are worth a word */

void lint_keywords(struct linting *l)
{
    if (l->rule->keywords)
        lint_report(l, l->rule->condition->line, "it searches every value for keywords");
}

static bool has_literal(struct linting *l, const struct sigma_predicate *predicate)
{
    if (predicate->op == SIGMA_REGEX) {
        struct str texts[64];
        return regex_literals(predicate->text, SHORT_TEXT, &l->lint->arena, texts, 64) > 0;
    }
    for (uint32_t i = 0; i < predicate->n_parts; i++)
        if (predicate->parts[i].kind == SIGMA_LITERAL && predicate->parts[i].text.len >= SHORT_TEXT)
            return true;
    return false;
}

/* Ops whose text leads straight to the rule. */
static bool is_looked_up(struct linting *l, const struct sigma_predicate *predicate)
{
    static const bool by_text[] = {
        [SIGMA_EXACT] = true,     [SIGMA_PREFIX] = true, [SIGMA_SUFFIX] = true,
        [SIGMA_NUMBER] = true,    [SIGMA_BOOL] = true,   [SIGMA_EMPTY] = true,
        [SIGMA_TIME_PART] = false};
    if (predicate->op == SIGMA_CONTAINS)
        return predicate->text.len >= SHORT_TEXT;
    if (predicate->op == SIGMA_WILDCARD || predicate->op == SIGMA_REGEX)
        return has_literal(l, predicate);
    return by_text[predicate->op];
}

/* Must some text be there for the node to hold? */
static bool has_trigger(struct linting *l, const struct sigma_node *node)
{
    if (node->kind == SIGMA_REF)
        return has_trigger(l, node->selection->node);
    if (node->kind == SIGMA_PREDICATE)
        return is_looked_up(l, node->predicate);
    if (node->kind != SIGMA_AND && node->kind != SIGMA_OR)
        return node->kind == SIGMA_FALSE;
    bool decisive = node->kind == SIGMA_AND;
    for (uint32_t i = 0; i < node->count; i++)
        if (has_trigger(l, node->children[i]) == decisive)
            return decisive;
    return !decisive;
}

void lint_no_trigger(struct linting *l)
{
    if (!has_trigger(l, l->rule->condition))
        lint_report(l, l->rule->condition->line, "every event of its logsource has to be tested");
}

static void count_short(struct linting *l, const struct sigma_node *node, void *context)
{
    uint32_t *count = context;
    (void)l;
    *count += node->predicate->op == SIGMA_CONTAINS && node->predicate->text.len < SHORT_TEXT;
}

void lint_short_texts(struct linting *l)
{
    uint32_t count = 0;
    lint_each_predicate(l, l->rule->condition, count_short, &count);
    if (count >= SHORT_TEXTS_MIN)
        lint_report(l, l->rule->condition->line, "%u texts to contain are shorter than %d bytes",
                    count, SHORT_TEXT);
}

static void look_at_regex(struct linting *l, const struct sigma_node *node, void *context)
{
    (void)context;
    if (node->predicate->op == SIGMA_REGEX && !has_literal(l, node->predicate))
        lint_report(l, node->line, "no fixed text of %d bytes in /%.*s/", SHORT_TEXT,
                    STR_ARG(str_first(node->predicate->text, 120)));
}

void lint_regex_cost(struct linting *l)
{
    if (!has_trigger(l, l->rule->condition))
        lint_each_predicate(l, l->rule->condition, look_at_regex, NULL);
}
