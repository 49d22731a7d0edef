/*
 * pattern: the text of a Sigma value as literals and wildcards, and what test of a field it
 * amounts to. Escapes are pySigma's (rules specification, "Escaping"): a backslash takes the
 * meaning from '*', '?' and '\' behind it; before anything else, and at the end, it is itself.
 *
 *     C:\Win*\\*.exe  ─▶  "C:\Win" ANY_RUN "\" ANY_RUN ".exe"
 */
#ifndef JAGA_SIGMA_PATTERN_H
#define JAGA_SIGMA_PATTERN_H

#include "base/arena.h"
#include "sigma/rule.h"

struct pattern {
    struct sigma_part *parts;
    uint32_t count;
};

/* Splits `text`; parts and literals live in the arena (or in `text`). 0 or -ENOMEM. */
int pattern_parse(struct arena *arena, struct str text, struct pattern *ret_pattern);

/* A pattern of one literal, or of nothing when it is empty. 0 or -ENOMEM. */
int pattern_literal(struct arena *arena, struct str text, struct pattern *ret_pattern);

/* Puts an ANY_RUN before and behind, where none is there yet. 0 or -ENOMEM. */
int pattern_open(struct arena *arena, bool before, bool after, struct pattern *pattern);

bool pattern_has_wildcards(const struct pattern *pattern);

/* All literals in one; wildcards are left out. ptr is NULL without memory. */
struct str pattern_text(struct arena *arena, const struct pattern *pattern);

/*
 * Sets op, text and parts of the predicate from the pattern, folded unless predicate->cased; a
 * keyword (no field) may be anywhere in the value. What the predicate keeps is copied into `arena`.
 * 0, -ENOMEM, or -EILSEQ where a literal is not UTF-8.
 */
int pattern_predicate(struct arena *scratch, struct arena *arena, const struct pattern *pattern,
                      struct sigma_predicate *predicate);

/* Does the text match, anchored at both ends? Both are folded already, or neither. */
bool pattern_matches(const struct sigma_part *parts, uint32_t count, struct str text);

#endif
