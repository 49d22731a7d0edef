/*
 * Functions of KQL by what Microsoft's reference says of them: expressions and what they give, on the engine.
 */
#include <stdio.h>

#include "base/arena.h"
#include "hunt/function.h"
#include "hunt/functions_test.h"
#include "hunt/hunt.h"
#include "lake/lake_test.h"

static struct lake *lake;
static const char *place;

/* 2026-11-22T10:00:00Z, a Sunday */
#define NOW (INT64_C(1795341600) * TIME_SECOND_US)

static const char *evaluate(const char *text)
{
    static char problem[ERR_MESSAGE_MAX + 64];
    struct arena arena;
    struct err err = {0};
    const struct hunt_plan *plan;
    struct hunt_options options = {.now_us = NOW, .first = INT64_MIN, .last = INT64_MAX};
    arena_init(&arena, 16u << 20);
    const char *result = problem;
    if (hunt_compile(&arena, str_from_c(text), &options, &plan, &err) < 0) {
        snprintf(problem, sizeof(problem), "refused: %s", err.message);
    } else {
        struct lake_query query = {.sql = plan->results[0].sql, .scope = TEST_ALL};
        if (test_ask_fails(&lake_duckdb, lake, &query, &result) == 0)
            result = test_ask_query(&lake_duckdb, lake, &query);
    }
    arena_free(&arena);
    return result;
}

static void check_cases(void **state)
{
    const struct function_case *cases = *state;
    size_t bad = 0;
    for (; cases->query; cases++) {
        char text[4096];
        bool whole =
            strstr(cases->query, " | ") || str_starts(str_from_c(cases->query), STR("let "));
        snprintf(text, sizeof(text), whole ? "%s" : "print %s", cases->query);
        const char *result = evaluate(text);
        if (strcmp(result, cases->expected) == 0)
            continue;
        print_error("%s\n  is   %s\n  not  %s\n", cases->query, result, cases->expected);
        bad++;
    }
    assert_int_equal(bad, 0);
}

static int open_lake(void **state)
{
    (void)state;
    struct err err = {0};
    place = test_place();
    lake = test_open(&lake_duckdb, place, &(struct lake_options){0});
    if (hunt_functions_register(&lake_duckdb, lake, NULL, &err) == 0)
        return 0;
    print_error("%s\n", err.message);
    return -1;
}

static int close_lake(void **state)
{
    (void)state;
    lake_duckdb.close(lake);
    test_place_remove(place);
    return 0;
}

int main(void)
{
    if (!test_library())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        {"conversions", check_cases, NULL, NULL, (void *)(uintptr_t)convert_cases},
        {"strings", check_cases, NULL, NULL, (void *)(uintptr_t)string_cases},
        {"terms", check_cases, NULL, NULL, (void *)(uintptr_t)terms_cases},
        {"times", check_cases, NULL, NULL, (void *)(uintptr_t)time_cases},
        {"choice", check_cases, NULL, NULL, (void *)(uintptr_t)control_cases},
        {"arrays and bags", check_cases, NULL, NULL, (void *)(uintptr_t)dynamic_cases},
        {"numbers", check_cases, NULL, NULL, (void *)(uintptr_t)number_cases},
        {"addresses", check_cases, NULL, NULL, (void *)(uintptr_t)ip_cases},
        {"groups", check_cases, NULL, NULL, (void *)(uintptr_t)aggregate_cases},
        {"windows", check_cases, NULL, NULL, (void *)(uintptr_t)window_cases},
        {"series", check_cases, NULL, NULL, (void *)(uintptr_t)series_cases},
        {"texts of other languages", check_cases, NULL, NULL, (void *)(uintptr_t)parse_cases},
    };
    return cmocka_run_group_tests(tests, open_lake, close_lake);
}
