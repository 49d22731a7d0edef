#include "parse/json_cursor.h"

#include "base/test.h"

static void finds_the_end_of_the_first_object(void **state)
{
    (void)state;
    struct str two = STR(" {\"a\":{\"b\":[\"}\"]}}{\"b\":2}");
    assert_int_equal(json_object_end(two, 1), 18);
    assert_int_equal(json_object_end(two, 18), two.len);
}

static void what_is_no_whole_object_has_no_end(void **state)
{
    (void)state;
    const char *const bad[] = {"", "[]", "1", "{", "{\"a\":}", "{\"a\":\"}", "{\"a\":1,}", "{]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (json_object_end(str_from_c(bad[i]), 0) != 0)
            fail_msg("taken: %s", bad[i]);
}

static void shows_members_as_they_stand(void **state)
{
    (void)state;
    struct str object =
        STR("{ \"a\\\"\" : \"x\\\"}\" ,\n\"b\":{\"c\":[1]},\"d\":-1.5 ,\"e\":\"\\\\\"}");
    struct json_cursor c = json_cursor_of(object);
    struct str name, value;
    assert_true(json_cursor_next(&c, &name, &value));
    assert_str(name, "a\\\"");
    assert_str(value, "\"x\\\"}\"");
    assert_true(json_cursor_next(&c, &name, &value));
    assert_str(name, "b");
    assert_str(value, "{\"c\":[1]}");
    assert_true(json_cursor_next(&c, &name, &value));
    assert_str(value, "-1.5");
    assert_true(json_cursor_next(&c, &name, &value));
    assert_str(value, "\"\\\\\"");
    assert_false(json_cursor_next(&c, &name, &value));
}

static void shows_elements_without_names(void **state)
{
    (void)state;
    struct json_cursor c = json_cursor_of(STR("[ 1,[2] , \"3\"]"));
    struct str name, value;
    const char *const want[] = {"1", "[2]", "\"3\""};
    for (size_t i = 0; i < 3; i++) {
        assert_true(json_cursor_next(&c, &name, &value));
        assert_int_equal(name.len, 0);
        assert_true(str_eq(value, str_from_c(want[i])));
    }
    assert_false(json_cursor_next(&c, &name, &value));
}

static void what_holds_nothing_has_no_members(void **state)
{
    (void)state;
    const struct str empty[] = {STR("{}"), STR("[ ]"), STR("7"), STR("\"{a\""), {0}};
    struct str name, value;
    for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
        struct json_cursor c = json_cursor_of(empty[i]);
        assert_false(json_cursor_next(&c, &name, &value));
    }
}

static void finds_a_member_and_the_last_of_several(void **state)
{
    (void)state;
    struct str object = STR("{\"a\":1,\"b\":\"x\",\"a\":2}");
    assert_str(json_member(object, STR("a")), "2");
    assert_str(json_inside(json_member(object, STR("b"))), "x");
    assert_null(json_member(object, STR("c")).ptr);
    assert_null(json_member(STR("[1]"), STR("")).ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_end_of_the_first_object),
        cmocka_unit_test(what_is_no_whole_object_has_no_end),
        cmocka_unit_test(shows_members_as_they_stand),
        cmocka_unit_test(shows_elements_without_names),
        cmocka_unit_test(what_holds_nothing_has_no_members),
        cmocka_unit_test(finds_a_member_and_the_last_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
