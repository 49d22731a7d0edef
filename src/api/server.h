/*
 * server: what the files of api share: the server, its connections and its requests. Who may touch what:
 *
 *     api              lives from api_start() to api_stop(); counters are atomic, lists have their lock
 *     api_connection   from accept to close; a row of api->connections under api->lock, the rest belongs
 *                      to the one thread of libmicrohttpd that serves it
 *     api_request      from its first line until its reply is sent or its connection lost; the same thread
 */
#ifndef JAGA_API_SERVER_H
#define JAGA_API_SERVER_H

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "api/body.h"
#include "api/ledgers.h"
#include "api/peers.h"
#include "api/route.h"
#include "io/net.h"
#include "io/tls.h"

#define SMALL_BODY_MAX (1u << 20) /* bytes of a body that is not a door's */
#define DRAIN_MAX (256u << 20)    /* bytes read and thrown away so that a client sees its refusal */
#define METRIC_WRITERS_MAX 16
#define DEADLINE_NONE INT64_MAX

/* Statuses that are counted each by itself; others count as the last, 0. */
#define STATUS_LIST                                                                                \
    {                                                                                              \
        200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503, 0               \
    }
#define STATUS_COUNT 16

/* A row of a table, and what was asked of it. */
struct route_slot {
    const struct api_route *row;
    _Atomic uint64_t answers[STATUS_COUNT];
};

struct api_listening {
    struct api *api;
    struct MHD_Daemon *daemon;
    int quiet; /* its socket since it takes no more connections; -1: it still does */
    bool plain;
    char address[NET_TEXT_MAX];
};

struct api_connection {
    struct api *api;
    struct api_connection *previous, *next;
    struct MHD_Connection *raw;
    int fd;
    bool plain;
    struct peer *peer;
    struct tls_credentials *credentials;
    struct api_request *request; /* under way; NULL: none */
    char host[NET_TEXT_MAX];
    _Atomic int64_t deadline; /* ticks: shut down past it */
    _Atomic bool idle;        /* between two requests */
    bool late;                /* was shut down */
    bool certificate_asked;   /* `certificate` was looked up: empty, there is none that verifies */
    char certificate[TLS_NAME_MAX];
};

enum request_step {
    STEP_HEAD,   /* the first line has come */
    STEP_BODY,   /* the body is taken */
    STEP_DRAIN,  /* it is thrown away: the refusal is ready */
    STEP_HANDLE, /* the handler has run, or waits */
    STEP_SENT,   /* the reply is queued */
};

enum { WAIT_NONE, WAIT_SUSPENDED, WAIT_RESUMED };

struct request_extra_header {
    struct request_extra_header *next;
    const char *name, *value;
};

struct api_request {
    struct api *api;
    struct api_connection *connection;
    struct MHD_Connection *raw;
    struct arena arena;
    struct str target_text;
    const char *method;
    struct route_target target;
    struct route_slot *slot; /* NULL: no row fits */
    struct route_match match;
    struct grant *grant;
    struct ledger_scope scope;
    enum request_step step;
    struct body body;
    uint64_t received; /* bytes of the body as they came */
    uint64_t answered; /* bytes of the reply's body */
    struct intake_batch batch;
    struct ledger *ledger;
    struct request_extra_header *headers; /* of the reply */
    struct MHD_Response *response;
    unsigned status;
    bool dropped; /* the reply is not to be sent */
    _Atomic int waiting;
    void (*resumed)(struct api_request *request);
    void *context;
    int64_t began; /* ticks */
};

struct event_streams;
struct hunts;
struct outflows;

struct api {
    struct api_options options; /* with defaults filled in */
    struct api_listening *listening;
    size_t n_listening;
    struct route_slot *slots;
    size_t n_slots;
    struct route_slot none; /* of requests that no row fits */
    struct buf openapi;     /* the document; not changed once requests come */
    struct peers *peers;
    struct ledgers *ledgers;
    struct body_budget budget;
    int64_t started; /* µs UTC */

    pthread_mutex_t lock; /* of the list of connections, and of waiting for what changes */
    pthread_cond_t changed;
    struct api_connection *connections;
    _Atomic uint32_t n_connections;
    _Atomic uint32_t n_requests; /* under way */
    _Atomic uint32_t n_aside;    /* of them, in threads of their own: aside.h */
    bool keeper_stops;
    bool has_keeper;
    pthread_t keeper;

    _Atomic bool ready, closing;
    _Atomic int64_t stop_by; /* ticks: no deadline is later; DEADLINE_NONE until it stops */
    struct {
        void (*write)(void *context, struct buf *out);
        void *context;
    } writers[METRIC_WRITERS_MAX];
    size_t n_writers;

    struct {
        _Atomic uint64_t connections, over_limit, over_address_limit, late;
        _Atomic uint64_t unknown, guessing; /* identities refused, and not even looked up */
        _Atomic uint64_t received, unpacked, answered; /* bytes of bodies */
        _Atomic uint64_t too_large, overload, no_budget;
    } counts;
    _Atomic int64_t quiet_until; /* ticks: of the log of refusals (GCRA) */
    _Atomic uint64_t unlogged;

    struct event_streams *hub; /* event_stream.h */
    struct hunts *hunts;       /* hunts.h */
    struct outflows *outflows; /* outflow.h */
};

/* ---- request.c ---- */

struct api_request *request_new(struct api *api, struct api_connection *connection,
                                struct MHD_Connection *raw, const char *target);
void request_free(struct api_request *request);

/* The head is whole: finds the row, the caller, and whether the body is wanted. */
void request_open(struct api_request *request, const char *method);

/* Bytes of the body. False: the connection is to be closed. */
bool request_take(struct api_request *request, struct str bytes);

/* The body is whole, or the request was resumed: runs the handler or its second half. */
void request_run(struct api_request *request);

/* A refusal in the words of the row's protocol. */
void request_refuse(struct api_request *request, unsigned status, const char *reason);

/* Makes the reply the request's; it owns `response`. */
void request_respond(struct api_request *request, unsigned status, const char *type,
                     struct MHD_Response *response);

/* The reply was sent, or never will be: counts and logs it. */
void request_done(struct api_request *request, bool completed);

/* ---- auth.c ---- */

/* Who calls, and may he? 0; or the status of a refusal, with its reason. */
unsigned auth_check(struct api_request *request, const char **ret_reason);

/* The token in an Authorization header, decoded into `arena`. ptr NULL: there is none. */
struct str auth_token(struct str header, struct arena *arena);

/* ---- metrics.c ---- */

/* The counter of a status in route_slot.answers. */
size_t metrics_status_index(unsigned status);

/* ---- keeper.c: the thread that looks at clocks ---- */

int keeper_start(struct api *api);
void keeper_stop(struct api *api);
void connection_add(struct api *api, struct api_connection *connection);
void connection_remove(struct api *api, struct api_connection *connection);

#endif
