#include "base/test.h"

#include <errno.h>

#include "base/time.h"
#include "hunt/saved.h"

#define HEAD                                                                                       \
    "// title: Sales of one till\n"                                                                \
    "// id: sale-1\n"                                                                              \
    "// description: d\n"                                                                          \
    "// level: low\n"
#define QUERY                                                                                      \
    "declare query_parameters(window:timespan = 7d, most:long = 3, who:string = \"\");\n"          \
    "Sales | where Time > ago(window) and Price > most | project Time, Price, Who, Ids\n"

static const char TABLE[] = "name: Sales\n"
                            "about: What was sold\n"
                            "columns: {Time: datetime, Price: real, Who: string, Ids: dynamic}\n"
                            "from: []\n";

static struct tables *tables;
static struct arena arena;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    err = (struct err){0};
    arena_init(&arena, 16u << 20);
    tables = tables_new();
    assert_non_null(tables);
    return tables_add(tables, STR(TABLE), STR("sales.yaml"), &err);
}

static int tear_down(void **state)
{
    (void)state;
    tables_free(tables);
    arena_free(&arena);
    return 0;
}

static const struct saved_hunt *reads(const char *text)
{
    const struct saved_hunt *hunt = NULL;
    if (saved_read(&arena, str_from_c(text), NULL, &hunt, &err) < 0 ||
        saved_check(hunt, tables, &err) < 0)
        fail_msg("%u:%u: %s", err.line, err.column, err.message);
    return hunt;
}

static void refuses(const char *text, unsigned line, unsigned column, const char *message)
{
    const struct saved_hunt *hunt = NULL;
    int status = saved_read(&arena, str_from_c(text), NULL, &hunt, &err);
    if (status == 0)
        status = saved_check(hunt, tables, &err);
    assert_int_equal(status, -EINVAL);
    assert_string_equal(err.message, message);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
}

static void a_header_is_read_whole(void **state)
{
    (void)state;
    const struct saved_hunt *hunt = reads(HEAD "// author: anna\n"
                                               "// date: 2026-11-22\n"
                                               "// attack: [T1059, TA0002]\n"
                                               "// tables: Sales\n"
                                               "// every: 6h\n"
                                               "// scope: agency\n"
                                               "// falsepositives:\n"
                                               "//   - Christmas\n"
                                               "//\n"
                                               "// references: [https://example.org]\n"
                                               "// finding:\n"
                                               "//   title: \"{Who} paid {Price}\"\n"
                                               "//   entity: [Who]\n"
                                               "//   user: Who\n" QUERY);
    assert_str(hunt->id, "sale-1");
    assert_str(hunt->title, "Sales of one till");
    assert_int_equal(hunt->level, SIGMA_LOW);
    assert_int_equal(hunt->every_us, INT64_C(6) * 3600 * TIME_SECOND_US);
    assert_false(hunt->central);
    assert_true(hunt->finds);
    assert_int_equal(hunt->attack.len, 2);
    assert_str(hunt->attack.items[1].text, "TA0002");
    assert_int_equal(hunt->tables.len, 1);
    assert_str(hunt->falsepositives.items[0].text, "Christmas");
    assert_str(hunt->finding.about[SAVED_USER].text, "Who");
    assert_int_equal(hunt->n_parameters, 3);
    assert_str(hunt->parameters[1].name.text, "most");
}

static void what_is_wrong_is_said_with_its_place_in_the_file(void **state)
{
    (void)state;
    refuses("Sales", 1, 1, "the file begins with its header: lines of '// key: value'");
    refuses("// only words\nSales", 1, 4, "expected a map");
    refuses("// title: a\nSales", 1, 4, "'id' is missing");
    refuses(HEAD "// tabels: [Sales]\nSales", 5, 4, "unknown key 'tabels'; did you mean 'tables'?");
    refuses(HEAD "// tables: [Sails]\nSales", 5, 13,
            "there is no table 'Sails'; did you mean 'Sales'?");
    refuses(HEAD "// tables: [Sales or Sails]\nSales", 5, 13,
            "there is no table 'Sails'; did you mean 'Sales'?");
    refuses(HEAD "// level: loud\nSales", 5, 4, "'level' is there twice");
    refuses(HEAD "// every: 5s\nSales", 5, 11,
            "expected how often it runs, from 1m to 400d: 15m, 6h, 1d");
    refuses(HEAD "// scope: world\nSales", 5, 11, "expected agency or centre");
    refuses(HEAD "// finding: {user: Who}\nSales", 5, 13,
            "'entity' is missing: the columns that make a row the same finding as an earlier one");
    refuses(HEAD "// finding: {entity: Who, usr: Who}\nSales", 5, 27,
            "unknown key 'usr'; did you mean 'user'?");
    refuses(HEAD "// finding:\n//   entity: [Woh]\nSales", 6, 15,
            "the query's result has no column 'Woh'; did you mean 'Who'?");
    refuses(HEAD "// finding: {entity: Who, title: 'a {Pric} b'}\nSales", 5, 34,
            "the query's result has no column 'Pric'; did you mean 'Price'?");
    refuses(HEAD "// finding: {entity: Who, time: Price}\nSales", 5, 33,
            "the column 'Price' is a real, not a datetime");
    refuses(HEAD "// scope: centre\n// finding: {entity: Who}\nSales", 6, 22,
            "with 'scope: centre' a row says whose it is: the result has no column _agency");
    refuses(HEAD "Sales | wher Who == 'a'", 5, 9,
            "there is no operator 'wher'; did you mean 'where'?");
    refuses(HEAD "Sales; Sales", 5, 8, "a saved hunt has one result");
    refuses(HEAD "Sales\n\nSales", 7, 1, "a saved hunt is one query: this is another one");
    refuses(HEAD "declare query_parameters(a:long);\nSales", 5, 26,
            "a parameter of a saved hunt has a default: name:type = value");
}

static void only_what_attack_has_may_be_named(void **state)
{
    (void)state;
    struct attack attack;
    const struct saved_hunt *hunt;
    assert_int_equal(attack_read(&attack,
                                 STR("version,19.2,,\ntactic,TA0002,Execution,execution\n"
                                     "technique,T1059,Interpreter,execution\n"),
                                 &err),
                     0);
    assert_int_equal(
        saved_read(&arena, STR(HEAD "// attack: [T1059, TA0002]\n" QUERY), &attack, &hunt, &err),
        0);
    assert_int_equal(
        saved_read(&arena, STR(HEAD "// attack: [T1059, T9]\n" QUERY), &attack, &hunt, &err),
        -EINVAL);
    assert_string_equal(err.message, "ATT&CK 19.2 has no technique or tactic 'T9'");
    assert_int_equal(err.column, 20);
    attack_free(&attack);
}

static void parameters_are_checked_by_name_and_type(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *problem;
    } cases[] = {
        {"window", "1.5h", NULL},
        {"window", "soon", "the parameter 'window' is a timespan, which 'soon' is not"},
        {"most", "-4", NULL},
        {"most", "4.5", "the parameter 'most' is a long, which '4.5' is not"},
        {"who", "anybody; drop", NULL},
        {"windw", "1d", "the hunt has no parameter 'windw'; did you mean 'window'?"},
    };
    const struct saved_hunt *hunt = reads(HEAD QUERY);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct hunt_parameter given = {str_from_c(cases[i].name), str_from_c(cases[i].value)};
        assert_int_equal(saved_parameters_check(hunt, &given, 1, &err),
                         cases[i].problem ? -EINVAL : 0);
        if (cases[i].problem)
            assert_string_equal(err.message, cases[i].problem);
    }
}

/* ---- rows ---- */

static struct saved_match match_of(const char *header, const struct hunt_cell *cells)
{
    const struct hunt_column columns[] = {
        {STR("Time"), KQL_DATETIME}, {STR("Price"), KQL_REAL},   {STR("Who"), KQL_STRING},
        {STR("Ids"), KQL_DYNAMIC},   {STR("Level"), KQL_STRING},
    };
    struct saved_match match;
    const struct saved_hunt *hunt;
    struct str text = arena_printf(&arena, "%s%s%s", HEAD, header, QUERY);
    assert_int_equal(saved_read(&arena, text, NULL, &hunt, &err), 0);
    const struct saved_mapping *mapping = saved_mapping_new(&arena, hunt, columns, 5, &err);
    if (!mapping)
        fail_msg("%s", err.message);
    assert_int_equal(saved_match_read(mapping, cells, &arena, &match), 0);
    return match;
}

static void a_row_becomes_a_finding_by_the_mapping(void **state)
{
    (void)state;
    const struct hunt_cell cells[] = {{STR("2026-11-22T04:00:00Z"), false},
                                      {STR("4.5"), false},
                                      {STR("anna"), false},
                                      {STR("[\"1.2\",\"nothing\",\"3.4.1\"]"), false},
                                      {STR("high"), false}};
    struct saved_match match =
        match_of("// finding: {title: '{Who} paid {Price}!', time: Time, level: Level,\n"
                 "//   entity: [Who, Price], user: Who, events: Ids}\n",
                 cells);
    assert_str(match.title, "anna paid 4.5!");
    assert_str(match.entity, "[\"anna\",\"4.5\"]");
    assert_str(match.about[SAVED_USER], "anna");
    assert_int_equal(match.time, time_from_civil(2026, 11, 22, 4, 0, 0, 0));
    assert_int_equal(match.level, SIGMA_HIGH);
    assert_int_equal(match.n_events, 2);
    assert_int_equal(match.events[1].partition, 3);
    assert_int_equal(match.events[1].part, 1);
}

static void what_a_row_does_not_say_is_the_hunts(void **state)
{
    (void)state;
    struct hunt_cell cells[] = {{STR(""), true},
                                {STR("4.5"), false},
                                {STR("anna"), false},
                                {STR(""), true},
                                {STR("loud"), false}};
    const char *header = "// finding: {entity: Who, level: Level, time: Time, host: Ids}\n";
    struct saved_match match = match_of(header, cells);
    assert_str(match.title, "Sales of one till");
    assert_int_equal(match.level, SIGMA_LOW);
    assert_int_equal(match.time, TIME_UNSET);
    assert_int_equal(match.about[SAVED_HOST].len, 0);
    assert_int_equal(match.n_events, 0);
    /* Without a time, other values are another evidence. */
    struct str before = match.evidence;
    assert_true(str_eq(match_of(header, cells).evidence, before));
    cells[1].text = STR("5");
    assert_false(str_eq(match_of(header, cells).evidence, before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_header_is_read_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said_with_its_place_in_the_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_what_attack_has_may_be_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parameters_are_checked_by_name_and_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_becomes_a_finding_by_the_mapping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_row_does_not_say_is_the_hunts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
