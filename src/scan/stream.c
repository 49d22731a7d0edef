#include "scan/stream.h"

#include <errno.h>

#include "base/utf8.h"

#define RAW_SIZE 32768 /* bytes decoded at a time */

/* Bytes as they are in the input. */
static ssize_t read_raw(struct stream *stream, void *bytes, size_t size)
{
    if (!stream->mapped.ptr)
        return input_read(stream->input, bytes, size, &stream->err);
    size_t left = stream->mapped.len - stream->mapped_used;
    size_t part = left < size ? left : size;
    if (part)
        memcpy(bytes, stream->mapped.ptr + stream->mapped_used, part);
    stream->mapped_used += part;
    return (ssize_t)part;
}

static bool is_high_surrogate(const char *unit)
{
    return ((unsigned char)unit[1] & 0xfc) == 0xd8;
}

/* Decodes what read_raw() has next into `bytes`: 1, 0 at the end, or a negative errno. */
static int decode_more(struct stream *stream)
{
    char raw[RAW_SIZE + sizeof(stream->pending)];
    memcpy(raw, stream->pending, stream->n_pending);
    ssize_t got = read_raw(stream, raw + stream->n_pending, RAW_SIZE);
    if (got < 0)
        return (int)got;
    size_t len = stream->n_pending + (size_t)got;
    size_t whole = len & ~(size_t)1;
    if (stream->big_endian) {
        /* What was pending has been swapped before, except half a unit. */
        for (size_t i = stream->n_pending & ~(size_t)1; i < whole; i += 2) {
            char first = raw[i];
            raw[i] = raw[i + 1];
            raw[i + 1] = first;
        }
    }
    if (got > 0 && whole >= 2 && is_high_surrogate(raw + whole - 2))
        whole -= 2;
    char *to = buf_reserve(&stream->bytes, whole / 2 * 3 + 3);
    if (!to)
        return -ENOMEM;
    stream->bytes.len += utf8_from_utf16le(raw, whole / 2, to);
    stream->n_pending = len - whole;
    memcpy(stream->pending, raw + whole, stream->n_pending);
    if (got == 0 && stream->n_pending) {
        buf_add(&stream->bytes, "\xef\xbf\xbd", 3); /* half a unit at the end */
        stream->n_pending = 0;
    }
    return got > 0;
}

static int read_more(struct stream *stream, size_t want)
{
    char *to = buf_reserve(&stream->bytes, want);
    if (!to)
        return -ENOMEM;
    ssize_t got = read_raw(stream, to, want);
    if (got < 0)
        return (int)got;
    stream->bytes.len += (size_t)got;
    return got > 0;
}

/* Grows `bytes` until the window has `want`, after forgetting what is behind it. */
static void fill(struct stream *stream, size_t want)
{
    if (stream->start > 0 && stream->bytes.len - stream->start < want) {
        size_t len = stream->bytes.len - stream->start;
        memmove(stream->bytes.ptr, stream->bytes.ptr + stream->start, len);
        stream->bytes.len = len;
        stream->start = 0;
    }
    while (!stream->end && stream->bytes.len - stream->start < want) {
        int status = stream->utf16 ? decode_more(stream)
                                   : read_more(stream, want - (stream->bytes.len - stream->start));
        if (status < 0 && stream->err.code == 0)
            err_set(&stream->err, status, "%s", strerror(-status));
        stream->end = status <= 0;
    }
}

struct str stream_window(struct stream *stream, size_t want, bool *ret_last)
{
    if (stream->mapped.ptr && !stream->utf16) {
        struct str left = str_skip(stream->mapped, stream->start);
        *ret_last = left.len <= want;
        return str_first(left, want);
    }
    fill(stream, want);
    struct str left = str_skip(buf_str(&stream->bytes), stream->start);
    *ret_last = stream->end && left.len <= want;
    return str_first(left, want);
}

void stream_advance(struct stream *stream, size_t count)
{
    stream->start += count;
    stream->offset += count;
}

int stream_start(struct stream *stream, struct input *input, struct str mapped)
{
    bool last;
    *stream = (struct stream){.input = input, .mapped = mapped};
    struct str head = stream_window(stream, 4, &last);
    if (str_starts(head, STR("\xef\xbb\xbf"))) {
        stream_advance(stream, 3);
    } else if (str_starts(head, STR("\xff\xfe")) || str_starts(head, STR("\xfe\xff"))) {
        stream->utf16 = true;
        stream->big_endian = head.ptr[0] == '\xfe';
        stream->mapped_used = 2;
        if (!mapped.ptr) {
            stream->n_pending = head.len - 2;
            memcpy(stream->pending, head.ptr + 2, stream->n_pending);
            if (stream->big_endian && stream->n_pending == 2) {
                char first = stream->pending[0];
                stream->pending[0] = stream->pending[1];
                stream->pending[1] = first;
            }
        }
        buf_clear(&stream->bytes);
        stream->end = false;
    }
    return stream->bytes.failed ? -ENOMEM : 0;
}

void stream_free(struct stream *stream)
{
    buf_free(&stream->bytes);
}
