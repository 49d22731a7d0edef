#include "api/outflow.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/time.h"
#include "io/clock.h"

#define BLOCK 65536             /* bytes that libmicrohttpd asks for at a time */
#define BUFFERED_MAX (1u << 20) /* bytes made and not yet taken; past it the thread waits */

struct outflow {
    struct outflow *previous, *next; /* under the lock of all */
    struct outflows *all;
    struct api *api;
    struct grant *grant;
    const struct outflow_work *work;
    void *context;

    pthread_mutex_t lock;
    pthread_cond_t taken; /* room in the buffer, or nobody reads any more */
    unsigned holders;     /* the thread, and the request or its stream; under the lock of all */
    struct api_request *request; /* suspended; NULL once it was resumed */
    struct MHD_Connection *raw;  /* while a stream reads */
    struct api_connection *connection;
    struct buf out;
    size_t sent; /* bytes of `out` */
    struct err problem;
    bool begun;   /* the answer has begun: a problem can't be its status any more */
    bool ended;   /* nothing will come */
    bool waits;   /* the stream is suspended */
    bool gone;    /* nobody reads */
    int64_t beat; /* ticks: when the client is to hear something */
};

struct outflows {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct outflow *first;
    uint32_t n, limited; /* of all, and of those that are limited */
};

struct outflows *outflows_new(void)
{
    struct outflows *outflows = calloc(1, sizeof(*outflows));
    if (!outflows)
        return NULL;
    pthread_mutex_init(&outflows->lock, NULL);
    pthread_cond_init(&outflows->changed, NULL);
    return outflows;
}

/* ---- the life of one ---- */

static void destroy(struct outflow *outflow)
{
    outflow->work->free(outflow->context);
    buf_free(&outflow->out);
    pthread_cond_destroy(&outflow->taken);
    pthread_mutex_destroy(&outflow->lock);
    free(outflow);
}

/* False: there are as many as may be. */
static bool enter(struct outflow *outflow)
{
    struct outflows *all = outflow->all;
    pthread_mutex_lock(&all->lock);
    bool limited = outflow->work->limited, entered = !limited || all->limited < OUTFLOWS_MAX;
    if (entered) {
        all->n++;
        all->limited += limited;
        outflow->next = all->first;
        if (outflow->next)
            outflow->next->previous = outflow;
        all->first = outflow;
    }
    pthread_mutex_unlock(&all->lock);
    return entered;
}

static void drop(struct outflow *outflow)
{
    struct outflows *all = outflow->all;
    pthread_mutex_lock(&all->lock);
    bool last = --outflow->holders == 0;
    if (last && outflow->previous)
        outflow->previous->next = outflow->next;
    else if (last)
        all->first = outflow->next;
    if (last && outflow->next)
        outflow->next->previous = outflow->previous;
    pthread_mutex_unlock(&all->lock);
    if (!last)
        return;
    bool limited = outflow->work->limited;
    destroy(outflow);
    pthread_mutex_lock(&all->lock);
    all->n--;
    all->limited -= limited;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
}

/* With the lock. */
static void set_gone(struct outflow *outflow)
{
    outflow->gone = true;
    pthread_cond_signal(&outflow->taken);
}

/* Nobody reads any more. */
static void cancel(struct outflow *outflow)
{
    pthread_mutex_lock(&outflow->lock);
    set_gone(outflow);
    pthread_mutex_unlock(&outflow->lock);
    outflow->work->cancel(outflow->context);
}

void outflows_free(struct outflows *outflows)
{
    if (!outflows)
        return;
    pthread_mutex_lock(&outflows->lock);
    for (struct outflow *outflow = outflows->first; outflow; outflow = outflow->next)
        cancel(outflow);
    while (outflows->n > 0)
        pthread_cond_wait(&outflows->changed, &outflows->lock);
    pthread_mutex_unlock(&outflows->lock);
    pthread_cond_destroy(&outflows->changed);
    pthread_mutex_destroy(&outflows->lock);
    free(outflows);
}

/* ---- from the thread to the connection; each with the lock ---- */

/* Somebody goes on: the request whose answer begins, or the stream that waits. */
static void wake(struct outflow *outflow)
{
    if (outflow->request) {
        request_resume(outflow->request);
        outflow->request = NULL;
    } else if (outflow->waits) {
        outflow->waits = false;
        MHD_resume_connection(outflow->raw);
    }
}

/* Something was added. */
static void offer(struct outflow *outflow)
{
    outflow->begun = outflow->begun || outflow->out.len > outflow->work->held;
    if (outflow->begun)
        wake(outflow);
}

int outflow_write(struct outflow *outflow, struct str bytes)
{
    pthread_mutex_lock(&outflow->lock);
    while (!outflow->gone && outflow->out.len - outflow->sent > BUFFERED_MAX)
        pthread_cond_wait(&outflow->taken, &outflow->lock);
    bool gone = outflow->gone;
    if (!gone)
        buf_add_str(&outflow->out, bytes);
    bool failed = outflow->out.failed;
    if (!failed)
        offer(outflow);
    pthread_mutex_unlock(&outflow->lock);
    return failed ? -ENOMEM : gone ? -ECANCELED : 0;
}

static void *work(void *argument)
{
    struct outflow *outflow = argument;
    struct err err = {0};
    int status = outflow->work->make(outflow->context, outflow, &err);
    if (status < 0 && !err.code)
        err_set(&err, status, "%s", strerror(-status));
    pthread_mutex_lock(&outflow->lock);
    outflow->ended = true;
    if (status < 0 && outflow->begun && outflow->work->fail)
        outflow->work->fail(&outflow->out, &err);
    else if (status < 0)
        outflow->problem = err;
    wake(outflow);
    pthread_mutex_unlock(&outflow->lock);
    drop(outflow);
    return NULL;
}

/* ---- the answer ---- */

/* What was taken makes room: a client that never has all of it must not make the buffer grow. */
static void drop_taken(struct outflow *outflow)
{
    struct buf *out = &outflow->out;
    if (outflow->sent < out->len / 2)
        return;
    out->len -= outflow->sent;
    memmove(out->ptr, out->ptr + outflow->sent, out->len);
    outflow->sent = 0;
}

static ssize_t take(struct outflow *outflow, char *bytes, size_t max)
{
    size_t n = outflow->out.len - outflow->sent;
    n = n < max ? n : max;
    if (outflow->gone || (n == 0 && outflow->ended)) {
        /* Half an answer must not look like a whole one. */
        bool broken = outflow->gone || outflow->out.failed || outflow->problem.code;
        return broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (n == 0) {
        outflow->connection->deadline = DEADLINE_NONE;
        outflow->waits = true;
        MHD_suspend_connection(outflow->raw);
        return 0;
    }
    memcpy(bytes, outflow->out.ptr + outflow->sent, n);
    outflow->sent += n;
    drop_taken(outflow);
    int64_t ticks = clock_ticks_us();
    outflow->beat = ticks + OUTFLOW_BEAT_US;
    outflow->connection->deadline = ticks + outflow->api->options.request_us;
    pthread_cond_signal(&outflow->taken);
    return (ssize_t)n;
}

static ssize_t on_read(void *context, uint64_t position, char *bytes, size_t max)
{
    struct outflow *outflow = context;
    (void)position;
    pthread_mutex_lock(&outflow->lock);
    ssize_t n = take(outflow, bytes, max);
    pthread_mutex_unlock(&outflow->lock);
    return n;
}

static void on_free(void *context)
{
    struct outflow *outflow = context;
    pthread_mutex_lock(&outflow->lock);
    outflow->waits = false;
    pthread_mutex_unlock(&outflow->lock);
    cancel(outflow);
    drop(outflow);
}

static unsigned status_of(int code)
{
    return code == -EINVAL                        ? 400
           : code == -ENOENT                      ? 404
           : code == -EBUSY || code == -ECANCELED ? 409
                                                  : 503;
}

static void refuse(struct api_request *request, const struct err *err)
{
    request_problem(request, status_of(err->code), "%s", err->message);
}

/* The answer begins, or it is a problem. */
static void on_resumed(struct api_request *request)
{
    struct outflow *outflow = request_context(request);
    pthread_mutex_lock(&outflow->lock);
    bool refused = outflow->problem.code && !outflow->begun;
    outflow->raw = request->raw;
    outflow->connection = request->connection;
    pthread_mutex_unlock(&outflow->lock);
    if (refused) {
        outflow->work->refuse ? outflow->work->refuse(request, &outflow->problem)
                              : refuse(request, &outflow->problem);
        on_free(outflow);
        return;
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, outflow, on_free);
    if (!response) {
        on_free(outflow);
        request_problem(request, 503, "no memory");
        return;
    }
    request_set_header(request, "X-Accel-Buffering", "no"); /* proxies must not hold it back */
    request_respond(request, 200, outflow->work->type, response);
}

/* ---- starting ---- */

void outflow_start(struct api_request *request, const struct outflow_work *wanted, void *context)
{
    pthread_t thread;
    struct outflow *outflow = calloc(1, sizeof(*outflow));
    if (!outflow) {
        wanted->free(context);
        request_problem(request, 503, "no memory");
        return;
    }
    outflow->api = request->api;
    outflow->all = request->api->outflows;
    outflow->grant = request_grant(request);
    outflow->work = wanted;
    outflow->context = context;
    outflow->holders = 2;
    outflow->request = request;
    outflow->beat = clock_ticks_us() + OUTFLOW_BEAT_US;
    pthread_mutex_init(&outflow->lock, NULL);
    pthread_cond_init(&outflow->taken, NULL);
    if (!enter(outflow)) {
        destroy(outflow);
        request_set_header(request, "Retry-After", "5");
        request_problem(request, 429, "too much of this kind is under way: %d at once",
                        OUTFLOWS_MAX);
        return;
    }
    if (pthread_create(&thread, NULL, work, outflow) != 0) {
        drop(outflow);
        drop(outflow);
        request_problem(request, 503, "no thread for the answer");
        return;
    }
    pthread_detach(thread);
    request_suspend(request, on_resumed, outflow);
}

/* ---- the keeper; each with the lock ---- */

/* libmicrohttpd does not look at a connection that is suspended. */
static bool is_left(const struct outflow *outflow)
{
    const struct api_connection *connection = outflow->request ? outflow->request->connection
                                              : outflow->waits ? outflow->connection
                                                               : NULL;
    struct pollfd poll_fd = {.fd = connection ? connection->fd : -1, .events = POLLRDHUP};
    return connection && poll(&poll_fd, 1, 0) > 0 &&
           (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static bool is_over(const struct outflow *outflow)
{
    const struct grant *grant = outflow->grant;
    return atomic_load(&outflow->api->closing) || atomic_load(&grant->withdrawn) ||
           (grant->expires != TIME_UNSET && grant->expires <= clock_now_us());
}

static void beat(struct outflow *outflow, int64_t ticks)
{
    bool listens = outflow->request || outflow->waits;
    size_t before = outflow->out.len;
    if (!outflow->work->beat || !listens || outflow->ended || outflow->beat > ticks)
        return;
    outflow->work->beat(outflow->context, outflow->begun, &outflow->out);
    outflow->beat = ticks + OUTFLOW_BEAT_US;
    if (outflow->out.len > before)
        offer(outflow);
}

void outflows_look(struct api *api, int64_t ticks)
{
    struct outflows *all = api->outflows;
    pthread_mutex_lock(&all->lock);
    for (struct outflow *outflow = all->first; outflow; outflow = outflow->next) {
        pthread_mutex_lock(&outflow->lock);
        bool left = is_left(outflow), over = left || is_over(outflow);
        if (left) {
            set_gone(outflow);
            wake(outflow);
        }
        beat(outflow, ticks);
        pthread_mutex_unlock(&outflow->lock);
        if (over)
            outflow->work->cancel(outflow->context);
    }
    pthread_mutex_unlock(&all->lock);
}
