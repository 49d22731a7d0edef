#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parse/parser.h"

static const struct parse_options OPTIONS = {0};

struct fixture {
    struct fields fields;
    struct parser *parser;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    assert_int_equal(fields_init(&fixture->fields), 0);
    fields_add(&fixture->fields, STR("EventID"));
    fixture->parser = parser_new(&fixture->fields, &OPTIONS);
    assert_non_null(fixture->parser);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    parser_free(fixture->parser);
    fields_free(&fixture->fields);
    free(fixture);
    return 0;
}

static struct str text_of(const struct name *name)
{
    return str_of(name->ptr, name->len);
}

static void names_lose_their_spaces_and_find_their_field(void **state)
{
    struct fixture *fixture = *state;
    const struct name *name = parser_name(fixture->parser, STR("Event ID"));
    assert_true(str_eq(text_of(name), STR("EventID")));
    assert_int_equal(name->field, fields_find(&fixture->fields, STR("EventID")));
    assert_int_equal(parser_name(fixture->parser, STR("Other"))->field, FIELD_NONE);
}

static void the_same_name_is_interned_once(void **state)
{
    struct fixture *fixture = *state;
    const struct name *first = parser_name(fixture->parser, STR("Image"));
    assert_ptr_equal(first, parser_name(fixture->parser, STR("Image")));
}

static void names_past_the_cache_still_work(void **state)
{
    struct fixture *fixture = *state;
    char text[16];
    for (unsigned i = 0; i < PARSER_NAMES_MAX + 100; i++) {
        parser_begin(fixture->parser, 1, 0, STR(""));
        int len = snprintf(text, sizeof(text), "n%u", i);
        struct str wanted = str_of(text, (size_t)len);
        assert_true(str_eq(text_of(parser_name(fixture->parser, wanted)), wanted));
    }
}

static void a_long_name_is_cut_between_code_points_and_the_event_says_so(void **state)
{
    struct fixture *fixture = *state;
    char text[PARSER_NAME_LEN_MAX + 1];
    memset(text, 'a', sizeof(text));
    memcpy(text + PARSER_NAME_LEN_MAX - 1, "\xC3\xA4", 2);
    parser_begin(fixture->parser, 1, 0, STR(""));
    const struct name *name = parser_name(fixture->parser, str_of(text, sizeof(text)));
    assert_int_equal(name->len, PARSER_NAME_LEN_MAX - 1);
    assert_true(fixture->parser->event.cut);
}

static void names_become_utf8(void **state)
{
    struct fixture *fixture = *state;
    const struct name *name = parser_name(fixture->parser, STR("a\xFF"));
    assert_true(str_eq(text_of(name), STR("a\xEF\xBF\xBD")));
}

static void values_past_the_limit_are_dropped_and_the_event_says_so(void **state)
{
    struct fixture *fixture = *state;
    parser_begin(fixture->parser, 1, 0, STR(""));
    for (size_t i = 0; i < EVENT_SLOTS_MAX; i++)
        parser_add(fixture->parser, STR("a"), STR("b"), VALUE_STRING, 0);
    assert_false(fixture->parser->event.cut);
    parser_add(fixture->parser, STR("a"), STR("b"), VALUE_STRING, 0);
    assert_true(fixture->parser->event.cut);
    assert_int_equal(fixture->parser->event.n_slots, EVENT_SLOTS_MAX);
}

static void lines_are_cut_behind_the_last_line_end(void **state)
{
    (void)state;
    struct cutter cutter = {0};
    struct str body;
    assert_int_equal(parse_cut_lines(&cutter, STR("one\ntwo\nthr"), false, &body), 8);
    assert_true(str_eq(body, STR("one\ntwo\n")));
    assert_int_equal(parse_cut_lines(&cutter, STR("thr"), false, &body), 0);
    assert_int_equal(parse_cut_lines(&cutter, STR("three"), true, &body), 5);
    assert_true(str_eq(body, STR("three")));
}

static void the_rest_of_a_line_that_is_too_long_is_skipped(void **state)
{
    (void)state;
    struct cutter cutter = {0};
    struct str body;
    size_t size = PARSE_RECORD_MAX + 1;
    char *line = malloc(size);
    assert_non_null(line);
    memset(line, 'x', size);
    assert_int_equal(parse_cut_lines(&cutter, str_of(line, size - 1), false, &body), 0);
    assert_int_equal(parse_cut_lines(&cutter, str_of(line, size), false, &body), size);
    assert_int_equal(body.len, size);
    assert_int_equal(parse_cut_lines(&cutter, STR("end"), false, &body), 3);
    assert_int_equal(body.len, 0);
    assert_int_equal(parse_cut_lines(&cutter, STR("xx\nnext\nla"), false, &body), 8);
    assert_true(str_eq(body, STR("next\n")));
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_lose_their_spaces_and_find_their_field, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_same_name_is_interned_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_past_the_cache_still_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_long_name_is_cut_between_code_points_and_the_event_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_become_utf8, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_past_the_limit_are_dropped_and_the_event_says_so,
                                        set_up, tear_down),
        cmocka_unit_test(lines_are_cut_behind_the_last_line_end),
        cmocka_unit_test(the_rest_of_a_line_that_is_too_long_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
