#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

void buf_free(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){0};
}

char *buf_reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return NULL;
    if (buf->cap - buf->len >= more && buf->ptr)
        return buf->ptr + buf->len;
    size_t need;
    if (__builtin_add_overflow(buf->len, more, &need) || need > SIZE_MAX / 2)
        goto fail;
    size_t cap = buf->cap < 256 ? 256 : buf->cap;
    while (cap < need)
        cap *= 2;
    char *grown = realloc(buf->ptr, cap);
    if (!grown)
        goto fail;
    buf->ptr = grown;
    buf->cap = cap;
    return buf->ptr + buf->len;
fail:
    buf->failed = true;
    return NULL;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    char *end = buf_reserve(buf, len);
    if (end) {
        memcpy(end, bytes, len);
        buf->len += len;
    }
}

void buf_add_str(struct buf *buf, struct str s)
{
    buf_add(buf, s.ptr, s.len);
}

void buf_add_c(struct buf *buf, const char *c_string)
{
    buf_add(buf, c_string, strlen(c_string));
}

void buf_add_byte(struct buf *buf, char byte)
{
    buf_add(buf, &byte, 1);
}

void buf_add_u64(struct buf *buf, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    buf_add(buf, digits + at, sizeof(digits) - at);
}

void buf_add_i64(struct buf *buf, int64_t number)
{
    if (number < 0)
        buf_add_byte(buf, '-');
    buf_add_u64(buf, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *end = len < 0 ? NULL : buf_reserve(buf, (size_t)len + 1);
    if (!end) {
        buf->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(end, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

/* Length of the prefix of s that JSON takes as it is. */
static size_t json_plain(struct str s)
{
    size_t i = 0;
    while (i < s.len) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\' || c >= 0x7f)
            break;
        i++;
    }
    return i;
}

/* Adds one character that is not plain; returns the bytes of s it took. */
static size_t add_json_special(struct buf *buf, struct str s)
{
    static const char short_escapes[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    unsigned char c = (unsigned char)s.ptr[0];

    if (c == '"' || c == '\\' || (c < 0x20 && short_escapes[c])) {
        buf_add(buf, (char[]){'\\', c < 0x20 ? short_escapes[c] : (char)c}, 2);
        return 1;
    }
    if (c < 0x20 || c == 0x7f) {
        static const char hex[] = "0123456789abcdef";
        buf_add(buf, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        return 1;
    }
    uint32_t code_point;
    size_t taken = utf8_decode(s, &code_point);
    char bytes[4];
    buf_add(buf, bytes, utf8_encode(code_point, bytes));
    return taken;
}

void buf_add_json_text(struct buf *buf, struct str s)
{
    while (s.len) {
        size_t plain = json_plain(s);
        buf_add(buf, s.ptr, plain);
        s = str_skip(s, plain);
        if (s.len)
            s = str_skip(s, add_json_special(buf, s));
    }
}

void buf_add_json(struct buf *buf, struct str s)
{
    buf_add_byte(buf, '"');
    buf_add_json_text(buf, s);
    buf_add_byte(buf, '"');
}

void buf_add_csv(struct buf *buf, struct str s)
{
    bool quote = false;
    for (size_t i = 0; i < s.len && !quote; i++)
        quote = s.ptr[i] == '"' || s.ptr[i] == ',' || s.ptr[i] == '\n' || s.ptr[i] == '\r';
    if (!quote) {
        buf_add_str(buf, s);
        return;
    }
    buf_add_byte(buf, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            buf_add_byte(buf, '"');
        buf_add_byte(buf, s.ptr[i]);
    }
    buf_add_byte(buf, '"');
}

static const char *html_entity(uint32_t code_point)
{
    switch (code_point) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void buf_add_html(struct buf *buf, struct str s)
{
    while (s.len) {
        uint32_t code_point;
        size_t taken = utf8_decode(s, &code_point);
        const char *entity = html_entity(code_point);
        bool control =
            (code_point < 0x20 && code_point != '\t' && code_point != '\n' && code_point != '\r') ||
            code_point == 0x7f || code_point == 0xFFFE || code_point == 0xFFFF;
        char bytes[4];
        if (entity)
            buf_add_c(buf, entity);
        else
            buf_add(buf, bytes, utf8_encode(control ? UTF8_REPLACEMENT : code_point, bytes));
        s = str_skip(s, taken);
    }
}
