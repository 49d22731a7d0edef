/*
 * disk: the calls that decide whether bytes are durable, as a struct, so that tests can have disks that are full,
 * read-only or broken. Everything else goes to the kernel directly.
 */
#ifndef JAGA_SPOOL_DISK_H
#define JAGA_SPOOL_DISK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct disk {
    /* Like pwritev, fdatasync and fallocate (which never changes a size here): 0 or more, or -1 and errno. */
    ssize_t (*write)(int fd, const struct iovec *parts, int n, off_t at);
    int (*sync)(int fd);
    int (*reserve)(int fd, off_t at, off_t len);
};

extern const struct disk disk_real;

/* Writes all parts, however the kernel cuts them; `parts` is used up. 0 or -errno. */
int disk_write(const struct disk *disk, int fd, struct iovec *parts, size_t n, uint64_t at);

/* Reads `len` bytes: 0, -ENODATA where the file ends before, or another -errno. */
int disk_read(int fd, void *out, size_t len, uint64_t at);

/*
 * Writes a small file that takes the place of `name` in `folder` at once and durably. 0 or
 * -errno.
 */
int disk_replace(const struct disk *disk, int folder, const char *name, const char *bytes,
                 size_t len);

#endif
