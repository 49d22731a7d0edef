#include "watch/rhythm.h"

#include <math.h>

#define HOURS_DAY 24
#define WATCHED_MIN 45       /* minutes of an hour that must have been watched */
#define LEARN_USUAL 0.35     /* how far an hour moves what was known */
#define LEARN_ODD 0.1        /* .. one with a finding */
#define BURST_MAX 4          /* times the usual: more of an hour's events are not learnt */
#define REGULAR_ACTIVITY 0.2 /* of the busiest hour: below, empty hours are chance */
#define REGULAR_SLOTS 3

/* Monday 00:00 is 0; 1970 began on a Thursday. */
static unsigned slot_of(int64_t hour)
{
    int64_t slot = (hour + 3 * HOURS_DAY) % RHYTHM_SLOTS;
    return (unsigned)(slot < 0 ? slot + RHYTHM_SLOTS : slot);
}

static int64_t hour_of(int64_t time_us)
{
    int64_t hour = time_us / RHYTHM_HOUR_US;
    return time_us % RHYTHM_HOUR_US < 0 ? hour - 1 : hour;
}

static bool is_known(const struct rhythm *rhythm, unsigned slot)
{
    return rhythm->activity[slot] >= 0;
}

/* The value of a slot, or the mean of the same hour of other days, or `otherwise`. */
static double guess(const struct rhythm *rhythm, const float *values, unsigned slot,
                    double otherwise)
{
    double sum = 0;
    unsigned n = 0;
    if (is_known(rhythm, slot))
        return values[slot];
    for (unsigned other = slot % HOURS_DAY; other < RHYTHM_SLOTS; other += HOURS_DAY) {
        if (is_known(rhythm, other)) {
            sum += values[other];
            n++;
        }
    }
    return n ? sum / n : otherwise;
}

/* The least of a slot and those beside it. */
static double around(const struct rhythm *rhythm, const float *values, unsigned slot,
                     double otherwise)
{
    double before = guess(rhythm, values, (slot + RHYTHM_SLOTS - 1) % RHYTHM_SLOTS, otherwise);
    double here = guess(rhythm, values, slot, otherwise);
    double after = guess(rhythm, values, (slot + 1) % RHYTHM_SLOTS, otherwise);
    return fmin(here, fmin(before, after));
}

void rhythm_init(struct rhythm *rhythm)
{
    *rhythm = (struct rhythm){0};
    for (unsigned i = 0; i < RHYTHM_SLOTS; i++)
        rhythm->activity[i] = -1;
}

void rhythm_update(struct rhythm *rhythm)
{
    unsigned busy = 0;
    rhythm->busiest = 0;
    rhythm->n_known = 0;
    for (unsigned i = 0; i < RHYTHM_SLOTS; i++) {
        rhythm->n_known = (uint16_t)(rhythm->n_known + is_known(rhythm, i));
        rhythm->busiest = fmaxf(rhythm->busiest, rhythm->activity[i]);
    }
    for (unsigned i = 0; i < RHYTHM_SLOTS && rhythm->busiest > 0; i++)
        busy += around(rhythm, rhythm->activity, i, 0) >= rhythm->busiest / 2;
    rhythm->regular = rhythm->busiest >= REGULAR_ACTIVITY && busy >= REGULAR_SLOTS;
}

static float move(float from, double to, double part)
{
    return (float)((1 - part) * (double)from + part * to);
}

bool rhythm_learn(struct rhythm *rhythm, const struct rhythm_hour *hour, bool odd)
{
    unsigned slot = slot_of(hour->number);
    double watched = __builtin_popcountll(hour->watched);
    double active = __builtin_popcountll(hour->active & hour->watched);
    if (watched < WATCHED_MIN)
        return false;
    double activity = active / watched, rate = (double)hour->events * 60 / watched;
    if (is_known(rhythm, slot)) {
        double part = odd ? LEARN_ODD : LEARN_USUAL;
        double most = BURST_MAX * ((double)rhythm->rate[slot] + 1);
        rhythm->activity[slot] = move(rhythm->activity[slot], activity, part);
        rhythm->rate[slot] = move(rhythm->rate[slot], fmin(rate, most), part);
    } else {
        rhythm->activity[slot] = (float)activity;
        rhythm->rate[slot] = (float)rate;
    }
    rhythm_update(rhythm);
    return true;
}

double rhythm_weight(const struct rhythm *rhythm, int64_t time_us)
{
    if (!rhythm || !rhythm->regular)
        return 1;
    double busiest = (double)rhythm->busiest;
    return around(rhythm, rhythm->activity, slot_of(hour_of(time_us)), busiest) / busiest;
}

static double mean_rate(const struct rhythm *rhythm)
{
    double sum = 0;
    for (unsigned i = 0; i < RHYTHM_SLOTS; i++)
        sum += is_known(rhythm, i) ? (double)rhythm->rate[i] : 0;
    return sum / rhythm->n_known;
}

double rhythm_usual(const struct rhythm *rhythm, int64_t time_us)
{
    if (!rhythm || rhythm->n_known < RHYTHM_RATED_SLOTS)
        return -1;
    return around(rhythm, rhythm->rate, slot_of(hour_of(time_us)), mean_rate(rhythm));
}
