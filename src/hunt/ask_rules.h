/*
 * ask_rules: what an asking does whose question is rules: the events that they match, newest first, a row for each rule
 * that an event matches. Looked for as new rules look back (lookback.h), in the caller's agencies.
 *
 * One thread opens and runs it; cancel and stats may be called from any.
 */
#ifndef JAGA_HUNT_ASK_RULES_H
#define JAGA_HUNT_ASK_RULES_H

#include "hunt/ask.h"

struct lookback_event;
struct rule_hunt;

/* Place and question outlive it. `deadline`: ticks. 0, or -errno with *err. */
int rule_hunt_open(const struct hunt_place *place, const struct hunt_question *question,
                   const struct hunt_limits *limits, int64_t deadline, struct rule_hunt **ret_hunt,
                   struct err *err);
void rule_hunt_free(struct rule_hunt *hunt); /* NULL is allowed */

/* 0, what the sink returned, or -errno with *err. */
int rule_hunt_run(struct rule_hunt *hunt, const struct hunt_sink *sink, struct err *err);

/* The condition of SQL of each dataset that is looked into, for people. */
void rule_hunt_explain(const struct rule_hunt *hunt, struct buf *text);

void rule_hunt_cancel(struct rule_hunt *hunt);
void rule_hunt_stats(const struct rule_hunt *hunt, uint64_t *ret_rows, uint64_t *ret_bytes);

#endif
