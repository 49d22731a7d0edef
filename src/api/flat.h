/*
 * flat: one event as a JSON object put together from several places: what the event says itself, then what its
 * envelope says about it. A name that is there already is left out when it comes again: what is closer to the
 * source was written first.
 *
 *     flat_begin(&flat, out);
 *     if (flat_name(&flat, STR("host"))) buf_add_json(out, host);
 *     ok = flat_end(&flat);
 *
 * Pure; one thread. The names are remembered as hashes, in a table that is never cleared: every event has a
 * number.
 */
#ifndef JAGA_API_FLAT_H
#define JAGA_API_FLAT_H

#include "base/buf.h"

#define FLAT_NAMES_MAX 4096 /* of one event; more make it no event */

struct flat {
    struct buf *out;
    size_t start;
    uint32_t event; /* number of the event under construction */
    uint32_t names;
    bool full; /* it has too many names */
    struct {
        uint64_t hash;
        uint32_t event;
    } cells[2 * FLAT_NAMES_MAX];
};

/* A struct flat is zeroed once, before its first event. */
void flat_begin(struct flat *flat, struct buf *out);

/*
 * Starts a member, whose value the caller writes next; `name` is JSON text without quotes. False: it is there
 * already, or there are too many.
 */
bool flat_name(struct flat *flat, struct str name);

/* The same for any text as a name. */
bool flat_text_name(struct flat *flat, struct str name);

/* A member with a value that is JSON text; nothing where value.ptr is NULL. */
void flat_add(struct flat *flat, struct str name, struct str value);

/* All members of a checked object. */
void flat_add_members(struct flat *flat, struct str object);

/* False: it is no event, and nothing of it is in the buffer any more. */
bool flat_end(struct flat *flat);

#endif
