/* What the store does besides putting: commits, the roots of blocks in the journal, retention. */
#include <errno.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "ledger/journal.h"
#include "ledger/progress.h"
#include "watch/audit.h"
#include "watch/proof.h"
#include "watch/store_state.h"

#define BLOCKS_CONSUMER STR("lake.blocks") /* whose progress is the seq of the last one noted */
#define RETAIN_ACTION STR("lake.retain")

/* ---- places ---- */

static int find_place(struct store *store, uint32_t number, struct err *err)
{
    const struct store_options *options = &store->options;
    struct store_partition *partition = &store->partitions[number];
    uint64_t first, next, progress;
    options->engine->bounds(options->spool, number, &first, &next);
    int r = options->lake_engine->progress(options->lake, number, &progress);
    if (r == -ENOENT) {
        progress = partition->start == UINT64_MAX ? first : partition->start;
        partition->start = progress;
    } else if (r < 0) {
        return err_set(err, r, "cannot read how far the lake has come: %s", strerror(-r));
    }
    if (progress > next)
        return err_set(err, -ESTALE,
                       "it has events of partition %" PRIu32 " up to %" PRIu64
                       ", the spool ends at %" PRIu64
                       ": it was filled from another spool. Put that one back, or move the lake's "
                       "folder away",
                       number, progress, next);
    if (partition->reader)
        options->engine->reader_free(partition->reader);
    partition->reader = NULL;
    partition->position = progress;
    pthread_mutex_lock(&store->lock);
    partition->committed = progress;
    pthread_mutex_unlock(&store->lock);
    (void)options->engine->consumer_put(options->spool, STORE_CONSUMER, number, progress);
    return 0;
}

int store_find_places(struct store *store, struct err *err)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < store->n_partitions; i++)
        r = find_place(store, i, err);
    store->gathered = 0;
    store->since = 0;
    store->moved = false;
    return r;
}

/* ---- commits ---- */

void store_fall_back(struct store *store, int status, const char *problem)
{
    struct err err = {0};
    if (store->retry_at == 0)
        log_say(LOG_ERROR, "lake.failing", "events wait in the spool: %s (%s)", problem,
                strerror(-status));
    store->retry_us = store->retry_at == 0 ? STORE_RETRY_MIN_US : store->retry_us * 2;
    if (store->retry_us > STORE_RETRY_MAX_US)
        store->retry_us = STORE_RETRY_MAX_US;
    store->retry_at = clock_ticks_us() + store->retry_us;
    store->counts.errors++;
    store->counts.error = status;
    if (store_find_places(store, &err) < 0)
        log_say(LOG_ERROR, "lake.failing", "%s", err.message);
    store_publish(store);
}

/* The delay of the oldest event that the commit made findable. */
static void count_delay(struct store *store)
{
    int64_t delay = store->since ? store->options.now() - store->oldest : 0;
    store->counts.delay_us = delay > 0 ? delay : 0;
    pthread_mutex_lock(&store->lock);
    if (store->counts.delay_us > store->slowest_us)
        store->slowest_us = store->counts.delay_us;
    pthread_mutex_unlock(&store->lock);
}

/* What was put is in the lake: retention of the spool may let go of it. */
static void pass_on(struct store *store)
{
    for (uint32_t i = 0; i < store->n_partitions; i++) {
        struct store_partition *partition = &store->partitions[i];
        if (partition->position == partition->committed)
            continue;
        (void)store->options.engine->consumer_put(store->options.spool, STORE_CONSUMER, i,
                                                  partition->position);
        pthread_mutex_lock(&store->lock);
        partition->committed = partition->position;
        pthread_mutex_unlock(&store->lock);
    }
}

int store_commit(struct store *store)
{
    struct lake_progress progress[SPOOL_PARTITIONS_MAX];
    struct err err = {0};
    size_t n = 0;
    if (!store->moved && store->since == 0)
        return 0;
    for (uint32_t i = 0; i < store->n_partitions; i++)
        if (store->partitions[i].position != store->partitions[i].committed)
            progress[n++] = (struct lake_progress){i, store->partitions[i].position};
    int r = store->options.lake_engine->commit(store->options.lake, progress, n, &err);
    if (r < 0) {
        store_fall_back(store, r, err.message);
        return r;
    }
    if (store->retry_at)
        log_say(LOG_INFO, "lake.well", "events are kept in the lake again");
    count_delay(store);
    store->retry_at = 0;
    store->counts.error = 0;
    store->counts.commits++;
    store->gathered = 0;
    store->since = 0;
    store->moved = false;
    store->dirty = true;
    store_publish(store);
    pass_on(store);
    store_note_blocks(store);
    return 0;
}

/* ---- the journal ---- */

/* An entry that is being written: as many blocks as it may list. */
struct noting {
    struct store *store;
    uint64_t last; /* seq */
    uint32_t n;    /* notes in the open transaction; 0: none is open */
    int status;
};

static int note_block(void *context, const struct lake_block *block)
{
    struct noting *noting = context;
    struct ledger *ledger = noting->store->ledger;
    struct buf note = {0};
    if (noting->n == 0)
        noting->status = ledger_begin(ledger, STR("jaga"), PROOF_ACTION);
    if (noting->status < 0)
        return -ECANCELED;
    proof_write_block(&note, block);
    noting->status = note.failed ? -ENOMEM : journal_note(ledger, PROOF_TOPIC, buf_str(&note));
    buf_free(&note);
    noting->n++;
    noting->last = block->seq;
    return noting->status < 0 || noting->n == JOURNAL_LIST_MAX ? -ECANCELED : 0;
}

/* 1: there may be more; 0: that was all; or -errno. */
static int note_some(struct store *store)
{
    struct noting noting = {.store = store};
    int r =
        store->options.lake_engine->blocks(store->options.lake, store->noted, note_block, &noting);
    if (r < 0 && r != -ECANCELED && noting.status == 0)
        noting.status = r;
    if (noting.n == 0)
        return noting.status;
    if (noting.status == 0)
        noting.status = progress_put(store->ledger, BLOCKS_CONSUMER, 0, noting.last);
    if (noting.status == 0)
        noting.status = ledger_commit(store->ledger);
    if (noting.status < 0) {
        ledger_abort(store->ledger);
        return noting.status;
    }
    store->noted = noting.last;
    store->counts.blocks += noting.n;
    store->unsigned_blocks = true;
    return noting.n == JOURNAL_LIST_MAX;
}

/* Blocks that the ledger does not take now are noted with the next. */
void store_note_blocks(struct store *store)
{
    int r = store->ledger ? 1 : 0;
    while (r > 0)
        r = note_some(store);
    if (r < 0 && !store->ledger_failing)
        log_say(LOG_ERROR, "lake.journal", "roots of the lake wait for the journal: %s",
                ledger_problem(store->ledger));
    else if (r == 0 && store->ledger_failing)
        log_say(LOG_INFO, "lake.journal", "roots of the lake are in the journal again");
    store->ledger_failing = r < 0;
}

int store_open_ledger(struct store *store, struct err *err)
{
    const struct ledger_options options = {
        .create = true, .key = store->options.journal_key, .now = store->options.now};
    if (!store->options.ledger)
        return 0;
    store->ledger = ledger_open(store->options.ledger, &options, err);
    if (!store->ledger)
        return err->code;
    int r = progress_get(store->ledger, BLOCKS_CONSUMER, 0, &store->noted);
    if (r < 0 && r != -ENOENT)
        return err_set(err, r, "cannot read which blocks the journal has: %s",
                       ledger_problem(store->ledger));
    return 0;
}

static void sign(struct store *store, int64_t ticks, bool last)
{
    if (!store->unsigned_blocks || !store->options.journal_key ||
        (!last && ticks - store->signed_at < STORE_SIGN_US))
        return;
    store->signed_at = ticks;
    if (journal_sign(store->ledger) == 0)
        store->unsigned_blocks = false;
    else
        log_say(LOG_WARN, "lake.journal", "cannot sign: %s", ledger_problem(store->ledger));
}

/* ---- retention ---- */

/* What was removed is in the journal, for who misses it later. */
static void note_removed(struct store *store, const struct lake_removed *removed)
{
    struct buf note = {0};
    store->counts.removed_days += removed->days;
    store->counts.removed_rows += removed->rows;
    log_say(LOG_INFO, "lake.retention",
            "%" PRIu64 " days and %" PRIu64 " events went, %" PRIu64 " were held", removed->days,
            removed->rows, removed->held);
    if (!store->ledger)
        return;
    buf_printf(&note, "{\"days\":%" PRIu64 ",\"held\":%" PRIu64 ",\"rows\":%" PRIu64 "}",
               removed->days, removed->held, removed->rows);
    int r = note.failed ? -ENOMEM : ledger_begin(store->ledger, STR("jaga"), RETAIN_ACTION);
    if (r == 0) {
        r = journal_note(store->ledger, "lake.retain", buf_str(&note));
        if (r == 0)
            r = ledger_commit(store->ledger);
        if (r < 0)
            ledger_abort(store->ledger);
    }
    if (r < 0)
        log_say(LOG_ERROR, "lake.journal", "cannot note what retention removed: %s",
                ledger_problem(store->ledger));
    buf_free(&note);
}

int store_drop(struct store *store, const struct lake_part *part, struct lake_removed *ret_removed,
               struct err *err)
{
    const struct lake_witness witness = {audit_note_going, store->ledger};
    return store->options.lake_engine->drop(store->options.lake, part,
                                            store->ledger ? &witness : NULL, ret_removed, err);
}

static void keep(struct store *store, int64_t ticks)
{
    struct lake_removed removed = {0};
    struct err err = {0};
    pthread_mutex_lock(&store->lock);
    bool changed = store->rules_changed;
    struct lake_rule *rules = changed ? store->rules_next : NULL;
    if (changed) {
        struct lake_rule *old = store->rules;
        store->rules = rules;
        store->n_rules = store->n_rules_next;
        store->rules_next = NULL;
        store->rules_changed = false;
        rules = old;
    }
    pthread_mutex_unlock(&store->lock);
    free(rules);
    if (store->n_rules == 0 || (!changed && ticks - store->kept_at < STORE_KEEP_US))
        return;
    store->kept_at = ticks;
    if (store_commit(store) < 0)
        return;
    const struct lake_witness witness = {audit_note_going, store->ledger};
    int r = store->options.lake_engine->retain(store->options.lake, store->rules, store->n_rules,
                                               store->options.now(),
                                               store->ledger ? &witness : NULL, &removed, &err);
    if (r < 0)
        log_say(LOG_ERROR, "lake.retention", "%s", err.message);
    if (removed.days || removed.rows)
        note_removed(store, &removed);
}

/* What commits leave in logs is written to its place now and then. */
static void settle(struct store *store, int64_t ticks, bool last)
{
    struct err err = {0};
    if (!store->dirty || !(last || ticks - store->settled_at >= STORE_SETTLE_US))
        return;
    store->settled_at = ticks;
    store->dirty = false;
    if (store->options.lake_engine->settle(store->options.lake, &err) < 0)
        log_say(LOG_WARN, "lake.settle", "%s", err.message);
}

void store_look_after(struct store *store, bool last)
{
    int64_t ticks = clock_ticks_us();
    if (!last && store->retry_at == 0)
        keep(store, ticks);
    if (store->retry_at == 0)
        settle(store, ticks, last);
    if (store->ledger)
        sign(store, ticks, last);
}
