/*
 * What the compiler does so that less is read changes no row: queries are compiled with it and without, run on a lake of
 * three days, two datasets and two agencies, and compared.
 */
#include "base/test.h"

#include <stdlib.h>

#include "hunt/function.h"
#include "hunt/hunt.h"
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
                                 "    where: EventID % 2 == 1\n"
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

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The rows of a result, sorted unless the query did; to be freed. */
static char *run(const struct hunt_result *result, const struct lake_scope *scope)
{
    const struct lake_query query = {
        .sql = result->sql,
        .sources = result->sources,
        .n_sources = result->n_sources,
        .scope = *scope,
    };
    struct buf sorted = {0};
    char *lines[1000], *rest = str_dup(str_from_c(test_ask_query(&lake_duckdb, lake, &query)));
    char *text = rest;
    size_t n = 0;
    for (char *line; n < 1000 && (line = strsep(&rest, "\n")) != NULL; n++)
        lines[n] = line;
    if (!result->ordered)
        qsort(lines, n, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < n; i++)
        buf_printf(&sorted, "%s\n", lines[i]);
    buf_add_byte(&sorted, '\0');
    assert_false(sorted.failed);
    free(text);
    return sorted.ptr;
}

static void compare(const char *query, const struct lake_scope *scope)
{
    char *planned = run(compile(query, scope, false), scope);
    char *plain = run(compile(query, scope, true), scope);
    if (strcmp(planned, plain) != 0)
        fail_msg("%s\n  gives %s  and plain %s", query, planned, plain);
    free(planned);
    free(plain);
}

static void plans_that_read_less_give_the_same_rows(void **state)
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
    static const struct str moh[] = {{"MOH", 3}}, nobody[] = {{"MOE", 3}};
    const struct lake_scope scopes[] = {
        {.all = true}, {.agencies = moh, .n = 1}, {.agencies = nobody, .n = 1}, {0}};
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        for (size_t k = 0; k < sizeof(scopes) / sizeof(scopes[0]); k++)
            compare(queries[i], &scopes[k]);
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
        TEST(plans_that_read_less_give_the_same_rows),
        TEST(only_datasets_that_have_rows_of_the_caller_in_that_time_are_read),
        TEST(a_column_more_is_on_the_shelf_at_once),
    };
    return test_library() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
