#include "base/test.h"

#include "parse/collect_test.h"

static void entries_end_at_the_empty_line(void **state)
{
    (void)state;
    struct str stream = STR("__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1795255200000001\n"
                            "MESSAGE=hello = there\n_PID=42\nFOO=1\nFOO=2\n\n\n"
                            "__CURSOR=s=1;i=3\nMESSAGE=last");
    assert_collected(&format_journal, stream,
                     "{\"__CURSOR\":\"s=1;i=2\",\"__REALTIME_TIMESTAMP\":\"1795255200000001\","
                     "\"MESSAGE\":\"hello = there\",\"_PID\":\"42\",\"FOO\":[\"1\",\"2\"]}\n"
                     "{\"__CURSOR\":\"s=1;i=3\",\"MESSAGE\":\"last\"}\n",
                     "");
    struct collection got =
        collect(&format_journal, STR("__REALTIME_TIMESTAMP=1795255200000001\nA=1\n\n"),
                &(struct parse_options){0}, SIZE_MAX);
    assert_int_equal(got.last_time, INT64_C(1795255200000001));
    collection_free(&got);
}

static void binary_fields_may_hold_empty_lines(void **state)
{
    (void)state;
    assert_collected(&format_journal,
                     STR("__CURSOR=1\nMESSAGE\n\x0b\0\0\0\0\0\0\0two\n\nlines!\n_COMM=x\n\n"),
                     "{\"__CURSOR\":\"1\",\"MESSAGE\":\"two\\n\\nlines!\",\"_COMM\":\"x\"}\n", "");
}

static void a_length_that_lies_costs_its_lines_only(void **state)
{
    (void)state;
    assert_collected(&format_journal,
                     STR("__CURSOR=1\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\x7f\nA=1\n\n"
                         "__CURSOR=2\nlower case\nB=2\n\n"),
                     "{\"__CURSOR\":\"1\",\"A\":\"1\"}\n{\"__CURSOR\":\"2\",\"B\":\"2\"}\n",
                     "11 1: not a field of a journal entry; the line is skipped\n"
                     "19 1: not a field of a journal entry; the line is skipped\n"
                     "44 2: not a field of a journal entry; the line is skipped\n");
}

static void a_length_that_ends_in_the_middle_is_no_length(void **state)
{
    (void)state;
    assert_collected(&format_journal, STR("__CURSOR=1\nMESSAGE\n\x03\0\0\0\0\0\0\0abcd\nA=1\n\n"),
                     "{\"__CURSOR\":\"1\",\"A\":\"1\"}\n",
                     "11 1: not a field of a journal entry; the line is skipped\n"
                     "19 1: not a field of a journal entry; the line is skipped\n");
}

static void messages_are_searched_as_in_syslog(void **state)
{
    (void)state;
    assert_collected(
        &format_journal,
        STR("__CURSOR=1\nMESSAGE=tan : TTY=pts/0 ; USER=root ; COMMAND=/bin/ls /root\n\n"),
        "{\"__CURSOR\":\"1\",\"MESSAGE\":\"tan : TTY=pts/0 ; USER=root ; COMMAND=/bin/ls /root\","
        "\"TTY\":\"pts/0\",\"USER\":\"root\",\"COMMAND\":\"/bin/ls /root\"}\n",
        "");
}

static void an_entry_of_too_many_bytes_is_reported_and_the_rest_is_read(void **state)
{
    (void)state;
    for (size_t len = PARSE_RECORD_MAX + 1000; len < 4 * (size_t)PARSE_RECORD_MAX; len *= 3) {
        struct buf stream = {0};
        buf_add_c(&stream, "__CURSOR=1\n\n__CURSOR=2\nMESSAGE=");
        char *line = buf_reserve(&stream, len);
        assert_non_null(line);
        memset(line, 'x', len);
        stream.len += len;
        buf_add_c(&stream, "\n\n__CURSOR=3\n\n");
        struct collection got = collect(&format_journal, buf_str(&stream),
                                        &(struct parse_options){0}, PARSE_RECORD_MAX / 4);
        assert_string_equal(got.events.ptr, "{\"__CURSOR\":\"1\"}\n{\"__CURSOR\":\"3\"}\n");
        assert_true(got.n_errors > 0);
        collection_free(&got);
        buf_free(&stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_end_at_the_empty_line),
        cmocka_unit_test(binary_fields_may_hold_empty_lines),
        cmocka_unit_test(a_length_that_lies_costs_its_lines_only),
        cmocka_unit_test(a_length_that_ends_in_the_middle_is_no_length),
        cmocka_unit_test(messages_are_searched_as_in_syslog),
        cmocka_unit_test(an_entry_of_too_many_bytes_is_reported_and_the_rest_is_read),
    };
    return cmocka_run_group_tests_name("parse/journal", tests, NULL, NULL);
}
