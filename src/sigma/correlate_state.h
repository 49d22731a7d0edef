/*
 * correlate_state: what a correlator holds, for the files that work on it: correlate.c moves it along the
 * time line, correlate_snapshot.c writes it down and reads it back.
 */
#ifndef JAGA_SIGMA_CORRELATE_STATE_H
#define JAGA_SIGMA_CORRELATE_STATE_H

#include "sigma/correlate_window.h"

#define DRAIN_HITS_MIN 1024 /* fewer new hits than this are not worth a round of sorting */

/* A record about to enter a window. */
struct arrival {
    const struct plan_path *path;
    struct record *record;
};

struct correlator {
    const struct sigma_set *set;
    correlator_sink *sink;
    void *context;
    int64_t disorder;
    size_t memory_max;

    struct memory_account account;
    struct plan plan;
    struct texts texts;
    struct record_pool *pools; /* by rule */
    struct order order;
    size_t drain_at; /* held hits that make the next round worth while */

    int64_t newest;        /* of all hits */
    int64_t watermark;     /* older hits are late */
    int64_t now;           /* the instant that is being filled */
    int64_t next_deadline; /* of full windows */
    uint64_t event;        /* numbers events and matches */

    struct window *windows; /* in the plan's order */
    uint32_t n_windows;
    uint64_t *busy;               /* bit per window: to be looked at in this instant */
    VEC(struct arrival) arrivals; /* scratch */
    VEC(uint32_t) numbers;        /* scratch: items of a match */
    struct str *values, *names;   /* scratch: CORRELATE_FIELDS_MAX and a realm */
    uint64_t *marks;              /* scratch: CORRELATE_EVENTS_MAX */
    struct correlator_stats stats;
};

/* Gives one reference to the record back. */
void correlator_give_back(struct correlator *c, struct record *record);

/* Does any correlation group, and count, what the hit carries? */
bool correlator_fits(const struct correlator *c, const struct record *record);

/* Finds out when the next full window is over. */
void correlator_find_deadline(struct correlator *c);

#endif
