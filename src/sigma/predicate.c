#include "sigma/engine.h"

#include "base/address.h"
#include "sigma/pattern.h"
#include "sigma/text.h"

/* ---- text ---- */

bool predicate_folds(const struct predicate *predicate)
{
    switch (predicate->is->op) {
    case SIGMA_EXACT:
    case SIGMA_PREFIX:
    case SIGMA_SUFFIX:
    case SIGMA_CONTAINS:
    case SIGMA_WILDCARD:
    case SIGMA_FIELD_EQUAL:
    case SIGMA_FIELD_PREFIX:
    case SIGMA_FIELD_SUFFIX:
    case SIGMA_FIELD_CONTAINS:
    case SIGMA_NUMBER:
    case SIGMA_BOOL:
        return !predicate->is->cased;
    default:
        return false;
    }
}

/* ---- numbers, addresses, times ---- */

static bool relation_holds(enum sigma_op op, double left, double right)
{
    switch (op) {
    case SIGMA_LESS:
        return left < right;
    case SIGMA_LESS_EQUAL:
        return left <= right;
    case SIGMA_GREATER:
        return left > right;
    case SIGMA_GREATER_EQUAL:
        return left >= right;
    default:
        return left == right; /* SIGMA_NUMBER */
    }
}

static bool number_fits(const struct sigma_predicate *is, struct str text)
{
    double number;
    return str_to_double(text, &number) == 0 && relation_holds(is->op, number, is->number);
}

static bool network_holds(const struct sigma_predicate *is, struct str text)
{
    struct address address, network = {.ipv6 = is->ipv6};
    memcpy(network.bytes, is->address, sizeof(network.bytes));
    return address_parse(text, &address) && address_in_network(&address, &network, is->prefix_bits);
}

static bool time_part_fits(const struct sigma_predicate *is, struct str text)
{
    int64_t instant;
    struct time_parts parts;
    if (time_parse(text, &instant) < 0)
        return false;
    time_to_parts(instant, &parts);
    const int64_t values[] = {
        [SIGMA_MINUTE] = parts.minute, [SIGMA_HOUR] = parts.hour,   [SIGMA_DAY] = parts.day,
        [SIGMA_WEEK] = parts.week,     [SIGMA_MONTH] = parts.month, [SIGMA_YEAR] = parts.year,
    };
    return relation_holds(is->number_op, (double)values[is->time_part], is->number);
}

/* ---- all of them ---- */

bool predicate_holds(const struct predicate *predicate, const struct value *value,
                     struct regex_scratch *scratch)
{
    const struct sigma_predicate *is = predicate->is;
    if (value->slot->type >= VALUE_NULL)
        return false;
    struct str text = value->text;
    struct str compared = is->cased ? text : value->folded;
    switch (is->op) {
    case SIGMA_EXACT:
        return str_eq(compared, is->text);
    case SIGMA_PREFIX:
        return str_starts(compared, is->text);
    case SIGMA_SUFFIX:
        return str_ends(compared, is->text);
    case SIGMA_CONTAINS:
        return text_contains(compared, is->text);
    case SIGMA_WILDCARD:
        return pattern_matches(is->parts, is->n_parts, compared);
    case SIGMA_REGEX:
        return regex_find(predicate->regex, text, scratch);
    case SIGMA_CIDR:
        return network_holds(is, text);
    case SIGMA_NUMBER:
        return str_eq(compared, is->text) || number_fits(is, text);
    case SIGMA_LESS:
    case SIGMA_LESS_EQUAL:
    case SIGMA_GREATER:
    case SIGMA_GREATER_EQUAL:
        return number_fits(is, text);
    case SIGMA_BOOL:
        return str_eq(compared, is->number != 0 ? STR("true") : STR("false"));
    case SIGMA_EMPTY:
        return text.len == 0;
    case SIGMA_TIME_PART:
        return time_part_fits(is, text);
    default:
        return false; /* NULL, EXISTS, FIELD_*: not of one value */
    }
}

bool predicate_compare(const struct predicate *predicate, const struct value *value,
                       const struct value *other)
{
    const struct sigma_predicate *is = predicate->is;
    if (value->slot->type >= VALUE_NULL || other->slot->type >= VALUE_NULL)
        return false;
    struct str left = is->cased ? value->text : value->folded;
    struct str right = is->cased ? other->text : other->folded;
    switch (is->op) {
    case SIGMA_FIELD_EQUAL:
        return str_eq(left, right);
    case SIGMA_FIELD_PREFIX:
        return str_starts(left, right);
    case SIGMA_FIELD_SUFFIX:
        return str_ends(left, right);
    case SIGMA_FIELD_CONTAINS:
        return text_contains(left, right);
    default:
        return false;
    }
}

uint32_t predicate_cost(const struct predicate *predicate)
{
    switch (predicate->is->op) {
    case SIGMA_NULL:
    case SIGMA_EXISTS:
    case SIGMA_EMPTY:
        return 1;
    case SIGMA_EXACT:
    case SIGMA_PREFIX:
    case SIGMA_SUFFIX:
    case SIGMA_BOOL:
        return 2;
    case SIGMA_CONTAINS:
    case SIGMA_WILDCARD:
        return 8;
    case SIGMA_REGEX:
        return 60;
    case SIGMA_TIME_PART:
        return 30;
    default:
        return 15;
    }
}

/* ---- hooks ---- */

#define REGEX_HOOK_MIN 3 /* bytes: shorter ones are in every value */

static uint32_t hook_one(struct hook hooks[static HOOKS_MAX], enum literal_op op, struct str text)
{
    hooks[0] = (struct hook){op, text};
    return 1;
}

/* The longest literal of a pattern, anchored where it stands at an end. */
static uint32_t wildcard_hooks(const struct sigma_predicate *is, struct arena *arena,
                               struct hook hooks[static HOOKS_MAX])
{
    bool ascii;
    uint32_t best = ENGINE_NONE;
    for (uint32_t i = 0; i < is->n_parts; i++) {
        bool anchored = i == 0 || i == is->n_parts - 1;
        if (is->parts[i].kind != SIGMA_LITERAL || is->parts[i].text.len == 0 ||
            (!anchored && is->parts[i].text.len < 2))
            continue;
        if (best == ENGINE_NONE || is->parts[i].text.len > is->parts[best].text.len)
            best = i;
    }
    if (best == ENGINE_NONE)
        return 0;
    struct str text = is->parts[best].text;
    if (is->cased)
        text = text_fold(text, arena, &ascii);
    if (!text.ptr)
        return 0;
    enum literal_op op = LITERAL_CONTAINS;
    if (best == 0)
        op = is->n_parts == 1 ? LITERAL_EXACT : LITERAL_PREFIX;
    else if (best == is->n_parts - 1)
        op = LITERAL_SUFFIX;
    return hook_one(hooks, op, text);
}

static uint32_t regex_hooks(const struct sigma_predicate *is, struct arena *arena,
                            struct hook hooks[static HOOKS_MAX])
{
    struct str texts[HOOKS_MAX];
    uint32_t count = regex_literals(is->text, REGEX_HOOK_MIN, arena, texts, HOOKS_MAX);
    for (uint32_t i = 0; i < count; i++)
        hooks[i] = (struct hook){LITERAL_CONTAINS, texts[i]};
    return count;
}

static uint32_t text_hooks(const struct sigma_predicate *is, enum literal_op op,
                           struct arena *arena, struct hook hooks[static HOOKS_MAX])
{
    bool ascii;
    struct str text = is->cased ? text_fold(is->text, arena, &ascii) : is->text;
    size_t min = op == LITERAL_EXACT ? 0 : 1;
    return text.len >= min && (text.ptr || text.len == 0) ? hook_one(hooks, op, text) : 0;
}

uint32_t predicate_hooks(const struct predicate *predicate, struct arena *arena,
                         struct hook ret_hooks[static HOOKS_MAX], bool *ret_same)
{
    const struct sigma_predicate *is = predicate->is;
    *ret_same = !is->cased;
    switch (is->op) {
    case SIGMA_EXACT:
        return text_hooks(is, LITERAL_EXACT, arena, ret_hooks);
    case SIGMA_PREFIX:
        return text_hooks(is, LITERAL_PREFIX, arena, ret_hooks);
    case SIGMA_SUFFIX:
        return text_hooks(is, LITERAL_SUFFIX, arena, ret_hooks);
    case SIGMA_CONTAINS:
        return text_hooks(is, LITERAL_CONTAINS, arena, ret_hooks);
    case SIGMA_EMPTY:
        return hook_one(ret_hooks, LITERAL_EXACT, STR(""));
    case SIGMA_BOOL:
        return hook_one(ret_hooks, LITERAL_EXACT, is->number != 0 ? STR("true") : STR("false"));
    case SIGMA_WILDCARD:
        *ret_same = false;
        return wildcard_hooks(is, arena, ret_hooks);
    case SIGMA_REGEX:
        *ret_same = false;
        return regex_hooks(is, arena, ret_hooks);
    default:
        *ret_same = false;
        return 0;
    }
}
