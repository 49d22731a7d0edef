#include "intel/punycode.h"

#include "base/utf8.h"

/* RFC 3492, 5: the parameters of Bootstring that make it Punycode. */
enum {
    BASE = 36,
    T_MIN = 1,
    T_MAX = 26,
    SKEW = 38,
    DAMP = 700,
    INITIAL_BIAS = 72,
    INITIAL_N = 128,
};

#define POINTS_MAX 256 /* code points of a label; a longer one has no 63 bytes of ASCII either */

struct writer {
    char *bytes;
    size_t len, max;
};

static bool put(struct writer *out, char c)
{
    if (out->len >= out->max)
        return false;
    out->bytes[out->len++] = c;
    return true;
}

/* RFC 3492, 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static char digit(uint32_t value)
{
    return (char)(value < 26 ? 'a' + value : '0' + (value - 26));
}

/* A generalised variable-length integer (RFC 3492, 3.3). */
static bool put_integer(struct writer *out, uint32_t q, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
        if (q < t)
            return put(out, digit(q));
        if (!put(out, digit(t + (q - t) % (BASE - t))))
            return false;
        q = (q - t) / (BASE - t);
    }
}

/* RFC 3492, 6.3, behind the basic code points. */
static bool put_others(struct writer *out, const uint32_t *points, uint32_t count, uint32_t basic)
{
    uint32_t n = INITIAL_N, bias = INITIAL_BIAS, delta = 0, handled = basic;
    while (handled < count) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < count; i++)
            if (points[i] >= n && points[i] < next)
                next = points[i];
        delta += (next - n) * (handled + 1); /* 0x110000 * 257 fits */
        n = next;
        for (uint32_t i = 0; i < count; i++) {
            delta += points[i] < n;
            if (points[i] != n)
                continue;
            if (!put_integer(out, delta, bias))
                return false;
            bias = adapt(delta, handled + 1, handled == basic);
            delta = 0;
            handled++;
        }
        delta++;
        n++;
    }
    return true;
}

size_t punycode_label(struct str label, char *ret_bytes, size_t max)
{
    uint32_t points[POINTS_MAX], count = 0, basic = 0;
    struct writer out = {ret_bytes, 0, max};
    while (label.len) {
        if (count == POINTS_MAX)
            return 0;
        label = str_skip(label, utf8_decode(label, &points[count++]));
    }
    for (const char *c = "xn--"; *c; c++)
        if (!put(&out, *c))
            return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (points[i] >= INITIAL_N)
            continue;
        char c = (char)points[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!good || !put(&out, c))
            return 0;
        basic++;
    }
    if (basic && !put(&out, '-'))
        return 0;
    return put_others(&out, points, count, basic) ? out.len : 0;
}
