/* bytes: little-endian numbers at any address, for what is written to files. */
#ifndef JAGA_SPOOL_BYTES_H
#define JAGA_SPOOL_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void put_u16(char *out, uint16_t number)
{
    number = htole16(number);
    memcpy(out, &number, sizeof(number));
}

static inline void put_u32(char *out, uint32_t number)
{
    number = htole32(number);
    memcpy(out, &number, sizeof(number));
}

static inline void put_u64(char *out, uint64_t number)
{
    number = htole64(number);
    memcpy(out, &number, sizeof(number));
}

static inline uint16_t get_u16(const char *in)
{
    uint16_t number;
    memcpy(&number, in, sizeof(number));
    return le16toh(number);
}

static inline uint32_t get_u32(const char *in)
{
    uint32_t number;
    memcpy(&number, in, sizeof(number));
    return le32toh(number);
}

static inline uint64_t get_u64(const char *in)
{
    uint64_t number;
    memcpy(&number, in, sizeof(number));
    return le64toh(number);
}

#endif
