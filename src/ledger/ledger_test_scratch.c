#include "base/test.h"
#include "ledger/ledger_test.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "ledger/journal.h"

int64_t test_now = TEST_NOW;
const struct ledger_scope test_all = {.all = true};

int64_t test_clock(void)
{
    return test_now;
}

struct ledger *scratch_connect(const struct scratch *scratch)
{
    struct err err = {0};
    struct ledger_options options = {.create = true, .key = scratch->key, .now = test_clock};
    struct ledger *ledger = ledger_open(scratch->url, &options, &err);
    if (!ledger)
        print_error("%s\n", err.message);
    assert_non_null(ledger);
    return ledger;
}

void scratch_open(struct scratch *scratch)
{
    snprintf(scratch->folder, sizeof(scratch->folder), "/tmp/jaga-ledger-XXXXXX");
    assert_non_null(mkdtemp(scratch->folder));
    snprintf(scratch->path, sizeof(scratch->path), "%s/ledger.db", scratch->folder);
    snprintf(scratch->url, sizeof(scratch->url), "sqlite:%s", scratch->path);
    snprintf(scratch->key, sizeof(scratch->key), "%s/journal.key", scratch->folder);
    test_now = TEST_NOW;
    scratch->ledger = scratch_connect(scratch);
}

void scratch_reopen(struct scratch *scratch)
{
    ledger_close(scratch->ledger);
    scratch->ledger = scratch_connect(scratch);
}

void scratch_close(struct scratch *scratch)
{
    ledger_close(scratch->ledger);
    DIR *folder = opendir(scratch->folder);
    assert_non_null(folder);
    struct dirent *entry;
    while ((entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    assert_int_equal(rmdir(scratch->folder), 0);
}

int scratch_setup(void **state)
{
    static struct scratch scratch;
    scratch_open(&scratch);
    *state = &scratch;
    return 0;
}

int scratch_teardown(void **state)
{
    scratch_close(*state);
    return 0;
}

void scratch_sql(const struct scratch *scratch, const char *sql)
{
    sqlite3 *handle;
    char *problem = NULL;
    assert_int_equal(sqlite3_open(scratch->path, &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 10000);
    if (sqlite3_exec(handle, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s: %s", sql, problem);
    sqlite3_close(handle);
}

void assert_whole(struct ledger *ledger)
{
    struct journal_report report;
    struct err err;
    if (journal_verify(ledger, NULL, &report, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(report.bad_seq, 0);
}

struct ledger_match test_match(int64_t time)
{
    return (struct ledger_match){
        .kind = FINDING_RULE,
        .agency = STR("moh"),
        .rule = STR("r"),
        .title = STR("Whoami was run"),
        .level = 4,
        .host = STR("h"),
        .user = STR("anna"),
        .source = STR("dc1"),
        .tags = STR("[\"attack.t1033\"]"),
        .fold = STR("r|h"),
        .fold_us = 60 * TIME_SECOND_US,
        .time = time,
        .seen = test_now,
        .ocsf = STR("{\"class_uid\":2004}"),
        .count = 1,
    };
}
