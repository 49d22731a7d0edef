#include "parse/names.h"

#define SLOT_BITS 12
#define SLOT_MASK ((1u << SLOT_BITS) - 1)
#define EPOCH_MAX ((1u << (32 - SLOT_BITS)) - 1)

#define SEEN_CELLS 8192
#define SEEN_PROBES_MAX 64 /* names made to collide cost no more; a repeat past it is not marked */

/*
 * Which names an event has had so far: open addressing over its slots. A cell that an
 * older event wrote counts as free, so that nothing is cleared between events.
 *
 *     cells: [epoch (20 bits) | slot (12 bits)] × SEEN_CELLS, twice EVENT_SLOTS_MAX
 */
struct seen {
    uint32_t epoch;
    uint32_t cells[SEEN_CELLS];
};

_Static_assert(EVENT_SLOTS_MAX <= SLOT_MASK + 1, "a slot's number fits into its cell");
_Static_assert(EVENT_SLOTS_MAX * 2 <= SEEN_CELLS, "probing always meets a free cell");

void names_resolve(struct name *ret_names, const char *const *spellings, size_t count,
                   const struct fields *fields)
{
    for (size_t i = 0; i < count; i++) {
        struct str spelling = str_from_c(spellings[i]);
        ret_names[i] = (struct name){.ptr = spelling.ptr,
                                     .len = (uint16_t)spelling.len,
                                     .field = fields_find(fields, spelling)};
    }
}

struct name names_column(struct str spelling, const struct fields *fields, struct arena *arena)
{
    struct str text = parser_name_clean(str_trim(spelling), arena);
    if (!text.ptr)
        return (struct name){.ptr = "", .field = FIELD_NONE};
    return (struct name){
        .ptr = text.ptr, .len = (uint16_t)text.len, .field = fields_find(fields, text)};
}

static struct str slot_name(const struct slot *slot)
{
    return str_of(slot->name, slot->name_len);
}

/*
 * A list's first slot is in `seen`; the slot becomes its next element, or is remembered as a first.
 */
static void see(struct seen *seen, struct event *event, uint32_t i)
{
    struct slot *slot = &event->slots[i];
    uint32_t cell = parser_name_hash(slot_name(slot)) % SEEN_CELLS;
    for (uint32_t probes = 0; probes < SEEN_PROBES_MAX; probes++, cell = (cell + 1) % SEEN_CELLS) {
        uint32_t value = seen->cells[cell];
        if (value >> SLOT_BITS != seen->epoch) {
            seen->cells[cell] = seen->epoch << SLOT_BITS | i;
            return;
        }
        struct slot *first = &event->slots[value & SLOT_MASK];
        if (str_eq(slot_name(first), slot_name(slot))) {
            first->flags |= SLOT_ARRAY;
            slot->flags |= SLOT_ARRAY;
            return;
        }
    }
}

void names_mark_lists(struct parser *parser)
{
    /* No format owns the number FORMAT_UNKNOWN: what all share is kept there. */
    struct seen *seen = parser_state(parser, FORMAT_UNKNOWN, sizeof(*seen), NULL);
    if (!seen)
        return;
    if (seen->epoch == EPOCH_MAX) {
        memset(seen->cells, 0, sizeof(seen->cells));
        seen->epoch = 0;
    }
    seen->epoch++;
    for (uint32_t i = parser->outer; i < parser->event.n_slots; i++)
        see(seen, &parser->event, i);
}
