/*
 * journal: what was done, in order, so that nobody can change it unseen. Each entry holds the SHA-256 of the one
 * before it; at intervals the last hash is signed with Ed25519.
 *
 * The hash of an entry is SHA-256 (FIPS 180-4) over these bytes; numbers are big-endian, a text is
 * its length as 32 bits and its bytes:
 *
 *     "jaga.journal.2" │ hash of entry seq − 1 (32; zeros for the first) │ seq (64 bits) │
 *     time (64 bits, two's complement) │ SHA-256 of: actor │ action │ body
 *
 * So the chain can be followed through entries of which only that inner hash is shown: sealed ones.
 *
 * A signature is Ed25519 (RFC 8032) over these, by the key that it names:
 *
 *     "jaga.signature.1" │ seq (64) │ hash of entry seq (32) │ time (64) │ public key (32)
 *
 * A body is one line of JSON without spaces, its keys sorted. Under each key stand the notes of the
 * transaction: {"key":{"list":[...],"total":n}}. The list is cut at JOURNAL_LIST_MAX; total counts them all.
 *
 * What a signature covers can't be changed without the private key. Entries behind the last signature can
 * be taken away by whoever writes the file: sign often, and keep signatures elsewhere too.
 */
#ifndef JAGA_LEDGER_JOURNAL_H
#define JAGA_LEDGER_JOURNAL_H

#include "ledger/ledger.h"

#define JOURNAL_HASH 32
#define JOURNAL_KEY 32
#define JOURNAL_SIGNATURE 64
#define JOURNAL_LIST_MAX 1000 /* notes of one key in one entry; all are counted */
#define JOURNAL_KEY_HEX 65    /* bytes of a public key in hex, with its NUL */

struct journal_entry {
    uint64_t seq; /* from 1, without gaps */
    int64_t time;
    struct str actor, action, body; /* empty when it is sealed */
    bool sealed;                    /* `content` stands for them */
    unsigned char content[JOURNAL_HASH];
    unsigned char hash[JOURNAL_HASH];
};

/* Takes away what was done and leaves its hash, for readers whom it does not concern. */
void journal_seal(struct journal_entry *entry);

/*
 * Adds to the list under `key` in the entry of the open transaction. `json` is one well-formed value; `key`
 * lives for ever. A transaction without notes makes no entry.
 */
int journal_note(struct ledger *ledger, const char *key, struct str json);

/* Signs the last entry, unless it is signed. -ENOKEY without a key. */
int journal_sign(struct ledger *ledger);

struct journal_report {
    uint64_t entries, signatures;
    uint64_t bad_seq;          /* of the first entry that is not as it was; 0: none */
    uint64_t unsigned_after;   /* the last seq that a signature covers; 0: none */
    char key[JOURNAL_KEY_HEX]; /* the public key of the signatures, hex; empty: none */
};

/*
 * Walks the whole journal. 0: it is whole; -EBADMSG: *err says where not. `key`: hex of the public
 * key the signatures must be of (-EINVAL: it is none); NULL: that of the first signature.
 */
int journal_verify(struct ledger *ledger, const char *key, struct journal_report *ret_report,
                   struct err *err);

struct journal_signature {
    uint64_t seq; /* of the entry whose hash is signed */
    int64_t time;
    unsigned char key[JOURNAL_KEY]; /* public */
    unsigned char signature[JOURNAL_SIGNATURE];
};

/* The seq of the last entry; 0: there is none. */
int journal_last(struct ledger *ledger, uint64_t *ret_seq);

/* The first signature of an entry from `seq` on. -ENOENT: none yet. */
int journal_signature_get(struct ledger *ledger, uint64_t seq,
                          struct journal_signature *ret_signature);

/* The hash of an entry, by that of the one before it; entry->hash is not looked at. Pure. */
void journal_hash(const unsigned char before[static JOURNAL_HASH],
                  const struct journal_entry *entry, unsigned char ret_hash[static JOURNAL_HASH]);

/* Is it a signature of that hash, by the key it names? Pure. */
bool journal_signature_ok(const struct journal_signature *signature,
                          const unsigned char hash[static JOURNAL_HASH]);

/* Entries with a seq after `after`, in order, at most `limit`. A negative return of `each` stops and is returned. */
int journal_list(struct ledger *ledger, uint64_t after, uint32_t limit,
                 int (*each)(void *context, const struct journal_entry *entry), void *context);

#endif
