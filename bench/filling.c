#include "filling.h"

#include "measure.h"
#include "sysmon.h"

#define BATCH 200 /* generated, then put: the clocks are read once for all */
#define PARTITIONS 8

static void commit(const struct lake_ops *ops, struct lake *lake, uint64_t end)
{
    struct err err = {0};
    struct lake_progress progress[PARTITIONS];
    for (uint32_t p = 0; p < PARTITIONS; p++)
        progress[p] = (struct lake_progress){p, sysmon_next(end, p, PARTITIONS)};
    if (ops->commit(lake, progress, PARTITIONS, &err) < 0)
        measure_die("commit", err.message);
}

void filling_run(const struct lake_ops *ops, struct lake *lake, uint64_t first, uint64_t end,
                 void (*each)(void *context, struct str raw), void *context,
                 struct filling *filling)
{
    static struct sysmon_event events[BATCH];
    for (uint64_t i = first; i < end; i += BATCH) {
        uint64_t stop = i + BATCH < end ? i + BATCH : end;
        for (uint64_t k = i; k < stop; k++) {
            struct sysmon_event *event = &events[k - i];
            sysmon_make(event, k, FILLING_FIRST + (int64_t)k * (TIME_DAY_US / FILLING_DAY_EVENTS),
                        PARTITIONS);
            filling->bytes += event->row.raw.len;
            if (each)
                each(context, event->row.raw);
        }
        double started = measure_now(), cpu = measure_process_cpu();
        for (uint64_t k = i; k < stop; k++)
            if (ops->put(lake, &events[k - i].row) < 0)
                measure_die("put", "an event was refused");
        if (stop % FILLING_COMMIT == 0 || stop == end)
            commit(ops, lake, stop);
        filling->seconds += measure_now() - started;
        filling->cpu += measure_process_cpu() - cpu;
    }
}
