#include "io/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

/* Connections that wait to be accepted; the kernel caps it at net.core.somaxconn. */
#define BACKLOG 4096
#define HOST_MAX 256

/* Cuts "HOST:PORT" at its last colon; an IPv6 address must be in brackets. */
static int split(struct str text, struct str *ret_host, struct str *ret_port)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return -EINVAL;
    struct str host = str_first(text, colon - 1);
    *ret_port = str_skip(text, colon);
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_of(host.ptr + 1, host.len - 2);
    else if (str_index(host, ':') != host.len)
        return -EINVAL;
    *ret_host = host;
    return 0;
}

int net_address_parse(struct str text, struct net_address *ret_address, struct err *err)
{
    struct str host, port_text;
    uint64_t port;
    if (split(text, &host, &port_text) < 0 || host.len >= HOST_MAX ||
        str_to_u64(port_text, &port) < 0 || port > UINT16_MAX)
        return err_set(err, -EINVAL,
                       "'%.*s' is no address: HOST:PORT, [IPv6]:PORT or :PORT is expected",
                       STR_ARG(text));
    if (host.len == 0) {
        struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        *ret_address = (struct net_address){.len = sizeof(any)};
        memcpy(&ret_address->bytes, &any, sizeof(any));
        return 0;
    }
    char name[HOST_MAX];
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';
    char service[8];
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found;
    int status = getaddrinfo(name, service, &hints, &found);
    if (status != 0)
        return err_set(err, -EINVAL, "'%.*s': %s", STR_ARG(text), gai_strerror(status));
    *ret_address = (struct net_address){.len = found->ai_addrlen};
    memcpy(&ret_address->bytes, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

/* Family, host and port; ::ffff:a.b.c.d counts as a.b.c.d (RFC 4291, 2.5.5.2). */
static int host_of(const struct sockaddr *address, char *ret_host, uint16_t *ret_port)
{
    int family = address->sa_family;
    ret_host[0] = '\0';
    *ret_port = 0;
    if (family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, ret_host, NET_TEXT_MAX);
        *ret_port = ntohs(in.sin_port);
    } else if (family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        *ret_port = ntohs(in6.sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], ret_host, NET_TEXT_MAX);
            return AF_INET;
        }
        inet_ntop(AF_INET6, &in6.sin6_addr, ret_host, NET_TEXT_MAX);
    }
    return family;
}

void net_address_format(const struct sockaddr *address, char ret_text[static NET_TEXT_MAX])
{
    char host[NET_TEXT_MAX];
    uint16_t port;
    int family = host_of(address, host, &port);
    snprintf(ret_text, NET_TEXT_MAX, family == AF_INET6 ? "[%.48s]:%u" : "%.48s:%u", host, port);
}

void net_host_format(const struct sockaddr *address, char ret_text[static NET_TEXT_MAX])
{
    uint16_t port;
    host_of(address, ret_text, &port);
}

/* Every address where the kernel has no IPv6: the same over IPv4. */
static struct net_address every_ipv4(const struct net_address *address)
{
    struct sockaddr_in6 in6;
    memcpy(&in6, &address->bytes, sizeof(in6));
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = in6.sin6_port};
    struct net_address any = {.len = sizeof(in)};
    memcpy(&any.bytes, &in, sizeof(in));
    return any;
}

static int bind_to(int fd, const struct net_address *address, int type)
{
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->bytes.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (const struct sockaddr *)&address->bytes, address->len) < 0)
        return -errno;
    if (type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
        return -errno;
    return 0;
}

int net_listen(const struct net_address *address, int type, struct err *err)
{
    struct net_address where = *address;
    char text[NET_TEXT_MAX];
    net_address_format((const struct sockaddr *)&where.bytes, text);
    int flags = type | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(where.bytes.ss_family, flags, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && str_starts(str_from_c(text), STR("[::]:"))) {
        where = every_ipv4(address);
        fd = socket(AF_INET, flags, 0);
    }
    if (fd < 0)
        return err_set(err, -errno, "no socket for %s: %s", text, strerror(errno));
    int status = bind_to(fd, &where, type);
    if (status < 0) {
        close(fd);
        return err_set(err, status, "can't listen on %s: %s", text, strerror(-status));
    }
    return fd;
}

int net_bound(int fd, struct net_address *ret_address)
{
    ret_address->len = sizeof(ret_address->bytes);
    if (getsockname(fd, (struct sockaddr *)&ret_address->bytes, &ret_address->len) < 0)
        return -errno;
    return 0;
}
