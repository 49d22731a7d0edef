#include "sigma/condition.h"
#include "sigma/reader.h"

/* Logsource names are lower case by specification ("LogSource"): others mean the same. */
static int read_logsource_name(struct document *doc, const struct yaml_node *map, const char *key,
                               struct str *ret_name)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (!node || yaml_is_null(node))
        return 0;
    if (node->kind != YAML_SCALAR)
        return document_error(doc, node, "the logsource's %s is text", key);
    char *bytes = arena_bytes(&doc->set->arena, node->text.len + 1);
    if (!bytes)
        return document_no_memory(doc);
    for (size_t i = 0; i < node->text.len; i++) {
        char c = node->text.ptr[i];
        bytes[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    *ret_name = str_of(bytes, node->text.len);
    return 0;
}

int logsource_read(struct document *doc, struct logsource *ret_logsource)
{
    const struct yaml_node *map = yaml_get(doc->root, "logsource");
    if (!map)
        return document_error(doc, doc->root, "there is no logsource");
    if (map->kind != YAML_MAP)
        return document_error(doc, map, "the logsource is a map");
    struct logsource logsource = {0};
    int status = read_logsource_name(doc, map, "product", &logsource.product);
    if (status == 0)
        status = read_logsource_name(doc, map, "category", &logsource.category);
    if (status == 0)
        status = read_logsource_name(doc, map, "service", &logsource.service);
    if (status < 0)
        return status;
    if (!logsource.product.len && !logsource.category.len && !logsource.service.len)
        return document_error(doc, map, "the logsource says no product, category or service");
    *ret_logsource = logsource;
    return 0;
}

static bool all_scalars(const struct yaml_node *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i]->kind != YAML_SCALAR)
            return false;
    return true;
}

/*
 * A map: all of its lines. A list of plain values, or one: keywords. Another list: any of its
 * members, each read in the same way (as pySigma does). The recursion is as deep as the YAML.
 */
static int read_selection(struct document *doc, const struct yaml_node *node,
                          struct sigma_node **ret_node)
{
    if (node->kind == YAML_SCALAR || (node->kind == YAML_LIST && node->count && all_scalars(node)))
        return item_read(doc, NULL, node, ret_node);
    if (node->count == 0)
        return document_error(doc, node, "the selection is empty");
    size_t base = doc->reader->stack.len;
    int status = 0;
    for (uint32_t i = 0; i < node->count && status == 0; i++) {
        struct sigma_node *child;
        status = node->kind == YAML_MAP
                     ? item_read(doc, node->pairs[i].key, node->pairs[i].value, &child)
                     : read_selection(doc, node->items[i], &child);
        if (status == 0)
            status = node_push(doc, child);
    }
    if (status < 0)
        return status;
    return node_close(doc, node->kind == YAML_MAP ? SIGMA_AND : SIGMA_OR, base, node->line,
                      ret_node);
}

static bool is_skipped(const struct yaml_node *key, const char *const *skip)
{
    for (; *skip; skip++)
        if (str_eq(key->text, str_from_c(*skip)))
            return true;
    return false;
}

int selections_read(struct document *doc, const struct yaml_node *map, const char *const *skip,
                    struct sigma_selection **ret_selections, uint32_t *ret_count)
{
    struct sigma_selection *selections =
        arena_zero(&doc->set->arena, map->count, sizeof(*selections));
    if (!selections)
        return document_no_memory(doc);
    uint32_t count = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct yaml_pair *pair = &map->pairs[i];
        if (pair->key->kind != YAML_SCALAR)
            return document_error(doc, pair->key, "a selection's name is text");
        if (is_skipped(pair->key, skip))
            continue;
        struct sigma_selection *selection = &selections[count++];
        selection->line = pair->key->line;
        int status = document_copy(doc, pair->key->text, &selection->name);
        if (status == 0)
            status = read_selection(doc, pair->value, &selection->node);
        if (status < 0)
            return status;
    }
    if (count == 0)
        return document_error(doc, map, "there is no selection");
    *ret_selections = selections;
    *ret_count = count;
    return 0;
}

/* What a rule's condition is made of, in its own words: one text, or several joined by "or". */
static int join_conditions(struct document *doc, const struct yaml_node *const *conditions,
                           size_t count, struct str *ret_text)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += conditions[i]->text.len + 6;
    char *bytes = arena_bytes(&doc->set->arena, len + 1);
    if (!bytes)
        return document_no_memory(doc);
    char *end = bytes;
    for (size_t i = 0; i < count; i++) {
        struct str text = conditions[i]->text;
        if (i)
            end = mempcpy(end, " or ", 4);
        if (count > 1)
            *end++ = '(';
        if (text.len)
            end = mempcpy(end, text.ptr, text.len);
        if (count > 1)
            *end++ = ')';
    }
    *ret_text = str_of(bytes, (size_t)(end - bytes));
    return 0;
}

/* Several conditions are linked with OR (rules specification, "Condition"). */
static int read_conditions(struct document *doc, struct sigma_rule *rule,
                           const struct yaml_node *node, struct str *ret_aggregation)
{
    struct condition_scope scope = {.selections = rule->selections, .count = rule->n_selections};
    bool list = node->kind == YAML_LIST;
    const struct yaml_node *const *conditions =
        list ? (const struct yaml_node *const *)node->items : &node;
    uint32_t count = list ? node->count : 1;
    if (count == 0)
        return document_error(doc, node, "the list of conditions is empty");
    size_t base = doc->reader->stack.len;
    for (uint32_t i = 0; i < count; i++) {
        struct str aggregation = {0};
        struct sigma_node *condition;
        int status = condition_read(doc, conditions[i], &scope, &condition, &aggregation);
        if (status == 0 && aggregation.ptr && count > 1)
            status = document_error(doc, conditions[i],
                                    "an aggregation can't be one of several conditions");
        if (status == 0)
            status = node_push(doc, condition);
        if (status < 0)
            return status;
        *ret_aggregation = aggregation;
    }
    int status = join_conditions(doc, conditions, count, &rule->condition_text);
    return status < 0 ? status : node_close(doc, SIGMA_OR, base, node->line, &rule->condition);
}

/* `timeframe` belongs to old aggregations; a map of that name is a selection like others. */
static const struct yaml_node *find_timeframe(const struct yaml_node *detection)
{
    const struct yaml_node *node = yaml_get(detection, "timeframe");
    return node && node->kind == YAML_SCALAR ? node : NULL;
}

int rule_read(struct document *doc)
{
    static const char *const skip[] = {"condition", "timeframe", NULL};
    static const char *const skip_condition[] = {"condition", NULL};
    struct sigma_rule *rule = arena_zero(&doc->set->arena, 1, sizeof(*rule));
    if (!rule)
        return document_no_memory(doc);
    rule->generate = true;
    int status = meta_read(doc, &rule->meta);
    if (status == 0)
        status = logsource_read(doc, &rule->logsource);
    if (status < 0)
        return status;
    const struct yaml_node *detection = yaml_get(doc->root, "detection");
    if (!detection)
        return document_error(doc, doc->root, "there is no detection");
    if (detection->kind != YAML_MAP)
        return document_error(doc, detection, "the detection is a map");
    const struct yaml_node *condition = yaml_get(detection, "condition");
    if (!condition)
        return document_error(doc, detection, "the detection has no condition");
    const struct yaml_node *timeframe = find_timeframe(detection);
    struct str aggregation = {0};
    status = selections_read(doc, detection, timeframe ? skip : skip_condition, &rule->selections,
                             &rule->n_selections);
    if (status == 0)
        status = read_conditions(doc, rule, condition, &aggregation);
    if (status < 0)
        return status;
    rule->keywords = doc->keywords;
    if (aggregation.ptr)
        return legacy_read(doc, rule, condition, aggregation, timeframe);
    return document_add_rule(doc, rule);
}
