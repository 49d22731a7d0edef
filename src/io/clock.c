#include "io/clock.h"

#include <time.h>

#include "base/time.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_ticks_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
