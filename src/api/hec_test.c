#include "api/hec.h"

#include "base/test.h"

#include <errno.h>

static const struct hec_defaults NONE;

static struct str text_of(const struct hec *hec, size_t i)
{
    return hec_event(hec, &hec->items.items[i]);
}

static struct hec read_with(const char *body, const struct hec_defaults *defaults)
{
    struct hec hec = {0};
    assert_int_equal(hec_read(&hec, str_from_c(body), defaults), 0);
    return hec;
}

static void assert_event(const char *body, const char *want)
{
    struct hec hec = read_with(body, &NONE);
    assert_int_equal(hec.items.len, 1);
    assert_int_equal(hec.items.items[0].code, HEC_SUCCESS);
    struct str text = text_of(&hec, 0);
    if (!str_eq(text, str_from_c(want)))
        fail_msg("%.*s", STR_ARG(text));
    hec_free(&hec);
}

static void an_object_keeps_its_own_names(void **state)
{
    (void)state;
    assert_event("{\"event\":{\"EventID\":4624,\"Computer\":\"a\"},\"sourcetype\":\"wineventlog\"}",
                 "{\"EventID\":4624,\"Computer\":\"a\",\"sourcetype\":\"wineventlog\"}");
}

static void the_envelope_says_only_what_the_event_does_not(void **state)
{
    (void)state;
    assert_event("{\"time\":\"1426279439.5\",\"host\":\"outer\",\"source\":\"s\",\"index\":\"i\","
                 "\"fields\":{\"dc\":\"eu\",\"host\":\"field\"},"
                 "\"event\":{\"host\":\"inner\",\"a\":1}}",
                 "{\"host\":\"inner\",\"a\":1,\"@timestamp\":\"2015-03-13T20:43:59.500000Z\","
                 "\"source\":\"s\",\"index\":\"i\",\"dc\":\"eu\"}");
}

static void text_is_the_message(void **state)
{
    (void)state;
    assert_event("{\"event\":\"<34>Oct 11 22:14:15 h su: x\",\"host\":\"r\"}",
                 "{\"message\":\"<34>Oct 11 22:14:15 h su: x\",\"host\":\"r\"}");
    assert_event("{\"event\":[1,2]}", "{\"message\":[1,2]}");
}

static void an_event_is_one_line(void **state)
{
    (void)state;
    assert_event("{\n  \"event\": {\n    \"a\": {\n\"b\": 1\n}\n  }\n}\n", "{\"a\":{ \"b\": 1 }}");
}

static void objects_need_nothing_between_them(void **state)
{
    (void)state;
    struct hec hec = read_with("{\"event\":\"1\"}{\"event\":\"2\"}\n\n {\"event\":\"3\"}", &NONE);
    assert_int_equal(hec.items.len, 3);
    assert_str(text_of(&hec, 2), "{\"message\":\"3\"}");
    hec_free(&hec);
}

static void what_is_wrong_is_said_of_each(void **state)
{
    (void)state;
    struct hec hec =
        read_with("{\"host\":\"h\"}{\"event\":\"\"}{\"event\":null}{\"event\":\"ok\"}{oops "
                  "{\"event\":\"lost\"}",
                  &NONE);
    const enum hec_code want[] = {HEC_EVENT_REQUIRED, HEC_EVENT_BLANK, HEC_EVENT_REQUIRED,
                                  HEC_SUCCESS, HEC_INVALID_FORMAT};
    assert_int_equal(hec.items.len, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(hec.items.items[i].code, want[i]);
    assert_str(hec.items.items[0].raw, "{\"host\":\"h\"}");
    assert_str(hec.items.items[4].raw, "{oops {\"event\":\"lost\"}");
    hec_free(&hec);
}

static void the_query_says_what_the_envelope_does_not(void **state)
{
    (void)state;
    const struct hec_defaults defaults = {.host = STR("q\"h"), .sourcetype = STR("syslog")};
    struct hec hec = read_with("{\"event\":\"x\"}{\"event\":\"y\",\"host\":\"own\"}", &defaults);
    assert_str(text_of(&hec, 0),
               "{\"message\":\"x\",\"host\":\"q\\\"h\",\"sourcetype\":\"syslog\"}");
    assert_str(text_of(&hec, 1), "{\"message\":\"y\",\"host\":\"own\",\"sourcetype\":\"syslog\"}");
    hec_free(&hec);
}

static void an_event_with_too_many_names_is_none(void **state)
{
    (void)state;
    struct buf body = {0};
    buf_add_c(&body, "{\"event\":{");
    for (unsigned i = 0; i <= FLAT_NAMES_MAX; i++)
        buf_printf(&body, "%s\"n%u\":1", i ? "," : "", i);
    buf_add_c(&body, "}}{\"event\":\"next\"}");
    buf_add_byte(&body, 0);
    struct hec hec = read_with(body.ptr, &NONE);
    assert_int_equal(hec.items.len, 2);
    assert_int_equal(hec.items.items[0].code, HEC_INVALID_FORMAT);
    assert_str(text_of(&hec, 1), "{\"message\":\"next\"}");
    hec_free(&hec);
    buf_free(&body);
}

static void answers_in_splunks_words(void **state)
{
    (void)state;
    struct buf out = {0};
    hec_write_answer(&out, HEC_SUCCESS, -1);
    assert_str(buf_str(&out), "{\"text\":\"Success\",\"code\":0}");
    buf_clear(&out);
    hec_write_answer(&out, HEC_INVALID_FORMAT, 3);
    assert_str(buf_str(&out),
               "{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":3}");
    assert_int_equal(hec_status(HEC_INVALID_FORMAT), 400);
    assert_int_equal(hec_status(HEC_TOKEN_REQUIRED), 401);
    assert_int_equal(hec_status(HEC_INVALID_TOKEN), 403);
    assert_int_equal(hec_status(HEC_BUSY), 503);
    buf_free(&out);
}

static void add_id(void *context, uint64_t id)
{
    *(uint64_t *)context += id;
}

static void reads_the_ids_of_a_poll(void **state)
{
    (void)state;
    uint64_t sum = 0;
    assert_int_equal(hec_read_acks(STR("{\"acks\": [1, 2, 40]}"), 3, add_id, &sum), 0);
    assert_int_equal(sum, 43);
    const char *const bad[] = {"",
                               "{}",
                               "[1]",
                               "{\"acks\":1}",
                               "{\"acks\":[\"1\"]}",
                               "{\"acks\":[1,2,3,4]}",
                               "{\"acks\":[-1]}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(hec_read_acks(str_from_c(bad[i]), 3, add_id, &sum), -EINVAL);
    assert_int_equal(sum, 43);
}

static void a_channel_is_a_guid(void **state)
{
    (void)state;
    assert_true(hec_is_channel(STR("0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba")));
    assert_false(hec_is_channel(STR("0aeeac95-ac74-4aa9-b30d-6c4c0ac581b")));
    assert_false(hec_is_channel(STR("0aeeac95xac74-4aa9-b30d-6c4c0ac581ba")));
    assert_false(hec_is_channel(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_keeps_its_own_names),
        cmocka_unit_test(the_envelope_says_only_what_the_event_does_not),
        cmocka_unit_test(text_is_the_message),
        cmocka_unit_test(an_event_is_one_line),
        cmocka_unit_test(objects_need_nothing_between_them),
        cmocka_unit_test(what_is_wrong_is_said_of_each),
        cmocka_unit_test(the_query_says_what_the_envelope_does_not),
        cmocka_unit_test(an_event_with_too_many_names_is_none),
        cmocka_unit_test(answers_in_splunks_words),
        cmocka_unit_test(reads_the_ids_of_a_poll),
        cmocka_unit_test(a_channel_is_a_guid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
