#include "base/hash.h"

/* Folded 64×64→128 multiplication over 16-byte steps, in the manner of wyhash. */

static uint64_t load64(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

static uint64_t load32(const unsigned char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t a, b;

    seed ^= 0xa0761d6478bd642fu;
    if (len <= 16) {
        if (len >= 4) {
            size_t middle = (len >> 3) << 2;
            a = load32(p) << 32 | load32(p + middle);
            b = load32(p + len - 4) << 32 | load32(p + len - 4 - middle);
        } else if (len > 0) {
            a = (uint64_t)p[0] << 16 | (uint64_t)p[len >> 1] << 8 | p[len - 1];
            b = 0;
        } else {
            a = b = 0;
        }
    } else {
        size_t left = len;
        for (; left > 16; left -= 16, p += 16)
            seed = hash_mix(load64(p) ^ seed, load64(p + 8));
        a = load64(p + left - 16);
        b = load64(p + left - 8);
    }
    return hash_mix(hash_mix(a, b ^ seed), len);
}
