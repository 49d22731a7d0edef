#include "base/test.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "api/centre_test.h"
#include "base/time.h"

#define READER "Authorization: Bearer $READER\r\n"
#define ADMIN "Authorization: Bearer $ADMIN\r\n"
#define FINDINGS 25

/* ---- what is in the ledger ---- */

/* A finding of a rule of its own; returns its id in `ret_id`. */
static void find(const char *agency, const char *rule, uint8_t level, int64_t time,
                 char ret_id[FINDING_ID_MAX])
{
    bool is_new, taken;
    struct ledger_match match = test_match(time);
    static const struct ledger_event event = {
        .partition = 3, .offset = 7, .time = TEST_NOW, .json = {"{\"Image\":\"whoami\"}", 18}};
    match.agency = str_from_c(agency);
    match.rule = match.fold = str_from_c(rule);
    match.level = level;
    match.events = &event;
    match.n_events = 1;
    assert_int_equal(finding_take(centre.scratch.ledger, &match, &is_new, &taken, ret_id), 0);
    assert_true(is_new);
}

static int start(void **state)
{
    (void)state;
    return centre_open((struct api_options){.streams_max = 8}, NULL);
}

static int start_with_findings(void **state)
{
    start(state);
    for (unsigned i = 0; i < FINDINGS; i++) {
        char rule[16], id[FINDING_ID_MAX];
        snprintf(rule, sizeof(rule), "r%u", i);
        find(i % 5 == 4 ? "secret"
             : i % 2    ? "parks"
                        : "land",
             rule, (uint8_t)(1 + i % 5), TEST_NOW + i * TIME_SECOND_US, id);
    }
    return 0;
}

/* ---- asking ---- */

/* How many findings a query gives. */
static size_t count(const char *query, const char *headers)
{
    char target[256];
    snprintf(target, sizeof(target), "/api/v1/findings?limit=1000%s", query);
    json_t *json = client_get(target, headers);
    size_t n = json_array_size(json_object_get(json, "findings"));
    json_decref(json);
    return n;
}

/* ---- the list ---- */

static void a_reader_sees_its_agencies_findings_only(void **state)
{
    (void)state;
    assert_int_equal(count("", ADMIN), FINDINGS);
    assert_int_equal(count("", READER), FINDINGS - 5);
    assert_int_equal(count("&agency=secret", READER), 0);
    client_refused("GET", "/api/v1/findings", "", "", 401);
    client_refused("GET", "/api/v1/findings", "Authorization: Bearer $SENDER\r\n", "", 403);
}

static void filters_narrow_the_list(void **state)
{
    (void)state;
    assert_int_equal(count("&rule=r3", ADMIN), 1);
    assert_int_equal(count("&level=critical", ADMIN), 5);
    assert_int_equal(count("&level=high&agency=parks", ADMIN), 3);
    assert_int_equal(count("&host=h&user=anna&source=dc1", ADMIN), FINDINGS);
    assert_int_equal(count("&q=WHOAMI", ADMIN), FINDINGS);
    assert_int_equal(count("&q=nothing%20like%20it", ADMIN), 0);
    assert_int_equal(count("&kind=source", ADMIN), 0);
    assert_int_equal(count("&kind=rule&status=open", ADMIN), FINDINGS);
    char query[128], text[TIME_TEXT_MAX];
    time_format(TEST_NOW + 20 * TIME_SECOND_US, text);
    snprintf(query, sizeof(query), "&from=%s", text);
    assert_int_equal(count(query, ADMIN), FINDINGS - 20);
    snprintf(query, sizeof(query), "&to=%s", text);
    assert_int_equal(count(query, ADMIN), 20);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const char *const queries[] = {"limit=0",     "limit=1001", "limit=x",    "sort=name",
                                          "order=up",    "kind=x",     "status=x",   "level=x",
                                          "from=monday", "colour=red", "cursor=abcd"};
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char target[128];
        snprintf(target, sizeof(target), "/api/v1/findings?%s", queries[i]);
        json_t *problem = client_json("GET", target, READER, "", 400);
        assert_int_equal(json_integer_value(json_object_get(problem, "status")), 400);
        assert_true(strlen(json_text(problem, "detail")) > 0);
        json_decref(problem);
    }
}

static void pages_hold_every_finding_once_in_order(void **state)
{
    (void)state;
    char cursor[256] = "";
    bool seen[FINDINGS] = {false};
    unsigned n = 0, pages = 0;
    uint64_t last_level = 9;
    do {
        char target[512];
        snprintf(target, sizeof(target), "/api/v1/findings?sort=level&limit=4%s%s",
                 cursor[0] ? "&cursor=" : "", cursor);
        json_t *page = client_get(target, ADMIN), *finding;
        size_t i;
        json_array_foreach(json_object_get(page, "findings"), i, finding)
        {
            uint64_t number;
            assert_int_equal(str_to_u64(str_from_c(json_text(finding, "rule") + 1), &number), 0);
            assert_in_range(number, 0, FINDINGS - 1);
            assert_false(seen[number]);
            seen[number] = true;
            assert_true(number % 5 <= last_level);
            last_level = number % 5;
            n++;
        }
        const char *next = json_string_value(json_object_get(page, "cursor"));
        snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
        json_decref(page);
        pages++;
    } while (cursor[0]);
    assert_int_equal(n, FINDINGS);
    assert_int_equal(pages, 7);
}

/* ---- one ---- */

static void one_finding_has_its_document_and_its_events(void **state)
{
    (void)state;
    char id[FINDING_ID_MAX], target[96];
    find("parks", "r", 4, TEST_NOW, id);
    snprintf(target, sizeof(target), "/api/v1/findings/%s", id);
    json_t *json = client_get(target, READER);
    assert_string_equal(json_text(json, "id"), id);
    assert_string_equal(json_text(json, "level"), "high");
    assert_string_equal(json_text(json, "last"), json_text(json, "first"));
    json_t *ocsf = json_object_get(json, "ocsf");
    assert_int_equal(json_integer_value(json_object_get(ocsf, "class_uid")), 2004);
    json_t *event = json_array_get(json_object_get(json, "events"), 0);
    assert_int_equal(json_integer_value(json_object_get(event, "offset")), 7);
    assert_string_equal(json_text(json_object_get(event, "event"), "Image"), "whoami");
    json_decref(json);

    find("secret", "s", 4, TEST_NOW, id);
    snprintf(target, sizeof(target), "/api/v1/findings/%s", id);
    client_refused("GET", target, READER, "", 404);
    client_refused("GET", "/api/v1/findings/nothing", READER, "", 404);
}

static void an_administrator_sets_the_status(void **state)
{
    (void)state;
    char id[FINDING_ID_MAX], target[96];
    find("parks", "r", 4, TEST_NOW, id);
    snprintf(target, sizeof(target), "/api/v1/findings/%s", id);
    client_refused("PATCH", target, READER, "{\"status\":\"closed\"}", 403);
    static const char *const wrong[] = {
        "{}", "{\"status\":\"gone\"}", "[]", "{\"status\":1}", "{\"status\":\"closed\",\"x\":1}",
        "{"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        client_refused("PATCH", target, ADMIN, wrong[i], 400);
    json_t *json = client_json("PATCH", target, ADMIN, "{\"status\":\"closed\"}", 200);
    assert_string_equal(json_text(json, "status"), "closed");
    json_decref(json);
    assert_int_equal(count("&status=open", ADMIN), 0);
    client_refused("PATCH", "/api/v1/findings/x", ADMIN, "{\"status\":\"closed\"}", 404);
}

/* ---- the stream ---- */

static int open_stream(const char *query, const char *headers)
{
    char head[512];
    struct answer answer;
    int fd = client_connect(centre.address);
    snprintf(head, sizeof(head), "GET /api/v1/findings/stream%s HTTP/1.1\r\nHost: jaga\r\n%s\r\n",
             query, headers);
    client_send_text(fd, head);
    client_receive(fd, true, &answer);
    assert_int_equal(answer.status, 200);
    assert_str(answer_header(&answer, "Content-Type"), "text/event-stream");
    answer_free(&answer);
    return fd;
}

/* Reads until the text has come; false at the end of the stream. */
static bool await(int fd, struct buf *seen, const char *text)
{
    while (str_find(buf_str(seen), str_from_c(text)) == SIZE_MAX) {
        if (!client_more(fd, seen))
            return false;
    }
    return true;
}

static void a_finding_is_seen_on_the_stream_as_it_comes(void **state)
{
    (void)state;
    char id[FINDING_ID_MAX];
    struct buf seen = {0};
    find("parks", "before", 4, TEST_NOW, id);
    int fd = open_stream("", READER);
    assert_true(await(fd, &seen, "retry:"));
    find("secret", "not-mine", 4, TEST_NOW, id);
    find("parks", "mine", 4, TEST_NOW, id);
    api_published(centre.api);
    assert_true(await(fd, &seen, "\"rule\":\"mine\""));
    find("land", "second", 4, TEST_NOW, id);
    api_published(centre.api);
    assert_true(await(fd, &seen, "\"rule\":\"second\""));
    assert_true(str_find(buf_str(&seen), STR("not-mine")) == SIZE_MAX);
    assert_true(str_find(buf_str(&seen), STR("before")) == SIZE_MAX);
    assert_true(str_find(buf_str(&seen), STR("event: finding")) != SIZE_MAX);
    buf_free(&seen);
    close(fd);
}

static void a_stream_goes_on_where_it_was(void **state)
{
    (void)state;
    struct buf seen = {0};
    /* 25 findings were changes 1 to 25; the last of READER's agencies is r23. */
    int fd = open_stream("", READER "Last-Event-ID: 20\r\n");
    assert_true(await(fd, &seen, "\"rule\":\"r23\""));
    assert_true(str_find(buf_str(&seen), STR("\"rule\":\"r20\"")) != SIZE_MAX);
    assert_true(str_find(buf_str(&seen), STR("\"rule\":\"r18\"")) == SIZE_MAX);
    buf_clear(&seen);
    close(fd);
    fd = open_stream("?after=0&level=high&agency=land", READER);
    assert_true(await(fd, &seen, "\"rule\":\"r18\""));
    assert_true(str_find(buf_str(&seen), STR("\"agency\":\"parks\"")) == SIZE_MAX);
    close(fd);
    buf_free(&seen);
    client_refused("GET", "/api/v1/findings/stream", READER "Last-Event-ID: x\r\n", "", 400);
}

static void streams_are_bounded_and_their_places_come_back(void **state)
{
    (void)state;
    struct buf seen = {0};
    char id[FINDING_ID_MAX];
    int first = open_stream("", READER), second = open_stream("", READER);
    client_refused("GET", "/api/v1/findings/stream", READER, "", 429);
    int another = open_stream("", ADMIN);   /* those of one token don't keep another out */
    assert_int_equal(count("", READER), 0); /* streams that wait block nobody */
    shutdown(first, SHUT_RDWR);
    close(first);
    find("parks", "wake", 4, TEST_NOW, id);
    api_published(centre.api);
    assert_true(await(second, &seen, "wake"));
    unsigned status = 429;
    for (int i = 0; i < 1000 && status == 429; i++) {
        struct answer answer;
        int fd = client_connect(centre.address);
        client_send_text(fd,
                         "GET /api/v1/findings/stream HTTP/1.1\r\nHost: jaga\r\n" READER "\r\n");
        client_receive(fd, true, &answer);
        status = answer.status;
        answer_free(&answer);
        close(fd);
        find("parks", i % 2 ? "odd" : "even", 4, TEST_NOW + (i + 1) * TIME_DAY_US, id);
        api_published(centre.api);
        usleep(10000);
    }
    assert_int_equal(status, 200);
    close(another);
    close(second);
    buf_free(&seen);
}

static void stopping_ends_streams(void **state)
{
    (void)state;
    struct buf seen = {0};
    int fd = open_stream("", READER);
    assert_true(await(fd, &seen, "retry:"));
    centre_stop_api();
    assert_true(client_is_closed(fd));
    buf_free(&seen);
    close(fd);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, centre_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reader_sees_its_agencies_findings_only, start_with_findings),
        TEST(filters_narrow_the_list, start_with_findings),
        TEST(what_makes_no_sense_is_refused, start),
        TEST(pages_hold_every_finding_once_in_order, start_with_findings),
        TEST(one_finding_has_its_document_and_its_events, start),
        TEST(an_administrator_sets_the_status, start),
        TEST(a_finding_is_seen_on_the_stream_as_it_comes, start),
        TEST(a_stream_goes_on_where_it_was, start_with_findings),
        TEST(streams_are_bounded_and_their_places_come_back, start),
        TEST(stopping_ends_streams, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
