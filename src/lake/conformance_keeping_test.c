/* What every engine behind lake.h promises of keeping events, told to its functions only. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "lake/fixture_test.h"

/* Three agencies over three days, 30 events; offset i is of day i / 10 and agency i % 3. */
static void fill_days(void)
{
    static const struct str owners[] = {{"MOH", 3}, {"MOF", 3}, {"MOE", 3}};
    struct lake_cell cells[2];
    for (uint64_t i = 0; i < 30; i++) {
        struct lake_row row = test_row(i, TEST_DAY + (int64_t)(i / 10) * TIME_DAY_US, cells);
        row.agency = owners[i % 3];
        row.raw = i % 2 ? STR("{}") : STR("\xfe\xff no text");
        put(&row);
        if (i % 5 == 4)
            test_commit(ops, lake, 0, i + 1);
    }
}

static int count_block(void *context, const struct lake_block *block)
{
    struct lake_block *sum = context;
    assert_true(block->seq > sum->seq);
    assert_int_equal(block->next - block->first, block->count);
    sum->seq = block->seq;
    sum->count += block->count;
    return 0;
}

static void every_event_is_in_a_block(void **state)
{
    (void)state;
    struct lake_block sum = {0};
    struct lake_check check;
    struct err err = {0};
    fill_days();
    for (int again = 0; again < 2; again++) {
        sum = (struct lake_block){0};
        assert_int_equal(ops->blocks(lake, 0, count_block, &sum), 0);
        assert_int_equal(sum.count, 30);
        uint64_t last = sum.seq;
        sum.count = 0;
        sum.seq = last - 2;
        assert_int_equal(ops->blocks(lake, last - 2, count_block, &sum), 0);
        assert_int_equal(sum.count, 10);
        assert_int_equal(ops->verify(lake, STR(""), NULL, &check, &err), 0);
        assert_int_equal(check.blocks, 6);
        assert_int_equal(check.rows, 30);
        assert_int_equal(ops->verify(lake, STR("2026-11-23"), NULL, &check, &err), 0);
        assert_int_equal(check.rows, 10);
        reopen();
    }
}

/* The event proves itself: what is handed over, hashed, leads to the root of the block. */
static int prove_any(void *context, const struct lake_event *event)
{
    unsigned char leaf[LAKE_HASH], root[LAKE_HASH];
    merkle_leaf(&event->leaf, leaf);
    assert_true(merkle_path_root(&event->path, leaf, root));
    assert_memory_equal(root, event->block.root, LAKE_HASH);
    ++*(int *)context;
    return 0;
}

/* .. and it is one of fill_days(). */
static int prove(void *context, const struct lake_event *event)
{
    assert_str(event->leaf.dataset, "windows_sysmon");
    assert_true(str_starts(event->block.day, STR("2026-11-2"))); /* of the block, also when held */
    assert_true(str_find(event->json, STR("\"Image\":\"C:\\\\")) != SIZE_MAX);
    if (event->leaf.offset % 2 == 0)
        assert_str(event->leaf.raw, "\xfe\xff no text");
    return prove_any(context, event);
}

static void an_event_is_handed_out_with_its_proof(void **state)
{
    (void)state;
    static const struct str moh[] = {{"MOH", 3}};
    struct lake_scope all = TEST_ALL, one = {.agencies = moh, .n = 1}, none = {.n = 0};
    struct err err = {0};
    int proved = 0;
    fill_days();
    for (uint64_t i = 0; i < 30; i++) {
        struct lake_id id = {.offset = i};
        assert_int_equal(ops->get(lake, &id, &all, prove, &proved, &err), 0);
        assert_int_equal(ops->get(lake, &id, &one, prove, &proved, &err), i % 3 ? -ENOENT : 0);
        assert_int_equal(ops->get(lake, &id, &none, prove, &proved, &err), -ENOENT);
    }
    assert_int_equal(proved, 40);
    assert_int_equal(ops->get(lake, &(struct lake_id){.offset = 30}, &all, prove, &proved, &err),
                     -ENOENT);
    assert_int_equal(ops->get(lake, &(struct lake_id){.part = 1}, &all, prove, &proved, &err),
                     -ENOENT);
}

static void what_is_dropped_is_gone_and_the_rest_proves_itself(void **state)
{
    (void)state;
    struct lake_removed removed;
    struct lake_check check;
    struct err err = {0};
    int proved = 0;
    struct lake_scope all = TEST_ALL;
    fill_days();
    assert_int_equal(
        ops->drop(lake, &(struct lake_part){.day = STR("2026-11-23")}, NULL, &removed, &err), 0);
    assert_int_equal(removed.rows, 10);
    assert_int_equal(removed.days, 1);
    assert_int_equal(
        ops->drop(lake, &(struct lake_part){.agency = STR("MOF")}, NULL, &removed, &err), 0);
    assert_int_equal(removed.rows, 6);
    assert_int_equal(removed.days, 0);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(ASK("SELECT _agency, count(*) FROM t GROUP BY 1 ORDER BY 1"),
                            "MOE|7\nMOH|7");
        assert_int_equal(ops->verify(lake, STR(""), NULL, &check, &err), 0);
        assert_int_equal(check.removed, 6);
        assert_int_equal(ops->get(lake, &(struct lake_id){.offset = 0}, &all, prove, &proved, &err),
                         0);
        reopen();
    }
    /* A day that is gone is begun anew; what was passed is not taken twice where its file is still there. */
    test_fill(ops, lake, 30, 5, TEST_DAY + TIME_DAY_US);
    assert_string_equal(ASK("SELECT count(*) FROM t"), "19");
}

/* Of 5,000 events of one day. */
static struct lake_run *begin_reading(uint64_t *ret_rows)
{
    const struct lake_query query = test_query("SELECT _key, Image FROM t");
    struct lake_run *run;
    struct lake_chunk chunk;
    struct err err = {0};
    test_fill(ops, lake, 0, 5000, TEST_DAY);
    assert_int_equal(ops->settle(lake, &err), 0);
    assert_int_equal(ops->ask(lake, &query, &run, &err), 0);
    assert_int_equal(ops->next(run, &chunk, &err), 1);
    *ret_rows = chunk.n_rows;
    return run;
}

static void end_reading(struct lake_run *run, uint64_t rows)
{
    struct lake_chunk chunk;
    struct err err = {0};
    while (ops->next(run, &chunk, &err) == 1)
        for (uint32_t i = 0; i < chunk.n_rows; i++)
            rows += str_starts(chunk.columns[1].texts[i], STR("C:\\"));
    ops->done(run);
    assert_int_equal(rows, 5000);
}

static uint64_t count_days(void)
{
    struct lake_stats stats;
    ops->stats(lake, &stats);
    return stats.days;
}

static void a_query_finishes_with_what_there_was_when_it_began(void **state)
{
    (void)state;
    struct lake_removed removed;
    struct err err = {0};
    uint64_t rows;
    struct lake_run *run = begin_reading(&rows);
    assert_int_equal(
        ops->drop(lake, &(struct lake_part){.day = STR("2026-11-22")}, NULL, &removed, &err), 0);
    assert_int_equal(removed.rows, 5000);
    assert_string_equal(ASK("SELECT count(*) FROM t"), "0");
    assert_int_equal(ops->settle(lake, &err), 0);
    assert_int_equal(count_days(), 1);
    end_reading(run, rows);
    assert_int_equal(count_days(), 0);
    reopen();
    assert_string_equal(ASK("SELECT count(*) FROM t"), "0");
}

static void a_day_that_goes_while_it_is_read_can_come_back(void **state)
{
    (void)state;
    static const struct lake_rule rule = {.days = 1};
    struct lake_removed removed;
    struct lake_check check;
    struct err err = {0};
    uint64_t rows;
    struct lake_run *run = begin_reading(&rows);
    assert_int_equal(ops->retain(lake, &rule, 1, TEST_DAY + 9 * TIME_DAY_US, NULL, &removed, &err),
                     0);
    assert_int_equal(removed.days, 1);
    test_fill(ops, lake, 5000, 3000, TEST_DAY);
    assert_int_equal(ops->settle(lake, &err), 0);
    assert_string_equal(ASK("SELECT count(*), min(_key) FROM t"), "3000|5000");
    end_reading(run, rows);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(ASK("SELECT count(*), min(_key) FROM t"), "3000|5000");
        assert_int_equal(ops->verify(lake, STR(""), NULL, &check, &err), 0);
        assert_int_equal(check.rows, 3000);
        reopen();
    }
}

static void retention_takes_what_is_old_by_agency(void **state)
{
    (void)state;
    static const struct lake_rule rules[] = {{.agency = {"MOH", 3}, .days = 1}, {.days = 2}};
    struct lake_removed removed;
    struct err err = {0};
    fill_days();
    assert_int_equal(
        ops->retain(lake, rules, 2, TEST_DAY + 2 * TIME_DAY_US + 5, NULL, &removed, &err), 0);
    assert_int_equal(removed.rows, 4);
    assert_string_equal(ASK("SELECT _agency, count(*) FROM t GROUP BY 1 ORDER BY 1"),
                        "MOE|10\nMOF|10\nMOH|6");
    assert_int_equal(ops->retain(lake, rules, 2, TEST_DAY + 3 * TIME_DAY_US, NULL, &removed, &err),
                     0);
    assert_int_equal(removed.days, 1);
    assert_string_equal(ASK("SELECT min(_time), count(*) FROM t"), "2026-11-23T00:00:00Z|17");
    assert_int_equal(
        ops->retain(lake, rules, 0, TEST_DAY + 900 * TIME_DAY_US, NULL, &removed, &err), 0);
    assert_int_equal(removed.rows, 0);
}

static void hold(const char *name, const struct lake_id *ids, size_t n, uint64_t wanted)
{
    const struct lake_hold hold = {
        .name = str_from_c(name), .reason = STR("why"), .by = STR("ann"), .at = TEST_DAY};
    struct err err = {0};
    uint64_t added;
    if (ops->hold(lake, &hold, ids, n, &added, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(added, wanted);
}

/* Offset i arrived on day i, with the time of a clock that is broken. */
static void put_far(uint64_t i, int64_t time)
{
    struct lake_cell cells[2];
    struct lake_row row = test_row(i, time, cells);
    row.received = TEST_DAY + (int64_t)i * TIME_DAY_US;
    put(&row);
    test_commit(ops, lake, 0, i + 1);
}

static void times_far_from_their_arrival_are_as_old_as_that(void **state)
{
    (void)state;
    static const struct lake_rule rule = {.days = 1};
    struct lake_removed removed;
    struct lake_check check;
    struct err err = {0};
    put_far(0, INT64_C(4070908800) * TIME_SECOND_US); /* 2099 */
    put_far(1, TIME_DAY_US);                          /* 1970 */
    put_far(2, INT64_C(4070908800) * TIME_SECOND_US);
    put_far(3, TIME_DAY_US);
    const struct lake_id held = {.offset = 0};
    hold("case-7", &held, 1, 1);
    for (int i = 1; i <= 3; i++) {
        static const char *const left[] = {"", "0 1 2 3", "0 1 2 3", "0 2 3"};
        assert_int_equal(
            ops->retain(lake, &rule, 1, TEST_DAY + i * TIME_DAY_US + 5, NULL, &removed, &err), 0);
        assert_int_equal(removed.rows, i > 1);
        assert_int_equal(removed.held, i == 2);
        for (int again = 0; again < 2; again++) {
            assert_string_equal(ASK("SELECT string_agg(_key, ' ' ORDER BY _key) FROM t"), left[i]);
            assert_int_equal(ops->verify(lake, STR("other"), NULL, &check, &err), 0);
            assert_int_equal(check.removed, i - 1);
            reopen();
        }
    }
    assert_int_equal(ops->retain(lake, &rule, 1, TEST_DAY + 9 * TIME_DAY_US, NULL, &removed, &err),
                     0);
    assert_int_equal(removed.days, 1);
    assert_string_equal(ASK("SELECT string_agg(_key, ' ' ORDER BY _key) FROM t"), "0");
}

static void retention_by_size_takes_the_oldest_day(void **state)
{
    (void)state;
    struct lake_rule rule = {.size = UINT64_MAX / 2};
    struct lake_removed removed;
    struct lake_stats stats;
    struct err err = {0};
    fill_days();
    assert_int_equal(ops->settle(lake, &err), 0);
    ops->stats(lake, &stats);
    assert_int_equal(stats.days, 3);
    assert_int_equal(ops->retain(lake, &rule, 1, TEST_DAY, NULL, &removed, &err), 0);
    assert_int_equal(removed.rows, 0);
    rule.size = stats.size - stats.size / 6; /* two days and a half */
    assert_int_equal(ops->retain(lake, &rule, 1, TEST_DAY, NULL, &removed, &err), 0);
    assert_in_range(removed.rows, 1, 10);
    assert_string_equal(ASK("SELECT count(*) FROM t WHERE _time >= '2026-11-23'"), "20");
}

static void held_events_stay_and_prove_themselves(void **state)
{
    (void)state;
    static const struct lake_id ids[] = {{0, 0, 0}, {0, 2, 0}, {0, 14, 0}};
    struct lake_scope all = TEST_ALL;
    struct lake_removed removed;
    struct err err = {0};
    int proved = 0;
    uint64_t n = 0;
    fill_days();
    hold("case-7", ids, 3, 3);
    hold("case-8", ids, 1, 1);
    hold("case-7", ids + 1, 2, 0);
    assert_int_equal(
        ops->drop(lake, &(struct lake_part){.agency = STR("MOH")}, NULL, &removed, &err), 0);
    assert_int_equal(removed.held, 1);
    assert_int_equal(
        ops->drop(lake, &(struct lake_part){.day = STR("2026-11-22")}, NULL, &removed, &err), 0);
    assert_int_equal(removed.held, 1);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(
            ASK("SELECT _id, Image IS NOT NULL FROM t WHERE _key < 10 ORDER BY _key"),
            "0.0|true\n0.2|true");
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(ops->get(lake, &ids[i], &all, prove, &proved, &err), 0);
        reopen();
    }
    assert_int_equal(ops->release(lake, STR("case-7"), &n, &err), 0);
    assert_int_equal(n, 3);
    assert_string_equal(ASK("SELECT _id FROM t WHERE _key < 10"), "0.0");
    assert_int_equal(ops->release(lake, STR("case-8"), &n, &err), 0);
    assert_int_equal(ops->release(lake, STR("case-8"), &n, &err), -ENOENT);
    assert_string_equal(ASK("SELECT count(*) FROM t WHERE _key < 10"), "0");
    assert_string_equal(ASK("SELECT _id FROM t WHERE _key = 14"), "0.14");
}

static int take_hold(void *context, const struct lake_hold *hold)
{
    assert_str(hold->reason, "why");
    assert_str(hold->by, "ann");
    assert_int_equal(hold->at, TEST_DAY);
    buf_printf(context, "%.*s:%d ", STR_ARG(hold->name), (int)hold->events);
    return 0;
}

static void holds_are_listed_and_take_only_what_is_there(void **state)
{
    (void)state;
    static const struct lake_id ids[] = {{0, 0, 0}, {0, 29, 0}, {0, 30, 0}};
    const struct lake_hold one = {.name = STR("case-9")};
    struct err err = {0};
    struct buf text = {0};
    uint64_t added;
    fill_days();
    hold("case-7", ids, 2, 2);
    hold("it's", ids, 1, 1);
    assert_int_equal(ops->hold(lake, &one, ids, 3, &added, &err), -ENOENT);
    assert_non_null(strstr(err.message, "0.30"));
    reopen();
    assert_int_equal(ops->holds(lake, take_hold, &text), 0);
    assert_str(buf_str(&text), "case-7:2 it's:1 ");
    buf_free(&text);
}

/* Many events of one block: each has its path. */
static void a_hold_may_be_large(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static struct lake_id ids[MANY];
    static const struct lake_rule rule = {.size = 1};
    struct lake_scope all = TEST_ALL;
    struct lake_removed removed;
    struct err err = {0};
    int proved = 0;
    for (uint64_t i = 0; i < MANY; i++)
        ids[i].offset = i;
    test_fill(ops, lake, 0, MANY, TEST_DAY);
    hold("case-7", ids, MANY, MANY);
    assert_int_equal(ops->retain(lake, &rule, 1, TEST_DAY, NULL, &removed, &err), 0);
    assert_int_equal(removed.held, MANY);
    assert_string_equal(ASK("SELECT count(*), count(DISTINCT _id) FROM t"), "20000|20000");
    for (size_t i = 0; i < MANY; i += MANY / 7)
        assert_int_equal(ops->get(lake, &ids[i], &all, prove_any, &proved, &err), 0);
}

static int write_piece(void *context, struct str bytes)
{
    return fwrite(bytes.ptr, 1, bytes.len, context) == bytes.len ? 0 : -errno;
}

static void export_to(const struct lake_export *what, const char *path, uint64_t wanted)
{
    struct lake_run *run;
    struct err err = {0};
    uint64_t rows = 0;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    if (ops->export_ask(lake, what, &run, &err) < 0 ||
        ops->export_write(run, write_piece, file, &rows, &err) < 0)
        fail_msg("%s", err.message);
    ops->done(run);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rows, wanted);
}

static int have_enough(void *context, struct str bytes)
{
    (void)bytes;
    ++*(int *)context;
    return -ECANCELED;
}

static void an_export_ends_when_it_is_cancelled(void **state)
{
    (void)state;
    struct lake_export export = {
        .dataset = STR("windows_sysmon"), .first = INT64_MIN, .last = INT64_MAX, .scope = TEST_ALL};
    uint64_t rows;
    fill_days();
    for (int i = 0; i < 2; i++) {
        struct lake_run *run;
        struct err err = {0};
        int pieces = 0;
        export.format = i ? LAKE_NDJSON : LAKE_PARQUET;
        assert_int_equal(ops->export_ask(lake, &export, &run, &err), 0);
        assert_int_equal(ops->export_write(run, have_enough, &pieces, &rows, &err), -ECANCELED);
        assert_int_equal(pieces, 1);
        ops->done(run);
        assert_int_equal(ops->export_ask(lake, &export, &run, &err), 0);
        ops->cancel(run);
        assert_int_equal(ops->export_write(run, have_enough, &pieces, &rows, &err), -ECANCELED);
        assert_int_equal(pieces, 1);
        ops->done(run);
    }
}

/* Names of columns are compared without case; those of fields, and of the lake's own, are not. */
static void fields_that_differ_in_case_come_back_as_they_were(void **state)
{
    (void)state;
    static const char *const names[] = {"events.parquet", "events.ndjson"};
    struct lake_export export = {
        .dataset = STR("windows_sysmon"), .first = INT64_MIN, .last = INT64_MAX, .scope = TEST_ALL};
    struct lake_cell cells[5];
    struct lake_row row = test_row(0, TEST_DAY, cells);
    struct lake_removed removed;
    struct err err = {0};
    uint64_t n;
    cells[2] = test_cell("image", LAKE_TEXT, "low");
    cells[3] = test_cell("IMAGE", LAKE_TEXT, "high");
    cells[4] = test_cell("_Raw", LAKE_TEXT, "field");
    row.n_cells = 5;
    put(&row);
    test_commit(ops, lake, 0, 1);
    static const char all[] =
        "SELECT COLUMNS(c -> lower(c) ILIKE 'image%' OR c ILIKE '_raw_%') FROM t";
    char before[200];
    snprintf(before, sizeof(before), "%s", ASK(all));
    assert_non_null(strstr(before, "low|high|field"));
    for (int i = 0; i < 2; i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", place, names[i]);
        export.format = i ? LAKE_NDJSON : LAKE_PARQUET;
        export_to(&export, path, 1);
        assert_int_equal(ops->drop(lake, &(struct lake_part){0}, NULL, &removed, &err), 0);
        if (ops->import_from(lake, STR("windows_sysmon"), path, &n, &err) < 0)
            fail_msg("%s", err.message);
        assert_int_equal(n, 1);
        assert_string_equal(ASK(all), before);
    }
}

static void what_is_exported_comes_back_and_proves_itself(void **state)
{
    (void)state;
    static const char *const names[] = {"events.parquet", "events.ndjson"};
    struct lake_scope all = TEST_ALL;
    struct lake_export export = {.dataset = STR("windows_sysmon"),
                                 .first = INT64_MIN,
                                 .last = TEST_DAY + 2 * TIME_DAY_US,
                                 .scope = TEST_ALL};
    struct lake_check check;
    struct lake_removed removed;
    struct err err = {0};
    uint64_t rows;
    fill_days();
    for (int i = 0; i < 2; i++) {
        char path[256];
        int proved = 0;
        snprintf(path, sizeof(path), "%s/%s", place, names[i]);
        export.format = i ? LAKE_NDJSON : LAKE_PARQUET;
        export_to(&export, path, 20);
        assert_int_equal(
            ops->drop(lake, &(struct lake_part){.day = STR("2026-11-22")}, NULL, &removed, &err),
            0);
        if (ops->import_from(lake, STR("windows_sysmon"), path, &rows, &err) < 0)
            fail_msg("%s", err.message);
        assert_int_equal(rows, 10);
        assert_string_equal(ASK("SELECT count(*), count(Image), sum(EventID), count(_bytes), "
                                "count(_extra) FROM t"),
                            "30|30|345|15|0");
        assert_int_equal(ops->verify(lake, STR(""), NULL, &check, &err), 0);
        for (uint64_t k = 0; k < 30; k++)
            assert_int_equal(
                ops->get(lake, &(struct lake_id){.offset = k}, &all, prove, &proved, &err), 0);
        assert_int_equal(ops->import_from(lake, STR("windows_sysmon"), path, &rows, &err), 0);
        assert_int_equal(rows, 0);
    }
}

/* The offsets that excerpts have, as bits. */
static int take_excerpt(void *context, const struct lake_excerpt *excerpt)
{
    uint64_t *offsets = context;
    struct lake_excerpt other = *excerpt;
    assert_true(lake_excerpt_ok(excerpt));
    other.part.others.len += other.part.others.len ? (size_t)0 - LAKE_HASH : LAKE_HASH;
    assert_false(lake_excerpt_ok(&other));
    for (size_t i = 0; i < excerpt->part.n; i++) {
        uint64_t bit = UINT64_C(1) << excerpt->places[i].key;
        assert_true((uint64_t)excerpt->places[i].key >= excerpt->block.first &&
                    (uint64_t)excerpt->places[i].key < excerpt->block.next);
        assert_int_equal(*offsets & bit, 0);
        *offsets |= bit;
    }
    return 0;
}

static void what_is_exported_has_proofs_of_just_its_events(void **state)
{
    (void)state;
    const struct str agency = STR("MOH");
    const struct lake_id held[] = {{.offset = 0}, {.offset = 1}, {.offset = 3}};
    struct lake_export export = {.dataset = STR("windows_sysmon"),
                                 .first = INT64_MIN,
                                 .last = TEST_DAY + 2 * TIME_DAY_US,
                                 .scope = {.agencies = &agency, .n = 1}};
    struct lake_removed removed;
    struct err err = {0};
    uint64_t offsets = 0;
    fill_days();
    assert_int_equal(ops->export_proofs(lake, &export, take_excerpt, &offsets, &err), 0);
    assert_int_equal(offsets, 1 << 0 | 1 << 3 | 1 << 6 | 1 << 9 | 1 << 12 | 1 << 15 | 1 << 18);

    hold("case-7", held, 3, 3);
    const struct lake_part gone = {.day = STR("2026-11-22")};
    assert_int_equal(ops->drop(lake, &gone, NULL, &removed, &err), 0);
    offsets = 0;
    assert_int_equal(ops->export_proofs(lake, &export, take_excerpt, &offsets, &err), 0);
    assert_int_equal(offsets, 1 << 0 | 1 << 3 | 1 << 12 | 1 << 15 | 1 << 18);
    export.scope = TEST_ALL;
    offsets = 0;
    assert_int_equal(ops->export_proofs(lake, &export, take_excerpt, &offsets, &err), 0);
    assert_int_equal(offsets, 1 << 0 | 1 << 1 | 1 << 3 | 0x3ff << 10);
    export.dataset = STR("nothing");
    assert_int_equal(ops->export_proofs(lake, &export, take_excerpt, NULL, &err), 0);
}

int lake_keeping_conformance(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_event_is_in_a_block),
        TEST(an_event_is_handed_out_with_its_proof),
        TEST(what_is_dropped_is_gone_and_the_rest_proves_itself),
        TEST(a_query_finishes_with_what_there_was_when_it_began),
        TEST(a_day_that_goes_while_it_is_read_can_come_back),
        TEST(retention_takes_what_is_old_by_agency),
        TEST(times_far_from_their_arrival_are_as_old_as_that),
        TEST(retention_by_size_takes_the_oldest_day),
        TEST(held_events_stay_and_prove_themselves),
        TEST(holds_are_listed_and_take_only_what_is_there),
        TEST(a_hold_may_be_large),
        TEST(an_export_ends_when_it_is_cancelled),
        TEST(fields_that_differ_in_case_come_back_as_they_were),
        TEST(what_is_exported_comes_back_and_proves_itself),
        TEST(what_is_exported_has_proofs_of_just_its_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
