#include "sigma/linting.h"

/* "product windows, category process_creation" */
static struct str logsource_text(struct linting *l, const struct logsource *logsource)
{
    struct str text = arena_printf(
        &l->lint->arena, "%s%.*s%s%s%.*s%s%s%.*s", logsource->product.len ? "product " : "",
        STR_ARG(logsource->product),
        logsource->product.len && (logsource->category.len || logsource->service.len) ? ", " : "",
        logsource->category.len ? "category " : "", STR_ARG(logsource->category),
        logsource->category.len && logsource->service.len ? ", " : "",
        logsource->service.len ? "service " : "", STR_ARG(logsource->service));
    if (!text.ptr)
        l->status = -ENOMEM;
    return text;
}

void lint_unroutable(struct linting *l)
{
    if (!datasets_provide(l->datasets, &l->rule->logsource))
        lint_report(l, 0, "no dataset provides %.*s",
                    STR_ARG(logsource_text(l, &l->rule->logsource)));
}

/* Does any dataset that provides the rule's logsource know the field? True if none provides it. */
static bool is_known(const struct linting *l, uint32_t field)
{
    bool provided = false;
    for (uint32_t i = 0; i < datasets_count(l->datasets); i++) {
        if (!datasets_provided_by(l->datasets, i, &l->rule->logsource))
            continue;
        provided = true;
        if (datasets_know_field(l->datasets, i, field))
            return true;
    }
    return !provided;
}

static void look_at_field(struct linting *l, const struct sigma_node *node, void *context)
{
    struct map *seen = context;
    const struct sigma_predicate *predicate = node->predicate;
    if (predicate->field.len == 0 || map_get(seen, predicate->field) != MAP_NONE)
        return;
    if (map_put(seen, predicate->field, 0) < 0) {
        l->status = -ENOMEM;
        return;
    }
    uint32_t field = fields_find(datasets_fields(l->datasets), predicate->field);
    if (field == FIELD_NONE ? datasets_provide(l->datasets, &l->rule->logsource)
                            : !is_known(l, field))
        lint_report(l, node->line, "no dataset knows '%.*s' in events of %.*s",
                    STR_ARG(str_first(predicate->field, 80)),
                    STR_ARG(logsource_text(l, &l->rule->logsource)));
}

void lint_unknown_field(struct linting *l)
{
    struct map seen = {0};
    for (uint32_t i = 0; i < l->rule->n_selections; i++)
        lint_each_predicate(l, l->rule->selections[i].node, look_at_field, &seen);
    map_free(&seen);
}

/* Is the event id of that text, or number, possible for some dataset and the logsource? */
static bool is_possible(const struct linting *l, const struct sigma_predicate *predicate)
{
    for (uint32_t i = 0; i < datasets_count(l->datasets); i++)
        if (datasets_event_id_fits(l->datasets, i, &l->rule->logsource, predicate->text))
            return true;
    return false;
}

static bool is_event_id(const struct linting *l, struct str field)
{
    uint32_t id = fields_find(datasets_fields(l->datasets), field);
    for (uint32_t i = 0; id != FIELD_NONE && i < datasets_count(l->datasets); i++)
        if (datasets_get(l->datasets, i)->event_id_field == id &&
            datasets_provided_by(l->datasets, i, &l->rule->logsource))
            return true;
    return false;
}

/* One event id that events of the logsource can't have; NULL where the node may hold. */
static const struct sigma_node *find_impossible(const struct linting *l,
                                                const struct sigma_node *node)
{
    if (node->kind == SIGMA_REF)
        return find_impossible(l, node->selection->node);
    if (node->kind == SIGMA_PREDICATE) {
        const struct sigma_predicate *predicate = node->predicate;
        bool asks = (predicate->op == SIGMA_EXACT || predicate->op == SIGMA_NUMBER) &&
                    is_event_id(l, predicate->field);
        return asks && !is_possible(l, predicate) ? node : NULL;
    }
    const struct sigma_node *found = NULL;
    if (node->kind == SIGMA_AND || node->kind == SIGMA_OR) {
        for (uint32_t i = 0; i < node->count; i++) {
            found = find_impossible(l, node->children[i]);
            if ((found != NULL) == (node->kind == SIGMA_AND))
                return found;
        }
    }
    return found;
}

void lint_impossible_event_id(struct linting *l)
{
    if (!datasets_provide(l->datasets, &l->rule->logsource))
        return;
    const struct sigma_node *found = find_impossible(l, l->rule->condition);
    if (found)
        lint_report(l, found->line, "events of %.*s never have %.*s %.*s",
                    STR_ARG(logsource_text(l, &l->rule->logsource)),
                    STR_ARG(str_first(found->predicate->field, 60)),
                    STR_ARG(str_first(found->predicate->text, 40)));
}
