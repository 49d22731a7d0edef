/*
 * sender: who is at a door. A token, a client certificate or the peer's address decides agency, source name and
 * rate; who is not known is refused and counted. Senders and grants live as long as the table, so that a batch on
 * its way may point to one, and a reload never takes one away under a connection.
 *
 *     token hash ──┐
 *     certificate ─┼─▶ grant {agency, source, rate} ── the source a request names ──▶ sender ─▶ account
 *     peer CIDR ───┘
 *
 * Threads: all functions from any thread; look-ups take no lock. Rules of the configuration are
 * added by one thread at a time.
 */
#ifndef JAGA_WATCH_SENDER_H
#define JAGA_WATCH_SENDER_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "ledger/token.h"

/* Distinct (agency, source), of all and of one agency; past it new ones share "other" of their agency. */
#define SENDERS_MAX 100000
#define SENDERS_AGENCY_MAX 50000
#define SENDERS_OTHERS_MAX 4096 /* agencies that may have an "other" beyond SENDERS_MAX */
#define SENDER_LABEL_MAX 64     /* bytes of an agency or source */
#define SENDER_NAME_MAX 255     /* bytes of the name in a certificate */

/* Every event a source has sent is in exactly one place of its account (loss account). */
struct account {
    _Atomic uint64_t received;  /* events handed to the spool or the dead letters by a door */
    _Atomic uint64_t stored;    /* durable in the spool */
    _Atomic uint64_t repeated;  /* acknowledged again: stored before, by producer and sequence */
    _Atomic uint64_t rejected;  /* malformed: kept in the dead letters with the reason */
    _Atomic uint64_t failed;    /* the spool could not take them: the sender was told */
    _Atomic uint64_t in_flight; /* received = stored + repeated + rejected + failed + in_flight */
    _Atomic uint64_t throttled; /* turned away by its rate, never received: events where the door */
                                /* had framed them, else requests */
    _Atomic uint64_t refused;   /* the same for overload or size */
    _Atomic uint64_t bytes;     /* of received events, without the rejected */
    _Atomic int64_t last;       /* µs: when something was last received; 0: never */
    /* Offsets up to which spool and dead letters are counted; ACCOUNT_COUNTING while their number changes. */
    _Atomic uint64_t stored_until, rejected_until;
    uint64_t received_before, turned_before; /* received, turned away: by earlier processes */
};

#define ACCOUNT_COUNTING UINT64_MAX

/* Counts n events that a spool has from `offset` on, one thread at a time for each number. */
static inline void account_count(_Atomic uint64_t *number, _Atomic uint64_t *until, uint64_t offset,
                                 uint32_t n)
{
    atomic_store(until, ACCOUNT_COUNTING);
    atomic_fetch_add(number, n);
    atomic_store(until, offset + n);
}

struct sender {
    struct str agency, source;
    uint32_t number; /* from 0, in the order they came */
    uint32_t partition;
    struct account account;
};

/* What a token, certificate or address rule grants. Lives as long as the table. */
struct grant {
    struct str id; /* of the token, or the rule's text */
    enum token_role role;
    struct str agency;
    struct str source;      /* empty: the request names it */
    uint64_t rate;          /* events per second; 0: no limit */
    int64_t expires;        /* µs; TIME_UNSET: never */
    _Atomic bool withdrawn; /* revoked since: connections that hold it are refused */
    _Atomic int64_t bucket; /* of the rate limiter */
    _Atomic size_t held;    /* bytes of its requests' bodies that are under way */
    struct sender *sender;  /* where `source` is set */
};

struct senders;

struct senders *senders_new(uint32_t partitions);
void senders_free(struct senders *senders);

/*
 * Rules of the configuration: `certificate` is a subject's common name or a DNS name of the certificate;
 * `cidr` an address or network. Same identity again: replaces it. 0, -EINVAL, -ENOMEM.
 */
int senders_add_certificate(struct senders *senders, struct str name, const struct token *grant);
int senders_add_peer(struct senders *senders, struct str cidr, const struct token *grant);

/* Between the two, rules are added again; those that were not are withdrawn. */
void senders_reload_begin(struct senders *senders);
void senders_reload_end(struct senders *senders);

/* Takes all tokens of the ledger; those that are gone, revoked or expired are withdrawn. */
int senders_load_tokens(struct senders *senders, struct ledger *ledger);

/* NULL: not known (counted). Any thread. Time of the look-up says nothing about the token. */
struct grant *senders_by_token(struct senders *senders, struct str text, int64_t now);
struct grant *senders_by_certificate(struct senders *senders, struct str name);
struct grant *senders_by_peer(struct senders *senders, const struct sockaddr *address);

/* The sender of a grant; `source` is what the request names, where the grant leaves it open. */
struct sender *senders_get(struct senders *senders, struct grant *grant, struct str source);

/*
 * Of agency and source, made if need be; NULL: no memory. Labels are repaired (label_ok()): bad bytes
 * become '_', those at the start go, a long one is cut and ends with a hash of the whole, an empty one is
 * "unknown".
 */
struct sender *senders_intern(struct senders *senders, struct str agency, struct str source);

/* How often a name found no room and became "other". */
uint64_t senders_overflowed(const struct senders *senders);

/* Calls `each` for every sender, in the order they came. */
void senders_each(struct senders *senders, void (*each)(void *context, struct sender *sender),
                  void *context);

/*
 * May n events pass now? False: too fast; *ret_wait_ms says when to come back. One second's worth may come
 * at once; what is larger than that passes when the sender has been quiet, and is paid for afterwards.
 */
bool grant_take(struct grant *grant, uint64_t n, int64_t ticks_us, uint32_t *ret_wait_ms);

/* Identities that were not known, since the start. */
uint64_t senders_unknown(const struct senders *senders);

#endif
