/*
 * random: numbers that look like chance and are the same for the same seed (splitmix64: Steele, Lea, Flood, "Fast
 * splittable pseudorandom number generators", 2014). For made-up telemetry; never for secrets.
 */
#ifndef JAGA_READINESS_RANDOM_H
#define JAGA_READINESS_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state; /* the seed */
};

static inline uint64_t random_u64(struct random *random)
{
    uint64_t x = random->state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* Below n, which is not 0. */
static inline uint64_t random_below(struct random *random, uint64_t n)
{
    return random_u64(random) % n;
}

/* In (0, 1]. */
static inline double random_unit(struct random *random)
{
    return (double)((random_u64(random) >> 11) + 1) * 0x1.0p-53;
}

#endif
