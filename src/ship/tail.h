/*
 * tail: follows files as they grow, like `tail -F`, and better: through rotation by renaming and by copying and
 * truncating, also where that happened while nobody looked. A file is known by its device and inode, a hash of its
 * first bytes, and one of the bytes before the place reached.
 *
 *     app.log grows ─────────▶ pieces of whole lines or records, from the place reached
 *     renamed, new app.log ──▶ the old file is read to its end first, and for `rotated_us` more
 *     truncated ─────────────▶ a file beside it with the same beginning and the same bytes before the place reached is its copy:
 *                              that is read on from there, then app.log from its start
 *
 * Changes are learnt from inotify and, for file systems that do not tell, by looking every second. The tail moves
 * positions (position.h) when a piece was taken, never before. One thread.
 */
#ifndef JAGA_SHIP_TAIL_H
#define JAGA_SHIP_TAIL_H

#include "ship/position.h"

#define TAIL_PIECE_SIZE (256u << 10) /* bytes of a piece of lines */
#define TAIL_LINE_MAX (1u << 20)     /* a longer line is passed over and counted */
#define TAIL_OPEN_MAX 4096           /* files held open; others are opened to read what is new */

struct tail_options {
    const char *const *paths; /* files, folders, patterns; they need not exist yet */
    size_t n_paths;
    enum format_id format; /* FORMAT_UNKNOWN: recognise */
    bool once;             /* to the end of what there is now, as it is */
    bool from_end;         /* of what exists at the start and has no position only what is added */
    int64_t idle_us; /* a last line without its end is taken for whole after so long; 0: 5 s */
    /* a file that was moved away or removed is still looked at for so long; 0: 10 s */
    int64_t rotated_us;
    /* Something about a file that a person should know; `code` 0 or -errno. */
    void (*say)(void *context, const char *path, int code, const char *what);
    void *context;
};

struct tail;

/* Watches nothing yet. `positions` outlives it; the tail alone changes its files. NULL: no memory. */
struct tail *tail_new(const struct tail_options *options, struct positions *positions);
void tail_free(struct tail *tail);

/* What was read of one file. Texts live until the next tail_next(). */
struct tail_piece {
    struct position *position; /* of the file: not moved yet */
    const char *path;
    struct str header; /* POSITION_CONVERT: what its records need */
    /* whole lines or records; of POSITION_WHOLE and _RECORDS nothing: read the file */
    struct str body;
    int64_t mtime_us;
    bool unwanted; /* it was there at the start (from_end) */
    struct tail_file *file;
    uint64_t next; /* the offset behind it */
    struct cutter cutter;
};

/*
 * The next piece of any file, each in its turn. 1; 0: there is none now; -ENOMEM. `ticks`: µs that never go
 * back. It has to be taken before the next.
 */
int tail_next(struct tail *tail, int64_t ticks, struct tail_piece *ret_piece);

/* It was taken: its position moves behind it. -ENOMEM. */
int tail_take(struct tail *tail, struct tail_piece *piece);

/* Waits until something may have changed, at most `timeout_ms`, or for a signal. */
void tail_wait(struct tail *tail, int timeout_ms);

/* With `once`: has everything been taken? */
bool tail_done(const struct tail *tail);

/* Lines that were too long, since the start. */
uint64_t tail_lines_skipped(const struct tail *tail);

#endif
