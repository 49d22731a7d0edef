/*
 * syslog: the doors for syslog: UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). A door only frames: what a message
 * says is parsed where events are worked through. A line that is no syslog is an event too.
 *
 *     loop 0..n: epoll ─▶ connection: TLS ─▶ deframe ─▶ batch per source ─▶ intake (kept until it is stored)
 *     one thread per UDP socket: recvmmsg ──────────▶ batch per source ─▶ intake
 *
 * Who sends: the client's certificate, else its address, decides (watch/sender.h); who is not known is refused and
 * counted. The source is the grant's, else the HOSTNAME of the message, else the peer's address.
 *
 * Syslog has no acknowledgement. What was read is held until it is durable: while the spool is busy or full nothing more is
 * read, TCP's window closes, and senders wait. What had been read and was not durable yet when the process was killed is lost:
 * at most SYSLOG_HELD_MAX bytes for each loop. On a stop nothing is lost of senders that notice that their
 * connection was closed.
 *
 * Threads: start and stop in one thread; stats from any.
 */
#ifndef JAGA_API_SYSLOG_H
#define JAGA_API_SYSLOG_H

#include "base/err.h"
#include "watch/intake.h"

struct tls_identity;

#define SYSLOG_HELD_MAX (4u << 20) /* bytes that a loop has read and the spool does not have yet */

enum syslog_kind { SYSLOG_UDP, SYSLOG_TCP, SYSLOG_TLS };

struct syslog_listener {
    const char *address; /* "0.0.0.0:6514"; port 0: the kernel chooses */
    enum syslog_kind kind;
};

struct syslog_options {
    const struct syslog_listener *listeners; /* needed during the start only */
    size_t n_listeners;
    struct tls_identity *identity; /* for SYSLOG_TLS; may be reloaded at any time */
    struct senders *senders;
    struct intake *intake;
    unsigned threads;              /* loops for connections; 0: 2 */
    uint32_t connections_max;      /* 0: 20,000 */
    uint32_t connections_per_peer; /* of one address; 0: as many as connections_max */
    size_t partial_max;            /* bytes of all half messages together; 0: 64 MiB */
    int64_t handshake_us;          /* TLS must stand by then; 0: 15 s */
    int64_t idle_us;               /* a connection that is silent for longer is closed; 0: 1 h */
    int64_t message_us;            /* a message that was begun must end by then; 0: 60 s */
};

/* What happened since the start. */
struct syslog_stats {
    uint64_t connections;      /* open now */
    uint64_t accepted;         /* connections, ever */
    uint64_t refused_unknown;  /* connections and datagrams of senders that are not known */
    uint64_t refused_limit;    /* connections past a limit */
    uint64_t handshake_failed; /* TLS: what came was no TLS, too slow, or not to our liking */
    uint64_t timed_out;        /* connections: silent, or a message that did not end */
    uint64_t messages, bytes;  /* framed */
    uint64_t rejected;         /* cut off, or too long */
    uint64_t datagrams_lost;   /* the kernel's buffer was full: nobody saw them */
    uint64_t stalls;           /* how often the spool could take no more */
    uint64_t partial;          /* bytes of half messages now */
};

struct syslog_door;

/* NULL: *err says which address and why. All listeners stand when it returns. */
struct syslog_door *syslog_door_start(const struct syslog_options *options, struct err *err);

/*
 * Takes no more connections, tells those there are (TCP FIN), reads on until they are closed or silent, hands
 * over what was read, frees. Takes a few seconds at most.
 */
void syslog_door_stop(struct syslog_door *door);

/* "127.0.0.1:43211": where listener i is. Lives as long as the door. */
const char *syslog_door_address(const struct syslog_door *door, size_t i);

void syslog_door_stats(const struct syslog_door *door, struct syslog_stats *ret_stats);

/* The same for /metrics; see api_add_metrics(). `door`: a struct syslog_door. */
void syslog_door_metrics(void *door, struct buf *out);

#endif
