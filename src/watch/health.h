/*
 * health: is every source still speaking, at its rhythm, in order, with a clock that is right? Silence is a finding.
 *
 *     per source: last received, rate (learnt, by hour of the week), gaps (learnt), event time − received (offset)
 *
 *     silent    nothing for longer than declared, or than ever was usual (learnt gaps, with room)
 *     slow      far fewer events than usual for this hour
 *     backwards event times that jump back behind what was seen, again and again
 *     drift     a steady offset between event time and receipt
 *
 * Each raises one finding of kind FINDING_SOURCE and clears it. Pure but for the ledger: the time is told, so
 * tests run a week in a second. State survives a restart.
 */
#ifndef JAGA_WATCH_HEALTH_H
#define JAGA_WATCH_HEALTH_H

#include "ledger/ledger.h"
#include "watch/sender.h"

struct health_options {
    int64_t silence_min_us; /* a learnt silence is at least this long; 0: 5 minutes */
    int64_t learn_us; /* a source younger than this is not judged by what was learnt; 0: 1 hour */
    int64_t drift_us; /* 0: 5 minutes */
    int64_t backwards_us; /* 0: 10 minutes */
    double slow_ratio;    /* of the usual rate; 0: 0.1 */
};

struct health;

struct health *health_new(const struct health_options *options);
void health_free(struct health *health);

/* Declared in the configuration: a source (or "*" of an agency) speaks at least this often. */
int health_expect(struct health *health, struct str agency, struct str source, int64_t every_us);

/* A batch: n events, the first and last event time (TIME_UNSET: undated). Any thread; cheap. */
void health_note(struct health *health, const struct sender *sender, int64_t received, uint32_t n,
                 int64_t first, int64_t last);

/* Looks at every source, raises and clears findings. Every few seconds, one thread. */
int health_look(struct health *health, struct ledger *ledger, int64_t now);

/* What is known of the sources, for the API; and the state kept over restarts. */
struct source_state {
    struct str agency, source;
    int64_t first_seen, last_seen, last_event; /* µs */
    double rate;                               /* events per minute now */
    double usual;                              /* for this hour; < 0: not learnt yet */
    int64_t gap_us;                            /* usual longest silence; 0: not learnt yet */
    int64_t expect_us;                         /* declared; 0: not */
    int64_t offset_us;                         /* event time − received, median */
    bool silent, slow, backwards, drifting;
};
void health_each(struct health *health, int64_t now,
                 void (*each)(void *context, const struct source_state *state), void *context);
int health_save(struct health *health, struct buf *out);
int health_load(struct health *health, struct str bytes);

#endif
