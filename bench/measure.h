/* measure: what all benchmarks share: clocks, and files read whole. Ends the program where a file cannot be read. */
#ifndef JAGA_BENCH_MEASURE_H
#define JAGA_BENCH_MEASURE_H

#include "base/str.h"

/* Seconds of a clock that only goes forward. */
double measure_now(void);

/* Seconds that this thread, or all threads, have been running: what a busy machine takes away does not count. */
double measure_cpu(void);
double measure_process_cpu(void);

/* The bytes of a file, unpacked where its name ends in .zst; to be freed with measure_free(). */
struct str measure_read(const char *path);
void measure_free(struct str bytes);

_Noreturn void measure_die(const char *what, const char *detail);

#endif
