#include "api/body.h"

#include <errno.h>

#define ROOM_MIN 16384 /* bytes that a step of the unpacker may fill */

int body_coding_parse(struct str text, enum body_coding *ret_coding)
{
    static const struct {
        struct str name;
        enum body_coding coding;
    } codings[] = {
        {{"", 0}, BODY_PLAIN},          {{"identity", 8}, BODY_PLAIN},
        {{"gzip", 4}, BODY_GZIP},       {{"x-gzip", 6}, BODY_GZIP}, /* RFC 9110, 8.4.1.3 */
        {{"deflate", 7}, BODY_DEFLATE},
    };
    text = str_trim(text);
    for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
        if (str_eq_ascii_nocase(text, codings[i].name)) {
            *ret_coding = codings[i].coding;
            return 0;
        }
    }
    return -EOPNOTSUPP;
}

void body_begin(struct body *body, enum body_coding coding, size_t max, struct body_budget *budget,
                _Atomic size_t *held)
{
    *body = (struct body){.coding = coding, .max = max, .budget = budget, .held = held};
}

static void give_back(struct body *body, size_t bytes)
{
    atomic_fetch_sub(&body->budget->used, bytes);
    if (body->held)
        atomic_fetch_sub(body->held, bytes);
}

void body_free(struct body *body)
{
    if (body->unpacking)
        inflateEnd(&body->unpacker);
    body->unpacking = false;
    buf_free(&body->bytes);
    if (body->paid)
        give_back(body, body->paid);
    body->paid = 0;
}

static bool pay(struct body *body, size_t bytes)
{
    size_t used = atomic_fetch_add(&body->budget->used, bytes) + bytes;
    size_t held = body->held ? atomic_fetch_add(body->held, bytes) + bytes : 0;
    /* What a sender holds already counts twice; the step that it takes does not, as it may be half empty. */
    size_t before = used + held - (body->held ? 2 * bytes : bytes);
    if (used > body->budget->max || before > body->budget->max) {
        give_back(body, bytes);
        return false;
    }
    body->paid += bytes;
    return true;
}

/* Room for `more` bytes, paid before it is taken: the buffer doubles from 256 on. */
static int make_room(struct body *body, size_t more)
{
    struct buf *bytes = &body->bytes;
    if (bytes->cap - bytes->len >= more && bytes->ptr)
        return 0;
    size_t cap = bytes->cap < 256 ? 256 : bytes->cap;
    while (cap - bytes->len < more)
        cap *= 2;
    if (!pay(body, cap - bytes->cap))
        return -ENOBUFS;
    return buf_reserve(bytes, more) ? 0 : -ENOMEM;
}

static int add_plain(struct body *body, struct str bytes)
{
    if (bytes.len > body->max - body->bytes.len)
        return -EFBIG;
    int status = make_room(body, bytes.len);
    if (status == 0)
        buf_add_str(&body->bytes, bytes);
    return status;
}

static int start_unpacker(struct body *body, int window_bits)
{
    if (inflateInit2(&body->unpacker, window_bits) != Z_OK)
        return -ENOMEM;
    body->unpacking = true;
    return 0;
}

/*
 * RFC 1950 starts with a byte whose low half is 8, and is a multiple of 31 with the next. A raw stream
 * that looks so would begin with a stored or dynamic block whose first bits are no sensible block.
 */
static bool has_zlib_head(const char head[2])
{
    unsigned first = (unsigned char)head[0], second = (unsigned char)head[1];
    return (first & 0x0f) == 8 && (first << 8 | second) % 31 == 0;
}

/* One step of the unpacker; 1: it wants more room or there is more input. */
static int unpack_step(struct body *body)
{
    z_stream *unpacker = &body->unpacker;
    if (body->ended) {
        /* Members follow one another (RFC 1952, 2.2). */
        if (body->coding != BODY_GZIP || inflateReset(unpacker) != Z_OK)
            return -EBADMSG;
        body->ended = false;
    }
    /* One byte past the limit is room to find out that there is more. */
    size_t left = body->max - body->bytes.len + 1;
    int status = make_room(body, left < ROOM_MIN ? left : ROOM_MIN);
    if (status < 0)
        return status;
    size_t room = body->bytes.cap - body->bytes.len;
    room = room < left ? room : left;
    room = room < UINT32_MAX ? room : UINT32_MAX;
    unpacker->next_out = (unsigned char *)body->bytes.ptr + body->bytes.len;
    unpacker->avail_out = (uInt)room;
    int result = inflate(unpacker, Z_NO_FLUSH);
    body->bytes.len += room - unpacker->avail_out;
    if (body->bytes.len > body->max)
        return -EFBIG;
    if (result == Z_STREAM_END)
        body->ended = true;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return result == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
    return unpacker->avail_in > 0 || (unpacker->avail_out == 0 && !body->ended);
}

static int unpack(struct body *body, struct str bytes)
{
    while (bytes.len > 0) {
        size_t step = bytes.len < UINT32_MAX ? bytes.len : UINT32_MAX;
        body->unpacker.next_in = (unsigned char *)(uintptr_t)bytes.ptr;
        body->unpacker.avail_in = (uInt)step;
        int status;
        do {
            status = unpack_step(body);
        } while (status > 0);
        if (status < 0)
            return status;
        bytes = str_skip(bytes, step);
    }
    return 0;
}

/* Waits for two bytes of a deflate body, then sets up the unpacker that they ask for. */
static int add_deflate_head(struct body *body, struct str *bytes)
{
    while (body->head_len < 2 && bytes->len > 0) {
        body->head[body->head_len++] = bytes->ptr[0];
        *bytes = str_skip(*bytes, 1);
    }
    if (body->head_len < 2)
        return 0;
    int status = start_unpacker(body, has_zlib_head(body->head) ? MAX_WBITS : -MAX_WBITS);
    return status < 0 ? status : unpack(body, str_of(body->head, 2));
}

int body_add(struct body *body, struct str bytes)
{
    int status = 0;
    if (body->coding == BODY_PLAIN)
        status = add_plain(body, bytes);
    else if (!body->unpacking && body->coding == BODY_GZIP)
        status = start_unpacker(body, MAX_WBITS + 16);
    else if (!body->unpacking)
        status = add_deflate_head(body, &bytes);
    if (status == 0 && body->unpacking)
        status = unpack(body, bytes);
    if (status < 0)
        body_free(body);
    return status;
}

int body_end(struct body *body)
{
    bool whole = body->coding == BODY_PLAIN || (body->unpacking && body->ended) ||
                 (!body->unpacking && body->head_len == 0);
    if (body->unpacking) {
        inflateEnd(&body->unpacker);
        body->unpacking = false;
    }
    if (!whole)
        body_free(body);
    return whole ? 0 : -EBADMSG;
}
