/*
 * event: one record of some source, as (field, value) slots over its raw bytes.
 *
 *     slots: [name|value|field id|type|flags] [..] [..]     in the order of the source
 *              │     └─▶ into the raw bytes, or the event's scratch arena
 *              └──────▶ into the reader's name cache, or the scratch arena
 *
 * An event lives for the length of the sink's call that receives it: its slots and
 * their bytes belong to the reader, which reuses them for the next event. Who needs
 * more copies. A field that has several values (a JSON array, auditd's repeats) has several
 * slots, each with SLOT_ARRAY.
 */
#ifndef JAGA_EVENT_EVENT_H
#define JAGA_EVENT_EVENT_H

#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"

enum value_type {
    VALUE_STRING,
    VALUE_INT,        /* decimal text with optional '-' */
    VALUE_FLOAT,      /* JSON number text */
    VALUE_BOOL,       /* "true" or "false" */
    VALUE_NULL,       /* empty text */
    VALUE_EMPTY_LIST, /* a list without elements; empty text */
    VALUE_EMPTY_MAP,  /* an object without members; empty text */
};

enum slot_flags {
    SLOT_ESCAPED = 1,   /* text still has JSON escapes; event_text() resolves them */
    SLOT_ARRAY = 2,     /* one element of a list */
    SLOT_UNCHECKED = 4, /* text may not be UTF-8; event_text() repairs it */
    SLOT_DERIVED = 8,   /* not in the source: added by its dataset for rules; not written out */
};

struct slot {
    const char *name;  /* dotted name as the source gives it, spaces removed */
    const char *text;  /* the value as text; see event_text() */
    uint32_t text_len; /* bytes */
    uint32_t field;    /* id in the reader's dictionary, or FIELD_NONE */
    uint16_t name_len; /* bytes */
    uint8_t type;      /* enum value_type */
    uint8_t flags;     /* enum slot_flags */
    uint32_t spare;
};

#define EVENT_SLOTS_MAX 4096 /* values of one event; more are dropped and `cut` is set */
#define EVENT_DERIVED_MAX 16 /* values that a dataset may add behind those of the source */

struct event {
    struct slot *slots;
    uint32_t n_slots;
    uint32_t slots_max;    /* slots there is room for; 0: for no more than there are */
    uint32_t route;        /* logsources it provides, see dataset.h; ROUTE_NONE until recognised */
    uint32_t dataset;      /* dataset.h; DATASET_NONE until recognised */
    uint8_t format;        /* enum format_id of parse/parse.h */
    bool cut;              /* some values were dropped: a limit */
    int64_t time;          /* µs UTC; TIME_UNSET until known, see event_time() */
    uint64_t record;       /* number in its source: EVTX record id, else from 1 in the chunk */
    uint64_t offset;       /* byte offset of the record within the chunk */
    struct str raw;        /* the record's bytes as read; empty for binary formats */
    struct arena *scratch; /* reset by the reader before each event */
};

/*
 * The value of a slot as UTF-8 text without escapes. Resolves lazily and remembers: the slot's text
 * and flags change. Lives as long as the event. Empty where the scratch arena is spent.
 */
struct str event_text_slow(struct event *event, struct slot *slot);

static inline struct str event_text(struct event *event, struct slot *slot)
{
    if (slot->flags & (SLOT_ESCAPED | SLOT_UNCHECKED))
        return event_text_slow(event, slot);
    return (struct str){slot->text, slot->text_len};
}

/* The first slot of that field, or NULL. FIELD_NONE finds nothing. */
struct slot *event_find(struct event *event, uint32_t field);

/* The first slot of that name, or NULL: for names without an id. */
struct slot *event_find_name(struct event *event, struct str name);

/* The text of the first slot of that name, or an empty str. */
struct str event_get(struct event *event, const char *name);

/*
 * Resolves JSON string escapes (RFC 8259) of `s` into ret_bytes, which has room for
 * s.len bytes: \uXXXX never grows. A lone surrogate becomes U+FFFD. Returns the bytes written.
 */
size_t event_unescape(struct str s, char *ret_bytes);

struct buf;

/*
 * The event as one JSON object without a line end: native names, values by their
 * type, elements of one list together as an array. `_time` and friends are not added.
 */
void event_write_json(struct event *event, struct buf *out);

#endif
