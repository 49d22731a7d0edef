/*
 * correlate_window: the events of one correlation that are within its timespan, by group.
 *
 *     ring:   [item][item][item][item][item]      in order of time; expiry takes from the left
 *               g0    g1    g0    g2    g0
 *               ◀───before───┘◀───before───┘       the items of a group are a list through the ring
 *     groups: [g0: key, newest, items, flags | what the type measures] [g1 ..
 *     cells:  key ─▶ group
 *
 * A group is there as long as it has items. The type is a row of a table (struct measure):
 * what to keep of a group, how an item changes it, what the condition compares.
 */
#ifndef JAGA_SIGMA_CORRELATE_WINDOW_H
#define JAGA_SIGMA_CORRELATE_WINDOW_H

#include "sigma/correlate_order.h"
#include "sigma/correlate_plan.h"

#define FIXED_ONE 1000000000 /* fixed-point: nine decimals */
#define FIXED_WHOLE_MAX 1e20 /* numbers are cut there: 10^9 of them still add up in 128 bits */
#define WINDOW_ITEMS_MAX (1u << 30)
#define WINDOW_NONE UINT32_MAX
#define GROUP_SIZE ((sizeof(struct group) + 15) & ~(size_t)15) /* the measure's state follows */

__extension__ typedef __int128 fixed; /* number × FIXED_ONE */

/* Nine decimals, the tenth rounded; past ±FIXED_WHOLE_MAX cut to it. Not for NaN. */
fixed fixed_from_double(double number);

enum item_flags {
    ITEM_COUNTED = 1,  /* an event of the window; others only add evidence to one */
    ITEM_MEASURED = 2, /* the measure has taken it */
};

struct item {
    int64_t time;
    struct record *record; /* a reference */
    uint32_t group;
    uint32_t before; /* ring number of the group's item before it; of the oldest: anything */
    uint32_t path;
    uint32_t flags;
};

struct group {
    struct text *key; /* folded; lives as long as the group's items */
    uint64_t event;   /* number of the event it took last */
    uint32_t count;   /* events: ITEM_COUNTED */
    uint32_t items;   /* 0: free */
    uint32_t newest;  /* ring number; of a free group: the next free one */
    bool firing;      /* the condition held when last looked at */
    bool fresh;       /* has events that were not looked at */
    /* the measure's state follows, aligned for any type */
};

/* The key beside the group's number: probing touches no group but the right one. */
struct group_cell {
    const struct text *key; /* NULL: free */
    uint32_t group;
};

/* What a condition compares: total / parts, exactly. */
struct quantity {
    fixed total;
    uint64_t parts; /* 0: nothing to compare */
};

struct window;

struct measure {
    bool every_source; /* takes an event once per source, not just once */
    bool rising;       /* events can only raise it */
    /* Bytes kept of a group, zeroed when it begins. */
    size_t (*state_size)(const struct window *window);
    int (*add)(struct window *window, uint32_t group, const struct item *item);
    void (*remove)(struct window *window, uint32_t group, const struct item *item);
    struct quantity (*value)(const struct window *window, uint32_t group);
    /* Where an expression, or the order, decides instead of bounds on the value. */
    bool (*holds)(const struct window *window, uint32_t group);
    void (*clear)(struct window *window, uint32_t group); /* NULL: nothing to free */
};

/* By enum sigma_correlation_type. */
extern const struct measure *const measures[];
extern const struct measure measure_ordered;

struct limit {
    enum sigma_op op;
    bool negated;
    fixed number;
};

/* How often a group has a value; open addressing, linear probing. */
struct value_cell {
    const struct text *value; /* folded; NULL: free */
    uint32_t group;
    uint32_t count;
};

struct value_table {
    struct value_cell *cells;
    size_t cap, len;
};

/* One way for temporal_ordered to hold: these sources in order, those not at all. Bits. */
struct branch {
    uint32_t wanted, absent;
};

struct window {
    const struct sigma_correlation *correlation;
    uint32_t number; /* of the correlation in the set */
    const struct plan *plan;
    const struct measure *measure;
    struct memory_account *account;
    int64_t timespan;
    bool rising; /* the condition is looked at with every event; else for full windows */
    struct limit *limits;
    uint32_t n_limits;
    struct branch *branches; /* temporal_ordered without bounds */
    uint32_t n_branches;

    struct item *ring;
    uint32_t ring_cap, ring_head, ring_tail; /* numbers count on; a place is number % ring_cap */

    char *groups;                                 /* group_size bytes each */
    size_t group_size;                            /* struct group and the measure's state */
    uint32_t groups_cap, groups_len, groups_free; /* _free: first of the free list */
    uint32_t groups_live;
    struct group_cell *cells; /* open addressing, linear probing, at most 3/4 full */
    uint32_t cells_cap;

    struct value_table values; /* VALUE_COUNT */
    VEC(uint32_t) touched;     /* groups with new events at this instant (rising only) */
};

/* 0, or -ENOMEM; then call window_free(). The correlation passes correlation_check(). */
int window_init(struct window *window, const struct sigma_correlation *correlation, uint32_t number,
                const struct plan *plan, struct memory_account *account);

/* Frees everything but the records and their texts. */
void window_free(struct window *window);

/*
 * Takes a record at `time` by `path`; keeps a reference when it took it. `event` numbers the event
 * that this is (or the match it comes from): a second record of the same event in the same group
 * adds a source or evidence, not an event. `evidence`: keep it even when it adds nothing else.
 * Returns 1 when taken, 0 when there was nothing to take, -ENOMEM, or -ENOSPC past
 * WINDOW_ITEMS_MAX.
 */
int window_add(struct window *window, uint32_t path, struct record *record, int64_t time,
               uint64_t event, bool evidence);

/*
 * Puts back an item that another window held: its time, record, path and flags; those of a window in
 * their order. Keeps a reference. 0, -EINVAL when the record lacks what the path needs, -ENOMEM, -ENOSPC.
 */
int window_restore(struct window *window, const struct item *item, bool firing, bool fresh);

/*
 * The ring numbers of the group's items, oldest first, at most `max` of them; returns how many.
 * Walks through all items of the group.
 */
uint32_t window_oldest(const struct window *window, uint32_t group, uint32_t *ret_numbers,
                       uint32_t max);

/* Takes the oldest item off and returns its record, whose reference is the caller's now. */
struct record *window_pop(struct window *window);

/* Asks for the cell that window_add() will look for the key in. */
void window_prefetch(const struct window *window, const struct text *key);

/* Does the condition hold for the group as it is? */
bool window_holds(const struct window *window, uint32_t group);

static inline bool window_empty(const struct window *window)
{
    return window->ring_head == window->ring_tail;
}

static inline struct item *window_item(const struct window *window, uint32_t number)
{
    return &window->ring[number & (window->ring_cap - 1)];
}

static inline struct group *window_group(const struct window *window, uint32_t group)
{
    return (struct group *)(void *)(window->groups + group * window->group_size);
}

/* What the measure keeps of the group; aligned to 16 bytes. */
static inline void *window_state(const struct window *window, uint32_t group)
{
    return window->groups + group * window->group_size + GROUP_SIZE;
}

/* The last instant whose window holds the oldest item; INT64_MAX when there is none. */
static inline int64_t window_deadline(const struct window *window)
{
    int64_t deadline;
    if (window_empty(window))
        return INT64_MAX;
    if (__builtin_add_overflow(window_item(window, window->ring_head)->time, window->timespan,
                               &deadline))
        return INT64_MAX - 1;
    return deadline;
}

/* The branches of a temporal_ordered correlation; at most CORRELATE_BRANCHES_MAX, or -ENOTSUP. */
int branches_make(const struct sigma_correlation *correlation,
                  struct branch ret_branches[static CORRELATE_BRANCHES_MAX], uint32_t *ret_n);

#endif
