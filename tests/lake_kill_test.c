/*
 * lake_kill_test: a process that fills a lake is killed at random moments, again and again: while it opens, puts,
 * commits, settles. After each time it goes on where the lake says, and every event that a commit reported is there
 * exactly once, with its values; what the lake says of itself is what is in it; and every block proves its events. Each
 * process knows events by definitions of its own: what a commit that died had not finished is of another day and dataset next time.
 *
 *     lake_kill_test                      the test; JAGA_KILLS (20) times, seeded by JAGA_SEED
 *     lake_kill_test fill PLACE SEED US   what is killed: fills, and kills itself after so many µs; 0: never
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lake/lake_test.h"

#define PARTITIONS 3
#define DAYS 3
#define ROUND_MAX 300      /* events put of a partition before a commit, at random */
#define LIFE_MAX_US 400000 /* of the process, at random */
#define LINES_MAX 30       /* commits after which it ends by itself */

static const struct lake_ops *const ops = &lake_duckdb;

/* What day and dataset an event is of is said by the definitions of the process that puts it. */
static uint64_t definitions;

/* The event of an offset. Fields come with time, days go round. */
struct made {
    char raw[64], number[24], name[24];
    struct lake_cell cells[4];
    struct lake_row row;
};

static void make_row(struct made *made, uint32_t partition, uint64_t offset)
{
    uint64_t mixed = (offset + definitions) * 2654435761u + partition;
    int raw_len =
        snprintf(made->raw, sizeof(made->raw), "raw %" PRIu32 " %" PRIu64, partition, offset);
    snprintf(made->number, sizeof(made->number), "%" PRIu64, offset);
    snprintf(made->name, sizeof(made->name), "Field%" PRIu64, offset / 500);
    made->row = test_row(offset, TEST_DAY + (int64_t)(mixed % DAYS) * TIME_DAY_US, made->cells);
    made->row.id.partition = partition;
    made->row.received = TEST_DAY + DAYS * TIME_DAY_US;
    made->row.agency = mixed % 2 ? STR("MOH") : STR("MOF");
    made->row.dataset = mixed % 5 ? STR("windows_sysmon") : STR("linux_auditd");
    made->row.raw = str_of(made->raw, (size_t)raw_len);
    made->cells[2] = test_cell("Number", LAKE_INTEGER, made->number);
    made->cells[3] = test_cell(made->name, LAKE_TEXT, made->number);
    made->row.n_cells = 4;
}

/* What is killed. */

static long life_us;

static void *end_of_life(void *unused)
{
    struct timespec life = {life_us / 1000000, life_us % 1000000 * 1000};
    nanosleep(&life, NULL);
    kill(getpid(), SIGKILL);
    return unused;
}

static void say_commit(const struct lake_progress *progress)
{
    char line[128];
    int len = snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                       progress[0].next, progress[1].next, progress[2].next);
    if (write(STDOUT_FILENO, line, (size_t)len) != len)
        _exit(1);
}

static void put_round(struct lake *lake, struct lake_progress *progress)
{
    static struct made made;
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        uint64_t end = progress[p].next + (uint64_t)random() % ROUND_MAX;
        for (; progress[p].next < end; progress[p].next++) {
            make_row(&made, p, progress[p].next);
            if (ops->put(lake, &made.row) < 0)
                _exit(1);
        }
    }
}

static int fill(const char *place, const char *seed, const char *life)
{
    struct err err = {0};
    struct lake_progress progress[PARTITIONS];
    pthread_t thread;
    uint64_t number;
    if (str_to_u64(str_from_c(seed), &number) < 0)
        return 1;
    srandom((unsigned)number);
    definitions = number;
    if (str_to_u64(str_from_c(life), &number) < 0)
        return 1;
    life_us = (long)number;
    /* One in four may die while it opens, the others while they fill. */
    bool early = random() % 4 == 0;
    if (life_us > 0 && early && pthread_create(&thread, NULL, end_of_life, NULL) != 0)
        return 1;
    struct lake *lake = ops->open(place, &(struct lake_options){.threads = 2}, &err);
    if (!lake) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    if (life_us > 0 && !early && pthread_create(&thread, NULL, end_of_life, NULL) != 0)
        return 1;
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        progress[p] = (struct lake_progress){p, 0};
        (void)ops->progress(lake, p, &progress[p].next);
    }
    for (int i = 0; i < LINES_MAX; i++) {
        put_round(lake, progress);
        if (ops->commit(lake, progress, PARTITIONS, &err) < 0 ||
            (random() % 8 == 0 && ops->settle(lake, &err) < 0)) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        say_commit(progress);
    }
    kill(getpid(), SIGKILL);
    return 1;
}

/* The test. */

static const char *self;
static uint64_t reported[PARTITIONS];

static void run_until_killed(const char *place, long life)
{
    char seed_text[24], life_text[24];
    uint64_t next[PARTITIONS];
    int ends[2], status;
    snprintf(seed_text, sizeof(seed_text), "%ld", random());
    snprintf(life_text, sizeof(life_text), "%ld", life);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(self, self, "fill", place, seed_text, life_text, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *lines = fdopen(ends[0], "r");
    assert_non_null(lines);
    while (fscanf(lines, "%" SCNu64 " %" SCNu64 " %" SCNu64, &next[0], &next[1], &next[2]) == 3)
        memcpy(reported, next, sizeof(next));
    fclose(lines);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static const char *ask(struct lake *lake, const char *sql)
{
    struct lake_source sources[] = {
        {.name = STR("s"), .dataset = STR("windows_sysmon"), .first = INT64_MIN, .last = INT64_MAX},
        {.name = STR("a"), .dataset = STR("linux_auditd"), .first = INT64_MIN, .last = INT64_MAX}};
    static const struct str wanted[] = {{"Number", 6}};
    for (size_t i = 0; i < 2; i++) {
        sources[i].columns = wanted;
        sources[i].n_columns = 1;
    }
    return test_ask_query(
        ops, lake,
        &(struct lake_query){
            .sql = str_from_c(sql), .sources = sources, .n_sources = 2, .scope = TEST_ALL});
}

static int add_rows(void *context, const struct lake_share *share)
{
    *(uint64_t *)context += share->rows;
    return 0;
}

#define BOTH "(SELECT * FROM s UNION ALL SELECT * FROM a)"

static void check_partition(struct lake *lake, uint32_t partition)
{
    char sql[600], wanted[64];
    uint64_t next = 0;
    (void)ops->progress(lake, partition, &next);
    assert_true(next >= reported[partition]);
    /* All below the progress, each once; none of what is beyond it twice. */
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FILTER (_key & %" PRIu64 " < %" PRIu64 "), count(*) = count(DISTINCT "
             "_key) FROM " BOTH " WHERE _key >> 48 = %" PRIu32,
             LAKE_OFFSET_MAX, next, partition);
    snprintf(wanted, sizeof(wanted), "%" PRIu64 "|true", next);
    assert_string_equal(ask(lake, sql), wanted);
}

static void check_lake(const char *place)
{
    char wanted[64];
    struct lake_check check;
    struct err err = {0};
    uint64_t rows = 0;
    struct lake *lake = test_open(ops, place, &(struct lake_options){.threads = 2});
    for (uint32_t p = 0; p < PARTITIONS; p++)
        check_partition(lake, p);
    assert_string_equal(ask(lake,
                            "SELECT count(*) FROM " BOTH " WHERE Number IS DISTINCT FROM _key & "
                            "281474976710655 OR _raw <> format('raw {} {}', _key >> 48, "
                            "Number)"),
                        "0");
    assert_int_equal(ops->shares(lake, &(struct lake_part){0}, add_rows, &rows), 0);
    snprintf(wanted, sizeof(wanted), "%" PRIu64, rows);
    assert_string_equal(ask(lake, "SELECT count(*) FROM " BOTH), wanted);
    if (ops->verify(lake, STR(""), NULL, &check, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(check.rows, rows);
    printf("%" PRIu64 " events in %" PRIu64 " blocks\n", check.rows, check.blocks);
    ops->close(lake);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t number = otherwise;
    if (text)
        assert_int_equal(str_to_u64(str_from_c(text), &number), 0);
    return number;
}

static void what_was_committed_is_there_once_after_every_kill(void **state)
{
    (void)state;
    uint64_t kills = number_from("JAGA_KILLS", 20);
    uint64_t seed = number_from("JAGA_SEED", (uint64_t)time(NULL));
    printf("JAGA_SEED=%" PRIu64 "\n", seed);
    srandom((unsigned)seed);
    const char *place = test_place();
    for (uint64_t i = 0; i < kills; i++) {
        run_until_killed(place, i + 1 < kills ? 1 + random() % LIFE_MAX_US : 0);
        /* Every other time it is the next process that finds what the last one left. */
        if (i % 2 == 0 || i + 1 == kills)
            check_lake(place);
    }
    test_place_remove(place);
}

int main(int argc, char **argv)
{
    if (argc == 5 && str_eq(str_from_c(argv[1]), STR("fill")))
        return fill(argv[2], argv[3], argv[4]);
    if (!test_library())
        return TEST_SKIPPED;
    self = argv[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_is_there_once_after_every_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
