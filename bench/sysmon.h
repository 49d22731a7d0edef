/*
 * sysmon: Sysmon's events as a lake gets them, generated: event i of a seed is the same each time. A fleet of hosts and
 * users runs few programs often and many seldom; identifiers are made as Sysmon makes them, from machine, time and a
 * counter. Events are 945 bytes of JSON on average.
 */
#ifndef JAGA_BENCH_SYSMON_H
#define JAGA_BENCH_SYSMON_H

#include "lake/lake.h"

#define SYSMON_CELLS_MAX 64

struct sysmon_event {
    struct lake_row row; /* points into what follows */
    struct lake_cell cells[SYSMON_CELLS_MAX];
    char values[4096];
    char raw[4096];
};

#define SYSMON_RUN                                                                                 \
    1000 /* events of one partition that follow one another, as the store reads them */

/* Event number i, at `time`. Its partition is that of its run: they take turns. */
void sysmon_make(struct sysmon_event *event, uint64_t i, int64_t time, uint32_t partitions);

/* Of the first n events, how many are of that partition: the offset of its next. */
uint64_t sysmon_next(uint64_t n, uint32_t partition, uint32_t partitions);

#endif
