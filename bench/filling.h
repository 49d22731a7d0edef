/*
 * filling: a lake filled with generated Sysmon (sysmon.h), as the benchmarks of lake and hunt ask it: a million events
 * a day, commits of FILLING_COMMIT.
 */
#ifndef JAGA_BENCH_FILLING_H
#define JAGA_BENCH_FILLING_H

#include "base/time.h"
#include "lake/lake.h"

#define FILLING_FIRST (INT64_C(1794441600) * TIME_SECOND_US) /* 2026-11-12 */
#define FILLING_DAY_EVENTS 1000000
#define FILLING_COMMIT 136000

struct filling {
    double seconds, cpu; /* of the lake's functions; cpu: of all threads */
    uint64_t bytes;      /* of raw events */
};

/*
 * Puts and commits the events `first` to `end`, and adds to *filling.
 * `each` (NULL: nobody) gets the raw text of each. Ends the program where something fails.
 */
void filling_run(const struct lake_ops *ops, struct lake *lake, uint64_t first, uint64_t end,
                 void (*each)(void *context, struct str raw), void *context,
                 struct filling *filling);

#endif
