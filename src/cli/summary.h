/*
 * summary: the figures a report ends with, gathered while findings pass by. Bounded: errors
 * keep their text up to OUT_ERRORS_MAX, hosts their names up to OUT_HOSTS_MAX.
 */
#ifndef JAGA_CLI_SUMMARY_H
#define JAGA_CLI_SUMMARY_H

#include "base/map.h"
#include "cli/out.h"
#include "scan/pipeline.h"

struct summary {
    struct out_summary figures; /* ready after summary_finish() */
    struct arena arena;
    struct map hosts; /* host → index of host_counts */
    VEC(struct out_host_count) host_counts;
    VEC(struct out_error) errors;
    struct out_rule_count *rules; /* rules of the set, then its correlations */
    size_t n_rules;
    VEC(struct out_rule_count) indicators; /* by finding.index */
    const struct sigma_set *set;
};

/* 0 or -ENOMEM. The set outlives it. */
int summary_init(struct summary *summary, const struct sigma_set *set);
void summary_free(struct summary *summary);

void summary_add_finding(struct summary *summary, const struct finding *finding);
void summary_add_error(struct summary *summary, struct str path, const struct scan_error *error);

/* Sorts, and fills the pointers of `figures`; what else it holds is the caller's to fill. */
void summary_finish(struct summary *summary);

#endif
