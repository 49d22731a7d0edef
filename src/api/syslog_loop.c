/* A thread of the syslog doors: waits for its connections, accepts, closes what is late, ends in order. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "api/syslog_stream.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"

#define EVENTS 256                      /* taken with one call */
#define ACCEPTS 64                      /* connections taken before others are served again */
#define SWEEP_US TIME_SECOND_US         /* between two looks at the deadlines */
#define PAUSED_US (TIME_SECOND_US / 20) /* between two looks at the paused */
#define STOP_US (5 * TIME_SECOND_US)    /* a stop reads on for this long at most, */
#define STOP_QUIET 10                   /* and until so many looks in a row found nothing */

struct syslog_loop {
    struct syslog_door *door;
    struct syslog_hold *hold;
    char *scratch;
    int epoll, wake;
    pthread_t thread;
    struct syslog_stream *streams, *paused;
    bool listening;
    int64_t swept; /* the loop's time of the last sweep */
    bool stopping;
    int64_t stop_by; /* the same of the end of a stop */
    unsigned quiet;  /* looks in a row that found nothing */
    struct syslog_refusals refusals;
};

/* Time that stands still while nobody is heard: deadlines of senders are measured with it. */
static int64_t loop_now(const struct syslog_loop *loop)
{
    return clock_ticks_us() - hold_waited_us(loop->hold);
}

/* ---- connections ---- */

static void link_stream(struct syslog_loop *loop, struct syslog_stream *stream)
{
    stream->next = loop->streams;
    if (loop->streams)
        loop->streams->before = stream;
    loop->streams = stream;
}

static void end(struct syslog_loop *loop, struct syslog_stream *stream)
{
    if (stream->next)
        stream->next->before = stream->before;
    if (stream->before)
        stream->before->next = stream->next;
    else
        loop->streams = stream->next;
    for (struct syslog_stream **link = &loop->paused; stream->paused && *link;) {
        if (*link == stream)
            *link = stream->next_paused;
        else
            link = &(*link)->next_paused;
    }
    atomic_fetch_sub(&loop->door->counters.connections, 1);
    stream_close(loop->door, stream, loop->hold); /* closing takes it out of the epoll set */
}

/* The loop wants to hear when there is something to read, or, in a handshake, room to write. */
static int watch(struct syslog_loop *loop, struct syslog_stream *stream, int operation)
{
    struct epoll_event event = {.events = stream->wants_write ? EPOLLOUT : EPOLLIN,
                                .data.ptr = stream};
    return epoll_ctl(loop->epoll, operation, stream->fd, &event);
}

/*
 * Says that this is the end, once all that has arrived was read: some senders (rsyslog) close so that what they have
 * not got rid of by then is gone.
 */
static void tell(struct syslog_stream *stream)
{
    int waiting = 0;
    if (stream->told || (ioctl(stream->fd, FIONREAD, &waiting) == 0 && waiting > 0))
        return;
    shutdown(stream->fd, SHUT_WR);
    stream->told = true;
}

static void serve(struct syslog_loop *loop, struct syslog_stream *stream)
{
    bool wanted_write = stream->wants_write;
    int64_t now = loop_now(loop);
    enum stream_state state =
        stream_serve(loop->door, stream, loop->hold, loop->scratch, now, &loop->refusals);
    if (state == STREAM_OPEN && loop->stopping)
        tell(stream);
    if (state != STREAM_OPEN) {
        end(loop, stream);
    } else if (stream->paused) {
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, stream->fd, NULL);
        stream->next_paused = loop->paused;
        loop->paused = stream;
    } else if (stream->wants_write != wanted_write && watch(loop, stream, EPOLL_CTL_MOD) < 0) {
        end(loop, stream);
    }
}

/* Reads again those whose rate allows it; at the stop, all. */
static void resume_paused(struct syslog_loop *loop)
{
    int64_t now = loop_now(loop);
    for (struct syslog_stream **link = &loop->paused; *link;) {
        struct syslog_stream *stream = *link;
        bool due = now >= stream->resume_at && stream_resume(stream, now);
        if (!due && !loop->stopping) {
            link = &stream->next_paused;
            continue;
        }
        *link = stream->next_paused;
        stream->paused = false;
        if (watch(loop, stream, EPOLL_CTL_ADD) < 0)
            end(loop, stream);
    }
}

/* ---- listeners ---- */

static void listen_again(struct syslog_loop *loop)
{
    for (size_t i = 0; i < loop->door->n_sockets; i++) {
        struct syslog_socket *sock = &loop->door->sockets[i];
        /* One loop is woken for a connection, not all. */
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = sock};
        if (sock->kind != SYSLOG_UDP)
            epoll_ctl(loop->epoll, EPOLL_CTL_ADD, sock->fd, &event);
    }
    loop->listening = true;
}

static void listen_no_more(struct syslog_loop *loop)
{
    for (size_t i = 0; i < loop->door->n_sockets; i++)
        if (loop->door->sockets[i].kind != SYSLOG_UDP)
            epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->door->sockets[i].fd, NULL);
    loop->listening = false;
}

static void welcome(struct syslog_loop *loop, int fd, enum syslog_kind kind,
                    const struct sockaddr *address)
{
    struct syslog_counters *counters = &loop->door->counters;
    atomic_fetch_add(&counters->accepted, 1);
    if (atomic_fetch_add(&counters->connections, 1) >= loop->door->options.connections_max) {
        atomic_fetch_sub(&counters->connections, 1);
        atomic_fetch_add(&counters->refused_limit, 1);
        syslog_refuse(&loop->refusals, kind == SYSLOG_TLS ? DOOR_SYSLOG_TLS : DOOR_SYSLOG_TCP, "",
                      "too many connections");
        close(fd);
        return;
    }
    struct syslog_stream *stream =
        stream_open(loop->door, fd, kind, address, loop_now(loop), &loop->refusals);
    if (!stream) {
        atomic_fetch_sub(&counters->connections, 1);
        return;
    }
    link_stream(loop, stream);
    if (watch(loop, stream, EPOLL_CTL_ADD) < 0)
        end(loop, stream);
}

static void accept_some(struct syslog_loop *loop, const struct syslog_socket *sock)
{
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage address;
        socklen_t len = sizeof(address);
        int fd = accept4(sock->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            welcome(loop, fd, sock->kind, (const struct sockaddr *)&address);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            /* Asking again at once would only spin: the next sweep does. */
            log_say(LOG_ERROR, "door.accept", "cannot take connections: %s", strerror(errno));
            listen_no_more(loop);
            return;
        }
    }
}

/* ---- the thread ---- */

static void sweep(struct syslog_loop *loop)
{
    int64_t now = loop_now(loop);
    if (now - loop->swept < SWEEP_US)
        return;
    loop->swept = now;
    for (struct syslog_stream *stream = loop->streams, *next; stream; stream = next) {
        next = stream->next;
        bool withdrawn = stream->origin.grant && atomic_load(&stream->origin.grant->withdrawn);
        if (!withdrawn && !stream_is_late(loop->door, stream, now))
            continue;
        atomic_fetch_add(stream->handshaking ? &loop->door->counters.handshake_failed
                         : withdrawn         ? &loop->door->counters.refused_unknown
                                             : &loop->door->counters.timed_out,
                         1);
        end(loop, stream);
    }
    hold_flush(loop->hold); /* what came back from the spool is tried again */
    if (!loop->listening && !loop->stopping)
        listen_again(loop);
}

/*
 * Senders of syslog hear no answer, so they are told before the end: they see the FIN before they send more, and
 * what they had sent is still read. No close_notify (RFC 5425, 4.4) goes before it: senders that never read look whether
 * they would read the end, and a pending alert would hide it. Nobody may connect any more by then: a sender that comes back
 * at once would fill the kernel's buffers, and nobody would read them.
 */
static void begin_stop(struct syslog_loop *loop)
{
    loop->stopping = true;
    loop->stop_by = loop_now(loop) + STOP_US;
    loop->quiet = 0;
    listen_no_more(loop);
    for (size_t i = 0; i < loop->door->n_sockets; i++) {
        const struct syslog_socket *sock = &loop->door->sockets[i];
        if (sock->kind == SYSLOG_UDP)
            continue;
        accept_some(loop, sock);
        shutdown(sock->fd, SHUT_RD);
    }
    for (struct syslog_stream *stream = loop->streams; stream; stream = stream->next)
        tell(stream);
}

static bool is_over(struct syslog_loop *loop)
{
    if (!atomic_load(&loop->door->stopping))
        return false;
    if (!loop->stopping)
        begin_stop(loop);
    return !loop->streams || loop->quiet >= STOP_QUIET || loop_now(loop) > loop->stop_by;
}

static void woken(struct syslog_loop *loop)
{
    uint64_t times;
    ssize_t got = read(loop->wake, &times, sizeof(times));
    (void)got; /* it only has to be quiet again */
}

static void *run(void *context)
{
    struct syslog_loop *loop = context;
    struct epoll_event events[EVENTS];
    const struct syslog_socket *sockets = loop->door->sockets;
    listen_again(loop);
    while (!is_over(loop)) {
        int64_t timeout_us = loop->paused || loop->stopping ? PAUSED_US : SWEEP_US;
        int n = epoll_wait(loop->epoll, events, EVENTS, (int)(timeout_us / 1000));
        loop->quiet = n > 0 ? 0 : loop->quiet + 1;
        for (int i = 0; i < n; i++) {
            void *ready = events[i].data.ptr;
            bool is_socket = ready >= (const void *)sockets &&
                             ready < (const void *)(sockets + loop->door->n_sockets);
            if (is_socket)
                accept_some(loop, ready);
            else if (ready)
                serve(loop, ready);
            else
                woken(loop);
        }
        resume_paused(loop);
        sweep(loop);
    }
    while (loop->streams)
        end(loop, loop->streams);
    return NULL;
}

static void loop_free(struct syslog_loop *loop)
{
    hold_free(loop->hold);
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->wake >= 0)
        close(loop->wake);
    free(loop->scratch);
    free(loop);
}

struct syslog_loop *syslog_loop_start(struct syslog_door *door, struct err *err)
{
    struct syslog_loop *loop = calloc(1, sizeof(*loop));
    struct epoll_event wake = {.events = EPOLLIN};
    if (!loop) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    loop->door = door;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->scratch = malloc(STREAM_READ_SIZE);
    loop->hold = hold_new(
        &(struct hold_options){door->options.intake, &door->stopping, &door->counters.stalls});
    if (loop->epoll < 0 || loop->wake < 0 || !loop->scratch || !loop->hold ||
        epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &wake) < 0 ||
        pthread_create(&loop->thread, NULL, run, loop) != 0) {
        err_set(err, -ENOMEM, "no memory, or no thread, for syslog connections");
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void syslog_loop_stop(struct syslog_loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake, &one, sizeof(one));
    (void)written; /* at worst it ends with the next sweep */
    pthread_join(loop->thread, NULL);
    loop_free(loop);
}
