#include "scan/detect.h"

#include <errno.h>
#include <stdlib.h>

#include "scan/copy.h"
#include "scan/evidence.h"
#include "scan/indicators.h"
#include "sigma/values.h"

/* What a matched rule gives to correlations. */
struct match_hit {
    uint32_t rule;
    uint32_t n_values;
    struct str *values;
};

/* One event that matched. */
struct match {
    struct finding_event event;
    uint32_t *rules; /* whose findings are wanted */
    uint32_t n_rules;
    struct match_hit *hits;
    uint32_t n_hits;
    struct intel_match *indicators;
    uint32_t n_indicators;
};

struct detect_result {
    struct arena arena;
    VEC(struct match) matches;
};

struct detect_thread {
    struct detect *detect;
    struct matcher *matcher;
    struct intel_matcher *intels[DETECT_INTELS_MAX];
    VEC(struct intel_match) indicators; /* of the present event */
    struct buf work;
    struct detect_stats stats; /* what this thread adds to the sums */
};

/* What becomes of a rule's matches. */
struct rule_use {
    bool wanted;  /* as findings */
    bool counted; /* by correlations */
};

struct detect {
    struct detect_options options;
    struct rule_use *uses; /* per rule */
    struct correlator *correlator;
    struct indicators_kept indicators;
    struct evidence evidence;
    struct detect_stats stats;
    int status;
};

static bool has_tag(const struct sigma_meta *meta, const char *wanted)
{
    struct str tag = str_from_c(wanted);
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        struct str have = meta->tags[i];
        /* attack.t1003 takes its sub-techniques: attack.t1003.001 */
        if (str_eq_ascii_nocase(str_first(have, tag.len), tag) &&
            (have.len == tag.len || have.ptr[tag.len] == '.'))
            return true;
    }
    return false;
}

bool detect_wants(const struct detect_options *options, const struct sigma_meta *meta)
{
    if (meta->level < options->level)
        return false;
    for (size_t i = 0; i < options->n_tags; i++)
        if (has_tag(meta, options->tags[i]))
            return true;
    return options->n_tags == 0;
}

/* ---- in a thread ---- */

static void free_matchers(struct detect_thread *thread)
{
    if (thread->matcher)
        matcher_free(thread->matcher);
    for (size_t i = 0; i < thread->detect->options.n_intels; i++)
        intel_matcher_free(thread->intels[i]);
    vec_free(&thread->indicators);
    buf_free(&thread->work);
    free(thread);
}

static void *thread_new(void *context)
{
    struct detect *detect = context;
    const struct detect_options *options = &detect->options;
    struct detect_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->detect = detect;
    thread->stats.first = thread->stats.last = TIME_UNSET;
    thread->matcher = matcher_new(options->ruleset);
    bool whole = thread->matcher != NULL;
    for (size_t i = 0; whole && i < options->n_intels; i++) {
        thread->intels[i] = intel_matcher_new(options->intels[i], options->datasets);
        whole = thread->intels[i] != NULL;
    }
    if (whole)
        return thread;
    free_matchers(thread);
    return NULL;
}

/* In the owner's thread, after all work: its figures join the sums. */
static void thread_free(void *state)
{
    struct detect_thread *thread = state;
    struct detect_stats *sum = &thread->detect->stats;
    struct matcher_stats matcher;
    matcher_stats(thread->matcher, &matcher);
    sum->regex_limited += matcher.regex_limited;
    sum->partial += matcher.failed;
    sum->undated += thread->stats.undated;
    sum->outside += thread->stats.outside;
    sum->cut += thread->stats.cut;
    time_extend(&sum->first, &sum->last, thread->stats.first);
    time_extend(&sum->first, &sum->last, thread->stats.last);
    for (size_t i = 0; i < thread->detect->options.n_intels; i++)
        sum->indicators_dropped += intel_matcher_dropped(thread->intels[i]);
    free_matchers(thread);
}

static void *result_new(void *context)
{
    (void)context;
    struct detect_result *result = calloc(1, sizeof(*result));
    if (result)
        arena_init(&result->arena, DETECT_RESULT_MAX);
    return result;
}

static void result_free(void *state)
{
    struct detect_result *result = state;
    vec_free(&result->matches);
    arena_free(&result->arena);
    free(result);
}

static void begin(void *thread, void *state)
{
    (void)thread;
    struct detect_result *result = state;
    result->matches.len = 0;
    if (result->arena.size > DETECT_RESULT_MAX / 16)
        arena_free(&result->arena); /* a flood in one chunk is no reason to keep its memory */
    else
        arena_reset(&result->arena);
}

/* Is the event within --from and --to? Notes its time. */
static bool in_range(struct detect_thread *thread, struct event *event)
{
    const struct detect_options *options = &thread->detect->options;
    int64_t time = datasets_time(options->datasets, event);
    if (time == TIME_UNSET) {
        bool asked = options->from != TIME_UNSET || options->to != TIME_UNSET;
        thread->stats.undated += asked;
        return !asked;
    }
    if ((options->from != TIME_UNSET && time < options->from) ||
        (options->to != TIME_UNSET && time >= options->to)) {
        thread->stats.outside++;
        return false;
    }
    time_extend(&thread->stats.first, &thread->stats.last, time);
    return true;
}

/* The first value of the field a rule calls `name`; ptr NULL: absent. */
static struct str hit_value(struct detect *detect, struct event *event, struct str name,
                            struct arena *arena)
{
    struct values values;
    struct slot *slot;
    values_begin(&values, detect->options.datasets, event, name);
    do
        slot = values_next(&values);
    while (slot && slot->type == VALUE_NULL);
    return slot ? arena_copy(arena, event_text(event, slot)) : (struct str){0};
}

static bool add_hit(struct detect *detect, struct event *event, uint32_t rule, struct arena *arena,
                    struct match_hit *ret_hit)
{
    const struct str *names = NULL;
    uint32_t n = correlator_fields(detect->correlator, rule, &names);
    struct str *values = arena_zero(arena, n ? n : 1, sizeof(*values));
    if (!values)
        return false;
    for (uint32_t i = 0; i < n; i++)
        values[i] = hit_value(detect, event, names[i], arena);
    *ret_hit = (struct match_hit){rule, n, values};
    return true;
}

/* What the indicators say lives as long as they do; where they were found is copied. */
static int copy_indicators(struct detect_thread *thread, struct arena *arena, struct match *match)
{
    size_t n = thread->indicators.len;
    match->indicators = arena_zero(arena, n ? n : 1, sizeof(*match->indicators));
    if (!match->indicators)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        struct intel_match copy = thread->indicators.items[i];
        copy.indicator.value = arena_copy(arena, copy.indicator.value);
        copy.field = arena_copy(arena, copy.field);
        copy.text = arena_copy(arena, copy.text);
        if (!copy.indicator.value.ptr || !copy.field.ptr || !copy.text.ptr)
            return -ENOMEM;
        match->indicators[match->n_indicators++] = copy;
    }
    return 0;
}

static int keep_match(struct detect_thread *thread, struct detect_result *result,
                      struct event *event, const uint32_t *rules, size_t n_rules)
{
    struct detect *detect = thread->detect;
    struct match match = {0};
    size_t wanted = 0, counted = 0;
    for (size_t i = 0; i < n_rules; i++) {
        wanted += detect->uses[rules[i]].wanted;
        counted += detect->uses[rules[i]].counted;
    }
    if (wanted + counted + thread->indicators.len == 0)
        return 0;
    if (!copy_event(event, detect->options.datasets, &thread->work, &result->arena, &match.event))
        thread->stats.cut++;
    match.rules = arena_zero(&result->arena, wanted ? wanted : 1, sizeof(*match.rules));
    match.hits = arena_zero(&result->arena, counted ? counted : 1, sizeof(*match.hits));
    if (!match.rules || !match.hits)
        return -ENOMEM;
    for (size_t i = 0; i < n_rules; i++) {
        const struct rule_use *use = &detect->uses[rules[i]];
        if (use->wanted)
            match.rules[match.n_rules++] = rules[i];
        if (use->counted) {
            if (!add_hit(detect, event, rules[i], &result->arena, &match.hits[match.n_hits]))
                return -ENOMEM;
            match.n_hits++;
        }
    }
    int status = copy_indicators(thread, &result->arena, &match);
    return status < 0 ? status : vec_push(&result->matches, match);
}

/* Those of all sets, into thread->indicators. */
static int find_indicators(struct detect_thread *thread, struct event *event)
{
    const struct detect_options *options = &thread->detect->options;
    const struct intel_match *found;
    thread->indicators.len = 0;
    for (size_t i = 0; i < options->n_intels; i++) {
        size_t n = intel_matcher_run(thread->intels[i], event, options->now, &found);
        for (size_t k = 0; k < n; k++)
            if (vec_push(&thread->indicators, found[k]) < 0)
                return -ENOMEM;
    }
    return 0;
}

static int on_event(void *state, void *result, struct event *event)
{
    struct detect_thread *thread = state;
    const uint32_t *rules;
    datasets_recognise(thread->detect->options.datasets, event);
    if (!in_range(thread, event))
        return 0;
    if (find_indicators(thread, event) < 0)
        return -ENOMEM;
    size_t n = matcher_run(thread->matcher, event, &rules);
    return n || thread->indicators.len ? keep_match(thread, result, event, rules, n) : 0;
}

/* ---- in the owner's thread ---- */

static void hand_over(struct detect *detect, const struct finding *finding)
{
    if (detect->status < 0)
        return;
    detect->stats.findings++;
    detect->status = detect->options.finding(detect->options.context, finding);
}

static int deliver_indicators(struct detect *detect, const struct match *match)
{
    for (uint32_t i = 0; detect->status == 0 && i < match->n_indicators; i++) {
        uint32_t number;
        int status = indicators_keep(&detect->indicators, &match->indicators[i].indicator, &number);
        if (status < 0)
            return status;
        struct finding finding = {
            .index = number,
            .meta = detect->indicators.metas.items[number],
            .indicator = &match->indicators[i],
            .event = &match->event,
        };
        if (detect_wants(&detect->options, finding.meta))
            hand_over(detect, &finding);
    }
    return 0;
}

static int deliver(struct detect *detect, const struct match *match, uint64_t source)
{
    for (uint32_t i = 0; i < match->n_rules; i++) {
        const struct sigma_rule *rule = detect->options.set->rules.items[match->rules[i]];
        struct finding finding = {
            .index = match->rules[i],
            .meta = &rule->meta,
            .rule = rule,
            .event = &match->event,
        };
        hand_over(detect, &finding);
    }
    int found = deliver_indicators(detect, match);
    if (detect->status == 0)
        detect->status = found;
    uint64_t mark = match->n_hits ? evidence_add(&detect->evidence, &match->event) : 0;
    for (uint32_t i = 0; detect->status == 0 && i < match->n_hits; i++) {
        struct correlation_hit hit = {
            .time = match->event.time,
            .rule = match->hits[i].rule,
            .source = source,
            .record = match->event.record,
            .event = mark,
            .values = match->hits[i].values,
            .n_values = match->hits[i].n_values,
        };
        int status = correlator_add(detect->correlator, &hit);
        if (detect->status == 0)
            detect->status = status;
    }
    return detect->status;
}

static int on_chunk(void *context, const struct scan_chunk *chunk)
{
    struct detect *detect = context;
    struct detect_result *result = chunk->result;
    for (size_t i = 0; detect->status == 0 && i < result->matches.len; i++) {
        struct match *match = &result->matches.items[i];
        match->event.path = chunk->stream->path;
        match->event.record += chunk->record_base;
        match->event.offset += chunk->offset;
        deliver(detect, match, chunk->stream->number);
    }
    return detect->status;
}

static void on_correlation(void *context, const struct correlation_match *match)
{
    struct detect *detect = context;
    const struct sigma_correlation *correlation =
        detect->options.set->correlations.items[match->correlation];
    struct finding_event events[CORRELATE_EVENTS_MAX];
    uint32_t n = 0;
    if (!detect_wants(&detect->options, &correlation->meta))
        return;
    for (uint32_t i = 0; i < match->n_events; i++) {
        const struct finding_event *event = evidence_get(&detect->evidence, match->events[i]);
        if (event)
            events[n++] = *event;
    }
    struct finding_correlated correlated = {
        .first = match->first,
        .last = match->last,
        .count = match->count,
        .value = match->value,
        .group_names = match->group_names,
        .group_values = match->group_values,
        .n_groups = match->n_groups,
        .events = events,
        .n_events = n,
    };
    struct finding finding = {
        .index = match->correlation,
        .meta = &correlation->meta,
        .correlation = correlation,
        .event = n ? &events[n - 1] : NULL,
        .correlated = &correlated,
    };
    hand_over(detect, &finding);
}

/* ---- its life ---- */

struct detect *detect_new(const struct detect_options *options, struct err *err)
{
    size_t n = options->set->rules.len;
    struct detect *detect = calloc(1, sizeof(*detect));
    if (!detect) {
        err_set(err, -ENOMEM, "no memory for the matcher");
        return NULL;
    }
    detect->options = *options;
    detect->stats.first = detect->stats.last = TIME_UNSET;
    evidence_init(&detect->evidence, DETECT_EVIDENCE_MAX);
    detect->uses = calloc(n ? n : 1, sizeof(*detect->uses));
    if (!detect->uses) {
        err_set(err, -ENOMEM, "no memory for the matcher");
        goto failed;
    }
    if (options->set->correlations.len) {
        detect->correlator =
            correlator_new(options->set, &options->correlator, on_correlation, detect, err);
        if (!detect->correlator)
            goto failed;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct sigma_rule *rule = options->set->rules.items[i];
        detect->uses[i].wanted = rule->generate && detect_wants(options, &rule->meta);
        detect->uses[i].counted = detect->correlator && correlator_uses(detect->correlator, i);
    }
    return detect;

failed:
    detect_free(detect);
    return NULL;
}

void detect_free(struct detect *detect)
{
    if (!detect)
        return;
    if (detect->correlator)
        correlator_free(detect->correlator);
    evidence_free(&detect->evidence);
    indicators_kept_free(&detect->indicators);
    free(detect->uses);
    free(detect);
}

void detect_job(struct detect *detect, struct scan_job *ret_job)
{
    *ret_job = (struct scan_job){
        .context = detect,
        .thread_new = thread_new,
        .thread_free = thread_free,
        .result_new = result_new,
        .result_free = result_free,
        .begin = begin,
        .event = on_event,
        .chunk = on_chunk,
    };
}

int detect_finish(struct detect *detect)
{
    int status = 0;
    if (detect->correlator && detect->status == 0)
        status = correlator_finish(detect->correlator);
    return detect->status < 0 ? detect->status : status;
}

void detect_stats(const struct detect *detect, struct detect_stats *ret_stats)
{
    *ret_stats = detect->stats;
    if (detect->correlator)
        correlator_stats(detect->correlator, &ret_stats->correlations);
}
