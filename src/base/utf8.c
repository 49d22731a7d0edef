#include "base/utf8.h"

#include "base/fold_table.h"

/* Length of the run of ASCII at the start of s, eight bytes at a time. */
static size_t ascii_run(struct str s)
{
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        uint64_t word;
        memcpy(&word, s.ptr + i, 8);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < s.len && (unsigned char)s.ptr[i] < 0x80)
        i++;
    return i;
}

bool utf8_is_ascii(struct str s)
{
    return ascii_run(s) == s.len;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* What a lead byte announces: how many bytes, and the range of the second (RFC 3629, section 4). */
struct lead {
    unsigned char len, second_min, second_max;
};

static struct lead lead_of(unsigned char byte)
{
    if (byte >= 0xC2 && byte <= 0xDF)
        return (struct lead){2, 0x80, 0xBF};
    if (byte == 0xE0)
        return (struct lead){3, 0xA0, 0xBF};
    if (byte == 0xED)
        return (struct lead){3, 0x80, 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF)
        return (struct lead){3, 0x80, 0xBF};
    if (byte == 0xF0)
        return (struct lead){4, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3)
        return (struct lead){4, 0x80, 0xBF};
    if (byte == 0xF4)
        return (struct lead){4, 0x80, 0x8F};
    return (struct lead){0, 0, 0};
}

size_t utf8_decode(struct str s, uint32_t *ret_code_point)
{
    unsigned char first = (unsigned char)s.ptr[0];
    if (first < 0x80) {
        *ret_code_point = first;
        return 1;
    }
    struct lead lead = lead_of(first);
    *ret_code_point = UTF8_REPLACEMENT;
    if (lead.len == 0 || s.len < 2 || (unsigned char)s.ptr[1] < lead.second_min ||
        (unsigned char)s.ptr[1] > lead.second_max)
        return 1;
    uint32_t code_point = (uint32_t)first & (0x7Fu >> lead.len);
    for (size_t i = 1; i < lead.len; i++) {
        if (i >= s.len || !is_continuation((unsigned char)s.ptr[i]))
            return i;
        code_point = code_point << 6 | ((unsigned char)s.ptr[i] & 0x3F);
    }
    *ret_code_point = code_point;
    return lead.len;
}

size_t utf8_valid(struct str s)
{
    size_t i = 0;
    for (;;) {
        i += ascii_run(str_skip(s, i));
        if (i == s.len)
            return i;
        uint32_t code_point;
        size_t taken = utf8_decode(str_skip(s, i), &code_point);
        /* U+FFFD written out is valid; it is three bytes that say so. */
        if (code_point == UTF8_REPLACEMENT &&
            !(taken == 3 && memcmp(s.ptr + i, "\xEF\xBF\xBD", 3) == 0))
            return i;
        i += taken;
    }
}

size_t utf8_encode(uint32_t code_point, char ret_bytes[static 4])
{
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        code_point = UTF8_REPLACEMENT;
    if (code_point < 0x80) {
        ret_bytes[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        ret_bytes[0] = (char)(0xC0 | code_point >> 6);
        ret_bytes[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        ret_bytes[0] = (char)(0xE0 | code_point >> 12);
        ret_bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        ret_bytes[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    ret_bytes[0] = (char)(0xF0 | code_point >> 18);
    ret_bytes[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    ret_bytes[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    ret_bytes[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

struct str utf8_repair(struct str s, struct arena *arena)
{
    size_t good = utf8_valid(s);
    if (good == s.len)
        return s;
    /* A bad byte becomes three at most. */
    size_t room = good + 3 * (s.len - good);
    char *copy = arena_bytes(arena, room);
    if (!copy)
        return (struct str){0};
    memcpy(copy, s.ptr, good);
    size_t len = good;
    for (struct str rest = str_skip(s, good); rest.len;) {
        uint32_t code_point;
        rest = str_skip(rest, utf8_decode(rest, &code_point));
        len += utf8_encode(code_point, copy + len);
    }
    return str_of(copy, len);
}

uint32_t utf8_fold(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point;
    size_t low = 0, high = fold_ranges_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (fold_ranges[middle].last < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == fold_ranges_count)
        return code_point;
    const struct fold_range *range = &fold_ranges[low];
    if (code_point < range->first || (code_point - range->first) % range->stride != 0)
        return code_point;
    return (uint32_t)((int64_t)code_point + range->delta);
}

size_t utf8_fold_text(struct str s, char *ret_bytes)
{
    size_t len = 0;
    while (s.len) {
        size_t ascii = ascii_run(s);
        for (size_t i = 0; i < ascii; i++) {
            unsigned char c = (unsigned char)s.ptr[i];
            ret_bytes[len++] = (char)(c | (unsigned char)((unsigned)(c - 'A') < 26u) << 5);
        }
        s = str_skip(s, ascii);
        if (s.len == 0)
            break;
        uint32_t code_point;
        s = str_skip(s, utf8_decode(s, &code_point));
        len += utf8_encode(utf8_fold(code_point), ret_bytes + len);
    }
    return len;
}

/* Narrows the ASCII units at the start, four at a time; returns how many. */
static size_t narrow_ascii(const unsigned char *utf16, size_t units, char *ret_bytes)
{
    size_t i = 0;
    for (; i + 4 <= units; i += 4) {
        uint64_t word;
        memcpy(&word, utf16 + 2 * i, 8);
        if (word & 0xFF80FF80FF80FF80u)
            break;
        word |= word >> 8;
        ret_bytes[i] = (char)word;
        ret_bytes[i + 1] = (char)(word >> 16);
        ret_bytes[i + 2] = (char)(word >> 32);
        ret_bytes[i + 3] = (char)(word >> 48);
    }
    return i;
}

static uint32_t unit_at(const unsigned char *utf16, size_t i)
{
    return (uint32_t)utf16[2 * i] | (uint32_t)utf16[2 * i + 1] << 8;
}

size_t utf8_from_utf16le(const void *bytes, size_t units, char *ret_bytes)
{
    const unsigned char *utf16 = bytes;
    size_t len = 0;
    for (size_t i = 0; i < units;) {
        size_t ascii = narrow_ascii(utf16 + 2 * i, units - i, ret_bytes + len);
        i += ascii;
        len += ascii;
        if (i == units)
            break;
        uint32_t code_point = unit_at(utf16, i++);
        if (code_point >= 0xD800 && code_point <= 0xDBFF && i < units) {
            uint32_t low = unit_at(utf16, i);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
                i++;
            }
        }
        char encoded[4];
        size_t encoded_len = utf8_encode(code_point, encoded);
        memcpy(ret_bytes + len, encoded, encoded_len);
        len += encoded_len;
    }
    return len;
}
