/*
 * correlate_order: hits as fixed-size records, and the place where they wait for their turn.
 *
 *     record: time | source, record | event | rule | refs | slots: [text or number] × of its rule
 *
 * A record lives as long as something refers to it: the waiting room, or an item of a window.
 */
#ifndef JAGA_SIGMA_CORRELATE_ORDER_H
#define JAGA_SIGMA_CORRELATE_ORDER_H

#include "base/vec.h"
#include "sigma/correlate_text.h"

/* A value that correlations need of a hit. */
union hit_value {
    struct text *text; /* a reference; NULL: the hit has no such value */
    double number;     /* NaN: the hit has no such number */
};

struct record {
    int64_t time;
    uint64_t source, record, event;
    uint32_t rule;
    uint32_t refs;
    union hit_value slots[];
};

struct pool_slab;

/* Records of one size, cut from slabs and used again. A zeroed pool with a size is empty. */
struct record_pool {
    size_t size;         /* bytes of a record; a multiple of 8 */
    struct record *free; /* linked through their first slot's place */
    struct pool_slab *slabs;
    uint32_t slab_records; /* of the newest slab */
};

void record_pool_free(struct record_pool *pool);

/* A record with one reference, not initialised otherwise; NULL: no memory. */
struct record *record_take(struct record_pool *pool, struct memory_account *account);
void record_give_back(struct record_pool *pool, struct record *record,
                      struct memory_account *account);

struct held {
    int64_t time; /* the record's */
    struct record *record;
};

/* Hits that wait: the first `sorted` are in order, later ones as they came. */
struct order {
    VEC(struct held) held;
    size_t sorted;
    struct held *scratch; /* for merging */
    size_t scratch_cap;
};

void order_free(struct order *order);

/* Puts all in order: by (time, source, record, rule), else as they came. 0 or -ENOMEM. */
int order_sort(struct order *order);

/* Forgets the first `n`. */
void order_drop(struct order *order, size_t n);

/* The same event: what the order compares before the rule. */
static inline bool record_same_event(const struct record *a, const struct record *b)
{
    return a->time == b->time && a->source == b->source && a->record == b->record;
}

#endif
