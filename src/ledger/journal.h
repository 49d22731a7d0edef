/*
 * journal: what was done, in order, so that nobody can change it unseen. Each entry holds the SHA-256 of the one
 * before it; at intervals the last hash is signed with Ed25519.
 *
 *     entry n: seq, time, actor, action, body (JSON) ─▶ hash = SHA-256(hash of n−1, seq, time, actor, action, body)
 *     signature: seq, hash, time, public key, signature over them
 */
#ifndef JAGA_LEDGER_JOURNAL_H
#define JAGA_LEDGER_JOURNAL_H

#include "ledger/ledger.h"

#define JOURNAL_HASH 32

struct journal_entry {
    uint64_t seq; /* from 1, without gaps */
    int64_t time;
    struct str actor, action, body;
    unsigned char hash[JOURNAL_HASH];
};

/* Adds to the body of the open transaction's entry: {"key": json, ...}. `json` is well-formed. */
int journal_note(struct ledger *ledger, const char *key, struct str json);

/* Signs the last entry, unless it is signed. -ENOKEY without a key. */
int journal_sign(struct ledger *ledger);

struct journal_report {
    uint64_t entries, signatures;
    uint64_t bad_seq;        /* of the first entry that is not as it was; 0: none */
    uint64_t unsigned_after; /* the last seq that a signature covers */
    char key[65];            /* the public key, hex */
};

/*
 * Walks the whole journal. 0: it is whole; -EBADMSG: *err says where not. `key`: hex of the public
 * key the signatures must be of; NULL: the one in the ledger.
 */
int journal_verify(struct ledger *ledger, const char *key, struct journal_report *ret_report,
                   struct err *err);

int journal_list(struct ledger *ledger, uint64_t after, uint32_t limit,
                 int (*each)(void *context, const struct journal_entry *entry), void *context);

#endif
