/*
 * position: how far files were sent, and what is on its way, in one file that is replaced at once. With it each line is sent
 * exactly once, whenever the sender is killed:
 *
 *     read lines ─▶ save {positions behind them, the bodies, their sequences} ─▶ send ─▶ answered ─▶ read on
 *                                              │
 *     after a crash: the saved bodies are sent again, the same bytes under the same sequences; the server stores a
 *     sequence of a producer once, whether it had the first try or not. Then reading goes on behind them.
 *
 * The file (lengths come before bytes, so that paths may hold anything):
 *
 *     jaga-ship 1 PRODUCER SEQUENCE
 *     file KIND FORMAT DEVICE INODE OFFSET HEAD_LEN HEAD_HASH TAIL_LEN TAIL_HASH STATE×4 HEADER_LEN PATH_LEN
 *     HEADER PATH
 *     copy ...                                             the same, of a file that holds what another has
 *     part FORMAT PACKED EVENTS LEN
 *     BYTES
 *     end CHECKSUM
 *
 * One thread.
 */
#ifndef JAGA_SHIP_POSITION_H
#define JAGA_SHIP_POSITION_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "parse/parse.h"

#define POSITION_HEAD_MAX 1024         /* bytes of a file's start that tell it from others */
#define POSITION_TAIL_MAX 256          /* bytes before the place reached, the same */
#define POSITION_FILES_MAX 100000      /* files of one sender */
#define POSITION_PARTS_MAX 256         /* requests on their way at a time */
#define POSITION_SIZE_MAX (256u << 20) /* of the saved file */

/* How a file is read. */
enum position_kind {
    POSITION_NEW,     /* not looked into yet */
    POSITION_LINES,   /* sent line by line as it is */
    POSITION_CONVERT, /* records of a text format that need what stands before them, sent as JSON */
    POSITION_WHOLE,   /* archives and binary logs, sent as JSON; offset counts events */
    POSITION_RECORDS, /* EVTX; offset is the last record's number */
    POSITION_KINDS
};

struct position {
    struct str path; /* where it was last seen; owned, NUL-terminated */
    bool copy; /* its bytes are another file's, which was read as far as this says: tail_look.c */
    enum position_kind kind;
    enum format_id format;
    uint64_t device, inode;
    uint64_t offset;
    uint32_t head_len, tail_len; /* bytes that the hashes are of */
    uint64_t head_hash, tail_hash;
    struct buf header; /* of a cutter (parse.h): what the records ahead need */
    /* the same; of WHOLE and RECORDS: size and time of change when it was read */
    uint64_t state[4];
};

/* A request on its way. */
struct position_part {
    enum format_id format;
    bool packed; /* gzip */
    uint64_t events;
    struct buf bytes;
};

struct positions {
    bool is_new;       /* there were none in the folder: this is its first sender */
    uint64_t producer; /* never 0 */
    uint64_t sequence; /* the last that was answered; parts have those behind it, one each */
    VEC(struct position *) files; /* owned */
    VEC(struct position_part) parts;
};

/* Frees what a zeroed or read one holds. */
void positions_free(struct positions *positions);

/* Adds an empty one, which lives until it is removed. NULL: no memory, or POSITION_FILES_MAX. */
struct position *positions_add(struct positions *positions);
void positions_remove(struct positions *positions, struct position *position);

/* Forgets the parts. */
void positions_clear_parts(struct positions *positions);

/* A copy of `path` for a position. 0 or -ENOMEM. */
int position_set_path(struct position *position, struct str path);

/* Reads the text of a file into a zeroed *positions. 0; -EINVAL: it is damaged; -ENOMEM. */
int positions_parse(struct str text, struct positions *positions);
void positions_write(const struct positions *positions, struct buf *out);

/*
 * Opens a folder for one sender, creates it, reads what it holds; a new one gets a producer by chance. The
 * descriptor keeps others out until it is closed. -errno with *err: somebody else has it, it is damaged ...
 */
int positions_open(const char *dir, struct positions *positions, struct err *err);

/* Makes them durable in the place of the old ones. `dir_fd`: of positions_open(). 0 or -errno. */
int positions_save(int dir_fd, const struct positions *positions);

#endif
