/*
 * peers: what is remembered of addresses: how many connections each has open, and how often it showed an identity that
 * nobody knows. An address is an IPv4 address or the /64 of an IPv6 one, as one subscriber has a whole /64.
 *
 * Guessing: an address may fail PEER_FAILURES times in a row and once more every PEER_FAILURE_US. Past that a token
 * is not looked up any more, unless the same token was good from the same address before: so one host that guesses
 * behind a gateway slows the gateway's new clients, never those that are at work, and never another address.
 *
 * Bounded: PEERS_MAX addresses; the least interesting are forgotten first, and what then finds no room shares one row.
 * Threads: all functions from any.
 */
#ifndef JAGA_API_PEERS_H
#define JAGA_API_PEERS_H

#include <sys/socket.h>

#include "base/str.h"

#define PEERS_MAX 65536
#define PEER_FAILURES 20
#define PEER_FAILURE_US INT64_C(6000000)

struct peers;
struct peer;

/* NULL: no memory. `connections_each`: open connections of one address. */
struct peers *peers_new(uint32_t connections_each);
void peers_free(struct peers *peers);

/* May this address have one more connection? */
bool peers_admit(struct peers *peers, const struct sockaddr *address);

/* A connection came; the row lives until peers_leave(). */
struct peer *peers_enter(struct peers *peers, const struct sockaddr *address, int64_t ticks);
void peers_leave(struct peers *peers, struct peer *peer, int64_t ticks);

/* May this token be looked up? False: *ret_wait_s says when to come back. */
bool peers_may_try(struct peers *peers, const struct peer *peer, struct str token, int64_t ticks,
                   uint32_t *ret_wait_s);

/* It was not known; it was. */
void peers_failed(struct peer *peer, int64_t ticks);
void peers_succeeded(struct peers *peers, const struct peer *peer, struct str token);

/* Addresses remembered now. */
uint32_t peers_count(struct peers *peers);

#endif
