#include "base/test.h"

#include "parse/collect_test.h"

static void check(struct str stream, const char *events)
{
    assert_collected(&format_syslog, stream, events, "");
}

/* The time of a stream's only event. */
static int64_t time_of(struct str line)
{
    const struct parse_options options = {.reference_us = INT64_C(1795262400000000)};
    struct collection got = collect(&format_syslog, line, &options, SIZE_MAX);
    assert_int_equal(got.count, 1);
    collection_free(&got);
    return got.last_time;
}

static void rfc_3164_gives_host_program_pid_and_message(void **state)
{
    (void)state;
    check(STR("<34>Nov 21 10:00:00 web1 sshd[4242]: Failed password for root from 203.0.113.7\n"),
          "{\"host\":\"web1\",\"program\":\"sshd\",\"pid\":4242,\"facility\":\"auth\","
          "\"severity\":\"crit\",\"message\":\"Failed password for root from 203.0.113.7\"}\n");
}

static void lines_of_var_log_need_no_priority(void **state)
{
    (void)state;
    check(STR("Nov 20 10:00:01 web1 CRON[99]: (root) CMD (/usr/bin/x)\n"
              "Nov  2 10:00:01 web1 su(pam_unix)[7]: session opened\n"
              "Nov 20 10:00:02 web1 last message repeated 3 times\n"
              "2026-11-21T10:00:00.123456+08:00 web1 systemd-logind[1]: New session 5.\n"),
          "{\"host\":\"web1\",\"program\":\"CRON\",\"pid\":99,"
          "\"message\":\"(root) CMD (/usr/bin/x)\"}\n"
          "{\"host\":\"web1\",\"program\":\"su(pam_unix)\",\"pid\":7,"
          "\"message\":\"session opened\"}\n"
          "{\"host\":\"web1\",\"message\":\"last message repeated 3 times\"}\n"
          "{\"host\":\"web1\",\"program\":\"systemd-logind\",\"pid\":1,"
          "\"message\":\"New session 5.\"}\n");
}

static void a_line_without_a_host_has_none(void **state)
{
    (void)state;
    check(STR("<13>Nov 20 10:00:01 app[1]: x\n<13>app: y\n"),
          "{\"program\":\"app\",\"pid\":1,\"facility\":\"user\",\"severity\":\"notice\","
          "\"message\":\"x\"}\n"
          "{\"program\":\"app\",\"facility\":\"user\",\"severity\":\"notice\","
          "\"message\":\"y\"}\n");
}

static void rfc_5424_gives_structured_data_by_element_and_parameter(void **state)
{
    (void)state;
    check(STR("<165>1 2026-10-11T22:14:15.003Z mail.example evnt - ID47 "
              "[ex@32473 iut=\"3\" src=\"App\\\"l\"][x@1 y=\"z\\]\"][empty] \xEF\xBB\xBFhello\n"
              "<34>1 - - - - - - only text\n"
              "<34>1 2026-10-11T22:14:15Z h p 1 - [broken a=b] text\n"),
          "{\"host\":\"mail.example\",\"program\":\"evnt\",\"facility\":\"local4\","
          "\"severity\":\"notice\",\"msgid\":\"ID47\",\"ex@32473.iut\":\"3\","
          "\"ex@32473.src\":\"App\\\"l\",\"x@1.y\":\"z]\",\"empty\":{},\"message\":\"hello\"}\n"
          "{\"facility\":\"auth\",\"severity\":\"crit\",\"message\":\"only text\"}\n"
          "{\"host\":\"h\",\"program\":\"p\",\"pid\":1,\"facility\":\"auth\",\"severity\":\"crit\","
          "\"message\":\"[broken a=b] text\"}\n");
}

static void rfc_5424_may_lack_what_stands_before_cef_and_leef(void **state)
{
    (void)state;
    check(STR("<13>1 2026-10-11T22:14:15Z h CEF:0|V|P|1|2|N|3|src=10.0.0.1\n"
              "<13>1 2026-10-11T22:14:15Z h LEEF:1.0|V|P q|1|2|a=b\n"),
          "{\"host\":\"h\",\"facility\":\"user\",\"severity\":\"notice\","
          "\"message\":\"CEF:0|V|P|1|2|N|3|src=10.0.0.1\",\"DeviceVendor\":\"V\","
          "\"DeviceProduct\":\"P\",\"DeviceVersion\":\"1\",\"DeviceEventClassID\":\"2\","
          "\"Name\":\"N\",\"Severity\":\"3\",\"src\":\"10.0.0.1\"}\n"
          "{\"host\":\"h\",\"facility\":\"user\",\"severity\":\"notice\","
          "\"message\":\"LEEF:1.0|V|P q|1|2|a=b\",\"DeviceVendor\":\"V\","
          "\"DeviceProduct\":\"P q\",\"DeviceVersion\":\"1\",\"EventID\":\"2\",\"a\":\"b\"}\n");
}

static void what_is_no_syslog_is_a_message(void **state)
{
    (void)state;
    check(STR("    at java.lang.Thread.run\n"
              "2026-11-21T10:00:00Z something of its own\n"
              "<999>not a priority\n"),
          "{\"message\":\"    at java.lang.Thread.run\"}\n"
          "{\"message\":\"2026-11-21T10:00:00Z something of its own\"}\n"
          "{\"message\":\"<999>not a priority\"}\n");
}

static void times_are_read_with_and_without_year_and_zone(void **state)
{
    (void)state;
    const int64_t noon = INT64_C(1795255200000000); /* 2026-11-21T10:00:00Z */
    assert_int_equal(time_of(STR("<34>Nov 21 10:00:00 h p: x")), noon);
    assert_int_equal(time_of(STR("<34>Nov 21 2026 10:00:00 h p: x")), noon);
    assert_int_equal(time_of(STR("2026-11-21T18:00:00+08:00 h p: x")), noon);
    assert_int_equal(time_of(STR("<34>1 2026-11-21T10:00:00.5Z h p - - - x")), noon + 500000);
    assert_int_equal(time_of(STR("<34>Dec 31 23:59:59 h p: x")),
                     INT64_C(1767225599000000)); /* 2025: the future is a day, not a month */
    assert_int_equal(time_of(STR("<34>p: x")), TIME_UNSET);
}

static void sudo_tells_who_became_whom(void **state)
{
    (void)state;
    check(STR("Nov 20 10:00:01 web1 sudo:     tan : TTY=pts/0 ; PWD=/home/tan ; USER=#-1 ; "
              "COMMAND=/bin/cat /etc/shadow\n"),
          "{\"host\":\"web1\",\"program\":\"sudo\",\"message\":\"tan : TTY=pts/0 ; PWD=/home/tan ; "
          "USER=#-1 ; COMMAND=/bin/cat /etc/shadow\",\"TTY\":\"pts/0\",\"PWD\":\"/home/tan\","
          "\"USER\":\"#-1\",\"COMMAND\":\"/bin/cat /etc/shadow\"}\n");
}

static void cisco_messages_give_facility_severity_and_mnemonic(void **state)
{
    (void)state;
    check(
        STR("<189>123: *Mar  1 18:46:11.123 UTC: %SYS-5-CONFIG_I: Configured from console\n"
            "<166>Jan 02 2026 15:04:05 fw1 : %ASA-4-106023: Deny tcp src outside\n"
            "Nov 20 10:00:02 10.1.1.1 345: Nov 20 10:00:01.500: %SEC_LOGIN-5-LOGIN_SUCCESS: ok\n"),
        "{\"facility\":\"local7\",\"severity\":\"notice\","
        "\"message\":\"%SYS-5-CONFIG_I: Configured from console\",\"cisco.facility\":\"SYS\","
        "\"cisco.severity\":5,\"cisco.mnemonic\":\"CONFIG_I\"}\n"
        "{\"host\":\"fw1\",\"facility\":\"local4\",\"severity\":\"info\","
        "\"message\":\"%ASA-4-106023: Deny tcp src outside\",\"cisco.facility\":\"ASA\","
        "\"cisco.severity\":4,\"cisco.mnemonic\":\"106023\"}\n"
        "{\"host\":\"10.1.1.1\",\"message\":\"Nov 20 10:00:01.500: %SEC_LOGIN-5-LOGIN_SUCCESS: "
        "ok\",\"cisco.facility\":\"SEC_LOGIN\",\"cisco.severity\":5,"
        "\"cisco.mnemonic\":\"LOGIN_SUCCESS\"}\n");
}

static void snare_gives_the_names_of_windows(void **state)
{
    (void)state;
    check(
        STR("dc1\tMSWinEventLog\t1\tSecurity\t33\tSat Nov 21 10:00:00 2026\t4624\t"
            "Microsoft-Windows-Security-Auditing\tEX\\tan\tN/A\tSuccess Audit\tdc1.example\t"
            "Logon\t\tAn account was successfully logged on.\t1234\n"),
        "{\"message\":\"dc1\\tMSWinEventLog\\t1\\tSecurity\\t33\\tSat Nov 21 10:00:00 2026\\t4624"
        "\\tMicrosoft-Windows-Security-Auditing\\tEX\\\\tan\\tN/A\\tSuccess Audit\\tdc1.example\\t"
        "Logon\\t\\tAn account was successfully logged on.\\t1234\","
        "\"Channel\":\"Security\",\"EventID\":4624,"
        "\"Provider_Name\":\"Microsoft-Windows-Security-Auditing\",\"User\":\"EX\\\\tan\","
        "\"Keywords\":\"Success Audit\",\"Computer\":\"dc1.example\",\"Task\":\"Logon\","
        "\"Message\":\"An account was successfully logged on.\",\"EventRecordID\":1234}\n");
}

static void an_object_in_the_message_gives_its_members(void **state)
{
    (void)state;
    check(STR("<14>Nov 20 10:00:04 ids suricata[7]: {\"event_type\":\"alert\",\"alert\":"
              "{\"severity\":2}}\n"
              "<14>Nov 20 10:00:04 app x: @cee: {\"a\":[1,2]}\n"
              "<14>Nov 20 10:00:04 app x: {not an object}\n"),
          "{\"host\":\"ids\",\"program\":\"suricata\",\"pid\":7,\"facility\":\"user\","
          "\"severity\":\"info\",\"message\":\"{\\\"event_type\\\":\\\"alert\\\",\\\"alert\\\":"
          "{\\\"severity\\\":2}}\",\"event_type\":\"alert\",\"alert.severity\":2}\n"
          "{\"host\":\"app\",\"program\":\"x\",\"facility\":\"user\",\"severity\":\"info\","
          "\"message\":\"@cee: {\\\"a\\\":[1,2]}\",\"a\":[1,2]}\n"
          "{\"host\":\"app\",\"program\":\"x\",\"facility\":\"user\",\"severity\":\"info\","
          "\"message\":\"{not an object}\"}\n");
}

static void sysmon_for_linux_gives_the_names_of_windows(void **state)
{
    (void)state;
    check(STR("Nov 20 10:00:04 web1 sysmon: <Event><System><Provider Name=\"Linux-Sysmon\"/>"
              "<EventID>1</EventID><Channel>Linux-Sysmon/Operational</Channel></System><EventData>"
              "<Data Name=\"Image\">/usr/bin/id</Data></EventData></Event>\n"),
          "{\"host\":\"web1\",\"program\":\"sysmon\",\"message\":\"<Event><System><Provider "
          "Name=\\\"Linux-Sysmon\\\"/><EventID>1</EventID><Channel>Linux-Sysmon/Operational"
          "</Channel></System><EventData><Data Name=\\\"Image\\\">/usr/bin/id</Data></EventData>"
          "</Event>\",\"Provider_Name\":\"Linux-Sysmon\",\"EventID\":1,"
          "\"Channel\":\"Linux-Sysmon/Operational\",\"Image\":\"/usr/bin/id\"}\n");
}

static void cef_leef_audit_and_pairs_are_found_in_the_message(void **state)
{
    (void)state;
    check(STR("<14>Nov 20 10:00:04 fw CEF:0|Acme|Wall|1|100|Scan|7|src=10.0.0.1\n"
              "<14>Nov 20 10:00:04 fw LEEF:1.0|Acme|Wall|1|scan|src=10.0.0.2\n"
              "<14>Nov 20 10:00:04 h audisp: type=CWD msg=audit(1795255200.000:45): cwd=\"/root\"\n"
              "<189>date=2026-11-21 time=18:00:00 tz=\"+0800\" user=\"a\\\"b\"\n"),
          "{\"host\":\"fw\",\"facility\":\"user\",\"severity\":\"info\","
          "\"message\":\"CEF:0|Acme|Wall|1|100|Scan|7|src=10.0.0.1\",\"DeviceVendor\":\"Acme\","
          "\"DeviceProduct\":\"Wall\",\"DeviceVersion\":\"1\",\"DeviceEventClassID\":\"100\","
          "\"Name\":\"Scan\",\"Severity\":\"7\",\"src\":\"10.0.0.1\"}\n"
          "{\"host\":\"fw\",\"facility\":\"user\",\"severity\":\"info\","
          "\"message\":\"LEEF:1.0|Acme|Wall|1|scan|src=10.0.0.2\",\"DeviceVendor\":\"Acme\","
          "\"DeviceProduct\":\"Wall\",\"DeviceVersion\":\"1\",\"EventID\":\"scan\","
          "\"src\":\"10.0.0.2\"}\n"
          "{\"host\":\"h\",\"program\":\"audisp\",\"facility\":\"user\",\"severity\":\"info\","
          "\"message\":\"type=CWD msg=audit(1795255200.000:45): cwd=\\\"/root\\\"\","
          "\"type\":\"CWD\",\"msg\":\"audit(1795255200.000:45)\",\"cwd\":\"/root\"}\n"
          "{\"facility\":\"local7\",\"severity\":\"notice\","
          "\"message\":\"date=2026-11-21 time=18:00:00 tz=\\\"+0800\\\" user=\\\"a\\\\\\\"b\\\"\","
          "\"date\":\"2026-11-21\",\"time\":\"18:00:00\",\"tz\":\"+0800\",\"user\":\"a\\\"b\"}\n");
    assert_int_equal(time_of(STR("<189>date=2026-11-21 time=18:00:00 tz=\"+0800\" user=x")),
                     INT64_C(1795255200000000));
}

static void bytes_that_are_not_utf_8_are_repaired(void **state)
{
    (void)state;
    check(STR("<34>Nov 21 10:00:00 web1 app: caf\xE9\n"),
          "{\"host\":\"web1\",\"program\":\"app\",\"facility\":\"auth\",\"severity\":\"crit\","
          "\"message\":\"caf\xEF\xBF\xBD\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_3164_gives_host_program_pid_and_message),
        cmocka_unit_test(lines_of_var_log_need_no_priority),
        cmocka_unit_test(a_line_without_a_host_has_none),
        cmocka_unit_test(rfc_5424_may_lack_what_stands_before_cef_and_leef),
        cmocka_unit_test(rfc_5424_gives_structured_data_by_element_and_parameter),
        cmocka_unit_test(what_is_no_syslog_is_a_message),
        cmocka_unit_test(times_are_read_with_and_without_year_and_zone),
        cmocka_unit_test(sudo_tells_who_became_whom),
        cmocka_unit_test(cisco_messages_give_facility_severity_and_mnemonic),
        cmocka_unit_test(snare_gives_the_names_of_windows),
        cmocka_unit_test(an_object_in_the_message_gives_its_members),
        cmocka_unit_test(sysmon_for_linux_gives_the_names_of_windows),
        cmocka_unit_test(cef_leef_audit_and_pairs_are_found_in_the_message),
        cmocka_unit_test(bytes_that_are_not_utf_8_are_repaired),
    };
    return cmocka_run_group_tests_name("parse/syslog", tests, NULL, NULL);
}
