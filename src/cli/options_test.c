#include <stdio.h>

#include "base/test.h"

#include "cli/option_value.h"
#include "sigma/correlate.h"

static const char *const TAKEN[] = {"rules",   "jobs",       "level",    "from",   "to", "quiet",
                                    "verbose", "unpack-max", "disorder", "format", NULL};

static struct err err;

/* Parses a command line of up to nine words. */
static int parse(struct settings *settings, char *const *words)
{
    int argc = 0;
    char *argv[10];
    for (; words[argc]; argc++)
        argv[argc] = words[argc];
    err = (struct err){0};
    return options_parse(TAKEN, argc, argv, settings, &err);
}

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

static char rules[] = "--rules", rules_is[] = "--rules=b", r[] = "-r", rd[] = "-rd", a[] = "a",
            c[] = "c", qv[] = "-qv", dashes[] = "--", q[] = "-q", dash[] = "-", j[] = "-j",
            jobs[] = "--jobs", zero[] = "0", four[] = "4", much[] = "257", word[] = "many",
            level[] = "--level", high[] = "high", hgih[] = "hgih", size[] = "--unpack-max",
            two_g[] = "2G", huge[] = "99999999999G", disorder[] = "--disorder", five_m[] = "5m",
            quiet_is[] = "--quiet=1", from[] = "--from", to[] = "--to", day[] = "2026-11-21",
            day_after[] = "2026-11-22", strict[] = "--strict", formta[] = "--formta";

static void options_and_paths_come_in_any_order(void **state)
{
    struct settings s;
    (void)state;
    assert_int_equal(parse(&s, WORDS(a, rules, c, rules_is, r, a, rd, qv, dash)), 0);
    assert_int_equal(s.rules.len, 4);
    assert_string_equal(s.rules.items[0], "c");
    assert_string_equal(s.rules.items[1], "b");
    assert_string_equal(s.rules.items[3], "d");
    assert_int_equal(s.paths.len, 2);
    assert_string_equal(s.paths.items[1], "-");
    assert_true(s.quiet && s.verbose);
    options_free(&s);
}

static void two_dashes_end_the_options(void **state)
{
    struct settings s;
    (void)state;
    assert_int_equal(parse(&s, WORDS(dashes, q, rules)), 0);
    assert_int_equal(s.paths.len, 2);
    assert_false(s.quiet);
    options_free(&s);
}

static void values_are_checked_against_their_row(void **state)
{
    struct settings s;
    (void)state;
    assert_int_equal(parse(&s, WORDS(j, four)), 0);
    assert_int_equal(s.jobs, 4);
    options_free(&s);
    assert_int_not_equal(parse(&s, WORDS(jobs, zero)), 0);
    assert_string_equal(err.message, "--jobs takes 1 to 256 threads");
    assert_int_not_equal(parse(&s, WORDS(jobs, much)), 0);
    assert_int_not_equal(parse(&s, WORDS(jobs, word)), 0);
    assert_int_not_equal(parse(&s, WORDS(jobs)), 0);
    assert_string_equal(err.message, "--jobs needs a value: N");
    assert_int_not_equal(parse(&s, WORDS(quiet_is)), 0);
    assert_int_not_equal(parse(&s, WORDS(level, hgih)), 0);
    assert_string_equal(err.message, "--level does not know 'hgih'; did you mean 'high'?");
    assert_int_equal(parse(&s, WORDS(level, high, size, two_g, disorder, five_m)), 0);
    assert_int_equal(s.level, SIGMA_HIGH);
    assert_int_equal(s.unpack_max, UINT64_C(2) << 30);
    assert_int_equal(s.disorder, 300 * TIME_SECOND_US);
    options_free(&s);
    assert_int_not_equal(parse(&s, WORDS(size, huge)), 0);
}

static void times_have_an_order(void **state)
{
    struct settings s;
    (void)state;
    assert_int_equal(parse(&s, WORDS(from, day, to, day_after)), 0);
    assert_int_equal(s.to - s.from, TIME_DAY_US);
    options_free(&s);
    assert_int_not_equal(parse(&s, WORDS(from, day_after, to, day)), 0);
}

static void a_duration_is_within_its_range_and_shown_as_it_is_typed(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } shown[] = {{0, "0s"},
                 {250000, "250ms"},
                 {90 * TIME_SECOND_US, "90s"},
                 {900 * TIME_SECOND_US, "15m"},
                 {TIME_DAY_US / 2, "12h"},
                 {400 * TIME_DAY_US, "400d"}};
    const struct option_row *row = option_find(STR("hunt-lag"));
    int64_t lag = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        struct buf text = {0};
        value_add_duration(&text, shown[i].us);
        assert_true(str_eq(buf_str(&text), str_from_c(shown[i].text)));
        buf_free(&text);
    }
    assert_int_equal(row->parse(row, "1d", &lag, &err), 0);
    assert_int_equal(lag, TIME_DAY_US);
    assert_int_not_equal(row->parse(row, "2d", &lag, &err), 0);
    assert_string_equal(err.message, "--hunt-lag takes 0s to 1d");
}

static void defaults_are_those_of_the_table(void **state)
{
    struct settings s;
    (void)state;
    assert_int_equal(parse(&s, WORDS(a)), 0);
    assert_true(s.jobs >= 1);
    assert_int_equal(s.from, TIME_UNSET);
    assert_int_equal(s.disorder, CORRELATE_DISORDER_ALL);
    assert_int_equal(s.level, SIGMA_LEVEL_NONE);
    assert_int_equal(s.unpack_ratio, 300);
    options_free(&s);
}

static void what_a_command_does_not_take_is_refused_with_a_hint(void **state)
{
    struct settings s;
    (void)state;
    assert_int_not_equal(parse(&s, WORDS(strict)), 0);
    assert_string_equal(err.message, "--strict is not an option of this command");
    assert_int_not_equal(parse(&s, WORDS(formta)), 0);
    assert_string_equal(err.message, "there is no option --formta; did you mean --format?");
}

static void check_row(const struct option_row *row, const struct option_row *table)
{
    assert_non_null(row->parse);
    assert_non_null(row->about);
    assert_true(row->about[strlen(row->about) - 1] == '.');
    char name[64];
    snprintf(name, sizeof(name), "%s%s%s", row->theme ? row->theme : "", row->theme ? ":" : "",
             row->name);
    assert_ptr_equal(option_find(str_from_c(name)), row);
    /* A letter is one name's; the name may mean something else in a theme. */
    for (const struct option_row *other = table; other->name; other++)
        assert_true(strcmp(other->name, row->name) == 0 || row->letter == 0 ||
                    row->letter != other->letter);
}

static void every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; option_tables[i]; i++)
        for (const struct option_row *row = option_tables[i]; row->name; row++)
            for (size_t k = 0; option_tables[k]; k++)
                check_row(row, option_tables[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_paths_come_in_any_order),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(values_are_checked_against_their_row),
        cmocka_unit_test(times_have_an_order),
        cmocka_unit_test(a_duration_is_within_its_range_and_shown_as_it_is_typed),
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(what_a_command_does_not_take_is_refused_with_a_hint),
        cmocka_unit_test(every_row_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
