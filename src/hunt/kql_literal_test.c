/* What literals stand for. */
#include "hunt/kql_test.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "hunt/kql_literal.h"

#define SECOND KQL_TICKS_PER_SECOND
#define DAY KQL_TICKS_PER_DAY

/* The literal that `print TEXT` prints. */
static const struct kql_literal *literal_of(const char *text)
{
    char query[256];
    snprintf(query, sizeof(query), "print %s", text);
    const struct kql_expr *expr = kql_test_operator(query)->named.items[0].expr;
    assert_int_equal(expr->kind, KQL_LITERAL);
    return &expr->literal;
}

static int64_t timespan_of(const char *text)
{
    int64_t ticks;
    if (kql_timespan_read(str_from_c(text), &ticks) < 0)
        fail_msg("no timespan: %s", text);
    return ticks;
}

static int64_t datetime_of(const char *text)
{
    int64_t ticks;
    if (kql_datetime_read(str_from_c(text), &ticks) < 0)
        fail_msg("no datetime: %s", text);
    return ticks;
}

static void timespans_are_ticks(void **state)
{
    (void)state;
    assert_int_equal(timespan_of("1d"), DAY);
    assert_int_equal(timespan_of("1.5h"), 5400 * SECOND);
    assert_int_equal(timespan_of("100ms"), SECOND / 10);
    assert_int_equal(timespan_of("1microsecond"), 10);
    assert_int_equal(timespan_of("250nanoseconds"), 2);
    assert_int_equal(timespan_of("7ticks"), 7);
    assert_int_equal(timespan_of("0.000000009m"), 5);
    assert_int_equal(timespan_of("15 seconds"), 15 * SECOND);
    assert_int_equal(timespan_of("2"), 2 * DAY);
    assert_int_equal(timespan_of("-1d"), -DAY);
}

static void timespans_may_be_written_as_clocks(void **state)
{
    (void)state;
    assert_int_equal(timespan_of("1.02:03:04.5"), DAY + 7384 * SECOND + SECOND / 2);
    assert_int_equal(timespan_of("00:30"), 1800 * SECOND);
    assert_int_equal(timespan_of("-00:00:01"), -SECOND);
}

static void what_no_timespan_can_hold_is_told(void **state)
{
    int64_t ticks = 5;
    (void)state;
    assert_int_equal(kql_timespan_read(STR("10675200d"), &ticks), -ERANGE);
    assert_int_equal(kql_timespan_read(STR("99999999999999999999s"), &ticks), -ERANGE);
    assert_int_equal(kql_timespan_read(STR("25:00:00"), &ticks), -ERANGE);
    assert_int_equal(kql_timespan_read(STR("1 fortnight"), &ticks), -EINVAL);
    assert_int_equal(kql_timespan_read(STR("d"), &ticks), -EINVAL);
    assert_int_equal(kql_timespan_read(STR(""), &ticks), -EINVAL);
    assert_int_equal(kql_timespan_read(STR("1:"), &ticks), -EINVAL);
    assert_int_equal(ticks, 5);
}

static void datetimes_are_ticks_since_1970(void **state)
{
    (void)state;
    assert_int_equal(datetime_of("1970-01-01"), 0);
    assert_int_equal(datetime_of("1970-01-02T00:00:01.0000003Z"), DAY + SECOND + 3);
    assert_int_equal(datetime_of("1969-12-31 23:59:59.9999999"), -1);
    assert_int_equal(datetime_of("1970"), 0);
    assert_int_equal(datetime_of("1970-02"), 31 * DAY);
    assert_int_equal(datetime_of("1970-01-01T10"), 36000 * SECOND);
    assert_int_equal(datetime_of("1970-01-01 10:00"), 36000 * SECOND);
}

static void datetimes_have_offsets_and_other_spellings(void **state)
{
    (void)state;
    assert_int_equal(datetime_of("1970-01-01T10:00:00+08:00"), 7200 * SECOND);
    assert_int_equal(datetime_of("1970-01-01T10:00:00-0230"), 45000 * SECOND);
    assert_int_equal(datetime_of("1970/1/2"), DAY);
    assert_int_equal(datetime_of("Thu, 01 Jan 1970 00:00:01 GMT"), SECOND);
}

static void what_is_no_day_is_refused(void **state)
{
    static const char *const texts[] = {
        "",    "2026-13-01", "2026-02-30", "2026-01-01T25:00", "12345678",
        "1e5", "tomorrow",   "0000-01-01", "2026-01-01T",      "2026-01-01x"};
    int64_t ticks;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (kql_datetime_read(str_from_c(texts[i]), &ticks) == 0)
            fail_msg("taken for a datetime: %s", texts[i]);
}

static void numbers_have_the_type_they_are_written_in(void **state)
{
    (void)state;
    assert_int_equal(literal_of("5")->type, KQL_LONG);
    assert_int_equal(literal_of("0x1F")->integer, 31);
    assert_int_equal(literal_of("9223372036854775807")->integer, INT64_MAX);
    assert_int_equal(literal_of("long(-9223372036854775808)")->integer, INT64_MIN);
    assert_int_equal(literal_of("int(-7)")->type, KQL_INT);
    assert_true(literal_of("1.5e3")->real == 1500.0);
    assert_true(literal_of("2.")->real == 2.0);
    assert_true(isnan(literal_of("real(nan)")->real));
    assert_true(literal_of("double(-inf)")->real == -INFINITY);
    assert_str(literal_of("decimal(1.50)")->text, "1.50");
    assert_true(literal_of("True")->boolean);
    assert_str(literal_of("guid(6F9619FF-8B86-D011-B42D-00C04FC964FF)")->text,
               "6f9619ff-8b86-d011-b42d-00c04fc964ff");
}

static void nulls_keep_their_type(void **state)
{
    (void)state;
    assert_true(literal_of("int(null)")->null);
    assert_int_equal(literal_of("datetime(null)")->type, KQL_DATETIME);
    assert_false(literal_of("bool(false)")->null);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    assert_str(literal_of("'a\\tb\\'c\\\\d'")->text, "a\tb'c\\d");
    assert_str(literal_of("\"\\u0041\\x42\\103\\U00000044\"")->text, "ABCD");
    assert_str(literal_of("'\\ud83d\\ude00'")->text, "\xf0\x9f\x98\x80");
    assert_str(literal_of("@'C:\\dir''s'")->text, "C:\\dir's");
    assert_str(literal_of("```a\n\\b```")->text, "a\n\\b");
    assert_str(literal_of("'one' \"two\"  @'three'")->text, "onetwothree");
    assert_true(literal_of("h'secret'")->hidden);
    assert_false(literal_of("'open'")->hidden);
}

static void literals_print_as_themselves(void **state)
{
    (void)state;
    kql_test_prints("print 90m, 0s, 36h, 1500ms, 12microseconds, 3ticks, time(-1d)",
                    "print 90m, 0s, 36h, 1500ms, 12microseconds, 3ticks, timespan(-1d)");
    kql_test_prints("print datetime(2026-11-22), datetime('2026-11-22 01:02:03.5')",
                    "print datetime(2026-11-22), datetime(2026-11-22T01:02:03.5000000Z)");
    kql_test_prints("print 0.1, 1e300, 100.0, real(-2), double(null), int(5), bool(null)",
                    "print 0.1, 1e+300, 100.0, real(-2.0), real(null), int(5), bool(null)");
    kql_test_prints("print 'a\"\\0\\n', h@'\\'", "print \"a\\\"\\u0000\\n\", h\"\\\\\"");
}

static int teardown(void **state)
{
    (void)state;
    kql_test_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timespans_are_ticks),
        cmocka_unit_test(timespans_may_be_written_as_clocks),
        cmocka_unit_test(what_no_timespan_can_hold_is_told),
        cmocka_unit_test(datetimes_are_ticks_since_1970),
        cmocka_unit_test(datetimes_have_offsets_and_other_spellings),
        cmocka_unit_test(what_is_no_day_is_refused),
        cmocka_unit_test(numbers_have_the_type_they_are_written_in),
        cmocka_unit_test(nulls_keep_their_type),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(literals_print_as_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
