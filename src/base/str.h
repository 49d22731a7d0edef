/*
 * str: a borrowed run of bytes, pointer and length. The bytes are not
 * NUL-terminated and need not be UTF-8. A struct str never owns: whoever hands
 * one out says how long its bytes live. Pure functions, safe from any thread.
 */
#ifndef JAGA_BASE_STR_H
#define JAGA_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr; /* may be NULL only when len is 0 */
    size_t len;      /* bytes */
};

/* A string literal as a struct str; lives for ever. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* printf("%.*s", STR_ARG(s)); cuts at INT_MAX bytes. */
#define STR_ARG(s) (int)((s).len > INT32_MAX ? INT32_MAX : (s).len), ((s).ptr ? (s).ptr : "")

static inline struct str str_of(const char *ptr, size_t len)
{
    return (struct str){ptr, len};
}

static inline struct str str_from_c(const char *c_string)
{
    return (struct str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* s without its first n bytes (n is cut to s.len). */
static inline struct str str_skip(struct str s, size_t n)
{
    if (n > s.len)
        n = s.len;
    return (struct str){s.len ? s.ptr + n : s.ptr, s.len - n};
}

/* The first n bytes of s (n is cut to s.len). */
static inline struct str str_first(struct str s, size_t n)
{
    return (struct str){s.ptr, n < s.len ? n : s.len};
}

/* Index of the first `byte` in s, or s.len when there is none. */
static inline size_t str_index(struct str s, char byte)
{
    const char *hit = s.len ? memchr(s.ptr, byte, s.len) : NULL;
    return hit ? (size_t)(hit - s.ptr) : s.len;
}

/* ASCII letters compared without case; other bytes exactly. */
bool str_eq_ascii_nocase(struct str a, struct str b);

/* Order of memcmp, a shorter string before its extensions: <0, 0, >0. */
int str_compare(struct str a, struct str b);

/* Index of the first occurrence of `needle`, or SIZE_MAX. An empty needle is at 0. */
size_t str_find(struct str s, struct str needle);

/* s without leading and trailing ASCII white space. */
struct str str_trim(struct str s);

/*
 * Takes the part of *rest before `separator` and moves *rest behind it. Returns
 * false once nothing is left; "a,,b" gives "a", "", "b".
 */
bool str_cut(struct str *rest, char separator, struct str *ret_part);

/* What follows "SCHEME:" in `url`; empty: it is of no such scheme, or nothing follows. */
struct str str_behind_scheme(struct str url, const char *scheme);

/* The next line of *rest without its LF or CRLF; false at the end. */
bool str_cut_line(struct str *rest, struct str *ret_line);

/*
 * The whole of s as a number: optional sign, decimal digits; u64 also takes
 * 0x and hex digits. Returns 0, -EINVAL (not a number) or -ERANGE; the output is untouched
 * on failure.
 */
int str_to_i64(struct str s, int64_t *ret_number);
int str_to_u64(struct str s, uint64_t *ret_number);

/* The whole of s as a decimal floating-point number (JSON's grammar, plus a leading '+'). */
int str_to_double(struct str s, double *ret_number);

/* A copy on the heap, with a NUL behind it; the caller frees it. NULL: no memory. */
char *str_dup(struct str s);

/* The value of a hex digit, or -1. */
static inline int str_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
