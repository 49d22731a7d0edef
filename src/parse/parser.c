#include "parse/parser.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "event/dataset.h"

/* Names and their spellings together; on average 512 bytes for each of PARSER_NAMES_MAX. */
#define PARSER_NAMES_SIZE ((size_t)PARSER_NAMES_MAX * 512)

/* The source's values, and room behind them for what its dataset derives. */
#define SLOTS_ROOM (EVENT_SLOTS_MAX + EVENT_DERIVED_MAX)

static const struct name NAME_EMPTY = {"", 0, FIELD_NONE};

struct parser *parser_new(const struct fields *fields, const struct parse_options *options)
{
    struct parser *parser = calloc(1, sizeof(*parser));
    if (!parser)
        return NULL;
    parser->fields = fields;
    parser->options = *options;
    parser->slots_cap = EVENT_SLOTS_MAX;
    parser->event.slots = malloc(SLOTS_ROOM * sizeof(*parser->event.slots));
    arena_init(&parser->names_arena, PARSER_NAMES_SIZE);
    arena_init(&parser->scratch, PARSE_SCRATCH_MAX);
    if (!parser->event.slots) {
        parser_free(parser);
        return NULL;
    }
    return parser;
}

void parser_free(struct parser *parser)
{
    if (!parser)
        return;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (parser->format_state[i] && parser->format_state_free[i])
            parser->format_state_free[i](parser->format_state[i]);
        free(parser->format_state[i]);
    }
    free(parser->event.slots);
    vec_free(&parser->names);
    map_free(&parser->name_ids);
    arena_free(&parser->names_arena);
    arena_free(&parser->scratch);
    free(parser);
}

void parser_set_options(struct parser *parser, const struct parse_options *options)
{
    parser->options = *options;
}

int parser_run(struct parser *parser, const struct format *format, const struct chunk *chunk,
               struct sink *sink)
{
    parser->event.format = (uint8_t)format->id;
    return format->parse(parser, chunk, sink);
}

/* The longest start of s that fits into a name and does not end inside a code point. */
static struct str name_cut(struct str s)
{
    if (s.len <= PARSER_NAME_LEN_MAX)
        return s;
    size_t len = PARSER_NAME_LEN_MAX;
    while (len > 0 && ((unsigned char)s.ptr[len] & 0xC0) == 0x80)
        len--;
    return str_first(s, len);
}

struct str parser_name_clean(struct str spelling, struct arena *arena)
{
    struct str text = utf8_repair(spelling, arena);
    if (text.ptr && str_index(text, ' ') < text.len) {
        char *bytes = arena_bytes(arena, text.len);
        size_t len = 0;
        for (size_t i = 0; bytes && i < text.len; i++)
            if (text.ptr[i] != ' ')
                bytes[len++] = text.ptr[i];
        text = str_of(bytes, len);
    }
    return name_cut(text);
}

/* A name whose bytes live in `arena`; NULL when that is spent. */
static struct name *name_new(struct parser *parser, struct str spelling, struct arena *arena)
{
    struct name *name = arena_alloc(arena, sizeof(*name));
    struct str text = parser_name_clean(spelling, arena);
    if (!name || !text.ptr)
        return NULL;
    *name = (struct name){
        .ptr = text.ptr, .len = (uint16_t)text.len, .field = fields_find(parser->fields, text)};
    return name;
}

/* A name the parser keeps; NULL when the cache is full. */
static const struct name *name_remember(struct parser *parser, struct str spelling)
{
    if (parser->names.len >= PARSER_NAMES_MAX ||
        vec_reserve(&parser->names, parser->names.len + 1) < 0)
        return NULL;
    struct str key = arena_copy(&parser->names_arena, spelling);
    struct name *name = key.ptr ? name_new(parser, key, &parser->names_arena) : NULL;
    if (!name || map_put(&parser->name_ids, key, (uint32_t)parser->names.len) < 0)
        return NULL;
    parser->names.items[parser->names.len++] = name;
    return name;
}

const struct name *parser_name(struct parser *parser, struct str name)
{
    struct str spelling = name_cut(name);
    if (spelling.len == 0)
        return &NAME_EMPTY;
    if (spelling.len < name.len)
        parser->event.cut = true;
    const struct name **recent = &parser->recent[parser_name_hash(spelling) % PARSER_NAMES_RECENT];
    if (*recent && str_eq(str_of((*recent)->ptr, (*recent)->len), spelling))
        return *recent;
    uint32_t index = map_get(&parser->name_ids, spelling);
    const struct name *made =
        index == MAP_NONE ? name_remember(parser, spelling) : parser->names.items[index];
    if (made)
        *recent = made;
    else
        made = name_new(parser, arena_copy(&parser->scratch, spelling), &parser->scratch);
    if (!made)
        parser->event.cut = true;
    return made ? made : &NAME_EMPTY;
}

void parser_begin(struct parser *parser, uint64_t record, uint64_t offset, struct str raw)
{
    arena_reset(&parser->scratch);
    parser->begun++;
    parser->event = (struct event){.slots = parser->event.slots,
                                   .slots_max = SLOTS_ROOM,
                                   .route = ROUTE_NONE,
                                   .dataset = DATASET_NONE,
                                   .format = parser->event.format,
                                   .time = TIME_UNSET,
                                   .record = record,
                                   .offset = offset,
                                   .raw = raw,
                                   .scratch = &parser->scratch};
}

struct slot *parser_slot_slow(struct parser *parser)
{
    parser->event.cut = true;
    return NULL;
}

void parser_add(struct parser *parser, struct str name, struct str text, enum value_type type,
                unsigned flags)
{
    parser_add_named(parser, parser_name(parser, name), text, type, flags);
}

int parser_end(struct parser *parser, struct sink *sink)
{
    return sink->event(sink, &parser->event);
}

void parser_error(struct sink *sink, uint64_t offset, uint64_t record, const char *message)
{
    struct parse_error error = {.offset = offset, .record = record, .message = message};
    sink->error(sink, &error);
}

void *parser_state(struct parser *parser, enum format_id id, size_t size,
                   void (*free_state)(void *))
{
    if (!parser->format_state[id]) {
        parser->format_state[id] = calloc(1, size);
        parser->format_state_free[id] = free_state;
    }
    return parser->format_state[id];
}

/* Takes the rest of a line whose start was passed on for being too long. */
static size_t cut_line_rest(struct cutter *cutter, struct str data)
{
    size_t end = str_index(data, '\n');
    if (end == data.len)
        return data.len;
    cutter->state[CUT_LINE_SKIP] = 0;
    return end + 1;
}

size_t parse_cut_lines(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    size_t skip = cutter->state[CUT_LINE_SKIP] ? cut_line_rest(cutter, data) : 0;
    struct str rest = str_skip(data, skip);
    *ret_body = str_first(rest, 0);
    const char *end = rest.len ? memrchr(rest.ptr, '\n', rest.len) : NULL;
    size_t len = end ? (size_t)(end - rest.ptr) + 1 : 0;
    if (last)
        len = rest.len;
    if (len == 0 && rest.len > PARSE_RECORD_MAX) {
        len = rest.len;
        cutter->state[CUT_LINE_SKIP] = 1;
    }
    *ret_body = str_first(rest, len);
    return skip + len;
}
