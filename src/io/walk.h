/*
 * walk: the files beneath the paths a person gave, in an order that does not depend on the
 * file system. A path that is given is followed wherever it leads; beneath a folder, symbolic
 * links are not followed (evidence from another machine links to places that mean ours) and special
 * files are left out; both are counted. A folder that cannot be read is reported and the walk goes
 * on.
 */
#ifndef JAGA_IO_WALK_H
#define JAGA_IO_WALK_H

#include "base/arena.h"
#include "base/vec.h"

#define WALK_FILES_MAX 10000000      /* of one walk */
#define WALK_DEPTH_MAX 256           /* folders within folders */
#define WALK_MEMORY_MAX (2ull << 30) /* bytes of paths */

struct walk_file {
    const char *path; /* NUL-terminated; lives as long as the walk */
    uint64_t size;    /* bytes; 0 for what is no regular file */
    bool given;       /* named by the person: may be a pipe or a device, and a link is followed */
    struct str bytes; /* what it holds, where there is no file to open; ptr NULL: a file */
};

struct walk {
    struct arena arena;
    VEC(struct walk_file) files;
    uint64_t bytes; /* of all files together */
    uint64_t links_skipped, special_skipped;
    void (*error)(void *context, const char *path, int code); /* code: negative errno */
    void *context;
};

/* An empty walk that reports to `error` (may be NULL). */
void walk_init(struct walk *walk, void (*error)(void *, const char *, int), void *context);
void walk_free(struct walk *walk);

/*
 * Adds a path: "-" as it is, a file, or all files beneath a folder. What cannot be read is
 * reported and left out. Returns 0, -ENOMEM, or -E2BIG when a limit is spent (reported, too).
 */
int walk_add(struct walk *walk, const char *path);

/* Adds bytes in memory, which outlive the walk, to be read as a file of that name. 0 or -ENOMEM. */
int walk_add_bytes(struct walk *walk, const char *name, struct str bytes);

#endif
