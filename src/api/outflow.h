/*
 * outflow: an answer of any length that a thread of its own makes, while a client takes it. Between the two is a
 * bounded buffer: who does not take what comes makes the thread wait, until the connection is cut.
 *
 *     request ─▶ outflow_start ─▶ thread: make() ─▶ outflow_write ─▶ [buffer] ─▶ libmicrohttpd reads
 *        └─ suspended until the answer begins ◀───────┘
 *
 * A client that goes away, a token that is revoked and a server that stops end it: cancel() is called, and for a client
 * that is gone outflow_write() fails.
 */
#ifndef JAGA_API_OUTFLOW_H
#define JAGA_API_OUTFLOW_H

#include "api/server.h"

#define OUTFLOWS_MAX 4 /* of those that are limited, at once; a further one is refused with 429 */
#define OUTFLOW_BEAT_US INT64_C(1000000)

struct outflow;
struct outflows;

/* One kind of answer. Lives for ever. */
struct outflow_work {
    const char *type;
    bool limited; /* counts among OUTFLOWS_MAX; otherwise who starts it has a limit */
    size_t held;  /* bytes that an answer is before it begins: until then a problem is its status */
    /* 0, or -errno with *err: the status of the answer where it has not begun; else it is cut off. */
    int (*make)(void *context, struct outflow *outflow, struct err *err);
    void (*cancel)(void *context); /* any thread, at any time; more than once */
    void (*free)(void *context);   /* at the end, any thread */
    /* Replies with what make() failed with. NULL: a problem by its code. */
    void (*refuse)(struct api_request *request, const struct err *err);
    /* Adds last words to an answer that has begun when make() failed: then it is not cut off. NULL: none. */
    void (*fail)(struct buf *out, const struct err *err);
    /* Each time that a client has waited for OUTFLOW_BEAT_US: adds what tells it to go on waiting, if anything. NULL: nothing. */
    void (*beat)(void *context, bool begun, struct buf *out);
};

struct outflows *outflows_new(void);
/* Ends those there are, and waits for them. NULL: nothing. */
void outflows_free(struct outflows *outflows);

/* Answers the request with what `work` makes. `context` belongs to it from here on. */
void outflow_start(struct api_request *request, const struct outflow_work *work, void *context);

/* Of make(): 0; -ECANCELED: nobody wants it; -ENOMEM. */
int outflow_write(struct outflow *outflow, struct str bytes);

/* Of the keeper: beats; ends those whose client is gone, and those that nobody may have any more. */
void outflows_look(struct api *api, int64_t ticks);

#endif
