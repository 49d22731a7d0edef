#include "hunt/kql_literal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "hunt/kql_lexer.h"

#define NS_PER_TICK 100
#define REAL_TEXT_MAX 64 /* bytes of a number, as str_to_double() has it */

/* ---- strings ------------------------------------------------------------------------------- */

/* `digits` hex digits at the front of s. */
static int hex_read(struct str s, size_t digits, uint32_t *ret_number)
{
    uint32_t number = 0;
    if (s.len < digits)
        return -EINVAL;
    for (size_t i = 0; i < digits; i++) {
        int digit = str_hex_digit(s.ptr[i]);
        if (digit < 0)
            return -EINVAL;
        number = number << 4 | (uint32_t)digit;
    }
    *ret_number = number;
    return 0;
}

/* \0 to \377: up to three octal digits at the front of s; returns how many, or 0. */
static size_t octal_read(struct str s, uint32_t *ret_number)
{
    size_t len = 0, max = s.len && s.ptr[0] <= '3' ? 3 : 2;
    uint32_t number = 0;
    for (; len < max && len < s.len && s.ptr[len] >= '0' && s.ptr[len] <= '7'; len++)
        number = number << 3 | (uint32_t)(s.ptr[len] - '0');
    *ret_number = number;
    return len;
}

/* \uD83D\uDE00: the second half of a surrogate pair follows the first. */
static size_t low_surrogate(struct str s, uint32_t *code_point)
{
    uint32_t low;
    if (*code_point < 0xd800 || *code_point > 0xdbff || !str_starts(s, STR("\\u")) ||
        hex_read(str_skip(s, 2), 4, &low) < 0 || low < 0xdc00 || low > 0xdfff)
        return 0;
    *code_point = 0x10000 + ((*code_point - 0xd800) << 10) + (low - 0xdc00);
    return 6;
}

/* The escape at the front of s, behind its backslash: the bytes it takes, or 0 where it means nothing. */
static size_t escape_read(struct str s, uint32_t *ret_code_point)
{
    static const char letters[] = "abfnrtv\\\"'/", meanings[] = "\a\b\f\n\r\t\v\\\"'/";
    if (s.len == 0)
        return 0;
    const char *letter = s.ptr[0] ? strchr(letters, s.ptr[0]) : NULL;
    if (letter) {
        *ret_code_point = (unsigned char)meanings[letter - letters];
        return 1;
    }
    size_t digits = s.ptr[0] == 'x' ? 2 : s.ptr[0] == 'u' ? 4 : s.ptr[0] == 'U' ? 8 : 0;
    if (digits == 0)
        return octal_read(s, ret_code_point);
    if (hex_read(str_skip(s, 1), digits, ret_code_point) < 0)
        return 0;
    return 1 + digits + low_surrogate(str_skip(s, 1 + digits), ret_code_point);
}

/* UTF-8 never grows by this: the shortest escape of a code point is as long as its bytes. */
static int unescape(struct str s, char *bytes, size_t *ret_len, size_t *ret_at)
{
    size_t len = 0;
    for (size_t i = 0; i < s.len;) {
        uint32_t c;
        if (s.ptr[i] != '\\') {
            bytes[len++] = s.ptr[i++];
            continue;
        }
        size_t taken = escape_read(str_skip(s, i + 1), &c);
        if (taken == 0) {
            *ret_at = i;
            return -EINVAL;
        }
        len += utf8_encode(c, bytes + len);
        i += 1 + taken;
    }
    *ret_len = len;
    return 0;
}

/* Doubled quotes of @"..." become single ones. */
static size_t undouble(struct str s, char quote, char *bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        bytes[len++] = s.ptr[i];
        if (s.ptr[i] == quote)
            i++;
    }
    return len;
}

int kql_string_read(struct arena *arena, struct str token, struct str *ret_text, bool *ret_hidden,
                    size_t *ret_at)
{
    bool hidden = token.ptr[0] == 'h' || token.ptr[0] == 'H';
    bool verbatim = token.ptr[hidden] == '@';
    size_t open = (size_t)hidden + verbatim;
    bool block = token.ptr[open] == '`' || token.ptr[open] == '~';
    size_t quotes = block ? 3 : 1;
    struct str inner = str_of(token.ptr + open + quotes, token.len - open - 2 * quotes);
    /* utf8_encode() writes four bytes at most; the escape it stands for may be the last of the text. */
    char *bytes = arena_bytes(arena, inner.len + 4);
    size_t len = inner.len;
    if (!bytes)
        return -ENOMEM;
    if (verbatim) {
        len = undouble(inner, token.ptr[open], bytes);
    } else if (block) {
        memcpy(bytes, inner.ptr, inner.len);
    } else if (unescape(inner, bytes, &len, ret_at) < 0) {
        *ret_at += open + quotes;
        return -EINVAL;
    }
    *ret_text = str_of(bytes, len);
    *ret_hidden = hidden;
    return 0;
}

void kql_string_print(struct buf *buf, struct str text)
{
    static const char controls[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
    buf_add_byte(buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        const char *control = c ? strchr(controls, c) : NULL;
        if (control)
            buf_printf(buf, "\\%c", letters[control - controls]);
        else if (c == '"' || c == '\\')
            buf_printf(buf, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(buf, "\\u%04x", c);
        else
            buf_add_byte(buf, (char)c);
    }
    buf_add_byte(buf, '"');
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* Every spelling of a unit of time, and its nanoseconds. */
static const struct {
    const char *word;
    int64_t ns;
} units[] = {{"d", 86400000000000},
             {"day", 86400000000000},
             {"days", 86400000000000},
             {"h", 3600000000000},
             {"hr", 3600000000000},
             {"hrs", 3600000000000},
             {"hour", 3600000000000},
             {"hours", 3600000000000},
             {"m", 60000000000},
             {"min", 60000000000},
             {"minute", 60000000000},
             {"minutes", 60000000000},
             {"s", 1000000000},
             {"sec", 1000000000},
             {"second", 1000000000},
             {"seconds", 1000000000},
             {"ms", 1000000},
             {"milli", 1000000},
             {"millis", 1000000},
             {"millisec", 1000000},
             {"millisecond", 1000000},
             {"milliseconds", 1000000},
             {"us", 1000},
             {"micro", 1000},
             {"micros", 1000},
             {"microsec", 1000},
             {"microsecond", 1000},
             {"microseconds", 1000},
             {"nano", 1},
             {"nanos", 1},
             {"nanosec", 1},
             {"nanosecond", 1},
             {"nanoseconds", 1},
             {"tick", NS_PER_TICK},
             {"ticks", NS_PER_TICK}};

int64_t kql_unit_ns(struct str word)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (str_eq(str_from_c(units[i].word), word))
            return units[i].ns;
    return 0;
}

static size_t digits_length(struct str s)
{
    size_t len = 0;
    while (len < s.len && s.ptr[len] >= '0' && s.ptr[len] <= '9')
        len++;
    return len;
}

/* Decimal digits, maybe with a fraction, times `unit_ns`, cut to whole ticks. */
static int ticks_read(struct str s, int64_t unit_ns, int64_t *ret_ticks)
{
    size_t whole = digits_length(s), digits = 0;
    int64_t ticks = 0, number = 0, fraction_ns = 0, place_ns = unit_ns;
    if (whole && str_to_i64(str_first(s, whole), &number) < 0)
        return -ERANGE;
    if (unit_ns < NS_PER_TICK)
        ticks = number / (NS_PER_TICK / unit_ns);
    else if (__builtin_mul_overflow(number, unit_ns / NS_PER_TICK, &ticks))
        return -ERANGE;
    struct str rest = str_skip(s, whole);
    if (rest.len && rest.ptr[0] == '.') {
        rest = str_skip(rest, 1);
        digits = digits_length(rest);
        for (size_t i = 0; i < digits; i++) {
            place_ns /= 10;
            fraction_ns += (rest.ptr[i] - '0') * place_ns;
        }
        rest = str_skip(rest, digits);
    }
    if (rest.len || whole + digits == 0)
        return -EINVAL;
    return __builtin_add_overflow(ticks, fraction_ns / NS_PER_TICK, ret_ticks) ? -ERANGE : 0;
}

/* "1.5h", "15 seconds", "3" (days). */
static int quantity_read(struct str s, int64_t *ret_ticks)
{
    size_t len = 0;
    while (len < s.len && ((s.ptr[len] >= '0' && s.ptr[len] <= '9') || s.ptr[len] == '.'))
        len++;
    struct str word = str_trim(str_skip(s, len));
    int64_t unit_ns = kql_unit_ns(word.len ? word : STR("d"));
    return unit_ns ? ticks_read(str_first(s, len), unit_ns, ret_ticks) : -EINVAL;
}

/* A number of at most `max` in front of `separator`, or all of *rest where there is none. */
static int clock_part(struct str *rest, char separator, int64_t max, int64_t *ret_number)
{
    struct str part = str_first(*rest, str_index(*rest, separator));
    int64_t number;
    if (part.len == 0 || digits_length(part) != part.len || str_to_i64(part, &number) < 0)
        return -EINVAL;
    if (number > max)
        return -ERANGE;
    *rest = str_skip(*rest, part.len + 1);
    *ret_number = number;
    return 0;
}

/* [days.]hh:mm[:ss[.fffffff]] */
static int clock_read(struct str s, int64_t *ret_ticks)
{
    int64_t days = 0, hours, minutes, seconds = 0;
    int status = 0;
    if (str_index(s, '.') < str_index(s, ':'))
        status = clock_part(&s, '.', INT64_MAX / KQL_TICKS_PER_DAY - 1, &days);
    if (status == 0)
        status = clock_part(&s, ':', 23, &hours);
    if (status == 0)
        status = clock_part(&s, ':', 59, &minutes);
    if (status == 0 && s.len)
        status = ticks_read(s, 1000000000, &seconds);
    if (status == 0 && seconds >= 60 * KQL_TICKS_PER_SECOND)
        status = -ERANGE;
    if (status == 0)
        *ret_ticks =
            days * KQL_TICKS_PER_DAY + (hours * 60 + minutes) * 60 * KQL_TICKS_PER_SECOND + seconds;
    return status;
}

int kql_timespan_read(struct str s, int64_t *ret_ticks)
{
    s = str_trim(s);
    bool negative = s.len && s.ptr[0] == '-';
    s = str_trim(str_skip(s, negative));
    int64_t ticks;
    int status = str_index(s, ':') < s.len ? clock_read(s, &ticks) : quantity_read(s, &ticks);
    if (status == 0)
        *ret_ticks = negative ? -ticks : ticks;
    return status;
}

/* "1." is a number in KQL. */
static int real_read(struct str s, double *ret_real)
{
    static const char *const words[] = {"nan", "inf", "+inf", "-inf"};
    static const double meanings[] = {NAN, INFINITY, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_eq_ascii_nocase(s, str_from_c(words[i]))) {
            *ret_real = meanings[i];
            return 0;
        }
    }
    double real;
    char text[REAL_TEXT_MAX];
    size_t dot = str_index(s, '.');
    bool bare = dot < s.len && (dot + 1 == s.len || s.ptr[dot + 1] == 'e' || s.ptr[dot + 1] == 'E');
    if (bare && s.len <= sizeof(text)) {
        memcpy(text, s.ptr, dot);
        memcpy(text + dot, s.ptr + dot + 1, s.len - dot - 1);
        s = str_of(text, s.len - 1);
    }
    int status = str_to_double(s, &real);
    if (status == 0 && isinf(real))
        return -ERANGE;
    if (status == 0)
        *ret_real = real;
    return status;
}

static int integer_read(struct str s, int64_t *ret_integer)
{
    bool negative = s.len && s.ptr[0] == '-';
    uint64_t size;
    int status = str_to_u64(str_skip(s, negative), &size);
    if (status < 0)
        return status;
    if (size > (uint64_t)INT64_MAX + negative)
        return -ERANGE;
    *ret_integer = (int64_t)(negative ? 0 - size : size);
    return 0;
}

int kql_number_read(struct str token, enum kql_type type, struct kql_literal *ret_literal)
{
    struct kql_literal literal = {.type = type};
    int status;
    if (type == KQL_TIMESPAN)
        status = quantity_read(token, &literal.ticks);
    else if (type == KQL_REAL)
        status = real_read(token, &literal.real);
    else
        status = integer_read(token, &literal.integer);
    if (status == 0)
        *ret_literal = literal;
    return status;
}

/* ---- datetimes ----------------------------------------------------------------------------- */

/* One or two digits, at most `max`, at the front of *rest. */
static bool date_part(struct str *rest, int64_t max, int *ret_number)
{
    size_t len = digits_length(str_first(*rest, 2));
    int64_t number;
    if (len == 0 || str_to_i64(str_first(*rest, len), &number) < 0 || number > max)
        return false;
    *ret_number = (int)number;
    *rest = str_skip(*rest, len);
    return true;
}

static bool skip_one(struct str *rest, const char *of)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || !strchr(of, rest->ptr[0]))
        return false;
    *rest = str_skip(*rest, 1);
    return true;
}

/* Z, +hh:mm, -hhmm, or nothing: UTC. */
static bool zone_read(struct str rest, int64_t *ret_ticks)
{
    int hours = 0, minutes = 0;
    *ret_ticks = 0;
    if (skip_one(&rest, "Zz"))
        return rest.len == 0;
    bool west = rest.len && rest.ptr[0] == '-';
    if (skip_one(&rest, "+-")) {
        if (!date_part(&rest, 14, &hours))
            return false;
        skip_one(&rest, ":");
        if (rest.len && !date_part(&rest, 59, &minutes))
            return false;
        *ret_ticks = (hours * 60 + minutes) * (west ? -60 : 60) * KQL_TICKS_PER_SECOND;
    }
    return rest.len == 0;
}

/* hh[:mm[:ss[.fffffff]]][zone] */
static bool clock_of_day(struct str rest, int64_t *ret_ticks)
{
    int hour, minute = 0, second = 0;
    int64_t fraction = 0, scale = KQL_TICKS_PER_SECOND, zone;
    if (!date_part(&rest, 23, &hour) || (skip_one(&rest, ":") && !date_part(&rest, 59, &minute)) ||
        (skip_one(&rest, ":") && !date_part(&rest, 59, &second)))
        return false;
    if (skip_one(&rest, ".,")) {
        size_t digits = digits_length(rest);
        for (size_t i = 0; i < digits; i++, scale /= 10)
            fraction += (rest.ptr[i] - '0') * (scale / 10);
        rest = str_skip(rest, digits);
    }
    if (!zone_read(str_trim(rest), &zone))
        return false;
    *ret_ticks = ((hour * 60 + minute) * 60 + second) * KQL_TICKS_PER_SECOND + fraction - zone;
    return true;
}

/* yyyy[-mm[-dd[Thh...]]] */
static bool iso_read(struct str s, int64_t *ret_ticks)
{
    int64_t year, clock = 0;
    int month = 1, day = 1;
    if (digits_length(s) != 4 || str_to_i64(str_first(s, 4), &year) < 0 || year == 0)
        return false;
    s = str_skip(s, 4);
    if (skip_one(&s, "-/") && !date_part(&s, 12, &month))
        return false;
    if (skip_one(&s, "-/") && !date_part(&s, 31, &day))
        return false;
    bool whole_day = s.len == 0;
    if (!whole_day && (!skip_one(&s, "Tt ") || !clock_of_day(str_trim(s), &clock)))
        return false;
    int64_t us = time_from_civil(year, month, day, 0, 0, 0, 0);
    struct time_parts parts;
    time_to_parts(us, &parts);
    if (parts.month != month || parts.day != day) /* the 31st of a short month */
        return false;
    *ret_ticks = us * KQL_TICKS_PER_US + clock;
    return true;
}

int kql_datetime_read(struct str s, int64_t *ret_ticks)
{
    int64_t us;
    s = str_trim(s);
    if (iso_read(s, ret_ticks))
        return 0;
    /* A number alone is no datetime in KQL, though time_parse() would take it for seconds. */
    if (digits_length(s) == s.len || str_to_double(s, &(double){0}) == 0 || time_parse(s, &us) < 0)
        return -EINVAL;
    if (us < time_from_civil(1, 1, 1, 0, 0, 0, 0) || us >= time_from_civil(10000, 1, 1, 0, 0, 0, 0))
        return -EINVAL;
    *ret_ticks = us * KQL_TICKS_PER_US;
    return 0;
}

/* ---- literals with their type -------------------------------------------------------------- */

int kql_guid_read(struct str s, char ret_text[static KQL_GUID_LEN])
{
    char text[KQL_GUID_LEN];
    if (s.len != KQL_GUID_LEN)
        return -EINVAL;
    for (size_t i = 0; i < KQL_GUID_LEN; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = str_hex_digit(s.ptr[i]);
        if (hyphen ? s.ptr[i] != '-' : digit < 0)
            return -EINVAL;
        text[i] = hyphen ? '-' : "0123456789abcdef"[digit];
    }
    memcpy(ret_text, text, KQL_GUID_LEN);
    return 0;
}

static int bool_read(struct str s, bool *ret_value)
{
    bool yes = str_eq_ascii_nocase(s, STR("true")) || str_eq(s, STR("1"));
    if (!yes && !str_eq_ascii_nocase(s, STR("false")) && !str_eq(s, STR("0")))
        return -EINVAL;
    *ret_value = yes;
    return 0;
}

static int text_keep(struct arena *arena, struct str text, struct str *ret_text)
{
    *ret_text = arena_copy(arena, text);
    return ret_text->ptr ? 0 : -ENOMEM;
}

static int value_read(struct arena *arena, struct str s, struct kql_literal *literal)
{
    char guid[KQL_GUID_LEN];
    int status = -EINVAL;
    switch (literal->type) {
    case KQL_BOOL:
        return bool_read(s, &literal->boolean);
    case KQL_INT:
        status = integer_read(s, &literal->integer);
        return status == 0 && literal->integer != (int32_t)literal->integer ? -ERANGE : status;
    case KQL_LONG:
        return integer_read(s, &literal->integer);
    case KQL_REAL:
        return real_read(s, &literal->real);
    case KQL_DECIMAL:
        status = str_to_double(s, &(double){0});
        return status < 0 ? status : text_keep(arena, s, &literal->text);
    case KQL_DATETIME:
        return kql_datetime_read(s, &literal->ticks);
    case KQL_TIMESPAN:
        return kql_timespan_read(s, &literal->ticks);
    case KQL_GUID:
        status = kql_guid_read(s, guid);
        return status < 0 ? status : text_keep(arena, str_of(guid, sizeof(guid)), &literal->text);
    case KQL_STRING: /* their brackets hold no literal of their own */
    case KQL_DYNAMIC:
    case KQL_TYPE_NONE:
        break;
    }
    return status;
}

int kql_typed_read(struct arena *arena, struct str token, struct kql_literal *ret_literal)
{
    size_t open = str_index(token, '(');
    struct kql_literal literal = {.type = kql_type_of(str_trim(str_first(token, open)))};
    struct str inner = str_trim(str_of(token.ptr + open + 1, token.len - open - 2));
    ret_literal->type = literal.type;
    if (inner.len >= 2 && (inner.ptr[0] == '"' || inner.ptr[0] == '\'') &&
        inner.ptr[inner.len - 1] == inner.ptr[0])
        inner = str_of(inner.ptr + 1, inner.len - 2);
    literal.null = str_eq(inner, STR("null"));
    int status = literal.null ? 0 : value_read(arena, inner, &literal);
    if (status == 0)
        *ret_literal = literal;
    return status;
}

/* ---- printing ------------------------------------------------------------------------------ */

/* The fewest digits that read back as the same number, and never those of a long. */
static void real_print(struct buf *buf, double real)
{
    char text[40];
    if (isnan(real) || isinf(real)) {
        buf_add_c(buf, isnan(real) ? "real(nan)" : real > 0 ? "real(+inf)" : "real(-inf)");
        return;
    }
    buf_add_c(buf, signbit(real) ? "real(-" : "");
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, fabs(real));
        if (strtod(text, NULL) == fabs(real))
            break;
    }
    buf_add_c(buf, text);
    if (!strpbrk(text, ".e"))
        buf_add_c(buf, ".0");
    if (signbit(real))
        buf_add_byte(buf, ')');
}

/* In the largest unit that needs no fraction. */
static void timespan_print(struct buf *buf, int64_t ticks)
{
    static const char *const words[] = {"d", "h", "m", "s", "ms", "microseconds", "ticks"};
    uint64_t size = ticks < 0 ? 0 - (uint64_t)ticks : (uint64_t)ticks;
    size_t i = size == 0 ? 3 : 0;
    while (size % ((uint64_t)kql_unit_ns(str_from_c(words[i])) / NS_PER_TICK))
        i++;
    buf_add_c(buf, ticks < 0 ? "timespan(-" : "");
    buf_add_u64(buf, size / ((uint64_t)kql_unit_ns(str_from_c(words[i])) / NS_PER_TICK));
    buf_add_c(buf, words[i]);
    buf_add_c(buf, ticks < 0 ? ")" : "");
}

static void datetime_print(struct buf *buf, int64_t ticks)
{
    int64_t of_day = ticks % KQL_TICKS_PER_DAY;
    of_day += of_day < 0 ? KQL_TICKS_PER_DAY : 0;
    struct time_parts parts;
    time_to_parts((ticks - of_day) / KQL_TICKS_PER_US, &parts);
    buf_printf(buf, "datetime(%04d-%02d-%02d", (int)parts.year, parts.month, parts.day);
    if (of_day) {
        int seconds = (int)(of_day / KQL_TICKS_PER_SECOND);
        int fraction = (int)(of_day % KQL_TICKS_PER_SECOND);
        buf_printf(buf, "T%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if (fraction)
            buf_printf(buf, ".%07d", fraction);
        buf_add_byte(buf, 'Z');
    }
    buf_add_byte(buf, ')');
}

static void typed_print(struct buf *buf, enum kql_type type, struct str text)
{
    buf_add_str(buf, kql_type_name(type));
    buf_add_byte(buf, '(');
    buf_add_str(buf, text);
    buf_add_byte(buf, ')');
}

static void integer_print(struct buf *buf, const struct kql_literal *literal)
{
    bool typed = literal->type == KQL_INT || literal->integer < 0;
    if (typed) {
        buf_add_str(buf, kql_type_name(literal->type));
        buf_add_byte(buf, '(');
    }
    buf_add_i64(buf, literal->integer);
    if (typed)
        buf_add_byte(buf, ')');
}

void kql_literal_print(struct buf *buf, const struct kql_literal *literal)
{
    if (literal->null && literal->type == KQL_DYNAMIC) {
        buf_add_c(buf, "null");
        return;
    }
    if (literal->null) {
        typed_print(buf, literal->type, STR("null"));
        return;
    }
    switch (literal->type) {
    case KQL_BOOL:
        buf_add_c(buf, literal->boolean ? "true" : "false");
        break;
    case KQL_INT:
    case KQL_LONG:
        integer_print(buf, literal);
        break;
    case KQL_REAL:
        real_print(buf, literal->real);
        break;
    case KQL_DATETIME:
        datetime_print(buf, literal->ticks);
        break;
    case KQL_TIMESPAN:
        timespan_print(buf, literal->ticks);
        break;
    case KQL_DECIMAL:
    case KQL_GUID:
        typed_print(buf, literal->type, literal->text);
        break;
    case KQL_STRING:
        buf_add_c(buf, literal->hidden ? "h" : "");
        kql_string_print(buf, literal->text);
        break;
    case KQL_DYNAMIC:
    case KQL_TYPE_NONE:
        break;
    }
}
