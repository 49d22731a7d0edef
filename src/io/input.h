/*
 * input: one path as the streams of bytes it holds: a file is one stream, an archive has one
 * per member, archives within archives are opened as well (INPUT_DEPTH_MAX). What is
 * packed is told by content, never by name.
 *
 *     file ─▶ [zip] ─▶ member ─▶ [gzip] ─▶ stream "a.zip:b/c.json.gz"
 *             layer 0            layer 1
 *
 * Plain files are mapped: no copy. Everything else is read in order with input_read(). Owned by one
 * thread.
 */
#ifndef JAGA_IO_INPUT_H
#define JAGA_IO_INPUT_H

#include "base/err.h"
#include "io/file.h"
#include "io/unpack.h"
#include "io/walk.h"

#define INPUT_DEPTH_MAX 3 /* archives within archives */

struct input_stream {
    struct str path;     /* "a.zip:b/c.json", NUL-terminated, UTF-8; until the next input_next() */
    uint64_t size;       /* bytes; 0: unknown */
    int64_t mtime_us;    /* of the file or the member; TIME_UNSET: unknown */
    struct file_map map; /* all its bytes, owned by the caller now; ptr NULL: use input_read() */
};

struct input;

/* Opens a file of a walk; "-" is standard input. NULL: *err says why. */
struct input *input_open(const struct walk_file *file, const struct unpack_limits *limits,
                         struct err *err);
void input_close(struct input *input);

/*
 * The next stream. 1; 0 when there are no more; -errno with *err for one that cannot be read: call
 * again, others may follow. ret_stream->path is set in each case.
 */
int input_next(struct input *input, struct input_stream *ret_stream, struct err *err);

/*
 * The next bytes of the stream: as many as there are at hand, at most `size`. 0 at its end; -errno
 * with *err when the rest cannot be read; -EINTR when a signal came.
 */
ssize_t input_read(struct input *input, void *bytes, size_t size, struct err *err);

/* Bytes taken from the file so far, for progress; of a mapped file none. */
uint64_t input_position(const struct input *input);

#endif
