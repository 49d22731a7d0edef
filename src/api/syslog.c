#include "api/syslog.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/peers.h"
#include "api/syslog_door.h"
#include "api/syslog_frame.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/tls.h"

#define THREADS 2
#define CONNECTIONS_MAX 20000
#define PARTIAL_MAX (64u << 20)
#define HANDSHAKE_US (15 * TIME_SECOND_US)
#define IDLE_US (3600 * TIME_SECOND_US)
#define MESSAGE_US (60 * TIME_SECOND_US)

static enum door door_of(enum syslog_kind kind)
{
    return kind == SYSLOG_UDP   ? DOOR_SYSLOG_UDP
           : kind == SYSLOG_TCP ? DOOR_SYSLOG_TCP
                                : DOOR_SYSLOG_TLS;
}

/* ---- messages ---- */

/* The source that the message belongs to; a grant may leave it open. NULL: no memory. */
static struct sender *sender_of(struct syslog_door *door, struct syslog_origin *origin,
                                struct str message)
{
    struct str source = {0};
    if (!origin->grant->source.len) {
        source = syslog_hostname(message);
        if (!source.len)
            source = str_from_c(origin->peer);
    }
    if (!origin->sender || (source.len && !str_eq(origin->sender->source, source)))
        origin->sender = senders_get(door->options.senders, origin->grant, source);
    return origin->sender;
}

bool syslog_put(struct syslog_door *door, struct syslog_hold *hold, struct syslog_origin *origin,
                struct str message, const char *reason)
{
    struct sender *sender = sender_of(door, origin, message);
    struct intake_batch *batch =
        sender ? hold_batch(hold, sender, origin->door, str_from_c(origin->peer)) : NULL;
    if (!batch) {
        if (sender)
            atomic_fetch_add(&sender->account.refused, 1);
        return false;
    }
    atomic_fetch_add(&door->counters.messages, 1);
    atomic_fetch_add(&door->counters.bytes, message.len);
    if (reason)
        intake_reject(batch, message, reason);
    if (reason || !intake_add(batch, message))
        atomic_fetch_add(&door->counters.rejected, 1);
    return true;
}

void syslog_refuse(struct syslog_refusals *refusals, enum door door, const char *peer,
                   const char *reason)
{
    int64_t now = clock_ticks_us();
    refusals->unsaid++;
    if (now < refusals->next)
        return;
    struct log_line line;
    log_begin(&line, LOG_WARN, "door.refused");
    log_c(&line, "door", door_names[door]);
    log_c(&line, "peer", peer);
    log_c(&line, "reason", reason);
    log_u64(&line, "since", refusals->unsaid);
    log_end(&line);
    refusals->unsaid = 0;
    refusals->next = now + TIME_SECOND_US;
}

/* ---- start and stop ---- */

static void fill_defaults(struct syslog_options *options)
{
    if (!options->threads)
        options->threads = THREADS;
    if (!options->connections_max)
        options->connections_max = CONNECTIONS_MAX;
    if (!options->connections_per_peer)
        options->connections_per_peer = options->connections_max;
    if (!options->partial_max)
        options->partial_max = PARTIAL_MAX;
    if (!options->handshake_us)
        options->handshake_us = HANDSHAKE_US;
    if (!options->idle_us)
        options->idle_us = IDLE_US;
    if (!options->message_us)
        options->message_us = MESSAGE_US;
}

static int listen_on(struct syslog_door *door, const struct syslog_listener *listener,
                     struct err *err)
{
    struct syslog_socket *sock = &door->sockets[door->n_sockets];
    struct net_address address;
    int type = listener->kind == SYSLOG_UDP ? SOCK_DGRAM : SOCK_STREAM;
    if (listener->kind == SYSLOG_TLS && !door->options.identity)
        return err_set(err, -EINVAL, "syslog over TLS needs a certificate");
    int status = net_address_parse(str_from_c(listener->address), &address, err);
    if (status < 0)
        return status;
    sock->fd = net_listen(&address, type, err);
    if (sock->fd < 0)
        return sock->fd;
    sock->kind = listener->kind;
    door->n_sockets++;
    status = net_bound(sock->fd, &address);
    if (status < 0)
        return err_set(err, status, "%s: %s", listener->address, strerror(-status));
    net_address_format((const struct sockaddr *)&address.bytes, sock->address);
    return 0;
}

static int start_threads(struct syslog_door *door, struct err *err)
{
    bool streams = false;
    for (size_t i = 0; i < door->n_sockets; i++) {
        const struct syslog_socket *sock = &door->sockets[i];
        if (sock->kind != SYSLOG_UDP) {
            streams = true;
            continue;
        }
        door->udps[door->n_udps] = syslog_udp_start(door, sock, err);
        if (!door->udps[door->n_udps])
            return err->code;
        door->n_udps++;
    }
    while (streams && door->n_loops < door->options.threads) {
        door->loops[door->n_loops] = syslog_loop_start(door, err);
        if (!door->loops[door->n_loops])
            return err->code;
        door->n_loops++;
    }
    return 0;
}

struct syslog_door *syslog_door_start(const struct syslog_options *options, struct err *err)
{
    struct syslog_door *door = calloc(1, sizeof(*door));
    if (!door) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    door->options = *options;
    fill_defaults(&door->options);
    door->sockets = calloc(options->n_listeners + 1, sizeof(*door->sockets));
    door->udps = calloc(options->n_listeners + 1, sizeof(struct syslog_udp *));
    door->loops = calloc(door->options.threads, sizeof(struct syslog_loop *));
    door->peers = peers_new(door->options.connections_per_peer);
    int status = 0;
    if (!door->sockets || !door->udps || !door->loops || !door->peers ||
        gnutls_priority_init(&door->priorities, TLS_PRIORITIES, NULL) < 0)
        status = err_set(err, -ENOMEM, "no memory");
    for (size_t i = 0; status == 0 && i < options->n_listeners; i++)
        status = listen_on(door, &options->listeners[i], err);
    door->options.listeners = NULL;
    if (status == 0)
        status = start_threads(door, err);
    if (status < 0) {
        syslog_door_stop(door);
        return NULL;
    }
    for (size_t i = 0; i < door->n_sockets; i++) {
        struct log_line line;
        log_begin(&line, LOG_INFO, "door.listen");
        log_c(&line, "door", door_names[door_of(door->sockets[i].kind)]);
        log_c(&line, "address", door->sockets[i].address);
        log_end(&line);
    }
    return door;
}

void syslog_door_stop(struct syslog_door *door)
{
    if (!door)
        return;
    atomic_store(&door->stopping, true);
    for (size_t i = 0; i < door->n_udps; i++)
        syslog_udp_stop(door->udps[i]);
    for (unsigned i = 0; i < door->n_loops; i++)
        syslog_loop_stop(door->loops[i]);
    for (size_t i = 0; i < door->n_sockets; i++)
        close(door->sockets[i].fd);
    peers_free(door->peers);
    if (door->priorities)
        gnutls_priority_deinit(door->priorities);
    free(door->sockets);
    free(door->udps);
    free(door->loops);
    free(door);
}

const char *syslog_door_address(const struct syslog_door *door, size_t i)
{
    return door->sockets[i].address;
}

void syslog_door_stats(const struct syslog_door *door, struct syslog_stats *ret_stats)
{
    const struct syslog_counters *counters = &door->counters;
    *ret_stats = (struct syslog_stats){
        .connections = atomic_load(&counters->connections),
        .accepted = atomic_load(&counters->accepted),
        .refused_unknown = atomic_load(&counters->refused_unknown),
        .refused_limit = atomic_load(&counters->refused_limit),
        .handshake_failed = atomic_load(&counters->handshake_failed),
        .timed_out = atomic_load(&counters->timed_out),
        .messages = atomic_load(&counters->messages),
        .bytes = atomic_load(&counters->bytes),
        .rejected = atomic_load(&counters->rejected),
        .datagrams_lost = atomic_load(&counters->datagrams_lost),
        .stalls = atomic_load(&counters->stalls),
        .partial = atomic_load(&counters->partial),
    };
}
