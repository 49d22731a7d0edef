#include "hunt/terms.h"

#include "base/utf8.h"

/* Bytes are compared this many at once; compilers make SSE2 or NEON of it. */
#define LANES 16
typedef unsigned char lanes __attribute__((vector_size(LANES)));
typedef uint64_t words __attribute__((vector_size(LANES)));

static bool is_ascii_letter(unsigned char byte)
{
    return (unsigned char)((byte | 0x20) - 'a') < 26;
}

static unsigned char lower(unsigned char byte)
{
    return (unsigned char)(byte - 'A') < 26 ? (unsigned char)(byte | 0x20) : byte;
}

struct terms_needle terms_needle(struct str text, bool nocase)
{
    struct terms_needle needle = {.text = text, .nocase = nocase};
    if (text.len == 0)
        return needle;
    needle.wide = nocase && !utf8_is_ascii(text);
    needle.first = (unsigned char)text.ptr[0];
    needle.last = (unsigned char)text.ptr[text.len - 1];
    if (!nocase)
        return needle;
    needle.first = lower(needle.first);
    needle.last = lower(needle.last);
    needle.first_bit = is_ascii_letter(needle.first) ? 0x20 : 0;
    needle.last_bit = is_ascii_letter(needle.last) ? 0x20 : 0;
    return needle;
}

/* ---- texts compared ---- */

static bool same_ascii(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i] && lower((unsigned char)a[i]) != lower((unsigned char)b[i]))
            return false;
    return true;
}

/* Bytes of text that fold to all of needle, or 0. */
static size_t wide_prefix(struct str text, struct str needle)
{
    struct str rest = text;
    while (needle.len) {
        uint32_t x, y;
        if (rest.len == 0)
            return 0;
        rest = str_skip(rest, utf8_decode(rest, &x));
        needle = str_skip(needle, utf8_decode(needle, &y));
        if (x != y && utf8_fold(x) != utf8_fold(y))
            return 0;
    }
    return text.len - rest.len;
}

/* The length of the occurrence that begins with text; 0: none does. */
static size_t match_len(struct str text, const struct terms_needle *needle)
{
    struct str wanted = needle->text;
    if (needle->wide)
        return wide_prefix(text, wanted);
    if (text.len < wanted.len)
        return 0;
    bool same = needle->nocase ? same_ascii(text.ptr, wanted.ptr, wanted.len)
                               : memcmp(text.ptr, wanted.ptr, wanted.len) == 0;
    return same ? wanted.len : 0;
}

/* ---- search ---- */

static size_t find_wide(struct str text, const struct terms_needle *needle, size_t from)
{
    while (from < text.len) {
        struct str rest = str_skip(text, from);
        uint32_t ignored;
        if (match_len(rest, needle))
            return from;
        from += utf8_decode(rest, &ignored);
    }
    return SIZE_MAX;
}

static lanes load(const char *at)
{
    lanes value;
    memcpy(&value, at, LANES);
    return value;
}

/*
 * Places where both the first and the last byte are right are compared whole. Of 16 places at once while
 * that many are left, then one by one.
 */
size_t terms_find(struct str text, const struct terms_needle *needle, size_t from)
{
    size_t len = needle->text.len;
    if (len == 0)
        return from <= text.len ? from : SIZE_MAX;
    if (needle->wide)
        return find_wide(text, needle, from);
    if (text.len < len)
        return SIZE_MAX;
    size_t count = text.len - len + 1; /* places where it may begin */
    for (; from + LANES <= count; from += LANES) {
        lanes hits = (lanes)((load(text.ptr + from) | needle->first_bit) == needle->first) &
                     (lanes)((load(text.ptr + from + len - 1) | needle->last_bit) == needle->last);
        words any = (words)hits;
        if ((any[0] | any[1]) == 0)
            continue;
        for (size_t i = 0; i < LANES; i++)
            if (hits[i] && match_len(str_skip(text, from + i), needle))
                return from + i;
    }
    for (; from < count; from++) {
        unsigned char first = (unsigned char)(text.ptr[from] | needle->first_bit);
        if (first == needle->first && match_len(str_skip(text, from), needle))
            return from;
    }
    return SIZE_MAX;
}

/* ---- terms ---- */

/* What is above ASCII and no letter and no digit: punctuation, symbols, spaces, marks of layout. */
static const struct {
    uint32_t first, last;
} dividers[] = {
    {0x80, 0xa9},        {0xab, 0xb1},     {0xb4, 0xb4},     {0xb6, 0xb8},     {0xbb, 0xbb},
    {0xbf, 0xbf},        {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2c2, 0x2c5},   {0x2d2, 0x2df},
    {0x37e, 0x37e},      {0x387, 0x387},   {0x55a, 0x55f},   {0x589, 0x58a},   {0x5be, 0x5be},
    {0x60c, 0x60d},      {0x61b, 0x61f},   {0x66a, 0x66d},   {0x964, 0x965},   {0xe3f, 0xe3f},
    {0x1680, 0x1680},    {0x2000, 0x206f}, {0x207a, 0x207e}, {0x208a, 0x208e}, {0x20a0, 0x20cf},
    {0x2190, 0x245f},    {0x2500, 0x2775}, {0x2794, 0x2bff}, {0x2e00, 0x2e7f}, {0x3000, 0x3004},
    {0x3008, 0x3020},    {0x3030, 0x3030}, {0xe000, 0xf8ff}, {0xfe00, 0xfe6f}, {0xfeff, 0xff0f},
    {0xff1a, 0xff20},    {0xff3b, 0xff40}, {0xff5b, 0xff65}, {0xffe0, 0xffff}, {0x1f000, 0x1faff},
    {0xe0000, 0x10ffff},
};

static bool is_term_point(uint32_t point)
{
    if (point < 0x80)
        return is_ascii_letter((unsigned char)point) || (point - '0') < 10;
    size_t low = 0, high = sizeof(dividers) / sizeof(dividers[0]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > dividers[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low == sizeof(dividers) / sizeof(dividers[0]) || point < dividers[low].first;
}

/* Is a letter or digit at `at`? */
static bool term_at(struct str text, size_t at)
{
    if (at >= text.len)
        return false;
    uint32_t point;
    utf8_decode(str_skip(text, at), &point);
    return is_term_point(point);
}

static bool term_before(struct str text, size_t at)
{
    if (at == 0)
        return false;
    size_t start = at - 1;
    while (start > 0 && at - start < 4 && ((unsigned char)text.ptr[start] & 0xc0) == 0x80)
        start--;
    return term_at(text, start);
}

bool terms_has(struct str text, const struct terms_needle *needle, bool begin, bool end)
{
    struct str wanted = needle->text;
    if (wanted.len == 0)
        return true;
    begin = begin && term_at(wanted, 0);
    end = end && term_before(wanted, wanted.len);
    for (size_t at = 0; (at = terms_find(text, needle, at)) != SIZE_MAX; at++) {
        size_t behind = at + match_len(str_skip(text, at), needle);
        if (!(begin && term_before(text, at)) && !(end && term_at(text, behind)))
            return true;
    }
    return false;
}

bool terms_starts(struct str text, const struct terms_needle *needle)
{
    return needle->text.len == 0 || match_len(text, needle) > 0;
}

bool terms_ends(struct str text, const struct terms_needle *needle)
{
    size_t len = needle->text.len;
    if (!needle->wide)
        return len <= text.len && terms_starts(str_skip(text, text.len - len), needle);
    for (size_t at = 0; (at = terms_find(text, needle, at)) != SIZE_MAX; at++)
        if (at + match_len(str_skip(text, at), needle) == text.len)
            return true;
    return false;
}

bool terms_equals(struct str text, const struct terms_needle *needle)
{
    if (needle->text.len == 0)
        return text.len == 0;
    return match_len(text, needle) == text.len && text.len > 0;
}
