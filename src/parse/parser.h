/*
 * parser: the half of a parser that formats share (parse.h is its public face). The
 * event under construction, the cache of names, the scratch arena.
 *
 * A format begins an event, adds slots, ends it:
 *
 *     parser_begin(p, record, offset, raw);
 *     parser_add(p, name, text, VALUE_STRING, 0);
 *     status = parser_end(p, sink);          // hands it to the sink
 *
 * Names: parser_name() interns a name and its field id in the parser's cache, which
 * lives as long as the parser and is bounded (PARSER_NAMES_MAX; later names live in
 * the scratch arena). A format with a regular shape keeps the struct name pointers
 * of its last event and skips even that look-up.
 */
#ifndef JAGA_PARSE_PARSER_H
#define JAGA_PARSE_PARSER_H

#include "base/map.h"
#include "base/vec.h"
#include "parse/parse.h"

#define PARSER_NAMES_MAX 65536
#define PARSER_NAMES_RECENT 512
/* Bytes of a dotted name; a longer one is cut, and the event marked. */
#define PARSER_NAME_LEN_MAX 1024

struct name {
    const char *ptr;
    uint16_t len;
    uint32_t field; /* FIELD_NONE: nobody asked for it */
};

struct parser {
    const struct fields *fields;
    struct parse_options options;
    struct arena names_arena;
    struct map name_ids; /* spelling → index into names */
    VEC(struct name *) names;
    const struct name *recent[PARSER_NAMES_RECENT]; /* by hash: most names come again at once */
    struct arena scratch;                           /* reset by parser_begin() */
    struct event event;                             /* under construction */
    uint32_t slots_cap;
    uint32_t outer;                   /* slots that are of the record around the one being read */
    uint64_t begun;                   /* events begun so far: tells one from the next */
    void *format_state[FORMAT_COUNT]; /* a format's own, e.g. EVTX templates; see parser_state() */
    void (*format_state_free[FORMAT_COUNT])(void *state);
};

/*
 * The spelling as a name: UTF-8, no spaces, not too long; a copy in the arena where it had to
 * change. ptr is NULL when that is spent.
 */
struct str parser_name_clean(struct str spelling, struct arena *arena);

/* A hash of a name's first and last bytes and its length: cheap, for tables that compare anyway. */
static inline uint32_t parser_name_hash(struct str name)
{
    uint64_t first = 0, last = 0;
    if (name.len >= 8) {
        memcpy(&first, name.ptr, 8);
        memcpy(&last, name.ptr + name.len - 8, 8);
    } else if (name.len >= 4) {
        memcpy(&first, name.ptr, 4);
        memcpy(&last, name.ptr + name.len - 4, 4);
    } else if (name.len > 0) {
        first = (unsigned char)name.ptr[0] | (uint64_t)(unsigned char)name.ptr[name.len / 2] << 8;
        last = (unsigned char)name.ptr[name.len - 1];
    }
    uint64_t mixed = (first ^ (last << 29 | last >> 35) ^ name.len) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(mixed >> 40);
}

/*
 * The name, interned; lives at least until the next parser_begin(). Never NULL: on lack of memory
 * an empty name.
 */
const struct name *parser_name(struct parser *parser, struct str name);

/*
 * Starts an event; forgets the one before it and resets the scratch arena. `raw` is the record's
 * bytes.
 */
void parser_begin(struct parser *parser, uint64_t record, uint64_t offset, struct str raw);

/*
 * The slow half of parser_slot(): more slots, or NULL at EVENT_SLOTS_MAX (event.cut is set).
 */
struct slot *parser_slot_slow(struct parser *parser);

static inline struct slot *parser_slot(struct parser *parser)
{
    if (parser->event.n_slots == parser->slots_cap)
        return parser_slot_slow(parser);
    return &parser->event.slots[parser->event.n_slots++];
}

/*
 * Adds one value. The text must live until parser_end() returns: in the chunk, or in
 * parser->scratch.
 */
static inline void parser_add_named(struct parser *parser, const struct name *name, struct str text,
                                    enum value_type type, unsigned flags)
{
    struct slot *slot = parser_slot(parser);
    if (!slot)
        return;
    *slot = (struct slot){.name = name->ptr,
                          .text = text.ptr,
                          .text_len = (uint32_t)text.len,
                          .field = name->field,
                          .name_len = name->len,
                          .type = (uint8_t)type,
                          .flags = (uint8_t)flags};
}

/* The same, by spelling. */
void parser_add(struct parser *parser, struct str name, struct str text, enum value_type type,
                unsigned flags);

/* Hands the event to the sink; returns what the sink returned. */
int parser_end(struct parser *parser, struct sink *sink);

/* Reports something unreadable. */
void parser_error(struct sink *sink, uint64_t offset, uint64_t record, const char *message);

/*
 * The format's own state, made zeroed on first use; freed with the parser by `free_state` then
 * free().
 */
void *parser_state(struct parser *parser, enum format_id id, size_t size,
                   void (*free_state)(void *));

/*
 * cut() for formats of independent lines: everything up to the last line end (or all, when
 * last). The start of a line longer than PARSE_RECORD_MAX is passed on (parse() refuses a chunk's
 * line of that length), the rest of it skipped: an empty body. Whether it is inside such a line is
 * kept in cutter->state[CUT_LINE_SKIP].
 */
#define CUT_LINE_SKIP 3
size_t parse_cut_lines(struct cutter *cutter, struct str data, bool last, struct str *ret_body);

/*
 * Adds the members of a JSON object in `text` as slots named prefix + member. 0, or -EINVAL when it
 * is no object.
 */
int json_add_object(struct parser *parser, struct str prefix, struct str text);

/*
 * Adds the slots of a rendered Windows event, an <Event> element, under the names that EVTX gives,
 * and sets the event's time. 0, or -EINVAL when it is none or not well-formed: nothing was added.
 */
int xml_add_event(struct parser *parser, struct str xml);

/*
 * The same for the first <EventData> element in `text`, without the event around it, as Log
 * Analytics keeps it: <DataItem ..><EventData ..>.
 */
int xml_add_data(struct parser *parser, struct str text);

#endif
