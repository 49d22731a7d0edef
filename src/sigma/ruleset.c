#include "sigma/ruleset.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "sigma/bucket.h"

/* ---- predicates, each once ---- */

struct cell {
    uint32_t number; /* of a predicate, + 1; 0: free */
    uint32_t hash;
};

/* What turns a set into a ruleset. */
struct builder {
    struct clause_maker maker; /* first: number_of() gets back from it */
    struct ruleset *ruleset;
    struct arena work;
    VEC(struct predicate) predicates;
    struct cell *cells; /* hash table of predicates */
    uint32_t mask;
    struct err err; /* of the rule being made */
};

static uint64_t hash_str(uint64_t hash, struct str s)
{
    return hash_mix(hash, hash_bytes(s.ptr, s.len, 1));
}

static uint64_t predicate_hash(const struct sigma_predicate *p)
{
    uint64_t bits;
    memcpy(&bits, &p->number, sizeof(bits));
    uint64_t hash = hash_mix(p->op, (uint64_t)p->cased | (uint64_t)p->regex_flags << 8 |
                                        (uint64_t)p->prefix_bits << 16 | (uint64_t)p->ipv6 << 24);
    hash = hash_mix(hash, hash_bytes(p->address, sizeof(p->address), 0));
    hash = hash_mix(hash, bits ^ (uint64_t)p->time_part << 52 ^ (uint64_t)p->number_op << 56);
    hash = hash_str(hash_str(hash, p->field), p->text);
    for (uint32_t i = 0; i < p->n_parts; i++)
        hash = hash_mix(hash_str(hash, p->parts[i].text), p->parts[i].kind);
    return hash;
}

static bool predicate_same(const struct sigma_predicate *a, const struct sigma_predicate *b)
{
    if (a->op != b->op || a->cased != b->cased || a->regex_flags != b->regex_flags ||
        a->prefix_bits != b->prefix_bits || a->ipv6 != b->ipv6 || a->time_part != b->time_part ||
        a->number_op != b->number_op || a->n_parts != b->n_parts ||
        memcmp(&a->number, &b->number, sizeof(a->number)) != 0 ||
        memcmp(a->address, b->address, sizeof(a->address)) != 0 || !str_eq(a->field, b->field) ||
        !str_eq(a->text, b->text))
        return false;
    for (uint32_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].kind != b->parts[i].kind || !str_eq(a->parts[i].text, b->parts[i].text))
            return false;
    return true;
}

static struct cell *cell_of(struct builder *builder, const struct sigma_predicate *is,
                            uint32_t hash)
{
    for (uint32_t i = hash & builder->mask;; i = (i + 1) & builder->mask) {
        struct cell *cell = &builder->cells[i];
        if (cell->number == 0 ||
            (cell->hash == hash &&
             predicate_same(builder->predicates.items[cell->number - 1].is, is)))
            return cell;
    }
}

/* Doubles the table while it is more than half full. */
static int make_room(struct builder *builder)
{
    if (builder->cells && 2 * builder->predicates.len <= builder->mask)
        return 0;
    uint64_t old = builder->cells ? (uint64_t)builder->mask + 1 : 0, cap = old ? 2 * old : 1u << 16;
    struct cell *cells = cap <= 1u << 31 ? calloc(cap, sizeof(*cells)) : NULL;
    if (!cells)
        return -ENOMEM;
    uint32_t mask = (uint32_t)(cap - 1);
    for (uint64_t i = 0; i < old; i++) {
        struct cell cell = builder->cells[i];
        uint32_t at = cell.hash & mask;
        while (cell.number != 0 && cells[at].number != 0)
            at = (at + 1) & mask;
        if (cell.number != 0)
            cells[at] = cell;
    }
    free(builder->cells);
    builder->cells = cells;
    builder->mask = mask;
    return 0;
}

static bool compares_fields(enum sigma_op op)
{
    return op == SIGMA_FIELD_EQUAL || op == SIGMA_FIELD_PREFIX || op == SIGMA_FIELD_SUFFIX ||
           op == SIGMA_FIELD_CONTAINS;
}

/* The number of a predicate: that of one that says the same, or a new one. */
static int number_of(struct clause_maker *maker, struct sigma_predicate *is)
{
    struct builder *builder = (struct builder *)maker;
    struct ruleset *ruleset = builder->ruleset;
    ruleset->n_asked++;
    if (make_room(builder) < 0 || builder->predicates.len >= INT32_MAX)
        return -ENOMEM;
    uint64_t hash = predicate_hash(is);
    struct cell *cell = cell_of(builder, is, (uint32_t)(hash >> 32));
    if (cell->number != 0) {
        builder->predicates.items[cell->number - 1].uses++;
        return (int)cell->number - 1;
    }
    struct predicate predicate = {
        .is = is, .field = fields_find(ruleset->fields, is->field), .uses = 1};
    if (compares_fields(is->op))
        predicate.other_field = fields_find(ruleset->fields, is->text);
    if (is->op == SIGMA_REGEX) {
        int code = regexes_add(&ruleset->regexes, is->text, is->regex_flags, &ruleset->arena,
                               &predicate.regex, &builder->err);
        if (code < 0)
            return code;
    }
    if (vec_push(&builder->predicates, predicate) < 0)
        return -ENOMEM;
    *cell = (struct cell){(uint32_t)builder->predicates.len, (uint32_t)(hash >> 32)};
    return (int)cell->number - 1;
}

/* ---- rules ---- */

/* The number of a logsource among the distinct ones; ENGINE_NONE: no memory. */
static uint32_t logsource_number(struct ruleset *ruleset, struct map *numbers, struct arena *work,
                                 const struct logsource *logsource)
{
    struct str key = arena_printf(work, "%.*s\n%.*s\n%.*s", STR_ARG(logsource->product),
                                  STR_ARG(logsource->category), STR_ARG(logsource->service));
    if (!key.ptr)
        return ENGINE_NONE;
    uint32_t number = map_get(numbers, key);
    if (number != MAP_NONE)
        return number;
    number = ruleset->n_logsources;
    if (map_put(numbers, key, number) < 0)
        return ENGINE_NONE;
    ruleset->logsources[ruleset->n_logsources++] = *logsource;
    return number;
}

static int refuse(struct ruleset *ruleset, const struct sigma_rule *rule, struct err *err)
{
    struct sigma_refusal refusal = {
        .origin = rule->meta.origin, .title = rule->meta.title, .id = rule->meta.id, .err = *err};
    if (refusal.err.line == 0)
        refusal.err.line = rule->meta.line;
    ruleset->set->n_unfit++;
    return vec_push(&ruleset->set->refusals, refusal);
}

/* Compiles one rule; a rule that can't be is refused. 0 or -ENOMEM. */
static int build_rule(struct builder *builder, uint32_t number)
{
    struct ruleset *ruleset = builder->ruleset;
    const struct sigma_rule *rule = ruleset->set->rules.items[number];
    builder->err = (struct err){0};
    struct clause *clause = clause_make(&builder->maker, rule->condition);
    ruleset->rules[number].condition = clause;
    if (clause || builder->maker.error == -ENOMEM)
        return clause ? 0 : -ENOMEM;
    if (builder->maker.error == -E2BIG)
        err_set(&builder->err, -E2BIG, "the condition has more than %u parts", CLAUSES_MAX);
    return refuse(ruleset, rule, &builder->err);
}

static int build_rules(struct builder *builder)
{
    struct ruleset *ruleset = builder->ruleset;
    uint32_t n = (uint32_t)ruleset->set->rules.len;
    struct map logsource_numbers = {0};
    int code = 0;
    ruleset->rules = arena_zero(&ruleset->arena, n + 1, sizeof(*ruleset->rules));
    ruleset->logsources = arena_zero(&ruleset->arena, n + 1, sizeof(*ruleset->logsources));
    if (!ruleset->rules || !ruleset->logsources)
        return -ENOMEM;
    for (uint32_t i = 0; i < n && code == 0; i++) {
        uint32_t logsource = logsource_number(ruleset, &logsource_numbers, &builder->work,
                                              &ruleset->set->rules.items[i]->logsource);
        ruleset->rules[i].logsource = logsource;
        code = logsource == ENGINE_NONE ? -ENOMEM : build_rule(builder, i);
    }
    map_free(&logsource_numbers);
    return code;
}

/* Predicates in the order of their fields, by counting. */
static int order_by_field(struct ruleset *ruleset, struct arena *work)
{
    size_t n_fields = fields_count(ruleset->fields);
    uint32_t *starts = arena_zero(work, n_fields + 1, sizeof(*starts));
    ruleset->by_field =
        arena_alloc(&ruleset->arena, (ruleset->n_predicates + 1) * sizeof(uint32_t));
    if (!starts || !ruleset->by_field)
        return -ENOMEM;
    for (uint32_t i = 0; i < ruleset->n_predicates; i++)
        if (ruleset->predicates[i].field != FIELD_NONE) {
            starts[ruleset->predicates[i].field + 1]++;
            ruleset->n_by_field++;
        }
    for (size_t i = 0; i < n_fields; i++)
        starts[i + 1] += starts[i];
    for (uint32_t i = 0; i < ruleset->n_predicates; i++)
        if (ruleset->predicates[i].field != FIELD_NONE)
            ruleset->by_field[starts[ruleset->predicates[i].field]++] = i;
    return 0;
}

static int build(struct ruleset *ruleset)
{
    struct builder builder = {.maker = {.arena = &ruleset->arena, .number = number_of},
                              .ruleset = ruleset};
    arena_init(&builder.work, SIZE_MAX);
    int code = build_rules(&builder);
    size_t n = builder.predicates.len;
    if (code == 0) {
        ruleset->predicates = arena_alloc(&ruleset->arena, (n + 1) * sizeof(*ruleset->predicates));
        code = ruleset->predicates ? 0 : -ENOMEM;
    }
    if (code == 0) {
        if (n > 0)
            memcpy(ruleset->predicates, builder.predicates.items, n * sizeof(*ruleset->predicates));
        ruleset->n_predicates = (uint32_t)n;
        code = order_by_field(ruleset, &builder.work);
    }
    vec_free(&builder.predicates);
    free(builder.cells);
    arena_free(&builder.work);
    return code;
}

/* ---- public ---- */

static int collect_node(const struct sigma_node *node, struct fields *fields)
{
    if (node->kind == SIGMA_PREDICATE) {
        const struct sigma_predicate *is = node->predicate;
        if (is->field.len > 0 && fields_add(fields, is->field) == FIELD_NONE)
            return -ENOMEM;
        if (compares_fields(is->op) && fields_add(fields, is->text) == FIELD_NONE)
            return -ENOMEM;
    }
    if (node->kind != SIGMA_AND && node->kind != SIGMA_OR && node->kind != SIGMA_NOT)
        return 0;
    uint32_t n = node->kind == SIGMA_NOT ? 1 : node->count;
    for (uint32_t i = 0; i < n; i++)
        if (collect_node(node->children[i], fields) < 0)
            return -ENOMEM;
    return 0;
}

int ruleset_collect_fields(const struct sigma_set *set, struct fields *fields)
{
    for (size_t i = 0; i < set->rules.len; i++) {
        const struct sigma_rule *rule = set->rules.items[i];
        for (uint32_t k = 0; k < rule->n_selections; k++)
            if (collect_node(rule->selections[k].node, fields) < 0)
                return -ENOMEM;
        if (collect_node(rule->condition, fields) < 0)
            return -ENOMEM;
    }
    return 0;
}

struct ruleset *ruleset_build(struct sigma_set *set, const struct fields *fields,
                              struct datasets *datasets, const struct ruleset_options *options,
                              struct err *err)
{
    struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
    if (!ruleset) {
        err_set(err, -ENOMEM, "no memory for the rules");
        return NULL;
    }
    arena_init(&ruleset->arena, SIZE_MAX);
    ruleset->set = set;
    ruleset->fields = fields;
    ruleset->datasets = datasets;
    if (options)
        ruleset->options = *options;
    ruleset->by_route = calloc(ROUTES_MAX, sizeof(*ruleset->by_route));
    ruleset->by_route_wide = calloc(ROUTES_MAX, sizeof(*ruleset->by_route_wide));
    if (!ruleset->by_route || !ruleset->by_route_wide || build(ruleset) < 0) {
        ruleset_free(ruleset);
        err_set(err, -ENOMEM, "no memory for the rules");
        return NULL;
    }
    return ruleset;
}

void ruleset_free(struct ruleset *ruleset)
{
    if (!ruleset)
        return;
    struct bucket *bucket = atomic_load(&ruleset->buckets);
    while (bucket) {
        struct bucket *next = bucket->next;
        bucket_free(bucket);
        bucket = next;
    }
    regexes_free(&ruleset->regexes);
    free(ruleset->by_route);
    free(ruleset->by_route_wide);
    arena_free(&ruleset->arena);
    free(ruleset);
}

void ruleset_stats(const struct ruleset *ruleset, struct ruleset_stats *ret_stats)
{
    *ret_stats = (struct ruleset_stats){
        .rules = (uint32_t)ruleset->set->rules.len,
        .predicates = ruleset->n_asked,
        .predicates_distinct = ruleset->n_predicates,
        .buckets = atomic_load(&ruleset->n_buckets),
        .regexes = (uint32_t)ruleset->regexes.items.len,
        .memory =
            ruleset->arena.size + ruleset->set->arena.size + atomic_load(&ruleset->bucket_memory),
    };
}
