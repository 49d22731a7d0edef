/*
 * outflow: an answer of any length that a thread of its own makes, while a client takes it. Between the two is a
 * bounded buffer: who does not take what comes makes the thread wait, until the connection is cut.
 *
 *     request ─▶ outflow_start ─▶ thread: make() ─▶ outflow_write ─▶ [buffer] ─▶ libmicrohttpd reads
 *        └─ suspended until there is something ◀──────┘
 *
 * A client that goes away, a token that is revoked and a server that stops end it: cancel() is called, and
 * outflow_write() fails.
 */
#ifndef JAGA_API_OUTFLOW_H
#define JAGA_API_OUTFLOW_H

#include "api/server.h"

#define OUTFLOWS_MAX 4 /* at once; a further one is refused with 429 */

struct outflow;
struct outflows;

struct outflow_work {
    const char *type; /* of the answer; lives for ever */
    /* 0, or -errno with *err: the status of the answer where nothing was written yet; else the answer is cut off. */
    int (*make)(void *context, struct outflow *outflow, struct err *err);
    void (*cancel)(
        void
            *context); /* any thread, maybe before make() has begun; NULL: writing fails, no more */
    void (*free)(void *context); /* at the end, in any thread */
};

struct outflows *outflows_new(void);
/* Ends those there are, and waits for them. NULL: nothing. */
void outflows_free(struct outflows *outflows);

/* Answers the request with what `work` makes. `context` belongs to it from here on. */
void outflow_start(struct api_request *request, const struct outflow_work *work, void *context);

/* Of make(): 0; -ECANCELED: nobody wants it; -ENOMEM. */
int outflow_write(struct outflow *outflow, struct str bytes);

/* Of the keeper: ends those whose client is gone, and those that nobody may have any more. */
void outflows_look(struct api *api);

#endif
