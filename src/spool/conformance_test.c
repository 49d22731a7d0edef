/* What every engine behind spool.h promises, told to its functions only. */
#include "spool/spool_test.h"

#include <errno.h>
#include <stdio.h>

static const struct spool_ops *ops;
static const char *(*place_make)(void);
static const char *place;
static struct spool *spool;

static void open_with(const struct spool_options *options)
{
    spool = test_open(ops, place, options);
}

static void reopen(void)
{
    ops->close(spool);
    open_with(&(struct spool_options){0});
}

static int set_up(void **state)
{
    (void)state;
    place = place_make();
    open_with(&(struct spool_options){.partitions = 4});
    return 0;
}

static void (*place_remove)(const char *place);

static int tear_down(void **state)
{
    (void)state;
    if (spool)
        ops->close(spool);
    spool = NULL;
    place_remove(place);
    return 0;
}

static uint64_t append(uint32_t partition, const char *prefix, uint32_t n)
{
    struct spool_batch batch = test_batch(prefix, n);
    struct spool_receipt receipt = test_append(ops, spool, partition, &batch);
    assert_int_equal(receipt.status, 0);
    assert_false(receipt.repeated);
    assert_int_equal(receipt.partition, partition);
    return receipt.offset;
}

static void expect_batch(struct spool_reader *reader, uint64_t offset, const char *prefix,
                         uint32_t n)
{
    struct spool_batch batch;
    uint64_t at;
    assert_int_equal(ops->read(reader, &batch, &at), 1);
    assert_int_equal(at, offset);
    assert_int_equal(batch.n, n);
    for (uint32_t i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s-%u", prefix, i);
        assert_true(str_eq(spool_event(&batch, i), str_from_c(text)));
    }
}

static void expect_end(struct spool_reader *reader)
{
    struct spool_batch batch;
    uint64_t at;
    assert_int_equal(ops->read(reader, &batch, &at), 0);
}

static void what_was_acknowledged_is_read_as_it_was_sent(void **state)
{
    (void)state;
    struct spool_batch batch = test_batch("all", 3), read;
    batch.split = true;
    batch.producer = 77;
    batch.sequence = 5;
    assert_int_equal(test_append(ops, spool, 1, &batch).status, 0);
    for (int again = 0; again < 2; again++) {
        struct spool_reader *reader = ops->reader_new(spool, 1, 0);
        uint64_t at;
        assert_int_equal(ops->read(reader, &read, &at), 1);
        assert_int_equal(at, 0);
        assert_str(read.agency, "MOH");
        assert_str(read.source, "dc01");
        assert_str(read.peer, "192.0.2.7");
        assert_str(read.hint, "winlog");
        assert_int_equal(read.received, 1700000000000000);
        assert_int_equal(read.producer, 77);
        assert_int_equal(read.sequence, 5);
        assert_int_equal(read.format, 3);
        assert_int_equal(read.door, 2);
        assert_true(read.split);
        assert_int_equal(read.n, 3);
        assert_str(spool_event(&read, 0), "all-0");
        assert_str(spool_event(&read, 2), "all-2");
        expect_end(reader);
        ops->reader_free(reader);
        reopen();
    }
}

static void offsets_go_up_by_events_in_each_partition(void **state)
{
    (void)state;
    uint64_t first, next;
    assert_int_equal(ops->partitions(spool), 4);
    assert_int_equal(append(0, "a", 42), 0);
    assert_int_equal(append(0, "b", 1), 42);
    assert_int_equal(append(3, "c", 5), 0);
    assert_int_equal(append(0, "d", 57), 43);
    for (int again = 0; again < 2; again++) {
        ops->bounds(spool, 0, &first, &next);
        assert_int_equal(first, 0);
        assert_int_equal(next, 100);
        ops->bounds(spool, 1, &first, &next);
        assert_int_equal(next, 0);
        ops->bounds(spool, 3, &first, &next);
        assert_int_equal(next, 5);
        reopen();
        assert_int_equal(ops->partitions(spool), 4);
    }
    assert_int_equal(append(0, "e", 1), 100);
}

static void a_reader_begins_with_the_batch_that_holds_its_offset(void **state)
{
    (void)state;
    append(2, "a", 10);
    append(2, "b", 10);
    append(2, "c", 10);
    static const struct {
        uint64_t offset, at;
        const char *prefix;
    } rows[] = {{0, 0, "a"}, {9, 0, "a"}, {10, 10, "b"}, {15, 10, "b"}, {29, 20, "c"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct spool_reader *reader = ops->reader_new(spool, 2, rows[i].offset);
        expect_batch(reader, rows[i].at, rows[i].prefix, 10);
        ops->reader_free(reader);
    }
    struct spool_reader *reader = ops->reader_new(spool, 2, 30);
    expect_end(reader);
    append(2, "d", 1);
    expect_batch(reader, 30, "d", 1);
    expect_end(reader);
    ops->reader_free(reader);
}

static void a_producers_batch_is_stored_once(void **state)
{
    (void)state;
    struct spool_batch batch = test_batch("once", 2);
    batch.producer = 9;
    batch.sequence = 0;
    assert_false(test_append(ops, spool, 0, &batch).repeated);
    batch.sequence = 1;
    assert_false(test_append(ops, spool, 0, &batch).repeated);
    for (int again = 0; again < 3; again++) {
        for (batch.sequence = 0; batch.sequence < 2; batch.sequence++) {
            struct spool_receipt receipt = test_append(ops, spool, 0, &batch);
            assert_int_equal(receipt.status, 0);
            assert_true(receipt.repeated);
        }
        reopen();
    }
    uint64_t first, next;
    ops->bounds(spool, 0, &first, &next);
    assert_int_equal(next, 4);

    /* Another producer, and a batch without one, are not concerned. */
    batch.producer = 10;
    assert_false(test_append(ops, spool, 0, &batch).repeated);
    batch.producer = 0;
    assert_false(test_append(ops, spool, 0, &batch).repeated);
}

static void a_batch_repeated_at_once_is_acknowledged_after_the_first(void **state)
{
    (void)state;
    enum { TIMES = 50 };
    struct test_answers *answers = test_answers_new();
    struct spool_batch batch = test_batch("pending", 1);
    batch.producer = 1;
    for (batch.sequence = 1; batch.sequence <= TIMES; batch.sequence++) {
        assert_int_equal(test_append_to(answers, ops, spool, 0, &batch), 0);
        assert_int_equal(test_append_to(answers, ops, spool, 0, &batch), 0);
    }
    for (size_t i = 0; i < (size_t)2 * TIMES; i++) {
        assert_int_equal(test_answer(answers, i)->status, 0);
        assert_int_equal(test_answer(answers, i)->repeated, i % 2);
    }
    test_answers_free(answers);
    uint64_t first, next;
    ops->bounds(spool, 0, &first, &next);
    assert_int_equal(next, TIMES);
}

static void a_producer_may_use_all_partitions_at_once(void **state)
{
    (void)state;
    enum { TIMES = 202 };
    struct test_answers *answers = test_answers_new();
    struct spool_batch batch = test_batch("spread", 1);
    batch.producer = 8;
    for (int again = 0; again < 2; again++) {
        for (batch.sequence = 1; batch.sequence <= TIMES; batch.sequence++)
            assert_int_equal(
                test_append_to(answers, ops, spool, 3 - (uint32_t)batch.sequence % 4, &batch), 0);
        test_answers_wait(answers, (size_t)(again + 1) * TIMES);
        for (size_t i = (size_t)again * TIMES; i < (size_t)(again + 1) * TIMES; i++)
            assert_int_equal(test_answer(answers, i)->repeated, again);
    }
    test_answers_free(answers);
}

static void what_is_pending_at_close_becomes_durable(void **state)
{
    (void)state;
    struct test_answers *answers = test_answers_new();
    for (uint32_t i = 0; i < 200; i++) {
        struct spool_batch batch = test_batch("late", 3);
        assert_int_equal(test_append_to(answers, ops, spool, i % 4, &batch), 0);
    }
    reopen();
    test_answers_wait(answers, 200);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(test_answer(answers, i)->status, 0);
    test_answers_free(answers);
    for (uint32_t p = 0; p < 4; p++) {
        uint64_t first, next;
        ops->bounds(spool, p, &first, &next);
        assert_int_equal(next, 150);
    }
}

static void answers_come_in_the_order_of_a_partition(void **state)
{
    (void)state;
    struct test_answers *answers = test_answers_new();
    uint64_t next[4] = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        struct spool_batch batch = test_batch("o", 1 + i % 3);
        assert_int_equal(test_append_to(answers, ops, spool, i % 4, &batch), 0);
    }
    for (size_t i = 0; i < 1000; i++) {
        const struct spool_receipt *receipt = test_answer(answers, i);
        assert_true(receipt->offset >= next[receipt->partition]);
        next[receipt->partition] = receipt->offset + 1;
    }
    test_answers_free(answers);
}

static void a_bad_batch_is_refused(void **state)
{
    (void)state;
    struct spool_batch good = test_batch("bad", 3), batch = good;
    uint32_t ends[3] = {6, 6, 18};
    batch.n = 0;
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -EINVAL);
    assert_int_equal(test_append(ops, spool, 4, &good).status, -EINVAL);
    batch = good;
    batch.ends = ends; /* an event without a line end */
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -EINVAL);
    ends[0] = 5; /* not at a line end */
    ends[1] = 12;
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -EINVAL);
    batch = good;
    batch.n = SPOOL_BATCH_EVENTS_MAX + 1;
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -E2BIG);
    batch = test_batch_of_size(SPOOL_BATCH_BYTES_MAX);
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -E2BIG);
    batch = good;
    char label[SPOOL_LABEL_MAX + 1] = {0};
    batch.peer = str_of(label, sizeof(label));
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -E2BIG);
    batch.peer.len = SPOOL_LABEL_MAX;
    assert_int_equal(test_append(ops, spool, 0, &batch).status, 0);
    uint64_t first, next;
    ops->bounds(spool, 0, &first, &next);
    assert_int_equal(next, 3);
}

static void the_largest_batch_is_stored(void **state)
{
    (void)state;
    struct spool_batch batch = test_batch_of_size(SPOOL_BATCH_BYTES_MAX - 1), read;
    assert_int_equal(test_append(ops, spool, 0, &batch).status, 0);
    struct spool_reader *reader = ops->reader_new(spool, 0, 0);
    uint64_t at;
    assert_int_equal(ops->read(reader, &read, &at), 1);
    assert_int_equal(spool_event(&read, 0).len, SPOOL_BATCH_BYTES_MAX - 1);
    assert_memory_equal(read.bytes, batch.bytes, SPOOL_BATCH_BYTES_MAX);
    ops->reader_free(reader);
}

static void too_much_at_once_is_refused_and_taken_later(void **state)
{
    (void)state;
    ops->close(spool);
    open_with(&(struct spool_options){.pending_max = 256 << 10});
    struct test_answers *answers = test_answers_new();
    struct spool_batch batch = test_batch_of_size(100 << 10);
    size_t taken = 0, refused = 0;
    /* One is always taken, so this ends however fast the disk is. */
    while (refused == 0) {
        int status = test_append_to(answers, ops, spool, 0, &batch);
        taken += status == 0;
        refused += status == -EAGAIN;
        assert_true(status == 0 || status == -EAGAIN);
    }
    test_answers_wait(answers, taken);
    assert_int_equal(test_append_to(answers, ops, spool, 0, &batch), 0);
    test_answers_wait(answers, taken + 1);
    struct spool_stats stats;
    ops->stats(spool, &stats);
    assert_int_equal(stats.refused_busy, refused);
    assert_int_equal(stats.batches, taken + 1);
    assert_int_equal(stats.pending, 0);
    test_answers_free(answers);
}

static void waiting_ends_when_something_is_durable(void **state)
{
    (void)state;
    uint64_t seen = ops->wait(spool, 0, 0);
    assert_int_equal(ops->wait(spool, seen, 0), seen);
    struct test_answers *answers = test_answers_new();
    struct spool_batch batch = test_batch("news", 1);
    assert_int_equal(test_append_to(answers, ops, spool, 0, &batch), 0);
    assert_true(ops->wait(spool, seen, 60000) > seen);
    uint64_t first, next;
    ops->bounds(spool, 0, &first, &next);
    assert_int_equal(next, 1);
    test_answers_wait(answers, 1);
    test_answers_free(answers);
}

static void a_consumer_that_is_forgotten_is_not_known(void **state)
{
    (void)state;
    uint64_t offset = 99;
    append(1, "x", 10);
    assert_int_equal(ops->consumer_forget(spool, STR("lake")), 0);
    assert_int_equal(ops->consumer_put(spool, STR("lake"), 1, 4), 0);
    assert_int_equal(ops->consumer_put(spool, STR("detect"), 1, 7), 0);
    reopen();
    assert_int_equal(ops->consumer_forget(spool, STR("lake")), 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ops->consumer_get(spool, STR("lake"), 1, &offset), -ENOENT);
        assert_int_equal(ops->consumer_get(spool, STR("detect"), 1, &offset), 0);
        assert_int_equal(offset, 7);
        reopen();
    }
}

static void consumers_find_where_they_were(void **state)
{
    (void)state;
    uint64_t offset = 99;
    append(1, "x", 10);
    assert_int_equal(ops->consumer_get(spool, STR("detect"), 1, &offset), -ENOENT);
    assert_int_equal(ops->consumer_put(spool, STR("detect"), 1, 7), 0);
    assert_int_equal(ops->consumer_put(spool, STR("lake"), 1, 10), 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ops->consumer_get(spool, STR("detect"), 1, &offset), 0);
        assert_int_equal(offset, 7);
        assert_int_equal(ops->consumer_get(spool, STR("lake"), 1, &offset), 0);
        assert_int_equal(offset, 10);
        assert_int_equal(ops->consumer_get(spool, STR("detect"), 0, &offset), -ENOENT);
        reopen();
    }
    assert_int_equal(ops->consumer_put(spool, STR("detect"), 4, 0), -EINVAL);
    assert_int_equal(ops->consumer_put(spool, STR("detect"), 1, 11), -EINVAL);
    assert_int_equal(ops->consumer_put(spool, STR(""), 1, 0), -EINVAL);
    assert_int_equal(ops->consumer_put(spool, STR("two words"), 1, 0), -EINVAL);
    for (int i = 2; i < SPOOL_CONSUMERS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "more-%d", i);
        assert_int_equal(ops->consumer_put(spool, str_from_c(name), 0, 0), 0);
    }
    assert_int_equal(ops->consumer_put(spool, STR("one-too-many"), 0, 0), -E2BIG);
}

static void figures_add_up(void **state)
{
    (void)state;
    struct spool_stats stats;
    struct spool_batch batch = test_batch("s", 5);
    batch.producer = 3;
    batch.sequence = 1;
    test_append(ops, spool, 0, &batch);
    test_append(ops, spool, 0, &batch);
    append(1, "t", 2);
    ops->stats(spool, &stats);
    assert_int_equal(stats.batches, 2);
    assert_int_equal(stats.events, 7);
    assert_int_equal(stats.repeated, 1);
    assert_true(stats.commits >= 1 && stats.commits <= 2);
    assert_int_equal(stats.pending, 0);
    assert_int_equal(stats.error, 0);
    assert_true(stats.bytes > 0);
    assert_true(stats.size >= stats.bytes);
}

int spool_conformance(const struct spool_ops *engine, const char *(*make_place)(void),
                      void (*remove_place)(const char *place))
{
    ops = engine;
    place_make = make_place;
    place_remove = remove_place;
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(what_was_acknowledged_is_read_as_it_was_sent),
        ROW(offsets_go_up_by_events_in_each_partition),
        ROW(a_reader_begins_with_the_batch_that_holds_its_offset),
        ROW(a_producers_batch_is_stored_once),
        ROW(a_batch_repeated_at_once_is_acknowledged_after_the_first),
        ROW(a_producer_may_use_all_partitions_at_once),
        ROW(what_is_pending_at_close_becomes_durable),
        ROW(answers_come_in_the_order_of_a_partition),
        ROW(a_bad_batch_is_refused),
        ROW(the_largest_batch_is_stored),
        ROW(too_much_at_once_is_refused_and_taken_later),
        ROW(waiting_ends_when_something_is_durable),
        ROW(consumers_find_where_they_were),
        ROW(a_consumer_that_is_forgotten_is_not_known),
        ROW(figures_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
