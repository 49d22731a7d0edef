#include "watch/live.h"

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "watch/live_state.h"

#define LIVE_THREADS_MAX 256
#define LIVE_SPAN_MAX (400 * TIME_DAY_US) /* of what options say in µs */

static int64_t span(int64_t us, int64_t standard)
{
    if (us <= 0)
        us = standard;
    return us < LIVE_SPAN_MAX ? us : LIVE_SPAN_MAX;
}

/* ---- starting ---- */

static int make_rounds(struct live *live)
{
    live->n_rounds = live->n_workers * LIVE_ROUNDS_PER_THREAD + LIVE_ROUNDS_MORE;
    for (uint32_t i = 0; i < live->n_rounds; i++) {
        struct round *round = round_new();
        if (!round)
            return -ENOMEM;
        round->next = live->free;
        live->free = round;
        live->n_free++;
    }
    return 0;
}

static int make_locks(struct live *live)
{
    int r = clock_condition_init(&live->rounds_in);
    if (r == 0)
        r = -pthread_cond_init(&live->work, NULL);
    if (r == 0)
        r = -pthread_mutex_init(&live->lock, NULL);
    return r;
}

static struct live *make(const struct live_options *options)
{
    struct live *live = calloc(1, sizeof(*live));
    if (!live)
        return NULL;
    live->options = *options;
    live->options.disorder_us = span(options->disorder_us, 0);
    live->options.fold_us = span(options->fold_us, 0);
    live->options.snapshot_us = span(options->snapshot_us, 10 * TIME_SECOND_US);
    if (!live->options.now)
        live->options.now = clock_now_us;
    live->queue_end = &live->queue;
    live->recorder.released = TIME_UNSET;
    live->n_workers = options->threads ? options->threads : 1;
    if (live->n_workers > LIVE_THREADS_MAX)
        live->n_workers = LIVE_THREADS_MAX;
    live->n_partitions = options->spool ? options->engine->partitions(options->spool) : 0;
    arena_init(&live->recorder.transaction.arena, ROUND_ARENA_MAX);
    live->partitions = calloc(live->n_partitions + 1u, sizeof(*live->partitions));
    live->workers = calloc(live->n_workers, sizeof(*live->workers));
    live->throttle = throttle_new(options->throttle);
    return live;
}

static int open_ledger(struct live *live, struct err *err)
{
    struct ledger_options options = {
        .create = true, .key = live->options.journal_key, .now = live->options.now};
    live->recorder.ledger = ledger_open(live->options.ledger, &options, err);
    return live->recorder.ledger ? 0 : err->code;
}

/* From where the partition is read, and what of it is in the ledger. */
static int find_place(struct live *live, uint32_t number, struct err *err)
{
    struct partition *partition = &live->partitions[number];
    uint64_t first, next, counted = 0;
    live->options.engine->bounds(live->options.spool, number, &first, &next);
    int r = progress_get(live->recorder.ledger, LIVE_CONSUMER, number, &counted);
    if (r == -ENOENT)
        counted = partition->position = first;
    else if (r < 0)
        return err_set(err, r, "cannot read how far detection has come: %s",
                       ledger_problem(live->recorder.ledger));
    if (counted > next) { /* a spool that is younger than the ledger: nothing may be missed */
        log_say(LOG_WARN, "detect.offsets",
                "partition %u ends before what was recorded of it: it is read from its start",
                number);
        counted = partition->position = first;
    }
    if (partition->position > counted || partition->position == UINT64_MAX)
        partition->position = counted;
    partition->recorded = partition->position;
    partition->counted = partition->committed = counted;
    partition->received = INT64_MIN;
    (void)live->options.engine->consumer_put(live->options.spool, LIVE_CONSUMER, number,
                                             partition->position);
    return 0;
}

/* Positions and correlations as they were at the last snapshot; without one, from where matches were counted. */
static int restore(struct live *live, struct err *err)
{
    struct buf state = {0};
    for (uint32_t i = 0; i < live->n_partitions; i++)
        live->partitions[i].position = UINT64_MAX;
    int r = blob_get(live->recorder.ledger, LIVE_BLOB, &state);
    if (r < 0 && r != -ENOENT) {
        buf_free(&state);
        return err_set(err, r, "cannot read the state of detection: %s",
                       ledger_problem(live->recorder.ledger));
    }
    if (r == 0 && snapshot_read(live, buf_str(&state), err) < 0) {
        log_say(LOG_WARN, "detect.correlations", "they start over: %s", err->message);
        struct change change = {0};
        r = change_prepare(live, live->version, &change, err);
        if (r == 0) {
            correlator_free(live->recorder.correlator);
            choices_free(live->choices, live->version->n_agencies);
            live->recorder.correlator = change.correlator;
            live->choices = change.choices;
        }
    }
    buf_free(&state);
    r = r == -ENOENT ? 0 : r;
    for (uint32_t i = 0; r == 0 && i < live->n_partitions; i++)
        r = find_place(live, i, err);
    return r;
}

static int adopt(struct live *live, struct live_version *version, struct err *err)
{
    struct change change = {0};
    uint32_t bad = 0;
    int r = change_prepare(live, version, &change, err);
    if (r < 0)
        return r;
    live->version = version;
    live->choices = change.choices;
    live->recorder.correlator = change.correlator;
    live->exceptions =
        exceptions_load(live->recorder.ledger, version->set, version->datasets, &bad, err);
    if (bad)
        log_say(LOG_WARN, "detect.exceptions", "%u can't be used: %s", bad, err->message);
    return live->exceptions ? 0 : err->code;
}

static int start_threads(struct live *live, struct err *err)
{
    int r = 0;
    live->recorder.dirty = true; /* so that there is a snapshot from the beginning */
    live->recorder.committed = live->recorder.signed_at = clock_ticks_us();
    live->recorder.snapshot = live->recorder.committed - live->options.snapshot_us;
    for (unsigned i = 0; r == 0 && i < live->n_workers; i++) {
        struct worker *worker = &live->workers[i];
        worker->live = live;
        pthread_mutex_lock(&live->lock);
        live->running++;
        pthread_mutex_unlock(&live->lock);
        r = pthread_create(&worker->thread, NULL, worker_run, worker);
        worker->started = r == 0;
        if (r != 0) {
            pthread_mutex_lock(&live->lock);
            live->running--;
            pthread_mutex_unlock(&live->lock);
        }
    }
    if (r == 0)
        r = pthread_create(&live->recorder.thread, NULL, recorder_run, live);
    live->recorder.started = r == 0;
    return r ? err_set(err, -r, "cannot start a thread: %s", strerror(r)) : 0;
}

/* ---- stopping ---- */

static void free_rounds(struct round *round)
{
    while (round) {
        struct round *next = round->next;
        round_free(round);
        round = next;
    }
}

static void free_all(struct live *live)
{
    struct recorder *recorder = &live->recorder;
    for (unsigned i = 0; live->workers && i < live->n_workers; i++) {
        worker_strip(&live->workers[i]);
        buf_free(&live->workers[i].work);
        buf_free(&live->workers[i].key);
    }
    for (uint32_t i = 0; live->partitions && i < live->n_partitions; i++)
        if (live->partitions[i].reader)
            live->options.engine->reader_free(live->partitions[i].reader);
    evidence_close(live);
    free_rounds(live->free);
    free_rounds(live->queue);
    free_rounds(recorder->transaction.rounds);
    fold_table_free(&recorder->transaction.folds);
    vec_free(&recorder->transaction.correlated);
    vec_free(&recorder->transaction.receipts);
    arena_free(&recorder->transaction.arena);
    buf_free(&recorder->text);
    buf_free(&recorder->tags);
    buf_free(&recorder->key);
    buf_free(&recorder->state);
    correlator_free(recorder->correlator);
    exceptions_free(live->exceptions);
    change_free(&live->next);
    if (live->version) {
        choices_free(live->choices, live->version->n_agencies);
        live->version->free(live->version);
    }
    if (recorder->ledger)
        ledger_close(recorder->ledger);
    free(live->throttle);
    free(live->partitions);
    free(live->workers);
    pthread_cond_destroy(&live->work);
    pthread_cond_destroy(&live->rounds_in);
    pthread_mutex_destroy(&live->lock);
    free(live);
}

void live_stop(struct live *live)
{
    if (!live)
        return;
    pthread_mutex_lock(&live->lock);
    live->stopping = true;
    pthread_cond_broadcast(&live->work);
    pthread_mutex_unlock(&live->lock);
    for (unsigned i = 0; i < live->n_workers; i++)
        if (live->workers[i].started)
            pthread_join(live->workers[i].thread, NULL);
    if (live->recorder.started)
        pthread_join(live->recorder.thread, NULL);
    free_all(live);
}

/* The same without a version, which stays the caller's. */
static void give_up(struct live *live)
{
    struct live_version *mine = live->version;
    if (mine) {
        choices_free(live->choices, mine->n_agencies);
        for (unsigned i = 0; i < live->n_workers; i++)
            worker_strip(&live->workers[i]);
        live->version = NULL;
    }
    live_stop(live);
}

/* What stands before the first thread. NULL: *err says why not. */
static struct live *prepare(const struct live_options *options, struct live_version *version,
                            struct err *err)
{
    struct live *live = make(options);
    if (!live || make_locks(live) < 0) {
        free(live);
        err_set(err, -ENOMEM, "no memory for detection");
        return NULL;
    }
    int r = live->partitions && live->workers && live->throttle ? make_rounds(live) : -ENOMEM;
    if (r < 0)
        err_set(err, r, "no memory for detection");
    if (r == 0)
        r = open_ledger(live, err);
    if (r == 0)
        r = adopt(live, version, err);
    if (r == 0)
        return live;
    give_up(live);
    return NULL;
}

struct live *live_idle(const struct live_options *options, struct live_version *version,
                       struct err *err)
{
    struct live *live = prepare(options, version, err);
    if (!live)
        return NULL;
    live->workers[0].live = live;
    if (worker_equip(&live->workers[0]) == 0)
        return live;
    err_set(err, -ENOMEM, "no memory for detection");
    give_up(live);
    return NULL;
}

struct live *live_start(const struct live_options *options, struct live_version *version,
                        struct err *err)
{
    struct live *live = prepare(options, version, err);
    if (!live)
        return NULL;
    version->number = 1;
    int r = restore(live, err);
    if (r == 0) {
        live_tell_changed(live);
        r = start_threads(live, err);
    }
    if (r == 0)
        return live;
    give_up(live);
    return NULL;
}

/* ---- changes ---- */

void live_tell_changed(struct live *live)
{
    uint64_t offsets[SPOOL_PARTITIONS_MAX];
    if (!live->options.changed)
        return;
    for (uint32_t i = 0; i < live->n_partitions;
         i++) { /* after a restart reading starts further back */
        const struct partition *partition = &live->partitions[i];
        offsets[i] =
            partition->recorded > partition->counted ? partition->recorded : partition->counted;
    }
    live->options.changed(live->options.context, live->version, offsets, live->n_partitions);
}

int live_swap(struct live *live, struct live_version *version, struct err *err)
{
    struct change change = {0};
    int r = change_prepare(live, version, &change, err);
    if (r < 0)
        return r;
    pthread_mutex_lock(&live->lock);
    struct change before = live->next; /* nobody has used it yet */
    live->next = change;
    pthread_cond_signal(&live->rounds_in);
    pthread_mutex_unlock(&live->lock);
    change_free(&before);
    return 0;
}

void live_reload_exceptions(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    live->exceptions_wanted++;
    pthread_cond_signal(&live->rounds_in);
    pthread_mutex_unlock(&live->lock);
}

/* ---- questions ---- */

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_worker(const struct worker *worker, struct live_stats *sum)
{
    const struct worker_counts *counts = &worker->counts;
    sum->events += load(&counts->events);
    sum->bytes += load(&counts->bytes);
    sum->parse_errors += load(&counts->parse_errors);
    sum->matches += load(&counts->matches);
    sum->indicator_matches += load(&counts->indicator_matches);
    sum->throttled += load(&counts->throttled);
    sum->excepted += load(&counts->excepted);
    sum->regex_limited += load(&counts->regex_limited);
    sum->partial += load(&counts->partial);
    sum->cut += load(&counts->cut);
    sum->gone += load(&counts->gone);
    sum->damaged += load(&counts->damaged);
    sum->correlation_late += load(&counts->late);
    sum->correlation_ahead += load(&counts->ahead);
}

void live_stats(struct live *live, struct live_stats *ret_stats)
{
    pthread_mutex_lock(&live->lock);
    struct live_stats stats = live->stats;
    stats.version = live->version->number;
    for (uint32_t i = 0; i < live->n_partitions; i++) {
        uint64_t first, next, committed = live->partitions[i].committed;
        live->options.engine->bounds(live->options.spool, i, &first, &next);
        stats.lag += next > committed ? next - committed : 0;
    }
    pthread_mutex_unlock(&live->lock);
    for (unsigned i = 0; i < live->n_workers; i++)
        add_worker(&live->workers[i], &stats);
    *ret_stats = stats;
}

static int most_first(const void *a, const void *b)
{
    const struct live_rule *x = a, *y = b;
    if (x->matches != y->matches)
        return x->matches < y->matches ? 1 : -1;
    return str_compare(x->id, y->id);
}

static int dearest_first(const void *a, const void *b)
{
    const struct live_rule *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? 1 : -1;
    return str_compare(x->id, y->id);
}

size_t live_rules(struct live *live, enum live_order order, size_t max,
                  void (*each)(void *context, const struct live_rule *rule), void *context)
{
    size_t n = 0;
    pthread_mutex_lock(&live->lock);
    const struct sigma_set *set = live->version->set;
    struct live_rule *rules = calloc(set->rules.len + 1, sizeof(*rules));
    for (size_t i = 0; rules && i < set->rules.len; i++) {
        struct live_rule rule = {.id = find_rule_id(&set->rules.items[i]->meta),
                                 .title = set->rules.items[i]->meta.title};
        for (unsigned w = 0; w < live->n_workers; w++) {
            const struct rule_counts *counts =
                atomic_load_explicit(&live->workers[w].rules, memory_order_acquire);
            rule.matches += counts ? load(&counts[i].matches) : 0;
            rule.throttled += counts ? load(&counts[i].throttled) : 0;
            rule.asked += counts ? load(&counts[i].asked) * LIVE_SAMPLE_EVERY : 0;
            rule.ns += counts ? load(&counts[i].ns) * LIVE_SAMPLE_EVERY : 0;
        }
        if (order == LIVE_BY_COST ? rule.ns : rule.matches)
            rules[n++] = rule;
    }
    if (rules)
        qsort(rules, n, sizeof(*rules), order == LIVE_BY_COST ? dearest_first : most_first);
    for (size_t i = 0; i < n && i < max; i++)
        each(context, &rules[i]);
    pthread_mutex_unlock(&live->lock);
    free(rules);
    return n < max ? n : max;
}
