/*
 * text: the three things the engine does to bytes all day: fold case, find one string
 * in another, and load a few bytes as a number. Vectors where the CPU has them
 * in its baseline (SSE2), plain C elsewhere; never a read outside what was given.
 */
#ifndef JAGA_SIGMA_TEXT_H
#define JAGA_SIGMA_TEXT_H

#include "base/arena.h"
#include "base/str.h"

/*
 * Copies `len` bytes to `ret_bytes` with A-Z as a-z. Returns false when a byte
 * is not ASCII; ret_bytes is then garbage.
 */
bool text_fold_ascii(const char *bytes, size_t len, char *ret_bytes);

/*
 * Valid UTF-8, simple-case-folded, in the arena; ptr is NULL when the arena refused. *ret_ascii:
 * it is all ASCII.
 */
struct str text_fold(struct str s, struct arena *arena, bool *ret_ascii);

/* Does `s` contain `needle`? The empty needle is everywhere. */
bool text_contains(struct str s, struct str needle);

static inline uint32_t text_load32(const char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

static inline uint64_t text_load64(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

#endif
