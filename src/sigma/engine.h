/*
 * engine: what the files of the compiled engine share; ruleset.h is its public face.
 *
 *     sigma_set ──(hash-consing)──▶ predicates[]      every distinct test of all rules, once
 *               ──(negation normal form)──▶ clauses   one tree per rule, tests are numbers
 *     route     ──(logsource, event id)──▶ bucket     the rules that fit, specialised for it:
 *                     columns   the fields its rules read, aliases merged
 *                     literals  trigger texts per column, and the rules each wakes
 *                     programs  conditions as tests with two ways on
 */
#ifndef JAGA_SIGMA_ENGINE_H
#define JAGA_SIGMA_ENGINE_H

#include <stdatomic.h>

#include "sigma/literal.h"
#include "sigma/regex.h"
#include "sigma/ruleset.h"

#define ENGINE_NONE UINT32_MAX
#define CLAUSES_MAX (4u * SIGMA_NODES_MAX) /* of one rule, selections expanded */
#define ALIASES_MAX 32                     /* native fields behind one rule field */

/* ---- predicates ---- */

/* One distinct test of all rules. */
struct predicate {
    const struct sigma_predicate *is; /* the first of those that say the same */
    struct regex *regex;              /* of SIGMA_REGEX, else NULL; shared */
    uint32_t field;                   /* FIELD_NONE: a keyword, any value */
    uint32_t other_field;             /* of SIGMA_FIELD_*; FIELD_NONE: an unknown one */
    uint32_t uses;                    /* rules' trees it stands in */
};

/* A value as predicates see it. */
struct value {
    struct slot *slot;
    struct str text;   /* UTF-8, unescaped */
    struct str folded; /* ptr NULL: not yet */
    bool ascii;        /* of `folded`, when looked up */
    uint32_t next;     /* of the same column; ENGINE_NONE: the last */
};

/* A string that a value must hold for a predicate to be true. */
struct hook {
    enum literal_op op;
    struct str text; /* folded */
};

#define HOOKS_MAX 8 /* alternatives of one predicate */

/*
 * Does one value pass? `folded` is there when predicate_folds(). Not for SIGMA_NULL,
 * SIGMA_EXISTS and SIGMA_FIELD_*, which ask about more than one value.
 */
bool predicate_holds(const struct predicate *predicate, const struct value *value,
                     struct regex_scratch *scratch);

/* Compares two values for SIGMA_FIELD_*. */
bool predicate_compare(const struct predicate *predicate, const struct value *value,
                       const struct value *other);

/* Does it compare case-folded text? */
bool predicate_folds(const struct predicate *predicate);

/*
 * The strings of which any passing value satisfies at least one; 0 when there are no such.
 * *ret_same: passing is the same as satisfying one. Texts may be put in the arena.
 */
uint32_t predicate_hooks(const struct predicate *predicate, struct arena *arena,
                         struct hook ret_hooks[static HOOKS_MAX], bool *ret_same);

/* Relative cost of asking, 1 the cheapest. */
uint32_t predicate_cost(const struct predicate *predicate);

/* ---- conditions ---- */

enum clause_kind {
    CLAUSE_TEST,
    CLAUSE_ALL,
    CLAUSE_ANY,
    CLAUSE_TRUE,
    CLAUSE_FALSE,
    CLAUSE_GROUP, /* in a bucket: one of several tests holds, as literals tell */
};

/* A condition without NOT above tests, and without constants below its root. */
struct clause {
    uint8_t kind;
    bool negated;    /* of a TEST or GROUP */
    uint32_t number; /* TEST: predicate; ALL, ANY: how many items; GROUP: the bucket's test */
    struct clause *items;
};

/* ---- rules and buckets ---- */

struct compiled_rule {
    struct clause *condition; /* NULL: refused */
    uint32_t logsource;       /* in ruleset.logsources */
};

/* A test, and where to go: an instruction's number, or one of these. */
#define PROGRAM_MATCH (UINT32_MAX - 1)
#define PROGRAM_MISS (UINT32_MAX - 2)

#define INSTRUCTION_TRACKED (1u << 31) /* in `test`: literals tell all there is to know */

struct instruction {
    uint32_t test;
    uint32_t on[2]; /* false, true */
};

/* A predicate as a bucket's programs ask it, or a group of them that literals tell about. */
struct test {
    const struct predicate *predicate; /* NULL: a group */
    uint32_t column;
    uint32_t other_column; /* SIGMA_FIELD_* */
    bool tracked;          /* a literal says when it holds: unsaid is false */
};

struct column {
    struct literal_set literals;
    bool has_literals;
    uint32_t wakes; /* first of n_wakes in bucket.wakes: rules asked whenever a value is there */
    uint32_t n_wakes;
};

/* Which columns a native field feeds. */
struct feed {
    uint32_t column; /* ENGINE_NONE: none */
    uint32_t more;   /* index into bucket.feeds_more, ending with ENGINE_NONE; 0: no more */
};

/* What a literal's hit means: bucket.wakes[first ..] holds the rules, then the tests. */
struct woken {
    uint32_t first;
    uint32_t n_rules; /* candidates now */
    uint32_t n_tests; /* hold now */
};

struct bucket {
    struct arena arena;
    struct bucket *next; /* all buckets of the ruleset */
    uint64_t signature;  /* hash of what it was compiled from */
    uint32_t n_rules;
    uint32_t *rules;    /* their numbers in the set, ascending */
    uint32_t *programs; /* their first instructions */
    struct instruction *instructions;
    struct test *tests;
    uint32_t n_tests, n_instructions;
    struct column *columns; /* [0]: keywords, that is, all values; it links none */
    uint32_t n_columns;
    bool keywords_shared; /* every column with literals has those of column 0 too */
    struct feed *feeds;   /* by field id, fields_count() of them */
    uint32_t n_feeds;
    uint32_t *feeds_more;
    struct literal *literals;
    struct woken *woken; /* by literal */
    uint32_t n_literals;
    uint32_t *wakes;
    uint64_t *always;        /* bit per rule: a candidate of every event */
    uint32_t n_words;        /* of 64 rules */
    uint32_t event_id_field; /* whose only value is the route's event id; FIELD_NONE */
    size_t memory;
};

struct ruleset {
    struct arena arena;
    struct sigma_set *set;
    const struct fields *fields;
    struct datasets *datasets;
    struct ruleset_options options;
    struct predicate *predicates;
    uint32_t n_predicates, n_asked; /* distinct; all that rules spell */
    uint32_t *by_field;             /* predicates with a field, those of one field together */
    uint32_t n_by_field;
    struct regexes regexes;
    struct compiled_rule *rules; /* as many as set->rules */
    struct logsource *logsources;
    uint32_t n_logsources;
    _Atomic(struct bucket *) *by_route;      /* ROUTES_MAX, NULL: not yet */
    _Atomic(struct bucket *) *by_route_wide; /* the same for events with more than one event id */
    _Atomic(struct bucket *) buckets;        /* all of them, newest first */
    _Atomic uint32_t n_buckets;
    _Atomic size_t bucket_memory;
};

/*
 * Makes the clause tree of a condition; numbers come from `number_of`.
 * NULL: too large or no memory.
 */
struct clause_maker {
    struct arena *arena;
    int (*number)(struct clause_maker *maker, struct sigma_predicate *predicate); /* or -errno */
    uint32_t n_clauses;
    int error; /* -E2BIG, -ENOMEM, or what number() said */
};
struct clause *clause_make(struct clause_maker *maker, const struct sigma_node *node);

/* Rids a tree of constants and of lists of one, in place. */
void clause_simplify(struct clause *clause);

#endif
