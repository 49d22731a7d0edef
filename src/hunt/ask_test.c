/*
 * Asking, on a lake that is made up: it has what a test lays before it, and notes what it is asked. So what is asserted is
 * what asking itself promises: scope, limits, cancellation, order of calls.
 */
#include "hunt/ask.h"

#include <pthread.h>

#include "base/test.h"
#include "base/vec.h"

#define CHUNK_ROWS 2

struct lake {
    /* what it has */
    uint32_t rows;  /* of each result: 0, 1, 2 ... in a column */
    int next_fails; /* -errno of the next chunk; 0: none */
    bool waits;     /* each chunk waits until the run is cancelled */
    /* what it was asked */
    struct buf log; /* calls, in order */
    struct lake_query query;
    unsigned runs; /* that are open */
    _Atomic bool is_waiting;
};

struct lake_run {
    struct lake *lake;
    struct lake_query query;
    uint32_t at;
    bool cut;
    int64_t integers[CHUNK_ROWS];
    struct lake_vector vector;
    struct lake_result_column column;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool cancelled;
};

static int fake_datasets(struct lake *lake, const struct lake_scope *scope,
                         int (*each)(void *context, struct str dataset), void *context)
{
    (void)lake, (void)scope;
    return each(context, STR("things"));
}

static int fake_columns(struct lake *lake, struct str dataset, const struct lake_scope *scope,
                        int (*each)(void *context, const struct lake_column *column), void *context)
{
    static const struct lake_column column = {{"Name", 4}, {"Name", 4}, LAKE_TEXT, false};
    (void)lake, (void)dataset, (void)scope;
    return each(context, &column);
}

static uint64_t fake_version(struct lake *lake)
{
    (void)lake;
    return 1;
}

static bool fake_has(struct lake *lake, const struct lake_source *source,
                     const struct lake_scope *scope)
{
    (void)lake, (void)source, (void)scope;
    return true;
}

static int fake_ask(struct lake *lake, const struct lake_query *query, struct lake_run **ret_run,
                    struct err *err)
{
    struct lake_run *run = calloc(1, sizeof(*run));
    (void)err;
    assert_non_null(run);
    run->lake = lake;
    run->query = lake->query = *query;
    run->column = (struct lake_result_column){STR("n"), LAKE_INTEGER};
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->changed, NULL);
    buf_add_c(&lake->log, "ask ");
    lake->runs++;
    *ret_run = run;
    return 0;
}

static const struct lake_result_column *fake_result(const struct lake_run *run, size_t *ret_n)
{
    *ret_n = 1;
    return &run->column;
}

static void wait_for_cancel(struct lake_run *run)
{
    pthread_mutex_lock(&run->lock);
    run->lake->is_waiting = true;
    while (!run->cancelled)
        pthread_cond_wait(&run->changed, &run->lock);
    pthread_mutex_unlock(&run->lock);
}

static int fake_next(struct lake_run *run, struct lake_chunk *ret_chunk, struct err *err)
{
    const struct lake_limits *limits = &run->query.limits;
    if (run->lake->waits)
        wait_for_cancel(run);
    if (run->cancelled)
        return err_set(err, -ECANCELED, "cancelled");
    if (run->lake->next_fails < 0)
        return err_set(err, run->lake->next_fails, "the value 'secret' can't be converted");
    uint32_t n = 0;
    while (n < CHUNK_ROWS && run->at < run->lake->rows && !run->cut) {
        run->cut = limits->rows > 0 && run->at == limits->rows;
        if (!run->cut)
            run->integers[n++] = run->at++;
    }
    run->vector = (struct lake_vector){.kind = LAKE_INTEGER, .integers = run->integers};
    *ret_chunk = (struct lake_chunk){n, 1, &run->vector};
    return n > 0;
}

static void fake_cancel(struct lake_run *run)
{
    pthread_mutex_lock(&run->lock);
    run->cancelled = true;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

static void fake_run_stats(struct lake_run *run, struct lake_run_stats *ret_stats)
{
    *ret_stats = (struct lake_run_stats){.rows = run->at, .progress = 0.5, .cut = run->cut};
}

static void fake_done(struct lake_run *run)
{
    buf_add_c(&run->lake->log, "done ");
    run->lake->runs--;
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

static const struct lake_ops fake = {
    .scheme = "fake",
    .datasets = fake_datasets,
    .columns = fake_columns,
    .version = fake_version,
    .has = fake_has,
    .ask = fake_ask,
    .result = fake_result,
    .next = fake_next,
    .cancel = fake_cancel,
    .run_stats = fake_run_stats,
    .done = fake_done,
};

/* ---- the sink ---- */

struct taken {
    struct lake *lake; /* calls are noted in its log, between its own */
    struct buf rows;
    unsigned n;
    unsigned refuse_at; /* the row that is not taken; 0: none */
    bool cut;
};

static int begin(void *context, const struct hunt_head *head)
{
    struct taken *taken = context;
    buf_printf(&taken->lake->log, "begin%u ", head->index);
    assert_int_equal(head->n_columns, 1);
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    struct taken *taken = context;
    buf_add_str(&taken->rows, cells[0].text);
    buf_add_byte(&taken->rows, ' ');
    return ++taken->n == taken->refuse_at ? -EPIPE : 0;
}

static int end(void *context, bool cut)
{
    struct taken *taken = context;
    buf_printf(&taken->lake->log, "end%s ", cut ? "-cut" : "");
    taken->cut |= cut;
    return 0;
}

/* ---- one hunt ---- */

struct hunted {
    struct lake lake;
    struct tables *tables;
    struct taken taken;
    struct hunt_place place;
    struct hunt_question question;
    struct err err;
    int status;
};

static int set_up(void **state)
{
    struct hunted *hunted = calloc(1, sizeof(*hunted));
    assert_non_null(hunted);
    hunted->tables = tables_new();
    assert_non_null(hunted->tables);
    hunted->taken.lake = &hunted->lake;
    hunted->place =
        (struct hunt_place){.ops = &fake, .lake = &hunted->lake, .tables = hunted->tables};
    hunted->question = (struct hunt_question){
        .text = STR("print n = 1"), .first = INT64_MIN, .last = INT64_MAX, .scope = {.all = true}};
    hunted->lake.rows = 5;
    *state = hunted;
    return 0;
}

static int tear_down(void **state)
{
    struct hunted *hunted = *state;
    assert_int_equal(hunted->lake.runs, 0); /* every run was given back */
    tables_free(hunted->tables);
    buf_free(&hunted->lake.log);
    buf_free(&hunted->taken.rows);
    free(hunted);
    return 0;
}

static struct hunt_sink sink_of(struct hunted *hunted)
{
    return (struct hunt_sink){begin, row, end, &hunted->taken};
}

static void hunt(struct hunted *hunted)
{
    const struct hunt_sink sink = sink_of(hunted);
    struct hunt_asking *asking = hunt_asking_new(&hunted->place, &hunted->question);
    assert_non_null(asking);
    hunted->status = hunt_asking_compile(asking, &hunted->err);
    if (hunted->status == 0)
        hunted->status = hunt_asking_run(asking, &sink, &hunted->err);
    hunt_asking_free(asking);
}

static void expect(struct buf *text, const char *wanted)
{
    buf_add_byte(text, '\0');
    assert_false(text->failed);
    assert_string_equal(text->ptr, wanted);
}

static void results_come_one_after_the_other(void **state)
{
    struct hunted *hunted = *state;
    hunted->question.text = STR("print n = 1; print n = 2");
    hunt(hunted);
    assert_int_equal(hunted->status, 0);
    expect(&hunted->lake.log, "ask begin0 done end ask begin1 done end ");
    expect(&hunted->taken.rows, "0 1 2 3 4 0 1 2 3 4 ");
}

static void the_scope_goes_with_every_statement(void **state)
{
    struct hunted *hunted = *state;
    static const struct str agencies[] = {{"health", 6}};
    hunted->question.scope = (struct lake_scope){.agencies = agencies, .n = 1};
    hunt(hunted);
    assert_int_equal(hunted->status, 0);
    assert_false(hunted->lake.query.scope.all);
    assert_int_equal(hunted->lake.query.scope.n, 1);
    assert_true(str_eq(hunted->lake.query.scope.agencies[0], STR("health")));
    assert_false(hunted->lake.query.guarded);
}

static void what_a_person_writes_in_sql_is_guarded(void **state)
{
    struct hunted *hunted = *state;
    hunted->question.language = HUNT_SQL;
    hunted->question.text = STR("SELECT count(*) FROM Things");
    hunt(hunted);
    assert_int_equal(hunted->status, 0);
    assert_true(hunted->lake.query.guarded);
    assert_int_equal(hunted->lake.query.n_sources, 1); /* named without case */
    assert_true(str_eq(hunted->lake.query.sql, hunted->question.text));
    hunted->question.text = STR("SELECT 1");
    hunt(hunted);
    assert_int_equal(hunted->lake.query.n_sources, 0);
}

static void rows_are_limited_over_all_results_together(void **state)
{
    struct hunted *hunted = *state;
    hunted->question.text = STR("print n = 1; print n = 2");
    hunted->question.limits.rows = 7;
    hunt(hunted);
    assert_int_equal(hunted->status, 0);
    expect(&hunted->taken.rows, "0 1 2 3 4 0 1 ");
    expect(&hunted->lake.log, "ask begin0 done end ask begin1 done end-cut ");
}

static void limits_have_defaults_and_a_most(void **state)
{
    struct hunted *hunted = *state;
    hunt(hunted);
    assert_int_equal(hunted->lake.query.limits.rows, HUNT_ROWS_DEFAULT);
    assert_int_equal(hunted->lake.query.limits.bytes, HUNT_BYTES_DEFAULT);
    assert_in_range(hunted->lake.query.limits.time_us, 1, HUNT_TIME_DEFAULT_US);
    hunted->question.limits =
        (struct hunt_limits){.rows = UINT64_MAX, .bytes = UINT64_MAX, .time_us = INT64_MAX};
    hunt(hunted);
    assert_int_equal(hunted->lake.query.limits.rows, HUNT_ROWS_MAX);
    assert_int_equal(hunted->lake.query.limits.bytes, HUNT_BYTES_MAX);
    assert_in_range(hunted->lake.query.limits.time_us, 1, HUNT_TIME_MAX_US);
}

static void a_sink_that_refuses_ends_the_hunt(void **state)
{
    struct hunted *hunted = *state;
    hunted->question.text = STR("print n = 1; print n = 2");
    hunted->taken.refuse_at = 3;
    hunt(hunted);
    assert_int_equal(hunted->status, -EPIPE);
    expect(&hunted->taken.rows, "0 1 2 ");
    expect(&hunted->lake.log, "ask begin0 done ");
}

static void a_value_that_fails_is_named_only_to_who_may_see_all(void **state)
{
    struct hunted *hunted = *state;
    hunted->lake.next_fails = -EINVAL;
    hunt(hunted);
    assert_int_equal(hunted->status, -EINVAL);
    assert_non_null(strstr(hunted->err.message, "secret"));
    hunted->question.scope = (struct lake_scope){0};
    hunted->err = (struct err){0};
    hunt(hunted);
    assert_int_equal(hunted->status, -EINVAL);
    assert_null(strstr(hunted->err.message, "secret"));
}

static void a_mistake_asks_nothing(void **state)
{
    struct hunted *hunted = *state;
    hunted->question.text = STR("print\n  n = nosuch(1)");
    hunt(hunted);
    assert_true(hunted->status < 0);
    assert_int_equal(hunted->err.line, 2);
    assert_int_equal(hunted->err.column, 7);
    assert_int_equal(hunted->lake.log.len, 0);
}

/* ---- cancelling ---- */

struct running {
    struct hunted *hunted;
    struct hunt_asking *asking;
};

static void *run(void *argument)
{
    struct running *running = argument;
    const struct hunt_sink sink = sink_of(running->hunted);
    running->hunted->status = hunt_asking_run(running->asking, &sink, &running->hunted->err);
    return NULL;
}

static void a_hunt_that_runs_is_cancelled_from_another_thread(void **state)
{
    struct hunted *hunted = *state;
    struct running running = {hunted, hunt_asking_new(&hunted->place, &hunted->question)};
    struct hunt_asking_stats stats;
    pthread_t thread;
    hunted->lake.waits = true;
    assert_int_equal(hunt_asking_compile(running.asking, &hunted->err), 0);
    assert_int_equal(pthread_create(&thread, NULL, run, &running), 0);
    while (!hunted->lake.is_waiting)
        sched_yield();
    hunt_asking_stats(running.asking, &stats);
    assert_true(stats.progress == 0.5);
    hunt_asking_cancel(running.asking);
    pthread_join(thread, NULL);
    assert_int_equal(hunted->status, -ECANCELED);
    hunt_asking_stats(running.asking, &stats);
    assert_true(stats.progress < 0); /* nothing is computed any more */
    hunt_asking_free(running.asking);
}

static void a_hunt_that_was_cancelled_before_it_runs_asks_nothing(void **state)
{
    struct hunted *hunted = *state;
    const struct hunt_sink sink = sink_of(hunted);
    struct hunt_asking *asking = hunt_asking_new(&hunted->place, &hunted->question);
    assert_int_equal(hunt_asking_compile(asking, &hunted->err), 0);
    hunt_asking_cancel(asking);
    assert_int_equal(hunt_asking_run(asking, &sink, &hunted->err), -ECANCELED);
    assert_int_equal(hunted->lake.log.len, 0);
    hunt_asking_free(asking);
}

/* ---- findings ---- */

static const char alerts_yaml[] = "name: Alerts\n"
                                  "about: findings of the centre\n"
                                  "columns:\n"
                                  "  Title: string\n"
                                  "from:\n"
                                  "  - findings: true\n"
                                  "    columns:\n"
                                  "      Title: title\n";

/* Notes whose findings are wanted. */
static int findings(void *context, const struct lake_scope *scope, struct buf *json,
                    struct err *err)
{
    struct lake *lake = context;
    (void)err;
    buf_printf(&lake->log, "findings-of-%zu ", scope->n);
    buf_add_c(json, "[{\"title\":\"t\"}]");
    return 0;
}

static void findings_of_the_scope_go_to_statements_that_look_at_them(void **state)
{
    struct hunted *hunted = *state;
    static const struct str agencies[] = {{"health", 6}};
    assert_int_equal(tables_add(hunted->tables, STR(alerts_yaml), STR("x.yaml"), &hunted->err), 0);
    hunted->place.findings = findings;
    hunted->place.findings_context = &hunted->lake;
    hunted->question.scope = (struct lake_scope){.agencies = agencies, .n = 1};
    hunted->question.text = STR("print 1; Alerts | project Title");
    hunt(hunted);
    assert_int_equal(hunted->status, 0);
    assert_int_equal(hunted->lake.query.n_values, 1);
    expect(&hunted->lake.log, "ask begin0 done end findings-of-1 ask begin1 done end ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(results_come_one_after_the_other),
        TEST(the_scope_goes_with_every_statement),
        TEST(what_a_person_writes_in_sql_is_guarded),
        TEST(rows_are_limited_over_all_results_together),
        TEST(limits_have_defaults_and_a_most),
        TEST(a_sink_that_refuses_ends_the_hunt),
        TEST(a_value_that_fails_is_named_only_to_who_may_see_all),
        TEST(a_mistake_asks_nothing),
        TEST(a_hunt_that_runs_is_cancelled_from_another_thread),
        TEST(a_hunt_that_was_cancelled_before_it_runs_asks_nothing),
        TEST(findings_of_the_scope_go_to_statements_that_look_at_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
