#include "watch/intake.h"

#include <errno.h>
#include <stdlib.h>

#include "base/test.h"
#include "watch/spool_fake_test.h"

struct fixture {
    struct spool events, dead;
    struct senders *senders;
    struct sender *sender;
    struct intake *intake;
    struct intake_batch batch;
    unsigned answers;
    struct intake_result result; /* the last */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    f->senders = senders_new(8);
    f->sender = senders_intern(f->senders, STR("health"), STR("dns"));
    f->intake = intake_new(&(struct intake_options){&spool_fake, &f->events, &f->dead, f->senders});
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    intake_batch_free(&f->batch);
    intake_free(f->intake);
    senders_free(f->senders);
    fake_free(&f->events);
    fake_free(&f->dead);
    free(f);
    return 0;
}

static void answered(void *context, const struct intake_result *result)
{
    struct fixture *f = context;
    f->answers++;
    f->result = *result;
}

static void begin(struct fixture *f, enum format_id format)
{
    intake_begin(&f->batch, f->intake, f->sender, DOOR_NDJSON, format, STR("192.0.2.1"),
                 STR("syslog"));
}

/* The account adds up: every event received is in one place. */
static void assert_account(const struct fixture *f, uint64_t stored, uint64_t rejected,
                           uint64_t failed, uint64_t in_flight)
{
    const struct account *account = &f->sender->account;
    assert_int_equal(account->stored, stored);
    assert_int_equal(account->rejected, rejected);
    assert_int_equal(account->failed, failed);
    assert_int_equal(account->in_flight, in_flight);
    assert_int_equal(account->received, stored + rejected + failed + in_flight + account->repeated);
}

static void what_is_added_is_stored_and_answered_once(void **state)
{
    struct fixture *f = *state;
    f->events.next = 41;
    begin(f, FORMAT_JSON);
    assert_true(intake_add(&f->batch, STR("{\"a\":1}")));
    assert_true(intake_add(&f->batch, STR("{\"b\":2}")));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->result.status, 0);
    assert_int_equal(f->result.offset, 41);
    assert_int_equal(f->result.stored, 2);
    assert_int_equal(f->result.partition, f->sender->partition);

    const struct spool_batch *stored = &f->events.appends[0].batch;
    assert_int_equal(f->events.n, 1);
    assert_int_equal(f->events.appends[0].partition, f->sender->partition);
    assert_str(stored->agency, "health");
    assert_str(stored->source, "dns");
    assert_str(stored->peer, "192.0.2.1");
    assert_str(stored->hint, "syslog");
    assert_int_equal(stored->format, FORMAT_JSON);
    assert_int_equal(stored->door, DOOR_NDJSON);
    assert_false(stored->split);
    assert_str(spool_event(stored, 0), "{\"a\":1}");
    assert_str(spool_event(stored, 1), "{\"b\":2}");
    assert_true(stored->received > 0);
    assert_account(f, 2, 0, 0, 0);
    assert_int_equal(f->sender->account.bytes, 14);
    assert_int_equal(f->sender->account.last, stored->received);
}

static void an_event_may_be_written_in_place(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_JSON);
    buf_add_c(&f->batch.bytes, "{}");
    assert_true(intake_added(&f->batch, 0));
    size_t start = f->batch.bytes.len;
    buf_add_c(&f->batch.bytes, "{");
    assert_false(intake_added(&f->batch, start));
    start = f->batch.bytes.len;
    assert_false(intake_added(&f->batch, start));
    buf_add_c(&f->batch.bytes, "{\"b\":2}");
    assert_true(intake_added(&f->batch, start));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    const struct spool_batch *stored = &f->events.appends[0].batch;
    assert_int_equal(stored->n, 2);
    assert_str(spool_event(stored, 0), "{}");
    assert_str(spool_event(stored, 1), "{\"b\":2}");
    assert_account(f, 2, 2, 0, 0);
}

static void what_is_malformed_is_kept_with_its_reason(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_JSON);
    assert_true(intake_add(&f->batch, STR("{\"a\":1}")));
    assert_false(intake_add(&f->batch, STR("{\"a\":}")));
    assert_false(intake_add(&f->batch, STR("[1]")));
    assert_false(intake_add(&f->batch, STR("")));
    intake_reject(&f->batch, STR("PRI?"), "no priority");
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->result.stored, 1);
    assert_int_equal(f->result.rejected, 4);
    assert_account(f, 1, 4, 0, 0);

    const struct spool_batch *dead = &f->dead.appends[0].batch;
    assert_int_equal(dead->n, 4);
    assert_str(spool_event(dead, 0), "expected a value\n{\"a\":}");
    assert_str(spool_event(dead, 1), "expected a JSON object\n[1]");
    assert_str(spool_event(dead, 2), "an empty event\n");
    assert_str(spool_event(dead, 3), "no priority\nPRI?");
    assert_str(dead->agency, "health");
    assert_str(dead->hint, "syslog");
    assert_int_equal(dead->format, FORMAT_JSON);
}

static void events_of_other_formats_are_any_bytes(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_SYSLOG);
    assert_true(intake_add(&f->batch, STR("<13>a\0b\xff")));
    assert_true(intake_add(&f->batch, STR("{\"a\":")));
    assert_false(f->batch.head.split);
    assert_true(intake_add(&f->batch, STR("two\nlines")));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    const struct spool_batch *stored = &f->events.appends[0].batch;
    assert_true(stored->split);
    assert_str(spool_event(stored, 0), "<13>a\0b\xff");
    assert_str(spool_event(stored, 2), "two\nlines");
    begin(f, FORMAT_SYSLOG);
    assert_false(f->batch.head.split);
}

static void an_event_that_is_too_large_is_rejected_and_its_start_kept(void **state)
{
    struct fixture *f = *state;
    char *event = malloc(INTAKE_EVENT_MAX + 1);
    assert_non_null(event);
    memset(event, 'x', INTAKE_EVENT_MAX + 1);
    begin(f, FORMAT_PLAIN);
    assert_true(intake_add(&f->batch, str_of(event, INTAKE_EVENT_MAX)));
    assert_false(intake_add(&f->batch, str_of(event, INTAKE_EVENT_MAX + 1)));
    free(event);
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_account(f, 1, 1, 0, 0);
    const char reason[] = "an event longer than 1 MiB\n";
    struct str letter = spool_event(&f->dead.appends[0].batch, 0);
    assert_true(str_starts(letter, STR(reason)));
    assert_int_equal(letter.len, sizeof(reason) - 1 + INTAKE_EVENT_MAX + 1);
}

static void no_answer_before_both_spools_have_it(void **state)
{
    struct fixture *f = *state;
    f->events.waits = f->dead.waits = true;
    begin(f, FORMAT_JSON);
    intake_add(&f->batch, STR("{}"));
    intake_add(&f->batch, STR("{"));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_account(f, 0, 0, 0, 2);
    fake_answer(&f->dead);
    assert_account(f, 0, 1, 0, 1);
    assert_int_equal(f->answers, 0);
    fake_answer(&f->events);
    assert_int_equal(f->answers, 1);
    assert_account(f, 1, 1, 0, 0);
}

/* The batch is free for the next request while the first is still on its way. */
static void a_batch_can_be_used_again_before_the_answer(void **state)
{
    struct fixture *f = *state;
    f->events.waits = f->dead.waits = true;
    for (int round = 0; round < 3; round++) {
        begin(f, FORMAT_JSON);
        intake_add(&f->batch, STR("{\"n\":1}"));
        if (round == 1)
            intake_add(&f->batch, STR("{"));
        assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    }
    assert_account(f, 0, 0, 0, 4);
    for (int i = 0; i < 3; i++) {
        fake_answer(&f->dead);
        fake_answer(&f->events);
    }
    assert_int_equal(f->answers, 3);
    assert_account(f, 3, 1, 0, 0);
}

static void a_refusal_is_returned_and_nothing_is_kept(void **state)
{
    static const int reasons[] = {-EAGAIN, -ENOSPC, -EROFS, -EIO, -ENOMEM};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        f->events.refuses = reasons[i];
        begin(f, FORMAT_JSON);
        intake_add(&f->batch, STR("{}"));
        assert_int_equal(intake_submit(&f->batch, answered, f), reasons[i]);
        assert_account(f, 0, 0, i + 1, 0);
        assert_int_equal(f->batch.head.n, 0);
        assert_int_equal(intake_ready(f->intake), reasons[i]);
    }
    assert_int_equal(f->answers, 0);
    f->events.refuses = 0;
    begin(f, FORMAT_JSON);
    intake_add(&f->batch, STR("{}"));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(intake_ready(f->intake), 0);
    assert_account(f, 1, 0, 5, 0);
}

static void dead_letters_that_cannot_be_kept_hold_back_the_events(void **state)
{
    struct fixture *f = *state;
    f->dead.refuses = -ENOSPC;
    begin(f, FORMAT_JSON);
    intake_add(&f->batch, STR("{}"));
    intake_add(&f->batch, STR("{"));
    assert_int_equal(intake_submit(&f->batch, answered, f), -ENOSPC);
    assert_int_equal(f->events.n, 0);
    assert_account(f, 0, 0, 2, 0);
}

static void a_disk_that_fails_is_told_to_the_sender(void **state)
{
    struct fixture *f = *state;
    f->events.fails = -EIO;
    begin(f, FORMAT_JSON);
    intake_add(&f->batch, STR("{}"));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->result.status, -EIO);
    assert_account(f, 0, 0, 1, 0);
}

static void events_refused_after_the_dead_letters_are_told_by_the_answer(void **state)
{
    struct fixture *f = *state;
    f->events.refuses = -EAGAIN;
    begin(f, FORMAT_JSON);
    intake_add(&f->batch, STR("{}"));
    intake_add(&f->batch, STR("{"));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->result.status, -EAGAIN);
    assert_account(f, 0, 1, 1, 0);
}

static void an_empty_batch_is_answered_at_once(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_JSON);
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->result.status, 0);
    assert_int_equal(f->events.n, 0);
}

/* ---- large requests ---- */

static void add_many(struct intake_batch *batch, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        intake_add(batch, STR("{}"));
}

static void a_large_request_becomes_several_batches_and_one_answer(void **state)
{
    struct fixture *f = *state;
    f->events.waits = true;
    begin(f, FORMAT_JSON);
    add_many(&f->batch, SPOOL_BATCH_EVENTS_MAX + 1);
    intake_add(&f->batch, STR("{\"last\":1}"));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    fake_answer(&f->events);
    assert_int_equal(f->answers, 0);
    assert_account(f, SPOOL_BATCH_EVENTS_MAX, 0, 0, 2);
    fake_answer(&f->events);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->result.stored, SPOOL_BATCH_EVENTS_MAX + 2);
    assert_int_equal(f->result.offset, 0);
    assert_int_equal(f->events.n, 2);
    const struct spool_batch *second = &f->events.appends[1].batch;
    assert_int_equal(second->n, 2);
    assert_str(spool_event(second, 0), "{}");
    assert_str(spool_event(second, 1), "{\"last\":1}");
}

static void a_request_is_split_by_bytes_too(void **state)
{
    struct fixture *f = *state;
    char *event = malloc(INTAKE_EVENT_MAX);
    assert_non_null(event);
    memset(event, 'x', INTAKE_EVENT_MAX);
    begin(f, FORMAT_PLAIN);
    for (uint32_t i = 0; i < 65; i++)
        intake_add(&f->batch, str_of(event, INTAKE_EVENT_MAX));
    free(event);
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    uint32_t n = 0;
    for (size_t i = 0; i < f->events.n; i++) {
        const struct spool_batch *batch = &f->events.appends[i].batch;
        assert_true(batch->ends[batch->n - 1] <= SPOOL_BATCH_BYTES_MAX);
        assert_int_equal(spool_event(batch, batch->n - 1).len, INTAKE_EVENT_MAX);
        n += batch->n;
    }
    assert_int_equal(n, 65);
    assert_account(f, 65, 0, 0, 0);
}

static void many_dead_letters_are_split_too(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_JSON);
    for (uint32_t i = 0; i < SPOOL_BATCH_EVENTS_MAX + 2; i++)
        intake_add(&f->batch, STR("["));
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->dead.n, 2);
    assert_str(spool_event(&f->dead.appends[1].batch, 1), "expected a JSON object\n[");
    assert_account(f, 0, SPOOL_BATCH_EVENTS_MAX + 2, 0, 0);
}

static void when_a_later_part_fails_the_first_is_counted_as_stored(void **state)
{
    struct fixture *f = *state;
    f->events.refuses = -ENOSPC;
    f->events.refuses_after = 1;
    begin(f, FORMAT_JSON);
    add_many(&f->batch, SPOOL_BATCH_EVENTS_MAX + 1);
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->result.status, -ENOSPC);
    assert_int_equal(f->result.stored, SPOOL_BATCH_EVENTS_MAX);
    assert_account(f, SPOOL_BATCH_EVENTS_MAX, 0, 1, 0);
}

/* ---- producers ---- */

static void send_sequence(struct fixture *f, uint64_t producer, uint64_t sequence, uint32_t n)
{
    begin(f, FORMAT_JSON);
    f->batch.head.producer = producer;
    f->batch.head.sequence = sequence;
    add_many(&f->batch, n);
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
}

static void parts_of_a_request_have_rising_sequences_of_one_producer(void **state)
{
    struct fixture *f = *state;
    send_sequence(f, 7, 1, SPOOL_BATCH_EVENTS_MAX + 1);
    send_sequence(f, 7, 2, 1);
    send_sequence(f, 7, 2, 1);
    assert_int_equal(f->events.n, 4);
    const struct fake_append *appends = f->events.appends;
    assert_true(appends[0].batch.sequence < appends[1].batch.sequence);
    assert_true(appends[1].batch.sequence < appends[2].batch.sequence);
    assert_int_equal(appends[2].batch.sequence, appends[3].batch.sequence);
    for (int i = 0; i < 4; i++)
        assert_int_equal(appends[i].batch.producer, appends[0].batch.producer);
}

static void senders_cannot_use_up_the_sequences_of_others(void **state)
{
    struct fixture *f = *state;
    send_sequence(f, 7, 1, 1);
    f->sender = senders_intern(f->senders, STR("finance"), STR("dns"));
    send_sequence(f, 7, 1, 1);
    assert_int_not_equal(f->events.appends[0].batch.producer, f->events.appends[1].batch.producer);
    f->sender = senders_intern(f->senders, STR("finance"), STR("web"));
    send_sequence(f, 0, 0, 1);
    assert_int_equal(f->events.appends[2].batch.producer, 0);
}

static void a_repetition_is_acknowledged_and_counted_as_such(void **state)
{
    struct fixture *f = *state;
    f->events.knows = true;
    send_sequence(f, 7, 1, 3);
    assert_int_equal(f->result.status, 0);
    assert_true(f->result.repeated);
    assert_int_equal(f->result.stored, 0);
    assert_int_equal(f->sender->account.repeated, 3);
    assert_account(f, 0, 0, 0, 0);
}

static void a_sequence_past_the_limit_is_refused(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_JSON);
    f->batch.head.producer = 7;
    f->batch.head.sequence = INTAKE_SEQUENCE_MAX + 1;
    add_many(&f->batch, 1);
    assert_int_equal(intake_submit(&f->batch, answered, f), -EINVAL);
    assert_account(f, 0, 0, 1, 0);
}

/* ---- batches that are kept ---- */

static void a_kept_batch_is_submitted_until_it_is_stored(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_SYSLOG);
    f->batch.keep = true;
    intake_add(&f->batch, STR("<13>a"));
    f->events.refuses = -EAGAIN;
    assert_int_equal(intake_submit(&f->batch, answered, f), -EAGAIN);
    assert_int_equal(intake_submit(&f->batch, answered, f), -EAGAIN);
    assert_account(f, 0, 0, 0, 1);
    f->events.refuses = 0;
    f->events.fails = -EIO;
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->result.status, -EIO);
    assert_account(f, 0, 0, 0, 1);
    f->events.fails = 0;
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->result.status, 0);
    assert_account(f, 1, 0, 0, 0);
    assert_str(spool_event(&f->events.appends[1].batch, 0), "<13>a");
    begin(f, FORMAT_SYSLOG);
    assert_account(f, 1, 0, 0, 0);
}

static void a_kept_batch_goes_on_where_it_failed(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_SYSLOG);
    f->batch.keep = true;
    intake_reject(&f->batch, STR("bad"), "no priority");
    add_many(&f->batch, SPOOL_BATCH_EVENTS_MAX + 1);
    f->events.refuses = -ENOSPC;
    f->events.refuses_after = 1;
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->result.status, -ENOSPC);
    assert_account(f, SPOOL_BATCH_EVENTS_MAX, 1, 0, 1);
    f->events.refuses = 0;
    assert_int_equal(intake_submit(&f->batch, answered, f), 0);
    assert_int_equal(f->result.status, 0);
    assert_account(f, SPOOL_BATCH_EVENTS_MAX + 1, 1, 0, 0);
    assert_int_equal(f->events.n, 2);
    assert_int_equal(f->events.appends[1].batch.n, 1);
    assert_int_equal(f->dead.n, 1);
}

static void a_kept_batch_that_is_given_up_has_failed(void **state)
{
    struct fixture *f = *state;
    begin(f, FORMAT_SYSLOG);
    f->batch.keep = true;
    add_many(&f->batch, 3);
    f->events.refuses = -EAGAIN;
    assert_int_equal(intake_submit(&f->batch, answered, f), -EAGAIN);
    begin(f, FORMAT_SYSLOG);
    assert_account(f, 0, 0, 3, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_added_is_stored_and_answered_once),
        TEST(an_event_may_be_written_in_place),
        TEST(what_is_malformed_is_kept_with_its_reason),
        TEST(events_of_other_formats_are_any_bytes),
        TEST(an_event_that_is_too_large_is_rejected_and_its_start_kept),
        TEST(no_answer_before_both_spools_have_it),
        TEST(a_batch_can_be_used_again_before_the_answer),
        TEST(a_refusal_is_returned_and_nothing_is_kept),
        TEST(dead_letters_that_cannot_be_kept_hold_back_the_events),
        TEST(a_disk_that_fails_is_told_to_the_sender),
        TEST(events_refused_after_the_dead_letters_are_told_by_the_answer),
        TEST(an_empty_batch_is_answered_at_once),
        TEST(a_large_request_becomes_several_batches_and_one_answer),
        TEST(a_request_is_split_by_bytes_too),
        TEST(many_dead_letters_are_split_too),
        TEST(when_a_later_part_fails_the_first_is_counted_as_stored),
        TEST(parts_of_a_request_have_rising_sequences_of_one_producer),
        TEST(senders_cannot_use_up_the_sequences_of_others),
        TEST(a_repetition_is_acknowledged_and_counted_as_such),
        TEST(a_sequence_past_the_limit_is_refused),
        TEST(a_kept_batch_is_submitted_until_it_is_stored),
        TEST(a_kept_batch_goes_on_where_it_failed),
        TEST(a_kept_batch_that_is_given_up_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
