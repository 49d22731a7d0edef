#include "parse/number.h"

static size_t digits(struct str text, size_t at)
{
    size_t i = at;
    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9')
        i++;
    return i - at;
}

enum value_type number_type(struct str text)
{
    size_t at = text.len > 0 && text.ptr[0] == '-';
    size_t whole = digits(text, at);
    if (whole == 0 || (whole > 1 && text.ptr[at] == '0'))
        return VALUE_STRING;
    at += whole;
    if (at == text.len)
        return VALUE_INT;
    if (text.ptr[at] == '.') {
        size_t part = digits(text, at + 1);
        if (part == 0)
            return VALUE_STRING;
        at += part + 1;
    }
    if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
        at++;
        at += at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-');
        size_t exponent = digits(text, at);
        if (exponent == 0)
            return VALUE_STRING;
        at += exponent;
    }
    return at == text.len ? VALUE_FLOAT : VALUE_STRING;
}
