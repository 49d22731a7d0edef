#include "api/ndjson.h"

#include "base/test.h"

#include <errno.h>

static struct ndjson read_whole(enum format_id format, const char *body)
{
    struct ndjson ndjson = {0};
    assert_int_equal(ndjson_read(&ndjson, format, str_from_c(body)), 0);
    return ndjson;
}

static void a_line_is_an_event(void **state)
{
    (void)state;
    struct ndjson n =
        read_whole(FORMAT_JSON, "{\"a\":1}\n\n {\"a\":2}\r\nnot json\n[1]x\n{\"a\":3}");
    const char *const want[] = {"{\"a\":1}", " {\"a\":2}", "not json", "[1]x", "{\"a\":3}"};
    assert_int_equal(n.items.len, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(str_eq(n.items.items[i], str_from_c(want[i])));
    ndjson_free(&n);
}

static void a_list_holds_events(void **state)
{
    (void)state;
    struct ndjson n = read_whole(FORMAT_JSON, " [ {\"a\":\n1} ,{\"b\":2}]\n");
    assert_int_equal(n.items.len, 2);
    struct buf out = {0};
    ndjson_write(&out, n.items.items[0]);
    assert_str(buf_str(&out), "{\"a\": 1}");
    buf_free(&out);
    ndjson_free(&n);
    const char *const bad[] = {"[{\"a\":1}", "[{\"a\":1}] {}", "[{},]", "[{} {}]", "[7]", "["};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(ndjson_read(&n, FORMAT_JSON, str_from_c(bad[i])), -EINVAL);
        ndjson_free(&n);
    }
    assert_int_equal(ndjson_read(&n, FORMAT_JSON, STR("[]")), 0);
    assert_int_equal(n.items.len, 0);
}

static void text_lines_are_taken_as_they_are(void **state)
{
    (void)state;
    struct ndjson n = read_whole(FORMAT_SYSLOG, "<34>a\n[b\n");
    assert_int_equal(n.items.len, 2);
    assert_str(n.items.items[1], "[b");
    ndjson_free(&n);
}

static void only_formats_of_independent_lines_are_taken(void **state)
{
    (void)state;
    enum format_id format = FORMAT_UNKNOWN;
    assert_true(ndjson_format(STR("syslog"), &format));
    assert_int_equal(format, FORMAT_SYSLOG);
    assert_false(ndjson_format(STR("evtx"), &format));
    assert_false(ndjson_format(STR("csv"), &format));
    assert_false(ndjson_format(STR("nonsense"), &format));
    assert_int_equal(format, FORMAT_SYSLOG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_an_event),
        cmocka_unit_test(a_list_holds_events),
        cmocka_unit_test(text_lines_are_taken_as_they_are),
        cmocka_unit_test(only_formats_of_independent_lines_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
