/*
 * syslog_hold: what one thread of the syslog doors has read and the spool does not have yet, as batches by source. Nothing is
 * let go before it is durable: when the spool can take no more, when SYSLOG_HELD_MAX bytes are on their way or all batches are,
 * the thread waits here, and so reads nothing.
 *
 *     free ─▶ open {source, messages} ─▶ away (in the spool's hands) ─▶ free
 *                                         └─▶ came back: failed ─▶ submitted again, before newer ones
 *
 * A hold belongs to one thread; batches come back from the spool's.
 */
#ifndef JAGA_API_SYSLOG_HOLD_H
#define JAGA_API_SYSLOG_HOLD_H

#include "api/syslog.h"

#define HOLD_BATCHES 64               /* of one hold */
#define HOLD_BATCH_BYTES (256u << 10) /* a batch is handed over when it has as much */

struct syslog_hold;

struct hold_options {
    struct intake *intake;
    const _Atomic bool *stopping; /* once it is set, waiting ends after HOLD_STOP_US */
    _Atomic uint64_t *stalls;     /* counts the waits */
};

/* How long a stop waits for a spool that takes nothing, in µs. */
#define HOLD_STOP_US INT64_C(5000000)

/* NULL: no memory. */
struct syslog_hold *hold_new(const struct hold_options *options);

/* Waits for what is away; what the spool could not take by then counts as failed. */
void hold_free(struct syslog_hold *hold);

/*
 * The batch to add messages of this source to: intake_add(), intake_reject(). Valid until the next call with
 * this hold. May wait. NULL: no room, and the door is stopping.
 */
struct intake_batch *hold_batch(struct syslog_hold *hold, struct sender *sender, enum door door,
                                struct str peer);

/* Hands over all open batches. May wait. */
void hold_flush(struct syslog_hold *hold);

/* How long it has waited altogether, in µs: time in which no sender was heard. */
int64_t hold_waited_us(const struct syslog_hold *hold);

#endif
