#include "watch/lookbacks.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/metric.h"
#include "io/clock.h"
#include "io/log.h"
#include "watch/lookbacks_state.h"

#define JOBS_MAX 1000 /* newest looks that may not have begun */

struct lookbacks *lookbacks_new(const struct lookbacks_options *options, struct err *err)
{
    const struct ledger_options how = {
        .create = true, .key = options->journal_key, .now = options->now};
    struct lookbacks *lookbacks = calloc(1, sizeof(*lookbacks));
    if (!lookbacks) {
        err_set(err, -ENOMEM, "no memory to look back");
        return NULL;
    }
    lookbacks->options = *options;
    if (!lookbacks->options.now)
        lookbacks->options.now = clock_now_us;
    pthread_mutex_init(&lookbacks->lock, NULL);
    clock_condition_init(&lookbacks->woken);
    if (mkdir(options->folder, 0700) < 0 && errno != EEXIST)
        (void)err_set(err, -errno, "%s: %s", options->folder, strerror(errno));
    else
        lookbacks->noting = ledger_open(options->ledger, &how, err);
    lookbacks->ledger = lookbacks->noting ? ledger_open(options->ledger, &how, err) : NULL;
    if (lookbacks->ledger) {
        news_sweep(lookbacks, lookbacks->ledger);
        return lookbacks;
    }
    lookbacks_free(lookbacks);
    return NULL;
}

void lookbacks_free(struct lookbacks *lookbacks)
{
    if (!lookbacks)
        return;
    if (lookbacks->version)
        lookbacks->version->free(lookbacks->version);
    news_discard(lookbacks, &lookbacks->found);
    if (lookbacks->noting)
        ledger_close(lookbacks->noting);
    if (lookbacks->ledger)
        ledger_close(lookbacks->ledger);
    lookback_screens_free(lookbacks->screens);
    pthread_cond_destroy(&lookbacks->woken);
    pthread_mutex_destroy(&lookbacks->lock);
    free(lookbacks);
}

/* ---- which rules are new ---- */

typedef VEC(struct sigma_digest) digest_list;

/* Of everything that makes findings, in order. 0 or -ENOMEM. */
static int list_digests(const struct sigma_set *set, digest_list *ret_list)
{
    struct sigma_digest digest;
    int r = 0;
    for (size_t i = 0; r == 0 && i < set->rules.len; i++) {
        if (!set->rules.items[i]->generate)
            continue;
        r = sigma_rule_digest(set->rules.items[i], &digest);
        if (r == 0)
            r = vec_push(ret_list, digest);
    }
    for (size_t i = 0; r == 0 && i < set->correlations.len; i++) {
        if (!set->correlations.items[i]->generate)
            continue;
        r = sigma_correlation_digest(set, set->correlations.items[i], &digest);
        if (r == 0)
            r = vec_push(ret_list, digest);
    }
    if (r == 0 && ret_list->len)
        qsort(ret_list->items, ret_list->len, sizeof(*ret_list->items), sigma_digest_compare);
    return r;
}

static bool is_known(struct str known, const struct sigma_digest *digest)
{
    size_t n = known.len / sizeof(*digest);
    return n && bsearch(digest, known.ptr, n, sizeof(*digest), sigma_digest_compare);
}

static void add_rule(struct buf *json, const struct sigma_meta *meta, bool correlation,
                     const struct sigma_digest *digest)
{
    buf_add_byte(json, json->len ? ',' : '[');
    buf_add_c(json, "{\"rule\":");
    buf_add_json(json, find_rule_id(meta));
    buf_add_c(json, ",\"title\":");
    buf_add_json(json, meta->title);
    buf_printf(json, ",\"kind\":\"%s\",\"digest\":\"%016llx%016llx\"}",
               correlation ? "correlation" : "rule", (unsigned long long)digest->high,
               (unsigned long long)digest->low);
}

/* The rules that are not known, as the rows of a JSON list without its end. 0 or -ENOMEM. */
static int list_new(const struct sigma_set *set, struct str known, struct buf *json)
{
    struct sigma_digest digest;
    int r = 0;
    for (size_t i = 0; r == 0 && i < set->rules.len; i++) {
        const struct sigma_rule *rule = set->rules.items[i];
        r = rule->generate ? sigma_rule_digest(rule, &digest) : 0;
        if (r == 0 && rule->generate && !is_known(known, &digest))
            add_rule(json, &rule->meta, false, &digest);
    }
    for (size_t i = 0; r == 0 && i < set->correlations.len; i++) {
        const struct sigma_correlation *correlation = set->correlations.items[i];
        r = correlation->generate ? sigma_correlation_digest(set, correlation, &digest) : 0;
        if (r == 0 && correlation->generate && !is_known(known, &digest))
            add_rule(json, &correlation->meta, true, &digest);
    }
    return json->failed ? -ENOMEM : r;
}

/* ---- a version takes over ---- */

/* Was anything received before? */
static bool has_past(const uint64_t *offsets, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (offsets[i] > 0)
            return true;
    return false;
}

/* What is new and what is known from now on, in one transaction. */
static int note_new(struct lookbacks *lookbacks, struct str rules, const digest_list *digests,
                    const struct live_version *version, const uint64_t *offsets, uint32_t n)
{
    struct ledger *ledger = lookbacks->noting;
    const struct kept_lookback lookback = {
        .rules = rules, .offsets = {(const char *)offsets, n * sizeof(*offsets)}};
    char id[LOOKBACK_ID_MAX];
    int r = ledger_begin(ledger, STR("jaga"), STR("lookback.add"));
    if (r < 0)
        return r;
    if (rules.len)
        r = kept_lookback_add(ledger, &lookback, id);
    if (r == 0)
        r = blob_put(ledger, LOOKBACKS_KNOWN,
                     str_of((const char *)digests->items, digests->len * sizeof(*digests->items)));
    if (r == 0)
        r = news_put(lookbacks, version);
    if (r == 0)
        r = ledger_commit(ledger);
    if (r < 0)
        ledger_abort(ledger);
    if (r == 0 && rules.len)
        log_say(LOG_INFO, "lookback.new", "what is new looks at what was received before: %s", id);
    return r;
}

/* Of looks that have not begun: what detection reads again after a restart is not theirs. */
struct lowering {
    const uint64_t *offsets;
    uint32_t n;
    struct arena *arena;
    VEC(struct kept_lookback) list;
};

static int lower_one(void *context, const struct kept_lookback *lookback)
{
    struct lowering *lowering = context;
    struct kept_lookback lowered = *lookback;
    uint32_t n = (uint32_t)(lookback->offsets.len / sizeof(uint64_t));
    if (lookback->state != LOOKBACK_WAITING || lookback->until != INT64_MAX)
        return 0;
    uint64_t *offsets = arena_zero(lowering->arena, n + 1, sizeof(*offsets));
    lowered.id = arena_copy(lowering->arena, lookback->id);
    lowered.problem = STR("");
    if (!offsets || !lowered.id.ptr)
        return -ENOMEM;
    memcpy(offsets, lookback->offsets.ptr, n * sizeof(*offsets));
    for (uint32_t i = 0; i < n && i < lowering->n; i++)
        if (lowering->offsets[i] < offsets[i])
            offsets[i] = lowering->offsets[i];
    lowered.offsets = str_of((const char *)offsets, n * sizeof(*offsets));
    return vec_push(&lowering->list, lowered);
}

static int lower_offsets(struct lookbacks *lookbacks, const uint64_t *offsets, uint32_t n)
{
    struct arena arena;
    struct lowering lowering = {.offsets = offsets, .n = n, .arena = &arena};
    arena_init(&arena, 64u << 20);
    int r = kept_lookback_list(lookbacks->noting, JOBS_MAX, lower_one, &lowering);
    for (size_t i = 0; r == 0 && i < lowering.list.len; i++)
        r = kept_lookback_put(lookbacks->noting, &lowering.list.items[i]);
    vec_free(&lowering.list);
    arena_free(&arena);
    return r;
}

static void add_found(struct buf *rules, const struct found_news *found)
{
    if (found->row.len == 0)
        return;
    buf_add_byte(rules, rules->len ? ',' : '[');
    buf_add_str(rules, buf_str(&found->row));
}

static int note_version(struct lookbacks *lookbacks, const struct live_version *version,
                        const uint64_t *offsets, uint32_t n)
{
    struct buf known = {0}, rules = {0};
    struct found_news found = {0};
    digest_list digests = {0};
    int r = lookbacks->told ? 0 : lower_offsets(lookbacks, offsets, n);
    if (r == 0)
        r = list_digests(version->set, &digests);
    if (r == 0)
        r = blob_get(lookbacks->noting, LOOKBACKS_KNOWN, &known);
    if (r == 0 && has_past(offsets, n))
        r = list_new(version->set, buf_str(&known), &rules);
    if (r == 0 || r == -ENOENT) /* on the first start all rules are known */
        r = news_find(lookbacks, version, has_past(offsets, n), &found);
    add_found(&rules, &found);
    if (rules.len)
        buf_add_byte(&rules, ']');
    if (r == 0)
        r = rules.failed ? -ENOMEM
                         : note_new(lookbacks, buf_str(&rules), &digests, version, offsets, n);
    if (r < 0)
        news_discard(lookbacks, &found);
    lookbacks->told = lookbacks->told || r == 0;
    vec_free(&digests);
    buf_free(&known);
    buf_free(&rules);
    buf_free(&found.row);
    return r;
}

void lookbacks_changed(struct lookbacks *lookbacks, struct live_version *version,
                       const uint64_t *offsets, uint32_t n)
{
    int r = note_version(lookbacks, version, offsets, n);
    if (r < 0)
        log_say(LOG_ERROR, "lookback.noted",
                "what is new is not noted, it looks back after the next change: %s", strerror(-r));
    struct live_version *held = lookbacks->options.hold(version);
    pthread_mutex_lock(&lookbacks->lock);
    struct live_version *old = lookbacks->version;
    lookbacks->version = held;
    lookbacks->unsaved = r == 0;
    lookbacks->wake = true;
    pthread_cond_signal(&lookbacks->woken);
    pthread_mutex_unlock(&lookbacks->lock);
    if (old)
        old->free(old);
}

struct live_version *take_version(struct lookbacks *lookbacks)
{
    pthread_mutex_lock(&lookbacks->lock);
    struct live_version *version =
        lookbacks->version ? lookbacks->options.hold(lookbacks->version) : NULL;
    pthread_mutex_unlock(&lookbacks->lock);
    return version;
}

/* ---- the thread ---- */

/* Until somebody wakes it, or for a while. False: stop. */
static bool wait_for_work(struct lookbacks *lookbacks, int64_t us)
{
    int64_t until = clock_ticks_us() + us;
    pthread_mutex_lock(&lookbacks->lock);
    while (!lookbacks->stopping && !lookbacks->wake &&
           clock_wait(&lookbacks->woken, &lookbacks->lock, until) != -ETIMEDOUT)
        ;
    lookbacks->wake = false;
    bool go_on = !lookbacks->stopping;
    pthread_mutex_unlock(&lookbacks->lock);
    return go_on;
}

static void save_indicators(struct lookbacks *lookbacks)
{
    pthread_mutex_lock(&lookbacks->lock);
    struct live_version *version = lookbacks->unsaved && lookbacks->version
                                       ? lookbacks->options.hold(lookbacks->version)
                                       : NULL;
    lookbacks->unsaved = false;
    pthread_mutex_unlock(&lookbacks->lock);
    if (!version)
        return;
    news_save(lookbacks, version);
    version->free(version);
}

static void *run(void *context)
{
    struct lookbacks *lookbacks = context;
    int64_t pause = 0;
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LOOKBACKS_NICE);
    while (wait_for_work(lookbacks, pause)) {
        char id[LOOKBACK_ID_MAX];
        save_indicators(lookbacks);
        int r = kept_lookback_next(lookbacks->ledger, id);
        if (r == 0)
            r = lookback_job_run(lookbacks, str_from_c(id));
        pause = r == 0 ? 0 : r == -ENOENT ? LOOKBACKS_LOOK_US : LOOKBACKS_RETRY_US;
    }
    return NULL;
}

int lookbacks_start(struct lookbacks *lookbacks, struct err *err)
{
    const struct lookbacks_options *options = &lookbacks->options;
    lookbacks->screens = lookback_screens_new(options->engine, options->lake, err);
    if (!lookbacks->screens)
        return err->code;
    int r = pthread_create(&lookbacks->thread, NULL, run, lookbacks);
    lookbacks->started = r == 0;
    return r ? err_set(err, -r, "cannot start a thread: %s", strerror(r)) : 0;
}

void lookbacks_stop(struct lookbacks *lookbacks)
{
    if (!lookbacks || !lookbacks->started)
        return;
    pthread_mutex_lock(&lookbacks->lock);
    lookbacks->stopping = true;
    if (lookbacks->running)
        lookback_cancel(lookbacks->running);
    pthread_cond_signal(&lookbacks->woken);
    pthread_mutex_unlock(&lookbacks->lock);
    pthread_join(lookbacks->thread, NULL);
    lookbacks->started = false;
}

void lookbacks_wake(struct lookbacks *lookbacks)
{
    pthread_mutex_lock(&lookbacks->lock);
    lookbacks->wake = true;
    pthread_cond_signal(&lookbacks->woken);
    pthread_mutex_unlock(&lookbacks->lock);
}

void lookbacks_cancel(struct lookbacks *lookbacks, struct str id)
{
    pthread_mutex_lock(&lookbacks->lock);
    if (id.len && str_eq(id, str_from_c(lookbacks->running_id))) {
        lookbacks->cancelled = true;
        if (lookbacks->running)
            lookback_cancel(lookbacks->running);
    }
    lookbacks->wake = true;
    pthread_cond_signal(&lookbacks->woken);
    pthread_mutex_unlock(&lookbacks->lock);
}

void lookbacks_look(struct lookbacks *lookbacks, struct ledger *ledger)
{
    char id[LOOKBACK_ID_MAX];
    struct kept_lookback kept;
    pthread_mutex_lock(&lookbacks->lock);
    memcpy(id, lookbacks->running_id, sizeof(id));
    pthread_mutex_unlock(&lookbacks->lock);
    if (id[0] && kept_lookback_get(ledger, str_from_c(id), &kept) == 0 &&
        kept.state == LOOKBACK_CANCELLED)
        lookbacks_cancel(lookbacks, str_from_c(id));
}

void lookbacks_metrics(void *context, struct buf *out)
{
    struct lookbacks *lookbacks = context;
    struct lookback_stats stats = {0};
    pthread_mutex_lock(&lookbacks->lock);
    bool runs = lookbacks->running;
    if (runs)
        lookback_stats(lookbacks->running, &stats);
    pthread_mutex_unlock(&lookbacks->lock);
    metric_one(out, "jaga_lookback_running", "gauge", "1 while a look runs.", runs);
    metric_head(out, "jaga_lookback_total", "counter", "Looks, by how they ended.");
    metric_add(out, "jaga_lookback_total", METRIC_LABELS({"end", STR("done")}),
               atomic_load(&lookbacks->n_done));
    metric_add(out, "jaga_lookback_total", METRIC_LABELS({"end", STR("cancelled")}),
               atomic_load(&lookbacks->n_cancelled));
    metric_add(out, "jaga_lookback_total", METRIC_LABELS({"end", STR("failed")}),
               atomic_load(&lookbacks->n_failed));
    metric_one(out, "jaga_lookback_candidates_total", "counter",
               "Events that passed the conditions of looks.",
               atomic_load(&lookbacks->n_candidates) + stats.candidates);
    metric_one(out, "jaga_lookback_lost_total", "counter",
               "Events that could not be read again: retention was faster, or they are damaged.",
               atomic_load(&lookbacks->n_lost) + stats.lost);
    metric_one(out, "jaga_lookback_matches_total", "counter", "Matches of looks that were kept.",
               atomic_load(&lookbacks->n_matches));
}
