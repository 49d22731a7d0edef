/*
 * lookbacks: a rule that is new, or has changed, and an indicator that is new look at all that was received before they
 * came. What they find are findings as detection would have made them; what they say of each agency is a verdict:
 * affected, clean, or cannot tell.
 *
 *     version ─▶ changed(): what is not known yet ─▶ ledger: look-back {rules, offsets} ─▶ thread: newest day first
 *                                                                                            │ hunt/lookback.h
 *     ledger ◀── transaction {findings, verdicts, how far it has come} ◀── find, fold ◀──────┘
 *
 * Each event is found once: by a look where it was received before the rule took over, by detection where after. The
 * offsets that part the two are noted before detection goes on; a look begins when the lake has all events before them. A
 * changed rule passes by what the rule it was has found.
 *
 * One thread of low priority runs one look at a time. What it finds and how far it has come are one transaction, so a
 * look goes on over restarts and kills. Correlations run behind it, from the oldest event on, from their beginning each
 * time: what they find has a name, and is taken once.
 */
#ifndef JAGA_WATCH_LOOKBACKS_H
#define JAGA_WATCH_LOOKBACKS_H

#include "lake/lake.h"
#include "ledger/kept_lookback.h"
#include "watch/live.h"

#define LOOKBACKS_VERDICTS_MAX                                                                     \
    20000 /* of one look; with more, only agencies that are affected have one */

/* Texts and what is pointed to outlive it. */
struct lookbacks_options {
    const struct lake_ops *engine;
    struct lake *lake;
    const char *ledger; /* URL: it opens its own */
    /* made where it is missing: the indicators that are known, and lists of new ones */
    const char *folder;
    const char *journal_key;
    int64_t disorder_us, fold_us; /* as detection has them */
    /* Matches of one rule and agency that fold by host and user; those past it are counted together. */
    uint32_t apart;
    size_t correlator_memory;
    int64_t (*now)(void);
    /* One more user of the version, who calls its free() when done. */
    struct live_version *(*hold)(struct live_version *version);
    void (*published)(void *context);
    void *context;
};

struct lookbacks;

/* NULL: *err says why not. */
struct lookbacks *lookbacks_new(const struct lookbacks_options *options, struct err *err);
void lookbacks_free(struct lookbacks *lookbacks); /* NULL: nothing */

/*
 * Before live_swap() of it: finds out which of its indicators are new, so that detection does not stand still for that.
 * Not by two threads at once.
 */
void lookbacks_prepare(struct lookbacks *lookbacks, const struct live_version *version);

/* For live_options.changed: notes which rules are to look back, of events before these offsets. */
void lookbacks_changed(struct lookbacks *lookbacks, struct live_version *version,
                       const uint64_t *offsets, uint32_t n);

/* The thread, once the lake is filled and its functions are known. Stopping leaves a look where it is. */
int lookbacks_start(struct lookbacks *lookbacks, struct err *err);
void lookbacks_stop(struct lookbacks *lookbacks);

/* For api_add_metrics(). */
void lookbacks_metrics(void *lookbacks, struct buf *out);

/* The ledger says something else of a look: it is to go on; or it was cancelled, and ends what it does. Any thread. */
void lookbacks_wake(struct lookbacks *lookbacks);
void lookbacks_cancel(struct lookbacks *lookbacks, struct str id);

/* ledger_version() has risen: was the look that runs cancelled over another connection? */
void lookbacks_look(struct lookbacks *lookbacks, struct ledger *ledger);

#endif
