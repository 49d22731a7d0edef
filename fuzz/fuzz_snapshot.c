/* States of correlations: loading refuses the bytes, or what it loaded can be gone on with and saved again. */
#include <stdlib.h>

#include "base/time.h"
#include "sigma/correlate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char RULES[] =
    "title: Failed\nname: failed\nlogsource: {product: test}\n"
    "detection: {s: {EventID: 1}, condition: s}\n"
    "---\n"
    "title: Worked\nname: worked\nlogsource: {product: test}\n"
    "detection: {s: {EventID: 2}, condition: s}\n"
    "---\n"
    "title: Many\nname: many\ncorrelation: {type: event_count, rules: [failed], group-by: [User], "
    "timespan: 1m, condition: {gte: 2}}\n"
    "---\n"
    "title: Then\ncorrelation: {type: temporal_ordered, rules: [many, worked], group-by: [User], "
    "timespan: 5m}\n"
    "---\n"
    "title: Hosts\ncorrelation: {type: value_count, rules: [failed, worked], group-by: [User], "
    "timespan: 1m, condition: {field: Host, lte: 3}}\n"
    "---\n"
    "title: Median\ncorrelation: {type: value_median, rules: [worked], timespan: 1m, "
    "condition: {field: Bytes, gt: 3}}\n";

static void sink(void *context, const struct correlation_match *match)
{
    (void)context;
    if (match->n_events == 0)
        abort();
}

static void add_hits(struct correlator *correlator, int64_t time)
{
    static const struct str values[] = {{"ann", 3}, {"7", 1}, {"ann", 3}};
    for (uint32_t rule = 0; rule < 2; rule++) {
        struct correlation_hit hit = {.time = time, .rule = rule, .values = values, .n_values = 3};
        (void)correlator_add(correlator, &hit);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sigma_set set;
    struct err err = {0};
    struct correlator_options options = {.disorder_us = CORRELATE_DISORDER_ALL};
    struct buf again = {0};
    if (set.rules.len == 0 &&
        (sigma_set_init(&set) < 0 || sigma_set_add(&set, STR(RULES), STR("rules.yml")) < 0 ||
         sigma_set_link(&set) < 0 || set.correlations.len != 4))
        abort();
    struct correlator *correlator = correlator_new(&set, &options, sink, NULL, &err);
    if (!correlator)
        return 0;
    if (correlator_load(correlator, str_of((const char *)data, size), &err) == 0) {
        struct correlator *second = correlator_new(&set, &options, sink, NULL, &err);
        if (second && correlator_save(correlator, &again) == 0 &&
            correlator_load(second, buf_str(&again), &err) == -EBADMSG)
            abort();
        correlator_free(second);
        add_hits(correlator, 30 * TIME_SECOND_US);
        if (correlator_finish(correlator) == 0) {
            struct correlator_stats stats;
            correlator_stats(correlator, &stats);
            if (stats.memory)
                abort();
        }
    }
    correlator_free(correlator);
    buf_free(&again);
    return 0;
}
