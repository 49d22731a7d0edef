/*
 * Published hunting queries, where a copy lies beside the project, compile and run on a lake that is empty. Those
 * that are refused are listed with the reason; more than one in twenty fail the test, and so does one that fails when it runs.
 */
#include "base/test.h"

#include "hunt/published_test.h"
#include "hunt/world_test.h"
#include "lake/lake_test.h"

static struct world world;
static unsigned n_files, n_refused, n_failed;

static int load(void **state)
{
    (void)state;
    world_load(&world);
    world_open_lake(&world);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    world_unload(&world);
    return 0;
}

static void ask(const char *name, struct str text)
{
    struct err err = {0};
    enum world_answer answer = world_ask(&world, text, &err);
    n_files++;
    n_refused += answer == WORLD_REFUSED;
    n_failed += answer == WORLD_FAILED;
    if (answer != WORLD_ANSWERED)
        print_message("%s: %s:%u:%u: %s\n", answer == WORLD_REFUSED ? "refused" : "failed", name,
                      err.line, err.column, err.message);
}

static void nineteen_in_twenty_published_queries_run(void **state)
{
    (void)state;
    published_each(ask);
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
    return test_library() ? cmocka_run_group_tests(tests, load, unload) : TEST_SKIPPED;
}
