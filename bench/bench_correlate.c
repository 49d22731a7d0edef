/*
 * How many hits a second of processor time the correlation engine takes, adding and finishing
 * included. The hits are made before the clock starts.
 *
 *   bench_correlate [hits]      default 2,000,000
 */
#include <stdio.h>
#include <stdlib.h>

#include "sigma/correlate.h"
#include "measure.h"

#define HITS_DEFAULT 2000000
#define TEXT_MAX 24

/* A hit with room for its own text. */
struct prepared {
    struct correlation_hit hit;
    struct str values[4];
    char texts[4][TEXT_MAX];
};

struct scenario {
    const char *name;
    const char *yaml;
    uint32_t users, hosts, addresses; /* distinct values */
    int64_t step_us;                  /* from one event to the next */
    int64_t jitter_us;                /* how far hits arrive out of order */
    int64_t disorder_us;
};

#define FAILURE                                                                                    \
    "title: failure\nname: failure\nlogsource: {category: authentication}\n"                       \
    "detection: {sel: {EventType: failure}, condition: sel}\n---\n"
#define SUCCESS                                                                                    \
    "title: success\nname: success\nlogsource: {category: authentication}\n"                       \
    "detection: {sel: {EventType: success}, condition: sel}\n---\n"
#define LANE                                                                                       \
    FAILURE SUCCESS                                                                                \
        "title: burst\ncorrelation: {type: event_count, rules: [failure], group-by: [User], "      \
        "timespan: 5m, condition: {gte: 4}}\n---\n"                                                \
        "title: fanout\ncorrelation: {type: value_count, rules: [failure], group-by: [Computer], " \
        "timespan: 5m, condition: {field: SourceIP, gte: 10}}\n---\n"                              \
        "title: volume\ncorrelation: {type: value_sum, rules: [failure], group-by: [Computer], "   \
        "timespan: 5m, condition: {field: BytesOut, gt: 50000}}\n---\n"                            \
        "title: failure then success\ncorrelation: {type: temporal_ordered, "                      \
        "rules: [failure, success], group-by: [User], timespan: 5m}\n"

static const struct scenario scenarios[] = {
    {"4 correlations, 300 users, 20 hosts, held to the end", LANE, 300, 20, 5000, 1000, 0,
     CORRELATE_DISORDER_ALL},
    {"the same, shuffled over 1 s", LANE, 300, 20, 5000, 1000, 1000000, CORRELATE_DISORDER_ALL},
    {"the same, live, 2 s of disorder", LANE, 300, 20, 5000, 1000, 1000000, 2000000},
    {"4 correlations, 100,000 users, 5,000 hosts, live", LANE, 100000, 5000, 1000000, 100, 0,
     2000000},
    {"value_count, 1,000,000 distinct in one window of 1 d, live",
     FAILURE "title: spread\ncorrelation: {type: value_count, rules: [failure], "
             "timespan: 1d, condition: {field: SourceIP, gte: 100000000}}\n",
     1, 1, 1000000, 1000, 0, 2000000},
    {"value_count, sliding over 100,000 distinct, live",
     FAILURE "title: spread\ncorrelation: {type: value_count, rules: [failure], "
             "timespan: 100s, condition: {field: SourceIP, gte: 100000000}}\n",
     1, 1, 1000000, 1000, 0, 2000000},
    {"value_median, sliding over 100,000 numbers, live",
     FAILURE "title: middle\ncorrelation: {type: value_median, rules: [failure], "
             "timespan: 100s, condition: {field: BytesOut, gt: 100000000}}\n",
     1, 1, 1, 1000, 0, 2000000},
};

static uint64_t rng_state = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t)((rng_state >> 32) * n >> 32);
}

static void fill(struct prepared *p, const struct correlator *correlator,
                 const struct scenario *scenario, uint64_t number)
{
    const struct str *names;
    p->hit = (struct correlation_hit){
        .rule = correlator_uses(correlator, 1) && random_below(5) == 0,
        .time = (int64_t)number * scenario->step_us,
        .record = number,
        .event = number,
        .values = p->values,
    };
    if (scenario->jitter_us)
        p->hit.time += random_below((uint32_t)scenario->jitter_us);
    p->hit.n_values = correlator_fields(correlator, p->hit.rule, &names);
    for (uint32_t i = 0; i < p->hit.n_values; i++) {
        int len;
        if (str_eq(names[i], STR("User")))
            len = snprintf(p->texts[i], TEXT_MAX, "user-%06u", random_below(scenario->users));
        else if (str_eq(names[i], STR("Computer")))
            len = snprintf(p->texts[i], TEXT_MAX, "host-%04u", random_below(scenario->hosts));
        else if (str_eq(names[i], STR("SourceIP")))
            len = snprintf(p->texts[i], TEXT_MAX, "198.51.%u", random_below(scenario->addresses));
        else
            len = snprintf(p->texts[i], TEXT_MAX, "%u", random_below(5000));
        p->values[i] = str_of(p->texts[i], (size_t)len);
    }
}

static void ignore(void *context, const struct correlation_match *match)
{
    (void)context, (void)match;
}

static int run(const struct scenario *scenario, size_t n)
{
    struct sigma_set set;
    struct err err = {0};
    struct correlator_options options = {.disorder_us = scenario->disorder_us,
                                         .memory_max = (size_t)4 << 30};
    if (sigma_set_init(&set) < 0 ||
        sigma_set_add(&set, str_from_c(scenario->yaml), STR("bench.yml")) < 0 ||
        sigma_set_link(&set) < 0 || set.refusals.len) {
        fprintf(stderr, "bench_correlate: the rules were not taken\n");
        return 1;
    }
    struct correlator *correlator = correlator_new(&set, &options, ignore, NULL, &err);
    struct prepared *hits = malloc(n * sizeof(*hits));
    if (!correlator || !hits) {
        fprintf(stderr, "bench_correlate: %s\n", correlator ? "no memory" : err.message);
        return 1;
    }
    for (size_t i = 0; i < n; i++)
        fill(&hits[i], correlator, scenario, i);
    double start = measure_cpu();
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = correlator_add(correlator, &hits[i].hit);
    double added = measure_cpu();
    if (r == 0)
        r = correlator_finish(correlator);
    double end = measure_cpu();
    struct correlator_stats stats;
    correlator_stats(correlator, &stats);
    printf(
        "%-62s %6.2f M hits/s  (add %4.0f ns, finish %4.0f ns; %llu matches, %zu MB, late %llu)\n",
        scenario->name, (double)n / (end - start) / 1e6, (added - start) / (double)n * 1e9,
        (end - added) / (double)n * 1e9, (unsigned long long)stats.matches, stats.memory_peak >> 20,
        (unsigned long long)stats.late);
    correlator_free(correlator);
    sigma_set_free(&set);
    free(hits);
    return r < 0;
}

int main(int argc, char **argv)
{
    uint64_t n = HITS_DEFAULT;
    if (argc > 1 && (str_to_u64(str_from_c(argv[1]), &n) < 0 || n == 0)) {
        fprintf(stderr, "usage: bench_correlate [hits]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
        if (run(&scenarios[i], n))
            return 1;
    return 0;
}
