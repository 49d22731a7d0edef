/*
 * condition: the boolean expression over selections (rules specification, "Condition"), and over
 * rules in extended temporal correlations.
 *
 *     or   = and { "or" and }        and = not { "and" not }        not = "not" not | operand
 *     operand = "(" or ")" | ("1" | "any" | "all") "of" ("them" | pattern) | name
 *
 * Operators are lower case, as pySigma has them. A name is any run of bytes without white space,
 * brackets and '|'.
 */
#ifndef JAGA_SIGMA_CONDITION_H
#define JAGA_SIGMA_CONDITION_H

#include "sigma/reader.h"

/* What names mean: REF nodes get the index of the name in `selections`. */
struct condition_scope {
    struct sigma_selection *selections;
    uint32_t count;
    bool sources; /* a correlation's sources: no "1 of", operators in any case */
};

/*
 * Parses a scalar. Where a '|' ends the expression (aggregations of old rules), *ret_aggregation
 * is what follows it, else untouched; with ret_aggregation NULL a '|' is an error.
 */
int condition_read(struct document *doc, const struct yaml_node *node,
                   const struct condition_scope *scope, struct sigma_node **ret_node,
                   struct str *ret_aggregation);

/* Does `name` match a pattern in which '*' stands for any number of characters? */
bool condition_pattern_matches(struct str pattern, struct str name);

/* The next word of *rest: a name, an operator, or one of ( ) |. False at the end. */
bool condition_word(struct str *rest, struct str *ret_word);

#endif
