/* Our own door: events as lines of JSON, as a list, or as lines of text. */
#include <errno.h>
#include <inttypes.h>

#include "api/delivery.h"
#include "api/ndjson.h"

#define SOURCE_DEFAULT STR("ndjson")
#define NUMBER_DIGITS_MAX 16 /* of a producer, in hex */

struct wanted {
    struct ndjson ndjson;
};

static void release(void *context)
{
    ndjson_free(&((struct wanted *)context)->ndjson);
}

static void refuse(struct api_request *request, unsigned status, const char *reason)
{
    request_problem(request, status, "%s", reason);
}

static void answer(struct delivery *delivery)
{
    const struct intake_result *result = &delivery->lanes[0]->result;
    struct buf json = {0};
    buf_printf(&json, "{\"stored\":%" PRIu64 ",\"rejected\":%" PRIu64 ",\"repeated\":%s",
               delivery->stored, delivery->rejected, delivery->repeated ? "true" : "false");
    if (delivery->stored > 0)
        buf_printf(&json, ",\"first\":\"%" PRIu32 ".%" PRIu64 "\"", result->partition,
                   result->offset);
    buf_add_byte(&json, '}');
    request_reply(delivery->request, 200, "application/json", buf_str(&json));
    buf_free(&json);
}

static const struct delivery_door door = {DOOR_NDJSON, sizeof(struct wanted), release, answer,
                                          refuse};

/*
 * The producer and sequence of X-Jaga-Producer and X-Jaga-Sequence. 0; -EINVAL: they are no numbers, or one is
 * without the other.
 */
static int read_sequence(const struct api_request *request, uint64_t *ret_producer,
                         uint64_t *ret_sequence)
{
    struct str producer = request_header(request, "X-Jaga-Producer");
    struct str sequence = request_header(request, "X-Jaga-Sequence");
    uint64_t number = 0;
    if (!producer.ptr && !sequence.ptr)
        return 0;
    if (producer.len == 0 || producer.len > NUMBER_DIGITS_MAX ||
        str_to_u64(sequence, ret_sequence) < 0 || *ret_sequence > INTAKE_SEQUENCE_MAX)
        return -EINVAL;
    for (size_t i = 0; i < producer.len; i++) {
        int digit = str_hex_digit(producer.ptr[i]);
        if (digit < 0)
            return -EINVAL;
        number = number << 4 | (unsigned)digit;
    }
    *ret_producer = number;
    return number ? 0 : -EINVAL;
}

/* JSON, unless the type or the query says otherwise. */
static int read_format(const struct api_request *request, enum format_id *ret_format)
{
    struct str name = request_query(request, "format");
    struct str type = request_header(request, "Content-Type");
    *ret_format = str_starts(type, STR("text/plain")) ? FORMAT_UNKNOWN : FORMAT_JSON;
    return name.len == 0 || ndjson_format(name, ret_format) ? 0 : -EINVAL;
}

/* An item may have line ends between its members. */
static void take_item(struct intake_batch *batch, struct str item)
{
    size_t start = batch->bytes.len;
    if (str_index(item, '\n') == item.len) {
        intake_add(batch, item);
    } else {
        ndjson_write(&batch->bytes, item);
        intake_added(batch, start);
    }
}

static void deliver(struct delivery *delivery, uint64_t producer, uint64_t sequence)
{
    const struct ndjson *ndjson = &((struct wanted *)delivery->context)->ndjson;
    struct str named = request_query(delivery->request, "source");
    struct str source = named.len ? named : SOURCE_DEFAULT;
    uint32_t number;
    if (!delivery_admit(delivery, ndjson->items.len, source))
        return;
    struct delivery_lane *lane = delivery_lane(delivery, source, named, &number);
    if (!lane)
        return;
    lane->batch->head.producer = producer;
    lane->batch->head.sequence = sequence;
    for (size_t i = 0; i < ndjson->items.len; i++)
        take_item(lane->batch, ndjson->items.items[i]);
    delivery_send(delivery);
}

static void handle_events(struct api_request *request)
{
    enum format_id format;
    uint64_t producer = 0, sequence = 0;
    if (read_format(request, &format) < 0) {
        request_problem(request, 400, "format is not one whose lines are events by themselves");
        return;
    }
    if (read_sequence(request, &producer, &sequence) < 0) {
        request_problem(request, 400,
                        "X-Jaga-Producer is up to 16 hex digits, not 0, and X-Jaga-Sequence a "
                        "number below 2^52");
        return;
    }
    struct delivery *delivery = delivery_new(request, &door, format);
    if (!delivery)
        return;
    struct wanted *wanted = delivery->context;
    int status = ndjson_read(&wanted->ndjson, format, request_body(request));
    if (status < 0)
        delivery_refuse(delivery,
                        status == -EINVAL  ? 400
                        : status == -E2BIG ? 413
                                           : 503,
                        status == -EINVAL  ? "the list is not one of JSON objects"
                        : status == -E2BIG ? "too many events in one request"
                                           : "no memory for the request");
    else
        deliver(delivery, producer, sequence);
}

static const struct api_parameter parameters[] = {
    {"source", "string", "Name of the source, where the token leaves it open.", false},
    {"format", "string",
     "What the lines are: json (the default), syslog, cef, leef, kv, xml, auditd, access or plain. "
     "With Content-Type text/plain and no format they are recognised.",
     false},
    {0},
};

const struct api_route routes_events[] = {
    {"POST", "/api/v1/events", API_SEND, handle_events,
     "Takes events, one a line or in one JSON list, and answers once they are durable. With the "
     "headers X-Jaga-Producer (64 bits in hex) and X-Jaga-Sequence a request that is sent again is "
     "stored once.",
     parameters, "Stored", "Events", NULL},
    {0},
};
