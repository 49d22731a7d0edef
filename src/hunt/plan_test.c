/*
 * What the compiler does so that less is read changes no row: queries are compiled with it and without, run on a lake of
 * three days, two datasets and two agencies, and compared.
 */
#include "base/test.h"

#include <stdlib.h>

#include "hunt/ask.h"
#include "hunt/function.h"
#include "lake/lake_test.h"

#define N 30

static const char *place;
static struct lake *lake;
static struct tables *tables;
static struct hunt_shelf *shelf;
static const struct hunt_catalogue *catalogue;
static struct arena arena;

static const char table_yaml[] = "name: Starts\n"
                                 "about: starts of processes\n"
                                 "columns:\n"
                                 "  Timestamp: datetime\n"
                                 "  FileName: string\n"
                                 "  EventID: int\n"
                                 "from:\n"
                                 "  - dataset: windows_sysmon\n"
                                 "    where: isnotempty(Image)\n"
                                 "    columns:\n"
                                 "      Timestamp: _time\n"
                                 "      FileName: tostring(split(Image, '\\\\')[-1])\n"
                                 "      EventID: EventID\n"
                                 "  - dataset: linux_sysmon\n"
                                 "    columns:\n"
                                 "      Timestamp: _time\n"
                                 "      FileName: Image\n"
                                 "      EventID: EventID\n"
                                 "  - dataset: linux_auditd\n"
                                 "    columns:\n"
                                 "      Timestamp: _time\n"
                                 "      FileName: exe\n";

/* Event i is of day i / 10, agency i % 2; the last third is of the second dataset. */
static void fill(void)
{
    for (uint64_t i = 0; i < N; i++) {
        struct lake_cell cells[2];
        struct lake_row row = test_row(
            i, TEST_DAY + (int64_t)(i / 10) * TIME_DAY_US + (int64_t)i * TIME_SECOND_US, cells);
        row.agency = i % 2 ? STR("MOH") : STR("MOF");
        row.dataset = i < 20 ? STR("windows_sysmon") : STR("linux_sysmon");
        assert_int_equal(lake_duckdb.put(lake, &row), 0);
    }
    test_commit(&lake_duckdb, lake, 0, N);
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    place = test_place();
    lake = test_open(&lake_duckdb, place, &(const struct lake_options){.threads = 2});
    if (hunt_functions_register(&lake_duckdb, lake, NULL, &err) < 0)
        fail_msg("%s", err.message);
    fill();
    tables = tables_new();
    if (tables_add(tables, STR(table_yaml), STR("starts.yaml"), &err) < 0)
        fail_msg("%u: %s", err.line, err.message);
    shelf = hunt_shelf_new(&lake_duckdb, lake);
    catalogue = hunt_shelf_take(shelf, &TEST_ALL);
    assert_non_null(catalogue);
    arena_init(&arena, 64u << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    hunt_shelf_give(shelf, catalogue);
    hunt_shelf_free(shelf);
    tables_free(tables);
    lake_duckdb.close(lake);
    test_place_remove(place);
    return 0;
}

static bool has_rows(void *context, struct str dataset, int64_t first, int64_t last)
{
    const struct lake_source source = {.dataset = dataset, .first = first, .last = last};
    return lake_duckdb.has(lake, &source, context);
}

static const struct hunt_result *compile(const char *query, const struct lake_scope *scope,
                                         bool plain)
{
    const struct hunt_plan *plan = NULL;
    struct err err = {0};
    const struct hunt_options options = {
        .tables = tables,
        .catalogue = catalogue,
        .presence = {has_rows, (void *)(uintptr_t)scope},
        .now_us = TEST_DAY + 3 * TIME_DAY_US,
        .first = INT64_MIN,
        .last = INT64_MAX,
        .plain = plain,
    };
    if (hunt_compile(&arena, str_from_c(query), &options, &plan, &err) < 0)
        fail_msg("%s: %s", query, err.message);
    return &plan->results[0];
}

/* The rows of an answer, as lines. */
struct answer {
    uint32_t n_columns, n;
    char *lines[100];
};

static int begin(void *context, const struct hunt_head *head)
{
    ((struct answer *)context)->n_columns = head->n_columns;
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    struct answer *answer = context;
    struct buf line = {0};
    for (uint32_t i = 0; i < answer->n_columns; i++)
        buf_printf(&line, "%s%.*s|", cells[i].null ? "-" : "", STR_ARG(cells[i].text));
    buf_add_byte(&line, '\0');
    assert_true(!line.failed && answer->n < 100);
    answer->lines[answer->n++] = line.ptr;
    return 0;
}

static int end(void *context, bool cut)
{
    (void)context;
    assert_false(cut);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void ask(const char *query, const struct lake_scope *scope, bool plain,
                struct answer *ret_answer)
{
    const struct hunt_place where = {.ops = &lake_duckdb, .lake = lake, .tables = tables};
    const struct hunt_question question = {.text = str_from_c(query),
                                           .first = INT64_MIN,
                                           .last = INT64_MAX,
                                           .now_us = TEST_DAY + 3 * TIME_DAY_US,
                                           .scope = *scope,
                                           .plain = plain};
    const struct hunt_sink sink = {begin, row, end, ret_answer};
    struct err err = {0};
    struct hunt_asking *asking = hunt_asking_new(&where, &question);
    *ret_answer = (struct answer){0};
    if (hunt_asking_compile(asking, &err) < 0 || hunt_asking_run(asking, &sink, &err) < 0)
        fail_msg("%s: %s", query, err.message);
    hunt_asking_free(asking);
    bool ordered = strstr(query, "top ") && !strstr(query, "summarize") && !strstr(query, "join");
    if (!ordered)
        qsort(ret_answer->lines, ret_answer->n, sizeof(char *), by_text);
}

static void answer_free(struct answer *answer)
{
    for (uint32_t i = 0; i < answer->n; i++)
        free(answer->lines[i]);
}

static void compare(const char *query, const struct lake_scope *scope)
{
    struct answer planned, plain;
    ask(query, scope, false, &planned);
    ask(query, scope, true, &plain);
    for (uint32_t i = 0; i < planned.n && i < plain.n; i++)
        if (strcmp(planned.lines[i], plain.lines[i]) != 0)
            fail_msg("%s\n  gives %s  and plain %s", query, planned.lines[i], plain.lines[i]);
    if (planned.n != plain.n)
        fail_msg("%s\n  gives %u rows, and plain %u", query, planned.n, plain.n);
    answer_free(&planned);
    answer_free(&plain);
}

static const struct str moh[] = {{"MOH", 3}}, nobody[] = {{"MOE", 3}};
static const struct lake_scope scopes[] = {
    {.all = true}, {.agencies = moh, .n = 1}, {.agencies = nobody, .n = 1}, {0}};

static void compare_all(const char *const *queries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof(scopes) / sizeof(scopes[0]); k++)
            compare(queries[i], &scopes[k]);
}

static void what_has_no_rows_is_left_out_and_the_rows_are_the_same(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "Starts",
        "Starts | count",
        "Starts | where Timestamp > datetime(2026-11-24) | project FileName, _id, _agency",
        "Starts | where Timestamp < datetime(2026-11-23) | summarize count() by FileName",
        "Starts | where Timestamp < datetime(2020-01-01)",
        "Starts | where Timestamp < datetime(2020-01-01) | summarize count(), max(EventID)",
        "Starts | where Timestamp < datetime(2020-01-01) | summarize count() by FileName",
        "Starts | join kind=inner (Starts | where Timestamp > datetime(2026-11-24)) on FileName",
        "Starts | join kind=leftouter (Starts | where Timestamp > datetime(2030-01-01)) on "
        "FileName",
        "Starts | where Timestamp > datetime(2030-01-01) | join kind=rightouter Starts on FileName",
        "Starts | where Timestamp > datetime(2030-01-01) | join kind=fullouter Starts on EventID",
        "Starts | join kind=leftanti (Starts | where Timestamp > datetime(2030-01-01)) on EventID",
        "union Starts, (Starts | where Timestamp > datetime(2026-11-23)) | summarize count() by "
        "EventID",
        "let late = Starts | where Timestamp > datetime(2026-11-23 00:00:15); late | union late",
        "Starts | extend d = bin(Timestamp, 1d) | summarize dcount(FileName), make_set(EventID) by "
        "d",
    };
    compare_all(queries, sizeof(queries) / sizeof(queries[0]));
}

#define WHOLE " | extend a = _id, b = _agency, c = _source, d = _dataset, e = _received, f = _raw"

static void columns_are_read_late_and_the_rows_are_the_same(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "Starts | top 5 by Timestamp" WHOLE,
        "Starts | top 5 by Timestamp asc" WHOLE,
        "Starts | where FileName endswith '.exe' | top 7 by _id asc" WHOLE,
        "Starts | where EventID > 5" WHOLE " | top 100 by Timestamp | where EventID < 25",
        "Starts | where EventID > 100" WHOLE " | take 3",
        "Starts | top 20 by Timestamp | top 5 by EventID" WHOLE,
        "Starts | top 9 by Timestamp" WHOLE " | sort by Timestamp asc | extend n = row_number()",
        "Starts | sort by Timestamp asc | extend n = row_number() | where n > 3 | top 4 by n" WHOLE,
        "Starts | top 6 by Timestamp" WHOLE " | join kind=inner Starts on EventID",
        "Starts | top 6 by Timestamp" WHOLE " | summarize count() by a, b, c, d, e, f",
        "union Starts, Starts | top 10 by Timestamp" WHOLE,
        "Starts | where Timestamp > datetime(2030-01-01) | take 10" WHOLE,
    };
    compare_all(queries, sizeof(queries) / sizeof(queries[0]));
}

static void conditions_choose_early_and_the_rows_are_the_same(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "Starts | where EventID > 5 and EventID < 25 | summarize count() by bin(Timestamp, 1d)",
        "Starts | where FileName endswith '.exe' | extend d = EventID * 2 | where EventID > 7",
        "Starts | where FileName !endswith '.exe' or EventID in (3, 4, 11) | extend d = EventID * "
        "2",
        "Starts | where isempty(FileName) | extend d = EventID * 2",
        "Starts | extend d = EventID * 2 | where d > 10 and EventID < 12",
        "Starts | extend EventID = EventID * 2 | where EventID < 12",
        "Starts | project EventID = FileName, FileName = EventID * 2 | where EventID has 'exe'",
        "Starts | top 5 by Timestamp | where EventID < 27 | extend d = EventID * 2",
        "Starts | sort by Timestamp asc | extend n = row_number() | where EventID > 20",
        "Starts | summarize n = count() by EventID, d = EventID * 2 | where EventID > 20",
        "Starts | where EventID > 3 | join kind=leftouter (Starts | where EventID < 9 | extend d = "
        "EventID * 2) on EventID | where EventID < 20 | summarize count() by FileName, d",
        "Starts | join kind=rightouter (Starts | where EventID < 9 | extend d = EventID * 2) on "
        "EventID | where isnull(EventID) or EventID < 5 | summarize count() by FileName, d",
        "Starts | join kind=inner (Starts | extend d = EventID * 2) on EventID | where EventID1 < "
        "9 | summarize count() by FileName, d",
        "let s = Starts | extend d = EventID * 2; union (s | where EventID < 4), (s | where "
        "EventID > 15)",
        "let few = Starts | where EventID < 5 | project EventID; Starts | extend d = EventID * 2 | "
        "where EventID in (few)",
        "let n = 12; Starts | where EventID > n and Timestamp > ago(2d) | extend d = EventID * 2",
        "union Starts, (Starts | where FileName has 'exe') | where EventID == 22 | extend d = "
        "EventID * 2 | project d",
        "Starts | where _agency == 'MOF' | extend d = EventID * 2",
        "Starts | mv-expand x = pack_array(1, 2) | where EventID < 4",
    };
    compare_all(queries, sizeof(queries) / sizeof(queries[0]));
}

static bool is_early(const char *query, const char *part)
{
    const struct hunt_result *result = compile(query, &scopes[0], false);
    bool found = false;
    for (uint32_t i = 0; i < result->n_sources; i++)
        found = found || str_find(result->sources[i].where, str_from_c(part)) != SIZE_MAX;
    return found;
}

static void only_conditions_that_cant_fail_choose_early(void **state)
{
    (void)state;
    assert_true(is_early("Starts", "\"Image\""));
    assert_true(is_early("Starts | where EventID == 5", "= 5)"));
    assert_true(is_early("Starts | where EventID == 5 and EventID * 2 > 4", "= 5)"));
    assert_true(is_early("Starts | extend d = EventID * 2 | where EventID == 5", "= 5"));
    assert_true(is_early("Starts | where FileName == 'cmd.exe'", "'cmd.exe'"));
    assert_false(is_early("Starts | where EventID * 2 == 5", "5"));
    assert_false(is_early("Starts | extend d = EventID * 2 | where d == 5", "5"));
    assert_false(is_early("Starts | where EventID == 5 or assert(FileName == 'x', 'y')", "5"));
    assert_false(is_early("Starts | where iff(EventID > 5, assert(false, 'x'), true)", "5"));
    assert_false(is_early("let f = (n: long) { n == 5 }; Starts | where f(EventID)", "5"));
    assert_false(is_early("Starts | where EventID == toscalar(Starts | count)", "EventID"));
    assert_false(is_early("Starts | take 5 | where EventID == 7", "7"));
    assert_false(is_early("Starts | summarize count() by EventID | where EventID == 7", "7"));
    assert_false(is_early("Starts | where 'a' matches regex FileName", "'a'"));
    assert_int_equal(compile("Starts | where EventID == 5", &scopes[0], true)->sources[0].where.len,
                     0);
}

/* Which rows they are is the engine's choice. */
static void any_rows_are_as_many_and_fit(void **state)
{
    (void)state;
    struct answer few, all;
    for (size_t k = 0; k < sizeof(scopes) / sizeof(scopes[0]); k++) {
        ask("Starts | where EventID > 4" WHOLE " | take 6", &scopes[k], false, &few);
        ask("Starts | where EventID > 4" WHOLE, &scopes[k], true, &all);
        assert_int_equal(few.n, all.n < 6 ? all.n : 6);
        for (uint32_t i = 0; i < few.n; i++)
            assert_non_null(bsearch(&few.lines[i], all.lines, all.n, sizeof(char *), by_text));
        answer_free(&few);
        answer_free(&all);
    }
}

static void only_whole_events_behind_a_limit_are_read_late(void **state)
{
    (void)state;
    assert_true(compile("Starts | take 5" WHOLE, &scopes[0], false)->choice.len > 0);
    assert_true(compile("Starts | take 5 | project _raw", &scopes[0], false)->choice.len > 0);
    assert_int_equal(compile("Starts | take 5", &scopes[0], false)->choice.len, 0);
    assert_int_equal(compile("Starts | take 5000" WHOLE, &scopes[0], false)->choice.len, 0);
    assert_int_equal(compile("Starts" WHOLE, &scopes[0], false)->choice.len, 0);
    assert_int_equal(compile("Starts | take 5" WHOLE, &scopes[0], true)->choice.len, 0);
}

static void only_datasets_that_have_rows_of_the_caller_in_that_time_are_read(void **state)
{
    (void)state;
    const struct lake_scope all = {.all = true}, none = {0};
    assert_int_equal(compile("Starts", &all, true)->n_sources, 3);
    assert_int_equal(compile("Starts", &all, false)->n_sources, 2);
    assert_int_equal(compile("Starts", &none, false)->n_sources, 1);
    assert_int_equal(
        compile("Starts | where Timestamp > datetime(2026-11-24)", &all, false)->n_sources, 1);
}

static void a_column_more_is_on_the_shelf_at_once(void **state)
{
    (void)state;
    struct lake_cell cells[2];
    struct lake_row row = test_row(N, TEST_DAY, cells);
    const struct hunt_catalogue *before = hunt_shelf_take(shelf, &TEST_ALL);
    assert_ptr_equal(before, catalogue);
    cells[0] = test_cell("CommandLine", LAKE_TEXT, "whoami");
    assert_int_equal(lake_duckdb.put(lake, &row), 0);
    test_commit(&lake_duckdb, lake, 0, N + 1);
    const struct hunt_catalogue *after = hunt_shelf_take(shelf, &TEST_ALL);
    assert_ptr_not_equal(after, before);
    assert_null(hunt_catalogue_find(before, row.dataset, STR("CommandLine")));
    assert_non_null(hunt_catalogue_find(after, row.dataset, STR("CommandLine")));
    hunt_shelf_give(shelf, before);
    hunt_shelf_give(shelf, after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_has_no_rows_is_left_out_and_the_rows_are_the_same),
        TEST(columns_are_read_late_and_the_rows_are_the_same),
        TEST(conditions_choose_early_and_the_rows_are_the_same),
        TEST(only_conditions_that_cant_fail_choose_early),
        TEST(any_rows_are_as_many_and_fit),
        TEST(only_whole_events_behind_a_limit_are_read_late),
        TEST(only_datasets_that_have_rows_of_the_caller_in_that_time_are_read),
        TEST(a_column_more_is_on_the_shelf_at_once),
    };
    return test_library() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
