#include "api/metrics.h"

#include "api/event_stream.h"

static const unsigned statuses[STATUS_COUNT] = STATUS_LIST;

size_t metrics_status_index(unsigned status)
{
    size_t i = 0;
    while (i < STATUS_COUNT - 1 && statuses[i] != status)
        i++;
    return i;
}

void metrics_head(struct buf *out, const char *name, const char *type, const char *about)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, about, name, type);
}

void metrics_one(struct buf *out, const char *name, const char *type, const char *about,
                 uint64_t value)
{
    metrics_head(out, name, type, about);
    buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

void metrics_label(struct buf *out, struct str value)
{
    buf_add_byte(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\n') {
            buf_add_c(out, "\\n");
            continue;
        }
        if (c == '"' || c == '\\')
            buf_add_byte(out, '\\');
        buf_add_byte(out, c);
    }
    buf_add_byte(out, '"');
}

static void write_slot(const struct route_slot *slot, struct buf *out)
{
    const char *path = slot->row ? slot->row->path : "";
    const char *method = slot->row && slot->row->method ? slot->row->method : "any";
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        uint64_t n = atomic_load(&slot->answers[i]);
        if (n == 0)
            continue;
        buf_printf(out, "jaga_http_requests_total{path=\"%s\",method=\"%s\",status=\"", path,
                   method);
        if (statuses[i])
            buf_printf(out, "%u", statuses[i]);
        else
            buf_add_c(out, "other");
        buf_printf(out, "\"} %llu\n", (unsigned long long)n);
    }
}

static void write_http(struct api *api, struct buf *out)
{
    metrics_head(out, "jaga_http_requests_total", "counter",
                 "Requests answered, by route and status.");
    for (size_t i = 0; i < api->n_slots; i++)
        write_slot(&api->slots[i], out);
    write_slot(&api->none, out);
    metrics_one(out, "jaga_http_requests_open", "gauge", "Requests under way.", api->n_requests);
    metrics_one(out, "jaga_http_connections_open", "gauge", "Connections open.",
                api->n_connections);
    metrics_one(out, "jaga_http_connections_total", "counter", "Connections accepted.",
                api->counts.connections);
    metrics_head(out, "jaga_http_connections_refused_total", "counter", "Connections turned away.");
    buf_printf(out, "jaga_http_connections_refused_total{reason=\"all\"} %llu\n",
               (unsigned long long)api->counts.over_limit);
    buf_printf(out, "jaga_http_connections_refused_total{reason=\"address\"} %llu\n",
               (unsigned long long)api->counts.over_address_limit);
    metrics_one(out, "jaga_http_late_total", "counter",
                "Connections cut off because they were too slow.", api->counts.late);
    metrics_one(out, "jaga_http_received_bytes_total", "counter", "Bytes of bodies as they came.",
                api->counts.received);
    metrics_one(out, "jaga_http_unpacked_bytes_total", "counter", "Bytes of bodies, unpacked.",
                api->counts.unpacked);
    metrics_one(out, "jaga_http_answered_bytes_total", "counter", "Bytes of answers.",
                api->counts.answered);
    metrics_one(out, "jaga_http_bodies_bytes", "gauge", "Memory of bodies under way.",
                api->budget.used);
    metrics_head(out, "jaga_http_refused_total", "counter", "Requests refused, by reason.");
    const struct {
        const char *reason;
        uint64_t n;
    } refused[] = {
        {"unknown", api->counts.unknown},     {"guessing", api->counts.guessing},
        {"too_large", api->counts.too_large}, {"overload", api->counts.overload},
        {"memory", api->counts.no_budget},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        buf_printf(out, "jaga_http_refused_total{reason=\"%s\"} %llu\n", refused[i].reason,
                   (unsigned long long)refused[i].n);
    metrics_one(out, "jaga_http_streams", "gauge", "Event streams open.",
                event_streams_count(api->hub));
    metrics_one(out, "jaga_http_addresses", "gauge", "Addresses remembered.",
                peers_count(api->peers));
}

void metrics_write(struct api *api, struct buf *out)
{
    metrics_head(out, "jaga_build_info", "gauge", "Which jaga this is.");
    buf_add_c(out, "jaga_build_info{version=\"" JAGA_VERSION "\"} 1\n");
    metrics_head(out, "jaga_start_time_seconds", "gauge", "When the server started, since 1970.");
    buf_printf(out, "jaga_start_time_seconds %.3f\n", (double)api->started / 1e6);
    write_http(api, out);
    metrics_write_centre(api, out);
    for (size_t i = 0; i < api->n_writers; i++)
        api->writers[i].write(api->writers[i].context, out);
}
