/*
 * correlate: Sigma correlations over a stream of rule matches, in event time.
 * The answer depends on the set of matches alone, not on their order of arrival
 * (within the disorder given) nor on how many threads found them: matches are put in
 * order by (time, source path, record) before they count.
 *
 *     match ─▶ hit {time, rule, group key, value} ─▶ heap ordered by time ─▶ windows per
 * (correlation, group) released at the watermark = newest time − disorder
 *
 * Memory is bounded: past `memory_max` the oldest hits are released early and counted in `late`.
 */
#ifndef JAGA_SIGMA_CORRELATE_H
#define JAGA_SIGMA_CORRELATE_H

#include "sigma/rule.h"

#define CORRELATE_DISORDER_ALL INT64_MAX /* hold everything until correlator_finish() */

struct correlator_options {
    int64_t disorder_us;
    size_t memory_max; /* bytes of hits and windows; 0: 256 MiB */
};

/* What one matched event gives to the correlations that use its rule. Made by any thread. */
struct correlation_hit {
    int64_t time;       /* µs */
    uint32_t rule;      /* in sigma_set.rules */
    uint64_t source;    /* number of the input the event came from */
    uint64_t record;    /* number of the event there */
    uint64_t event;     /* the caller's mark for the event; handed back in findings */
    struct str *values; /* one per entry of correlation_fields(); ptr NULL: absent */
    uint32_t n_values;
};

/* A correlation that came true. Strings and arrays live for the length of the call. */
struct correlation_match {
    uint32_t correlation; /* in sigma_set.correlations */
    int64_t first, last;  /* µs: the window's first and last event */
    uint64_t count;       /* events in it */
    double value;         /* what the condition compared */
    const struct str *group_names;
    const struct str *group_values;
    uint32_t n_groups;
    const uint64_t *events; /* marks of the events, at most CORRELATE_EVENTS_MAX, oldest first */
    uint32_t n_events;
};

#define CORRELATE_EVENTS_MAX 64

struct correlator;
typedef void correlator_sink(void *context, const struct correlation_match *match);

struct correlator *correlator_new(const struct sigma_set *set,
                                  const struct correlator_options *options, correlator_sink *sink,
                                  void *context);
void correlator_free(struct correlator *correlator);

/* Is a rule used by any correlation? */
bool correlator_uses(const struct correlator *correlator, uint32_t rule);

/* The fields whose values a hit of that rule must carry, in order; as the rule's events name them.
 */
uint32_t correlator_fields(const struct correlator *correlator, uint32_t rule,
                           const struct str **ret_names);

/* Takes a hit (copied). One thread at a time. 0 or -ENOMEM. */
int correlator_add(struct correlator *correlator, const struct correlation_hit *hit);

/* No more hits: releases everything. */
void correlator_finish(struct correlator *correlator);

struct correlator_stats {
    uint64_t hits, late, undated, matches, windows;
    size_t memory; /* bytes now */
};
void correlator_stats(const struct correlator *correlator, struct correlator_stats *ret_stats);

#endif
