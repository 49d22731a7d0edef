/*
 * One look into the past.
 *
 *     rules          window by window from the newest: found ─▶ round ─▶ transaction {findings, matches, until}
 *     correlations   window by window from the oldest: hits ─▶ correlator ─▶ transaction {findings}
 *     verdicts       one transaction, which ends the look
 *
 * A look uses what detection uses, on a `struct live` of its own that has no threads.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "parse/json_cursor.h"
#include "watch/lookbacks_state.h"

#define JOB_ARENA_MAX ((size_t)256 << 20)

/* ---- the rules of the look ---- */

static bool read_digest(struct str hex, struct sigma_digest *ret_digest)
{
    uint64_t halves[2] = {0};
    if (hex.len != 32)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        int digit = str_hex_digit(hex.ptr[i]);
        if (digit < 0)
            return false;
        halves[i / 16] = halves[i / 16] << 4 | (uint64_t)digit;
    }
    *ret_digest = (struct sigma_digest){halves[0], halves[1]};
    return true;
}

typedef VEC(struct sigma_digest) digest_list;

static int read_rules(struct job *job, digest_list *ret_list)
{
    struct json_cursor items = json_cursor_of(job->kept.rules);
    struct str name, item;
    struct sigma_digest digest;
    while (json_cursor_next(&items, &name, &item)) {
        if (str_eq(json_inside(json_member(item, STR("kind"))), STR(LOOKBACKS_INDICATORS)))
            job->list = json_inside(json_member(item, STR("list")));
        else if (read_digest(json_inside(json_member(item, STR("digest"))), &digest) &&
                 vec_push(ret_list, digest) < 0)
            return -ENOMEM;
    }
    if (ret_list->len)
        qsort(ret_list->items, ret_list->len, sizeof(digest), sigma_digest_compare);
    return 0;
}

static bool has(const digest_list *list, const struct sigma_digest *digest)
{
    return list->len &&
           bsearch(digest, list->items, list->len, sizeof(*digest), sigma_digest_compare);
}

/* The rules that a correlation counts, chains included. Depth: SIGMA_CHAIN_MAX. */
static void add_bases(struct job *job, const struct sigma_correlation *correlation)
{
    const struct sigma_set *set = job->version->set;
    for (uint32_t i = 0; i < correlation->n_sources; i++) {
        const struct sigma_source *source = &correlation->sources[i];
        if (source->correlation)
            add_bases(job, set->correlations.items[source->index]);
        else
            job->bases[source->index] = true;
    }
}

/* Of those that are still as they were when they came. */
static int find_rules(struct job *job)
{
    const struct sigma_set *set = job->version->set;
    digest_list wanted = {0};
    struct sigma_digest digest;
    job->rules = calloc(set->rules.len + 1, sizeof(bool));
    job->bases = calloc(set->rules.len + 1, sizeof(bool));
    job->all = calloc(set->rules.len + 1, sizeof(bool));
    job->correlations = calloc(set->correlations.len + 1, sizeof(bool));
    int r = job->rules && job->bases && job->all && job->correlations ? read_rules(job, &wanted)
                                                                      : -ENOMEM;
    for (size_t i = 0; r == 0 && i < set->rules.len; i++) {
        if (!set->rules.items[i]->generate)
            continue;
        r = sigma_rule_digest(set->rules.items[i], &digest);
        job->rules[i] = r == 0 && has(&wanted, &digest);
        job->any_rule = job->any_rule || job->rules[i];
    }
    for (size_t i = 0; r == 0 && i < set->correlations.len; i++) {
        if (!set->correlations.items[i]->generate)
            continue;
        r = sigma_correlation_digest(set, set->correlations.items[i], &digest);
        job->correlations[i] = r == 0 && has(&wanted, &digest);
        job->any_correlation = job->any_correlation || job->correlations[i];
        if (job->correlations[i])
            add_bases(job, set->correlations.items[i]);
    }
    for (size_t i = 0; r == 0 && i < set->rules.len; i++)
        job->all[i] = job->rules[i] || job->bases[i];
    vec_free(&wanted);
    return r;
}

/* ---- what detection asks of it ---- */

static bool is_known(void *context, const struct live_match *match)
{
    struct job *job = context;
    bool known = finding_has(job->lookbacks->ledger, match->key, match->partition, match->offset,
                             match->time, job->kept.created) > 0;
    job->known += known;
    return known;
}

/* What came true in correlations counts, too. */
static int note_correlated(struct job *job)
{
    const struct transaction *transaction = &job->live->recorder.transaction;
    int r = 0;
    for (size_t i = 0; r == 0 && i < transaction->correlated.len; i++) {
        const struct fold *fold = transaction->correlated.items[i];
        const struct sigma_correlation *correlation =
            job->version->set->correlations.items[fold->number];
        r = job_note(job, find_rule_id(&correlation->meta), fold->agency, fold->last);
    }
    return r;
}

/* How far it has come is part of the transaction with what it found. */
static int put_progress(void *context, struct ledger *ledger)
{
    struct job *job = context;
    int r = job_put_matches(job, ledger);
    if (r == 0 && job->verdicts)
        r = job_put_verdicts(job, ledger);
    return r == 0 ? kept_lookback_put(ledger, &job->kept) : r;
}

struct reading {
    int (*each)(void *context, struct event *event, const struct spool_batch *from);
    void *context;
};

static int hand_over(void *context, const struct lookback_event *found)
{
    const struct reading *reading = context;
    const struct spool_batch from = {
        .agency = found->agency, .source = found->source, .received = found->received, .n = 1};
    return reading->each(reading->context, found->event, &from);
}

static int read_event(void *context, uint32_t partition, uint64_t offset, uint32_t part,
                      int (*each)(void *each_context, struct event *event,
                                  const struct spool_batch *from),
                      void *each_context)
{
    struct job *job = context;
    struct reading reading = {each, each_context};
    const struct lake_id id = {partition, offset, part};
    struct err err = {0};
    return lookback_read(job->lookback, &id, hand_over, &reading, &err);
}

/* ---- open and close ---- */

static int copy_kept(struct job *job, struct str id)
{
    struct kept_lookback kept;
    int r = kept_lookback_get(job->lookbacks->ledger, id, &kept);
    if (r < 0)
        return r;
    kept.id = arena_copy(&job->arena, kept.id);
    kept.rules = arena_copy(&job->arena, kept.rules);
    job->n_offsets = (uint32_t)(kept.offsets.len / sizeof(uint64_t));
    job->offsets = arena_zero(&job->arena, job->n_offsets + 1u, sizeof(*job->offsets));
    if (!kept.id.ptr || !kept.rules.ptr || !job->offsets)
        return -ENOMEM;
    memcpy(job->offsets, kept.offsets.ptr, job->n_offsets * sizeof(*job->offsets));
    kept.offsets = str_of((const char *)job->offsets, job->n_offsets * sizeof(*job->offsets));
    kept.problem = STR("");
    job->kept = kept;
    return 0;
}

/* Has the lake all events of the look, and the ledger what detection made of them? */
static bool is_ready(const struct job *job)
{
    const struct lookbacks_options *options = &job->lookbacks->options;
    for (uint32_t i = 0; i < job->n_offsets; i++) {
        uint64_t stored = 0, detected = 0;
        if (job->offsets[i] == 0)
            continue;
        if (options->engine->progress(options->lake, i, &stored) < 0 || stored < job->offsets[i] ||
            progress_get(job->lookbacks->ledger, LIVE_CONSUMER, i, &detected) < 0 ||
            detected < job->offsets[i])
            return false;
    }
    return true;
}

static int open_live(struct job *job, struct live_version *version, struct err *err)
{
    const struct lookbacks_options *options = &job->lookbacks->options;
    job->version = version;
    int r = find_rules(job);
    const struct live_options how = {
        .ledger = options->ledger,
        .journal_key = options->journal_key,
        .disorder_us = options->disorder_us,
        .fold_us = options->fold_us,
        .throttle = options->apart,
        .correlator_memory = options->correlator_memory,
        .now = options->now,
        .newest_first = true,
        .correlations = job->correlations,
        .known = is_known,
        .also = put_progress,
        .read = read_event,
        .context = job,
    };
    if (r < 0)
        (void)err_set(err, r, "no memory to look back");
    if (r == 0)
        r = news_open(job->lookbacks, job->list, version->intel, &job->news, err);
    if (r == 0)
        job->live = live_idle(&how, version, err);
    if (job->live)
        return 0;
    version->free(version);
    return err->code;
}

/* What the one that runs has counted; with the lock. */
static void sum_up(struct job *job)
{
    struct lookbacks *lookbacks = job->lookbacks;
    struct lookback_stats stats;
    if (!lookbacks->running)
        return;
    lookback_stats(lookbacks->running, &stats);
    atomic_fetch_add(&lookbacks->n_candidates, stats.candidates);
    atomic_fetch_add(&lookbacks->n_lost, stats.lost);
}

/* What a stop, or a cancel, ends from now on. False: it is to end already. */
static bool set_running(struct job *job, struct lookback *lookback)
{
    struct lookbacks *lookbacks = job->lookbacks;
    pthread_mutex_lock(&lookbacks->lock);
    sum_up(job);
    lookbacks->running = lookback;
    bool go_on = !lookbacks->stopping && !lookbacks->cancelled;
    pthread_mutex_unlock(&lookbacks->lock);
    return go_on;
}

/* Over these rules, and the indicators. 0 or the code of *err. */
static int open_lookback(struct job *job, const bool *rules, bool indicators, struct err *err)
{
    struct lookbacks *lookbacks = job->lookbacks;
    const struct lookback_options options = {
        .ops = lookbacks->options.engine,
        .lake = lookbacks->options.lake,
        .set = job->version->set,
        .ruleset = job->version->ruleset,
        .datasets = job->version->datasets,
        .fields = job->version->fields,
        .rules = rules,
        .intel = indicators && job->news.news ? job->version->intel : NULL,
        .news = job->news.news,
        .screens = lookbacks->screens,
        .now = lookbacks->options.now(),
        .scope = {.all = true},
        .until = job->offsets,
        .n_until = job->n_offsets,
    };
    (void)set_running(job, NULL);
    lookback_free(job->lookback);
    job->lookback = lookback_new(&options, err);
    if (!job->lookback)
        return err->code;
    return set_running(job, job->lookback) ? 0 : err_set(err, -ECANCELED, "it is to end");
}

static void give_round_back(struct job *job)
{
    struct worker *worker = job->live ? &job->live->workers[0] : NULL;
    if (!worker || !worker->round)
        return;
    worker->round->next = job->live->free;
    job->live->free = worker->round;
    worker->round = NULL;
}

/* From now on a cancel is meant for it. */
static void begin_job(struct job *job)
{
    struct lookbacks *lookbacks = job->lookbacks;
    pthread_mutex_lock(&lookbacks->lock);
    memcpy(lookbacks->running_id, job->kept.id.ptr, job->kept.id.len);
    lookbacks->running_id[job->kept.id.len] = '\0';
    pthread_mutex_unlock(&lookbacks->lock);
}

static void close_job(struct job *job)
{
    struct lookbacks *lookbacks = job->lookbacks;
    pthread_mutex_lock(&lookbacks->lock);
    sum_up(job);
    lookbacks->running = NULL;
    lookbacks->running_id[0] = '\0';
    lookbacks->cancelled = false;
    pthread_mutex_unlock(&lookbacks->lock);
    lookback_free(job->lookback);
    give_round_back(job);
    news_close(&job->news);
    live_stop(job->live); /* and the version */
    vec_free(&job->shares);
    vec_free(&job->windows);
    vec_free(&job->matches);
    map_free(&job->match_ids);
    buf_free(&job->text);
    free(job->rules);
    free(job->bases);
    free(job->correlations);
    free(job->all);
    arena_free(&job->arena);
}

/* ---- rounds and transactions ---- */

static void begin_round(struct job *job)
{
    struct live *live = job->live;
    struct worker *worker = &live->workers[0];
    if (!worker->round) {
        worker->round = live->free; /* one is always there: a transaction gives them all back */
        live->free = worker->round->next;
        live->n_free--;
    }
    round_begin(worker->round, 0, 0);
    worker->agency = worker->source = (struct str){0};
}

/* Hits go to the correlator, folds to the transaction. */
static int end_round(struct job *job)
{
    struct worker *worker = &job->live->workers[0];
    bool kept = worker->round->folds.list.len > 0;
    int r = record_take_round(job->live, worker->round);
    if (r == 0 && kept)
        worker->round = NULL; /* the transaction has it */
    if (r == 0)
        begin_round(job);
    return r;
}

static bool is_stopping(struct lookbacks *lookbacks)
{
    pthread_mutex_lock(&lookbacks->lock);
    bool stopping = lookbacks->stopping;
    pthread_mutex_unlock(&lookbacks->lock);
    return stopping;
}

static bool is_cancelled(struct lookbacks *lookbacks)
{
    pthread_mutex_lock(&lookbacks->lock);
    bool cancelled = lookbacks->cancelled && !lookbacks->stopping;
    pthread_mutex_unlock(&lookbacks->lock);
    return cancelled;
}

/* Writes what was found and how far it has come. -ENOENT: the look was cancelled. Else it tries until it can, or stops. */
static int commit(struct job *job)
{
    struct lookback_stats stats;
    bool written, said = false;
    int r = note_correlated(job);
    lookback_stats(job->lookback, &stats);
    uint64_t matches = job->kept.matches;
    job->kept.matches += job_count_matches(job);
    while (r == 0 && (r = record_commit(job->live, false, &written)) < 0 && r != -ENOENT &&
           r != -ENOMEM && !is_stopping(job->lookbacks)) {
        const struct timespec pause = {.tv_sec = 1};
        if (!said)
            log_say(LOG_ERROR, "lookback.ledger", "what was found waits: %s",
                    ledger_problem(job->live->recorder.ledger));
        said = true;
        nanosleep(&pause, NULL);
        r = 0;
    }
    job->kept.matches = matches;
    if (r == 0) {
        atomic_fetch_add(&job->lookbacks->n_matches, job_count_matches(job));
        job_forget(job);
    }
    if (r == 0 && job->lookbacks->options.published)
        job->lookbacks->options.published(job->lookbacks->options.context);
    return r;
}

/* ---- what is found ---- */

/* From where the event at hand is, in the round's arena. */
static int enter(struct job *job, const struct lookback_event *found)
{
    struct worker *worker = &job->live->workers[0];
    struct arena *arena = &worker->round->arena;
    if (!worker->agency.ptr || !str_eq(worker->agency, found->agency))
        worker->agency = arena_copy(arena, found->agency);
    if (!worker->source.ptr || !str_eq(worker->source, found->source))
        worker->source = arena_copy(arena, found->source);
    job->from = (struct spool_batch){
        .agency = worker->agency, .source = worker->source, .received = found->received, .n = 1};
    worker->batch = &job->from;
    worker->choice = worker_choice(job->live, worker->agency);
    worker->round->partition = found->id.partition;
    return worker->agency.ptr && worker->source.ptr ? 0 : -ENOMEM;
}

static uint64_t matches_of(const struct worker *worker, uint32_t rule)
{
    return atomic_load_explicit(&worker->rules[rule].matches, memory_order_relaxed);
}

static int take_indicator(struct job *job, const struct lookback_event *found,
                          const struct intel_match *match)
{
    struct worker *worker = &job->live->workers[0];
    const _Atomic uint64_t *counter = &worker->counts.indicator_matches;
    const struct find_matches matches = {
        .offset = found->id.offset, .part = found->id.part, .indicators = match, .n_indicators = 1};
    uint64_t before = atomic_load(counter) + job->known;
    int r = find_take(worker, found->event, &matches);
    if (r < 0 || atomic_load(counter) + job->known == before)
        return r;
    return job_note_indicator(job, &match->indicator, found->agency, found->time);
}

static int on_found(void *context, const struct lookback_event *found)
{
    struct job *job = context;
    struct worker *worker = &job->live->workers[0];
    int r = 0;
    if (worker->round->arena.size > ROUND_ARENA_FULL && found->time < job->reached) {
        job->kept.until = job->reached; /* all of that time and later is done */
        r = end_round(job);
        if (r == 0)
            r = commit(job);
        begin_round(job);
    }
    if (r == 0)
        r = enter(job, found);
    for (size_t i = 0; r == 0 && i < found->n_rules; i++) {
        const struct find_matches matches = {.offset = found->id.offset,
                                             .part = found->id.part,
                                             .rules = &found->rules[i],
                                             .n_rules = 1};
        uint64_t before = matches_of(worker, found->rules[i]) + job->known;
        r = find_take(worker, found->event, &matches);
        if (r == 0 && matches_of(worker, found->rules[i]) + job->known > before)
            r = job_note(job, find_rule_id(&job->version->set->rules.items[found->rules[i]]->meta),
                         found->agency, found->time);
    }
    for (size_t i = 0; r == 0 && i < found->n_indicators; i++)
        r = take_indicator(job, found, &found->indicators[i]);
    job->reached = found->time;
    return r;
}

static int on_hit(void *context, const struct lookback_event *found)
{
    struct job *job = context;
    struct worker *worker = &job->live->workers[0];
    const struct find_matches matches = {.offset = found->id.offset,
                                         .part = found->id.part,
                                         .rules = found->rules,
                                         .n_rules = found->n_rules};
    int r = worker->round->arena.size > ROUND_ARENA_FULL ? end_round(job) : 0;
    if (r == 0)
        r = enter(job, found);
    return r == 0 ? find_take(worker, found->event, &matches) : r;
}

/* ---- the two passes ---- */

static void set_uses(struct job *job, const bool *rules, uint8_t use)
{
    struct worker *worker = &job->live->workers[0];
    for (size_t i = 0; i < job->version->set->rules.len; i++)
        worker->uses[i] = rules[i] ? use : 0;
}

static int run_rules(struct job *job, struct err *err)
{
    int r = open_lookback(job, job->rules, true, err);
    if (r == 0)
        r = job_read_shares(job);
    set_uses(job, job->rules, USE_FINDING);
    uint64_t before = job->kept.candidates;
    job->kept.done = 0;
    for (size_t i = 0; r == 0 && i < job->windows.len; i++) {
        struct job_window window = job->windows.items[i];
        if (window.first < job->kept.until || window.first == INT64_MIN) {
            job->reached = INT64_MAX;
            begin_round(job);
            r = lookback_run(job->lookback, window.first,
                             window.last < job->kept.until ? window.last : job->kept.until,
                             on_found, job, err);
            if (r == 0)
                r = end_round(job);
            job->kept.done += window.rows;
            if (r == 0) {
                struct lookback_stats stats;
                lookback_stats(job->lookback, &stats);
                job->kept.candidates = before + stats.candidates;
                job->kept.until = window.first;
                r = commit(job);
            }
        } else {
            job->kept.done += window.rows;
        }
    }
    return r;
}

static int forget_correlations(struct job *job)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->version->set->correlations.len; i++)
        if (job->correlations[i])
            r = kept_verdict_remove(job->lookbacks->ledger, job->kept.id,
                                    find_rule_id(&job->version->set->correlations.items[i]->meta));
    return r;
}

/* Time moves on to `time`: what is decided by then is found. No event of the look is newer than its beginning allows. */
static int release(struct job *job, int64_t time)
{
    int64_t newest = job->kept.created + job->lookbacks->options.disorder_us;
    return correlator_release(job->live->recorder.correlator, time < newest ? time : newest);
}

static int run_correlations(struct job *job, struct err *err)
{
    int r = open_lookback(job, job->bases, false, err);
    job->windows.len = job->shares.len = 0;
    if (r == 0)
        r = job_read_shares(job);
    if (r == 0)
        r = forget_correlations(job);
    set_uses(job, job->bases, USE_HIT);
    for (size_t i = job->windows.len; r == 0 && i-- > 0;) {
        const struct job_window *window = &job->windows.items[i];
        begin_round(job);
        r = lookback_run(job->lookback, window->first, window->last, on_hit, job, err);
        if (r == 0)
            r = end_round(job);
        if (r == 0)
            r = release(job, window->last);
        if (r == 0)
            r = commit(job);
    }
    if (r == 0)
        r = release(job, INT64_MAX);
    return r == 0 ? commit(job) : r;
}

/* ---- the look ---- */

static int run_passes(struct job *job, struct err *err)
{
    int r = 0;
    job->kept.state = LOOKBACK_RUNNING;
    if (job->any_rule || job->news.news)
        r = run_rules(job, err);
    if (r == 0 && job->any_correlation)
        r = run_correlations(job, err);
    if (r == 0 && (job->any_correlation || !job->lookback)) /* a verdict knows all it is for */
        r = open_lookback(job, job->all, true, err);
    if (r < 0)
        return r;
    job->verdicts = true;
    job->kept.state = LOOKBACK_DONE;
    job->kept.until = INT64_MIN;
    job->kept.ended = job->lookbacks->options.now();
    return commit(job);
}

/* It can't be done: said in the ledger. */
static int give_up(struct job *job, int status, const struct err *err)
{
    struct kept_lookback kept = job->kept;
    atomic_fetch_add(&job->lookbacks->n_failed, 1);
    kept.state = LOOKBACK_FAILED;
    kept.ended = job->lookbacks->options.now();
    kept.problem = str_from_c(err->message[0] ? err->message : strerror(-status));
    log_say(LOG_ERROR, "lookback.failed", "%.*s: %.*s", STR_ARG(kept.id), STR_ARG(kept.problem));
    return kept_lookback_put(job->lookbacks->ledger, &kept);
}

static int end_cancelled(const struct job *job)
{
    atomic_fetch_add(&job->lookbacks->n_cancelled, 1);
    return 0;
}

static void end_done(const struct job *job)
{
    atomic_fetch_add(&job->lookbacks->n_done, 1);
    if (job->list.len)
        news_remove(job->lookbacks, job->list);
    struct log_line line;
    log_begin(&line, LOG_INFO, "lookback.done");
    log_str(&line, "id", job->kept.id);
    log_u64(&line, "events", job->kept.total);
    log_u64(&line, "candidates", job->kept.candidates);
    log_u64(&line, "matches", job->kept.matches);
    log_end(&line);
}

int lookback_job_run(struct lookbacks *lookbacks, struct str id)
{
    struct job job = {.lookbacks = lookbacks};
    struct err err = {0};
    arena_init(&job.arena, JOB_ARENA_MAX);
    int r = copy_kept(&job, id);
    if (r == 0)
        begin_job(&job);
    if (r == 0 && !is_ready(&job))
        r = -EAGAIN;
    struct live_version *version = r == 0 ? take_version(lookbacks) : NULL;
    if (r == 0)
        r = version ? open_live(&job, version, &err) : -EAGAIN;
    if (r == 0)
        r = run_passes(&job, &err);
    if (r == 0)
        end_done(&job);
    else if (r == -ENOENT || (r == -ECANCELED && is_cancelled(lookbacks)))
        r = end_cancelled(&job);
    else if (r != -EAGAIN && r != -ECANCELED && !is_stopping(lookbacks))
        r = give_up(&job, r, &err);
    close_job(&job);
    return r;
}
