/*
 * engine_random: rules and events made from a stream of bytes, for tests that compare the
 * compiled engine with the plain evaluation. The same bytes give the same case; few names and
 * few short texts, so that things meet.
 */
#ifndef JAGA_SIGMA_ENGINE_RANDOM_H
#define JAGA_SIGMA_ENGINE_RANDOM_H

#include "sigma/ruleset.h"

/* Where choices come from: a seed, or the bytes of a fuzzer and zeros behind them. */
struct choices {
    uint64_t seed; /* used when ptr is NULL */
    const uint8_t *ptr, *end;
};

/* One of 0 .. n - 1. */
uint32_t choose(struct choices *choices, uint32_t n);

/* The datasets these rules and events live with. */
extern const char ENGINE_RANDOM_DATASETS[];

/* Adds one rule to an initialised set. 0 or -ENOMEM. */
int random_rule(struct choices *choices, struct sigma_set *set);

#define RANDOM_SLOTS_MAX 12

/* Fills an event with values whose texts live in event->scratch; not recognised yet. */
void random_event(struct choices *choices, const struct fields *fields, struct event *event,
                  struct slot slots[static RANDOM_SLOTS_MAX + EVENT_DERIVED_MAX]);

#endif
