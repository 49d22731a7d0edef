/*
 * The transaction: findings, how far detection has come, and at intervals the state of correlations: all of it,
 * or nothing.
 */
#include <errno.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "scan/indicators.h"
#include "scan/ocsf.h"
#include "watch/live_state.h"

#define RECORD_OCSF_MAX (4u << 20) /* bytes of a document with its events */

/* ---- from a round ---- */

static void feed(struct live *live, const struct round *round)
{
    struct recorder *recorder = &live->recorder;
    int r = 0;
    for (size_t i = 0; i < round->hits.len; i++) {
        int status = correlator_add(recorder->correlator, &round->hits.items[i]);
        if (status < 0)
            r = status;
    }
    if (r < 0)
        log_say(LOG_ERROR, "detect.memory", "no memory for correlations: some hits do not count");
}

/* Adds the folds of the round to those of the transaction. There is room. */
static void join(struct live *live, const struct round *round)
{
    struct transaction *transaction = &live->recorder.transaction;
    for (size_t i = 0; i < round->folds.list.len; i++) {
        struct fold *fold = round->folds.list.items[i];
        struct fold *known = fold_find(&transaction->folds, fold->key, fold->hash, fold->first,
                                       live->options.fold_us);
        if (known && fold_near(known, fold, live->options.fold_us))
            fold_join(known, fold);
        else
            (void)fold_add(&transaction->folds, fold);
    }
    for (size_t i = 0; i < round->receipts.len; i++)
        (void)vec_push(&transaction->receipts, round->receipts.items[i]);
}

int record_take_round(struct live *live, struct round *round)
{
    struct transaction *transaction = &live->recorder.transaction;
    if (fold_reserve(&transaction->folds, round->folds.list.len) < 0 ||
        vec_reserve(&transaction->receipts, transaction->receipts.len + round->receipts.len) < 0)
        return -ENOMEM;
    feed(live, round);
    join(live, round);
    if (round->folds.list.len == 0)
        return 0;
    transaction->bytes += round->arena.size;
    round->next = transaction->rounds;
    transaction->rounds = round;
    if (transaction->since == 0)
        transaction->since = clock_ticks_us();
    return 0;
}

/* ---- what a fold is called ---- */

static int describe_indicator(struct arena *arena, const struct indicator *indicator,
                              struct sigma_meta *meta, struct finding *finding)
{
    struct intel_match *match = arena_zero(arena, 1, sizeof(*match));
    if (!match)
        return -ENOMEM;
    match->indicator = *indicator;
    finding->indicator = match;
    finding->meta = meta;
    return indicator_describe(arena, indicator, meta);
}

/* The fold as a finding: `meta` is scratch for an indicator's. */
static int describe(struct live *live, const struct fold *fold, struct sigma_meta *meta,
                    struct finding *ret_finding)
{
    const struct sigma_set *set = live->version->set;
    struct finding finding = {
        .index = fold->number, .event = fold->event, .correlated = fold->correlated};
    int r = 0;
    switch (fold->kind) {
    case FINDING_RULE:
        finding.rule = set->rules.items[fold->number];
        finding.meta = &finding.rule->meta;
        break;
    case FINDING_CORRELATION:
        finding.correlation = set->correlations.items[fold->number];
        finding.meta = &finding.correlation->meta;
        break;
    default:
        r = describe_indicator(&live->recorder.transaction.arena, fold->indicator, meta, &finding);
    }
    *ret_finding = finding;
    return r;
}

static void write_tags(struct buf *out, const struct sigma_meta *meta)
{
    buf_clear(out);
    buf_add_byte(out, '[');
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        if (i)
            buf_add_byte(out, ',');
        buf_add_json(out, meta->tags[i]);
    }
    buf_add_byte(out, ']');
}

/* ---- taking it ---- */

static int take(struct live *live, const struct ledger_match *match, uint64_t *opened,
                uint64_t *taken)
{
    char id[FINDING_ID_MAX];
    bool is_new = false, is_taken = false;
    int r = finding_take(live->recorder.ledger, match, &is_new, &is_taken, id);
    if (r == 0 && is_taken) {
        *opened += is_new;
        *taken += match->count;
    }
    return r;
}

/* The OCSF document, without the events where they are too much: they are kept beside it. */
static int write_ocsf(struct live *live, const struct fold *fold, const struct finding *finding)
{
    struct buf *out = &live->recorder.text;
    struct ocsf_options options = {
        .attack = live->version->attack, .tenant = fold->agency, .placed = true};
    buf_clear(out);
    ocsf_write(&options, finding, out);
    if (out->len > RECORD_OCSF_MAX) {
        struct finding bare = *finding;
        struct finding_correlated correlated;
        bare.event = NULL;
        if (finding->correlated) {
            correlated = *finding->correlated;
            correlated.n_events = 0;
            bare.correlated = &correlated;
        }
        buf_clear(out);
        ocsf_write(&options, &bare, out);
    }
    return out->failed ? -ENOMEM : 0;
}

/*
 * A fold is taken at its first instant and, where it holds more, once more at its last, or the other way round: so the
 * finding knows both, and the ledger folds it as it would have folded them one by one.
 */
static int take_fold(struct live *live, const struct fold *fold, uint64_t *opened, uint64_t *taken)
{
    struct recorder *recorder = &live->recorder;
    struct ledger_event events[LEDGER_EVENTS_MAX];
    struct sigma_meta meta;
    struct finding finding;
    uint32_t n = 0;
    int r = describe(live, fold, &meta, &finding);
    if (r < 0)
        return r;
    for (const struct fold_event *at = fold->events; at && n < LEDGER_EVENTS_MAX; at = at->next)
        events[n++] = *at->event;
    write_tags(&recorder->tags, finding.meta);
    r = write_ocsf(live, fold, &finding);
    if (r < 0 || recorder->tags.failed)
        return -ENOMEM;
    bool more = fold->kind != FINDING_CORRELATION && fold->first < fold->last && fold->count > 1;
    struct ledger_match match = {
        .kind = fold->kind,
        .agency = fold->agency,
        .rule = find_rule_id(finding.meta),
        .title = finding.meta->title,
        .level = (uint8_t)finding.meta->level,
        .host = fold->host,
        .user = fold->user,
        .source = fold->source,
        .tags = buf_str(&recorder->tags),
        .fold = fold->key,
        .once = fold->once,
        .fold_us = live->options.fold_us,
        .time = fold->kind == FINDING_CORRELATION || live->options.newest_first ? fold->last
                                                                                : fold->first,
        .seen = live->options.now(),
        .ocsf = buf_str(&recorder->text),
        .events = events,
        .n_events = n,
        .count = more ? 1 : fold->count,
        .throttled = more ? fold->throttled == fold->count : fold->throttled,
    };
    r = take(live, &match, opened, taken);
    if (r < 0 || !more)
        return r;
    match.time = live->options.newest_first ? fold->first : fold->last;
    match.count = fold->count - 1;
    match.throttled = fold->throttled - match.throttled;
    match.n_events = 0;
    return take(live, &match, opened, taken);
}

static int take_all(struct live *live, uint64_t *opened, uint64_t *taken)
{
    const struct transaction *transaction = &live->recorder.transaction;
    int r = 0;
    for (size_t i = 0; r == 0 && i < transaction->folds.list.len; i++)
        r = take_fold(live, transaction->folds.list.items[i], opened, taken);
    for (size_t i = 0; r == 0 && i < transaction->correlated.len; i++)
        r = take_fold(live, transaction->correlated.items[i], opened, taken);
    return r;
}

static int put_progress(struct live *live)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < live->n_partitions; i++) {
        const struct partition *partition = &live->partitions[i];
        if (partition->recorded > partition->committed)
            r = progress_put(live->recorder.ledger, LIVE_CONSUMER, i, partition->recorded);
    }
    return r;
}

/* A state that is too large to be kept is no reason to keep findings back: *ret_written says. */
static int put_snapshot(struct live *live, bool *ret_written)
{
    struct buf *state = &live->recorder.state;
    int r = snapshot_write(live, state);
    *ret_written = r == 0 && state->len <= BLOB_MAX;
    if (*ret_written)
        r = blob_put(live->recorder.ledger, LIVE_BLOB, buf_str(state));
    else
        log_say(LOG_WARN, "detect.correlations", "their state can't be kept now: %s",
                r < 0 ? strerror(-r) : "it is too large");
    if (state->cap > LIVE_COMMIT_BYTES)
        buf_free(state);
    return *ret_written ? r : 0;
}

/* ---- afterwards ---- */

static void count_latency(struct live_stats *stats, int64_t now,
                          const struct round_receipt *receipt)
{
    int64_t us = now > receipt->received ? now - receipt->received : 0;
    uint32_t bucket = 0;
    while (bucket + 1 < LIVE_LATENCY_BUCKETS && us > INT64_C(1000) << bucket)
        bucket++;
    stats->latency[bucket] += receipt->matches;
    stats->latency_sum_us += us * (int64_t)receipt->matches;
}

/* The rounds go back to the workers, and the counters tell. */
static void settle(struct live *live, uint64_t opened, uint64_t taken)
{
    struct transaction *transaction = &live->recorder.transaction;
    int64_t now = live->options.now();
    pthread_mutex_lock(&live->lock);
    live->stats.findings += opened;
    live->stats.folded += taken - opened;
    for (uint32_t i = 0; i < live->n_partitions; i++) {
        struct partition *partition = &live->partitions[i];
        /* After a restart reading starts further back: what is in the ledger never goes back. */
        if (partition->recorded > partition->committed)
            partition->committed = partition->recorded;
    }
    for (size_t i = 0; i < transaction->receipts.len; i++)
        count_latency(&live->stats, now, &transaction->receipts.items[i]);
    while (transaction->rounds) {
        struct round *round = transaction->rounds;
        transaction->rounds = round->next;
        round->next = live->free;
        live->free = round;
        live->n_free++;
    }
    pthread_cond_broadcast(&live->work);
    pthread_mutex_unlock(&live->lock);
    fold_table_clear(&transaction->folds);
    transaction->correlated.len = 0;
    transaction->receipts.len = 0;
    transaction->bytes = 0;
    transaction->since = 0;
    transaction->moved = false;
    if (transaction->arena.size > LIVE_COMMIT_BYTES)
        arena_free(&transaction->arena);
    else
        arena_reset(&transaction->arena);
}

/* Retention may let go of what no restart will ask for. */
static void tell_spool(struct live *live)
{
    for (uint32_t i = 0; i < live->n_partitions; i++)
        (void)live->options.engine->consumer_put(live->options.spool, LIVE_CONSUMER, i,
                                                 live->partitions[i].recorded);
}

int record_commit(struct live *live, bool snapshot, bool *ret_snapshot)
{
    struct ledger *ledger = live->recorder.ledger;
    bool written = false;
    uint64_t opened = 0, taken = 0;
    int r = ledger_begin(ledger, STR("jaga"), live->options.also ? STR("lookback") : STR("detect"));
    if (r < 0)
        return r;
    r = take_all(live, &opened, &taken);
    if (r == 0)
        r = put_progress(live);
    if (r == 0 && live->exceptions)
        r = exceptions_report(live->exceptions, ledger);
    if (r == 0 && snapshot)
        r = put_snapshot(live, &written);
    if (r == 0 && live->options.also)
        r = live->options.also(live->options.context, ledger);
    if (r == 0)
        r = ledger_commit(ledger);
    if (r < 0) {
        ledger_abort(ledger);
        return r;
    }
    if (live->exceptions)
        exceptions_reported(live->exceptions);
    *ret_snapshot = written;
    if (written)
        tell_spool(live);
    settle(live, opened, taken);
    if (taken && live->options.published)
        live->options.published(live->options.context);
    return 0;
}
