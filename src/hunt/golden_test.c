#include "hunt/golden_test.h"

#include "hunt/ask.h"
#include "hunt/function.h"
#include "lake/lake_test.h"

static const char *place;
static struct lake *lake;
static struct tables *tables;
static struct buf answer;

/* A published table over the events that test_fill() makes: one a second, images in turn, EventID 1. */
static const char table_yaml[] = "name: Starts\n"
                                 "about: starts of processes\n"
                                 "columns:\n"
                                 "  TimeGenerated: datetime\n"
                                 "  FileName: string\n"
                                 "  EventID: int\n"
                                 "  Missing: string\n"
                                 "from:\n"
                                 "  - dataset: windows_sysmon\n"
                                 "    columns:\n"
                                 "      TimeGenerated: _time\n"
                                 "      FileName: Image\n"
                                 "      EventID: EventID\n";

bool golden_open(void)
{
    struct err err = {0};
    if (!test_library())
        return false;
    place = test_place();
    lake = test_open(&lake_duckdb, place, &(const struct lake_options){.threads = 1});
    if (hunt_functions_register(&lake_duckdb, lake, NULL, &err) < 0)
        fail_msg("%s", err.message);
    test_fill(&lake_duckdb, lake, 0, 10, TEST_DAY);
    tables = tables_new();
    assert_non_null(tables);
    if (tables_add(tables, STR(table_yaml), STR("starts.yaml"), &err) < 0)
        fail_msg("%u: %s", err.line, err.message);
    return true;
}

void golden_close(void)
{
    buf_free(&answer);
    tables_free(tables);
    lake_duckdb.close(lake);
    test_place_remove(place);
}

static int begin(void *context, const struct hunt_head *head)
{
    uint32_t *n_columns = context;
    *n_columns = head->n_columns;
    if (answer.len)
        buf_add_c(&answer, " // ");
    for (uint32_t i = 0; i < head->n_columns; i++) {
        if (i)
            buf_add_byte(&answer, '|');
        buf_add_str(&answer, head->columns[i].name);
    }
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    const uint32_t *n_columns = context;
    buf_add_byte(&answer, '/');
    for (uint32_t i = 0; i < *n_columns; i++) {
        if (i)
            buf_add_byte(&answer, '|');
        if (cells[i].null)
            buf_add_byte(&answer, '-');
        else
            buf_add_str(&answer, cells[i].text);
    }
    return 0;
}

static int end(void *context, bool cut)
{
    (void)context;
    assert_false(cut);
    return 0;
}

static struct str ask(const char *query)
{
    uint32_t n_columns = 0;
    struct err err = {0};
    struct hunt_place where = {.ops = &lake_duckdb, .lake = lake, .tables = tables};
    struct hunt_question question = {.text = str_from_c(query),
                                     .first = INT64_MIN,
                                     .last = INT64_MAX,
                                     .now_us = TEST_DAY + TIME_DAY_US / 2,
                                     .scope = TEST_ALL};
    struct hunt_sink sink = {.begin = begin, .row = row, .end = end, .context = &n_columns};
    struct hunt_asking *asking = hunt_asking_new(&where, &question);
    assert_non_null(asking);
    buf_clear(&answer);
    int status = hunt_asking_compile(asking, &err);
    if (status == 0)
        status = hunt_asking_run(asking, &sink, &err);
    if (status < 0) {
        buf_clear(&answer);
        buf_printf(&answer, "%u:%u: %s", err.line, err.column, err.message);
    }
    hunt_asking_free(asking);
    assert_false(answer.failed);
    return buf_str(&answer);
}

void golden_check(const struct golden *cases, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        struct str got = ask(cases[i].query);
        if (str_eq(got, str_from_c(cases[i].answer)))
            continue;
        print_message("%s\n    gives    %.*s\n    but not  %s\n", cases[i].query, STR_ARG(got),
                      cases[i].answer);
        wrong++;
    }
    if (wrong)
        fail_msg("%zu of %zu answers are wrong", wrong, n);
}
