/*
 * The recorder: one thread takes the rounds of all workers, feeds correlations, moves their time on, and writes
 * what was found. When the ledger does not take it, everything waits and is tried again.
 */
#include <errno.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "watch/live_state.h"

#define TICK_US 50000 /* how often time moves on */

/* ---- a round ---- */

static void give_back(struct live *live, struct round *round)
{
    pthread_mutex_lock(&live->lock);
    round->next = live->free;
    live->free = round;
    live->n_free++;
    pthread_cond_signal(&live->work);
    pthread_mutex_unlock(&live->lock);
}

/* 0, or -ENOMEM: nothing of it was taken. */
static int take_round(struct live *live, struct round *round)
{
    struct partition *partition = &live->partitions[round->partition];
    uint64_t to = round->to;
    int64_t received = round->received;
    bool empty = round->folds.list.len == 0;
    if (record_take_round(live, round) < 0)
        return -ENOMEM;
    pthread_mutex_lock(&live->lock);
    partition->recorded = to;
    partition->received = received;
    pthread_mutex_unlock(&live->lock);
    live->recorder.transaction.moved = true;
    live->recorder.dirty = true;
    if (empty)
        give_back(live, round);
    return 0;
}

/* ---- time ---- */

static int64_t minus(int64_t time, int64_t span)
{
    int64_t result;
    return __builtin_sub_overflow(time, span, &result) ? INT64_MIN : result;
}

/* How far time has come for correlations: nothing older, if it is in time, will be found. */
static int64_t time_reached(struct live *live, int64_t now)
{
    int64_t reached = now;
    pthread_mutex_lock(&live->lock);
    for (uint32_t i = 0; i < live->n_partitions; i++) {
        const struct partition *partition = &live->partitions[i];
        uint64_t first, next;
        live->options.engine->bounds(live->options.spool, i, &first, &next);
        if (partition->recorded < next && partition->received < reached)
            reached = partition->received;
    }
    pthread_mutex_unlock(&live->lock);
    return minus(reached, live->options.disorder_us + LIVE_DURABLE_US);
}

static void move_on(struct live *live)
{
    struct recorder *recorder = &live->recorder;
    int64_t now = live->options.now(), until = time_reached(live, now);
    if (recorder->released != TIME_UNSET && recorder->released > now + LIVE_CLOCK_BACK_US) {
        pthread_mutex_lock(&live->lock);
        live->clock_back = true; /* a change, for which workers pause */
        pthread_mutex_unlock(&live->lock);
        return;
    }
    if (until == INT64_MIN || (recorder->released != TIME_UNSET && until <= recorder->released))
        return;
    struct correlator_stats stats = {0};
    if (recorder->correlator)
        correlator_stats(recorder->correlator, &stats);
    if (recorder->correlator && correlator_release(recorder->correlator, until) < 0)
        log_say(LOG_ERROR, "detect.memory", "no memory for correlations");
    recorder->released = until;
    recorder->dirty |= stats.memory > 0; /* nothing was held: the last snapshot is as good */
    if (recorder->transaction.correlated.len && recorder->transaction.since == 0)
        recorder->transaction.since = clock_ticks_us();
}

static void publish_stats(struct live *live)
{
    struct recorder *recorder = &live->recorder;
    struct correlator_stats now = {0};
    if (recorder->correlator)
        correlator_stats(recorder->correlator, &now);
    pthread_mutex_lock(&live->lock);
    live->stats.correlated = recorder->released;
    live->stats.correlation_hits = recorder->before.hits + now.hits;
    live->stats.correlation_matches = recorder->before.matches + now.matches;
    live->stats.correlation_late = recorder->before.late + now.late;
    live->stats.correlation_forgotten =
        recorder->before.forgotten + recorder->before.dropped + now.forgotten + now.dropped;
    pthread_mutex_unlock(&live->lock);
}

/* ---- writing ---- */

static bool is_due(struct live *live, int64_t ticks, bool last)
{
    const struct recorder *recorder = &live->recorder;
    const struct transaction *transaction = &recorder->transaction;
    bool found = transaction->since != 0;
    if (last)
        return true;
    if (recorder->retry_at)
        return ticks >= recorder->retry_at;
    if (!found)
        return transaction->moved && ticks - recorder->committed >= LIVE_PROGRESS_US;
    pthread_mutex_lock(&live->lock);
    bool changing = change_waits(live), few = live->n_free * 2 < live->n_rounds;
    pthread_mutex_unlock(&live->lock);
    return few || changing || transaction->bytes >= LIVE_COMMIT_BYTES ||
           ticks - transaction->since >= LIVE_COMMIT_US;
}

/* It failed: said once, and tried again ever less often. */
static void fall_back(struct live *live, int64_t ticks, int status)
{
    struct recorder *recorder = &live->recorder;
    if (recorder->retry_at == 0)
        log_say(LOG_ERROR, "detect.ledger", "findings wait: %s (%s)",
                ledger_problem(recorder->ledger), strerror(-status));
    recorder->retry_us = recorder->retry_at == 0 ? LIVE_RETRY_MIN_US : recorder->retry_us * 2;
    if (recorder->retry_us > LIVE_RETRY_MAX_US)
        recorder->retry_us = LIVE_RETRY_MAX_US;
    recorder->retry_at = ticks + recorder->retry_us;
    pthread_mutex_lock(&live->lock);
    live->stats.ledger_errors++;
    pthread_mutex_unlock(&live->lock);
}

/* Is it time for a snapshot? Large ones take their time, and come less often. */
static bool wants_snapshot(const struct live *live, int64_t ticks, bool last)
{
    const struct recorder *recorder = &live->recorder;
    int64_t pause = recorder->snapshot_took * LIVE_SNAPSHOT_SHARE;
    if (pause < live->options.snapshot_us)
        pause = live->options.snapshot_us;
    return recorder->dirty && (last || ticks - recorder->snapshot >= pause);
}

static int write(struct live *live, bool last)
{
    struct recorder *recorder = &live->recorder;
    int64_t from = clock_ticks_us();
    bool snapshot = wants_snapshot(live, from, last), written = false;
    if (!is_due(live, from, last) && !(snapshot && recorder->retry_at == 0))
        return 0;
    int r = record_commit(live, snapshot, &written);
    int64_t ticks = clock_ticks_us();
    if (r < 0) {
        fall_back(live, ticks, r);
        return r;
    }
    if (recorder->retry_at)
        log_say(LOG_INFO, "detect.ledger", "findings are recorded again");
    recorder->retry_at = 0;
    recorder->committed = ticks;
    if (snapshot) {
        recorder->snapshot = ticks;
        recorder->snapshot_took = ticks - from;
        recorder->dirty = !written;
    }
    return 0;
}

static void sign(struct live *live, bool last)
{
    struct recorder *recorder = &live->recorder;
    int64_t ticks = clock_ticks_us();
    if (!live->options.journal_key || (!last && ticks - recorder->signed_at < LIVE_SIGN_US))
        return;
    recorder->signed_at = ticks;
    if (journal_sign(recorder->ledger) < 0)
        log_say(LOG_WARN, "detect.journal", "cannot sign: %s", ledger_problem(recorder->ledger));
}

/* ---- its life ---- */

/* Until something is to be done. Takes the queue, but when the ledger is behind. */
static struct round *wait_for_rounds(struct live *live, bool *ret_stopped)
{
    struct recorder *recorder = &live->recorder;
    int64_t wake = clock_ticks_us() + TICK_US;
    bool behind = recorder->retry_at != 0;
    pthread_mutex_lock(&live->lock);
    while ((behind || (!live->queue && live->running)) &&
           !(change_waits(live) && live->busy == 0 && !behind) &&
           clock_wait(&live->rounds_in, &live->lock, wake) != -ETIMEDOUT)
        ;
    struct round *rounds = behind ? NULL : live->queue;
    if (rounds) {
        live->queue = NULL;
        live->queue_end = &live->queue;
    }
    *ret_stopped = live->running == 0;
    pthread_mutex_unlock(&live->lock);
    return rounds;
}

static void take_rounds(struct live *live, struct round *rounds)
{
    while (rounds) {
        struct round *round = rounds;
        rounds = round->next;
        while (take_round(live, round) < 0 && write(live, true) < 0) {
            struct timespec pause = {.tv_nsec = LIVE_RETRY_MIN_US * 1000};
            log_say(LOG_ERROR, "detect.memory", "no memory for findings: tried again");
            nanosleep(&pause, NULL);
        }
    }
}

/* Lets a version or exceptions that wait take over, once nothing is under way. */
static void change_when_idle(struct live *live)
{
    struct recorder *recorder = &live->recorder;
    pthread_mutex_lock(&live->lock);
    bool ready = change_waits(live) && live->busy == 0 && !live->queue;
    pthread_mutex_unlock(&live->lock);
    if (ready && recorder->transaction.since == 0 && recorder->retry_at == 0 && !change_over(live))
        fall_back(live, clock_ticks_us(), -EIO);
}

static bool is_queue_empty(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    bool empty = !live->queue;
    pthread_mutex_unlock(&live->lock);
    return empty;
}

void *recorder_run(void *context)
{
    struct live *live = context;
    unsigned failures = 0;
    for (bool done = false; !done;) {
        bool stopped;
        take_rounds(live, wait_for_rounds(live, &stopped));
        if (live->recorder.retry_at == 0)
            move_on(live);
        int r = write(live, stopped);
        publish_stats(live);
        if (r == 0)
            change_when_idle(live);
        else
            failures += stopped;
        done = stopped && (failures == LIVE_STOP_TRIES || (r == 0 && is_queue_empty(live)));
        sign(live, done && r == 0);
    }
    return NULL;
}
