#include "spool/scan.h"

#include <errno.h>
#include <stdlib.h>

#include "spool/disk.h"

/* Walks over heads read little and skip; walks over bodies may end with the first, or go on for long. */
#define AHEAD_MIN (64u << 10)
#define AHEAD_MAX (1u << 20)

void scan_init(struct scan *scan, int fd, uint64_t salt, uint64_t start, uint64_t end)
{
    *scan = (struct scan){0};
    scan_move(scan, fd, salt, start, end);
}

void scan_free(struct scan *scan)
{
    free(scan->window);
    scan->window = NULL;
    scan->cap = scan->len = 0;
}

void scan_move(struct scan *scan, int fd, uint64_t salt, uint64_t start, uint64_t end)
{
    scan->fd = fd;
    scan->salt = salt;
    scan->at = scan->next = start;
    scan->end = end;
    scan->len = 0;
    scan->window_at = start;
    scan->ahead = AHEAD_MIN;
}

/* Makes the window hold `need` bytes from `at` on, all before the end. 0 or -errno. */
static int load(struct scan *scan, enum scan_what what, uint64_t at, size_t need)
{
    if (at >= scan->window_at && at + need <= scan->window_at + scan->len)
        return 0;
    size_t much = scan->ahead > need ? scan->ahead : need;
    if (what == SCAN_BODIES && scan->ahead < AHEAD_MAX)
        scan->ahead *= 2;
    if (much > scan->end - at)
        much = (size_t)(scan->end - at);
    if (much > scan->cap) {
        /* What it held is read again: simpler than moving it, and rare. */
        char *window = malloc(much);
        if (!window)
            return -ENOMEM;
        free(scan->window);
        scan->window = window;
        scan->cap = much;
    }
    scan->len = 0;
    int status = disk_read(scan->fd, scan->window, much, at);
    if (status < 0)
        return status;
    scan->window_at = at;
    scan->len = much;
    return 0;
}

/* 1: there is a record at `at`. 0: there is none; *ret_skip says how far to go on at least. Or -errno. */
static int probe(struct scan *scan, enum scan_what what, uint64_t at, struct record *ret_record,
                 uint64_t *ret_skip)
{
    struct record record;
    int status;
    *ret_skip = RECORD_ALIGN;
    if (scan->end - at < RECORD_HEAD)
        return 0;
    if ((status = load(scan, what, at, RECORD_HEAD)) < 0)
        return status;
    if (record_head_read(scan->window + (at - scan->window_at), scan->salt + at, &record) < 0 ||
        record.size > scan->end - at)
        return 0;
    if (what == SCAN_BODIES) {
        if ((status = load(scan, what, at, record.size)) < 0)
            return status;
        if (record_body_check(scan->window + (at - scan->window_at), &record) < 0) {
            *ret_skip = record.size; /* the head is sound: so is the size */
            return 0;
        }
    }
    *ret_record = record;
    return 1;
}

int scan_next(struct scan *scan, enum scan_what what, struct record *ret_record)
{
    uint64_t at = scan->next, skip = 0;
    if (at >= scan->end)
        return 0;
    int status = probe(scan, what, at, ret_record, &skip);
    if (status < 0)
        return status;
    scan->at = at;
    if (status == 1) {
        scan->next = at + ret_record->size;
        return 1;
    }
    /* Damage: the next head is searched, its body is for the next call to check. */
    struct record record;
    for (at += skip; at < scan->end; at += RECORD_ALIGN) {
        status = probe(scan, SCAN_HEADS, at, &record, &skip);
        if (status < 0)
            return status;
        if (status == 1)
            break;
    }
    scan->next = at < scan->end ? at : scan->end;
    return -EBADMSG;
}

char *scan_bytes(const struct scan *scan)
{
    return scan->window + (scan->at - scan->window_at);
}
