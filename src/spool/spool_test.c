#include "spool/spool_test.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/vec.h"

#define EVENTS_MAX 1000

static _Thread_local char bytes[EVENTS_MAX * 64];
static _Thread_local uint32_t ends[EVENTS_MAX];

struct spool_batch test_batch(const char *prefix, uint32_t n)
{
    uint32_t len = 0;
    assert_true(n <= EVENTS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        len += (uint32_t)snprintf(bytes + len, sizeof(bytes) - len, "%s-%u\n", prefix, i);
        ends[i] = len;
    }
    return (struct spool_batch){
        .agency = STR("MOH"),
        .source = STR("dc01"),
        .peer = STR("192.0.2.7"),
        .hint = STR("winlog"),
        .received = 1700000000000000,
        .format = 3,
        .door = 2,
        .n = n,
        .ends = ends,
        .bytes = bytes,
    };
}

struct spool_batch test_batch_of_size(uint32_t len)
{
    static _Thread_local char *big;
    static _Thread_local uint32_t big_end;
    free(big);
    big = malloc(len + 1);
    assert_non_null(big);
    memset(big, 'x', len);
    big[len] = '\n';
    big_end = len + 1;
    return (struct spool_batch){.n = 1, .ends = &big_end, .bytes = big};
}

struct test_answers {
    pthread_mutex_t lock;
    pthread_cond_t more;
    size_t queued;
    struct spool_receipt *items;
    size_t len, cap;
};

struct test_answers *test_answers_new(void)
{
    struct test_answers *answers = calloc(1, sizeof(*answers));
    assert_non_null(answers);
    pthread_mutex_init(&answers->lock, NULL);
    pthread_cond_init(&answers->more, NULL);
    return answers;
}

void test_answers_free(struct test_answers *answers)
{
    assert_int_equal(answers->len, answers->queued);
    pthread_cond_destroy(&answers->more);
    pthread_mutex_destroy(&answers->lock);
    free(answers->items);
    free(answers);
}

static void take_answer(void *context, const struct spool_receipt *receipt)
{
    struct test_answers *answers = context;
    pthread_mutex_lock(&answers->lock);
    if (vec_push(answers, *receipt) == 0)
        pthread_cond_broadcast(&answers->more);
    pthread_mutex_unlock(&answers->lock);
}

int test_append_to(struct test_answers *answers, const struct spool_ops *ops, struct spool *spool,
                   uint32_t partition, const struct spool_batch *batch)
{
    int status = ops->append(spool, partition, batch, take_answer, answers);
    answers->queued += status == 0;
    return status;
}

void test_answers_wait(struct test_answers *answers, size_t n)
{
    pthread_mutex_lock(&answers->lock);
    while (answers->len < n)
        pthread_cond_wait(&answers->more, &answers->lock);
    pthread_mutex_unlock(&answers->lock);
}

size_t test_answers_count(struct test_answers *answers)
{
    pthread_mutex_lock(&answers->lock);
    size_t n = answers->len;
    pthread_mutex_unlock(&answers->lock);
    return n;
}

const struct spool_receipt *test_answer(struct test_answers *answers, size_t i)
{
    test_answers_wait(answers, i + 1);
    return &answers->items[i];
}

struct spool_receipt test_append(const struct spool_ops *ops, struct spool *spool,
                                 uint32_t partition, const struct spool_batch *batch)
{
    struct test_answers *answers = test_answers_new();
    struct spool_receipt receipt = {0};
    receipt.status = test_append_to(answers, ops, spool, partition, batch);
    if (receipt.status == 0)
        receipt = *test_answer(answers, 0);
    test_answers_free(answers);
    return receipt;
}

const char *test_folder(void)
{
    char *folder = NULL;
    const char *base = getenv("TMPDIR");
    assert_true(asprintf(&folder, "%s/jaga-spool-XXXXXX", base ? base : "/tmp") > 0);
    assert_non_null(mkdtemp(folder));
    return folder;
}

void test_folder_remove(const char *folder)
{
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open && (entry = readdir(open));)
        unlinkat(dirfd(open), entry->d_name, 0);
    if (open)
        closedir(open);
    rmdir(folder);
    free((void *)(uintptr_t)folder);
}

struct spool *test_open(const struct spool_ops *ops, const char *place,
                        const struct spool_options *options)
{
    struct err err = {0};
    struct spool *spool = ops->open(place, options, &err);
    if (!spool)
        fail_msg("%s", err.message);
    return spool;
}

static atomic_int write_error, sync_error, reserve_error;
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_shut, gate_waited_at;

static ssize_t disk_test_write(int fd, const struct iovec *parts, int n, off_t at)
{
    if ((errno = write_error) == 0)
        return disk_real.write(fd, parts, n, at);
    /* A full disk takes a part of it first. */
    struct iovec part = {parts[0].iov_base, parts[0].iov_len / 2};
    (void)disk_real.write(fd, &part, 1, at);
    errno = write_error;
    return -1;
}

static int disk_test_sync(int fd)
{
    pthread_mutex_lock(&gate_lock);
    while (gate_shut) {
        gate_waited_at = true;
        pthread_cond_broadcast(&gate_moved);
        pthread_cond_wait(&gate_moved, &gate_lock);
    }
    pthread_mutex_unlock(&gate_lock);
    return (errno = sync_error) ? -1 : disk_real.sync(fd);
}

static int disk_test_reserve(int fd, off_t at, off_t len)
{
    return (errno = reserve_error) ? -1 : disk_real.reserve(fd, at, len);
}

const struct disk test_disk = {disk_test_write, disk_test_sync, disk_test_reserve};

void test_disk_set(int write, int sync, int reserve)
{
    write_error = write;
    sync_error = sync;
    reserve_error = reserve;
}

static void move_gate(bool shut)
{
    pthread_mutex_lock(&gate_lock);
    gate_shut = shut;
    gate_waited_at = false;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate_lock);
}

void test_disk_shut(void)
{
    move_gate(true);
}

void test_disk_open(void)
{
    move_gate(false);
}

void test_disk_await_sync(void)
{
    pthread_mutex_lock(&gate_lock);
    while (!gate_waited_at)
        pthread_cond_wait(&gate_moved, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}
