/* A version takes over from another: what it needs is made before, the change itself is short. */
#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "io/log.h"
#include "watch/live_state.h"

/* ---- what agencies want different ---- */

static bool tagged(const struct sigma_meta *meta, struct str tag)
{
    for (uint32_t i = 0; i < meta->n_tags; i++)
        if (str_eq_ascii_nocase(meta->tags[i], tag))
            return true;
    return false;
}

static bool without(const struct live_agency *agency, const struct sigma_meta *meta)
{
    for (size_t i = 0; i < agency->n_without; i++) {
        struct str name = agency->without[i];
        if (name.len && (str_eq_ascii_nocase(name, meta->id) || str_eq(name, meta->name) ||
                         str_eq(name, meta->title) || tagged(meta, name)))
            return true;
    }
    return false;
}

void choices_free(struct choice *choices, size_t n)
{
    for (size_t i = 0; choices && i < n; i++) {
        free(choices[i].rules);
        free(choices[i].correlations);
    }
    free(choices);
}

static int make_choice(const struct live_agency *agency, const struct sigma_set *set,
                       struct choice *choice)
{
    choice->agency = agency;
    choice->rules = calloc(set->rules.len + 1, 1);
    choice->correlations = calloc(set->correlations.len + 1, 1);
    if (!choice->rules || !choice->correlations)
        return -ENOMEM;
    for (size_t i = 0; i < set->rules.len; i++) {
        const struct sigma_meta *meta = &set->rules.items[i]->meta;
        if (without(agency, meta))
            choice->rules[i] = USE_FINDING | USE_HIT;
        else if (meta->level < agency->level)
            choice->rules[i] = USE_FINDING; /* correlations may still make something of it */
    }
    for (size_t i = 0; i < set->correlations.len; i++) {
        const struct sigma_meta *meta = &set->correlations.items[i]->meta;
        choice->correlations[i] = meta->level < agency->level || without(agency, meta);
    }
    return 0;
}

/* ---- a change ---- */

int change_prepare(struct live *live, struct live_version *version, struct change *ret_change,
                   struct err *err)
{
    struct change change = {.version = version};
    struct correlator_options options = {
        .disorder_us = CORRELATE_DISORDER_ALL, /* the recorder keeps the watermark */
        .memory_max = live->options.correlator_memory,
    };
    if (version->set->correlations.len) {
        change.correlator = correlator_new(version->set, &options, correlated_match, live, err);
        if (!change.correlator)
            return err->code;
    }
    change.choices = calloc(version->n_agencies + 1, sizeof(*change.choices));
    int r = change.choices ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < version->n_agencies; i++)
        r = make_choice(&version->agencies[i], version->set, &change.choices[i]);
    if (r == 0) {
        *ret_change = change;
        return 0;
    }
    correlator_free(change.correlator);
    choices_free(change.choices, version->n_agencies);
    return err_set(err, r, "no memory for a version of the rules");
}

void change_free(struct change *change)
{
    if (!change->version)
        return;
    correlator_free(change->correlator);
    choices_free(change->choices, change->version->n_agencies);
    change->version->free(change->version);
    *change = (struct change){0};
}

/* Correlations that are the same in both go on where they were. */
static void carry_over(struct live *live, struct change *change)
{
    struct recorder *recorder = &live->recorder;
    struct err err = {0};
    struct correlator_stats stats;
    if (!recorder->correlator || !change->correlator)
        return;
    buf_clear(&recorder->state);
    int r = correlator_save(recorder->correlator, &recorder->state);
    if (r < 0)
        err_set(&err, r, "no memory for the state of correlations");
    else
        r = correlator_load(change->correlator, buf_str(&recorder->state), &err);
    if (r < 0) {
        log_say(LOG_WARN, "detect.correlations", "they start over: %s", err.message);
        struct change again = {0};
        struct live_version *version = change->version;
        if (change_prepare(live, version, &again, &err) == 0) {
            correlator_free(change->correlator);
            choices_free(change->choices, version->n_agencies);
            *change = again;
        }
    }
    correlator_stats(change->correlator, &stats);
    if (stats.dropped)
        log_say(LOG_INFO, "detect.correlations",
                "%llu events of correlations that have changed are forgotten",
                (unsigned long long)stats.dropped);
}

/* The counters of a correlator that goes. */
static void sum_up(struct recorder *recorder)
{
    struct correlator_stats stats;
    if (!recorder->correlator)
        return;
    correlator_stats(recorder->correlator, &stats);
    recorder->before.hits += stats.hits;
    recorder->before.matches += stats.matches;
    recorder->before.late += stats.late;
    recorder->before.forgotten += stats.forgotten;
    recorder->before.dropped += stats.dropped;
}

/* A clock that was far ahead and is right again: what was put in order by it is given up. */
static void start_over(struct live *live)
{
    struct change change = {0};
    struct err err = {0};
    log_say(LOG_WARN, "detect.clock", "the clock was set back: correlations start over");
    if (change_prepare(live, live->version, &change, &err) < 0) {
        log_say(LOG_ERROR, "detect.clock", "%s", err.message);
        return;
    }
    sum_up(&live->recorder);
    correlator_free(live->recorder.correlator);
    choices_free(change.choices, live->version->n_agencies);
    live->recorder.correlator = change.correlator;
    live->recorder.released = TIME_UNSET;
    live->recorder.dirty = true;
}

static struct exceptions *load_exceptions(struct live *live, const struct live_version *version)
{
    struct err err = {0};
    uint32_t bad = 0;
    struct exceptions *exceptions =
        exceptions_load(live->recorder.ledger, version->set, version->datasets, &bad, &err);
    if (!exceptions || bad)
        log_say(LOG_WARN, "detect.exceptions", "%u can't be used: %s", bad, err.message);
    return exceptions;
}

/* With the lock; no worker has a claim. */
static struct live_version *exchange(struct live *live, struct change *change)
{
    struct live_version *old = live->version;
    for (unsigned i = 0; i < live->n_workers; i++)
        worker_strip(&live->workers[i]);
    evidence_close(live);
    sum_up(&live->recorder);
    correlator_free(live->recorder.correlator);
    choices_free(live->choices, old->n_agencies);
    change->version->number = old->number + 1;
    live->version = change->version;
    live->recorder.correlator = change->correlator;
    live->choices = change->choices;
    live->recorder.dirty = true;
    return old;
}

bool change_over(struct live *live)
{
    struct live_version *old = NULL;
    pthread_mutex_lock(&live->lock);
    struct change change = live->next;
    uint64_t wanted = live->exceptions_wanted;
    bool clock_back = live->clock_back;
    live->changing = clock_back || change.version || wanted != live->exceptions_loaded;
    live->clock_back = false;
    live->next = (struct change){0};
    pthread_mutex_unlock(&live->lock);
    if (!live->changing)
        return true;
    if (clock_back)
        start_over(live);
    struct exceptions *exceptions =
        load_exceptions(live, change.version ? change.version : live->version);
    if (change.version && exceptions)
        carry_over(live, &change);
    pthread_mutex_lock(&live->lock);
    if (!exceptions) { /* the ledger does not answer: nothing goes on before it does */
        if (change.version && live->next.version)
            change_free(&change);
        else if (change.version)
            live->next = change;
        pthread_mutex_unlock(&live->lock);
        return false;
    }
    exceptions_free(live->exceptions);
    live->exceptions = exceptions;
    live->exceptions_loaded = wanted;
    if (change.version)
        old = exchange(live, &change);
    pthread_mutex_unlock(&live->lock);
    if (change.version)
        live_tell_changed(live); /* workers still wait */
    pthread_mutex_lock(&live->lock);
    live->changing = false;
    pthread_cond_broadcast(&live->work);
    pthread_mutex_unlock(&live->lock);
    if (old)
        old->free(old);
    return true;
}
