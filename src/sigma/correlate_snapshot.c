/*
 * A correlator's state as bytes. Numbers are in the machine's order: a snapshot does not travel.
 *
 *     head      magic, newest, watermark, now
 *     rules     identity, slots: identity, kind            those that correlations use
 *     texts     tuples of values, each once
 *     records   rule, time, source, record, event, slots: text or number
 *     held      record
 *     windows   identity, items: path, record, time, flags
 *
 * What a group measures is not written: it follows from its items, taken in their order again.
 */
#include "sigma/correlate_state.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/time.h"
#include "sigma/correlate_identity.h"

static const char MAGIC[8] = {'J', 'A', 'G', 'A', 'C', 'O', 'R', '\1'}; /* the last: its version */

/* Flags of a saved item, beside those of enum item_flags: what its group remembers. */
#define SAVED_FIRING 4u
#define SAVED_FRESH 8u

/* ---- saving ---- */

/* Numbers for pointers, in the order they are first seen. */
struct numbering {
    const void **keys;
    uint32_t *values;
    size_t cap, len;
};

struct saving {
    const struct correlator *c;
    struct buf *out;
    struct identities ids;
    uint32_t *rule_numbers; /* by rule: its number in the snapshot */
    struct numbering numbers;
    VEC(const struct record *) records;
    VEC(const struct text *) texts;
};

static int numbering_grow(struct numbering *numbering)
{
    size_t cap = numbering->cap ? numbering->cap * 2 : 1024;
    const void **keys = calloc(cap, sizeof(*keys));
    uint32_t *values = calloc(cap, sizeof(*values));
    if (!keys || !values) {
        free(keys);
        free(values);
        return -ENOMEM;
    }
    for (size_t i = 0; i < numbering->cap; i++) {
        if (!numbering->keys[i])
            continue;
        size_t at = hash_mix((uintptr_t)numbering->keys[i], 0) & (cap - 1);
        while (keys[at])
            at = (at + 1) & (cap - 1);
        keys[at] = numbering->keys[i];
        values[at] = numbering->values[i];
    }
    free(numbering->keys);
    free(numbering->values);
    *numbering = (struct numbering){keys, values, cap, numbering->len};
    return 0;
}

/* The place of the key's number; *ret_new: it has none yet. NULL: no memory. */
static uint32_t *number_of(struct numbering *numbering, const void *key, bool *ret_new)
{
    if (numbering->len + 1 > numbering->cap / 4 * 3 && numbering_grow(numbering) < 0)
        return NULL;
    size_t at = hash_mix((uintptr_t)key, 0) & (numbering->cap - 1);
    while (numbering->keys[at] && numbering->keys[at] != key)
        at = (at + 1) & (numbering->cap - 1);
    *ret_new = !numbering->keys[at];
    numbering->len += *ret_new;
    numbering->keys[at] = key;
    return &numbering->values[at];
}

static void put_u32(struct saving *saving, uint32_t number)
{
    buf_add(saving->out, &number, sizeof(number));
}

static void put_u64(struct saving *saving, uint64_t number)
{
    buf_add(saving->out, &number, sizeof(number));
}

static int note_text(struct saving *saving, const struct text *text)
{
    bool is_new;
    uint32_t *number = text ? number_of(&saving->numbers, text, &is_new) : NULL;
    if (!number)
        return text ? -ENOMEM : 0;
    if (!is_new)
        return 0;
    *number = (uint32_t)saving->texts.len;
    return vec_push(&saving->texts, text);
}

/* Gives the record, and the texts it holds, their numbers. */
static int note_record(struct saving *saving, const struct record *record)
{
    const struct plan_rule *rule = &saving->c->plan.rules[record->rule];
    bool is_new;
    uint32_t *number = number_of(&saving->numbers, record, &is_new);
    if (!number)
        return -ENOMEM;
    if (!is_new)
        return 0;
    *number = (uint32_t)saving->records.len;
    for (uint32_t i = 0; i < rule->n_slots; i++)
        if (!saving->c->plan.slots.items[rule->slots + i].number &&
            note_text(saving, record->slots[i].text) < 0)
            return -ENOMEM;
    return vec_push(&saving->records, record);
}

static int note_all(struct saving *saving)
{
    const struct correlator *c = saving->c;
    for (size_t i = 0; i < c->order.held.len; i++)
        if (note_record(saving, c->order.held.items[i].record) < 0)
            return -ENOMEM;
    for (uint32_t w = 0; w < c->n_windows; w++) {
        const struct window *window = &c->windows[w];
        for (uint32_t at = window->ring_head; at != window->ring_tail; at++)
            if (note_record(saving, window_item(window, at)->record) < 0)
                return -ENOMEM;
    }
    return 0;
}

/* The number of what was noted. */
static uint32_t noted(struct saving *saving, const void *key)
{
    bool is_new;
    const uint32_t *number = number_of(&saving->numbers, key, &is_new);
    return number ? *number : 0;
}

static void save_rules(struct saving *saving)
{
    const struct plan *plan = &saving->c->plan;
    uint32_t n = 0;
    for (uint32_t r = 0; r < plan->n_rules; r++)
        saving->rule_numbers[r] = plan->rules[r].n_paths ? n++ : 0;
    put_u32(saving, n);
    for (uint32_t r = 0; r < plan->n_rules; r++) {
        const struct plan_rule *rule = &plan->rules[r];
        if (!rule->n_paths)
            continue;
        put_u64(saving, saving->ids.rules[r]);
        put_u32(saving, rule->n_slots);
        for (uint32_t s = rule->slots; s < rule->slots + rule->n_slots; s++) {
            put_u64(saving, saving->ids.slots[s]);
            put_u32(saving, plan->slots.items[s].number);
        }
    }
}

static void save_texts(struct saving *saving)
{
    put_u32(saving, (uint32_t)saving->texts.len);
    for (size_t i = 0; i < saving->texts.len; i++) {
        const struct text *text = saving->texts.items[i];
        put_u32(saving, text->n_values);
        put_u32(saving, text->len);
        buf_add(saving->out, text->bytes, text->len);
    }
}

static void save_record(struct saving *saving, const struct record *record)
{
    const struct plan_rule *rule = &saving->c->plan.rules[record->rule];
    put_u32(saving, saving->rule_numbers[record->rule]);
    put_u64(saving, (uint64_t)record->time);
    put_u64(saving, record->source);
    put_u64(saving, record->record);
    put_u64(saving, record->event);
    for (uint32_t i = 0; i < rule->n_slots; i++) {
        const union hit_value *value = &record->slots[i];
        if (saving->c->plan.slots.items[rule->slots + i].number)
            buf_add(saving->out, &value->number, sizeof(value->number));
        else
            put_u32(saving, value->text ? noted(saving, value->text) + 1 : 0);
    }
}

static void save_window(struct saving *saving, const struct window *window)
{
    put_u64(saving, saving->ids.correlations[window->number]);
    put_u32(saving, window->ring_tail - window->ring_head);
    for (uint32_t at = window->ring_head; at != window->ring_tail; at++) {
        const struct item *item = window_item(window, at);
        const struct group *group = window_group(window, item->group);
        put_u64(saving, saving->ids.paths[item->path]);
        put_u32(saving, noted(saving, item->record));
        put_u64(saving, (uint64_t)item->time);
        put_u32(saving, item->flags | (group->firing ? SAVED_FIRING : 0) |
                            (group->fresh ? SAVED_FRESH : 0));
    }
}

static void save_all(struct saving *saving)
{
    const struct correlator *c = saving->c;
    buf_add(saving->out, MAGIC, sizeof(MAGIC));
    put_u64(saving, (uint64_t)c->newest);
    put_u64(saving, (uint64_t)c->watermark);
    put_u64(saving, (uint64_t)c->now);
    save_rules(saving);
    save_texts(saving);
    put_u32(saving, (uint32_t)saving->records.len);
    for (size_t i = 0; i < saving->records.len; i++)
        save_record(saving, saving->records.items[i]);
    put_u32(saving, (uint32_t)c->order.held.len);
    for (size_t i = 0; i < c->order.held.len; i++)
        put_u32(saving, noted(saving, c->order.held.items[i].record));
    put_u32(saving, c->n_windows);
    for (uint32_t w = 0; w < c->n_windows; w++)
        save_window(saving, &c->windows[w]);
}

int correlator_save(const struct correlator *c, struct buf *out)
{
    struct saving saving = {.c = c, .out = out};
    int r = identities_make(&saving.ids, c->set, &c->plan);
    saving.rule_numbers = calloc((size_t)c->plan.n_rules + 1, sizeof(uint32_t));
    if (!saving.rule_numbers)
        r = -ENOMEM;
    if (r == 0)
        r = note_all(&saving);
    if (r == 0) {
        save_all(&saving);
        r = out->failed ? -ENOMEM : 0;
    }
    identities_free(&saving.ids);
    free(saving.rule_numbers);
    free(saving.numbers.keys);
    free(saving.numbers.values);
    vec_free(&saving.records);
    vec_free(&saving.texts);
    return r;
}

/* ---- loading ---- */

/* A slot as it was saved, and the one here that wants it. */
struct loaded_slot {
    uint32_t here; /* among the rule's; SLOT_NONE: nobody wants it */
    bool number;
};

struct loaded_rule {
    uint32_t here; /* SIGMA_NONE: gone */
    uint32_t first, n_slots;
};

/* A tuple; its values are split again. */
struct loaded_text {
    struct str bytes;
    uint32_t n_values;
};

struct loading {
    struct correlator *c;
    const char *at, *end;
    int error;
    struct identities ids;
    struct identity *rules, *correlations, *paths; /* sorted */
    VEC(struct loaded_rule) saved_rules;
    VEC(struct loaded_slot) slots;
    VEC(struct loaded_text) texts;
    VEC(struct record *) records; /* one reference each; NULL: of a rule that is gone */
};

static void damaged(struct loading *loading)
{
    if (loading->error == 0)
        loading->error = -EBADMSG;
}

static void get(struct loading *loading, void *ret, size_t len)
{
    if (loading->error || (size_t)(loading->end - loading->at) < len) {
        damaged(loading);
        memset(ret, 0, len);
        return;
    }
    memcpy(ret, loading->at, len);
    loading->at += len;
}

static uint32_t get_u32(struct loading *loading)
{
    uint32_t number;
    get(loading, &number, sizeof(number));
    return number;
}

static uint64_t get_u64(struct loading *loading)
{
    uint64_t number;
    get(loading, &number, sizeof(number));
    return number;
}

/* How many follow, each of at least `size` bytes: no more than there are bytes for. */
static uint32_t get_count(struct loading *loading, size_t size)
{
    uint32_t n = get_u32(loading);
    if (n > (size_t)(loading->end - loading->at) / size)
        damaged(loading);
    return loading->error ? 0 : n;
}

static void push_failed(struct loading *loading)
{
    if (loading->error == 0)
        loading->error = -ENOMEM;
}

/* The slot of the rule here that is the same. */
static uint32_t find_slot(const struct loading *loading, uint32_t rule, uint64_t id)
{
    const struct plan_rule *here = &loading->c->plan.rules[rule];
    for (uint32_t s = 0; s < here->n_slots; s++)
        if (loading->ids.slots[here->slots + s] == id)
            return s;
    return SLOT_NONE;
}

static void load_rule(struct loading *loading)
{
    const struct plan *plan = &loading->c->plan;
    struct loaded_rule rule = {.first = (uint32_t)loading->slots.len};
    rule.here = identities_find(loading->rules, plan->n_rules, get_u64(loading));
    if (rule.here != SIGMA_NONE && !plan->rules[rule.here].n_paths)
        rule.here = SIGMA_NONE;
    rule.n_slots = get_count(loading, 12);
    for (uint32_t i = 0; i < rule.n_slots; i++) {
        uint64_t id = get_u64(loading);
        struct loaded_slot slot = {.here = SLOT_NONE, .number = get_u32(loading) != 0};
        if (rule.here != SIGMA_NONE)
            slot.here = find_slot(loading, rule.here, id);
        if (slot.here != SLOT_NONE &&
            plan->slots.items[plan->rules[rule.here].slots + slot.here].number != slot.number)
            damaged(loading);
        if (vec_push(&loading->slots, slot) < 0)
            push_failed(loading);
    }
    if (vec_push(&loading->saved_rules, rule) < 0)
        push_failed(loading);
}

static void load_text(struct loading *loading)
{
    struct loaded_text text = {.n_values = get_u32(loading)};
    uint32_t len = get_count(loading, 1);
    text.bytes = str_of(loading->at, len);
    if (loading->error == 0)
        loading->at += len;
    if (text.n_values > CORRELATE_FIELDS_MAX + 1)
        damaged(loading);
    if (vec_push(&loading->texts, text) < 0)
        push_failed(loading);
}

/* Takes a tuple apart into c->values; as text_values(), but for bytes that may be any. */
static bool split_text(const struct loading *loading, const struct loaded_text *text)
{
    struct str rest = text->bytes;
    if (text->n_values == 1) {
        loading->c->values[0] = rest;
        return true;
    }
    for (uint32_t i = 0; i < text->n_values; i++) {
        uint32_t len;
        if (rest.len < sizeof(len))
            return false;
        memcpy(&len, rest.ptr, sizeof(len));
        rest = str_skip(rest, sizeof(len));
        if (rest.len < len)
            return false;
        loading->c->values[i] = str_of(rest.ptr, len);
        rest = str_skip(rest, len);
    }
    return rest.len == 0;
}

/* A reference to the text of that number, counted from 1; NULL for 0, or what is not there. */
static struct text *load_slot_text(struct loading *loading, uint32_t number, uint32_t n_fields)
{
    if (number == 0)
        return NULL;
    const struct loaded_text *text =
        number <= loading->texts.len ? &loading->texts.items[number - 1] : NULL;
    bool fits = text && (text->n_values == n_fields || text->n_values == n_fields + 1);
    if (!fits || !split_text(loading, text)) {
        damaged(loading);
        return NULL;
    }
    struct text *here = text_intern(&loading->c->texts, loading->c->values, text->n_values);
    if (!here)
        push_failed(loading);
    return here;
}

static void load_slot(struct loading *loading, const struct loaded_slot *slot,
                      const struct plan_rule *rule, struct record *record)
{
    double number = 0;
    uint32_t text = 0;
    if (slot->number)
        get(loading, &number, sizeof(number));
    else
        text = get_u32(loading);
    if (!record || slot->here == SLOT_NONE || loading->error)
        return;
    union hit_value *value = &record->slots[slot->here];
    if (slot->number)
        value->number = isfinite(number) ? number : NAN;
    else if (value->text) /* two slots of one name: nobody wrote that */
        damaged(loading);
    else
        value->text =
            load_slot_text(loading, text, loading->c->plan.slots.items[rule->slots + slot->here].n);
}

static void load_record(struct loading *loading)
{
    struct correlator *c = loading->c;
    uint32_t number = get_u32(loading);
    if (number >= loading->saved_rules.len) {
        damaged(loading);
        return;
    }
    const struct loaded_rule *saved = &loading->saved_rules.items[number];
    const struct plan_rule *rule = saved->here != SIGMA_NONE ? &c->plan.rules[saved->here] : NULL;
    struct record *record = rule ? record_take(&c->pools[saved->here], &c->account) : NULL;
    if (rule && !record)
        push_failed(loading);
    struct record head = {.time = (int64_t)get_u64(loading)};
    head.source = get_u64(loading);
    head.record = get_u64(loading);
    head.event = get_u64(loading);
    if (record) {
        head.rule = saved->here;
        head.refs = 1;
        *record = head;
        for (uint32_t i = 0; i < rule->n_slots; i++)
            if (c->plan.slots.items[rule->slots + i].number)
                record->slots[i].number = NAN;
            else
                record->slots[i].text = NULL;
    }
    for (uint32_t i = 0; i < saved->n_slots; i++)
        load_slot(loading, &loading->slots.items[saved->first + i], rule, record);
    if (head.time == TIME_UNSET || head.time == INT64_MAX)
        damaged(loading);
    if (vec_push(&loading->records, record) < 0)
        push_failed(loading);
}

/* The record of that number; NULL where its rule is gone. */
static struct record *get_record(struct loading *loading)
{
    uint32_t number = get_u32(loading);
    if (number < loading->records.len)
        return loading->records.items[number];
    damaged(loading);
    return NULL;
}

static void load_held(struct loading *loading)
{
    struct correlator *c = loading->c;
    struct record *record = get_record(loading);
    if (!record || !correlator_fits(c, record)) {
        c->stats.dropped++;
        return;
    }
    struct held held = {.time = record->time, .record = record};
    if (vec_push(&c->order.held, held) < 0) {
        push_failed(loading);
        return;
    }
    record->refs++;
    account_add(&c->account, 2 * sizeof(held));
}

static void load_item(struct loading *loading, struct window *window)
{
    struct correlator *c = loading->c;
    uint32_t path = identities_find(loading->paths, (uint32_t)c->plan.paths.len, get_u64(loading));
    struct record *record = get_record(loading);
    int64_t time = (int64_t)get_u64(loading);
    uint32_t flags = get_u32(loading);
    if (loading->error)
        return;
    if (!window || !record || path == SIGMA_NONE) {
        c->stats.dropped++;
        return;
    }
    const struct plan_path *way = &c->plan.paths.items[path];
    struct item item = {.time = time, .record = record, .path = path};
    item.flags = flags & (ITEM_COUNTED | ITEM_MEASURED);
    bool ordered =
        time <= c->now && time >= record->time &&
        (window_empty(window) || window_item(window, window->ring_tail - 1)->time <= time);
    if (!ordered || &c->windows[way->window] != window ||
        !plan_path_of(&c->plan, record->rule, path)) {
        damaged(loading);
        return;
    }
    int r = window_restore(window, &item, flags & SAVED_FIRING, flags & SAVED_FRESH);
    if (r < 0 && loading->error == 0)
        loading->error = r == -EINVAL ? -EBADMSG : r;
}

static void load_window(struct loading *loading)
{
    struct correlator *c = loading->c;
    uint32_t number = identities_find(loading->correlations, (uint32_t)c->set->correlations.len,
                                      get_u64(loading));
    struct window *window = NULL;
    for (uint32_t w = 0; number != SIGMA_NONE && w < c->n_windows; w++)
        if (c->windows[w].number == number)
            window = &c->windows[w];
    if (window && !window_empty(window))
        damaged(loading);
    uint32_t n = get_count(loading, 24);
    for (uint32_t i = 0; i < n && loading->error == 0; i++)
        load_item(loading, window);
}

static void load_head(struct loading *loading)
{
    struct correlator *c = loading->c;
    char magic[sizeof(MAGIC)];
    get(loading, magic, sizeof(magic));
    if (loading->error == 0 && memcmp(magic, MAGIC, sizeof(MAGIC) - 1) != 0)
        damaged(loading);
    if (loading->error == 0 && magic[sizeof(MAGIC) - 1] != MAGIC[sizeof(MAGIC) - 1])
        loading->error = -ENOTSUP;
    c->newest = (int64_t)get_u64(loading);
    c->watermark = (int64_t)get_u64(loading);
    c->now = (int64_t)get_u64(loading);
}

static void load_all(struct loading *loading)
{
    struct correlator *c = loading->c;
    load_head(loading);
    for (uint32_t n = get_count(loading, 12); n > 0 && loading->error == 0; n--)
        load_rule(loading);
    for (uint32_t n = get_count(loading, 8); n > 0 && loading->error == 0; n--)
        load_text(loading);
    for (uint32_t n = get_count(loading, 36); n > 0 && loading->error == 0; n--)
        load_record(loading);
    for (uint32_t n = get_count(loading, 4); n > 0 && loading->error == 0; n--)
        load_held(loading);
    for (uint32_t n = get_count(loading, 12); n > 0 && loading->error == 0; n--)
        load_window(loading);
    if (loading->at != loading->end)
        damaged(loading);
    for (size_t i = 0; i < loading->records.len; i++)
        if (loading->records.items[i])
            correlator_give_back(c, loading->records.items[i]);
    correlator_find_deadline(c);
    c->drain_at = c->order.held.len + DRAIN_HITS_MIN;
}

static int begin_loading(struct loading *loading)
{
    const struct correlator *c = loading->c;
    int r = identities_make(&loading->ids, c->set, &c->plan);
    if (r < 0)
        return r;
    loading->rules = identities_sort(loading->ids.rules, c->plan.n_rules);
    loading->correlations =
        identities_sort(loading->ids.correlations, (uint32_t)c->set->correlations.len);
    loading->paths = identities_sort(loading->ids.paths, (uint32_t)c->plan.paths.len);
    return loading->rules && loading->correlations && loading->paths ? 0 : -ENOMEM;
}

int correlator_load(struct correlator *c, struct str bytes, struct err *err)
{
    struct loading loading = {.c = c, .at = bytes.ptr, .end = bytes.ptr + bytes.len};
    int r = begin_loading(&loading);
    if (r == 0) {
        load_all(&loading);
        r = loading.error;
    }
    identities_free(&loading.ids);
    free(loading.rules);
    free(loading.correlations);
    free(loading.paths);
    vec_free(&loading.saved_rules);
    vec_free(&loading.slots);
    vec_free(&loading.texts);
    vec_free(&loading.records);
    if (r == -ENOTSUP)
        return err_set(err, r, "the state of the correlations is of another version");
    if (r < 0)
        return err_set(err, r,
                       r == -ENOMEM ? "no memory for the correlations"
                                    : "the state of the correlations is damaged");
    return 0;
}
