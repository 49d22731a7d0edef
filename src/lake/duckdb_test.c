/* What only the DuckDB engine can be asked: its files are changed behind its back, and its disk fails. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "duck/duck.h"
#include "lake/fixture_test.h"

/* Runs SQL on a day's file while nobody has the lake open. */
static void change_day(const char *day, const char *sql)
{
    struct err err = {0};
    const struct duck *duck = duck_load(NULL, &err);
    struct duck_database *database;
    struct duck_connection *connection;
    struct duck_result result;
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.duckdb", place, day);
    assert_int_equal(duck->open_ext(path, &database, NULL, NULL), DUCK_OK);
    assert_int_equal(duck->connect(database, &connection), DUCK_OK);
    if (duck->query(connection, sql, &result) != DUCK_OK)
        fail_msg("%s", duck->result_error(&result));
    duck->destroy_result(&result);
    duck->disconnect(&connection);
    duck->close(&database);
}

static void what_is_changed_in_a_file_is_found(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE windows_sysmon SET _raw = 'other' WHERE _key = 3",
        "UPDATE windows_sysmon SET _time = _time + INTERVAL 1 SECOND WHERE _key = 3",
        "UPDATE windows_sysmon SET _agency = 'MOF' WHERE _key = 9",
        "DELETE FROM windows_sysmon WHERE _key = 0",
        "INSERT INTO windows_sysmon SELECT * FROM windows_sysmon WHERE _key = 4",
        "DELETE FROM _blocks WHERE seq = 1",
        "UPDATE _blocks SET root = (SELECT root FROM _blocks WHERE seq = 1)",
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct lake_check check;
        struct err err = {0};
        test_fill(ops, lake, 0, 5, TEST_DAY);
        test_fill(ops, lake, 5, 5, TEST_DAY);
        assert_int_equal(ops->verify(lake, STR(""), NULL, &check, &err), 0);
        ops->close(lake);
        change_day("2026-11-22", changes[i]);
        lake = test_open(ops, place, &(struct lake_options){0});
        assert_int_equal(ops->verify(lake, STR(""), NULL, &check, &err), -EBADMSG);
        assert_true(check.bad_blocks > 0);
        assert_non_null(strstr(err.message, "2026-11-22"));
        tear_down(NULL);
        set_up(NULL);
    }
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Puts events too big for the disk, until a commit fails. */
static int fill_disk(uint64_t *next)
{
    static char raw[100000];
    for (int i = 0; i < 100; i++) {
        struct err err = {0};
        for (int k = 0; k < 50; k++, ++*next) {
            struct lake_cell cells[2];
            struct lake_row row = test_row(*next, TEST_DAY, cells);
            for (size_t at = 0; at < sizeof(raw); at++)
                raw[at] = (char)('!' + random() % 90);
            row.raw = str_of(raw, sizeof(raw));
            if (ops->put(lake, &row) < 0)
                return -EIO;
        }
        int status = ops->commit(lake, &(struct lake_progress){0, *next}, 1, &err);
        if (status < 0)
            return status;
    }
    return 0;
}

static void a_full_disk_stops_filling_until_there_is_room(void **state)
{
    (void)state;
    uint64_t next = 0;
    int64_t settled;
    struct err err = {0};
    struct lake_check check;
    char wanted[32];
    test_fill(ops, lake, 0, 5, TEST_DAY);
    next = 5;
    limit_files(8 << 20);
    settled = fill_disk(&next);
    assert_true(settled == -ENOSPC || settled == -EIO);
    limit_files(RLIM_INFINITY);
    assert_int_equal(ops->progress(lake, 0, &next), 0);
    assert_true(next >= 5);
    test_fill(ops, lake, next, 10, TEST_DAY);
    snprintf(wanted, sizeof(wanted), "%d|true", (int)next + 10);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(ASK("SELECT count(*), max(_key) + 1 = count(*) FROM t"), wanted);
        if (ops->verify(lake, STR(""), NULL, &check, &err) < 0)
            fail_msg("%s", err.message);
        reopen();
    }
}

static void a_disk_that_is_full_while_settling_loses_nothing(void **state)
{
    (void)state;
    struct err err = {0};
    struct lake_check check;
    uint64_t next = 0;
    limit_files(7 << 20);
    (void)fill_disk(&next); /* one commit fits */
    limit_files(1 << 20);
    assert_true(ops->settle(lake, &err) < 0);
    limit_files(RLIM_INFINITY);
    assert_int_equal(ops->progress(lake, 0, &next), 0);
    if (ops->settle(lake, &err) < 0)
        fail_msg("%s", err.message);
    test_fill(ops, lake, next, 10, TEST_DAY);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(ASK("SELECT max(_key) + 1 = count(*) FROM t"), "true");
        if (ops->verify(lake, STR(""), NULL, &check, &err) < 0)
            fail_msg("%s", err.message);
        reopen();
    }
}

/* Two agencies in turn, of events that compress badly. */
static void fill_two(uint32_t n)
{
    uint64_t state = 88172645463325252u;
    for (uint32_t i = 0; i < n; i++) {
        struct lake_cell cells[2];
        struct lake_row row = test_row(i, TEST_DAY + i, cells);
        char raw[256];
        for (size_t k = 0; k < sizeof(raw); k++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            raw[k] = (char)(' ' + state % 90);
        }
        row.agency = i % 2 ? STR("MOF") : STR("MOH");
        row.raw = str_of(raw, sizeof(raw));
        put(&row);
    }
    test_commit(ops, lake, 0, n);
}

static uint64_t size_on_disk(void)
{
    struct lake_stats stats;
    struct err err = {0};
    if (ops->settle(lake, &err) < 0)
        fail_msg("%s", err.message);
    ops->stats(lake, &stats);
    return stats.size;
}

static int sum_sizes(void *context, const struct lake_share *share)
{
    *(uint64_t *)context += share->size;
    return 0;
}

static void room_of_what_went_comes_back(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static const struct lake_rule rule = {.size = UINT64_MAX / 2};
    const struct lake_query query = test_query("SELECT _key FROM t");
    struct lake_run *run;
    struct lake_chunk chunk;
    struct lake_check check;
    struct lake_removed removed;
    struct err err = {0};
    fill_two(MANY);
    uint64_t before = size_on_disk(), left = 0;
    assert_int_equal(ops->ask(lake, &query, &run, &err), 0);
    assert_int_equal(ops->next(run, &chunk, &err), 1);
    assert_int_equal(
        ops->drop(lake, &(struct lake_part){.agency = STR("MOF")}, NULL, &removed, &err), 0);
    assert_true(size_on_disk() >= before); /* it is read */
    assert_int_equal(ops->shares(lake, &(struct lake_part){0}, sum_sizes, &left), 0);
    assert_true(left < size_on_disk() / 4 * 3); /* what went is not counted to who stays */
    ops->done(run);
    reopen();
    assert_int_equal(ops->retain(lake, &rule, 1, TEST_DAY, NULL, &removed, &err), 0);
    assert_int_equal(removed.rows, 0);
    assert_true(size_on_disk() < before / 4 * 3);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(ASK("SELECT count(*), count(DISTINCT _raw), min(_agency) FROM t"),
                            "10000|10000|MOH");
        assert_int_equal(ops->verify(lake, STR(""), NULL, &check, &err), 0);
        assert_int_equal(check.removed, MANY / 2);
        reopen();
    }
    test_fill(ops, lake, 0, MANY + 5, TEST_DAY); /* it knows how far it is */
    assert_string_equal(ASK("SELECT count(*) FROM t"), "10005");
}

static void a_file_that_is_none_of_ours_is_not_a_lake(void **state)
{
    (void)state;
    char path[256];
    struct err err = {0};
    ops->close(lake);
    lake = NULL;
    snprintf(path, sizeof(path), "%s/lake.duckdb", place);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 5000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_null(ops->open(place, &(struct lake_options){0}, &err));
    assert_int_equal(err.code, -EBADMSG);
}

int main(void)
{
    if (!test_library())
        return TEST_SKIPPED;
    signal(SIGXFSZ, SIG_IGN);
    fixture_engine(&lake_duckdb, test_place, test_place_remove);
    const struct CMUnitTest tests[] = {
        TEST(what_is_changed_in_a_file_is_found),
        TEST(a_full_disk_stops_filling_until_there_is_room),
        TEST(a_disk_that_is_full_while_settling_loses_nothing),
        TEST(room_of_what_went_comes_back),
        TEST(a_file_that_is_none_of_ours_is_not_a_lake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
