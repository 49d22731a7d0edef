#include "spool/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int reserve(int fd, off_t at, off_t len)
{
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, at, len);
}

const struct disk disk_real = {.write = pwritev, .sync = fdatasync, .reserve = reserve};

/* Takes `done` bytes off the front of the parts. */
static void advance(struct iovec **parts, size_t *n, size_t done)
{
    while (*n > 0 && done >= (*parts)->iov_len) {
        done -= (*parts)->iov_len;
        ++*parts;
        --*n;
    }
    if (*n > 0) {
        (*parts)->iov_base = (char *)(*parts)->iov_base + done;
        (*parts)->iov_len -= done;
    }
}

int disk_write(const struct disk *disk, int fd, struct iovec *parts, size_t n, uint64_t at)
{
    advance(&parts, &n, 0);
    while (n > 0) {
        ssize_t done = disk->write(fd, parts, (int)(n < IOV_MAX ? n : IOV_MAX), (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        at += (uint64_t)done;
        advance(&parts, &n, (size_t)done);
    }
    return 0;
}

int disk_read(int fd, void *out, size_t len, uint64_t at)
{
    char *to = out;
    while (len > 0) {
        ssize_t done = pread(fd, to, len, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -ENODATA;
        to += done;
        at += (uint64_t)done;
        len -= (size_t)done;
    }
    return 0;
}

int disk_replace(const struct disk *disk, int folder, const char *name, const char *bytes,
                 size_t len)
{
    char fresh[NAME_MAX];
    if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", name) >= sizeof(fresh))
        return -ENAMETOOLONG;
    int fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    int status = disk_write(disk, fd, &part, 1, 0);
    if (status == 0 && disk->sync(fd) < 0)
        status = -errno;
    if (close(fd) < 0 && status == 0)
        status = -errno;
    if (status == 0 && renameat(folder, fresh, folder, name) < 0)
        status = -errno;
    if (status == 0 && fsync(folder) < 0)
        status = -errno;
    if (status < 0)
        unlinkat(folder, fresh, 0);
    return status;
}
