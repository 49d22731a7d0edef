#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parse/collect_test.h"

#define EVENT                                                                                      \
    "<Event><System><Provider Name='P'/><EventID>1</EventID><Channel>Security</Channel>"           \
    "</System><EventData><Data Name='Image'>C:\\\\x</Data></EventData></Event>"
#define SLOTS "\"Provider_Name\":\"P\",\"EventID\":1,\"Channel\":\"Security\",\"Image\":\"C:\\\\x\""

static void json_gives(const char *text, const char *events)
{
    assert_collected(&format_json, str_from_c(text), events, "");
}

static void csv_gives(const char *text, const char *events)
{
    assert_collected(&format_csv, str_from_c(text), events, "");
}

static void exports_of_splunk_give_the_event_that_was_sent_to_it(void **state)
{
    (void)state;
    json_gives("{\"preview\":false,\"offset\":0,\"result\":{\"_raw\":\"" EVENT
               "\",\"host\":\"h\"}}\n",
               "{\"preview\":false,\"offset\":0,\"host\":\"h\"," SLOTS "}\n");
    json_gives("{\"result\":{\"_raw\":\"" EVENT "\"}}\n", "{" SLOTS "}\n");
    json_gives("{\"time\":1.5,\"sourcetype\":\"XmlWinEventLog\",\"event\":\"" EVENT "\"}\n",
               "{\"time\":1.5,\"sourcetype\":\"XmlWinEventLog\"," SLOTS "}\n");
    json_gives(
        "{\"init_offset\":0,\"messages\":[],\"results\":[{\"_raw\":\"a\"},{\"_raw\":\"b\"}]}",
        "{\"_raw\":\"a\"}\n{\"_raw\":\"b\"}\n");
}

static void cloud_exports_give_the_record_in_their_message(void **state)
{
    (void)state;
    json_gives("{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"1\",\"message\":"
               "\"{\\\"eventName\\\":\\\"StopLogging\\\",\\\"a\\\":{\\\"b\\\":\\\"c\\\"}}\"}]}",
               "{\"id\":\"1\",\"eventName\":\"StopLogging\",\"a.b\":\"c\"}\n");
    json_gives("{\"EventId\":\"a\",\"CloudTrailEvent\":\"{\\\"eventID\\\":\\\"a\\\"}\"}\n"
               "{\"EventId\":\"b\"}\n",
               "{\"EventId\":\"a\",\"eventID\":\"a\"}\n{\"EventId\":\"b\"}\n");
}

static void the_inner_field_counts_where_both_have_one(void **state)
{
    (void)state;
    csv_gives("RecordType,Operation,AuditData\n"
              "ExchangeAdmin,New,\"{\"\"RecordType\"\":1,\"\"Workload\"\":\"\"Exchange\"\"}\"\n",
              "{\"Operation\":\"New\",\"RecordType\":1,\"Workload\":\"Exchange\"}\n");
}

static void lines_of_other_formats_are_opened_where_they_say_what_they_are(void **state)
{
    (void)state;
    json_gives(
        "{\"message\":\"<34>Oct 11 22:14:15 box su[7]: a=1 b=2\",\"host\":\"relay\",\"n\":1}\n",
        "{\"n\":1,\"host\":\"box\",\"program\":\"su\",\"pid\":7,\"facility\":\"auth\","
        "\"severity\":\"crit\",\"message\":\"a=1 b=2\",\"a\":\"1\",\"b\":\"2\"}\n");
    json_gives("{\"event.original\":\"CEF:0|V|P|1|100|Name|5|src=10.0.0.1\"}\n",
               "{\"event.original\":\"CEF:0|V|P|1|100|Name|5|src=10.0.0.1\",\"DeviceVendor\":\"V\","
               "\"DeviceProduct\":\"P\",\"DeviceVersion\":\"1\",\"DeviceEventClassID\":\"100\","
               "\"Name\":\"Name\",\"Severity\":\"5\",\"src\":\"10.0.0.1\"}\n");
    json_gives("{\"message\":\"<b>bold</b>\"}\n", "{\"message\":\"<b>bold</b>\"}\n");
}

static void lines_of_syslog_need_no_priority(void **state)
{
    (void)state;
    json_gives(
        "{\"message\":\"2026-11-21T10:00:00.5+08:00 box su[7]: a text\",\"host\":\"relay\"}\n",
        "{\"host\":\"box\",\"program\":\"su\",\"pid\":7,"
        "\"message\":\"a text\"}\n");
    json_gives(
        "{\"log\":\"Nov 21 10:00:00 box sshd[7]: a text\\n\",\"n\":1}\n",
        "{\"n\":1,\"host\":\"box\",\"program\":\"sshd\",\"pid\":7,\"message\":\"a text\"}\n");
    json_gives(
        "{\"@timestamp\":\"2026-11-21T02:00:01Z\",\"message\":\"Nov 21 10:00:00 box su: x\"}\n",
        "{\"@timestamp\":\"2026-11-21T02:00:01Z\",\"host\":\"box\","
        "\"program\":\"su\",\"message\":\"x\"}\n");
}

static void time_is(const char *json, const char *want)
{
    struct parse_options options = {.reference_us = INT64_C(1795255200000000)}; /* 21 November */
    struct collection got = collect(&format_json, str_from_c(json), &options, SIZE_MAX);
    int64_t time;
    assert_int_equal(time_parse(str_from_c(want), &time), 0);
    assert_int_equal(got.last_time, time);
    collection_free(&got);
}

static void a_time_without_a_zone_gives_way_to_the_one_beside_it(void **state)
{
    (void)state;
    time_is("{\"message\":\"2026-11-21T10:00:00+08:00 box su: "
            "x\",\"@timestamp\":\"2026-11-21T03:00:00Z\"}\n",
            "2026-11-21T02:00:00Z");
    time_is("{\"message\":\"Nov 21 10:00:00 box su: x\",\"@timestamp\":\"2026-11-21T03:00:00Z\"}\n",
            "2026-11-21T03:00:00Z");
    time_is("{\"message\":\"Nov 21 10:00:00 box su: x\"}\n", "2026-11-21T10:00:00Z");
}

static void lines_of_access_logs_are_opened(void **state)
{
    (void)state;
    json_gives(
        "{\"message\":\"192.0.2.7 - - [21/Nov/2026:10:00:00 +0800] \\\"GET /a?b HTTP/1.1\\\" 200 "
        "5\"}\n",
        "{\"message\":\"192.0.2.7 - - [21/Nov/2026:10:00:00 +0800] \\\"GET /a?b HTTP/1.1\\\" 200 "
        "5\","
        "\"c-ip\":\"192.0.2.7\",\"cs-method\":\"GET\",\"cs-uri\":\"/a?b\",\"cs-uri-stem\":\"/a\","
        "\"cs-uri-query\":\"b\",\"cs-version\":\"HTTP/1.1\",\"sc-status\":200,\"sc-bytes\":5}\n");
}

static void text_that_only_begins_like_a_line_stays(void **state)
{
    static const char *const texts[] = {
        "2026-11-21T10:00:00Z INFO main: started", "2026-11-21T10:00:00Z starting all services",
        "Nov 21 10:00:00 it rained and it rained", "Nov 21 10:00:00 su: no host",
        "see [21/Nov/2026:10:00:00 +0800] for it", "a b c [21/Nov/2026:10:00:00 +0800] no request",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char json[160];
        snprintf(json, sizeof(json), "{\"message\":\"%s\"}\n", texts[i]);
        json_gives(json, json);
    }
}

static void text_that_is_no_record_stays(void **state)
{
    (void)state;
    json_gives("{\"message\":\"{not json}\"}\n", "{\"message\":\"{not json}\"}\n");
    json_gives("{\"message\":\"{\\\"Records\\\":[{\\\"a\\\":1}]}\"}\n",
               "{\"message\":\"{\\\"Records\\\":[{\\\"a\\\":1}]}\"}\n");
    json_gives("{\"message\":\"<Event><System>\"}\n", "{\"message\":\"<Event><System>\"}\n");
    json_gives(
        "{\"message\":\"<Event><System><EventID>1</EventID><TimeCreated SystemTime='2026-01-01'/>"
        "</System><EventData><Data Name='a'>b</Data></EventData>\"}\n",
        "{\"a\":\"b\"}\n");
    json_gives("{\"message\":\"<EventData><Data Name='a'>b</Data>\"}\n",
               "{\"message\":\"<EventData><Data Name='a'>b</Data>\"}\n");
    json_gives("{\"message\":\"\",\"log\":7,\"event\":null}\n",
               "{\"message\":\"\",\"log\":7,\"event\":null}\n");
}

static void tables_of_windows_events_have_sigmas_names(void **state)
{
    (void)state;
    /* EvtxECmd */
    csv_gives(
        "EventId,Provider,Channel,ProcessId,Computer,Payload\n"
        "1,P,Security,7,pc,\"{\"\"EventData\"\":{\"\"Data\"\":[{\"\"@Name\"\":\"\"ProcessId\"\","
        "\"\"#text\"\":\"\"42\"\"},{\"\"@Name\"\":\"\"Image\"\",\"\"#text\"\":\"\"x\"\"}]}}\"\n",
        "{\"EventID\":\"1\",\"Provider_Name\":\"P\",\"Channel\":\"Security\","
        "\"Computer\":\"pc\",\"ProcessId\":\"42\",\"Image\":\"x\"}\n");
    /* Log Analytics */
    csv_gives(
        "Source,EventLog,EventID,EventData\n"
        "P,System,1,\"<DataItem type=\"\"System.XmlData\"\"><EventData xmlns=\"\"x\"\">"
        "<Data Name=\"\"Image\"\">x</Data></EventData></DataItem>\"\n",
        "{\"Provider_Name\":\"P\",\"Channel\":\"System\",\"EventID\":\"1\",\"Image\":\"x\"}\n");
}

static void rows_may_hold_the_events_data_as_an_object(void **state)
{
    (void)state;
    /* Velociraptor, Sentinel's WindowsEvent */
    json_gives(
        "{\"Provider\":\"P\",\"Channel\":\"Security\",\"EventID\":1,"
        "\"EventData\":{\"Image\":\"x\"}}\n",
        "{\"Provider_Name\":\"P\",\"Channel\":\"Security\",\"EventID\":1,\"Image\":\"x\"}\n");
    /* Chainsaw */
    json_gives("{\"document\":{\"kind\":\"evtx\",\"data\":{\"Event\":{\"System\":{\"EventID\":1,"
               "\"Channel\":\"Security\"},\"EventData\":{\"Image\":\"x\"}}}}}\n",
               "{\"document.kind\":\"evtx\",\"EventID\":1,\"Channel\":\"Security\","
               "\"Image\":\"x\"}\n");
    /* EventBridge */
    json_gives(
        "{\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{\"eventName\":\"x\"}}\n",
        "{\"detail-type\":\"AWS API Call via CloudTrail\",\"eventName\":\"x\"}\n");
}

static void messages_of_sysmon_name_its_fields(void **state)
{
    (void)state;
    /* Get-WinEvent | ConvertTo-Json: ProcessId is the process that wrote the event */
    json_gives(
        "{\"Id\":1,\"ProviderName\":\"P\",\"LogName\":\"S\",\"ProcessId\":7,"
        "\"Message\":\"Process Create:\\r\\nRuleName: -\\r\\nUtcTime: 2026-11-21 10:00:00.000"
        "\\r\\nProcessId: 42\\r\\nCommandLine: a\\r\\n b: c\\r\\nUser:\"}\n",
        "{\"EventID\":1,\"Provider_Name\":\"P\",\"Channel\":\"S\","
        "\"Message\":\"Process Create:\\r\\nRuleName: -\\r\\nUtcTime: 2026-11-21 10:00:00.000"
        "\\r\\nProcessId: 42\\r\\nCommandLine: a\\r\\n b: c\\r\\nUser:\","
        "\"RuleName\":\"-\",\"UtcTime\":\"2026-11-21 10:00:00.000\",\"ProcessId\":\"42\","
        "\"CommandLine\":\"a\\r\\n b: c\",\"User\":\"\"}\n");
    json_gives("{\"Message\":\"Logon:\\r\\nUser: x\"}\n",
               "{\"Message\":\"Logon:\\r\\nUser: x\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exports_of_splunk_give_the_event_that_was_sent_to_it),
        cmocka_unit_test(cloud_exports_give_the_record_in_their_message),
        cmocka_unit_test(the_inner_field_counts_where_both_have_one),
        cmocka_unit_test(lines_of_other_formats_are_opened_where_they_say_what_they_are),
        cmocka_unit_test(lines_of_syslog_need_no_priority),
        cmocka_unit_test(a_time_without_a_zone_gives_way_to_the_one_beside_it),
        cmocka_unit_test(lines_of_access_logs_are_opened),
        cmocka_unit_test(text_that_only_begins_like_a_line_stays),
        cmocka_unit_test(text_that_is_no_record_stays),
        cmocka_unit_test(tables_of_windows_events_have_sigmas_names),
        cmocka_unit_test(messages_of_sysmon_name_its_fields),
        cmocka_unit_test(rows_may_hold_the_events_data_as_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
