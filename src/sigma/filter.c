#include "sigma/condition.h"
#include "sigma/reader.h"

/* `rules`: any (or all, or an empty list) for every rule of the logsource, else references. */
static int read_rules(struct document *doc, const struct yaml_node *map,
                      struct pending_filter *filter)
{
    const struct yaml_node *rules = yaml_get(map, "rules");
    if (!rules)
        return document_error(doc, map, "the filter does not say which rules it is for");
    struct str word = yaml_text(rules);
    filter->any = str_eq_ascii_nocase(word, STR("any")) || str_eq_ascii_nocase(word, STR("all")) ||
                  (rules->kind == YAML_LIST && rules->count == 0);
    if (filter->any)
        return 0;
    return document_references(doc, rules, "rules", &filter->references, &filter->n_references);
}

int filter_read(struct document *doc)
{
    static const char *const skip[] = {"rules", "condition", NULL};
    const struct yaml_node *map = yaml_get(doc->root, "filter");
    if (map->kind != YAML_MAP)
        return document_error(doc, map, "the filter is a map");
    const struct yaml_node *condition = yaml_get(map, "condition");
    if (!condition)
        return document_error(doc, map, "the filter has no condition");
    struct pending_filter *filter = arena_zero(&doc->set->arena, 1, sizeof(*filter));
    if (!filter)
        return document_no_memory(doc);
    int status = meta_read(doc, &filter->meta);
    if (status == 0)
        status = logsource_read(doc, &filter->logsource);
    if (status == 0)
        status = read_rules(doc, map, filter);
    if (status == 0)
        status = selections_read(doc, map, skip, &filter->selections, &filter->n_selections);
    if (status < 0)
        return status;
    filter->keywords = doc->keywords;
    struct condition_scope scope = {.selections = filter->selections,
                                    .count = filter->n_selections};
    status = condition_read(doc, condition, &scope, &filter->condition, NULL);
    if (status < 0)
        return status;
    return vec_push(&doc->reader->entries, (struct entry){.filter = filter}) < 0
               ? document_no_memory(doc)
               : 0;
}

/* A part that the filter says must be the rule's; one it leaves out may be anything. */
static bool part_fits(struct str filter, struct str rule)
{
    return filter.len == 0 || str_eq(filter, rule);
}

static bool logsource_fits(const struct logsource *filter, const struct logsource *rule)
{
    return part_fits(filter->product, rule->product) &&
           part_fits(filter->category, rule->category) && part_fits(filter->service, rule->service);
}

bool filter_fits(const struct pending_filter *filter, const struct sigma_rule *rule)
{
    return logsource_fits(&filter->logsource, &rule->logsource);
}

int sigma_set_filter(struct sigma_set *set, struct sigma_alone_filter *ret_filter)
{
    const struct pending_filter *filter = NULL;
    for (size_t i = 0; set->reader && !filter && i < set->reader->entries.len; i++)
        filter = set->reader->entries.items[i].filter;
    if (!filter)
        return -ENOENT;
    struct str *references =
        arena_zero(&set->arena, (size_t)filter->n_references + 1, sizeof(*references));
    if (!references)
        return -ENOMEM;
    for (uint32_t i = 0; i < filter->n_references; i++)
        references[i] = filter->references[i].text;
    *ret_filter = (struct sigma_alone_filter){
        .meta = filter->meta,
        .logsource = filter->logsource,
        .any = filter->any,
        .references = references,
        .n_references = filter->n_references,
        .condition = filter->condition,
    };
    return 0;
}

bool sigma_filter_for(const struct sigma_alone_filter *filter, const struct sigma_rule *rule)
{
    if (!logsource_fits(&filter->logsource, &rule->logsource))
        return false;
    for (uint32_t i = 0; i < filter->n_references; i++)
        if (str_eq_ascii_nocase(filter->references[i], rule->meta.id) ||
            (rule->meta.name.len && str_eq(filter->references[i], rule->meta.name)))
            return true;
    return filter->any;
}

/*
 * A copy of a condition whose references are to `selections`, `shift` further on. Selections
 * themselves are shared. As deep as conditions may be.
 */
static struct sigma_node *copy_condition(struct arena *arena, const struct sigma_node *node,
                                         struct sigma_selection *selections, uint32_t shift)
{
    struct sigma_node *copy = arena_alloc(arena, sizeof(*copy));
    if (!copy)
        return NULL;
    *copy = *node;
    if (node->kind == SIGMA_REF) {
        copy->index = node->index + shift;
        copy->selection = &selections[copy->index];
        return copy;
    }
    copy->children = arena_zero(arena, node->count, sizeof(*copy->children));
    for (uint32_t i = 0; copy->children && i < node->count; i++) {
        copy->children[i] = copy_condition(arena, node->children[i], selections, shift);
        if (!copy->children[i])
            return NULL;
    }
    return copy->children ? copy : NULL;
}

/* The filter's selections behind the rule's, under names that say where they come from. */
static struct sigma_selection *join_selections(struct arena *arena, const struct sigma_rule *rule,
                                               const struct pending_filter *filter)
{
    uint32_t count = rule->n_selections;
    struct sigma_selection *selections =
        arena_zero(arena, (size_t)count + filter->n_selections, sizeof(*selections));
    if (!selections)
        return NULL;
    memcpy(selections, rule->selections, count * sizeof(*selections));
    for (uint32_t i = 0; i < filter->n_selections; i++) {
        struct sigma_selection *selection = &selections[count + i];
        *selection = filter->selections[i];
        selection->name = arena_printf(arena, "%.*s of filter '%.*s'", STR_ARG(selection->name),
                                       STR_ARG(str_first(filter->meta.title, 256)));
        if (!selection->name.ptr)
            return NULL;
    }
    return selections;
}

int filter_apply(struct sigma_set *set, const struct pending_filter *filter,
                 struct sigma_rule *rule)
{
    struct sigma_selection *selections = join_selections(&set->arena, rule, filter);
    struct sigma_node *both = arena_zero(&set->arena, 1, sizeof(*both));
    struct sigma_node **children = arena_zero(&set->arena, 2, sizeof(*children));
    if (!selections || !both || !children)
        return -ENOMEM;
    children[0] = copy_condition(&set->arena, rule->condition, selections, 0);
    children[1] = copy_condition(&set->arena, filter->condition, selections, rule->n_selections);
    if (!children[0] || !children[1])
        return -ENOMEM;
    *both = (struct sigma_node){
        .kind = SIGMA_AND, .line = rule->condition->line, .count = 2, .children = children};
    rule->condition = both;
    rule->selections = selections;
    rule->n_selections += filter->n_selections;
    rule->n_filters++;
    rule->keywords = rule->keywords || filter->keywords;
    return 0;
}
