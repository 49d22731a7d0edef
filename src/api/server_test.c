#include "base/test.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "api/centre_test.h"

#define SENDER "Authorization: Bearer $SENDER\r\n"
#define READER "Authorization: Bearer $READER\r\n"
#define BODY_LIMIT 100000

/* ---- routes of the test ---- */

static void handle_echo(struct api_request *request)
{
    request_reply(request, 200, "text/plain", request_body(request));
}

static void handle_segments(struct api_request *request)
{
    struct buf out = {0};
    buf_printf(&out, "%.*s|%.*s|%.*s", STR_ARG(request_segment(request, 0)),
               STR_ARG(request_segment(request, 1)), STR_ARG(request_query(request, "q")));
    request_reply(request, 200, "text/plain", buf_str(&out));
    buf_free(&out);
}

static void handle_scope(struct api_request *request)
{
    const struct ledger_scope *scope = request_scope(request);
    struct buf out = {0};
    buf_add_c(&out, scope->all ? "all" : "");
    for (size_t i = 0; i < scope->n; i++)
        buf_printf(&out, "%.*s;", STR_ARG(scope->agencies[i]));
    request_reply(request, 200, "text/plain", buf_str(&out));
    buf_free(&out);
}

static _Atomic unsigned waited;

static void after_wait(struct api_request *request)
{
    waited++;
    request_reply(request, 200, "text/plain", str_from_c(request_context(request)));
}

/* Resumed before it is suspended: the door's callback was quicker than the door. */
static void handle_early(struct api_request *request)
{
    request_resume(request);
    request_suspend(request, after_wait, (void *)(uintptr_t) "early");
}

static _Atomic(struct api_request *) waiting;

static void handle_late(struct api_request *request)
{
    request_suspend(request, after_wait, (void *)(uintptr_t) "late");
    atomic_store(&waiting, request);
}

static void handle_nothing(struct api_request *request)
{
    (void)request;
}

static _Atomic unsigned stores;

static void on_stored(void *context, const struct intake_result *result)
{
    (void)context, (void)result;
}

static void handle_store(struct api_request *request)
{
    struct intake_batch *batch = request_batch(request);
    const struct api_options *options = request_options(request);
    stores++;
    intake_begin(batch, options->intake,
                 senders_get(options->senders, request_grant(request), STR("x")), DOOR_NDJSON,
                 FORMAT_UNKNOWN, request_peer(request), STR(""));
    intake_add(batch, request_body(request));
    int status = intake_submit(batch, on_stored, NULL);
    request_reply(request, status == 0 ? 200 : 503, "text/plain", STR(""));
}

static void refuse_foreign(struct api_request *request, unsigned status, const char *reason)
{
    char text[128];
    snprintf(text, sizeof(text), "foreign: %s", reason);
    request_reply(request, status, "text/plain", str_from_c(text));
}

static const struct api_route routes_test[] = {
    {"POST", "/echo", API_SEND, handle_echo, NULL, NULL, NULL, NULL, NULL},
    {"POST", "/store", API_SEND, handle_store, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/public", API_PUBLIC, handle_echo, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/scope", API_READ, handle_scope, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/admin", API_ADMIN, handle_echo, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/early", API_PUBLIC, handle_early, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/late", API_PUBLIC, handle_late, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/nothing", API_PUBLIC, handle_nothing, NULL, NULL, NULL, NULL, NULL},
    {"POST", "/foreign", API_SEND, handle_echo, NULL, NULL, NULL, NULL, refuse_foreign},
    {"GET", "/{index}/_bulk", API_PUBLIC, handle_segments, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/literal/_bulk", API_PUBLIC, handle_echo, NULL, NULL, NULL, NULL, NULL},
    {NULL, "/_ilm/*", API_PUBLIC, handle_segments, NULL, NULL, NULL, NULL, NULL},
    {"GET", "/{index}", API_PUBLIC, handle_segments, NULL, NULL, NULL, NULL, NULL},
    {"PUT", "/{index}", API_PUBLIC, handle_segments, NULL, NULL, NULL, NULL, NULL},
    {NULL, "/foreign/*", API_PUBLIC, NULL, NULL, NULL, NULL, NULL, refuse_foreign},
    {0},
};
static const struct api_route *const tables_test[] = {routes_test, routes_health, NULL};

/* ---- the server under test ---- */

static int start_with(struct api_options options)
{
    options.tables = tables_test;
    options.body_max = BODY_LIMIT;
    return centre_open(options, NULL);
}

static int start(void **state)
{
    (void)state;
    return start_with((struct api_options){0});
}

static int start_impatient(void **state)
{
    (void)state;
    return start_with((struct api_options){.request_us = 300000, .idle_us = 300000});
}

static int start_poor(void **state)
{
    (void)state;
    return start_with((struct api_options){.bodies_max = 2 * BODY_LIMIT});
}

/* The spool has no room for anything. */
static int start_full(void **state)
{
    (void)state;
    struct spool_options full = {.partitions = 1, .size_max = 1};
    return centre_open((struct api_options){.tables = tables_test}, &full);
}

static int start_crowded(void **state)
{
    (void)state;
    return start_with((struct api_options){.connections_max = 4, .connections_per_address = 3});
}

static unsigned status_of(const char *method, const char *target, const char *headers,
                          struct str body)
{
    struct answer answer;
    client_ask(method, target, headers, body, &answer);
    unsigned status = answer.status;
    answer_free(&answer);
    return status;
}

/* The body of the 200 answer. */
static void assert_answers(const char *method, const char *target, const char *headers,
                           struct str body, const char *want)
{
    struct answer answer;
    client_ask(method, target, headers, body, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body.len, strlen(want));
    if (want[0])
        assert_memory_equal(answer.body.ptr, want, strlen(want));
    answer_free(&answer);
}

/* The next answer of a connection; `want` NULL: whatever its body. */
static void assert_next(int fd, unsigned status, const char *want)
{
    struct answer answer;
    client_receive(fd, false, &answer);
    assert_int_equal(answer.status, status);
    if (want)
        assert_true(str_eq(buf_str(&answer.body), str_from_c(want)));
    answer_free(&answer);
}

/* Asks for /late: the request, which waits to be resumed. */
static struct api_request *ask_late(int fd)
{
    struct api_request *request;
    client_send_text(fd, "GET /late HTTP/1.1\r\nHost: jaga\r\n\r\n");
    while (!(request = atomic_exchange(&waiting, NULL)))
        usleep(1000);
    return request;
}

/* ---- paths ---- */

static void a_path_reaches_its_row_and_the_most_literal_wins(void **state)
{
    (void)state;
    assert_answers("GET", "/logs-1/_bulk?q=a%20b+c", "", STR(""), "logs-1||a b c");
    assert_answers("GET", "/literal/_bulk", "", STR(""), "");
    assert_answers("GET", "/a%2Fb/_bulk", "", STR(""), "a/b||");
    assert_answers("PUT", "/_ilm/policy/x%20y", "", STR(""), "policy/x y||");
    assert_answers("GET", "/public/", "", STR(""), "");
    assert_answers("GET", "http://jaga.example:1/x/_bulk", "", STR(""), "x||");
}

static void what_is_not_there_is_404_and_a_wrong_method_names_the_right_ones(void **state)
{
    (void)state;
    struct answer answer;
    assert_int_equal(status_of("GET", "/no/where", "", STR("")), 404);
    assert_int_equal(status_of("GET", "/public/../echo", "", STR("")), 400);
    assert_int_equal(status_of("GET", "/%2e%2e/_bulk", "", STR("")), 400);
    assert_int_equal(status_of("GET", "/%zz", "", STR("")), 400);
    assert_int_equal(status_of("GET", "/a%00b/_bulk", "", STR("")), 400);
    client_ask("DELETE", "/public", "", STR(""), &answer);
    assert_int_equal(answer.status, 405);
    assert_str(answer_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
    answer_free(&answer);
    client_ask("OPTIONS", "/echo", "", STR(""), &answer);
    assert_int_equal(answer.status, 204);
    assert_str(answer_header(&answer, "Allow"), "POST, OPTIONS");
    answer_free(&answer);
    assert_int_equal(status_of("HEAD", "/public", "", STR("")), 200);
}

static void a_path_has_the_methods_of_its_own_rows_each_once(void **state)
{
    (void)state;
    struct answer answer;
    client_ask("POST", "/healthz", "", STR(""), &answer);
    assert_int_equal(answer.status, 405);
    assert_str(answer_header(&answer, "Allow"), "GET, HEAD, OPTIONS");
    answer_free(&answer);
    client_ask("POST", "/some-index", "", STR(""), &answer);
    assert_str(answer_header(&answer, "Allow"), "GET, HEAD, PUT, OPTIONS");
    answer_free(&answer);
}

static void what_is_not_there_is_said_in_the_words_of_its_protocol(void **state)
{
    (void)state;
    struct answer answer;
    client_ask("GET", "/foreign/nowhere", "", STR(""), &answer);
    assert_int_equal(answer.status, 404);
    assert_true(
        str_eq(buf_str(&answer.body), STR("foreign: there is nothing at /foreign/nowhere")));
    answer_free(&answer);
}

static void every_answer_has_the_headers_that_keep_browsers_honest(void **state)
{
    (void)state;
    static const char *const targets[] = {"/public", "/no/where", "/scope"};
    for (size_t i = 0; i < 3; i++) {
        struct answer answer;
        client_ask("GET", targets[i], "", STR(""), &answer);
        assert_str(answer_header(&answer, "X-Content-Type-Options"), "nosniff");
        assert_str(answer_header(&answer, "Cache-Control"), "no-store");
        struct str policy = answer_header(&answer, "Content-Security-Policy");
        assert_true(str_find(policy, STR("frame-ancestors 'none'")) != SIZE_MAX);
        answer_free(&answer);
    }
}

/* ---- callers ---- */

/* "Authorization: <scheme> base64(name:token)"; `padded`: with its "=". */
static void add_packed_token(struct buf *out, const char *scheme, const char *name, bool padded)
{
    char pair[128], packed[256];
    snprintf(pair, sizeof(pair), "%s:%s", name, centre.sender);
    sodium_bin2base64(packed, sizeof(packed), (const unsigned char *)pair, strlen(pair),
                      padded ? sodium_base64_VARIANT_ORIGINAL
                             : sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    buf_clear(out);
    buf_printf(out, "Authorization: %s %s\r\n", scheme, packed);
    buf_add_byte(out, '\0');
}

static void a_token_is_taken_in_every_scheme_that_shippers_use(void **state)
{
    (void)state;
    static const char *const plain[] = {SENDER, "authorization: bearer $SENDER\r\n",
                                        "Authorization: Splunk $SENDER\r\n"};
    for (size_t i = 0; i < 3; i++)
        assert_answers("POST", "/echo", plain[i], STR("x"), "x");
    static const char *const packed[][2] = {
        {"Basic", "any"}, {"Basic", "jaga"}, {"basic", "x"}, {"ApiKey", "id"}, {"ApiKey", ""}};
    struct buf header = {0};
    for (size_t i = 0; i < 2 * sizeof(packed) / sizeof(packed[0]); i++) {
        add_packed_token(&header, packed[i / 2][0], packed[i / 2][1], i % 2);
        assert_answers("POST", "/echo", header.ptr, STR("x"), "x");
    }
    buf_free(&header);
}

static void who_is_not_known_gets_401_and_who_may_not_403(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "", "Authorization: Bearer nobody\r\n", "Authorization: Basic !!\r\n",
        "Authorization: Negotiate x\r\n", "Authorization: Bearer\r\n"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct answer answer;
        client_ask("POST", "/echo", unknown[i], STR("x"), &answer);
        assert_int_equal(answer.status, 401);
        assert_non_null(answer_header(&answer, "WWW-Authenticate").ptr);
        assert_str(answer_header(&answer, "Content-Type"), "application/problem+json");
        answer_free(&answer);
    }
    assert_int_equal(status_of("POST", "/echo", READER, STR("x")), 403);
    assert_int_equal(status_of("GET", "/scope", SENDER, STR("")), 403);
    assert_int_equal(status_of("GET", "/admin", READER, STR("")), 403);
}

static void a_reader_sees_its_agencies_and_an_administrator_all(void **state)
{
    (void)state;
    assert_answers("GET", "/scope", READER, STR(""), "parks;land;");
    assert_answers("GET", "/scope", "Authorization: Bearer $ADMIN\r\n", STR(""), "all");
}

static void who_guesses_is_not_looked_up_any_more_and_who_works_goes_on(void **state)
{
    (void)state;
    assert_answers("POST", "/echo", SENDER, STR("x"), "x");
    unsigned refused = 0, slowed = 0;
    for (unsigned i = 0; i < 100; i++) {
        char header[64];
        snprintf(header, sizeof(header), "Authorization: Bearer guess-%u\r\n", i);
        struct answer answer;
        client_ask("POST", "/echo", header, STR("x"), &answer);
        refused += answer.status == 401;
        slowed += answer.status == 429;
        if (answer.status == 429)
            assert_non_null(answer_header(&answer, "Retry-After").ptr);
        answer_free(&answer);
        assert_answers("POST", "/echo", SENDER, STR("x"), "x");
    }
    assert_int_equal(refused + slowed, 100);
    assert_in_range(refused, 20, 22);
    uint64_t before = senders_unknown(centre.senders);
    assert_int_equal(status_of("POST", "/echo", "Authorization: Bearer more\r\n", STR("x")), 429);
    assert_int_equal(senders_unknown(centre.senders), before);
}

/* ---- bodies ---- */

static struct buf packed(struct str text, int window_bits)
{
    struct buf out = {0};
    z_stream packer = {0};
    assert_int_equal(deflateInit2(&packer, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY),
                     Z_OK);
    size_t room = deflateBound(&packer, text.len) + 64;
    packer.next_in = (unsigned char *)(uintptr_t)text.ptr;
    packer.avail_in = (unsigned)text.len;
    packer.next_out = (unsigned char *)buf_reserve(&out, room);
    packer.avail_out = (unsigned)room;
    assert_int_equal(deflate(&packer, Z_FINISH), Z_STREAM_END);
    out.len = packer.total_out;
    deflateEnd(&packer);
    return out;
}

static void a_packed_body_is_unpacked(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int window_bits;
    } rows[] = {{SENDER "Content-Encoding: gzip\r\n", 31},
                {SENDER "Content-Encoding: deflate\r\n", 15},
                {SENDER "Content-Encoding: deflate\r\n", -15}};
    for (size_t i = 0; i < 3; i++) {
        struct buf body = packed(STR("one event\nand another\n"), rows[i].window_bits);
        assert_answers("POST", "/echo", rows[i].header, buf_str(&body), "one event\nand another\n");
        body.len -= 3;
        assert_int_equal(status_of("POST", "/echo", rows[i].header, buf_str(&body)), 400);
        buf_free(&body);
    }
    struct buf twice = packed(STR("a"), 31), second = packed(STR("b"), 31);
    buf_add_str(&twice, buf_str(&second));
    assert_answers("POST", "/echo", rows[0].header, buf_str(&twice), "ab");
    buf_free(&twice);
    buf_free(&second);
    assert_int_equal(status_of("POST", "/echo", rows[0].header, STR("no gzip")), 400);
    assert_int_equal(status_of("POST", "/echo", SENDER "Content-Encoding: br\r\n", STR("x")), 415);
}

static void a_bomb_stops_at_the_limit(void **state)
{
    (void)state;
    size_t size = 50u << 20;
    char *zeros = calloc(1, size);
    struct buf bomb = packed(str_of(zeros, size), 31);
    assert_true(bomb.len < BODY_LIMIT);
    assert_int_equal(
        status_of("POST", "/echo", SENDER "Content-Encoding: gzip\r\n", buf_str(&bomb)), 413);
    assert_answers("POST", "/echo", SENDER, STR("x"), "x");
    buf_free(&bomb);
    free(zeros);
}

static void a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(void **state)
{
    (void)state;
    char *bytes = malloc(BODY_LIMIT + 1);
    memset(bytes, 'x', BODY_LIMIT + 1);
    assert_int_equal(status_of("POST", "/echo", SENDER, str_of(bytes, BODY_LIMIT)), 200);
    assert_int_equal(status_of("POST", "/echo", SENDER, str_of(bytes, BODY_LIMIT + 1)), 413);
    struct buf body = packed(str_of(bytes, BODY_LIMIT), 31);
    assert_int_equal(
        status_of("POST", "/echo", SENDER "Content-Encoding: gzip\r\n", buf_str(&body)), 200);
    buf_free(&body);
    free(bytes);
}

static void a_refusal_leaves_the_connection_fit_for_the_next_request(void **state)
{
    (void)state;
    char *bytes = malloc(10 * BODY_LIMIT);
    memset(bytes, 'x', 10 * BODY_LIMIT);
    int fd = client_connect(centre.address);
    char head[256];
    snprintf(head, sizeof(head),
             "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER "Content-Length: %u\r\n\r\n",
             10 * BODY_LIMIT);
    client_send_text(fd, head);
    client_send(fd, str_of(bytes, 10 * BODY_LIMIT));
    assert_next(fd, 413, NULL);
    client_send_text(fd,
                     "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER "Content-Length: 2\r\n\r\nok");
    assert_next(fd, 200, NULL);
    close(fd);
    free(bytes);
}

static void who_waits_for_our_word_is_refused_before_it_sends(void **state)
{
    (void)state;
    int fd = client_connect(centre.address);
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER
                         "Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n");
    assert_next(fd, 413, NULL);
    close(fd);
    fd = client_connect(centre.address);
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER
                         "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_next(fd, 100, NULL);
    client_send_text(fd, "ok");
    assert_next(fd, 200, NULL);
    close(fd);
}

static void chunks_are_a_body_and_two_lengths_are_refused(void **state)
{
    (void)state;
    int fd = client_connect(centre.address);
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER
                         "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_next(fd, 200, "abcde");
    close(fd);
    fd = client_connect(centre.address);
    client_send_text(fd, "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER
                         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_next(fd, 400, NULL);
    close(fd);
}

static void overload_is_said_before_the_body_is_read(void **state)
{
    (void)state;
    struct answer answer;
    stores = 0;
    assert_int_equal(status_of("POST", "/store", SENDER, STR("an event")), 503);
    assert_int_equal(stores, 1);
    client_ask("POST", "/store", SENDER, STR("an event"), &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(answer_header(&answer, "Retry-After").ptr);
    answer_free(&answer);
    assert_int_equal(stores, 1); /* the handler was not asked */
}

/* ---- waiting ---- */

static void a_request_that_waits_is_answered_when_it_is_resumed(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        assert_answers("GET", "/early", "", STR(""), "early");
    int fd = client_connect(centre.address);
    struct api_request *request = ask_late(fd);
    assert_answers("GET", "/public", "", STR(""), ""); /* its thread serves others */
    request_resume(request);
    assert_next(fd, 200, "late");
    close(fd);
}

static void *resume_later(void *argument)
{
    usleep(100000);
    request_resume(argument);
    return NULL;
}

static void stopping_waits_for_requests_that_wait(void **state)
{
    (void)state;
    int fd = client_connect(centre.address);
    struct api_request *request = ask_late(fd);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, resume_later, request), 0);
    centre_stop_api();
    assert_next(fd, 200, NULL);
    pthread_join(thread, NULL);
    close(fd);
}

static void a_request_that_waits_is_ended_though_its_client_has_gone(void **state)
{
    (void)state;
    const struct linger reset = {.l_onoff = 1};
    unsigned before = waited;
    for (unsigned i = 0; i < 20; i++) {
        int fd = client_connect(centre.address);
        struct api_request *request = ask_late(fd);
        if (i % 2)
            assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
        close(fd);
        request_resume(request);
        while (waited == before + i)
            usleep(1000);
    }
    assert_answers("GET", "/public", "", STR(""), "");
}

static void a_handler_that_forgets_to_answer_is_a_500(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET", "/nothing", "", STR("")), 500);
}

static void an_administrator_sends_no_events(void **state)
{
    (void)state;
    struct answer answer;
    client_ask("POST", "/echo", "Authorization: Bearer $ADMIN\r\n", STR("x"), &answer);
    assert_int_equal(answer.status, 403);
    assert_true(str_find(buf_str(&answer.body), STR("belongs to no agency")) != SIZE_MAX);
    answer_free(&answer);
}

static void a_foreign_protocol_refuses_in_its_own_words(void **state)
{
    (void)state;
    struct answer answer;
    client_ask("POST", "/foreign", "", STR("x"), &answer);
    assert_int_equal(answer.status, 401);
    assert_true(str_starts(buf_str(&answer.body), STR("foreign: ")));
    answer_free(&answer);
}

/* ---- slow and many ---- */

static void a_slow_request_is_cut_off(void **state)
{
    (void)state;
    static const char *const starts[] = {
        "",
        "GET /pub",
        "GET /public HTTP/1.1\r\nHost: jaga\r\nX: ",
        "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER "Content-Length: 9999\r\n\r\nab",
        "POST /echo HTTP/1.1\r\nHost: jaga\r\nContent-Length: 9999\r\n\r\nab",
    };
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        int fd = client_connect(centre.address);
        client_send_text(fd, starts[i]);
        assert_true(client_is_closed(fd));
        close(fd);
    }
    assert_answers("GET", "/public", "", STR(""), "");
}

static void bytes_that_drip_do_not_prolong_a_request(void **state)
{
    (void)state;
    int fd = client_connect(centre.address);
    client_send_text(fd,
                     "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER "Content-Length: 9999\r\n\r\n");
    int sent = 0;
    char byte;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) != 0 && sent++ < 1000) {
        client_send_text(fd, "x");
        usleep(10000);
    }
    assert_true(sent < 1000);
    close(fd);
}

static void an_idle_connection_is_let_go(void **state)
{
    (void)state;
    int fd = client_connect(centre.address);
    client_send_text(fd, "GET /public HTTP/1.1\r\nHost: jaga\r\n\r\n");
    assert_next(fd, 200, NULL);
    assert_true(client_is_closed(fd));
    close(fd);
}

static void bodies_together_have_a_budget(void **state)
{
    (void)state;
    int fd[3];
    struct answer answer;
    char *bytes = malloc(40000);
    memset(bytes, 'x', 40000);
    for (size_t i = 0; i < 2; i++) {
        fd[i] = client_connect(centre.address);
        client_send_text(fd[i], "POST /echo HTTP/1.1\r\nHost: jaga\r\n" SENDER
                                "Transfer-Encoding: chunked\r\n\r\n9c40\r\n");
        client_send(fd[i], str_of(bytes, 40000));
    }
    client_send_text(fd[1], "\r\n0\r\n\r\n");
    client_send_text(fd[0], "\r\n0\r\n\r\n");
    unsigned taken = 0, refused = 0;
    for (size_t i = 0; i < 2; i++) {
        client_receive(fd[i], false, &answer);
        taken += answer.status == 200;
        refused += answer.status == 429;
        answer_free(&answer);
        close(fd[i]);
    }
    assert_int_equal(taken + refused, 2);
    assert_true(taken >= 1);
    assert_int_equal(status_of("POST", "/echo", SENDER, str_of(bytes, 40000)), 200);
    free(bytes);
}

static void an_address_gets_its_share_of_connections(void **state)
{
    (void)state;
    int fd[4];
    struct answer answer;
    for (size_t i = 0; i < 4; i++) {
        fd[i] = client_connect(centre.address);
        client_send_text(fd[i], "GET /public HTTP/1.1\r\nHost: jaga\r\n\r\n");
        client_receive(fd[i], false, &answer);
        assert_int_equal(answer.status, i < 3 ? 200 : 0);
        answer_free(&answer);
    }
    for (size_t i = 0; i < 4; i++)
        close(fd[i]);
}

static void garbage_is_answered_or_closed_and_harms_nobody(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 hello\r\n\r\n", "\r\n\r\n\r\n\r\n", "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n", "GET /public HTTP/1.1\r\nHost jaga\r\n\r\n"};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        int fd = client_connect(centre.address);
        client_send(fd, str_from_c(garbage[i]));
        shutdown(fd, SHUT_WR);
        assert_true(client_is_closed(fd));
        close(fd);
    }
    struct buf endless = {0};
    buf_add_c(&endless, "GET /public HTTP/1.1\r\nHost: jaga\r\nX: ");
    for (int i = 0; i < 200000; i++)
        buf_add_byte(&endless, 'x');
    int fd = client_connect(centre.address);
    client_send(fd, buf_str(&endless));
    assert_true(client_is_closed(fd));
    close(fd);
    buf_free(&endless);
    assert_answers("GET", "/public", "", STR(""), "");
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, centre_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_reaches_its_row_and_the_most_literal_wins, start),
        TEST(what_is_not_there_is_404_and_a_wrong_method_names_the_right_ones, start),
        TEST(a_path_has_the_methods_of_its_own_rows_each_once, start),
        TEST(what_is_not_there_is_said_in_the_words_of_its_protocol, start),
        TEST(every_answer_has_the_headers_that_keep_browsers_honest, start),
        TEST(a_token_is_taken_in_every_scheme_that_shippers_use, start),
        TEST(who_is_not_known_gets_401_and_who_may_not_403, start),
        TEST(a_reader_sees_its_agencies_and_an_administrator_all, start),
        TEST(who_guesses_is_not_looked_up_any_more_and_who_works_goes_on, start),
        TEST(a_packed_body_is_unpacked, start),
        TEST(a_bomb_stops_at_the_limit, start),
        TEST(a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not, start),
        TEST(a_refusal_leaves_the_connection_fit_for_the_next_request, start),
        TEST(who_waits_for_our_word_is_refused_before_it_sends, start),
        TEST(chunks_are_a_body_and_two_lengths_are_refused, start),
        TEST(overload_is_said_before_the_body_is_read, start_full),
        TEST(a_request_that_waits_is_answered_when_it_is_resumed, start),
        TEST(stopping_waits_for_requests_that_wait, start),
        TEST(a_request_that_waits_is_ended_though_its_client_has_gone, start),
        TEST(a_handler_that_forgets_to_answer_is_a_500, start),
        TEST(an_administrator_sends_no_events, start),
        TEST(a_foreign_protocol_refuses_in_its_own_words, start),
        TEST(a_slow_request_is_cut_off, start_impatient),
        TEST(bytes_that_drip_do_not_prolong_a_request, start_impatient),
        TEST(an_idle_connection_is_let_go, start_impatient),
        TEST(bodies_together_have_a_budget, start_poor),
        TEST(an_address_gets_its_share_of_connections, start_crowded),
        TEST(garbage_is_answered_or_closed_and_harms_nobody, start_impatient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
