/*
 * Functions of KQL that hash: hash() is xxHash64 with seed 0, as Kusto's is today, of a text's UTF-8 or a number's bytes.
 */
#include <string.h>

#include "hunt/function.h"
#include "hunt/native.h"

/* The primes of XXH64 (xxHash specification 0.1.1, "XXH64 algorithm description"). */
#define P1 UINT64_C(0x9E3779B185EBCA87)
#define P2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define P3 UINT64_C(0x165667B19E3779F9)
#define P4 UINT64_C(0x85EBCA77C2B2AE63)
#define P5 UINT64_C(0x27D4EB2F165667C5)

static uint64_t rotated(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t load(const unsigned char *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint64_t mix(uint64_t lane, uint64_t input)
{
    return rotated(lane + input * P2, 31) * P1;
}

static uint64_t merge(uint64_t hash, uint64_t lane)
{
    return (hash ^ mix(0, lane)) * P1 + P4;
}

static uint64_t xxhash64(struct str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    size_t left = text.len;
    uint64_t hash = P5;
    if (left >= 32) {
        uint64_t a = P1 + P2, b = P2, c = 0, d = 0 - P1;
        for (; left >= 32; at += 32, left -= 32) {
            a = mix(a, load(at, 8));
            b = mix(b, load(at + 8, 8));
            c = mix(c, load(at + 16, 8));
            d = mix(d, load(at + 24, 8));
        }
        hash = rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18);
        hash = merge(merge(merge(merge(hash, a), b), c), d);
    }
    hash += text.len;
    for (; left >= 8; at += 8, left -= 8)
        hash = rotated(hash ^ mix(0, load(at, 8)), 27) * P1 + P4;
    for (; left >= 4; at += 4, left -= 4)
        hash = rotated(hash ^ load(at, 4) * P1, 23) * P2 + P3;
    for (; left > 0; at++, left--)
        hash = rotated(hash ^ *at * P5, 11) * P1;
    hash = (hash ^ hash >> 33) * P2;
    hash = (hash ^ hash >> 29) * P3;
    return hash ^ hash >> 32;
}

NATIVE(hash_text)
{
    call->integers[row] = (int64_t)xxhash64(native_text(call, 0, row));
}

NATIVE(hash_number)
{
    unsigned char bytes[8];
    uint64_t number = (uint64_t)native_integer(call, 0, row);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    call->integers[row] = (int64_t)xxhash64(str_of((const char *)bytes, sizeof(bytes)));
}

NATIVE(hash_real)
{
    double number = native_double(call, 0, row);
    call->integers[row] = (int64_t)xxhash64(str_of((const char *)&number, sizeof(number)));
}

/* Several hashes as one; which of the many ways Kusto takes is not documented. */
NATIVE(hash_combine)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < call->n_arguments; i++)
        hash ^= (uint64_t)native_integer(call, i, row) + P1 + (hash << 6) + (hash >> 2);
    call->integers[row] = (int64_t)hash;
}

const struct lake_function hunt_hash_natives[] = {
    {.name = "kql_xxhash64", .result = LAKE_INTEGER, .parameters = {LAKE_TEXT}, .call = hash_text},
    {.name = "kql_xxhash64",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_INTEGER},
     .call = hash_number},
    {.name = "kql_xxhash64",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_DOUBLE},
     .call = hash_real},
    {.name = "kql_hash_combine",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_INTEGER},
     .variadic = true,
     .call = hash_combine},
    {0},
};

/* Times by their ticks. */
static struct str hashed(struct hunt_bind *bind, struct hunt_value value)
{
    if (value.type == KQL_DATETIME || value.type == KQL_TIMESPAN)
        value = hunt_convert(bind, value, KQL_LONG);
    else if (value.type == KQL_INT || value.type == KQL_BOOL)
        value.sql = hunt_text(bind, "CAST(%.*s AS BIGINT)", STR_ARG(value.sql));
    else if (value.type != KQL_LONG && value.type != KQL_REAL)
        value = hunt_convert(bind, value, KQL_STRING);
    return hunt_text(bind, "kql_xxhash64(%.*s)", STR_ARG(value.sql));
}

static int emit_hash(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    ret->sql = hashed(bind, call->args[0]);
    if (call->n_args > 1)
        ret->sql = hunt_text(bind, "((%.*s %% nullif(%.*s, 0) + %.*s) %% nullif(%.*s, 0))",
                             STR_ARG(ret->sql), STR_ARG(call->args[1].sql),
                             STR_ARG(call->args[1].sql), STR_ARG(call->args[1].sql));
    return 0;
}

static int emit_hash_many(struct hunt_bind *bind, const struct hunt_call *call,
                          struct hunt_value *ret)
{
    struct str list = {"", 0};
    for (uint32_t i = 0; i < call->n_args; i++)
        list = hunt_text(bind, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "",
                         STR_ARG(hashed(bind, call->args[i])));
    ret->sql = hunt_text(bind, "kql_hash_combine(%.*s)", STR_ARG(list));
    return 0;
}

const struct hunt_function hunt_hash_scalars[] = {
    {"hash(value: scalar, modulo: long?) long", .emit = emit_hash},
    {"hash_xxhash64(value: scalar, modulo: long?) long", .emit = emit_hash},
    {"hash_many(value: scalar...) long", .emit = emit_hash_many},
    {"hash_combine(hash: long...) long", .sql = "kql_hash_combine($*)"},
    {"hash_md5(value: string) string", .sql = "md5($1)", .filled = true},
    {"hash_sha1(value: string) string", .sql = "sha1($1)", .filled = true},
    {"hash_sha256(value: string) string", .sql = "sha256($1)", .filled = true},
    {0},
};
