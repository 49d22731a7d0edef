/* Disks that are full, fail, may not be written or were damaged; and recovery once they are mended. */
#include "base/test.h"
#include "ledger/ledger_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/file.h"
#include "ledger/progress.h"

/* ---- a disk that fails when it is told to ---- */

/* SQLite's own ways to files (databases have another than logs), with three functions in their place. */
static struct way {
    sqlite3_io_methods faulty; /* what files point to */
    const sqlite3_io_methods *real;
} ways[4];
static sqlite3_vfs faulty_vfs;
static int (*real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);

static struct {
    int read, write, sync; /* what these return; SQLITE_OK: they work */
    unsigned spared;       /* calls that still work */
    bool once;             /* after one failure all is well again */
} faults;

static int fault(int *which)
{
    int code = *which;
    if (code == SQLITE_OK)
        return code;
    if (faults.spared) {
        faults.spared--;
        return SQLITE_OK;
    }
    if (faults.once)
        *which = SQLITE_OK;
    return code;
}

static const sqlite3_io_methods *real_of(sqlite3_file *file)
{
    return ((const struct way *)file->pMethods)->real;
}

static int faulty_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
    int code = fault(&faults.read);
    return code != SQLITE_OK ? code : real_of(file)->xRead(file, bytes, n, at);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    int code = fault(&faults.write);
    return code != SQLITE_OK ? code : real_of(file)->xWrite(file, bytes, n, at);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    int code = fault(&faults.sync);
    return code != SQLITE_OK ? code : real_of(file)->xSync(file, flags);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *ret_flags)
{
    int code = real_open(vfs, name, file, flags, ret_flags);
    if (code != SQLITE_OK || !file->pMethods)
        return code;
    struct way *way = ways;
    while (way->real && way->real != file->pMethods)
        way++;
    way->real = file->pMethods;
    way->faulty = *file->pMethods;
    way->faulty.xRead = faulty_read;
    way->faulty.xWrite = faulty_write;
    way->faulty.xSync = faulty_sync;
    file->pMethods = &way->faulty;
    return code;
}

static int install(void **state)
{
    (void)state;
    sqlite3_initialize();
    faulty_vfs = *sqlite3_vfs_find(NULL);
    faulty_vfs.zName = "faulty";
    real_open = faulty_vfs.xOpen;
    faulty_vfs.xOpen = faulty_open;
    return sqlite3_vfs_register(&faulty_vfs, 1) != SQLITE_OK;
}

static int setup(void **state)
{
    static struct scratch scratch;
    memset(&faults, 0, sizeof(faults));
    scratch_open(&scratch);
    *state = &scratch;
    return 0;
}

static int teardown(void **state)
{
    memset(&faults, 0, sizeof(faults));
    scratch_close(*state);
    return 0;
}

/* A finding and progress to `n` in one transaction: 0 or -errno. */
static int work(struct ledger *ledger, uint64_t n)
{
    struct ledger_match match = test_match(TEST_NOW);
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    int status = ledger_begin(ledger, STR("t"), STR("work"));
    if (status < 0)
        return status;
    status = finding_take(ledger, &match, &is_new, &taken, id);
    if (status == 0)
        status = progress_put(ledger, STR("c"), 0, n);
    int committed = ledger_commit(ledger);
    if (status < 0)
        assert_int_equal(committed, status); /* it says what broke it */
    return committed;
}

static int sum(void *context, const struct ledger_finding *finding)
{
    *(uint64_t *)context += finding->count;
    return 0;
}

/* `n` transactions have been done whole, and nothing of any other. */
static void assert_done(struct ledger *ledger, uint64_t n)
{
    struct finding_query query = {.kind = -1, .status = -1, .from = INT64_MIN, .to = INT64_MIN};
    struct buf cursor = {0};
    uint64_t matches = 0, offset = 0;
    assert_int_equal(finding_list(ledger, &test_all, &query, sum, &matches, &cursor), 0);
    assert_int_equal(matches, n);
    assert_int_equal(progress_get(ledger, STR("c"), 0, &offset), n ? 0 : -ENOENT);
    assert_int_equal(offset, n);
    assert_whole(ledger);
}

/* A fault at every moment of a transaction: all or nothing, the right word, and then it works again. */
static void assert_recovers(struct ledger *ledger, int *which, int code, int status,
                            const char *word)
{
    uint64_t done = 0;
    bool failed = true;
    assert_int_equal(work(ledger, ++done), 0);
    for (unsigned spared = 0; failed; spared++) {
        faults.spared = spared;
        *which = code;
        int got = work(ledger, done + 1);
        *which = SQLITE_OK;
        failed = got < 0;
        if (failed) {
            assert_int_equal(got, status);
            assert_non_null(strstr(ledger_problem(ledger), word));
        } else {
            done++;
        }
        assert_done(ledger, done);
        assert_int_equal(work(ledger, ++done), 0);
        assert_done(ledger, done);
        assert_true(spared < 1000);
    }
}

static void a_full_disk_undoes_the_transaction_and_no_more(void **state)
{
    assert_recovers(((struct scratch *)*state)->ledger, &faults.write, SQLITE_FULL, -ENOSPC,
                    "no room left");
}

static void a_disk_that_cannot_be_written_undoes_the_transaction(void **state)
{
    assert_recovers(((struct scratch *)*state)->ledger, &faults.write, SQLITE_IOERR_WRITE, -EIO,
                    "cannot be read or written");
}

static void a_failed_fsync_is_not_taken_for_success(void **state)
{
    assert_recovers(((struct scratch *)*state)->ledger, &faults.sync, SQLITE_IOERR_FSYNC, -EIO,
                    "cannot be read or written");
}

static void a_file_system_that_became_read_only_is_said_to_be(void **state)
{
    assert_recovers(((struct scratch *)*state)->ledger, &faults.write, SQLITE_READONLY, -EROFS,
                    "may not be written");
}

/* The transaction must not go on as if the part that failed had never been asked for. */
static void what_failed_once_in_a_transaction_stays_failed(void **state)
{
    struct scratch *scratch = *state;
    struct ledger_match match = test_match(TEST_NOW);
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    assert_int_equal(work(scratch->ledger, 1), 0);
    scratch_reopen(scratch); /* with nothing in memory */
    assert_int_equal(ledger_begin(scratch->ledger, STR("t"), STR("t")), 0);
    faults.once = true;
    faults.read = SQLITE_IOERR_READ;
    assert_int_equal(finding_take(scratch->ledger, &match, &is_new, &taken, id), -EIO);
    assert_int_equal(faults.read, SQLITE_OK); /* it would work now */
    assert_int_equal(progress_put(scratch->ledger, STR("c"), 0, 2), -EIO);
    assert_int_equal(ledger_commit(scratch->ledger), -EIO);
    assert_done(scratch->ledger, 1);
    assert_int_equal(work(scratch->ledger, 2), 0);
    assert_done(scratch->ledger, 2);
}

static void a_failed_read_is_an_error_and_not_the_end_of_a_list(void **state)
{
    struct scratch *scratch = *state;
    uint64_t offset = 0;
    assert_int_equal(work(scratch->ledger, 1), 0);
    scratch_reopen(scratch); /* with nothing in memory */
    faults.read = SQLITE_IOERR_READ;
    assert_int_equal(progress_get(scratch->ledger, STR("c"), 0, &offset), -EIO);
    faults.read = SQLITE_OK;
    assert_int_equal(progress_get(scratch->ledger, STR("c"), 0, &offset), 0);
    assert_int_equal(offset, 1);
}

/* ---- the real thing ---- */

static void a_limit_on_file_sizes_is_no_room_left(void **state)
{
    struct scratch *scratch = *state;
    struct rlimit whole, small;
    size_t size = (size_t)1 << 20;
    char *large = calloc(1, size);
    assert_non_null(large);
    assert_int_equal(work(scratch->ledger, 1), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    small = whole;
    small.rlim_cur = 256 << 10;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int status = blob_put(scratch->ledger, STR("large"), str_of(large, size));
    char problem[512];
    snprintf(problem, sizeof(problem), "%s", ledger_problem(scratch->ledger));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
    assert_int_equal(status, -ENOSPC);
    assert_non_null(strstr(problem, "no room left"));
    assert_done(scratch->ledger, 1);
    assert_int_equal(blob_put(scratch->ledger, STR("large"), str_of(large, size)), 0);
    assert_int_equal(work(scratch->ledger, 2), 0);
    assert_done(scratch->ledger, 2);
    free(large);
}

static void a_ledger_opened_to_be_read_refuses_to_write(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    struct ledger_options options = {.read_only = true};
    assert_int_equal(work(scratch->ledger, 1), 0);
    struct ledger *reader = ledger_open(scratch->url, &options, &err);
    assert_non_null(reader);
    assert_int_equal(work(reader, 2), -EROFS);
    assert_int_equal(progress_put(reader, STR("c"), 0, 2), -EROFS);
    assert_done(reader, 1);
    ledger_close(reader);
}

/* Everything behind the first page becomes noise, in place: the ledger stays open. */
static void damage(const char *path, struct str bytes)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t at = 4096; at < bytes.len; at++)
        assert_int_equal(pwrite(fd, "\xAB", 1, (off_t)at), 1);
    close(fd);
}

static void damaged_pages_are_told_and_read_again_once_mended(void **state)
{
    struct scratch *scratch = *state;
    struct buf whole = {0};
    uint64_t offset = 0;
    assert_int_equal(work(scratch->ledger, 1), 0);
    ledger_close(scratch->ledger); /* the log is gone: all is in the file */
    assert_int_equal(file_read(scratch->path, (size_t)64 << 20, &whole), 0);
    scratch->ledger = scratch_connect(scratch);
    damage(scratch->path, buf_str(&whole));
    assert_int_equal(progress_get(scratch->ledger, STR("c"), 0, &offset), -EBADMSG);
    assert_non_null(strstr(ledger_problem(scratch->ledger), "damaged"));
    assert_int_equal(work(scratch->ledger, 2), -EBADMSG);
    int fd = open(scratch->path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, whole.ptr, whole.len, 0), whole.len);
    close(fd);
    assert_int_equal(progress_get(scratch->ledger, STR("c"), 0, &offset), 0);
    assert_int_equal(work(scratch->ledger, 2), 0);
    assert_done(scratch->ledger, 2);
    buf_free(&whole);
}

static void noise_is_not_opened(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    struct ledger_options options = {.create = true};
    char noise[8192], path[128], url[160];
    memset(noise, 'x', sizeof(noise));
    snprintf(path, sizeof(path), "%s/noise.db", scratch->folder);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    assert_int_equal(file_write(path, str_of(noise, sizeof(noise))), 0);
    assert_null(ledger_open(url, &options, &err));
    assert_int_equal(err.code, -EBADMSG);
    assert_non_null(strstr(err.message, path));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_undoes_the_transaction_and_no_more),
        TEST(a_disk_that_cannot_be_written_undoes_the_transaction),
        TEST(a_failed_fsync_is_not_taken_for_success),
        TEST(a_file_system_that_became_read_only_is_said_to_be),
        TEST(what_failed_once_in_a_transaction_stays_failed),
        TEST(a_failed_read_is_an_error_and_not_the_end_of_a_list),
        TEST(a_limit_on_file_sizes_is_no_room_left),
        TEST(a_ledger_opened_to_be_read_refuses_to_write),
        TEST(damaged_pages_are_told_and_read_again_once_mended),
        TEST(noise_is_not_opened),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
