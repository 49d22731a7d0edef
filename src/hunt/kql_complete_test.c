/* What is offered where the cursor is, which is marked by a ^. */
#include "base/test.h"

#include "hunt/kql_complete.h"

static void tables(void *context, struct kql_offers *offers)
{
    (void)context;
    kql_offers_add(offers, KQL_OFFER_TABLE, STR("SecurityEvent"), STR("Windows"));
    kql_offers_add(offers, KQL_OFFER_TABLE, STR("Syslog"), STR(""));
    kql_offers_add(offers, KQL_OFFER_TABLE, STR("odd table"), STR(""));
}

static void columns(void *context, struct str table, struct kql_offers *offers)
{
    (void)context;
    if (str_eq(table, STR("SecurityEvent"))) {
        kql_offers_add(offers, KQL_OFFER_COLUMN, STR("Account"), STR(""));
        kql_offers_add(offers, KQL_OFFER_COLUMN, STR("EventID"), STR(""));
    } else if (str_eq(table, STR("Syslog"))) {
        kql_offers_add(offers, KQL_OFFER_COLUMN, STR("ProcessName"), STR(""));
    }
}

static void functions(void *context, struct kql_offers *offers)
{
    (void)context;
    kql_offers_add(offers, KQL_OFFER_FUNCTION, STR("ago"), STR("ago(span)"));
    kql_offers_add(offers, KQL_OFFER_FUNCTION, STR("count"), STR(""));
}

static struct arena arena;

/* Completes `text`, whose ^ is the cursor, and returns the offers with spaces between them. */
static const char *offers_of(const char *text, uint32_t *ret_from)
{
    static char joined[8192];
    const struct kql_names names = {NULL, tables, columns, functions};
    struct kql_completion completion;
    char query[512];
    const char *cursor = strchr(text, '^');
    size_t before = (size_t)(cursor - text), after = strlen(cursor + 1), len = 0;
    memcpy(query, text, before);
    memcpy(query + before, cursor + 1, after);
    arena_free(&arena);
    arena_init(&arena, 1 << 20);
    assert_int_equal(
        kql_complete(&arena, str_of(query, before + after), (uint32_t)before, &names, &completion),
        0);
    joined[0] = '\0';
    for (uint32_t i = 0; i < completion.offers.len; i++) {
        struct str offer = completion.offers.items[i].text;
        assert_true(len + offer.len + 2 < sizeof(joined));
        if (i)
            joined[len++] = ' ';
        memcpy(joined + len, offer.ptr, offer.len);
        len += offer.len;
        joined[len] = '\0';
    }
    if (ret_from)
        *ret_from = completion.from;
    return joined;
}

static void assert_offers(const char *text, const char *expected)
{
    assert_string_equal(offers_of(text, NULL), expected);
}

static bool offers(const char *text, const char *word)
{
    const char *all = offers_of(text, NULL), *hit = all;
    size_t len = strlen(word);
    while ((hit = strstr(hit, word)) != NULL) {
        if ((hit == all || hit[-1] == ' ') && (hit[len] == ' ' || hit[len] == '\0'))
            return true;
        hit += len;
    }
    return false;
}

static void behind_a_bar_come_operators(void **state)
{
    uint32_t from;
    (void)state;
    assert_offers("Syslog | summ^", "summarize");
    assert_offers("Syslog | WHE^", "where");
    assert_string_equal(offers_of("Syslog | project-k^ x", &from), "project-keep");
    assert_int_equal(from, 9);
    assert_false(offers("Syslog | ^", "print"));
    assert_true(offers("Syslog | ^", "union"));
}

static void at_the_beginning_come_tables_lets_and_what_brings_rows(void **state)
{
    (void)state;
    assert_offers("Sec^", "SecurityEvent");
    assert_offers("let known = 5; kn^", "known");
    assert_true(offers("^", "print") && offers("^", "let") && offers("^", "Syslog"));
    assert_false(offers("^", "where"));
    assert_true(offers("^", "[\"odd"));
    assert_offers("Syslog | join (Sec^", "SecurityEvent");
}

static void an_operator_is_given_columns_and_functions(void **state)
{
    (void)state;
    assert_offers("SecurityEvent | where A^", "Account ago");
    assert_offers("SecurityEvent | extend acct = 1 | where ac^", "acct Account");
    assert_offers("SecurityEvent | where ago(A^", "Account ago");
    assert_false(offers("Syslog | where ^", "Account"));
}

static void columns_come_through_let_and_join(void **state)
{
    (void)state;
    assert_true(offers("let s = SecurityEvent | where x; s | where ^", "EventID"));
    assert_true(offers("Syslog | join (SecurityEvent | take 1) on ^", "EventID"));
    assert_true(offers("Syslog | join SecurityEvent on ^", "ProcessName"));
}

static void behind_an_operand_come_tests_and_words(void **state)
{
    (void)state;
    assert_true(offers("Syslog | where ProcessName ^", "has_any"));
    assert_true(offers("Syslog | where ProcessName ^", "and"));
    assert_false(offers("Syslog | where ProcessName ^", "ago"));
    assert_offers("Syslog | where ProcessName !sta^", "");
    assert_offers("Syslog | summarize count() b^", "by between");
    assert_offers("Syslog | sort by ProcessName de^", "desc");
    assert_offers("Syslog | sort by ProcessName desc n^", "nulls");
    assert_offers("Syslog | sort ^", "by ProcessName ago count");
}

static void options_and_their_values_are_offered(void **state)
{
    (void)state;
    assert_offers("Syslog | join ki^", "kind");
    assert_offers("Syslog | join kind=left^", "leftanti leftouter leftsemi");
    assert_offers("let f = (x:dat^", "datetime");
}

static void nothing_is_offered_in_strings_comments_and_members(void **state)
{
    (void)state;
    assert_offers("Syslog | where a == 'Sec^", "");
    assert_offers("Syslog // Sec^", "");
    assert_offers("Syslog | where a.^", "");
    assert_true(offers("// comment\n^", "Syslog"));
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_a_bar_come_operators),
        cmocka_unit_test(at_the_beginning_come_tables_lets_and_what_brings_rows),
        cmocka_unit_test(an_operator_is_given_columns_and_functions),
        cmocka_unit_test(columns_come_through_let_and_join),
        cmocka_unit_test(behind_an_operand_come_tests_and_words),
        cmocka_unit_test(options_and_their_values_are_offered),
        cmocka_unit_test(nothing_is_offered_in_strings_comments_and_members),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
