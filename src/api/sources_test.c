#include "base/test.h"

#include <stdio.h>

#include "api/centre_test.h"
#include "base/time.h"

#define SENDER "Authorization: Bearer $SENDER\r\n"
#define READER "Authorization: Bearer $READER\r\n"
#define ADMIN "Authorization: Bearer $ADMIN\r\n"

static struct health *health;

static int start(void **state)
{
    (void)state;
    health = health_new(&(struct health_options){0});
    return centre_open((struct api_options){.health = health}, NULL);
}

static int stop(void **state)
{
    int status = centre_close(state);
    health_free(health);
    return status;
}

static void post(const char *source, const char *events)
{
    char target[64];
    snprintf(target, sizeof(target), "/api/v1/events?source=%s", source);
    client_refused("POST", target, SENDER, events, 200);
}

/* An agency that the reader may not see. */
static void add_secret(void)
{
    struct sender *sender = senders_intern(centre.senders, STR("secret"), STR("app"));
    sender->account.received = sender->account.stored = 7;
}

static json_int_t number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void the_account_adds_up_and_is_of_the_caller_alone(void **state)
{
    (void)state;
    post("app", "{\"a\":1}\n{\"a\":2}\n{\"a\":}\n");
    post("web", "{\"a\":3}\n");
    add_secret();
    json_t *answer = client_get("/api/v1/account", READER);
    const json_t *sums = json_object_get(answer, "account");
    assert_int_equal(number(sums, "received"), 4);
    assert_int_equal(number(sums, "stored"), 3);
    assert_int_equal(number(sums, "rejected"), 1);
    assert_int_equal(number(sums, "in_flight"), 0);
    assert_int_equal(json_array_size(json_object_get(answer, "agencies")), 1);
    const json_t *parks = json_array_get(json_object_get(answer, "agencies"), 0);
    assert_string_equal(json_text(parks, "agency"), "parks");
    assert_int_equal(number(parks, "sources"), 2);
    assert_null(json_object_get(answer, "unknown"));
    json_decref(answer);

    answer = client_get("/api/v1/account", ADMIN);
    assert_int_equal(number(json_object_get(answer, "account"), "received"), 11);
    assert_int_equal(number(answer, "unknown"), 0);
    json_decref(answer);
}

static void sources_are_listed_by_name_and_in_pages(void **state)
{
    (void)state;
    post("web", "{\"a\":1}\n");
    post("app", "{\"a\":1}\n");
    post("mail", "{\"a\":1}\n");
    add_secret();
    static const char *const names[] = {"app", "mail", "web"};
    char target[128] = "/api/v1/sources?limit=1";
    for (int i = 0; i < 3; i++) {
        json_t *answer = client_get(target, READER);
        const json_t *sources = json_object_get(answer, "sources");
        assert_int_equal(json_array_size(sources), 1);
        const json_t *source = json_array_get(sources, 0);
        assert_string_equal(json_text(source, "source"), names[i]);
        assert_int_equal(number(json_object_get(source, "account"), "stored"), 1);
        if (i < 2)
            snprintf(target, sizeof(target), "/api/v1/sources?limit=1&cursor=%s",
                     json_text(answer, "cursor"));
        else
            assert_true(json_is_null(json_object_get(answer, "cursor")));
        json_decref(answer);
    }
}

static void a_source_is_listed_by_its_account_or_its_health(void **state)
{
    (void)state;
    int64_t now = TEST_NOW;
    post("app", "{\"a\":1}\n");
    assert_int_equal(health_expect(health, STR("parks"), STR("dns"), TIME_SECOND_US), 0);
    assert_int_equal(health_look(health, centre.scratch.ledger, now), 0);
    assert_int_equal(health_look(health, centre.scratch.ledger, now + 5 * TIME_SECOND_US), 0);
    json_t *answer = client_get("/api/v1/sources", READER);
    const json_t *sources = json_object_get(answer, "sources");
    assert_int_equal(json_array_size(sources), 2);
    const json_t *app = json_array_get(sources, 0), *dns = json_array_get(sources, 1);
    assert_true(json_is_null(json_object_get(app, "health")));
    assert_string_equal(json_text(dns, "source"), "dns");
    assert_true(json_is_true(json_object_get(json_object_get(dns, "health"), "silent")));
    assert_int_equal(number(json_object_get(dns, "account"), "received"), 0);
    json_decref(answer);
}

static void questions_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    client_refused("GET", "/api/v1/sources?limit=0", READER, "", 400);
    client_refused("GET", "/api/v1/deadletters?offset=x", READER, "", 400);
    client_refused("GET", "/api/v1/deadletters?limit=100000", READER, "", 400);
    client_refused("GET", "/api/v1/sources", "", "", 401);
    client_refused("GET", "/api/v1/account", SENDER, "", 403);
}

/* ---- dead letters ---- */

static void what_was_rejected_can_be_read_with_its_reason(void **state)
{
    (void)state;
    post("app", "{\"a\":1}\n{\"a\":}\n[\xff]\n");
    json_t *answer = client_get("/api/v1/deadletters", READER);
    const json_t *letters = json_object_get(answer, "letters");
    assert_int_equal(json_array_size(letters), 2);
    const json_t *first = json_array_get(letters, 0), *second = json_array_get(letters, 1);
    assert_int_equal(number(first, "offset"), 0);
    assert_string_equal(json_text(first, "agency"), "parks");
    assert_string_equal(json_text(first, "source"), "app");
    assert_string_equal(json_text(first, "peer"), "127.0.0.1");
    assert_string_equal(json_text(first, "door"), "ndjson");
    assert_string_equal(json_text(first, "format"), "json");
    assert_string_equal(json_text(first, "reason"), "expected a value");
    assert_string_equal(json_text(first, "event"), "{\"a\":}");
    assert_true(json_is_null(json_object_get(first, "base64")));
    assert_string_equal(json_text(second, "event"), "[\xEF\xBF\xBD]");
    assert_string_equal(json_text(second, "base64"), "W/9d");
    assert_int_equal(number(answer, "next"), 2);
    json_decref(answer);
    answer = client_get("/api/v1/deadletters?offset=1&limit=1", READER);
    assert_int_equal(json_array_size(json_object_get(answer, "letters")), 1);
    json_decref(answer);
}

static void ignore(void *context, const struct intake_result *result)
{
    (void)context, (void)result;
}

/* Something that a door did not like, and that is an event all the same. */
static void reject_event(void)
{
    struct intake_batch batch = {0};
    struct sender *sender = senders_intern(centre.senders, STR("parks"), STR("app"));
    intake_begin(&batch, centre.intake, sender, DOOR_HEC, FORMAT_JSON, STR("192.0.2.7"), STR(""));
    intake_reject(&batch, STR("{\"a\":1}"), "no index");
    assert_int_equal(intake_submit(&batch, ignore, NULL), 0);
    intake_batch_free(&batch);
}

static void a_letter_is_sent_again_by_an_administrator(void **state)
{
    (void)state;
    reject_event();
    post("app", "{\"a\":}\n"); /* answered once both are durable */
    json_t *answer = client_json("POST", "/api/v1/deadletters/0/replay", ADMIN, "", 200);
    assert_int_equal(number(answer, "offset"), 0);
    json_decref(answer);
    client_refused("POST", "/api/v1/deadletters/1/replay", ADMIN, "", 422);
    client_refused("POST", "/api/v1/deadletters/2/replay", ADMIN, "", 404);
    client_refused("POST", "/api/v1/deadletters/x/replay", ADMIN, "", 404);
    client_refused("POST", "/api/v1/deadletters/0/replay", READER, "", 403);
    answer = client_get("/api/v1/account", READER);
    const json_t *sums = json_object_get(answer, "account");
    assert_int_equal(number(sums, "received"), 3);
    assert_int_equal(number(sums, "stored"), 1);
    assert_int_equal(number(sums, "rejected"), 2);
    json_decref(answer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(the_account_adds_up_and_is_of_the_caller_alone),
        TEST(sources_are_listed_by_name_and_in_pages),
        TEST(a_source_is_listed_by_its_account_or_its_health),
        TEST(questions_that_make_no_sense_are_refused),
        TEST(what_was_rejected_can_be_read_with_its_reason),
        TEST(a_letter_is_sent_again_by_an_administrator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
