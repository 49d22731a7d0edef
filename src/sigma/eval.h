/*
 * eval: the plain meaning of a rule, by walking its tree. Slow and obvious: it
 * explains verdicts to people, and it is the oracle the compiled engine is tested against.
 */
#ifndef JAGA_SIGMA_EVAL_H
#define JAGA_SIGMA_EVAL_H

#include "base/buf.h"
#include "sigma/rule.h"

/* Does the predicate hold for the event? Field names go through the event's dataset aliases. */
bool sigma_eval_predicate(const struct sigma_predicate *predicate, const struct datasets *datasets,
                          struct event *event);

bool sigma_eval_node(const struct sigma_node *node, const struct datasets *datasets,
                     struct event *event);

/* Logsource and condition. */
bool sigma_eval_rule(const struct sigma_rule *rule, const struct datasets *datasets,
                     struct event *event);

/* Text for people: why the rule matched or not, logsource first, then selection by selection. */
void sigma_explain(const struct sigma_rule *rule, const struct datasets *datasets,
                   struct event *event, bool colour, struct buf *out);

/* The same test as text: `Image endswith '\cmd.exe'`. */
void sigma_predicate_describe(const struct sigma_predicate *predicate, struct buf *out);

#endif
