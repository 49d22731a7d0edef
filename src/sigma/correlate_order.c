#include "sigma/correlate_order.h"

#include <stdlib.h>

#define SLAB_RECORDS_MIN 16
#define SLAB_RECORDS_MAX 1024
#define RUN_MIN 16 /* shorter runs are filled up by insertion */

struct pool_slab {
    struct pool_slab *next;
    char records[];
};

/* A free record is a link in place of its first bytes. */
struct free_record {
    struct record *next;
};

void record_pool_free(struct record_pool *pool)
{
    while (pool->slabs) {
        struct pool_slab *next = pool->slabs->next;
        free(pool->slabs);
        pool->slabs = next;
    }
    pool->free = NULL;
}

static void put_on_free_list(struct record_pool *pool, struct record *record)
{
    struct free_record link = {.next = pool->free};
    memcpy(record, &link, sizeof(link));
    pool->free = record;
}

static int add_slab(struct record_pool *pool)
{
    uint32_t n = pool->slab_records ? pool->slab_records : SLAB_RECORDS_MIN / 2;
    if (n < SLAB_RECORDS_MAX)
        n *= 2;
    struct pool_slab *slab = malloc(sizeof(*slab) + n * pool->size);
    if (!slab)
        return -ENOMEM;
    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->slab_records = n;
    for (uint32_t i = n; i-- > 0;)
        put_on_free_list(pool, (struct record *)(void *)(slab->records + i * pool->size));
    return 0;
}

struct record *record_take(struct record_pool *pool, struct memory_account *account)
{
    if (!pool->free && add_slab(pool) < 0)
        return NULL;
    struct record *record = pool->free;
    struct free_record link;
    memcpy(&link, record, sizeof(link));
    pool->free = link.next;
    record->refs = 1;
    account_add(account, pool->size);
    return record;
}

void record_give_back(struct record_pool *pool, struct record *record,
                      struct memory_account *account)
{
    account_remove(account, pool->size);
    put_on_free_list(pool, record);
}

void order_free(struct order *order)
{
    vec_free(&order->held);
    free(order->scratch);
    *order = (struct order){0};
}

static bool before(const struct held *a, const struct held *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    if (a->record->source != b->record->source)
        return a->record->source < b->record->source;
    if (a->record->record != b->record->record)
        return a->record->record < b->record->record;
    return a->record->rule < b->record->rule;
}

/* The end of the run that starts at `from`; a short one is made longer by insertion. */
static size_t find_run(struct held *held, size_t from, size_t len)
{
    size_t end = from + 1;
    while (end < len && !before(&held[end], &held[end - 1]))
        end++;
    for (; end < len && end - from < RUN_MIN; end++) {
        struct held moved = held[end];
        size_t at = end;
        for (; at > from && before(&moved, &held[at - 1]); at--)
            held[at] = held[at - 1];
        held[at] = moved;
    }
    return end;
}

/* Merges two neighbouring runs; the left one goes through the scratch. */
static void merge(struct held *held, size_t from, size_t middle, size_t end, struct held *scratch)
{
    while (from < middle && !before(&held[middle], &held[from]))
        from++; /* already in place */
    size_t left_len = middle - from;
    if (left_len == 0)
        return;
    memcpy(scratch, held + from, left_len * sizeof(*held));
    size_t left = 0, right = middle, at = from;
    while (left < left_len && right < end)
        held[at++] = before(&held[right], &scratch[left]) ? held[right++] : scratch[left++];
    memcpy(held + at, scratch + left, (left_len - left) * sizeof(*held));
}

/*
 * A merge sort over the runs that are there already: input in order costs one pass, and several
 * sources that are each in order cost their merging. The ends of the runs stand in a list of
 * their own; every pass merges neighbours and halves it.
 */
int order_sort(struct order *order)
{
    size_t len = order->held.len;
    if (order->sorted == len)
        return 0;
    if (order->scratch_cap < len) {
        struct held *scratch = realloc(order->scratch, order->held.cap * sizeof(*scratch));
        if (!scratch)
            return -ENOMEM;
        order->scratch = scratch;
        order->scratch_cap = order->held.cap;
    }
    VEC(size_t) ends = {0};
    if (order->sorted && vec_push(&ends, order->sorted) < 0)
        return -ENOMEM;
    for (size_t at = order->sorted; at < len;) {
        at = find_run(order->held.items, at, len);
        if (vec_push(&ends, at) < 0) {
            vec_free(&ends);
            return -ENOMEM;
        }
    }
    /* What came since the last time is merged on its own first: the old part is long. */
    size_t keep = order->sorted ? 1 : 0;
    while (ends.len > keep + 1) {
        size_t from = order->sorted, out = keep;
        for (size_t i = keep; i < ends.len; i += 2) {
            size_t last = i + 1 < ends.len ? i + 1 : i;
            if (last != i)
                merge(order->held.items, from, ends.items[i], ends.items[last], order->scratch);
            from = ends.items[last];
            ends.items[out++] = from;
        }
        ends.len = out;
    }
    if (keep && ends.len == 2)
        merge(order->held.items, 0, order->sorted, len, order->scratch);
    order->sorted = len;
    vec_free(&ends);
    return 0;
}

void order_drop(struct order *order, size_t n)
{
    order->held.len -= n;
    order->sorted -= n;
    if (order->held.len)
        memmove(order->held.items, order->held.items + n, order->held.len * sizeof(struct held));
}
