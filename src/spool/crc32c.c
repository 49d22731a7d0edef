#include "spool/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define POLYNOMIAL 0x82f63b78u /* reflected */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t table[256];
static bool by_instruction;

static void prepare(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        table[i] = crc;
    }
#if defined(__aarch64__)
    by_instruction = (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#elif defined(__x86_64__)
    by_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif
}

uint32_t crc32c_by_table(const void *bytes, size_t len)
{
    pthread_once(&once, prepare);
    const unsigned char *p = bytes;
    uint32_t crc = ~0u;
    for (; len > 0; len--, p++)
        crc = crc >> 8 ^ table[(crc ^ *p) & 0xff];
    return ~crc;
}

#if defined(__aarch64__) || defined(__x86_64__)

/* ARM's by assembler: the intrinsics of gcc and clang want different words to be allowed in one function. */
#if defined(__aarch64__)
#define WITH_CRC

static inline uint64_t add_8_bytes(uint64_t crc, uint64_t word)
{
    uint32_t next = (uint32_t)crc;
    __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(next) : "r"(word));
    return next;
}

static inline uint64_t add_byte(uint64_t crc, unsigned char byte)
{
    uint32_t next = (uint32_t)crc;
    __asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(next) : "r"((uint32_t)byte));
    return next;
}
#else
#define WITH_CRC __attribute__((target("sse4.2")))

WITH_CRC static inline uint64_t add_8_bytes(uint64_t crc, uint64_t word)
{
    return _mm_crc32_u64(crc, word);
}

WITH_CRC static inline uint64_t add_byte(uint64_t crc, unsigned char byte)
{
    return _mm_crc32_u8((uint32_t)crc, byte);
}
#endif

WITH_CRC static uint32_t crc32c_by_instruction(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t crc = ~0u;
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        crc = add_8_bytes(crc, word);
    }
    for (; len > 0; len--, p++)
        crc = add_byte(crc, *p);
    return ~(uint32_t)crc;
}

#else

static uint32_t crc32c_by_instruction(const void *bytes, size_t len)
{
    return crc32c_by_table(bytes, len);
}

#endif

uint32_t crc32c(const void *bytes, size_t len)
{
    pthread_once(&once, prepare);
    return by_instruction ? crc32c_by_instruction(bytes, len) : crc32c_by_table(bytes, len);
}
