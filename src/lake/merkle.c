#include "lake/merkle.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>

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
