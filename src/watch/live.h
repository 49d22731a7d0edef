/*
 * live: detection as events arrive. Workers read the spool, a partition at a time and in its order, parse,
 * recognise, match rules and indicators; one thread puts hits into correlations and matches into the ledger,
 * with the offsets they end at, in one transaction.
 *
 *     spool ─▶ worker 0..n: parse ─▶ route ─▶ rules, indicators ─▶ exceptions ─▶ round {matches, hits, offset}
 *                                                                                     │
 *     ledger ◀── transaction {findings, offsets} ◀── fold, throttle ◀── correlator ◀── recorder
 *
 * Exactly once: findings and offsets are one transaction, so a match below a partition's offset is in
 * the ledger already. The correlator's state is a blob with its own offsets, written at intervals:
 * after a restart reading starts at those, and what the ledger has is not counted again; matches of
 * correlations have names made of what they hold, taken once.
 *
 * Time, for correlations, is as far as every partition has been recorded: the receipt of its last batch, or
 * now where nothing is left to read. So a backlog, or a partition that lags, makes nothing late; an
 * event is late, or ahead, by its own receipt alone, the same after every restart.
 *
 * Rules, datasets and indicators are one immutable version. A reload gives a new one; workers change
 * over between two rounds, so each event is matched by exactly one version.
 */
#ifndef JAGA_WATCH_LIVE_H
#define JAGA_WATCH_LIVE_H

#include "event/dataset.h"
#include "intel/intel.h"
#include "ledger/ledger.h"
#include "sigma/attack.h"
#include "sigma/ruleset.h"
#include "spool/spool.h"
#include "watch/sender.h"

/* All that matching needs, immutable. */
struct live_version {
    uint64_t number; /* set by live_swap() */
    const struct sigma_set *set;
    struct ruleset *ruleset;
    struct datasets *datasets;
    const struct fields *fields;
    struct intel *intel;         /* NULL: none */
    const struct attack *attack; /* names of techniques; NULL: none */
    const struct live_agency *agencies;
    size_t n_agencies;
    void *owner;
    void (*free)(struct live_version *version); /* called when no thread uses it any more */
};

/* What an agency wants different. */
struct live_agency {
    struct str name;
    uint8_t level;             /* findings below are not wanted; 0: all */
    const struct str *without; /* ids, tags ("attack.t1003") or titles of rules it does not want */
    size_t n_without;
};

/* A match on its way into a finding. */
struct live_match {
    struct str key; /* of the finding: its fold text */
    uint32_t partition;
    uint64_t offset;
    int64_t time;
};

struct live_options {
    const struct spool_ops *engine;
    struct spool *spool; /* NULL: live_idle() only */
    struct senders *senders;
    struct health *health;   /* told of every batch; may be NULL */
    const char *ledger;      /* URL: the recorder opens its own */
    const char *journal_key; /* file; NULL: signs nothing */
    unsigned threads;
    /*
     * Of correlations: an event may be received this long after it happened, or carry a time this far
     * ahead, and still count. Their findings come this much later than the events.
     */
    int64_t disorder_us;
    int64_t fold_us; /* window of repeats */
    /*
     * Matches a minute of one rule and agency that fold by host and user and keep their events; those
     * past it are counted together. 0: no limit.
     */
    uint32_t throttle;
    int64_t snapshot_us; /* between two snapshots of correlations */
    size_t correlator_memory;
    int64_t (*now)(void);
    void (*published)(void *context); /* after each transaction that changed findings; any thread */
    /*
     * A version takes over: events of partition i from offsets[i] on are matched by it, those before were not. Called
     * before the first of them, at the start and at each change. NULL: nobody wants to know.
     */
    void (*changed)(void *context, struct live_version *version, const uint64_t *offsets,
                    uint32_t n);
    void *context;

    /* Of findings that are made from the past; zero and NULL as events arrive. */
    bool newest_first;        /* matches come from the newest to the oldest */
    const bool *correlations; /* by number: whose matches are findings; NULL: all */
    bool (*known)(void *context, const struct live_match *match); /* a finding has it already */
    int (*also)(void *context, struct ledger *ledger); /* at the end of each transaction */
    /* The event of a mark, where the spool has it no more: `each` is called with it. */
    int (*read)(void *context, uint32_t partition, uint64_t offset, uint32_t part,
                int (*each)(void *each_context, struct event *event,
                            const struct spool_batch *from),
                void *each_context);
};

struct live;

/*
 * Opens the ledger, reads the snapshot, starts the threads. NULL: *err says why not, and the version is still
 * the caller's.
 */
struct live *live_start(const struct live_options *options, struct live_version *version,
                        struct err *err);

/* Finishes what was read, writes a last snapshot, frees everything and the version. */
void live_stop(struct live *live);

/*
 * From now on this version; the old one is freed when nobody uses it. Correlation state goes over to
 * correlations that are the same. Returns at once: the change is made between two rounds, when what was matched by
 * the old version is recorded. On failure the version stays the caller's, and the old one goes on.
 */
int live_swap(struct live *live, struct live_version *version, struct err *err);

/* Exceptions are read from the ledger again, soon. */
void live_reload_exceptions(struct live *live);

#define LIVE_LATENCY_BUCKETS 24 /* of 1 ms, 2 ms, 4 ms ... and more */

struct live_stats {
    uint64_t events, bytes, parse_errors, matches, indicator_matches, findings, folded, throttled;
    uint64_t excepted; /* matches that exceptions or an agency's choice took away */
    uint64_t lag;      /* events stored whose findings are not in the ledger yet */
    uint64_t regex_limited;
    uint64_t partial; /* events matched in part or not at all, for lack of memory */
    uint64_t cut;     /* matches without their event: it was too large */
    uint64_t gone;    /* events that retention took before they were read */
    uint64_t damaged; /* places of the spool that could not be read */
    uint64_t correlation_hits, correlation_matches;
    uint64_t correlation_late, correlation_ahead; /* left out: see disorder_us */
    uint64_t correlation_forgotten;               /* for lack of memory, or in a changed rule set */
    int64_t correlated; /* µs: how far time has come for correlations; TIME_UNSET: not known yet */
    uint64_t version;
    uint64_t latency[LIVE_LATENCY_BUCKETS]; /* received to committed, of matches */
    int64_t latency_sum_us;
    uint64_t ledger_errors;
};
void live_stats(struct live *live, struct live_stats *ret_stats);

/* What a rule has found since its version came. */
struct live_rule {
    struct str id, title;
    uint64_t matches, throttled;
    uint64_t asked; /* times its condition had to be asked, estimated from samples */
    uint64_t ns;    /* that took, estimated; what finds candidates is shared and not in it */
};

#define LIVE_SAMPLE_EVERY 256 /* events, of which one is looked at rule by rule */

enum live_order { LIVE_BY_MATCHES, LIVE_BY_COST };

/*
 * Calls `each` for the rules that found or cost something, most first, at most `max`; returns how
 * many. Texts live for the length of the call, which may not call live_*.
 */
size_t live_rules(struct live *live, enum live_order order, size_t max,
                  void (*each)(void *context, const struct live_rule *rule), void *context);

#endif
