/*
 * correlate_text: the values correlations group by and count, each kept once. A text is a tuple
 * of values; two tuples are the same for Sigma when their `folded` is the same pointer.
 *
 *     "ALICE" ─▶ folded ─▶ "alice" ◀─ folded ─ "Alice"        "alice" ─▶ folded: itself
 *
 * Counted references: a text lives from text_intern() to the last text_release().
 */
#ifndef JAGA_SIGMA_CORRELATE_TEXT_H
#define JAGA_SIGMA_CORRELATE_TEXT_H

#include "base/buf.h"
#include "base/str.h"

/* What a correlator has in use; estimated, a spent limit is acted on by the owner. */
struct memory_account {
    size_t used, peak; /* bytes */
};

static inline void account_add(struct memory_account *account, size_t bytes)
{
    account->used += bytes;
    if (account->used > account->peak)
        account->peak = account->used;
}

static inline void account_remove(struct memory_account *account, size_t bytes)
{
    account->used -= bytes;
}

struct text {
    uint64_t hash;
    struct text *folded; /* a reference, unless itself */
    uint32_t refs;
    uint32_t n_values;
    uint32_t len;
    char bytes[]; /* one value: itself; else each value after its length, 32 bits */
};

/* The hash beside the pointer: probing and growing touch no text but the right one. */
struct text_cell {
    uint64_t hash;
    struct text *text; /* NULL: free */
};

struct texts {
    struct text_cell *cells; /* open addressing, linear probing, at most 3/4 full */
    size_t cap, len;
    uint64_t seed;             /* so that nobody can choose values that collide */
    struct buf joined, folded; /* scratch */
    struct memory_account *account;
};

void texts_init(struct texts *texts, uint64_t seed, struct memory_account *account);

/* Every text must have been released, or is given up with the table. */
void texts_free(struct texts *texts);

/* A reference to the tuple of `n` values; NULL: no memory, or 4 GiB of values. */
struct text *text_intern(struct texts *texts, const struct str *values, uint32_t n);

void text_release(struct texts *texts, struct text *text);

/* Splits the tuple; the values live as long as the text. At most `max`; returns how many. */
uint32_t text_values(const struct text *text, struct str *ret_values, uint32_t max);

#endif
