/* The HTTP doors as their clients see them: a real server, a real spool in a scratch folder, a token. */
#include "base/test.h"

#include <curl/curl.h>
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "io/log.h"

#define HEADERS_MAX 8

static const char TYPE_NDJSON[] = "Content-Type: application/x-ndjson";
static const char TYPE_JSON[] = "Content-Type: application/json";
static const char TYPE_PROTOBUF[] = "Content-Type: application/x-protobuf";

/* A centre of doors alone. */
struct centre {
    char dir[64], url[128], token[TOKEN_TEXT_MAX], slow_token[TOKEN_TEXT_MAX],
        idle_token[TOKEN_TEXT_MAX];
    struct ledger *ledger;
    struct senders *senders;
    struct spool *spool, *dead;
    struct intake *intake;
    struct api *api;
    CURL *curl;
};
static struct centre centre;

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static struct spool *open_spool(const char *name)
{
    char place[128];
    struct err err = {0};
    snprintf(place, sizeof(place), "%s/%s", centre.dir, name);
    const struct spool_options options = {.partitions = 1};
    struct spool *spool = spool_local.open(place, &options, &err);
    if (!spool)
        fail_msg("%s", err.message);
    return spool;
}

static void add_token(const char *source, uint64_t rate, char *ret_text)
{
    char id[TOKEN_TEXT_MAX];
    const struct token token = {.role = TOKEN_SEND,
                                .agency = STR("moh"),
                                .source = str_from_c(source),
                                .rate = rate,
                                .expires = INT64_MIN};
    assert_int_equal(token_add(centre.ledger, &token, ret_text, id), 0);
}

static int start(void **state)
{
    (void)state;
    struct err err = {0};
    snprintf(centre.dir, sizeof(centre.dir), "/tmp/jaga-doors-test-XXXXXX");
    assert_non_null(mkdtemp(centre.dir));
    snprintf(centre.url, sizeof(centre.url), "sqlite:%s/ledger.db", centre.dir);
    const struct ledger_options ledger_options = {.create = true};
    centre.ledger = ledger_open(centre.url, &ledger_options, &err);
    assert_non_null(centre.ledger);
    add_token("", 0, centre.token);
    add_token("slow", 1, centre.slow_token);
    add_token("idle", 1, centre.idle_token);
    centre.senders = senders_new(1);
    assert_non_null(centre.senders);
    assert_int_equal(senders_load_tokens(centre.senders, centre.ledger), 0);
    centre.spool = open_spool("spool");
    centre.dead = open_spool("dead");
    const struct intake_options intake_options = {.engine = &spool_local,
                                                  .spool = centre.spool,
                                                  .dead = centre.dead,
                                                  .senders = centre.senders};
    centre.intake = intake_new(&intake_options);
    const struct api_listener listener = {"127.0.0.1:0", true};
    const struct api_options options = {.listeners = &listener,
                                        .n_listeners = 1,
                                        .threads = 1,
                                        .body_max = 1 << 20,
                                        .senders = centre.senders,
                                        .intake = centre.intake,
                                        .engine = &spool_local,
                                        .spool = centre.spool,
                                        .dead = centre.dead,
                                        .ledger = centre.url};
    centre.api = api_start(&options, &err);
    if (!centre.api)
        fail_msg("%s", err.message);
    centre.curl = curl_easy_init();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    curl_easy_cleanup(centre.curl);
    api_stop(centre.api);
    spool_local.close(centre.spool);
    spool_local.close(centre.dead);
    intake_free(centre.intake);
    senders_free(centre.senders);
    ledger_close(centre.ledger);
    nftw(centre.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* ---- a client ---- */

struct answer {
    long status;
    struct buf head, body;
};

static size_t take(char *bytes, size_t size, size_t n, void *to)
{
    buf_add(to, bytes, size * n);
    return size * n;
}

/* One request; `more` are headers, ended by NULL, and Authorization with the token when there is none among them. */
static CURLcode try_ask(const char *method, const char *path, struct str body,
                        const char *const *more, struct answer *ret_answer)
{
    *ret_answer = (struct answer){0};
    char url[512], authorization[128];
    bool has_token = false;
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    CURL *curl = centre.curl;
    snprintf(url, sizeof(url), "http://%s%s", api_address(centre.api, 0), path);
    for (; more && *more; more++) {
        has_token = has_token || strncmp(*more, "Authorization:", 14) == 0;
        headers = curl_slist_append(headers, *more);
    }
    snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", centre.token);
    if (!has_token)
        headers = curl_slist_append(headers, authorization);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "doors_test");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &ret_answer->body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &ret_answer->head);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (body.ptr) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, strcmp(method, "HEAD") == 0 ? NULL : method);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
    curl_slist_free_all(headers);
    return code;
}

static struct answer ask(const char *method, const char *path, struct str body,
                         const char *const *more)
{
    struct answer answer;
    assert_int_equal(try_ask(method, path, body, more, &answer), CURLE_OK);
    return answer;
}

static void answer_free(struct answer *answer)
{
    buf_free(&answer->head);
    buf_free(&answer->body);
}

/* One request whose answer has this status, and this text in it somewhere. */
static void assert_answer(const char *method, const char *path, struct str body,
                          const char *const *headers, long status, const char *part)
{
    struct answer answer = ask(method, path, body, headers);
    bool right =
        answer.status == status && str_find(buf_str(&answer.body), str_from_c(part)) != SIZE_MAX;
    if (!right)
        fail_msg("%s %s: %ld %.*s", method, path, answer.status, STR_ARG(buf_str(&answer.body)));
    answer_free(&answer);
}

static bool has_header(const struct answer *answer, const char *line)
{
    return str_find(buf_str(&answer->head), str_from_c(line)) != SIZE_MAX;
}

/* ---- what has arrived ---- */

static uint64_t stored(struct spool *spool)
{
    uint64_t first, next;
    spool_local.bounds(spool, 0, &first, &next);
    return next;
}

/* The batch that holds the event at that offset; valid until the next call. */
static struct spool_batch batch_at(struct spool *spool, uint64_t offset)
{
    static struct spool_reader *reader;
    struct spool_batch batch = {0};
    uint64_t first;
    if (reader)
        spool_local.reader_free(reader);
    reader = NULL;
    if (!spool)
        return batch;
    reader = spool_local.reader_new(spool, 0, offset);
    assert_int_equal(spool_local.read(reader, &batch, &first), 1);
    return batch;
}

static void assert_event_at(uint64_t offset, const char *source, const char *hint,
                            const char *event)
{
    struct spool_batch batch = batch_at(centre.spool, offset);
    assert_true(str_eq(batch.agency, STR("moh")));
    assert_true(str_eq(batch.source, str_from_c(source)));
    assert_true(str_eq(batch.hint, str_from_c(hint)));
    if (!str_eq(spool_event(&batch, 0), str_from_c(event)))
        fail_msg("%.*s", STR_ARG(spool_event(&batch, 0)));
    batch_at(NULL, 0);
}

static void assert_account(const char *source, uint64_t want_stored, uint64_t want_rejected)
{
    struct sender *sender = senders_intern(centre.senders, STR("moh"), str_from_c(source));
    assert_int_equal(sender->account.stored, want_stored);
    assert_int_equal(sender->account.rejected, want_rejected);
    assert_int_equal(sender->account.received, want_stored + want_rejected);
    assert_int_equal(sender->account.in_flight, 0);
}

/* ---- Elasticsearch ---- */

static void elastic_says_what_it_is(void **state)
{
    (void)state;
    struct answer answer = ask("GET", "/", (struct str){0}, NULL);
    assert_int_equal(answer.status, 200);
    assert_true(has_header(&answer, "X-Elastic-Product: Elasticsearch\r\n"));
    assert_true(has_header(&answer, "Content-Type: application/json\r\n"));
    assert_true(str_find(buf_str(&answer.body), STR("\"number\":\"9.2.0\"")) != SIZE_MAX);
    answer_free(&answer);
    const char *const headers[] = {"Accept: application/vnd.elasticsearch+json; compatible-with=8",
                                   NULL};
    answer = ask("GET", "/_license", (struct str){0}, headers);
    assert_true(has_header(&answer, "application/vnd.elasticsearch+json;compatible-with=8\r\n"));
    assert_true(str_find(buf_str(&answer.body), STR("\"status\":\"active\"")) != SIZE_MAX);
    answer_free(&answer);
}

static void elastic_lets_clients_set_up_what_they_want(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *part;
    } steps[] = {
        {"HEAD", "/_index_template/filebeat-9.2.0", ""},
        {"GET", "/_ilm/policy/filebeat", "{}"},
        {"PUT", "/_ilm/policy/filebeat", "{\"acknowledged\":true}"},
        {"PUT", "/_component_template/x", "{\"acknowledged\":true}"},
        {"PUT", "/_ingest/pipeline/filebeat-system", "{\"acknowledged\":true}"},
        {"HEAD", "/_alias/filebeat", ""},
        {"PUT", "/_data_stream/logs-x", "{\"acknowledged\":true}"},
        {"GET", "/_xpack", "\"license\""},
        {"GET", "/_cluster/health", "\"status\":\"green\""},
        {"GET", "/_cat/health", " jaga green "},
        {"GET", "/_nodes/http", "\"publish_address\":\"127.0.0.1:"},
        {"GET", "/_security/_authenticate", "\"enabled\":true"},
        {"HEAD", "/_template/logstash", ""},
        {"GET", "/_data_stream/logs-x/_lifecycle", "{}"},
        {"PUT", "/logs-x/_mapping", "{\"acknowledged\":true}"},
        {"HEAD", "/some-index", ""},
        {"PUT", "/some-index", "{\"acknowledged\":true}"},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct str body = steps[i].method[0] == 'P' ? STR("{}") : (struct str){0};
        assert_answer(steps[i].method, steps[i].path, body, NULL, 200, steps[i].part);
    }
}

static void elastic_stores_each_document_under_its_source(void **state)
{
    (void)state;
    uint64_t next = stored(centre.spool);
    struct str body = STR("{\"create\":{\"_index\":\"logs-a\"}}\n{\"n\":1}\n"
                          "{\"create\":{\"_index\":\"fw-2026.11.21\"}}\n{\"n\":2}\n"
                          "{\"create\":{\"_index\":\"logs-a\"}}\n{broken\n"
                          "{\"delete\":{\"_index\":\"logs-a\",\"_id\":\"1\"}}\n"
                          "{\"create\":{\"_index\":\"logs-a\"}}\n{\"n\":3}\n");
    struct answer answer = ask("POST", "/_bulk?filter_path=errors,items.*.status", body, NULL);
    assert_int_equal(answer.status, 200);
    assert_true(has_header(&answer, "X-Elastic-Product: Elasticsearch\r\n"));
    assert_str(buf_str(&answer.body),
               "{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},"
               "{\"create\":{\"status\":201}},{\"create\":{\"status\":400}},"
               "{\"delete\":{\"status\":400}},{\"create\":{\"status\":201}}]}");
    answer_free(&answer);
    assert_int_equal(stored(centre.spool), next + 3);
    assert_account("logs-a", 2, 1);
    assert_account("fw", 1, 0);
    struct spool_batch batch = batch_at(centre.dead, stored(centre.dead) - 1);
    assert_true(str_find(spool_event(&batch, 0), STR("{broken")) != SIZE_MAX);
    batch_at(NULL, 0);
}

static void elastic_names_an_event_by_its_place(void **state)
{
    (void)state;
    char want[64];
    uint64_t next = stored(centre.spool);
    snprintf(want, sizeof(want), "\"_id\":\"0.%llu\",\"_version\":1", (unsigned long long)next + 1);
    assert_answer("PUT", "/idx/_bulk",
                  STR("{\"index\":{}}\n{\"a\":1}\n{\"index\":{}}\n{\"a\":2}\n"), NULL, 200, want);
    assert_event_at(next, "idx", "idx", "{\"a\":1}");
}

static void elastic_takes_single_documents(void **state)
{
    (void)state;
    uint64_t next = stored(centre.spool);
    assert_answer("POST", "/one/_doc", STR("{\n \"a\": 1\n}\n"), NULL, 201,
                  "\"result\":\"created\"");
    assert_event_at(next, "one", "one", "{  \"a\": 1 }");
    assert_answer("PUT", "/one/_create/my%22id", STR("{}"), NULL, 201, "\"_id\":\"my\\\"id\"");
    assert_answer("POST", "/one/_doc", STR("[1]"), NULL, 400, "mapper_parsing_exception");
    assert_account("one", 2, 1);
}

static void elastic_refuses_in_its_own_shape(void **state)
{
    (void)state;
    const char *const nobody[] = {"Authorization: ApiKey bm86Ym9keQ==", NULL};
    struct answer answer = ask("POST", "/_bulk", STR("{\"index\":{}}\n{}\n"), nobody);
    assert_int_equal(answer.status, 401);
    assert_true(has_header(&answer, "X-Elastic-Product: Elasticsearch\r\n"));
    assert_true(str_find(buf_str(&answer.body), STR("\"type\":\"security_exception\"")) !=
                SIZE_MAX);
    answer_free(&answer);
    assert_answer("POST", "/x/_bulk", STR("{\"index\":{}}\n{}"), NULL, 400,
                  "The bulk request must be terminated by a newline [\\\\n]");
    struct buf large = {0};
    buf_add_c(&large, "{\"index\":{}}\n{\"a\":\"");
    for (int i = 0; i < 1 << 20; i++)
        buf_add_byte(&large, 'x');
    buf_add_c(&large, "\"}\n");
    assert_answer("POST", "/x/_bulk", buf_str(&large), NULL, 413, "\"status\":413");
    buf_free(&large);
}

static void elastic_has_nothing_where_nothing_is(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        long status;
        const char *part;
    } steps[] = {
        {"GET", "/metrix", 404,
         "\"type\":\"index_not_found_exception\",\"reason\":\"no such index [metrix]\"},"
         "\"status\":404}"},
        {"GET", "/_cat/indices", 404, "\"type\":\"resource_not_found_exception\""},
        {"POST", "/logs-x/_search", 404, "\"reason\":\"there is nothing at /logs-x/_search\""},
        {"PUT", "/_ilm", 404, "\"status\":404}"},
        {"DELETE", "/_bulk", 405, "\"reason\":\"DELETE is not a method of /_bulk\""},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct str body = steps[i].method[0] == 'P' ? STR("{}") : (struct str){0};
        struct answer answer = ask(steps[i].method, steps[i].path, body, NULL);
        assert_true(has_header(&answer, "X-Elastic-Product: Elasticsearch\r\n"));
        answer_free(&answer);
        assert_answer(steps[i].method, steps[i].path, body, NULL, steps[i].status, steps[i].part);
    }
    assert_answer("GET", "/api/v1/nowhere", (struct str){0}, NULL, 404, "\"type\":\"about:blank\"");
    assert_answer("POST", "/services/nowhere", STR("x"), NULL, 404, "\"type\":\"about:blank\"");
}

static void who_would_take_any_answer_for_success_gets_none(void **state)
{
    (void)state;
    char authorization[128];
    snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", centre.idle_token);
    const char *const named[] = {authorization, "User-Agent: x", NULL};
    const char *const nameless[] = {authorization, "User-Agent:", NULL};
    struct str body = STR("{\"index\":{}}\n{}\n{\"index\":{}}\n{}\n{\"index\":{}}\n{}\n");
    assert_answer("POST", "/x/_bulk", body, nameless, 200, "\"errors\":false");
    assert_answer("POST", "/x/_bulk", body, named, 429, "\"status\":429");
    struct answer answer;
    assert_int_equal(try_ask("POST", "/x/_bulk", body, nameless, &answer), CURLE_GOT_NOTHING);
    answer_free(&answer);
}

static void who_sends_too_fast_is_told_when_to_come_back(void **state)
{
    (void)state;
    char authorization[128];
    snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", centre.slow_token);
    const char *const headers[] = {authorization, NULL};
    struct buf body = {0};
    for (int i = 0; i < 100; i++)
        buf_add_c(&body, "{\"index\":{}}\n{\"a\":1}\n");
    assert_answer("POST", "/x/_bulk", buf_str(&body), headers, 200, "\"errors\":false");
    struct answer answer = ask("POST", "/x/_bulk", buf_str(&body), headers);
    assert_int_equal(answer.status, 429);
    assert_true(has_header(&answer, "Retry-After: "));
    assert_true(str_find(buf_str(&answer.body), STR("es_rejected_execution_exception")) !=
                SIZE_MAX);
    answer_free(&answer);
    buf_free(&body);
    assert_account("slow", 100, 0);
    struct sender *sender = senders_intern(centre.senders, STR("moh"), STR("slow"));
    assert_int_equal(sender->account.throttled, 1);
}

/* ---- Splunk ---- */

static void hec_stores_events_and_says_so(void **state)
{
    (void)state;
    uint64_t next = stored(centre.spool);
    char authorization[128];
    snprintf(authorization, sizeof(authorization), "Authorization: Splunk %s", centre.token);
    const char *const headers[] = {authorization, NULL};
    assert_answer(
        "POST", "/services/collector/event",
        STR("{\"event\":\"a\",\"sourcetype\":\"st\"}{\"event\":{\"b\":1},\"sourcetype\":\"st\"}"),
        headers, 200, "{\"text\":\"Success\",\"code\":0}");
    assert_event_at(next, "st", "st", "{\"message\":\"a\",\"sourcetype\":\"st\"}");
    assert_account("st", 2, 0);
    assert_answer("POST", "/services/collector/raw?sourcetype=rawtype", STR("<34>x\n\n<34>y\n"),
                  headers, 200, "{\"text\":\"Success\",\"code\":0}");
    assert_event_at(next + 2, "rawtype", "rawtype", "<34>x");
    assert_account("rawtype", 2, 0);
}

static void hec_says_which_event_was_wrong_and_keeps_the_others(void **state)
{
    (void)state;
    assert_answer("POST", "/services/collector",
                  STR("{\"event\":\"a\",\"sourcetype\":\"w\"}{\"host\":\"h\",\"sourcetype\":\"w\"}"
                      "{\"event\":\"c\",\"sourcetype\":\"w\"}"),
                  NULL, 400,
                  "{\"text\":\"Event field is required\",\"code\":12,\"invalid-event-number\":1}");
    assert_account("w", 2, 1);
    assert_answer("POST", "/services/collector", STR(""), NULL, 400,
                  "{\"text\":\"No data\",\"code\":5}");
    assert_answer("POST", "/services/collector", STR("{oops"), NULL, 400,
                  "{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":0}");
}

static void hec_acknowledges_what_it_has_answered(void **state)
{
    (void)state;
    const char *const headers[] = {"X-Splunk-Request-Channel: 0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba",
                                   NULL};
    struct answer answer = ask("POST", "/services/collector", STR("{\"event\":\"a\"}"), headers);
    buf_add_byte(&answer.body, '\0');
    const char *at = strstr(answer.body.ptr, "\"ackId\":");
    assert_non_null(at);
    unsigned long long id = strtoull(at + 8, NULL, 10);
    answer_free(&answer);
    char poll[128], want[128];
    snprintf(poll, sizeof(poll), "{\"acks\":[%llu,%llu]}", id, id + 1000000);
    snprintf(want, sizeof(want), "{\"acks\":{\"%llu\":true,\"%llu\":false}}", id, id + 1000000);
    assert_answer("POST", "/services/collector/ack", str_from_c(poll), headers, 200, want);
    assert_answer("POST", "/services/collector/ack", str_from_c(poll), NULL, 400, "\"code\":10");
    assert_answer("POST", "/services/collector?channel=7", STR("{\"event\":\"a\"}"), NULL, 400,
                  "\"code\":11");
}

static void hec_refuses_in_splunks_codes(void **state)
{
    (void)state;
    const char *const unknown[] = {"Authorization: Splunk 123", NULL};
    const char *const none[] = {"Authorization:", NULL};
    const char *const odd[] = {"Authorization: Splunk", NULL};
    struct str body = STR("{\"event\":\"a\"}");
    assert_answer("POST", "/services/collector", body, none, 401,
                  "{\"text\":\"Token is required\",\"code\":2}");
    assert_answer("POST", "/services/collector", body, odd, 401,
                  "{\"text\":\"Invalid authorization\",\"code\":3}");
    assert_answer("POST", "/services/collector", body, unknown, 403,
                  "{\"text\":\"Invalid token\",\"code\":4}");
    assert_answer("GET", "/services/collector/health", (struct str){0}, none, 200,
                  "{\"text\":\"HEC is healthy\",\"code\":17}");
}

/* ---- OpenTelemetry ---- */

static void otlp_answers_in_the_encoding_of_the_request(void **state)
{
    (void)state;
    uint64_t next = stored(centre.spool);
    const char *const json[] = {TYPE_JSON, NULL}, *const protobuf[] = {TYPE_PROTOBUF, NULL};
    assert_answer(
        "POST", "/v1/logs",
        STR("{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
            "{\"stringValue\":\"shop\"}}]},\"scopeLogs\":[{\"logRecords\":[{\"body\":{"
            "\"stringValue\":\"hi\"}}]}]}]}"),
        json, 200, "{}");
    assert_event_at(next, "shop", "shop", "{\"message\":\"hi\",\"service.name\":\"shop\"}");
    struct answer answer =
        ask("POST", "/v1/logs", STR("\x0a\x06\x12\x04\x12\x02\x10\x09"), protobuf);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body.len, 0);
    assert_true(has_header(&answer, "Content-Type: application/x-protobuf\r\n"));
    answer_free(&answer);
    assert_event_at(next + 1, "otlp", "", "{\"severity_number\":9}");
    answer = ask("POST", "/v1/logs", STR("\x0a\x05no"), protobuf);
    assert_int_equal(answer.status, 400);
    assert_true(str_starts(buf_str(&answer.body), STR("\x08\x03\x12")));
    answer_free(&answer);
    assert_answer("POST", "/v1/logs", STR("{"), json, 400, "{\"code\":3,\"message\":");
    const char *const odd[] = {"Content-Type: text/plain", NULL};
    assert_answer("POST", "/v1/logs", STR("{}"), odd, 415, "{\"code\":3,\"message\":");
}

/* ---- our own ---- */

static void events_are_counted_and_placed(void **state)
{
    (void)state;
    char want[96];
    const char *const headers[] = {TYPE_NDJSON, NULL};
    uint64_t next = stored(centre.spool);
    snprintf(want, sizeof(want),
             "{\"stored\":2,\"rejected\":1,\"repeated\":false,\"first\":\"0.%llu\"}",
             (unsigned long long)next);
    assert_answer("POST", "/api/v1/events?source=mine", STR("{\"a\":1}\nno\n{\"a\":2}\n"), headers,
                  200, want);
    assert_event_at(next, "mine", "mine", "{\"a\":1}");
    assert_account("mine", 2, 1);
}

static void events_come_as_a_list_or_as_text(void **state)
{
    (void)state;
    uint64_t next = stored(centre.spool);
    assert_answer("POST", "/api/v1/events", STR("[{\"a\":\n1},{\"b\":2}]"), NULL, 200,
                  "\"stored\":2");
    assert_event_at(next, "ndjson", "", "{\"a\": 1}");
    assert_answer("POST", "/api/v1/events?format=syslog&source=s", STR("<34>x\n<34>y"), NULL, 200,
                  "\"stored\":2");
    assert_int_equal(batch_at(centre.spool, next + 2).format, FORMAT_SYSLOG);
    batch_at(NULL, 0);
    assert_answer("POST", "/api/v1/events?format=evtx", STR("x"), NULL, 400, "format");
    assert_answer("POST", "/api/v1/events", STR("[{\"a\":1}"), NULL, 400, "list");
}

static void a_request_that_is_sent_again_is_stored_once(void **state)
{
    (void)state;
    const char *const first[] = {"X-Jaga-Producer: a1b2", "X-Jaga-Sequence: 1", NULL};
    const char *const second[] = {"X-Jaga-Producer: a1b2", "X-Jaga-Sequence: 2", NULL};
    const char *const odd[] = {"X-Jaga-Producer: xyz", "X-Jaga-Sequence: 2", NULL};
    const char *path = "/api/v1/events?source=once";
    assert_answer("POST", path, STR("{}\n"), first, 200,
                  "\"stored\":1,\"rejected\":0,\"repeated\":false");
    assert_answer("POST", path, STR("{}\n"), first, 200,
                  "\"stored\":0,\"rejected\":0,\"repeated\":true");
    assert_answer("POST", path, STR("{}\n"), second, 200,
                  "\"stored\":1,\"rejected\":0,\"repeated\":false");
    assert_answer("POST", path, STR("{}\n"), odd, 400, "X-Jaga-Producer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elastic_says_what_it_is),
        cmocka_unit_test(elastic_lets_clients_set_up_what_they_want),
        cmocka_unit_test(elastic_stores_each_document_under_its_source),
        cmocka_unit_test(elastic_names_an_event_by_its_place),
        cmocka_unit_test(elastic_takes_single_documents),
        cmocka_unit_test(elastic_refuses_in_its_own_shape),
        cmocka_unit_test(elastic_has_nothing_where_nothing_is),
        cmocka_unit_test(who_would_take_any_answer_for_success_gets_none),
        cmocka_unit_test(who_sends_too_fast_is_told_when_to_come_back),
        cmocka_unit_test(hec_stores_events_and_says_so),
        cmocka_unit_test(hec_says_which_event_was_wrong_and_keeps_the_others),
        cmocka_unit_test(hec_acknowledges_what_it_has_answered),
        cmocka_unit_test(hec_refuses_in_splunks_codes),
        cmocka_unit_test(otlp_answers_in_the_encoding_of_the_request),
        cmocka_unit_test(events_are_counted_and_placed),
        cmocka_unit_test(events_come_as_a_list_or_as_text),
        cmocka_unit_test(a_request_that_is_sent_again_is_stored_once),
    };
    log_set_level(LOG_ERROR);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, start, stop);
}
