/*
 * The structure of JSON text, broken text too: strings, objects and lists, and where a record
 * ends. Built once for every machine and once for those with AVX2 (json_simd.h).
 */
#include "parse/json.h"
#include "parse/json_simd.h"

/* Takes one byte. False: it starts a new record, and the one before was broken. */
static inline bool scan_byte(struct json_scan *scan, struct str data, size_t at)
{
    char c = data.ptr[at];
    if (scan->in_string) {
        bool escaped = scan->escaped;
        scan->escaped = !escaped && c == '\\';
        if ((c == '"' && !escaped) || c == '\n') {
            scan->in_string = false;
            scan->escaped = false;
        }
        return true;
    }
    if (c == '"') {
        scan->in_string = true;
    } else if (c == '{' || c == '[') {
        if (c == '{' && scan->depth > 0 && json_scan_starts_anew(scan, data, at))
            return false;
        scan->depth++;
    } else if ((c == '}' || c == ']') && scan->depth > 0) {
        scan->depth--;
    }
    return true;
}

/* From the bits of quotes: the bits inside of strings (opening quotes included). */
static inline uint32_t inside_quotes(uint32_t quotes)
{
    quotes ^= quotes << 1;
    quotes ^= quotes << 2;
    quotes ^= quotes << 4;
    quotes ^= quotes << 8;
    return quotes ^ quotes << 16;
}

/*
 * Takes a block of the record at once, or what of it belongs to the record: the bytes taken. 0: it
 * has to be taken by bytes, because of a line end in a string, a backslash outside of one, or a '{'
 * at a line's start.
 */
static inline unsigned scan_block(struct json_scan *scan, const char *at)
{
    struct json_block block = json_block_load(at);
    bool carry = scan->escaped;
    uint32_t backslash = json_block_eq(block, '\\');
    uint32_t escaped = json_escaped(backslash, &carry);
    uint32_t quotes = json_block_eq(block, '"') & ~escaped;
    uint32_t inside = inside_quotes(quotes) ^ (scan->in_string ? UINT32_MAX : 0);
    uint32_t open = json_block_eq_lower(block, '{') & ~inside;
    uint32_t close = json_block_eq_lower(block, '}') & ~inside;
    uint32_t lines = json_block_eq(block, '\n');
    uint32_t odd = (lines & inside) | (backslash & ~inside) |
                   ((lines << 1 | 1) & open & json_block_eq(block, '{'));
    uint32_t depth = scan->depth;
    for (uint32_t marks = open | close; marks; marks &= marks - 1) {
        unsigned i = json_lowest(marks);
        depth += open >> i & 1 ? 1 : UINT32_MAX;
        if (depth > 0)
            continue;
        if (odd & json_below(i))
            return 0;
        *scan = (struct json_scan){0};
        return i + 1;
    }
    if (odd)
        return 0;
    scan->depth = depth;
    scan->in_string = inside >> 31;
    scan->escaped = carry && scan->in_string;
    return JSON_BLOCK;
}

size_t JSON_BUILD(json_scan)(struct json_scan *scan, struct str data, size_t at)
{
    size_t start = at;
    size_t slow_until = at; /* bytes that a block was refused for */
    while (at < data.len) {
        unsigned taken = 0;
        if (scan->depth > 0 && at >= slow_until && data.len - at >= JSON_BLOCK) {
            taken = scan_block(scan, data.ptr + at);
            slow_until = at + JSON_BLOCK;
        }
        if (taken == 0 && !scan_byte(scan, data, at)) {
            *scan = (struct json_scan){0};
            return at;
        }
        at += taken ? taken : 1;
        if (json_scan_done(scan)) {
            *scan = (struct json_scan){0};
            return at;
        }
    }
    if (at > start) {
        scan->before = json_scan_before(scan, data, at);
        scan->line_start = data.ptr[at - 1] == '\n';
    }
    return at;
}
