/* Values of BinXml as text: one function a type, one row each. */
#include <math.h>
#include <stdio.h>

#include "base/utf8.h"
#include "parse/evtx.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char DIGIT_PAIRS[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";
static const char HEX_UPPER[] = "0123456789ABCDEF";
static const char HEX_LOWER[] = "0123456789abcdef";

#define DECIMAL_MAX 20     /* digits of 2^64 - 1 */
#define SID_AUTHORITIES 15 /* [MS-DTYP] 2.4.2.2 */

static char *put_two(char *out, uint32_t number)
{
    memcpy(out, DIGIT_PAIRS + 2 * number, 2);
    return out + 2;
}

static char *put_decimal(char *out, uint64_t number)
{
    char digits[DECIMAL_MAX];
    char *at = digits + DECIMAL_MAX;
    while (number >= 100) {
        at -= 2;
        put_two(at, (uint32_t)(number % 100));
        number /= 100;
    }
    if (number >= 10) {
        at -= 2;
        put_two(at, (uint32_t)number);
    } else {
        *--at = (char)('0' + number);
    }
    size_t len = (size_t)(digits + DECIMAL_MAX - at);
    memcpy(out, at, len);
    return out + len;
}

static char *put_hex(char *out, uint64_t number)
{
    unsigned digits = number ? (67 - (unsigned)__builtin_clzll(number)) / 4 : 1;
    memcpy(out, "0x", 2);
    out += 2;
    for (unsigned i = digits; i-- > 0; number >>= 4)
        out[i] = HEX_LOWER[number & 15];
    return out + digits;
}

static char *put_hex_byte(char *out, unsigned char byte)
{
    out[0] = HEX_UPPER[byte >> 4];
    out[1] = HEX_UPPER[byte & 15];
    return out + 2;
}

/* Unsigned little-endian number of 1, 2, 4 or 8 bytes; false for other sizes. */
static bool number_of(const struct evtx_value *value, uint64_t *ret_number)
{
    switch (value->size) {
    case 1:
        *ret_number = value->bytes[0];
        return true;
    case 2:
        *ret_number = evtx_u16(value->bytes);
        return true;
    case 4:
        *ret_number = evtx_u32(value->bytes);
        return true;
    case 8:
        *ret_number = evtx_u64(value->bytes);
        return true;
    }
    return false;
}

/* The renderers: behind the text written at out, or NULL where the size does not fit the type. */

static char *put_binary(const struct evtx_value *value, char *out)
{
    for (size_t i = 0; i < value->size; i++)
        out = put_hex_byte(out, value->bytes[i]);
    return out;
}

static char *put_unsigned(const struct evtx_value *value, char *out)
{
    uint64_t number;
    return number_of(value, &number) ? put_decimal(out, number) : NULL;
}

static char *put_signed(const struct evtx_value *value, char *out)
{
    uint64_t number;
    if (!number_of(value, &number))
        return NULL;
    unsigned bits = 8 * value->size;
    if (number >> (bits - 1) & 1) {
        *out++ = '-';
        number = 0 - number;
        if (bits < 64)
            number &= (UINT64_C(1) << bits) - 1;
    }
    return put_decimal(out, number);
}

static char *put_hex_number(const struct evtx_value *value, char *out)
{
    uint64_t number;
    return number_of(value, &number) ? put_hex(out, number) : NULL;
}

/* [MS-EVEN6] says four bytes; providers write one, two and eight as well. */
static char *put_bool(const struct evtx_value *value, char *out)
{
    uint64_t number;
    if (!number_of(value, &number))
        return NULL;
    struct str text = number ? STR("true") : STR("false");
    memcpy(out, text.ptr, text.len);
    return out + text.len;
}

/* The shortest text that reads back as the same number. */
static char *put_real(const struct evtx_value *value, char *out)
{
    double number;
    int digits = 15, digits_max = 17;
    if (value->size == sizeof(float)) {
        float single;
        memcpy(&single, value->bytes, sizeof(single));
        number = (double)single;
        digits = 6;
        digits_max = 9;
    } else if (value->size == sizeof(double)) {
        memcpy(&number, value->bytes, sizeof(number));
    } else {
        return NULL;
    }
    char text[40];
    for (;; digits++) {
        int len = snprintf(text, sizeof(text), "%.*g", digits, number);
        double again;
        if (digits == digits_max || !isfinite(number) ||
            (str_to_double(str_of(text, (size_t)len), &again) == 0 &&
             (value->size == sizeof(double) ? again == number : (float)again == (float)number))) {
            memcpy(out, text, (size_t)len);
            return out + len;
        }
    }
}

/* [MS-DTYP] 2.3.4: the first three groups are little-endian numbers. */
static char *put_guid(const struct evtx_value *value, char *out)
{
    static const unsigned char order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    if (value->size != 16)
        return NULL;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        out = put_hex_byte(out, value->bytes[order[i]]);
    }
    return out;
}

/* [MS-DTYP] 2.4.2.1: S-revision-authority-subauthority-.. */
static char *put_sid(const struct evtx_value *value, char *out)
{
    const unsigned char *bytes = value->bytes;
    if (value->size < 8 || bytes[1] > SID_AUTHORITIES || value->size < 8u + 4u * bytes[1])
        return NULL;
    uint64_t authority = 0;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | bytes[i];
    memcpy(out, "S-", 2);
    out = put_decimal(out + 2, bytes[0]);
    *out++ = '-';
    out = put_decimal(out, authority);
    for (size_t i = 0; i < bytes[1]; i++) {
        *out++ = '-';
        out = put_decimal(out, evtx_u32(bytes + 8 + 4 * i));
    }
    return out;
}

/* Year, month, day, then the time of day in µs: 2026-11-21T20:37:24.123456Z */
static char *put_instant(char *out, uint64_t year, uint32_t month, uint32_t day, uint64_t us)
{
    if (year > 9999) {
        out = put_decimal(out, year);
    } else {
        out = put_two(out, (uint32_t)(year / 100));
        out = put_two(out, (uint32_t)(year % 100));
    }
    *out++ = '-';
    out = put_two(out, month);
    *out++ = '-';
    out = put_two(out, day);
    uint32_t seconds = (uint32_t)(us / 1000000), micro = (uint32_t)(us % 1000000);
    const struct {
        char before;
        uint32_t number;
    } parts[] = {
        {'T', seconds / 3600}, {':', seconds / 60 % 60}, {':', seconds % 60}, {'.', micro / 10000}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        *out++ = parts[i].before;
        out = put_two(out, parts[i].number);
    }
    out = put_two(out, micro / 100 % 100);
    out = put_two(out, micro % 100);
    *out++ = 'Z';
    return out;
}

/*
 * 100 ns since 1601. The calendar of days since 0000-03-01: eras of 400 years, so that leap days
 * come at the end of years and of eras.
 */
static char *put_filetime(const struct evtx_value *value, char *out)
{
    if (value->size != 8)
        return NULL;
    uint64_t us = evtx_u64(value->bytes) / 10;
    uint64_t days = us / 86400000000u + 584694; /* from 0000-03-01 to 1601-01-01 */
    uint64_t era = days / 146097;
    uint32_t of_era = (uint32_t)(days % 146097);
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t from_march = (5 * of_year + 2) / 153;
    uint32_t day = of_year - (153 * from_march + 2) / 5 + 1;
    uint32_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    uint64_t year = era * 400 + year_of_era + (month <= 2);
    return put_instant(out, year, month, day, us % 86400000000u);
}

/* [MS-DTYP] 2.3.13: year, month, day of week, day, hour, minute, second, millisecond. */
static char *put_systemtime(const struct evtx_value *value, char *out)
{
    if (value->size != 16)
        return NULL;
    uint32_t part[8];
    for (size_t i = 0; i < 8; i++)
        part[i] = evtx_u16(value->bytes + 2 * i);
    if (part[1] > 12 || part[3] > 31 || part[4] > 23 || part[5] > 59 || part[6] > 59 ||
        part[7] > 999)
        return NULL;
    uint64_t us = ((part[4] * 60 + part[5]) * 60 + part[6]) * UINT64_C(1000000) + part[7] * 1000;
    return put_instant(out, part[0], part[1], part[3], us);
}

static char *put_string(const struct evtx_value *value, char *out)
{
    return out + evtx_utf16_text(value->bytes, value->size / 2, out);
}

/* Copies ASCII up to a NUL, eight bytes at a time; returns how many. */
static size_t copy_ascii(const unsigned char *bytes, size_t size, char *out)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        /* A byte without its high bit is zero where taking one from it borrows. */
        if ((word | (word - 0x0101010101010101u)) & 0x8080808080808080u)
            break;
        memcpy(out + i, &word, 8);
    }
    for (; i < size && bytes[i] && bytes[i] < 0x80; i++)
        out[i] = (char)bytes[i];
    return i;
}

/* The machine's code page is not in the file; Windows-1252 is the usual one. */
static char *put_ansi(const struct evtx_value *value, char *out)
{
    static const uint16_t from_80[32] = {
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
    for (size_t i = 0;; i++) {
        size_t run = copy_ascii(value->bytes + i, value->size - i, out);
        i += run;
        out += run;
        if (i == value->size || value->bytes[i] == 0)
            return out;
        uint32_t code_point = value->bytes[i];
        if (code_point < 0xA0)
            code_point = from_80[code_point - 0x80];
        char encoded[4];
        size_t len = utf8_encode(code_point, encoded);
        memcpy(out, encoded, len);
        out += len;
    }
}

static const struct {
    char *(*put)(const struct evtx_value *value, char *out);
    uint8_t slot_type; /* enum value_type */
    uint8_t size;      /* of an array's element; 0: not fixed */
} types[EVTX_TYPES] = {
    [EVTX_STRING] = {put_string, VALUE_STRING, 0},
    [EVTX_ANSI] = {put_ansi, VALUE_STRING, 0},
    [EVTX_INT8] = {put_signed, VALUE_INT, 1},
    [EVTX_UINT8] = {put_unsigned, VALUE_INT, 1},
    [EVTX_INT16] = {put_signed, VALUE_INT, 2},
    [EVTX_UINT16] = {put_unsigned, VALUE_INT, 2},
    [EVTX_INT32] = {put_signed, VALUE_INT, 4},
    [EVTX_UINT32] = {put_unsigned, VALUE_INT, 4},
    [EVTX_INT64] = {put_signed, VALUE_INT, 8},
    [EVTX_UINT64] = {put_unsigned, VALUE_INT, 8},
    [EVTX_REAL32] = {put_real, VALUE_FLOAT, 4},
    [EVTX_REAL64] = {put_real, VALUE_FLOAT, 8},
    [EVTX_BOOL] = {put_bool, VALUE_BOOL, 4},
    [EVTX_BINARY] = {put_binary, VALUE_STRING, 0},
    [EVTX_GUID] = {put_guid, VALUE_STRING, 16},
    [EVTX_SIZE_T] = {put_hex_number, VALUE_STRING, 8},
    [EVTX_FILETIME] = {put_filetime, VALUE_STRING, 8},
    [EVTX_SYSTEMTIME] = {put_systemtime, VALUE_STRING, 16},
    [EVTX_SID] = {put_sid, VALUE_STRING, 0},
    [EVTX_HEX32] = {put_hex_number, VALUE_STRING, 4},
    [EVTX_HEX64] = {put_hex_number, VALUE_STRING, 8},
    [EVTX_HANDLE] = {put_hex_number, VALUE_STRING, 4},
    [EVTX_XML] = {put_string, VALUE_STRING, 0},
};

size_t evtx_value_text(const struct evtx_value *value, char *out, enum value_type *ret_type)
{
    char *end = NULL;
    *ret_type = VALUE_STRING;
    if (value->type < EVTX_TYPES && types[value->type].put) {
        end = types[value->type].put(value, out);
        if (end)
            *ret_type = (enum value_type)types[value->type].slot_type;
    }
    if (!end)
        end = put_binary(value, out);
    /* JSON has no words for these. */
    if (*ret_type == VALUE_FLOAT && (end[-1] == 'f' || end[-1] == 'n'))
        *ret_type = VALUE_STRING;
    return (size_t)(end - out);
}

/* Bytes of the first element of an array, its terminator included. */
static uint32_t element_size(const struct evtx_value *array, uint8_t type)
{
    uint32_t size = 0;
    if (type == EVTX_STRING || type == EVTX_XML) {
        while (size + 2 <= array->size && evtx_u16(array->bytes + size))
            size += 2;
        size += 2;
    } else if (type == EVTX_ANSI) {
        while (size < array->size && array->bytes[size])
            size++;
        size++;
    } else if (type == EVTX_SID) {
        size = array->size < 8 ? array->size : 8u + 4u * array->bytes[1];
    } else if (type < EVTX_TYPES && types[type].size) {
        size = types[type].size;
    } else {
        size = array->size;
    }
    return size < array->size ? size : array->size;
}

bool evtx_array_next(struct evtx_value *array, struct evtx_value *ret_element)
{
    if (array->size == 0)
        return false;
    uint8_t type = array->type & (uint8_t)~EVTX_ARRAY;
    uint32_t size = element_size(array, type);
    *ret_element = (struct evtx_value){.bytes = array->bytes, .size = size, .type = type};
    array->bytes += size;
    array->size -= size;
    return true;
}

#ifdef __SSE2__

/* Eight units that are ASCII and not NUL to eight bytes; false: they are not. */
static inline bool narrow_eight(const unsigned char *utf16, char *out)
{
    __m128i units = _mm_loadu_si128((const __m128i *)(const void *)utf16);
    __m128i packed = _mm_packus_epi16(units, units);
    __m128i high = _mm_and_si128(units, _mm_set1_epi16((short)0xFF80));
    __m128i bad =
        _mm_or_si128(_mm_cmpeq_epi16(units, _mm_setzero_si128()),
                     _mm_xor_si128(_mm_cmpeq_epi16(high, _mm_setzero_si128()), _mm_set1_epi16(-1)));
    if (_mm_movemask_epi8(bad))
        return false;
    _mm_storel_epi64((__m128i *)(void *)out, packed);
    return true;
}

#else

static inline bool narrow_eight(const unsigned char *utf16, char *out)
{
    unsigned bad = 0;
    for (size_t i = 0; i < 8; i++) {
        unsigned unit = evtx_u16(utf16 + 2 * i);
        bad |= (unit & 0xFF80u) | (unit == 0);
        out[i] = (char)unit;
    }
    return bad == 0;
}

#endif

size_t evtx_utf16_text(const unsigned char *utf16, size_t units, char *out)
{
    size_t i = 0;
    while (units - i >= 8 && narrow_eight(utf16 + 2 * i, out + i))
        i += 8;
    /* The last few again with those before them, where all is well. */
    if (i && units - i < 8) {
        if (units == i || narrow_eight(utf16 + 2 * (units - 8), out + units - 8))
            return units;
    }
    for (; i < units; i++) {
        unsigned unit = evtx_u16(utf16 + 2 * i);
        if (unit == 0)
            return i;
        if (unit >= 0x80)
            break;
        out[i] = (char)unit;
    }
    size_t end = i;
    while (end < units && evtx_u16(utf16 + 2 * end))
        end++;
    return i + utf8_from_utf16le(utf16 + 2 * i, end - i, out + i);
}
