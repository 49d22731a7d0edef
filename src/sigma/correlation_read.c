#include "sigma/condition.h"
#include "sigma/reader.h"

static const struct type {
    const char *name;
    enum sigma_correlation_type type;
    bool temporal;
    bool counts_values; /* needs `field` */
} types[] = {
    {"event_count", SIGMA_EVENT_COUNT, false, false},
    {"value_count", SIGMA_VALUE_COUNT, false, true},
    {"temporal", SIGMA_TEMPORAL, true, false},
    {"temporal_ordered", SIGMA_TEMPORAL_ORDERED, true, false},
    {"value_sum", SIGMA_VALUE_SUM, false, true},
    {"value_avg", SIGMA_VALUE_AVG, false, true},
    {"value_percentile", SIGMA_VALUE_PERCENTILE, false, true},
    {"value_median", SIGMA_VALUE_MEDIAN, false, true},
};

static const struct {
    const char *name;
    enum sigma_op op;
    bool negated;
} comparisons[] = {
    {"gt", SIGMA_GREATER, false}, {"gte", SIGMA_GREATER_EQUAL, false},
    {"lt", SIGMA_LESS, false},    {"lte", SIGMA_LESS_EQUAL, false},
    {"eq", SIGMA_NUMBER, false},  {"neq", SIGMA_NUMBER, true},
};

#define COMPARISONS (sizeof(comparisons) / sizeof(*comparisons))

/* Lengths of a month and a year are those of pySigma: a twelfth of, and a Gregorian year. */
static const struct {
    char letter;
    int64_t seconds;
} units[] = {
    {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'M', 2629746}, {'y', 31556952},
};

int timespan_read(struct document *doc, const struct yaml_node *node, int64_t *ret_us)
{
    struct str text = yaml_text(node);
    int64_t count;
    for (size_t i = 0; text.len > 1 && i < sizeof(units) / sizeof(*units); i++) {
        if (text.ptr[text.len - 1] != units[i].letter)
            continue;
        if (text.ptr[0] < '0' || text.ptr[0] > '9' ||
            str_to_i64(str_first(text, text.len - 1), &count) < 0 || count <= 0 ||
            count > INT64_MAX / 4 / TIME_SECOND_US / units[i].seconds)
            break;
        *ret_us = count * units[i].seconds * TIME_SECOND_US;
        return 0;
    }
    return document_error(doc, node,
                          "a time span is a whole number and one of s m h d w M y, not '%.*s'",
                          STR_ARG(str_first(text, 40)));
}

static int read_number(struct document *doc, const struct yaml_node *node, const char *what,
                       double *ret_number)
{
    int64_t whole;
    if (yaml_is_int(node, &whole))
        *ret_number = (double)whole;
    else if (str_to_double(yaml_text(node), ret_number) < 0)
        return document_error(doc, node, "'%s' is a number", what);
    return 0;
}

static int read_fields(struct document *doc, const struct yaml_node *node, const char *what,
                       struct str **ret_fields, uint32_t *ret_count)
{
    int status = document_texts(doc, node, what, ret_fields, ret_count);
    for (uint32_t i = 0; i < *ret_count && status == 0; i++)
        status = document_field_name(doc, (*ret_fields)[i], &(*ret_fields)[i]);
    return status;
}

/* One key of the condition's map. */
static int read_condition_pair(struct document *doc, const struct yaml_pair *pair,
                               struct sigma_correlation *correlation)
{
    struct str key = yaml_text(pair->key);
    if (str_eq(key, STR("field")))
        return read_fields(doc, pair->value, "field", &correlation->fields, &correlation->n_fields);
    if (str_eq(key, STR("percentile"))) {
        int status = read_number(doc, pair->value, "percentile", &correlation->percentile);
        if (status == 0 && !(correlation->percentile >= 0 && correlation->percentile <= 100))
            status = document_error(doc, pair->value, "a percentile is a number from 0 to 100");
        return status;
    }
    for (size_t i = 0; i < COMPARISONS; i++) {
        if (!str_eq(key, str_from_c(comparisons[i].name)))
            continue;
        struct sigma_bound *bound = &correlation->bounds[correlation->n_bounds++];
        bound->op = comparisons[i].op;
        bound->negated = comparisons[i].negated;
        return read_number(doc, pair->value, comparisons[i].name, &bound->number);
    }
    return document_error(doc, pair->key,
                          "a correlation's condition has gt, gte, lt, lte, eq, neq, field and "
                          "percentile, not '%.*s'",
                          STR_ARG(str_first(key, 40)));
}

static int read_bounds(struct document *doc, const struct yaml_node *map, const struct type *type,
                       struct sigma_correlation *correlation)
{
    correlation->bounds = arena_zero(&doc->set->arena, COMPARISONS, sizeof(*correlation->bounds));
    if (!correlation->bounds)
        return document_no_memory(doc);
    int status = 0;
    for (uint32_t i = 0; i < map->count && status == 0; i++)
        status = read_condition_pair(doc, &map->pairs[i], correlation);
    if (status < 0)
        return status;
    if (correlation->n_bounds == 0)
        return document_error(doc, map, "the condition compares with nothing (gte: ..)");
    if (type->counts_values && correlation->n_fields == 0)
        return document_error(doc, map, "%s needs a field", type->name);
    if (type->counts_values && type->type != SIGMA_VALUE_COUNT && correlation->n_fields > 1)
        return document_error(doc, map, "%s takes one field", type->name);
    bool percentile = yaml_get(map, "percentile");
    if (percentile != (type->type == SIGMA_VALUE_PERCENTILE))
        return document_error(doc, map,
                              percentile ? "only value_percentile has a percentile"
                                         : "value_percentile needs a percentile");
    if (!type->counts_values)
        correlation->n_fields = 0;
    return 0;
}

/* The rules that an expression names, in the order in which they appear first. */
static int collect_references(struct document *doc, const struct yaml_node *node,
                              struct pending_correlation *pending)
{
    static const char *const operators[] = {"and", "or", "not", "(", ")", "|"};
    struct str rest = node->text, word;
    uint32_t words = 0;
    while (condition_word(&rest, &word))
        words++;
    pending->references = arena_zero(&doc->set->arena, words, sizeof(*pending->references));
    if (!pending->references)
        return document_no_memory(doc);
    for (rest = node->text; condition_word(&rest, &word);) {
        bool known = false;
        for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
            known = known || str_eq_ascii_nocase(word, str_from_c(operators[i]));
        for (uint32_t i = 0; i < pending->n_references && !known; i++)
            known = str_eq(pending->references[i].text, word);
        if (known)
            continue;
        if (pending->n_references == SIGMA_SOURCES_MAX)
            break; /* refused for it later */
        struct reference *reference = &pending->references[pending->n_references++];
        reference->line = node->line;
        reference->column = node->column;
        int status = document_copy(doc, word, &reference->text);
        if (status < 0)
            return status;
    }
    return 0;
}

/* An extended condition: boolean over the rules. Names and `rules` must be the same set. */
static int read_expression(struct document *doc, const struct yaml_node *node,
                           struct pending_correlation *pending)
{
    struct sigma_correlation *correlation = pending->correlation;
    int status = document_copy(doc, node->text, &correlation->expression_text);
    if (status == 0 && pending->n_references == 0)
        status = collect_references(doc, node, pending);
    if (status < 0)
        return status;
    struct sigma_selection *names =
        arena_zero(&doc->reader->scratch, pending->n_references, sizeof(*names));
    if (!names)
        return document_no_memory(doc);
    for (uint32_t i = 0; i < pending->n_references; i++)
        names[i].name = pending->references[i].text;
    struct condition_scope scope = {names, pending->n_references, true};
    status = condition_read(doc, node, &scope, &correlation->expression, NULL);
    for (uint32_t i = 0; i < pending->n_references && status == 0; i++)
        if (!names[i].used)
            status = document_error(doc, node, "the condition does not mention the rule '%.*s'",
                                    STR_ARG(str_first(names[i].name, 80)));
    return status;
}

static int read_condition(struct document *doc, const struct yaml_node *map,
                          const struct type *type, struct pending_correlation *pending)
{
    const struct yaml_node *condition = yaml_get(map, "condition");
    bool none = !condition || yaml_is_null(condition);
    if (none && type->temporal && pending->n_references)
        return 0;
    if (none)
        return document_error(doc, map, "the correlation has no condition");
    if (condition->kind == YAML_SCALAR && type->temporal)
        return read_expression(doc, condition, pending);
    if (condition->kind != YAML_MAP)
        return document_error(doc, condition, "the condition of %s is a map%s", type->name,
                              type->temporal ? " or an expression over rules" : "");
    return read_bounds(doc, condition, type, pending->correlation);
}

static int read_aliases(struct document *doc, const struct yaml_node *map,
                        struct pending_correlation *pending)
{
    if (!map || yaml_is_null(map))
        return 0;
    if (map->kind != YAML_MAP)
        return document_error(doc, map, "'aliases' is a map");
    size_t count = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        if (map->pairs[i].value->kind != YAML_MAP || map->pairs[i].key->kind != YAML_SCALAR)
            return document_error(doc, map->pairs[i].key, "an alias maps rules to their fields");
        count += map->pairs[i].value->count;
    }
    pending->aliases = arena_zero(&doc->set->arena, count, sizeof(*pending->aliases));
    if (!pending->aliases)
        return document_no_memory(doc);
    for (uint32_t i = 0; i < map->count; i++) {
        const struct yaml_node *fields = map->pairs[i].value;
        for (uint32_t j = 0; j < fields->count; j++) {
            const struct yaml_pair *pair = &fields->pairs[j];
            struct pending_alias *alias = &pending->aliases[pending->n_aliases++];
            alias->line = pair->key->line;
            alias->column = pair->key->column;
            if (pair->key->kind != YAML_SCALAR || pair->value->kind != YAML_SCALAR)
                return document_error(doc, pair->key, "an alias maps rules to their fields");
            int status = document_field_name(doc, map->pairs[i].key->text, &alias->name);
            if (status == 0)
                status = document_copy(doc, pair->key->text, &alias->reference);
            if (status == 0)
                status = document_field_name(doc, pair->value->text, &alias->field);
            if (status < 0)
                return status;
        }
    }
    return 0;
}

/* pySigma reads `generate` in the correlation, the specification's schema has it beside it. */
static int read_generate(struct document *doc, const struct yaml_node *map, bool *ret_generate)
{
    const struct yaml_node *node = yaml_get(map, "generate");
    if (!node)
        node = yaml_get(doc->root, "generate");
    *ret_generate = false;
    if (node && !yaml_is_null(node) && !yaml_is_bool(node, ret_generate))
        return document_error(doc, node, "'generate' is true or false");
    return 0;
}

static int read_type(struct document *doc, const struct yaml_node *map,
                     const struct type **ret_type)
{
    const struct yaml_node *node = yaml_get(map, "type");
    if (!node)
        return document_error(doc, map, "the correlation has no type");
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if (!str_eq_ascii_nocase(yaml_text(node), str_from_c(types[i].name)))
            continue;
        *ret_type = &types[i];
        return 0;
    }
    return document_error(doc, node, "there is no correlation type '%.*s'",
                          STR_ARG(str_first(yaml_text(node), 40)));
}

/* Everything of the correlation's map but its type and condition. */
static int read_parts(struct document *doc, const struct yaml_node *map,
                      struct pending_correlation *pending)
{
    const struct yaml_node *rules = yaml_get(map, "rules");
    const struct yaml_node *timespan = yaml_get(map, "timespan");
    if (!timespan)
        return document_error(doc, map, "the correlation has no timespan");
    int status = timespan_read(doc, timespan, &pending->correlation->timespan_us);
    if (status == 0 && rules && !yaml_is_null(rules))
        status =
            document_references(doc, rules, "rules", &pending->references, &pending->n_references);
    if (status == 0)
        status = read_fields(doc, yaml_get(map, "group-by"), "group-by", &pending->group_by,
                             &pending->n_group_by);
    if (status == 0)
        status = read_aliases(doc, yaml_get(map, "aliases"), pending);
    if (status == 0)
        status = read_generate(doc, map, &pending->sources_generate);
    return status;
}

int correlation_read(struct document *doc)
{
    const struct yaml_node *map = yaml_get(doc->root, "correlation");
    if (map->kind != YAML_MAP)
        return document_error(doc, map, "the correlation is a map");
    struct pending_correlation *pending = arena_zero(&doc->set->arena, 1, sizeof(*pending));
    struct sigma_correlation *correlation = arena_zero(&doc->set->arena, 1, sizeof(*correlation));
    if (!pending || !correlation)
        return document_no_memory(doc);
    pending->correlation = correlation;
    correlation->generate = true;
    const struct type *type = NULL;
    int status = meta_read(doc, &correlation->meta);
    if (status == 0)
        status = read_type(doc, map, &type);
    if (status < 0)
        return status;
    correlation->type = type->type;
    status = read_parts(doc, map, pending);
    if (status == 0)
        status = read_condition(doc, map, type, pending);
    if (status < 0)
        return status;
    if (pending->n_references == 0)
        return document_error(doc, map, "the correlation has no rules");
    if (pending->n_references > SIGMA_SOURCES_MAX)
        return document_error(doc, map, "the correlation has more than %d rules",
                              SIGMA_SOURCES_MAX);
    return document_add_correlation(doc, pending);
}
