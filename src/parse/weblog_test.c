/* The logs of web servers: Apache's and nginx's, and W3C's. */
#include "base/test.h"

#include "parse/collect_test.h"

static int64_t time_of(const struct format *format, struct str stream)
{
    struct collection got = collect(format, stream, &(struct parse_options){0}, SIZE_MAX);
    assert_int_equal(got.count, 1);
    collection_free(&got);
    return got.last_time;
}

static void combined_lines_have_the_names_of_sigma(void **state)
{
    (void)state;
    struct str line = STR("203.0.113.7 - tan [21/Nov/2026:18:00:00 +0800] "
                          "\"GET /a/b.php?x=1%20&y=\\\"q\\\" HTTP/1.1\" 200 512 "
                          "\"https://e.example/\" \"Mozilla/5.0 \\x22x\\x22 (X11)\"\n");
    assert_collected(&format_access, line,
                     "{\"c-ip\":\"203.0.113.7\",\"cs-username\":\"tan\",\"cs-method\":\"GET\","
                     "\"cs-uri\":\"/a/b.php?x=1%20&y=\\\"q\\\"\",\"cs-uri-stem\":\"/a/b.php\","
                     "\"cs-uri-query\":\"x=1%20&y=\\\"q\\\"\",\"cs-version\":\"HTTP/1.1\","
                     "\"sc-status\":200,\"sc-bytes\":512,\"cs-referer\":\"https://e.example/\","
                     "\"cs-user-agent\":\"Mozilla/5.0 \\\"x\\\" (X11)\"}\n",
                     "");
    assert_int_equal(time_of(&format_access, line), INT64_C(1795255200000000));
}

static void common_lines_and_virtual_hosts_are_read(void **state)
{
    (void)state;
    assert_collected(
        &format_access,
        STR("198.51.100.9 - - [21/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.0\" 304 -\n"
            "www.example.com:443 2001:db8::1 - - [21/Nov/2026:10:00:01 +0000] "
            "\"POST /login HTTP/2.0\" 302 12 \"-\" \"curl/8\" \"203.0.113.9\" 0.012\n"),
        "{\"c-ip\":\"198.51.100.9\",\"cs-method\":\"GET\",\"cs-uri\":\"/\",\"cs-uri-stem\":\"/\","
        "\"cs-version\":\"HTTP/1.0\",\"sc-status\":304}\n"
        "{\"c-ip\":\"2001:db8::1\",\"cs-host\":\"www.example.com\",\"s-port\":443,"
        "\"cs-method\":\"POST\",\"cs-uri\":\"/login\",\"cs-uri-stem\":\"/login\","
        "\"cs-version\":\"HTTP/2.0\",\"sc-status\":302,\"sc-bytes\":12,"
        "\"cs-user-agent\":\"curl/8\"}\n",
        "");
}

static void strange_requests_stay_whole_and_other_lines_are_reported(void **state)
{
    (void)state;
    assert_collected(
        &format_access,
        STR("203.0.113.7 - - [21/Nov/2026:10:00:02 +0000] \"\\x16\\x03\\x01\" 400 150 \"-\" \"-\"\n"
            "203.0.113.7 - - [21/Nov/2026:10:00:02 +0000] \"-\" 408 0 \"-\" \"-\"\n"
            "an error of the server\n"),
        "{\"c-ip\":\"203.0.113.7\",\"cs-uri\":\"\\\\x16\\\\x03\\\\x01\",\"sc-status\":400,"
        "\"sc-bytes\":150}\n"
        "{\"c-ip\":\"203.0.113.7\",\"sc-status\":408,\"sc-bytes\":0}\n"
        "{\"message\":\"an error of the server\"}\n",
        "139 3: not a line of an access log; kept as `message`\n");
}

static void w3c_columns_are_those_of_the_block_in_force(void **state)
{
    (void)state;
    assert_collected(
        &format_w3c,
        STR("#Software: Microsoft Internet Information Services 10.0\r\n"
            "#Date: 2026-11-21 02:00:00\r\n"
            "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username "
            "cs(User-Agent) sc-status\r\n"
            "2026-11-21 02:00:00 GET /a b+c=d - Mozilla/5.0+(X11) 200\r\n"
            "2026-11-21 02:00:01 GET /a\r\n"
            "#Date: 2026-11-22 00:00:00\r\n"
            "#Fields: time c-ip cs-host\r\n"
            "02:00:03 203.0.113.7 \"quoted host\"\r\n"),
        "{\"date\":\"2026-11-21\",\"time\":\"02:00:00\",\"cs-method\":\"GET\","
        "\"cs-uri-stem\":\"/a\",\"cs-uri-query\":\"b+c=d\","
        "\"cs(User-Agent)\":\"Mozilla/5.0 (X11)\",\"sc-status\":200}\n"
        "{\"date\":\"2026-11-21\",\"time\":\"02:00:01\",\"cs-method\":\"GET\","
        "\"cs-uri-stem\":\"/a\"}\n"
        "{\"time\":\"02:00:03\",\"c-ip\":\"203.0.113.7\",\"cs-host\":\"quoted host\"}\n",
        "235 2: fewer values than #Fields names\n");
}

static void w3c_times_come_from_the_line_or_the_header(void **state)
{
    (void)state;
    const int64_t time = INT64_C(1795255200000000);
    assert_int_equal(time_of(&format_w3c, STR("#Fields: date time x\n2026-11-21 10:00:00 y\n")),
                     time);
    assert_int_equal(
        time_of(&format_w3c, STR("#Date: 2026-11-21 00:00:00\n#Fields: time\n10:00:00\n")), time);
    assert_int_equal(time_of(&format_w3c, STR("#Software: Microsoft Exchange\n"
                                              "#Fields: date-time,client-ip,x\n"
                                              "2026-11-21T10:00:00.000Z,192.0.2.1,\n")),
                     time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combined_lines_have_the_names_of_sigma),
        cmocka_unit_test(common_lines_and_virtual_hosts_are_read),
        cmocka_unit_test(strange_requests_stay_whole_and_other_lines_are_reported),
        cmocka_unit_test(w3c_columns_are_those_of_the_block_in_force),
        cmocka_unit_test(w3c_times_come_from_the_line_or_the_header),
    };
    return cmocka_run_group_tests_name("parse/weblog", tests, NULL, NULL);
}
