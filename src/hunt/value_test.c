#include "hunt/value.h"

#include <math.h>
#include <stdio.h>

#include "base/test.h"
#include "base/time.h"
#include "hunt/rows.h"

static const char *text_of(enum kql_type type, const struct lake_vector *vector, size_t row)
{
    static char text[128];
    struct buf buf = {0};
    bool there = value_write(&buf, type, vector, row);
    snprintf(text, sizeof(text), "%s%.*s", there ? "" : "(null)", STR_ARG(buf_str(&buf)));
    buf_free(&buf);
    return text;
}

static const char *integer(enum kql_type type, enum lake_kind kind, int64_t number)
{
    struct lake_vector vector = {.kind = kind, .integers = &number};
    return text_of(type, &vector, 0);
}

static const char *real(double number)
{
    struct lake_vector vector = {.kind = LAKE_DOUBLE, .doubles = &number};
    return text_of(KQL_REAL, &vector, 0);
}

static const char *text(enum kql_type type, const char *value)
{
    struct str s = str_from_c(value);
    struct lake_vector vector = {.kind = LAKE_TEXT, .texts = &s};
    return text_of(type, &vector, 0);
}

static void a_real_has_the_fewest_digits_that_read_back(void **state)
{
    (void)state;
    assert_string_equal(real(0.1), "0.1");
    assert_string_equal(real(1), "1");
    assert_string_equal(real(-0.0), "0");
    assert_string_equal(real(-1234.5), "-1234.5");
    assert_string_equal(real(100), "100");
    assert_string_equal(real(1.0 / 3), "0.3333333333333333");
    assert_string_equal(real(123456789012345), "123456789012345");
    assert_string_equal(real(1e15), "1E+15");
    assert_string_equal(real(1.5e300), "1.5E+300");
    assert_string_equal(real(0.0001), "0.0001");
    assert_string_equal(real(0.00001), "1E-05");
    assert_string_equal(real((double)NAN), "NaN");
    assert_string_equal(real(-(double)INFINITY), "-Infinity");
}

static void a_timespan_has_days_and_ticks_only_where_it_needs_them(void **state)
{
    (void)state;
    assert_string_equal(integer(KQL_TIMESPAN, LAKE_INTEGER, 0), "00:00:00");
    assert_string_equal(integer(KQL_TIMESPAN, LAKE_INTEGER, 90 * TIME_SECOND_US), "00:01:30");
    assert_string_equal(integer(KQL_TIMESPAN, LAKE_INTEGER, -TIME_DAY_US - 1500000),
                        "-1.00:00:01.5000000");
    assert_string_equal(integer(KQL_TIMESPAN, LAKE_INTEGER, INT64_MIN),
                        "-106751991.04:00:54.7758080");
}

static void a_datetime_is_iso_8601_in_utc(void **state)
{
    (void)state;
    int64_t at = time_from_civil(2026, 11, 22, 4, 26, 58, 250000);
    assert_string_equal(integer(KQL_DATETIME, LAKE_TIME, at), "2026-11-22T04:26:58.25Z");
    assert_string_equal(integer(KQL_DATETIME, LAKE_TIME, at - 250000), "2026-11-22T04:26:58Z");
}

static void booleans_and_numbers_and_texts_are_as_they_are_written(void **state)
{
    (void)state;
    assert_string_equal(integer(KQL_BOOL, LAKE_BOOLEAN, 1), "true");
    assert_string_equal(integer(KQL_BOOL, LAKE_BOOLEAN, 0), "false");
    assert_string_equal(integer(KQL_LONG, LAKE_INTEGER, INT64_MIN), "-9223372036854775808");
    assert_string_equal(text(KQL_DYNAMIC, "[1,\"a\"]"), "[1,\"a\"]");
    assert_string_equal(text(KQL_DECIMAL, "1.250000000"), "1.25");
    assert_string_equal(text(KQL_DECIMAL, "100.000000000"), "100");
    assert_string_equal(text(KQL_DECIMAL, "100"), "100");
}

static void a_null_has_no_text_but_a_string_is_never_null(void **state)
{
    (void)state;
    const uint64_t none = 0;
    const int64_t number = 7;
    const struct str string = STR("left over");
    const struct lake_vector numbers = {.kind = LAKE_INTEGER, .valid = &none, .integers = &number};
    const struct lake_vector texts = {.kind = LAKE_TEXT, .valid = &none, .texts = &string};
    const struct lake_vector nothing = {.kind = LAKE_NULL};
    assert_string_equal(text_of(KQL_LONG, &numbers, 0), "(null)");
    assert_string_equal(text_of(KQL_STRING, &texts, 0), "");
    assert_string_equal(text_of(KQL_DATETIME, &nothing, 0), "(null)");
    assert_string_equal(text_of(KQL_STRING, &nothing, 0), "");
}

static const struct hunt_column columns[] = {
    {{"name", 4}, KQL_STRING}, {{"n", 1}, KQL_LONG},        {{"part", 4}, KQL_REAL},
    {{"bag", 3}, KQL_DYNAMIC}, {{"exact", 5}, KQL_DECIMAL}, {{"when", 4}, KQL_DATETIME},
};
static const struct hunt_head head = {0, columns, 6, NULL};
static const struct hunt_cell cells[] = {
    {{"a \"b\", c", 8}, false}, {{"5", 1}, false},   {{"NaN", 3}, false},
    {{"{\"x\":1}", 7}, false},  {{"1.5", 3}, false}, {{"", 0}, true},
};

static void a_row_is_a_json_object_with_values_of_its_types(void **state)
{
    (void)state;
    struct buf out = {0};
    rows_add_object(&out, &head, cells);
    buf_add_byte(&out, '\0');
    assert_string_equal(out.ptr, "{\"name\":\"a \\\"b\\\", c\",\"n\":5,\"part\":\"NaN\",\"bag\":"
                                 "{\"x\":1},\"exact\":\"1.5\",\"when\":null}\n");
    buf_free(&out);
}

static void a_row_is_a_line_of_csv(void **state)
{
    (void)state;
    struct buf out = {0};
    rows_add_csv_names(&out, &head);
    rows_add_csv(&out, &head, cells);
    buf_add_byte(&out, '\0');
    assert_string_equal(out.ptr, "name,n,part,bag,exact,when\r\n"
                                 "\"a \"\"b\"\", c\",5,NaN,\"{\"\"x\"\":1}\",1.5,\r\n");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_has_the_fewest_digits_that_read_back),
        cmocka_unit_test(a_timespan_has_days_and_ticks_only_where_it_needs_them),
        cmocka_unit_test(a_datetime_is_iso_8601_in_utc),
        cmocka_unit_test(booleans_and_numbers_and_texts_are_as_they_are_written),
        cmocka_unit_test(a_null_has_no_text_but_a_string_is_never_null),
        cmocka_unit_test(a_row_is_a_json_object_with_values_of_its_types),
        cmocka_unit_test(a_row_is_a_line_of_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
