/*
 * unpack: the members of an archive, or the one content of a compressed file, read through
 * libarchive as a stream: gzip, zstd, xz, bzip2, zip, tar in any of them, 7z. Recognised by
 * content. Nothing is written anywhere. Hostile archives are the normal case: what
 * they may expand to is a budget (shared by the layers of an archive within an archive).
 */
#ifndef JAGA_IO_UNPACK_H
#define JAGA_IO_UNPACK_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define UNPACK_RATIO_MAX 300            /* default: unpacked bytes per packed byte */
#define UNPACK_RATIO_FREE (64ull << 20) /* unpacked bytes before the ratio counts */
#define UNPACK_BYTES_MAX (1ull << 40)   /* default: unpacked bytes of one file */
#define UNPACK_MEMBERS_MAX 1000000u     /* default: members of one file */
#define UNPACK_HEAD_SIZE 512            /* bytes that unpack_recognise() looks at */

struct unpack_limits {
    uint64_t bytes_max;
    uint64_t ratio_max;
    uint64_t members_max;
};

/* What one file has cost so far; its limits are errors when they are spent. */
struct unpack_budget {
    struct unpack_limits limits;
    uint64_t packed;   /* bytes taken from the file; counted by whoever reads it */
    uint64_t unpacked; /* bytes made of them, by all layers */
    uint64_t members;
};

enum unpack_kind {
    UNPACK_NONE,    /* neither compressed nor an archive */
    UNPACK_PACKED,  /* unpack_open() takes it */
    UNPACK_FOREIGN, /* an archive of a kind that is not read; see ret_name */
};

/* What do the first bytes say? `ret_name`: the kind's name, a literal. */
enum unpack_kind unpack_recognise(struct str head, const char **ret_name);

/* Where packed bytes come from. */
struct unpack_source {
    void *context;
    /* Up to `size` bytes; 0 at the end, or -errno with *err. */
    ssize_t (*read)(void *context, void *bytes, size_t size, struct err *err);
    /* As lseek(); NULL where that cannot be done (7z needs it, zip is better with it). */
    int64_t (*seek)(void *context, int64_t offset, int whence);
};

struct unpack_member {
    struct str name;  /* any bytes; empty: a compressed stream. Until the next unpack_next() */
    uint64_t size;    /* bytes; 0: unknown */
    int64_t mtime_us; /* TIME_UNSET: not said */
};

struct unpack;

/* source and budget outlive it. NULL: *err says why. */
struct unpack *unpack_open(const struct unpack_source *source, struct unpack_budget *budget,
                           struct err *err);
void unpack_close(struct unpack *unpack);

/*
 * The next member with content. 1; 0 at the end; -errno with *err for a member that cannot be
 * read (call again for the next) or a broken archive (the next call returns 0). ret_member->name is
 * set in each case.
 */
int unpack_next(struct unpack *unpack, struct unpack_member *ret_member, struct err *err);

/*
 * Bytes of the member; 0 at its end; -errno with *err. Bytes before the
 * damage have been handed out.
 */
ssize_t unpack_read(struct unpack *unpack, void *bytes, size_t size, struct err *err);

#endif
