#include "hunt/text_punycode.h"

#include "base/utf8.h"
#include "base/vec.h"

/* RFC 3492, 5 */
#define BASE 36u
#define T_MIN 1u
#define T_MAX 26u
#define SKEW 38u
#define DAMP 700u
#define INITIAL_BIAS 72u
#define INITIAL_N 128u
#define CODE_POINT_MAX 0x10ffffu

struct points {
    uint32_t *items;
    size_t len, cap;
};

/* 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / count;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
}

static char digit(uint32_t value)
{
    return (char)(value < 26 ? 'a' + (int)value : '0' + (int)value - 26);
}

static void put_integer(struct buf *out, uint32_t number, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias);
        if (number < t)
            break;
        buf_add_byte(out, digit(t + (number - t) % (BASE - t)));
        number = (number - t) / (BASE - t);
    }
    buf_add_byte(out, digit(number));
}

static bool read_points(struct str text, struct points *points)
{
    while (text.len) {
        uint32_t point;
        size_t len = utf8_decode(text, &point);
        if (points->len == PUNYCODE_POINTS_MAX || vec_push(points, point) < 0)
            return false;
        text = str_skip(text, len);
    }
    return true;
}

static uint32_t least_from(const struct points *points, uint32_t from)
{
    uint32_t least = CODE_POINT_MAX;
    for (size_t i = 0; i < points->len; i++)
        if (points->items[i] >= from && points->items[i] < least)
            least = points->items[i];
    return least;
}

/* 6.3. Sums stay below PUNYCODE_POINTS_MAX * CODE_POINT_MAX, which uint64_t holds; more than 32 bits is refused. */
static bool encode_points(const struct points *points, struct buf *out)
{
    uint32_t n = INITIAL_N, bias = INITIAL_BIAS, basic = 0, done;
    uint64_t delta = 0;
    for (size_t i = 0; i < points->len; i++)
        if (points->items[i] < INITIAL_N) {
            buf_add_byte(out, (char)points->items[i]);
            basic++;
        }
    if (basic && basic < points->len)
        buf_add_byte(out, '-');
    for (done = basic; done < points->len; delta++, n++) {
        uint32_t next = least_from(points, n);
        delta += (uint64_t)(next - n) * (done + 1);
        n = next;
        for (size_t i = 0; i < points->len; i++) {
            delta += points->items[i] < n;
            if (delta > UINT32_MAX)
                return false;
            if (points->items[i] != n)
                continue;
            put_integer(out, (uint32_t)delta, bias);
            bias = adapt((uint32_t)delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
    }
    return true;
}

bool text_punycode_encode(struct str text, struct buf *out)
{
    struct points points = {0};
    bool whole = read_points(text, &points) && encode_points(&points, out);
    vec_free(&points);
    return whole;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0' + 26;
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'z' ? c - 'a' : -1;
}

/* One integer of variable length; its value is added to *number. */
static bool take_integer(struct str *code, uint32_t bias, uint64_t *number)
{
    uint64_t weight = 1;
    for (uint32_t k = BASE; code->len; k += BASE) {
        int value = digit_value(code->ptr[0]);
        uint32_t t = threshold(k, bias);
        *code = str_skip(*code, 1);
        if (value < 0)
            return false;
        *number += (uint64_t)value * weight;
        if (*number > UINT32_MAX)
            return false;
        if ((uint32_t)value < t)
            return true;
        weight *= BASE - t;
        if (weight > UINT32_MAX)
            return false;
    }
    return false;
}

/* 6.2 */
static bool decode_points(struct str code, struct points *points)
{
    uint32_t bias = INITIAL_BIAS;
    uint64_t n = INITIAL_N, at = 0;
    size_t basic = code.len;
    while (basic > 0 && code.ptr[basic - 1] != '-')
        basic--;
    if (!read_points(str_first(code, basic ? basic - 1 : 0), points))
        return false;
    for (code = str_skip(code, basic); code.len; at++) {
        uint64_t before = at;
        if (!take_integer(&code, bias, &at) || vec_push(points, 0) < 0 ||
            points->len > PUNYCODE_POINTS_MAX)
            return false;
        uint32_t count = (uint32_t)points->len;
        bias = adapt((uint32_t)(at - before), count, before == 0);
        n += at / count;
        at %= count;
        if (n > CODE_POINT_MAX)
            return false;
        memmove(points->items + at + 1, points->items + at, (count - 1 - at) * sizeof(uint32_t));
        points->items[at] = (uint32_t)n;
    }
    return true;
}

bool text_punycode_decode(struct str code, struct buf *out)
{
    struct points points = {0};
    bool whole = utf8_is_ascii(code) && decode_points(code, &points);
    for (size_t i = 0; whole && i < points.len; i++) {
        char bytes[4];
        buf_add(out, bytes, utf8_encode(points.items[i], bytes));
    }
    vec_free(&points);
    return whole;
}

bool text_punycode_encode_domain(struct str domain, struct buf *out)
{
    struct str label;
    bool whole = true, first = true;
    while (whole && str_cut(&domain, '.', &label)) {
        buf_add_c(out, first ? "" : ".");
        first = false;
        if (utf8_is_ascii(label)) {
            buf_add_str(out, label);
            continue;
        }
        buf_add_c(out, "xn--");
        whole = text_punycode_encode(label, out);
    }
    return whole;
}

bool text_punycode_decode_domain(struct str domain, struct buf *out)
{
    struct str label;
    bool whole = true, first = true;
    while (whole && str_cut(&domain, '.', &label)) {
        buf_add_c(out, first ? "" : ".");
        first = false;
        if (str_eq_ascii_nocase(str_first(label, 4), STR("xn--")))
            whole = text_punycode_decode(str_skip(label, 4), out);
        else
            buf_add_str(out, label);
    }
    return whole;
}
