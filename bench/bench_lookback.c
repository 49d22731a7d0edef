/*
 * Looking back: each rule of a folder, alone, over a lake of generated Sysmon (filling.h; 1 million events, or as many as
 * it is to have), as the centre does it: all time, newest first, candidates made again and matched. The lake in FOLDER is
 * filled first, unless it has events.
 *
 *     bench_lookback FOLDER CONTENT RULES [MILLIONS [THREADS]]
 *
 * A row: wall clock of the first time and of the best of the next ones, in ms; processor time of all threads of that, the
 * mean; events that SQL left to the engine; events that matched; the rule.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench_rules.h"
#include "filling.h"
#include "hunt/function.h"
#include "hunt/lookback.h"
#include "io/clock.h"
#include "measure.h"

#define AGAIN 3

static const struct lake_ops *const ops = &lake_duckdb;

static int64_t processor_us(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    return (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * TIME_SECOND_US +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static int ignore(void *context, const struct lookback_event *found)
{
    (void)context;
    (void)found;
    return 0;
}

static int64_t look(struct lake *lake, const struct bench_rules *rules, const bool *wanted,
                    struct lookback_stats *ret_stats)
{
    const struct lookback_options options = {
        .ops = ops,
        .lake = lake,
        .set = &rules->set,
        .ruleset = rules->ruleset,
        .datasets = rules->datasets,
        .fields = &rules->fields,
        .rules = wanted,
        .scope = {.all = true},
    };
    struct err err = {0};
    int64_t started = clock_ticks_us();
    struct lookback *lookback = lookback_new(&options, &err);
    if (!lookback || lookback_run(lookback, INT64_MIN, INT64_MAX, ignore, NULL, &err) < 0)
        measure_die("lookback", err.message);
    int64_t took = clock_ticks_us() - started;
    lookback_stats(lookback, ret_stats);
    lookback_free(lookback);
    return took;
}

static void measure_rule(struct lake *lake, const struct bench_rules *rules, const bool *wanted,
                         struct str title)
{
    struct lookback_stats stats;
    int64_t cold = look(lake, rules, wanted, &stats), best = INT64_MAX, used = processor_us();
    for (int again = 0; again < AGAIN; again++) {
        int64_t took = look(lake, rules, wanted, &stats);
        best = took < best ? took : best;
    }
    used = (processor_us() - used) / AGAIN;
    printf("%8.1f %8.1f %8.1f %8" PRIu64 " %8" PRIu64 "  %.*s\n", (double)cold / 1e3,
           (double)best / 1e3, (double)used / 1e3, stats.candidates, stats.matched, STR_ARG(title));
    fflush(stdout);
}

static int add_share(void *context, const struct lake_share *share)
{
    *(uint64_t *)context += share->rows;
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench_rules rules;
    double millions = 1, threads = 0;
    uint64_t n = 0;
    struct err err = {0};
    struct filling filling = {0};
    if (argc < 4 || (argc > 4 && str_to_double(str_from_c(argv[4]), &millions) < 0) ||
        (argc > 5 && str_to_double(str_from_c(argv[5]), &threads) < 0))
        measure_die("usage", "bench_lookback FOLDER CONTENT RULES [MILLIONS [THREADS]]");
    const struct lake_options options = {.threads = (unsigned)threads};
    struct lake *lake = ops->open(argv[1], &options, &err);
    if (!lake || hunt_functions_register(ops, lake, NULL, &err) < 0)
        measure_die(argv[1], err.message);
    (void)ops->shares(lake, &(struct lake_part){0}, add_share, &n);
    uint64_t end = (uint64_t)(millions * 1e6);
    if (n < end)
        filling_run(ops, lake, n, end, NULL, NULL, &filling);
    if (ops->settle(lake, &err) < 0)
        measure_die(argv[1], err.message);
    bench_rules_load(&rules, argv[2], &argv[3], 1);
    bool *wanted = calloc(rules.set.rules.len + 1, sizeof(*wanted));
    if (!wanted)
        measure_die("rules", "no memory");
    printf("   first     warm      cpu  candidates  matched  rule\n");
    for (size_t i = 0; i < rules.set.rules.len; i++) {
        wanted[i] = true;
        measure_rule(lake, &rules, wanted, rules.set.rules.items[i]->meta.title);
        wanted[i] = false;
    }
    free(wanted);
    bench_rules_free(&rules);
    ops->close(lake);
    return 0;
}
