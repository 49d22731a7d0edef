/*
 * values: the values of an event that a rule's field stands for, one after the other.
 */
#ifndef JAGA_SIGMA_VALUES_H
#define JAGA_SIGMA_VALUES_H

#include "sigma/rule.h"

#define VALUES_NAMES_MAX 32 /* fields that one may stand for */

struct values {
    struct event *event;
    struct str names[VALUES_NAMES_MAX];
    uint32_t n_names; /* 0: every value of the event */
    uint32_t next;    /* slot */
};

/* An empty field: every value. `datasets` may be NULL. The event outlives it. */
void values_begin(struct values *values, const struct datasets *datasets, struct event *event,
                  struct str field);

/* The next slot, or NULL. */
struct slot *values_next(struct values *values);

static inline bool slot_has_text(const struct slot *slot)
{
    return slot->type < VALUE_NULL;
}

#endif
