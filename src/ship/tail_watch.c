/*
 * What the kernel tells of changes (inotify), by folder: one watch sees what is written, made and moved in it. It
 * only makes the tail look sooner: what it misses (network file systems, a full queue) is found by looking.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "ship/tail_file.h"

#define EVENTS_SIZE 65536
#define CAME_OR_WENT                                                                               \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
#define WRITTEN (IN_MODIFY | IN_CLOSE_WRITE)
#define WAIT_BLIND_MS 250 /* without inotify nothing wakes us */

void tail_watch_start(struct tail *tail)
{
    tail->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void tail_watch_stop(struct tail *tail)
{
    if (tail->inotify >= 0)
        close(tail->inotify);
}

void tail_watch_folder(struct tail *tail, const char *path, bool is_folder)
{
    const char *slash = strrchr(path, '/');
    struct buf folder = {0};
    if (tail->inotify < 0)
        return;
    if (is_folder)
        buf_add_c(&folder, path);
    else if (slash)
        buf_add(&folder, path, slash == path ? 1 : (size_t)(slash - path));
    else
        buf_add_byte(&folder, '.');
    buf_add_byte(&folder, '\0');
    /* The same folder again changes nothing; one that cannot be watched is looked at. */
    if (!folder.failed)
        inotify_add_watch(tail->inotify, folder.ptr, CAME_OR_WENT | WRITTEN | IN_ONLYDIR);
    buf_free(&folder);
}

static void read_events(struct tail *tail)
{
    _Alignas(struct inotify_event) char bytes[EVENTS_SIZE];
    ssize_t got;
    while ((got = read(tail->inotify, bytes, sizeof(bytes))) > 0) {
        for (char *at = bytes; at < bytes + got;) {
            struct inotify_event event;
            memcpy(&event, at, sizeof(event));
            tail->look_now |= (event.mask & (CAME_OR_WENT | IN_Q_OVERFLOW)) != 0;
            tail->touch_now |= (event.mask & (WRITTEN | IN_Q_OVERFLOW)) != 0;
            at += sizeof(event) + event.len;
        }
    }
}

void tail_wait(struct tail *tail, int timeout_ms)
{
    struct pollfd polled = {.fd = tail->inotify, .events = POLLIN};
    if (tail->inotify < 0 && timeout_ms > WAIT_BLIND_MS)
        timeout_ms = WAIT_BLIND_MS;
    poll(&polled, tail->inotify >= 0 ? 1 : 0, timeout_ms);
    if (tail->inotify >= 0)
        read_events(tail);
    else
        tail->touch_now = true;
}
