/*
 * regex: the regular expressions of rules. PCRE2 (JIT) runs them, with a limit on its
 * steps; one that spends the limit on a value is asked again of vectorscan, whose time
 * is linear in the value, where vectorscan knows the expression. So a catastrophic
 * expression costs a bounded time and, as a rule, not even a verdict.
 *
 * A struct regexes is built by one thread; a compiled expression is then shared by all, each with
 * its own struct regex_scratch.
 */
#ifndef JAGA_SIGMA_REGEX_H
#define JAGA_SIGMA_REGEX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

#define REGEX_MATCH_LIMIT_DEFAULT 100000 /* PCRE2 match() steps for one value */
#define REGEX_HEAP_LIMIT_KIB 4096        /* of PCRE2 without JIT */
#define REGEX_JIT_STACK_MAX (256u << 10) /* bytes for one thread */

struct regex;

struct regexes {
    struct map by_text; /* flags and text → items */
    VEC(struct regex *) items;
};

void regexes_free(struct regexes *regexes);

/*
 * The expression `pattern` with enum sigma_regex_flags, compiled once. Returns 0, -ENOMEM, or
 * -EINVAL with *err saying why and at which byte. `pattern` outlives the table.
 */
int regexes_add(struct regexes *regexes, struct str pattern, unsigned flags, struct arena *arena,
                struct regex **ret_regex, struct err *err);

/* What one thread needs to match. */
struct regex_scratch {
    void *match_data;
    void *match_context;
    void *jit_stack;
    void *linear_scratch; /* vectorscan's, once needed */
    uint64_t limited;     /* values on which an expression stayed undecided: taken as no match */
    uint64_t rescued;     /* values that spent the limit and were decided by vectorscan */
};

/* match_limit 0: the default. Returns 0 or -ENOMEM. */
int regex_scratch_init(struct regex_scratch *scratch, uint64_t match_limit);
void regex_scratch_free(struct regex_scratch *scratch);

/* Is the expression found in `value`, valid UTF-8? */
bool regex_find(struct regex *regex, struct str value, struct regex_scratch *scratch);

/*
 * Strings of which every match holds at least one, case-folded, each at least `min` bytes: at most
 * `max` of them, in the arena. 0 when there are none that can be told, or too many. Understands
 * literals, groups, alternatives and quantifiers, and is silent where in doubt.
 */
uint32_t regex_literals(struct str pattern, size_t min, struct arena *arena, struct str *ret_texts,
                        uint32_t max);

#endif
