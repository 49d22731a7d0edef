/*
 * eval: the plain meaning of a rule, by walking its tree. Slow and obvious: it
 * explains verdicts to people, and it is the oracle the compiled engine is tested against.
 *
 * Meaning, beyond what rule.h says of each op:
 * - A rule's field stands for the event's field of that name and for the fields its dataset says
 *   are the same (datasets_resolve()). All their values count; any one that passes is enough.
 * - Null, an empty list and an empty map have no text and are no numbers. NULL holds where the
 *   event has no value of the field but nulls; EXISTS asks for any value at all, null or not.
 * - A number is what str_to_double() reads, all of the text. An instant is what time_parse() reads;
 *   its parts are UTC's, weeks are ISO 8601's.
 * - A regular expression is PCRE2's, over UTF-8; one that spends EVAL_MATCH_LIMIT steps on a value
 *   does not match it.
 * - FIELD_* compares every value of the one field with every value of the other.
 * - `neq` and conditions negate the whole: "not F = 'x'" holds where F is absent.
 *
 * Functions here allocate and free; without memory, a test is false.
 */
#ifndef JAGA_SIGMA_EVAL_H
#define JAGA_SIGMA_EVAL_H

#include "base/buf.h"
#include "sigma/rule.h"

#define EVAL_MATCH_LIMIT 1000000 /* PCRE2 steps */

/*
 * Does the predicate hold for the event? Field names go through the aliases of the event's dataset;
 * `datasets` may be NULL: no aliases.
 */
bool sigma_eval_predicate(const struct sigma_predicate *predicate, const struct datasets *datasets,
                          struct event *event);

bool sigma_eval_node(const struct sigma_node *node, const struct datasets *datasets,
                     struct event *event);

/* Does the event come from the rule's logsource? False where it was not recognised. */
bool sigma_eval_logsource(const struct sigma_rule *rule, const struct datasets *datasets,
                          const struct event *event);

/* Logsource and condition. */
bool sigma_eval_rule(const struct sigma_rule *rule, const struct datasets *datasets,
                     struct event *event);

/*
 * Text for people: why the rule matched or not, logsource first, then selection by selection with
 * the event's own values, shortened. With ANSI colours if asked for.
 */
void sigma_explain(const struct sigma_rule *rule, const struct datasets *datasets,
                   struct event *event, bool colour, struct buf *out);

/* One test as text: `Image endswith '\cmd.exe'`. */
void sigma_predicate_describe(const struct sigma_predicate *predicate, struct buf *out);

#endif
