#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/out_style.h"

/* A finding whose every text tries to break out of the output. */
static struct str tag_texts[] = {{"attack.t1059.001", 16}, {"attack.execution", 16}};
static const struct sigma_meta hostile_meta = {
    .id = {"11111111-2222-3333-4444-555555555555", 36},
    .title = {"Bad <script>alert(1)</script> \"rule\", really", 44},
    .tags = tag_texts,
    .n_tags = 2,
    .level = SIGMA_HIGH,
};
static const struct finding_field hostile_fields[] = {
    {.name = {"CommandLine", 11},
     .text = {"\033[2Jcmd,\"x\"\n<b>&'\xe2\x80\xae", 20},
     .kind = FIELD_COMMAND},
    {.name = {"Image", 5}, .text = {"C:\\cmd.exe", 10}, .kind = FIELD_PATH},
};

static const char attack_csv[] = "kind,id,name,tactics\n"
                                 "version,1,,\n"
                                 "tactic,TA0002,Execution,execution\n"
                                 "technique,T1059,Interpreter <b>,execution\n"
                                 "technique,T1059.001,PowerShell,\n";

static unsigned test_width; /* columns of the terminal that reports are made for */

struct report {
    char *text;
    size_t len;
};

/* What a format makes of `count` findings of one event, times a second apart. */
static struct report report(const struct out_format *format, unsigned count, struct str host)
{
    struct report report;
    struct finding_event event = {
        .path = STR("a.evtx"),
        .record = 7,
        .host = host,
        .json = STR("{\"CommandLine\":\"x\"}"),
        .fields = hostile_fields,
        .n_fields = 2,
    };
    struct finding finding = {.meta = &hostile_meta, .event = &event};
    struct out_rule_count rule = {&hostile_meta, count, TIME_UNSET, TIME_UNSET};
    struct out_host_count host_count = {host, count, {[SIGMA_HIGH] = count}};
    struct out_error error = {STR("b\033[31m.evtx"), 64, 0, STR("bad chunk")};
    struct out_summary summary = {
        .cut = 3,
        .unrouted = 1007,
        .findings = count,
        .by_level = {[SIGMA_HIGH] = count},
        .rules = &rule,
        .n_rules = 1,
        .hosts = &host_count,
        .n_hosts = 1,
        .inputs = 1,
        .events = count,
        .first = TIME_UNSET,
        .last = TIME_UNSET,
        .errors = &error,
        .n_errors = 1,
        .errors_total = 1,
        .rules_loaded = 1,
        .threads = 1,
    };
    struct attack attack;
    struct err err;
    assert_int_equal(attack_read(&attack, STR(attack_csv), &err), 0);
    struct out_options options = {
        .started = 0, .command = "jaga scan <x>", .attack = &attack, .width = test_width};
    options.stream = open_memstream(&report.text, &report.len);
    void *state = format->begin(&options);
    for (unsigned i = 0; i < count; i++) {
        event.time = 1785239148000000 + i * TIME_SECOND_US;
        format->finding(state, &finding);
    }
    format->end(state, &summary);
    assert_int_equal(fclose(options.stream), 0);
    attack_free(&attack);
    return report;
}

static size_t count_of(const struct report *report, const char *needle)
{
    size_t count = 0;
    for (const char *at = report->text; (at = strstr(at, needle)); at += strlen(needle))
        count++;
    return count;
}

static void limits_that_were_spent_are_shown_to_readers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct report r = report(i ? &out_html : &out_table, 1, STR("HOST-1"));
        assert_int_equal(count_of(&r, "1,007 events are of too many kinds"), 1);
        assert_int_equal(count_of(&r, "3 matched events did not fit into memory"), 1);
        assert_int_equal(count_of(&r, "regular expressions spent"), 0);
        free(r.text);
    }
}

/* The longest line in code points: the tests' text has none of two columns. */
static size_t widest(const struct report *r)
{
    size_t most = 0, at = 0;
    for (size_t i = 0; i < r->len; i++) {
        at = r->text[i] == '\n' ? 0 : at + (((unsigned char)r->text[i] & 0xC0) != 0x80);
        most = at > most ? at : most;
    }
    return most;
}

static void a_narrow_terminal_gets_two_lines_for_a_finding(void **state)
{
    (void)state;
    for (unsigned width = 60; width < 140; width += 10) {
        test_width = width;
        struct report r = report(&out_table, 3, STR("A-HOST-WITH-A-NAME-OF-SOME-LENGTH"));
        test_width = 0;
        if (width >= 80)
            assert_true(widest(&r) <= width);
        assert_int_equal(count_of(&r, "\n    A-HOST-WITH"), width < 112);
        assert_int_equal(count_of(&r, "×3"), 1);
        free(r.text);
    }
}

static void the_table_folds_repeats_and_sums_them(void **state)
{
    (void)state;
    struct report r = report(&out_table, 3, STR("HOST-1"));
    assert_int_equal(count_of(&r, "2026-07-28 11:45:48"), 1);
    assert_int_equal(count_of(&r, "2026-07-28 11:45:49"), 0);
    assert_int_equal(count_of(&r, "×3"), 1);
    assert_true(count_of(&r, "HOST-1") >= 2);
    assert_int_equal(count_of(&r, "at byte 64: bad chunk"), 1);
    free(r.text);
}

static void no_control_character_reaches_the_terminal(void **state)
{
    (void)state;
    struct report r = report(&out_table, 1, STR("h\033]0;x\a"));
    for (size_t i = 0; i < r.len; i++)
        assert_true((unsigned char)r.text[i] >= 0x20 || r.text[i] == '\n');
    assert_int_equal(count_of(&r, "\xe2\x80\xae"), 0); /* right-to-left override */
    free(r.text);
}

static void html_shows_hostile_text_as_text(void **state)
{
    (void)state;
    struct report r = report(&out_html, 2, STR("<img src=x>"));
    assert_int_equal(count_of(&r, "<script"), 0);
    assert_int_equal(count_of(&r, "<img"), 0);
    assert_true(count_of(&r, "&lt;script&gt;") > 0);
    assert_int_equal(count_of(&r, "http-equiv=Content-Security-Policy"), 1);
    assert_true(count_of(&r, "T1059.001") > 0);
    free(r.text);
}

static void jsonl_is_a_detection_finding_with_the_event_inside(void **state)
{
    (void)state;
    struct report r = report(&out_jsonl, 2, STR("HOST-1"));
    assert_int_equal(count_of(&r, "\n"), 2);
    assert_int_equal(count_of(&r, "\"class_uid\":2004"), 2);
    assert_int_equal(count_of(&r, "\"time\":1785239148000,"), 1);
    assert_int_equal(count_of(&r, "\"uid\":\"11111111-2222-3333-4444-555555555555\""), 2);
    assert_int_equal(
        count_of(&r, "\"data\":{\"_source\":\"a.evtx\",\"_record\":7,\"CommandLine\":\"x\"}"), 2);
    assert_int_equal(
        count_of(&r, "\"sub_technique\":{\"uid\":\"T1059.001\",\"name\":\"PowerShell\"}"), 2);
    free(r.text);
}

static void csv_rows_keep_their_columns(void **state)
{
    (void)state;
    static const struct out_format *const formats[] = {&out_csv, &out_timesketch};
    for (size_t i = 0; i < 2; i++) {
        struct report r = report(formats[i], 1, STR("a,b"));
        assert_int_equal(count_of(&r, "\r\n"), 2);
        assert_int_equal(count_of(&r, "\"a,b\""), 1);
        assert_true(count_of(&r, "\"\"rule\"\"") > 0);
        free(r.text);
    }
}

static void text_is_cut_with_an_ellipsis(void **state)
{
    (void)state;
    struct buf buf = {0};
    assert_int_equal(style_printable(&buf, STR("abcdef"), 4), 4);
    assert_str(buf_str(&buf), "abc…");
    buf_clear(&buf);
    assert_int_equal(style_printable(&buf, STR("abcd"), 4), 4);
    assert_str(buf_str(&buf), "abcd");
    buf_clear(&buf);
    assert_int_equal(style_printable(&buf, STR("a \r\n\t b"), 0), 3);
    assert_str(buf_str(&buf), "a b");
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_that_were_spent_are_shown_to_readers),
        cmocka_unit_test(a_narrow_terminal_gets_two_lines_for_a_finding),
        cmocka_unit_test(the_table_folds_repeats_and_sums_them),
        cmocka_unit_test(no_control_character_reaches_the_terminal),
        cmocka_unit_test(html_shows_hostile_text_as_text),
        cmocka_unit_test(jsonl_is_a_detection_finding_with_the_event_inside),
        cmocka_unit_test(csv_rows_keep_their_columns),
        cmocka_unit_test(text_is_cut_with_an_ellipsis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
