/*
 * correlate_identity: names for rules, correlations and the ways between them that are made of what they
 * are: the same in every reading of the same documents, whatever their order and company.
 */
#ifndef JAGA_SIGMA_CORRELATE_IDENTITY_H
#define JAGA_SIGMA_CORRELATE_IDENTITY_H

#include "sigma/correlate_plan.h"

/* A name, and the number of what it names here. */
struct identity {
    uint64_t id;
    uint32_t index;
};

struct identities {
    uint64_t *rules;         /* by number in the set */
    uint64_t *correlations;  /* by number in the set */
    uint64_t *paths, *slots; /* by number in the plan */
};

/* 0 or -ENOMEM; free in both cases. */
int identities_make(struct identities *identities, const struct sigma_set *set,
                    const struct plan *plan);
void identities_free(struct identities *identities);

/* The same the other way round: sorted by name, n of them; NULL: no memory. Free it with free(). */
struct identity *identities_sort(const uint64_t *ids, uint32_t n);

/* The index of a name in a sorted list, or SIGMA_NONE. */
uint32_t identities_find(const struct identity *sorted, uint32_t n, uint64_t id);

/* A rule: by its id; one without is what it asks for. */
uint64_t rule_identity(const struct sigma_rule *rule);

#endif
