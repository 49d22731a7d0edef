#include "base/utf8.h"
#include "sigma/operand.h"

/* U+FEFF in UTF-8: what `utf16` puts in front, until base64 makes the bytes FF FE of it. */
#define MARK_UTF8 "\xef\xbb\xbf"

static char *base64_digits(const unsigned char *bytes, size_t len, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= i + 2 < len ? bytes[i + 2] : 0;
        *text++ = digits[group >> 18 & 63];
        *text++ = digits[group >> 12 & 63];
        *text++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
        *text++ = i + 2 < len ? digits[group & 63] : '=';
    }
    return text;
}

/*
 * `len` bytes in base64 (RFC 4648) behind `shift` others, which stand for what comes before; ptr
 * is NULL without memory.
 */
static struct str base64(struct arena *arena, struct str s, size_t shift)
{
    size_t len = s.len + shift;
    char *bytes = arena_bytes(arena, len + 1);
    char *text = arena_bytes(arena, (len + 2) / 3 * 4 + 1);
    if (!bytes || !text)
        return (struct str){0};
    memset(bytes, ' ', shift);
    if (s.len)
        memcpy(bytes + shift, s.ptr, s.len);
    char *end = base64_digits((const unsigned char *)bytes, len, text);
    return str_of(text, (size_t)(end - text));
}

/* The bytes to encode: the operand's text, which must be without wildcards. */
static int plain_bytes(struct item *item, const struct operand *operand, struct str *ret_bytes)
{
    if (pattern_has_wildcards(&operand->pattern))
        return document_error(item->doc, operand->at, "'%.*s' takes no value with wildcards",
                              STR_ARG(item->modifier));
    struct str bytes = pattern_text(&item->doc->reader->scratch, &operand->pattern);
    if (!bytes.ptr)
        return document_no_memory(item->doc);
    if (operand->byte_order_mark && str_starts(bytes, STR(MARK_UTF8))) {
        char *marked = arena_bytes(&item->doc->reader->scratch, bytes.len);
        if (!marked)
            return document_no_memory(item->doc);
        memcpy(marked, "\xff\xfe", 2);
        memcpy(marked + 2, bytes.ptr + 3, bytes.len - 3);
        bytes = str_of(marked, bytes.len - 1);
    }
    *ret_bytes = bytes;
    return 0;
}

static int set_text(struct item *item, struct operand *operand, struct str text)
{
    operand->byte_order_mark = false;
    if (!text.ptr || pattern_literal(&item->doc->reader->scratch, text, &operand->pattern) < 0)
        return document_no_memory(item->doc);
    return 0;
}

int change_base64(struct item *item, struct operand *operand, int argument)
{
    (void)argument;
    struct str bytes;
    int status = plain_bytes(item, operand, &bytes);
    if (status < 0)
        return status;
    return set_text(item, operand, base64(&item->doc->reader->scratch, bytes, 0));
}

/*
 * The digits that the value alone decides, when `shift` (0 to 2) bytes are before it in its group
 * of three: those at either end that also depend on its neighbours are cut off.
 */
static struct str static_digits(struct arena *arena, struct str bytes, size_t shift)
{
    static const size_t cut_front[] = {0, 2, 3}, cut_back[] = {0, 3, 2};
    struct str text = base64(arena, bytes, shift);
    size_t cut = cut_front[shift] + cut_back[(bytes.len + shift) % 3];
    if (!text.ptr)
        return text;
    return str_of(text.ptr + cut_front[shift], text.len > cut ? text.len - cut : 0);
}

int change_base64offset(struct item *item, struct operand *operand, int argument)
{
    (void)argument;
    struct arena *scratch = &item->doc->reader->scratch;
    struct str bytes;
    int status = plain_bytes(item, operand, &bytes);
    for (size_t shift = 0; shift < 3 && status == 0; shift++) {
        if (shift)
            status = operand_add(item, operand, &operand);
        if (status < 0)
            break;
        struct str text = static_digits(scratch, bytes, shift);
        if (text.ptr && text.len == 0)
            return document_error(item->doc, operand->at,
                                  "'%.*s' leaves nothing of a value as short as this",
                                  STR_ARG(item->modifier));
        status = set_text(item, operand, text);
    }
    return status;
}

/* A literal in UTF-16; ptr is NULL without memory. */
static struct str utf16(struct arena *arena, struct str text, bool big)
{
    char *bytes = arena_bytes(arena, 4 * text.len + 1);
    if (!bytes)
        return (struct str){0};
    char *end = bytes;
    while (text.len) {
        uint32_t code_point;
        text = str_skip(text, utf8_decode(text, &code_point));
        uint32_t units[2] = {code_point, 0};
        size_t count = 1;
        if (code_point > 0xffff) {
            units[0] = 0xd800 + ((code_point - 0x10000) >> 10);
            units[1] = 0xdc00 + ((code_point - 0x10000) & 0x3ff);
            count = 2;
        }
        for (size_t i = 0; i < count; i++) {
            *end++ = (char)(big ? units[i] >> 8 : units[i] & 0xff);
            *end++ = (char)(big ? units[i] & 0xff : units[i] >> 8);
        }
    }
    return str_of(bytes, (size_t)(end - bytes));
}

int change_utf16(struct item *item, struct operand *operand, int argument)
{
    struct arena *scratch = &item->doc->reader->scratch;
    uint32_t count = operand->pattern.count, n = 0;
    struct sigma_part *parts = arena_zero(scratch, count + 1, sizeof(*parts));
    if (!parts)
        return document_no_memory(item->doc);
    if (argument == UTF16_MARKED) {
        parts[n++] = (struct sigma_part){SIGMA_LITERAL, STR(MARK_UTF8)};
        operand->byte_order_mark = true;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct sigma_part part = operand->pattern.parts[i];
        if (utf8_valid(part.text) != part.text.len)
            return document_error(item->doc, operand->at, "the value is in UTF-16 already");
        if (part.kind == SIGMA_LITERAL)
            part.text = utf16(scratch, part.text, argument == UTF16_BIG);
        if (part.kind == SIGMA_LITERAL && !part.text.ptr)
            return document_no_memory(item->doc);
        parts[n++] = part;
    }
    operand->pattern = (struct pattern){parts, n};
    return 0;
}
