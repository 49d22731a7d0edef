#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP 65536
#define WRITTEN_MODE 0644
#define PAGE_SIZE_FALLBACK 4096
#define GUARDS_MAX 4096 /* maps that exist at one time; later ones are not guarded */
#define NOT_GUARDED UINT32_MAX

/*
 * The mapped ranges, for the signal handler: it can be given nothing else. A row is free while
 * `start` is 0; `end` is written before `start`.
 */
static struct guard {
    _Atomic uintptr_t start;
    _Atomic uintptr_t end;
    _Atomic bool hit;
} guards[GUARDS_MAX];

static size_t page_size(void)
{
    long size = sysconf(_SC_PAGESIZE);
    return size > 0 ? (size_t)size : PAGE_SIZE_FALLBACK;
}

int file_read_fd(int fd, size_t max, struct buf *out)
{
    size_t total = 0;
    for (;;) {
        char *to = buf_reserve(out, READ_STEP);
        if (!to)
            return -ENOMEM;
        ssize_t got = read(fd, to, READ_STEP);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return 0;
        total += (size_t)got;
        if (total > max)
            return -EFBIG;
        out->len += (size_t)got;
    }
}

int file_read(const char *path, size_t max, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int status = file_read_fd(fd, max, out);
    close(fd);
    return status;
}

int file_write_fd(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes = str_skip(bytes, (size_t)written);
    }
    return 0;
}

int file_write_fd_durable(int fd, struct str bytes)
{
    int status = file_write_fd(fd, bytes);
    return status == 0 && fsync(fd) < 0 ? -errno : status;
}

int file_write(const char *path, struct str bytes)
{
    struct buf temporary = {0};
    buf_printf(&temporary, "%s.XXXXXX", path);
    buf_add_byte(&temporary, '\0');
    if (temporary.failed) {
        buf_free(&temporary);
        return -ENOMEM;
    }
    int fd = mkostemp(temporary.ptr, O_CLOEXEC);
    int status = fd < 0 ? -errno : file_write_fd(fd, bytes);
    if (status == 0 && fchmod(fd, WRITTEN_MODE) < 0)
        status = -errno;
    if (fd >= 0 && close(fd) < 0 && status == 0)
        status = -errno;
    if (status == 0 && rename(temporary.ptr, path) < 0)
        status = -errno;
    if (status < 0 && fd >= 0)
        unlink(temporary.ptr);
    buf_free(&temporary);
    return status;
}

int file_sync_folder(const char *path)
{
    struct buf folder = {0};
    const char *slash = strrchr(path, '/');
    buf_add(&folder, path, slash ? (size_t)(slash + 1 - path) : 0);
    buf_add_c(&folder, ".");
    buf_add_byte(&folder, '\0');
    int fd = folder.failed ? -1 : open(folder.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = folder.failed ? -ENOMEM : fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    buf_free(&folder);
    return status;
}

static uint32_t guard_add(uintptr_t start, uintptr_t end)
{
    for (uint32_t i = 0; i < GUARDS_MAX; i++) {
        uintptr_t none = 0;
        if (atomic_load(&guards[i].start) != 0)
            continue;
        atomic_store(&guards[i].hit, false);
        atomic_store(&guards[i].end, end);
        if (atomic_compare_exchange_strong(&guards[i].start, &none, start))
            return i;
    }
    return NOT_GUARDED;
}

int file_map(int fd, size_t size, struct file_map *ret_map)
{
    void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    madvise(at, size, MADV_SEQUENTIAL);
    ret_map->bytes = str_of(at, size);
    ret_map->guard = guard_add((uintptr_t)at, (uintptr_t)at + size);
    return 0;
}

int file_map_path(const char *path, struct file_map *ret_map)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC), status = 0;
    *ret_map = (struct file_map){.guard = NOT_GUARDED};
    if (fd < 0 || fstat(fd, &about) < 0)
        status = -errno;
    else if (!S_ISREG(about.st_mode))
        status = -EINVAL;
    else if (about.st_size > 0)
        status = file_map(fd, (size_t)about.st_size, ret_map);
    if (fd >= 0)
        close(fd);
    return status;
}

void file_unmap(struct file_map *map)
{
    if (!map->bytes.ptr)
        return;
    if (map->guard != NOT_GUARDED)
        atomic_store(&guards[map->guard].start, 0);
    munmap((void *)(uintptr_t)map->bytes.ptr, map->bytes.len);
    *map = (struct file_map){.guard = NOT_GUARDED};
}

bool file_shrank(const struct file_map *map)
{
    return map->bytes.ptr && map->guard != NOT_GUARDED && atomic_load(&guards[map->guard].hit);
}

void file_done_with(struct str part)
{
    uintptr_t page = page_size();
    uintptr_t start = ((uintptr_t)part.ptr + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)part.ptr + part.len) & ~(page - 1);
    if (end > start)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

/*
 * A page behind the end of a file that shrank is replaced by one of zeros, and the read is
 * tried again. Any other SIGBUS is a real one: back to the default and let it come again.
 */
static void on_sigbus(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    uintptr_t at = (uintptr_t)info->si_addr;
    for (uint32_t i = 0; i < GUARDS_MAX; i++) {
        uintptr_t start = atomic_load(&guards[i].start);
        if (start == 0 || at < start || at >= atomic_load(&guards[i].end))
            continue;
        size_t page = page_size();
        atomic_store(&guards[i].hit, true);
        if (mmap((void *)(at & ~(page - 1)), page, PROT_READ,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            break;
        errno = saved;
        return;
    }
    signal(signal_number, SIG_DFL);
    errno = saved;
}

int file_guard(void)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL) < 0 ? -errno : 0;
}

void file_limit_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
