/*
 * What came true in correlations, as folds of the transaction. Their events may be long past: they are read again
 * from the spool, by their marks.
 */
#include <errno.h>

#include "base/hash.h"
#include "io/log.h"
#include "scan/copy.h"
#include "watch/live_state.h"

#define CORRELATED_ARENA_FULL (32u << 20) /* bytes of events kept in a transaction */

/* ---- events, read again ---- */

void evidence_close(struct live *live)
{
    struct evidence *evidence = &live->recorder.evidence;
    if (evidence->equipped)
        batch_reader_free(&evidence->reading);
    if (evidence->reader)
        live->options.engine->reader_free(evidence->reader);
    *evidence = (struct evidence){0};
}

/* The event of evidence->mark, as it is kept. */
static int take_event(void *context, struct event *event, const struct spool_batch *from)
{
    struct live *live = context;
    struct recorder *recorder = &live->recorder;
    struct evidence *evidence = &recorder->evidence;
    struct arena *arena = &recorder->transaction.arena;
    struct datasets *datasets = live->version->datasets;
    struct finding_event *found = arena_zero(arena, 1, sizeof(*found));
    datasets_recognise(datasets, event);
    if (!found || !copy_event(event, datasets, &recorder->text, arena, found))
        return -ENOMEM;
    found->path = arena_copy(arena, from->source);
    found->record = evidence->mark;
    found->json = find_json(event, datasets, from, evidence->mark, &recorder->text, arena);
    evidence->found = found->json.len ? found : NULL;
    return 0;
}

static int on_event(void *context, struct event *event, struct batch_place place)
{
    struct live *live = context;
    const struct evidence *evidence = &live->recorder.evidence;
    bool wanted = mark_make(evidence->partition, evidence->offset + place.index, place.part) ==
                  evidence->mark;
    return wanted ? take_event(live, event, &evidence->batch) : 0;
}

/* Makes evidence->batch the one that holds the offset. False: it is not there any more. */
static bool find_batch(struct live *live, uint32_t partition, uint64_t offset)
{
    struct evidence *evidence = &live->recorder.evidence;
    const struct spool_ops *ops = live->options.engine;
    if (evidence->batch.n && evidence->partition == partition && offset >= evidence->offset &&
        offset - evidence->offset < evidence->batch.n)
        return true;
    if (evidence->reader)
        ops->reader_free(evidence->reader);
    evidence->batch.n = 0;
    evidence->partition = partition;
    evidence->reader = ops->reader_new(live->options.spool, partition, offset);
    int r = evidence->reader ? ops->read(evidence->reader, &evidence->batch, &evidence->offset) : 0;
    if (r != 1)
        evidence->batch.n = 0;
    return r == 1 && offset >= evidence->offset && offset - evidence->offset < evidence->batch.n;
}

/* The event of a mark, in the transaction's arena; NULL: it is gone. */
static struct finding_event *read_event(struct live *live, uint64_t mark, uint64_t *ret_offset)
{
    struct evidence *evidence = &live->recorder.evidence;
    uint32_t partition = (uint32_t)(mark >> (MARK_PART_BITS + MARK_OFFSET_BITS));
    uint64_t offset = mark >> MARK_PART_BITS & ((UINT64_C(1) << MARK_OFFSET_BITS) - 1);
    if (live->options.read) {
        uint32_t part = mark & ((1u << MARK_PART_BITS) - 1);
        evidence->mark = mark;
        evidence->partition = partition;
        evidence->found = NULL;
        *ret_offset = offset;
        int r =
            live->options.read(live->options.context, partition, offset, part, take_event, live);
        return r < 0 ? NULL : evidence->found;
    }
    if (!evidence->equipped &&
        batch_reader_init(&evidence->reading, live->version->fields, on_event, live) < 0)
        return NULL;
    evidence->equipped = true;
    if (partition >= live->n_partitions || !find_batch(live, partition, offset))
        return NULL;
    uint32_t index = (uint32_t)(offset - evidence->offset);
    evidence->mark = mark;
    evidence->found = NULL;
    if (batch_reader_run(&evidence->reading, &evidence->batch, index, index + 1) < 0)
        return NULL;
    *ret_offset = offset;
    return evidence->found;
}

/* The first and the last events of the match: n of them, no more than FOLD_EVENTS_MAX. */
static struct finding_event *read_events(struct live *live, const struct correlation_match *match,
                                         struct fold *fold, uint32_t *ret_n)
{
    struct arena *arena = &live->recorder.transaction.arena;
    struct finding_event *events = arena_zero(arena, FOLD_EVENTS_MAX, sizeof(*events));
    uint32_t n = match->n_events < FOLD_EVENTS_MAX ? match->n_events : FOLD_EVENTS_MAX;
    *ret_n = 0;
    for (uint32_t i = 0; events && i < n; i++) {
        uint32_t at = i < n / 2 ? i : match->n_events - (n - i);
        uint64_t offset;
        struct finding_event *event = read_event(live, match->events[at], &offset);
        struct ledger_event *kept = event ? arena_zero(arena, 1, sizeof(*kept)) : NULL;
        struct fold_event *node = kept ? arena_alloc(arena, sizeof(*node)) : NULL;
        if (!node)
            continue;
        *kept = (struct ledger_event){.partition = live->recorder.evidence.partition,
                                      .offset = offset,
                                      .time = event->time,
                                      .json = event->json};
        fold_add_event(fold, node, kept);
        events[(*ret_n)++] = *event;
    }
    return events;
}

/* ---- the match ---- */

static uint64_t mix(uint64_t hash, struct str s, uint64_t seed)
{
    return hash_mix(hash, hash_bytes(s.ptr, s.len, seed + s.len));
}

/* A text that only this match has: what it holds. The same after every restart. */
static struct str make_once(struct arena *arena, struct str id,
                            const struct correlation_match *match)
{
    unsigned long long halves[2];
    for (uint64_t seed = 0; seed < 2; seed++) {
        uint64_t hash = mix(mix(seed, id, seed), match->realm, seed);
        for (uint32_t g = 0; g < match->n_groups; g++)
            hash = mix(hash, match->group_values[g], seed);
        hash = hash_mix(hash, (uint64_t)match->first);
        hash = hash_mix(hash, (uint64_t)match->last);
        hash = hash_mix(hash, match->count);
        for (uint32_t i = 0; i < match->n_events; i++)
            hash = hash_mix(hash, match->events[i]);
        halves[seed] = hash;
    }
    return arena_printf(arena, "correlation %016llx%016llx", halves[0], halves[1]);
}

static const struct finding_correlated *copy_correlated(struct arena *arena,
                                                        const struct correlation_match *match,
                                                        const struct finding_event *events,
                                                        uint32_t n_events)
{
    struct finding_correlated *copy = arena_zero(arena, 1, sizeof(*copy));
    struct str *values = arena_zero(arena, (size_t)match->n_groups + 1, sizeof(*values));
    struct str *names = arena_zero(arena, (size_t)match->n_groups + 1, sizeof(*names));
    if (!copy || !values || !names)
        return NULL;
    for (uint32_t g = 0; g < match->n_groups; g++) {
        values[g] = arena_copy(arena, match->group_values[g]);
        names[g] = arena_copy(arena, match->group_names[g]);
    }
    *copy = (struct finding_correlated){
        .first = match->first,
        .last = match->last,
        .count = match->count,
        .value = match->value,
        .group_names = names,
        .group_values = values,
        .n_groups = match->n_groups,
        .events = events,
        .n_events = n_events,
    };
    return copy;
}

static bool wanted(const struct live *live, const struct correlation_match *match)
{
    for (size_t i = 0; i < live->version->n_agencies; i++)
        if (str_eq(live->version->agencies[i].name, match->realm))
            return !live->choices[i].correlations[match->correlation];
    return true;
}

static void make_key(struct buf *key, struct str id, const struct correlation_match *match,
                     bool apart)
{
    fold_key_begin(key, apart ? 'c' : 'C');
    fold_key_add(key, id);
    fold_key_add(key, match->realm);
    for (uint32_t g = 0; apart && g < match->n_groups; g++)
        fold_key_add(key, match->group_values[g]);
}

static int add_match(struct live *live, const struct correlation_match *match)
{
    struct recorder *recorder = &live->recorder;
    struct transaction *transaction = &recorder->transaction;
    struct arena *arena = &transaction->arena;
    const struct sigma_meta *meta =
        &live->version->set->correlations.items[match->correlation]->meta;
    struct str id = find_rule_id(meta);
    uint64_t pair = hash_mix(hash_text(match->realm), hash_text(id));
    bool apart = throttle_pass(live->throttle, pair, match->last);
    struct fold *fold = arena_zero(arena, 1, sizeof(*fold));
    make_key(&recorder->key, id, match, apart);
    if (!fold)
        return -ENOMEM;
    *fold = (struct fold){
        .kind = FINDING_CORRELATION,
        .number = match->correlation,
        .key = arena_copy(arena, buf_str(&recorder->key)),
        .agency = arena_copy(arena, match->realm),
        .once = make_once(arena, id, match),
        .count = 1,
        .throttled = !apart,
        .first = match->first,
        .last = match->last,
    };
    struct finding_event *events = NULL;
    uint32_t n = 0;
    if (apart && arena->size < CORRELATED_ARENA_FULL)
        events = read_events(live, match, fold, &n);
    if (n) {
        fold->event = &events[n - 1];
        fold->host = fold->event->host;
        fold->user = fold->event->user;
        fold->source = fold->event->path;
    }
    fold->correlated = copy_correlated(arena, match, events, n);
    if (!fold->correlated || !fold->key.ptr || !fold->agency.ptr || !fold->once.ptr)
        return -ENOMEM;
    transaction->bytes += 1024;
    return vec_push(&transaction->correlated, fold);
}

void correlated_match(void *context, const struct correlation_match *match)
{
    struct live *live = context;
    if (live->options.correlations && !live->options.correlations[match->correlation])
        return;
    if (!wanted(live, match)) {
        pthread_mutex_lock(&live->lock);
        live->stats.excepted++;
        pthread_mutex_unlock(&live->lock);
        return;
    }
    if (add_match(live, match) < 0)
        log_say(LOG_ERROR, "detect.memory", "no memory for what a correlation found");
}
