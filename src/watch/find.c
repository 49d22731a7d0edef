/* What is found in one event: rules, indicators, hits of correlations. Nothing is allocated but for matches. */
#include <errno.h>

#include "base/hash.h"
#include "base/time.h"
#include "scan/copy.h"
#include "scan/indicators.h"
#include "sigma/values.h"
#include "watch/live_state.h"

/* An event that matched; copied when the first fold wants it. */
struct found {
    struct worker *worker;
    struct event *event;
    uint64_t mark, offset;
    int64_t time; /* for findings: where undated, when it was received */
    struct str host, user;
    const struct finding_event *copy; /* with fields, for the OCSF document */
    const struct ledger_event *kept;
    bool tried; /* it was too large, or there was no room */
};

static void count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

struct str find_rule_id(const struct sigma_meta *meta)
{
    if (meta->id.len)
        return meta->id;
    return meta->name.len ? meta->name : meta->title;
}

/* ---- the event as it is kept ---- */

static void add_member(struct buf *out, const char *key, struct str value)
{
    buf_add_c(out, key);
    buf_add_json(out, value);
}

struct str find_json(struct event *event, const struct datasets *datasets,
                     const struct spool_batch *batch, uint64_t mark, struct buf *work,
                     struct arena *arena)
{
    uint32_t part = mark & ((1u << MARK_PART_BITS) - 1);
    uint64_t offset = mark >> MARK_PART_BITS & ((UINT64_C(1) << MARK_OFFSET_BITS) - 1);
    int64_t time = datasets_time(datasets, event);
    buf_clear(work);
    buf_printf(work, "{\"_id\":\"%llu.%llu",
               (unsigned long long)(mark >> (MARK_PART_BITS + MARK_OFFSET_BITS)),
               (unsigned long long)offset);
    if (part)
        buf_printf(work, ".%u", part);
    buf_add_byte(work, '"');
    add_member(work, ",\"_agency\":", batch->agency);
    add_member(work, ",\"_source\":", batch->source);
    if (event->dataset != DATASET_NONE)
        add_member(work, ",\"_dataset\":", datasets_get(datasets, event->dataset)->name);
    if (time != TIME_UNSET) {
        char text[TIME_TEXT_MAX];
        add_member(work, ",\"_time\":", str_of(text, time_format(time, text)));
    }
    size_t native = work->len;
    event_write_json(event, work);
    if (work->failed)
        return (struct str){0};
    bool empty = work->len - native == 2;
    work->ptr[native] = empty ? '}' : ','; /* in the place of its brace */
    if (empty)
        work->len--;
    struct str copied = arena_copy(arena, buf_str(work));
    return copied.ptr ? copied : (struct str){0};
}

/* Copies the event into the round, once. */
static void keep_event(struct found *found)
{
    struct worker *worker = found->worker;
    struct arena *arena = &worker->round->arena;
    const struct datasets *datasets = worker->live->version->datasets;
    size_t size = 0;
    if (found->tried)
        return;
    found->tried = true;
    for (uint32_t i = 0; i < found->event->n_slots; i++)
        size += found->event->slots[i].text_len;
    struct ledger_event *kept = arena_zero(arena, 1, sizeof(*kept));
    struct finding_event *copy = arena_zero(arena, 1, sizeof(*copy));
    if (size > ROUND_EVENT_MAX || !kept || !copy ||
        !copy_event(found->event, datasets, &worker->work, arena, copy)) {
        count(&worker->counts.cut);
        return;
    }
    copy->path = worker->source;
    copy->record = found->mark;
    copy->json =
        find_json(found->event, datasets, worker->batch, found->mark, &worker->work, arena);
    *kept = (struct ledger_event){.partition = worker->round->partition,
                                  .offset = found->offset,
                                  .time = copy->time,
                                  .json = copy->json};
    if (!copy->json.len) {
        count(&worker->counts.cut);
        return;
    }
    found->copy = copy;
    found->kept = kept;
}

/* ---- folds ---- */

static void fold_event(struct found *found, struct fold *fold)
{
    struct fold_event *node;
    keep_event(found);
    if (!fold->event)
        fold->event = found->copy;
    if (!found->kept)
        return;
    node = arena_alloc(&found->worker->round->arena, sizeof(*node));
    if (node)
        fold_add_event(fold, node, found->kept);
}

/* A fold of the key that worker->key holds, with this match in it. NULL: no memory. */
static struct fold *fold_match(struct found *found, enum finding_kind kind, bool apart)
{
    struct worker *worker = found->worker;
    struct round *round = worker->round;
    struct str key = buf_str(&worker->key);
    uint64_t hash = hash_text(key);
    if (worker->key.failed)
        return NULL;
    struct fold *fold =
        fold_find(&round->folds, key, hash, found->time, worker->live->options.fold_us);
    if (!fold) {
        fold = arena_zero(&round->arena, 1, sizeof(*fold));
        if (!fold)
            return NULL;
        *fold = (struct fold){
            .kind = kind,
            .hash = hash,
            .key = arena_copy(&round->arena, key),
            .agency = worker->agency,
            .source = worker->source,
            .first = found->time,
            .last = found->time,
        };
        if (apart) {
            fold->host = arena_copy(&round->arena, found->host);
            fold->user = arena_copy(&round->arena, found->user);
        }
        if (!fold->key.ptr || fold_add(&round->folds, fold) < 0)
            return NULL;
    }
    fold->count++;
    if (found->time < fold->first)
        fold->first = found->time;
    if (found->time > fold->last)
        fold->last = found->time;
    worker->matches++;
    return fold;
}

/* Same host and user are the same; without either, the same source. */
static void add_entities(struct found *found, struct buf *key)
{
    bool unknown = !found->host.len && !found->user.len;
    fold_key_add(key, found->host);
    fold_key_add(key, found->user);
    fold_key_add(key, unknown ? found->worker->source : (struct str){0});
}

/* Has a finding the match already, whose key worker->key holds? */
static bool is_known(struct found *found)
{
    const struct live_options *options = &found->worker->live->options;
    const struct live_match match = {
        .key = buf_str(&found->worker->key),
        .partition = found->worker->round->partition,
        .offset = found->offset,
        .time = found->time,
    };
    return options->known && options->known(options->context, &match);
}

static int add_rule(struct found *found, uint32_t number)
{
    struct worker *worker = found->worker;
    struct live *live = worker->live;
    const struct sigma_rule *rule = live->version->set->rules.items[number];
    uint64_t pair =
        hash_mix(hash_text(worker->agency), hash_mix(live->version->number, (uint64_t)number + 1));
    /* From the newest to the oldest there is no minute to count in: all of them together. */
    int64_t minute = live->options.newest_first ? 0 : worker->batch->received;
    bool apart = throttle_pass(live->throttle, pair, minute);
    fold_key_begin(&worker->key, apart ? 'r' : 'R');
    fold_key_add(&worker->key, find_rule_id(&rule->meta));
    fold_key_add(&worker->key, worker->agency);
    if (apart)
        add_entities(found, &worker->key);
    if (is_known(found))
        return 0;
    struct fold *fold = fold_match(found, FINDING_RULE, apart);
    if (!fold)
        return -ENOMEM;
    fold->number = number;
    count(&worker->counts.matches);
    count(&worker->rules[number].matches);
    if (fold->n_events < FOLD_EVENTS_MAX && (apart || fold->count == 1))
        fold_event(found, fold);
    if (!apart) {
        fold->throttled++;
        count(&worker->counts.throttled);
        count(&worker->rules[number].throttled);
    }
    return 0;
}

/* ---- indicators ---- */

static const struct indicator *copy_indicator(struct arena *arena, const struct intel_match *match)
{
    struct indicator *copy = arena_zero(arena, 1, sizeof(*copy));
    if (!copy)
        return NULL;
    *copy = match->indicator;
    copy->value = arena_copy(arena, copy->value);
    copy->source = arena_copy(arena, copy->source);
    copy->id = arena_copy(arena, copy->id);
    copy->label = arena_copy(arena, copy->label);
    bool whole = copy->value.ptr && copy->source.ptr && copy->id.ptr && copy->label.ptr;
    return whole ? copy : NULL;
}

/* Does the agency want to hear of the indicator? */
static bool wants_indicator(const struct choice *choice, const struct indicator *indicator)
{
    if (!choice)
        return true;
    for (size_t i = 0; i < choice->agency->n_without; i++)
        if (indicator->id.len && str_eq_ascii_nocase(choice->agency->without[i], indicator->id))
            return false;
    return indicator_level(indicator) >= choice->agency->level;
}

static int add_indicator(struct found *found, const struct intel_match *match)
{
    struct worker *worker = found->worker;
    if (!wants_indicator(worker->choice, &match->indicator)) {
        count(&worker->counts.excepted);
        return 0;
    }
    fold_key_begin(&worker->key, 'i');
    fold_key_add(&worker->key, match->indicator.value);
    fold_key_add(&worker->key, worker->agency);
    fold_key_add(&worker->key, found->host);
    if (is_known(found))
        return 0;
    struct fold *fold = fold_match(found, FINDING_INDICATOR, true);
    if (!fold)
        return -ENOMEM;
    if (!fold->indicator)
        fold->indicator = copy_indicator(&worker->round->arena, match);
    if (!fold->indicator)
        return -ENOMEM;
    count(&worker->counts.indicator_matches);
    if (fold->n_events < FOLD_EVENTS_MAX)
        fold_event(found, fold);
    return 0;
}

/* ---- hits of correlations ---- */

/* The first value of the field a rule calls `name`; ptr NULL: absent. */
static struct str hit_value(struct found *found, struct str name, struct arena *arena)
{
    struct values values;
    struct slot *slot;
    values_begin(&values, found->worker->live->version->datasets, found->event, name);
    do
        slot = values_next(&values);
    while (slot && slot->type == VALUE_NULL);
    return slot ? arena_copy(arena, event_text(found->event, slot)) : (struct str){0};
}

/* Is the event's time one that its receipt bears out? */
static bool in_time(struct worker *worker, int64_t time)
{
    int64_t received = worker->batch->received, disorder = worker->live->options.disorder_us;
    if (time == TIME_UNSET)
        return true; /* the correlator counts it as undated */
    if (time < received - disorder)
        count(&worker->counts.late);
    else if (time > received + disorder)
        count(&worker->counts.ahead);
    else
        return true;
    return false;
}

static int add_hit(struct found *found, uint32_t number)
{
    struct worker *worker = found->worker;
    struct round *round = worker->round;
    const struct str *names = NULL;
    int64_t time = datasets_time(worker->live->version->datasets, found->event);
    if (!in_time(worker, time))
        return 0;
    uint32_t n = correlator_fields(worker->live->recorder.correlator, number, &names);
    struct str *values = arena_zero(&round->arena, (size_t)n + 1, sizeof(*values));
    if (!values)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        values[i] = hit_value(found, names[i], &round->arena);
    struct correlation_hit hit = {
        .time = time,
        .rule = number,
        .source = round->partition,
        .record = found->mark,
        .event = found->mark,
        .realm = worker->agency,
        .values = values,
        .n_values = n,
    };
    return vec_push(&round->hits, hit);
}

/* ---- the event ---- */

static int find_rule(struct found *found, uint32_t number, bool counted)
{
    struct worker *worker = found->worker;
    struct live *live = worker->live;
    uint8_t uses = worker->uses[number];
    uint8_t wanted = uses & (uint8_t) ~(worker->choice ? worker->choice->rules[number] : 0);
    if (wanted && live->exceptions &&
        exceptions_take(live->exceptions, number, worker->agency, worker->batch->received,
                        found->event))
        wanted = 0;
    if (uses & ~wanted & USE_FINDING && !counted)
        count(&worker->counts.excepted);
    int r = wanted & USE_HIT ? add_hit(found, number) : 0;
    if (r == 0 && wanted & USE_FINDING && !counted)
        r = add_rule(found, number);
    return r;
}

int find_take(struct worker *worker, struct event *event, const struct find_matches *matches)
{
    const struct live_version *version = worker->live->version;
    int64_t time = datasets_time(version->datasets, event);
    struct found found = {
        .worker = worker,
        .event = event,
        .mark = mark_make(worker->round->partition, matches->offset, matches->part),
        .offset = matches->offset,
        .time = time == TIME_UNSET ? worker->batch->received : time,
        .host = datasets_host(version->datasets, event),
        .user = datasets_user(version->datasets, event),
    };
    int r = 0;
    for (size_t i = 0; i < matches->n_rules && r == 0; i++)
        r = find_rule(&found, matches->rules[i], matches->counted);
    for (size_t i = 0; i < matches->n_indicators && r == 0 && !matches->counted; i++)
        r = add_indicator(&found, &matches->indicators[i]);
    return r;
}

int find_in_event(void *context, struct event *event, struct batch_place place)
{
    struct worker *worker = context;
    const struct live_version *version = worker->live->version;
    struct find_matches matches = {.offset = worker->offset + place.index, .part = place.part};
    if (worker->round->arena.size > ROUND_ARENA_FULL && place.part == 0 &&
        matches.offset > worker->round->from) {
        int r = worker_hand_over(worker, matches.offset);
        if (r < 0)
            return r;
    }
    datasets_recognise(version->datasets, event);
    time_extend(&worker->first, &worker->last, datasets_time(version->datasets, event));
    if (++worker->unsampled >= LIVE_SAMPLE_EVERY) {
        worker->unsampled = 0;
        worker_sample(worker, event);
    }
    matches.n_rules = matcher_run(worker->matcher, event, &matches.rules);
    if (worker->intel)
        matches.n_indicators =
            intel_matcher_run(worker->intel, event, worker->batch->received, &matches.indicators);
    if (matches.n_rules + matches.n_indicators == 0)
        return 0;
    matches.counted = matches.offset < worker->live->partitions[worker->round->partition].counted;
    return find_take(worker, event, &matches);
}
