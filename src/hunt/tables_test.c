#include "base/test.h"

#include <errno.h>
#include <stdio.h>

#include "hunt/tables.h"

static const char DATASETS[] =
    "name: shop\n"
    "title: Shop\n"
    "recognise: [{till: {present: true}}]\n"
    "time: [sold]\n"
    "host: [till]\n"
    "aliases: [{fields: {Customer: buyer, Price: [shop.price, price]}}]\n"
    "fields:\n"
    "  till: {type: integer, ecs: observer.id}\n"
    "  price: {type: number, ecs: shop.price}\n"
    "  id.first: {ecs: user.name}\n"
    "  id.second: {ecs: user.name}\n"
    "---\n"
    "name: stall\n"
    "title: Stall\n"
    "recognise: [{stall: {present: true}}]\n"
    "fields:\n"
    "  stall: {type: host, ecs: host.name}\n"
    "  price: {type: integer, ecs: shop.price}\n"
    "  open: {type: time, ecs: event.start}\n"
    "  code: {ecs: observer.id}\n";

static const char SALES[] =
    "name: Sales\n"
    "about: What was sold\n"
    "columns: {Time: datetime, Price: real, Who: string, Details: dynamic}\n"
    "from:\n"
    "  - dataset: [shop, stall]\n"
    "    where: price > 10 and ['id.first'] != 'x y'\n"
    "    columns:\n"
    "      Time: _time\n"
    "      Price: price\n"
    "  - dataset: shop\n"
    "    same: record\n"
    "    columns: {Time: sold, Who: buyer, Price: ~}\n";

static struct fields fields;
static struct datasets *datasets;
static struct tables *tables;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    err = (struct err){0};
    assert_int_equal(fields_init(&fields), 0);
    datasets = datasets_new(&fields);
    tables = tables_new();
    assert_non_null(tables);
    assert_int_equal(datasets_add(datasets, STR(DATASETS), STR("d.yaml"), &err), 0);
    return datasets_freeze(datasets);
}

static int tear_down(void **state)
{
    (void)state;
    tables_free(tables);
    datasets_free(datasets);
    fields_free(&fields);
    return 0;
}

static int add(const char *yaml)
{
    return tables_add(tables, str_from_c(yaml), STR("t.yaml"), &err);
}

static int check(void)
{
    const struct table *wrong;
    return tables_check(tables, datasets, &wrong, &err);
}

static struct table_cell cell(const struct table *table, uint32_t source, const char *column)
{
    uint32_t index = table_column_find(table, str_from_c(column));
    assert_int_not_equal(index, TABLE_COLUMN_NONE);
    return table->sources[source].cells[index];
}

static void a_table_has_its_columns_in_order_with_types(void **state)
{
    (void)state;
    assert_int_equal(add(SALES), 0);
    const struct table *table = tables_find(tables, STR("Sales"));
    assert_non_null(table);
    assert_str(table->about, "What was sold");
    assert_str(table->origin, "t.yaml");
    assert_int_equal(table->n_columns, 4);
    assert_str(table->columns[1].name, "Price");
    assert_int_equal(table->columns[1].type, KQL_REAL);
    assert_int_equal(table->columns[3].type, KQL_DYNAMIC);
    assert_int_equal(table_column_find(table, STR("price")), TABLE_COLUMN_NONE);
}

static void a_source_makes_rows_of_each_dataset_it_names(void **state)
{
    (void)state;
    assert_int_equal(add(SALES), 0);
    const struct table *table = tables_find(tables, STR("Sales"));
    assert_int_equal(table->n_sources, 3);
    assert_str(table->sources[0].dataset, "shop");
    assert_str(table->sources[1].dataset, "stall");
    assert_int_equal(table->sources[1].where.kind, TABLE_EXPRESSION);
    assert_int_equal(table->sources[1].where.line, 6);
    assert_int_equal(table->sources[1].where.column, 12);
    assert_str(cell(table, 1, "Time").text, "_time");
    assert_int_equal(cell(table, 1, "Time").kind, TABLE_FIELD);
    assert_int_equal(cell(table, 1, "Who").kind, TABLE_NOTHING);
}

static void columns_of_the_same_name_need_not_be_written(void **state)
{
    (void)state;
    assert_int_equal(add("name: T\nabout: a\ncolumns: {A: string, B.c: long, D: dynamic}\n"
                         "from: [{dataset: shop, same: true}]\n"),
                     0);
    const struct table *table = tables_find(tables, STR("T"));
    assert_str(cell(table, 0, "B.c").text, "B.c");
    assert_int_equal(cell(table, 0, "B.c").kind, TABLE_FIELD);
    assert_true(cell(table, 0, "B.c").same);
    assert_str(cell(table, 0, "D").text, "coalesce(todynamic(['D']), todynamic(_raw)['D'])");
}

static void columns_of_an_object_are_found_in_it_and_others_go_before(void **state)
{
    (void)state;
    assert_int_equal(add(SALES), 0);
    const struct table *table = tables_find(tables, STR("Sales"));
    assert_str(cell(table, 2, "Who").text, "buyer");
    assert_int_equal(cell(table, 2, "Price").kind, TABLE_NOTHING);
    assert_str(cell(table, 2, "Details").text,
               "coalesce(todynamic(['record.Details']), todynamic(_raw).record['Details'])");
}

static void assert_refused(const char *yaml, uint32_t line, const char *part)
{
    int status = add(yaml);
    if (status == 0)
        status = check();
    if (status == 0 || err.line != line || !strstr(err.message, part))
        fail_msg("line %u: %s", err.line, err.message);
}

static void what_holds_in_every_source_is_said_once(void **state)
{
    (void)state;
    assert_int_equal(add("name: T\nabout: a\ncolumns: {A: string, B: long, C: string}\n"
                         "every: {A: _time, B: price}\n"
                         "from:\n"
                         "- {dataset: shop, same: true}\n"
                         "- {dataset: stall, columns: {B: ~, C: code}}\n"),
                     0);
    const struct table *table = tables_find(tables, STR("T"));
    assert_str(cell(table, 0, "A").text, "_time"); /* before what is the same */
    assert_str(cell(table, 0, "C").text, "C");
    assert_str(cell(table, 1, "A").text, "_time");
    assert_int_equal(cell(table, 1, "B").kind, TABLE_NOTHING); /* a source's own goes before */
    assert_refused("name: U\nabout: a\ncolumns: {A: string}\nevery: {B: _time}\n"
                   "from: [{dataset: shop, same: true}]\n",
                   4, "no column 'B'");
}

static void names_with_dots_and_hyphens_are_fields_as_they_stand(void **state)
{
    (void)state;
    assert_int_equal(add("name: T\nabout: a\n"
                         "columns: {A: string, B: string, C: bool, D: int, E: string}\n"
                         "from:\n- dataset: shop\n"
                         "  columns: {A: id.first, B: cs-uri-stem, C: 'true', D: 4, E: \"'x'\"}\n"),
                     0);
    const struct table *table = tables_find(tables, STR("T"));
    assert_int_equal(cell(table, 0, "A").kind, TABLE_FIELD);
    assert_int_equal(cell(table, 0, "B").kind, TABLE_FIELD);
    assert_int_equal(cell(table, 0, "C").kind, TABLE_EXPRESSION);
    assert_int_equal(cell(table, 0, "D").kind, TABLE_EXPRESSION);
    assert_int_equal(cell(table, 0, "E").kind, TABLE_EXPRESSION);
}

static void what_is_wrong_in_a_file_is_said_with_its_line(void **state)
{
    (void)state;
    assert_refused("name: T\nabout: a\ncolumns: {A: text}\nfrom: []\n", 3, "a type");
    assert_refused("name: T\ncolumns: {A: string}\nfrom: []\n", 1, "'about' is missing");
    assert_refused("name: T\nabout: a\ncolumns: {A: string}\nfrom:\n- dataset: shop\n"
                   "  columns: {B: price}\n",
                   6, "no column 'B'");
    assert_refused("name: T\nabout: a\ncolumns: {A: string}\nfrom:\n- dataset: shop\n"
                   "  rows: all\n",
                   6, "unknown key 'rows'");
    assert_refused("name: T\nabout: a\ncolumns: {A: string}\nfrom:\n- where: price > 1\n"
                   "  same: true\n",
                   5, "one of");
}

static void a_second_table_of_a_name_is_refused(void **state)
{
    (void)state;
    assert_int_equal(add(SALES), 0);
    assert_int_equal(add(SALES), -EEXIST);
    assert_int_equal(err.line, 1);
}

static void names_that_no_dataset_knows_are_found(void **state)
{
    (void)state;
    assert_int_equal(add(SALES), 0);
    assert_int_equal(check(), -EINVAL); /* a stall has no id.first */
    assert_int_equal(err.line, 6);
    assert_non_null(strstr(err.message, "stall knows no field 'id.first'"));
    assert_refused(
        "name: T\nabout: a\ncolumns: {A: string}\nfrom:\n- dataset: kiosk\n  same: true\n", 6,
        "id.first");
}

static void a_dataset_that_is_not_there_is_found(void **state)
{
    (void)state;
    assert_refused(
        "name: T\nabout: a\ncolumns: {A: string}\nfrom:\n- dataset: kiosk\n  same: true\n", 5,
        "no dataset 'kiosk'");
}

static void every_way_to_name_a_field_is_held_against_the_dataset(void **state)
{
    (void)state;
    static const char *const right[] = {
        "price + 1d",
        "strcat('price', \"nothing\", @'a\\')",
        "todynamic(_raw).nothing.more",
        "['id.first'] has 'x' and not(buyer in~ ('a', 'b'))",
        "split(buyer, '\\\\')[-1]",
        "iff(price > 0x1f, datetime(2026-01-01), dynamic({'price': [\"a\"]}))",
        "todynamic(_raw)['nothing']"};
    static const char *const wrong[] = {
        "prize + 1",          "strcat('a', name)", "['id.third']", "tostring(nothing.price)",
        "price in (1, cost)", "Customer"}; /* an alias is Sigma's name, not the event's */
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]) + sizeof(wrong) / sizeof(wrong[0]);
         i++) {
        size_t n_right = sizeof(right) / sizeof(right[0]);
        char yaml[512];
        (void)snprintf(
            yaml, sizeof(yaml),
            "name: T\nabout: a\ncolumns: {A: string}\nfrom:\n- dataset: shop\n  columns:\n"
            "    A: >-\n      %s\n",
            i < n_right ? right[i] : wrong[i - n_right]);
        struct tables *one = tables_new();
        const struct table *table;
        int status = tables_add(one, str_from_c(yaml), STR("t.yaml"), &err);
        if (status == 0)
            status = tables_check(one, datasets, &table, &err);
        tables_free(one);
        if (status != (i < n_right ? 0 : -EINVAL))
            fail_msg("%s", yaml);
    }
}

static void findings_are_a_source_too(void **state)
{
    (void)state;
    assert_int_equal(add("name: T\nabout: a\ncolumns: {A: string}\n"
                         "from: [{findings: true, columns: {A: title}}]\n"),
                     0);
    assert_int_equal(check(), 0);
    assert_int_equal(tables_find(tables, STR("T"))->sources[0].kind, TABLE_FROM_FINDINGS);
    assert_refused("name: U\nabout: a\ncolumns: {A: string}\n"
                   "from: [{findings: true, columns: {A: till}}]\n",
                   4, "a finding has no field 'till'");
}

static void every_dataset_is_a_table_of_its_name(void **state)
{
    (void)state;
    assert_int_equal(tables_add_datasets(tables, datasets, &err), 0);
    const struct table *table = tables_find(tables, STR("shop"));
    assert_non_null(table);
    assert_true(table->open);
    assert_int_equal(table->columns[table_column_find(table, STR("till"))].type, KQL_LONG);
    assert_str(cell(table, 0, "id.first").text, "id.first");
    assert_int_equal(check(), 0);
}

static void events_are_all_datasets_under_ecs_names(void **state)
{
    (void)state;
    assert_int_equal(tables_add_datasets(tables, datasets, &err), 0);
    const struct table *events = tables_find(tables, STR("events"));
    assert_non_null(events);
    assert_int_equal(events->n_sources, 2);
    assert_str(cell(events, 0, "@timestamp").text, "_time");
    assert_str(cell(events, 1, "event.dataset").text, "_dataset");
    assert_str(cell(events, 0, "user.name").text,
               "coalesce(tostring(['id.first']), tostring(['id.second']))");
    assert_str(cell(events, 0, "shop.price").text,
               "coalesce(toreal(['price']), toreal(['shop.price']))"); /* a shipper moved it */
    assert_str(cell(events, 0, "host.name").text, "till"); /* what the dataset says its host is */
    assert_str(cell(events, 1, "host.name").text, "stall");
    assert_int_equal(cell(events, 1, "user.name").kind, TABLE_NOTHING);
}

static void a_column_of_events_has_the_type_its_datasets_agree_on(void **state)
{
    (void)state;
    assert_int_equal(tables_add_datasets(tables, datasets, &err), 0);
    const struct table *events = tables_find(tables, STR("events"));
    assert_int_equal(events->columns[table_column_find(events, STR("shop.price"))].type, KQL_REAL);
    assert_int_equal(events->columns[table_column_find(events, STR("event.start"))].type,
                     KQL_DATETIME);
    assert_int_equal(events->columns[table_column_find(events, STR("observer.id"))].type,
                     KQL_STRING);
}

static void the_name_of_a_dataset_is_taken(void **state)
{
    (void)state;
    assert_int_equal(add("name: shop\nabout: a\ncolumns: {A: string}\nfrom: []\n"), 0);
    assert_int_equal(tables_add_datasets(tables, datasets, &err), -EEXIST);
    assert_non_null(strstr(err.message, "'shop'"));
}

static void a_native_name_has_the_type_its_dataset_gives_it(void **state)
{
    (void)state;
    assert_int_equal(add(SALES), 0);
    assert_int_equal(add("name: T\nabout: a\ncolumns: {A: string}\nfrom:\n"
                         "- {dataset: stall, fields_of: shop, columns: {A: till}}\n"
                         "- {findings: true, columns: {A: title}}\n"),
                     0);
    assert_int_equal(
        tables_native_type(tables, tables_find(tables, STR("Sales"))->sources, STR("price")),
        KQL_TYPE_NONE);
    assert_int_equal(tables_add_datasets(tables, datasets, &err), 0);
    const struct table_source *shop = tables_find(tables, STR("Sales"))->sources;
    const struct table_source *stall = tables_find(tables, STR("T"))->sources;
    const struct table_source *findings = &stall[1];
    assert_int_equal(tables_native_type(tables, shop, STR("price")), KQL_REAL);
    assert_int_equal(tables_native_type(tables, shop, STR("id.first")), KQL_STRING);
    assert_int_equal(tables_native_type(tables, shop, STR("_time")), KQL_DATETIME);
    assert_int_equal(tables_native_type(tables, shop, STR("nothing")), KQL_STRING);
    assert_int_equal(tables_native_type(tables, stall, STR("price")), KQL_LONG);
    assert_int_equal(tables_native_type(tables, stall, STR("till")), KQL_LONG);
    assert_int_equal(tables_native_type(tables, findings, STR("count")), KQL_LONG);
    assert_int_equal(tables_native_type(tables, findings, STR("first")), KQL_DATETIME);
}

static void a_name_that_is_not_there_has_a_nearest(void **state)
{
    (void)state;
    assert_int_equal(add(SALES), 0);
    assert_null(tables_find(tables, STR("sales")));
    assert_str(tables_nearest(tables, STR("sales")), "Sales");
    assert_str(tables_nearest(tables, STR("Purchases")), "");
}

static void types_have_kustos_names(void **state)
{
    (void)state;
    enum kql_type type;
    for (enum kql_type t = KQL_BOOL; t <= KQL_GUID; t++) {
        assert_true(tables_type_find(str_from_c(tables_type_name(t)), &type));
        assert_int_equal(type, t);
    }
    assert_true(tables_type_find(STR("boolean"), &type));
    assert_int_equal(type, KQL_BOOL);
    assert_false(tables_type_find(STR("varchar"), &type));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table_has_its_columns_in_order_with_types),
        TEST(a_source_makes_rows_of_each_dataset_it_names),
        TEST(columns_of_the_same_name_need_not_be_written),
        TEST(columns_of_an_object_are_found_in_it_and_others_go_before),
        TEST(what_holds_in_every_source_is_said_once),
        TEST(names_with_dots_and_hyphens_are_fields_as_they_stand),
        TEST(what_is_wrong_in_a_file_is_said_with_its_line),
        TEST(a_second_table_of_a_name_is_refused),
        TEST(names_that_no_dataset_knows_are_found),
        TEST(a_dataset_that_is_not_there_is_found),
        TEST(every_way_to_name_a_field_is_held_against_the_dataset),
        TEST(findings_are_a_source_too),
        TEST(every_dataset_is_a_table_of_its_name),
        TEST(events_are_all_datasets_under_ecs_names),
        TEST(a_column_of_events_has_the_type_its_datasets_agree_on),
        TEST(the_name_of_a_dataset_is_taken),
        TEST(a_native_name_has_the_type_its_dataset_gives_it),
        TEST(a_name_that_is_not_there_has_a_nearest),
        TEST(types_have_kustos_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
