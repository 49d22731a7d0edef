/*
 * dataset_set: the inside of a set of datasets, shared by the files that read it from
 * YAML (dataset_read.c), recognise events (dataset_recognise.c), keep routes
 * (dataset_route.c) and derive values (dataset_derive.c). Everyone else includes event/dataset.h.
 *
 * Everything recognition asks of an event is a condition on one field. Conditions are shared, so
 * that one pass over an event's slots answers all of them; the answer is a set of bits.
 *
 *     slot ─▶ watch of its field ─▶ value table, prefixes, presence ─▶ bits of conditions
 *     bits ─▶ alternatives (all of these, none of those) ─▶ the most specific one's dataset
 *     bits ─▶ the dataset's logsources whose `when` holds ─▶ route
 */
#ifndef JAGA_EVENT_DATASET_SET_H
#define JAGA_EVENT_DATASET_SET_H

#include <pthread.h>
#include <stdatomic.h>

#include "event/dataset.h"

#define DATASETS_MAX 1024
#define CONDITIONS_MAX 4096 /* distinct conditions of a set; their bits live on the stack */
#define CONDITION_WORDS (CONDITIONS_MAX / 64)
#define KEPT_MAX 32       /* fields whose slot recognition remembers: tags, event ids */
#define PROVISIONS_MAX 64 /* logsources of one dataset: their bits are a route's key */
#define DYNAMIC_MAX 32    /* conditions of one dataset's logsources besides its event id */
#define DERIVES_MAX EVENT_DERIVED_MAX /* values derived for one event */
#define DERIVE_PARTS_MAX 64
#define EVENT_ID_MAX 128 /* bytes; an event id that is longer has no route of its own */
#define TAG_MAX 128      /* bytes; a tag that is longer is none */
#define DATASETS_ARENA_MAX ((size_t)256 << 20)

/* An index of set->conditions that stands for none. */
#define CONDITION_NONE UINT32_MAX

enum condition_kind { CONDITION_ONE_OF, CONDITION_PREFIX, CONDITION_PRESENT };

/* A question about one field. */
struct condition {
    enum condition_kind kind;
    uint32_t field;
    struct str *values; /* lower-cased (ASCII) */
    uint32_t n_values;
};

/* A few numbers in the arena. */
struct id_list {
    uint32_t *ids;
    uint32_t count;
};

/* What has to hold of an event: all of these bits, none of those. */
struct requirement {
    struct id_list all;
    struct id_list none;
};

struct prefix {
    struct str text;
    uint32_t condition;
};

/* What recognition wants to know about one field. */
struct watch {
    uint32_t field;
    uint32_t present;         /* the condition that it is there, or CONDITION_NONE */
    uint32_t keep;            /* index into sighting.kept, or KEPT_MAX */
    struct map values;        /* ASCII-lower-cased value → index into `hits` */
    size_t value_max;         /* bytes of the longest value */
    uint64_t lengths;         /* bit n: some value has n bytes, modulo 64 */
    VEC(struct id_list) hits; /* conditions a value fulfils */
    VEC(struct prefix) prefixes;
};

/* One way to recognise a dataset. */
struct alternative {
    uint32_t dataset;
    uint32_t priority;    /* the dataset's; higher wins */
    uint32_t specificity; /* exact values count more than prefixes, prefixes more than presence */
    uint32_t order;       /* as read; the earlier wins */
    struct requirement need;
};

/* A logsource a dataset provides, to events for which `when` holds. */
struct provision {
    struct logsource logsource;
    struct requirement when;
    bool service_is_event_id; /* the service is the event id's value; */
    struct str *services;     /* the values known of it, for datasets_provide() */
    uint32_t n_services;
};

struct derive_value {
    struct str from, to;
};

/* A piece of a derived text: a literal, or the value of a field. */
struct derive_part {
    struct str text;
    uint32_t field; /* FIELD_NONE: literal */
};

enum derive_kind {
    DERIVE_FORMAT, /* the parts one after the other; all must be there */
    DERIVE_JOIN,   /* the first `count` parts' last values, with spaces between */
    DERIVE_LIST,   /* every value of the first part's field, with spaces between */
    DERIVE_GUID,   /* the other spelling of the first part's GUID: with braces or without */
};

/* A value under a name Sigma uses, made of values the event has. */
struct derive {
    enum derive_kind kind;
    uint32_t field;
    struct str name;
    struct str *event_ids; /* empty: all */
    uint32_t n_event_ids;
    struct derive_part *parts;
    uint32_t n_parts;
    uint32_t count;              /* of JOIN: the field that says how many parts there are */
    struct derive_value *values; /* whole texts and what they become; others stay away */
    uint32_t n_values;
    struct derive_value *prefixes; /* the first that fits is replaced */
    uint32_t n_prefixes;
};

/* A dataset and what is not for others to see. */
struct dataset_entry {
    struct dataset dataset;
    uint32_t priority;
    uint32_t event_id_keep; /* index into sighting.kept, or KEPT_MAX */
    struct provision *provisions;
    uint32_t n_provisions;
    struct id_list dynamic; /* conditions of provisions that the event id does not decide */
    struct derive *derives;
    uint32_t n_derives;
};

/* What makes two events take the same route. */
struct route_key {
    uint32_t dataset;
    uint32_t dynamic;    /* bits: which of dataset_entry.dynamic hold */
    struct str event_id; /* empty: none, or `any_event_id` */
    bool any_event_id;   /* the table is nearly full, or the id absurdly long */
    uint64_t provided;   /* of any_event_id: bits of the provisions that hold */
    bool tagged;
    struct logsource tags; /* of `tagged` */
};

struct route_entry {
    struct route route;
    struct route_key key;
    uint64_t hash;
    const struct derive **derives; /* those that apply to the event id */
    uint32_t n_derives;
};

/*
 * Routes only grow. A reader finds cells without a lock; a writer fills the entry first, then
 * publishes its number.
 *
 *     cells: open addressing, 0 free, else number + 1      routes[number] ─▶ entry
 */
#define ROUTE_CELLS (ROUTES_MAX * 2)
#define ROUTES_SPLIT_MAX (ROUTES_MAX / 4 * 3) /* past this many, event ids share a route */

struct route_table {
    _Atomic uint32_t *cells;
    _Atomic(struct route_entry *) *routes;
    _Atomic uint32_t count;
    _Atomic uint64_t unrouted;
    pthread_mutex_t lock; /* of insertion, and of the arena after datasets_freeze() */
};

struct datasets {
    struct fields *fields;
    struct arena arena;
    VEC(struct dataset_entry *) entries;
    struct map names;  /* name → index */
    uint32_t fallback; /* dataset for time, host and user of what nothing recognises */

    const char *const *format_names;
    size_t n_format_names;

    struct map condition_ids; /* canonical text → index into conditions */
    VEC(struct condition) conditions;
    VEC(struct watch *) watches;
    struct id_list by_format[DATASET_FORMATS_MAX];
    uint32_t n_kept;
    uint32_t keep_product, keep_category, keep_service;
    VEC(struct alternative) alternatives;

    /* Made by datasets_freeze(). */
    uint16_t *watch_of_field; /* field → 1 + index into watches; 0: not watched */
    uint32_t n_watched_fields;
    struct id_list *keyed; /* condition → alternatives that it may lead to */
    struct route_table routes;

    struct map tag_words; /* lower-cased; what counts in tags, once datasets_want() was called */
    bool tags_limited;
};

/* What one pass over an event found out. */
struct sighting {
    uint64_t bits[CONDITION_WORDS]; /* only the words a set uses are zeroed */
    uint16_t hits[CONDITIONS_MAX];  /* the conditions that hold, in the order found */
    uint32_t n_hits;
    struct slot *kept[KEPT_MAX];
};

/* Values and tags are compared without the case of ASCII letters: s, folded into its len bytes. */
static inline void text_lower(struct str s, char *ret_bytes)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        ret_bytes[i] = (char)(c + (((unsigned char)(c - 'A') < 26) << 5));
    }
}

static inline bool sighting_has(const struct sighting *seen, uint32_t condition)
{
    return seen->bits[condition / 64] >> (condition % 64) & 1;
}

/*
 * dataset_watch.c: the condition of that kind, shared with others that ask the same. `values` are
 * copied. CONDITION_NONE: no memory, or CONDITIONS_MAX spent.
 */
uint32_t datasets_condition(struct datasets *datasets, enum condition_kind kind, uint32_t field,
                            const struct str *values, uint32_t n_values);

/*
 * Index into sighting.kept of that field's first slot; KEPT_MAX when there
 * are too many (or no memory).
 */
uint32_t datasets_keep(struct datasets *datasets, uint32_t field);

/* Does the condition hold of a field that has this value (ptr NULL: the field is absent)? */
bool condition_holds(const struct condition *condition, struct str value);

/* Adds a number to a list in the arena: 0 or -ENOMEM. */
int id_list_add(struct arena *arena, struct id_list *list, uint32_t id);

/* Answers every condition for the event, in one pass over its slots. */
void datasets_sight(const struct datasets *datasets, struct event *event, struct sighting *seen);

/* The tables that datasets_sight() needs: 0 or -ENOMEM. */
int datasets_freeze_watches(struct datasets *datasets);

/* The most specific alternative that holds: its dataset, or DATASET_NONE. */
uint32_t datasets_choose(const struct datasets *datasets, const struct sighting *seen);

/* Sorts the alternatives and finds the condition that leads to each: 0 or -ENOMEM. */
int datasets_freeze_alternatives(struct datasets *datasets);

/* dataset_route.c */
int route_table_init(struct route_table *table);
void route_table_free(struct route_table *table);

/*
 * The route of an event of that dataset with that event id (may be empty), whose tags say its
 * logsource where `tags` is not NULL. Made when new. NULL when there is no room (counted).
 */
const struct route_entry *datasets_take_route(struct datasets *datasets, uint32_t dataset,
                                              struct str event_id, const struct logsource *tags,
                                              const struct sighting *seen, uint32_t *ret_number);

/* dataset_derive.c: adds the derived values of a route to an event. */
void derive_run(const struct route_entry *entry, struct event *event);

#endif
