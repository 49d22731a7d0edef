#include "base/test.h"
#include "ledger/ledger_test.h"
#include "ledger/token.h"

#include <errno.h>
#include <stdio.h>

#include "base/time.h"

struct list {
    struct token last;
    char id[TOKEN_TEXT_MAX];
    unsigned n;
};

static int see(void *context, const struct token *token)
{
    struct list *list = context;
    list->n++;
    list->last = *token;
    snprintf(list->id, sizeof(list->id), "%.*s", STR_ARG(token->id));
    return 0;
}

/* STR() where only a constant will do. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct token sender = {.role = TOKEN_SEND,
                                    .agency = TEXT("moh"),
                                    .source = TEXT("dc1.moh"),
                                    .rate = 500,
                                    .note = TEXT("the mail gateway"),
                                    .expires = TIME_UNSET};

static void a_token_is_found_by_the_hash_of_its_text(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    char text[TOKEN_TEXT_MAX], id[TOKEN_TEXT_MAX];
    unsigned char hash[TOKEN_HASH];
    struct list list = {.n = 0};
    assert_int_equal(token_add(ledger, &sender, text, id), 0);
    assert_int_equal(strlen(text), 48);
    assert_memory_equal(text, "jaga_", 5);
    assert_int_equal(token_list(ledger, see, &list), 0);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.id, id);
    token_hash(str_from_c(text), hash);
    assert_memory_equal(list.last.hash, hash, TOKEN_HASH);
    assert_int_equal(list.last.role, TOKEN_SEND);
    assert_int_equal(list.last.rate, 500);
    assert_int_equal(list.last.created, TEST_NOW);
    assert_true(list.last.expires == TIME_UNSET);
    assert_false(list.last.revoked);
}

static void two_tokens_are_never_the_same(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    char text[2][TOKEN_TEXT_MAX], id[2][TOKEN_TEXT_MAX];
    assert_int_equal(token_add(ledger, &sender, text[0], id[0]), 0);
    assert_int_equal(token_add(ledger, &sender, text[1], id[1]), 0);
    assert_string_not_equal(text[0], text[1]);
    assert_string_not_equal(id[0], id[1]);
}

static void a_revoked_token_stays_in_the_list(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    char text[TOKEN_TEXT_MAX], id[TOKEN_TEXT_MAX];
    struct list list = {.n = 0};
    assert_int_equal(token_add(ledger, &sender, text, id), 0);
    assert_int_equal(token_revoke(ledger, str_from_c(id)), 0);
    assert_int_equal(token_revoke(ledger, str_from_c(id)), 0);
    assert_int_equal(token_revoke(ledger, STR("t-nobody")), -ENOENT);
    assert_int_equal(token_list(ledger, see, &list), 0);
    assert_int_equal(list.n, 1);
    assert_true(list.last.revoked);
}

static void bad_labels_are_refused(void **state)
{
    struct ledger *ledger = ((struct scratch *)*state)->ledger;
    char text[TOKEN_TEXT_MAX], id[TOKEN_TEXT_MAX];
    const struct token bad[] = {
        {.role = TOKEN_SEND, .expires = TIME_UNSET},
        {.role = TOKEN_SEND, .agency = STR("a b")},
        {.role = TOKEN_SEND, .agency = STR("*")},
        {.role = TOKEN_SEND, .agency = STR("moh"), .source = STR("-x")},
        {.role = TOKEN_READ, .agency = STR("")},
        {.role = TOKEN_READ, .agency = STR("a,,b")},
        {.role = TOKEN_READ, .agency = STR("moh"), .source = STR("x")},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(token_add(ledger, &bad[i], text, id), -EINVAL);
    const struct token good[] = {
        {.role = TOKEN_READ, .agency = STR("a,b.c,d-e")},
        {.role = TOKEN_READ, .agency = STR("*")},
        {.role = TOKEN_ADMIN},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_int_equal(token_add(ledger, &good[i], text, id), 0);
}

static void the_version_rises_with_every_change_of_tokens_alone(void **state)
{
    struct scratch *scratch = *state;
    struct ledger *other = scratch_connect(scratch);
    char text[TOKEN_TEXT_MAX], id[FINDING_ID_MAX], token_id[TOKEN_TEXT_MAX];
    uint64_t before, after;
    bool is_new, taken;
    struct ledger_match match = test_match(TEST_NOW);
    assert_int_equal(ledger_version(scratch->ledger, &before), 0);
    assert_int_equal(token_add(other, &sender, text, token_id), 0);
    assert_int_equal(ledger_version(scratch->ledger, &after), 0);
    assert_true(after > before);
    before = after;
    assert_int_equal(token_revoke(scratch->ledger, str_from_c(token_id)), 0);
    assert_int_equal(ledger_version(scratch->ledger, &after), 0);
    assert_true(after > before);
    before = after;
    assert_int_equal(finding_take(other, &match, &is_new, &taken, id), 0);
    assert_int_equal(ledger_version(scratch->ledger, &after), 0);
    assert_int_equal(after, before);
    ledger_close(other);
}

static void labels_are_short_plain_words(void **state)
{
    (void)state;
    assert_true(label_ok(STR("a")));
    assert_true(label_ok(STR("dc1.MOH_x-9")));
    assert_true(label_ok(STR("0123456789012345678901234567890123456789012345678901234567890123")));
    assert_false(
        label_ok(STR("01234567890123456789012345678901234567890123456789012345678901234")));
    assert_false(label_ok(STR("")));
    assert_false(label_ok(STR(".a")));
    assert_false(label_ok(STR("a/b")));
    assert_false(label_ok(STR("ä")));
    assert_false(label_ok(STR("@")));
    assert_false(label_ok(STR("[")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_found_by_the_hash_of_its_text),
        TEST(two_tokens_are_never_the_same),
        TEST(a_revoked_token_stays_in_the_list),
        TEST(bad_labels_are_refused),
        TEST(the_version_rises_with_every_change_of_tokens_alone),
        TEST(labels_are_short_plain_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
