#include "base/test.h"
#include "ledger/ledger_test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "ledger/exception.h"
#include "ledger/inside.h"
#include "ledger/kept_hunt.h"
#include "ledger/kept_lookback.h"
#include "ledger/progress.h"
#include "ledger/token.h"

static struct ledger *try_open(const char *url, struct ledger_options options, struct err *err)
{
    *err = (struct err){0};
    options.now = test_clock;
    return ledger_open(url, &options, err);
}

/* ---- opening ---- */

static void what_is_not_there_is_not_made_unasked(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    char url[160];
    snprintf(url, sizeof(url), "sqlite:%s/other.db", scratch->folder);
    assert_null(try_open(url, (struct ledger_options){0}, &err));
    assert_int_equal(err.code, -ENOENT);
    assert_null(try_open(url, (struct ledger_options){.read_only = true, .create = true}, &err));
    assert_int_equal(access(url + 7, F_OK), -1);
}

static void a_url_names_its_engine(void **state)
{
    (void)state;
    struct err err;
    static const char *const bad[] = {"", "sqlite", "sqlite:", "oracle:x", "ledger.db"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_null(try_open(bad[i], (struct ledger_options){.create = true}, &err));
        assert_int_equal(err.code, -EINVAL);
    }
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    scratch_sql(scratch, "PRAGMA user_version = 99");
    assert_null(try_open(scratch->url, (struct ledger_options){.create = true}, &err));
    assert_int_equal(err.code, -EPROTONOSUPPORT);
    assert_non_null(strstr(err.message, "newer jaga"));
    assert_non_null(strstr(err.message, "99"));
}

static void another_database_is_refused(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    scratch_sql(scratch, "PRAGMA application_id = 1");
    assert_null(try_open(scratch->url, (struct ledger_options){.create = true}, &err));
    assert_int_equal(err.code, -EBADMSG);
    assert_non_null(strstr(err.message, "not a ledger"));
}

/* What each schema could already hold, put there as the jaga of then did. */
static void fill_schema(const struct scratch *scratch, int64_t schema)
{
    if (schema >= 1)
        scratch_sql(scratch, "INSERT INTO secret VALUES ('kept', x'01')");
    if (schema >= 2)
        scratch_sql(scratch,
                    "INSERT INTO finding VALUES (1, 'f-1', 1, 0, 0, 4, 7, 0, 0, 5, 6, 7, 8, x'00', "
                    "'moh', 'r', 'h', 'u', 's');"
                    "INSERT INTO finding_text VALUES (1, 'Title', 'title', '[]', '{}');"
                    "UPDATE counter SET value = 1 WHERE name = 'change'");
    if (schema >= 3)
        scratch_sql(scratch, "INSERT INTO exception VALUES ('x-1', '', 'f', 'r', 'a', 1, NULL, 3)");
    if (schema >= 4)
        scratch_sql(scratch, "INSERT INTO progress VALUES ('c', 0, 9)");
    if (schema >= 5)
        scratch_sql(scratch, "INSERT INTO kept_hunt VALUES ('h-1', 't-1', '*', 'text', 1, 1)");
    if (schema >= 6)
        scratch_sql(scratch,
                    "INSERT INTO lookback VALUES ('l-1', 0, '[]', x'00', 1, 0, 9, 2, 3, 4, "
                    "5, '')");
}

static int count_exception(void *context, const struct exception *exception)
{
    *(uint64_t *)context += exception->used;
    return 0;
}

static void assert_filled(struct ledger *ledger, int64_t schema)
{
    struct ledger_finding finding;
    uint64_t offset = 0, used = 0;
    int64_t kept;
    if (schema >= 1)
        assert_int_equal(
            ledger_number(ledger, STR("SELECT 1 FROM secret WHERE name = 'kept'"), NULL, 0, &kept),
            0);
    if (schema >= 2) {
        assert_int_equal(finding_get(ledger, &test_all, STR("f-1"), &finding), 0);
        assert_int_equal(finding.count, 7);
        assert_str(finding.title, "Title");
    }
    if (schema >= 3) {
        assert_int_equal(exception_list(ledger, &test_all, count_exception, &used), 0);
        assert_int_equal(used, 3);
    }
    if (schema >= 4) {
        assert_int_equal(progress_get(ledger, STR("c"), 0, &offset), 0);
        assert_int_equal(offset, 9);
    }
    if (schema >= 5) {
        struct kept_hunt hunt;
        assert_int_equal(kept_hunt_get(ledger, &test_all, STR("h-1"), &hunt), 0);
        assert_str(hunt.text, "text");
    }
    if (schema >= 6) {
        struct kept_lookback lookback;
        assert_int_equal(kept_lookback_get(ledger, STR("l-1"), &lookback), 0);
        assert_int_equal(lookback.until, 9);
    }
}

static void every_older_schema_is_brought_up_to_date(void **state)
{
    struct scratch *scratch = *state;
    struct scratch old = *scratch;
    struct err err = {0};
    for (int64_t schema = 0; schema <= SCHEMA_LATEST; schema++) {
        snprintf(old.path, sizeof(old.path), "%s/old%d.db", scratch->folder, (int)schema);
        snprintf(old.url, sizeof(old.url), "sqlite:%s", old.path);
        struct db *db = db_sqlite.open(old.path, &(struct db_options){.create = true}, &err);
        assert_non_null(db);
        assert_int_equal(migrate(db, schema, true, &err), 0);
        db->ops->close(db);
        fill_schema(&old, schema);
        if (schema < SCHEMA_LATEST) {
            assert_null(try_open(old.url, (struct ledger_options){0}, &err));
            assert_non_null(strstr(err.message, "older jaga"));
        }
        struct ledger *ledger = try_open(old.url, (struct ledger_options){.create = true}, &err);
        if (!ledger)
            fail_msg("schema %d: %s", (int)schema, err.message);
        assert_filled(ledger, schema);
        assert_int_equal(progress_put(ledger, STR("new"), 0, 1), 0);
        assert_whole(ledger);
        ledger_close(ledger);
    }
}

/* ---- transactions ---- */

static void transactions_do_not_nest(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    assert_int_equal(ledger_begin(ledger, STR("a"), STR("b")), 0);
    assert_int_equal(ledger_begin(ledger, STR("a"), STR("b")), -EBUSY);
    assert_int_equal(ledger_commit(ledger), 0);
    assert_int_equal(ledger_commit(ledger), -EINVAL);
    ledger_abort(ledger);
}

static void what_is_refused_does_not_spoil_the_transaction(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    uint64_t offset;
    assert_int_equal(ledger_begin(ledger, STR("a"), STR("b")), 0);
    assert_int_equal(token_revoke(ledger, STR("t-nobody")), -ENOENT);
    assert_int_equal(finding_clear(ledger, STR("nothing"), TEST_NOW), -ENOENT);
    assert_int_equal(progress_put(ledger, STR("c"), 0, 7), 0);
    assert_int_equal(ledger_commit(ledger), 0);
    assert_int_equal(progress_get(ledger, STR("c"), 0, &offset), 0);
}

static void what_is_open_when_the_ledger_closes_is_undone(void **state)
{
    struct scratch *scratch = *state;
    uint64_t offset;
    assert_int_equal(ledger_begin(scratch->ledger, STR("a"), STR("b")), 0);
    assert_int_equal(progress_put(scratch->ledger, STR("c"), 0, 7), 0);
    scratch_reopen(scratch);
    assert_int_equal(progress_get(scratch->ledger, STR("c"), 0, &offset), -ENOENT);
}

static void a_reader_sees_what_another_connection_has_committed(void **state)
{
    struct scratch *scratch = *state;
    struct ledger *other = scratch_connect(scratch);
    uint64_t offset;
    assert_int_equal(ledger_begin(scratch->ledger, STR("a"), STR("b")), 0);
    assert_int_equal(progress_put(scratch->ledger, STR("c"), 0, 7), 0);
    assert_int_equal(progress_get(other, STR("c"), 0, &offset), -ENOENT);
    assert_int_equal(ledger_commit(scratch->ledger), 0);
    assert_int_equal(progress_get(other, STR("c"), 0, &offset), 0);
    ledger_close(other);
}

static int none(void *context, const struct ledger_finding *finding)
{
    (void)finding;
    (*(unsigned *)context)++;
    return 0;
}

static void more_kinds_of_queries_than_are_kept_all_work(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    struct ledger_match match = test_match(TEST_NOW);
    struct buf cursor = {0};
    bool is_new, taken;
    char id[FINDING_ID_MAX];
    unsigned n = 0;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned bits = 0; bits < 256; bits++) {
            struct finding_query query = {
                .agency = bits & 1 ? STR("moh") : STR(""),
                .rule = bits & 2 ? STR("r") : STR(""),
                .host = bits & 4 ? STR("h") : STR(""),
                .user = bits & 8 ? STR("anna") : STR(""),
                .kind = bits & 16 ? FINDING_RULE : -1,
                .status = bits & 32 ? FINDING_OPEN : -1,
                .from = bits & 64 ? TEST_NOW : TIME_UNSET,
                .to = bits & 128 ? TEST_NOW + 1 : TIME_UNSET,
            };
            assert_int_equal(finding_list(ledger, &test_all, &query, none, &n, &cursor), 0);
        }
        assert_int_equal(n, round ? 256 : 0);
        if (round == 0)
            assert_int_equal(finding_take(ledger, &match, &is_new, &taken, id), 0);
    }
}

/* ---- exceptions ---- */

struct found {
    char ids[4][EXCEPTION_ID_MAX];
    unsigned n;
    struct exception last;
};

static int see_exception(void *context, const struct exception *exception)
{
    struct found *found = context;
    snprintf(found->ids[found->n++], 40, "%.*s", STR_ARG(exception->id));
    found->last = *exception;
    return 0;
}

static void exceptions_of_other_agencies_are_not_listed(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    const struct str own = STR("moh");
    const struct ledger_scope scope = {.agencies = &own, .n = 1};
    struct exception exception = {.agency = own,
                                  .filter = STR("filter: {}"),
                                  .reason = STR("noise"),
                                  .author = STR("bob"),
                                  .expires = TEST_NOW + 5};
    char ours[EXCEPTION_ID_MAX], theirs[EXCEPTION_ID_MAX], common[EXCEPTION_ID_MAX];
    struct found found = {.n = 0};
    assert_int_equal(exception_add(ledger, &exception, ours), 0);
    exception.agency = STR("mof");
    assert_int_equal(exception_add(ledger, &exception, theirs), 0);
    exception.agency = STR("");
    exception.expires = TIME_UNSET;
    assert_int_equal(exception_add(ledger, &exception, common), 0);
    assert_int_equal(exception_used(ledger, str_from_c(common), 5), 0);
    assert_int_equal(exception_used(ledger, str_from_c(common), 6), 0);
    assert_int_equal(exception_list(ledger, &scope, see_exception, &found), 0);
    assert_int_equal(found.n, 2);
    for (unsigned i = 0; i < found.n; i++)
        assert_string_not_equal(found.ids[i], theirs);
    found.n = 0;
    assert_int_equal(exception_list(ledger, &test_all, see_exception, &found), 0);
    assert_int_equal(found.n, 3);
    assert_int_equal(exception_remove(ledger, str_from_c(ours)), 0);
    assert_int_equal(exception_remove(ledger, str_from_c(theirs)), 0);
    assert_int_equal(exception_remove(ledger, str_from_c(ours)), -ENOENT);
    found.n = 0;
    assert_int_equal(exception_list(ledger, &test_all, see_exception, &found), 0);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.ids[0], common);
    assert_int_equal(found.last.used, 11);
    assert_true(found.last.expires == TIME_UNSET);
    assert_int_equal(found.last.created, TEST_NOW);
    assert_whole(ledger);
}

static void an_exception_has_a_filter_and_a_reason(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    const struct exception bad[] = {
        {.filter = STR("f")},
        {.reason = STR("r")},
        {.filter = STR("f"), .reason = STR("r"), .agency = STR("a b")},
    };
    char id[EXCEPTION_ID_MAX];
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(exception_add(ledger, &bad[i], id), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_there_is_not_made_unasked),
        TEST(a_url_names_its_engine),
        TEST(a_newer_schema_is_refused_and_left_alone),
        TEST(another_database_is_refused),
        TEST(every_older_schema_is_brought_up_to_date),
        TEST(transactions_do_not_nest),
        TEST(what_is_refused_does_not_spoil_the_transaction),
        TEST(what_is_open_when_the_ledger_closes_is_undone),
        TEST(a_reader_sees_what_another_connection_has_committed),
        TEST(more_kinds_of_queries_than_are_kept_all_work),
        TEST(exceptions_of_other_agencies_are_not_listed),
        TEST(an_exception_has_a_filter_and_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
