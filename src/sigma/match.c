/*
 * The hot path: one event against its bucket, without locks and, once the scratch has
 * grown to the bucket's size, without allocation.
 *
 *     slots ─▶ columns (text, folded once) ─▶ literal hits ─▶ candidate bits ─▶ programs ─▶ matches
 */
#include <errno.h>
#include <stdlib.h>

#include "sigma/bucket.h"
#include "sigma/recall.h"
#include "sigma/text.h"

#define EPOCH_MAX (UINT32_MAX >> 1)
#define SCRATCH_MAX ((size_t)256 << 20) /* bytes of folded text of one event */

/* The values of a column in this event. */
struct column_state {
    uint32_t epoch; /* another one: no values */
    uint32_t first, last;
};

struct matcher {
    struct ruleset *ruleset;
    struct arena scratch; /* folded text of one event */
    struct regex_scratch regex;
    uint32_t epoch;
    struct recall_cell *recall;
    struct literal_hits hits; /* of one value; stamps and ids have room for n_literals */
    uint32_t n_literals;
    uint32_t *verdicts; /* by test: epoch << 1 | holds */
    uint32_t n_tests;
    struct column_state *columns;
    uint32_t n_columns;
    uint64_t *candidates; /* bit per bucket rule; all clear between events */
    uint32_t *matched;
    uint32_t n_words;
    VEC(struct value) values;
    bool failed; /* this event met a lack of memory */
    struct matcher_stats stats;
};

struct matcher *matcher_new(struct ruleset *ruleset)
{
    struct matcher *matcher = calloc(1, sizeof(*matcher));
    if (!matcher)
        return NULL;
    matcher->ruleset = ruleset;
    arena_init(&matcher->scratch, SCRATCH_MAX);
    matcher->recall = calloc(RECALL_CELLS, sizeof(*matcher->recall));
    if (!matcher->recall ||
        regex_scratch_init(&matcher->regex, ruleset->options.regex_match_limit) < 0) {
        free(matcher->recall);
        free(matcher);
        return NULL;
    }
    return matcher;
}

void matcher_free(struct matcher *matcher)
{
    if (!matcher)
        return;
    arena_free(&matcher->scratch);
    regex_scratch_free(&matcher->regex);
    free(matcher->recall);
    free(matcher->hits.stamps);
    free(matcher->hits.ids);
    free(matcher->verdicts);
    free(matcher->columns);
    free(matcher->candidates);
    free(matcher->matched);
    vec_free(&matcher->values);
    free(matcher);
}

/* Replaces *array by a zeroed one of `count` items. */
static int renew(void *array, uint32_t count, size_t size)
{
    void *fresh = calloc(count, size), *old;
    if (!fresh)
        return -ENOMEM;
    memcpy(&old, array, sizeof(old));
    free(old);
    memcpy(array, &fresh, sizeof(fresh));
    return 0;
}

/* Makes room for what a bucket needs. Zeroed arrays hold no epoch that will come. */
static int fit(struct matcher *matcher, const struct bucket *bucket)
{
    if (bucket->n_literals > matcher->n_literals) {
        if (renew(&matcher->hits.stamps, bucket->n_literals, sizeof(uint32_t)) < 0 ||
            renew(&matcher->hits.ids, bucket->n_literals, sizeof(uint32_t)) < 0)
            return -ENOMEM;
        matcher->n_literals = bucket->n_literals;
        matcher->hits.epoch = 0;
    }
    if (bucket->n_tests > matcher->n_tests) {
        if (renew(&matcher->verdicts, bucket->n_tests, sizeof(uint32_t)) < 0)
            return -ENOMEM;
        matcher->n_tests = bucket->n_tests;
    }
    if (bucket->n_columns > matcher->n_columns) {
        if (renew(&matcher->columns, bucket->n_columns, sizeof(*matcher->columns)) < 0)
            return -ENOMEM;
        matcher->n_columns = bucket->n_columns;
    }
    if (bucket->n_words > matcher->n_words) {
        if (renew(&matcher->candidates, bucket->n_words, sizeof(uint64_t)) < 0 ||
            renew(&matcher->matched, bucket->n_words * 64, sizeof(uint32_t)) < 0)
            return -ENOMEM;
        matcher->n_words = bucket->n_words;
    }
    return 0;
}

/* The next event's epoch; every few hours of matching the stamps start anew. */
static void advance(struct matcher *matcher)
{
    if (matcher->epoch == EPOCH_MAX) {
        matcher->epoch = 0;
        if (matcher->n_tests)
            memset(matcher->verdicts, 0, matcher->n_tests * sizeof(uint32_t));
        for (uint32_t i = 0; i < matcher->n_columns; i++)
            matcher->columns[i].epoch = 0;
    }
    matcher->epoch++;
    matcher->values.len = 0;
    matcher->failed = false;
    arena_reset(&matcher->scratch);
}

/* ---- values ---- */

static void wake(struct matcher *matcher, const struct bucket *bucket, uint32_t first,
                 uint32_t count)
{
    for (const uint32_t *rule = bucket->wakes + first; count-- > 0; rule++)
        matcher->candidates[*rule / 64] |= UINT64_C(1) << (*rule % 64);
}

/* Returns whether it is all ASCII. */
static bool value_fold(struct matcher *matcher, struct value *value)
{
    bool ascii = true;
    value->folded = text_fold(value->text, &matcher->scratch, &ascii);
    if (!value->folded.ptr) {
        matcher->failed = true;
        value->folded = STR("");
    }
    return ascii;
}

/* What hits of literals mean: candidates, and tests that hold. */
static void apply(struct matcher *matcher, const struct bucket *bucket, const uint32_t *ids,
                  uint32_t n)
{
    for (; n > 0; n--, ids++) {
        const struct woken *woken = &bucket->woken[*ids];
        const uint32_t *test = bucket->wakes + woken->first + woken->n_rules;
        wake(matcher, bucket, woken->first, woken->n_rules);
        for (uint32_t k = 0; k < woken->n_tests; k++)
            matcher->verdicts[test[k]] = matcher->epoch << 1 | 1;
    }
}

/* Finds the literals in a value, which is folded once for all its columns. */
static void search(struct matcher *matcher, const struct literal_set *set, struct event *event,
                   struct value *value)
{
    struct literal_hits *hits = &matcher->hits;
    if (!value->folded.ptr) {
        value->text = event_text(event, value->slot);
        value->ascii = value_fold(matcher, value);
    }
    if (++hits->epoch == 0) { /* a new round of stamps */
        memset(hits->stamps, 0, matcher->n_literals * sizeof(*hits->stamps));
        hits->epoch = 1;
    }
    hits->n = 0;
    literal_set_match(set, value->folded, value->ascii, hits);
}

/* Looks a value up among a column's literals, or remembers what that gave the last time. */
static void look_up(struct matcher *matcher, const struct bucket *bucket,
                    const struct column *column, struct event *event, struct value *value)
{
    const struct literal_set *set = &column->literals;
    uint64_t hash = 0;
    /* Reading the value may change the slot: what it was is the key. */
    struct str raw = str_of(value->slot->text, value->slot->text_len);
    uint8_t flags = value->slot->flags;
    struct recall_cell *cell = recall_cell(matcher->recall, set, value->slot, &hash);
    if (cell && recall_knows(cell, set, value->slot, hash)) {
        apply(matcher, bucket, cell->hits, cell->n_hits);
        return;
    }
    search(matcher, set, event, value);
    apply(matcher, bucket, matcher->hits.ids, matcher->hits.n);
    if (cell && !matcher->failed)
        recall_learn(cell, set, raw, flags, hash, &matcher->hits);
}

/* Notes a value in a column; the first one wakes those that ask for presence. */
static void link_value(struct matcher *matcher, const struct bucket *bucket, uint32_t number,
                       const struct value *value)
{
    struct column_state *state = &matcher->columns[number];
    uint32_t at = (uint32_t)matcher->values.len;
    if (vec_push(&matcher->values, *value) < 0) {
        matcher->failed = true;
        return;
    }
    if (state->epoch == matcher->epoch) {
        matcher->values.items[state->last].next = at;
        state->last = at;
        return;
    }
    *state = (struct column_state){matcher->epoch, at, at};
    wake(matcher, bucket, bucket->columns[number].wakes, bucket->columns[number].n_wakes);
}

static void take_slot(struct matcher *matcher, const struct bucket *bucket, struct event *event,
                      struct slot *slot)
{
    struct value value = {.slot = slot, .next = ENGINE_NONE};
    struct feed feed = {.column = ENGINE_NONE};
    bool has_text = slot->type < VALUE_NULL, keywords = bucket->columns[0].has_literals;
    if (slot->field < bucket->n_feeds)
        feed = bucket->feeds[slot->field];
    const uint32_t *more = bucket->feeds_more + feed.more;
    for (uint32_t number = feed.column; number != ENGINE_NONE;
         number = feed.more ? *more++ : ENGINE_NONE) {
        const struct column *column = &bucket->columns[number];
        if (has_text && column->has_literals) {
            look_up(matcher, bucket, column, event, &value);
            keywords &= !bucket->keywords_shared;
        }
        link_value(matcher, bucket, number, &value);
    }
    if (has_text && keywords)
        look_up(matcher, bucket, &bucket->columns[0], event, &value);
}

/* ---- tests ---- */

/* The values of a column, first to last: for (v = first(..); v; v = next(..)). */
static struct value *first_value(struct matcher *matcher, uint32_t column)
{
    const struct column_state *state = &matcher->columns[column];
    return state->epoch == matcher->epoch ? &matcher->values.items[state->first] : NULL;
}

static struct value *next_value(struct matcher *matcher, const struct value *value)
{
    return value->next == ENGINE_NONE ? NULL : &matcher->values.items[value->next];
}

static void prepare(struct matcher *matcher, struct event *event, struct value *value, bool folded)
{
    if (!value->text.ptr && value->slot->type < VALUE_NULL)
        value->text = event_text(event, value->slot);
    if (folded && !value->folded.ptr)
        value_fold(matcher, value);
}

static bool all_null(struct matcher *matcher, uint32_t column)
{
    for (struct value *value = first_value(matcher, column); value;
         value = next_value(matcher, value))
        if (value->slot->type != VALUE_NULL)
            return false;
    return true;
}

static bool any_pair(struct matcher *matcher, const struct test *test, struct event *event)
{
    bool folds = predicate_folds(test->predicate);
    if (test->other_column == ENGINE_NONE)
        return false;
    for (struct value *value = first_value(matcher, test->column); value;
         value = next_value(matcher, value)) {
        prepare(matcher, event, value, folds);
        for (struct value *other = first_value(matcher, test->other_column); other;
             other = next_value(matcher, other)) {
            prepare(matcher, event, other, folds);
            if (predicate_compare(test->predicate, value, other))
                return true;
        }
    }
    return false;
}

/* A keyword: all values of the event are asked. */
static bool any_slot(struct matcher *matcher, const struct test *test, struct event *event)
{
    bool folds = predicate_folds(test->predicate);
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct value value = {.slot = &event->slots[i]};
        prepare(matcher, event, &value, folds);
        if (predicate_holds(test->predicate, &value, &matcher->regex))
            return true;
    }
    return false;
}

static bool any_value(struct matcher *matcher, const struct test *test, struct event *event)
{
    bool folds = predicate_folds(test->predicate);
    for (struct value *value = first_value(matcher, test->column); value;
         value = next_value(matcher, value)) {
        prepare(matcher, event, value, folds);
        if (predicate_holds(test->predicate, value, &matcher->regex))
            return true;
    }
    return false;
}

static bool find_out(struct matcher *matcher, const struct test *test, struct event *event)
{
    switch (test->predicate->is->op) {
    case SIGMA_NULL:
        return all_null(matcher, test->column);
    case SIGMA_EXISTS:
        return !first_value(matcher, test->column) == (test->predicate->is->number == 0);
    case SIGMA_FIELD_EQUAL:
    case SIGMA_FIELD_PREFIX:
    case SIGMA_FIELD_SUFFIX:
    case SIGMA_FIELD_CONTAINS:
        return any_pair(matcher, test, event);
    default:
        return (test->column == 0 ? any_slot : any_value)(matcher, test, event);
    }
}

/* Instructions ask; a test of which literals tell nothing is found out once. */
static inline bool ask(struct matcher *matcher, const struct bucket *bucket, uint32_t asked,
                       struct event *event)
{
    uint32_t number = asked & ~INSTRUCTION_TRACKED;
    uint32_t verdict = matcher->verdicts[number];
    if (verdict >> 1 == matcher->epoch)
        return verdict & 1;
    if (asked & INSTRUCTION_TRACKED)
        return false;
    bool holds = find_out(matcher, &bucket->tests[number], event);
    matcher->verdicts[number] = matcher->epoch << 1 | holds;
    return holds;
}

static bool run_program(struct matcher *matcher, const struct bucket *bucket, uint32_t at,
                        struct event *event)
{
    while (at < PROGRAM_MISS) {
        const struct instruction *instruction = &bucket->instructions[at];
        at = instruction->on[ask(matcher, bucket, instruction->test, event)];
    }
    return at == PROGRAM_MATCH;
}

/* ---- the whole ---- */

/* Has the event only the route's event id? If not, the bucket specialised for it is not for it. */
static bool event_id_is_plain(struct event *event, uint32_t field, struct str event_id)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        if (slot->field != field)
            continue;
        if (n++ > 0 || slot->type >= VALUE_NULL || !str_eq(event_text(event, slot), event_id))
            return false;
    }
    return n == 1;
}

static struct bucket *bucket_of(struct matcher *matcher, struct event *event)
{
    struct ruleset *ruleset = matcher->ruleset;
    if (event->route >= ROUTES_MAX)
        return NULL; /* ROUTE_NONE: no logsource, no rule */
    struct bucket *bucket = bucket_get(ruleset, event->route, false);
    if (bucket && bucket->event_id_field != FIELD_NONE &&
        !event_id_is_plain(event, bucket->event_id_field,
                           datasets_route(ruleset->datasets, event->route)->event_id))
        bucket = bucket_get(ruleset, event->route, true);
    if (!bucket || fit(matcher, bucket) < 0) {
        matcher->stats.failed++;
        return NULL;
    }
    return bucket;
}

/* Looks the event's values up: sets the candidates, and the verdicts of tracked tests. */
static void find_candidates(struct matcher *matcher, const struct bucket *bucket,
                            struct event *event)
{
    advance(matcher);
    if (event->n_slots > 0)
        wake(matcher, bucket, bucket->columns[0].wakes, bucket->columns[0].n_wakes);
    for (uint32_t i = 0; i < event->n_slots; i++)
        take_slot(matcher, bucket, event, &event->slots[i]);
}

size_t matcher_run(struct matcher *matcher, struct event *event, const uint32_t **ret_rules)
{
    matcher->stats.events++;
    *ret_rules = NULL;
    struct bucket *bucket = bucket_of(matcher, event);
    if (!bucket || bucket->n_rules == 0)
        return 0;
    find_candidates(matcher, bucket, event);
    size_t n = 0;
    for (uint32_t i = 0; i < bucket->n_words; i++) {
        uint64_t word = matcher->candidates[i] | bucket->always[i];
        matcher->candidates[i] = 0;
        for (; word; word &= word - 1) {
            uint32_t rule = i * 64 + (uint32_t)__builtin_ctzll(word);
            matcher->stats.candidates++;
            if (run_program(matcher, bucket, bucket->programs[rule], event))
                matcher->matched[n++] = bucket->rules[rule];
        }
    }
    matcher->stats.matches += n;
    matcher->stats.failed += matcher->failed;
    *ret_rules = matcher->matched;
    return n;
}

/* One candidate, as if it were the only rule: what others have found out is forgotten first. */
static void profile_rule(struct matcher *matcher, const struct bucket *bucket, uint32_t rule,
                         struct event *event, uint64_t (*clock_ns)(void), struct rule_cost *cost)
{
    for (uint32_t i = 0; i < bucket->n_tests; i++)
        if (!bucket->tests[i].tracked)
            matcher->verdicts[i] = 0;
    uint64_t start = clock_ns();
    bool matched = run_program(matcher, bucket, bucket->programs[rule], event);
    cost->ns += clock_ns() - start;
    cost->asked++;
    cost->matched += matched;
}

void matcher_profile(struct matcher *matcher, struct event *event, uint64_t (*clock_ns)(void),
                     struct rule_cost *costs)
{
    struct bucket *bucket = bucket_of(matcher, event);
    if (!bucket || bucket->n_rules == 0)
        return;
    find_candidates(matcher, bucket, event);
    for (uint32_t i = 0; i < bucket->n_rules; i++) {
        uint64_t bit = UINT64_C(1) << (i % 64);
        costs[bucket->rules[i]].events++;
        if ((matcher->candidates[i / 64] | bucket->always[i / 64]) & bit)
            profile_rule(matcher, bucket, i, event, clock_ns, &costs[bucket->rules[i]]);
    }
    for (uint32_t i = 0; i < bucket->n_words; i++)
        matcher->candidates[i] = 0;
}

void matcher_stats(const struct matcher *matcher, struct matcher_stats *ret_stats)
{
    *ret_stats = matcher->stats;
    ret_stats->regex_limited = matcher->regex.limited;
    ret_stats->regex_rescued = matcher->regex.rescued;
}
