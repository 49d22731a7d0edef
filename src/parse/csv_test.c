#include "base/test.h"

#include "parse/collect_test.h"

static void check(struct str stream, const char *events, const char *errors)
{
    assert_collected(&format_csv, stream, events, errors);
}

static void cells_take_the_names_of_the_first_record(void **state)
{
    (void)state;
    check(STR("\xEF\xBB\xBFTime Created,Event ID,Message,\r\n"
              "2026-11-21,4624,\"two\r\nlines, \"\"quoted\"\"\",x\r\n"
              "\r\n"
              "2026-11-22,4625,,\r\n"),
          "{\"TimeCreated\":\"2026-11-21\",\"EventID\":\"4624\","
          "\"Message\":\"two\\r\\nlines, \\\"quoted\\\"\",\"column4\":\"x\"}\n"
          "{\"TimeCreated\":\"2026-11-22\",\"EventID\":\"4625\",\"Message\":\"\","
          "\"column4\":\"\"}\n",
          "");
}

static void the_delimiter_is_found(void **state)
{
    (void)state;
    check(STR("a;b,b;c\n1;2;3\n"), "{\"a\":\"1\",\"b,b\":\"2\",\"c\":\"3\"}\n", "");
    check(STR("a\tb\n1\t2\n"), "{\"a\":\"1\",\"b\":\"2\"}\n", "");
    check(STR("a|b\n1|2\n"), "{\"a\":\"1\",\"b\":\"2\"}\n", "");
    check(STR("sep=;\r\na;b,c,d\r\n1;2\r\n"), "{\"a\":\"1\",\"b,c,d\":\"2\"}\n", "");
    check(STR("#TYPE System.Object\n\"a\",\"b\"\n\"1\",\"2\"\n"), "{\"a\":\"1\",\"b\":\"2\"}\n",
          "");
}

static void records_of_another_length_are_kept_and_reported(void **state)
{
    (void)state;
    check(STR("a,b\n1\n1,2,3\n4,5\n"),
          "{\"a\":\"1\"}\n{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"4\",\"b\":\"5\"}\n",
          "4 1: fewer cells than the first record\n"
          "6 2: more cells than the first record; the rest is left out\n");
}

static void a_quote_that_never_closes_costs_its_line_only(void **state)
{
    (void)state;
    check(STR("a,b\n1,\"open\n2,x\n3,y\n"),
          "{\"a\":\"1\",\"b\":\"open\"}\n{\"a\":\"2\",\"b\":\"x\"}\n{\"a\":\"3\",\"b\":\"y\"}\n",
          "4 1: a quote that never closes; the record is its line\n");
}

static void columns_of_the_same_name_are_a_list(void **state)
{
    (void)state;
    check(STR("a,b,a\n1,2,3\n"), "{\"a\":[\"1\",\"3\"],\"b\":\"2\"}\n", "");
}

static void a_quote_inside_a_bare_cell_is_text(void **state)
{
    (void)state;
    check(STR("a,b\nx\"y,2\n3\",4\n"),
          "{\"a\":\"x\\\"y\",\"b\":\"2\"}\n{\"a\":\"3\\\"\",\"b\":\"4\"}\n", "");
}

static void a_record_of_too_many_bytes_is_reported_and_the_rest_is_read(void **state)
{
    (void)state;
    const size_t len = PARSE_RECORD_MAX + 1000;
    struct buf stream = {0};
    buf_add_c(&stream, "a,b\n1,2\n");
    char *line = buf_reserve(&stream, len);
    assert_non_null(line);
    memset(line, 'x', len);
    stream.len += len;
    buf_add_c(&stream, "\n3,4\n");
    for (size_t step = 1u << 20; step < 64u << 20; step *= 7) {
        struct collection got =
            collect(&format_csv, buf_str(&stream), &(struct parse_options){0}, step);
        assert_string_equal(got.events.ptr,
                            "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
        assert_int_equal(got.n_errors, 1);
        collection_free(&got);
    }
    buf_free(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_take_the_names_of_the_first_record),
        cmocka_unit_test(the_delimiter_is_found),
        cmocka_unit_test(records_of_another_length_are_kept_and_reported),
        cmocka_unit_test(a_quote_that_never_closes_costs_its_line_only),
        cmocka_unit_test(columns_of_the_same_name_are_a_list),
        cmocka_unit_test(a_quote_inside_a_bare_cell_is_text),
        cmocka_unit_test(a_record_of_too_many_bytes_is_reported_and_the_rest_is_read),
    };
    return cmocka_run_group_tests_name("parse/csv", tests, NULL, NULL);
}
