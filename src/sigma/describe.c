#include "sigma/describe.h"

#include <math.h>

#include "base/utf8.h"

#define SHOWN_MAX 200 /* bytes of a text that people get to see */

void describe_text(struct str text, struct buf *out)
{
    bool cut = text.len > SHOWN_MAX;
    text = str_first(text, SHOWN_MAX);
    while (text.len) {
        uint32_t code_point;
        size_t len = utf8_decode(text, &code_point);
        if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0))
            buf_printf(out, "\\x%02x", (unsigned)code_point);
        else if (code_point == UTF8_REPLACEMENT)
            buf_add_c(out, "\xef\xbf\xbd");
        else
            buf_add(out, text.ptr, len);
        text = str_skip(text, len);
    }
    if (cut)
        buf_add_c(out, "..");
}

static void add_quoted(struct str text, struct buf *out)
{
    buf_add_byte(out, '\'');
    describe_text(text, out);
    buf_add_byte(out, '\'');
}

static void add_text(const struct sigma_predicate *predicate, struct buf *out)
{
    add_quoted(predicate->text, out);
}

static void add_wildcards(const struct sigma_predicate *predicate, struct buf *out)
{
    buf_add_byte(out, '\'');
    for (uint32_t i = 0; i < predicate->n_parts; i++) {
        const struct sigma_part *part = &predicate->parts[i];
        if (part->kind == SIGMA_LITERAL)
            describe_text(part->text, out);
        else
            buf_add_byte(out, part->kind == SIGMA_ANY_RUN ? '*' : '?');
    }
    buf_add_byte(out, '\'');
}

static void add_regex(const struct sigma_predicate *predicate, struct buf *out)
{
    static const char letters[] = "ims";
    buf_add_byte(out, '/');
    describe_text(predicate->text, out);
    buf_add_byte(out, '/');
    for (unsigned i = 0; i < 3; i++)
        if (predicate->regex_flags & 1u << i)
            buf_add_byte(out, letters[i]);
}

static void add_network(const struct sigma_predicate *predicate, struct buf *out)
{
    const uint8_t *bytes = predicate->address;
    if (predicate->ipv6)
        for (int i = 0; i < 16; i += 2)
            buf_printf(out, "%s%x", i ? ":" : "", (unsigned)(bytes[i] << 8 | bytes[i + 1]));
    else
        buf_printf(out, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
    buf_printf(out, "/%d", predicate->prefix_bits);
}

static void add_number(const struct sigma_predicate *predicate, struct buf *out)
{
    double number = predicate->number;
    if (number == floor(number) && fabs(number) < SIGMA_EXACT_NUMBER_MAX)
        buf_add_i64(out, (int64_t)number);
    else
        buf_printf(out, "%.17g", number);
}

static void add_boolean(const struct sigma_predicate *predicate, struct buf *out)
{
    buf_add_c(out, predicate->number != 0 ? "true" : "false");
}

static void add_existence(const struct sigma_predicate *predicate, struct buf *out)
{
    buf_add_c(out, predicate->number != 0 ? "exists" : "does not exist");
}

static void add_field(const struct sigma_predicate *predicate, struct buf *out)
{
    buf_add_c(out, "field ");
    describe_text(predicate->text, out);
}

static void add_nothing(const struct sigma_predicate *predicate, struct buf *out)
{
    (void)predicate;
    (void)out;
}

static void add_time_part(const struct sigma_predicate *predicate, struct buf *out);

/* What stands between field and value, and how the value is written. */
static const struct {
    const char *relation;
    void (*add_value)(const struct sigma_predicate *predicate, struct buf *out);
} operations[] = {
    [SIGMA_EXACT] = {"= ", add_text},
    [SIGMA_PREFIX] = {"startswith ", add_text},
    [SIGMA_SUFFIX] = {"endswith ", add_text},
    [SIGMA_CONTAINS] = {"contains ", add_text},
    [SIGMA_WILDCARD] = {"like ", add_wildcards},
    [SIGMA_REGEX] = {"matches ", add_regex},
    [SIGMA_CIDR] = {"in ", add_network},
    [SIGMA_NUMBER] = {"= ", add_number},
    [SIGMA_LESS] = {"< ", add_number},
    [SIGMA_LESS_EQUAL] = {"<= ", add_number},
    [SIGMA_GREATER] = {"> ", add_number},
    [SIGMA_GREATER_EQUAL] = {">= ", add_number},
    [SIGMA_BOOL] = {"= ", add_boolean},
    [SIGMA_NULL] = {"is null", add_nothing},
    [SIGMA_EMPTY] = {"is empty", add_nothing},
    [SIGMA_EXISTS] = {"", add_existence},
    [SIGMA_FIELD_EQUAL] = {"= ", add_field},
    [SIGMA_FIELD_PREFIX] = {"startswith ", add_field},
    [SIGMA_FIELD_SUFFIX] = {"endswith ", add_field},
    [SIGMA_FIELD_CONTAINS] = {"contains ", add_field},
    [SIGMA_TIME_PART] = {"", add_time_part},
};

static void add_time_part(const struct sigma_predicate *predicate, struct buf *out)
{
    static const char *const names[] = {
        [SIGMA_MINUTE] = "minute", [SIGMA_HOUR] = "hour",   [SIGMA_DAY] = "day",
        [SIGMA_WEEK] = "week",     [SIGMA_MONTH] = "month", [SIGMA_YEAR] = "year",
    };
    buf_printf(out, "%s %s", names[predicate->time_part],
               operations[predicate->number_op].relation);
    add_number(predicate, out);
}

void sigma_predicate_describe(const struct sigma_predicate *predicate, struct buf *out)
{
    if (predicate->field.len)
        describe_text(predicate->field, out);
    else
        buf_add_c(out, "any value");
    buf_add_byte(out, ' ');
    buf_add_c(out, operations[predicate->op].relation);
    operations[predicate->op].add_value(predicate, out);
    if (predicate->cased)
        buf_add_c(out, " (cased)");
}
