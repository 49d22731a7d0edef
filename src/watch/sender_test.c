#include "watch/sender.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/test.h"
#include "base/time.h"
#include "io/clock.h"
#include "ledger/ledger_test.h"

static int setup(void **state)
{
    *state = senders_new(8);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    senders_free(*state);
    return 0;
}

static struct token grant_of(const char *agency, const char *source)
{
    return (struct token){.id = STR("rule"),
                          .role = TOKEN_SEND,
                          .agency = str_from_c(agency),
                          .source = str_from_c(source),
                          .expires = TIME_UNSET};
}

static struct grant *by_peer(struct senders *senders, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
        return senders_by_peer(senders, (struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
    return senders_by_peer(senders, (struct sockaddr *)&in6);
}

static void the_same_names_are_the_same_sender(void **state)
{
    struct senders *senders = *state;
    struct sender *dns = senders_intern(senders, STR("health"), STR("dns"));
    assert_str(dns->agency, "health");
    assert_str(dns->source, "dns");
    assert_ptr_equal(senders_intern(senders, STR("health"), STR("dns")), dns);
    assert_ptr_not_equal(senders_intern(senders, STR("health"), STR("web")), dns);
    assert_ptr_not_equal(senders_intern(senders, STR("finance"), STR("dns")), dns);
    assert_int_equal(dns->number, 0);
}

static void a_sender_keeps_its_partition_over_restarts(void **state)
{
    struct senders *again = senders_new(8);
    assert_non_null(again);
    uint32_t seen = 0;
    for (int i = 0; i < 200; i++) {
        char source[32];
        snprintf(source, sizeof(source), "host-%d", i);
        struct sender *sender = senders_intern(*state, STR("health"), str_from_c(source));
        assert_int_equal(senders_intern(again, STR("health"), str_from_c(source))->partition,
                         sender->partition);
        assert_true(sender->partition < 8);
        seen |= 1u << sender->partition;
    }
    assert_int_equal(seen, 255);
    senders_free(again);
}

static void labels_are_repaired(void **state)
{
    struct senders *senders = *state;
    assert_str(senders_intern(senders, STR("health"), STR("a b/\xC3\xA4\n"))->source, "a_b____");
    assert_str(senders_intern(senders, STR("health"), STR("._-dns"))->source, "dns");
    assert_str(senders_intern(senders, STR("health"), STR(""))->source, "unknown");
    assert_str(senders_intern(senders, STR("health"), STR("\x01\x02"))->source, "unknown");
}

static void long_labels_are_cut_and_stay_apart(void **state)
{
    char a[201], b[201];
    memset(a, 'x', sizeof(a));
    memcpy(b, a, sizeof(a));
    b[200] = 'y';
    struct sender *first = senders_intern(*state, STR("health"), str_of(a, sizeof(a)));
    struct sender *second = senders_intern(*state, STR("health"), str_of(b, sizeof(b)));
    assert_int_equal(first->source.len, SENDER_LABEL_MAX);
    assert_true(label_ok(first->source));
    assert_ptr_not_equal(first, second);
    assert_ptr_equal(senders_intern(*state, STR("health"), str_of(a, sizeof(a))), first);
}

static void one_agency_cannot_take_the_room_of_others(void **state)
{
    struct senders *senders = *state;
    char source[32];
    struct sender *sender = NULL;
    for (int i = 0; i < SENDERS_AGENCY_MAX + 10; i++) {
        snprintf(source, sizeof(source), "host-%d", i);
        sender = senders_intern(senders, STR("noisy"), str_from_c(source));
    }
    assert_str(sender->agency, "noisy");
    assert_str(sender->source, "other");
    assert_int_equal(senders_overflowed(senders), 10);
    assert_str(senders_intern(senders, STR("noisy"), STR("host-7"))->source, "host-7");
    assert_str(senders_intern(senders, STR("quiet"), STR("dns"))->source, "dns");
}

static void a_full_table_keeps_agencies_apart(void **state)
{
    struct senders *senders = *state;
    char source[32];
    for (int i = 0; i < SENDERS_MAX; i++) {
        snprintf(source, sizeof(source), "host-%d", i / 2);
        senders_intern(senders, i % 2 ? STR("a") : STR("b"), str_from_c(source));
    }
    struct sender *sender = senders_intern(senders, STR("c"), STR("dns"));
    assert_str(sender->agency, "c");
    assert_str(sender->source, "other");
    assert_ptr_equal(senders_intern(senders, STR("c"), STR("web")), sender);
}

struct interning {
    struct senders *senders;
    struct sender *found[1000];
};

static void *intern_thousand(void *context)
{
    struct interning *interning = context;
    for (int i = 0; i < 1000; i++) {
        char source[32];
        snprintf(source, sizeof(source), "host-%d", i);
        interning->found[i] = senders_intern(interning->senders, STR("health"), str_from_c(source));
    }
    return NULL;
}

static void threads_agree_on_who_is_who(void **state)
{
    static struct interning interning[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        interning[i].senders = *state;
        assert_int_equal(pthread_create(&threads[i], NULL, intern_thousand, &interning[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 1; i < 4; i++)
        assert_memory_equal(interning[i].found, interning[0].found, sizeof(interning[0].found));
}

static void the_narrowest_network_decides(void **state)
{
    struct senders *senders = *state;
    struct token wide = grant_of("all", "net"), narrow = grant_of("health", "dns");
    struct token six = grant_of("six", "");
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/8"), &wide), 0);
    assert_int_equal(senders_add_peer(senders, STR("10.1.2.0/24"), &narrow), 0);
    assert_int_equal(senders_add_peer(senders, STR("2001:db8::/32"), &six), 0);
    assert_str(by_peer(senders, "10.1.2.3")->agency, "health");
    assert_str(by_peer(senders, "::ffff:10.1.2.3")->agency, "health");
    assert_str(by_peer(senders, "10.1.3.3")->agency, "all");
    assert_str(by_peer(senders, "2001:db8::77")->agency, "six");
    assert_int_equal(senders_unknown(senders), 0);
    assert_null(by_peer(senders, "192.0.2.1"));
    assert_null(by_peer(senders, "2001:db9::77"));
    assert_int_equal(senders_unknown(senders), 2);
}

static void a_grant_with_a_source_says_who_it_is_and_one_without_asks(void **state)
{
    struct senders *senders = *state;
    struct token fixed = grant_of("health", "dns"), open = grant_of("health", "");
    assert_int_equal(senders_add_certificate(senders, STR("DNS.health.example"), &fixed), 0);
    assert_int_equal(senders_add_certificate(senders, STR("relay.health.example"), &open), 0);
    struct grant *grant = senders_by_certificate(senders, STR("dns.HEALTH.example"));
    assert_non_null(grant);
    assert_str(senders_get(senders, grant, STR("liar"))->source, "dns");
    grant = senders_by_certificate(senders, STR("relay.health.example"));
    assert_str(senders_get(senders, grant, STR("web 1"))->source, "web_1");
    assert_str(senders_get(senders, grant, STR(""))->source, "unknown");
    assert_null(senders_by_certificate(senders, STR("relay.health.example.org")));
}

static void a_rule_that_is_gone_after_a_reload_is_withdrawn(void **state)
{
    struct senders *senders = *state;
    struct token stays = grant_of("a", "x"), goes = grant_of("b", "x"), wide = grant_of("c", "");
    assert_int_equal(senders_add_peer(senders, STR("10.1.0.0/16"), &stays), 0);
    assert_int_equal(senders_add_peer(senders, STR("10.2.0.0/16"), &goes), 0);
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/8"), &wide), 0);
    struct grant *held = by_peer(senders, "10.1.0.1"), *lost = by_peer(senders, "10.2.0.1");

    senders_reload_begin(senders);
    assert_int_equal(senders_add_peer(senders, STR("10.1.0.0/16"), &stays), 0);
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/8"), &wide), 0);
    assert_false(lost->withdrawn);
    senders_reload_end(senders);

    assert_false(held->withdrawn);
    assert_true(lost->withdrawn);
    assert_ptr_equal(by_peer(senders, "10.1.0.1"), held);
    assert_str(by_peer(senders, "10.2.0.1")->agency, "c");

    senders_reload_begin(senders);
    assert_int_equal(senders_add_peer(senders, STR("10.2.0.0/16"), &goes), 0);
    senders_reload_end(senders);
    assert_str(by_peer(senders, "10.2.0.1")->agency, "b");
    assert_null(by_peer(senders, "10.1.0.1"));
}

static void a_rule_that_says_something_else_replaces_the_first(void **state)
{
    struct senders *senders = *state;
    struct token before = grant_of("a", "x"), after = grant_of("b", "x");
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/8"), &before), 0);
    struct grant *held = by_peer(senders, "10.0.0.1");
    assert_int_equal(senders_add_peer(senders, STR("10.255.255.255/8"), &after), 0);
    assert_true(held->withdrawn);
    assert_str(by_peer(senders, "10.0.0.1")->agency, "b");
}

static void bad_rules_are_refused(void **state)
{
    struct senders *senders = *state;
    struct token good = grant_of("a", "x"), bad = grant_of("not a label", "x");
    struct token reader = grant_of("a", "x");
    reader.role = TOKEN_READ;
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/40"), &good), -EINVAL);
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/8"), &bad), -EINVAL);
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/8"), &reader), -EINVAL);
    assert_int_equal(senders_add_certificate(senders, STR(""), &good), -EINVAL);
    assert_null(by_peer(senders, "10.0.0.1"));
}

static void a_grant_ends_when_it_expires(void **state)
{
    struct senders *senders = *state;
    struct token token = grant_of("a", "x");
    token.expires = 1;
    assert_int_equal(senders_add_peer(senders, STR("10.0.0.0/8"), &token), 0);
    assert_null(by_peer(senders, "10.0.0.1"));
}

/* ---- tokens ---- */

struct known_token {
    char text[TOKEN_TEXT_MAX], id[TOKEN_TEXT_MAX];
};

static struct known_token add_token(struct ledger *ledger, const struct token *token)
{
    struct known_token known;
    assert_int_equal(token_add(ledger, token, known.text, known.id), 0);
    return known;
}

/* A token of a new ledger that the senders know. */
static struct known_token open_with_token(struct senders *senders, struct scratch *scratch,
                                          const struct token *token)
{
    scratch_open(scratch);
    struct known_token known = add_token(scratch->ledger, token);
    assert_int_equal(senders_load_tokens(senders, scratch->ledger), 0);
    return known;
}

static struct grant *by_token(struct senders *senders, const struct known_token *token)
{
    return senders_by_token(senders, str_from_c(token->text), clock_now_us());
}

static void a_token_of_the_ledger_lets_in_until_it_is_revoked(void **state)
{
    struct senders *senders = *state;
    struct scratch scratch;
    scratch_open(&scratch);
    struct token dns = grant_of("health", "dns"), reader = {.role = TOKEN_READ,
                                                            .agency = STR("health,finance"),
                                                            .expires = TIME_UNSET};
    dns.rate = 100;
    struct known_token sends = add_token(scratch.ledger, &dns);
    struct known_token reads = add_token(scratch.ledger, &reader);
    assert_null(by_token(senders, &sends));
    assert_int_equal(senders_load_tokens(senders, scratch.ledger), 0);

    struct grant *grant = by_token(senders, &sends);
    assert_non_null(grant);
    assert_int_equal(grant->role, TOKEN_SEND);
    assert_int_equal(grant->rate, 100);
    assert_str(grant->sender->source, "dns");
    assert_true(str_eq(grant->id, str_from_c(sends.id)));
    assert_str(by_token(senders, &reads)->agency, "health,finance");
    assert_null(by_token(senders, &reads)->sender);

    assert_int_equal(token_revoke(scratch.ledger, str_from_c(sends.id)), 0);
    assert_int_equal(senders_load_tokens(senders, scratch.ledger), 0);
    assert_true(grant->withdrawn);
    assert_null(by_token(senders, &sends));
    assert_non_null(by_token(senders, &reads));
    scratch_close(&scratch);
}

static void loading_again_keeps_what_connections_hold(void **state)
{
    struct senders *senders = *state;
    struct scratch scratch;
    struct token dns = grant_of("health", "dns");
    struct known_token token = open_with_token(senders, &scratch, &dns);
    struct grant *held = by_token(senders, &token);
    senders_reload_begin(senders);
    senders_reload_end(senders);
    assert_int_equal(senders_load_tokens(senders, scratch.ledger), 0);
    assert_ptr_equal(by_token(senders, &token), held);
    assert_false(held->withdrawn);
    scratch_close(&scratch);
}

static void an_expired_token_is_not_known(void **state)
{
    struct senders *senders = *state;
    struct scratch scratch;
    struct token dns = grant_of("health", "dns");
    dns.expires = clock_now_us() + TIME_DAY_US;
    struct known_token token = open_with_token(senders, &scratch, &dns);
    struct grant *held = by_token(senders, &token);
    assert_non_null(held);
    assert_null(senders_by_token(senders, str_from_c(token.text), dns.expires));
    assert_true(held->withdrawn);
    scratch_close(&scratch);
}

static void guesses_are_unknown_and_counted(void **state)
{
    struct senders *senders = *state;
    struct scratch scratch;
    struct token dns = grant_of("health", "dns");
    struct known_token token = open_with_token(senders, &scratch, &dns);
    size_t last = strlen(token.text) - 1;
    token.text[last] = token.text[last] == 'A' ? 'B' : 'A';
    assert_null(by_token(senders, &token));
    assert_null(senders_by_token(senders, STR(""), clock_now_us()));
    assert_int_equal(senders_unknown(senders), 2);
    scratch_close(&scratch);
}

/* ---- rate ---- */

static void a_rate_holds_over_time_and_allows_a_second_at_once(void **state)
{
    (void)state;
    struct grant grant = {.rate = 100};
    uint32_t wait;
    uint64_t passed = 0;
    int64_t start = 1000000000;
    for (int64_t ms = 0; ms < 10000; ms++)
        passed += grant_take(&grant, 1, start + ms * 1000, &wait);
    assert_in_range(passed, 1098, 1102); /* the first second's worth, and ten seconds */
}

static void who_is_too_fast_is_told_when_to_come_back(void **state)
{
    (void)state;
    struct grant grant = {.rate = 10};
    uint32_t wait;
    int64_t now = 5000000;
    assert_true(grant_take(&grant, 10, now, &wait));
    assert_false(grant_take(&grant, 5, now, &wait));
    assert_int_equal(wait, 500);
    assert_false(grant_take(&grant, 5, now + (wait - 1) * 1000, &wait));
    assert_true(grant_take(&grant, 5, now + 500 * 1000, &wait));
}

static void a_batch_larger_than_a_second_passes_and_is_paid_for(void **state)
{
    (void)state;
    struct grant grant = {.rate = 10};
    uint32_t wait;
    int64_t now = 5000000;
    assert_true(grant_take(&grant, 100, now, &wait));
    assert_false(grant_take(&grant, 1, now + 8 * TIME_SECOND_US, &wait));
    assert_in_range(wait, 1000, 1200);
    assert_true(grant_take(&grant, 1, now + 10 * TIME_SECOND_US, &wait));
    assert_false(grant_take(&grant, 100, now + 10 * TIME_SECOND_US, &wait));
    assert_true(grant_take(&grant, 100, now + 11 * TIME_SECOND_US, &wait));
}

static void without_a_rate_all_pass(void **state)
{
    (void)state;
    struct grant grant = {0};
    uint32_t wait = 1;
    assert_true(grant_take(&grant, UINT64_MAX, 0, &wait));
    assert_int_equal(wait, 0);
}

static void huge_numbers_do_not_wrap(void **state)
{
    (void)state;
    struct grant grant = {.rate = 1};
    uint32_t wait;
    assert_true(grant_take(&grant, UINT64_MAX, 1000000, &wait));
    assert_false(grant_take(&grant, 1, 2000000, &wait));
    grant = (struct grant){.rate = UINT64_MAX};
    assert_true(grant_take(&grant, 1000000, 1000000, &wait));
    assert_true(grant_take(&grant, 1000000, 1000000, &wait));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_same_names_are_the_same_sender),
        TEST(a_sender_keeps_its_partition_over_restarts),
        TEST(labels_are_repaired),
        TEST(long_labels_are_cut_and_stay_apart),
        TEST(one_agency_cannot_take_the_room_of_others),
        TEST(a_full_table_keeps_agencies_apart),
        TEST(threads_agree_on_who_is_who),
        TEST(the_narrowest_network_decides),
        TEST(a_grant_with_a_source_says_who_it_is_and_one_without_asks),
        TEST(a_rule_that_is_gone_after_a_reload_is_withdrawn),
        TEST(a_rule_that_says_something_else_replaces_the_first),
        TEST(bad_rules_are_refused),
        TEST(a_grant_ends_when_it_expires),
        TEST(a_token_of_the_ledger_lets_in_until_it_is_revoked),
        TEST(loading_again_keeps_what_connections_hold),
        TEST(an_expired_token_is_not_known),
        TEST(guesses_are_unknown_and_counted),
        TEST(a_rate_holds_over_time_and_allows_a_second_at_once),
        TEST(who_is_too_fast_is_told_when_to_come_back),
        TEST(a_batch_larger_than_a_second_passes_and_is_paid_for),
        TEST(without_a_rate_all_pass),
        TEST(huge_numbers_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
