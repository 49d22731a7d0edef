/*
 * detect: the job of the pipeline that matches rules. Threads recognise, match and copy
 * what matched; the owner's thread gives record numbers, feeds correlations, and hands findings
 * over in the order of the input.
 *
 *     thread:  event ─▶ time ─▶ route ─▶ matchers ─▶ match {event copied once, rules, hits, indicators}
 *                                                        in the result's arena
 *     owner:   match ─┬▶ findings of its rules and indicators ─▶ sink
 *                     └▶ hits ─▶ correlator ─▶ findings of correlations ─▶ sink
 */
#ifndef JAGA_SCAN_DETECT_H
#define JAGA_SCAN_DETECT_H

#include "scan/finding.h"
#include "scan/pipeline.h"
#include "sigma/correlate.h"
#include "sigma/ruleset.h"

#define DETECT_RESULT_MAX (512u << 20) /* bytes a chunk leaves behind; then findings lose theirs */
#define DETECT_INTELS_MAX 16
#define DETECT_EVIDENCE_MAX (128u << 20) /* bytes of events kept for correlations, the newest */

struct detect_options {
    const struct sigma_set *set;
    struct ruleset *ruleset;
    struct datasets *datasets;
    const struct fields *fields;
    struct correlator_options correlator;
    const struct intel *const *intels; /* sets of indicators; at most DETECT_INTELS_MAX */
    size_t n_intels;
    int64_t now;             /* the clock: indicators that are valid only later don't count */
    enum sigma_level level;  /* findings below are not wanted; SIGMA_LEVEL_NONE: all */
    const char *const *tags; /* findings of rules with one of them; NULL or empty: all */
    size_t n_tags;
    int64_t from, to; /* events in [from, to) only; TIME_UNSET: open */

    /* A finding, in order, in the owner's thread. Negative stops the run. */
    int (*finding)(void *context, const struct finding *finding);
    void *context;
};

struct detect_stats {
    uint64_t findings;
    uint64_t undated; /* events left out because they have no time, while from or to is set */
    uint64_t outside; /* events left out because their time is outside */
    uint64_t cut;     /* findings whose event did not fit into the result */
    uint64_t partial; /* events matched in part or not at all, for lack of memory */
    uint64_t regex_limited;
    uint64_t indicators_dropped; /* indicators past INTEL_MATCHES_MAX of one event */
    int64_t first, last;         /* of all events matched against; TIME_UNSET: none is dated */
    struct correlator_stats correlations;
};

struct detect;

/* Options and all they point to outlive it. NULL: *err says why. */
struct detect *detect_new(const struct detect_options *options, struct err *err);
void detect_free(struct detect *detect);

/* Fills a job's callbacks and context; error, stream and progress are left to the caller. */
void detect_job(struct detect *detect, struct scan_job *ret_job);

/* The end of the input: correlations that were waiting come true. 0, or the sink's status. */
int detect_finish(struct detect *detect);

void detect_stats(const struct detect *detect, struct detect_stats *ret_stats);

/* Is a rule with this meta one whose findings are wanted? */
bool detect_wants(const struct detect_options *options, const struct sigma_meta *meta);

#endif
