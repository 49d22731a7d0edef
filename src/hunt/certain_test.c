/* Which queries are taken for such that no value can make them fail. */
#include "base/test.h"
#include "hunt/hunt.h"

static const char table_yaml[] = "name: Starts\n"
                                 "about: starts of processes\n"
                                 "columns:\n"
                                 "  Timestamp: datetime\n"
                                 "  FileName: string\n"
                                 "  Id: long\n"
                                 "  Half: long\n"
                                 "from:\n"
                                 "  - dataset: windows_sysmon\n"
                                 "    columns:\n"
                                 "      Timestamp: _time\n"
                                 "      FileName: Image\n"
                                 "      Id: EventID\n"
                                 "      Half: EventID / 2\n";

static bool is_certain(const char *query)
{
    struct tables *tables = tables_new();
    struct hunt_catalogue *catalogue = hunt_catalogue_new();
    const struct lake_column columns[] = {{STR("Image"), STR("Image"), LAKE_TEXT, false},
                                          {STR("EventID"), STR("EventID"), LAKE_INTEGER, false}};
    struct arena arena;
    struct err err = {0};
    const struct hunt_plan *plan;
    assert_true(tables && catalogue);
    if (tables_add(tables, STR(table_yaml), STR("starts.yaml"), &err) < 0)
        fail_msg("%u: %s", err.line, err.message);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(hunt_catalogue_add(catalogue, STR("windows_sysmon"), &columns[i]), 0);
    arena_init(&arena, 16 << 20);
    const struct hunt_options options = {
        .tables = tables, .catalogue = catalogue, .first = INT64_MIN, .last = INT64_MAX};
    if (hunt_compile(&arena, str_from_c(query), &options, &plan, &err) < 0)
        fail_msg("%s: %s", query, err.message);
    bool certain = plan->results[0].certain;
    arena_free(&arena);
    hunt_catalogue_free(catalogue);
    tables_free(tables);
    return certain;
}

static void what_only_compares_and_counts_is_certain(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "Starts | where FileName == 'a' and Id != 5 | project FileName, Timestamp",
        "Starts | where Timestamp > ago(1d) and FileName has_any ('a', 'b') | project Id | take 5",
        "Starts | where FileName matches regex '^a+$' or FileName in~ ('x') | count",
        "let n = 3; Starts | where Id > n | summarize count(), dcount(FileName) by Id | top 5 by "
        "Id",
        "Starts | join kind=leftanti (Starts | where Id == 1) on FileName | project Id | sort by "
        "Id asc",
        "union Starts, (Starts | where tolower(FileName) == 'x') | distinct FileName",
        "Starts | extend t = tostring(Id), n = toint(FileName) | where n between (1 .. 5) | "
        "project t",
        "Starts | where tostring(split(FileName, '.')[-1]) == 'exe' | count",
        "Starts | where extract('a(b)', 1, FileName) == 'b' | count",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        if (!is_certain(queries[i]))
            fail_msg("%s", queries[i]);
}

static void whatever_may_fail_on_a_value_is_not(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "Starts | where assert(FileName != 'secret', 'found')",
        "Starts | where Id * 9223372036854775807 > 0",
        "Starts | where -Id > 0",
        "Starts | where Half > 1",
        "Starts | where strlen(strrep(FileName, Id)) > 1",
        "Starts | extend a = strcat(FileName, FileName) | where strlen(strcat(a, a)) > 1",
        "Starts | where 'a' matches regex FileName",
        "Starts | where extract(FileName, 1, 'a') == 'b' | count",
        "Starts | where split(FileName, '.')[Id] == 'exe' | count",
        "Starts | where todatetime(Id) > ago(1d)",
        "Starts | where parse_json(FileName).a == 'x'",
        "Starts | summarize count() by bin(Timestamp, 1h)",
        "Starts | mv-expand x = split(FileName, 'e')",
        "Starts | parse FileName with 'a' b:long",
        "let f = (x: string) { assert(x == 'y', 'no') }; Starts | where f(FileName)",
        "Starts | where Id in ((Starts | where assert(Id > 1, 'no') | project Id))",
        "Starts | where Id > toscalar(Starts | where Half > 1 | count)",
        "Starts | extend p = pack_all()",
        "Starts | serialize n = row_number()",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        if (is_certain(queries[i]))
            fail_msg("%s", queries[i]);
    assert_true(is_certain("Starts | project FileName | where FileName == 'x'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_only_compares_and_counts_is_certain),
        cmocka_unit_test(whatever_may_fail_on_a_value_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
