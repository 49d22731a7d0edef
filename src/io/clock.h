/*
 * clock: what time it is. Only modules that live in time (watch, api, agent, cli) ask; those below are told.
 */
#ifndef JAGA_IO_CLOCK_H
#define JAGA_IO_CLOCK_H

#include <stdint.h>

/* µs since 1970 UTC; may be set back. */
int64_t clock_now_us(void);

/* µs since some instant; never goes back. For durations, deadlines and rates. */
int64_t clock_ticks_us(void);

#endif
