/*
 * syslog_door: what the parts of the syslog doors share: the door, its figures, and where a message comes from. Of no
 * interest outside.
 */
#ifndef JAGA_API_SYSLOG_DOOR_H
#define JAGA_API_SYSLOG_DOOR_H

#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "api/syslog.h"
#include "api/syslog_hold.h"
#include "io/net.h"

struct syslog_socket {
    int fd;
    enum syslog_kind kind;
    char address[NET_TEXT_MAX];
};

struct syslog_counters {
    _Atomic uint64_t connections, accepted, refused_unknown, refused_limit, handshake_failed;
    _Atomic uint64_t timed_out, messages, bytes, rejected, datagrams_lost, stalls, partial;
};

struct syslog_loop;
struct syslog_udp;

struct syslog_door {
    struct syslog_options options; /* with defaults filled in */
    struct syslog_counters counters;
    _Atomic bool stopping;
    struct peers *peers;
    gnutls_priority_t priorities; /* one for all sessions: 8 KiB each would have of its own */
    struct syslog_socket *sockets;
    size_t n_sockets;
    struct syslog_loop **loops;
    unsigned n_loops;
    struct syslog_udp **udps;
    size_t n_udps;
};

/* Where messages come from, for the length of a connection. */
struct syslog_origin {
    struct grant *grant;
    struct sender *sender; /* of the last message; NULL: none yet */
    enum door door;
    char peer[NET_TEXT_MAX]; /* without a port */
};

/*
 * Puts a message into the hold as an event, or, with a `reason`, as a dead letter. May wait. False: the door
 * is stopping and the spool takes nothing.
 */
bool syslog_put(struct syslog_door *door, struct syslog_hold *hold, struct syslog_origin *origin,
                struct str message, const char *reason);

/* A refusal is logged once a second at most, with how many there were. Zero it. */
struct syslog_refusals {
    int64_t next; /* ticks */
    uint64_t unsaid;
};
void syslog_refuse(struct syslog_refusals *refusals, enum door door, const char *peer,
                   const char *reason);

/* A thread for connections of all stream sockets. NULL: *err says why. */
struct syslog_loop *syslog_loop_start(struct syslog_door *door, struct err *err);
void syslog_loop_stop(struct syslog_loop *loop); /* `stopping` is set; waits for its end, frees */

/* A thread for one UDP socket. */
struct syslog_udp *syslog_udp_start(struct syslog_door *door, const struct syslog_socket *socket,
                                    struct err *err);
void syslog_udp_stop(struct syslog_udp *udp);

#endif
