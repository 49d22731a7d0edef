/*
 * The door for what sends to Splunk's HTTP event collector. An acknowledgement is asked for by naming a channel; as a
 * request is answered only once its events are durable, every id that was ever given out is acknowledged.
 */
#include <errno.h>
#include <stdatomic.h>

#include "api/delivery.h"
#include "api/hec.h"
#include "api/ndjson.h"
#include "io/clock.h"

#define ACKS_MAX 100000 /* ids of one poll */
#define SOURCE_DEFAULT STR("hec")

/*
 * The id that the next answer gets. It starts at the time in ms, so that ids of an earlier run of the program are below
 * it, and known, too.
 */
static _Atomic uint64_t next_ack;

static uint64_t ack_next(void)
{
    uint64_t none = 0;
    if (atomic_load(&next_ack) == 0)
        atomic_compare_exchange_strong(&next_ack, &none, (uint64_t)clock_now_us() / 1000);
    return atomic_load(&next_ack);
}

static uint64_t ack_take(void)
{
    ack_next();
    return atomic_fetch_add(&next_ack, 1);
}

static void reply(struct api_request *request, enum hec_code code, int64_t invalid)
{
    struct buf json = {0};
    hec_write_answer(&json, code, invalid);
    request_reply(request, hec_status(code), "application/json; charset=UTF-8", buf_str(&json));
    buf_free(&json);
}

/* Which of Splunk's codes a refusal of the server is. */
static void refuse(struct api_request *request, unsigned status, const char *reason)
{
    struct str header = request_header(request, "Authorization");
    enum hec_code code = HEC_INTERNAL_ERROR;
    if (status == 404 || status == 405) { /* it has no code for these */
        request_problem(request, status, "%s", reason);
        return;
    }
    if (status == 401)
        code = !header.ptr                                      ? HEC_TOKEN_REQUIRED
               : str_index(str_trim(header), ' ') >= header.len ? HEC_INVALID_AUTHORIZATION
                                                                : HEC_INVALID_TOKEN;
    else if (status == 403)
        code = HEC_INVALID_TOKEN;
    else if (status == 413)
        code = HEC_TOO_LARGE;
    else if (status == 429 || status == 503)
        code = HEC_BUSY;
    else if (status == 400 || status == 415)
        code = HEC_INVALID_FORMAT;
    reply(request, code, -1);
}

/* ---- channels ---- */

static struct str channel_of(struct api_request *request)
{
    struct str channel = request_header(request, "X-Splunk-Request-Channel");
    return channel.ptr ? channel : request_query(request, "channel");
}

/* True: it is missing, or none, and that was replied. */
static bool lacks_channel(struct api_request *request, bool required)
{
    struct str channel = channel_of(request);
    if (channel.len == 0 && required)
        reply(request, HEC_CHANNEL_MISSING, -1);
    else if (channel.len > 0 && !hec_is_channel(channel))
        reply(request, HEC_CHANNEL_INVALID, -1);
    else
        return false;
    return true;
}

/* ---- events ---- */

/* What the second half of a request needs of the first. */
struct wanted {
    struct hec hec;
    struct ndjson lines; /* of the raw endpoint */
    enum hec_code code;  /* of the first event that was none */
    int64_t invalid;
};

static void release(void *context)
{
    struct wanted *wanted = context;
    hec_free(&wanted->hec);
    ndjson_free(&wanted->lines);
}

/* Good events are kept whatever the others are, and the others are dead letters. */
static void answer(struct delivery *delivery)
{
    const struct wanted *wanted = delivery->context;
    struct api_request *request = delivery->request;
    if (wanted->code != HEC_SUCCESS || channel_of(request).len == 0) {
        reply(request, wanted->code, wanted->code == HEC_SUCCESS ? -1 : wanted->invalid);
        return;
    }
    struct buf json = {0};
    hec_write_answer(&json, HEC_SUCCESS, -1);
    json.len--; /* the object goes on */
    buf_printf(&json, ",\"ackId\":%llu}", (unsigned long long)ack_take());
    request_reply(request, 200, "application/json; charset=UTF-8", buf_str(&json));
    buf_free(&json);
}

static const struct delivery_door door = {DOOR_HEC, sizeof(struct wanted), release, answer, refuse};

static const char *problem_of(enum hec_code code)
{
    return code == HEC_EVENT_REQUIRED ? "an object without an event"
           : code == HEC_EVENT_BLANK  ? "an empty event"
                                      : "not one JSON object, or one with too many members";
}

/* Puts an item into its lane. False: the request was refused. */
static bool take_item(struct delivery *delivery, size_t i)
{
    struct wanted *wanted = delivery->context;
    struct hec_item *item = &wanted->hec.items.items[i];
    struct str source = item->kind.len ? item->kind : SOURCE_DEFAULT;
    uint32_t number;
    struct delivery_lane *lane = delivery_lane(delivery, source, item->kind, &number);
    if (!lane)
        return false;
    if (item->code != HEC_SUCCESS)
        intake_reject(lane->batch, item->raw, problem_of(item->code));
    else if (!intake_add(lane->batch, hec_event(&wanted->hec, item)))
        item->code = HEC_INVALID_FORMAT;
    if (item->code != HEC_SUCCESS && wanted->code == HEC_SUCCESS) {
        wanted->code = item->code;
        wanted->invalid = (int64_t)i;
    }
    return true;
}

static struct hec_defaults defaults_of(struct api_request *request)
{
    return (struct hec_defaults){.host = request_query(request, "host"),
                                 .source = request_query(request, "source"),
                                 .sourcetype = request_query(request, "sourcetype"),
                                 .index = request_query(request, "index")};
}

static void handle_events(struct api_request *request)
{
    if (lacks_channel(request, false))
        return;
    struct delivery *delivery = delivery_new(request, &door, FORMAT_JSON);
    if (!delivery)
        return;
    struct wanted *wanted = delivery->context;
    struct hec_defaults defaults = defaults_of(request);
    int status = hec_read(&wanted->hec, request_body(request), &defaults);
    size_t n = wanted->hec.items.len;
    if (status < 0) {
        delivery_refuse(delivery, status == -E2BIG ? 413 : 503, "");
    } else if (n == 0) {
        reply(request, HEC_NO_DATA, -1);
        release(wanted);
    } else if (delivery_admit(delivery, n, SOURCE_DEFAULT)) {
        for (size_t i = 0; i < n; i++)
            if (!take_item(delivery, i))
                return;
        delivery_send(delivery);
    }
}

/* Lines of text, each an event as it is; the query says what they are. */
static void handle_raw(struct api_request *request)
{
    if (lacks_channel(request, false))
        return;
    struct delivery *delivery = delivery_new(request, &door, FORMAT_UNKNOWN);
    if (!delivery)
        return;
    struct wanted *wanted = delivery->context;
    struct str kind = request_query(request, "sourcetype");
    struct str source = kind.len ? kind : SOURCE_DEFAULT;
    int status = ndjson_read(&wanted->lines, FORMAT_UNKNOWN, request_body(request));
    size_t n = wanted->lines.items.len;
    uint32_t number;
    if (status < 0) {
        delivery_refuse(delivery, status == -E2BIG ? 413 : 503, "");
    } else if (n == 0) {
        reply(request, HEC_NO_DATA, -1);
        release(wanted);
    } else if (delivery_admit(delivery, n, source)) {
        struct delivery_lane *lane = delivery_lane(delivery, source, kind, &number);
        for (size_t i = 0; lane && i < n; i++)
            intake_add(lane->batch, wanted->lines.items.items[i]);
        if (lane)
            delivery_send(delivery);
    }
}

/* ---- acknowledgements and health ---- */

struct acks {
    struct buf json;
    uint64_t known; /* ids below it */
};

static void add_ack(void *context, uint64_t id)
{
    struct acks *acks = context;
    buf_printf(&acks->json, "%s\"%llu\":%s", acks->json.ptr[acks->json.len - 1] == '{' ? "" : ",",
               (unsigned long long)id, id < acks->known ? "true" : "false");
}

static void handle_acks(struct api_request *request)
{
    struct acks acks = {.known = ack_next()};
    if (lacks_channel(request, true))
        return;
    buf_add_c(&acks.json, "{\"acks\":{");
    int status =
        acks.json.failed ? -ENOMEM : hec_read_acks(request_body(request), ACKS_MAX, add_ack, &acks);
    buf_add_c(&acks.json, "}}");
    if (status < 0 || acks.json.failed)
        reply(request, status == -EINVAL ? HEC_INVALID_FORMAT : HEC_INTERNAL_ERROR, -1);
    else
        request_reply(request, 200, "application/json; charset=UTF-8", buf_str(&acks.json));
    buf_free(&acks.json);
}

static void handle_health(struct api_request *request)
{
    bool ready = intake_ready(request_options(request)->intake) == 0;
    reply(request, ready ? HEC_HEALTHY : HEC_UNHEALTHY, -1);
}

#define ROW(method, path, access, handle)                                                          \
    {                                                                                              \
        method, path, access, handle, NULL, NULL, NULL, NULL, refuse                               \
    }

const struct api_route routes_hec[] = {
    ROW("POST", "/services/collector", API_SEND, handle_events),
    ROW("POST", "/services/collector/1.0", API_SEND, handle_events),
    ROW("POST", "/services/collector/event", API_SEND, handle_events),
    ROW("POST", "/services/collector/event/1.0", API_SEND, handle_events),
    ROW("POST", "/services/collector/raw", API_SEND, handle_raw),
    ROW("POST", "/services/collector/raw/1.0", API_SEND, handle_raw),
    ROW("POST", "/services/collector/ack", API_SEND, handle_acks),
    ROW("POST", "/services/collector/ack/1.0", API_SEND, handle_acks),
    ROW("GET", "/services/collector/health", API_PUBLIC, handle_health),
    ROW("GET", "/services/collector/health/1.0", API_PUBLIC, handle_health),
    ROW(NULL, "/services/*", API_PUBLIC, NULL),
    {0},
};
