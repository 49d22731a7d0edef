/*
 * merkle: trees of hashes over the events of a block, as RFC 6962, 2.1 has them for certificates: what was stored can
 * be proved from one root, one event at a time, without the others. Pure.
 *
 *     root = H(0x01 │ left │ right)          H: SHA-256 (FIPS 180-4)
 *              ┌──────┴──────┐               a leaf: H(0x00 │ canonical bytes of the event)
 *            node          leaf 2            left has the largest power of two of leaves that leaves some
 *          ┌───┴───┐                         for the right
 *        leaf 0  leaf 1
 *
 * Canonical bytes of an event, numbers big-endian, a text as its length in 32 bits and its bytes:
 *
 *     "jaga.event.1" │ partition (32) │ offset (64) │ part (32) │ time (64) │ received (64) │
 *     agency │ source │ dataset │ format │ raw
 */
#ifndef JAGA_LAKE_MERKLE_H
#define JAGA_LAKE_MERKLE_H

#include "base/str.h"

#define LAKE_HASH 32
#define LAKE_PATH_MAX 32 /* a block has fewer than 2^32 events */

struct lake_leaf {
    uint32_t partition;
    uint64_t offset;
    uint32_t part;
    int64_t time, received; /* µs UTC, as stored */
    struct str agency, source, dataset, format;
    struct str raw; /* the bytes as received */
};

void merkle_leaf(const struct lake_leaf *leaf, unsigned char ret_hash[static LAKE_HASH]);

/* The root over n > 0 leaf hashes, which are overwritten. */
void merkle_root(unsigned char (*hashes)[LAKE_HASH], size_t n,
                 unsigned char ret_root[static LAKE_HASH]);

/* The hashes beside the way from a leaf to its root, the leaf's own sibling first (RFC 6962, 2.1.1). */
struct lake_path {
    uint32_t index, count; /* of the leaf, of leaves */
    uint32_t n;
    unsigned char hashes[LAKE_PATH_MAX][LAKE_HASH];
};

/* The hashes of a tree over n > 0 leaves, for paths of many of them: the leaves, then each level up to the root. */
struct merkle_tree {
    unsigned char (*hashes)[LAKE_HASH];
    size_t n;
};

/* 0 or -ENOMEM; merkle_tree_free() in each case. The leaves are copied. */
int merkle_tree_make(const unsigned char (*leaves)[LAKE_HASH], size_t n,
                     struct merkle_tree *ret_tree);
void merkle_tree_free(struct merkle_tree *tree);
void merkle_tree_path(const struct merkle_tree *tree, size_t index, struct lake_path *ret_path);

/*
 * Some leaves of a tree, in order, and the others: the hashes of the largest subtrees that have none of them, from left
 * to right. That proves many leaves with one tree; of one leaf, the others are its path, in another order.
 */
struct merkle_part {
    uint32_t count;     /* leaves of the whole tree */
    const uint32_t *at; /* indices of the n leaves, rising */
    const unsigned char (*leaves)[LAKE_HASH];
    size_t n;
    struct str others; /* LAKE_HASH bytes each */
};

/* Appends the others of the leaves at those indices. */
struct buf;
void merkle_tree_others(const struct merkle_tree *tree, const uint32_t *at, size_t n,
                        struct buf *others);
void merkle_path_others(const struct lake_path *path, struct buf *others);

/* The root that they lead to; false: they fit no such tree. */
bool merkle_part_root(const struct merkle_part *part, unsigned char ret_root[static LAKE_HASH]);

/* The root that the leaf and its path lead to; false: the path fits no such place. */
bool merkle_path_root(const struct lake_path *path, const unsigned char leaf[static LAKE_HASH],
                      unsigned char ret_root[static LAKE_HASH]);

#endif
