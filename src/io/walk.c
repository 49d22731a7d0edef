#include "io/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that is still to be read. */
struct folder {
    const char *path;
    unsigned depth;
};

typedef VEC(struct folder) folder_stack;

void walk_init(struct walk *walk, void (*error)(void *, const char *, int), void *context)
{
    *walk = (struct walk){.error = error, .context = context};
    arena_init(&walk->arena, WALK_MEMORY_MAX);
}

void walk_free(struct walk *walk)
{
    vec_free(&walk->files);
    arena_free(&walk->arena);
}

static int report(struct walk *walk, const char *path, int code)
{
    if (walk->error)
        walk->error(walk->context, path, code);
    return code;
}

static int add_file(struct walk *walk, const char *path, uint64_t size, bool given)
{
    if (walk->files.len == WALK_FILES_MAX)
        return report(walk, path, -E2BIG);
    const char *copy = arena_copy(&walk->arena, str_from_c(path)).ptr;
    if (!copy)
        return report(walk, path, -E2BIG);
    walk->bytes += size;
    return vec_push(&walk->files, ((struct walk_file){.path = copy, .size = size, .given = given}));
}

static const char *join(struct walk *walk, const char *folder, const char *name)
{
    struct str left = str_from_c(folder);
    return str_ends(left, STR("/")) ? arena_printf(&walk->arena, "%s%s", folder, name).ptr
                                    : arena_printf(&walk->arena, "%s/%s", folder, name).ptr;
}

/* What one entry of a folder is: taken, remembered for later, or skipped. */
static int add_entry(struct walk *walk, int dir_fd, const struct folder *folder, const char *name,
                     folder_stack *found)
{
    struct stat st;
    const char *path = join(walk, folder->path, name);
    if (!path)
        return report(walk, folder->path, -E2BIG);
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        report(walk, path, -errno);
        return 0;
    }
    if (S_ISREG(st.st_mode)) {
        int status = vec_push(&walk->files,
                              ((struct walk_file){.path = path, .size = (uint64_t)st.st_size}));
        walk->bytes += status == 0 ? (uint64_t)st.st_size : 0;
        return status == 0 && walk->files.len > WALK_FILES_MAX ? report(walk, path, -E2BIG)
                                                               : status;
    }
    if (S_ISLNK(st.st_mode)) {
        walk->links_skipped++;
    } else if (!S_ISDIR(st.st_mode)) {
        walk->special_skipped++;
    } else if (folder->depth + 1 >= WALK_DEPTH_MAX) {
        report(walk, path, -ELOOP);
    } else {
        return vec_push(found, ((struct folder){path, folder->depth + 1}));
    }
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/*
 * Files of a folder come first, in the order of their names, then its folders. Folders found are
 * pushed last name first, so that the stack gives them back in order.
 */
static int read_folder(struct walk *walk, const struct folder *folder, folder_stack *stack)
{
    struct dirent **entries = NULL;
    folder_stack found = {0};
    int status = 0;
    int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int n = fd < 0 ? -1 : scandirat(fd, ".", &entries, no_dots, by_name);
    if (n < 0) {
        report(walk, folder->path, -errno);
        n = 0;
    }
    for (int i = 0; i < n; i++) {
        if (status == 0)
            status = add_entry(walk, fd, folder, entries[i]->d_name, &found);
        free(entries[i]);
    }
    while (status == 0 && found.len > 0)
        status = vec_push(stack, found.items[--found.len]);
    free(entries);
    vec_free(&found);
    if (fd >= 0)
        close(fd);
    return status;
}

int walk_add(struct walk *walk, const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        return add_file(walk, path, 0, true);
    if (stat(path, &st) < 0) {
        report(walk, path, -errno);
        return 0;
    }
    if (!S_ISDIR(st.st_mode))
        return add_file(walk, path, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, true);

    folder_stack stack = {0};
    const char *copy = arena_copy(&walk->arena, str_from_c(path)).ptr;
    int status = copy ? vec_push(&stack, ((struct folder){copy, 0})) : -ENOMEM;
    while (status == 0 && stack.len > 0) {
        struct folder folder = stack.items[--stack.len];
        status = read_folder(walk, &folder, &stack);
    }
    vec_free(&stack);
    return status;
}

int walk_add_bytes(struct walk *walk, const char *name, struct str bytes)
{
    int status = add_file(walk, name, bytes.len, true);
    if (status == 0)
        walk->files.items[walk->files.len - 1].bytes = bytes;
    return status;
}
