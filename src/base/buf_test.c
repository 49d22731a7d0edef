#include "base/buf.h"
#include "base/test.h"

static void grows_and_keeps_what_was_added(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (int i = 0; i < 1000; i++)
        buf_add_c(&buf, "0123456789");
    buf_add_i64(&buf, INT64_MIN);
    buf_printf(&buf, "|%05d", 42);
    assert_false(buf.failed);
    assert_int_equal(buf.len, 10000 + 20 + 6);
    assert_memory_equal(buf.ptr + 9990, "0123456789-9223372036854775808|00042", 36);
    buf_free(&buf);
}

static void writes_json_that_is_valid_whatever_comes_in(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_add_json(&buf, STR("a\"b\\c\n\x01\x7f\xc3\xa4\xff\xe2\x82"));
    assert_str(buf_str(&buf), "\"a\\\"b\\\\c\\n\\u0001\\u007f\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\"");
    buf_free(&buf);
}

static void quotes_csv_only_where_it_must(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_add_csv(&buf, STR("plain"));
    buf_add_byte(&buf, ',');
    buf_add_csv(&buf, STR("a \"b\", c"));
    assert_str(buf_str(&buf), "plain,\"a \"\"b\"\", c\"");
    buf_free(&buf);
}

static void html_cannot_be_broken_out_of(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_add_html(&buf, STR("<a href='x\">&\x02\xff"));
    assert_str(buf_str(&buf), "&lt;a href=&#39;x&quot;&gt;&amp;\xef\xbf\xbd\xef\xbf\xbd");
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_keeps_what_was_added),
        cmocka_unit_test(writes_json_that_is_valid_whatever_comes_in),
        cmocka_unit_test(quotes_csv_only_where_it_must),
        cmocka_unit_test(html_cannot_be_broken_out_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
