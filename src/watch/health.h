/*
 * health: is every source still speaking, at its rhythm, in order, with a clock that is right? Silence is a finding.
 *
 *     sender->account ──▶ look ──▶ rhythm (by hour of the week), gaps ──▶ silent, slow
 *     health_note()   ──▶ times: newest seen, event time − received ───▶ backwards, drift
 *
 *     silent    nothing for longer than declared, or than ever was usual in hours when it speaks
 *     slow      far fewer events than usual for this hour
 *     backwards whole batches that are older than what came before them, again and again
 *     drift     a steady offset between event time and receipt
 *
 * Whether a source speaks is read off its account at the door, so that a backlog in detection silences nobody;
 * what is turned away counts as speaking. Time in which the centre itself did not look (it was down, the machine
 * slept, the clock was set) is nobody's silence.
 *
 * Each check raises one finding of kind FINDING_SOURCE (fold "source/<check>/<agency>/<source>") and clears it.
 * Pure but for the ledger: the time is told, so tests run weeks in a second. State survives a restart.
 *
 * Threads: all functions from any thread; health_look() from one. Times are µs UTC.
 */
#ifndef JAGA_WATCH_HEALTH_H
#define JAGA_WATCH_HEALTH_H

#include "ledger/ledger.h"
#include "watch/sender.h"

#define HEALTH_SOURCES_MAX (SENDERS_MAX + SENDERS_OTHERS_MAX)
#define HEALTH_FINDINGS_MAX 1000           /* raised or cleared by one look; the rest by the next */
#define HEALTH_STALL_US INT64_C(120000000) /* between two looks; more is a gap of our own */
#define HEALTH_FORGET_US INT64_C(7776000000000) /* 90 days of silence: no longer saved */

struct health_options {
    int64_t silence_min_us; /* a learnt silence is at least this long; 0: 5 minutes */
    int64_t learn_us; /* a source younger than this is not judged by what was learnt; 0: 1 hour */
    int64_t drift_us; /* 0: 5 minutes */
    int64_t backwards_us;    /* 0: 10 minutes */
    double slow_ratio;       /* of the usual rate; 0: 0.1 */
    struct senders *senders; /* looked through for sources; NULL: only those that are noted */
};

struct health;

struct health *health_new(const struct health_options *options);
void health_free(struct health *health);

/*
 * Declared in the configuration: a source (or "*", each of an agency) speaks at least this often; 0: it
 * is no longer declared. What is declared by name is silent too when it has never spoken. 0 or -ENOMEM.
 */
int health_expect(struct health *health, struct str agency, struct str source, int64_t every_us);

/* Nothing is declared any more: before a changed configuration is declared. */
void health_expect_nothing(struct health *health);

/* A batch: n events, the first and last event time (TIME_UNSET: undated). Any thread; cheap. */
void health_note(struct health *health, const struct sender *sender, int64_t received, uint32_t n,
                 int64_t first, int64_t last);

/*
 * Looks at every source, raises and clears findings in one transaction. Every few seconds, one thread. An error
 * is the ledger's; what it could not take is tried again by the next look.
 */
int health_look(struct health *health, struct ledger *ledger, int64_t now);

/* What is known of the sources, for the API; and the state kept over restarts. */
struct source_state {
    struct str agency, source;
    int64_t first_seen, last_seen; /* TIME_UNSET: never */
    int64_t last_event;            /* newest event time; TIME_UNSET: none */
    double rate;                   /* events per minute, of the last hour */
    double usual;                  /* for this hour; < 0: not learnt yet */
    int64_t gap_us;                /* a silence longer than this is a finding; 0: not learnt yet */
    int64_t expect_us;             /* declared; 0: not */
    int64_t offset_us;             /* event time − received, median; 0 where there are too few */
    bool silent, slow, backwards, drifting;
};
void health_each(struct health *health, int64_t now,
                 void (*each)(void *context, const struct source_state *state), void *context);

/* Appends how many sources there are, and how many with a finding of each check, for /metrics. */
void health_write_metrics(struct health *health, struct buf *out);

/* Appends the state. 0 or -ENOMEM. */
int health_save(struct health *health, struct buf *out);

/* Before the first look. 0, -ENOMEM, or -EBADMSG: nothing of it was taken. */
int health_load(struct health *health, struct str bytes);

#endif
