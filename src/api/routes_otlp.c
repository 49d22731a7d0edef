/* The door for OpenTelemetry: OTLP over HTTP, logs. Answers are in the encoding of the request. */
#include <errno.h>

#include "api/delivery.h"
#include "api/otlp.h"

#define SOURCE_DEFAULT STR("otlp")

static const char *const types[] = {
    [OTLP_PROTOBUF] = "application/x-protobuf",
    [OTLP_JSON] = "application/json",
};

static bool encoding_of(const struct api_request *request, enum otlp_encoding *ret_encoding)
{
    struct str type = request_header(request, "Content-Type");
    type = str_trim(str_first(type, str_index(type, ';')));
    for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (str_eq_ascii_nocase(type, str_from_c(types[i]))) {
            *ret_encoding = (enum otlp_encoding)i;
            return true;
        }
    return false;
}

static void reply(struct api_request *request, unsigned status, enum otlp_encoding encoding,
                  struct buf *body)
{
    request_reply(request, status, types[encoding], buf_str(body));
    buf_free(body);
}

static void refuse(struct api_request *request, unsigned status, const char *reason)
{
    static const struct {
        unsigned status;
        enum otlp_code code;
    } codes[] = {
        {400, OTLP_INVALID_ARGUMENT},  {401, OTLP_UNAUTHENTICATED},
        {403, OTLP_PERMISSION_DENIED}, {413, OTLP_RESOURCE_EXHAUSTED},
        {415, OTLP_INVALID_ARGUMENT},  {429, OTLP_RESOURCE_EXHAUSTED},
        {503, OTLP_UNAVAILABLE},       {405, OTLP_UNIMPLEMENTED},
    };
    enum otlp_encoding encoding = OTLP_JSON;
    enum otlp_code code = OTLP_INTERNAL;
    struct buf body = {0};
    (void)encoding_of(request, &encoding);
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i].status == status)
            code = codes[i].code;
    otlp_write_status(&body, encoding, code, str_from_c(reason));
    reply(request, status, encoding, &body);
}

/* What the second half of a request needs of the first. */
struct wanted {
    struct otlp otlp;
    enum otlp_encoding encoding;
};

static void release(void *context)
{
    otlp_free(&((struct wanted *)context)->otlp);
}

static void answer(struct delivery *delivery)
{
    const struct wanted *wanted = delivery->context;
    struct buf body = {0};
    otlp_write_response(&body, wanted->encoding, delivery->rejected,
                        STR("too deep, too large, or with too many attributes"));
    reply(delivery->request, 200, wanted->encoding, &body);
}

static const struct delivery_door door = {DOOR_OTLP, sizeof(struct wanted), release, answer,
                                          refuse};

/* Puts a record into its lane. False: the request was refused. */
static bool take_item(struct delivery *delivery, const struct otlp_item *item)
{
    const struct wanted *wanted = delivery->context;
    struct str source = item->service.len ? item->service : SOURCE_DEFAULT;
    uint32_t number;
    struct delivery_lane *lane = delivery_lane(delivery, source, item->service, &number);
    if (!lane)
        return false;
    if (item->problem)
        intake_reject(lane->batch, item->raw, item->problem);
    else
        intake_add(lane->batch, otlp_event(&wanted->otlp, item));
    return true;
}

static void handle_logs(struct api_request *request)
{
    enum otlp_encoding encoding;
    if (!encoding_of(request, &encoding)) {
        refuse(request, 415, "application/x-protobuf or application/json is wanted");
        return;
    }
    struct delivery *delivery = delivery_new(request, &door, FORMAT_JSON);
    if (!delivery)
        return;
    struct wanted *wanted = delivery->context;
    struct otlp *otlp = &wanted->otlp;
    wanted->encoding = encoding;
    int status = otlp_read(otlp, encoding, request_body(request));
    if (status < 0) {
        delivery_refuse(delivery,
                        status == -EINVAL  ? 400
                        : status == -E2BIG ? 413
                                           : 503,
                        status == -EINVAL  ? "the body is no ExportLogsServiceRequest"
                        : status == -E2BIG ? "too many records in one request"
                                           : "no memory for the request");
        return;
    }
    if (otlp->items.len && !delivery_admit(delivery, otlp->items.len, SOURCE_DEFAULT))
        return;
    for (size_t i = 0; i < otlp->items.len; i++)
        if (!take_item(delivery, &otlp->items.items[i]))
            return;
    delivery_send(delivery);
}

const struct api_route routes_otlp[] = {
    {"POST", "/v1/logs", API_SEND, handle_logs, NULL, NULL, NULL, NULL, refuse},
    {0},
};
