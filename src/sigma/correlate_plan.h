/*
 * correlate_plan: which correlations a hit reaches, and with which of its fields. Made once from
 * a linked set, then immutable.
 *
 * Correlations are numbered as windows so that a chained one comes after those it lists. A path
 * is one way of a hit into a window; a match of that window takes the same hit further along the
 * path's feeds. Every field a path needs, also far up a chain, is resolved down to a field of
 * the rule's events: a slot of the hit.
 *
 *     rule "failed login"  fields: User, Computer
 *       │                  slots:  0 = (User)   1 = (Computer, User)
 *       ├─ path ─▶ window 0  many failures    group slot 1
 *       │             └─ feed ─▶ window 2  failures, then success   group slot 0
 *       └─ path ─▶ window 1  ...
 */
#ifndef JAGA_SIGMA_CORRELATE_PLAN_H
#define JAGA_SIGMA_CORRELATE_PLAN_H

#include "sigma/correlate.h"

#define SLOT_NONE UINT32_MAX

/* One value of a hit: a tuple of its fields as text, or one field as a number. */
struct plan_slot {
    uint32_t first, n; /* in plan.slot_fields */
    bool number;
};

struct plan_path {
    uint32_t window;         /* in plan.windows */
    uint32_t source;         /* in the correlation's sources */
    uint32_t group_slot;     /* of the rule */
    uint32_t value_slot;     /* SLOT_NONE: the type counts no values */
    uint32_t feeds, n_feeds; /* in plan.paths */
    bool settled; /* as a feed: the group is the same for all events of the match below */
    bool open;    /* some feed is not settled: every event of the window matters further up */
};

struct plan_rule {
    uint32_t fields, n_fields; /* in plan.fields */
    uint32_t slots, n_slots;   /* in plan.slots */
    uint32_t paths, n_paths;   /* in plan.paths */
};

struct plan_window {
    uint32_t correlation; /* in the set */
};

struct plan {
    struct plan_rule *rules; /* one per rule of the set */
    uint32_t n_rules;
    VEC(struct plan_window) windows;
    VEC(struct plan_path) paths;
    VEC(struct plan_slot) slots;
    VEC(uint32_t) slot_fields; /* index among the rule's fields */
    VEC(struct str) fields;    /* names, borrowed from the set */
};

/* 0, -ENOMEM, or -ENOTSUP for what correlate.h's limits exclude; on failure call plan_free(). */
int plan_make(struct plan *plan, const struct sigma_set *set, struct err *err);
void plan_free(struct plan *plan);

/* Does the path, or feed, start at that rule? Those of a rule stand together, in the rules' order. */
static inline bool plan_path_of(const struct plan *plan, uint32_t rule, uint32_t path)
{
    uint32_t end =
        rule + 1 < plan->n_rules ? plan->rules[rule + 1].paths : (uint32_t)plan->paths.len;
    return path >= plan->rules[rule].paths && path < end;
}

#endif
