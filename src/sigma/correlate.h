/*
 * correlate: Sigma correlations over a stream of rule matches, in event time (Sigma
 * specification 2.1.0, correlation rules). The answer depends on the set of matches alone, not on
 * their order of arrival (within the disorder given) nor on how many threads found them: matches
 * are put in order by (time, source, record) before they count.
 *
 *     match ─▶ hit {time, rule, values} ─▶ held until time < watermark ─▶ windows per (correlation,
 *                                          watermark = newest − disorder   group) ─▶ match ─▶ sink
 *                                                                              ▲        │
 *                                                                              └────────┘ chained
 *
 * What it means, where the specification is silent:
 *
 * Events. An event counts once in a correlation, however many of its rules it matches; the
 * temporal types see every rule. A hit without a value for a group-by field, or without a value
 * for a counted field, or whose summed field is no number, takes no part. Two values are the same
 * when a plain Sigma comparison would say so: without case (Unicode simple folding), as text.
 *
 * Windows. The window at an instant t holds the group's events from t − timespan to t, both
 * included, and is looked at once all events of that instant are in it. So a window is any set
 * of events no further apart than the timespan, never one cut at full hours.
 *
 * Rising conditions, that more events can only help (gt, gte on counts, sums and temporal), are
 * looked at whenever an event arrives. All others (lt, lte, eq, neq; averages, percentiles,
 * medians; temporal with `not`) would be true of half-filled windows: they are looked at for full
 * windows only, those that no further event of the group could join, at the instant when that is
 * certain: first event + timespan. At the end of the input every window is full.
 *
 * Matches. One per burst: a match when the condition becomes true for the group, and the next one
 * only after it was false for a window of the group, or the group had no event left within the
 * timespan.
 *
 * temporal_ordered. The events of the rules follow each other, in the rules' order, by (time,
 * source, record). One event cannot be two steps.
 *
 * Statistics. Sums are exact: fixed-point numbers of 128 bits with nine decimals, each value at
 * most 1e20; so they don't depend on order. A percentile is interpolated between the two nearest
 * ranks, (n − 1) × p / 100; the median is the 50th.
 *
 * Chains. A correlation's match is an event for those that list it, at the instant it came true,
 * once per group of theirs: the group-by fields are looked up among the match's own group-by
 * fields, then in the events that made it.
 *
 * Memory is bounded: past `memory_max` the oldest held hits are released before their time
 * (`early`), then the oldest events of windows are given up (`forgotten`).
 */
#ifndef JAGA_SIGMA_CORRELATE_H
#define JAGA_SIGMA_CORRELATE_H

#include "base/buf.h"
#include "sigma/rule.h"

#define CORRELATE_DISORDER_ALL INT64_MAX      /* hold everything until correlator_finish() */
#define CORRELATE_MEMORY_DEFAULT (256u << 20) /* bytes */
#define CORRELATE_EVENTS_MAX 64               /* events handed out with a match */
#define CORRELATE_PATHS_MAX 65536             /* ways from rules to correlations, chains included */
#define CORRELATE_CHAIN_MAX SIGMA_CHAIN_MAX   /* correlations on top of each other */
#define CORRELATE_FIELDS_MAX 64   /* group-by fields or counted fields of one correlation */
#define CORRELATE_ORDERED_MAX 32  /* rules of a temporal_ordered correlation with bounds */
#define CORRELATE_BRANCHES_MAX 64 /* of a temporal_ordered condition, as a list of `or`s */

struct correlator_options {
    int64_t disorder_us; /* a hit this much older than the newest still counts */
    size_t memory_max;   /* bytes of hits and windows; 0: CORRELATE_MEMORY_DEFAULT */
};

/*
 * What one matched event gives to the correlations that use its rule. Made by any thread. Give
 * each (event, rule) once.
 */
struct correlation_hit {
    int64_t time;     /* µs; TIME_UNSET: counted as undated and left out */
    uint32_t rule;    /* in sigma_set.rules */
    uint64_t source;  /* number of the input, the same in every run over the same inputs */
    uint64_t record;  /* number of the event there */
    uint64_t event;   /* the caller's mark for the event; handed back in matches */
    struct str realm; /* whose event it is: hits of different realms never meet; may be empty */
    const struct str *values; /* one per field of correlator_fields(); ptr NULL: absent */
    uint32_t n_values;
};

/* A correlation that came true. Strings and arrays live for the length of the call. */
struct correlation_match {
    uint32_t correlation; /* in sigma_set.correlations */
    int64_t first, last;  /* µs: the window's first and last event */
    uint64_t count;       /* events in it */
    double value;         /* what the condition compared */
    struct str realm;     /* of its events */
    const struct str *group_names;
    const struct str *group_values; /* as the window's first event spells them */
    uint32_t n_groups;
    const uint64_t *events; /* marks of the events, at most CORRELATE_EVENTS_MAX, oldest first */
    uint32_t n_events;
};

struct correlator;
typedef void correlator_sink(void *context, const struct correlation_match *match);

/*
 * The sink gets every match that is a finding: not those of correlations that another one lists
 * without `generate`. It may not call the correlator. The set outlives the correlator. NULL: no
 * memory, or a correlation that cannot be exact (*err says which and why; sigma_set_link()
 * refuses those with correlation_check() before).
 */
struct correlator *correlator_new(const struct sigma_set *set,
                                  const struct correlator_options *options, correlator_sink *sink,
                                  void *context, struct err *err);
void correlator_free(struct correlator *correlator);

/* 0, or -ENOTSUP with the reason in *err: the limits above. For refusing it when it is read. */
int correlation_check(const struct sigma_correlation *correlation, struct err *err);

/* Is a rule used by any correlation? */
bool correlator_uses(const struct correlator *correlator, uint32_t rule);

/*
 * The fields whose values a hit of that rule must carry, in order; as the rule's events name them.
 * Of a field with several values, the first is the one. They live as long as the set.
 */
uint32_t correlator_fields(const struct correlator *correlator, uint32_t rule,
                           const struct str **ret_names);

/*
 * Takes a hit (copied); may call the sink. One thread at a time. 0, or -ENOMEM: hits or matches may
 * be lost, the correlator stays usable. With bounded disorder a hit from the far future makes all
 * others late: whoever has a clock holds such times back.
 */
int correlator_add(struct correlator *correlator, const struct correlation_hit *hit);

/*
 * Releases the hits older than `time` and closes the windows that are over by then; hits older than
 * that are late from now on. For whoever knows better than the newest hit how far time has
 * come; such a correlator is made with CORRELATE_DISORDER_ALL.
 */
int correlator_release(struct correlator *correlator, int64_t time);

/* No more hits: releases everything, closes every window. 0 or -ENOMEM. */
int correlator_finish(struct correlator *correlator);

/*
 * What the correlator holds, as bytes (appended), and back: hits that wait and windows half
 * filled. Rules and correlations are named by what they are, not by their numbers: loaded into a
 * correlator of another set, a correlation that is the same there goes on where it was, others start
 * empty. For a correlator that has seen no hit yet. save: 0 or -ENOMEM. load: 0; -EBADMSG: the bytes are
 * damaged, -ENOTSUP: of another version, -ENOMEM: then the correlator is good for correlator_free().
 */
int correlator_save(const struct correlator *correlator, struct buf *out);
int correlator_load(struct correlator *correlator, struct str bytes, struct err *err);

struct correlator_stats {
    uint64_t hits;      /* taken by correlator_add(), those below included */
    uint64_t undated;   /* without time: left out */
    uint64_t ungrouped; /* fit no correlation for lack of a group-by or counted field: left out */
    uint64_t late;      /* older than what had been released when they came: left out */
    uint64_t early;     /* released before their time, for lack of memory */
    uint64_t forgotten; /* events given up in windows, for lack of memory */
    uint64_t dropped;   /* loaded hits and events that no correlation wants any more */
    uint64_t matches;   /* correlations come true, also those that are no findings */
    uint64_t windows;   /* groups with a window now */
    size_t memory;      /* bytes now */
    size_t memory_peak;
};
void correlator_stats(const struct correlator *correlator, struct correlator_stats *ret_stats);

#endif
