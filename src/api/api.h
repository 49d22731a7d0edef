/*
 * api: HTTP and HTTPS: the shippers' doors, the REST interface, the event stream. A path is one row of a table
 * (routes.c) with its method, who may call it, its handler and its documentation; /api/openapi.json is made from the
 * same rows.
 *
 *     connection ─▶ route, authenticate (before the body) ─▶ body collected, unpacked, bounded ─▶ handler
 *                                                                          │ may wait: suspended ─▶ reply
 *
 * Handlers run in the server's threads and never block on a disk: a door suspends its request and the
 * spool's thread resumes it, which makes its second half run in a thread of the server.
 */
#ifndef JAGA_API_API_H
#define JAGA_API_API_H

#include "base/buf.h"
#include "ledger/ledger.h"
#include "watch/health.h"
#include "watch/intake.h"
#include "watch/live.h"
#include "watch/schedule.h"
#include "watch/store.h"

struct hunt_rules;

struct api;
struct api_request;
struct api_route;
struct tls_identity;

struct api_listener {
    const char *address; /* "127.0.0.1:8443", "[::]:0" */
    bool plain;          /* HTTP without TLS: only for loopback or behind a proxy */
};

/* Texts and what is pointed to outlive the api. 0 in a limit: the default that it names. */
struct api_options {
    const struct api_listener *listeners;
    size_t n_listeners;
    struct tls_identity *identity;    /* io/tls.h; looked at for changes every few seconds */
    unsigned threads;                 /* of each listener */
    uint32_t connections_max;         /* 20,000 */
    uint32_t connections_per_address; /* half of them */
    size_t body_max;          /* bytes of a door's body, also unpacked: 413 past it; 64 MiB */
    size_t bodies_max;        /* bytes of all bodies under way together: 429 past it; 256 MiB */
    int64_t request_us;       /* a request must be whole by then (slow clients); 1 minute */
    int64_t idle_us;          /* an idle connection is kept this long; 2 minutes */
    uint32_t streams_max;     /* event streams at a time; 64; a token may have a quarter */
    uint32_t hunts_max;       /* that run at once; HUNTS_MAX */
    uint64_t hunt_memory;     /* bytes of each; 0: none but the lake's */
    uint64_t hunt_rows_max;   /* that may be asked for; HUNT_ROWS_MAX */
    int64_t hunt_time_max_us; /* the same; HUNT_TIME_MAX_US */
    struct senders *senders;
    struct intake *intake;
    struct live *live; /* NULL: none */
    const struct lake_ops *lake_engine;
    struct lake *lake;                /* NULL: none */
    struct store *store;              /* fills it */
    struct lookbacks *lookbacks;      /* NULL: none */
    struct tables_shelf *hunt_tables; /* that hunts name, with a lake */
    /* The rules of a text, for hunts; see hunt_place. NULL: none are taken. */
    int (*rules)(void *context, struct str text, struct hunt_rules *ret_rules, struct err *err);
    void *rules_context;
    const struct geo *geo;               /* that hunts ask; NULL: none */
    const struct saved_set *saved_hunts; /* of the content and of files */
    const struct attack *attack;         /* whose ids saved hunts may name */
    struct schedule *schedule;           /* runs them */
    struct health *health;
    const struct spool_ops *engine;
    struct spool *spool, *dead;
    const char *ledger;                    /* URL */
    const char *elastic_version;           /* what the Elasticsearch door says it is */
    const struct api_route *const *tables; /* ended by NULL; NULL: api_tables */
};

struct api *api_start(const struct api_options *options, struct err *err);
/* Stops taking connections, answers what is under way, frees. NULL: nothing. */
void api_stop(struct api *api);
/* "127.0.0.1:43211": where listener i is, with the port the kernel chose. Lives as long as the api. */
const char *api_address(const struct api *api, size_t i);
/* Findings have changed: wakes event streams. Any thread. */
void api_published(struct api *api);
/* A text for /metrics is made by each part that has figures. Before requests come that ask for it. */
void api_add_metrics(struct api *api, void (*write)(void *context, struct buf *out), void *context);
/* Reads the certificate's files again if they changed, as happens every few seconds anyway, and logs it. Any thread. */
void api_reload_identity(struct api *api);
/* Readiness for /readyz. */
void api_set_ready(struct api *api, bool ready);

/* ---- handlers ---- */

enum api_access {
    API_PUBLIC, /* no token */
    API_SEND,   /* a grant that may send: of an agency, so no administrator's */
    API_READ,   /* a token that may read; the request has its scope */
    API_WHOLE,  /* one that may read all agencies: the answer does not tell them apart */
    API_ADMIN,
};

struct api_parameter {
    const char *name;
    const char *type; /* "string", "integer", "boolean", "date-time" */
    const char *about;
    bool required;
};

struct api_route {
    const char *method; /* "GET" (HEAD comes with it); NULL: any */
    const char *path; /* "/api/v1/findings/{id}"; a {name} takes one segment; a last "*" the rest */
    enum api_access access;
    /* NULL: nothing is there, and what is refused under this path is refused in the words of `refuse`. */
    void (*handle)(struct api_request *request);
    const char *summary; /* one sentence; NULL: not in the OpenAPI document (foreign protocols) */
    /* Of the query, ended by a row without a name: others are refused with 400. NULL: any, unread. */
    const struct api_parameter *parameters;
    const char *answer; /* JSON schema name of the 200 answer ("Finding"), or NULL */
    const char *body;   /* the same for the request */
    /*
     * Writes the 401, 403, 404, 405, 413, 415, 429, 500 and 503 of a foreign protocol, with request_reply(); NULL: ours (RFC
     * 9457 problem+json). WWW-Authenticate and Retry-After are set already.
     */
    void (*refuse)(struct api_request *request, unsigned status, const char *reason);
};

/* What a handler may ask about its request. Strings live until the reply. */
struct api *request_api(const struct api_request *request);
const struct api_options *request_options(const struct api_request *request);
const char *request_method(const struct api_request *request);
struct str request_path(const struct api_request *request); /* decoded */
/* What stands for the i-th {name}, decoded; behind the last one: for the "*". */
struct str request_segment(const struct api_request *request, unsigned i);
/* Decoded; ptr NULL: absent. So is a header's. */
struct str request_query(const struct api_request *request, const char *name);
struct str request_header(const struct api_request *request, const char *name);
struct str request_body(const struct api_request *request);     /* unpacked */
struct str request_peer(const struct api_request *request);     /* address as text, no port */
struct grant *request_grant(const struct api_request *request); /* NULL: API_PUBLIC */
const struct ledger_scope *request_scope(const struct api_request *request);

/* A ledger connection until the handler returns; NULL: 503 was replied. */
struct ledger *request_ledger(struct api_request *request);

/* Replies what a failed call on it means: 400, 404 or 503. */
void request_ledger_problem(struct api_request *request, int status);

/* A batch to fill, the request's own; see intake.h. */
struct intake_batch *request_batch(struct api_request *request);

/* A header of the reply; both texts are copied. */
void request_set_header(struct api_request *request, const char *name, const char *value);

/* Exactly one of these ends a request; `body` is copied. `type` NULL: there is no body. */
void request_reply(struct api_request *request, unsigned status, const char *type, struct str body);
void request_problem(struct api_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with JSON that was built; 503 where that failed. The buffer stays the caller's. */
void request_reply_json(struct api_request *request, unsigned status, const struct buf *json);

/*
 * Ends a request, too: the connection is closed without a reply, for a client that would take any reply for success.
 * Counted and logged with `status`.
 */
void request_drop(struct api_request *request, unsigned status);

/*
 * For a door: between the two the request waits, its thread serves others. request_resume() may be
 * called from any thread, also before request_suspend() was called, and makes `resumed` run in a thread of
 * the server once the handler has returned; that replies, and ends what the request began, also where nobody hears the
 * reply because the client has gone. Once for each request.
 */
void request_suspend(struct api_request *request, void (*resumed)(struct api_request *request),
                     void *context);
void request_resume(struct api_request *request);
void *request_context(const struct api_request *request);

/* Memory that lives as long as the request; at most REQUEST_ARENA_MAX bytes. */
#define REQUEST_ARENA_MAX (16u << 20)
struct arena *request_arena(struct api_request *request);

/*
 * The rows of each door and of the REST interface, each table ended by a row without a path, and the table of those that
 * are served (routes.c), ended by NULL.
 */
extern const struct api_route routes_elastic[], routes_hec[], routes_otlp[], routes_events[],
    routes_findings[], routes_sources[], routes_account[], routes_deadletters[], routes_tokens[],
    routes_exceptions[], routes_lake[], routes_holds[], routes_transfer[], routes_verify[],
    routes_centre[], routes_health[], routes_hunts[], routes_saved[], routes_lookbacks[];
extern const struct api_route *const api_tables[];

#endif
