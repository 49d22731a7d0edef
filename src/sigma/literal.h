/*
 * literal: which of many strings a value equals, starts with, ends with or contains, in
 * one pass. Built once for a column of a bucket, then read by all threads. Texts are folded.
 *
 *     exact, prefix, suffix ─▶ one hash table; a key is (class, a few bytes at the start or end),
 *                              one look-up per class in use
 *     contains              ─▶ a bitmap of hashed 4-grams, one per literal (its rarest), tested at
 *                              every byte; set bits go on to a hash table and a comparison
 *     ... fewer than 4 bytes ─▶ the same with a bitmap of all pairs of bytes; where none of them
 *                              is ASCII, ASCII values are not even looked at
 *     all contain "=XXXXXXXX" ─▶ keyed by the eight bytes behind "=": `Hashes` costs one look-up
 * per item
 */
#ifndef JAGA_SIGMA_LITERAL_H
#define JAGA_SIGMA_LITERAL_H

#include "base/arena.h"
#include "base/str.h"

#define LITERAL_GRAM 4 /* bytes; shorter texts are found by pairs */
#define LITERAL_NONE UINT32_MAX

enum literal_op { LITERAL_EXACT, LITERAL_PREFIX, LITERAL_SUFFIX, LITERAL_CONTAINS };

struct literal {
    struct str text; /* borrowed: outlives the set; not empty but for EXACT */
    enum literal_op op;
    uint32_t key_at; /* CONTAINS: where in the text its key stands; set by literal_set_build() */
    uint32_t next;   /* the next literal with the same key, or LITERAL_NONE; the same */
};

struct literal_cell {
    uint64_t key;
    uint32_t first; /* literal, or LITERAL_NONE: free */
    uint32_t unused;
};

struct literal_table {
    struct literal_cell *cells;
    uint32_t mask; /* capacity - 1, a power of two */
};

struct literal_set {
    const struct literal *literals; /* of the whole bucket; hits are indices into it */
    uint32_t classes;               /* bit per key class with an entry */
    struct literal_table keyed;     /* exact, prefix, suffix */
    uint32_t n_contains;            /* of LITERAL_GRAM bytes or more */
    bool anchored;                  /* the keys of contains are the bytes behind '=' */
    uint32_t gram_shift;            /* hash >> shift: the bit */
    uint32_t *gram_bits;            /* unless anchored */
    struct literal_table grams;
    uint32_t n_short;
    bool short_ascii;    /* some short text is ASCII */
    uint32_t *pair_bits; /* 65,536 of them */
    struct literal_table pairs;
};

/* The hits of one value: each literal once. Arrays have room for all literals of the bucket. */
struct literal_hits {
    uint32_t *stamps; /* by literal: the epoch (one per value) that saw it last */
    uint32_t epoch;
    uint32_t *ids;
    uint32_t n;
};

/*
 * Builds a set of literals[first .. first + count) (sets their `key_at` and `next`) with tables in
 * `arena`; `work` may be freed afterwards. Returns 0 or -ENOMEM.
 */
int literal_set_build(struct literal_set *set, struct literal *literals, uint32_t first,
                      uint32_t count, struct arena *arena, struct arena *work);

/* Adds the literals that a folded value fits to `hits`. `ascii`: all of its bytes are. */
void literal_set_match(const struct literal_set *set, struct str value, bool ascii,
                       struct literal_hits *hits);

#endif
