#include "base/test.h"
#include "ledger/ledger_test.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "ledger/journal.h"
#include "ledger/progress.h"

struct last {
    struct journal_entry entry;
    char actor[64], action[64], body[1024];
    unsigned n;
};

static int see(void *context, const struct journal_entry *entry)
{
    struct last *last = context;
    last->n++;
    last->entry = *entry;
    snprintf(last->actor, sizeof(last->actor), "%.*s", STR_ARG(entry->actor));
    snprintf(last->action, sizeof(last->action), "%.*s", STR_ARG(entry->action));
    snprintf(last->body, sizeof(last->body), "%.*s", STR_ARG(entry->body));
    return 0;
}

static struct last last_entry(struct ledger *ledger)
{
    struct last last = {.n = 0};
    assert_int_equal(journal_list(ledger, 0, 1000, see, &last), 0);
    return last;
}

/* n entries, the third and the last signed. */
static void fill(struct ledger *ledger, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        test_now += TIME_SECOND_US;
        assert_int_equal(progress_put(ledger, STR("c"), i, i), 0);
        if (i == 2 || i == n - 1)
            assert_int_equal(journal_sign(ledger), 0);
    }
}

/* Verifying fails, and names this entry. */
static void assert_breach(struct ledger *ledger, uint64_t seq)
{
    struct journal_report report;
    struct err err;
    assert_int_equal(journal_verify(ledger, NULL, &report, &err), -EBADMSG);
    assert_int_equal(report.bad_seq, seq);
}

/* ---- entries ---- */

static void a_transaction_is_one_entry_with_all_its_notes(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    struct ledger_match match = test_match(TEST_NOW);
    bool is_new, taken;
    char id[FINDING_ID_MAX], wanted[1024];
    assert_int_equal(ledger_begin(ledger, STR("detect"), STR("round")), 0);
    assert_int_equal(progress_put(ledger, STR("detect"), 2, 77), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(finding_take(ledger, &match, &is_new, &taken, id), 0);
    assert_int_equal(ledger_commit(ledger), 0);
    struct last last = last_entry(ledger);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.entry.seq, 1);
    assert_int_equal(last.entry.time, TEST_NOW);
    assert_string_equal(last.actor, "detect");
    assert_string_equal(last.action, "round");
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(hash) + 1];
    crypto_hash_sha256(hash, (const unsigned char *)match.ocsf.ptr, match.ocsf.len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    snprintf(wanted, sizeof(wanted),
             "{\"finding.fold\":{\"list\":[[\"%s\",3]],\"total\":1},"
             "\"finding.matches\":{\"list\":[4],\"total\":1},"
             "\"finding.open\":{\"list\":[{\"agency\":\"moh\",\"id\":\"%s\",\"ocsf\":\"%s\","
             "\"rule\":\"r\"}],\"total\":1},"
             "\"progress\":{\"list\":[[\"detect\",2,77]],\"total\":1}}",
             id, id, hex);
    assert_string_equal(last.body, wanted);
}

static void a_transaction_that_changes_nothing_leaves_no_entry(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    assert_int_equal(ledger_begin(ledger, STR("a"), STR("b")), 0);
    assert_int_equal(ledger_commit(ledger), 0);
    assert_int_equal(last_entry(ledger).n, 0);
    assert_int_equal(journal_sign(ledger), 0);
    assert_whole(ledger);
}

static void a_long_list_is_cut_and_its_total_is_told(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    assert_int_equal(ledger_begin(ledger, STR("a"), STR("b")), 0);
    for (unsigned i = 0; i < JOURNAL_LIST_MAX + 5; i++)
        assert_int_equal(journal_note(ledger, "x", STR("1")), 0);
    assert_int_equal(ledger_commit(ledger), 0);
    struct last last = {.n = 0};
    assert_int_equal(journal_list(ledger, 0, 1, see, &last), 0);
    struct buf wanted = {0};
    buf_add_c(&wanted, "{\"x\":{\"list\":[1");
    for (unsigned i = 1; i < JOURNAL_LIST_MAX; i++)
        buf_add_c(&wanted, ",1");
    buf_add_c(&wanted, "],\"total\":1005}}");
    assert_memory_equal(last.body, wanted.ptr, sizeof(last.body) - 1);
    buf_free(&wanted);
    assert_whole(ledger);
}

/* Built here from the bytes that journal.h describes. */
static void the_hash_is_that_of_the_documented_bytes(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    fill(ledger, 1);
    struct last last = last_entry(ledger);
    static const char body[] = "{\"progress\":{\"list\":[[\"c\",0,0]],\"total\":1}}";
    unsigned char bytes[256], hash[32], content[32];
    size_t len = 0;
#define PUT(text, n) (memcpy(bytes + len, text, n), len += n)
    PUT("\0\0\0\4jaga", 8);
    PUT("\0\0\0\10progress", 12);
    PUT("\0\0\0\53", 4);
    assert_int_equal(sizeof(body) - 1, 053);
    PUT(body, sizeof(body) - 1);
    crypto_hash_sha256(content, bytes, len);
    len = 0;
    PUT("jaga.journal.2", 14);
    PUT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
    PUT("\0\0\0\0\0\0\0\1", 8);
    uint64_t time = (uint64_t)(TEST_NOW + TIME_SECOND_US);
    for (int shift = 56; shift >= 0; shift -= 8)
        bytes[len++] = (unsigned char)(time >> shift);
    PUT(content, sizeof(content));
    crypto_hash_sha256(hash, bytes, len);
    assert_memory_equal(last.entry.hash, hash, sizeof(hash));
}

/* ---- tampering ---- */

static void every_changed_column_of_every_entry_is_named(void **state)
{
    struct scratch *scratch = *state;
    static const char *const changes[] = {
        "UPDATE journal SET time = time + 1 WHERE seq = %u",
        "UPDATE journal SET actor = actor || 'x' WHERE seq = %u",
        "UPDATE journal SET actor = 'jag', action = 'a' || action WHERE seq = %u",
        "UPDATE journal SET action = '' WHERE seq = %u",
        "UPDATE journal SET body = replace(body, 'c', 'd') WHERE seq = %u",
        "UPDATE journal SET body = body || char(0) WHERE seq = %u",
        "UPDATE journal SET hash = zeroblob(32) WHERE seq = %u",
        "UPDATE journal SET hash = zeroblob(0) WHERE seq = %u",
        "UPDATE journal SET hash = CAST(substr(hash, 1, 31) AS BLOB) WHERE seq = %u",
        "UPDATE journal SET seq = seq + 100 WHERE seq = %u",
        "DELETE FROM journal WHERE seq = %u",
    };
    char sql[256];
    fill(scratch->ledger, 5);
    assert_whole(scratch->ledger);
    scratch_sql(scratch, "CREATE TABLE kept AS SELECT * FROM journal");
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        for (unsigned seq = 1; seq <= 5; seq++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(sql, sizeof(sql), changes[i], seq);
#pragma GCC diagnostic pop
            scratch_sql(scratch, sql);
            assert_breach(scratch->ledger, seq);
            scratch_sql(scratch, "DELETE FROM journal; INSERT INTO journal SELECT * FROM kept");
        }
    }
    assert_whole(scratch->ledger);
}

static void every_changed_byte_of_a_body_is_named(void **state)
{
    struct scratch *scratch = *state;
    char sql[256];
    fill(scratch->ledger, 4);
    struct last last = last_entry(scratch->ledger);
    size_t len = strlen(last.body);
    for (size_t i = 1; i <= len; i++) {
        snprintf(sql, sizeof(sql),
                 "UPDATE journal SET body = substr(body, 1, %zu) || "
                 "char(unicode(substr(body, %zu, 1)) + 1) || substr(body, %zu) WHERE seq = 4",
                 i - 1, i, i + 1);
        scratch_sql(scratch, sql);
        assert_breach(scratch->ledger, 4);
        snprintf(sql, sizeof(sql), "UPDATE journal SET body = '%s' WHERE seq = 4", last.body);
        scratch_sql(scratch, sql);
    }
    assert_whole(scratch->ledger);
}

static void a_chain_that_was_made_anew_breaks_a_signature(void **state)
{
    struct scratch *scratch = *state, other;
    fill(scratch->ledger, 3);
    /* The same entries with another beginning, hashed rightly, from a ledger of the forger's. */
    int64_t now = test_now;
    scratch_open(&other);
    test_now = now;
    fill(other.ledger, 3);
    char sql[512];
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS forged; DELETE FROM journal; "
             "INSERT INTO journal SELECT * FROM forged.journal",
             other.path);
    scratch_sql(scratch, sql);
    assert_breach(scratch->ledger, 3);
    scratch_close(&other);
}

static void a_changed_signature_is_named(void **state)
{
    struct scratch *scratch = *state;
    static const char *const changes[] = {
        "UPDATE signature SET time = time + 1 WHERE seq = 5",
        "UPDATE signature SET hash = zeroblob(32) WHERE seq = 5",
        "UPDATE signature SET public_key = zeroblob(32) WHERE seq = 5",
        "UPDATE signature SET signature = zeroblob(64) WHERE seq = 5",
        "UPDATE signature SET signature = zeroblob(1) WHERE seq = 5",
    };
    fill(scratch->ledger, 5);
    scratch_sql(scratch, "CREATE TABLE kept AS SELECT * FROM signature");
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        scratch_sql(scratch, changes[i]);
        assert_breach(scratch->ledger, 5);
        scratch_sql(scratch, "DELETE FROM signature; INSERT INTO signature SELECT * FROM kept");
    }
    scratch_sql(scratch, "UPDATE signature SET seq = 6 WHERE seq = 5");
    assert_breach(scratch->ledger, 6);
}

static void signed_entries_that_were_cut_off_are_missed(void **state)
{
    struct scratch *scratch = *state;
    fill(scratch->ledger, 5);
    scratch_sql(scratch, "DELETE FROM journal WHERE seq > 3");
    assert_breach(scratch->ledger, 4);
}

/* ---- keys ---- */

static void a_report_names_the_key_and_how_far_it_has_signed(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    struct journal_report report, again;
    struct err err;
    fill(ledger, 4);
    assert_int_equal(progress_put(ledger, STR("c"), 0, 9), 0);
    assert_int_equal(journal_verify(ledger, NULL, &report, &err), 0);
    assert_int_equal(report.entries, 5);
    assert_int_equal(report.signatures, 2);
    assert_int_equal(report.unsigned_after, 4);
    assert_int_equal(strlen(report.key), 64);
    assert_int_equal(journal_verify(ledger, report.key, &again, &err), 0);
    report.key[0] = report.key[0] == '0' ? '1' : '0';
    assert_int_equal(journal_verify(ledger, report.key, &again, &err), -EBADMSG);
    assert_int_equal(again.bad_seq, 3);
    assert_int_equal(journal_verify(ledger, "12", &again, &err), -EINVAL);
    assert_int_equal(journal_verify(ledger, "x", &again, &err), -EINVAL);
}

static void an_entry_is_signed_once(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    struct journal_report report;
    struct err err;
    fill(ledger, 1);
    assert_int_equal(journal_sign(ledger), 0);
    assert_int_equal(journal_sign(ledger), 0);
    assert_int_equal(journal_verify(ledger, NULL, &report, &err), 0);
    assert_int_equal(report.signatures, 1);
}

static void without_a_key_nothing_is_signed(void **state)
{
    struct scratch *scratch = *state;
    struct err err;
    struct ledger *ledger = ledger_open(scratch->url, &(struct ledger_options){0}, &err);
    assert_non_null(ledger);
    assert_int_equal(journal_sign(ledger), -ENOKEY);
    ledger_close(ledger);
}

static void a_key_is_only_for_its_owner(void **state)
{
    struct scratch *scratch = *state;
    struct ledger_options options = {.create = true, .key = scratch->key};
    struct stat info;
    struct err err;
    assert_int_equal(stat(scratch->key, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(stat(scratch->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    static const mode_t open_modes[] = {0640, 0604, 0620};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chmod(scratch->key, open_modes[i]), 0);
        assert_null(ledger_open(scratch->url, &options, &err));
        assert_int_equal(err.code, -EPERM);
        assert_non_null(strstr(err.message, "0600"));
    }
    assert_int_equal(chmod(scratch->key, 0600), 0);
}

static void another_key_than_the_one_that_signed_is_refused(void **state)
{
    struct scratch *scratch = *state;
    struct ledger_options options = {.create = true, .key = scratch->key};
    struct err err;
    char moved[128];
    fill(scratch->ledger, 1);
    snprintf(moved, sizeof(moved), "%s.old", scratch->key);
    assert_int_equal(rename(scratch->key, moved), 0);
    assert_null(ledger_open(scratch->url, &options, &err));
    assert_int_equal(err.code, -EKEYREJECTED);
    assert_int_equal(rename(moved, scratch->key), 0);
    ledger_close(ledger_open(scratch->url, &options, &err));
}

static void a_damaged_key_is_refused(void **state)
{
    struct scratch *scratch = *state;
    struct ledger_options options = {.create = true, .key = scratch->key};
    struct err err;
    assert_int_equal(truncate(scratch->key, 63), 0);
    assert_null(ledger_open(scratch->url, &options, &err));
    assert_int_equal(err.code, -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_transaction_is_one_entry_with_all_its_notes),
        TEST(a_transaction_that_changes_nothing_leaves_no_entry),
        TEST(a_long_list_is_cut_and_its_total_is_told),
        TEST(the_hash_is_that_of_the_documented_bytes),
        TEST(every_changed_column_of_every_entry_is_named),
        TEST(every_changed_byte_of_a_body_is_named),
        TEST(a_chain_that_was_made_anew_breaks_a_signature),
        TEST(a_changed_signature_is_named),
        TEST(signed_entries_that_were_cut_off_are_missed),
        TEST(a_report_names_the_key_and_how_far_it_has_signed),
        TEST(an_entry_is_signed_once),
        TEST(without_a_key_nothing_is_signed),
        TEST(a_key_is_only_for_its_owner),
        TEST(another_key_than_the_one_that_signed_is_refused),
        TEST(a_damaged_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
