/*
 * scan: walks the records of a part of a segment file, in order, and finds its way past damage. A scan belongs to
 * one thread and reads through a buffer of its own, so that nobody sees what is being written.
 */
#ifndef JAGA_SPOOL_SCAN_H
#define JAGA_SPOOL_SCAN_H

#include "spool/record.h"

enum scan_what {
    SCAN_HEADS,  /* heads are checked, bodies are passed over unread */
    SCAN_BODIES, /* whole records are checked */
};

struct scan {
    int fd;
    uint64_t salt;
    uint64_t at;        /* of the last record returned, or of the damage reported */
    uint64_t next, end; /* where to go on; no byte from `end` on is read */
    char *window;       /* bytes of the file from window_at; 8-aligned like the file */
    size_t cap, len;
    uint64_t window_at;
    size_t ahead; /* bytes to read at a time: grows while the scan goes on */
};

/* `start` is 8-aligned. */
void scan_init(struct scan *scan, int fd, uint64_t salt, uint64_t start, uint64_t end);
void scan_free(struct scan *scan);

/* Goes on in another part, maybe of another file, with the same memory. */
void scan_move(struct scan *scan, int fd, uint64_t salt, uint64_t start, uint64_t end);

/*
 * 1: a record. 0: the end. -EBADMSG: there is no record at scan->at; the next call goes on at the next one.
 * -ENOMEM, -EIO or another -errno of reading: the scan stays where it is.
 */
int scan_next(struct scan *scan, enum scan_what what, struct record *ret_record);

/* The whole record that scan_next() returned last with SCAN_BODIES; lives until the next call. */
char *scan_bytes(const struct scan *scan);

#endif
