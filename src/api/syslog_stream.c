#include "api/syslog_stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/peers.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/tls.h"

#define TLS_RECORD_MAX 16384    /* RFC 8446, 5.1: plaintext of a record */
#define PARTIAL_FREE (8u << 10) /* bytes of a half message that any connection may keep */
#define NAME_MAX_BYTES 256      /* of a certificate's name */
#define PAUSE_MIN_US (TIME_SECOND_US / 100)

/* ---- open ---- */

/*
 * No session tickets: senders of syslog stay connected, and those who never read from their connection look at
 * whether there is anything to read to find out that it was closed.
 */
static bool start_tls(struct syslog_door *door, struct syslog_stream *stream)
{
    stream->credentials = tls_credentials_take(door->options.identity);
    if (!stream->credentials ||
        gnutls_init(&stream->session,
                    GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) < 0)
        return false;
    if (gnutls_priority_set(stream->session, door->priorities) < 0 ||
        tls_session_use(stream->session, stream->credentials) < 0)
        return false;
    gnutls_transport_set_int(stream->session, stream->fd);
    gnutls_handshake_set_timeout(stream->session, 0); /* the loop's own deadline */
    return true;
}

static void free_stream(struct syslog_door *door, struct syslog_stream *stream)
{
    if (stream->session)
        gnutls_deinit(stream->session);
    tls_credentials_drop(stream->credentials);
    if (stream->peer)
        peers_leave(door->peers, stream->peer, clock_ticks_us());
    syslog_frame_free(&stream->frame);
    atomic_fetch_sub(&door->counters.partial, stream->partial);
    close(stream->fd);
    free(stream);
}

struct syslog_stream *stream_open(struct syslog_door *door, int fd, enum syslog_kind kind,
                                  const struct sockaddr *address, int64_t now,
                                  struct syslog_refusals *refusals)
{
    enum door through = kind == SYSLOG_TLS ? DOOR_SYSLOG_TLS : DOOR_SYSLOG_TCP;
    char host[NET_TEXT_MAX];
    struct grant *grant = NULL;
    int on = 1;
    net_host_format(address, host);
    if (!peers_admit(door->peers, address)) {
        atomic_fetch_add(&door->counters.refused_limit, 1);
        syslog_refuse(refusals, through, host, "too many connections of this address");
        close(fd);
        return NULL;
    }
    if (kind == SYSLOG_TCP && !(grant = senders_by_peer(door->options.senders, address))) {
        atomic_fetch_add(&door->counters.refused_unknown, 1);
        syslog_refuse(refusals, through, host, "unknown sender");
        close(fd);
        return NULL;
    }
    struct syslog_stream *stream = calloc(1, sizeof(*stream));
    if (!stream) {
        close(fd);
        return NULL;
    }
    stream->fd = fd;
    stream->since = now;
    stream->handshaking = kind == SYSLOG_TLS;
    stream->origin.door = through;
    stream->origin.grant = grant;
    memcpy(stream->origin.peer, host, sizeof(host));
    memcpy(&stream->address, address,
           address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                         : sizeof(struct sockaddr_in6));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)); /* hosts that vanish */
    if (kind == SYSLOG_TLS && !start_tls(door, stream)) {
        free_stream(door, stream);
        return NULL;
    }
    stream->peer = peers_enter(door->peers, address, clock_ticks_us());
    return stream;
}

/* ---- TLS ---- */

/* Who is it, now that TLS stands? Its certificate says, else its address. */
static bool identify(struct syslog_door *door, struct syslog_stream *stream)
{
    char name[NAME_MAX_BYTES];
    int status = tls_peer_name(stream->session, name, sizeof(name));
    if (status == -EACCES)
        return false;
    if (status == 0)
        stream->origin.grant = senders_by_certificate(door->options.senders, str_from_c(name));
    if (!stream->origin.grant)
        stream->origin.grant =
            senders_by_peer(door->options.senders, (const struct sockaddr *)&stream->address);
    return stream->origin.grant != NULL;
}

static enum stream_state shake_hands(struct syslog_door *door, struct syslog_stream *stream,
                                     int64_t now, struct syslog_refusals *refusals)
{
    int status;
    do
        status = gnutls_handshake(stream->session);
    while (status == GNUTLS_E_INTERRUPTED || status == GNUTLS_E_WARNING_ALERT_RECEIVED);
    stream->wants_write = false;
    if (status == GNUTLS_E_AGAIN) {
        stream->wants_write = gnutls_record_get_direction(stream->session) == 1;
        return STREAM_OPEN;
    }
    if (status < 0) {
        atomic_fetch_add(&door->counters.handshake_failed, 1);
        syslog_refuse(refusals, DOOR_SYSLOG_TLS, stream->origin.peer, gnutls_strerror(status));
        return STREAM_REFUSED;
    }
    stream->handshaking = false;
    stream->since = now;
    if (!identify(door, stream)) {
        atomic_fetch_add(&door->counters.refused_unknown, 1);
        syslog_refuse(refusals, DOOR_SYSLOG_TLS, stream->origin.peer, "unknown sender");
        gnutls_alert_send(stream->session, GNUTLS_AL_FATAL, GNUTLS_A_ACCESS_DENIED);
        return STREAM_REFUSED;
    }
    return STREAM_OPEN;
}

/*
 * Fills `scratch` with what there is. Bytes; *ret_over: there will be no more. There is always room for a whole
 * record, so that none stays inside the session, where epoll does not see it.
 */
static size_t read_tls(struct syslog_stream *stream, char *scratch, bool *ret_over)
{
    size_t len = 0;
    while (STREAM_READ_SIZE - len >= TLS_RECORD_MAX) {
        ssize_t got = gnutls_record_recv(stream->session, scratch + len, STREAM_READ_SIZE - len);
        if (got > 0) {
            len += (size_t)got;
        } else if (got != GNUTLS_E_INTERRUPTED && got != GNUTLS_E_WARNING_ALERT_RECEIVED) {
            *ret_over = got != GNUTLS_E_AGAIN; /* closed, cut off, or no TLS any more */
            break;
        }
    }
    return len;
}

static size_t read_tcp(struct syslog_stream *stream, char *scratch, bool *ret_over)
{
    ssize_t got;
    do
        got = recv(stream->fd, scratch, STREAM_READ_SIZE, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    *ret_over = got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
    return got > 0 ? (size_t)got : 0;
}

/* ---- messages ---- */

/* Counts the half message that is kept; one that finds no room is given up. */
static bool account_partial(struct syslog_door *door, struct syslog_stream *stream,
                            struct syslog_hold *hold, int64_t now)
{
    struct syslog_frame *frame = &stream->frame;
    size_t size = frame->begun ? frame->partial.cap : 0;
    uint64_t before = atomic_fetch_add(&door->counters.partial, size - stream->partial);
    bool grew = size > stream->partial;
    stream->partial = size;
    stream->begun = !frame->begun ? 0 : stream->begun ? stream->begun : now;
    if (!grew || size <= PARTIAL_FREE || before + size <= door->options.partial_max)
        return true;
    struct str head, none = {0};
    syslog_frame_drop(frame, &head);
    bool put = syslog_put(door, hold, &stream->origin, head,
                          "the rest of it found no room: too many half messages at once");
    syslog_frame_next(frame, &none, INTAKE_EVENT_MAX, &head); /* gives the memory back */
    atomic_fetch_sub(&door->counters.partial, stream->partial);
    stream->partial = 0;
    return put;
}

/* Takes the messages of `bytes`; *ret_n: how many. False: no memory, or no room at the stop. */
static bool take_messages(struct syslog_door *door, struct syslog_stream *stream,
                          struct syslog_hold *hold, struct str bytes, uint64_t *ret_n)
{
    struct str message;
    enum syslog_framed framed;
    while ((framed = syslog_frame_next(&stream->frame, &bytes, INTAKE_EVENT_MAX, &message)) !=
           SYSLOG_MORE) {
        const char *reason = framed == SYSLOG_TOO_LONG ? "an event longer than 1 MiB" : NULL;
        ++*ret_n;
        if (!syslog_put(door, hold, &stream->origin, message, reason))
            return false;
    }
    return !stream->frame.failed;
}

static void hold_off(struct syslog_stream *stream, int64_t now, uint32_t wait_ms)
{
    stream->paused = true;
    stream->resume_at = now + wait_ms * (TIME_SECOND_US / 1000);
    if (stream->resume_at < now + PAUSE_MIN_US)
        stream->resume_at = now + PAUSE_MIN_US;
}

bool stream_resume(struct syslog_stream *stream, int64_t now)
{
    uint32_t wait_ms;
    if (!grant_take(stream->origin.grant, stream->owed, clock_ticks_us(), &wait_ms)) {
        hold_off(stream, now, wait_ms);
        return false;
    }
    stream->paused = false;
    stream->owed = 0;
    stream->since = now;
    stream->begun = stream->begun ? now : 0;
    return true;
}

enum stream_state stream_serve(struct syslog_door *door, struct syslog_stream *stream,
                               struct syslog_hold *hold, char *scratch, int64_t now,
                               struct syslog_refusals *refusals)
{
    bool over = false;
    uint64_t n = 0;
    uint32_t wait_ms;
    if (stream->handshaking) {
        enum stream_state state = shake_hands(door, stream, now, refusals);
        if (state != STREAM_OPEN || stream->handshaking)
            return state;
    }
    if (atomic_load(&stream->origin.grant->withdrawn)) {
        atomic_fetch_add(&door->counters.refused_unknown, 1);
        syslog_refuse(refusals, stream->origin.door, stream->origin.peer, "withdrawn");
        return STREAM_REFUSED;
    }
    size_t len =
        stream->session ? read_tls(stream, scratch, &over) : read_tcp(stream, scratch, &over);
    if (len) {
        stream->since = now;
        if (!take_messages(door, stream, hold, str_of(scratch, len), &n) ||
            !account_partial(door, stream, hold, now))
            over = true;
        hold_flush(hold);
    }
    if (!over && !grant_take(stream->origin.grant, n, clock_ticks_us(), &wait_ms)) {
        stream->owed = n;
        hold_off(stream, now, wait_ms);
    }
    return over ? STREAM_OVER : STREAM_OPEN;
}

bool stream_is_late(const struct syslog_door *door, const struct syslog_stream *stream, int64_t now)
{
    const struct syslog_options *options = &door->options;
    if (stream->paused)
        return false;
    if (stream->handshaking)
        return now - stream->since > options->handshake_us;
    return now - stream->since > options->idle_us ||
           (stream->begun && now - stream->begun > options->message_us);
}

void stream_close(struct syslog_door *door, struct syslog_stream *stream, struct syslog_hold *hold)
{
    struct str half = syslog_frame_end(&stream->frame);
    if (half.len && stream->origin.grant) {
        syslog_put(door, hold, &stream->origin, half, "the connection ended within this message");
        hold_flush(hold);
    }
    free_stream(door, stream);
}
