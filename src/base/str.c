#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool ascii_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq_ascii_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.len == 0)
        return 0;
    const char *hit = s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
    return hit ? (size_t)(hit - s.ptr) : SIZE_MAX;
}

struct str str_trim(struct str s)
{
    while (s.len && ascii_space(s.ptr[0]))
        s = str_skip(s, 1);
    while (s.len && ascii_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool str_cut(struct str *rest, char separator, struct str *ret_part)
{
    if (!rest->ptr)
        return false;
    size_t at = str_index(*rest, separator);
    *ret_part = str_first(*rest, at);
    *rest = at < rest->len ? str_skip(*rest, at + 1) : (struct str){0};
    return true;
}

struct str str_behind_scheme(struct str url, const char *scheme)
{
    struct str name;
    return str_cut(&url, ':', &name) && str_eq(name, str_from_c(scheme)) ? url : STR("");
}

bool str_cut_line(struct str *rest, struct str *ret_line)
{
    if (rest->len == 0)
        return false;
    size_t at = str_index(*rest, '\n');
    struct str line = str_first(*rest, at);
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    *rest = str_skip(*rest, at + 1);
    *ret_line = line;
    return true;
}

static int decimal(struct str s, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (s.len == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned char)s.ptr[i] - '0';
        if (digit > 9)
            return -EINVAL;
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return -ERANGE;
    }
    *ret_number = number;
    return 0;
}

int str_to_u64(struct str s, uint64_t *ret_number)
{
    if (!str_starts(s, STR("0x")) && !str_starts(s, STR("0X")))
        return decimal(s.len && s.ptr[0] == '+' ? str_skip(s, 1) : s, ret_number);
    if (s.len < 3 || s.len > 18)
        return s.len < 3 ? -EINVAL : -ERANGE;
    uint64_t number = 0;
    for (size_t i = 2; i < s.len; i++) {
        int digit = str_hex_digit(s.ptr[i]);
        if (digit < 0)
            return -EINVAL;
        number = number << 4 | (unsigned)digit;
    }
    *ret_number = number;
    return 0;
}

int str_to_i64(struct str s, int64_t *ret_number)
{
    bool negative = s.len && s.ptr[0] == '-';
    uint64_t size;
    int status = decimal(s.len && (negative || s.ptr[0] == '+') ? str_skip(s, 1) : s, &size);
    if (status < 0)
        return status;
    if (size > (uint64_t)INT64_MAX + negative)
        return -ERANGE;
    *ret_number = negative ? (int64_t)(0 - size) : (int64_t)size;
    return 0;
}

static size_t count_digits(struct str s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
        n++;
    return n;
}

/* sign? digits (. digits)? (e sign? digits)? and nothing else */
static bool is_number(struct str s)
{
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = str_skip(s, 1);
    size_t whole = count_digits(s);
    s = str_skip(s, whole);
    if (whole == 0)
        return false;
    if (s.len && s.ptr[0] == '.') {
        s = str_skip(s, 1);
        size_t fraction = count_digits(s);
        if (fraction == 0)
            return false;
        s = str_skip(s, fraction);
    }
    if (s.len && (s.ptr[0] | 0x20) == 'e') {
        s = str_skip(s, 1);
        if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
            s = str_skip(s, 1);
        size_t exponent = count_digits(s);
        return exponent > 0 && exponent == s.len;
    }
    return s.len == 0;
}

int str_to_double(struct str s, double *ret_number)
{
    char text[64];
    if (!is_number(s))
        return -EINVAL;
    if (s.len >= sizeof(text))
        return -ERANGE;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    *ret_number = strtod(text, NULL);
    return 0;
}

char *str_dup(struct str s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}
