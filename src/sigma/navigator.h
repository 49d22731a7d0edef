/*
 * navigator: what rules, or findings, cover of ATT&CK as a layer for the ATT&CK Navigator (layer
 * format 4.5, domain enterprise-attack).
 *
 * A technique's score is the number of rules and correlations that are findings of their own and
 * carry its tag; with NAVIGATOR_BY_LEVEL the sum of their levels (none and informational 1, low 2,
 * medium 3, high 4, critical 5); with findings, their number. Ids of older ATT&CK versions count
 * for what stands for them now. Sub-techniques count on their own line only: the layer asks the
 * Navigator to show the sum on the technique. The comment lists the rules' titles.
 */
#ifndef JAGA_SIGMA_NAVIGATOR_H
#define JAGA_SIGMA_NAVIGATOR_H

#include "base/buf.h"
#include "sigma/attack.h"
#include "sigma/rule.h"

#define NAVIGATOR_TITLES_MAX 50 /* in one comment; the others are counted */
#define NAVIGATOR_LAYER "4.5"
#define NAVIGATOR_VERSION "5.2.0" /* of the Navigator whose format this is */

enum navigator_score { NAVIGATOR_BY_COUNT, NAVIGATOR_BY_LEVEL, NAVIGATOR_BY_FINDINGS };

/* So many findings of a technique, by its id ("T1059.001"; older ids will do). */
struct navigator_finding {
    struct str technique;
    uint64_t count;
};

struct navigator_options {
    struct str name;        /* of the layer */
    struct str description; /* free text */
    enum navigator_score score;
    const struct navigator_finding *findings; /* NAVIGATOR_BY_FINDINGS; a technique may repeat */
    size_t n_findings;
};

/* What the layer says, for a person. */
struct navigator_summary {
    uint32_t rules;      /* rules and correlations looked at */
    uint32_t untagged;   /* without a technique */
    uint32_t techniques; /* scored, of those that ATT&CK has; sub-techniques not among them */
    uint32_t subtechniques;
    uint32_t unknown;        /* ids that ATT&CK does not have: scored all the same */
    uint32_t techniques_all; /* that ATT&CK has */
    uint32_t subtechniques_all;
};

/*
 * Appends the layer as JSON. The set is linked. 0 or -ENOMEM (also when `out` failed);
 * *ret_summary may be NULL.
 */
int navigator_write(const struct sigma_set *set, const struct attack *attack,
                    const struct navigator_options *options, struct buf *out,
                    struct navigator_summary *ret_summary);

#endif
