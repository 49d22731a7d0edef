/* Processes that are killed, and several that write at once: what was committed is there, the chain is whole. */
#include "base/test.h"
#include "ledger/ledger_test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "ledger/journal.h"
#include "ledger/progress.h"

#define KILLS 8
#define WRITERS 3
#define TRANSACTIONS 60 /* of each writer */

/* Transaction number n of a consumer: n % 7 + 1 matches of a few findings, and its progress. */
static int work(struct ledger *ledger, const char *consumer, uint64_t n)
{
    char fold[64], id[FINDING_ID_MAX];
    bool is_new, taken;
    int status = ledger_begin(ledger, str_from_c(consumer), STR("work"));
    for (uint64_t i = 0; status == 0 && i < n % 7 + 1; i++) {
        struct ledger_match match = test_match(TEST_NOW);
        struct ledger_event event = {.offset = n, .time = TEST_NOW, .json = STR("{}")};
        int len =
            snprintf(fold, sizeof(fold), "%s %llu", consumer, (unsigned long long)(n / 10 + i));
        match.fold = str_of(fold, (size_t)len);
        match.events = &event;
        match.n_events = 1;
        status = finding_take(ledger, &match, &is_new, &taken, id);
    }
    if (status == 0)
        status = progress_put(ledger, str_from_c(consumer), 0, n + 1);
    int committed = ledger_commit(ledger);
    return status < 0 ? status : committed;
}

static uint64_t matches_of(uint64_t transactions)
{
    uint64_t sum = 0;
    for (uint64_t n = 0; n < transactions; n++)
        sum += n % 7 + 1;
    return sum;
}

static uint64_t progress_of(struct ledger *ledger, const char *consumer)
{
    uint64_t offset = 0;
    int status = progress_get(ledger, str_from_c(consumer), 0, &offset);
    assert_true(status == 0 || status == -ENOENT);
    return offset;
}

static int sum(void *context, const struct ledger_finding *finding)
{
    *(uint64_t *)context += finding->count;
    return 0;
}

static uint64_t matches_in(struct ledger *ledger)
{
    struct finding_query query = {
        .kind = -1, .status = -1, .from = TIME_UNSET, .to = TIME_UNSET, .limit = LEDGER_PAGE_MAX};
    struct buf cursor = {0}, next = {0};
    uint64_t matches = 0;
    do {
        query.cursor = buf_str(&cursor);
        assert_int_equal(finding_list(ledger, &test_all, &query, sum, &matches, &next), 0);
        buf_free(&cursor);
        cursor = next;
        next = (struct buf){0};
    } while (cursor.len);
    buf_free(&cursor);
    return matches;
}

static uint64_t entries_of(struct ledger *ledger)
{
    struct journal_report report;
    struct err err;
    if (journal_verify(ledger, NULL, &report, &err) < 0)
        fail_msg("%s", err.message);
    return report.entries;
}

/* ---- killed ---- */

/* In the child: commits for ever and writes the number of each transaction once it is committed. */
static _Noreturn void commit_for_ever(const struct scratch *scratch, int out)
{
    struct ledger *ledger = scratch_connect(scratch);
    for (uint64_t n = progress_of(ledger, "c");; n++)
        if (work(ledger, "c", n) < 0 || (n % 16 == 0 && journal_sign(ledger) < 0) ||
            write(out, &n, sizeof(n)) != sizeof(n))
            _exit(1);
}

/* Kills a child after some commits; returns how many transactions it said were done. */
static uint64_t run_and_kill(const struct scratch *scratch, unsigned commits)
{
    int pipe_fds[2], status;
    uint64_t n = 0, done = 0;
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipe_fds[0]);
        commit_for_ever(scratch, pipe_fds[1]);
    }
    close(pipe_fds[1]);
    for (unsigned i = 0; i < commits; i++)
        assert_int_equal(read(pipe_fds[0], &n, sizeof(n)), sizeof(n));
    assert_int_equal(kill(child, SIGKILL), 0);
    do
        done = n + 1;
    while (read(pipe_fds[0], &n, sizeof(n)) == sizeof(n));
    close(pipe_fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return done;
}

static void a_killed_process_loses_nothing_that_it_committed(void **state)
{
    struct scratch *scratch = *state;
    ledger_close(scratch->ledger);
    scratch->ledger = NULL;
    for (unsigned i = 0; i < KILLS; i++) {
        uint64_t said = run_and_kill(scratch, 1 + i * 5);
        struct ledger *ledger = scratch_connect(scratch);
        uint64_t done = progress_of(ledger, "c");
        /* One more may have been committed before it could be said. */
        assert_in_range(done, said, said + 1);
        assert_int_equal(matches_in(ledger), matches_of(done));
        assert_int_equal(entries_of(ledger), done);
        ledger_close(ledger);
    }
}

/* ---- at once ---- */

static _Noreturn void write_some(const struct scratch *scratch, const char *consumer)
{
    struct ledger *ledger = scratch_connect(scratch);
    for (uint64_t n = 0; n < TRANSACTIONS; n++)
        if (work(ledger, consumer, n) < 0 || (n % 8 == 0 && journal_sign(ledger) < 0))
            _exit(1);
    ledger_close(ledger);
    _exit(0);
}

/* Starts a process per writer and waits for all. */
static void write_at_once(const struct scratch *scratch)
{
    pid_t children[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        char consumer[2] = {(char)('a' + i), '\0'};
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            write_some(scratch, consumer);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static void the_chain_is_whole_when_several_processes_write(void **state)
{
    struct scratch *scratch = *state;
    write_at_once(scratch);
    assert_int_equal(entries_of(scratch->ledger), WRITERS * TRANSACTIONS);
    assert_int_equal(matches_in(scratch->ledger), WRITERS * matches_of(TRANSACTIONS));
    assert_int_equal(progress_of(scratch->ledger, "a"), TRANSACTIONS);
    assert_int_equal(progress_of(scratch->ledger, "c"), TRANSACTIONS);
}

/* Neither ledger nor key is there yet when they start. */
static void several_processes_may_make_the_ledger_at_once(void **state)
{
    struct scratch *scratch = *state;
    struct scratch fresh = *scratch;
    snprintf(fresh.path, sizeof(fresh.path), "%s/fresh.db", scratch->folder);
    snprintf(fresh.url, sizeof(fresh.url), "sqlite:%s", fresh.path);
    snprintf(fresh.key, sizeof(fresh.key), "%s/fresh.key", scratch->folder);
    write_at_once(&fresh);
    struct ledger *ledger = scratch_connect(&fresh);
    assert_int_equal(entries_of(ledger), WRITERS * TRANSACTIONS);
    ledger_close(ledger);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_killed_process_loses_nothing_that_it_committed),
        TEST(the_chain_is_whole_when_several_processes_write),
        TEST(several_processes_may_make_the_ledger_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
