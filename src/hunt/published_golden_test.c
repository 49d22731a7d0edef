/*
 * Published hunting queries, where a copy lies beside the project, compile and run on a lake that is empty. Those
 * that are refused are listed with the reason; more than one in twenty fail the test, and so does one that fails when it runs.
 */
#include "base/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hunt/ask.h"
#include "hunt/function.h"
#include "lake/lake_test.h"

#define QUERIES PROJECT_ROOT "/../shared/data/kql"

static struct content content;
static struct fields fields;
static struct datasets *datasets;
static struct tables *tables;
static const char *place;
static struct lake *lake;
static unsigned n_files, n_refused, n_failed;

static void load(void)
{
    struct err err = {0};
    assert_int_equal(content_open(&content, CONTENT, &err), 0);
    assert_int_equal(fields_init(&fields), 0);
    datasets = datasets_new(&fields);
    assert_non_null(datasets);
    for (size_t i = 0; i < content.files.len; i++)
        if (str_starts(content.files.items[i].name, STR("datasets/")))
            assert_int_equal(datasets_add(datasets, content.files.items[i].bytes, STR(""), &err),
                             0);
    if (tables_load(&content, datasets, &tables, &err) < 0)
        fail_msg("%s", err.message);
    place = test_place();
    lake = test_open(&lake_duckdb, place, &(const struct lake_options){.threads = 1});
    if (hunt_functions_register(&lake_duckdb, lake, NULL, &err) < 0)
        fail_msg("%s", err.message);
}

static void unload(void)
{
    lake_duckdb.close(lake);
    test_place_remove(place);
    tables_free(tables);
    datasets_free(datasets);
    fields_free(&fields);
    content_close(&content);
}

static int begin(void *context, const struct hunt_head *head)
{
    (void)context;
    (void)head;
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    (void)context;
    (void)cells;
    return 0;
}

static int end(void *context, bool cut)
{
    (void)context;
    (void)cut;
    return 0;
}

static void ask(const char *path, struct str text)
{
    struct err err = {0};
    struct hunt_place where = {.ops = &lake_duckdb, .lake = lake, .tables = tables};
    struct hunt_question question = {
        .text = text, .first = INT64_MIN, .last = INT64_MAX, .now_us = TEST_DAY, .scope = TEST_ALL};
    struct hunt_sink sink = {.begin = begin, .row = row, .end = end};
    struct hunt_asking *asking = hunt_asking_new(&where, &question);
    assert_non_null(asking);
    n_files++;
    if (hunt_asking_compile(asking, &err) < 0) {
        n_refused++;
        print_message("refused: %s:%u:%u: %s\n", path, err.line, err.column, err.message);
    } else if (hunt_asking_run(asking, &sink, &err) < 0) {
        n_failed++;
        print_message("failed: %s: %s\n", path, err.message);
    }
    hunt_asking_free(asking);
}

static int ask_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)walk;
    if (type != FTW_F || !str_ends(str_from_c(path), STR(".kql")))
        return 0;
    FILE *file = fopen(path, "rb");
    char *text = malloc((size_t)status->st_size + 1);
    assert_non_null(file);
    assert_non_null(text);
    ask(strrchr(path, '/') + 1, str_of(text, fread(text, 1, (size_t)status->st_size, file)));
    fclose(file);
    free(text);
    return 0;
}

static void nineteen_in_twenty_published_queries_run(void **state)
{
    (void)state;
    if (access(QUERIES, R_OK) < 0) {
        print_message("skipped: " QUERIES " is not there\n");
        skip();
    }
    load();
    assert_int_equal(nftw(QUERIES, ask_file, 16, FTW_PHYS), 0);
    unload();
    print_message("%u files: %u refused, %u failed\n", n_files, n_refused, n_failed);
    assert_true(n_files > 0);
    assert_int_equal(n_failed, 0);
    assert_true(n_refused * 20 <= n_files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nineteen_in_twenty_published_queries_run),
    };
    return test_library() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
