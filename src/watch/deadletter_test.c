#include "watch/deadletter.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "spool/spool_test.h"

struct fixture {
    const char *places[2];
    struct spool *events, *dead;
    struct senders *senders;
    struct intake *intake;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    unsigned answers;
    struct intake_result result;
    struct buf listed; /* what each() was given, a line a letter */
    unsigned stop_after;
};

static const struct ledger_scope everything = {.all = true};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    for (int i = 0; i < 2; i++)
        f->places[i] = test_folder();
    f->events = test_open(&spool_local, f->places[0], &(struct spool_options){.partitions = 4});
    f->dead = test_open(&spool_local, f->places[1], &(struct spool_options){.partitions = 1});
    f->senders = senders_new(4);
    f->intake = intake_new(&(struct intake_options){&spool_local, f->events, f->dead, f->senders});
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->answered, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    spool_local.close(f->events);
    spool_local.close(f->dead);
    intake_free(f->intake);
    senders_free(f->senders);
    buf_free(&f->listed);
    for (int i = 0; i < 2; i++)
        test_folder_remove(f->places[i]);
    free(f);
    return 0;
}

static void answered(void *context, const struct intake_result *result)
{
    struct fixture *f = context;
    pthread_mutex_lock(&f->lock);
    f->answers++;
    f->result = *result;
    pthread_cond_signal(&f->answered);
    pthread_mutex_unlock(&f->lock);
}

static void wait_for(struct fixture *f, unsigned answers)
{
    pthread_mutex_lock(&f->lock);
    while (f->answers < answers)
        pthread_cond_wait(&f->answered, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

/* Sends one request of good and bad events. */
static void send_events(struct fixture *f, const char *agency, const char *const *events, size_t n)
{
    struct intake_batch batch = {0};
    unsigned before = f->answers;
    struct sender *sender = senders_intern(f->senders, str_from_c(agency), STR("app"));
    intake_begin(&batch, f->intake, sender, DOOR_HEC, FORMAT_JSON, STR("192.0.2.7"), STR("linux"));
    for (size_t i = 0; i < n; i++)
        intake_add(&batch, str_from_c(events[i]));
    assert_int_equal(intake_submit(&batch, answered, f), 0);
    wait_for(f, before + 1);
    assert_int_equal(f->result.status, 0);
    intake_batch_free(&batch);
}

static int list_letter(void *context, const struct dead_letter *letter)
{
    struct fixture *f = context;
    buf_printf(&f->listed, "%llu %.*s/%.*s %.*s %.*s %s %s: %.*s: %.*s\n",
               (unsigned long long)letter->offset, STR_ARG(letter->agency), STR_ARG(letter->source),
               STR_ARG(letter->peer), STR_ARG(letter->hint), door_names[letter->door],
               format_get(letter->format)->name, STR_ARG(letter->reason), STR_ARG(letter->bytes));
    return f->stop_after && --f->stop_after == 0 ? -ECANCELED : 0;
}

static uint64_t list(struct fixture *f, const struct ledger_scope *scope, uint64_t offset,
                     uint32_t limit)
{
    uint64_t next = UINT64_MAX;
    buf_clear(&f->listed);
    assert_int_equal(
        deadletter_list(&spool_local, f->dead, scope, offset, limit, list_letter, f, &next), 0);
    return next;
}

static void letters_say_who_sent_what_and_why_it_was_refused(void **state)
{
    struct fixture *f = *state;
    send_events(f, "health", (const char *[]){"{\"a\":1}", "{\"a\":}", "two\nlines"}, 3);
    assert_int_equal(list(f, &everything, 0, 100), 2);
    assert_str(buf_str(&f->listed),
               "0 health/app 192.0.2.7 linux hec json: expected a value: {\"a\":}\n"
               "1 health/app 192.0.2.7 linux hec json: expected a JSON object: two\nlines\n");
}

static void a_list_is_read_in_pages(void **state)
{
    struct fixture *f = *state;
    send_events(f, "health", (const char *[]){"[0]", "[1]", "[2]"}, 3);
    send_events(f, "health", (const char *[]){"[3]", "[4]"}, 2);
    uint64_t next = 0;
    for (unsigned i = 0; i < 5; i++) {
        uint64_t here = next;
        next = list(f, &everything, here, 1);
        assert_int_equal(next, i + 1);
        assert_int_equal(f->listed.ptr[0], '0' + (char)i);
    }
    assert_int_equal(list(f, &everything, next, 1), 5);
    assert_int_equal(f->listed.len, 0);
}

static void letters_of_other_agencies_do_not_exist(void **state)
{
    struct fixture *f = *state;
    send_events(f, "health", (const char *[]){"[0]", "[1]"}, 2);
    send_events(f, "finance", (const char *[]){"[2]"}, 1);
    struct ledger_scope scope = {.agencies = &STR("finance"), .n = 1};
    assert_int_equal(list(f, &scope, 0, 10), 3);
    assert_int_equal(f->listed.ptr[0], '2');
    assert_int_equal(deadletter_replay(f->intake, &scope, 0, answered, f), -ENOENT);
    assert_int_equal(list(f, &(struct ledger_scope){0}, 0, 10), 3);
    assert_int_equal(f->listed.len, 0);
}

static void the_reader_may_stop(void **state)
{
    struct fixture *f = *state;
    uint64_t next = 77;
    send_events(f, "health", (const char *[]){"[0]", "[1]", "[2]"}, 3);
    f->stop_after = 2;
    assert_int_equal(
        deadletter_list(&spool_local, f->dead, &everything, 0, 9, list_letter, f, &next),
        -ECANCELED);
    assert_int_equal(next, 77);
}

/* The letter was put there by a door that wanted something else of it. */
static void a_letter_that_is_acceptable_now_is_stored_as_if_it_had_come(void **state)
{
    struct fixture *f = *state;
    struct intake_batch batch = {0};
    struct sender *sender = senders_intern(f->senders, STR("health"), STR("app"));
    intake_begin(&batch, f->intake, sender, DOOR_HEC, FORMAT_JSON, STR("192.0.2.7"), STR("linux"));
    intake_reject(&batch, STR("{\"a\":1}"), "no index");
    assert_int_equal(intake_submit(&batch, answered, f), 0);
    intake_batch_free(&batch);
    wait_for(f, 1);

    assert_int_equal(deadletter_replay(f->intake, &everything, 0, answered, f), 0);
    wait_for(f, 2);
    assert_int_equal(f->result.stored, 1);
    struct spool_reader *reader = spool_local.reader_new(f->events, sender->partition, 0);
    struct spool_batch stored;
    uint64_t offset;
    assert_int_equal(spool_local.read(reader, &stored, &offset), 1);
    assert_str(stored.agency, "health");
    assert_str(stored.source, "app");
    assert_str(stored.peer, "192.0.2.7");
    assert_str(stored.hint, "linux");
    assert_int_equal(stored.door, DOOR_REPLAY);
    assert_str(spool_event(&stored, 0), "{\"a\":1}");
    spool_local.reader_free(reader);
    assert_int_equal(sender->account.received, 2);
    assert_int_equal(sender->account.stored, 1);
    assert_int_equal(sender->account.rejected, 1);
}

static void a_letter_that_is_still_malformed_stays_where_it_is(void **state)
{
    struct fixture *f = *state;
    send_events(f, "health", (const char *[]){"[0]"}, 1);
    assert_int_equal(deadletter_replay(f->intake, &everything, 0, answered, f), -EBADMSG);
    assert_int_equal(deadletter_replay(f->intake, &everything, 1, answered, f), -ENOENT);
    assert_int_equal(list(f, &everything, 0, 10), 1);
    assert_int_equal(f->answers, 1);
}

static void letters_outlive_a_restart(void **state)
{
    struct fixture *f = *state;
    send_events(f, "health", (const char *[]){"[0]"}, 1);
    spool_local.close(f->dead);
    f->dead = test_open(&spool_local, f->places[1], &(struct spool_options){.partitions = 1});
    assert_int_equal(list(f, &everything, 0, 10), 1);
    assert_int_not_equal(f->listed.len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(letters_say_who_sent_what_and_why_it_was_refused),
        TEST(a_list_is_read_in_pages),
        TEST(letters_of_other_agencies_do_not_exist),
        TEST(the_reader_may_stop),
        TEST(a_letter_that_is_acceptable_now_is_stored_as_if_it_had_come),
        TEST(a_letter_that_is_still_malformed_stays_where_it_is),
        TEST(letters_outlive_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
