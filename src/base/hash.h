/*
 * hash: a fast 64-bit hash of bytes for tables and caches. Not cryptographic:
 * tables over hostile keys bound their probe lengths by their size limits.
 */
#ifndef JAGA_BASE_HASH_H
#define JAGA_BASE_HASH_H

#include "base/str.h"

/* The same bytes and seed give the same hash on every machine. */
uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed);

static inline uint64_t hash_text(struct str s)
{
    return hash_bytes(s.ptr, s.len, 0);
}

/* Mixes two hashes; order matters. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product =
        (unsigned __int128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
