#include "lake/merkle.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>

#include "base/buf.h"

static void put_number(struct sha256_ctx *sha, uint64_t number, unsigned bytes)
{
    unsigned char big_endian[8];
    for (unsigned i = 0; i < bytes; i++)
        big_endian[i] = (unsigned char)(number >> 8 * (bytes - 1 - i));
    sha256_update(sha, bytes, big_endian);
}

static void put_text(struct sha256_ctx *sha, struct str text)
{
    put_number(sha, text.len, 4);
    sha256_update(sha, text.len, (const uint8_t *)text.ptr);
}

void merkle_leaf(const struct lake_leaf *leaf, unsigned char ret_hash[static LAKE_HASH])
{
    static const uint8_t prefix[] = "\0jaga.event.1";
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, sizeof(prefix) - 1, prefix);
    put_number(&sha, leaf->partition, 4);
    put_number(&sha, leaf->offset, 8);
    put_number(&sha, leaf->part, 4);
    put_number(&sha, (uint64_t)leaf->time, 8);
    put_number(&sha, (uint64_t)leaf->received, 8);
    put_text(&sha, leaf->agency);
    put_text(&sha, leaf->source);
    put_text(&sha, leaf->dataset);
    put_text(&sha, leaf->format);
    put_text(&sha, leaf->raw);
    sha256_digest(&sha, LAKE_HASH, ret_hash);
}

static void merkle_node(const unsigned char *left, const unsigned char *right,
                        unsigned char *ret_hash)
{
    static const uint8_t prefix[] = {1};
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, sizeof(prefix), prefix);
    sha256_update(&sha, LAKE_HASH, left);
    sha256_update(&sha, LAKE_HASH, right);
    sha256_digest(&sha, LAKE_HASH, ret_hash);
}

/* One level up: neighbours are paired, one without goes up as it is. That is RFC 6962's tree. */
static size_t level_up(unsigned char (*hashes)[LAKE_HASH], size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        merkle_node(hashes[i], hashes[i + 1], hashes[i / 2]);
    if (n % 2)
        memmove(hashes[n / 2], hashes[n - 1], LAKE_HASH);
    return (n + 1) / 2;
}

void merkle_root(unsigned char (*hashes)[LAKE_HASH], size_t n,
                 unsigned char ret_root[static LAKE_HASH])
{
    while (n > 1)
        n = level_up(hashes, n);
    memcpy(ret_root, hashes[0], LAKE_HASH);
}

int merkle_tree_make(const unsigned char (*leaves)[LAKE_HASH], size_t n,
                     struct merkle_tree *ret_tree)
{
    /* Levels halve, rounded up: twice the leaves, and one more for each level. */
    size_t room = 2 * n + LAKE_PATH_MAX;
    *ret_tree = (struct merkle_tree){.hashes = malloc(room * LAKE_HASH), .n = n};
    if (!ret_tree->hashes)
        return -ENOMEM;
    unsigned char(*level)[LAKE_HASH] = ret_tree->hashes;
    memcpy(level, leaves, n * LAKE_HASH);
    while (n > 1) {
        memcpy(level + n, level, n * LAKE_HASH);
        level += n;
        n = level_up(level, n);
    }
    return 0;
}

void merkle_tree_free(struct merkle_tree *tree)
{
    free(tree->hashes);
    tree->hashes = NULL;
}

void merkle_tree_path(const struct merkle_tree *tree, size_t index, struct lake_path *ret_path)
{
    *ret_path = (struct lake_path){.index = (uint32_t)index, .count = (uint32_t)tree->n};
    unsigned char(*level)[LAKE_HASH] = tree->hashes;
    for (size_t n = tree->n; n > 1; level += n, n = (n + 1) / 2, index /= 2)
        if ((index ^ 1) < n) /* the last of an odd level goes up alone */
            memcpy(ret_path->hashes[ret_path->n++], level[index ^ 1], LAKE_HASH);
}

bool merkle_path_root(const struct lake_path *path, const unsigned char leaf[static LAKE_HASH],
                      unsigned char ret_root[static LAKE_HASH])
{
    /* RFC 9162, 2.1.3.2: index and last walk up together; where they meet there may be no sibling. */
    if (path->index >= path->count || path->n > LAKE_PATH_MAX)
        return false;
    uint32_t index = path->index, last = path->count - 1;
    unsigned char hash[LAKE_HASH];
    memcpy(hash, leaf, LAKE_HASH);
    for (uint32_t i = 0; i < path->n; i++) {
        if (last == 0)
            return false;
        if (index % 2 || index == last) {
            merkle_node(path->hashes[i], hash, hash);
            while (index % 2 == 0 && index != 0) {
                index /= 2;
                last /= 2;
            }
        } else {
            merkle_node(hash, path->hashes[i], hash);
        }
        index /= 2;
        last /= 2;
    }
    memcpy(ret_root, hash, LAKE_HASH);
    return last == 0;
}

/*
 * A subtree has a level, from 0 for leaves, and an index i in it: it has the leaves from i << level on, as far as there
 * are any. Where it has no right half, it is its left one.
 */

static unsigned top_level(uint32_t count)
{
    unsigned level = 0;
    while (UINT64_C(1) << level < count)
        level++;
    return level;
}

/* Some leaves, gone through from left to right. */
struct walk {
    uint32_t count;
    const uint32_t *at;
    size_t n, next;
};

/* Has the subtree one of them? What is left of it has been gone through. */
static bool has_leaf(const struct walk *walk, unsigned level, uint64_t index)
{
    return walk->next < walk->n && (uint64_t)walk->at[walk->next] >> level == index;
}

static bool has_right(const struct walk *walk, unsigned level, uint64_t index)
{
    return (2 * index + 1) << (level - 1) < walk->count;
}

struct picking {
    struct walk walk;
    const unsigned char (*levels[LAKE_PATH_MAX + 1])[LAKE_HASH];
    struct buf *others;
};

static void pick_others(struct picking *picking, unsigned level, uint64_t index)
{
    if (!has_leaf(&picking->walk, level, index)) {
        buf_add(picking->others, picking->levels[level][index], LAKE_HASH);
    } else if (level == 0) {
        picking->walk.next++;
    } else {
        pick_others(picking, level - 1, 2 * index);
        if (has_right(&picking->walk, level, index))
            pick_others(picking, level - 1, 2 * index + 1);
    }
}

void merkle_tree_others(const struct merkle_tree *tree, const uint32_t *at, size_t n,
                        struct buf *others)
{
    struct picking picking = {{(uint32_t)tree->n, at, n, 0}, {NULL}, others};
    unsigned char(*level)[LAKE_HASH] = tree->hashes;
    unsigned top = top_level((uint32_t)tree->n);
    size_t len = tree->n;
    for (unsigned i = 0; i <= top; i++, level += len, len = (len + 1) / 2)
        picking.levels[i] = (const unsigned char(*)[LAKE_HASH])level;
    pick_others(&picking, top, 0);
}

void merkle_path_others(const struct lake_path *path, struct buf *others)
{
    bool is_left[LAKE_PATH_MAX];
    uint32_t index = path->index, last = path->count - 1;
    for (uint32_t i = 0; i < path->n; i++, index /= 2, last /= 2) {
        is_left[i] = index % 2 || index == last;
        while (is_left[i] && index % 2 == 0 && index != 0) {
            index /= 2;
            last /= 2;
        }
    }
    for (uint32_t i = path->n; i-- > 0;) /* what is further up is further out */
        if (is_left[i])
            buf_add(others, path->hashes[i], LAKE_HASH);
    for (uint32_t i = 0; i < path->n; i++)
        if (!is_left[i])
            buf_add(others, path->hashes[i], LAKE_HASH);
}

struct joining {
    struct walk walk;
    const unsigned char (*leaves)[LAKE_HASH];
    struct str others; /* that are left */
};

static bool join(struct joining *joining, unsigned level, uint64_t index, unsigned char *ret_hash)
{
    unsigned char right[LAKE_HASH];
    if (!has_leaf(&joining->walk, level, index)) {
        if (joining->others.len < LAKE_HASH)
            return false;
        memcpy(ret_hash, joining->others.ptr, LAKE_HASH);
        joining->others = str_skip(joining->others, LAKE_HASH);
        return true;
    }
    if (level == 0) {
        memcpy(ret_hash, joining->leaves[joining->walk.next++], LAKE_HASH);
        return true;
    }
    if (!join(joining, level - 1, 2 * index, ret_hash))
        return false;
    if (has_right(&joining->walk, level, index)) {
        if (!join(joining, level - 1, 2 * index + 1, right))
            return false;
        merkle_node(ret_hash, right, ret_hash);
    }
    return true;
}

bool merkle_part_root(const struct merkle_part *part, unsigned char ret_root[static LAKE_HASH])
{
    struct joining joining = {{part->count, part->at, part->n, 0}, part->leaves, part->others};
    unsigned char root[LAKE_HASH];
    if (part->count == 0 || part->n == 0 || !join(&joining, top_level(part->count), 0, root) ||
        joining.walk.next != part->n || joining.others.len != 0)
        return false;
    memcpy(ret_root, root, LAKE_HASH);
    return true;
}
