#include "watch/fold.h"

#define FOLD_CELLS_MIN 64

void fold_key_begin(struct buf *key, char kind)
{
    buf_clear(key);
    buf_add_byte(key, kind);
}

void fold_key_add(struct buf *key, struct str value)
{
    struct str part = str_first(value, FOLD_PART_MAX);
    buf_add_byte(key, ' ');
    buf_add_u64(key, part.len);
    buf_add_byte(key, ':');
    char *to = buf_reserve(key, part.len + 1);
    if (!to)
        return;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];
        to[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    key->len += part.len;
}

/* The cell of the key, or the free one where it belongs. The table has cells. */
static uint32_t *cell_of(const struct fold_table *table, struct str key, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (table->cap - 1);
    for (; table->cells[at]; at = (at + 1) & (table->cap - 1)) {
        const struct fold *fold = table->list.items[table->cells[at] - 1];
        if (fold->hash == hash && str_eq(fold->key, key))
            break;
    }
    return &table->cells[at];
}

static int64_t distance(int64_t from, int64_t to)
{
    int64_t result;
    return __builtin_sub_overflow(to, from, &result) ? INT64_MAX : result;
}

struct fold *fold_find(const struct fold_table *table, struct str key, uint64_t hash, int64_t time,
                       int64_t fold_us)
{
    uint32_t number = table->cap ? *cell_of(table, key, hash) : 0;
    if (number == 0)
        return NULL;
    struct fold *fold = table->list.items[number - 1];
    bool near = distance(fold->first, time) <= fold_us && distance(time, fold->last) <= fold_us;
    return near && !fold->once.len ? fold : NULL;
}

static int grow(struct fold_table *table)
{
    uint32_t cap = table->cap ? table->cap * 2 : FOLD_CELLS_MIN;
    uint32_t *cells = calloc(cap, sizeof(*cells));
    if (!cells)
        return -ENOMEM;
    for (uint32_t i = 0; i < table->cap; i++) {
        if (!table->cells[i])
            continue;
        uint32_t at = (uint32_t)table->list.items[table->cells[i] - 1]->hash & (cap - 1);
        while (cells[at])
            at = (at + 1) & (cap - 1);
        cells[at] = table->cells[i];
    }
    free(table->cells);
    table->cells = cells;
    table->cap = cap;
    return 0;
}

int fold_reserve(struct fold_table *table, size_t more)
{
    while (table->used + more > table->cap / 4 * 3)
        if (grow(table) < 0)
            return -ENOMEM;
    return vec_reserve(&table->list, table->list.len + more);
}

int fold_add(struct fold_table *table, struct fold *fold)
{
    if (fold_reserve(table, 1) < 0 || vec_push(&table->list, fold) < 0)
        return -ENOMEM;
    uint32_t *cell = cell_of(table, fold->key, fold->hash);
    table->used += *cell == 0;
    *cell = (uint32_t)table->list.len;
    return 0;
}

bool fold_near(const struct fold *fold, const struct fold *more, int64_t fold_us)
{
    return distance(fold->first, more->last) <= fold_us &&
           distance(more->first, fold->last) <= fold_us;
}

void fold_join(struct fold *fold, const struct fold *more)
{
    fold->count += more->count;
    fold->throttled += more->throttled;
    if (more->first < fold->first)
        fold->first = more->first;
    if (more->last > fold->last)
        fold->last = more->last;
    if (!fold->event)
        fold->event = more->event;
    if (!more->events || fold->n_events >= LEDGER_EVENTS_MAX)
        return;
    if (fold->newest)
        fold->newest->next = more->events;
    else
        fold->events = more->events;
    fold->newest = more->newest;
    fold->n_events += more->n_events;
}

void fold_add_event(struct fold *fold, struct fold_event *node, const struct ledger_event *event)
{
    *node = (struct fold_event){.event = event};
    if (fold->newest)
        fold->newest->next = node;
    else
        fold->events = node;
    fold->newest = node;
    fold->n_events++;
}

void fold_table_clear(struct fold_table *table)
{
    table->list.len = 0;
    table->used = 0;
    if (table->cap > 16 * FOLD_CELLS_MIN) { /* a flood is no reason to keep its table */
        free(table->cells);
        table->cells = NULL;
        table->cap = 0;
    } else if (table->cap) {
        memset(table->cells, 0, table->cap * sizeof(*table->cells));
    }
}

void fold_table_free(struct fold_table *table)
{
    vec_free(&table->list);
    free(table->cells);
    *table = (struct fold_table){0};
}
