/*
 * ruleset: rules compiled for speed (docs/engine.md). Immutable and shared by all threads,
 * except that buckets are compiled on first use and published once; one matcher per thread
 * holds everything that changes.
 *
 *     event ─▶ bucket of its (route, event id) ─▶ triggers per field ─▶ candidates ─▶ conditions
 */
#ifndef JAGA_SIGMA_RULESET_H
#define JAGA_SIGMA_RULESET_H

#include "sigma/rule.h"

struct ruleset;
struct matcher;

struct ruleset_options {
    uint64_t regex_match_limit; /* PCRE2 steps; 0: the default */
};

/* Adds the names of all fields of the rules to the dictionary, not frozen yet. 0 or -ENOMEM. */
int ruleset_collect_fields(const struct sigma_set *set, struct fields *fields);

/*
 * Compiles a linked set. The set, the dictionary and the datasets outlive the ruleset. Rules whose
 * regular expression no engine takes are added to set->refusals and left out. NULL: no memory (err
 * filled).
 */
struct ruleset *ruleset_build(struct sigma_set *set, const struct fields *fields,
                              struct datasets *datasets, const struct ruleset_options *options,
                              struct err *err);
void ruleset_free(struct ruleset *ruleset);

/* Scratch for one thread; the ruleset outlives it. NULL: no memory. */
struct matcher *matcher_new(struct ruleset *ruleset);
void matcher_free(struct matcher *matcher);

/*
 * Matches one recognised event (datasets_recognise()). Returns how many rules matched;
 * *ret_rules are their indices into sigma_set.rules, ascending, valid until the next call.
 */
size_t matcher_run(struct matcher *matcher, struct event *event, const uint32_t **ret_rules);

/* What a rule costs by itself; see matcher_profile(). */
struct rule_cost {
    uint64_t events;  /* of the rule's logsource */
    uint64_t asked;   /* those that held one of its triggers: its condition had to be asked */
    uint64_t matched; /* those it matched */
    uint64_t ns;      /* on its condition, with the two readings of the clock each time */
};

/*
 * For `rules bench`: matches one recognised event, each candidate alone, and adds what it took to
 * costs[rule], one entry per rule of the set. `clock_ns` reads a clock that only goes forward.
 * Much slower than matcher_run(), which pays nothing for it.
 */
void matcher_profile(struct matcher *matcher, struct event *event, uint64_t (*clock_ns)(void),
                     struct rule_cost *costs);

struct ruleset_stats {
    uint32_t rules, predicates, predicates_distinct, buckets, regexes;
    size_t memory; /* bytes, estimated */
};
void ruleset_stats(const struct ruleset *ruleset, struct ruleset_stats *ret_stats);

/* Since matcher_new(). */
struct matcher_stats {
    uint64_t events, matches;
    uint64_t candidates;    /* conditions that had to be asked */
    uint64_t regex_limited; /* values on which an expression spent its limit: taken as no match */
    uint64_t regex_rescued; /* the same, but decided after all in linear time */
    uint64_t failed;        /* events matched in part or not at all, for lack of memory */
};
void matcher_stats(const struct matcher *matcher, struct matcher_stats *ret_stats);

#endif
