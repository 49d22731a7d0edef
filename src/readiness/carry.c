#include "readiness/carry.h"

#include <errno.h>
#include <jansson.h>

#include "base/time.h"

/* How a door wants its events. */
struct form {
    const char *path, *type;
    void (*begin)(const struct drill_source *source, struct buf *out);
    void (*add)(const struct drill_source *source, struct str event, int64_t time_us, bool first,
                struct buf *out);
    const char *end;
};

/* JSON as it is, a line as a JSON text. */
static void add_payload(struct str event, struct buf *out)
{
    if (event.len && event.ptr[0] == '{')
        buf_add_str(out, event);
    else
        buf_add_json(out, event);
}

static void begin_nothing(const struct drill_source *source, struct buf *out)
{
    (void)source;
    (void)out;
}

static void add_bulk(const struct drill_source *source, struct str event, int64_t time_us,
                     bool first, struct buf *out)
{
    (void)time_us;
    (void)first;
    buf_add_c(out, "{\"create\":{\"_index\":");
    buf_add_json(out, source->kind);
    buf_add_c(out, "}}\n");
    buf_add_str(out, event);
    buf_add_byte(out, '\n');
}

static void add_hec(const struct drill_source *source, struct str event, int64_t time_us,
                    bool first, struct buf *out)
{
    (void)first;
    buf_printf(out, "{\"time\":%lld.%03lld,\"sourcetype\":", (long long)(time_us / TIME_SECOND_US),
               (long long)(time_us % TIME_SECOND_US / 1000));
    buf_add_json(out, source->kind);
    buf_add_c(out, ",\"event\":");
    add_payload(event, out);
    buf_add_c(out, "}\n");
}

static void begin_otlp(const struct drill_source *source, struct buf *out)
{
    buf_add_c(out, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
                   "\"value\":{\"stringValue\":");
    buf_add_json(out, source->kind);
    buf_add_c(out, "}}]},\"scopeLogs\":[{\"scope\":{},\"logRecords\":[");
}

static void add_otlp(const struct drill_source *source, struct str event, int64_t time_us,
                     bool first, struct buf *out)
{
    (void)source;
    buf_printf(out, "%s{\"timeUnixNano\":\"%lld000\",\"body\":{\"stringValue\":", first ? "" : ",",
               (long long)time_us);
    buf_add_json(out, event);
    buf_add_c(out, "}}");
}

static void add_line(const struct drill_source *source, struct str event, int64_t time_us,
                     bool first, struct buf *out)
{
    (void)source;
    (void)time_us;
    (void)first;
    buf_add_str(out, event);
    buf_add_byte(out, '\n');
}

static const struct form forms[] = {
    [DOOR_DRILL_ELASTIC] = {"/_bulk", "application/x-ndjson", begin_nothing, add_bulk, ""},
    [DOOR_DRILL_HEC] = {"/services/collector", "application/json", begin_nothing, add_hec, ""},
    [DOOR_DRILL_HEC_RAW] = {"/services/collector/raw", "text/plain", begin_nothing, add_line, ""},
    [DOOR_DRILL_OTLP] = {"/v1/logs", "application/json", begin_otlp, add_otlp, "]}]}]}"},
    [DOOR_DRILL_NDJSON] = {"/api/v1/events", "application/x-ndjson", begin_nothing, add_line, ""},
};

void carrier_open(struct carrier *carrier, const struct drill_source *source, struct client *client)
{
    *carrier = (struct carrier){.source = source, .client = client};
}

void carrier_close(struct carrier *carrier)
{
    client_free(carrier->client);
    buf_free(&carrier->body);
}

int carrier_add(struct carrier *carrier, struct str event, int64_t time_us)
{
    const struct form *form = &forms[carrier->source->door];
    if (carrier->held == 0)
        form->begin(carrier->source, &carrier->body);
    form->add(carrier->source, event, time_us, carrier->held == 0, &carrier->body);
    carrier->held++;
    return carrier->body.failed ? -ENOMEM : 0;
}

/* Did the centre take every event of the request? */
static bool took_all(const struct carrier *carrier, const struct client_reply *reply)
{
    if (reply->status < 200 || reply->status > 299)
        return false;
    json_t *answer = json_loadb(reply->body.ptr ? reply->body.ptr : "", reply->body.len, 0, NULL);
    bool all = carrier->source->door != DOOR_DRILL_ELASTIC ||
               json_is_false(json_object_get(answer, "errors"));
    json_decref(answer);
    return all;
}

int carrier_send(struct carrier *carrier, struct err *err)
{
    const struct form *form = &forms[carrier->source->door];
    struct client_reply reply = {0};
    if (carrier->held == 0)
        return 0;
    buf_add_c(&carrier->body, form->end);
    if (carrier->body.failed)
        return err_set(err, -ENOMEM, "no memory");
    const struct client_request request = {
        .method = "POST", .path = form->path, .type = form->type, .body = buf_str(&carrier->body)};
    int status = client_deliver(carrier->client, &request, &reply, err);
    if (status == 0 && !took_all(carrier, &reply))
        status =
            err_set(err, -EIO, "%.*s: the centre answers %u: %.*s", STR_ARG(carrier->source->name),
                    reply.status, STR_ARG(str_first(buf_str(&reply.body), 160)));
    if (status == 0)
        carrier->sent += carrier->held;
    carrier->held = 0;
    buf_clear(&carrier->body);
    client_reply_free(&reply);
    return status;
}
