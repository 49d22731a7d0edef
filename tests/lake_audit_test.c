/* The audit of a real lake and a real journal: what is as it was, what went with a note, and what somebody did. */
#include "watch/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "duck/duck.h"
#include "lake/lake_test.h"
#include "ledger/journal.h"
#include "ledger/ledger_test.h"
#include "watch/proof.h"

#define FIRST_DAY "2026-11-22"

static const struct lake_ops *const ops = &lake_duckdb;

struct fixture {
    const char *place;
    struct lake *lake;
    struct scratch scratch;
    uint64_t noted;
    struct buf faults;
    struct audit_report report;
};

static int note_block(void *context, const struct lake_block *block)
{
    struct fixture *f = context;
    struct buf note = {0};
    proof_write_block(&note, block);
    assert_int_equal(ledger_begin(f->scratch.ledger, STR("jaga"), PROOF_ACTION), 0);
    assert_int_equal(journal_note(f->scratch.ledger, PROOF_TOPIC, buf_str(&note)), 0);
    assert_int_equal(ledger_commit(f->scratch.ledger), 0);
    buf_free(&note);
    f->noted = block->seq;
    return 0;
}

static void note_blocks(struct fixture *f)
{
    assert_int_equal(ops->blocks(f->lake, f->noted, note_block, f), 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    f->place = test_place();
    f->lake = test_open(ops, f->place, &(struct lake_options){0});
    scratch_open(&f->scratch);
    for (uint64_t day = 0; day < 3; day++) {
        test_fill(ops, f->lake, day * 10, 5, TEST_DAY + (int64_t)day * TIME_DAY_US);
        test_fill(ops, f->lake, day * 10 + 5, 5, TEST_DAY + (int64_t)day * TIME_DAY_US);
    }
    note_blocks(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    ops->close(f->lake);
    test_place_remove(f->place);
    scratch_close(&f->scratch);
    buf_free(&f->faults);
    free(f);
    return 0;
}

static int take_fault(void *context, struct str sentence)
{
    struct fixture *f = context;
    buf_add_str(&f->faults, sentence);
    buf_add_byte(&f->faults, '\n');
    return 0;
}

static int take_day(void *context, struct str day, const struct lake_check *check)
{
    (void)context;
    assert_true(day.len > 0 && check->blocks > 0);
    return 0;
}

static int audit_day(struct fixture *f, struct str day)
{
    struct err err = {0};
    const struct audit audit = {.ops = ops,
                                .lake = f->lake,
                                .ledger = f->scratch.ledger,
                                .day = day,
                                .fault = take_fault,
                                .day_done = take_day,
                                .context = f};
    buf_clear(&f->faults);
    int status = audit_run(&audit, &f->report, &err);
    buf_add_byte(&f->faults, '\0');
    return status;
}

static int audit(struct fixture *f)
{
    return audit_day(f, STR(""));
}

static void reopen_after(struct fixture *f, const char *day, const char *sql)
{
    struct err err = {0};
    const struct duck *duck = duck_load(NULL, &err);
    struct duck_database *database;
    struct duck_connection *connection;
    struct duck_result result;
    char path[256];
    ops->close(f->lake);
    snprintf(path, sizeof(path), "%s/%s.duckdb", f->place, day);
    if (sql) {
        assert_int_equal(duck->open_ext(path, &database, NULL, NULL), DUCK_OK);
        assert_int_equal(duck->connect(database, &connection), DUCK_OK);
        if (duck->query(connection, sql, &result) != DUCK_OK)
            fail_msg("%s", duck->result_error(&result));
        duck->destroy_result(&result);
        duck->disconnect(&connection);
        duck->close(&database);
    }
    f->lake = test_open(ops, f->place, &(struct lake_options){0});
}

static void a_lake_that_nobody_touched_has_no_fault(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(audit(f), 0);
    assert_int_equal(f->report.blocks, 6);
    assert_int_equal(f->report.check.rows, 30);
    test_fill(ops, f->lake, 40, 5, TEST_DAY);
    assert_int_equal(audit(f), 0);
    assert_int_equal(f->report.pending, 1);
    assert_int_equal(audit_day(f, STR(FIRST_DAY)), 0);
    assert_int_equal(f->report.check.rows, 15);
    assert_int_equal(f->report.blocks, 2);
}

static void what_is_done_to_a_file_is_named(void **state)
{
    static const struct {
        const char *sql, *sentence;
    } changes[] = {
        {"UPDATE windows_sysmon SET _raw = 'other' WHERE _key = 3",
         FIRST_DAY ": block 1 (events 0.0 to 0.4) has an event that is not as it was stored"},
        {"DELETE FROM windows_sysmon WHERE _key = 7", "has 4 events, and was stored with 5"},
        {"INSERT INTO windows_sysmon SELECT * FROM windows_sysmon WHERE _key = 4",
         "has 6 events, and was stored with 5"},
        {"DELETE FROM _blocks WHERE seq = 2; DELETE FROM windows_sysmon WHERE _block = 2",
         "block 2 (events 0.5 to 0.9) is gone, and the journal does not say why"},
        {"UPDATE _blocks SET seq = 99 WHERE seq = 2; UPDATE windows_sysmon SET _block = 99 WHERE "
         "_block = 2",
         "is gone, and the journal does not say why"},
        {"UPDATE _blocks SET next = next + 1 WHERE seq = 1", "is another than the journal names"},
        {"DELETE FROM windows_sysmon WHERE _block = 2; INSERT INTO _removed SELECT 2, 5 + i, 0, "
         "repeat('0', 64) FROM range(5) t(i)",
         "5 events are marked as removed, the journal knows of 0"},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct fixture *f = *state;
        reopen_after(f, FIRST_DAY, changes[i].sql);
        assert_int_equal(audit(f), -EBADMSG);
        if (!strstr(f->faults.ptr, changes[i].sentence))
            fail_msg("%s: %s", changes[i].sql, f->faults.ptr);
        teardown(state);
        setup(state);
    }
}

/* Somebody who computes roots anew has no entry in the journal for them. */
static void a_block_that_the_journal_does_not_have_is_named(void **state)
{
    struct fixture *f = *state;
    test_fill(ops, f->lake, 100, 5, TEST_DAY);
    test_fill(ops, f->lake, 105, 5, TEST_DAY);
    uint64_t between = f->noted;
    f->noted = between + 1; /* block 7 is not noted, block 8 is */
    note_blocks(f);
    assert_int_equal(audit(f), -EBADMSG);
    assert_non_null(strstr(f->faults.ptr, "block 7 (events 0.100 to 0.104) is not in the journal"));
}

static void what_went_with_a_note_is_no_fault(void **state)
{
    struct fixture *f = *state;
    const struct lake_witness witness = {audit_note_going, f->scratch.ledger};
    struct lake_removed removed;
    struct err err = {0};
    assert_int_equal(
        ops->drop(f->lake, &(struct lake_part){.day = STR(FIRST_DAY)}, &witness, &removed, &err),
        0);
    struct lake_cell cells[2];
    struct lake_row row = test_row(200, TEST_DAY + TIME_DAY_US, cells);
    row.agency = STR("MOF");
    assert_int_equal(ops->put(f->lake, &row), 0);
    test_commit(ops, f->lake, 0, 201);
    note_blocks(f);
    assert_int_equal(
        ops->drop(f->lake, &(struct lake_part){.agency = STR("MOF")}, &witness, &removed, &err), 0);
    assert_int_equal(removed.rows, 1);
    assert_int_equal(audit(f), 0);
    assert_int_equal(f->report.taken, 2);
    assert_int_equal(f->report.check.removed, 1);
    /* The day comes back, and its new blocks are none of those that went. */
    test_fill(ops, f->lake, 300, 5, TEST_DAY);
    note_blocks(f);
    assert_int_equal(audit(f), 0);
    assert_int_equal(
        ops->drop(f->lake, &(struct lake_part){.day = STR(FIRST_DAY)}, NULL, &removed, &err), 0);
    assert_int_equal(audit(f), -EBADMSG);
    assert_non_null(strstr(f->faults.ptr, FIRST_DAY ": block 8"));
}

static void a_file_that_somebody_took_is_named(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct err err = {0};
    assert_int_equal(ops->settle(f->lake, &err), 0);
    ops->close(f->lake);
    snprintf(path, sizeof(path), "%s/2026-11-24.duckdb", f->place);
    assert_int_equal(unlink(path), 0);
    f->lake = test_open(ops, f->place, &(struct lake_options){0});
    assert_int_equal(audit(f), -EBADMSG);
}

static int refuse(void *context, const struct lake_going *going)
{
    (void)context;
    (void)going;
    return -EIO;
}

static void what_cannot_be_noted_stays(void **state)
{
    struct fixture *f = *state;
    const struct lake_witness witness = {refuse, NULL};
    struct lake_removed removed;
    struct err err = {0};
    assert_int_equal(
        ops->drop(f->lake, &(struct lake_part){.day = STR(FIRST_DAY)}, &witness, &removed, &err),
        -EIO);
    assert_int_equal(audit(f), 0);
    assert_int_equal(f->report.check.rows, 30);
}

/* Numbers of blocks are never given twice, also when the newest day went. */
static void blocks_after_a_day_that_went_are_noted(void **state)
{
    struct fixture *f = *state;
    const struct lake_witness witness = {audit_note_going, f->scratch.ledger};
    struct lake_removed removed;
    struct err err = {0};
    assert_int_equal(ops->drop(f->lake, &(struct lake_part){0}, &witness, &removed, &err), 0);
    reopen_after(f, FIRST_DAY, NULL);
    test_fill(ops, f->lake, 400, 5, TEST_DAY);
    note_blocks(f);
    assert_int_equal(f->noted, 7);
    assert_int_equal(audit(f), 0);
    assert_int_equal(f->report.pending, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    if (!test_library())
        return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        TEST(a_lake_that_nobody_touched_has_no_fault),
        TEST(what_is_done_to_a_file_is_named),
        TEST(a_block_that_the_journal_does_not_have_is_named),
        TEST(what_went_with_a_note_is_no_fault),
        TEST(a_file_that_somebody_took_is_named),
        TEST(what_cannot_be_noted_stays),
        TEST(blocks_after_a_day_that_went_are_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
