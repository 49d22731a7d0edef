/* What docs/hunting.md says runs: every example compiles and runs on a lake that is empty, every name that it has is one. */
#include "base/test.h"

#include "hunt/function.h"
#include "hunt/kql_operators.h"
#include "hunt/world_test.h"
#include "io/file.h"
#include "lake/lake_test.h"

#define DOCUMENT PROJECT_ROOT "/docs/hunting.md"
#define DOCUMENT_MAX (1u << 20)

static struct world world;
static struct buf document;

static int load(void **state)
{
    (void)state;
    world_load(&world);
    world_open_lake(&world);
    return file_read(DOCUMENT, DOCUMENT_MAX, &document);
}

static int unload(void **state)
{
    (void)state;
    buf_free(&document);
    world_unload(&world);
    return 0;
}

/* ---- examples ---- */

static bool runs(struct str text, uint32_t line)
{
    struct err err = {0};
    enum world_answer answer = world_ask(&world, text, &err);
    if (answer != WORLD_ANSWERED)
        print_message("docs/hunting.md:%u:%u: %s\n", line + err.line, err.column, err.message);
    return answer == WORLD_ANSWERED;
}

static void every_example_runs(void **state)
{
    (void)state;
    struct str rest = buf_str(&document), line;
    const char *from = NULL;
    uint32_t number = 0, first = 0, n = 0, failed = 0;
    while (str_cut_line(&rest, &line)) {
        number++;
        if (from && str_eq(line, STR("```"))) {
            n++;
            failed += !runs(str_of(from, (size_t)(line.ptr - from)), first);
            from = NULL;
        } else if (str_eq(line, STR("```kql"))) {
            from = rest.ptr;
            first = number;
        }
    }
    assert_true(n >= 10);
    assert_int_equal(failed, 0);
}

/* ---- names ---- */

static bool is_function(struct str name)
{
    /* Those that are no rows: they are about tables, or make several columns. */
    static const char *const others[] = {
        "not",          "column_ifexists",  "toscalar", "materialize",    "view",     "table",
        "any",          "arg_max",          "arg_min",  "take_any",       "pack_all", "percentiles",
        "percentilesw", "bag_pack_columns", "bin_auto", "ingestion_time",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (str_eq(name, str_from_c(others[i])))
            return true;
    return hunt_function_find(HUNT_SCALAR, name, NULL) ||
           hunt_function_find(HUNT_AGGREGATE, name, NULL) ||
           hunt_function_find(HUNT_WINDOW, name, NULL);
}

/* The text between the headline and the next one. */
static struct str section(const char *headline)
{
    struct str all = buf_str(&document);
    size_t at = str_find(all, str_from_c(headline));
    assert_true(at != SIZE_MAX);
    all = str_skip(all, at + strlen(headline));
    size_t behind = str_find(all, STR("\n##"));
    return str_first(all, behind == SIZE_MAX ? all.len : behind);
}

/* Is `name` in the text between backquotes? */
static bool has_name(struct str text, struct str name)
{
    struct buf quoted = {0};
    buf_printf(&quoted, "`%.*s`", STR_ARG(name));
    bool found = str_find(text, buf_str(&quoted)) != SIZE_MAX;
    buf_free(&quoted);
    return found;
}

static void every_function_of_the_table_is_one(void **state)
{
    (void)state;
    struct str text = section("### Functions\n"), line;
    unsigned n = 0, unknown = 0;
    while (str_cut_line(&text, &line)) {
        struct str name;
        bool inside = false;
        if (!str_starts(line, STR("| ")))
            continue;
        while (str_cut(&line, '`', &name)) {
            n += inside;
            if (inside && !is_function(name)) {
                print_message("no function: %.*s\n", STR_ARG(name));
                unknown++;
            }
            inside = !inside;
        }
    }
    assert_true(n > 250);
    assert_int_equal(unknown, 0);
}

/* What is missing on the page is named, so that whoever adds a function sees it; only a page that lags far behind fails. */
static void the_page_keeps_up_with_the_functions_and_operators(void **state)
{
    (void)state;
    struct str functions = section("### Functions\n"), operators = section("### Operators\n");
    size_t count;
    unsigned n = 0, missing = 0;
    const struct hunt_function_table *all = hunt_function_tables(&count);
    for (size_t i = 0; i < count; i++)
        for (const struct hunt_function *function = all[i].rows; function->signature; function++) {
            struct str name = hunt_function_name(function);
            bool refused =
                all[i].rows == hunt_refused_scalars || all[i].rows == hunt_refused_aggregates;
            n++;
            if (refused || has_name(functions, name))
                continue;
            print_message("not in docs/hunting.md: %.*s\n", STR_ARG(name));
            missing++;
        }
    assert_true(missing * 20 <= n);
    const struct kql_operator_row *operator_row;
    for (size_t i = 0; (operator_row = kql_operator_at(i)) != NULL; i++)
        if (!has_name(operators, str_from_c(operator_row->name)) &&
            strncmp(operator_row->name, "mv", 2) != 0)
            fail_msg("not in docs/hunting.md: %s", operator_row->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_runs),
        cmocka_unit_test(every_function_of_the_table_is_one),
        cmocka_unit_test(the_page_keeps_up_with_the_functions_and_operators),
    };
    if (!test_library())
        return TEST_SKIPPED;
    return cmocka_run_group_tests(tests, load, unload);
}
