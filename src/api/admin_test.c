#include "base/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/centre_test.h"

#define READER "Authorization: Bearer $READER\r\n"
#define ADMIN "Authorization: Bearer $ADMIN\r\n"

static int start(void **state)
{
    (void)state;
    return centre_open((struct api_options){0}, NULL);
}

static void a_token_works_at_once_until_it_is_revoked(void **state)
{
    (void)state;
    json_t *made =
        client_json("POST", "/api/v1/tokens", ADMIN,
                    "{\"role\":\"read\",\"agency\":\"land\",\"note\":\"a console\"}", 201);
    char header[128], target[128];
    snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", json_text(made, "token"));
    snprintf(target, sizeof(target), "/api/v1/tokens/%s", json_text(made, "id"));
    json_decref(client_get("/api/v1/findings", header));
    json_t *list = client_get("/api/v1/tokens", ADMIN);
    char *text = json_dumps(list, 0);
    assert_non_null(strstr(text, "a console"));
    assert_null(strstr(text, json_text(made, "token")));
    free(text);
    json_decref(list);
    json_decref(made);
    client_refused("DELETE", target, ADMIN, "", 204);
    client_refused("GET", "/api/v1/findings", header, "", 401);
    client_refused("DELETE", "/api/v1/tokens/nothing", ADMIN, "", 404);
    client_refused("GET", "/api/v1/tokens", READER, "", 403);
}

static void a_token_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "[]",
        "{\"role\":\"god\"}",
        "{\"role\":\"send\"}",
        "{\"role\":\"send\",\"agency\":\"a b\"}",
        "{\"role\":\"send\",\"agency\":\"a\",\"rate\":-1}",
        "{\"role\":\"send\",\"agency\":\"a\",\"expires\":\"2001-01-01T00:00:00Z\"}",
        "{\"role\":\"send\",\"agency\":\"a\",\"colour\":\"red\"}",
        "{\"role\":\"send\",\"agency\":1}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        client_refused("POST", "/api/v1/tokens", ADMIN, bodies[i], 400);
}

static void an_exception_is_a_sigma_filter_with_a_reason(void **state)
{
    (void)state;
    static const char filter[] =
        "{\"agency\":\"parks\",\"reason\":\"a scanner of ours\",\"filter\":"
        "\"title: Scanner\\nlogsource:\\n  product: linux\\nfilter:\\n  rules: any\\n"
        "  selection:\\n    User: scanner\\n  condition: not selection\\n\"}";
    json_t *made = client_json("POST", "/api/v1/exceptions", ADMIN, filter, 201);
    char target[128];
    snprintf(target, sizeof(target), "/api/v1/exceptions/%s", json_text(made, "id"));
    json_decref(made);
    json_t *list = client_get("/api/v1/exceptions", READER);
    json_t *exception = json_array_get(json_object_get(list, "exceptions"), 0);
    assert_string_equal(json_text(exception, "reason"), "a scanner of ours");
    json_decref(list);
    client_refused("DELETE", target, READER, "", 403);
    client_refused("DELETE", target, ADMIN, "", 204);
    client_refused("DELETE", target, ADMIN, "", 404);
    static const char a_rule[] =
        "{\"reason\":\"r\",\"filter\":\"title: T\\nlogsource:\\n  product: linux\\ndetection:\\n"
        "  s:\\n    a: b\\n  condition: s\\n\"}";
    static const char *const wrong[] = {"{\"reason\":\"r\",\"filter\":\"nothing\"}",
                                        "{\"reason\":\"r\"}", a_rule};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        client_refused("POST", "/api/v1/exceptions", ADMIN, wrong[i], 400);
}

static void the_journal_tells_what_was_done(void **state)
{
    (void)state;
    json_decref(client_json("POST", "/api/v1/tokens", ADMIN,
                            "{\"role\":\"read\",\"agency\":\"land\"}", 201));
    json_t *all = client_get("/api/v1/journal?limit=1000", ADMIN);
    json_t *entries = json_object_get(all, "entries");
    size_t n = json_array_size(entries);
    assert_true(n > 0);
    json_t *last = json_array_get(entries, n - 1);
    assert_string_equal(json_text(last, "action"), "token.add");
    assert_int_equal(strlen(json_text(last, "hash")), 64);
    char target[64];
    snprintf(target, sizeof(target), "/api/v1/journal?after=%zu", n - 1);
    json_t *rest = client_get(target, ADMIN);
    assert_int_equal(json_array_size(json_object_get(rest, "entries")), 1);
    json_decref(rest);
    json_decref(all);
    client_refused("GET", "/api/v1/journal", READER, "", 403);
}

static void the_status_says_what_runs(void **state)
{
    (void)state;
    json_t *json = client_get("/api/v1/status", ADMIN);
    assert_string_equal(json_text(json, "version"), JAGA_VERSION);
    assert_string_equal(json_text(json_object_get(json, "spool"), "problem"), "");
    json_decref(json);
    client_refused("GET", "/api/v1/rules/top", READER, "", 403); /* of all agencies */
    json = client_get("/api/v1/rules/top", ADMIN);
    assert_true(json_is_array(json_object_get(json, "rules")));
    json_decref(json);
}

static void a_reader_of_one_agency_sees_no_figures_of_others(void **state)
{
    (void)state;
    struct sender *mine = senders_intern(centre.senders, STR("parks"), STR("a"));
    struct sender *other = senders_intern(centre.senders, STR("elsewhere"), STR("a"));
    atomic_fetch_add(&mine->account.received, 3);
    atomic_fetch_add(&other->account.received, 5);
    json_t *json = client_get("/api/v1/status", READER);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "account"), "received")), 3);
    static const char *const whole[] = {"connections", "spool", "dead_letters", "live"};
    for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
        assert_null(json_object_get(json, whole[i]));
    json_decref(json);
    json = client_get("/api/v1/status", ADMIN);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "account"), "received")), 8);
    json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, centre_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_works_at_once_until_it_is_revoked),
        TEST(a_token_that_makes_no_sense_is_refused),
        TEST(an_exception_is_a_sigma_filter_with_a_reason),
        TEST(the_journal_tells_what_was_done),
        TEST(the_status_says_what_runs),
        TEST(a_reader_of_one_agency_sees_no_figures_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
