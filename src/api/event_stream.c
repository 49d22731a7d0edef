#include "api/event_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "api/findings.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"

#define BLOCK 16384     /* bytes that libmicrohttpd asks for at a time */
#define STREAMS_SHARE 4 /* a token may have this part of all streams */
#define RETRY_MS 2000   /* when a client that lost us comes back */

struct event_stream {
    struct event_stream *previous, *next; /* of the hub, under its lock */
    struct api *api;
    struct api_connection *connection;
    struct MHD_Connection *raw;
    const struct ledger_scope *scope; /* of the request, as are the query's texts */
    struct grant *grant;
    struct finding_query query;
    uint64_t seen; /* of hub->published, before the ledger was last asked */
    int64_t beat;  /* ticks: when a comment is due */
    bool waits;    /* is suspended; under the hub's lock */
    uint64_t last; /* change number of what was written last */
    struct buf out;
    size_t sent; /* bytes of `out` */
};

struct event_streams {
    pthread_mutex_t lock;
    struct event_stream *streams;
    uint32_t n;
    _Atomic uint64_t published;
};

struct event_streams *event_streams_new(void)
{
    struct event_streams *hub = calloc(1, sizeof(*hub));
    if (hub)
        pthread_mutex_init(&hub->lock, NULL);
    return hub;
}

void event_streams_free(struct event_streams *hub)
{
    if (!hub)
        return;
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

uint32_t event_streams_count(struct event_streams *hub)
{
    pthread_mutex_lock(&hub->lock);
    uint32_t n = hub->n;
    pthread_mutex_unlock(&hub->lock);
    return n;
}

void api_published(struct api *api)
{
    atomic_fetch_add(&api->hub->published, 1);
}

void event_streams_look(struct api *api, int64_t ticks)
{
    struct event_streams *hub = api->hub;
    uint64_t published = atomic_load(&hub->published);
    bool closing = atomic_load(&api->closing);
    pthread_mutex_lock(&hub->lock);
    for (struct event_stream *stream = hub->streams; stream; stream = stream->next) {
        if (!stream->waits || (stream->seen == published && stream->beat > ticks && !closing))
            continue;
        stream->waits = false;
        MHD_resume_connection(stream->raw);
    }
    pthread_mutex_unlock(&hub->lock);
}

/* False: there are as many as may be, of all or of this token: nobody's streams keep all others out. */
static bool enter(struct event_streams *hub, struct event_stream *stream, uint32_t max)
{
    uint32_t mine = 0;
    pthread_mutex_lock(&hub->lock);
    for (const struct event_stream *row = hub->streams; row; row = row->next)
        mine += row->grant == stream->grant;
    bool entered = hub->n < max && (mine == 0 || mine < max / STREAMS_SHARE);
    if (entered) {
        hub->n++;
        stream->next = hub->streams;
        if (stream->next)
            stream->next->previous = stream;
        hub->streams = stream;
    }
    pthread_mutex_unlock(&hub->lock);
    return entered;
}

static void leave(struct event_streams *hub, struct event_stream *stream)
{
    pthread_mutex_lock(&hub->lock);
    hub->n--;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        hub->streams = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    pthread_mutex_unlock(&hub->lock);
}

static int add_finding(void *context, const struct ledger_finding *finding)
{
    struct event_stream *stream = context;
    buf_printf(&stream->out,
               "id: %llu\nevent: finding\ndata: ", (unsigned long long)finding->change);
    finding_write(&stream->out, finding, false);
    buf_add_c(&stream->out, "\n\n");
    stream->last = finding->change;
    return stream->out.failed ? -ENOMEM : 0;
}

/* Puts what has changed into `out`. */
static int ask_ledger(struct event_stream *stream)
{
    struct err err = {0};
    struct buf cursor = {0};
    uint64_t newest;
    struct ledger *ledger = ledgers_take(stream->api->ledgers, &err);
    if (!ledger)
        return err.code;
    int status = finding_change(ledger, &newest);
    if (status == 0)
        status = finding_list(ledger, stream->scope, &stream->query, add_finding, stream, &cursor);
    /* Where that was all, what the filters left out need not be looked at again. */
    if (status == 0 && cursor.len == 0 && stream->last < newest)
        stream->last = newest;
    stream->query.change_after = stream->last;
    if (status < 0)
        log_say(LOG_ERROR, "api.ledger", "%s", ledger_problem(ledger));
    ledgers_give(stream->api->ledgers, ledger);
    buf_free(&cursor);
    return status;
}

static bool is_over(const struct event_stream *stream)
{
    const struct grant *grant = stream->grant;
    return atomic_load(&stream->api->closing) || atomic_load(&grant->withdrawn) ||
           (grant->expires != TIME_UNSET && grant->expires <= clock_now_us());
}

/* Nothing to send: waits for the keeper. */
static void wait(struct event_stream *stream)
{
    struct event_streams *hub = stream->api->hub;
    stream->connection->deadline = DEADLINE_NONE;
    pthread_mutex_lock(&hub->lock);
    stream->waits = true;
    MHD_suspend_connection(stream->raw);
    pthread_mutex_unlock(&hub->lock);
}

/* libmicrohttpd wants more; it comes back here after a wait. */
static ssize_t on_read(void *context, uint64_t position, char *bytes, size_t max)
{
    struct event_stream *stream = context;
    (void)position;
    int64_t ticks = clock_ticks_us();
    if (stream->sent == stream->out.len) {
        stream->sent = 0;
        buf_clear(&stream->out);
        if (is_over(stream))
            return MHD_CONTENT_READER_END_OF_STREAM;
        stream->seen = atomic_load(&stream->api->hub->published);
        /* Where the ledger fails the stream ends; the client comes back and goes on. */
        if (ask_ledger(stream) < 0)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (stream->out.len == 0 && stream->beat <= ticks)
            buf_add_c(&stream->out, ":\n\n");
        if (stream->out.len == 0) {
            wait(stream);
            return 0;
        }
        stream->beat = ticks + STREAM_BEAT_US;
    }
    size_t n = stream->out.len - stream->sent;
    n = n < max ? n : max;
    memcpy(bytes, stream->out.ptr + stream->sent, n);
    stream->sent += n;
    /* A client that does not take what it asked for is cut off. */
    stream->connection->deadline = ticks + stream->api->options.request_us;
    return (ssize_t)n;
}

static void on_free(void *context)
{
    struct event_stream *stream = context;
    leave(stream->api->hub, stream);
    buf_free(&stream->out);
    free(stream);
}

void event_stream_open(struct api_request *request, const struct finding_query *query)
{
    struct api *api = request->api;
    struct event_stream *stream = calloc(1, sizeof(*stream));
    if (stream)
        stream->grant = request_grant(request);
    if (!stream || !enter(api->hub, stream, api->options.streams_max)) {
        free(stream);
        request_set_header(request, "Retry-After", "10");
        request_problem(request, 429, "there are too many streams already");
        return;
    }
    stream->api = api;
    stream->connection = request->connection;
    stream->raw = request->raw;
    stream->scope = request_scope(request);
    stream->query = *query;
    stream->query.sort = FINDING_BY_CHANGE;
    stream->query.ascending = true;
    stream->query.limit = STREAM_PAGE;
    stream->last = query->change_after;
    stream->beat = clock_ticks_us() + STREAM_BEAT_US;
    buf_printf(&stream->out, "retry: %d\n\n", RETRY_MS);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, stream, on_free);
    if (!response) {
        on_free(stream);
        request_problem(request, 503, "no memory");
        return;
    }
    /* Proxies must not hold events back. */
    request_set_header(request, "X-Accel-Buffering", "no");
    request_respond(request, 200, "text/event-stream", response);
}
