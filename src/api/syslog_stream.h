/*
 * syslog_stream: one connection of syslog over TCP or TLS: handshake, reading, framing. What it needs while it is idle is
 * its row here and, over TLS, its session; the memory it is read into is the loop's. Of no interest outside the doors.
 */
#ifndef JAGA_API_SYSLOG_STREAM_H
#define JAGA_API_SYSLOG_STREAM_H

#include <gnutls/gnutls.h>

#include "api/syslog_door.h"
#include "api/syslog_frame.h"

#define STREAM_READ_SIZE                                                                           \
    (128u << 10) /* bytes read of a connection before it is the next one's turn */

struct syslog_stream {
    struct syslog_stream *next, *before; /* of the loop's */
    struct syslog_stream *next_paused;   /* of the loop's that are not read for now */
    struct peer *peer;                   /* its address's row */
    gnutls_session_t session;            /* NULL: no TLS */
    struct tls_credentials *credentials; /* of the session */
    struct sockaddr_storage address;
    int fd;
    bool handshaking;
    bool paused;
    bool told;         /* that this is the end (FIN) */
    bool wants_write;  /* the handshake has something to say */
    uint64_t owed;     /* messages that its rate has still to let through */
    int64_t resume_at; /* the loop's time */
    int64_t since;     /* the loop's time of its last byte; of its start while it shakes hands */
    int64_t begun;     /* the loop's time when a half message was first seen; 0: there is none */
    size_t partial;    /* bytes of it in the door's count */
    struct syslog_frame frame;
    struct syslog_origin origin;
};

enum stream_state {
    STREAM_OPEN,
    STREAM_OVER,    /* it ended */
    STREAM_REFUSED, /* nobody we know, or no TLS */
};

/* Takes over `fd`, and on failure closes it. NULL: no memory, or refused and counted. */
struct syslog_stream *stream_open(struct syslog_door *door, int fd, enum syslog_kind kind,
                                  const struct sockaddr *address, int64_t now,
                                  struct syslog_refusals *refusals);

/*
 * Goes on with it: shakes hands, or reads what is there, at most STREAM_READ_SIZE into `scratch`, and puts its messages
 * into the hold. `now`: the loop's time.
 */
enum stream_state stream_serve(struct syslog_door *door, struct syslog_stream *stream,
                               struct syslog_hold *hold, char *scratch, int64_t now,
                               struct syslog_refusals *refusals);

/* May it be read again, after its rate said no? Else its resume_at says when to ask. */
bool stream_resume(struct syslog_stream *stream, int64_t now);

/* Is it past one of its deadlines? */
bool stream_is_late(const struct syslog_door *door, const struct syslog_stream *stream,
                    int64_t now);

/* Ends it: half a message becomes a dead letter. */
void stream_close(struct syslog_door *door, struct syslog_stream *stream, struct syslog_hold *hold);

#endif
