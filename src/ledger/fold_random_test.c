/* Random matches in random transactions against a plain model of what folding means. */
#include "base/test.h"
#include "ledger/ledger_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/vec.h"

#define SEEDS 8
#define TRANSACTIONS 20
#define FOLDS 3

static uint32_t random_state;

/* 0 to n − 1 (xorshift32). */
static uint32_t pick(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

/* ---- the model ---- */

struct model_finding {
    char id[FINDING_ID_MAX];
    unsigned fold; /* FOLDS: never folds */
    bool open;
    int64_t first, last;
    uint64_t count, throttled, kept;
    unsigned level;
};

struct model {
    VEC(struct model_finding) findings;
    bool once[64];
};

/* Of the open ones within the window, the one whose last match is latest, then the youngest. */
static struct model_finding *model_find(struct model *model, unsigned fold, int64_t time,
                                        int64_t fold_us)
{
    struct model_finding *best = NULL;
    for (size_t i = 0; fold < FOLDS && i < model->findings.len; i++) {
        struct model_finding *finding = &model->findings.items[i];
        if (finding->open && finding->fold == fold && time <= finding->last + fold_us &&
            time >= finding->first - fold_us && (!best || finding->last >= best->last))
            best = finding;
    }
    return best;
}

static void model_copy(const struct model *from, struct model *to)
{
    assert_int_equal(vec_reserve(&to->findings, from->findings.len + 1), 0);
    for (size_t i = 0; i < from->findings.len; i++)
        to->findings.items[i] = from->findings.items[i];
    to->findings.len = from->findings.len;
    memcpy(to->once, from->once, sizeof(to->once));
}

/* ---- a step of both ---- */

static void take_random(struct ledger *ledger, struct model *model)
{
    struct ledger_event events[3] = {{.json = STR("{}")}, {.json = STR("{}")}, {.json = STR("{}")}};
    struct ledger_match match = test_match(TEST_NOW + (int64_t)pick(300) * TIME_SECOND_US);
    unsigned fold = pick(FOLDS + 1), once = pick(8) ? 64 : pick(64);
    char fold_text[8], once_text[8], id[FINDING_ID_MAX];
    bool is_new, taken;
    match.fold =
        fold == FOLDS ? STR("") : str_of(fold_text, (size_t)snprintf(fold_text, 8, "f%u", fold));
    if (once < 64)
        match.once = str_of(once_text, (size_t)snprintf(once_text, 8, "o%u", once));
    match.fold_us = (int64_t)pick(4) * 15 * TIME_SECOND_US;
    match.level = (uint8_t)(pick(5) + 1);
    match.count = pick(3) + 1;
    match.throttled = pick(2);
    match.events = events;
    match.n_events = pick(4);
    assert_int_equal(finding_take(ledger, &match, &is_new, &taken, id), 0);
    assert_int_equal(taken, once == 64 || !model->once[once]);
    if (!taken)
        return;
    if (once < 64)
        model->once[once] = true;
    struct model_finding *finding = model_find(model, fold, match.time, match.fold_us);
    assert_int_equal(is_new, !finding);
    if (!finding) {
        struct model_finding opened = {
            .fold = fold, .open = true, .first = match.time, .last = match.time};
        memcpy(opened.id, id, sizeof(id));
        assert_int_equal(vec_push(&model->findings, opened), 0);
        finding = &model->findings.items[model->findings.len - 1];
    }
    assert_string_equal(finding->id, id);
    time_extend(&finding->first, &finding->last, match.time);
    finding->count += match.count;
    finding->throttled += match.throttled;
    finding->kept += match.n_events;
    if (finding->kept > LEDGER_EVENTS_MAX)
        finding->kept = LEDGER_EVENTS_MAX;
    if (match.level > finding->level)
        finding->level = match.level;
}

static void close_random(struct ledger *ledger, struct model *model)
{
    if (model->findings.len == 0)
        return;
    struct model_finding *finding = &model->findings.items[pick((uint32_t)model->findings.len)];
    enum finding_status status = pick(3) ? FINDING_CLOSED : FINDING_OPEN;
    assert_int_equal(
        finding_set_status(ledger, &test_all, str_from_c(finding->id), status, STR("bob")), 0);
    finding->open = status == FINDING_OPEN;
}

static void clear_random(struct ledger *ledger, struct model *model)
{
    unsigned fold = pick(FOLDS);
    char text[8];
    bool any = false;
    for (size_t i = 0; i < model->findings.len; i++) {
        struct model_finding *finding = &model->findings.items[i];
        any |= finding->open && finding->fold == fold;
        if (finding->fold == fold)
            finding->open = false;
    }
    size_t len = (size_t)snprintf(text, sizeof(text), "f%u", fold);
    assert_int_equal(finding_clear(ledger, str_of(text, len), TEST_NOW), any ? 0 : -ENOENT);
}

/* ---- comparing ---- */

static int count_event(void *context, const struct ledger_event *event)
{
    (void)event;
    (*(uint64_t *)context)++;
    return 0;
}

static void compare_one(struct ledger *ledger, const struct model_finding *wanted)
{
    struct ledger_finding finding;
    uint64_t kept = 0;
    struct str id = str_from_c(wanted->id);
    assert_int_equal(finding_events(ledger, &test_all, id, count_event, &kept), 0);
    assert_int_equal(finding_get(ledger, &test_all, id, &finding), 0);
    assert_int_equal(finding.count, wanted->count);
    assert_int_equal(finding.throttled, wanted->throttled);
    assert_int_equal(finding.level, wanted->level);
    assert_int_equal(finding.first, wanted->first);
    assert_int_equal(finding.last, wanted->last);
    assert_int_equal(finding.status == FINDING_OPEN, wanted->open);
    assert_int_equal(kept, wanted->kept);
}

struct order {
    uint64_t n, change;
};

static int see_rising(void *context, const struct ledger_finding *finding)
{
    struct order *order = context;
    assert_true(finding->change > order->change);
    order->change = finding->change;
    order->n++;
    return 0;
}

static void compare(struct ledger *ledger, const struct model *model)
{
    struct finding_query query = {.kind = -1,
                                  .status = -1,
                                  .from = TIME_UNSET,
                                  .to = TIME_UNSET,
                                  .ascending = true,
                                  .limit = LEDGER_PAGE_MAX};
    struct order order = {0};
    struct buf cursor = {0};
    uint64_t change;
    for (size_t i = 0; i < model->findings.len; i++)
        compare_one(ledger, &model->findings.items[i]);
    assert_int_equal(finding_list(ledger, &test_all, &query, see_rising, &order, &cursor), 0);
    assert_int_equal(order.n, model->findings.len);
    assert_int_equal(finding_change(ledger, &change), 0);
    assert_true(change >= order.change);
}

/* A transaction of random length; one in five is undone, in the model too. */
static void run_transaction(struct ledger *ledger, struct model *model)
{
    struct model before = {0};
    bool undo = pick(5) == 0;
    model_copy(model, &before);
    assert_int_equal(ledger_begin(ledger, STR("t"), STR("t")), 0);
    for (uint32_t i = pick(80); i > 0; i--) {
        uint32_t what = pick(40);
        if (what < 2)
            close_random(ledger, model);
        else if (what < 4)
            clear_random(ledger, model);
        else if (what == 4)
            compare(ledger, model); /* what is open reads what it has written */
        else
            take_random(ledger, model);
    }
    if (undo) {
        ledger_abort(ledger);
        model_copy(&before, model);
    } else {
        assert_int_equal(ledger_commit(ledger), 0);
    }
    vec_free(&before.findings);
}

static void random_matches_fold_as_the_plain_model_says(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct scratch scratch;
        struct model model = {0};
        random_state = seed * 2654435761u;
        print_message("seed %u\n", seed);
        scratch_open(&scratch);
        for (unsigned i = 0; i < TRANSACTIONS; i++)
            run_transaction(scratch.ledger, &model);
        compare(scratch.ledger, &model);
        assert_whole(scratch.ledger);
        vec_free(&model.findings);
        scratch_close(&scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_matches_fold_as_the_plain_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
