#include "api/otlp.h"

#include "base/test.h"

#include <errno.h>

#include "api/protobuf.h"

/* A message under construction. Ends a nested one by putting it into the other and forgetting it. */
static void put(struct buf *outer, uint32_t number, struct buf *inner)
{
    pb_add_bytes(outer, number, buf_str(inner));
    buf_free(inner);
    *inner = (struct buf){0};
}

static void put_pair(struct buf *out, uint32_t number, const char *key, const char *text)
{
    struct buf pair = {0}, value = {0};
    pb_add_bytes(&pair, 1, str_from_c(key));
    pb_add_bytes(&value, 1, str_from_c(text));
    put(&pair, 2, &value);
    put(out, number, &pair);
}

/* record in ScopeLogs in ResourceLogs in a request; the record first, what is said of it behind. */
static struct buf request(struct buf *record)
{
    struct buf scope_logs = {0}, scope = {0}, resource_logs = {0}, resource = {0}, out = {0};
    put(&scope_logs, 2, record);
    pb_add_bytes(&scope, 1, STR("lib"));
    put(&scope_logs, 1, &scope);
    put(&resource_logs, 2, &scope_logs);
    put_pair(&resource, 1, "service.name", "shop");
    put_pair(&resource, 1, "host.name", "h\"1");
    put(&resource_logs, 1, &resource);
    put(&out, 1, &resource_logs);
    return out;
}

static void assert_event(enum otlp_encoding encoding, struct str body, const char *want)
{
    struct otlp otlp = {0};
    assert_int_equal(otlp_read(&otlp, encoding, body), 0);
    assert_int_equal(otlp.items.len, 1);
    const struct otlp_item *item = otlp.items.items;
    assert_null(item->problem);
    assert_str(item->service, "shop");
    struct str text = otlp_event(&otlp, item);
    if (!str_eq(text, str_from_c(want)))
        fail_msg("%.*s", STR_ARG(text));
    otlp_free(&otlp);
}

#define ABOUT                                                                                      \
    "\"service.name\":\"shop\",\"host.name\":\"h\\\"1\",\"otel.scope.name\":\"lib\","              \
    "\"@timestamp\":\"2026-11-21T10:00:00.500000Z\""

/* A field of eight bytes; its number is below 16. */
static void put_fixed64(struct buf *out, uint32_t number, uint64_t value)
{
    buf_add_byte(out, (char)(number << 3 | PB_FIXED64));
    for (int i = 0; i < 8; i++)
        buf_add_byte(out, (char)(value >> (8 * i)));
}

static void put_time(struct buf *record)
{
    put_fixed64(record, 1, UINT64_C(1795255200500000000));
}

static void text_is_the_message_and_all_else_stands_beside_it(void **state)
{
    (void)state;
    struct buf record = {0}, value = {0};
    put_time(&record);
    pb_add_varint(&record, 2, 9);
    pb_add_bytes(&record, 3, STR("INFO"));
    pb_add_bytes(&value, 1, STR("<34>hello"));
    put(&record, 5, &value);
    put_pair(&record, 6, "log.file.name", "a.log");
    put_pair(&record, 6, "host.name", "closer");
    pb_add_bytes(&record, 9, STR("0123456789abcdef"));
    pb_add_bytes(&record, 10, str_of("\0\0\0\0\0\0\0\0", 8));
    struct buf body = request(&record);
    assert_event(OTLP_PROTOBUF, buf_str(&body),
                 "{\"message\":\"<34>hello\",\"log.file.name\":\"a.log\",\"host.name\":\"closer\","
                 "\"service.name\":\"shop\",\"otel.scope.name\":\"lib\","
                 "\"@timestamp\":\"2026-11-21T10:00:00.500000Z\",\"severity_text\":\"INFO\","
                 "\"severity_number\":9,\"trace_id\":\"30313233343536373839616263646566\"}");
    buf_free(&body);
}

static void keys_of_the_body_are_the_events_own(void **state)
{
    (void)state;
    struct buf record = {0}, body_value = {0}, map = {0}, pair = {0}, value = {0}, list = {0};
    put_time(&record);
    put_pair(&map, 1, "channel", "Security");
    const struct {
        uint32_t number;
        uint64_t bits;
        bool fixed;
        const char *key;
    } scalars[] = {{2, 1, false, "flag"},
                   {3, (uint64_t)-5, false, "int"},
                   {4, UINT64_C(0x3FF8000000000000), true, "double"},
                   {4, UINT64_C(0x7FF8000000000000), true, "nan"}};
    for (size_t i = 0; i < 4; i++) {
        pb_add_bytes(&pair, 1, str_from_c(scalars[i].key));
        if (scalars[i].fixed)
            put_fixed64(&value, scalars[i].number, scalars[i].bits);
        else
            pb_add_varint(&value, scalars[i].number, scalars[i].bits);
        put(&pair, 2, &value);
        put(&map, 1, &pair);
    }
    pb_add_bytes(&pair, 1, STR("bytes"));
    pb_add_bytes(&value, 7, STR("jaga"));
    put(&pair, 2, &value);
    put(&map, 1, &pair);
    pb_add_bytes(&value, 1, STR("x"));
    put(&list, 1, &value);
    pb_add_bytes(&list, 1, STR(""));
    pb_add_bytes(&value, 5, buf_str(&list));
    buf_free(&list);
    pb_add_bytes(&pair, 1, STR("list"));
    put(&pair, 2, &value);
    put(&map, 1, &pair);
    put(&body_value, 6, &map);
    put(&record, 5, &body_value);
    struct buf body = request(&record);
    assert_event(
        OTLP_PROTOBUF, buf_str(&body),
        "{\"channel\":\"Security\",\"flag\":true,\"int\":-5,\"double\":1.5,\"nan\":\"NaN\","
        "\"bytes\":\"amFnYQ==\",\"list\":[\"x\",null]," ABOUT "}");
    buf_free(&body);
}

static void json_says_the_same(void **state)
{
    (void)state;
    assert_event(
        OTLP_JSON,
        STR("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":"
            "\"1795255200500000000\",\"body\":{\"kvlistValue\":{\"values\":[{\"key\":\"channel\","
            "\"value\":{\"stringValue\":\"Security\"}},{\"key\":\"int\",\"value\":{\"intValue\":\"-"
            "5\"}},"
            "{\"key\":\"n\",\"value\":{\"intValue\":7}},{\"key\":\"none\",\"value\":{}},"
            "{\"key\":\"list\",\"value\":{\"arrayValue\":{\"values\":[{\"boolValue\":true},"
            "{\"doubleValue\":1.5}]}}}]}},\"attributes\":[],\"new\":{\"x\":[1]}}],"
            "\"scope\":{\"name\":\"lib\",\"version\":\"\"}}],\"resource\":{\"attributes\":["
            "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}},"
            "{\"key\":\"host.name\",\"value\":{\"stringValue\":\"h\\\"1\"}}]}}]}"),
        "{\"channel\":\"Security\",\"int\":-5,\"n\":7,\"none\":null,\"list\":[true,1.5]," ABOUT
        "}");
}

static void ids_and_severity_come_in_json_too(void **state)
{
    (void)state;
    struct otlp otlp = {0};
    struct str body =
        STR("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{"
            "\"stringValue\":\"a\\nb\"},\"severityNumber\":17,\"severityText\":\"ERROR\","
            "\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"\","
            "\"eventName\":\"e\"}]}]}]}");
    assert_int_equal(otlp_read(&otlp, OTLP_JSON, body), 0);
    assert_str(str_of(otlp.text.ptr, otlp.items.items[0].end),
               "{\"message\":\"a\\nb\",\"severity_text\":\"ERROR\",\"severity_number\":17,"
               "\"event_name\":\"e\",\"trace_id\":\"5b8efff798038103d269b633813fc60c\"}");
    otlp_free(&otlp);
}

static void what_is_no_request_is_refused_as_a_whole(void **state)
{
    (void)state;
    struct otlp otlp = {0};
    const struct str bad[] = {STR("\x0a"), STR("\x0a\x05hello"), STR("\x0b"), STR("\x00"),
                              STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(otlp_read(&otlp, OTLP_PROTOBUF, bad[i]), -EINVAL);
    static const char no_number[] = "{\"resourceLogs\":[{\"scopeLogs\":"
                                    "[{\"logRecords\":[{\"body\":{\"intValue\":\"x\"}}]}]}]}";
    const char *const worse[] = {"", "[]", "{\"resourceLogs\":", no_number};
    for (size_t i = 0; i < sizeof(worse) / sizeof(*worse); i++)
        assert_int_equal(otlp_read(&otlp, OTLP_JSON, str_from_c(worse[i])), -EINVAL);
    assert_int_equal(otlp_read(&otlp, OTLP_PROTOBUF, STR("")), 0);
    assert_int_equal(otlp_read(&otlp, OTLP_JSON, STR("{}")), 0);
    assert_int_equal(otlp.items.len, 0);
    otlp_free(&otlp);
}

static void a_record_that_is_too_deep_is_kept_apart(void **state)
{
    (void)state;
    for (unsigned depth = OTLP_DEPTH_MAX; depth <= OTLP_DEPTH_MAX + 1; depth++) {
        struct buf value = {0}, record = {0};
        pb_add_bytes(&value, 1, STR("x"));
        for (unsigned i = 0; i < depth; i++) {
            struct buf list = {0};
            put(&list, 1, &value);
            put(&value, 5, &list);
        }
        put(&record, 5, &value);
        struct buf body = request(&record);
        struct otlp otlp = {0};
        assert_int_equal(otlp_read(&otlp, OTLP_PROTOBUF, buf_str(&body)), 0);
        assert_int_equal(otlp.items.len, 1);
        assert_int_equal(otlp.items.items[0].problem == NULL, depth == OTLP_DEPTH_MAX);
        otlp_free(&otlp);
        buf_free(&body);
    }
}

static void attributes_that_come_again_in_each_record_are_bounded(void **state)
{
    (void)state;
    struct buf body = {0}, long_text = {0};
    for (unsigned i = 0; i < 1u << 20; i++)
        buf_add_byte(&long_text, 'x');
    buf_add_c(&body, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"k\",\"value\":{"
                     "\"stringValue\":\"");
    buf_add_str(&body, buf_str(&long_text));
    buf_add_c(&body, "\"}}]},\"scopeLogs\":[{\"logRecords\":[{}");
    for (unsigned i = 0; i < OTLP_TEXT_MAX >> 20; i++)
        buf_add_c(&body, ",{}");
    buf_add_c(&body, "]}]}]}");
    struct otlp otlp = {0};
    assert_int_equal(otlp_read(&otlp, OTLP_JSON, buf_str(&body)), -E2BIG);
    otlp_free(&otlp);
    buf_free(&body);
    buf_free(&long_text);
}

static void answers_in_the_encoding_of_the_request(void **state)
{
    (void)state;
    struct buf out = {0};
    otlp_write_response(&out, OTLP_JSON, 0, STR(""));
    assert_str(buf_str(&out), "{}");
    buf_clear(&out);
    otlp_write_response(&out, OTLP_PROTOBUF, 0, STR(""));
    assert_int_equal(out.len, 0);
    otlp_write_response(&out, OTLP_PROTOBUF, 3, STR("no"));
    assert_str(buf_str(&out), "\x0a\x06\x08\x03\x12\x02no");
    buf_clear(&out);
    otlp_write_response(&out, OTLP_JSON, 3, STR("no"));
    assert_str(buf_str(&out),
               "{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":\"no\"}}");
    buf_clear(&out);
    otlp_write_status(&out, OTLP_PROTOBUF, OTLP_UNAVAILABLE, STR("busy"));
    assert_str(buf_str(&out), "\x08\x0e\x12\x04"
                              "busy");
    buf_clear(&out);
    otlp_write_status(&out, OTLP_JSON, OTLP_INVALID_ARGUMENT, STR("bad"));
    assert_str(buf_str(&out), "{\"code\":3,\"message\":\"bad\"}");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_the_message_and_all_else_stands_beside_it),
        cmocka_unit_test(keys_of_the_body_are_the_events_own),
        cmocka_unit_test(json_says_the_same),
        cmocka_unit_test(ids_and_severity_come_in_json_too),
        cmocka_unit_test(what_is_no_request_is_refused_as_a_whole),
        cmocka_unit_test(a_record_that_is_too_deep_is_kept_apart),
        cmocka_unit_test(attributes_that_come_again_in_each_record_are_bounded),
        cmocka_unit_test(answers_in_the_encoding_of_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
