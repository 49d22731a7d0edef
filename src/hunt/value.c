#include "hunt/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "hunt/dynamic.h"

#define REAL_TEXT_MAX 40
#define REAL_DIGITS_MAX 17  /* that any double needs to read back */
#define REAL_FIXED_MAX 15   /* powers of ten from which an exponent is written, */
#define REAL_FIXED_MIN (-4) /* and below which */
#define SECONDS_PER_DAY 86400

/* d.ddde±x with as few digits as read back. `number` is finite and not 0. */
static void write_shortest(double number, char ret_text[static REAL_TEXT_MAX])
{
    double again;
    for (int digits = 0; digits < REAL_DIGITS_MAX; digits++) {
        snprintf(ret_text, REAL_TEXT_MAX, "%.*e", digits, number);
        if (str_to_double(str_from_c(ret_text), &again) == 0 && again == number)
            return;
    }
}

void value_write_real(struct buf *out, double number)
{
    char text[REAL_TEXT_MAX];
    int64_t exponent = 0;
    if (isnan(number) || isinf(number) || number == 0) {
        buf_add_c(out, isnan(number) ? "NaN"
                       : number > 0  ? "Infinity"
                       : number < 0  ? "-Infinity"
                                     : "0");
        return;
    }
    write_shortest(number, text);
    struct str all = str_from_c(text);
    size_t mark = str_index(all, 'e');
    struct str mantissa = str_first(all, mark);
    str_to_i64(str_skip(all, mark + 1), &exponent);
    if (exponent >= REAL_FIXED_MAX || exponent < REAL_FIXED_MIN) {
        buf_printf(out, "%.*sE%c%02d", STR_ARG(mantissa), exponent < 0 ? '-' : '+',
                   (int)(exponent < 0 ? -exponent : exponent));
        return;
    }
    size_t point = str_index(mantissa, '.');
    int behind = point < mantissa.len ? (int)(mantissa.len - point - 1) : 0;
    int fraction = behind - (int)exponent;
    buf_printf(out, "%.*f", fraction > 0 ? fraction : 0, number);
}

void value_write_timespan(struct buf *out, int64_t us)
{
    uint64_t size = us < 0 ? -(uint64_t)us : (uint64_t)us;
    uint64_t second = size / (uint64_t)TIME_SECOND_US, micro = size % (uint64_t)TIME_SECOND_US;
    buf_add_c(out, us < 0 ? "-" : "");
    if (second >= SECONDS_PER_DAY)
        buf_printf(out, "%" PRIu64 ".", second / SECONDS_PER_DAY);
    buf_printf(out, "%02u:%02u:%02u", (unsigned)(second / 3600 % 24), (unsigned)(second / 60 % 60),
               (unsigned)(second % 60));
    if (micro)
        buf_printf(out, ".%06u0", (unsigned)micro); /* in ticks of 100 ns, as .NET writes it */
}

/* DECIMAL(38,9) comes with all its places: 1.250000000. */
static void write_decimal(struct buf *out, struct str text)
{
    if (str_index(text, '.') < text.len) {
        while (text.ptr[text.len - 1] == '0')
            text.len--;
        text.len -= text.ptr[text.len - 1] == '.';
    }
    buf_add_str(out, text);
}

static void write_time(struct buf *out, int64_t us)
{
    char text[TIME_TEXT_MAX];
    size_t len = time_format(us, text);
    /* 58.250000Z is 58.25Z. */
    struct str s = str_of(text, len);
    if (str_index(s, '.') < len) {
        while (text[len - 2] == '0')
            len--;
        text[len - 1] = 'Z';
    }
    buf_add(out, text, len);
}

bool value_write(struct buf *out, enum kql_type type, const struct lake_vector *vector, size_t row)
{
    if (lake_is_null(vector, row))
        return type == KQL_STRING;
    switch (vector->kind) {
    case LAKE_NULL:
        return type == KQL_STRING;
    case LAKE_BOOLEAN:
        buf_add_c(out, vector->integers[row] ? "true" : "false");
        break;
    case LAKE_INTEGER:
        if (type == KQL_TIMESPAN)
            value_write_timespan(out, vector->integers[row]);
        else
            buf_add_i64(out, vector->integers[row]);
        break;
    case LAKE_TIME:
        write_time(out, vector->integers[row]);
        break;
    case LAKE_DOUBLE:
        value_write_real(out, vector->doubles[row]);
        break;
    case LAKE_TEXT:
    case LAKE_JSON:
    case LAKE_BYTES:
        if (type == KQL_DECIMAL)
            write_decimal(out, vector->texts[row]);
        else
            buf_add_str(out, vector->texts[row]);
    }
    return true;
}

void value_write_json(struct buf *out, enum kql_type type, struct str text, bool null)
{
    bool special = text.len > 0 && (text.ptr[text.len - 1] == 'y' || text.ptr[0] == 'N');
    bool plain = type == KQL_BOOL || type == KQL_INT || type == KQL_LONG ||
                 (type == KQL_REAL && !special) || (type == KQL_DYNAMIC && text.len > 0);
    if (null)
        buf_add_c(out, "null");
    else if (plain)
        buf_add_str(out, text);
    else
        buf_add_json(out, text);
}

struct str value_shown(enum kql_type type, struct str text, struct buf *room)
{
    bool quoted = type == KQL_DYNAMIC && text.len > 0 && text.ptr[0] == '"';
    return quoted ? dynamic_text(text, room) : text;
}

enum kql_type value_type(enum lake_kind kind)
{
    static const enum kql_type types[] = {
        [LAKE_NULL] = KQL_STRING,  [LAKE_BOOLEAN] = KQL_BOOL, [LAKE_INTEGER] = KQL_LONG,
        [LAKE_DOUBLE] = KQL_REAL,  [LAKE_TEXT] = KQL_STRING,  [LAKE_TIME] = KQL_DATETIME,
        [LAKE_JSON] = KQL_DYNAMIC, [LAKE_BYTES] = KQL_STRING,
    };
    return types[kind];
}
