/*
 * file: whole files, small ones read and big ones mapped. A mapped file may shrink
 * while it is read (a log that is rotated under us): file_guard() turns the SIGBUS that follows
 * into zero bytes, and file_shrank() tells.
 */
#ifndef JAGA_IO_FILE_H
#define JAGA_IO_FILE_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Reads all of a file of at most `max` bytes into *out (appended). 0, -EFBIG, -EISDIR or another
 * -errno; *out may have grown on failure.
 */
int file_read(const char *path, size_t max, struct buf *out);

/* The same for an open descriptor, from where it stands. */
int file_read_fd(int fd, size_t max, struct buf *out);

/* Writes all of `bytes` to an open descriptor, where it stands; durable: and has them on disk. 0 or -errno. */
int file_write_fd(int fd, struct str bytes);
int file_write_fd_durable(int fd, struct str bytes);

/* Writes all of `bytes` to a new file that takes the place of `path` at once. 0 or -errno. */
int file_write(const char *path, struct str bytes);

/* Has the entries of the folder that `path` is in on disk: a rename that power takes back is none. 0 or -errno. */
int file_sync_folder(const char *path);

struct file_map {
    struct str bytes;
    uint32_t guard; /* its row in the table of guarded ranges */
};

/* Maps `size` bytes of an open file for reading, in order. 0 or -errno. */
int file_map(int fd, size_t size, struct file_map *ret_map);
/* The whole of a regular file; an empty one has no bytes. 0, -EINVAL: it is none, or another -errno. */
int file_map_path(const char *path, struct file_map *ret_map);
void file_unmap(struct file_map *map);

/* Did a page that was read lie behind the end of the file? */
bool file_shrank(const struct file_map *map);

/* Tells the kernel that `part` of a map will not be read again: its pages stop counting as ours. */
void file_done_with(struct str part);

/* Installs the SIGBUS handler behind file_shrank(); once per process. 0 or -errno. */
int file_guard(void);

/* Lets the process have as many files and connections open as the system allows it to. */
void file_limit_raise(void);

#endif
