/* What other programs ask to know what this one is, and whether it is well. */
#include <errno.h>

#include "api/metrics.h"

static void handle_healthz(struct api_request *request)
{
    request_reply(request, 200, "application/json", STR("{\"status\":\"ok\"}"));
}

static void handle_readyz(struct api_request *request)
{
    const struct api *api = request_api(request);
    int spool = api->options.intake ? intake_ready(api->options.intake) : 0;
    bool ready = atomic_load(&api->ready) && !atomic_load(&api->closing) && spool == 0;
    struct buf json = {0};
    buf_printf(&json, "{\"status\":\"%s\",\"started\":%s,\"spool\":", ready ? "ready" : "not ready",
               atomic_load(&api->ready) ? "true" : "false");
    buf_add_json(&json,
                 str_from_c(spool == 0         ? "ok"
                            : spool == -ENOSPC ? "the disk, or the quota of the spool, is full"
                                               : strerror(-spool)));
    buf_add_byte(&json, '}');
    request_reply(request, ready ? 200 : 503, "application/json", buf_str(&json));
    buf_free(&json);
}

static void handle_metrics(struct api_request *request)
{
    struct buf text = {0};
    metrics_write(request_api(request), &text);
    if (text.failed)
        request_problem(request, 503, "no memory");
    else
        request_reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&text));
    buf_free(&text);
}

static void handle_openapi(struct api_request *request)
{
    request_reply_json(request, 200, &request_api(request)->openapi);
}

const struct api_route routes_health[] = {
    {"GET", "/healthz", API_PUBLIC, handle_healthz, "Says that the process answers.", NULL,
     "Health", NULL, NULL},
    {"GET", "/readyz", API_PUBLIC, handle_readyz,
     "Says whether events are taken now; 503 while they are not.", NULL, "Readiness", NULL, NULL},
    {"GET", "/metrics", API_WHOLE, handle_metrics, "Figures for Prometheus.", NULL, "Metrics", NULL,
     NULL},
    {"GET", "/api/openapi.json", API_PUBLIC, handle_openapi, "Describes this interface.", NULL,
     "Document", NULL, NULL},
    {0},
};
