/*
 * turns: which hunts run now, and which one is next. Of those that wait it is one of the agency of which the fewest run,
 * then of the token of which the fewest run, then the one that came first: so nobody who asks much keeps others
 * waiting for long.
 *
 * Pure and without a lock: its owner has one. A turn lives from turns_enter() to turns_leave().
 */
#ifndef JAGA_API_HUNT_TURNS_H
#define JAGA_API_HUNT_TURNS_H

#include "base/str.h"

struct turn {
    struct str agency;  /* empty: of one who sees all */
    const void *person; /* the same for all turns of a token */
    bool runs;
    struct turn *next; /* in the order in which they came */
};

struct turns {
    uint32_t running_max, person_running_max; /* at once */
    uint32_t waiting_max, person_waiting_max;
    struct turn *first;
};

enum turns_answer { TURNS_TAKEN, TURNS_FULL, TURNS_PERSON_FULL };

/* It runs at once where it may, or waits; where too many wait, of all or of that person, it is not taken. */
enum turns_answer turns_enter(struct turns *turns, struct turn *turn);

/* It has ended, or waits no longer; those whose turn it is now run. */
void turns_leave(struct turns *turns, struct turn *turn);

/* How many came before and wait still. */
uint32_t turns_ahead(const struct turns *turns, const struct turn *turn);

uint32_t turns_count(const struct turns *turns, bool running);

#endif
