/* Figures of what stands behind the server: spools, detection, rules, senders, sources. */
#include "api/metrics.h"

#include <stdio.h>

#include "base/metric.h"
#include "watch/account.h"

#define RULES_MAX 100 /* rules that have found most, with lines of their own */

/* ---- spools ---- */

static void write_spools(const struct api_options *options, struct buf *out)
{
    const struct str names[] = {STR("events"), STR("dead_letters")};
    struct spool *const spools[] = {options->spool, options->dead};
    static const struct {
        const char *name, *type, *about;
        size_t offset;
    } rows[] = {
#define ROW(name, type, member, about) {name, type, about, offsetof(struct spool_stats, member)}
        ROW("jaga_spool_batches_total", "counter", batches, "Batches appended."),
        ROW("jaga_spool_events_total", "counter", events, "Events appended."),
        ROW("jaga_spool_bytes_total", "counter", bytes, "Bytes of events appended."),
        ROW("jaga_spool_repeated_total", "counter", repeated,
            "Batches acknowledged that were there already."),
        ROW("jaga_spool_commits_total", "counter", commits, "Groups of batches made durable."),
        ROW("jaga_spool_refused_full_total", "counter", refused_full, "Appends refused: full."),
        ROW("jaga_spool_refused_busy_total", "counter", refused_busy,
            "Appends refused: too much is pending."),
        ROW("jaga_spool_size_bytes", "gauge", size, "Bytes on disk."),
        ROW("jaga_spool_pending_bytes", "gauge", pending, "Bytes that wait to be durable."),
        ROW("jaga_spool_torn_bytes", "gauge", torn, "Bytes cut from tails at the last opening."),
        ROW("jaga_spool_removed_total", "counter", removed, "Events that retention let go."),
        ROW("jaga_spool_commit_slowest_microseconds", "gauge", commit_us_max,
            "Slowest commit since the last look."),
#undef ROW
    };
    struct spool_stats stats[2] = {0};
    for (size_t i = 0; i < 2; i++) {
        if (spools[i])
            options->engine->stats(spools[i], &stats[i]);
    }
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        metric_head(out, rows[row].name, rows[row].type, rows[row].about);
        for (size_t i = 0; i < 2; i++) {
            uint64_t value;
            memcpy(&value, (const char *)&stats[i] + rows[row].offset, sizeof(value));
            metric_add(out, rows[row].name, METRIC_LABELS({"spool", names[i]}), value);
        }
    }
    metric_head(out, "jaga_spool_failing", "gauge", "1 while nothing can be stored.");
    for (size_t i = 0; i < 2; i++)
        metric_add(out, "jaga_spool_failing", METRIC_LABELS({"spool", names[i]}),
                   stats[i].error != 0);
}

/* ---- detection ---- */

static void write_counters(const struct live_stats *stats, struct buf *out)
{
    metric_one(out, "jaga_detect_events_total", "counter", "Events matched.", stats->events);
    metric_one(out, "jaga_detect_bytes_total", "counter", "Bytes of events matched.", stats->bytes);
    metric_one(out, "jaga_detect_parse_errors_total", "counter",
               "Events that are not what their format says.", stats->parse_errors);
    metric_one(out, "jaga_detect_lag_events", "gauge", "Events stored and not yet matched.",
               stats->lag);
    metric_one(out, "jaga_detect_rule_matches_total", "counter", "Matches of rules.",
               stats->matches);
    metric_one(out, "jaga_detect_indicator_matches_total", "counter", "Matches of indicators.",
               stats->indicator_matches);
    metric_one(out, "jaga_detect_correlation_matches_total", "counter", "Matches of correlations.",
               stats->correlation_matches);
    metric_one(out, "jaga_findings_opened_total", "counter", "Findings opened.", stats->findings);
    metric_one(out, "jaga_findings_folded_total", "counter", "Matches folded into open findings.",
               stats->folded);
    metric_one(out, "jaga_findings_throttled_total", "counter",
               "Matches counted without their events.", stats->throttled);
    metric_one(out, "jaga_findings_excepted_total", "counter",
               "Matches that exceptions or an agency's choice took away.", stats->excepted);
    metric_one(out, "jaga_detect_rules_version", "gauge", "Number of the rule set in use.",
               stats->version);
    metric_one(out, "jaga_ledger_errors_total", "counter", "Failures to write findings.",
               stats->ledger_errors);
}

/* What detection could not do as it should, by reason. */
static void write_losses(const struct live_stats *stats, struct buf *out)
{
    const struct {
        const char *reason;
        uint64_t n;
    } rows[] = {
        {"regex_limit", stats->regex_limited},
        {"memory", stats->partial},
        {"event_too_large", stats->cut},
        {"retention", stats->gone},
        {"damage", stats->damaged},
        {"correlation_late", stats->correlation_late},
        {"correlation_ahead", stats->correlation_ahead},
        {"correlation_memory", stats->correlation_forgotten},
    };
    metric_head(out, "jaga_detect_incomplete_total", "counter",
                "Events or matches that could not be taken in full, by reason.");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        metric_add(out, "jaga_detect_incomplete_total",
                   METRIC_LABELS({"reason", str_from_c(rows[i].reason)}), rows[i].n);
}

/* Buckets of 1 ms, 2 ms, 4 ms ...; the last has the rest. */
static void write_latency(const struct live_stats *stats, struct buf *out)
{
    uint64_t sum = 0;
    metric_head(out, "jaga_finding_latency_seconds", "histogram",
                "From the receipt of an event to its match in the ledger.");
    for (unsigned i = 0; i < LIVE_LATENCY_BUCKETS; i++) {
        sum += stats->latency[i];
        char limit[16] = "+Inf";
        if (i + 1 < LIVE_LATENCY_BUCKETS)
            snprintf(limit, sizeof(limit), "%.3f", (double)(UINT64_C(1) << i) / 1e3);
        metric_add(out, "jaga_finding_latency_seconds_bucket",
                   METRIC_LABELS({"le", str_from_c(limit)}), sum);
    }
    metric_add_real(out, "jaga_finding_latency_seconds_sum", METRIC_PLAIN,
                    (double)stats->latency_sum_us / 1e6, 6);
    metric_add(out, "jaga_finding_latency_seconds_count", METRIC_PLAIN, sum);
}

static void write_rule(void *context, const struct live_rule *rule)
{
    metric_add(context, "jaga_rule_matches_total",
               METRIC_LABELS({"rule", rule->id}, {"title", rule->title}), rule->matches);
}

static void write_cost(void *context, const struct live_rule *rule)
{
    metric_add_real(context, "jaga_rule_cost_seconds_total",
                    METRIC_LABELS({"rule", rule->id}, {"title", rule->title}),
                    (double)rule->ns / 1e9, 6);
}

static void write_live(struct live *live, struct buf *out)
{
    struct live_stats stats;
    live_stats(live, &stats);
    write_counters(&stats, out);
    write_losses(&stats, out);
    write_latency(&stats, out);
    metric_head(out, "jaga_rule_matches_total", "counter",
                "Matches of the rules that found most since they were loaded.");
    live_rules(live, LIVE_BY_MATCHES, RULES_MAX, write_rule, out);
    metric_head(out, "jaga_rule_cost_seconds_total", "counter",
                "Processor time of the dearest rules' conditions, estimated from samples.");
    live_rules(live, LIVE_BY_COST, RULES_MAX, write_cost, out);
}

void metrics_write_centre(struct api *api, struct buf *out)
{
    const struct api_options *options = &api->options;
    if (options->engine && options->engine->stats)
        write_spools(options, out);
    if (options->live)
        write_live(options->live, out);
    if (options->senders)
        account_write_metrics(options->senders, out);
    if (options->health)
        health_write_metrics(options->health, out);
}
