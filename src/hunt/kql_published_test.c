/*
 * Every published hunting query, where a copy lies beside the project, parses, and parses to the same
 * tree once printed. Two files of the collection are no queries, and must be refused for that.
 */
#include "hunt/kql_test.h"

#include "hunt/published_test.h"

static unsigned files, queries, refused;

static const struct {
    const char *file, *reason;
} no_queries[] = {
    {"365DaysofKQL-Day100.kql", "expected an expression, not '{'"}, /* a workbook, in JSON */
    {"DCA-ExtractPhoneNumber.kql",
     "'datetime(\"Insert date\")' is no literal"}, /* a form to fill in */
};

static bool is_known(const char *path, const char *message)
{
    for (size_t i = 0; i < sizeof(no_queries) / sizeof(no_queries[0]); i++)
        if (str_ends(str_from_c(path), str_from_c(no_queries[i].file)))
            return strstr(message, no_queries[i].reason) != NULL;
    return false;
}

static void parse_one(const char *path, struct str text)
{
    struct kql_query_list list;
    struct err err = {0};
    files++;
    kql_test_reset();
    if (kql_parse_all(&kql_test_arena, text, &list, &err) == 0) {
        queries += list.len;
        for (uint32_t i = 0; i < list.len; i++)
            kql_test_round_trip(list.items[i]);
        return;
    }
    bool known = is_known(path, err.message);
    refused += !known;
    print_message("%s%s:%u:%u: %s\n", known ? "no query: " : "", path, err.line, err.column,
                  err.message);
}

static void every_published_query_parses_and_survives_printing(void **state)
{
    (void)state;
    published_each(parse_one);
    print_message("%u files, %u queries, %u files refused\n", files, queries, refused);
    kql_test_reset();
    assert_true(queries > 0);
    assert_int_equal(refused, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_query_parses_and_survives_printing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
