#include "parse/escape.h"

#include "base/utf8.h"

/* The byte that `\letter` stands for, or -1. */
static int letter_byte(const struct escape *escapes, char letter)
{
    for (; escapes->letter; escapes++)
        if (escapes->letter == letter)
            return (unsigned char)escapes->byte;
    return -1;
}

/* The byte of "\x41" at the start of s, or -1. */
static int hex_byte(struct str s)
{
    if (s.len < 4 || s.ptr[0] != '\\' || s.ptr[1] != 'x')
        return -1;
    int high = str_hex_digit(s.ptr[2]), low = str_hex_digit(s.ptr[3]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* A code point of several bytes, each written as hex, at the start of s: how many bytes, or 0. */
static size_t hex_code_point(struct str s, char ret_bytes[static 4])
{
    size_t n = 0;
    uint32_t code_point;
    for (int byte; n < 4 && (byte = hex_byte(str_skip(s, 4 * n))) >= 0x80; n++)
        ret_bytes[n] = (char)byte;
    size_t taken = n ? utf8_decode(str_of(ret_bytes, n), &code_point) : 0;
    return taken > 1 && code_point != UTF8_REPLACEMENT ? taken : 0;
}

static bool is_text(int byte)
{
    return (byte >= 0x20 && byte < 0x7f) || (byte >= '\b' && byte <= '\r' && byte != '\v');
}

/* Resolves hex at the start of s, as far as `hex` wants it: the bytes written, or 0. */
static size_t undo_hex(struct str s, enum escape_hex hex, char ret_bytes[static 4])
{
    int byte = hex == ESCAPE_HEX_NONE ? -1 : hex_byte(s);
    if (hex == ESCAPE_HEX_TEXT && byte >= 0x80)
        return hex_code_point(s, ret_bytes);
    bool wanted = hex == ESCAPE_HEX_ALL || (hex == ESCAPE_HEX_TEXT && is_text(byte)) ||
                  (byte >= 0x20 && byte < 0x7f);
    if (byte < 0 || !wanted)
        return 0;
    ret_bytes[0] = (char)byte;
    return 1;
}

struct str escape_undo(struct str text, const struct escape *escapes, enum escape_hex hex,
                       struct arena *arena)
{
    size_t run = str_index(text, '\\'), len = 0;
    char *bytes = run < text.len ? arena_bytes(arena, text.len) : NULL, code_point[4];
    if (!bytes)
        return text;
    for (; text.len > 0; run = str_index(text, '\\')) {
        memcpy(bytes + len, text.ptr, run);
        len += run;
        text = str_skip(text, run);
        if (text.len == 0)
            break;
        int byte = text.len > 1 ? letter_byte(escapes, text.ptr[1]) : -1;
        size_t n = byte < 0 ? undo_hex(text, hex, code_point) : 0;
        if (n > 0) {
            memcpy(bytes + len, code_point, n);
            len += n;
            text = str_skip(text, 4 * n);
        } else {
            bytes[len++] = byte < 0 ? '\\' : (char)byte;
            text = str_skip(text, byte < 0 ? 1 : 2);
        }
    }
    return str_of(bytes, len);
}

bool escape_from_hex(struct str text, char *ret_bytes)
{
    if (text.len == 0 || text.len % 2)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = str_hex_digit(text.ptr[i]), low = str_hex_digit(text.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_bytes[i / 2] = (char)(high * 16 + low);
    }
    return true;
}
