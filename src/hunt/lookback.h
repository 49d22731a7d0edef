/*
 * lookback: rules and indicators over what the lake holds. SQL narrows, the engine decides: of each dataset that a rule
 * is for, the lake hands out the events that hold what the rule needs (sigma/need.h); each is made again as it was when
 * it arrived, and matched by the same engine.
 *
 *     rules ─▶ need ─▶ WHERE of each dataset ─▶ candidates {time, id}, newest first ─▶ _raw ... ─▶ parse, recognise,
 *     indicators ────▶ its typed columns                                                          match ─▶ found()
 *
 * The filter is wider than the rules, never narrower: what cannot be told from a column (negations, absence, values a
 * dataset derives, other formats' keywords) is left to the engine, in the end by reading every event of the dataset. So
 * what is found in the past is what would have been found as it arrived.
 *
 * An object belongs to one thread; cancel and stats may be called from any.
 */
#ifndef JAGA_HUNT_LOOKBACK_H
#define JAGA_HUNT_LOOKBACK_H

#include "intel/intel.h"
#include "lake/lake.h"
#include "sigma/ruleset.h"

#define LOOKBACK_CANDIDATES_MAX                                                                    \
    (1u << 18)              /* that wait to be read, newest first; then the next ones */
#define LOOKBACK_FETCH 1024 /* events read whole at a time; fewer where they are large */
#define LOOKBACK_RULES_NARROWED                                                                    \
    200 /* rules whose needs become SQL; with more, every event is read */

/* All of it outlives the look-back. */
struct lookback_options {
    const struct lake_ops *ops;
    struct lake *lake;
    const struct sigma_set *set;
    struct ruleset *ruleset;
    struct datasets *datasets;
    const struct fields *fields;
    const bool *rules;                /* by rule of the set: is it looked for? NULL: all are */
    const struct intel *intel;        /* NULL: no indicators */
    const struct intel_news *news;    /* those of them that are looked for; NULL: all */
    struct lookback_screens *screens; /* to narrow them by; NULL: every event is read */
    int64_t now;                      /* when indicators must be in force */
    struct lake_scope scope;
    const uint64_t *until; /* by partition: events of lower offsets only; NULL: all */
    uint32_t n_until;
    int64_t deadline; /* ticks: -ETIME past it; 0: none */
    uint64_t memory;  /* bytes of a query, as in lake_limits; 0: none */
    bool whole;       /* nothing is narrowed: for tests */
};

/* An event in which something was found. Everything lives for the length of the call. */
struct lookback_event {
    struct event *event;
    struct lake_id id;
    struct str agency, source;
    int64_t time, received; /* time: of the event, or when it was received */
    const uint32_t *rules;  /* those looked for that matched, ascending */
    size_t n_rules;
    const struct intel_match *indicators;
    size_t n_indicators;
};

/* A negative return ends the run and is returned. */
typedef int lookback_found(void *context, const struct lookback_event *found);

struct lookback;

/*
 * What SQL asks a column with whether it holds a new indicator: a function of the lake, jaga_screen(text, type of field,
 * number of the news). Registered once for each lake, before the first look-back; freed when nothing runs in the lake any
 * more. NULL: *err says why not.
 */
struct lookback_screens *lookback_screens_new(const struct lake_ops *ops, struct lake *lake,
                                              struct err *err);
void lookback_screens_free(struct lookback_screens *screens); /* NULL is allowed */

/* Makes the plan, from the columns that the lake has now. NULL: *err says why not. The options are copied. */
struct lookback *lookback_new(const struct lookback_options *options, struct err *err);
void lookback_free(struct lookback *lookback); /* NULL is allowed */

/* The names of datasets that the rules are for, and in which indicators are looked for: of those that are stored. */
size_t lookback_datasets(const struct lookback *lookback, const struct str **ret_names);

/* Does rule number `rule` concern the dataset of that name? */
bool lookback_concerns(const struct lookback *lookback, uint32_t rule, struct str dataset);

/* Are indicators looked for in the dataset of that name? */
bool lookback_concerns_indicators(const struct lookback *lookback, struct str dataset);

/* The events of first <= time < last, from the newest to the oldest. 0, what found() returned, or as lake.h. */
int lookback_run(struct lookback *lookback, int64_t first, int64_t last, lookback_found *found,
                 void *context, struct err *err);

/*
 * One event, wherever it is among the datasets that are looked into: `each` is called with it, recognised. 0, what that
 * returned, or -ENOENT. Not while run() runs.
 */
int lookback_read(struct lookback *lookback, const struct lake_id *id, lookback_found *each,
                  void *context, struct err *err);

/* run() ends soon with -ECANCELED, also one that begins later. */
void lookback_cancel(struct lookback *lookback);

struct lookback_stats {
    uint64_t candidates; /* that SQL gave */
    uint64_t events;     /* made again and matched */
    uint64_t lost;       /* that could not be made again: counted, and said by whoever runs it */
    uint64_t matched;    /* in which something was found */
};
void lookback_stats(const struct lookback *lookback, struct lookback_stats *ret_stats);

/* How the rows of a dataset are narrowed, for people; empty: it is not narrowed. */
struct str lookback_where(const struct lookback *lookback, struct str dataset);

#endif
