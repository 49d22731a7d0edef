#include "base/test.h"

#include "cli/config.h"

static const char *const TAKEN[] = {"listen",          "fold", "throttle", "syslog-tls", "no-cache",
                                    "elastic-version", NULL};

static struct settings settings;
static struct config config;
static struct err err;

static int setup(void **state)
{
    (void)state;
    err = (struct err){0};
    return options_parse((const char *const[]){NULL}, 0, NULL, &settings, &err);
}

static int teardown(void **state)
{
    (void)state;
    config_free(&config);
    options_free(&settings);
    return 0;
}

static int parse(const char *text)
{
    return config_parse(str_from_c(text), TAKEN, &settings, &config, &err);
}

static void settings_have_the_names_of_options(void **state)
{
    (void)state;
    assert_int_equal(parse("listen: [127.0.0.1:0, '[::1]:8443']\nfold: 30m\nthrottle: 7\n"
                           "syslog-tls: 0.0.0.0:6514\nno-cache: true\n"),
                     0);
    assert_int_equal(settings.listen.len, 2);
    assert_string_equal(settings.listen.items[1], "[::1]:8443");
    assert_int_equal(settings.fold, 30 * 60 * TIME_SECOND_US);
    assert_int_equal(settings.throttle, 7);
    assert_int_equal(settings.syslog_tls.len, 1);
    assert_true(settings.no_cache);
}

static void the_command_line_goes_before_the_file(void **state)
{
    char fold[] = "--fold=2h";
    char *argv[] = {fold};
    (void)state;
    options_free(&settings);
    assert_int_equal(options_parse(TAKEN, 1, argv, &settings, &err), 0);
    assert_int_equal(parse("fold: 30m\nthrottle: 7\n"), 0);
    assert_int_equal(settings.fold, 2 * 3600 * TIME_SECOND_US);
    assert_int_equal(settings.throttle, 7);
}

static void agencies_and_sources_are_read(void **state)
{
    (void)state;
    assert_int_equal(parse("agencies:\n"
                           "  - {name: health, title: Ministry of Health, level: medium, "
                           "without: [attack.t1033]}\n"
                           "sources:\n"
                           "  - agency: health\n"
                           "    source: dns\n"
                           "    expect: 5m\n"
                           "    rate: 5000\n"
                           "    peer: [10.1.0.0/16, 'fd00::/8']\n"
                           "    certificate: dns1.example\n"),
                     0);
    assert_int_equal(config.n_agencies, 1);
    assert_int_equal(config.agencies[0].level, SIGMA_MEDIUM);
    assert_int_equal(config.agencies[0].n_without, 1);
    assert_int_equal(config.n_sources, 1);
    assert_int_equal(config.sources[0].expect_us, 300 * TIME_SECOND_US);
    assert_int_equal(config.sources[0].n_peers, 2);
    assert_str(config.sources[0].certificates[0], "dns1.example");
}

static void an_empty_file_is_good(void **state)
{
    (void)state;
    assert_int_equal(parse(""), 0);
    config_free(&config);
    assert_int_equal(parse("# nothing yet\n"), 0);
}

static void check_refusal(const char *text, unsigned line, const char *message)
{
    config_free(&config);
    assert_true(parse(text) < 0);
    assert_int_equal(err.line, line);
    assert_non_null(strstr(err.message, message));
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    check_refusal("fold: 1h\nlisen: [x]\n", 2, "did you mean 'listen'?");
    check_refusal("fold: soon\n", 1, "duration");
    check_refusal("throttle: [1, 2]\n", 1, "not a list");
    check_refusal("fold: 1h\nagencies:\n  - title: none\n", 3, "needs a name");
    check_refusal("agencies:\n  - name: health\n    colour: red\n", 3, "'colour' is not known");
    check_refusal("agencies:\n  - name: 'a b'\n", 2, "letters");
    check_refusal("sources:\n  - source: dns\n", 2, "needs its agency");
    check_refusal("sources:\n  - agency: a\n    expect: often\n", 3, "duration");
    check_refusal("sources:\n  - agency: a\n    peer:\n      - 10.0.0.1\n      - 10.1.0.0/99\n", 5,
                  "a network");
    check_refusal("agencies:\n  - name: health\n  - name: health\n", 3, "twice");
    check_refusal("elastic-version: banana\n", 1, "a version such as 8.17.0");
    check_refusal("elastic-version: 8.17\n", 1, "a version such as 8.17.0");
    check_refusal("- a\n- b\n", 1, "a map of settings");
    check_refusal("fold: [\n", 2, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_have_the_names_of_options, setup, teardown),
        cmocka_unit_test_setup_teardown(the_command_line_goes_before_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(agencies_and_sources_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said_with_its_place, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
