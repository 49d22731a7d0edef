#include "api/protobuf.h"

#include <errno.h>

#define VARINT_LEN_MAX 10

/* Seven bits a byte, the lowest first. */
static int take_varint(struct str *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < rest->len && i < VARINT_LEN_MAX; i++) {
        uint64_t byte = (unsigned char)rest->ptr[i];
        value |= (byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *rest = str_skip(*rest, i + 1);
            *ret_value = value;
            return 0;
        }
    }
    return -EINVAL;
}

static int take_fixed(struct str *rest, size_t size, uint64_t *ret_value)
{
    if (rest->len < size)
        return -EINVAL;
    *ret_value = 0;
    for (size_t i = 0; i < size; i++)
        *ret_value |= (uint64_t)(unsigned char)rest->ptr[i] << (8 * i);
    *rest = str_skip(*rest, size);
    return 0;
}

int pb_next(struct str *rest, struct pb_field *ret_field)
{
    uint64_t tag, len;
    if (rest->len == 0)
        return 0;
    if (take_varint(rest, &tag) < 0 || tag >> 3 == 0 || tag >> 32 != 0)
        return -EINVAL;
    *ret_field = (struct pb_field){.number = (uint32_t)(tag >> 3), .wire = (enum pb_wire)(tag & 7)};
    int status = -EINVAL;
    switch (ret_field->wire) {
    case PB_VARINT:
        status = take_varint(rest, &ret_field->value);
        break;
    case PB_FIXED64:
        status = take_fixed(rest, 8, &ret_field->value);
        break;
    case PB_FIXED32:
        status = take_fixed(rest, 4, &ret_field->value);
        break;
    case PB_BYTES:
        if (take_varint(rest, &len) < 0 || len > rest->len)
            break;
        ret_field->bytes = str_first(*rest, len);
        *rest = str_skip(*rest, len);
        status = 0;
        break;
    }
    return status < 0 ? status : 1;
}

static void add_varint(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_add_byte(out, (char)(value | 0x80));
    buf_add_byte(out, (char)value);
}

static void add_tag(struct buf *out, uint32_t number, enum pb_wire wire)
{
    add_varint(out, (uint64_t)number << 3 | wire);
}

void pb_add_varint(struct buf *out, uint32_t number, uint64_t value)
{
    add_tag(out, number, PB_VARINT);
    add_varint(out, value);
}

void pb_add_bytes(struct buf *out, uint32_t number, struct str bytes)
{
    add_tag(out, number, PB_BYTES);
    add_varint(out, bytes.len);
    buf_add_str(out, bytes);
}
