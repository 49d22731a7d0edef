/* The types of correlation: what each keeps of a group, and what it compares. */
#include <stdlib.h>

#include "base/hash.h"
#include "sigma/correlate_rank.h"
#include "sigma/correlate_window.h"

static const struct plan_path *path_of(const struct window *window, const struct item *item)
{
    return &window->plan->paths.items[item->path];
}

static double number_of(const struct window *window, const struct item *item)
{
    return item->record->slots[path_of(window, item)->value_slot].number;
}

static size_t no_state(const struct window *window)
{
    (void)window;
    return 0;
}

/* event_count: the group counts its events itself. */

static int count_add(struct window *window, uint32_t group, const struct item *item)
{
    (void)window, (void)group, (void)item;
    return 0;
}

static void count_remove(struct window *window, uint32_t group, const struct item *item)
{
    (void)window, (void)group, (void)item;
}

static struct quantity count_value(const struct window *window, uint32_t group)
{
    return (struct quantity){(fixed)window_group(window, group)->count * FIXED_ONE, 1};
}

/*
 * value_count: how often each group has each value, in one table for all groups of the window;
 * the group keeps how many it has.
 */

#define VALUE_CELLS_MIN 64
#define VALUE_BYTES (2 * sizeof(struct value_cell))

/* A folded text is one pointer: hashing that touches no text. */
static uint64_t value_hash(const struct text *value, uint32_t group)
{
    return hash_mix((uintptr_t)value, group);
}

static int grow_values(struct value_table *values)
{
    size_t cap = values->cap ? values->cap * 2 : VALUE_CELLS_MIN;
    struct value_cell *cells = calloc(cap, sizeof(*cells));
    if (!cells)
        return -ENOMEM;
    for (size_t i = 0; i < values->cap; i++) {
        const struct value_cell *cell = &values->cells[i];
        if (!cell->value)
            continue;
        size_t at = value_hash(cell->value, cell->group) & (cap - 1);
        while (cells[at].value)
            at = (at + 1) & (cap - 1);
        cells[at] = *cell;
    }
    free(values->cells);
    values->cells = cells;
    values->cap = cap;
    return 0;
}

/* The cell of the group's value, or the free one where it belongs. */
static struct value_cell *find_value(const struct value_table *values, const struct text *value,
                                     uint32_t group)
{
    size_t at = value_hash(value, group) & (values->cap - 1);
    while (values->cells[at].value &&
           (values->cells[at].value != value || values->cells[at].group != group))
        at = (at + 1) & (values->cap - 1);
    return &values->cells[at];
}

static void remove_value(struct value_table *values, struct value_cell *cell)
{
    size_t mask = values->cap - 1, hole = (size_t)(cell - values->cells);
    for (size_t at = (hole + 1) & mask; values->cells[at].value; at = (at + 1) & mask) {
        const struct value_cell *other = &values->cells[at];
        size_t home = value_hash(other->value, other->group) & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        values->cells[hole] = *other;
        hole = at;
    }
    values->cells[hole].value = NULL;
    values->len--;
}

static size_t distinct_state(const struct window *window)
{
    (void)window;
    return sizeof(uint64_t);
}

static int distinct_add(struct window *window, uint32_t group, const struct item *item)
{
    struct value_table *values = &window->values;
    if (values->len + 1 > values->cap / 4 * 3 && grow_values(values) < 0)
        return -ENOMEM;
    const struct text *value = item->record->slots[path_of(window, item)->value_slot].text->folded;
    struct value_cell *cell = find_value(values, value, group);
    if (!cell->value) {
        *cell = (struct value_cell){.value = value, .group = group};
        values->len++;
        ++*(uint64_t *)window_state(window, group);
        account_add(window->account, VALUE_BYTES);
    }
    cell->count++;
    return 0;
}

static void distinct_remove(struct window *window, uint32_t group, const struct item *item)
{
    const struct text *value = item->record->slots[path_of(window, item)->value_slot].text->folded;
    struct value_cell *cell = find_value(&window->values, value, group);
    if (--cell->count)
        return;
    remove_value(&window->values, cell);
    --*(uint64_t *)window_state(window, group);
    account_remove(window->account, VALUE_BYTES);
}

static struct quantity distinct_value(const struct window *window, uint32_t group)
{
    return (struct quantity){(fixed) * (uint64_t *)window_state(window, group) * FIXED_ONE, 1};
}

/* value_sum, value_avg */

struct sum {
    fixed total;
    uint64_t numbers;
};

static size_t sum_state(const struct window *window)
{
    (void)window;
    return sizeof(struct sum);
}

static int sum_add(struct window *window, uint32_t group, const struct item *item)
{
    struct sum *sum = window_state(window, group);
    sum->total += fixed_from_double(number_of(window, item));
    sum->numbers++;
    return 0;
}

static void sum_remove(struct window *window, uint32_t group, const struct item *item)
{
    struct sum *sum = window_state(window, group);
    sum->total -= fixed_from_double(number_of(window, item));
    sum->numbers--;
}

static struct quantity sum_value(const struct window *window, uint32_t group)
{
    const struct sum *sum = window_state(window, group);
    return (struct quantity){sum->total, sum->numbers ? 1 : 0};
}

static struct quantity average_value(const struct window *window, uint32_t group)
{
    const struct sum *sum = window_state(window, group);
    return (struct quantity){sum->total, sum->numbers};
}

/* value_percentile, value_median */

static size_t rank_state(const struct window *window)
{
    (void)window;
    return sizeof(struct rank);
}

static int ranked_add(struct window *window, uint32_t group, const struct item *item)
{
    return rank_add(window_state(window, group), number_of(window, item), window->account);
}

static void ranked_remove(struct window *window, uint32_t group, const struct item *item)
{
    rank_remove(window_state(window, group), number_of(window, item), window->account);
}

static struct quantity ranked_value(const struct window *window, uint32_t group)
{
    const struct rank *rank = window_state(window, group);
    double percent =
        window->correlation->type == SIGMA_VALUE_MEDIAN ? 50 : window->correlation->percentile;
    if (rank->len == 0)
        return (struct quantity){0};
    return (struct quantity){fixed_from_double(rank_percentile(rank, percent)), 1};
}

static void ranked_clear(struct window *window, uint32_t group)
{
    rank_free(window_state(window, group), window->account);
}

/* temporal: how many events of each source the window has. */

static size_t sources_state(const struct window *window)
{
    return window->correlation->n_sources * sizeof(uint32_t);
}

static int sources_add(struct window *window, uint32_t group, const struct item *item)
{
    uint32_t *counts = window_state(window, group);
    counts[path_of(window, item)->source]++;
    return 0;
}

static void sources_remove(struct window *window, uint32_t group, const struct item *item)
{
    uint32_t *counts = window_state(window, group);
    counts[path_of(window, item)->source]--;
}

static struct quantity sources_value(const struct window *window, uint32_t group)
{
    const uint32_t *counts = window_state(window, group);
    uint32_t seen = 0;
    for (uint32_t s = 0; s < window->correlation->n_sources; s++)
        seen += counts[s] > 0;
    return (struct quantity){(fixed)seen * FIXED_ONE, 1};
}

static bool expression_holds(const struct sigma_node *node, const uint32_t *counts)
{
    switch (node->kind) {
    case SIGMA_REF:
        return counts[node->index] > 0;
    case SIGMA_NOT:
        return !expression_holds(node->children[0], counts);
    case SIGMA_AND:
        for (uint32_t i = 0; i < node->count; i++)
            if (!expression_holds(node->children[i], counts))
                return false;
        return true;
    case SIGMA_OR:
        for (uint32_t i = 0; i < node->count; i++)
            if (expression_holds(node->children[i], counts))
                return true;
        return false;
    default:
        return node->kind == SIGMA_TRUE;
    }
}

static bool sources_hold(const struct window *window, uint32_t group)
{
    return expression_holds(window->correlation->expression, window_state(window, group));
}

static const struct measure event_count = {
    .rising = true,
    .state_size = no_state,
    .add = count_add,
    .remove = count_remove,
    .value = count_value,
};

static const struct measure value_count = {
    .every_source = true,
    .rising = true,
    .state_size = distinct_state,
    .add = distinct_add,
    .remove = distinct_remove,
    .value = distinct_value,
};

static const struct measure value_sum = {
    .rising = true, /* but for negative numbers: then every event is looked at all the same */
    .state_size = sum_state,
    .add = sum_add,
    .remove = sum_remove,
    .value = sum_value,
};

static const struct measure value_average = {
    .state_size = sum_state,
    .add = sum_add,
    .remove = sum_remove,
    .value = average_value,
};

static const struct measure value_ranked = {
    .state_size = rank_state,
    .add = ranked_add,
    .remove = ranked_remove,
    .value = ranked_value,
    .clear = ranked_clear,
};

static const struct measure temporal = {
    .every_source = true,
    .rising = true,
    .state_size = sources_state,
    .add = sources_add,
    .remove = sources_remove,
    .value = sources_value,
    .holds = sources_hold,
};

const struct measure *const measures[] = {
    [SIGMA_EVENT_COUNT] = &event_count,
    [SIGMA_VALUE_COUNT] = &value_count,
    [SIGMA_TEMPORAL] = &temporal,
    [SIGMA_TEMPORAL_ORDERED] = &measure_ordered,
    [SIGMA_VALUE_SUM] = &value_sum,
    [SIGMA_VALUE_AVG] = &value_average,
    [SIGMA_VALUE_PERCENTILE] = &value_ranked,
    [SIGMA_VALUE_MEDIAN] = &value_ranked,
};
