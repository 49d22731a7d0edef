/*
 * proofs: that the events of an export are what the centre received, for who has nothing but the export, the file of
 * proofs beside it, and a public key. What proof.h has for one event is shared by all events of a block, and of an
 * entry of the journal. Lines of JSON:
 *
 *     {"proofs":1}
 *     {"block":{...},"leaves":[[index,offset,part,n],...],"hashes":"...","others":"..."}      those of all blocks
 *     {"journal":{...},"signature":{...}}         entries that name them, up to a signature; as in a proof
 *     {"end":{"blocks":2,"events":3040,"signatures":1}}
 *
 * Leaves are runs of n events that follow each other, in their block and by their offset. Each has a hash, so that of
 * events that were changed the others can still be proved; what the export does not have of a block is in `others`
 * (merkle.h). Both are base64 (RFC 4648), 32 bytes a hash.
 */
#ifndef JAGA_WATCH_PROOFS_H
#define JAGA_WATCH_PROOFS_H

#include "watch/proof.h"

struct proofs_count {
    uint64_t blocks, events, signatures;
    uint64_t unsigned_events; /* of blocks that the journal does not have, or has not signed yet */
};

/*
 * Writes the proofs of an export. To be done before the export: what comes in between is not signed, and has no proof,
 * while proofs of what is not exported would be missed there.
 */
int proofs_write(const struct lake_ops *ops, struct lake *lake, struct ledger *ledger,
                 const struct lake_export *what, int (*write)(void *context, struct str bytes),
                 void *context, struct proofs_count *ret_count, struct err *err);

/*
 * Proofs that were read: blocks first, then the journal, then events are looked up. About 60 bytes an event. One
 * thread; no more is believed than the hashes lead to.
 */
struct proofs;

/* `key`: the public key that signatures must be of; NULL: that of the first. NULL: no memory. */
struct proofs *proofs_new(const unsigned char *key);
void proofs_free(struct proofs *proofs);

/* 0, -ENOMEM or -EBADMSG. All is copied. */
int proofs_add_block(struct proofs *proofs, const struct lake_excerpt *excerpt, struct err *err);
/* The journal's part of a proof: each block that it names is proved from here on. */
int proofs_add_journal(struct proofs *proofs, const struct proof *proof, struct err *err);
/* There is no more. -EBADMSG: an event is there twice. */
int proofs_end(struct proofs *proofs, struct err *err);
void proofs_count(const struct proofs *proofs, struct proofs_count *ret_count);

/* Of those that were added, the one made last; NULL: there is none. Lives as long as the proofs. */
const struct journal_signature *proofs_last_signature(const struct proofs *proofs);

enum proofs_verdict {
    PROOFS_PROVEN,
    PROOFS_ALTERED,
    PROOFS_UNKNOWN, /* there is no proof of such an event: it was added, or exported after the proofs */
    PROOFS_UNSIGNED, /* its block is not in the signed journal: it was put there, or exported too soon */
    PROOFS_BROKEN,   /* the hashes of its block lead to another root: the proofs were altered */
    PROOFS_REPEATED, /* it was looked up before */
};

/* What an event's block is, and who signed for it. Lives as long as the proofs. */
struct proofs_block {
    struct lake_block block;
    uint64_t entry; /* of the journal, that names it */
    const struct journal_signature *signature;
};

/* An event, as it is now. *ret_block is set where it is PROOFS_PROVEN. */
enum proofs_verdict proofs_look_up(struct proofs *proofs, const struct lake_leaf *leaf,
                                   struct proofs_block *ret_block);
/* How many events were never looked up. */
uint64_t proofs_missing(const struct proofs *proofs);

#endif
