#include "sigma/correlate_window.h"

#include <stdlib.h>

#include "base/hash.h"

#define RING_CAP_MIN 64
#define GROUPS_CAP_MIN 16
#define ITEM_BYTES (2 * sizeof(struct item)) /* the ring doubles */
#define CELL_BYTES (2 * sizeof(struct group_cell))

fixed fixed_from_double(double number)
{
    if (number > FIXED_WHOLE_MAX)
        number = FIXED_WHOLE_MAX;
    if (number < -FIXED_WHOLE_MAX)
        number = -FIXED_WHOLE_MAX;
    fixed whole = (fixed)number;
    double part = (number - (double)whole) * FIXED_ONE;
    return whole * FIXED_ONE + (int64_t)(part + (part < 0 ? -0.5 : 0.5));
}

static bool has_not(const struct sigma_node *node)
{
    if (node->kind == SIGMA_NOT)
        return true;
    for (uint32_t i = 0; node->children && i < node->count; i++)
        if (has_not(node->children[i]))
            return true;
    return false;
}

/* More events can never make the condition false. */
static bool is_rising(const struct sigma_correlation *correlation, const struct measure *measure)
{
    if (!measure->rising || (correlation->expression && has_not(correlation->expression)))
        return false;
    for (uint32_t i = 0; i < correlation->n_bounds; i++) {
        const struct sigma_bound *bound = &correlation->bounds[i];
        if (bound->negated || (bound->op != SIGMA_GREATER && bound->op != SIGMA_GREATER_EQUAL))
            return false;
    }
    return true;
}

static int copy_limits(struct window *window)
{
    const struct sigma_correlation *correlation = window->correlation;
    window->limits = calloc((size_t)correlation->n_bounds + 1, sizeof(*window->limits));
    if (!window->limits)
        return -ENOMEM;
    window->n_limits = correlation->n_bounds;
    for (uint32_t i = 0; i < correlation->n_bounds; i++)
        window->limits[i] = (struct limit){
            .op = correlation->bounds[i].op,
            .negated = correlation->bounds[i].negated,
            .number = fixed_from_double(correlation->bounds[i].number),
        };
    if (correlation->type == SIGMA_TEMPORAL && correlation->n_bounds == 0) {
        window->limits[0] = (struct limit){
            .op = SIGMA_GREATER_EQUAL,
            .number = (fixed)correlation->n_sources * FIXED_ONE,
        };
        window->n_limits = 1;
    }
    return 0;
}

static int copy_branches(struct window *window)
{
    struct branch branches[CORRELATE_BRANCHES_MAX];
    const struct sigma_correlation *correlation = window->correlation;
    if (correlation->type != SIGMA_TEMPORAL_ORDERED || correlation->n_bounds)
        return 0;
    int r = branches_make(correlation, branches, &window->n_branches);
    if (r < 0)
        return r;
    window->branches = calloc((size_t)window->n_branches + 1, sizeof(*branches));
    if (!window->branches)
        return -ENOMEM;
    memcpy(window->branches, branches, window->n_branches * sizeof(*branches));
    return 0;
}

int window_init(struct window *window, const struct sigma_correlation *correlation, uint32_t number,
                const struct plan *plan, struct memory_account *account)
{
    *window = (struct window){
        .correlation = correlation,
        .number = number,
        .plan = plan,
        .measure = measures[correlation->type],
        .account = account,
        .timespan = correlation->timespan_us > 0 ? correlation->timespan_us : 0,
        .groups_free = WINDOW_NONE,
    };
    window->rising = is_rising(correlation, window->measure);
    int r = copy_limits(window);
    if (r == 0)
        r = copy_branches(window);
    window->group_size = GROUP_SIZE + ((window->measure->state_size(window) + 15) & ~(size_t)15);
    return r;
}

void window_free(struct window *window)
{
    if (window->measure && window->measure->clear)
        for (uint32_t g = 0; g < window->groups_len; g++)
            if (window_group(window, g)->items)
                window->measure->clear(window, g);
    free(window->limits);
    free(window->branches);
    free(window->ring);
    free(window->groups);
    free(window->cells);
    free(window->values.cells);
    vec_free(&window->touched);
    *window = (struct window){0};
}

static int grow_ring(struct window *window)
{
    uint32_t len = window->ring_tail - window->ring_head;
    if (len < window->ring_cap)
        return 0;
    if (len >= WINDOW_ITEMS_MAX)
        return -ENOSPC;
    uint32_t cap = window->ring_cap ? window->ring_cap * 2 : RING_CAP_MIN;
    struct item *ring = malloc(cap * sizeof(*ring));
    if (!ring)
        return -ENOMEM;
    for (uint32_t at = window->ring_head; at != window->ring_tail; at++)
        ring[at & (cap - 1)] = *window_item(window, at);
    free(window->ring);
    window->ring = ring;
    window->ring_cap = cap;
    return 0;
}

static uint32_t cell_hash(const struct text *key)
{
    return (uint32_t)hash_mix((uintptr_t)key, 0);
}

static int grow_cells(struct window *window)
{
    uint32_t cap = window->cells_cap ? window->cells_cap * 2 : 2 * GROUPS_CAP_MIN;
    struct group_cell *cells = calloc(cap, sizeof(*cells));
    if (!cells)
        return -ENOMEM;
    for (uint32_t i = 0; i < window->cells_cap; i++) {
        if (!window->cells[i].key)
            continue;
        uint32_t at = cell_hash(window->cells[i].key) & (cap - 1);
        while (cells[at].key)
            at = (at + 1) & (cap - 1);
        cells[at] = window->cells[i];
    }
    free(window->cells);
    window->cells = cells;
    window->cells_cap = cap;
    return 0;
}

static int grow_groups(struct window *window)
{
    uint32_t cap = window->groups_cap ? window->groups_cap * 2 : GROUPS_CAP_MIN;
    char *groups = realloc(window->groups, cap * window->group_size);
    if (!groups)
        return -ENOMEM;
    window->groups = groups;
    window->groups_cap = cap;
    return 0;
}

/* A group for the key in the free cell; WINDOW_NONE: no memory. */
static uint32_t begin_group(struct window *window, struct text *key, struct group_cell *cell)
{
    uint32_t group = window->groups_free;
    if (group != WINDOW_NONE) {
        window->groups_free = window_group(window, group)->newest;
    } else {
        if (window->groups_len == window->groups_cap && grow_groups(window) < 0)
            return WINDOW_NONE;
        group = window->groups_len++;
    }
    memset(window_group(window, group), 0, window->group_size);
    window_group(window, group)->key = key;
    *cell = (struct group_cell){.key = key, .group = group};
    window->groups_live++;
    account_add(window->account, CELL_BYTES + window->group_size);
    return group;
}

/* Takes the group out of the cells; those behind it move up so that probing finds them. */
static void end_group(struct window *window, uint32_t group)
{
    const struct text *key = window_group(window, group)->key;
    uint32_t mask = window->cells_cap - 1;
    uint32_t hole = cell_hash(key) & mask;
    while (window->cells[hole].key != key)
        hole = (hole + 1) & mask;
    for (uint32_t at = (hole + 1) & mask; window->cells[at].key; at = (at + 1) & mask) {
        uint32_t home = cell_hash(window->cells[at].key) & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        window->cells[hole] = window->cells[at];
        hole = at;
    }
    window->cells[hole].key = NULL;
    if (window->measure->clear)
        window->measure->clear(window, group);
    window_group(window, group)->newest = window->groups_free;
    window->groups_free = group;
    window->groups_live--;
    account_remove(window->account, CELL_BYTES + window->group_size);
}

static uint32_t find_or_begin_group(struct window *window, struct text *key)
{
    if (window->groups_live + 1 > window->cells_cap / 4 * 3 && grow_cells(window) < 0)
        return WINDOW_NONE;
    uint32_t mask = window->cells_cap - 1;
    uint32_t at = cell_hash(key) & mask;
    for (; window->cells[at].key; at = (at + 1) & mask)
        if (window->cells[at].key == key)
            return window->cells[at].group;
    return begin_group(window, key, &window->cells[at]);
}

void window_prefetch(const struct window *window, const struct text *key)
{
    if (window->cells)
        __builtin_prefetch(&window->cells[cell_hash(key) & (window->cells_cap - 1)]);
}

/* Appends the item to the ring and to its group's list. There is room. */
static void append(struct window *window, struct item *item)
{
    struct group *group = window_group(window, item->group);
    item->before = group->newest;
    group->newest = window->ring_tail;
    group->items++;
    group->count += item->flags & ITEM_COUNTED ? 1 : 0;
    item->record->refs++;
    *window_item(window, window->ring_tail++) = *item;
    account_add(window->account, ITEM_BYTES);
}

uint32_t window_oldest(const struct window *window, uint32_t group, uint32_t *ret_numbers,
                       uint32_t max)
{
    uint32_t left = window_group(window, group)->items, n = left < max ? left : max;
    uint32_t number = window_group(window, group)->newest;
    for (; left > 0; left--) {
        if (left <= max)
            ret_numbers[left - 1] = number;
        number = window_item(window, number)->before;
    }
    return n;
}

/* The text that the path groups by; NULL: the record lacks it, or the value that is counted. */
static struct text *key_of(const struct window *window, uint32_t path, const struct record *record)
{
    const struct plan_path *way = &window->plan->paths.items[path];
    if (way->value_slot != SLOT_NONE) {
        const union hit_value *value = &record->slots[way->value_slot];
        bool text = window->correlation->type == SIGMA_VALUE_COUNT;
        if (text ? !value->text : value->number != value->number)
            return NULL;
    }
    return record->slots[way->group_slot].text;
}

int window_add(struct window *window, uint32_t path, struct record *record, int64_t time,
               uint64_t event, bool evidence)
{
    struct text *key = key_of(window, path, record);
    if (!key)
        return 0;
    int r = grow_ring(window);
    if (r < 0)
        return r;
    uint32_t number = find_or_begin_group(window, key->folded);
    if (number == WINDOW_NONE)
        return -ENOMEM;
    struct group *group = window_group(window, number);
    bool first = group->items == 0 || group->event != event;
    struct item item = {.time = time, .record = record, .group = number, .path = path};
    if (first)
        item.flags = ITEM_COUNTED | ITEM_MEASURED;
    else if (window->measure->every_source)
        item.flags = ITEM_MEASURED;
    else if (!evidence)
        return 0;

    if (item.flags & ITEM_MEASURED) {
        r = window->measure->add(window, number, &item);
        if (r < 0) {
            if (group->items == 0)
                end_group(window, number);
            return r;
        }
        if (window->rising && !group->fresh && vec_push(&window->touched, number) < 0) {
            window->measure->remove(window, number, &item);
            if (group->items == 0)
                end_group(window, number);
            return -ENOMEM;
        }
        group->fresh = true;
    }
    group->event = event;
    append(window, &item);
    return 1;
}

int window_restore(struct window *window, const struct item *item, bool firing, bool fresh)
{
    struct text *key = key_of(window, item->path, item->record);
    if (!key)
        return -EINVAL;
    int r = grow_ring(window);
    if (r < 0)
        return r;
    struct item restored = *item;
    restored.group = find_or_begin_group(window, key->folded);
    if (restored.group == WINDOW_NONE)
        return -ENOMEM;
    struct group *group = window_group(window, restored.group);
    if (item->flags & ITEM_MEASURED)
        r = window->measure->add(window, restored.group, &restored);
    if (r < 0) {
        if (group->items == 0)
            end_group(window, restored.group);
        return r;
    }
    group->firing = firing;
    group->fresh = fresh && !window->rising; /* those are looked at as they come */
    append(window, &restored);
    return 0;
}

struct record *window_pop(struct window *window)
{
    const struct item *item = window_item(window, window->ring_head);
    struct group *group = window_group(window, item->group);
    if (item->flags & ITEM_MEASURED)
        window->measure->remove(window, item->group, item);
    group->count -= item->flags & ITEM_COUNTED ? 1 : 0;
    account_remove(window->account, ITEM_BYTES);
    if (--group->items == 0)
        end_group(window, item->group);
    window->ring_head++;
    return item->record;
}

static bool limit_holds(const struct limit *limit, struct quantity value)
{
    fixed bound = limit->number * (fixed)value.parts;
    switch (limit->op) {
    case SIGMA_LESS:
        return value.total < bound;
    case SIGMA_LESS_EQUAL:
        return value.total <= bound;
    case SIGMA_GREATER:
        return value.total > bound;
    case SIGMA_GREATER_EQUAL:
        return value.total >= bound;
    default:
        return (value.total == bound) != limit->negated;
    }
}

bool window_holds(const struct window *window, uint32_t group)
{
    if (window->correlation->expression || window->n_branches)
        return window->measure->holds(window, group);
    struct quantity value = window->measure->value(window, group);
    if (value.parts == 0)
        return false;
    for (uint32_t i = 0; i < window->n_limits; i++)
        if (!limit_holds(&window->limits[i], value))
            return false;
    return true;
}
