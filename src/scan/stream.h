/*
 * stream: the bytes of one input stream as a window that moves forward: mapped, or
 * read into a buffer. A byte order mark is taken off, UTF-16 (what Windows tools write) becomes
 * UTF-8.
 *
 *     mapped:  [ behind | window ..................... | ahead ]
 *     read:    [ behind | window .... | free ]  ◀── input_read(), through the decoder
 *              the bytes behind are forgotten when the window needs their room
 */
#ifndef JAGA_SCAN_STREAM_H
#define JAGA_SCAN_STREAM_H

#include "io/input.h"

struct stream {
    struct input *input;
    struct str mapped; /* ptr NULL: read */
    struct buf bytes;  /* what was read or decoded */
    size_t start;      /* of the window, in mapped or bytes */
    uint64_t offset;   /* of the window, in the stream (of a decoded one: in its UTF-8) */
    bool end;          /* nothing comes after the bytes at hand */
    bool utf16, big_endian;
    size_t mapped_used; /* bytes of `mapped` that were decoded */
    char pending[4];    /* undecoded: half a code unit, half a surrogate pair */
    size_t n_pending;
    struct err err; /* why the end came early; code 0: it did not */
};

/* Starts on what input_next() gave; `mapped` may be empty. 0 or -ENOMEM. */
int stream_start(struct stream *stream, struct input *input, struct str mapped);
void stream_free(struct stream *stream);

/* At least `want` bytes, or all that are left: then *ret_last is set. Valid until the next call. */
struct str stream_window(struct stream *stream, size_t want, bool *ret_last);

/* Moves on. */
void stream_advance(struct stream *stream, size_t count);

#endif
