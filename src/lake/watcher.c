/*
 * A thread that interrupts queries. DuckDB forgets an interrupt when a query begins, so one that comes at that very
 * moment is lost: it is said again until it is heard.
 */
#include "io/clock.h"
#include "lake/run.h"

#define AGAIN_US 20000
#define MEASURE_US 50000

/* Interrupts those that are to end; returns when to look again, in µs from now, or -1. */
static int64_t look(struct lake *lake)
{
    int64_t now = clock_ticks_us(), next = -1;
    for (struct lake_run *run = lake->runs; run; run = run->after) {
        int64_t left = run->limits.time_us > 0 ? run->started + run->limits.time_us - now : -1;
        if (run->limits.time_us > 0 && left <= 0 && !atomic_exchange(&run->late, true))
            lake->n_runs_late++;
        bool ending = run_is_ending(run);
        if (ending && atomic_load(&run->busy))
            lake->duck->interrupt(run->connection);
        if (ending)
            left = AGAIN_US;
        if (left > 0 && (next < 0 || left < next))
            next = left;
    }
    return next;
}

static void *watch(void *argument)
{
    struct lake *lake = argument;
    pthread_mutex_lock(&lake->runs_lock);
    while (!lake->closing) {
        bool measured = gauge_wanted(lake);
        if (measured)
            gauge_look(lake);
        int64_t next = look(lake);
        if (measured && (next < 0 || next > MEASURE_US))
            next = MEASURE_US;
        if (lake->closing)
            break;
        if (next < 0) {
            pthread_cond_wait(&lake->runs_changed, &lake->runs_lock);
            continue;
        }
        clock_wait(&lake->runs_changed, &lake->runs_lock, clock_ticks_us() + next);
    }
    pthread_mutex_unlock(&lake->runs_lock);
    return NULL;
}

int watcher_start(struct lake *lake)
{
    int status = -pthread_create(&lake->watcher, NULL, watch, lake);
    lake->watching = status == 0;
    return status;
}

void watcher_stop(struct lake *lake)
{
    if (!lake->watching)
        return;
    pthread_mutex_lock(&lake->runs_lock);
    lake->closing = true;
    pthread_cond_broadcast(&lake->runs_changed);
    pthread_mutex_unlock(&lake->runs_lock);
    pthread_join(lake->watcher, NULL);
    lake->watching = false;
}

void watcher_add(struct lake_run *run)
{
    struct lake *lake = run->lake;
    pthread_mutex_lock(&lake->runs_lock);
    run->after = lake->runs;
    if (run->after)
        run->after->before = run;
    lake->runs = run;
    lake->n_runs++;
    pthread_cond_broadcast(&lake->runs_changed);
    pthread_mutex_unlock(&lake->runs_lock);
}

void watcher_remove(struct lake_run *run)
{
    struct lake *lake = run->lake;
    pthread_mutex_lock(&lake->runs_lock);
    if (run->before)
        run->before->after = run->after;
    else if (lake->runs == run)
        lake->runs = run->after;
    if (run->after)
        run->after->before = run->before;
    pthread_mutex_unlock(&lake->runs_lock);
}

void watcher_wake(struct lake *lake)
{
    pthread_mutex_lock(&lake->runs_lock);
    pthread_cond_broadcast(&lake->runs_changed);
    pthread_mutex_unlock(&lake->runs_lock);
}

void run_cancel(struct lake_run *run)
{
    struct lake *lake = run->lake;
    pthread_mutex_lock(&lake->runs_lock);
    atomic_store(&run->cancelled, true);
    if (atomic_load(&run->busy))
        lake->duck->interrupt(run->connection);
    pthread_cond_broadcast(&lake->runs_changed);
    pthread_mutex_unlock(&lake->runs_lock);
}
