/* The loss account over restarts: a process that ends in any way, and the next one's account. */
#include "watch/account.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "spool/spool_test.h"

struct fixture {
    const char *places[2];
    struct spool *events, *dead;
    struct senders *senders;
    struct intake *intake;
    _Atomic unsigned answers;
    struct buf saved;
};

static void begin(struct fixture *f)
{
    f->events = test_open(&spool_local, f->places[0], &(struct spool_options){.partitions = 4});
    f->dead = test_open(&spool_local, f->places[1], &(struct spool_options){.partitions = 1});
    f->senders = senders_new(4);
    f->intake = intake_new(&(struct intake_options){&spool_local, f->events, f->dead, f->senders});
}

static void end(struct fixture *f)
{
    spool_local.close(f->events);
    spool_local.close(f->dead);
    intake_free(f->intake);
    senders_free(f->senders);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    for (int i = 0; i < 2; i++)
        f->places[i] = test_folder();
    begin(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    end(f);
    buf_free(&f->saved);
    for (int i = 0; i < 2; i++)
        test_folder_remove(f->places[i]);
    free(f);
    return 0;
}

static void answered(void *context, const struct intake_result *result)
{
    struct fixture *f = context;
    assert_int_equal(result->status, 0);
    atomic_fetch_add(&f->answers, 1);
}

/* A request of n good events and a bad one. */
static void send_events(struct fixture *f, const char *source, uint32_t n)
{
    struct intake_batch batch = {0};
    struct sender *sender = senders_intern(f->senders, STR("health"), str_from_c(source));
    unsigned before = atomic_load(&f->answers);
    intake_begin(&batch, f->intake, sender, DOOR_NDJSON, FORMAT_JSON, STR("peer"), STR(""));
    for (uint32_t i = 0; i < n; i++)
        assert_true(intake_add(&batch, STR("{\"a\":1}")));
    assert_false(intake_add(&batch, STR("no JSON")));
    assert_int_equal(intake_submit(&batch, answered, f), 0);
    while (atomic_load(&f->answers) == before) /* by the spool's thread */
        ;
    intake_batch_free(&batch);
}

static void save(struct fixture *f)
{
    buf_clear(&f->saved);
    assert_int_equal(account_save(f->senders, f->intake, &f->saved), 0);
}

static void assert_account(struct fixture *f, const char *source, uint64_t stored,
                           uint64_t rejected)
{
    struct account_sums sums;
    account_read(senders_intern(f->senders, STR("health"), str_from_c(source)), &sums);
    assert_int_equal(sums.stored, stored);
    assert_int_equal(sums.rejected, rejected);
    assert_int_equal(sums.received, stored + rejected);
    assert_int_equal(sums.in_flight, 0);
}

static void what_was_stored_after_the_last_save_is_counted_from_the_spool(void **state)
{
    struct fixture *f = *state;
    send_events(f, "dns", 3);
    send_events(f, "proxy", 4);
    save(f);
    send_events(f, "dns", 5);
    send_events(f, "new", 6);
    for (int again = 0; again < 2; again++) {
        end(f);
        begin(f);
        assert_int_equal(account_load(f->senders, f->intake, buf_str(&f->saved)), 0);
        assert_account(f, "dns", 8, 2);
        assert_account(f, "proxy", 4, 1);
        assert_account(f, "new", 6, 1);
    }
    send_events(f, "dns", 1);
    assert_account(f, "dns", 9, 3);
    save(f);
    end(f);
    begin(f);
    assert_int_equal(account_load(f->senders, f->intake, buf_str(&f->saved)), 0);
    assert_account(f, "dns", 9, 3);
}

static void without_anything_saved_the_spool_says_it_all(void **state)
{
    struct fixture *f = *state;
    send_events(f, "dns", 3);
    end(f);
    begin(f);
    assert_int_equal(account_load(f->senders, f->intake, STR("")), 0);
    assert_account(f, "dns", 3, 1);
}

static void what_is_no_account_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "nonsense\n", "account\t1\nspool\t0\n", "account\t1\nspool\t9\t1\n",
        "account\t1\nsource\thealth\tdns\t1\t2\n", "account\t1\nwhat\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(account_load(f->senders, f->intake, str_from_c(bad[i])), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_stored_after_the_last_save_is_counted_from_the_spool),
        TEST(without_anything_saved_the_spool_says_it_all),
        TEST(what_is_no_account_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
