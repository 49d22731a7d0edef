/*
 * ruleset: rules compiled for speed (DESIGN of the engine: ARCHITECTURE.md). Immutable and
 * shared by all threads, except that buckets are compiled on first use and published
 * once; one matcher per thread holds everything that changes.
 *
 *     event ─▶ bucket of its (route, event id) ─▶ triggers per field ─▶ candidate rules ─▶
 * conditions
 */
#ifndef JAGA_SIGMA_RULESET_H
#define JAGA_SIGMA_RULESET_H

#include "sigma/rule.h"

struct ruleset;
struct matcher;

struct ruleset_options {
    uint64_t regex_match_limit; /* PCRE2 steps; 0: the default */
};

/* Adds the names of all fields the rules use to the dictionary; before it is frozen. 0 or -ENOMEM.
 */
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

struct ruleset_stats {
    uint32_t rules, predicates, predicates_distinct, buckets, regexes_vectorscan, regexes_pcre2;
    size_t memory; /* bytes, estimated */
};
void ruleset_stats(const struct ruleset *ruleset, struct ruleset_stats *ret_stats);

/* Since matcher_new(): events, candidates tried, matches, regexes that spent their limit. */
struct matcher_stats {
    uint64_t events, candidates, matches, regex_limited;
};
void matcher_stats(const struct matcher *matcher, struct matcher_stats *ret_stats);

#endif
