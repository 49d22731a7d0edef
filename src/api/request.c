/* One request: from its head to its reply. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/server.h"
#include "io/clock.h"
#include "io/log.h"

#define LOG_BURST 20                 /* lines about refusals at a time, */
#define LOG_EVERY_US INT64_C(200000) /* then one in each of these */
#define DETAIL_MAX 512

struct api_request *request_new(struct api *api, struct api_connection *connection,
                                struct MHD_Connection *raw, const char *target)
{
    struct api_request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->api = api;
    request->connection = connection;
    request->raw = raw;
    request->began = clock_ticks_us();
    arena_init(&request->arena, REQUEST_ARENA_MAX);
    request->target_text = arena_copy(&request->arena, str_from_c(target));
    api->n_requests++;
    return request;
}

static void give_ledger(struct api_request *request)
{
    if (request->ledger)
        ledgers_give(request->api->ledgers, request->ledger);
    request->ledger = NULL;
}

void request_free(struct api_request *request)
{
    struct api *api = request->api;
    give_ledger(request);
    if (request->response)
        MHD_destroy_response(request->response);
    intake_batch_free(&request->batch);
    body_free(&request->body);
    arena_free(&request->arena);
    free(request);
    api->n_requests--;
    if (atomic_load(&api->closing)) {
        pthread_mutex_lock(&api->lock);
        pthread_cond_broadcast(&api->changed);
        pthread_mutex_unlock(&api->lock);
    }
}

/* ---- what handlers ask ---- */

struct api *request_api(const struct api_request *request)
{
    return request->api;
}

const struct api_options *request_options(const struct api_request *request)
{
    return &request->api->options;
}

const char *request_method(const struct api_request *request)
{
    return request->method;
}

struct str request_path(const struct api_request *request)
{
    return request->target.path;
}

struct str request_segment(const struct api_request *request, unsigned i)
{
    return i < request->match.n ? request->match.values[i] : (struct str){0};
}

struct str request_query(const struct api_request *request, const char *name)
{
    return route_query(&request->target, str_from_c(name));
}

struct str request_header(const struct api_request *request, const char *name)
{
    return str_from_c(MHD_lookup_connection_value(request->raw, MHD_HEADER_KIND, name));
}

struct str request_body(const struct api_request *request)
{
    return buf_str(&request->body.bytes);
}

struct str request_peer(const struct api_request *request)
{
    return str_from_c(request->connection->host);
}

struct grant *request_grant(const struct api_request *request)
{
    return request->grant;
}

const struct ledger_scope *request_scope(const struct api_request *request)
{
    return &request->scope;
}

struct ledger *request_ledger(struct api_request *request)
{
    if (!request->ledger) {
        struct err err = {0};
        request->ledger = ledgers_take(request->api->ledgers, &err);
        if (!request->ledger) {
            log_say(LOG_ERROR, "api.ledger", "%s", err.message);
            request_set_header(request, "Retry-After", "5");
            request_refuse(request, 503, "the ledger can't be opened");
        }
    }
    return request->ledger;
}

void request_ledger_problem(struct api_request *request, int status)
{
    const char *problem = ledger_problem(request->ledger);
    if (status == -EINVAL || status == -E2BIG) {
        request_problem(request, 400, "%s", problem);
    } else if (status == -ENOENT) {
        request_problem(request, 404, "there is nothing with this id");
    } else if (status == -EEXIST) {
        request_problem(request, 409, "%s", problem);
    } else {
        log_say(LOG_ERROR, "api.ledger", "%s", problem);
        request_set_header(request, "Retry-After", "5");
        request_problem(request, 503, "the ledger can't be used now");
    }
}

struct intake_batch *request_batch(struct api_request *request)
{
    return &request->batch;
}

struct arena *request_arena(struct api_request *request)
{
    return &request->arena;
}

/* ---- the reply ---- */

void request_set_header(struct api_request *request, const char *name, const char *value)
{
    struct request_extra_header *header = arena_alloc(&request->arena, sizeof(*header));
    struct str name_copy = arena_copy(&request->arena, str_from_c(name));
    struct str value_copy = arena_copy(&request->arena, str_from_c(value));
    if (!header || !name_copy.ptr || !value_copy.ptr)
        return;
    *header = (struct request_extra_header){request->headers, name_copy.ptr, value_copy.ptr};
    request->headers = header;
}

void request_respond(struct api_request *request, unsigned status, const char *type,
                     struct MHD_Response *response)
{
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
    };
    assert(!request->response);
    if (!response)
        return;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    if (type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (struct request_extra_header *header = request->headers; header; header = header->next)
        MHD_add_response_header(response, header->name, header->value);
    if (atomic_load(&request->api->closing))
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    request->response = response;
    request->status = status;
}

void request_reply(struct api_request *request, unsigned status, const char *type, struct str body)
{
    request->answered = body.len;
    request_respond(request, status, type,
                    MHD_create_response_from_buffer(body.len,
                                                    (void *)(uintptr_t)(body.ptr ? body.ptr : ""),
                                                    MHD_RESPMEM_MUST_COPY));
}

void request_drop(struct api_request *request, unsigned status)
{
    request->dropped = true;
    request_reply(request, status, NULL, STR(""));
}

/* RFC 9457. */
static void reply_problem(struct api_request *request, unsigned status, struct str detail)
{
    const char *title = MHD_get_reason_phrase_for(status);
    struct buf json = {0};
    buf_add_c(&json, "{\"type\":\"about:blank\",\"title\":");
    buf_add_json(&json, str_from_c(title ? title : "Problem"));
    buf_printf(&json, ",\"status\":%u,\"detail\":", status);
    buf_add_json(&json, detail);
    buf_add_byte(&json, '}');
    request_reply(request, status, "application/problem+json", buf_str(&json));
    buf_free(&json);
}

void request_problem(struct api_request *request, unsigned status, const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    size_t n = len < 0 ? 0 : (size_t)len;
    reply_problem(request, status, str_of(detail, n < sizeof(detail) ? n : sizeof(detail) - 1));
}

void request_reply_json(struct api_request *request, unsigned status, const struct buf *json)
{
    if (json->failed)
        request_problem(request, 503, "no memory");
    else
        request_reply(request, status, "application/json", buf_str(json));
}

/* A refusal in the words of a row's protocol; NULL: in ours. */
static void refuse_as(struct api_request *request, const struct api_route *row, unsigned status,
                      const char *reason)
{
    if (row && row->refuse)
        row->refuse(request, status, reason);
    else
        reply_problem(request, status, str_from_c(reason));
}

void request_refuse(struct api_request *request, unsigned status, const char *reason)
{
    refuse_as(request, request->slot ? request->slot->row : NULL, status, reason);
}

/* ---- the head ---- */

/* Does a row answer this method? A GET row answers HEAD as well. */
static bool method_fits(const struct api_route *row, const char *method)
{
    return !row->method || strcmp(row->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(row->method, "GET") == 0);
}

/* What the tables say of a path. */
struct found {
    const struct api_route *nearest; /* a row of the path that fits best; NULL: none does */
    uint32_t fit;
    struct buf allowed; /* the methods of that path, for Allow */
};

static void allow(struct buf *allowed, const char *method)
{
    if (str_find(buf_str(allowed), str_from_c(method)) == SIZE_MAX)
        buf_printf(allowed, "%s, ", method);
}

/*
 * The row of the path that fits best and has this method. A path that fits less well does not serve the methods that the
 * best one lacks: what has the place of an index there is none.
 */
static void find_row(struct api_request *request, struct found *found)
{
    for (size_t i = 0; i < request->api->n_slots; i++) {
        struct route_slot *slot = &request->api->slots[i];
        const struct api_route *row = slot->row;
        struct route_match match;
        uint32_t fit = route_fit(row->path, &request->target, &match);
        if (fit == 0 || fit < found->fit)
            continue;
        if (fit > found->fit) {
            *found = (struct found){row, fit, found->allowed};
            buf_clear(&found->allowed);
            request->slot = NULL;
        }
        if (row->method)
            allow(&found->allowed, row->method);
        if (row->method && strcmp(row->method, "GET") == 0)
            allow(&found->allowed, "HEAD");
        if (!request->slot && row->handle && method_fits(row, request->method)) {
            request->slot = slot;
            request->match = match;
        }
    }
}

/* 404, 405, or the answer to OPTIONS. False: there is a row. */
static bool answer_without_row(struct api_request *request)
{
    struct found found = {0};
    char reason[DETAIL_MAX];
    find_row(request, &found);
    bool answered = !request->slot;
    if (answered && found.allowed.len == 0) {
        snprintf(reason, sizeof(reason), "there is nothing at %.*s", STR_ARG(request->target.path));
        refuse_as(request, found.nearest, 404, reason);
    } else if (answered) {
        buf_add_c(&found.allowed, "OPTIONS");
        buf_add_byte(&found.allowed, '\0');
        request_set_header(request, "Allow", found.allowed.failed ? "OPTIONS" : found.allowed.ptr);
        snprintf(reason, sizeof(reason), "%s is not a method of %.*s", request->method,
                 STR_ARG(request->target.path));
        if (strcmp(request->method, "OPTIONS") == 0)
            request_reply(request, 204, NULL, STR(""));
        else
            refuse_as(request, found.nearest, 405, reason);
    }
    buf_free(&found.allowed);
    return answered;
}

/* A parameter that is not known, or missing: likely a mistake in its name, which must not look like an answer. */
static void check_query(struct api_request *request)
{
    const struct api_parameter *known = request->slot->row->parameters;
    if (!known)
        return;
    for (unsigned i = 0; i < request->target.n_query; i++) {
        struct str name = request->target.query[i].name;
        const struct api_parameter *row = known;
        while (row->name && !str_eq(name, str_from_c(row->name)))
            row++;
        if (!row->name) {
            request_problem(request, 400, "there is no parameter '%.64s' here", name.ptr);
            return;
        }
    }
    for (const struct api_parameter *row = known; row->name; row++) {
        if (row->required && !request_query(request, row->name).ptr) {
            request_problem(request, 400, "the parameter '%s' is missing", row->name);
            return;
        }
    }
}

/* What the head says of the body. */
struct announced {
    bool any, chunked;
    bool twice;   /* it has two lengths: how requests are smuggled past proxies */
    bool expects; /* the client waits for our word before it sends (RFC 9110, 10.1.1) */
    uint64_t length;
};

static enum MHD_Result count_length(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    (void)kind, (void)value;
    *(unsigned *)context +=
        str_eq_ascii_nocase(str_from_c(name), STR(MHD_HTTP_HEADER_CONTENT_LENGTH));
    return MHD_YES;
}

static struct announced announced_body(const struct api_request *request)
{
    struct announced body = {0};
    struct str length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    body.chunked = request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING).ptr != NULL;
    if (length.ptr && str_to_u64(length, &body.length) < 0)
        body.length = UINT64_MAX;
    body.any = body.chunked || body.length > 0;
    unsigned lengths = 0;
    MHD_get_connection_values(request->raw, MHD_HEADER_KIND, count_length, &lengths);
    body.twice = lengths + body.chunked > 1;
    body.expects =
        str_eq_ascii_nocase(request_header(request, MHD_HTTP_HEADER_EXPECT), STR("100-continue"));
    return body;
}

/* Does the spool take events now? Asked before a body is read for nothing. */
static unsigned check_intake(struct api_request *request, const char **ret_reason)
{
    if (request->slot->row->access != API_SEND || !request->api->options.intake)
        return 0;
    int status = intake_ready(request->api->options.intake);
    if (status == 0)
        return 0;
    request->api->counts.overload++;
    request_set_header(request, "Retry-After", status == -EAGAIN ? "1" : "10");
    *ret_reason = status == -EAGAIN ? "too much is waiting to be stored; come back soon"
                                    : "events can't be stored now; come back later";
    return status == -EAGAIN ? 429 : 503;
}

static unsigned check_body(struct api_request *request, const struct announced *announced,
                           const char **ret_reason)
{
    struct api *api = request->api;
    enum body_coding coding;
    if (announced->twice) {
        *ret_reason = "the body has two lengths";
        return 400;
    }
    if (body_coding_parse(request_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING), &coding) < 0) {
        request_set_header(request, "Accept-Encoding", "gzip, deflate");
        *ret_reason = "this Content-Encoding is not known";
        return 415;
    }
    enum api_access access = request->slot->row->access;
    size_t max = access == API_SEND     ? api->options.body_max
                 : access == API_PUBLIC ? 0 /* nothing is kept for those whom nobody knows */
                                        : SMALL_BODY_MAX;
    if (announced->length > max) {
        api->counts.too_large++;
        *ret_reason = "the body is too large";
        return 413;
    }
    if (atomic_load(&api->budget.used) + announced->length > api->budget.max) {
        api->counts.no_budget++;
        request_set_header(request, "Retry-After", "1");
        *ret_reason = "too many bodies are under way";
        return 429;
    }
    body_begin(&request->body, coding, max, &api->budget,
               request->grant ? &request->grant->held : NULL);
    return check_intake(request, ret_reason);
}

/* Replies where the head alone says that the request can't be served. */
static void check_head(struct api_request *request, const struct announced *announced)
{
    if (!request->method || !request->target_text.ptr) {
        request_problem(request, 500, "no memory");
        return;
    }
    /* Whatever the answer: what follows may not be what it looks like (RFC 9112, 6.1). */
    if (announced->twice)
        request_set_header(request, "Connection", "close");
    int parsed = route_target_parse(request->target_text, &request->arena, &request->target);
    if (parsed < 0 && strcmp(request->method, "OPTIONS") != 0) {
        request_problem(request, parsed == -E2BIG ? 414 : 400, "this is no path with a query");
        return;
    }
    if (answer_without_row(request))
        return;
    const char *reason = "";
    unsigned status = auth_check(request, &reason);
    if (status == 0 && atomic_load(&request->api->closing)) {
        request_set_header(request, "Retry-After", "5");
        reason = "the server is stopping";
        status = 503;
    }
    if (status == 0 && announced->any)
        status = check_body(request, announced, &reason);
    if (status)
        request_refuse(request, status, reason);
    else
        check_query(request);
}

void request_open(struct api_request *request, const char *method)
{
    request->method = arena_copy(&request->arena, str_from_c(method)).ptr;
    struct announced announced = announced_body(request);
    check_head(request, &announced);
    if (!request->response) {
        request->step = STEP_BODY;
        return;
    }
    /*
     * A client that is still sending when we close may lose our answer to a reset, so what it sends is
     * read and dropped first, unless it waits for our word or it is out of all proportion.
     */
    bool drain = announced.any && !announced.expects && announced.length <= DRAIN_MAX;
    request->step = drain ? STEP_DRAIN : STEP_SENT;
}

/* ---- the body ---- */

static void refuse_body(struct api_request *request, int problem)
{
    struct api *api = request->api;
    switch (problem) {
    case -EFBIG:
        api->counts.too_large++;
        request_refuse(request, 413, "the body is too large");
        break;
    case -ENOBUFS:
        api->counts.no_budget++;
        request_set_header(request, "Retry-After", "1");
        request_refuse(request, 429, "too many bodies are under way");
        break;
    case -EBADMSG:
        request_refuse(request, 400, "the body is not what its Content-Encoding says");
        break;
    default:
        request_refuse(request, 503, "no memory");
    }
}

bool request_take(struct api_request *request, struct str bytes)
{
    request->received += bytes.len;
    request->api->counts.received += bytes.len;
    if (request->step == STEP_DRAIN)
        return request->received <= DRAIN_MAX;
    int status = body_add(&request->body, bytes);
    if (status < 0) {
        refuse_body(request, status);
        request->step = STEP_DRAIN;
    }
    return true;
}

/* ---- the handler ---- */

void request_suspend(struct api_request *request, void (*resumed)(struct api_request *request),
                     void *context)
{
    request->resumed = resumed;
    request->context = context;
    MHD_suspend_connection(request->raw);
    int was = WAIT_NONE;
    if (!atomic_compare_exchange_strong(&request->waiting, &was, WAIT_SUSPENDED))
        MHD_resume_connection(request->raw); /* request_resume() was first */
}

void request_resume(struct api_request *request)
{
    /* Once this is done the request may be gone at any moment, unless it is suspended. */
    struct MHD_Connection *raw = request->raw;
    if (atomic_exchange(&request->waiting, WAIT_RESUMED) == WAIT_SUSPENDED)
        MHD_resume_connection(raw);
}

void *request_context(const struct api_request *request)
{
    return request->context;
}

static void first_half(struct api_request *request)
{
    int status = body_end(&request->body);
    if (status < 0) {
        refuse_body(request, status);
        return;
    }
    request->api->counts.unpacked += request->body.bytes.len;
    request->step = STEP_HANDLE;
    request->slot->row->handle(request);
}

void request_run(struct api_request *request)
{
    if (request->step == STEP_BODY) {
        first_half(request);
    } else if (request->step == STEP_HANDLE) {
        void (*resumed)(struct api_request *) = request->resumed;
        request->resumed = NULL;
        atomic_store(&request->waiting, WAIT_NONE);
        resumed(request);
    }
    give_ledger(request);
    if (!request->response && !request->resumed)
        request_problem(request, 500, "this request was not answered");
}

/* ---- afterwards ---- */

/* May a line be written? Floods of refusals must not fill the disk with words about them. */
static bool may_log(struct api *api, int64_t ticks)
{
    int64_t quiet = atomic_load(&api->quiet_until);
    int64_t next;
    do {
        if (quiet - ticks > LOG_BURST * LOG_EVERY_US) {
            api->unlogged++;
            return false;
        }
        next = (quiet > ticks ? quiet : ticks) + LOG_EVERY_US;
    } while (!atomic_compare_exchange_weak(&api->quiet_until, &quiet, next));
    return true;
}

static void log_request(struct api_request *request, bool completed, int64_t ticks)
{
    bool refused = request->status >= 400 && request->status != 404;
    if (refused && !may_log(request->api, ticks))
        return;
    struct log_line line;
    log_begin(&line, refused ? LOG_WARN : LOG_DEBUG, refused ? "api.refused" : "api.request");
    log_str(&line, "peer", request_peer(request));
    log_c(&line, "method", request->method ? request->method : "-");
    log_str(&line, "path", request->target.path);
    log_u64(&line, "status", request->status);
    if (request->grant)
        log_str(&line, "grant", request->grant->id);
    log_u64(&line, "received", request->received);
    log_u64(&line, "answered", request->answered);
    log_i64(&line, "us", ticks - request->began);
    if (!completed)
        log_c(&line, "lost", "yes");
    uint64_t unlogged = refused ? atomic_exchange(&request->api->unlogged, 0) : 0;
    if (unlogged)
        log_u64(&line, "unlogged", unlogged);
    log_end(&line);
}

void request_done(struct api_request *request, bool completed)
{
    struct api *api = request->api;
    struct route_slot *slot = request->slot ? request->slot : &api->none;
    slot->answers[metrics_status_index(request->status)]++;
    api->counts.answered += request->answered;
    log_request(request, completed, clock_ticks_us());
}
