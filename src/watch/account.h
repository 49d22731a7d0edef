/*
 * account: the loss account of senders, read: for the API and for /metrics. Numbers are taken one after the other
 * while events come in; they add up to the last one whenever nothing is under way.
 */
#ifndef JAGA_WATCH_ACCOUNT_H
#define JAGA_WATCH_ACCOUNT_H

#include "base/buf.h"
#include "watch/intake.h"
#include "watch/sender.h"

#define ACCOUNT_CONSUMER STR("account") /* its name in the spool */
#define ACCOUNT_SERIES_MAX 1000         /* senders with lines of their own in /metrics */

struct account_sums {
    uint64_t received, stored, repeated, rejected, failed, in_flight, throttled, refused, bytes;
    int64_t last; /* the latest; 0: never */
};

void account_read(const struct sender *sender, struct account_sums *ret_sums);

/* sums += more */
void account_add(struct account_sums *sums, const struct account_sums *more);

/*
 * Kept over restarts: account_save() appends what was counted. Once that is durable, account_let_go() tells the spool that
 * it is not needed to count it again. 0 or -ENOMEM.
 */
int account_save(struct senders *senders, struct intake *intake, struct buf *out);
void account_let_go(struct intake *intake);

/*
 * Before the first event comes: takes what was saved (empty: nothing), and counts what the spools have beyond it. 0,
 * -EBADMSG: it was not saved by this, or an error of the spool; what was taken until then stays.
 */
int account_load(struct senders *senders, struct intake *intake, struct str bytes);

/*
 * Appends the metrics of all senders (Prometheus' text format, version 0.0.4). Those that sent most have series of
 * their own, the others are summed up as agency "*", source "*".
 */
void account_write_metrics(struct senders *senders, struct buf *out);

#endif
