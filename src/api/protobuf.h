/*
 * protobuf: the wire format of Protocol Buffers, field by field, without a schema
 * (protobuf.dev/programming-guides/encoding). Bounded by the bytes it was given; groups, which no message
 * we read has, are refused.
 *
 *     while ((status = pb_next(&rest, &field)) > 0)
 *         if (pb_is(&field, 5, PB_BYTES)) ..
 */
#ifndef JAGA_API_PROTOBUF_H
#define JAGA_API_PROTOBUF_H

#include "base/buf.h"

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
    uint32_t number;
    enum pb_wire wire;
    uint64_t value;   /* of PB_VARINT, PB_FIXED64, PB_FIXED32 */
    struct str bytes; /* of PB_BYTES: in the message */
};

/* Takes the next field off *rest. 1; 0: there is none; -EINVAL: the bytes are no message. */
int pb_next(struct str *rest, struct pb_field *ret_field);

static inline bool pb_is(const struct pb_field *field, uint32_t number, enum pb_wire wire)
{
    return field->number == number && field->wire == wire;
}

void pb_add_varint(struct buf *out, uint32_t number, uint64_t value);
void pb_add_bytes(struct buf *out, uint32_t number, struct str bytes);

#endif
