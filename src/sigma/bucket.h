/*
 * bucket: the making of a bucket, in steps that share one workbench. Everything on
 * the workbench is thrown away when the bucket is done.
 *
 *     bucket.c   which rules fit, specialised for the route's event id; fields to columns
 *     trigger.c  the literals and columns that wake each rule
 *     track.c    tests of rules that will often be woken, told by literals too
 *     program.c  conditions as instructions
 */
#ifndef JAGA_SIGMA_BUCKET_H
#define JAGA_SIGMA_BUCKET_H

#include "sigma/engine.h"

/* A rule on the workbench; its number there is its number in the bucket. */
struct draft {
    uint32_t rule;
    struct clause condition;
};

/* One literal waits for its table. */
struct draft_literal {
    struct literal literal;
    uint32_t column;
    uint32_t wakes; /* newest struct draft_link to a draft it wakes */
    uint32_t tells; /* the same to a test that holds when the literal does */
};

/* An entry of a list, from newest to oldest. */
struct draft_link {
    uint32_t number; /* draft or test */
    uint32_t next;   /* ENGINE_NONE: the oldest */
};

/* A native field that a column takes values from. */
struct draft_feed {
    uint32_t native;
    uint32_t column;
};

struct workbench {
    const struct ruleset *ruleset;
    const struct route *route;
    struct bucket *bucket;
    struct arena arena;
    struct draft *drafts;
    uint32_t n_drafts;
    uint32_t *tests;   /* by predicate: its test, or ENGINE_NONE */
    uint32_t *columns; /* by field: its column, or ENGINE_NONE */
    VEC(struct test) test_list;
    VEC(uint32_t) column_wakes; /* by column: newest link to a draft */
    VEC(struct draft_feed) feeds;
    struct map literal_ids; /* column, op and text → draft literal */
    VEC(struct draft_literal) literals;
    VEC(struct draft_link) links;
    VEC(struct instruction) instructions;
    uint32_t always; /* newest link to the drafts without a trigger */
};

/* The test of a predicate, made when new; ENGINE_NONE: no memory. */
uint32_t workbench_test(struct workbench *bench, uint32_t predicate);

/* Chooses and notes what wakes a draft; *ret_odds guesses how often. 0 or -ENOMEM. */
int trigger_choose(struct workbench *bench, uint32_t draft, float *ret_odds);

/* Lets a literal tell the test of a predicate, if one can. 0 or -ENOMEM. */
int track_test(struct workbench *bench, uint32_t predicate);

/*
 * Lets literals tell the tests of a condition where they can, and joins
 * those of a list. 0 or -ENOMEM.
 */
int track_condition(struct workbench *bench, struct clause *condition);

/* Adds a number to the list that *newest begins, unless it was the last added. 0 or -ENOMEM. */
int workbench_link(struct workbench *bench, uint32_t *newest, uint32_t number);

/* The literal of a hook in a column, added when new; ENGINE_NONE: no memory. */
uint32_t workbench_literal(struct workbench *bench, uint32_t column, const struct hook *hook);

/* Moves what the triggers noted into the bucket's tables. 0 or -ENOMEM. */
int trigger_settle(struct workbench *bench);

/* Adds the instructions of a condition; *ret_start is where to begin. 0 or -ENOMEM. */
int program_add(struct workbench *bench, struct clause *condition, uint32_t *ret_start);

/*
 * Makes the bucket of a route. `wide`: for events whose event id is not
 * just the route's. NULL: no memory.
 */
struct bucket *bucket_make(const struct ruleset *ruleset, const struct route *route, bool wide,
                           uint64_t signature);
void bucket_free(struct bucket *bucket);

/* The hash of all that a bucket depends on. */
uint64_t bucket_signature(const struct ruleset *ruleset, const struct route *route, bool wide);

/* The bucket of a route, made on first use; any thread. NULL: no memory. */
struct bucket *bucket_get(struct ruleset *ruleset, uint32_t route, bool wide);

#endif
