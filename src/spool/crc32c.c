#include "spool/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#if defined(__aarch64__)
#include <arm_acle.h>
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

#if defined(__aarch64__)
#define WITH_CRC __attribute__((target("+crc")))
#define CRC_8_BYTES(crc, word) __crc32cd((uint32_t)(crc), word)
#define CRC_BYTE(crc, byte) __crc32cb((uint32_t)(crc), byte)
#else
#define WITH_CRC __attribute__((target("sse4.2")))
#define CRC_8_BYTES(crc, word) _mm_crc32_u64(crc, word)
#define CRC_BYTE(crc, byte) _mm_crc32_u8((uint32_t)(crc), byte)
#endif

WITH_CRC static uint32_t crc32c_by_instruction(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t crc = ~0u;
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
        crc = CRC_8_BYTES(crc, word);
    }
    for (; len > 0; len--, p++)
        crc = CRC_BYTE(crc, *p);
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
