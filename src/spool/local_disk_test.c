/* Disks that are full or broken, quotas, and what retention lets go. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "spool/local.h"
#include "spool/spool_test.h"

static const struct spool_ops *const ops = &spool_local;
static const char *place;
static struct spool *spool;
static _Atomic int64_t now_us;

static int64_t test_now(void)
{
    return now_us;
}

static void open_with(struct spool_options options)
{
    struct err err = {0};
    options.partitions = 2;
    options.now = test_now;
    spool = spool_local_open(place, &options, &test_disk, &err);
    if (!spool)
        fail_msg("%s", err.message);
}

static void close_spool(void)
{
    ops->close(spool);
    spool = NULL;
}

static int set_up(void **state)
{
    (void)state;
    place = test_folder();
    spool = NULL;
    now_us = TIME_DAY_US * 20000;
    test_disk_set(0, 0, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_disk_set(0, 0, 0);
    test_disk_open();
    if (spool)
        ops->close(spool);
    test_folder_remove(place);
    return 0;
}

static struct spool_stats stats(void)
{
    struct spool_stats stats;
    ops->stats(spool, &stats);
    return stats;
}

static const char *segment_path(uint64_t number)
{
    static char path[4096];
    char name[SEGMENT_NAME_MAX];
    segment_name(name, number);
    snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static int append(const char *prefix)
{
    struct spool_batch batch = test_batch(prefix, 1);
    return test_append(ops, spool, 0, &batch).status;
}

/* Tries until the spool has mended itself: it tries again in its own time. */
static void append_when_mended(const char *prefix, int error)
{
    int status;
    while ((status = append(prefix)) != 0) {
        assert_int_equal(status, error);
        ops->wait(spool, UINT64_MAX, 10);
    }
}

static void expect_events(const char *const *expected, size_t n)
{
    struct spool_reader *reader = ops->reader_new(spool, 0, 0);
    struct spool_batch batch;
    uint64_t offset;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ops->read(reader, &batch, &offset), 1);
        assert_int_equal(offset, i);
        assert_true(str_eq(spool_event(&batch, 0), str_from_c(expected[i])));
    }
    assert_int_equal(ops->read(reader, &batch, &offset), 0);
    ops->reader_free(reader);
}

static void nothing_is_acknowledged_or_seen_before_it_is_durable(void **state)
{
    (void)state;
    struct test_answers *answers = test_answers_new();
    static const char *const events[] = {"first-0"};
    open_with((struct spool_options){0});
    uint64_t seen = ops->wait(spool, 0, 0);
    test_disk_shut();
    struct spool_batch batch = test_batch("first", 1);
    batch.producer = batch.sequence = 1;
    for (int i = 0; i < 2; i++)
        assert_int_equal(test_append_to(answers, ops, spool, 0, &batch), 0);
    test_disk_await_sync();
    assert_int_equal(test_answers_count(answers), 0);
    assert_int_equal(ops->wait(spool, seen, 0), seen);
    expect_events(events, 0);
    test_disk_open();
    test_answers_wait(answers, 2);
    expect_events(events, 1);
    test_answers_free(answers);
}

/* The disk fails in a way, is mended, and nothing but what was acknowledged is there. */
static void survive(int write_error, int sync_error, int reserve_error, int status)
{
    static const char *const events[] = {"before-0", "after-0"};
    open_with((struct spool_options){0});
    assert_int_equal(append("before"), 0);
    test_disk_set(write_error, sync_error, reserve_error);
    assert_int_equal(append("failed"), status);
    assert_int_equal(stats().error, status);
    assert_int_equal(append("refused"), status);
    struct stat st;
    assert_int_equal(stat(segment_path(0), &st), 0);
    assert_int_equal(st.st_size, stats().size); /* nothing of it is left behind for a crash */
    assert_int_equal(stats().pending, 0);
    assert_int_equal(stats().refused_full, status == -ENOSPC);
    expect_events(events, 1);

    test_disk_set(0, 0, 0);
    append_when_mended("after", status);
    assert_int_equal(stats().error, 0);
    for (int again = 0; again < 2; again++) {
        expect_events(events, 2);
        close_spool();
        open_with((struct spool_options){0});
        assert_int_equal(stats().torn, 0);
    }
}

static void a_full_disk_refuses_until_there_is_room(void **state)
{
    (void)state;
    survive(ENOSPC, 0, ENOSPC, -ENOSPC);
}

static void a_limit_on_files_is_a_full_disk(void **state)
{
    (void)state;
    survive(EFBIG, 0, EFBIG, -ENOSPC);
}

static void a_read_only_disk_refuses_until_it_is_writable(void **state)
{
    (void)state;
    survive(EROFS, EROFS, EROFS, -EROFS);
}

static void what_a_failed_sync_wrote_is_not_trusted(void **state)
{
    (void)state;
    survive(0, EIO, 0, -EIO);
    /* The file that failed is left behind: the second batch is in the next one. */
    assert_int_equal(access(segment_path(1), F_OK), 0);
}

static void a_disk_that_fails_for_good_does_not_hinder_closing(void **state)
{
    (void)state;
    open_with((struct spool_options){0});
    assert_int_equal(append("before"), 0);
    test_disk_set(EIO, EIO, EIO);
    assert_int_equal(append("failed"), -EIO);
    close_spool();
    test_disk_set(0, 0, 0);
    static const char *const events[] = {"before-0"};
    open_with((struct spool_options){0});
    expect_events(events, 1);
}

static void a_batch_whose_commit_failed_is_new_when_it_comes_again(void **state)
{
    (void)state;
    struct spool_batch batch = test_batch("retried", 1);
    batch.producer = 4;
    batch.sequence = 1;
    open_with((struct spool_options){0});
    test_disk_set(0, EIO, 0);
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -EIO);
    assert_int_equal(test_append(ops, spool, 0, &batch).status, -EIO);
    test_disk_set(0, 0, 0);
    struct spool_receipt receipt;
    while ((receipt = test_append(ops, spool, 0, &batch)).status != 0)
        ops->wait(spool, UINT64_MAX, 10);
    assert_false(receipt.repeated);
    assert_int_equal(receipt.offset, 0);
    assert_true(test_append(ops, spool, 0, &batch).repeated);
}

static void what_is_queued_behind_a_failed_commit_fails_with_it(void **state)
{
    (void)state;
    struct test_answers *answers = test_answers_new();
    open_with((struct spool_options){0});
    test_disk_shut();
    struct spool_batch batch = test_batch("first", 1);
    assert_int_equal(test_append_to(answers, ops, spool, 0, &batch), 0);
    test_disk_await_sync();
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_append_to(answers, ops, spool, (uint32_t)i % 2, &batch), 0);
    test_disk_set(0, EIO, 0);
    test_disk_open();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(test_answer(answers, i)->status, -EIO);
    test_answers_free(answers);
    test_disk_set(0, 0, 0);
    append_when_mended("again", -EIO);
    static const char *const events[] = {"again-0"};
    expect_events(events, 1);
}

/* In a child, for the limit is of the process: a real full disk as the kernel tells of it. */
static int run_under_file_limit(void)
{
    struct rlimit limit = {.rlim_cur = 200 << 10, .rlim_max = RLIM_INFINITY};
    struct err err = {0};
    signal(SIGXFSZ, SIG_IGN);
    spool = ops->open(place, &(struct spool_options){.partitions = 2}, &err);
    if (!spool || setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 1;
    struct spool_batch batch = test_batch_of_size(30 << 10);
    int stored = 0;
    while (test_append(ops, spool, 0, &batch).status == 0)
        stored++;
    if (stats().error != -ENOSPC)
        return 2;
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 3;
    struct spool_receipt receipt;
    while ((receipt = test_append(ops, spool, 0, &batch)).status == -ENOSPC)
        ops->wait(spool, UINT64_MAX, 10);
    if (receipt.status != 0 || receipt.offset != (uint64_t)stored)
        return 4;
    ops->close(spool);
    return 0;
}

static void a_real_limit_is_told_and_survived(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(run_under_file_limit());
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

/* Appends batches of 10 kB until one is refused; how many were stored. */
static size_t fill(void)
{
    struct spool_batch batch = test_batch_of_size(10000);
    size_t n = 0;
    struct spool_receipt receipt;
    while ((receipt = test_append(ops, spool, 0, &batch)).status == 0)
        n++;
    assert_int_equal(receipt.status, -ENOSPC);
    return n;
}

static uint64_t first_of(uint32_t partition)
{
    uint64_t first, next;
    ops->bounds(spool, partition, &first, &next);
    return first;
}

static uint64_t next_of(uint32_t partition)
{
    uint64_t first, next;
    ops->bounds(spool, partition, &first, &next);
    return next;
}

static void a_quota_pushes_back_and_loses_nothing(void **state)
{
    (void)state;
    const struct spool_options options = {.size_max = 1 << 20, .keep_size = 1 << 20};
    open_with(options);
    assert_int_equal(ops->consumer_put(spool, STR("detect"), 0, 0), 0);
    size_t n = fill();
    assert_true(n > 90 && n <= 104);
    assert_true(stats().size <= 1 << 20);
    assert_int_equal(stats().error, -ENOSPC);
    assert_true(stats().refused_full > 0);
    assert_int_equal(first_of(0), 0);
    close_spool();
    open_with(options);
    assert_int_equal(stats().error, -ENOSPC);
    assert_int_equal(first_of(0), 0);

    /* The consumer goes on: what it has passed makes room. */
    struct spool_reader *reader = ops->reader_new(spool, 0, 0);
    assert_int_equal(ops->consumer_put(spool, STR("detect"), 0, n), 0);
    struct spool_batch batch = test_batch_of_size(10000);
    while (test_append(ops, spool, 0, &batch).status == -ENOSPC)
        ops->wait(spool, UINT64_MAX, 10);
    assert_true(first_of(0) > 0);
    assert_int_equal(stats().removed, first_of(0));
    assert_int_equal(next_of(0), n + 1);

    uint64_t offset;
    assert_int_equal(ops->read(reader, &batch, &offset), -ERANGE);
    assert_int_equal(offset, first_of(0));
    assert_int_equal(ops->read(reader, &batch, &offset), 1);
    assert_int_equal(offset, first_of(0));
    ops->reader_free(reader);
}

static void a_slow_consumer_holds_what_it_has_not_passed(void **state)
{
    (void)state;
    open_with((struct spool_options){.keep_size = 300 << 10});
    assert_int_equal(ops->consumer_put(spool, STR("fast"), 0, 0), 0);
    assert_int_equal(ops->consumer_put(spool, STR("slow"), 0, 0), 0);
    struct spool_batch batch = test_batch_of_size(10000);
    for (int i = 0; i < 100; i++)
        assert_int_equal(test_append(ops, spool, 0, &batch).status, 0);
    assert_int_equal(ops->consumer_put(spool, STR("fast"), 0, 100), 0);
    assert_int_equal(ops->consumer_put(spool, STR("slow"), 0, 30), 0);
    while (first_of(0) == 0)
        ops->wait(spool, UINT64_MAX, 10);
    assert_true(first_of(0) <= 30);
    close_spool();
    open_with((struct spool_options){.keep_size = 300 << 10});
    assert_true(first_of(0) <= 30);
    assert_int_equal(ops->consumer_put(spool, STR("slow"), 0, 100), 0);
    while (stats().size > 300 << 10)
        ops->wait(spool, UINT64_MAX, 10);
    assert_true(first_of(0) > 30);
}

static void any_offset_of_many_segments_is_found(void **state)
{
    (void)state;
    enum { BATCHES = 600, EVENTS = 3 };
    open_with((struct spool_options){.segment_size = SEGMENT_SIZE_MIN});
    for (int again = 0; again < 2; again++) {
        for (int i = 0; i < BATCHES / 2; i++) {
            char prefix[1000];
            snprintf(prefix, sizeof(prefix), "%0998d", i + again * BATCHES / 2);
            struct spool_batch batch = test_batch(prefix, EVENTS);
            assert_int_equal(test_append(ops, spool, 1, &batch).status, 0);
        }
        close_spool();
        open_with((struct spool_options){.segment_size = SEGMENT_SIZE_MIN});
    }
    assert_int_equal(access(segment_path(RUNS_KEPT * 2), F_OK), 0);
    for (uint64_t i = 0; i < BATCHES * EVENTS; i++) {
        uint64_t wants = i * 7919 % (BATCHES * EVENTS), offset;
        struct spool_reader *reader = ops->reader_new(spool, 1, wants);
        struct spool_batch batch;
        assert_int_equal(ops->read(reader, &batch, &offset), 1);
        assert_int_equal(offset, wants / EVENTS * EVENTS);
        int64_t number;
        assert_int_equal(str_to_i64(str_first(spool_event(&batch, 0), 998), &number), 0);
        assert_int_equal(number, wants / EVENTS);
        ops->reader_free(reader);
    }
}

static void old_events_go_even_where_little_is_written(void **state)
{
    (void)state;
    open_with((struct spool_options){.keep_us = TIME_DAY_US});
    assert_int_equal(append("old"), 0);
    for (int days = 0; days < 2; days++) {
        uint64_t first = first_of(0), next = next_of(0);
        assert_true(first < next);
        now_us += TIME_DAY_US + 1; /* the segment is closed */
        while (stats().size < 400)
            ops->wait(spool, UINT64_MAX, 10);
        now_us += TIME_DAY_US + 1; /* it goes */
        while (first_of(0) == first)
            ops->wait(spool, UINT64_MAX, 10);
        assert_int_equal(first_of(0), next);
        assert_int_equal(append("next"), 0);
    }
}

static void a_clock_set_back_keeps_and_later_lets_go(void **state)
{
    (void)state;
    const struct spool_options options = {.keep_us = TIME_DAY_US, .segment_size = SEGMENT_SIZE_MIN};
    open_with(options);
    struct spool_batch batch = test_batch_of_size(40000);
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_append(ops, spool, 0, &batch).status, 0);
    now_us -= 1000 * TIME_DAY_US;
    close_spool();
    open_with(options);
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_append(ops, spool, 0, &batch).status, 0);
    assert_int_equal(first_of(0), 0);
    assert_int_equal(next_of(0), 10);
    /* Two days after the clock was set back: not in a thousand. */
    while (first_of(0) < 9) {
        now_us += TIME_DAY_US;
        ops->wait(spool, UINT64_MAX, 10);
    }
    assert_true(now_us < 19999 * TIME_DAY_US);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(nothing_is_acknowledged_or_seen_before_it_is_durable),
        ROW(a_full_disk_refuses_until_there_is_room),
        ROW(a_limit_on_files_is_a_full_disk),
        ROW(a_read_only_disk_refuses_until_it_is_writable),
        ROW(what_a_failed_sync_wrote_is_not_trusted),
        ROW(a_disk_that_fails_for_good_does_not_hinder_closing),
        ROW(a_batch_whose_commit_failed_is_new_when_it_comes_again),
        ROW(what_is_queued_behind_a_failed_commit_fails_with_it),
        ROW(a_real_limit_is_told_and_survived),
        ROW(a_quota_pushes_back_and_loses_nothing),
        ROW(a_slow_consumer_holds_what_it_has_not_passed),
        ROW(any_offset_of_many_segments_is_found),
        ROW(old_events_go_even_where_little_is_written),
        ROW(a_clock_set_back_keeps_and_later_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
