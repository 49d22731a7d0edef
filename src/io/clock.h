/*
 * clock: what time it is, and waiting. Only modules that live in time (watch, api, agent, cli) ask; those below are told.
 */
#ifndef JAGA_IO_CLOCK_H
#define JAGA_IO_CLOCK_H

#include <pthread.h>
#include <stdint.h>

/* µs since 1970 UTC; may be set back. */
int64_t clock_now_us(void);

/* µs since some instant; never goes back. For durations, deadlines and rates. */
int64_t clock_ticks_us(void);

/* A condition for clock_wait(). 0 or -errno. */
int clock_condition_init(pthread_cond_t *condition);

/* Waits, with the lock, for a signal or until clock_ticks_us() is `until`. 0 (also for no reason) or -ETIMEDOUT. */
int clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until);

#endif
