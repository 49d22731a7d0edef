/* What every engine behind lake.h promises of who sees what, told to its functions only. */
#include <errno.h>

#include "base/buf.h"
#include "lake/fixture_test.h"

static void a_caller_sees_rows_of_its_agencies_only(void **state)
{
    (void)state;
    static const struct str agencies[] = {{"MOH", 3}, {"O'MALLEY", 8}};
    struct lake_cell cells[2];
    static const struct str owners[] = {{"MOH", 3}, {"MOF", 3}, {"O'MALLEY", 8}};
    for (uint64_t i = 0; i < 9; i++) {
        struct lake_row row = test_row(i, TEST_DAY, cells);
        row.agency = owners[i % 3];
        put(&row);
    }
    test_commit(ops, lake, 0, 9);
    struct lake_query query = test_query("SELECT DISTINCT _agency FROM t ORDER BY 1");
    query.scope = (struct lake_scope){.agencies = agencies, .n = 2};
    assert_string_equal(test_ask_query(ops, lake, &query), "MOH\nO'MALLEY");
    query.scope.n = 1;
    assert_string_equal(test_ask_query(ops, lake, &query), "MOH");
    query.scope.n = 0;
    assert_string_equal(test_ask_query(ops, lake, &query), "");
    query.scope.all = true;
    assert_string_equal(test_ask_query(ops, lake, &query), "MOF\nMOH\nO'MALLEY");
}

/* A failure names the value that it failed on: none of another agency may get that far. */
static void errors_tell_nothing_of_other_agencies(void **state)
{
    (void)state;
    static const struct str scopes[][2] = {{{"MOH", 3}, {"MOH", 3}}, {{"MOH", 3}, {"MOE", 3}}};
    static const struct str owners[] = {{"MOH", 3}, {"MOF", 3}, {"MOE", 3}};
    static const char *const questions[] = {
        "SELECT count(*) FROM t WHERE Image::INTEGER = 1",
        "SELECT count(*) FROM t WHERE 1 // (Image::INTEGER + 1) = 1 AND EventID > 0",
        "SELECT sum(Image::INTEGER) FROM t",
        "SELECT count(*) FROM t a JOIN t b ON a.Image::INTEGER = b._key",
        "SELECT count(*) FROM t WHERE CASE WHEN Image = 'SECRET' THEN error(Image) ELSE true END",
        "SELECT Image::INTEGER AS n, count(*) FROM t GROUP BY n HAVING n = 1",
    };
    struct lake_cell cells[2];
    for (uint64_t i = 0; i < 9000; i++) {
        struct lake_row row = test_row(i, TEST_DAY, cells);
        row.agency = owners[i % 3];
        cells[0].text = i % 3 == 1 ? STR("SECRET") : STR("1");
        put(&row);
    }
    test_commit(ops, lake, 0, 9000);
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < 2 * sizeof(questions) / sizeof(questions[0]); i++) {
            struct lake_query query = test_query(questions[i / 2]);
            const char *message;
            query.scope = (struct lake_scope){.agencies = scopes[i % 2], .n = 1 + i % 2};
            if (test_ask_fails(ops, lake, &query, &message) < 0)
                fail_msg("%s: %s", questions[i / 2], message);
        }
        reopen();
    }
}

/* Names of fields tell as much as values do. */
static void a_caller_is_shown_fields_of_its_agencies_only(void **state)
{
    (void)state;
    static const struct str agencies[] = {{"MOH", 3}, {"MOF", 3}};
    struct lake_cell cells[2];
    struct lake_row row = test_row(0, TEST_DAY, cells);
    cells[0].name = STR("Secret");
    row.agency = STR("MOF");
    put(&row);
    row = test_row(1, TEST_DAY, cells);
    put(&row);
    row = test_row(2, TEST_DAY, cells);
    row.dataset = STR("theirs");
    row.n_cells = 0;
    row.agency = STR("MOF");
    put(&row);
    test_commit(ops, lake, 0, 3);
    for (int again = 0; again < 2; again++) {
        struct lake_query query = test_query("SELECT * EXCLUDE (_received) FROM t LIMIT 0");
        struct buf text = {0};
        const char *message;
        query.scope = (struct lake_scope){.agencies = agencies, .n = 1};
        assert_int_equal(ops->columns(lake, STR("windows_sysmon"), &query.scope, add_column, &text),
                         0);
        assert_str(buf_str(&text), "Image=Image:4 EventID=EventID:2 ");
        assert_int_equal(ops->columns(lake, STR("theirs"), &query.scope, add_column, NULL),
                         -ENOENT);
        query.sql = STR("SELECT Secret FROM t");
        assert_int_equal(test_ask_fails(ops, lake, &query, &message), -EINVAL);
        query.sql = STR("SELECT string_agg(Image) FROM t");
        assert_string_equal(test_ask_query(ops, lake, &query), "C:\\Windows\\explorer.exe");
        query.scope.n = 2;
        buf_clear(&text);
        assert_int_equal(ops->columns(lake, STR("windows_sysmon"), &query.scope, add_column, &text),
                         0);
        assert_str(buf_str(&text), "Image=Image:4 EventID=EventID:2 Secret=Secret:4 ");
        assert_int_equal(ops->columns(lake, STR("theirs"), &query.scope, add_column, NULL), 0);
        buf_free(&text);
        reopen();
    }
}

static void refuse_secrets(struct lake_call *call)
{
    for (uint32_t i = 0; i < call->n_rows; i++) {
        if (str_eq(call->arguments[0].texts[i], STR("SECRET")))
            call->refuse(call, "a secret was seen");
        ((bool *)call->data)[i] = true;
    }
}

/* A function sees no value of another agency, wherever the engine would like to call it. */
static void functions_see_nothing_of_other_agencies(void **state)
{
    (void)state;
    static const struct lake_function function = {
        .name = "jaga_look",
        .result = LAKE_BOOLEAN,
        .parameters = {LAKE_TEXT},
        .call = refuse_secrets,
    };
    static const struct str scopes[][2] = {{{"MOH", 3}, {"MOH", 3}}, {{"MOH", 3}, {"MOE", 3}}};
    static const struct str owners[] = {{"MOH", 3}, {"MOF", 3}, {"MOE", 3}};
    static const char *const questions[] = {
        "SELECT count(*) FROM t WHERE jaga_look(Image)",
        "SELECT count(*) FROM t WHERE jaga_look(Image) OR EventID = 1",
        "SELECT count(*) FROM t a JOIN t b ON a._key = b._key AND jaga_look(b.Image)",
        "SELECT count(*) FROM t a LEFT JOIN (FROM t WHERE jaga_look(Image)) b USING (_key)",
    };
    struct lake_cell cells[2];
    struct err err = {0};
    for (uint64_t i = 0; i < 9000; i++) {
        struct lake_row row = test_row(i, TEST_DAY, cells);
        row.agency = owners[i % 3];
        cells[0].text = i % 3 == 1 ? STR("SECRET") : STR("1");
        put(&row);
    }
    test_commit(ops, lake, 0, 9000);
    assert_int_equal(ops->functions(lake, &function, 1, &err), 0);
    for (size_t i = 0; i < 2 * sizeof(questions) / sizeof(questions[0]); i++) {
        struct lake_query query = test_query(questions[i / 2]);
        const char *message;
        query.scope = (struct lake_scope){.agencies = scopes[i % 2], .n = 1 + i % 2};
        if (test_ask_fails(ops, lake, &query, &message) < 0)
            fail_msg("%s: %s", questions[i / 2], message);
    }
}

/* What can't fail is below the functions, too: those see none of the rows that it leaves out, of whatever agency. */
static void a_source_leaves_out_rows_before_anything_may_fail(void **state)
{
    (void)state;
    static const struct lake_function function = {
        .name = "jaga_look",
        .result = LAKE_BOOLEAN,
        .parameters = {LAKE_TEXT},
        .call = refuse_secrets,
    };
    static const struct str agencies[] = {{"MOH", 3}, {"MOE", 3}};
    static const struct str owners[] = {{"MOH", 3}, {"MOF", 3}, {"MOE", 3}};
    struct lake_cell cells[2];
    struct err err = {0};
    for (uint64_t i = 0; i < 9000; i++) {
        struct lake_row row = test_row(i, TEST_DAY + (int64_t)(i / 5000) * TIME_DAY_US, cells);
        row.agency = owners[i % 3];
        cells[0].text = i % 3 == 1 || i % 2 ? STR("SECRET") : STR("1");
        cells[1].text = i % 3 == 1 || i % 2 == 0 ? STR("7") : STR("8");
        put(&row);
    }
    test_commit(ops, lake, 0, 9000);
    assert_int_equal(ops->functions(lake, &function, 1, &err), 0);
    for (size_t n = 1; n <= 2; n++) {
        struct lake_source source = test_source;
        struct lake_query query = test_query("SELECT count(*) FROM t WHERE jaga_look(Image)");
        const char *message;
        query.sources = &source;
        query.scope = (struct lake_scope){.agencies = agencies, .n = n};
        assert_true(test_ask_fails(ops, lake, &query, &message) < 0);
        source.where = STR("\"EventID\" = 7");
        assert_string_equal(test_ask_query(ops, lake, &query), n == 1 ? "1500" : "3000");
        source.where = STR("\"EventID\" = 7 OR true"); /* it stands by itself */
        query.sql = STR("SELECT count(*), count(DISTINCT _agency) FROM t");
        assert_string_equal(test_ask_query(ops, lake, &query), n == 1 ? "3000|1" : "6000|2");
    }
}

static void what_a_person_may_not_ask_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"2026-11-22\".windows_sysmon",
        "SELECT * FROM \"2026-11-22\".main.windows_sysmon",
        "SELECT * FROM lake.shares",
        "SELECT * FROM duckdb_tables()",
        "SELECT * FROM duckdb_tables",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('t')",
        "SELECT * FROM (SHOW TABLES)",
        "SELECT * FROM (DESCRIBE t)",
        "SELECT * FROM (SUMMARIZE t)",
        "SELECT * FROM windows_sysmon",
        "SELECT (SELECT count(*) FROM duckdb_settings())",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM duckdb_tables)",
        "SELECT 1 ORDER BY (SELECT 1 FROM duckdb_views)",
        "WITH duckdb_tables AS (SELECT * FROM duckdb_tables) SELECT * FROM duckdb_tables",
        "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a",
        "SELECT * FROM (WITH sqlite_master AS (SELECT 1) SELECT 1), sqlite_master",
        "SELECT * FROM t, LATERAL (SELECT * FROM duckdb_columns)",
        "SELECT current_setting('temp_directory')",
        "SELECT pg_sleep(1)",
        "SELECT version()",
        "SELECT current_database()",
        "SELECT has_table_privilege('t', 'SELECT')",
        "SELECT __internal_decompress_string(1::UTINYINT)",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('t')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM sniff_csv('x')",
        "SELECT * FROM duckdb_temporary_files()",
        "SELECT * FROM histogram_values(t, Image)",
        "SUMMARIZE t",
        "DESCRIBE t",
        "SHOW TABLES",
        "FROM (SUMMARIZE t)",
        "FROM (DESCRIBE t)",
        "SELECT * FROM information_schema.columns",
        "SELECT * FROM pg_catalog.pg_class",
        "SELECT rowid FROM lake.shares",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "CREATE MACRO m() AS 1",
        "SET VARIABLE v = 1",
        "RESET threads",
        "USE lake",
        "VACUUM",
        "CHECKPOINT",
        "LOAD json",
        "EXPORT DATABASE 'x'",
        "SELECT stats(_agency) FROM t",
        "SELECT * FROM json_execute_serialized_sql('{}')",
        "PIVOT duckdb_tables ON schema_name",
        "SELECT 1; SELECT 2",
        "DELETE FROM t",
        "INSERT INTO t VALUES (1)",
        "CREATE TABLE x AS SELECT 1",
        "COPY (SELECT 1) TO '/tmp/x'",
        "ATTACH '/tmp/x'",
        "SET threads = 1",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "EXPLAIN ANALYZE SELECT 1",
        "INSTALL httpfs",
        "not SQL",
        ""};
    static const char *const allowed[] = {
        "SELECT count(*) FROM t",
        "SELECT 1 FROM T a JOIN t b USING (_key) LIMIT 1",
        "WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT count(*) FROM b",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) FROM r",
        "SELECT * FROM (SELECT Image, count(*) FROM t GROUP BY ALL) UNION ALL SELECT 'x', 1",
        "SELECT * FROM range(3), unnest([1, 2]), (VALUES (1)) v(x)",
        "SELECT unnest(string_split(Image, '\\')) FROM t",
        "FROM t SELECT Image",
        "SELECT Image, row_number() OVER (PARTITION BY EventID) FROM t QUALIFY true",
        "PIVOT t ON EventID IN (1, 22) USING count(*) GROUP BY Image",
    };
    test_fill(ops, lake, 0, 3, TEST_DAY);
    const char *message;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct lake_query query = test_query(refused[i]);
        query.guarded = true;
        int status = test_ask_fails(ops, lake, &query, &message);
        if (status != -EACCES && status != -EINVAL)
            fail_msg("not refused: %s", refused[i]);
        assert_true(message[0] != '\0');
    }
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        struct lake_query query = test_query(allowed[i]);
        query.guarded = true;
        if (test_ask_fails(ops, lake, &query, &message) < 0)
            fail_msg("%s: %s", allowed[i], message);
    }
}

int lake_scope_conformance(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_caller_sees_rows_of_its_agencies_only),
        TEST(errors_tell_nothing_of_other_agencies),
        TEST(functions_see_nothing_of_other_agencies),
        TEST(a_source_leaves_out_rows_before_anything_may_fail),
        TEST(a_caller_is_shown_fields_of_its_agencies_only),
        TEST(what_a_person_may_not_ask_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
