/*
 * json_simd: 32 bytes at once, as bit masks (bit i: byte i). AVX2, SSE2 or NEON by the
 * flags the file is built with, else plain C.
 *
 * A file that uses it is built as JSON_BUILD(function): function_base for every machine, and
 * function_avx2 with -DJSON_AVX2 for those that have it. JSON_BEST() chooses at run time.
 */
#ifndef JAGA_PARSE_JSON_SIMD_H
#define JAGA_PARSE_JSON_SIMD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef JSON_AVX2
#define JSON_BUILD(function) function##_avx2
#else
#define JSON_BUILD(function) function##_base
#endif

#define JSON_BLOCK 32

#if defined(__AVX2__)
#include <immintrin.h>

struct json_block {
    __m256i bytes;
};

static inline struct json_block json_block_load(const char *at)
{
    struct json_block block;
    memcpy(&block.bytes, at, JSON_BLOCK);
    return block;
}

static inline uint32_t json_block_eq(struct json_block block, char c)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(block.bytes, _mm256_set1_epi8(c)));
}

/* Bytes that equal c once bit 0x20 is set: '{' and '[' at once. */
static inline uint32_t json_block_eq_lower(struct json_block block, char c)
{
    __m256i lower = _mm256_or_si256(block.bytes, _mm256_set1_epi8(0x20));
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(lower, _mm256_set1_epi8(c)));
}

static inline uint32_t json_block_high(struct json_block block)
{
    return (uint32_t)_mm256_movemask_epi8(block.bytes);
}

static inline __m256i json_block_control_(__m256i bytes)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1F)), bytes);
}

static inline uint32_t json_block_control(struct json_block block)
{
    return (uint32_t)_mm256_movemask_epi8(json_block_control_(block.bytes));
}

/* Quotes, backslashes, control characters: where a run of plain text ends. */
static inline uint32_t json_block_special(struct json_block block)
{
    __m256i quote = _mm256_cmpeq_epi8(block.bytes, _mm256_set1_epi8('"'));
    __m256i backslash = _mm256_cmpeq_epi8(block.bytes, _mm256_set1_epi8('\\'));
    __m256i special =
        _mm256_or_si256(_mm256_or_si256(quote, backslash), json_block_control_(block.bytes));
    return (uint32_t)_mm256_movemask_epi8(special);
}

static inline uint32_t json_block_same(struct json_block a, struct json_block b)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.bytes, b.bytes));
}

#elif defined(__SSE2__)
#include <emmintrin.h>

struct json_block {
    __m128i low, high;
};

static inline struct json_block json_block_load(const char *at)
{
    struct json_block block;
    memcpy(&block.low, at, 16);
    memcpy(&block.high, at + 16, 16);
    return block;
}

static inline uint32_t json_mask_(__m128i low, __m128i high)
{
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

static inline uint32_t json_block_eq(struct json_block block, char c)
{
    __m128i all = _mm_set1_epi8(c);
    return json_mask_(_mm_cmpeq_epi8(block.low, all), _mm_cmpeq_epi8(block.high, all));
}

static inline uint32_t json_block_eq_lower(struct json_block block, char c)
{
    __m128i bit = _mm_set1_epi8(0x20);
    struct json_block lower = {_mm_or_si128(block.low, bit), _mm_or_si128(block.high, bit)};
    return json_block_eq(lower, c);
}

static inline uint32_t json_block_high(struct json_block block)
{
    return json_mask_(block.low, block.high);
}

static inline __m128i json_control_(__m128i bytes)
{
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
}

static inline uint32_t json_block_control(struct json_block block)
{
    return json_mask_(json_control_(block.low), json_control_(block.high));
}

static inline __m128i json_special_(__m128i bytes)
{
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return _mm_or_si128(_mm_or_si128(quote, backslash), json_control_(bytes));
}

static inline uint32_t json_block_special(struct json_block block)
{
    return json_mask_(json_special_(block.low), json_special_(block.high));
}

static inline uint32_t json_block_same(struct json_block a, struct json_block b)
{
    return json_mask_(_mm_cmpeq_epi8(a.low, b.low), _mm_cmpeq_epi8(a.high, b.high));
}

#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>

struct json_block {
    uint8x16_t low, high;
};

static inline struct json_block json_block_load(const char *at)
{
    return (struct json_block){vld1q_u8((const uint8_t *)at), vld1q_u8((const uint8_t *)at + 16)};
}

/* All ones or all zeros per byte, to one bit per byte. */
static inline uint32_t json_mask_(uint8x16_t low, uint8x16_t high)
{
    const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t sum = vpaddq_u8(vandq_u8(low, weights), vandq_u8(high, weights));
    sum = vpaddq_u8(sum, sum);
    sum = vpaddq_u8(sum, sum);
    return vgetq_lane_u32(vreinterpretq_u32_u8(sum), 0);
}

static inline uint32_t json_block_eq(struct json_block block, char c)
{
    uint8x16_t all = vdupq_n_u8((uint8_t)c);
    return json_mask_(vceqq_u8(block.low, all), vceqq_u8(block.high, all));
}

static inline uint32_t json_block_eq_lower(struct json_block block, char c)
{
    uint8x16_t bit = vdupq_n_u8(0x20);
    struct json_block lower = {vorrq_u8(block.low, bit), vorrq_u8(block.high, bit)};
    return json_block_eq(lower, c);
}

static inline uint32_t json_block_high(struct json_block block)
{
    uint8x16_t limit = vdupq_n_u8(0x80);
    return json_mask_(vcgeq_u8(block.low, limit), vcgeq_u8(block.high, limit));
}

static inline uint32_t json_block_control(struct json_block block)
{
    uint8x16_t limit = vdupq_n_u8(0x20);
    return json_mask_(vcltq_u8(block.low, limit), vcltq_u8(block.high, limit));
}

static inline uint8x16_t json_special_(uint8x16_t bytes)
{
    uint8x16_t quote = vceqq_u8(bytes, vdupq_n_u8('"'));
    uint8x16_t backslash = vceqq_u8(bytes, vdupq_n_u8('\\'));
    return vorrq_u8(vorrq_u8(quote, backslash), vcltq_u8(bytes, vdupq_n_u8(0x20)));
}

static inline uint32_t json_block_special(struct json_block block)
{
    return json_mask_(json_special_(block.low), json_special_(block.high));
}

static inline uint32_t json_block_same(struct json_block a, struct json_block b)
{
    return json_mask_(vceqq_u8(a.low, b.low), vceqq_u8(a.high, b.high));
}

#else

struct json_block {
    unsigned char bytes[JSON_BLOCK];
};

static inline struct json_block json_block_load(const char *at)
{
    struct json_block block;
    memcpy(block.bytes, at, JSON_BLOCK);
    return block;
}

static inline uint32_t json_block_eq(struct json_block block, char c)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < JSON_BLOCK; i++)
        mask |= (uint32_t)(block.bytes[i] == (unsigned char)c) << i;
    return mask;
}

static inline uint32_t json_block_eq_lower(struct json_block block, char c)
{
    for (unsigned i = 0; i < JSON_BLOCK; i++)
        block.bytes[i] |= 0x20;
    return json_block_eq(block, c);
}

static inline uint32_t json_block_high(struct json_block block)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < JSON_BLOCK; i++)
        mask |= (uint32_t)(block.bytes[i] >> 7) << i;
    return mask;
}

static inline uint32_t json_block_control(struct json_block block)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < JSON_BLOCK; i++)
        mask |= (uint32_t)(block.bytes[i] < 0x20) << i;
    return mask;
}

static inline uint32_t json_block_special(struct json_block block)
{
    return json_block_eq(block, '"') | json_block_eq(block, '\\') | json_block_control(block);
}

static inline uint32_t json_block_same(struct json_block a, struct json_block b)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < JSON_BLOCK; i++)
        mask |= (uint32_t)(a.bytes[i] == b.bytes[i]) << i;
    return mask;
}

#endif

static inline unsigned json_lowest(uint32_t mask)
{
    return (unsigned)__builtin_ctz(mask);
}

/* The bits below bit i (0 to 31). */
static inline uint32_t json_below(unsigned i)
{
    return ((uint32_t)1 << i) - 1;
}

/*
 * Which bytes stand behind a backslash that is not itself escaped. A run of backslashes alternates:
 * adding its start to a mask of even (odd) places carries through the run, and shows whether it
 * ends on an escape. *carry: the last byte of the block before was such a backslash.
 */
static inline uint32_t json_escaped(uint32_t backslash, bool *carry)
{
    const uint32_t odd_places = 0xAAAAAAAAu;
    uint32_t first = *carry ? 1 : 0;
    uint32_t starts = backslash & ~first;
    uint32_t behind = starts << 1 | odd_places;
    uint32_t runs = (behind - starts) ^ odd_places;
    uint32_t escaped = runs ^ (backslash | first);
    *carry = (runs & backslash) >> 31;
    return escaped;
}

#endif
