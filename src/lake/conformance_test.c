/* What every engine behind lake.h promises, told to its functions only. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/buf.h"
#include "lake/fixture_test.h"

static void put_cells(uint64_t offset, const struct lake_cell *cells, uint32_t n)
{
    struct lake_cell unused[2];
    struct lake_row row = test_row(offset, TEST_DAY, unused);
    row.cells = cells;
    row.n_cells = n;
    put(&row);
}

static void a_committed_event_is_found_with_all_it_came_with(void **state)
{
    (void)state;
    struct lake_cell cells[] = {
        test_cell("Image", LAKE_TEXT, "C:\\cmd.exe"), test_cell("EventID", LAKE_INTEGER, "1"),
        test_cell("Score", LAKE_DOUBLE, "2.5"), test_cell("Signed", LAKE_BOOLEAN, "true"),
        test_cell("Gone", LAKE_NULL, "")};
    struct lake_row row = test_row(7, TEST_DAY, cells);
    cells[0] = test_cell("Image", LAKE_TEXT, "C:\\cmd.exe");
    cells[1] = test_cell("EventID", LAKE_INTEGER, "1");
    row.id = (struct lake_id){3, 1042, 2};
    row.n_cells = 5;
    put(&row);
    test_commit(ops, lake, 3, 1043);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(ASK("SELECT _time, _id, _key, _part, _received, _agency, _source, "
                                "_dataset, _format, _raw, _extra FROM t"),
                            "2026-11-22T00:00:00Z|3.1042.2|844424930133010|2|2026-11-22T00:00:01Z|"
                            "MOH|dc01|windows_sysmon|json|{\"EventID\":1}|NULL");
        assert_string_equal(ASK("SELECT Image, EventID + 1, Score, NOT Signed FROM t"),
                            "C:\\cmd.exe|2|2.5|false");
        reopen();
    }
}

static void what_is_not_committed_is_not_there(void **state)
{
    (void)state;
    struct lake_cell cells[2];
    struct lake_row row = test_row(0, TEST_DAY, cells);
    uint64_t next;
    put(&row);
    assert_string_equal(ASK("SELECT count(*) FROM t"), "0");
    assert_int_equal(ops->progress(lake, 0, &next), -ENOENT);
    reopen();
    assert_string_equal(ASK("SELECT count(*) FROM t"), "0");
    assert_int_equal(ops->progress(lake, 0, &next), -ENOENT);
}

static void what_is_put_again_is_there_once(void **state)
{
    (void)state;
    uint64_t next;
    test_fill(ops, lake, 0, 10, TEST_DAY - 5 * TIME_SECOND_US); /* two days */
    for (int again = 0; again < 2; again++) {
        struct lake_stats stats;
        test_fill(ops, lake, 0, 12 + (uint32_t)again, TEST_DAY - 5 * TIME_SECOND_US);
        assert_int_equal(ops->progress(lake, 0, &next), 0);
        assert_int_equal(next, 12 + again);
        assert_string_equal(ASK("SELECT count(*) = max(_key) + 1, count(DISTINCT _key) = count(*) "
                                "FROM t"),
                            "true|true");
        ops->stats(lake, &stats);
        assert_int_equal(stats.repeated, again ? 12 : 10);
        reopen();
    }
    test_fill(ops, lake, 13, 1, TEST_DAY);
    assert_string_equal(ASK("SELECT count(*) FROM t"), "14");
}

static void events_of_a_commit_that_progress_does_not_pass_are_refused(void **state)
{
    (void)state;
    struct lake_cell cells[2];
    struct lake_row row = test_row(5, TEST_DAY, cells);
    struct err err = {0};
    put(&row);
    assert_int_equal(ops->commit(lake, &(struct lake_progress){0, 5}, 1, &err), -EINVAL);
    put(&row);
    assert_int_equal(ops->commit(lake, &(struct lake_progress){1, 6}, 1, &err), -EINVAL);
    put(&row);
    row.id.offset = 4;
    assert_int_equal(ops->put(lake, &row), -EINVAL); /* before the one before */
    test_commit(ops, lake, 0, 6);
    assert_string_equal(ASK("SELECT _id FROM t"), "0.5");
}

static void a_bad_row_is_refused(void **state)
{
    (void)state;
    static const struct str bad[] = {{"", 0}, {"_blocks", 7}, {"Upper", 5}, {"\xff", 1}};
    struct lake_cell cells[2];
    struct lake_row good = test_row(5, TEST_DAY, cells), row;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        row = good;
        row.dataset = bad[i];
        assert_int_equal(ops->put(lake, &row), -EINVAL);
    }
    row = good;
    row.id.offset = LAKE_OFFSET_MAX + 1;
    assert_int_equal(ops->put(lake, &row), -EINVAL);
    row = good;
    row.id.partition = LAKE_PARTITIONS_MAX;
    assert_int_equal(ops->put(lake, &row), -EINVAL);
    put(&good);
}

static void progress_without_events_is_kept(void **state)
{
    (void)state;
    uint64_t next;
    test_commit(ops, lake, 7, 99);
    reopen();
    assert_int_equal(ops->progress(lake, 7, &next), 0);
    assert_int_equal(next, 99);
}

static void fields_that_differ_in_case_have_columns_of_their_own(void **state)
{
    (void)state;
    struct lake_cell cells[] = {
        test_cell("image", LAKE_TEXT, "a"), test_cell("Image", LAKE_TEXT, "b"),
        test_cell("_RAW", LAKE_TEXT, "c"), test_cell("say \"hi\"", LAKE_TEXT, "d"),
        test_cell("id.orig_h", LAKE_TEXT, "e")};
    put_cells(0, cells, 5);
    test_commit(ops, lake, 0, 1);
    for (int again = 0; again < 2; again++) {
        struct buf columns = {0};
        assert_int_equal(ops->columns(lake, STR("windows_sysmon"), &TEST_ALL, add_column, &columns),
                         0);
        assert_str(buf_str(&columns), "image=image:4 Image=Image_2:4 _RAW=_RAW_2:4 "
                                      "say \"hi\"=say \"hi\":4 id.orig_h=id.orig_h:4 ");
        buf_free(&columns);
        assert_string_equal(
            ASK("SELECT image, Image_2, _RAW_2, \"say \"\"hi\"\"\", \"id.orig_h\" FROM t"),
            "a|b|c|d|e");
        reopen();
    }
    assert_int_equal(ops->columns(lake, STR("no_such"), &TEST_ALL, add_column, NULL), -ENOENT);
}

static void values_that_fit_no_column_are_kept_beside(void **state)
{
    (void)state;
    struct lake_cell first[] = {test_cell("Pid", LAKE_INTEGER, "7"),
                                test_cell("Hex", LAKE_INTEGER, "0x1f")};
    struct lake_cell second[] = {
        test_cell("Pid", LAKE_INTEGER, "0x8"), test_cell("Pid", LAKE_INTEGER, "9"),
        test_cell("Hex", LAKE_INTEGER, "12"), test_cell("", LAKE_TEXT, "x\"y")};
    put_cells(0, first, 2);
    put_cells(1, second, 4);
    test_commit(ops, lake, 0, 2);
    assert_string_equal(ASK("SELECT Pid, Hex, _extra FROM t ORDER BY _key"),
                        "7|0x1f|NULL\n9|12|{\"Pid\":\"0x8\",\"\":\"x\\\"y\"}");
}

static void lists_become_json_and_mark_their_column(void **state)
{
    (void)state;
    struct lake_cell cells[] = {
        test_cell("Tags", LAKE_TEXT, "a \"b\""), test_cell("Tags", LAKE_INTEGER, "7"),
        test_cell("Tags", LAKE_NULL, ""), test_cell("Empty", LAKE_JSON, "[]"),
        test_cell("Plain", LAKE_TEXT, "x")};
    for (size_t i = 0; i < 3; i++)
        cells[i].list = true;
    put_cells(0, cells, 5);
    test_commit(ops, lake, 0, 1);
    reopen();
    struct buf columns = {0};
    assert_int_equal(ops->columns(lake, STR("windows_sysmon"), &TEST_ALL, add_column, &columns), 0);
    assert_str(buf_str(&columns), "Tags=Tags:4* Empty=Empty:4* Plain=Plain:4 ");
    buf_free(&columns);
    assert_string_equal(ASK("SELECT Tags, Empty, Tags->>0 FROM t"),
                        "[\"a \\\"b\\\"\",7,null]|[]|a \"b\"");
}

static void fields_beyond_the_limit_are_kept_beside(void **state)
{
    (void)state;
    static struct lake_cell cells[LAKE_COLUMNS_MAX + 3];
    static char names[LAKE_COLUMNS_MAX + 3][16];
    char wanted[64];
    for (size_t i = 0; i < LAKE_COLUMNS_MAX + 3; i++) {
        snprintf(names[i], sizeof(names[i]), "f%zu", i);
        cells[i] = test_cell(names[i], LAKE_TEXT, "v");
        cells[i].field = (uint32_t)i + 1;
    }
    put_cells(0, cells, LAKE_COLUMNS_MAX + 3);
    test_commit(ops, lake, 0, 1);
    assert_string_equal(ASK("SELECT f0 || f511 FROM t"), "vv");
    snprintf(wanted, sizeof(wanted), "{\"f%d\":\"v\",\"f%d\":\"v\",\"f%d\":\"v\"}",
             LAKE_COLUMNS_MAX, LAKE_COLUMNS_MAX + 1, LAKE_COLUMNS_MAX + 2);
    assert_string_equal(ASK("SELECT _extra FROM t"), wanted);
}

static void a_field_number_may_come_to_mean_another_name(void **state)
{
    (void)state;
    struct lake_cell cells[] = {test_cell("a", LAKE_TEXT, "1"), test_cell("b", LAKE_TEXT, "2")};
    cells[0].field = 10;
    cells[1].field = 11;
    put_cells(0, cells, 2);
    cells[0].field = 11;
    cells[1].field = 10;
    put_cells(1, cells, 2);
    test_commit(ops, lake, 0, 2);
    assert_string_equal(ASK("SELECT a, b FROM t"), "1|2\n1|2");
}

static void columns_come_with_later_events(void **state)
{
    (void)state;
    test_fill(ops, lake, 0, 3, TEST_DAY);
    struct lake_cell late = test_cell("Late", LAKE_INTEGER, "5");
    put_cells(3, &late, 1);
    test_commit(ops, lake, 0, 4);
    test_fill(ops, lake, 4, 1, TEST_DAY - TIME_DAY_US);
    assert_string_equal(ASK("SELECT Late, Image IS NULL FROM t WHERE _key >= 2 ORDER BY _key"),
                        "NULL|false\n5|true\nNULL|false");
}

static void a_source_without_a_field_has_it_empty(void **state)
{
    (void)state;
    static const struct str wanted[] = {{"Image", 5}, {"Nowhere", 7}};
    test_fill(ops, lake, 0, 1, TEST_DAY);
    struct lake_source sources[] = {test_source, test_source};
    sources[0].columns = wanted;
    sources[0].n_columns = 2;
    sources[1] = sources[0];
    sources[1].name = STR("none");
    sources[1].dataset = STR("no_such");
    struct lake_query query = test_query("SELECT Image, Nowhere FROM t UNION ALL SELECT Image, "
                                         "Nowhere FROM none");
    query.sources = sources;
    query.n_sources = 2;
    assert_string_equal(test_ask_query(ops, lake, &query), "C:\\Windows\\System32\\cmd.exe|NULL");
    query.sql = STR("SELECT EventID FROM t");
    const char *message;
    assert_int_equal(test_ask_fails(ops, lake, &query, &message), -EINVAL);
}

static void a_source_has_the_rows_of_its_time(void **state)
{
    (void)state;
    test_fill(ops, lake, 0, 6, TEST_DAY - 3 * TIME_SECOND_US);
    test_fill(ops, lake, 6, 1, TEST_DAY - 40 * TIME_DAY_US);
    struct lake_source source = test_source;
    struct lake_query query =
        test_query("SELECT string_agg(_key::VARCHAR, ',' ORDER BY _key) FROM t");
    query.sources = &source;
    static const struct {
        int64_t first, last;
        const char *keys;
    } rows[] = {
        {INT64_MIN, INT64_MAX, "0,1,2,3,4,5,6"},
        {TEST_DAY, INT64_MAX, "3,4,5"},
        {INT64_MIN, TEST_DAY, "0,1,2,6"},
        {TEST_DAY - TIME_SECOND_US, TEST_DAY + TIME_SECOND_US, "2,3"},
        {TEST_DAY - 50 * TIME_DAY_US, TEST_DAY - 30 * TIME_DAY_US, "6"},
        {TEST_DAY + TIME_DAY_US, INT64_MAX, "NULL"},
    };
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            source.first = rows[i].first;
            source.last = rows[i].last;
            assert_string_equal(test_ask_query(ops, lake, &query), rows[i].keys);
        }
        reopen();
    }
}

static int count_days(void *context, const struct lake_share *share)
{
    buf_printf(context, "%.*s:%d ", STR_ARG(share->day), (int)share->rows);
    return 0;
}

static void times_far_from_their_arrival_share_a_day(void **state)
{
    (void)state;
    static const int64_t days[] = {-500, -399, 0, 1, 3, 20000};
    struct lake_cell cells[2];
    for (uint64_t i = 0; i < 6; i++) {
        struct lake_row row = test_row(i, TEST_DAY + days[i] * TIME_DAY_US, cells);
        row.received = TEST_DAY;
        put(&row);
    }
    struct lake_row undated = test_row(6, TIME_UNSET, cells);
    undated.received = TEST_DAY;
    put(&undated);
    test_commit(ops, lake, 0, 7);
    struct buf found = {0};
    assert_int_equal(ops->shares(lake, &(struct lake_part){0}, count_days, &found), 0);
    assert_str(buf_str(&found), "other:3 2025-10-19:1 2026-11-22:2 2026-11-23:1 ");
    buf_free(&found);
    assert_string_equal(ASK("SELECT count(*), count(DISTINCT _time) FROM t"), "7|6");
}

static void values_are_bound_by_number(void **state)
{
    (void)state;
    struct lake_value values[] = {{.kind = LAKE_INTEGER, .integer = INT64_MIN},
                                  {.kind = LAKE_DOUBLE, .number = 0.5},
                                  {.kind = LAKE_TEXT, .text = STR("it's \0 all")},
                                  {.kind = LAKE_TIME, .integer = TEST_DAY},
                                  {.kind = LAKE_BOOLEAN, .integer = 1},
                                  {.kind = LAKE_NULL}};
    struct lake_query query = test_query("SELECT $1, $2, length($3), $4, $5, $6 IS NULL");
    query.values = values;
    query.n_values = 6;
    assert_string_equal(test_ask_query(ops, lake, &query),
                        "-9223372036854775808|0.5|10|2026-11-22T00:00:00Z|true|true");
    const char *message;
    query.n_values = 5;
    assert_int_equal(test_ask_fails(ops, lake, &query, &message), -EINVAL);
}

static void a_result_has_many_chunks(void **state)
{
    (void)state;
    test_fill(ops, lake, 0, 10000, TEST_DAY);
    struct lake_query query = test_query("SELECT _key, Image FROM t ORDER BY _key");
    struct lake_run *run;
    struct lake_chunk chunk;
    struct err err = {0};
    assert_int_equal(ops->ask(lake, &query, &run, &err), 0);
    int64_t wanted = 0;
    while (ops->next(run, &chunk, &err) == 1) {
        assert_in_range(chunk.n_rows, 1, LAKE_CHUNK_ROWS);
        for (uint32_t i = 0; i < chunk.n_rows; i++)
            assert_int_equal(chunk.columns[0].integers[i], wanted++);
    }
    assert_int_equal(wanted, 10000);
    size_t n;
    const struct lake_result_column *columns = ops->result(run, &n);
    assert_int_equal(n, 2);
    assert_str(columns[1].name, "Image");
    assert_int_equal(columns[1].kind, LAKE_TEXT);
    ops->done(run);
}

static void a_result_is_cut_at_its_limits(void **state)
{
    (void)state;
    test_fill(ops, lake, 0, 5000, TEST_DAY);
    static const struct {
        struct lake_limits limits;
        uint64_t rows;
        bool cut;
    } cases[] = {{{.rows = 1}, 1, true},        {{.rows = 3000}, 3000, true},
                 {{.rows = 5000}, 5000, false}, {{.rows = 9000}, 5000, false},
                 {{.bytes = 80}, 10, true},     {{.bytes = 40000}, 5000, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lake_query query = test_query("SELECT _key FROM t");
        struct lake_run *run;
        struct lake_chunk chunk;
        struct lake_run_stats stats;
        struct err err = {0};
        query.limits = cases[i].limits;
        assert_int_equal(ops->ask(lake, &query, &run, &err), 0);
        uint64_t rows = 0;
        while (ops->next(run, &chunk, &err) == 1)
            rows += chunk.n_rows;
        ops->run_stats(run, &stats);
        assert_int_equal(rows, cases[i].rows);
        assert_int_equal(stats.rows, cases[i].rows);
        assert_int_equal(stats.cut, cases[i].cut);
        ops->done(run);
    }
}

#define ENDLESS                                                                                    \
    "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range % 7 = " \
    "8"

static void a_query_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct lake_query query = test_query(ENDLESS);
    const char *message;
    query.limits.time_us = 50000;
    assert_int_equal(test_ask_fails(ops, lake, &query, &message), -ETIME);
    assert_string_equal(ASK("SELECT 1"), "1");
}

static void *cancel_soon(void *run)
{
    /* Until it is at work, so that the middle of a query is cancelled, not its beginning. */
    struct lake_run_stats stats;
    do
        ops->run_stats(run, &stats);
    while (stats.time_us < 20000);
    ops->cancel(run);
    return NULL;
}

static void a_query_that_takes_too_much_memory_ends_alone(void **state)
{
    (void)state;
    struct lake_query
        small = test_query("SELECT count(*) FROM t"),
        large = test_query(
            "SELECT length(list(x)::VARCHAR) FROM (SELECT repeat('x', 100) || i AS x FROM "
            "range(100000000) r(i))");
    struct lake_stats stats;
    const char *message;
    test_fill(ops, lake, 0, 5000, TEST_DAY);
    large.limits.memory = 64 << 20;
    small.limits.memory = 64 << 20;
    assert_int_equal(test_ask_fails(ops, lake, &large, &message), -ENOMEM);
    assert_string_equal(message, "the query needs more than the 64 MiB of memory that it may have");
    assert_string_equal(test_ask_query(ops, lake, &small), "5000");
    ops->stats(lake, &stats);
    assert_int_equal(stats.runs_large, 1);
}

static void a_cancelled_query_ends(void **state)
{
    (void)state;
    struct lake_query query = test_query(ENDLESS);
    struct lake_chunk chunk;
    struct err err = {0};
    for (int early = 0; early < 2; early++) {
        struct lake_run *run;
        pthread_t thread;
        assert_int_equal(ops->ask(lake, &query, &run, &err), 0);
        if (early)
            ops->cancel(run);
        else
            assert_int_equal(pthread_create(&thread, NULL, cancel_soon, run), 0);
        assert_int_equal(ops->next(run, &chunk, &err), -ECANCELED);
        if (!early)
            pthread_join(thread, NULL);
        ops->done(run);
    }
}

static void double_it(struct lake_call *call)
{
    for (uint32_t i = 0; i < call->n_rows; i++)
        call->integers[i] = 2 * call->arguments[0].integers[i];
}

static void join_texts(struct lake_call *call)
{
    for (uint32_t i = 0; i < call->n_rows; i++) {
        struct buf text = {0};
        for (uint32_t k = 0; k < call->n_arguments; k++) {
            if (lake_is_null(&call->arguments[k], i))
                buf_add_c(&text, "?");
            else
                buf_add_str(&text, call->arguments[k].texts[i]);
            buf_add_str(&text, str_from_c(call->context));
        }
        if (text.len > 40)
            call->put_null(call, i);
        else
            call->put_text(call, i, buf_str(&text));
        buf_free(&text);
    }
}

static void refuse_it(struct lake_call *call)
{
    if (call->n_rows > 0)
        call->refuse(call, "this is not to be");
}

static void functions_in_c_are_called(void **state)
{
    (void)state;
    static char separator[] = ";";
    static const struct lake_function functions[] = {
        {.name = "jaga_double",
         .result = LAKE_INTEGER,
         .parameters = {LAKE_INTEGER},
         .call = double_it},
        {.name = "jaga_join",
         .result = LAKE_TEXT,
         .parameters = {LAKE_TEXT},
         .variadic = true,
         .takes_nulls = true,
         .call = join_texts,
         .context = separator},
        {.name = "jaga_refuse",
         .result = LAKE_BOOLEAN,
         .parameters = {LAKE_TEXT},
         .call = refuse_it},
    };
    struct err err = {0};
    test_fill(ops, lake, 0, 5000, TEST_DAY);
    assert_int_equal(ops->functions(lake, functions, 3, &err), 0);
    assert_string_equal(ASK("SELECT sum(jaga_double(EventID)) / 2 = sum(EventID) FROM t"), "true");
    assert_string_equal(ASK("SELECT jaga_double(x), jaga_join(x::VARCHAR, 'a longer text, of "
                            "more') FROM (VALUES (1), (NULL)) v(x)"),
                        "2|1;a longer text, of more;\nNULL|?;a longer text, of more;");
    assert_string_equal(ASK("SELECT jaga_join(repeat('x', 60))"), "NULL");
    struct lake_query query = test_query("SELECT jaga_refuse(Image) FROM t");
    const char *message;
    assert_int_equal(test_ask_fails(ops, lake, &query, &message), -EINVAL);
    assert_non_null(strstr(message, "this is not to be"));
}

static void a_commit_does_not_wait_for_a_query_nor_show_in_it(void **state)
{
    (void)state;
    test_fill(ops, lake, 0, 5000, TEST_DAY);
    struct lake_query query = test_query("SELECT _key FROM t");
    struct lake_run *run;
    struct lake_chunk chunk;
    struct err err = {0};
    assert_int_equal(ops->ask(lake, &query, &run, &err), 0);
    assert_int_equal(ops->next(run, &chunk, &err), 1);
    uint64_t rows = chunk.n_rows;
    test_fill(ops, lake, 5000, 5000, TEST_DAY);
    assert_string_equal(ASK("SELECT count(*) FROM t"), "10000");
    while (ops->next(run, &chunk, &err) == 1)
        rows += chunk.n_rows;
    assert_int_equal(rows, 5000);
    ops->done(run);
    assert_int_equal(ops->settle(lake, &err), 0);
    assert_string_equal(ASK("SELECT count(*) FROM t"), "10000");
}

static void bytes_that_are_no_text_are_replaced_in_it(void **state)
{
    (void)state;
    struct lake_cell cells[2];
    struct lake_row row = test_row(0, TEST_DAY, cells);
    row.raw = STR("a\xff\0b");
    cells[0].text = STR("\xc3(");
    put(&row);
    test_commit(ops, lake, 0, 1);
    assert_string_equal(ASK("SELECT length(_raw), _raw = 'a' || chr(65533) || chr(0) || 'b', Image "
                            "FROM t"),
                        "4|true|\xef\xbf\xbd(");
}

static void a_second_owner_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(ops->open(place, &(struct lake_options){0}, &err));
    assert_int_equal(err.code, -EBUSY);
}

static void the_plan_of_a_query_is_shown(void **state)
{
    (void)state;
    struct buf text = {0};
    struct err err = {0};
    struct lake_query query = test_query("SELECT count(*) FROM t WHERE EventID = 1");
    test_fill(ops, lake, 0, 5, TEST_DAY);
    assert_int_equal(ops->explain(lake, &query, &text, &err), 0);
    assert_true(str_find(buf_str(&text), STR("EventID")) != SIZE_MAX);
    query.scope.all = false;
    assert_int_equal(ops->explain(lake, &query, &text, &err), -EACCES);
    buf_free(&text);
}

int lake_conformance(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_committed_event_is_found_with_all_it_came_with),
        TEST(what_is_not_committed_is_not_there),
        TEST(what_is_put_again_is_there_once),
        TEST(events_of_a_commit_that_progress_does_not_pass_are_refused),
        TEST(a_bad_row_is_refused),
        TEST(progress_without_events_is_kept),
        TEST(fields_that_differ_in_case_have_columns_of_their_own),
        TEST(values_that_fit_no_column_are_kept_beside),
        TEST(lists_become_json_and_mark_their_column),
        TEST(fields_beyond_the_limit_are_kept_beside),
        TEST(a_field_number_may_come_to_mean_another_name),
        TEST(columns_come_with_later_events),
        TEST(a_source_without_a_field_has_it_empty),
        TEST(a_source_has_the_rows_of_its_time),
        TEST(times_far_from_their_arrival_share_a_day),
        TEST(values_are_bound_by_number),
        TEST(a_result_has_many_chunks),
        TEST(a_result_is_cut_at_its_limits),
        TEST(a_query_ends_when_its_time_is_over),
        TEST(a_query_that_takes_too_much_memory_ends_alone),
        TEST(a_cancelled_query_ends),
        TEST(functions_in_c_are_called),
        TEST(a_commit_does_not_wait_for_a_query_nor_show_in_it),
        TEST(bytes_that_are_no_text_are_replaced_in_it),
        TEST(a_second_owner_is_refused),
        TEST(the_plan_of_a_query_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
