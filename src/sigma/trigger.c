/*
 * What wakes a rule. Any match of a condition makes at least one of its triggers
 * true, so a rule none of whose triggers is seen need not be asked at all:
 *
 *     ALL   the triggers of one item (the one least often seen in vain)
 *     ANY   the triggers of every item
 *     TEST  its hooks (strings a passing value must hold), or that the field has a value at all
 *     NOT   nothing, unless it says that there is a value
 */
#include <errno.h>

#include "base/utf8.h"
#include "sigma/bucket.h"

/* Odds that something is seen in an event of the bucket, guessed; NEVER_TELLS: it is no trigger. */
#define NEVER_TELLS 1e9f
#define ODDS_PRESENT 1.5f /* more than any string: waking for every event is the last resort */
#define ODDS_MAX 1.0f

#define SHARED_MAX 20000 /* copies of keywords' literals in other columns */

/* By length: short strings stand in many values. What is not ASCII stands in few. */
static float hook_odds(const struct hook *hook)
{
    static const float CONTAINS[] = {1,     0.6f,   0.4f,   0.15f, 0.06f,
                                     0.04f, 0.025f, 0.015f, 0.01f, 0.008f};
    static const float SUFFIX[] = {1,     0.5f,   0.5f,   0.5f,   0.4f,
                                   0.02f, 0.012f, 0.008f, 0.006f, 0.004f};
    size_t len = hook->text.len;
    if (len > 0 && !utf8_is_ascii(hook->text))
        return 0.0002f;
    switch (hook->op) {
    case LITERAL_CONTAINS:
        return len < 10 ? CONTAINS[len] : 0.004f;
    case LITERAL_SUFFIX:
        return len < 10 ? SUFFIX[len] : 0.003f;
    case LITERAL_PREFIX: /* folders and keys begin alike */
        return len < 12 ? 0.4f : len < 24 ? 0.15f : 0.03f;
    default:
        return len < 2 ? 0.2f : len < 6 ? 0.03f : 0.004f;
    }
}

/* What many rules ask for is what many events hold. */
static float popularity(uint32_t uses)
{
    return 1.0f + (float)uses / 6.0f;
}

static float test_odds(struct workbench *bench, const struct clause *clause)
{
    const struct predicate *predicate = &bench->ruleset->predicates[clause->number];
    enum sigma_op op = predicate->is->op;
    bool absent = op == SIGMA_NULL || (op == SIGMA_EXISTS && predicate->is->number == 0);
    if (absent || clause->negated)
        return absent && clause->negated ? ODDS_PRESENT : NEVER_TELLS;
    struct hook hooks[HOOKS_MAX];
    bool same;
    uint32_t n = predicate_hooks(predicate, &bench->arena, hooks, &same);
    if (n == 0)
        return ODDS_PRESENT;
    float sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += hook_odds(&hooks[i]) * popularity(predicate->uses);
    return sum < ODDS_MAX ? sum : ODDS_MAX;
}

static float clause_odds(struct workbench *bench, const struct clause *clause)
{
    float odds;
    switch (clause->kind) {
    case CLAUSE_TEST:
        return test_odds(bench, clause);
    case CLAUSE_ALL:
        odds = NEVER_TELLS;
        for (uint32_t i = 0; i < clause->number; i++) {
            float item = clause_odds(bench, &clause->items[i]);
            odds = item < odds ? item : odds;
        }
        return odds;
    case CLAUSE_ANY:
        odds = 0;
        for (uint32_t i = 0; i < clause->number && odds < NEVER_TELLS; i++)
            odds += clause_odds(bench, &clause->items[i]);
        return odds < NEVER_TELLS ? odds : NEVER_TELLS;
    default:
        return NEVER_TELLS; /* TRUE */
    }
}

/* Any value in the column wakes the rule. */
static int emit_presence(struct workbench *bench, uint32_t test, uint32_t draft)
{
    uint32_t column = bench->test_list.items[test].column;
    return workbench_link(bench, &bench->column_wakes.items[column], draft);
}

static int emit_test(struct workbench *bench, const struct clause *clause, uint32_t draft)
{
    const struct predicate *predicate = &bench->ruleset->predicates[clause->number];
    uint32_t test = workbench_test(bench, clause->number);
    if (test == ENGINE_NONE)
        return -ENOMEM;
    struct hook hooks[HOOKS_MAX];
    bool same = false;
    uint32_t n = clause->negated ? 0 : predicate_hooks(predicate, &bench->arena, hooks, &same);
    if (n == 0)
        return emit_presence(bench, test, draft);
    uint32_t column = bench->test_list.items[test].column;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = workbench_literal(bench, column, &hooks[i]);
        if (id == ENGINE_NONE || workbench_link(bench, &bench->literals.items[id].wakes, draft) < 0)
            return -ENOMEM;
    }
    return same && n == 1 ? track_test(bench, clause->number) : 0;
}

/* Notes the triggers of a clause whose odds are known to be less than NEVER_TELLS. */
static int emit(struct workbench *bench, const struct clause *clause, uint32_t draft)
{
    if (clause->kind == CLAUSE_TEST)
        return emit_test(bench, clause, draft);
    if (clause->kind == CLAUSE_ANY) {
        for (uint32_t i = 0; i < clause->number; i++)
            if (emit(bench, &clause->items[i], draft) < 0)
                return -ENOMEM;
        return 0;
    }
    const struct clause *best = NULL;
    float best_odds = NEVER_TELLS;
    for (uint32_t i = 0; i < clause->number; i++) {
        float odds = clause_odds(bench, &clause->items[i]);
        if (odds < best_odds) {
            best_odds = odds;
            best = &clause->items[i];
        }
    }
    return emit(bench, best, draft);
}

int trigger_choose(struct workbench *bench, uint32_t draft, float *ret_odds)
{
    const struct clause *condition = &bench->drafts[draft].condition;
    *ret_odds = clause_odds(bench, condition);
    if (*ret_odds >= NEVER_TELLS)
        return workbench_link(bench, &bench->always, draft);
    return emit(bench, condition, draft);
}

/* ---- into the bucket ---- */

/* Copies a list to bucket->wakes[*n ..]; returns how many. */
static uint32_t settle_list(struct workbench *bench, uint32_t newest, uint32_t *n)
{
    uint32_t count = 0;
    for (uint32_t i = newest; i != ENGINE_NONE; i = bench->links.items[i].next, count++)
        bench->bucket->wakes[(*n)++] = bench->links.items[i].number;
    return count;
}

/* Draft literals in the order of their columns: places[id] is where the literal goes. */
static uint32_t *order_literals(struct workbench *bench, uint32_t *starts)
{
    uint32_t n = (uint32_t)bench->literals.len, n_columns = (uint32_t)bench->column_wakes.len;
    uint32_t *places = arena_alloc(&bench->arena, (n + 1) * sizeof(*places));
    uint32_t *next = arena_zero(&bench->arena, n_columns + 1, sizeof(*next));
    if (!places || !next)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        starts[bench->literals.items[i].column + 1]++;
    for (uint32_t i = 0; i < n_columns; i++) {
        starts[i + 1] += starts[i];
        next[i] = starts[i];
    }
    for (uint32_t i = 0; i < n; i++)
        places[i] = next[bench->literals.items[i].column]++;
    return places;
}

static int settle_literals(struct workbench *bench, const uint32_t *places, uint32_t *n_wakes)
{
    struct bucket *bucket = bench->bucket;
    for (uint32_t i = 0; i < bucket->n_literals; i++) {
        const struct draft_literal *draft = &bench->literals.items[i];
        struct literal *literal = &bucket->literals[places[i]];
        *literal = draft->literal;
        literal->text = arena_copy(&bucket->arena, draft->literal.text);
        if (!literal->text.ptr)
            return -ENOMEM;
        struct woken *woken = &bucket->woken[places[i]];
        woken->first = *n_wakes;
        woken->n_rules = settle_list(bench, draft->wakes, n_wakes);
        woken->n_tests = settle_list(bench, draft->tells, n_wakes);
    }
    return 0;
}

/*
 * Gives the literals of keywords to every column that has its own: a value is then read once, not
 * once more for the keywords.
 */
static int share_keywords(struct workbench *bench)
{
    size_t n = bench->literals.len, n_keywords = 0, n_columns = 0;
    bool *has_literals = arena_zero(&bench->arena, bench->column_wakes.len, sizeof(bool));
    if (!has_literals)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        n_keywords += bench->literals.items[i].column == 0;
        n_columns += !has_literals[bench->literals.items[i].column];
        has_literals[bench->literals.items[i].column] = true;
    }
    if (n_keywords * n_columns > SHARED_MAX)
        return 0;
    bench->bucket->keywords_shared = true;
    for (size_t i = 0; i < n; i++)
        for (uint32_t column = 1; column < bench->column_wakes.len; column++) {
            struct draft_literal literal = bench->literals.items[i];
            if (literal.column != 0 || !has_literals[column])
                continue;
            literal.column = column;
            if (vec_push(&bench->literals, literal) < 0)
                return -ENOMEM;
        }
    return 0;
}

/* Room for every list, where copies of literals share one. */
static size_t count_wakes(const struct workbench *bench)
{
    size_t n = bench->links.len;
    if (!bench->bucket->keywords_shared)
        return n;
    for (size_t i = 0; i < bench->literals.len; i++) {
        const struct draft_literal *literal = &bench->literals.items[i];
        for (uint32_t k = literal->wakes; k != ENGINE_NONE; k = bench->links.items[k].next)
            n++;
        for (uint32_t k = literal->tells; k != ENGINE_NONE; k = bench->links.items[k].next)
            n++;
    }
    return n;
}

int trigger_settle(struct workbench *bench)
{
    struct bucket *bucket = bench->bucket;
    struct arena *arena = &bucket->arena;
    if (share_keywords(bench) < 0)
        return -ENOMEM;
    bucket->n_columns = (uint32_t)bench->column_wakes.len;
    bucket->n_literals = (uint32_t)bench->literals.len;
    bucket->columns = arena_zero(arena, bucket->n_columns, sizeof(*bucket->columns));
    bucket->literals = arena_zero(arena, bucket->n_literals + 1, sizeof(*bucket->literals));
    bucket->woken = arena_zero(arena, bucket->n_literals + 1, sizeof(*bucket->woken));
    bucket->wakes = arena_alloc(arena, (count_wakes(bench) + 1) * sizeof(*bucket->wakes));
    bucket->always = arena_zero(arena, bucket->n_words + 1, sizeof(*bucket->always));
    uint32_t *starts = arena_zero(&bench->arena, bucket->n_columns + 1, sizeof(*starts));
    uint32_t *places = starts ? order_literals(bench, starts) : NULL;
    if (!bucket->columns || !bucket->literals || !bucket->woken || !bucket->wakes ||
        !bucket->always || !places)
        return -ENOMEM;
    uint32_t n_wakes = 0;
    if (settle_literals(bench, places, &n_wakes) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < bucket->n_columns; i++) {
        struct column *column = &bucket->columns[i];
        column->wakes = n_wakes;
        column->n_wakes = settle_list(bench, bench->column_wakes.items[i], &n_wakes);
        column->has_literals = starts[i + 1] > starts[i];
        if (column->has_literals &&
            literal_set_build(&column->literals, bucket->literals, starts[i],
                              starts[i + 1] - starts[i], arena, &bench->arena) < 0)
            return -ENOMEM;
    }
    for (uint32_t i = bench->always; i != ENGINE_NONE; i = bench->links.items[i].next) {
        uint32_t rule = bench->links.items[i].number;
        bucket->always[rule / 64] |= UINT64_C(1) << (rule % 64);
    }
    return 0;
}
