/* The formats of pairs: key=value, CEF, LEEF. */
#include "base/test.h"

#include "parse/collect_test.h"

static int64_t time_of(const struct format *format, struct str line)
{
    struct collection got = collect(format, line, &(struct parse_options){0}, SIZE_MAX);
    assert_int_equal(got.count, 1);
    collection_free(&got);
    return got.last_time;
}

static void a_fortigate_line_gives_its_keys(void **state)
{
    (void)state;
    struct str line =
        STR("date=2026-11-21 time=10:02:03 devname=\"fw1\" eventtime=1795255200123456789 "
            "tz=\"+0800\" action=\"Edit\" cfgpath=\"user.group\" msg=\"Edit \\\"x\\\" ; y\"\n");
    assert_collected(&format_kv, line,
                     "{\"date\":\"2026-11-21\",\"time\":\"10:02:03\",\"devname\":\"fw1\","
                     "\"eventtime\":\"1795255200123456789\",\"tz\":\"+0800\",\"action\":\"Edit\","
                     "\"cfgpath\":\"user.group\",\"msg\":\"Edit \\\"x\\\" ; y\"}\n",
                     "");
    assert_int_equal(time_of(&format_kv, line), INT64_C(1795255200123456));
}

static void values_end_where_the_next_pair_begins(void **state)
{
    (void)state;
    assert_collected(&format_kv,
                     STR("a=1,b=2;c=3|d=4\n"
                         "list=x,y,z url=http://e.example/?q=1&r=2 empty= end=done,\n"
                         "free words then key='single \"quoted\"' other=\"never closed\n"
                         "a=1 a=2\n"),
                     "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\"}\n"
                     "{\"list\":\"x,y,z\",\"url\":\"http://e.example/?q=1&r=2\",\"empty\":\"\","
                     "\"end\":\"done\"}\n"
                     "{\"key\":\"single \\\"quoted\\\"\",\"other\":\"\\\"never\"}\n"
                     "{\"a\":[\"1\",\"2\"]}\n",
                     "");
}

static int check_lists(struct sink *sink, struct event *event)
{
    (void)sink;
    for (uint32_t i = 0; i < event->n_slots; i++) {
        bool repeated = event->slots[i].name[0] == 'r';
        assert_int_equal((event->slots[i].flags & SLOT_ARRAY) != 0, repeated);
    }
    return 0;
}

static void values_of_a_repeated_key_are_elements_of_a_list(void **state)
{
    (void)state;
    struct fields fields;
    assert_int_equal(fields_init(&fields), 0);
    struct parser *parser = parser_new(&fields, &(struct parse_options){0});
    assert_non_null(parser);
    struct chunk chunk = {.body = STR("a=1 r=1 b=2 r=2 c=3 r=3")};
    struct sink sink = {.event = check_lists};
    assert_int_equal(parser_run(parser, &format_kv, &chunk, &sink), 0);
    parser_free(parser);
    fields_free(&fields);
}

static void a_line_without_pairs_is_a_message(void **state)
{
    (void)state;
    assert_collected(&format_kv, STR("nothing here\n= = =\n"),
                     "{\"message\":\"nothing here\"}\n{\"message\":\"= = =\"}\n", "");
}

static void logfmt_times_are_read(void **state)
{
    (void)state;
    assert_int_equal(time_of(&format_kv, STR("time=\"2026-11-21T10:00:00Z\" level=info msg=x")),
                     INT64_C(1795255200000000));
    assert_int_equal(time_of(&format_kv, STR("ts=1795255200.5 level=info msg=x")),
                     INT64_C(1795255200500000));
}

static void cef_gives_header_extension_and_labels(void **state)
{
    (void)state;
    assert_collected(
        &format_cef,
        STR("CEF:0|Acme|threat\\|manager|1.0|100|a \\\\ in name|10|src=10.0.0.1 act=blocked a | "
            "b dst=1.1.1.1 msg= cs1=admins cs1Label=User Group "
            "request=https://e.example/?b\\=c&d=e "
            "note=line\\nbreak\n"
            "CEF:0|V|P|1|2|N|Low|\n"
            "CEF:0|V|P|1|2|N|Low\n"
            "CEF:0|broken\n"),
        "{\"DeviceVendor\":\"Acme\",\"DeviceProduct\":\"threat|manager\",\"DeviceVersion\":\"1.0\","
        "\"DeviceEventClassID\":\"100\",\"Name\":\"a \\\\ in name\",\"Severity\":\"10\","
        "\"src\":\"10.0.0.1\",\"act\":\"blocked a | b\",\"dst\":\"1.1.1.1\",\"msg\":\"\","
        "\"cs1\":\"admins\",\"cs1Label\":\"User Group\","
        "\"request\":\"https://e.example/?b=c&d=e\",\"note\":\"line\\nbreak\","
        "\"UserGroup\":\"admins\"}\n"
        "{\"DeviceVendor\":\"V\",\"DeviceProduct\":\"P\",\"DeviceVersion\":\"1\","
        "\"DeviceEventClassID\":\"2\",\"Name\":\"N\",\"Severity\":\"Low\"}\n"
        "{\"DeviceVendor\":\"V\",\"DeviceProduct\":\"P\",\"DeviceVersion\":\"1\","
        "\"DeviceEventClassID\":\"2\",\"Name\":\"N\",\"Severity\":\"Low\"}\n"
        "{\"message\":\"CEF:0|broken\"}\n",
        "");
}

static void cef_times_are_numbers_or_words(void **state)
{
    (void)state;
    const int64_t time = INT64_C(1795255200000000);
    assert_int_equal(time_of(&format_cef, STR("CEF:0|V|P|1|2|N|1|end=5 rt=1795255200000")), time);
    assert_int_equal(time_of(&format_cef, STR("CEF:0|V|P|1|2|N|1|start=Nov 21 2026 10:00:00 a=b")),
                     time);
}

static void leef_separators_are_tab_or_what_the_header_says(void **state)
{
    (void)state;
    assert_collected(&format_leef,
                     STR("LEEF:1.0|Acme|Watch|1.0|41|src=192.0.2.1\tmsg=there are words\tbad\n"
                         "LEEF:2.0|V|P|2|deny|^|a=1^b=2 3^c=x=y\n"
                         "LEEF:2.0|V|P|2|deny|0x7c|a=1|b=2\n"
                         "LEEF:2.0|V|P|2|deny|a=1\tb=2\n"
                         "LEEF:1.0|short\n"),
                     "{\"DeviceVendor\":\"Acme\",\"DeviceProduct\":\"Watch\","
                     "\"DeviceVersion\":\"1.0\",\"EventID\":\"41\",\"src\":\"192.0.2.1\","
                     "\"msg\":\"there are words\"}\n"
                     "{\"DeviceVendor\":\"V\",\"DeviceProduct\":\"P\",\"DeviceVersion\":\"2\","
                     "\"EventID\":\"deny\",\"a\":\"1\",\"b\":\"2 3\",\"c\":\"x=y\"}\n"
                     "{\"DeviceVendor\":\"V\",\"DeviceProduct\":\"P\",\"DeviceVersion\":\"2\","
                     "\"EventID\":\"deny\",\"a\":\"1\",\"b\":\"2\"}\n"
                     "{\"DeviceVendor\":\"V\",\"DeviceProduct\":\"P\",\"DeviceVersion\":\"2\","
                     "\"EventID\":\"deny\",\"a\":\"1\",\"b\":\"2\"}\n"
                     "{\"message\":\"LEEF:1.0|short\"}\n",
                     "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fortigate_line_gives_its_keys),
        cmocka_unit_test(values_end_where_the_next_pair_begins),
        cmocka_unit_test(values_of_a_repeated_key_are_elements_of_a_list),
        cmocka_unit_test(a_line_without_pairs_is_a_message),
        cmocka_unit_test(logfmt_times_are_read),
        cmocka_unit_test(cef_gives_header_extension_and_labels),
        cmocka_unit_test(cef_times_are_numbers_or_words),
        cmocka_unit_test(leef_separators_are_tab_or_what_the_header_says),
    };
    return cmocka_run_group_tests_name("parse/pairs", tests, NULL, NULL);
}
