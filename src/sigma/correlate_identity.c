#include "sigma/correlate_identity.h"

#include <stdlib.h>

#include "base/hash.h"

static uint64_t mix_text(uint64_t hash, struct str s)
{
    return hash_mix(hash, hash_bytes(s.ptr, s.len, s.len));
}

static uint64_t mix_number(uint64_t hash, double number)
{
    return hash_mix(hash, hash_bytes(&number, sizeof(number), 0));
}

static uint64_t mix_predicate(uint64_t hash, const struct sigma_predicate *p)
{
    hash = hash_mix(hash, (uint64_t)p->op | (uint64_t)p->cased << 8 |
                              (uint64_t)p->regex_flags << 16 | (uint64_t)p->prefix_bits << 24 |
                              (uint64_t)p->time_part << 32 | (uint64_t)p->number_op << 40);
    hash = hash_mix(hash, hash_bytes(p->address, sizeof(p->address), p->ipv6));
    hash = mix_text(mix_text(mix_number(hash, p->number), p->field), p->text);
    for (uint32_t i = 0; i < p->n_parts; i++)
        hash = mix_text(hash_mix(hash, p->parts[i].kind), p->parts[i].text);
    return hash;
}

/* As deep as trees are: SIGMA_TREE_DEPTH_MAX. */
static uint64_t mix_node(uint64_t hash, const struct sigma_node *node)
{
    hash = hash_mix(hash, (uint64_t)node->kind << 32 | node->count);
    switch (node->kind) {
    case SIGMA_PREDICATE:
        return mix_predicate(hash, node->predicate);
    case SIGMA_REF:
        return node->selection ? mix_node(hash, node->selection->node)
                               : hash_mix(hash, node->index);
    default:
        for (uint32_t i = 0; node->children && i < node->count; i++)
            hash = mix_node(hash, node->children[i]);
        return hash;
    }
}

uint64_t rule_identity(const struct sigma_rule *rule)
{
    uint64_t hash = mix_text(mix_text(0, rule->meta.id), rule->meta.name);
    if (rule->meta.id.len || rule->meta.name.len)
        return hash_mix(hash, rule->derived);
    hash = mix_text(mix_text(hash, rule->meta.title), rule->logsource.product);
    hash = mix_text(mix_text(hash, rule->logsource.category), rule->logsource.service);
    return rule->condition ? mix_node(hash, rule->condition) : hash;
}

/* What it counts, not what it is called: a better title is no reason to start over. */
static uint64_t correlation_identity(const struct sigma_correlation *c, const uint64_t *rules,
                                     const uint64_t *correlations)
{
    uint64_t hash = hash_mix(mix_text(1, c->meta.id), c->type);
    hash = hash_mix(hash, (uint64_t)c->timespan_us);
    for (uint32_t i = 0; i < c->n_sources; i++) {
        const struct sigma_source *source = &c->sources[i];
        hash = hash_mix(hash, (source->correlation ? correlations : rules)[source->index]);
    }
    for (uint32_t g = 0; g < c->n_group_by; g++) {
        hash = mix_text(hash, c->group_by[g].name);
        for (uint32_t i = 0; i < c->n_sources; i++)
            hash = mix_text(hash, c->group_by[g].by_source[i]);
    }
    for (uint32_t i = 0; i < c->n_bounds; i++)
        hash = mix_number(hash_mix(hash, (uint64_t)c->bounds[i].op << 1 | c->bounds[i].negated),
                          c->bounds[i].number);
    for (uint32_t i = 0; i < c->n_fields; i++)
        hash = mix_text(hash, c->fields[i]);
    hash = mix_number(hash, c->percentile);
    return c->expression ? mix_node(hash, c->expression) : hash;
}

static int compare_identities(const void *a, const void *b)
{
    const struct identity *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

struct identity *identities_sort(const uint64_t *ids, uint32_t n)
{
    struct identity *sorted = calloc((size_t)n + 1, sizeof(*sorted));
    if (!sorted)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = (struct identity){ids[i], i};
    qsort(sorted, n, sizeof(*sorted), compare_identities);
    return sorted;
}

uint32_t identities_find(const struct identity *sorted, uint32_t n, uint64_t id)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && sorted[low].id == id ? sorted[low].index : SIGMA_NONE;
}

/* Those that are the same are told apart by their order: any of them may stand for any other. */
static int number_doubles(uint64_t *ids, uint32_t n)
{
    struct identity *sorted = identities_sort(ids, n);
    if (!sorted)
        return -ENOMEM;
    uint64_t ordinal = 0;
    for (uint32_t i = 1; i < n; i++) {
        ordinal = sorted[i].id == sorted[i - 1].id ? ordinal + 1 : 0;
        if (ordinal)
            ids[sorted[i].index] = hash_mix(sorted[i].id, ordinal);
    }
    free(sorted);
    return 0;
}

/* A way is the rule where it starts, and each correlation on it with the source it comes in by. */
static void name_path(struct identities *ids, const struct plan *plan, uint32_t index,
                      uint64_t below)
{
    const struct plan_path *path = &plan->paths.items[index];
    uint32_t correlation = plan->windows.items[path->window].correlation;
    ids->paths[index] = hash_mix(hash_mix(below, ids->correlations[correlation]), path->source);
    for (uint32_t k = 0; k < path->n_feeds; k++)
        name_path(ids, plan, path->feeds + k, ids->paths[index]);
}

static uint64_t slot_identity(const struct plan *plan, const struct plan_rule *rule,
                              const struct plan_slot *slot)
{
    uint64_t hash = hash_mix(slot->n, slot->number);
    for (uint32_t i = 0; i < slot->n; i++)
        hash = mix_text(
            hash, plan->fields.items[rule->fields + plan->slot_fields.items[slot->first + i]]);
    return hash;
}

int identities_make(struct identities *ids, const struct sigma_set *set, const struct plan *plan)
{
    uint32_t n_rules = (uint32_t)set->rules.len, n = (uint32_t)set->correlations.len;
    *ids = (struct identities){
        .rules = calloc((size_t)n_rules + 1, sizeof(uint64_t)),
        .correlations = calloc((size_t)n + 1, sizeof(uint64_t)),
        .paths = calloc(plan->paths.len + 1, sizeof(uint64_t)),
        .slots = calloc(plan->slots.len + 1, sizeof(uint64_t)),
    };
    if (!ids->rules || !ids->correlations || !ids->paths || !ids->slots)
        return -ENOMEM;
    for (uint32_t r = 0; r < n_rules; r++)
        ids->rules[r] = rule_identity(set->rules.items[r]);
    if (number_doubles(ids->rules, n_rules) < 0)
        return -ENOMEM;
    for (uint32_t c = 0; c < n; c++) /* each after those it counts */
        ids->correlations[c] =
            correlation_identity(set->correlations.items[c], ids->rules, ids->correlations);
    if (number_doubles(ids->correlations, n) < 0)
        return -ENOMEM;
    for (uint32_t r = 0; r < plan->n_rules; r++) {
        const struct plan_rule *rule = &plan->rules[r];
        for (uint32_t p = 0; p < rule->n_paths; p++)
            name_path(ids, plan, rule->paths + p, ids->rules[r]);
        for (uint32_t s = 0; s < rule->n_slots; s++)
            ids->slots[rule->slots + s] =
                slot_identity(plan, rule, &plan->slots.items[rule->slots + s]);
    }
    return 0;
}

void identities_free(struct identities *ids)
{
    free(ids->rules);
    free(ids->correlations);
    free(ids->paths);
    free(ids->slots);
    *ids = (struct identities){0};
}
