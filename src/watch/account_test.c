#include "watch/account.h"

#include <stdio.h>

#include "base/test.h"

static int setup(void **state)
{
    *state = senders_new(8);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    senders_free(*state);
    return 0;
}

static struct sender *sender_with(struct senders *senders, const char *source, uint64_t received)
{
    struct sender *sender = senders_intern(senders, STR("health"), str_from_c(source));
    sender->account.received = received;
    sender->account.stored = received;
    return sender;
}

static bool has_line(struct str text, const char *line)
{
    struct str part;
    while (str_cut_line(&text, &part))
        if (str_eq(part, str_from_c(line)))
            return true;
    return false;
}

static size_t count_lines(struct str text, struct str start)
{
    struct str part;
    size_t n = 0;
    while (str_cut_line(&text, &part))
        n += str_starts(part, start);
    return n;
}

static void every_number_of_an_account_is_a_series(void **state)
{
    struct buf out = {0};
    struct sender *dns = sender_with(*state, "dns", 10);
    dns->account.stored = 4;
    dns->account.repeated = 3;
    dns->account.rejected = 2;
    dns->account.failed = 1;
    dns->account.throttled = 7;
    account_write_metrics(*state, &out);
    struct str text = buf_str(&out);
    assert_true(has_line(text, "# TYPE jaga_events_received_total counter"));
    assert_true(has_line(text, "jaga_events_received_total{agency=\"health\",source=\"dns\"} 10"));
    assert_true(has_line(text, "jaga_events_stored_total{agency=\"health\",source=\"dns\"} 4"));
    assert_true(has_line(text, "jaga_events_repeated_total{agency=\"health\",source=\"dns\"} 3"));
    assert_true(has_line(text, "jaga_events_rejected_total{agency=\"health\",source=\"dns\"} 2"));
    assert_true(has_line(text, "jaga_events_failed_total{agency=\"health\",source=\"dns\"} 1"));
    assert_true(has_line(text, "jaga_events_in_flight{agency=\"health\",source=\"dns\"} 0"));
    assert_true(has_line(text, "jaga_events_throttled_total{agency=\"health\",source=\"dns\"} 7"));
    assert_true(has_line(text, "jaga_senders 1"));
    buf_free(&out);
}

static void the_number_of_series_is_bounded_and_nothing_is_left_out(void **state)
{
    struct buf out = {0};
    char source[32];
    for (int i = 0; i < ACCOUNT_SERIES_MAX + 10; i++) {
        snprintf(source, sizeof(source), "host-%d", i);
        sender_with(*state, source, i < 10 ? 5 : 1000);
    }
    account_write_metrics(*state, &out);
    struct str text = buf_str(&out);
    assert_int_equal(count_lines(text, STR("jaga_events_stored_total{")), ACCOUNT_SERIES_MAX + 1);
    assert_true(has_line(text, "jaga_events_stored_total{agency=\"*\",source=\"*\"} 50"));
    buf_free(&out);
}

static void without_senders_there_are_no_series(void **state)
{
    struct buf out = {0};
    account_write_metrics(*state, &out);
    assert_int_equal(count_lines(buf_str(&out), STR("jaga_events_received_total{")), 0);
    assert_true(has_line(buf_str(&out), "jaga_senders 0"));
    buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_number_of_an_account_is_a_series),
        TEST(the_number_of_series_is_bounded_and_nothing_is_left_out),
        TEST(without_senders_there_are_no_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
