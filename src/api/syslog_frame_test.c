#include "api/syslog_frame.h"

#include <stdlib.h>

#include "base/test.h"

#define LIMIT 64

/* Frames `stream` in pieces of `step` bytes; each message as "[text]", a too long one as "!text!". */
static struct buf frame_all(struct str stream, size_t step, struct str *ret_left)
{
    struct syslog_frame frame = {0};
    struct buf out = {0};
    while (stream.len) {
        /* In memory of its own, so that a sanitizer sees a message that outlives its piece. */
        struct str part = str_first(stream, step);
        char *copy = malloc(part.len);
        memcpy(copy, part.ptr, part.len);
        struct str rest = {copy, part.len}, message = {0};
        enum syslog_framed framed;
        while ((framed = syslog_frame_next(&frame, &rest, LIMIT, &message)) != SYSLOG_MORE) {
            char mark = framed == SYSLOG_TOO_LONG ? '!' : '[';
            buf_add_byte(&out, mark);
            buf_add_str(&out, framed == SYSLOG_TOO_LONG ? str_first(message, 1) : message);
            buf_add_byte(&out, mark == '[' ? ']' : '!');
        }
        assert_int_equal(rest.len, 0);
        free(copy);
        stream = str_skip(stream, step);
    }
    static char left[256];
    struct str end = syslog_frame_end(&frame);
    memcpy(left, end.ptr ? end.ptr : "", end.len);
    *ret_left = str_of(left, end.len);
    assert_false(frame.failed);
    syslog_frame_free(&frame);
    return out;
}

/* The messages do not depend on how the network cuts the stream. */
static void expect(struct str stream, const char *messages, const char *left)
{
    for (size_t step = 1; step <= stream.len; step++) {
        struct str rest;
        struct buf out = frame_all(stream, step, &rest);
        buf_add_byte(&out, '\0');
        assert_string_equal(out.ptr, messages);
        assert_int_equal(rest.len, strlen(left));
        assert_memory_equal(rest.ptr, left, rest.len);
        buf_free(&out);
    }
}

static void octet_counts_frame_messages_that_hold_line_ends(void **state)
{
    (void)state;
    expect(STR("11 <34>1 a\nb c5 <1>xy1 z"), "[<34>1 a\nb c][<1>xy][z]", "");
}

static void lines_end_with_lf_crlf_or_nul(void **state)
{
    (void)state;
    expect(STR("<34>one\n<34>two\r\n<34>three\0<34>four\n"),
           "[<34>one][<34>two][<34>three][<34>four]", "");
}

static void each_message_says_itself_how_it_is_framed(void **state)
{
    (void)state;
    expect(STR("<1>line\n7 <2>five\n<3>line\n"), "[<1>line][<2>five][<3>line]", "");
}

static void a_number_in_a_stream_of_lines_is_text(void **state)
{
    (void)state;
    expect(STR("<1>first\n12 files were read\n2026-11-21T10:00:00Z host x\n"),
           "[<1>first][12 files were read][2026-11-21T10:00:00Z host x]", "");
    expect(STR("0 <x\n0123 abc\n1234567890 <b>\n"), "[0 <x][0123 abc][1234567890 <b>]", "");
}

static void line_ends_between_messages_are_no_messages(void **state)
{
    (void)state;
    expect(STR("\n\r\n5 <1>ab\n\n4 <1>c\r\n\n<1>d\n\n\n"), "[<1>ab][<1>c][<1>d]", "");
}

static void a_counted_message_may_end_with_a_line_end(void **state)
{
    (void)state;
    expect(STR("6 <1>ab\n5 <1>c\n"), "[<1>ab][<1>c]", "");
}

static void a_message_longer_than_the_limit_is_given_up_and_the_next_is_found(void **state)
{
    (void)state;
    struct buf stream = {0};
    for (int i = 0; i < 2 * LIMIT; i++)
        buf_add_byte(&stream, 'x');
    buf_add_c(&stream, "\n<1>next\n100 <");
    for (int i = 0; i < 99; i++)
        buf_add_byte(&stream, 'y');
    buf_add_c(&stream, "8 <2>after");
    struct str rest;
    for (size_t step = 1; step <= stream.len; step++) {
        struct buf out = frame_all(buf_str(&stream), step, &rest);
        assert_str(buf_str(&out), "!x![<1>next]!<![<2>after]");
        buf_free(&out);
    }
    buf_free(&stream);
}

static void a_message_as_long_as_the_limit_is_one(void **state)
{
    (void)state;
    struct buf stream = {0};
    buf_add_c(&stream, "64 <");
    for (int i = 0; i < LIMIT - 1; i++)
        buf_add_byte(&stream, 'x');
    struct str rest;
    struct buf out = frame_all(buf_str(&stream), 7, &rest);
    assert_int_equal(out.len, LIMIT + 2);
    buf_free(&out);
    buf_free(&stream);
}

static void what_is_cut_off_is_left_at_the_end(void **state)
{
    (void)state;
    expect(STR("<1>whole\n<1>half"), "[<1>whole]", "<1>half");
    expect(STR("8 <1>whole9 <1>half"), "[<1>whole]", "<1>half");
    expect(STR("<1>whole\n12"), "[<1>whole]", "12");
}

static void a_message_that_is_dropped_is_passed_over_to_its_end(void **state)
{
    (void)state;
    struct syslog_frame frame = {0};
    struct str rest = STR("20 <1>half"), message;
    assert_int_equal(syslog_frame_next(&frame, &rest, LIMIT, &message), SYSLOG_MORE);
    assert_int_equal(syslog_frame_drop(&frame, &message), SYSLOG_TOO_LONG);
    assert_str(message, "<1>half");
    rest = STR(" and the rest <1>next\n");
    rest = STR("0123456789abc7 <1>next");
    assert_int_equal(syslog_frame_next(&frame, &rest, LIMIT, &message), SYSLOG_MESSAGE);
    assert_str(message, "<1>next");
    syslog_frame_free(&frame);
}

static void a_half_message_keeps_memory_and_a_whole_one_none(void **state)
{
    (void)state;
    struct syslog_frame frame = {0};
    struct str rest = STR("20 <1>half"), message;
    assert_int_equal(syslog_frame_next(&frame, &rest, LIMIT, &message), SYSLOG_MORE);
    assert_true(frame.partial.cap > 0);
    rest = STR("0123456789abc");
    assert_int_equal(syslog_frame_next(&frame, &rest, LIMIT, &message), SYSLOG_MESSAGE);
    assert_int_equal(syslog_frame_next(&frame, &rest, LIMIT, &message), SYSLOG_MORE);
    assert_int_equal(frame.partial.cap, 0);
    syslog_frame_free(&frame);
}

static void the_hostname_is_told_from_the_header(void **state)
{
    (void)state;
    assert_str(
        syslog_hostname(STR("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - x")),
        "mymachine.example.com");
    assert_str(syslog_hostname(STR("<34>Oct 11 22:14:15 mymachine su: 'su root' failed")),
               "mymachine");
    assert_str(syslog_hostname(STR("<13>Oct  1 22:14:15 192.0.2.1 x")), "192.0.2.1");
    assert_str(syslog_hostname(STR("<13>2026-11-21T10:00:00.003+08:00 web-1 nginx: x")), "web-1");
    assert_str(syslog_hostname(STR("<34>1 - fe80::1 su - - - x")), "fe80::1");
}

static void a_message_without_a_hostname_has_none(void **state)
{
    (void)state;
    static const char *const without[] = {
        "",
        "<",
        "<34>",
        "<34>Oct 11 22:14:15 su: x",
        "<34>Oct 11 22:14:15 su[42]: x",
        "plain text",
        "{}",
        "<34>1",
        "<34>1 2003-10-11T22:14:15Z",
        "<34>1 2003-10-11T22:14:15Z - su",
        "<34>text",
        "<3456> x",
        "<34>1 bad host x",
    };
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        assert_int_equal(syslog_hostname(str_from_c(without[i])).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octet_counts_frame_messages_that_hold_line_ends),
        cmocka_unit_test(lines_end_with_lf_crlf_or_nul),
        cmocka_unit_test(each_message_says_itself_how_it_is_framed),
        cmocka_unit_test(a_number_in_a_stream_of_lines_is_text),
        cmocka_unit_test(line_ends_between_messages_are_no_messages),
        cmocka_unit_test(a_counted_message_may_end_with_a_line_end),
        cmocka_unit_test(a_message_longer_than_the_limit_is_given_up_and_the_next_is_found),
        cmocka_unit_test(a_message_as_long_as_the_limit_is_one),
        cmocka_unit_test(what_is_cut_off_is_left_at_the_end),
        cmocka_unit_test(a_message_that_is_dropped_is_passed_over_to_its_end),
        cmocka_unit_test(a_half_message_keeps_memory_and_a_whole_one_none),
        cmocka_unit_test(the_hostname_is_told_from_the_header),
        cmocka_unit_test(a_message_without_a_hostname_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
