/*
 * The time line. Hits are put in order and taken one instant at a time:
 *
 *     instant t:  1. every event of t enters the windows of its correlations
 *                 2. window by window, lower chains first: rising conditions of groups with new
 *                    events, full windows whose first event is now a timespan ago
 *                 3. what came true goes to the sink, and enters the windows of correlations
 *                    that list it, still at t
 *
 * Instants are the times of hits and the deadlines of full windows, in one order.
 */
#include "sigma/correlate_state.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"

#define CHECK_MEMORY_EVERY 1024 /* events, while releasing */

/* How many hits ahead their record, their texts and their groups are asked for. */
#define LOOK_AHEAD_RECORD 12
#define LOOK_AHEAD_TEXT 8
#define LOOK_AHEAD_GROUP 4

static bool counts_values(enum sigma_correlation_type type)
{
    return type != SIGMA_EVENT_COUNT && type != SIGMA_TEMPORAL && type != SIGMA_TEMPORAL_ORDERED;
}

int correlation_check(const struct sigma_correlation *correlation, struct err *err)
{
    struct branch branches[CORRELATE_BRANCHES_MAX];
    uint32_t n_branches;
    const char *why = NULL;
    bool temporal =
        correlation->type == SIGMA_TEMPORAL || correlation->type == SIGMA_TEMPORAL_ORDERED;
    if (correlation->n_group_by > CORRELATE_FIELDS_MAX ||
        correlation->n_fields > CORRELATE_FIELDS_MAX)
        why = "groups by or counts too many fields";
    else if (!temporal && correlation->n_bounds == 0)
        why = "has no condition";
    else if (counts_values(correlation->type) && correlation->n_fields == 0)
        why = "names no field to count";
    else if (counts_values(correlation->type) && correlation->type != SIGMA_VALUE_COUNT &&
             correlation->n_fields > 1)
        why = "takes numbers from more than one field";
    else if (correlation->expression && (!temporal || correlation->n_bounds))
        why = "has a condition that is no use for its type";
    else if (correlation->type == SIGMA_TEMPORAL_ORDERED &&
             correlation->n_sources > CORRELATE_ORDERED_MAX)
        why = "orders too many rules";
    else if (correlation->type == SIGMA_TEMPORAL_ORDERED &&
             branches_make(correlation, branches, &n_branches) < 0)
        why = "has too many alternatives in its condition";
    if (!why)
        return 0;
    return err_at(err, -ENOTSUP, correlation->meta.line, 0, "correlation \"%.*s\" %s",
                  STR_ARG(correlation->meta.title), why);
}

static int make_pools(struct correlator *c)
{
    c->pools = calloc((size_t)c->plan.n_rules + 1, sizeof(*c->pools));
    if (!c->pools)
        return -ENOMEM;
    for (uint32_t rule = 0; rule < c->plan.n_rules; rule++)
        c->pools[rule].size =
            sizeof(struct record) + c->plan.rules[rule].n_slots * sizeof(union hit_value);
    return 0;
}

static int make_windows(struct correlator *c)
{
    uint32_t n = (uint32_t)c->plan.windows.len;
    c->windows = calloc((size_t)n + 1, sizeof(*c->windows));
    c->busy = calloc(n / 64 + 1, sizeof(*c->busy));
    if (!c->windows || !c->busy)
        return -ENOMEM;
    for (uint32_t w = 0; w < n; w++) {
        uint32_t number = c->plan.windows.items[w].correlation;
        c->n_windows++;
        int r = window_init(&c->windows[w], c->set->correlations.items[number], number, &c->plan,
                            &c->account);
        if (r < 0)
            return r;
    }
    return 0;
}

struct correlator *correlator_new(const struct sigma_set *set,
                                  const struct correlator_options *options, correlator_sink *sink,
                                  void *context, struct err *err)
{
    struct correlator *c = calloc(1, sizeof(*c));
    if (!c) {
        err_set(err, -ENOMEM, "no memory for the correlations");
        return NULL;
    }
    c->set = set;
    c->sink = sink;
    c->context = context;
    c->disorder = options->disorder_us > 0 ? options->disorder_us : 0;
    c->memory_max = options->memory_max ? options->memory_max : CORRELATE_MEMORY_DEFAULT;
    c->drain_at = DRAIN_HITS_MIN;
    c->newest = c->watermark = c->now = TIME_UNSET;
    c->next_deadline = INT64_MAX;
    texts_init(&c->texts, hash_mix((uintptr_t)c, (uintptr_t)set), &c->account);
    if (plan_make(&c->plan, set, err) < 0)
        goto fail;
    c->values = calloc(CORRELATE_FIELDS_MAX + 1, sizeof(*c->values));
    c->names = calloc(CORRELATE_FIELDS_MAX, sizeof(*c->names));
    c->marks = calloc(CORRELATE_EVENTS_MAX, sizeof(*c->marks));
    if (!c->values || !c->names || !c->marks || make_pools(c) < 0 || make_windows(c) < 0) {
        err_set(err, -ENOMEM, "no memory for the correlations");
        goto fail;
    }
    return c;
fail:
    correlator_free(c);
    return NULL;
}

void correlator_free(struct correlator *c)
{
    if (!c)
        return;
    for (uint32_t w = 0; w < c->n_windows; w++)
        window_free(&c->windows[w]);
    for (uint32_t rule = 0; c->pools && rule < c->plan.n_rules; rule++)
        record_pool_free(&c->pools[rule]);
    texts_free(&c->texts);
    order_free(&c->order);
    plan_free(&c->plan);
    vec_free(&c->arrivals);
    vec_free(&c->numbers);
    free(c->pools);
    free(c->windows);
    free(c->busy);
    free(c->values);
    free(c->names);
    free(c->marks);
    free(c);
}

bool correlator_uses(const struct correlator *c, uint32_t rule)
{
    return rule < c->plan.n_rules && c->plan.rules[rule].n_paths > 0;
}

uint32_t correlator_fields(const struct correlator *c, uint32_t rule, const struct str **ret_names)
{
    *ret_names = NULL;
    if (!correlator_uses(c, rule) || c->plan.rules[rule].n_fields == 0)
        return 0;
    *ret_names = c->plan.fields.items + c->plan.rules[rule].fields;
    return c->plan.rules[rule].n_fields;
}

void correlator_give_back(struct correlator *c, struct record *record)
{
    if (--record->refs)
        return;
    const struct plan_rule *rule = &c->plan.rules[record->rule];
    for (uint32_t i = 0; i < rule->n_slots; i++)
        if (!c->plan.slots.items[rule->slots + i].number)
            text_release(&c->texts, record->slots[i].text);
    record_give_back(&c->pools[record->rule], record, &c->account);
}

static void mark_busy(struct correlator *c, uint32_t window)
{
    c->busy[window / 64] |= UINT64_C(1) << window % 64;
}

/* Takes off what can't be in a window that ends at `time` or later. */
static void expire(struct correlator *c, struct window *window, int64_t time)
{
    while (window_deadline(window) < time)
        correlator_give_back(c, window_pop(window));
}

/* Puts a record into the window of a path, at the present instant. */
static int enter(struct correlator *c, uint32_t path, struct record *record, uint64_t event,
                 bool evidence)
{
    uint32_t number = c->plan.paths.items[path].window;
    struct window *window = &c->windows[number];
    if (window->rising)
        expire(c, window, c->now);
    int r = window_add(window, path, record, c->now, event, evidence);
    if (r == -ENOSPC) { /* a full ring: the oldest has to go */
        correlator_give_back(c, window_pop(window));
        c->stats.forgotten++;
        r = window_add(window, path, record, c->now, event, evidence);
    }
    if (r <= 0)
        return r;
    if (window->rising) {
        mark_busy(c, number);
        return 0;
    }
    int64_t deadline = window_deadline(window);
    if (deadline <= c->now)
        mark_busy(c, number);
    if (deadline < c->next_deadline)
        c->next_deadline = deadline;
    return 0;
}

/*
 * Takes the events of a match along the k-th feed of their paths, in their order. Where they all
 * go to one group, and nobody further up wants to know them all, the first few are evidence enough.
 */
static int feed(struct correlator *c, const struct window *window, uint32_t group, uint32_t k)
{
    const struct plan_path *paths = c->plan.paths.items;
    uint32_t newest = window_group(window, group)->newest;
    const struct plan_path *way = &paths[paths[window_item(window, newest)->path].feeds + k];
    uint32_t max = window_group(window, group)->items;
    if (way->settled && !way->open && max > CORRELATE_EVENTS_MAX)
        max = CORRELATE_EVENTS_MAX;
    if (vec_reserve(&c->numbers, max) < 0)
        return -ENOMEM;
    uint32_t n = window_oldest(window, group, c->numbers.items, max);
    uint64_t event = ++c->event;
    for (uint32_t i = 0; i < n; i++) {
        const struct item *item = window_item(window, c->numbers.items[i]);
        bool evidence = way->open || i < CORRELATE_EVENTS_MAX;
        int r = enter(c, paths[item->path].feeds + k, item->record, event, evidence);
        if (r < 0)
            return r;
    }
    return 0;
}

static void tell(struct correlator *c, const struct window *window, uint32_t number)
{
    uint32_t numbers[CORRELATE_EVENTS_MAX];
    const struct sigma_correlation *correlation = window->correlation;
    const struct group *group = window_group(window, number);
    uint32_t n = window_oldest(window, number, numbers, CORRELATE_EVENTS_MAX);
    const struct item *first = window_item(window, numbers[0]);
    const struct plan_path *path = &c->plan.paths.items[first->path];
    struct quantity value = window->measure->value(window, number);
    struct correlation_match match = {
        .correlation = window->number,
        .first = first->time,
        .last = window_item(window, group->newest)->time,
        .count = group->count,
        .value = value.parts ? (double)value.total / FIXED_ONE / (double)value.parts : 0,
        .group_names = c->names,
        .group_values = c->values,
        .events = c->marks,
    };
    match.n_groups = text_values(first->record->slots[path->group_slot].text, c->values,
                                 CORRELATE_FIELDS_MAX + 1);
    if (match.n_groups > correlation->n_group_by) {
        match.n_groups = correlation->n_group_by;
        match.realm = c->values[match.n_groups];
    }
    for (uint32_t g = 0; g < match.n_groups; g++)
        c->names[g] = correlation->group_by[g].name;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t mark = window_item(window, numbers[i])->record->event;
        if (match.n_events == 0 || c->marks[match.n_events - 1] != mark)
            c->marks[match.n_events++] = mark;
    }
    c->sink(c->context, &match);
}

/* Looks at a group: tells and feeds on what has just become true. */
static int look_at(struct correlator *c, struct window *window, uint32_t number)
{
    struct group *group = window_group(window, number);
    bool fired = group->firing;
    group->fresh = false;
    group->firing = window_holds(window, number);
    if (!group->firing || fired)
        return 0;
    c->stats.matches++;
    if (window->correlation->generate)
        tell(c, window, number);
    uint32_t path = window_item(window, group->newest)->path;
    for (uint32_t k = 0; k < c->plan.paths.items[path].n_feeds; k++) {
        int r = feed(c, window, number, k);
        if (r < 0)
            return r;
    }
    return 0;
}

static int look_at_rising(struct correlator *c, struct window *window)
{
    int r = 0;
    for (size_t i = 0; i < window->touched.len; i++) {
        uint32_t number = window->touched.items[i];
        struct group *group = window_group(window, number);
        if (r == 0 && group->items) /* not given up meanwhile */
            r = look_at(c, window, number);
        group->fresh = false;
    }
    window->touched.len = 0;
    return r;
}

/* Full windows are those whose oldest event is now at the far end; it has done its part then. */
static int look_at_full(struct correlator *c, struct window *window)
{
    int r = 0;
    while (window_deadline(window) <= c->now && r == 0) {
        uint32_t group = window_item(window, window->ring_head)->group;
        if (window_group(window, group)->fresh)
            r = look_at(c, window, group);
        correlator_give_back(c, window_pop(window));
    }
    return r;
}

void correlator_find_deadline(struct correlator *c)
{
    c->next_deadline = INT64_MAX;
    for (uint32_t w = 0; w < c->n_windows; w++) {
        int64_t deadline = c->windows[w].rising ? INT64_MAX : window_deadline(&c->windows[w]);
        if (deadline < c->next_deadline)
            c->next_deadline = deadline;
    }
}

/* Everything of this instant is in: looks at what it changed, lower windows first. */
static int end_instant(struct correlator *c)
{
    bool closing = c->next_deadline <= c->now;
    int r = 0;
    for (uint32_t w = 0; closing && w < c->n_windows; w++)
        if (!c->windows[w].rising && window_deadline(&c->windows[w]) <= c->now)
            mark_busy(c, w);
    for (uint32_t word = 0; word <= c->n_windows / 64; word++) {
        while (c->busy[word] && r == 0) {
            uint32_t w = word * 64 + (uint32_t)__builtin_ctzll(c->busy[word]);
            c->busy[word] &= c->busy[word] - 1;
            struct window *window = &c->windows[w];
            r = window->rising ? look_at_rising(c, window) : look_at_full(c, window);
        }
    }
    if (closing)
        correlator_find_deadline(c);
    return r;
}

/* Ends every instant before `time`: the present one, then the deadlines up to there. */
static int settle(struct correlator *c, int64_t time)
{
    int r = 0;
    if (c->now < time)
        r = end_instant(c);
    while (r == 0 && c->next_deadline < time) {
        c->now = c->next_deadline;
        r = end_instant(c);
    }
    return r;
}

/* By window, the rules that stand last in it first: an event can't be two steps of an order. */
static void sort_arrivals(struct correlator *c)
{
    for (size_t i = 1; i < c->arrivals.len; i++) {
        struct arrival moved = c->arrivals.items[i];
        size_t at = i;
        for (; at > 0; at--) {
            const struct plan_path *other = c->arrivals.items[at - 1].path;
            if (other->window < moved.path->window ||
                (other->window == moved.path->window && other->source >= moved.path->source))
                break;
            c->arrivals.items[at] = c->arrivals.items[at - 1];
        }
        c->arrivals.items[at] = moved;
    }
}

/* Puts the hits of one event into their windows. */
static int take_event(struct correlator *c, const struct held *hits, size_t n)
{
    uint64_t event = ++c->event;
    c->arrivals.len = 0;
    for (size_t i = 0; i < n; i++) {
        const struct plan_rule *rule = &c->plan.rules[hits[i].record->rule];
        for (uint32_t p = 0; p < rule->n_paths; p++) {
            struct arrival arrival = {&c->plan.paths.items[rule->paths + p], hits[i].record};
            if (vec_push(&c->arrivals, arrival) < 0)
                return -ENOMEM;
        }
    }
    if (n > 1)
        sort_arrivals(c);
    for (size_t i = 0; i < c->arrivals.len; i++) {
        const struct arrival *arrival = &c->arrivals.items[i];
        uint32_t path = (uint32_t)(arrival->path - c->plan.paths.items);
        int r = enter(c, path, arrival->record, event, false);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Takes off all that can't be in a window that ends at `time` or later. */
static void expire_all(struct correlator *c, int64_t time)
{
    for (uint32_t w = 0; w < c->n_windows; w++)
        if (c->windows[w].rising)
            expire(c, &c->windows[w], time);
}

/* Gives up the oldest events of the fullest windows until memory is well below its limit. */
static void forget(struct correlator *c)
{
    expire_all(c, c->now);
    while (c->account.used > c->memory_max / 8 * 7) {
        struct window *fullest = NULL;
        uint32_t most = 0;
        for (uint32_t w = 0; w < c->n_windows; w++) {
            uint32_t len = c->windows[w].ring_tail - c->windows[w].ring_head;
            if (len > most) {
                most = len;
                fullest = &c->windows[w];
            }
        }
        if (!fullest)
            break;
        for (uint32_t i = 0; i < (most + 7) / 8; i++, c->stats.forgotten++)
            correlator_give_back(c, window_pop(fullest));
    }
    correlator_find_deadline(c);
}

/*
 * Asks for the memory that hits further on will need: with many groups, each is a handful of
 * cache misses, which are better waited for together than one after the other.
 */
static void look_ahead(const struct correlator *c, size_t at)
{
    const struct held *held = c->order.held.items;
    size_t len = c->order.held.len;
    if (at + LOOK_AHEAD_RECORD < len)
        __builtin_prefetch(held[at + LOOK_AHEAD_RECORD].record);
    if (at + LOOK_AHEAD_TEXT < len) {
        const struct record *record = held[at + LOOK_AHEAD_TEXT].record;
        const struct plan_rule *rule = &c->plan.rules[record->rule];
        for (uint32_t i = 0; i < rule->n_slots; i++)
            if (!c->plan.slots.items[rule->slots + i].number)
                __builtin_prefetch(record->slots[i].text);
    }
    if (at + LOOK_AHEAD_GROUP < len) {
        const struct record *record = held[at + LOOK_AHEAD_GROUP].record;
        const struct plan_rule *rule = &c->plan.rules[record->rule];
        for (uint32_t p = 0; p < rule->n_paths; p++) {
            const struct plan_path *path = &c->plan.paths.items[rule->paths + p];
            const struct text *key = record->slots[path->group_slot].text;
            if (key)
                window_prefetch(&c->windows[path->window], key->folded);
        }
    }
}

/* Releases the held hits that are older than `until`, in order. The order is sorted. */
static int release_until(struct correlator *c, int64_t until)
{
    const struct held *held = c->order.held.items;
    size_t len = c->order.held.len, at = 0;
    int r = 0;
    for (uint64_t events = 0; r == 0 && at < len && held[at].time < until; events++) {
        size_t end = at + 1;
        while (end < len && record_same_event(held[at].record, held[end].record))
            end++;
        look_ahead(c, at);
        if (held[at].time > c->now) {
            r = settle(c, held[at].time);
            c->now = held[at].time;
            if (events >= CHECK_MEMORY_EVERY && c->account.used > c->memory_max) {
                forget(c);
                events = 0;
            }
        }
        if (r == 0)
            r = take_event(c, held + at, end - at);
        for (; at < end; at++) {
            account_remove(&c->account, 2 * sizeof(struct held));
            correlator_give_back(c, held[at].record);
        }
    }
    order_drop(&c->order, at);
    if (r < 0)
        return r;
    r = settle(c, until);
    expire_all(c, until);
    return r;
}

/* Moves the watermark to `until` and releases what is older. */
static int drain(struct correlator *c, int64_t until)
{
    int r = order_sort(&c->order);
    if (r < 0)
        return r;
    if (until > c->watermark)
        c->watermark = until;
    r = release_until(c, c->watermark);
    if (c->account.used > c->memory_max)
        forget(c);
    c->drain_at = c->order.held.len + DRAIN_HITS_MIN;
    if (c->drain_at < c->order.held.len / 4 * 5)
        c->drain_at = c->order.held.len / 4 * 5;
    return r;
}

/* Memory is spent: the older half of what waits is released before its time. */
static int relieve(struct correlator *c)
{
    size_t len = c->order.held.len;
    if (len == 0) {
        forget(c);
        return 0;
    }
    int r = order_sort(&c->order);
    if (r < 0)
        return r;
    const struct held *held = c->order.held.items;
    int64_t until = held[len / 2].time;
    if (until == held[0].time && until < INT64_MAX)
        until++;
    for (size_t i = 0; i < len && held[i].time < until; i++)
        c->stats.early += held[i].time >= c->watermark;
    return drain(c, until);
}

/* The hit's values as the slots of its rule. */
static int fill_slots(struct correlator *c, const struct correlation_hit *hit,
                      struct record *record)
{
    const struct plan_rule *rule = &c->plan.rules[hit->rule];
    for (uint32_t i = 0; i < rule->n_slots; i++) {
        const struct plan_slot *slot = &c->plan.slots.items[rule->slots + i];
        /* Without fields there may be no list at all. */
        const uint32_t *fields = slot->n ? c->plan.slot_fields.items + slot->first : NULL;
        union hit_value *out = &record->slots[i];
        uint32_t n = 0;
        while (n < slot->n && fields[n] < hit->n_values && hit->values[fields[n]].ptr) {
            c->values[n] = hit->values[fields[n]];
            n++;
        }
        if (slot->number) {
            out->number = NAN;
            if (n == slot->n &&
                (str_to_double(str_trim(c->values[0]), &out->number) < 0 || !isfinite(out->number)))
                out->number = NAN;
            continue;
        }
        bool whole = n == slot->n;
        if (hit->realm.len)
            c->values[n++] = hit->realm;
        out->text = whole ? text_intern(&c->texts, c->values, n) : NULL;
        if (whole && !out->text) {
            while (i-- > 0)
                if (!c->plan.slots.items[rule->slots + i].number)
                    text_release(&c->texts, record->slots[i].text);
            return -ENOMEM;
        }
    }
    return 0;
}

bool correlator_fits(const struct correlator *c, const struct record *record)
{
    const struct plan_rule *rule = &c->plan.rules[record->rule];
    for (uint32_t p = 0; p < rule->n_paths; p++) {
        const struct plan_path *path = &c->plan.paths.items[rule->paths + p];
        if (!record->slots[path->group_slot].text)
            continue;
        if (path->value_slot == SLOT_NONE)
            return true;
        const union hit_value *value = &record->slots[path->value_slot];
        const struct plan_slot *slot = &c->plan.slots.items[rule->slots + path->value_slot];
        if (slot->number ? !isnan(value->number) : value->text != NULL)
            return true;
    }
    return false;
}

/* Makes the record of a hit and lets it wait. 1: taken, 0: nothing to take. */
static int hold(struct correlator *c, const struct correlation_hit *hit)
{
    struct record *record = record_take(&c->pools[hit->rule], &c->account);
    if (!record)
        return -ENOMEM;
    record->time = hit->time;
    record->source = hit->source;
    record->record = hit->record;
    record->event = hit->event;
    record->rule = hit->rule;
    if (fill_slots(c, hit, record) < 0) {
        record_give_back(&c->pools[hit->rule], record, &c->account);
        return -ENOMEM;
    }
    if (!correlator_fits(c, record)) {
        correlator_give_back(c, record);
        return 0;
    }
    struct held held = {.time = hit->time, .record = record};
    if (vec_push(&c->order.held, held) < 0) {
        correlator_give_back(c, record);
        return -ENOMEM;
    }
    account_add(&c->account, 2 * sizeof(held)); /* the array doubles; sorting needs a second one */
    return 1;
}

static int64_t time_minus(int64_t time, int64_t span)
{
    int64_t result;
    return __builtin_sub_overflow(time, span, &result) ? INT64_MIN : result;
}

int correlator_add(struct correlator *c, const struct correlation_hit *hit)
{
    if (!correlator_uses(c, hit->rule))
        return 0;
    bool undated = hit->time == TIME_UNSET || hit->time == INT64_MAX;
    if (undated || hit->time < c->watermark) {
        c->stats.hits++;
        c->stats.undated += undated;
        c->stats.late += !undated;
        return 0;
    }
    int r = hold(c, hit);
    if (r < 0)
        return r;
    c->stats.hits++;
    if (r == 0) {
        c->stats.ungrouped++;
        return 0;
    }
    if (hit->time > c->newest)
        c->newest = hit->time;
    if (c->account.used > c->memory_max)
        return relieve(c);
    if (c->disorder != CORRELATE_DISORDER_ALL) {
        int64_t watermark = time_minus(c->newest, c->disorder);
        if (watermark > c->watermark)
            c->watermark = watermark;
        if (c->order.held.len >= c->drain_at)
            return drain(c, c->watermark);
    }
    return 0;
}

int correlator_release(struct correlator *c, int64_t time)
{
    return drain(c, time);
}

int correlator_finish(struct correlator *c)
{
    return drain(c, INT64_MAX);
}

void correlator_stats(const struct correlator *c, struct correlator_stats *ret_stats)
{
    *ret_stats = c->stats;
    for (uint32_t w = 0; w < c->n_windows; w++)
        ret_stats->windows += c->windows[w].groups_live;
    ret_stats->memory = c->account.used;
    ret_stats->memory_peak = c->account.peak;
}
