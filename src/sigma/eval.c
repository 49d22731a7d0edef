#define PCRE2_CODE_UNIT_WIDTH 8
#include "sigma/eval.h"

#include <pcre2.h>

#include "base/address.h"
#include "base/time.h"
#include "base/utf8.h"
#include "sigma/pattern.h"
#include "sigma/values.h"

#define EVAL_MEMORY_MAX ((size_t)64 << 20) /* bytes of folded values in one test */

/* A value as the tests see it. */
struct seen {
    struct str text;
    struct str compared; /* folded, unless the predicate is cased */
};

static bool is_exact(const struct sigma_predicate *predicate, const struct seen *value)
{
    return str_eq(value->compared, predicate->text);
}

static bool is_prefix(const struct sigma_predicate *predicate, const struct seen *value)
{
    return str_starts(value->compared, predicate->text);
}

static bool is_suffix(const struct sigma_predicate *predicate, const struct seen *value)
{
    return str_ends(value->compared, predicate->text);
}

static bool is_contained(const struct sigma_predicate *predicate, const struct seen *value)
{
    return str_find(value->compared, predicate->text) != SIZE_MAX;
}

static bool is_like(const struct sigma_predicate *predicate, const struct seen *value)
{
    return pattern_matches(predicate->parts, predicate->n_parts, value->compared);
}

static bool is_matched(const struct sigma_predicate *predicate, const struct seen *value)
{
    static const uint32_t options[] = {PCRE2_CASELESS, PCRE2_MULTILINE, PCRE2_DOTALL};
    uint32_t flags = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    for (unsigned i = 0; i < 3; i++)
        flags |= predicate->regex_flags & 1u << i ? options[i] : 0;
    int problem;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)predicate->text.ptr, predicate->text.len, flags,
                                     &problem, &at, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = code ? pcre2_match_data_create_from_pattern(code, NULL) : NULL;
    bool found = false;
    if (limits && data) {
        pcre2_set_match_limit(limits, EVAL_MATCH_LIMIT);
        found = pcre2_match(code, (PCRE2_SPTR)(value->text.len ? value->text.ptr : ""),
                            value->text.len, 0, 0, data, limits) >= 0;
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
    return found;
}

static bool is_in_network(const struct sigma_predicate *predicate, const struct seen *value)
{
    struct address address, network = {.ipv6 = predicate->ipv6};
    memcpy(network.bytes, predicate->address, sizeof(network.bytes));
    return address_parse(value->text, &address) &&
           address_in_network(&address, &network, predicate->prefix_bits);
}

static bool compares(enum sigma_op op, double value, double number)
{
    return (op == SIGMA_NUMBER && value == number) || (op == SIGMA_LESS && value < number) ||
           (op == SIGMA_LESS_EQUAL && value <= number) || (op == SIGMA_GREATER && value > number) ||
           (op == SIGMA_GREATER_EQUAL && value >= number);
}

static bool is_number(const struct sigma_predicate *predicate, const struct seen *value)
{
    double number;
    return str_to_double(value->text, &number) == 0 &&
           compares(predicate->op, number, predicate->number);
}

static bool is_number_or_text(const struct sigma_predicate *predicate, const struct seen *value)
{
    return is_exact(predicate, value) || is_number(predicate, value);
}

static bool is_boolean(const struct sigma_predicate *predicate, const struct seen *value)
{
    return str_eq(value->compared, predicate->number != 0 ? STR("true") : STR("false"));
}

static bool is_empty(const struct sigma_predicate *predicate, const struct seen *value)
{
    (void)predicate;
    return value->text.len == 0;
}

static bool is_time_part(const struct sigma_predicate *predicate, const struct seen *value)
{
    int64_t instant;
    struct time_parts parts;
    if (time_parse(value->text, &instant) < 0)
        return false;
    time_to_parts(instant, &parts);
    const int64_t numbers[] = {
        [SIGMA_MINUTE] = parts.minute, [SIGMA_HOUR] = parts.hour,   [SIGMA_DAY] = parts.day,
        [SIGMA_WEEK] = parts.week,     [SIGMA_MONTH] = parts.month, [SIGMA_YEAR] = parts.year,
    };
    return compares(predicate->number_op, (double)numbers[predicate->time_part], predicate->number);
}

/* What each op asks of one value; ops that ask something of the field have none. */
static bool (*const tests[])(const struct sigma_predicate *predicate, const struct seen *value) = {
    [SIGMA_EXACT] = is_exact,         [SIGMA_PREFIX] = is_prefix,
    [SIGMA_SUFFIX] = is_suffix,       [SIGMA_CONTAINS] = is_contained,
    [SIGMA_WILDCARD] = is_like,       [SIGMA_REGEX] = is_matched,
    [SIGMA_CIDR] = is_in_network,     [SIGMA_NUMBER] = is_number_or_text,
    [SIGMA_LESS] = is_number,         [SIGMA_LESS_EQUAL] = is_number,
    [SIGMA_GREATER] = is_number,      [SIGMA_GREATER_EQUAL] = is_number,
    [SIGMA_BOOL] = is_boolean,        [SIGMA_EMPTY] = is_empty,
    [SIGMA_TIME_PART] = is_time_part,
};

/* The text of a slot, and folded in the arena unless `cased`. False without text or memory. */
static bool see(struct event *event, struct slot *slot, bool cased, struct arena *arena,
                struct seen *ret_seen)
{
    if (!slot_has_text(slot))
        return false;
    struct str text = event_text(event, slot);
    *ret_seen = (struct seen){text, text};
    if (cased)
        return true;
    char *folded = arena_bytes(arena, 3 * text.len / 2 + 4);
    if (!folded)
        return false;
    ret_seen->compared = str_of(folded, utf8_fold_text(text, folded));
    return true;
}

static bool eval_values(const struct sigma_predicate *predicate, const struct datasets *datasets,
                        struct event *event, struct arena *arena)
{
    struct values values;
    struct slot *slot;
    struct seen seen;
    values_begin(&values, datasets, event, predicate->field);
    while ((slot = values_next(&values)))
        if (see(event, slot, predicate->cased, arena, &seen) &&
            tests[predicate->op](predicate, &seen))
            return true;
    return false;
}

/* FIELD_*: some value of the one field to some value of the other, as its op without field is. */
static bool eval_fields(const struct sigma_predicate *predicate, const struct datasets *datasets,
                        struct event *event, struct arena *arena)
{
    static const enum sigma_op as[] = {
        [SIGMA_FIELD_EQUAL] = SIGMA_EXACT,
        [SIGMA_FIELD_PREFIX] = SIGMA_PREFIX,
        [SIGMA_FIELD_SUFFIX] = SIGMA_SUFFIX,
        [SIGMA_FIELD_CONTAINS] = SIGMA_CONTAINS,
    };
    struct values others;
    struct slot *slot;
    struct seen other;
    values_begin(&others, datasets, event, predicate->text);
    while ((slot = values_next(&others))) {
        struct sigma_predicate with_text = *predicate;
        if (!see(event, slot, predicate->cased, arena, &other))
            continue;
        with_text.op = as[predicate->op];
        with_text.text = other.compared;
        if (eval_values(&with_text, datasets, event, arena))
            return true;
    }
    return false;
}

/* NULL and EXISTS: what there is at all. */
static bool eval_presence(const struct sigma_predicate *predicate, const struct datasets *datasets,
                          struct event *event)
{
    struct values values;
    struct slot *slot;
    bool any = false, any_but_null = false;
    values_begin(&values, datasets, event, predicate->field);
    while ((slot = values_next(&values))) {
        any = true;
        any_but_null = any_but_null || slot->type != VALUE_NULL;
    }
    return predicate->op == SIGMA_NULL ? !any_but_null : any == (predicate->number != 0);
}

bool sigma_eval_predicate(const struct sigma_predicate *predicate, const struct datasets *datasets,
                          struct event *event)
{
    if (predicate->op == SIGMA_NULL || predicate->op == SIGMA_EXISTS)
        return eval_presence(predicate, datasets, event);
    struct arena arena;
    arena_init(&arena, EVAL_MEMORY_MAX);
    bool field = predicate->op >= SIGMA_FIELD_EQUAL && predicate->op <= SIGMA_FIELD_CONTAINS;
    bool holds = (field ? eval_fields : eval_values)(predicate, datasets, event, &arena);
    arena_free(&arena);
    return holds;
}

bool sigma_eval_node(const struct sigma_node *node, const struct datasets *datasets,
                     struct event *event)
{
    if (node->kind == SIGMA_PREDICATE)
        return sigma_eval_predicate(node->predicate, datasets, event);
    if (node->kind == SIGMA_REF)
        return sigma_eval_node(node->selection->node, datasets, event);
    if (node->kind == SIGMA_NOT)
        return !sigma_eval_node(node->children[0], datasets, event);
    if (node->kind == SIGMA_TRUE || node->kind == SIGMA_FALSE)
        return node->kind == SIGMA_TRUE;
    bool decisive = node->kind == SIGMA_OR;
    for (uint32_t i = 0; i < node->count; i++)
        if (sigma_eval_node(node->children[i], datasets, event) == decisive)
            return decisive;
    return !decisive;
}

bool sigma_eval_logsource(const struct sigma_rule *rule, const struct datasets *datasets,
                          const struct event *event)
{
    if (!datasets || event->route == ROUTE_NONE)
        return false;
    const struct route *route = datasets_route(datasets, event->route);
    for (uint32_t i = 0; i < route->n_logsources; i++)
        if (logsource_provides(&route->logsources[i], &rule->logsource))
            return true;
    return false;
}

bool sigma_eval_rule(const struct sigma_rule *rule, const struct datasets *datasets,
                     struct event *event)
{
    return sigma_eval_logsource(rule, datasets, event) &&
           sigma_eval_node(rule->condition, datasets, event);
}
