/*
 * peer: addresses of peers as keys: networks of the configuration (RFC 4632, RFC 4291 section 2.3) and what a
 * socket says. An IPv4 address mapped into IPv6 (::ffff:192.0.2.1) is the IPv4 address.
 */
#ifndef JAGA_WATCH_PEER_H
#define JAGA_WATCH_PEER_H

#include <netinet/in.h>

#include "base/str.h"

#define PEER_BITS_MAX 128

struct peer_net {
    unsigned char bytes[16]; /* in network order, zero behind the prefix */
    uint8_t family;          /* 4 or 6 */
    uint8_t bits;            /* of the prefix */
};

/* "192.0.2.0/24", "2001:db8::1": bits behind the prefix are taken as zero. 0 or -EINVAL. */
int peer_net_parse(struct str text, struct peer_net *ret_net);

/* The address of a socket with all its bits. -EAFNOSUPPORT: it is neither IPv4 nor IPv6. */
int peer_net_of(const struct sockaddr *address, struct peer_net *ret_net);

/* The network of the first `bits` bits around it. */
struct peer_net peer_net_around(struct peer_net net, unsigned bits);

bool peer_net_eq(const struct peer_net *a, const struct peer_net *b);
uint64_t peer_net_hash(const struct peer_net *net);

#endif
