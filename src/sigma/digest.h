/*
 * digest: what a rule asks for, as a name of 128 bits: the same in every reading of the same document, and another one
 * as soon as its id, its logsource or its condition is different. Titles, descriptions and levels don't count.
 */
#ifndef JAGA_SIGMA_DIGEST_H
#define JAGA_SIGMA_DIGEST_H

#include "sigma/rule.h"

struct sigma_digest {
    uint64_t high, low;
};

/* Of a linked set. A correlation's holds those of what it counts. 0 or -ENOMEM. */
int sigma_rule_digest(const struct sigma_rule *rule, struct sigma_digest *ret_digest);
int sigma_correlation_digest(const struct sigma_set *set,
                             const struct sigma_correlation *correlation,
                             struct sigma_digest *ret_digest);

/* Negative, 0 or positive, as for qsort(). */
int sigma_digest_compare(const void *a, const void *b);

#endif
