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
    size_t sent;
    struct err problem;
    bool ended; /* nothing will come */
    bool waits; /* the stream is suspended */
    bool gone;  /* nobody reads */
};

struct outflows {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct outflow *first;
    uint32_t n;
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
    bool entered = all->n < OUTFLOWS_MAX;
    if (entered) {
        all->n++;
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
    destroy(outflow);
    pthread_mutex_lock(&all->lock);
    all->n--;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
}

/* Nobody reads any more. */
static void cancel(struct outflow *outflow)
{
    pthread_mutex_lock(&outflow->lock);
    outflow->gone = true;
    pthread_cond_signal(&outflow->taken);
    pthread_mutex_unlock(&outflow->lock);
    if (outflow->work->cancel)
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

/* ---- from the thread to the connection ---- */

/* The request whose answer begins goes on, or the stream that waits. With the lock. */
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

int outflow_write(struct outflow *outflow, struct str bytes)
{
    pthread_mutex_lock(&outflow->lock);
    while (!outflow->gone && outflow->out.len - outflow->sent > BUFFERED_MAX)
        pthread_cond_wait(&outflow->taken, &outflow->lock);
    bool gone = outflow->gone;
    if (!gone)
        buf_add_str(&outflow->out, bytes);
    bool failed = outflow->out.failed;
    wake(outflow);
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
    if (status < 0)
        outflow->problem = err;
    wake(outflow);
    pthread_mutex_unlock(&outflow->lock);
    drop(outflow);
    return NULL;
}

/* ---- the answer ---- */

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
    if (outflow->sent == outflow->out.len) {
        bool failed = outflow->out.failed;
        buf_clear(&outflow->out);
        outflow->out.failed = failed;
        outflow->sent = 0;
    }
    outflow->connection->deadline = clock_ticks_us() + outflow->api->options.request_us;
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

/* The answer begins, or it is a problem. */
static void on_resumed(struct api_request *request)
{
    struct outflow *outflow = request_context(request);
    pthread_mutex_lock(&outflow->lock);
    bool refused = outflow->problem.code && outflow->out.len == 0;
    outflow->raw = request->raw;
    outflow->connection = request->connection;
    pthread_mutex_unlock(&outflow->lock);
    if (refused) {
        request_problem(request, status_of(outflow->problem.code), "%s", outflow->problem.message);
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
    request_set_header(request, "X-Accel-Buffering", "no");
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

/* ---- those that nobody waits for ---- */

/* libmicrohttpd does not look at a connection that is suspended. With the lock. */
static bool is_left(const struct outflow *outflow)
{
    const struct api_connection *connection = outflow->request ? outflow->request->connection
                                              : outflow->waits ? outflow->connection
                                                               : NULL;
    struct pollfd poll_fd = {.fd = connection ? connection->fd : -1, .events = POLLRDHUP};
    return connection && poll(&poll_fd, 1, 0) > 0 &&
           (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

void outflows_look(struct api *api)
{
    struct outflows *all = api->outflows;
    pthread_mutex_lock(&all->lock);
    for (struct outflow *outflow = all->first; outflow; outflow = outflow->next) {
        const struct grant *grant = outflow->grant;
        pthread_mutex_lock(&outflow->lock);
        bool over = atomic_load(&api->closing) || atomic_load(&grant->withdrawn) ||
                    (grant->expires != TIME_UNSET && grant->expires <= clock_now_us()) ||
                    is_left(outflow);
        bool reads = outflow->waits;
        pthread_mutex_unlock(&outflow->lock);
        if (!over)
            continue;
        cancel(outflow);
        pthread_mutex_lock(&outflow->lock);
        if (reads)
            wake(outflow); /* the stream ends; a request hears it from the thread's end */
        pthread_mutex_unlock(&outflow->lock);
    }
    pthread_mutex_unlock(&all->lock);
}
