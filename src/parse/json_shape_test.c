#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parse/collect_test.h"

static const struct parse_options OPTIONS = {0};

static void assert_events(const char *text, const char *wanted)
{
    struct collection got = collect(&format_json, str_from_c(text), &OPTIONS, SIZE_MAX);
    assert_string_equal(got.events.ptr, wanted);
    assert_int_equal(got.n_errors, 0);
    collection_free(&got);
}

#define SYSMON                                                                                     \
    "{\"Provider_Name\":\"Microsoft-Windows-Sysmon\",\"EventID\":1,"                               \
    "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"pc\","                    \
    "\"Execution_ProcessID\":7,\"Security_UserID\":\"S-1-5-18\","                                  \
    "\"EventRecordID\":3,\"Level\":4,\"Image\":\"C:\\\\x.exe\",\"LogonId\":\"0x1\"}\n"

static void evtx_dumps_shape_gives_sigmas_names(void **state)
{
    (void)state;
    assert_events(
        "{\"Event\":{\"#attributes\":{\"xmlns\":\"http://x\"},\"System\":{"
        "\"Provider\":{\"#attributes\":{\"Name\":\"Microsoft-Windows-Sysmon\"}},\"EventID\":1,"
        "\"Correlation\":null,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
        "\"Computer\":\"pc\",\"Execution\":{\"#attributes\":{\"ProcessID\":7}},"
        "\"Security\":{\"#attributes\":{\"UserID\":\"S-1-5-18\"}},\"EventRecordID\":3,\"Level\":4},"
        "\"EventData\":{\"Image\":\"C:\\\\x.exe\",\"Logon Id\":\"0x1\"}}}",
        SYSMON);
}

static void other_converters_of_the_xml_give_the_same(void **state)
{
    (void)state;
    /* evtx_dump --separate-json-attributes */
    assert_events("{\"Event_attributes\":{\"xmlns\":\"http://x\"},\"Event\":{\"System\":{"
                  "\"Provider_attributes\":{\"Name\":\"Microsoft-Windows-Sysmon\"},\"EventID\":1,"
                  "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"pc\","
                  "\"Execution_attributes\":{\"ProcessID\":7},\"Security_attributes\":{\"UserID\":"
                  "\"S-1-5-18\"},"
                  "\"EventRecordID\":3,\"Level\":4},\"EventData\":{\"Image\":\"C:\\\\x.exe\","
                  "\"LogonId\":\"0x1\"}}}",
                  SYSMON);
    /* xmltodict */
    assert_events(
        "{\"Event\":{\"@xmlns\":\"http://"
        "x\",\"System\":{\"Provider\":{\"@Name\":\"Microsoft-Windows-Sysmon\"},"
        "\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"pc\","
        "\"Execution\":{\"@ProcessID\":7},\"Security\":{\"@UserID\":\"S-1-5-18\"},"
        "\"EventRecordID\":3,\"Level\":4},"
        "\"EventData\":{\"Data\":[{\"@Name\":\"Image\",\"#text\":\"C:\\\\x.exe\"},"
        "{\"@Name\":\"LogonId\",\"#text\":\"0x1\"}]}}}",
        SYSMON);
    /* Velociraptor */
    assert_events("{\"System\":{\"Provider\":{\"Name\":\"Microsoft-Windows-Sysmon\"},\"EventID\":{"
                  "\"Value\":1},"
                  "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"pc\","
                  "\"Execution\":{\"ProcessID\":7},\"Security\":{\"UserID\":\"S-1-5-18\"},"
                  "\"EventRecordID\":3,\"Level\":4},"
                  "\"EventData\":{\"Image\":\"C:\\\\x.exe\",\"LogonId\":\"0x1\"}}",
                  SYSMON);
}

static void winlogbeats_shapes_give_the_same(void **state)
{
    (void)state;
    assert_events(
        "{\"winlog\":{\"provider_name\":\"Microsoft-Windows-Sysmon\",\"event_id\":1,"
        "\"channel\":\"Microsoft-Windows-Sysmon/Operational\",\"computer_name\":\"pc\","
        "\"process\":{\"pid\":7},\"user\":{\"identifier\":\"S-1-5-18\"},\"record_id\":3},"
        "\"log\":{\"level\":\"information\"},\"winlog.event_data\":{\"Image\":\"C:\\\\x.exe\","
        "\"LogonId\":\"0x1\"}}",
        SYSMON);
    assert_events(
        "{\"source_name\":\"Microsoft-Windows-Sysmon\",\"event_id\":1,"
        "\"log_name\":\"Microsoft-Windows-Sysmon/Operational\",\"computer_name\":\"pc\","
        "\"process_id\":7,\"user\":{\"identifier\":\"S-1-5-18\"},\"record_number\":3,"
        "\"level\":\"Information\",\"event_data\":{\"Image\":\"C:\\\\x.exe\",\"LogonId\":\"0x1\"}}",
        SYSMON);
}

static void opentelemetrys_shape_gives_the_same(void **state)
{
    (void)state;
    assert_events(
        "{\"provider\":{\"name\":\"Microsoft-Windows-Sysmon\"},\"event_id\":{\"id\":1},"
        "\"channel\":\"Microsoft-Windows-Sysmon/Operational\",\"computer\":\"pc\","
        "\"execution\":{\"process_id\":7},\"security\":{\"user_id\":\"S-1-5-18\"},\"record_id\":3,"
        "\"level\":\"Information\",\"event_data\":{\"Image\":\"C:\\\\x.exe\",\"LogonId\":\"0x1\"}}",
        SYSMON);
    assert_events(
        "{\"provider\":{\"name\":\"P\"},\"event_id\":{\"id\":7},\"event_data\":{\"data\":["
        "{\"a\":\"x\"},{\"b\":\"y\"}]}}",
        "{\"Provider_Name\":\"P\",\"EventID\":7,\"a\":[\"x\"],\"b\":[\"y\"]}\n");
}

static void flat_shapes_give_the_same(void **state)
{
    (void)state;
    assert_events("{\"SourceName\":\"Microsoft-Windows-Sysmon\",\"EventID\":1,"
                  "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Hostname\":\"pc\","
                  "\"ExecutionProcessID\":7,\"UserID\":\"S-1-5-18\",\"RecordNumber\":3,\"Level\":4,"
                  "\"Image\":\"C:\\\\x.exe\",\"Logon Id\":\"0x1\"}",
                  SYSMON);
    assert_events("{\"SourceName\":\"Microsoft-Windows-Sysmon\",\"EventCode\":1,"
                  "\"LogName\":\"Microsoft-Windows-Sysmon/Operational\",\"ComputerName\":\"pc\","
                  "\"ExecutionProcessID\":7,\"UserID\":\"S-1-5-18\",\"RecordNumber\":3,\"Level\":4,"
                  "\"Image\":\"C:\\\\x.exe\",\"LogonId\":\"0x1\"}",
                  SYSMON);
}

static void envelopes_are_opened(void **state)
{
    (void)state;
    assert_events(
        "{\"_index\":\"i\",\"_source\":{\"winlog\":{\"event_id\":1,\"channel\":\"Security\"},"
        "\"host\":{\"name\":\"h\"}}}",
        "{\"_index\":\"i\",\"EventID\":1,\"Channel\":\"Security\",\"host.name\":\"h\"}\n");
    assert_events(
        "{\"took\":1,\"hits\":{\"hits\":[{\"_index\":\"i\",\"_source\":{\"a\":{\"b\":1}}}]}}",
        "{\"_index\":\"i\",\"a.b\":1}\n");
    assert_events("{\"preview\":false,\"result\":{\"EventCode\":\"1\",\"LogName\":\"Security\","
                  "\"SourceName\":\"s\",\"ComputerName\":\"pc\"}}",
                  "{\"preview\":false,\"EventID\":\"1\",\"Channel\":\"Security\","
                  "\"Provider_Name\":\"s\",\"Computer\":\"pc\"}\n");
    assert_events("{\"time\":1,\"sourcetype\":\"s\",\"event\":{\"a\":1}}",
                  "{\"time\":1,\"sourcetype\":\"s\",\"a\":1}\n");
}

static void names_of_no_windows_event_stay_what_they_are(void **state)
{
    (void)state;
    static const char *const native[] = {
        "{\"SourceName\":\"s\",\"Hostname\":\"h\",\"EventID\":1}\n",
        "{\"event_id\":1,\"log_name\":\"x\",\"message\":\"m\"}\n",
        "{\"Event.System.EventID\":1,\"Event.EventData.Image\":\"x\"}\n",
        "{\"event.code\":\"1\",\"message\":\"m\",\"result.x\":1,\"_source.y\":2}\n",
        "{\"Channel\":\"Security\",\"EventID\":4688,\"Computer\":\"pc\",\"ThreadID\":1}\n",
    };
    for (size_t i = 0; i < sizeof(native) / sizeof(native[0]); i++)
        assert_events(native[i], native[i]);
}

static void shapes_may_alternate(void **state)
{
    (void)state;
    assert_events("{\"Hostname\":\"h\",\"EventID\":1}\n"
                  "{\"Hostname\":\"h\",\"EventID\":1,\"Channel\":\"Security\"}\n"
                  "{\"Hostname\":\"h\",\"EventID\":1}\n"
                  "{\"winlog\":{\"channel\":\"Security\"},\"Hostname\":\"h\"}\n",
                  "{\"Hostname\":\"h\",\"EventID\":1}\n"
                  "{\"Computer\":\"h\",\"EventID\":1,\"Channel\":\"Security\"}\n"
                  "{\"Hostname\":\"h\",\"EventID\":1}\n"
                  "{\"Channel\":\"Security\",\"Hostname\":\"h\"}\n");
}

#define XML_HEAD "{\"Event\":{\"System\":{\"EventID\":1,\"Channel\":\"c\"},"
#define XML_OUT "{\"EventID\":1,\"Channel\":\"c\""

static void event_data_is_named_by_its_names(void **state)
{
    (void)state;
    assert_events(XML_HEAD
                  "\"EventData\":{\"Data\":[{\"#attributes\":{\"Name\":\"a b\"},\"#text\":\"1\"},"
                  "{\"#attributes\":{\"Name\":\"empty\"}},"
                  "{\"#attributes\":{\"Name\":\"n\"},\"#text\":2}]}}}",
                  XML_OUT ",\"ab\":\"1\",\"empty\":\"\",\"n\":2}\n");
    assert_events(XML_HEAD "\"EventData\":{\"Data\":[{\"#text\":\"1\",\"@Name\":\"a\"},"
                           "{\"#text\":\"2\",\"@Name\":\"b\"}]}}}",
                  XML_OUT ",\"a\":\"1\",\"b\":\"2\"}\n");
    assert_events(XML_HEAD "\"EventData\":{\"Data\":{\"@Name\":\"a\",\"#text\":\"1\"}}}}",
                  XML_OUT ",\"a\":\"1\"}\n");
}

static void event_data_without_names_is_a_list(void **state)
{
    (void)state;
    assert_events(XML_HEAD "\"EventData\":{\"Data\":{\"#text\":[\"x\",\"y\"]},\"Binary\":null}}}",
                  XML_OUT ",\"Data\":[\"x\",\"y\"],\"Binary\":null}\n");
    assert_events(XML_HEAD "\"EventData\":{\"Data\":[\"x\",\"y\"]}}}",
                  XML_OUT ",\"Data\":[\"x\",\"y\"]}\n");
    assert_events(XML_HEAD "\"EventData\":{\"Data\":\"x\"}}}", XML_OUT ",\"Data\":[\"x\"]}\n");
}

static void parts_of_an_event_without_content_are_no_values(void **state)
{
    (void)state;
    assert_events(XML_HEAD "\"EventData\":null}}", XML_OUT "}\n");
    assert_events(XML_HEAD "\"UserData\":{},\"RenderingInfo\":null}}", XML_OUT "}\n");
}

static void user_data_and_rendering_lose_their_wrappers(void **state)
{
    (void)state;
    assert_events(XML_HEAD "\"UserData\":{\"LogFileCleared\":{\"#attributes\":{\"xmlns:x\":\"u\"},"
                           "\"SubjectUserName\":\"u\",\"Part\":{\"Sub\":1}}},"
                           "\"RenderingInfo\":{\"Message\":\"m\",\"Level\":\"Info\"}}}",
                  XML_OUT ",\"SubjectUserName\":\"u\",\"Part.Sub\":1,\"Message\":\"m\","
                          "\"RenderingInfo.Level\":\"Info\"}\n");
}

static void attributes_are_named_behind_their_element(void **state)
{
    (void)state;
    assert_events(
        "{\"Event\":{\"System\":{\"EventID\":{\"#attributes\":{\"Qualifiers\":5},\"#text\":7},"
        "\"Channel\":\"c\",\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"t\"}}},"
        "\"EventData\":{\"#attributes\":{\"Name\":\"n\"}}}}",
        "{\"EventID_Qualifiers\":5,\"EventID\":7,\"Channel\":\"c\","
        "\"TimeCreated_SystemTime\":\"t\",\"EventData_Name\":\"n\"}\n");
}

static void rendered_numbers_become_numbers_again(void **state)
{
    (void)state;
    assert_events("{\"Channel\":\"Security\",\"EventID\":1,\"Hostname\":\"h\",\"OpcodeValue\":0,"
                  "\"Opcode\":\"Info\",\"Keywords\":-9223372036854775808}",
                  "{\"Channel\":\"Security\",\"EventID\":1,\"Computer\":\"h\",\"Opcode\":0,"
                  "\"RenderingInfo.Opcode\":\"Info\",\"Keywords\":\"0x8000000000000000\"}\n");
    assert_events("{\"winlog\":{\"channel\":\"Security\",\"keywords\":[\"Audit Failure\"],"
                  "\"task\":\"Logon\"},\"log\":{\"level\":\"error\"}}",
                  "{\"Channel\":\"Security\",\"Keywords\":\"0x8010000000000000\","
                  "\"RenderingInfo.Task\":\"Logon\",\"Level\":2}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evtx_dumps_shape_gives_sigmas_names),
        cmocka_unit_test(other_converters_of_the_xml_give_the_same),
        cmocka_unit_test(winlogbeats_shapes_give_the_same),
        cmocka_unit_test(opentelemetrys_shape_gives_the_same),
        cmocka_unit_test(flat_shapes_give_the_same),
        cmocka_unit_test(envelopes_are_opened),
        cmocka_unit_test(names_of_no_windows_event_stay_what_they_are),
        cmocka_unit_test(shapes_may_alternate),
        cmocka_unit_test(event_data_is_named_by_its_names),
        cmocka_unit_test(event_data_without_names_is_a_list),
        cmocka_unit_test(parts_of_an_event_without_content_are_no_values),
        cmocka_unit_test(user_data_and_rendering_lose_their_wrappers),
        cmocka_unit_test(attributes_are_named_behind_their_element),
        cmocka_unit_test(rendered_numbers_become_numbers_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
