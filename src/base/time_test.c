#include "base/test.h"
#include "base/time.h"

#include <errno.h>

static int64_t parse(const char *text)
{
    int64_t time_us = TIME_UNSET;
    return time_parse(str_from_c(text), &time_us) == 0 ? time_us : TIME_UNSET;
}

static void assert_instant(const char *text, const char *want)
{
    char got[TIME_TEXT_MAX];
    int64_t time_us = parse(text);
    if (time_us == TIME_UNSET)
        fail_msg("'%s' was not read", text);
    time_format(time_us, got);
    assert_string_equal(got, want);
}

static void every_spelling_of_an_instant_is_read(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "2026-07-28T11:45:48Z",
        "2026-07-28 11:45:48",
        "2026/07/28 11:45:48",
        "2026-07-28T13:45:48+02:00",
        "2026-07-28T06:15:48-0530",
        "2026-07-28 11:45:48 UTC",
        "28/Jul/2026:11:45:48 +0000",
        "28/Jul/2026:06:45:48 -0500",
        "Tue, 28 Jul 2026 11:45:48 GMT",
        "Tue Jul 28 11:45:48 2026",
        "Jul 28 11:45:48 2026",
        "Jul 28 2026 11:45:48",
        "Jul 28 2026 13:45:48 +0200",
        "1785239148",
        "1785239148000",
        "1785239148000000",
        "1785239148000000000",
        "/Date(1785239148000)/",
    };
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        assert_instant(spellings[i], "2026-07-28T11:45:48Z");
}

static void fractions_are_kept_to_the_microsecond(void **state)
{
    (void)state;
    assert_instant("2026-07-28 11:45:48.862", "2026-07-28T11:45:48.862000Z");
    assert_instant("2026-07-28T11:45:48.1234567Z", "2026-07-28T11:45:48.123456Z");
    assert_instant("1521911720.865716", "2018-03-24T17:15:20.865716Z");
    assert_instant("2026-07-28", "2026-07-28T00:00:00Z");
    assert_instant("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z");
}

static void what_is_no_instant_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-",
                                      "yesterday",
                                      "2026-13-01",
                                      "2026-02-30",
                                      "2026-07-28T25:00:00Z",
                                      "2026-07-28T11:45:48+99",
                                      "2026-07-28x",
                                      "12a",
                                      "99999999999999999999",
                                      "1.",
                                      "/Date(x)/"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(parse(bad[i]) == TIME_UNSET);
}

static void calendar_round_trips_over_four_thousand_years(void **state)
{
    (void)state;
    int weekday = -1;
    for (int64_t day = -730000; day < 730000; day++) {
        struct time_parts parts;
        time_to_parts(day * TIME_DAY_US - 1, &parts);
        assert_int_equal(parts.micro, 999999);
        time_to_parts(day * TIME_DAY_US, &parts);
        assert_true(time_from_civil(parts.year, parts.month, parts.day, 0, 0, 0, 0) ==
                    day * TIME_DAY_US);
        assert_true(weekday < 0 || parts.weekday == (weekday + 1) % 7);
        weekday = parts.weekday;
    }
}

static void weeks_are_iso_weeks(void **state)
{
    (void)state;
    static const struct {
        int year, month, day, week;
    } cases[] = {{2021, 1, 1, 53}, {2021, 1, 4, 1},    {2024, 12, 30, 1}, {2020, 12, 31, 53},
                 {2026, 1, 1, 1},  {2026, 11, 21, 47}, {2023, 1, 1, 52}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct time_parts parts;
        time_to_parts(time_from_civil(cases[i].year, cases[i].month, cases[i].day, 12, 0, 0, 0),
                      &parts);
        assert_int_equal(parts.week, cases[i].week);
    }
}

static void syslog_times_take_the_nearest_past_year(void **state)
{
    (void)state;
    int64_t reference = parse("2026-01-02T00:00:00Z"), time_us;
    assert_int_equal(time_parse_rfc3164(STR("Dec 31 23:59:59 host"), reference, &time_us), 15);
    assert_true(time_us == parse("2025-12-31T23:59:59Z"));
    assert_int_equal(time_parse_rfc3164(STR("Jan  2 10:00:00"), reference, &time_us), 15);
    assert_true(time_us == parse("2026-01-02T10:00:00Z"));
    assert_int_equal(time_parse_rfc3164(STR("Feb 29 10:00:00"), reference, &time_us), 15);
    assert_true(time_us == parse("2024-02-29T10:00:00Z"));
    assert_int_equal(time_parse_rfc3164(STR("Foo  2 10:00:00"), reference, &time_us), -EINVAL);
}

static void filetimes_and_durations(void **state)
{
    (void)state;
    int64_t us;
    assert_true(time_from_filetime(116444736000000000u) == 0);
    assert_int_equal(time_parse_duration(STR("5m"), &us), 0);
    assert_true(us == 300 * TIME_SECOND_US);
    assert_int_equal(time_parse_duration(STR("1.5h"), &us), 0);
    assert_true(us == 5400 * TIME_SECOND_US);
    assert_int_equal(time_parse_duration(STR("5"), &us), -EINVAL);
    assert_int_equal(time_parse_duration(STR("m"), &us), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_an_instant_is_read),
        cmocka_unit_test(fractions_are_kept_to_the_microsecond),
        cmocka_unit_test(what_is_no_instant_is_refused),
        cmocka_unit_test(calendar_round_trips_over_four_thousand_years),
        cmocka_unit_test(weeks_are_iso_weeks),
        cmocka_unit_test(syslog_times_take_the_nearest_past_year),
        cmocka_unit_test(filetimes_and_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
