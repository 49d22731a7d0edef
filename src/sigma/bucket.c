#include "sigma/bucket.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "sigma/text.h"

/* Rules that are woken more often than this have their tests told by literals too. */
#define TRACK_ODDS 0.02f

/* ---- what a route says about predicates ---- */

/* What a predicate is on a route, without looking at an event. */
enum verdict { VERDICT_OPEN, VERDICT_FALSE, VERDICT_TRUE };

/* The field that can only have the route's event id, or FIELD_NONE. */
static uint32_t settled_field(const struct ruleset *ruleset, const struct route *route, bool wide)
{
    if (wide || route->any_event_id || route->dataset == DATASET_NONE || route->event_id.len == 0)
        return FIELD_NONE;
    return datasets_get(ruleset->datasets, route->dataset)->event_id_field;
}

static bool stands_for(const struct ruleset *ruleset, const struct route *route, uint32_t asked,
                       uint32_t native)
{
    uint32_t natives[ALIASES_MAX];
    return asked != FIELD_NONE &&
           datasets_resolve(ruleset->datasets, route, asked, natives, ALIASES_MAX) == 1 &&
           natives[0] == native;
}

static enum verdict settle_predicate(const struct predicate *predicate, struct str event_id,
                                     struct arena *arena)
{
    bool ascii;
    struct slot slot = {.type = VALUE_STRING};
    struct value value = {.slot = &slot, .text = event_id};
    switch (predicate->is->op) {
    case SIGMA_REGEX:
    case SIGMA_FIELD_EQUAL:
    case SIGMA_FIELD_PREFIX:
    case SIGMA_FIELD_SUFFIX:
    case SIGMA_FIELD_CONTAINS:
        return VERDICT_OPEN;
    case SIGMA_NULL:
        return VERDICT_FALSE;
    case SIGMA_EXISTS:
        return predicate->is->number != 0 ? VERDICT_TRUE : VERDICT_FALSE;
    default:
        value.folded = text_fold(event_id, arena, &ascii);
        if (!value.folded.ptr)
            return VERDICT_OPEN;
        return predicate_holds(predicate, &value, NULL) ? VERDICT_TRUE : VERDICT_FALSE;
    }
}

/* The verdicts of all predicates on a route; NULL: all are open, or no memory. */
static uint8_t *settle_all(const struct ruleset *ruleset, const struct route *route, bool wide,
                           struct arena *arena)
{
    uint32_t field = settled_field(ruleset, route, wide);
    if (field == FIELD_NONE)
        return NULL;
    uint8_t *verdicts = arena_zero(arena, ruleset->n_predicates, 1);
    if (!verdicts)
        return NULL;
    uint32_t asked = FIELD_NONE;
    bool same = false;
    for (uint32_t i = 0; i < ruleset->n_by_field; i++) {
        uint32_t number = ruleset->by_field[i];
        const struct predicate *predicate = &ruleset->predicates[number];
        if (predicate->field != asked) {
            asked = predicate->field;
            same = stands_for(ruleset, route, asked, field);
        }
        if (same)
            verdicts[number] = (uint8_t)settle_predicate(predicate, route->event_id, arena);
    }
    return verdicts;
}

static bool logsource_fits(const struct route *route, const struct logsource *wanted)
{
    for (uint32_t i = 0; i < route->n_logsources; i++)
        if (logsource_provides(&route->logsources[i], wanted))
            return true;
    return false;
}

uint64_t bucket_signature(const struct ruleset *ruleset, const struct route *route, bool wide)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    uint32_t settled = settled_field(ruleset, route, wide);
    uint64_t hash = hash_mix(settled, wide);
    for (uint32_t i = 0; i < ruleset->n_logsources; i++)
        hash = hash_mix(hash, logsource_fits(route, &ruleset->logsources[i]));
    uint32_t asked = FIELD_NONE, natives[ALIASES_MAX];
    for (uint32_t i = 0; i < ruleset->n_by_field; i++) {
        const struct predicate *predicate = &ruleset->predicates[ruleset->by_field[i]];
        if (predicate->field == asked)
            continue;
        asked = predicate->field;
        uint32_t n = datasets_resolve(ruleset->datasets, route, asked, natives, ALIASES_MAX);
        hash = hash_mix(hash, hash_bytes(natives, n * sizeof(*natives), n));
    }
    uint8_t *verdicts = settle_all(ruleset, route, wide, &arena);
    if (verdicts)
        hash = hash_mix(hash, hash_bytes(verdicts, ruleset->n_predicates, 1));
    arena_free(&arena);
    return hash;
}

/* ---- choosing rules ---- */

/* A copy of a clause with the verdicts put in. 0 or -ENOMEM. */
static int specialise(struct workbench *bench, const uint8_t *verdicts, const struct clause *from,
                      struct clause *to)
{
    *to = *from;
    if (from->kind == CLAUSE_TEST && verdicts && verdicts[from->number] != VERDICT_OPEN) {
        bool holds = (verdicts[from->number] == VERDICT_TRUE) != from->negated;
        to->kind = holds ? CLAUSE_TRUE : CLAUSE_FALSE;
    }
    if (from->kind != CLAUSE_ALL && from->kind != CLAUSE_ANY)
        return 0;
    to->items = arena_alloc(&bench->arena, from->number * sizeof(*to->items));
    if (!to->items)
        return -ENOMEM;
    for (uint32_t i = 0; i < from->number; i++)
        if (specialise(bench, verdicts, &from->items[i], &to->items[i]) < 0)
            return -ENOMEM;
    return 0;
}

static int choose_rules(struct workbench *bench, const struct route *route, bool wide)
{
    const struct ruleset *ruleset = bench->ruleset;
    const uint8_t *verdicts = settle_all(ruleset, route, wide, &bench->arena);
    bool *fits = arena_zero(&bench->arena, ruleset->n_logsources, sizeof(*fits));
    bench->drafts = arena_zero(&bench->arena, ruleset->set->rules.len, sizeof(*bench->drafts));
    if (!fits || !bench->drafts || (!verdicts && settled_field(ruleset, route, wide) != FIELD_NONE))
        return -ENOMEM;
    for (uint32_t i = 0; i < ruleset->n_logsources; i++)
        fits[i] = logsource_fits(route, &ruleset->logsources[i]);
    for (uint32_t i = 0; i < ruleset->set->rules.len; i++) {
        const struct compiled_rule *rule = &ruleset->rules[i];
        if (!rule->condition || !fits[rule->logsource])
            continue;
        struct draft *draft = &bench->drafts[bench->n_drafts];
        draft->rule = i;
        if (specialise(bench, verdicts, rule->condition, &draft->condition) < 0)
            return -ENOMEM;
        clause_simplify(&draft->condition);
        if (draft->condition.kind != CLAUSE_FALSE)
            bench->n_drafts++;
    }
    bench->bucket->event_id_field = settled_field(ruleset, route, wide);
    return 0;
}

/* ---- fields to columns ---- */

/* The column of a rule's field on this route, made when new; ENGINE_NONE: no memory. */
static uint32_t column_of(struct workbench *bench, uint32_t asked)
{
    if (bench->columns[asked] != ENGINE_NONE)
        return bench->columns[asked];
    uint32_t natives[ALIASES_MAX];
    uint32_t column = (uint32_t)bench->column_wakes.len;
    uint32_t n =
        datasets_resolve(bench->ruleset->datasets, bench->route, asked, natives, ALIASES_MAX);
    if (vec_push(&bench->column_wakes, ENGINE_NONE) < 0)
        return ENGINE_NONE;
    for (uint32_t i = 0; i < n; i++)
        if (natives[i] != FIELD_NONE &&
            vec_push(&bench->feeds, ((struct draft_feed){natives[i], column})) < 0)
            return ENGINE_NONE;
    return bench->columns[asked] = column;
}

uint32_t workbench_test(struct workbench *bench, uint32_t number)
{
    if (bench->tests[number] != ENGINE_NONE)
        return bench->tests[number];
    const struct predicate *predicate = &bench->ruleset->predicates[number];
    struct test test = {.predicate = predicate, .other_column = ENGINE_NONE};
    if (predicate->field != FIELD_NONE)
        test.column = column_of(bench, predicate->field);
    if (predicate->other_field != FIELD_NONE)
        test.other_column = column_of(bench, predicate->other_field);
    bool lost = predicate->other_field != FIELD_NONE && test.other_column == ENGINE_NONE;
    if (test.column == ENGINE_NONE || lost || vec_push(&bench->test_list, test) < 0)
        return ENGINE_NONE;
    return bench->tests[number] = (uint32_t)bench->test_list.len - 1;
}

static int compare_feeds(const void *a, const void *b)
{
    const struct draft_feed *x = a, *y = b;
    if (x->native != y->native)
        return x->native < y->native ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

/* A field's first column stands in its feed, others in feeds_more[more ..] up to ENGINE_NONE. */
static int settle_feeds(struct workbench *bench)
{
    struct bucket *bucket = bench->bucket;
    uint32_t n_fields = (uint32_t)fields_count(bench->ruleset->fields);
    size_t n = bench->feeds.len;
    bucket->feeds = arena_alloc(&bucket->arena, (n_fields + 1) * sizeof(*bucket->feeds));
    bucket->feeds_more = arena_alloc(&bucket->arena, (2 * n + 1) * sizeof(uint32_t));
    if (!bucket->feeds || !bucket->feeds_more)
        return -ENOMEM;
    bucket->n_feeds = n_fields;
    for (uint32_t i = 0; i < n_fields; i++)
        bucket->feeds[i] = (struct feed){.column = ENGINE_NONE};
    if (n > 0)
        qsort(bench->feeds.items, n, sizeof(*bench->feeds.items), compare_feeds);
    uint32_t more = 1;
    for (size_t i = 0; i < n;) {
        uint32_t native = bench->feeds.items[i].native;
        struct feed *feed = &bucket->feeds[native];
        feed->column = bench->feeds.items[i++].column;
        if (i == n || bench->feeds.items[i].native != native)
            continue;
        feed->more = more;
        for (; i < n && bench->feeds.items[i].native == native; i++)
            bucket->feeds_more[more++] = bench->feeds.items[i].column;
        bucket->feeds_more[more++] = ENGINE_NONE;
    }
    return 0;
}

/* ---- the whole ---- */

static int workbench_init(struct workbench *bench)
{
    size_t n_fields = fields_count(bench->ruleset->fields);
    size_t n_predicates = bench->ruleset->n_predicates;
    arena_init(&bench->arena, SIZE_MAX);
    bench->tests = arena_alloc(&bench->arena, (n_predicates + 1) * sizeof(uint32_t));
    bench->columns = arena_alloc(&bench->arena, (n_fields + 1) * sizeof(uint32_t));
    if (!bench->tests || !bench->columns)
        return -ENOMEM;
    memset(bench->tests, 0xff, n_predicates * sizeof(uint32_t)); /* ENGINE_NONE */
    memset(bench->columns, 0xff, n_fields * sizeof(uint32_t));
    return vec_push(&bench->column_wakes, ENGINE_NONE); /* column 0: keywords */
}

static void workbench_free(struct workbench *bench)
{
    vec_free(&bench->test_list);
    vec_free(&bench->column_wakes);
    vec_free(&bench->feeds);
    vec_free(&bench->literals);
    vec_free(&bench->links);
    vec_free(&bench->instructions);
    map_free(&bench->literal_ids);
    arena_free(&bench->arena);
}

/* A copy of `count` items in the bucket's arena. */
static void *settle_array(struct bucket *bucket, const void *items, size_t count, size_t size)
{
    void *copy = arena_alloc(&bucket->arena, (count + 1) * size);
    if (copy && count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

static int settle_rules(struct workbench *bench)
{
    struct bucket *bucket = bench->bucket;
    uint32_t n = bench->n_drafts;
    bucket->n_rules = n;
    bucket->n_words = (n + 63) / 64;
    bucket->rules = arena_alloc(&bucket->arena, (n + 1) * sizeof(uint32_t));
    bucket->programs = arena_alloc(&bucket->arena, (n + 1) * sizeof(uint32_t));
    if (!bucket->rules || !bucket->programs)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        bucket->rules[i] = bench->drafts[i].rule;
        float odds;
        if (trigger_choose(bench, i, &odds) < 0)
            return -ENOMEM;
        if (odds >= TRACK_ODDS && track_condition(bench, &bench->drafts[i].condition) < 0)
            return -ENOMEM;
    }
    /* All triggers are known now: programs ask what they tell first. */
    for (uint32_t i = 0; i < n; i++)
        if (program_add(bench, &bench->drafts[i].condition, &bucket->programs[i]) < 0)
            return -ENOMEM;
    return 0;
}

static int settle(struct workbench *bench)
{
    struct bucket *bucket = bench->bucket;
    if (settle_rules(bench) < 0 || trigger_settle(bench) < 0 || settle_feeds(bench) < 0)
        return -ENOMEM;
    bucket->n_tests = (uint32_t)bench->test_list.len;
    bucket->tests =
        settle_array(bucket, bench->test_list.items, bench->test_list.len, sizeof(*bucket->tests));
    bucket->n_instructions = (uint32_t)bench->instructions.len;
    bucket->instructions = settle_array(bucket, bench->instructions.items, bench->instructions.len,
                                        sizeof(*bucket->instructions));
    bucket->memory = bucket->arena.size + sizeof(*bucket);
    return bucket->tests && bucket->instructions ? 0 : -ENOMEM;
}

struct bucket *bucket_make(const struct ruleset *ruleset, const struct route *route, bool wide,
                           uint64_t signature)
{
    struct bucket *bucket = calloc(1, sizeof(*bucket));
    if (!bucket)
        return NULL;
    arena_init(&bucket->arena, SIZE_MAX);
    bucket->signature = signature;
    struct workbench bench = {
        .ruleset = ruleset, .route = route, .bucket = bucket, .always = ENGINE_NONE};
    int code = workbench_init(&bench);
    if (code == 0)
        code = choose_rules(&bench, route, wide);
    if (code == 0)
        code = settle(&bench);
    workbench_free(&bench);
    if (code < 0) {
        bucket_free(bucket);
        return NULL;
    }
    return bucket;
}

void bucket_free(struct bucket *bucket)
{
    if (!bucket)
        return;
    arena_free(&bucket->arena);
    free(bucket);
}

/* A bucket that was made of the same things, or NULL. */
static struct bucket *bucket_find(const struct ruleset *ruleset, uint64_t signature)
{
    struct bucket *bucket = atomic_load_explicit(&ruleset->buckets, memory_order_acquire);
    while (bucket && bucket->signature != signature)
        bucket = bucket->next;
    return bucket;
}

struct bucket *bucket_get(struct ruleset *ruleset, uint32_t number, bool wide)
{
    _Atomic(struct bucket *) *place = &(wide ? ruleset->by_route_wide : ruleset->by_route)[number];
    struct bucket *bucket = atomic_load_explicit(place, memory_order_acquire);
    if (bucket)
        return bucket;
    const struct route *route = datasets_route(ruleset->datasets, number);
    uint64_t signature = bucket_signature(ruleset, route, wide);
    bucket = bucket_find(ruleset, signature);
    if (!bucket) {
        /* Threads may race: each makes one, both are listed, either may be used. */
        bucket = bucket_make(ruleset, route, wide, signature);
        if (!bucket)
            return NULL;
        atomic_fetch_add(&ruleset->n_buckets, 1);
        atomic_fetch_add(&ruleset->bucket_memory, bucket->memory);
        bucket->next = atomic_load(&ruleset->buckets);
        while (!atomic_compare_exchange_weak(&ruleset->buckets, &bucket->next, bucket))
            ;
    }
    atomic_store_explicit(place, bucket, memory_order_release);
    return bucket;
}
