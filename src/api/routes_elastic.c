/*
 * The Elasticsearch door: what shippers that write to Elasticsearch 7 to 9 ask of it. Events come in; of all else there is
 * just what lets a client believe that it was set up: policies, templates and pipelines exist, whatever their names.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "api/delivery.h"
#include "api/elastic_bulk.h"
#include "api/ndjson.h"
#include "base/hash.h"
#include "base/time.h"
#include "io/clock.h"

#define VERSION_DEFAULT "9.2.0"
#define UUID_LEN 22
#define TYPE_JSON "application/json"

/* ---- replies ---- */

/* The media type that the client asks for, of those with a version (Elasticsearch's REST API compatibility). */
static const char *reply_type(const struct api_request *request)
{
    static const char *const types[] = {
        "application/vnd.elasticsearch+json;compatible-with=7",
        "application/vnd.elasticsearch+json;compatible-with=8",
        "application/vnd.elasticsearch+json;compatible-with=9",
    };
    struct str accept = request_header(request, "Accept");
    if (str_find(accept, STR("application/vnd.elasticsearch+")) == SIZE_MAX)
        accept = request_header(request, "Content-Type");
    size_t at = str_find(accept, STR("compatible-with="));
    if (str_find(accept, STR("application/vnd.elasticsearch+")) == SIZE_MAX || at == SIZE_MAX)
        return TYPE_JSON;
    struct str version = str_skip(accept, at + STR("compatible-with=").len);
    if (version.len == 0 || version.ptr[0] < '7' || version.ptr[0] > '9')
        return TYPE_JSON;
    return types[version.ptr[0] - '7'];
}

static void reply(struct api_request *request, unsigned status, struct str json)
{
    request_set_header(request, "X-Elastic-Product", "Elasticsearch");
    request_reply(request, status, reply_type(request), json);
}

/* The same for what was built, which is freed. */
static void reply_built(struct api_request *request, unsigned status, struct buf *json)
{
    const struct str no_memory = STR("{\"error\":\"no memory\",\"status\":503}");
    if (json->failed)
        reply(request, 503, no_memory);
    else
        reply(request, status, buf_str(json));
    buf_free(json);
}

static void reply_error(struct api_request *request, unsigned status, const char *type,
                        struct str reason)
{
    struct buf json = {0};
    elastic_write_error(&json, status, type, reason);
    reply_built(request, status, &json);
}

/*
 * rsyslog's omelasticsearch looks at no status: it takes a reply without items for the end of the matter, and gives the events
 * up. Only a connection without a reply makes it send again. It is known by not naming itself.
 */
static bool gives_up_on_replies(const struct api_request *request)
{
    return !request_header(request, "User-Agent").ptr &&
           str_ends(request_path(request), STR("/_bulk"));
}

static void refuse(struct api_request *request, unsigned status, const char *reason)
{
    static const struct {
        unsigned status;
        const char *type;
    } types[] = {
        {401, "security_exception"},
        {403, "security_exception"},
        {404, "resource_not_found_exception"},
        {413, "content_too_long_exception"},
        {429, "es_rejected_execution_exception"},
        {503, "cluster_block_exception"},
    };
    const char *type = "illegal_argument_exception";
    if (status != 400 && status != 413 && gives_up_on_replies(request)) {
        request_drop(request, status);
        return;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (types[i].status == status)
            type = types[i].type;
    reply_error(request, status, type, str_from_c(reason));
}

/* ---- events ---- */

/* What the second half of a request needs of the first. */
struct wanted {
    struct bulk bulk;
    struct bulk_filter filter;
    int64_t began;
};

static void release(void *context)
{
    bulk_free(&((struct wanted *)context)->bulk);
}

static void answer_bulk(struct delivery *delivery)
{
    struct wanted *wanted = delivery->context;
    struct bulk_place places[DELIVERY_LANES_MAX];
    struct buf json = {0};
    for (uint32_t i = 0; i < delivery->n_lanes; i++)
        places[i] = (struct bulk_place){.partition = delivery->lanes[i]->result.partition,
                                        .offset = delivery->lanes[i]->result.offset};
    int64_t took_us = clock_ticks_us() - wanted->began;
    bulk_write_reply(&json, &wanted->bulk, &wanted->filter, places, (uint64_t)took_us / 1000);
    reply_built(delivery->request, 200, &json);
}

/* The same for one document: what would be its item is the reply. */
static void answer_document(struct delivery *delivery)
{
    const struct bulk_item *item = ((struct wanted *)delivery->context)->bulk.items.items;
    const struct intake_result *result = &delivery->lanes[0]->result;
    struct bulk_place place = {.partition = result->partition, .offset = result->offset};
    struct buf json = {0};
    unsigned status = bulk_write_document(&json, item, &place);
    reply_built(delivery->request, status, &json);
}

static const struct delivery_door bulk_door = {DOOR_ELASTIC, sizeof(struct wanted), release,
                                               answer_bulk, refuse};
static const struct delivery_door document_door = {DOOR_ELASTIC, sizeof(struct wanted), release,
                                                   answer_document, refuse};

/* Puts an item into its lane. False: the request was refused. */
static bool take_item(struct delivery *delivery, struct bulk_item *item)
{
    uint32_t number;
    if (item->outcome == BULK_FORBIDDEN)
        return true;
    struct delivery_lane *lane =
        delivery_lane(delivery, bulk_source(item->index), item->index, &number);
    if (!lane)
        return false;
    item->lane = (uint16_t)number;
    item->nth = lane->batch->head.n;
    if (!intake_add(lane->batch, item->document))
        item->outcome = item->document.len > INTAKE_EVENT_MAX ? BULK_TOO_LARGE : BULK_MALFORMED;
    return true;
}

/* All items into their lanes, and those on their way. */
static void deliver(struct delivery *delivery, struct bulk *bulk)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bulk->items.len; i++)
        n += bulk->items.items[i].outcome != BULK_FORBIDDEN;
    if (n > 0 && !delivery_admit(delivery, n, bulk_source(bulk->items.items[0].index)))
        return;
    for (size_t i = 0; i < bulk->items.len; i++)
        if (!take_item(delivery, &bulk->items.items[i]))
            return;
    delivery_send(delivery);
}

/* A part of the path as JSON text, as items have it. */
static struct str segment_text(struct api_request *request, unsigned i)
{
    struct buf text = {0};
    struct str segment = request_segment(request, i), copy = segment;
    buf_add_json_text(&text, segment);
    if (!text.failed && !str_eq(buf_str(&text), segment))
        copy = arena_copy(request_arena(request), buf_str(&text));
    buf_free(&text);
    return copy;
}

static void handle_bulk(struct api_request *request)
{
    struct err err = {0};
    struct delivery *delivery = delivery_new(request, &bulk_door, FORMAT_JSON);
    if (!delivery)
        return;
    struct wanted *wanted = delivery->context;
    wanted->began = clock_ticks_us();
    bulk_filter_read(&wanted->filter, request_query(request, "filter_path"));
    int status = bulk_read(&wanted->bulk, request_body(request), segment_text(request, 0), &err);
    if (status < 0)
        delivery_refuse(delivery,
                        status == -EINVAL  ? 400
                        : status == -E2BIG ? 413
                                           : 503,
                        err.message);
    else
        deliver(delivery, &wanted->bulk);
}

/* A document may be written over several lines. */
static void handle_document(struct api_request *request)
{
    struct delivery *delivery = delivery_new(request, &document_door, FORMAT_JSON);
    if (!delivery)
        return;
    struct wanted *wanted = delivery->context;
    struct bulk_item item = {
        .op = BULK_INDEX, .index = segment_text(request, 0), .id = segment_text(request, 1)};
    struct buf line = {0};
    ndjson_write(&line, str_trim(request_body(request)));
    item.document = arena_copy(request_arena(request), buf_str(&line));
    bool failed = line.failed || !item.document.ptr;
    buf_free(&line);
    if (failed || vec_push(&wanted->bulk.items, item) < 0)
        delivery_refuse(delivery, 413, "the document is too large");
    else
        deliver(delivery, &wanted->bulk);
}

/* ---- what clients look at before they send ---- */

static const char *version_of(const struct api_request *request)
{
    const char *version = request_options(request)->elastic_version;
    return version ? version : VERSION_DEFAULT;
}

/* An id of this installation in the shape of Elasticsearch's: 22 letters of base64url. */
static struct str cluster_uuid(const struct api_request *request, char ret_text[static UUID_LEN])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t bits = hash_text(str_from_c(request_options(request)->ledger));
    for (size_t i = 0; i < UUID_LEN; i++) {
        ret_text[i] = letters[bits & 63];
        bits = hash_mix(bits, i);
    }
    return str_of(ret_text, UUID_LEN);
}

static void handle_root(struct api_request *request)
{
    char uuid[UUID_LEN];
    struct buf json = {0};
    buf_printf(&json,
               "{\"name\":\"jaga\",\"cluster_name\":\"jaga\",\"cluster_uuid\":\"%.*s\","
               "\"version\":{\"number\":\"%s\",\"build_flavor\":\"default\",\"build_type\":\"deb\","
               "\"build_hash\":\"0000000000000000000000000000000000000000\","
               "\"build_date\":\"2026-01-01T00:00:00.000000000Z\",\"build_snapshot\":false,"
               "\"lucene_version\":\"10.3.1\",\"minimum_wire_compatibility_version\":\"8.19.0\","
               "\"minimum_index_compatibility_version\":\"8.0.0\"},"
               "\"tagline\":\"You Know, for Search\"}",
               STR_ARG(cluster_uuid(request, uuid)), version_of(request));
    reply_built(request, 200, &json);
}

static void handle_license(struct api_request *request)
{
    char uuid[UUID_LEN];
    struct buf json = {0};
    buf_printf(&json,
               "{\"license\":{\"status\":\"active\",\"uid\":\"%.*s\",\"type\":\"basic\","
               "\"issue_date\":\"2026-01-01T00:00:00.000Z\",\"issue_date_in_millis\":1767225600000,"
               "\"max_nodes\":1000,\"issued_to\":\"jaga\",\"issuer\":\"elasticsearch\","
               "\"start_date_in_millis\":-1}}",
               STR_ARG(cluster_uuid(request, uuid)));
    reply_built(request, 200, &json);
}

static void handle_xpack(struct api_request *request)
{
    char uuid[UUID_LEN];
    struct buf json = {0};
    buf_printf(&json,
               "{\"build\":{},\"license\":{\"uid\":\"%.*s\",\"type\":\"basic\",\"mode\":\"basic\","
               "\"status\":\"active\"},\"features\":{\"ilm\":{\"available\":true,\"enabled\":true},"
               "\"security\":{\"available\":true,\"enabled\":true}},"
               "\"tagline\":\"You know, for X\"}",
               STR_ARG(cluster_uuid(request, uuid)));
    reply_built(request, 200, &json);
}

static void handle_health(struct api_request *request)
{
    bool ready = intake_ready(request_options(request)->intake) == 0;
    struct buf json = {0};
    buf_printf(&json,
               "{\"cluster_name\":\"jaga\",\"status\":\"%s\",\"timed_out\":false,"
               "\"number_of_nodes\":1,\"number_of_data_nodes\":1,\"active_primary_shards\":1,"
               "\"active_shards\":1,\"relocating_shards\":0,\"initializing_shards\":0,"
               "\"unassigned_shards\":0,\"delayed_unassigned_shards\":0,"
               "\"number_of_pending_tasks\":0,\"number_of_in_flight_fetch\":0,"
               "\"task_max_waiting_in_queue_millis\":0,"
               "\"active_shards_percent_as_number\":100.0}",
               ready ? "green" : "red");
    reply_built(request, 200, &json);
}

static void handle_cat_health(struct api_request *request)
{
    bool ready = intake_ready(request_options(request)->intake) == 0;
    char line[96];
    int64_t now = clock_now_us() / TIME_SECOND_US;
    int len = snprintf(
        line, sizeof(line), "%" PRId64 " %02d:%02d:%02d jaga %s 1 1 1 1 0 0 0 0 - 100.0%%\n", now,
        (int)(now / 3600 % 24), (int)(now / 60 % 60), (int)(now % 60), ready ? "green" : "red");
    request_set_header(request, "X-Elastic-Product", "Elasticsearch");
    request_reply(request, 200, "text/plain; charset=UTF-8", str_of(line, (size_t)len));
}

/* One node, at the address that the client used: a client that asks for others stays here. */
static void handle_nodes(struct api_request *request)
{
    struct buf json = {0};
    struct str host = request_header(request, "Host");
    buf_add_c(&json,
              "{\"_nodes\":{\"total\":1,\"successful\":1,\"failed\":0},"
              "\"cluster_name\":\"jaga\",\"nodes\":{\"jaga\":{\"name\":\"jaga\",\"version\":");
    buf_add_json(&json, str_from_c(version_of(request)));
    buf_add_c(&json, ",\"roles\":[\"data\",\"ingest\",\"master\"],\"http\":{\"publish_address\":");
    buf_add_json(&json, host);
    buf_add_c(&json, ",\"bound_address\":[");
    buf_add_json(&json, host);
    buf_add_c(&json, "],\"max_content_length_in_bytes\":");
    buf_add_u64(&json, request_options(request)->body_max);
    buf_add_c(&json, "},\"ingest\":{\"processors\":[]}}}}");
    reply_built(request, 200, &json);
}

static void handle_user(struct api_request *request)
{
    struct buf json = {0};
    buf_add_c(&json, "{\"username\":");
    buf_add_json(&json, request_grant(request)->id);
    buf_add_c(&json, ",\"roles\":[\"send\"],\"full_name\":null,\"email\":null,\"metadata\":{},"
                     "\"enabled\":true}");
    reply_built(request, 200, &json);
}

/* Whatever it is, it is there; and whatever is to be made or taken away, has been. */
static void handle_setup(struct api_request *request)
{
    const char *method = request_method(request);
    bool asks = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    reply(request, 200, asks ? STR("{}") : STR("{\"acknowledged\":true}"));
}

/* An index exists as soon as somebody asks for it. What begins with '_' names none (a spelling mistake, another API). */
static void handle_index(struct api_request *request)
{
    if (str_starts(request_segment(request, 0), STR("_")))
        refuse(request, 404, "no such index, and no such interface");
    else
        handle_setup(request);
}

/* There is nothing to read here: what is stored is read through /api/v1. */
static void handle_reading(struct api_request *request)
{
    struct buf reason = {0};
    buf_printf(&reason, "no such index [%.*s]", STR_ARG(request_segment(request, 0)));
    reply_error(request, 404, "index_not_found_exception", buf_str(&reason));
    buf_free(&reason);
}

static void handle_refresh(struct api_request *request)
{
    reply(request, 200, STR("{\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0}}"));
}

#define ROW(method, path, handle)                                                                  \
    {                                                                                              \
        method, path, API_SEND, handle, NULL, NULL, NULL, NULL, refuse                             \
    }

const struct api_route routes_elastic[] = {
    ROW("GET", "/", handle_root),
    ROW("POST", "/_bulk", handle_bulk),
    ROW("PUT", "/_bulk", handle_bulk),
    ROW("POST", "/{index}/_bulk", handle_bulk),
    ROW("PUT", "/{index}/_bulk", handle_bulk),
    ROW("POST", "/{index}/_doc", handle_document),
    ROW("POST", "/{index}/_doc/{id}", handle_document),
    ROW("PUT", "/{index}/_doc/{id}", handle_document),
    ROW("POST", "/{index}/_create/{id}", handle_document),
    ROW("PUT", "/{index}/_create/{id}", handle_document),
    ROW("GET", "/_license", handle_license),
    ROW("GET", "/_xpack", handle_xpack),
    ROW("GET", "/_cluster/health", handle_health),
    ROW("GET", "/_cat/health", handle_cat_health),
    ROW("GET", "/_nodes", handle_nodes),
    ROW("GET", "/_nodes/*", handle_nodes),
    ROW("GET", "/_security/_authenticate", handle_user),
    /* What Beats, Logstash, Fluentd and libraries set up before they send: each has all it asks for. */
    ROW(NULL, "/_ilm/policy/*", handle_setup),
    ROW(NULL, "/_index_template/*", handle_setup),
    ROW(NULL, "/_component_template/*", handle_setup),
    ROW(NULL, "/_template/*", handle_setup),
    ROW(NULL, "/_ingest/pipeline/*", handle_setup),
    ROW(NULL, "/_alias/*", handle_setup),
    ROW(NULL, "/_aliases", handle_setup),
    ROW(NULL, "/_data_stream/*", handle_setup),
    ROW(NULL, "/_cluster/settings", handle_setup),
    ROW(NULL, "/_refresh", handle_refresh),
    ROW(NULL, "/{index}/_refresh", handle_refresh),
    ROW(NULL, "/{index}/_alias/*", handle_setup),
    ROW(NULL, "/{index}/_mapping", handle_setup),
    ROW(NULL, "/{index}/_settings", handle_setup),
    ROW("HEAD", "/{index}", handle_index),
    ROW("PUT", "/{index}", handle_index),
    {"GET", "/{index}", API_PUBLIC, handle_reading, NULL, NULL, NULL, NULL, refuse},
    ROW(NULL, "/*", NULL),
    {0},
};
