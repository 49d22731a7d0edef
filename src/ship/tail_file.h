/*
 * tail_file: one file that is followed: is it still the one it was, what does it hold, which is its next piece. Of no
 * interest outside the tail.
 */
#ifndef JAGA_SHIP_TAIL_FILE_H
#define JAGA_SHIP_TAIL_FILE_H

#include <sys/stat.h>

#include "base/time.h"
#include "ship/tail.h"

struct tail_file {
    struct position *position;
    uint64_t key[2]; /* device, inode: of the table of files */
    int fd;          /* -1: not open */
    uint64_t size;   /* when it was last looked at */
    int64_t mtime_us;
    int64_t grown;    /* ticks: when its size was last seen to change */
    uint64_t skip_to; /* bytes before are not wanted */
    bool seen;        /* by the look that goes on */
    bool gone;        /* no path of ours leads to it any more: read to its end, then forgotten */
    bool changed;     /* since it was last read to its end */
    bool ended;       /* nothing more is to be read: what it holds is no log */
};

struct tail {
    struct tail_options options;
    struct positions *positions;
    VEC(struct tail_file *) files;
    size_t turn;   /* whose it is */
    size_t n_open; /* files */
    struct buf bytes;
    bool looked;               /* at least once */
    bool look_now;             /* something came, went or moved */
    bool touch_now;            /* something was written */
    int64_t look_at;           /* ticks: the next look for files at the latest */
    int64_t touch_at, touched; /* the same for what they hold; the last */
    uint64_t lines_skipped;
    int inotify; /* -1: none */
};

/* What happened to a file when it was looked at. */
enum tail_change {
    TAIL_SAME,
    TAIL_TRUNCATED, /* it is not the file any more that the position is about */
    TAIL_MISSING,   /* it cannot be opened now */
};

/* Opens it if need be and sees whether it is still the same. */
enum tail_change tail_file_check(struct tail *tail, struct tail_file *file, int64_t ticks);
void tail_file_close(struct tail *tail, struct tail_file *file);

static inline int64_t tail_mtime_us(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * TIME_SECOND_US + st->st_mtim.tv_nsec / 1000;
}

/* Notes size and time of change; true: it has grown or changed. */
bool tail_file_note(struct tail_file *file, const struct stat *st, int64_t ticks);

/* Does this open file begin as the position says, and have the same bytes before the place reached? */
bool tail_same_bytes(int fd, const struct position *position);

/* From its start, as if never seen. */
void tail_file_restart(struct tail_file *file);

/* The next piece: 1; 0; -ESTALE: the file was truncated; -ENOMEM. */
int tail_file_read(struct tail *tail, struct tail_file *file, int64_t ticks,
                   struct tail_piece *ret_piece);

/* ---- tail_look.c ---- */

struct tail_file *tail_add(struct tail *tail, struct position *position);
void tail_forget(struct tail *tail, struct tail_file *file);

/* Finds files that are new, moved or gone. 0 or -ENOMEM. */
int tail_look(struct tail *tail, int64_t ticks);

/* The file was truncated: follows what its copy has beyond the place reached, if there is a copy. */
int tail_follow_copy(struct tail *tail, struct tail_file *file);

/*
 * Is this copy still to be left alone, because its original is there and is read? False: from now on it is a file of its
 * own, that goes on where the original was last known to be.
 */
bool tail_stays_copy(struct tail *tail, struct tail_file *file, int64_t ticks);

/* ---- tail_watch.c ---- */

void tail_watch_start(struct tail *tail);
void tail_watch_stop(struct tail *tail);
/* The folder that holds `path`, or is it. */
void tail_watch_folder(struct tail *tail, const char *path, bool is_folder);

#endif
