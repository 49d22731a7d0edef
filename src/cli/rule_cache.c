#include "cli/rule_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "sigma/image.h"

#define PREFIX "rules-"
#define SUFFIX ".image"

/* The folder, made when it is not there, NUL-terminated. False: there is none for us. */
static bool cache_folder(struct buf *folder)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    struct stat st;
    if (cache && cache[0] == '/')
        buf_add_c(folder, cache);
    else if (home && home[0] == '/')
        buf_printf(folder, "%s/.cache", home);
    else
        return false;
    buf_add_byte(folder, '\0');
    if (folder->failed || (mkdir(folder->ptr, 0700) < 0 && errno != EEXIST))
        return false;
    folder->len--;
    buf_add_c(folder, "/jaga");
    buf_add_byte(folder, '\0');
    if (folder->failed || (mkdir(folder->ptr, 0700) < 0 && errno != EEXIST))
        return false;
    /* Rules decide what is found: a folder that others may write to is not for us. */
    return lstat(folder->ptr, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool cache_path(uint64_t key, struct buf *path)
{
    if (!cache_folder(path))
        return false;
    path->len--;
    buf_printf(path, "/" PREFIX "%016llx" SUFFIX, (unsigned long long)key);
    buf_add_byte(path, '\0');
    return !path->failed;
}

bool rule_cache_load(struct sigma_set *set, uint64_t key)
{
    struct buf path = {0};
    struct file_map map = {0};
    struct stat st;
    bool loaded = false;
    int fd = cache_path(key, &path) ? open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        (uint64_t)st.st_size <= RULE_CACHE_FILE_MAX &&
        file_map(fd, (size_t)st.st_size, &map) == 0) {
        loaded = sigma_set_load(set, map.bytes, key) == 0;
        file_unmap(&map);
    }
    if (loaded)
        futimens(fd, NULL); /* used again: not among the oldest */
    if (fd >= 0)
        close(fd);
    buf_free(&path);
    return loaded;
}

struct cached {
    struct timespec used;
    char name[NAME_MAX + 1];
};

static int newest_first(const void *a, const void *b)
{
    const struct timespec *left = &((const struct cached *)a)->used;
    const struct timespec *right = &((const struct cached *)b)->used;
    if (left->tv_sec != right->tv_sec)
        return left->tv_sec < right->tv_sec ? 1 : -1;
    return left->tv_nsec < right->tv_nsec ? 1 : left->tv_nsec > right->tv_nsec ? -1 : 0;
}

/* Takes away all but the newest. */
static void prune(const char *folder)
{
    VEC(struct cached) files = {0};
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct str name = str_from_c(entry->d_name);
        struct stat st;
        struct cached file;
        if (!str_starts(name, STR(PREFIX)) || !str_ends(name, STR(SUFFIX)) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        file.used = st.st_mtim;
        memcpy(file.name, entry->d_name, name.len + 1);
        if (vec_push(&files, file) < 0)
            break;
    }
    if (files.len)
        qsort(files.items, files.len, sizeof(files.items[0]), newest_first);
    for (size_t i = RULE_CACHE_KEPT; i < files.len; i++)
        unlinkat(dirfd(dir), files.items[i].name, 0);
    if (dir)
        closedir(dir);
    vec_free(&files);
}

void rule_cache_save(const struct sigma_set *set, uint64_t key)
{
    struct buf path = {0}, folder = {0}, image = {0};
    if (cache_path(key, &path) && sigma_set_save(set, key, &image) == 0 && !image.failed &&
        file_write(path.ptr, buf_str(&image)) == 0 && cache_folder(&folder))
        prune(folder.ptr);
    buf_free(&path);
    buf_free(&folder);
    buf_free(&image);
}
