/*
 * carry: events of one source of a drill, gathered and sent as its shipper would: Elasticsearch's bulk lines, Splunk's HEC,
 * OTLP/HTTP JSON, or JSON lines.
 */
#ifndef JAGA_READINESS_CARRY_H
#define JAGA_READINESS_CARRY_H

#include "readiness/drill.h"
#include "ship/client.h"

#define CARRY_EVENTS_MAX 500 /* of a request */

struct carrier {
    const struct drill_source *source;
    struct client *client; /* owned; with the source's own token */
    struct buf body;
    uint64_t held; /* events in `body` */
    uint64_t sent; /* that the centre has acknowledged */
};

/* `client` becomes the carrier's. */
void carrier_open(struct carrier *carrier, const struct drill_source *source,
                  struct client *client);
void carrier_close(struct carrier *carrier);

/* One event, a line. 0 or -ENOMEM. */
int carrier_add(struct carrier *carrier, struct str event, int64_t time_us);

/* Sends what is held, and tries until the centre has it. 0, or as client_deliver(); -EIO also: it refused some of it. */
int carrier_send(struct carrier *carrier, struct err *err);

#endif
