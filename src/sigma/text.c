#include "sigma/text.h"

#include "base/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SWAR_HIGH 0x8080808080808080u

/* Eight ASCII bytes at once: bit 7 of (c + 0x3f) and not of (c + 0x25) is set for A-Z alone. */
static uint64_t fold_word(uint64_t word)
{
    uint64_t from_a = word + 0x3f3f3f3f3f3f3f3fu;
    uint64_t past_z = word + 0x2525252525252525u;
    return word | (((from_a & ~past_z) & SWAR_HIGH) >> 2);
}

/* Fewer than 16 bytes: two words that may overlap, or one made of single bytes. */
static bool fold_short(const char *bytes, size_t len, char *ret_bytes)
{
    uint64_t first = 0, last;
    if (len >= 8) {
        first = text_load64(bytes);
        last = text_load64(bytes + len - 8);
        if ((first | last) & SWAR_HIGH)
            return false;
        first = fold_word(first);
        last = fold_word(last);
        memcpy(ret_bytes, &first, 8);
        memcpy(ret_bytes + len - 8, &last, 8);
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c & 0x80)
            return false;
        ret_bytes[i] = (char)((unsigned)(c - 'A') < 26u ? c | 0x20 : c);
    }
    return true;
}

#ifdef __SSE2__

static inline __m128i fold_block(__m128i block)
{
    __m128i shifted = _mm_add_epi8(block, _mm_set1_epi8((char)(0x80 - 'A')));
    __m128i is_upper = _mm_cmplt_epi8(shifted, _mm_set1_epi8((char)(-128 + 26)));
    return _mm_or_si128(block, _mm_and_si128(is_upper, _mm_set1_epi8(0x20)));
}

bool text_fold_ascii(const char *bytes, size_t len, char *ret_bytes)
{
    if (len < 16)
        return fold_short(bytes, len, ret_bytes);
    __m128i seen = _mm_setzero_si128();
    for (size_t i = 0;; i += 16) {
        if (i + 16 > len) {
            if (i == len)
                break;
            i = len - 16; /* the last block overlaps the one before */
        }
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
        seen = _mm_or_si128(seen, block);
        _mm_storeu_si128((__m128i *)(void *)(ret_bytes + i), fold_block(block));
    }
    return _mm_movemask_epi8(seen) == 0;
}

/* The first of 16 positions from `s` on where `needle` stands, by its first and last byte. */
static inline bool find_block(const char *s, struct str needle, __m128i first, __m128i last)
{
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)s);
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s + needle.len - 1));
    __m128i both = _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last));
    for (unsigned mask = (unsigned)_mm_movemask_epi8(both); mask; mask &= mask - 1)
        if (memcmp(s + __builtin_ctz(mask), needle.ptr, needle.len) == 0)
            return true;
    return false;
}

bool text_contains(struct str s, struct str needle)
{
    if (needle.len > s.len || needle.len == 0)
        return needle.len == 0;
    size_t positions = s.len - needle.len + 1;
    if (positions < 16) {
        for (size_t i = 0; i < positions; i++)
            if (s.ptr[i] == needle.ptr[0] && memcmp(s.ptr + i, needle.ptr, needle.len) == 0)
                return true;
        return false;
    }
    __m128i first = _mm_set1_epi8(needle.ptr[0]), last = _mm_set1_epi8(needle.ptr[needle.len - 1]);
    size_t i = 0;
    for (; i + 16 <= positions; i += 16)
        if (find_block(s.ptr + i, needle, first, last))
            return true;
    return i < positions && find_block(s.ptr + positions - 16, needle, first, last);
}

#else

bool text_fold_ascii(const char *bytes, size_t len, char *ret_bytes)
{
    size_t i = 0;
    for (; i + 16 <= len; i += 8) {
        uint64_t word = text_load64(bytes + i);
        if (word & SWAR_HIGH)
            return false;
        word = fold_word(word);
        memcpy(ret_bytes + i, &word, 8);
    }
    return fold_short(bytes + i, len - i, ret_bytes + i);
}

bool text_contains(struct str s, struct str needle)
{
    return str_find(s, needle) != SIZE_MAX;
}

#endif

struct str text_fold(struct str s, struct arena *arena, bool *ret_ascii)
{
    char *bytes = arena_bytes(arena, s.len + 1);
    if (!bytes)
        return (struct str){0};
    *ret_ascii = text_fold_ascii(s.ptr, s.len, bytes);
    if (*ret_ascii)
        return str_of(bytes, s.len);
    bytes = s.len < SIZE_MAX / 4 ? arena_bytes(arena, 3 * s.len / 2 + 4) : NULL;
    if (!bytes)
        return (struct str){0};
    return str_of(bytes, utf8_fold_text(s, bytes));
}
