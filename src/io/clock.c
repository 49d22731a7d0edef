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

int clock_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    int status = pthread_condattr_init(&monotonic);
    if (status != 0)
        return -status;
    status = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    if (status == 0)
        status = pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return -status;
}

int clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until)
{
    const struct timespec time = {.tv_sec = until / TIME_SECOND_US,
                                  .tv_nsec = until % TIME_SECOND_US * 1000};
    return -pthread_cond_timedwait(condition, lock, &time);
}
