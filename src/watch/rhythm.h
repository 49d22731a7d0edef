/*
 * rhythm: when a source usually speaks, and how much, by hour of the week (UTC). Learnt from whole hours, over
 * weeks; an hour of the week that was not seen yet is guessed from the same hour of other days.
 *
 *     Monday 00 ... Sunday 23: activity (share of its minutes in which it spoke), rate (events an hour)
 *
 * People start an hour earlier or later, and clocks change twice a year: an hour counts as no busier than
 * the ones beside it. Pure.
 */
#ifndef JAGA_WATCH_RHYTHM_H
#define JAGA_WATCH_RHYTHM_H

#include <stdbool.h>
#include <stdint.h>

#define RHYTHM_SLOTS 168
#define RHYTHM_HOUR_US INT64_C(3600000000)
#define RHYTHM_RATED_SLOTS 24 /* that have to be known before rates are usual */

struct rhythm {
    float activity[RHYTHM_SLOTS]; /* 0 to 1; < 0: not known */
    float rate[RHYTHM_SLOTS];     /* known where activity is */
    /* Made of them by rhythm_update(). */
    float busiest; /* activity */
    bool regular;  /* there are hours in which it speaks nearly all the time */
    uint16_t n_known;
};

/* An hour under way. */
struct rhythm_hour {
    int64_t number;           /* hours since 1970 */
    uint64_t watched, active; /* a bit for each minute: looked at, spoken in */
    uint64_t events;
};

void rhythm_init(struct rhythm *rhythm);

/*
 * Learns from an hour that is over, unless too little of it was watched. `odd`: it was not as usual (a finding was
 * open), and counts less. Returns whether it was taken.
 */
bool rhythm_learn(struct rhythm *rhythm, const struct rhythm_hour *hour, bool odd);

/* After activity or rate was set from outside. */
void rhythm_update(struct rhythm *rhythm);

/*
 * How much a silence weighs at this time: 1 in the busiest hours, 0 in those when it never speaks; 1 always for
 * a source without such hours. `rhythm` may be NULL: nothing is known.
 */
double rhythm_weight(const struct rhythm *rhythm, int64_t time_us);

/* Events usual in the hour that this time is in; < 0: not known. */
double rhythm_usual(const struct rhythm *rhythm, int64_t time_us);

#endif
