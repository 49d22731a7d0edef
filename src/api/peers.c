#include "api/peers.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BUCKETS 16384
#define GOOD_TOKENS 16384
#define FORGET_EVERY_US INT64_C(1000000)

struct peer {
    struct peer *next; /* of its bucket */
    uint64_t network[2];
    uint32_t connections;
    /* When all failures will be forgiven (GCRA): each pushes it by PEER_FAILURE_US. */
    _Atomic int64_t forgiven;
};

struct peers {
    uint32_t connections_each;
    unsigned char secret[crypto_shorthash_KEYBYTES];
    pthread_mutex_t lock; /* of the table, not of the rows' `forgiven` */
    struct peer *buckets[BUCKETS];
    uint32_t n;
    int64_t forgot;   /* ticks: when the table was last swept */
    struct peer rest; /* of those that found no room */
    /* Keyed hashes of (network, token) that were good; a newer one takes an older one's place. */
    _Atomic uint64_t good[GOOD_TOKENS];
};

struct peers *peers_new(uint32_t connections_each)
{
    struct peers *peers = calloc(1, sizeof(*peers));
    if (!peers)
        return NULL;
    peers->connections_each = connections_each;
    randombytes_buf(peers->secret, sizeof(peers->secret));
    pthread_mutex_init(&peers->lock, NULL);
    return peers;
}

void peers_free(struct peers *peers)
{
    if (!peers)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct peer *peer = peers->buckets[i], *next; peer; peer = next) {
            next = peer->next;
            free(peer);
        }
    }
    pthread_mutex_destroy(&peers->lock);
    free(peers);
}

/* The IPv4 address, or the first 64 bits of an IPv6 one. */
static void network_of(const struct sockaddr *address, uint64_t ret_network[2])
{
    ret_network[0] = (uint64_t)address->sa_family;
    ret_network[1] = 0;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        ret_network[1] = in.sin_addr.s_addr;
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            uint32_t ipv4;
            memcpy(&ipv4, &in6.sin6_addr.s6_addr[12], sizeof(ipv4));
            ret_network[0] = AF_INET;
            ret_network[1] = ipv4;
        } else {
            memcpy(&ret_network[1], &in6.sin6_addr, sizeof(ret_network[1]));
        }
    }
}

static uint64_t keyed_hash(const struct peers *peers, const void *bytes, size_t len)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, bytes, len, peers->secret);
    return hash;
}

static struct peer **bucket_of(struct peers *peers, const uint64_t network[2])
{
    return &peers->buckets[keyed_hash(peers, network, 2 * sizeof(*network)) % BUCKETS];
}

static struct peer *find(struct peers *peers, const uint64_t network[2])
{
    struct peer *peer = *bucket_of(peers, network);
    while (peer && (peer->network[0] != network[0] || peer->network[1] != network[1]))
        peer = peer->next;
    return peer;
}

static bool is_forgettable(const struct peer *peer, int64_t ticks)
{
    return peer->connections == 0 && atomic_load(&peer->forgiven) <= ticks;
}

/* Drops the rows of one bucket that say nothing any more. */
static void forget(struct peers *peers, struct peer **bucket, int64_t ticks)
{
    for (struct peer **link = bucket; *link;) {
        struct peer *peer = *link;
        if (is_forgettable(peer, ticks)) {
            *link = peer->next;
            free(peer);
            peers->n--;
        } else {
            link = &peer->next;
        }
    }
}

bool peers_admit(struct peers *peers, const struct sockaddr *address)
{
    uint64_t network[2];
    network_of(address, network);
    pthread_mutex_lock(&peers->lock);
    const struct peer *peer = find(peers, network);
    bool admitted = !peer || peer->connections < peers->connections_each;
    pthread_mutex_unlock(&peers->lock);
    return admitted;
}

static struct peer *add(struct peers *peers, const uint64_t network[2], int64_t ticks)
{
    struct peer **bucket = bucket_of(peers, network);
    forget(peers, bucket, ticks);
    if (peers->n >= PEERS_MAX && ticks - peers->forgot > FORGET_EVERY_US) {
        peers->forgot = ticks;
        for (size_t i = 0; i < BUCKETS; i++)
            forget(peers, &peers->buckets[i], ticks);
    }
    struct peer *peer = peers->n < PEERS_MAX ? calloc(1, sizeof(*peer)) : NULL;
    if (!peer)
        return &peers->rest;
    memcpy(peer->network, network, sizeof(peer->network));
    peer->next = *bucket;
    *bucket = peer;
    peers->n++;
    return peer;
}

struct peer *peers_enter(struct peers *peers, const struct sockaddr *address, int64_t ticks)
{
    uint64_t network[2];
    network_of(address, network);
    pthread_mutex_lock(&peers->lock);
    struct peer *peer = find(peers, network);
    if (!peer)
        peer = add(peers, network, ticks);
    peer->connections++;
    pthread_mutex_unlock(&peers->lock);
    return peer;
}

void peers_leave(struct peers *peers, struct peer *peer, int64_t ticks)
{
    pthread_mutex_lock(&peers->lock);
    peer->connections--;
    if (peer != &peers->rest && is_forgettable(peer, ticks))
        forget(peers, bucket_of(peers, peer->network), ticks);
    pthread_mutex_unlock(&peers->lock);
}

/* A token, as it was seen from one network. Never 0, which is an empty place. */
static uint64_t seen_hash(const struct peers *peers, const struct peer *peer, struct str token)
{
    uint64_t parts[3] = {peer->network[0], peer->network[1],
                         keyed_hash(peers, token.ptr, token.len)};
    return keyed_hash(peers, parts, sizeof(parts)) | 1;
}

bool peers_may_try(struct peers *peers, const struct peer *peer, struct str token, int64_t ticks,
                   uint32_t *ret_wait_s)
{
    int64_t ahead = atomic_load(&peer->forgiven) - ticks;
    int64_t over = ahead - (PEER_FAILURES - 1) * PEER_FAILURE_US;
    if (over <= 0)
        return true;
    uint64_t seen = seen_hash(peers, peer, token);
    if (atomic_load_explicit(&peers->good[(seen >> 1) % GOOD_TOKENS], memory_order_relaxed) == seen)
        return true;
    *ret_wait_s = (uint32_t)(over / 1000000 + 1);
    return false;
}

void peers_failed(struct peer *peer, int64_t ticks)
{
    int64_t was = atomic_load(&peer->forgiven);
    int64_t next;
    do {
        next = (was > ticks ? was : ticks) + PEER_FAILURE_US;
    } while (!atomic_compare_exchange_weak(&peer->forgiven, &was, next));
}

void peers_succeeded(struct peers *peers, const struct peer *peer, struct str token)
{
    uint64_t seen = seen_hash(peers, peer, token);
    _Atomic uint64_t *place = &peers->good[(seen >> 1) % GOOD_TOKENS];
    if (atomic_load_explicit(place, memory_order_relaxed) != seen)
        atomic_store_explicit(place, seen, memory_order_relaxed);
}

uint32_t peers_count(struct peers *peers)
{
    pthread_mutex_lock(&peers->lock);
    uint32_t n = peers->n;
    pthread_mutex_unlock(&peers->lock);
    return n;
}
