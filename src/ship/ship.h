/*
 * ship: files to a centre, each line exactly once: follows them, reads any format that `jaga cat` reads, sends.
 *
 *     tail ─▶ lines as they are ──────────────┐
 *          ─▶ records: cut, parsed, as JSON ──┼─▶ sending ─▶ POST /api/v1/events
 *          ─▶ archives, EVTX: read whole ─────┘
 *
 * One thread; memory is bounded by a batch and a piece of a file.
 */
#ifndef JAGA_SHIP_SHIP_H
#define JAGA_SHIP_SHIP_H

#include "io/unpack.h"
#include "ship/client.h"
#include "ship/sending.h"
#include "ship/tail.h"

struct ship_options {
    struct tail_options tail; /* say and context are ship's */
    struct client_options client;
    struct unpack_limits unpack;
    const char *state;  /* folder; created */
    const char *source; /* NULL: the token's own */
    size_t batch;       /* bytes */
    uint64_t rate;
    bool pack;
    const volatile sig_atomic_t *stop;
};

struct ship_report {
    struct sending_stats sent;
    uint64_t errors;        /* places that could not be read; each was logged, up to a limit */
    uint64_t lines_skipped; /* too long */
};

/*
 * Until everything is sent (tail.once), or it is stopped. 0, or -errno with *err: -EINVAL: the options; -EBUSY, ...: the
 * state; -EACCES, -EPROTO: the server, with `once`.
 */
int ship_run(const struct ship_options *options, struct ship_report *ret_report, struct err *err);

#endif
