#include "watch/peer.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/hash.h"

static const unsigned char mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static unsigned bits_of(const struct peer_net *net)
{
    return net->family == 4 ? 32 : PEER_BITS_MAX;
}

/* RFC 4291, section 2.5.5.2. */
static void unmap(struct peer_net *net)
{
    if (net->family != 6 || net->bits < 96 || memcmp(net->bytes, mapped_prefix, 12) != 0)
        return;
    memmove(net->bytes, net->bytes + 12, 4);
    memset(net->bytes + 4, 0, 12);
    net->family = 4;
    net->bits = (uint8_t)(net->bits - 96);
}

int peer_net_parse(struct str text, struct peer_net *ret_net)
{
    char address[INET6_ADDRSTRLEN + 1];
    size_t slash = str_index(text, '/');
    if (slash == 0 || slash >= sizeof(address))
        return -EINVAL;
    memcpy(address, text.ptr, slash);
    address[slash] = '\0';
    if (strlen(address) != slash)
        return -EINVAL;

    struct peer_net net = {.family = 4};
    if (inet_pton(AF_INET, address, net.bytes) != 1) {
        net.family = 6;
        if (inet_pton(AF_INET6, address, net.bytes) != 1)
            return -EINVAL;
    }
    uint64_t bits = bits_of(&net);
    if (slash < text.len &&
        (str_to_u64(str_skip(text, slash + 1), &bits) < 0 || bits > bits_of(&net)))
        return -EINVAL;
    net.bits = (uint8_t)bits;
    unmap(&net);
    *ret_net = peer_net_around(net, net.bits);
    return 0;
}

int peer_net_of(const struct sockaddr *address, struct peer_net *ret_net)
{
    struct peer_net net = {0};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        net.family = 4;
        net.bits = 32;
        memcpy(net.bytes, &in.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        net.family = 6;
        net.bits = PEER_BITS_MAX;
        memcpy(net.bytes, &in6.sin6_addr, 16);
        unmap(&net);
    } else {
        return -EAFNOSUPPORT;
    }
    *ret_net = net;
    return 0;
}

struct peer_net peer_net_around(struct peer_net net, unsigned bits)
{
    for (unsigned i = 0; i < sizeof(net.bytes); i++) {
        unsigned left = bits > i * 8 ? bits - i * 8 : 0;
        if (left < 8)
            net.bytes[i] &= (unsigned char)(0xff00u >> left);
    }
    net.bits = (uint8_t)bits;
    return net;
}

bool peer_net_eq(const struct peer_net *a, const struct peer_net *b)
{
    return a->family == b->family && a->bits == b->bits && memcmp(a->bytes, b->bytes, 16) == 0;
}

uint64_t peer_net_hash(const struct peer_net *net)
{
    return hash_bytes(net->bytes, 16, (uint64_t)net->family << 8 | net->bits);
}
