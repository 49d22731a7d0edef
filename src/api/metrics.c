#include "api/metrics.h"

#include <stdio.h>

#include "api/event_stream.h"
#include "api/hunts.h"
#include "base/metric.h"

static const unsigned statuses[STATUS_COUNT] = STATUS_LIST;

size_t metrics_status_index(unsigned status)
{
    size_t i = 0;
    while (i < STATUS_COUNT - 1 && statuses[i] != status)
        i++;
    return i;
}

static void write_slot(const struct route_slot *slot, struct buf *out)
{
    struct str path = str_from_c(slot->row ? slot->row->path : "");
    struct str method = str_from_c(slot->row && slot->row->method ? slot->row->method : "any");
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        uint64_t n = atomic_load(&slot->answers[i]);
        if (n == 0)
            continue;
        char status[16] = "other";
        if (statuses[i])
            snprintf(status, sizeof(status), "%u", statuses[i]);
        metric_add(
            out, "jaga_http_requests_total",
            METRIC_LABELS({"path", path}, {"method", method}, {"status", str_from_c(status)}), n);
    }
}

static void write_http(struct api *api, struct buf *out)
{
    metric_head(out, "jaga_http_requests_total", "counter",
                "Requests answered, by route and status.");
    for (size_t i = 0; i < api->n_slots; i++)
        write_slot(&api->slots[i], out);
    write_slot(&api->none, out);
    metric_one(out, "jaga_http_requests_open", "gauge", "Requests under way.", api->n_requests);
    metric_one(out, "jaga_http_connections_open", "gauge", "Connections open.", api->n_connections);
    metric_one(out, "jaga_http_connections_total", "counter", "Connections accepted.",
               api->counts.connections);
    metric_head(out, "jaga_http_connections_refused_total", "counter", "Connections turned away.");
    metric_add(out, "jaga_http_connections_refused_total", METRIC_LABELS({"reason", STR("all")}),
               api->counts.over_limit);
    metric_add(out, "jaga_http_connections_refused_total",
               METRIC_LABELS({"reason", STR("address")}), api->counts.over_address_limit);
    metric_one(out, "jaga_http_late_total", "counter",
               "Connections cut off because they were too slow.", api->counts.late);
    metric_one(out, "jaga_http_received_bytes_total", "counter", "Bytes of bodies as they came.",
               api->counts.received);
    metric_one(out, "jaga_http_unpacked_bytes_total", "counter", "Bytes of bodies, unpacked.",
               api->counts.unpacked);
    metric_one(out, "jaga_http_answered_bytes_total", "counter", "Bytes of answers.",
               api->counts.answered);
    metric_one(out, "jaga_http_bodies_bytes", "gauge", "Memory of bodies under way.",
               api->budget.used);
    metric_head(out, "jaga_http_refused_total", "counter", "Requests refused, by reason.");
    const struct {
        const char *reason;
        uint64_t n;
    } refused[] = {
        {"unknown", api->counts.unknown},     {"guessing", api->counts.guessing},
        {"too_large", api->counts.too_large}, {"overload", api->counts.overload},
        {"memory", api->counts.no_budget},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        metric_add(out, "jaga_http_refused_total",
                   METRIC_LABELS({"reason", str_from_c(refused[i].reason)}), refused[i].n);
    metric_one(out, "jaga_http_streams", "gauge", "Event streams open.",
               event_streams_count(api->hub));
    metric_one(out, "jaga_http_addresses", "gauge", "Addresses remembered.",
               peers_count(api->peers));
}

void metrics_write(struct api *api, struct buf *out)
{
    metric_head(out, "jaga_build_info", "gauge", "Which jaga this is.");
    metric_add(out, "jaga_build_info", METRIC_LABELS({"version", STR(JAGA_VERSION)}), 1);
    metric_head(out, "jaga_start_time_seconds", "gauge", "When the server started, since 1970.");
    metric_add_real(out, "jaga_start_time_seconds", METRIC_PLAIN, (double)api->started / 1e6, 3);
    write_http(api, out);
    metrics_write_centre(api, out);
    hunts_metrics(api->hunts, out);
    for (size_t i = 0; i < api->n_writers; i++)
        api->writers[i].write(api->writers[i].context, out);
}
