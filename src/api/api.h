/*
 * api: HTTP and HTTPS: the shippers' doors, the REST interface, the event stream. A path is one row of a table
 * (routes.c) with its method, who may call it, its handler and its documentation; /api/openapi.json is made from the
 * same rows.
 *
 *     connection ─▶ route, authenticate (before the body) ─▶ body collected, unpacked, bounded ─▶ handler
 *                                                                          │ may wait: suspended ─▶ reply
 *
 * Handlers run in the server's threads and never block on a disk: a door suspends its request and the
 * spool's thread resumes it with api_reply().
 */
#ifndef JAGA_API_API_H
#define JAGA_API_API_H

#include "base/buf.h"
#include "ledger/ledger.h"
#include "watch/health.h"
#include "watch/intake.h"
#include "watch/live.h"

struct api;
struct api_request;

struct api_listener {
    const char *address; /* "127.0.0.1:8443", "[::]:0" */
    bool plain;          /* HTTP without TLS: only for loopback or behind a proxy */
};

struct api_options {
    const struct api_listener *listeners;
    size_t n_listeners;
    struct tls_identity *identity; /* io/tls.h; reloads by itself */
    unsigned threads;
    uint32_t connections_max;
    size_t body_max;    /* bytes of a body, also unpacked: 413 past it */
    int64_t request_us; /* a request must be whole by then (slow clients) */
    struct senders *senders;
    struct intake *intake;
    struct live *live; /* NULL: none */
    struct health *health;
    const struct spool_ops *engine;
    struct spool *spool, *dead;
    const char *ledger;          /* URL */
    const char *elastic_version; /* what the Elasticsearch door says it is */
};

struct api *api_start(const struct api_options *options, struct err *err);
/* Stops taking connections, answers what is under way, frees. */
void api_stop(struct api *api);
/* "127.0.0.1:43211": where listener i is, with the port the kernel chose. Lives as long as the api. */
const char *api_address(const struct api *api, size_t i);
/* Findings have changed: wakes event streams. Any thread. */
void api_published(struct api *api);
/* A text for /metrics is made by each part that has figures. */
void api_add_metrics(struct api *api, void (*write)(void *context, struct buf *out), void *context);
/* Readiness for /readyz. */
void api_set_ready(struct api *api, bool ready);

/* ---- handlers ---- */

enum api_access {
    API_PUBLIC, /* no token */
    API_SEND,   /* a grant that may send */
    API_READ,   /* a token that may read; the request has its scope */
    API_ADMIN,
};

struct api_parameter {
    const char *name;
    const char *type; /* "string", "integer", "boolean", "date-time" */
    const char *about;
    bool required;
};

struct api_route {
    const char *method; /* "GET"; NULL: any */
    const char *path; /* "/api/v1/findings/{id}"; a {name} takes one segment; a last "*" the rest */
    enum api_access access;
    void (*handle)(struct api_request *request);
    const char *summary; /* one sentence; NULL: not in the OpenAPI document (foreign protocols) */
    const struct api_parameter
        *parameters;    /* of the query, ended by a row without a name; or NULL */
    const char *answer; /* JSON schema name of the 200 answer ("Finding"), or NULL */
    const char *body;   /* the same for the request */
    /* Writes the 401, 403, 413, 429 and 503 of a foreign protocol; NULL: ours (RFC 9457 problem+json). */
    void (*refuse)(struct api_request *request, unsigned status, const char *reason);
};

/* What a handler may ask about its request. Strings live until the reply. */
struct api *request_api(const struct api_request *request);
const struct api_options *request_options(const struct api_request *request);
struct str request_path(const struct api_request *request);
struct str request_segment(const struct api_request *request,
                           unsigned i); /* value of the i-th {name} */
struct str request_query(const struct api_request *request,
                         const char *name); /* ptr NULL: absent */
struct str request_header(const struct api_request *request, const char *name);
struct str request_body(const struct api_request *request);     /* unpacked */
struct str request_peer(const struct api_request *request);     /* address as text */
struct grant *request_grant(const struct api_request *request); /* NULL: API_PUBLIC */
const struct ledger_scope *request_scope(const struct api_request *request);

/* A ledger connection for the length of the handler; NULL: 503 was replied. */
struct ledger *request_ledger(struct api_request *request);

/* A batch to fill, the request's own; see intake.h. */
struct intake_batch *request_batch(struct api_request *request);

void request_set_header(struct api_request *request, const char *name, const char *value);

/* Exactly one of these ends a request; `body` is copied. */
void request_reply(struct api_request *request, unsigned status, const char *type, struct str body);
void request_problem(struct api_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * For a door: between the two the request waits, its thread serves others. request_resume() may be
 * called from any thread, also before request_suspend() has returned, and makes `resumed` run in a thread of
 * the server, which replies.
 */
void request_suspend(struct api_request *request, void (*resumed)(struct api_request *request),
                     void *context);
void request_resume(struct api_request *request);
void *request_context(const struct api_request *request);

/* Memory that lives as long as the request. */
struct arena *request_arena(struct api_request *request);

/* The rows of each door and of the REST interface; ended by a row without a path. */
extern const struct api_route routes_elastic[], routes_hec[], routes_otlp[], routes_events[],
    routes_findings[], routes_sources[], routes_admin[], routes_health[];

#endif
