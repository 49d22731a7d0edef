/*
 * metric: figures in the text format of Prometheus, version 0.0.4. A family is its head and then a line for each value:
 *
 *     # HELP jaga_events_total Events.
 *     # TYPE jaga_events_total counter
 *     jaga_events_total{agency="health"} 3
 *
 * Names end with their unit, counters with _total. Names and sentences are our own; labels' values may be anybody's.
 */
#ifndef JAGA_BASE_METRIC_H
#define JAGA_BASE_METRIC_H

#include "base/buf.h"

struct metric_label {
    const char *name;
    struct str value; /* escaped when it is written */
};

/* The labels of a line: METRIC_LABELS({"agency", agency}, {"source", source}). */
struct metric_labels {
    const struct metric_label *items;
    size_t n;
};

#define METRIC_LABELS(...)                                                                         \
    ((struct metric_labels){(const struct metric_label[]){__VA_ARGS__},                            \
                            sizeof((const struct metric_label[]){__VA_ARGS__}) /                   \
                                sizeof(struct metric_label)})
#define METRIC_PLAIN ((struct metric_labels){NULL, 0})

/* The two lines before a family's values. `type`: "counter", "gauge", "histogram". */
void metric_head(struct buf *out, const char *name, const char *type, const char *about);

/* A line: a whole number, or one with so many decimals. */
void metric_add(struct buf *out, const char *name, struct metric_labels labels, uint64_t value);
void metric_add_real(struct buf *out, const char *name, struct metric_labels labels, double value,
                     unsigned decimals);

/* A family of one whole number. */
void metric_one(struct buf *out, const char *name, const char *type, const char *about,
                uint64_t value);

#endif
