/*
 * sending: events on their way to the centre: collected by format, saved with the positions behind them, sent until they are
 * answered. What is sent and not answered is bounded by one batch; nothing further is read meanwhile.
 *
 *     sending_add ... ─▶ sending_flush: save ─▶ send each part ─▶ 2xx: the next │ 413: in halves, saved again │ else again
 */
#ifndef JAGA_SHIP_SENDING_H
#define JAGA_SHIP_SENDING_H

#include "ship/client.h"
#include "ship/position.h"

#define SENDING_EVENTS_MAX 100000u       /* of a batch */
#define SENDING_REFUSED "refused.ndjson" /* in the state folder: events too large for the server */

struct sending_options {
    struct client *client;
    struct positions *positions;
    int dir_fd;         /* of positions_open() */
    const char *source; /* NULL: the token's own */
    size_t batch;       /* bytes; a batch may be larger by what was added last */
    uint64_t rate;      /* events per second; 0: no limit */
    bool pack;          /* gzip */
    bool once;          /* a refusal ends it; else it is tried again until it is mended */
    const volatile sig_atomic_t *stop;
};

struct sending;

struct sending *sending_new(const struct sending_options *options);
void sending_free(struct sending *sending);

/* Adds an event, which is on one line, or lines of events; empty lines are none. 0 or -ENOMEM. */
int sending_add(struct sending *sending, enum format_id format, struct str event);
int sending_add_lines(struct sending *sending, enum format_id format, struct str lines);

bool sending_is_full(const struct sending *sending);
bool sending_is_empty(const struct sending *sending);

/*
 * Makes what was added durable together with the positions as they are now, sends it, and waits until it is answered. 0;
 * -ECANCELED: stopped, it is sent after the next start; -EACCES: the server refuses it (once); -EPROTO; -errno of the
 * state folder. *err says why.
 */
int sending_flush(struct sending *sending, struct err *err);

/* Sends what the last run had saved and not finished. As sending_flush(). */
int sending_resume(struct sending *sending, struct err *err);

struct sending_stats {
    uint64_t events, bytes, requests; /* answered */
    uint64_t rejected;                /* of them: the server keeps them as dead letters */
    uint64_t refused;                 /* too large for the server: kept in SENDING_REFUSED */
};
struct sending_stats sending_stats(const struct sending *sending);

#endif
