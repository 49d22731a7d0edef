/*
 * A worker claims a partition that has events to read, reads a run of them into a round, hands it over and
 * lets go. Claims go round, so no partition starves; one that is claimed is read by nobody else, so
 * its rounds are queued in its order.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "io/log.h"
#include "watch/live_state.h"

#define NO_MEMORY_WAIT_US 100000

static void add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

int worker_equip(struct worker *worker)
{
    struct live *live = worker->live;
    const struct live_version *version = live->version;
    size_t n = version->set->rules.len;
    if (worker->equipped)
        return 0;
    int r = batch_reader_init(&worker->reading, version->fields, find_in_event, worker);
    worker->matcher = matcher_new(version->ruleset);
    struct rule_counts *rules = calloc(n + 1, sizeof(*rules));
    worker->uses = calloc(n + 1, 1);
    worker->costs = calloc(n + 1, sizeof(*worker->costs));
    if (version->intel)
        worker->intel = intel_matcher_new(version->intel, version->datasets);
    worker->matched = (struct matcher_stats){0};
    worker->equipped = true;
    if (r < 0 || !worker->matcher || !rules || !worker->uses || !worker->costs ||
        (version->intel && !worker->intel)) {
        free(rules);
        worker_strip(worker);
        return -ENOMEM;
    }
    const struct correlator *correlator = live->recorder.correlator;
    for (uint32_t i = 0; i < n; i++) {
        worker->uses[i] = version->set->rules.items[i]->generate ? USE_FINDING : 0;
        if (correlator && correlator_uses(correlator, i))
            worker->uses[i] |= USE_HIT;
    }
    worker->rules = rules;
    return 0;
}

void worker_strip(struct worker *worker)
{
    if (!worker->equipped)
        return;
    batch_reader_free(&worker->reading);
    if (worker->matcher)
        matcher_free(worker->matcher);
    if (worker->intel)
        intel_matcher_free(worker->intel);
    free(worker->rules);
    free(worker->uses);
    free(worker->costs);
    worker->matcher = NULL;
    worker->intel = NULL;
    worker->rules = NULL;
    worker->uses = NULL;
    worker->costs = NULL;
    worker->equipped = false;
}

/* ---- what rules cost ---- */

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void worker_sample(struct worker *worker, struct event *event)
{
    size_t n = worker->live->version->set->rules.len;
    matcher_profile(worker->matcher, event, clock_ns, worker->costs);
    for (size_t i = 0; i < n; i++) {
        if (worker->costs[i].asked) {
            add(&worker->rules[i].asked, worker->costs[i].asked);
            add(&worker->rules[i].ns, worker->costs[i].ns);
            worker->costs[i] = (struct rule_cost){0};
        }
    }
}

/* ---- rounds ---- */

/* Waits for a free round. NULL: there is none, and it is the end. */
static struct round *take_round(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    while (!live->free && !live->stopping)
        pthread_cond_wait(&live->work, &live->lock);
    struct round *round = live->free;
    if (round) {
        live->free = round->next;
        live->n_free--;
    }
    pthread_mutex_unlock(&live->lock);
    return round;
}

static void queue_round(struct live *live, struct round *round)
{
    pthread_mutex_lock(&live->lock);
    round->next = NULL;
    *live->queue_end = round;
    live->queue_end = &round->next;
    pthread_cond_signal(&live->rounds_in);
    pthread_mutex_unlock(&live->lock);
}

static void give_back(struct live *live, struct round *round)
{
    pthread_mutex_lock(&live->lock);
    round->next = live->free;
    live->free = round;
    live->n_free++;
    pthread_mutex_unlock(&live->lock);
}

const struct choice *worker_choice(const struct live *live, struct str agency)
{
    for (size_t i = 0; i < live->version->n_agencies; i++)
        if (str_eq(live->version->agencies[i].name, agency))
            return &live->choices[i];
    return NULL;
}

/* What findings of this batch say of where they are from, in the round that now fills. */
static int enter_batch(struct worker *worker)
{
    worker->agency = arena_copy(&worker->round->arena, worker->batch->agency);
    worker->source = arena_copy(&worker->round->arena, worker->batch->source);
    return worker->agency.ptr && worker->source.ptr ? 0 : -ENOMEM;
}

int worker_hand_over(struct worker *worker, uint64_t to)
{
    struct round *round = worker->round;
    struct partition *partition = &worker->live->partitions[round->partition];
    if (round_note(round, worker->batch->received, worker->matches) < 0)
        return -ENOMEM;
    worker->matches = 0;
    round->to = to;
    round->received = worker->batch->received;
    partition->position = to;
    uint32_t number = round->partition;
    queue_round(worker->live, round);
    worker->round = take_round(worker->live);
    if (!worker->round)
        return -ECANCELED;
    round_begin(worker->round, number, to);
    return enter_batch(worker);
}

/* ---- batches ---- */

static void count_batch(struct worker *worker, uint32_t n, uint64_t bytes)
{
    struct live *live = worker->live;
    struct worker_counts *counts = &worker->counts;
    const struct spool_batch *batch = worker->batch;
    struct matcher_stats matched;
    matcher_stats(worker->matcher, &matched);
    add(&counts->events, n);
    add(&counts->bytes, bytes);
    add(&counts->parse_errors, worker->reading.errors);
    add(&counts->regex_limited, matched.regex_limited - worker->matched.regex_limited);
    add(&counts->partial, matched.failed - worker->matched.failed);
    worker->reading.errors = 0;
    worker->matched = matched;
    struct sender *sender =
        live->options.health ? senders_intern(live->options.senders, batch->agency, batch->source)
                             : NULL;
    if (sender)
        health_note(live->options.health, sender, batch->received, n, worker->first, worker->last);
}

/* Reads the events of the batch from the partition's position on. 0, -ECANCELED, -ENOMEM. */
static int read_batch(struct worker *worker, struct partition *partition)
{
    const struct spool_batch *batch = worker->batch;
    if (worker->offset > partition->position) {
        add(&worker->counts.gone, worker->offset - partition->position);
        partition->position = worker->offset;
    }
    uint64_t skip = partition->position - worker->offset;
    if (skip >= batch->n)
        return 0;
    uint32_t from = (uint32_t)skip, start = from ? batch->ends[from - 1] : 0;
    worker->choice = worker_choice(worker->live, batch->agency);
    worker->first = worker->last = TIME_UNSET;
    worker->matches = 0;
    int r = enter_batch(worker);
    if (r == 0)
        r = batch_reader_run(&worker->reading, batch, from, batch->n);
    if (r == 0)
        r = round_note(worker->round, batch->received, worker->matches);
    if (r < 0)
        return r;
    partition->position = worker->offset + batch->n;
    worker->round->received = batch->received;
    count_batch(worker, batch->n - from, batch->ends[batch->n - 1] - start);
    return 0;
}

/* A place of the spool that can't be read: said, counted, passed by. */
static void pass_damage(struct worker *worker, struct partition *partition, int status,
                        uint64_t goes_on)
{
    struct live *live = worker->live;
    struct log_line line;
    bool gone = status == -ERANGE;
    if (!gone)
        add(&worker->counts.damaged, 1);
    log_begin(&line, LOG_WARN, gone ? "detect.gone" : "detect.damaged");
    log_u64(&line, "partition", (uint64_t)(partition - live->partitions));
    log_u64(&line, "offset", partition->position);
    if (!gone) {
        log_u64(&line, "goes_on", goes_on);
        if (goes_on > partition->position) {
            add(&worker->counts.gone, goes_on - partition->position);
            partition->position = goes_on;
        }
    }
    log_end(&line);
}

/* Reads a run into the worker's round. 0 or -errno; -EAGAIN: what is there can't be read now. */
static int read_run(struct worker *worker, struct partition *partition)
{
    const struct spool_ops *ops = worker->live->options.engine;
    uint32_t number = (uint32_t)(partition - worker->live->partitions);
    struct spool_batch batch;
    uint64_t bytes = 0;
    int r = 0;
    if (!partition->reader)
        partition->reader =
            ops->reader_new(worker->live->options.spool, number, partition->position);
    if (!partition->reader)
        return -ENOMEM;
    for (uint32_t i = 0; r == 0 && i < ROUND_BATCHES && bytes < ROUND_BYTES; i++) {
        r = ops->read(partition->reader, &batch, &worker->offset);
        if (r == 0)
            break;
        if (r == 1) {
            partition->failing = false;
            worker->batch = &batch;
            bytes += batch.ends[batch.n - 1];
            r = read_batch(worker, partition);
        } else if (r == -ERANGE || r == -EBADMSG) {
            pass_damage(worker, partition, r, worker->offset);
            r = 0;
        } else {
            if (!partition->failing)
                log_say(LOG_WARN, "detect.read", "cannot read partition %u: %s", number,
                        strerror(-r));
            partition->failing = true;
            r = -EAGAIN;
        }
    }
    worker->batch = NULL;
    return r;
}

static void work_on(struct worker *worker, struct partition *partition)
{
    struct live *live = worker->live;
    uint32_t number = (uint32_t)(partition - live->partitions);
    int r = worker_equip(worker);
    worker->round = r == 0 ? take_round(live) : NULL;
    if (worker->round) {
        round_begin(worker->round, number, partition->position);
        r = read_run(worker, partition);
    }
    struct round *round = worker->round;
    worker->round = NULL;
    if (round && (r == 0 || r == -EAGAIN)) {
        round->to = partition->position;
        if (round->to > round->from)
            queue_round(live, round);
        else
            give_back(live, round);
    } else if (round) { /* what it holds is read again */
        partition->position = round->from;
        give_back(live, round);
    }
    if (r < 0 && partition->reader) { /* it is somewhere in the middle */
        live->options.engine->reader_free(partition->reader);
        partition->reader = NULL;
    }
    if (r == -ENOMEM)
        log_say(LOG_ERROR, "detect.memory", "no memory for a round: it is tried again");
    if (r == -ENOMEM || r == -EAGAIN)
        usleep(NO_MEMORY_WAIT_US);
}

/* ---- claims ---- */

/* With the lock. */
static bool has_unread(const struct live *live, uint32_t number)
{
    uint64_t first, next;
    live->options.engine->bounds(live->options.spool, number, &first, &next);
    return live->partitions[number].position < next;
}

/* The next partition in turn that has unread events and no worker. NULL: none now. */
static struct partition *claim(struct worker *worker)
{
    struct live *live = worker->live;
    struct partition *claimed = NULL;
    pthread_mutex_lock(&live->lock);
    while (change_waits(live) && !live->stopping)
        pthread_cond_wait(&live->work, &live->lock); /* the recorder changes the version */
    for (uint32_t i = 1; !claimed && !live->stopping && i <= live->n_partitions; i++) {
        uint32_t number = (live->cursor + i) % live->n_partitions;
        struct partition *partition = &live->partitions[number];
        if (partition->claimed || !has_unread(live, number))
            continue;
        claimed = partition;
        claimed->claimed = true;
        live->cursor = number;
        live->busy++;
    }
    pthread_mutex_unlock(&live->lock);
    return claimed;
}

static void let_go(struct live *live, struct partition *partition)
{
    pthread_mutex_lock(&live->lock);
    partition->claimed = false;
    live->busy--;
    if (live->busy == 0)
        pthread_cond_signal(&live->rounds_in);
    pthread_mutex_unlock(&live->lock);
}

static bool is_stopping(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    bool stopping = live->stopping;
    pthread_mutex_unlock(&live->lock);
    return stopping;
}

void *worker_run(void *context)
{
    struct worker *worker = context;
    struct live *live = worker->live;
    uint64_t seen = 0;
    while (!is_stopping(live)) {
        struct partition *partition = claim(worker);
        if (partition) {
            work_on(worker, partition);
            let_go(live, partition);
        } else {
            seen = live->options.engine->wait(live->options.spool, seen, LIVE_IDLE_MS);
        }
    }
    pthread_mutex_lock(&live->lock);
    live->running--;
    pthread_cond_signal(&live->rounds_in);
    pthread_mutex_unlock(&live->lock);
    return NULL;
}
