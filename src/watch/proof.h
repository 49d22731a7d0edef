/*
 * proof: that a stored event is what the centre received, for who has nothing but this and a public key.
 *
 *     event ─▶ leaf ─▶ path ─▶ root ─▶ entry of the journal ─▶ entries behind it ─▶ signature
 *              merkle.h               its body names the block   journal.h
 *
 * Gathered where lake and ledger are, written as one JSON document, checked anywhere.
 */
#ifndef JAGA_WATCH_PROOF_H
#define JAGA_WATCH_PROOF_H

#include "base/arena.h"
#include "lake/lake.h"
#include "ledger/journal.h"

/* Action and topic of the journal's entries that hold the roots of blocks. */
#define PROOF_ACTION STR("lake.commit")
#define PROOF_TOPIC "lake.blocks"
#define PROOF_MEMORY_MAX ((size_t)256 << 20)
#define PROOF_ENTRIES_MAX 100000 /* from the root's to the signed one */

struct proof {
    struct arena arena; /* of all texts */
    struct lake_leaf leaf;
    struct lake_block block;
    struct lake_path path;
    unsigned char before[JOURNAL_HASH]; /* the hash in front of the first entry */
    /* from the one with the root to the signed one; sealed where they have no roots */
    const struct journal_entry *entries;
    size_t n_entries;
    struct journal_signature signature;
};

/* A block as entries of the journal have it: one JSON object, always the same bytes. */
void proof_write_block(struct buf *out, const struct lake_block *block);

/* The next block of an entry's body: the bytes above, and its seq. False: there is none, or it is none. */
bool proof_next_block(struct str *body, struct str *ret_note, uint64_t *ret_seq);
/* The seq of the last one; 0: it has none. */
uint64_t proof_last_block(const struct journal_entry *entry);

/* The event's part, copied; 0 or -ENOMEM. proof_free() in each case. */
int proof_take(const struct lake_event *event, struct proof *ret_proof);

/*
 * The journal's part, by block.seq. 0, or the code of *err: -ENOENT: it does not have the block (yet); -EAGAIN: nothing is signed
 * since.
 */
int proof_complete(struct ledger *ledger, struct proof *proof, struct err *err);
void proof_free(struct proof *proof);

/* Does each step lead to the next? 0, or -EBADMSG: *err says which does not. Pure. */
int proof_check(const struct proof *proof, struct err *err);

/* The same of the journal's part alone. */
int proof_check_journal(const struct proof *proof, struct err *err);

/* Bytes as a JSON string of base64 (RFC 4648, 4). */
void proof_write_base64(struct buf *out, struct str bytes);

/* The journal's part of the document, two members of an object. */
void proof_write_journal(const struct proof *proof, struct buf *out);

/* The document. */
void proof_write(const struct proof *proof, struct buf *out);

#endif
