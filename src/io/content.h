/*
 * content: what jaga ships (datasets, rules, ...), carried inside the binary. A folder
 * given by the user replaces it area by area: where it has a `rules` folder, the rules of
 * the binary are not used at all, and so on.
 */
#ifndef JAGA_IO_CONTENT_H
#define JAGA_IO_CONTENT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

#define CONTENT_FILE_MAX (16u << 20)  /* bytes of one file */
#define CONTENT_MEMORY_MAX (1u << 30) /* bytes of all files of a folder */

struct content_file {
    struct str name; /* "datasets/windows.yaml" */
    struct str bytes;
    struct str origin; /* for messages: "jaga:datasets/windows.yaml", or the file's path */
};

struct content {
    struct arena arena;
    VEC(struct content_file) files; /* ordered by name; text lives until content_close() */
};

/*
 * The binary's content, with the areas of `folder` (NULL: none) in the
 * place of its own. 0 or -errno with *err.
 */
int content_open(struct content *content, const char *folder, struct err *err);
void content_close(struct content *content);

/* The file of that name, or NULL. */
const struct content_file *content_find(const struct content *content, struct str name);

#endif
