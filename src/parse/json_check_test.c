#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/test.h"
#include "parse/json.h"

/* A copy that ends where the text ends, so that reading past it is seen. */
static const char *check(struct str text)
{
    char *copy = malloc(text.len ? text.len : 1);
    if (!copy)
        abort();
    memcpy(copy, text.ptr, text.len);
    const char *reason = json_check(str_of(copy, text.len));
    const char *plain = text.len ? json_check_base(str_of(copy, text.len)) : reason;
    assert_true(reason == plain || strcmp(reason, plain) == 0);
    free(copy);
    return reason;
}

static void one_object_passes(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        " {\"a\" : 1 } \r\n",
        "{\"a\":{},\"b\":[],\"c\":[1,[2,{\"d\":null}],true,false]}",
        "{\"a\":-0,\"b\":0.5e-7,\"c\":1E+2,\"d\":123456789012345678901234567890}",
        "{\"path\":\"C:\\\\Windows\\\\System32\\\\config\\\\systemprofile\\\\x\",\"e\":"
        "\"\\u00e4\\\"\\/\"}",
        "{\"\":\"\",\"long enough for a block or two of the text\":\"and a value of the same "
        "kind\"}",
        "{\"not UTF-8\":\"\xff\xc3\",\"del\":\"\x7f\"}",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_null(check(str_from_c(good[i])));
}

static void what_is_not_one_object_has_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"", "expected a JSON object"},
        {"  ", "expected a JSON object"},
        {"[1]", "expected a JSON object"},
        {"\"a\"", "expected a JSON object"},
        {"{} {}", "something behind the end of the object"},
        {"{}}", "something behind the end of the object"},
        {"{", "the record ends inside an object"},
        {"{\"a\"", "expected ':' behind the name of a member"},
        {"{\"a\":", "the record ends inside an object"},
        {"{\"a\":1", "the record ends inside an object"},
        {"{\"a\":1,", "the record ends inside an object"},
        {"{\"a\":1,}", "expected the name of a member"},
        {"{\"a\":[1,]}", "expected a value"},
        {"{\"a\":[1}", "expected ',' or the end of the object or list"},
        {"{\"a\":\"b", "the record ends inside a string"},
        {"{\"a\":\"b\\", "an escape that JSON does not know"},
        {"{\"a\":\"\\x\"}", "an escape that JSON does not know"},
        {"{\"a\":\"\\u12g4\"}", "an escape that JSON does not know"},
        {"{\"a\":\"b\nc\"}", "a control character inside a string"},
        {"{a:1}", "expected the name of a member"},
        {"{\"a\" 1}", "expected ':' behind the name of a member"},
        {"{\"a\":01}", "a number that starts with 0"},
        {"{\"a\":1.}", "expected a digit behind the decimal point"},
        {"{\"a\":1e}", "expected a digit in the exponent"},
        {"{\"a\":-}", "expected a value"},
        {"{\"a\":nul}", "expected a value"},
        {"{\"a\":truex}", "expected ',' or the end of the object or list"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_string_equal(check(str_from_c(bad[i].text)), bad[i].reason);
    assert_non_null(check(str_of("{\"a\":\0}", 7)));
}

static void add_many(struct buf *text, const char *piece, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_add_c(text, piece);
}

static void depth_is_bounded_as_it_is_in_the_reader(void **state)
{
    (void)state;
    struct buf text = {0};
    for (unsigned depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        buf_clear(&text);
        add_many(&text, "{\"a\":", depth);
        buf_add_c(&text, "[]");
        add_many(&text, "}", depth);
        const char *reason = check(buf_str(&text));
        if (depth == JSON_DEPTH_MAX)
            assert_null(reason);
        else
            assert_string_equal(reason, "objects and lists within each other, too deep");
    }
    buf_free(&text);
}

/* A flaw is found wherever it stands in a block. */
static void strings_are_checked_at_every_place(void **state)
{
    (void)state;
    char text[128];
    for (int at = 0; at < 80; at++) {
        int len = snprintf(text, sizeof(text), "{\"a\":\"%*s\\\\%*s\"}", at, "", 80 - at, "");
        assert_null(check(str_of(text, (size_t)len)));
        text[6 + at + 1] = 'y';
        assert_non_null(check(str_of(text, (size_t)len)));
        text[6 + at] = '\x1f';
        assert_non_null(check(str_of(text, (size_t)len)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_passes),
        cmocka_unit_test(what_is_not_one_object_has_a_reason),
        cmocka_unit_test(depth_is_bounded_as_it_is_in_the_reader),
        cmocka_unit_test(strings_are_checked_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
