/*
 * delivery: the events of one request on their way into the spool, and the wait until they are there. What a
 * request brings may be of several sources (the indices of a bulk request); each is a lane of its own.
 *
 *     delivery_new ─▶ delivery_admit ─▶ delivery_lane, intake_add .. ─▶ delivery_send      handler ends
 *                                                                            │ all lanes are durable, or failed
 *                                          delivery_answer, in a thread ◀────┘
 *
 * A request is answered as a whole: when a lane could not be stored the client is told to send all again, which
 * loses nothing and may double what the other lanes had.
 */
#ifndef JAGA_API_DELIVERY_H
#define JAGA_API_DELIVERY_H

#include "api/api.h"

#define DELIVERY_LANES_MAX 256

struct delivery;

/* What a door does with its deliveries. */
struct delivery_door {
    enum door door;
    size_t context_size;            /* of what it remembers from handler to answer */
    void (*release)(void *context); /* frees what that points to; called once, last of all */
    void (*answer)(struct delivery *delivery); /* once everything is durable */
    void (*refuse)(struct api_request *request, unsigned status, const char *reason);
};

struct delivery_lane {
    struct intake_batch *batch;
    struct intake_batch own; /* of all lanes but the first */
    struct str source, hint; /* as the door named them */
    struct delivery *delivery;
    struct intake_result result;
};

struct delivery {
    struct api_request *request;
    const struct delivery_door *door;
    enum format_id format;
    void *context; /* the door's, zeroed at first */
    struct delivery_lane *lanes[DELIVERY_LANES_MAX];
    uint32_t n_lanes, last;
    _Atomic uint32_t pending; /* lanes under way, and delivery_send() itself */

    /* For the answer. */
    uint64_t stored, rejected;
    bool repeated; /* all of it */
};

/* In the request's memory. NULL: it has none, and was refused. */
struct delivery *delivery_new(struct api_request *request, const struct delivery_door *door,
                              enum format_id format);

/* Ends it before it was sent, with a refusal. */
void delivery_refuse(struct delivery *delivery, unsigned status, const char *reason);

/*
 * May the sender send n events now? False: it was refused with 429. `source` as in delivery_lane(), for the
 * account.
 */
bool delivery_admit(struct delivery *delivery, uint64_t n, struct str source);

/*
 * The lane of a source, where the sender's token leaves that open, and of what the sender calls its events;
 * *ret_number counts from 0. NULL: no memory, or too many, and the request was refused. The texts live until the
 * answer.
 */
struct delivery_lane *delivery_lane(struct delivery *delivery, struct str source, struct str hint,
                                    uint32_t *ret_number);

/* Hands all over; the request waits. Nothing of the delivery may be touched afterwards. */
void delivery_send(struct delivery *delivery);

#endif
