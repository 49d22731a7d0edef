#include "lake/merkle.h"

#include <nettle/sha2.h>

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

/* The root of hashes [first, first + n), n > 0, by the definition of RFC 6962, 2.1. */
static void range_root(const unsigned char (*hashes)[LAKE_HASH], size_t first, size_t n,
                       unsigned char *ret_root)
{
    if (n == 1) {
        memcpy(ret_root, hashes[first], LAKE_HASH);
        return;
    }
    size_t left = 1;
    while (left * 2 < n)
        left *= 2;
    unsigned char sides[2][LAKE_HASH];
    range_root(hashes, first, left, sides[0]); /* as deep as the tree: 32 at most */
    range_root(hashes, first + left, n - left, sides[1]);
    merkle_node(sides[0], sides[1], ret_root);
}

void merkle_path(const unsigned char (*hashes)[LAKE_HASH], size_t n, size_t index,
                 struct lake_path *ret_path)
{
    *ret_path = (struct lake_path){.index = (uint32_t)index, .count = (uint32_t)n};
    unsigned char down[LAKE_PATH_MAX][LAKE_HASH];
    size_t first = 0;
    uint32_t depth = 0;
    while (n > 1) {
        size_t left = 1;
        while (left * 2 < n)
            left *= 2;
        if (index - first < left) {
            range_root(hashes, first + left, n - left, down[depth++]);
            n = left;
        } else {
            range_root(hashes, first, left, down[depth++]);
            first += left;
            n -= left;
        }
    }
    ret_path->n = depth;
    for (uint32_t i = 0; i < depth; i++)
        memcpy(ret_path->hashes[i], down[depth - 1 - i], LAKE_HASH);
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
