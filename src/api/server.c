/* The server: listeners, their connections, and what libmicrohttpd calls. */
#include <errno.h>
#include <gnutls/abstract.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/openapi.h"
#include "api/server.h"
#include "api/event_stream.h"
#include "api/hunts.h"
#include "api/outflow.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"

/* Bytes of a connection's pool: the head of its request, and what it reads at once. */
#define CONNECTION_MEMORY 16384
#define CONNECTION_STEP 8192 /* by which a read grows */
#define CONNECTIONS_MAX 20000
#define BODY_MAX (64u << 20)
#define BODIES_MAX 4 /* bodies of the largest size that there is room for */
#define REQUEST_US INT64_C(60000000)
#define IDLE_US INT64_C(120000000)
#define FIRST_US INT64_C(30000000) /* from accept to a first line, with the TLS handshake */
#define STREAMS_MAX 64
#define STOP_US INT64_C(5000000) /* requests under way get this long when the server stops */

/* ---- connections ---- */

static enum MHD_Result on_accept(void *context, const struct sockaddr *address, socklen_t len)
{
    struct api *api = ((struct api_listening *)context)->api;
    (void)len;
    if (atomic_load(&api->n_connections) >= api->options.connections_max) {
        api->counts.over_limit++;
        return MHD_NO;
    }
    if (!peers_admit(api->peers, address)) {
        api->counts.over_address_limit++;
        return MHD_NO;
    }
    return MHD_YES;
}

static struct api_connection *connection_new(struct api_listening *listening,
                                             struct MHD_Connection *raw)
{
    struct api *api = listening->api;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(raw, MHD_CONNECTION_INFO_CONNECTION_FD);
    int fd = info->connect_fd;
    struct api_connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        goto fail;
    *connection =
        (struct api_connection){.api = api, .raw = raw, .fd = fd, .plain = listening->plain};
    if (!listening->plain) {
        info = MHD_get_connection_info(raw, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        connection->credentials = tls_credentials_take(api->options.identity);
        if (!info || tls_session_use(info->tls_session, connection->credentials) < 0)
            goto fail;
    }
    info = MHD_get_connection_info(raw, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    net_host_format(info->client_addr, connection->host);
    int64_t ticks = clock_ticks_us();
    int64_t first_us = api->options.request_us < FIRST_US ? api->options.request_us : FIRST_US;
    connection->deadline = ticks + first_us;
    connection->peer = peers_enter(api->peers, info->client_addr, ticks);
    connection_add(api, connection);
    return connection;
fail:
    shutdown(fd, SHUT_RDWR); /* its thread will see the end and close it */
    if (connection) {
        tls_credentials_drop(connection->credentials);
        free(connection);
    }
    return NULL;
}

/*
 * The request under way is over: counts, logs and frees it. Where the client went away while it waited, libmicrohttpd
 * runs no second half.
 */
static void end_request(struct api_connection *connection, bool completed)
{
    struct api_request *request = connection->request;
    if (!request)
        return;
    connection->request = NULL;
    if (request->resumed)
        request_run(request);
    request_done(request, completed);
    request_free(request);
}

/*
 * libmicrohttpd does not say on_completed() for a request whose head it gives up halfway (too many parameters for
 * the pool): it ends with its connection.
 */
static void connection_free(struct api_connection *connection)
{
    struct api *api = connection->api;
    end_request(connection, false);
    connection_remove(api, connection);
    peers_leave(api->peers, connection->peer, clock_ticks_us());
    tls_credentials_drop(connection->credentials);
    free(connection);
}

static void on_connection(void *context, struct MHD_Connection *raw, void **ret_connection,
                          enum MHD_ConnectionNotificationCode what)
{
    struct api_listening *listening = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        listening->api->counts.connections++;
        *ret_connection = connection_new(listening, raw);
    } else if (*ret_connection) {
        connection_free(*ret_connection);
        *ret_connection = NULL;
    }
}

/* ---- requests ---- */

/* The first line of a request; what is returned comes back as *ret_request. */
static void *on_target(void *context, const char *target, struct MHD_Connection *raw)
{
    struct api *api = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(raw, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct api_connection *connection = info ? info->socket_context : NULL;
    if (!connection)
        return NULL;
    end_request(connection, false);
    connection->idle = false;
    connection->deadline = clock_ticks_us() + api->options.request_us;
    connection->request = request_new(api, connection, raw, target);
    return connection->request;
}

/* Hands the reply over where there is one. */
static enum MHD_Result send_reply(struct api_request *request)
{
    if (!request->response)
        return request->resumed ? MHD_YES : MHD_NO;
    if (request->dropped)
        return MHD_NO;
    request->step = STEP_SENT;
    request->connection->deadline = clock_ticks_us() + request->api->options.request_us;
    enum MHD_Result queued = MHD_queue_response(request->raw, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return queued;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *raw, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n_bytes, void **ret_request)
{
    (void)context, (void)raw, (void)url, (void)version;
    struct api_request *request = *ret_request;
    if (!request)
        return MHD_NO;
    if (request->step == STEP_HEAD) {
        request_open(request, method);
        return request->step == STEP_SENT ? send_reply(request) : MHD_YES;
    }
    if (*n_bytes > 0) {
        size_t n = *n_bytes;
        *n_bytes = 0;
        return request_take(request, str_of(bytes, n)) ? MHD_YES : MHD_NO;
    }
    if (request->step == STEP_SENT)
        return MHD_YES;
    request->connection->deadline = DEADLINE_NONE; /* from here on it is ours to be quick */
    if (request->step != STEP_DRAIN)
        request_run(request);
    return send_reply(request);
}

static void on_completed(void *context, struct MHD_Connection *raw, void **ret_request,
                         enum MHD_RequestTerminationCode how)
{
    struct api *api = context;
    (void)raw;
    struct api_request *request = *ret_request;
    if (!request)
        return;
    struct api_connection *connection = request->connection;
    connection->idle = true;
    connection->deadline = clock_ticks_us() + api->options.idle_us;
    end_request(connection, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *ret_request = NULL;
}

/* libmicrohttpd's own words are about single connections: for those who look closely. */
__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format,
                                                         va_list args)
{
    (void)context;
    char text[LOG_VALUE_MAX];
    int len = vsnprintf(text, sizeof(text), format, args);
    if (len < 0)
        return;
    size_t n = (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    struct log_line line;
    log_begin(&line, LOG_DEBUG, "api.http");
    log_str(&line, "msg", str_trim(str_of(text, n)));
    log_end(&line);
}

/* Paths are decoded by route.c, once. */
static size_t on_unescape(void *context, struct MHD_Connection *raw, char *text)
{
    (void)context, (void)raw;
    return strlen(text);
}

/* Credentials are given to each session when its connection starts; this is for none. */
static int no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                          gnutls_pcert_st **ret_certificates, unsigned *ret_n,
                          gnutls_ocsp_data_st **ret_status, unsigned *ret_n_status,
                          gnutls_privkey_t *ret_key, unsigned *ret_flags)
{
    (void)session, (void)info, (void)ret_certificates, (void)ret_n;
    (void)ret_status, (void)ret_n_status, (void)ret_key, (void)ret_flags;
    return -1;
}

/* ---- start and stop ---- */

static int listen_on(struct api *api, struct api_listening *listening,
                     const struct api_listener *listener, struct err *err)
{
    listening->api = api;
    listening->plain = listener->plain;
    if (!listener->plain && !api->options.identity)
        return err_set(err, -EINVAL, "%s wants TLS, and there is no certificate",
                       listener->address);
    struct net_address address;
    if (net_address_parse(str_from_c(listener->address), &address, err) < 0)
        return err->code;
    int fd = net_listen(&address, SOCK_STREAM, err);
    if (fd < 0)
        return fd;
    net_bound(fd, &address);
    net_address_format((const struct sockaddr *)&address.bytes, listening->address);

    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)(uintptr_t)no_certificate},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, api->options.threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    listening->daemon = MHD_start_daemon(
        flags | (listener->plain ? 0 : MHD_USE_TLS), 0, on_accept, listening, on_request, api,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, listening, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, api, MHD_OPTION_URI_LOG_CALLBACK, on_target, api,
        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)CONNECTION_STEP,
        /* Our own limits come first: on_accept() counts whom it turns away. */
        MHD_OPTION_CONNECTION_LIMIT, api->options.connections_max * 2 * api->options.threads,
        MHD_OPTION_ARRAY, listener->plain ? none : tls, MHD_OPTION_ARRAY,
        api->options.threads > 1 ? pool : none, MHD_OPTION_END);
    if (!listening->daemon) {
        close(fd);
        return err_set(err, -EIO, "the HTTP server on %s does not start", listening->address);
    }
    struct log_line line;
    log_begin(&line, LOG_INFO, "api.listen");
    log_c(&line, "address", listening->address);
    log_c(&line, "tls", listener->plain ? "no" : "yes");
    log_end(&line);
    return 0;
}

static int count_slots(struct api *api)
{
    const struct api_route *const *tables = api->options.tables;
    for (size_t i = 0; tables[i]; i++) {
        for (const struct api_route *row = tables[i]; row->path; row++)
            api->n_slots++;
    }
    api->slots = calloc(api->n_slots ? api->n_slots : 1, sizeof(*api->slots));
    if (!api->slots)
        return -ENOMEM;
    struct route_slot *slot = api->slots;
    for (size_t i = 0; tables[i]; i++) {
        for (const struct api_route *row = tables[i]; row->path; row++)
            (slot++)->row = row;
    }
    return 0;
}

static struct api_options with_defaults(const struct api_options *given)
{
    struct api_options options = *given;
    options.threads = options.threads ? options.threads : 1;
    if (!options.connections_max)
        options.connections_max = CONNECTIONS_MAX;
    if (!options.connections_per_address)
        options.connections_per_address = (options.connections_max + 1) / 2;
    options.body_max = options.body_max ? options.body_max : BODY_MAX;
    if (!options.bodies_max)
        options.bodies_max = options.body_max * BODIES_MAX;
    options.request_us = options.request_us ? options.request_us : REQUEST_US;
    options.idle_us = options.idle_us ? options.idle_us : IDLE_US;
    options.streams_max = options.streams_max ? options.streams_max : STREAMS_MAX;
    options.hunts_max = options.hunts_max ? options.hunts_max : HUNTS_MAX;
    options.hunt_rows_max = options.hunt_rows_max ? options.hunt_rows_max : HUNT_ROWS_MAX;
    options.hunt_time_max_us =
        options.hunt_time_max_us ? options.hunt_time_max_us : HUNT_TIME_MAX_US;
    options.tables = options.tables ? options.tables : api_tables;
    return options;
}

static struct api *api_new(const struct api_options *options)
{
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        return NULL;
    api->options = with_defaults(options);
    options = &api->options;
    api->started = clock_now_us();
    api->budget.max = options->bodies_max;
    api->stop_by = DEADLINE_NONE;
    pthread_mutex_init(&api->lock, NULL);
    clock_condition_init(&api->changed);
    api->listening = calloc(options->n_listeners + 1, sizeof(*api->listening));
    api->peers = peers_new(options->connections_per_address);
    api->ledgers =
        ledgers_new(options->ledger, options->threads * (unsigned)(options->n_listeners + 1));
    api->hub = event_streams_new();
    api->hunts = hunts_new(api);
    api->outflows = outflows_new();
    if (!api->listening || !api->peers || !api->ledgers || !api->hub || !api->hunts ||
        !api->outflows || count_slots(api) < 0) {
        api_stop(api);
        return NULL;
    }
    return api;
}

struct api *api_start(const struct api_options *options, struct err *err)
{
    struct api *api = sodium_init() < 0 ? NULL : api_new(options);
    if (!api) {
        err_set(err, -ENOMEM, "no memory for the HTTP server");
        return NULL;
    }
    if (openapi_write(api->slots, api->n_slots, &api->openapi, err) < 0)
        goto fail;
    for (size_t i = 0; i < options->n_listeners; i++) {
        if (listen_on(api, &api->listening[i], &options->listeners[i], err) < 0)
            goto fail;
        api->n_listening++;
    }
    int status = keeper_start(api);
    if (status == 0)
        return api;
    err_set(err, status, "no thread for the HTTP server: %s", strerror(-status));
fail:
    api_stop(api);
    return NULL;
}

/*
 * Waits until no request is under way. Uploads and downloads that are slow are cut off after a while; requests that wait
 * for the spool are waited for, as it always answers.
 */
static void wait_for_requests(struct api *api)
{
    atomic_store(&api->stop_by, clock_ticks_us() + STOP_US);
    pthread_mutex_lock(&api->lock);
    while (atomic_load(&api->n_requests) > 0)
        clock_wait(&api->changed, &api->lock, clock_ticks_us() + TIME_SECOND_US);
    pthread_mutex_unlock(&api->lock);
}

void api_stop(struct api *api)
{
    if (!api)
        return;
    atomic_store(&api->closing, true);
    for (size_t i = 0; i < api->n_listening; i++)
        api->listening[i].quiet = MHD_quiesce_daemon(api->listening[i].daemon);
    wait_for_requests(api);
    for (size_t i = 0; i < api->n_listening; i++) {
        MHD_stop_daemon(api->listening[i].daemon);
        /* Not before: its threads take the socket out of their epoll sets, and abort where it is closed. */
        if (api->listening[i].quiet >= 0)
            close(api->listening[i].quiet);
    }
    keeper_stop(api);
    outflows_free(api->outflows);
    hunts_free(api->hunts);
    event_streams_free(api->hub);
    ledgers_free(api->ledgers);
    peers_free(api->peers);
    buf_free(&api->openapi);
    free(api->slots);
    free(api->listening);
    pthread_cond_destroy(&api->changed);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

const char *api_address(const struct api *api, size_t i)
{
    return api->listening[i].address;
}

void api_add_metrics(struct api *api, void (*write)(void *context, struct buf *out), void *context)
{
    if (api->n_writers == METRIC_WRITERS_MAX)
        return;
    api->writers[api->n_writers].write = write;
    api->writers[api->n_writers].context = context;
    api->n_writers++;
}

void api_set_ready(struct api *api, bool ready)
{
    atomic_store(&api->ready, ready);
}
