#include "base/test.h"
#include "ledger/ledger_test.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/time.h"

#define SECOND TIME_SECOND_US

static struct ledger *ledger_of(void **state)
{
    return ((struct scratch *)*state)->ledger;
}

/* Takes a match that has to be taken; tells whether it opened a finding. */
static bool take(struct ledger *ledger, const struct ledger_match *match, char *ret_id)
{
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    assert_int_equal(finding_take(ledger, match, &is_new, &taken, ret_id ? ret_id : id), 0);
    assert_true(taken);
    return is_new;
}

static struct ledger_finding get(struct ledger *ledger, const char *id)
{
    struct ledger_finding finding;
    assert_int_equal(finding_get(ledger, &test_all, str_from_c(id), &finding), 0);
    return finding;
}

static int count_one(void *context, const struct ledger_finding *finding)
{
    (void)finding;
    (*(unsigned *)context)++;
    return 0;
}

static const struct finding_query any = {
    .kind = -1, .status = -1, .from = TIME_UNSET, .to = TIME_UNSET};

static unsigned count(struct ledger *ledger, const struct ledger_scope *scope,
                      struct finding_query query)
{
    unsigned n = 0;
    struct buf cursor = {0};
    query.limit = LEDGER_PAGE_MAX;
    assert_int_equal(finding_list(ledger, scope, &query, count_one, &n, &cursor), 0);
    buf_free(&cursor);
    return n;
}

/* ---- folding ---- */

static void a_match_is_kept_with_all_it_says(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW - SECOND);
    char id[FINDING_ID_MAX];
    assert_true(take(ledger, &match, id));
    struct ledger_finding finding = get(ledger, id);
    assert_int_equal(strlen(id), 28);
    assert_str(finding.agency, "moh");
    assert_str(finding.rule, "r");
    assert_str(finding.title, "Whoami was run");
    assert_str(finding.host, "h");
    assert_str(finding.user, "anna");
    assert_str(finding.source, "dc1");
    assert_str(finding.tags, "[\"attack.t1033\"]");
    assert_str(finding.ocsf, "{\"class_uid\":2004}");
    assert_int_equal(finding.level, 4);
    assert_int_equal(finding.kind, FINDING_RULE);
    assert_int_equal(finding.status, FINDING_OPEN);
    assert_int_equal(finding.count, 1);
    assert_int_equal(finding.first, TEST_NOW - SECOND);
    assert_int_equal(finding.last, TEST_NOW - SECOND);
    assert_int_equal(finding.created, TEST_NOW);
    assert_int_equal(finding.updated, TEST_NOW);
}

static void repeats_within_the_window_are_one_finding(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    char first[FINDING_ID_MAX], other[FINDING_ID_MAX];
    assert_true(take(ledger, &match, first));
    uint64_t change = get(ledger, first).change;
    match.time = TEST_NOW + 60 * SECOND; /* the very end of the window */
    match.count = 5;
    match.throttled = 3;
    match.level = 5;
    match.title = STR("not the title of the first");
    assert_false(take(ledger, &match, other));
    assert_string_equal(first, other);
    struct ledger_finding finding = get(ledger, first);
    assert_int_equal(finding.count, 6);
    assert_int_equal(finding.throttled, 3);
    assert_int_equal(finding.level, 5);
    assert_int_equal(finding.first, TEST_NOW);
    assert_int_equal(finding.last, TEST_NOW + 60 * SECOND);
    assert_str(finding.title, "Whoami was run");
    assert_true(finding.change > change);
    match.time = TEST_NOW + 120 * SECOND + 1; /* just behind it */
    assert_true(take(ledger, &match, NULL));
}

static void a_match_from_before_extends_the_beginning(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    char id[FINDING_ID_MAX];
    take(ledger, &match, id);
    match.time = TEST_NOW - 60 * SECOND;
    match.level = 1;
    assert_false(take(ledger, &match, NULL));
    struct ledger_finding finding = get(ledger, id);
    assert_int_equal(finding.first, TEST_NOW - 60 * SECOND);
    assert_int_equal(finding.last, TEST_NOW);
    assert_int_equal(finding.level, 4);
    match.time = TEST_NOW - 120 * SECOND - 1;
    assert_true(take(ledger, &match, NULL));
}

static void another_fold_text_is_another_finding(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    assert_true(take(ledger, &match, NULL));
    match.fold = STR("r|other");
    assert_true(take(ledger, &match, NULL));
    match.fold = STR("");
    assert_true(take(ledger, &match, NULL));
    assert_true(take(ledger, &match, NULL));
}

static void what_is_no_longer_open_is_not_folded_into(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    char id[FINDING_ID_MAX];
    take(ledger, &match, id);
    assert_int_equal(
        finding_set_status(ledger, &test_all, str_from_c(id), FINDING_CLOSED, STR("bob")), 0);
    assert_true(take(ledger, &match, NULL));
    assert_int_equal(finding_clear(ledger, match.fold, TEST_NOW), 0);
    assert_int_equal(finding_clear(ledger, match.fold, TEST_NOW), -ENOENT);
    assert_true(take(ledger, &match, NULL));
    assert_int_equal(get(ledger, id).count, 1);
}

static void once_is_once_for_ever(void **state)
{
    struct scratch *scratch = *state;
    struct ledger_match match = test_match(TEST_NOW);
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    match.once = STR("correlation 7, events 1 to 3");
    assert_true(take(scratch->ledger, &match, NULL));
    scratch_reopen(scratch);
    match.time += 3600 * SECOND;
    assert_int_equal(finding_take(scratch->ledger, &match, &is_new, &taken, id), 0);
    assert_false(taken);
    assert_false(is_new);
    assert_string_equal(id, "");
    assert_int_equal(count(scratch->ledger, &test_all, any), 1);
}

static void a_match_that_was_rolled_back_may_come_again(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    match.once = STR("x");
    assert_int_equal(ledger_begin(ledger, STR("t"), STR("t")), 0);
    take(ledger, &match, NULL);
    ledger_abort(ledger);
    assert_int_equal(count(ledger, &test_all, any), 0);
    assert_true(take(ledger, &match, NULL));
}

static int sum_offsets(void *context, const struct ledger_event *event)
{
    uint64_t *sum = context;
    sum[0]++;
    sum[1] += event->offset;
    return 0;
}

static void events_are_kept_up_to_the_limit(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    struct ledger_event event = {.partition = 3, .time = TEST_NOW, .json = STR("{}")};
    char id[FINDING_ID_MAX];
    match.events = &event;
    match.n_events = 1;
    for (event.offset = 1; event.offset <= LEDGER_EVENTS_MAX + 20; event.offset++)
        take(ledger, &match, id);
    uint64_t sum[2] = {0};
    assert_int_equal(finding_events(ledger, &test_all, str_from_c(id), sum_offsets, sum), 0);
    assert_int_equal(sum[0], LEDGER_EVENTS_MAX);
    assert_int_equal(sum[1], LEDGER_EVENTS_MAX * (LEDGER_EVENTS_MAX + 1) / 2);
    assert_int_equal(get(ledger, id).count, LEDGER_EVENTS_MAX + 20);
}

static void a_match_that_stands_for_nothing_is_refused(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    match.count = 0;
    assert_int_equal(finding_take(ledger, &match, &is_new, &taken, id), -EINVAL);
}

/* ---- what a caller may see ---- */

static void other_agencies_findings_do_not_exist(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct ledger_match match = test_match(TEST_NOW);
    struct ledger_finding finding;
    const struct str own[] = {STR("mof"), STR("mha")};
    struct ledger_scope scope = {.agencies = own, .n = 2}, none = {.n = 0};
    char theirs[FINDING_ID_MAX], ours[FINDING_ID_MAX];
    uint64_t sum[2];
    take(ledger, &match, theirs);
    match.agency = STR("mha");
    match.fold = STR("mha|r|h");
    take(ledger, &match, ours);
    assert_int_equal(count(ledger, &test_all, any), 2);
    assert_int_equal(count(ledger, &scope, any), 1);
    assert_int_equal(count(ledger, &none, any), 0);
    assert_int_equal(finding_get(ledger, &scope, str_from_c(ours), &finding), 0);
    assert_int_equal(finding_get(ledger, &scope, str_from_c(theirs), &finding), -ENOENT);
    assert_int_equal(finding_events(ledger, &scope, str_from_c(ours), sum_offsets, sum), 0);
    assert_int_equal(finding_events(ledger, &scope, str_from_c(theirs), sum_offsets, sum), -ENOENT);
    assert_int_equal(
        finding_set_status(ledger, &scope, str_from_c(theirs), FINDING_CLOSED, STR("eve")),
        -ENOENT);
    assert_int_equal(get(ledger, theirs).status, FINDING_OPEN);
}

/* ---- lists ---- */

struct seen {
    uint64_t changes[300];
    int64_t values[300];
    unsigned n;
    enum finding_sort sort;
};

static int see(void *context, const struct ledger_finding *finding)
{
    struct seen *seen = context;
    seen->changes[seen->n] = finding->change;
    seen->values[seen->n++] = seen->sort == FINDING_BY_CHANGE  ? (int64_t)finding->change
                              : seen->sort == FINDING_BY_LAST  ? finding->last
                              : seen->sort == FINDING_BY_LEVEL ? finding->level
                                                               : (int64_t)finding->count;
    return 0;
}

static void fill(struct ledger *ledger, unsigned n)
{
    char fold[16];
    assert_int_equal(ledger_begin(ledger, STR("t"), STR("t")), 0);
    for (unsigned i = 0; i < n; i++) {
        struct ledger_match match = test_match(TEST_NOW + (int64_t)(i * 7919 % 100) * SECOND);
        match.fold = str_of(fold, (size_t)snprintf(fold, sizeof(fold), "%u", i));
        match.level = (uint8_t)(i % 5 + 1);
        match.count = i * 31 % 17 + 1;
        match.agency = i % 3 ? STR("moh") : STR("mha");
        match.title = i % 2 ? STR("ÄPFEL 100% reif") : STR("Birnen_reif");
        take(ledger, &match, NULL);
    }
    assert_int_equal(ledger_commit(ledger), 0);
}

/* Reads all pages; every finding is there once, in order. */
static void walk_pages(struct ledger *ledger, enum finding_sort sort, bool ascending)
{
    struct seen seen = {.sort = sort};
    struct finding_query query = any;
    struct buf cursor = {0};
    unsigned pages = 0;
    query.sort = sort;
    query.ascending = ascending;
    query.limit = 7;
    do {
        struct buf next = {0};
        query.cursor = buf_str(&cursor);
        assert_int_equal(finding_list(ledger, &test_all, &query, see, &seen, &next), 0);
        buf_free(&cursor);
        cursor = next;
        pages++;
    } while (cursor.len);
    assert_int_equal(pages, 15);
    assert_int_equal(seen.n, 100);
    for (unsigned i = 0; i < seen.n; i++) {
        if (i)
            assert_true(ascending ? seen.values[i - 1] <= seen.values[i]
                                  : seen.values[i - 1] >= seen.values[i]);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(seen.changes[i], seen.changes[j]);
    }
}

static void pages_hold_every_finding_once_in_any_order(void **state)
{
    struct ledger *ledger = ledger_of(state);
    fill(ledger, 100);
    for (enum finding_sort sort = FINDING_BY_CHANGE; sort <= FINDING_BY_COUNT; sort++) {
        walk_pages(ledger, sort, false);
        walk_pages(ledger, sort, true);
    }
}

static void filters_narrow_the_list(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct finding_query query = any;
    fill(ledger, 100);
    query.agency = STR("mha");
    assert_int_equal(count(ledger, &test_all, query), 34);
    query.text = STR("äpfel 100%");
    assert_int_equal(count(ledger, &test_all, query), 17);
    query = any;
    query.text = STR("N_R");
    assert_int_equal(count(ledger, &test_all, query), 50);
    query.text = STR("nxr"); /* '_' is no wildcard */
    assert_int_equal(count(ledger, &test_all, query), 0);
    query.text = STR("f\0nothing"); /* NUL is no end */
    assert_int_equal(count(ledger, &test_all, query), 0);
    query = any;
    query.level_min = 4;
    assert_int_equal(count(ledger, &test_all, query), 40);
    query = any;
    query.from = TEST_NOW;
    query.to = TEST_NOW + 50 * SECOND;
    assert_int_equal(count(ledger, &test_all, query), 50);
    query = any;
    query.host = STR("h");
    query.user = STR("anna");
    query.source = STR("dc1");
    query.rule = STR("r");
    query.kind = FINDING_RULE;
    query.status = FINDING_OPEN;
    assert_int_equal(count(ledger, &test_all, query), 100);
    query.status = FINDING_CLOSED;
    assert_int_equal(count(ledger, &test_all, query), 0);
    query = any;
    query.kind = FINDING_SOURCE;
    assert_int_equal(count(ledger, &test_all, query), 0);
    query = any;
    assert_int_equal(finding_change(ledger, &query.change_after), 0);
    assert_int_equal(query.change_after, 100);
    query.change_after -= 3;
    assert_int_equal(count(ledger, &test_all, query), 3);
}

static void a_cursor_that_was_changed_or_is_of_another_query_is_refused(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct finding_query query = any;
    struct buf cursor = {0}, next = {0};
    unsigned n = 0;
    fill(ledger, 100);
    query.limit = 5;
    assert_int_equal(finding_list(ledger, &test_all, &query, count_one, &n, &cursor), 0);
    query.cursor = buf_str(&cursor);
    for (size_t i = 0; i < cursor.len; i++) {
        char kept = cursor.ptr[i];
        for (const char *other = "A_-z9+=\n"; *other; other++) {
            cursor.ptr[i] = *other;
            if (*other != kept)
                assert_int_equal(finding_list(ledger, &test_all, &query, count_one, &n, &next),
                                 -EINVAL);
        }
        cursor.ptr[i] = kept;
    }
    query.cursor.len--;
    assert_int_equal(finding_list(ledger, &test_all, &query, count_one, &n, &next), -EINVAL);
    query.cursor.len++;
    query.level_min = 2;
    assert_int_equal(finding_list(ledger, &test_all, &query, count_one, &n, &next), -EINVAL);
    query.level_min = 0;
    assert_int_equal(finding_list(ledger, &test_all, &query, count_one, &n, &next), 0);
    buf_free(&cursor);
    buf_free(&next);
}

/* What SQLite counted while lists were read: rows it had to sort, and steps of its machine. */
static struct {
    int sorts, steps;
} work;

static int count_work(unsigned event, void *context, void *statement, void *nanoseconds)
{
    (void)event;
    (void)context;
    (void)nanoseconds;
    work.sorts += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 1);
    work.steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

static int watch_work(sqlite3 *handle, char **problem, const struct sqlite3_api_routines *routines)
{
    (void)problem;
    (void)routines;
    return sqlite3_trace_v2(handle, SQLITE_TRACE_PROFILE, count_work, NULL);
}

static void usual_lists_read_little_more_than_they_hand_out(void **state)
{
    struct scratch *scratch = *state;
    const struct str agencies[] = {STR("moh"), STR("mha")};
    const struct ledger_scope scopes[] = {
        {.all = true}, {.agencies = agencies, .n = 1}, {.agencies = agencies, .n = 2}};
    const struct finding_query queries[] = {
        {.sort = FINDING_BY_LAST},
        {.sort = FINDING_BY_LEVEL},
        {.sort = FINDING_BY_CHANGE},
        {.sort = FINDING_BY_CHANGE, .change_after = 2950},
        {.sort = FINDING_BY_CHANGE, .change_after = 2950, .ascending = true},
    };
    fill(scratch->ledger, 3000);
    sqlite3_auto_extension((void (*)(void))watch_work);
    scratch_reopen(scratch);
    for (size_t s = 0; s < sizeof(scopes) / sizeof(*scopes); s++) {
        for (size_t q = 0; q < sizeof(queries) / sizeof(*queries); q++) {
            struct finding_query query = queries[q];
            struct buf cursor = {0};
            unsigned n = 0;
            query.kind = query.status = -1;
            query.from = query.to = TIME_UNSET;
            memset(&work, 0, sizeof(work));
            assert_int_equal(
                finding_list(scratch->ledger, &scopes[s], &query, count_one, &n, &cursor), 0);
            assert_in_range(n, 30, 50);
            assert_int_equal(work.sorts, 0);
            assert_in_range(work.steps, 1, 12000); /* reading all 3,000 takes more than 50,000 */
            buf_free(&cursor);
        }
    }
    sqlite3_reset_auto_extension();
}

static int stop(void *context, const struct ledger_finding *finding)
{
    (void)context;
    (void)finding;
    return -ECANCELED;
}

static void a_list_stops_when_its_reader_says_so(void **state)
{
    struct ledger *ledger = ledger_of(state);
    struct buf cursor = {0};
    fill(ledger, 10);
    assert_int_equal(finding_list(ledger, &test_all, &any, stop, NULL, &cursor), -ECANCELED);
    assert_int_equal(cursor.len, 0);
    fill(ledger, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_match_is_kept_with_all_it_says),
        TEST(repeats_within_the_window_are_one_finding),
        TEST(a_match_from_before_extends_the_beginning),
        TEST(another_fold_text_is_another_finding),
        TEST(what_is_no_longer_open_is_not_folded_into),
        TEST(once_is_once_for_ever),
        TEST(a_match_that_was_rolled_back_may_come_again),
        TEST(events_are_kept_up_to_the_limit),
        TEST(a_match_that_stands_for_nothing_is_refused),
        TEST(other_agencies_findings_do_not_exist),
        TEST(pages_hold_every_finding_once_in_any_order),
        TEST(filters_narrow_the_list),
        TEST(a_cursor_that_was_changed_or_is_of_another_query_is_refused),
        TEST(usual_lists_read_little_more_than_they_hand_out),
        TEST(a_list_stops_when_its_reader_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
