/*
 * Syslog over UDP (RFC 5426): a datagram is a message. Many are taken with one call. What finds no room while the spool
 * takes nothing waits in the kernel's buffer, and is lost where that is full: the kernel counts it (SO_RXQ_OVFL), and so
 * do we.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/syslog_door.h"
#include "base/time.h"
#include "io/clock.h"

#define DATAGRAM_MAX 65536 /* bytes: no IPv4 or IPv6 datagram without a jumbo option is longer */
#define DATAGRAMS 64       /* taken with one call */
#define RECEIVE_BUFFER (16 << 20) /* bytes of the kernel that we ask for */
#define TICK_MS 1000              /* how often what came back from the spool is looked at */
#define LAST_ROUNDS 1024          /* of receive() at the stop: a flood does not hold it up */
#define CONTROL_SIZE CMSG_SPACE(sizeof(uint32_t))

struct syslog_udp {
    struct syslog_door *door;
    struct syslog_hold *hold;
    int fd, wake;
    pthread_t thread;
    struct mmsghdr headers[DATAGRAMS];
    struct iovec parts[DATAGRAMS];
    struct sockaddr_storage addresses[DATAGRAMS];
    _Alignas(struct cmsghdr) char controls[DATAGRAMS][CONTROL_SIZE];
    char *bytes; /* DATAGRAMS × DATAGRAM_MAX */

    struct sockaddr_storage last; /* whose origin this is */
    struct syslog_origin origin;
    struct syslog_refusals refusals;
    uint32_t lost; /* what the kernel said last */
};

/* ---- one datagram ---- */

/* The same host, whatever its port? */
static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET)
        return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)b)->sin_addr.s_addr;
    return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

/* Whose is it? Datagrams of one host come together. False: nobody's we know. */
static bool identify(struct syslog_udp *udp, const struct sockaddr_storage *address)
{
    struct syslog_origin *origin = &udp->origin;
    if (origin->grant && same_host(address, &udp->last) && !atomic_load(&origin->grant->withdrawn))
        return true;
    *origin = (struct syslog_origin){.door = DOOR_SYSLOG_UDP};
    net_host_format((const struct sockaddr *)address, origin->peer);
    origin->grant = senders_by_peer(udp->door->options.senders, (const struct sockaddr *)address);
    udp->last = *address;
    return origin->grant != NULL;
}

/* The kernel's count of datagrams that found its buffer full. */
static void note_lost(struct syslog_udp *udp, struct msghdr *header)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
         control = CMSG_NXTHDR(header, control)) {
        uint32_t lost;
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SO_RXQ_OVFL)
            continue;
        memcpy(&lost, CMSG_DATA(control), sizeof(lost));
        atomic_fetch_add(&udp->door->counters.datagrams_lost, (uint32_t)(lost - udp->lost));
        udp->lost = lost;
    }
}

static struct str trim_end(struct str message)
{
    while (message.len &&
           (message.ptr[message.len - 1] == '\n' || message.ptr[message.len - 1] == '\r' ||
            message.ptr[message.len - 1] == '\0'))
        message.len--;
    return message;
}

static void take(struct syslog_udp *udp, unsigned i, int64_t ticks)
{
    struct syslog_door *door = udp->door;
    struct str message = trim_end(str_of(udp->parts[i].iov_base, udp->headers[i].msg_len));
    uint32_t wait_ms;
    note_lost(udp, &udp->headers[i].msg_hdr);
    if (!identify(udp, &udp->addresses[i])) {
        atomic_fetch_add(&door->counters.refused_unknown, 1);
        syslog_refuse(&udp->refusals, DOOR_SYSLOG_UDP, udp->origin.peer, "unknown sender");
        return;
    }
    if (message.len == 0)
        return;
    if (!grant_take(udp->origin.grant, 1, ticks, &wait_ms)) {
        if (!udp->origin
                 .sender) /* nothing of it was let in yet: its account still has to be found */
            udp->origin.sender =
                senders_get(door->options.senders, udp->origin.grant, str_from_c(udp->origin.peer));
        if (udp->origin.sender)
            atomic_fetch_add(&udp->origin.sender->account.throttled, 1);
        return;
    }
    syslog_put(door, udp->hold, &udp->origin, message, NULL);
}

/* ---- the thread ---- */

static void prepare(struct syslog_udp *udp)
{
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        udp->parts[i] = (struct iovec){udp->bytes + (size_t)i * DATAGRAM_MAX, DATAGRAM_MAX};
        udp->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &udp->addresses[i],
            .msg_namelen = sizeof(udp->addresses[i]),
            .msg_iov = &udp->parts[i],
            .msg_iovlen = 1,
            .msg_control = udp->controls[i],
            .msg_controllen = CONTROL_SIZE,
        };
    }
}

/* Takes what is there. False: there was nothing. */
static bool receive(struct syslog_udp *udp)
{
    prepare(udp);
    int n = recvmmsg(udp->fd, udp->headers, DATAGRAMS, MSG_DONTWAIT, NULL);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    int64_t ticks = clock_ticks_us();
    for (unsigned i = 0; i < (unsigned)n; i++)
        take(udp, i, ticks);
    hold_flush(udp->hold);
    return true;
}

static void *run(void *context)
{
    struct syslog_udp *udp = context;
    struct pollfd polled[] = {{.fd = udp->fd, .events = POLLIN},
                              {.fd = udp->wake, .events = POLLIN}};
    while (!atomic_load(&udp->door->stopping)) {
        int n = poll(polled, 2, TICK_MS);
        if (n > 0 && polled[0].revents)
            receive(udp);
        else
            hold_flush(udp->hold);
    }
    for (unsigned i = 0; i < LAST_ROUNDS && receive(udp); i++)
        ; /* what had arrived before the stop */
    return NULL;
}

static void udp_free(struct syslog_udp *udp)
{
    hold_free(udp->hold);
    if (udp->wake >= 0)
        close(udp->wake);
    free(udp->bytes);
    free(udp);
}

struct syslog_udp *syslog_udp_start(struct syslog_door *door, const struct syslog_socket *sock,
                                    struct err *err)
{
    struct syslog_udp *udp = calloc(1, sizeof(*udp));
    int size = RECEIVE_BUFFER, on = 1;
    if (!udp) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    udp->door = door;
    udp->fd = sock->fd;
    udp->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    udp->bytes = malloc((size_t)DATAGRAMS * DATAGRAM_MAX);
    udp->hold = hold_new(
        &(struct hold_options){door->options.intake, &door->stopping, &door->counters.stalls});
    /* The first needs a privilege, the second is cut by the system: as much as we get. */
    if (setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(udp->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    if (udp->wake < 0 || !udp->bytes || !udp->hold ||
        pthread_create(&udp->thread, NULL, run, udp) != 0) {
        err_set(err, -ENOMEM, "no memory, or no thread, for syslog over UDP");
        udp_free(udp);
        return NULL;
    }
    return udp;
}

void syslog_udp_stop(struct syslog_udp *udp)
{
    uint64_t one = 1;
    ssize_t written = write(udp->wake, &one, sizeof(one));
    (void)written; /* at worst it ends with the next tick */
    pthread_join(udp->thread, NULL);
    udp_free(udp);
}
