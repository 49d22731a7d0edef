#include "lake/vector_text.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/time.h"

#define DEPTH_MAX 64 /* of lists in lists; deeper ones are null */

/* What is written: the same value is quoted within JSON and not by itself. */
struct writer {
    const struct duck *duck;
    struct buf out;
    unsigned depth;
};

__extension__ typedef unsigned __int128 unsigned_wide;
__extension__ typedef __int128 signed_wide;

static void write_json(struct writer *writer, struct duck_logical_type *type,
                       struct duck_vector *vector, uint64_t row);

static void write_wide(struct buf *out, unsigned_wide magnitude, bool negative, unsigned scale)
{
    char digits[48];
    size_t at = sizeof(digits);
    for (unsigned i = 0; magnitude > 0 || i <= scale; i++) {
        if (i == scale && scale > 0)
            digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    }
    if (negative)
        buf_add_byte(out, '-');
    buf_add(out, digits + at, sizeof(digits) - at);
}

static void write_signed(struct buf *out, signed_wide number, unsigned scale)
{
    unsigned_wide magnitude = (unsigned_wide)number;
    write_wide(out, number < 0 ? -magnitude : magnitude, number < 0, scale);
}

static signed_wide wide(const struct duck_hugeint *number)
{
    return (signed_wide)((unsigned_wide)(uint64_t)number->upper << 64 | number->lower);
}

static void write_decimal(struct writer *writer, struct duck_logical_type *type, const void *data,
                          uint64_t row)
{
    unsigned scale = writer->duck->decimal_scale(type);
    switch (writer->duck->decimal_internal_type(type)) {
    case DUCK_SMALLINT:
        write_signed(&writer->out, ((const int16_t *)data)[row], scale);
        break;
    case DUCK_INTEGER:
        write_signed(&writer->out, ((const int32_t *)data)[row], scale);
        break;
    case DUCK_BIGINT:
        write_signed(&writer->out, ((const int64_t *)data)[row], scale);
        break;
    default:
        write_signed(&writer->out, wide((const struct duck_hugeint *)data + row), scale);
    }
}

static void write_double(struct buf *out, double number)
{
    if (number != number || number - number != 0)
        buf_add_c(out, "null"); /* JSON has neither NaN nor infinity */
    else
        buf_printf(out, "%.17g", number);
}

static void write_enum(struct writer *writer, struct duck_logical_type *type, const void *data,
                       uint64_t row)
{
    enum duck_type id = writer->duck->enum_internal_type(type);
    uint64_t index = id == DUCK_UTINYINT    ? ((const uint8_t *)data)[row]
                     : id == DUCK_USMALLINT ? ((const uint16_t *)data)[row]
                                            : ((const uint32_t *)data)[row];
    char *name = writer->duck->enum_dictionary_value(type, index);
    buf_add_c(&writer->out, name ? name : "");
    writer->duck->free(name);
}

/* DuckDB keeps the first bit of a UUID flipped, so that they sort as numbers. */
static void write_uuid(struct buf *out, const struct duck_hugeint *uuid)
{
    uint64_t upper = (uint64_t)uuid->upper ^ UINT64_C(1) << 63;
    buf_printf(out, "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
               upper >> 32, upper >> 16 & 0xffff, upper & 0xffff, uuid->lower >> 48,
               uuid->lower & UINT64_C(0xffffffffffff));
}

static void write_clock(struct buf *out, int64_t micros)
{
    uint64_t left = micros < 0 ? -(uint64_t)micros : (uint64_t)micros;
    buf_printf(out, "%s%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, micros < 0 ? "-" : "",
               left / UINT64_C(3600000000), left / 60000000 % 60, left / 1000000 % 60);
    if (left % 1000000)
        buf_printf(out, ".%06" PRIu64, left % 1000000);
}

static void write_interval(struct buf *out, const struct duck_interval *interval)
{
    if (interval->months)
        buf_printf(out, "%" PRId32 " months ", interval->months);
    if (interval->days)
        buf_printf(out, "%" PRId32 " days ", interval->days);
    write_clock(out, interval->micros);
}

static void write_time(struct buf *out, int64_t time_us)
{
    char text[TIME_TEXT_MAX];
    buf_add(out, text, time_format(time_us, text));
}

/* What is plain text by itself and a string within JSON. True: it is of such a type. */
static bool write_plain(struct writer *writer, struct duck_logical_type *type, const void *data,
                        uint64_t row)
{
    struct buf *out = &writer->out;
    const int64_t *integers = data;
    switch (writer->duck->get_type_id(type)) {
    case DUCK_VARCHAR:
    case DUCK_BLOB:
    case DUCK_BIT:
    case DUCK_BIGNUM:
        buf_add_str(out, duck_string_str((const union duck_string *)data + row));
        return true;
    case DUCK_TIMESTAMP:
    case DUCK_TIMESTAMP_TZ:
        write_time(out, integers[row]);
        return true;
    case DUCK_DATE:
        write_time(out, ((const int32_t *)data)[row] * TIME_DAY_US);
        return true;
    case DUCK_TIME:
        write_clock(out, integers[row]);
        return true;
    case DUCK_INTERVAL:
        write_interval(out, (const struct duck_interval *)data + row);
        return true;
    case DUCK_ENUM:
        write_enum(writer, type, data, row);
        return true;
    case DUCK_UUID:
        write_uuid(out, (const struct duck_hugeint *)data + row);
        return true;
    default:
        return false;
    }
}

static bool write_number(struct writer *writer, struct duck_logical_type *type, const void *data,
                         uint64_t row)
{
    struct buf *out = &writer->out;
    switch (writer->duck->get_type_id(type)) {
    case DUCK_BOOLEAN:
        buf_add_c(out, ((const bool *)data)[row] ? "true" : "false");
        return true;
    case DUCK_TINYINT:
        buf_add_i64(out, ((const int8_t *)data)[row]);
        return true;
    case DUCK_SMALLINT:
        buf_add_i64(out, ((const int16_t *)data)[row]);
        return true;
    case DUCK_INTEGER:
        buf_add_i64(out, ((const int32_t *)data)[row]);
        return true;
    case DUCK_BIGINT:
        buf_add_i64(out, ((const int64_t *)data)[row]);
        return true;
    case DUCK_UTINYINT:
        buf_add_u64(out, ((const uint8_t *)data)[row]);
        return true;
    case DUCK_USMALLINT:
        buf_add_u64(out, ((const uint16_t *)data)[row]);
        return true;
    case DUCK_UINTEGER:
        buf_add_u64(out, ((const uint32_t *)data)[row]);
        return true;
    case DUCK_UBIGINT:
        buf_add_u64(out, ((const uint64_t *)data)[row]);
        return true;
    case DUCK_HUGEINT:
        write_signed(out, wide((const struct duck_hugeint *)data + row), 0);
        return true;
    case DUCK_UHUGEINT:
        write_wide(out, (unsigned_wide)wide((const struct duck_hugeint *)data + row), false, 0);
        return true;
    case DUCK_DECIMAL:
        write_decimal(writer, type, data, row);
        return true;
    case DUCK_FLOAT:
        write_double(out, (double)((const float *)data)[row]);
        return true;
    case DUCK_DOUBLE:
        write_double(out, ((const double *)data)[row]);
        return true;
    default:
        return false;
    }
}

static void write_items(struct writer *writer, struct duck_logical_type *type,
                        struct duck_vector *child, uint64_t first, uint64_t n)
{
    buf_add_byte(&writer->out, '[');
    for (uint64_t i = 0; i < n; i++) {
        if (i)
            buf_add_byte(&writer->out, ',');
        write_json(writer, type, child, first + i);
    }
    buf_add_byte(&writer->out, ']');
}

static void write_list(struct writer *writer, struct duck_logical_type *type,
                       struct duck_vector *vector, uint64_t row)
{
    const struct duck *duck = writer->duck;
    struct duck_logical_type *item;
    if (duck->get_type_id(type) == DUCK_ARRAY) {
        uint64_t n = duck->array_type_array_size(type);
        item = duck->array_type_child_type(type);
        write_items(writer, item, duck->array_vector_get_child(vector), row * n, n);
    } else {
        const struct duck_list_entry *entry =
            (const struct duck_list_entry *)duck->vector_get_data(vector) + row;
        item = duck->list_type_child_type(type);
        write_items(writer, item, duck->list_vector_get_child(vector), entry->offset,
                    entry->length);
    }
    duck->destroy_logical_type(&item);
}

static void write_struct(struct writer *writer, struct duck_logical_type *type,
                         struct duck_vector *vector, uint64_t row)
{
    const struct duck *duck = writer->duck;
    buf_add_byte(&writer->out, '{');
    for (uint64_t i = 0; i < duck->struct_type_child_count(type); i++) {
        char *name = duck->struct_type_child_name(type, i);
        struct duck_logical_type *member = duck->struct_type_child_type(type, i);
        if (i)
            buf_add_byte(&writer->out, ',');
        buf_add_json(&writer->out, str_from_c(name));
        buf_add_byte(&writer->out, ':');
        write_json(writer, member, duck->struct_vector_get_child(vector, i), row);
        duck->destroy_logical_type(&member);
        duck->free(name);
    }
    buf_add_byte(&writer->out, '}');
}

/* A value within JSON, by itself, as the key of an object. */
static void write_key(struct writer *writer, struct duck_logical_type *type,
                      struct duck_vector *vector, uint64_t row)
{
    struct writer inner = {.duck = writer->duck, .depth = writer->depth};
    const void *data = writer->duck->vector_get_data(vector);
    if (!write_plain(&inner, type, data, row))
        write_json(&inner, type, vector, row);
    buf_add_json(&writer->out, buf_str(&inner.out));
    writer->out.failed |= inner.out.failed;
    buf_free(&inner.out);
}

/* A map is a list of structs of key and value. */
static void write_map(struct writer *writer, struct duck_logical_type *type,
                      struct duck_vector *vector, uint64_t row)
{
    const struct duck *duck = writer->duck;
    const struct duck_list_entry *entry =
        (const struct duck_list_entry *)duck->vector_get_data(vector) + row;
    struct duck_vector *pairs = duck->list_vector_get_child(vector);
    struct duck_logical_type *key = duck->map_type_key_type(type);
    struct duck_logical_type *value = duck->map_type_value_type(type);
    buf_add_byte(&writer->out, '{');
    for (uint64_t i = 0; i < entry->length; i++) {
        if (i)
            buf_add_byte(&writer->out, ',');
        write_key(writer, key, duck->struct_vector_get_child(pairs, 0), entry->offset + i);
        buf_add_byte(&writer->out, ':');
        write_json(writer, value, duck->struct_vector_get_child(pairs, 1), entry->offset + i);
    }
    buf_add_byte(&writer->out, '}');
    duck->destroy_logical_type(&key);
    duck->destroy_logical_type(&value);
}

static bool is_json(const struct duck *duck, struct duck_logical_type *type)
{
    char *alias = duck->logical_type_get_alias(type);
    bool json = alias && strcmp(alias, "JSON") == 0;
    duck->free(alias);
    return json;
}

static void write_json(struct writer *writer, struct duck_logical_type *type,
                       struct duck_vector *vector, uint64_t row)
{
    const struct duck *duck = writer->duck;
    const void *data = duck->vector_get_data(vector);
    const uint64_t *valid = duck->vector_get_validity(vector);
    enum duck_type id = duck->get_type_id(type);
    if ((valid && !(valid[row / 64] >> row % 64 & 1)) || id == DUCK_SQLNULL ||
        writer->depth >= DEPTH_MAX) {
        buf_add_c(&writer->out, "null");
        return;
    }
    writer->depth++;
    if (id == DUCK_LIST || id == DUCK_ARRAY)
        write_list(writer, type, vector, row);
    else if (id == DUCK_STRUCT)
        write_struct(writer, type, vector, row);
    else if (id == DUCK_MAP)
        write_map(writer, type, vector, row);
    else if (id == DUCK_VARCHAR && is_json(duck, type))
        write_plain(writer, type, data, row);
    else if (!write_number(writer, type, data, row))
        write_key(writer, type, vector, row);
    writer->depth--;
}

struct str vector_text(struct vector_text *text, struct duck_logical_type *type,
                       struct duck_vector *vector, uint64_t row)
{
    struct writer writer = {.duck = text->duck};
    if (!write_plain(&writer, type, text->duck->vector_get_data(vector), row))
        write_json(&writer, type, vector, row);
    struct str copy = arena_copy(&text->arena, buf_str(&writer.out));
    text->failed |= writer.out.failed || !copy.ptr;
    buf_free(&writer.out);
    return copy;
}
