/*
 * Rows of the lake as the events that they were. The parser that read the event reads its bytes again; where these
 * don't stand alone, or were no text, the event is made of its values:
 *
 *     binary formats           _raw is the event as one flat JSON object, written by event_write_json()
 *     formats with a header    columns, and _extra
 */
#include <errno.h>
#include <stdlib.h>

#include "hunt/lookback_inside.h"
#include "parse/json.h"
#include "parse/json_cursor.h"

#define SCRATCH_MAX PARSE_SCRATCH_MAX

/* ---- of bytes ---- */

static int on_event(struct sink *sink, struct event *event)
{
    struct remaker *remaker = (struct remaker *)(void *)sink;
    bool whole = str_trim(event->raw).len == str_trim(remaker->row->raw).len;
    if (remaker->seen++ > 0 || !whole)
        return 0;
    remaker->whole = true;
    return remaker->take(remaker->context, event);
}

static void on_error(struct sink *sink, const struct parse_error *error)
{
    (void)sink;
    (void)error; /* what was unread when it came is so now */
}

static int parse(struct remaker *remaker, const struct format *format)
{
    const struct lookback_row *row = remaker->row;
    const struct parse_options options = {.reference_us = row->received};
    struct cutter cutter = {.format = format};
    struct str rest = row->raw, body;
    int r = 0;
    remaker->seen = 0;
    remaker->whole = false;
    parser_set_options(remaker->parser, &options);
    while (r == 0 && rest.len) {
        size_t taken = format->cut(&cutter, rest, true, &body);
        if (taken == 0)
            break;
        const struct chunk chunk = {.header = buf_str(&cutter.header), .body = body};
        rest = str_skip(rest, taken);
        if (body.len)
            r = parser_run(remaker->parser, format, &chunk, &remaker->sink);
    }
    buf_free(&cutter.header);
    return r;
}

/* ---- of values ---- */

static void begin(struct remaker *remaker, enum format_id format)
{
    arena_reset(&remaker->scratch);
    remaker->event = (struct event){
        .slots = remaker->slots,
        .slots_max = EVENT_SLOTS_MAX + EVENT_DERIVED_MAX,
        .route = ROUTE_NONE,
        .dataset = DATASET_NONE,
        .format = (uint8_t)format,
        .time = format == FORMAT_EVTX ? remaker->row->time : TIME_UNSET, /* its reader knew it */
        .record = 1,
        .raw = format == FORMAT_EVTX ? (struct str){0} : remaker->row->raw,
        .scratch = &remaker->scratch,
    };
}

static void add_slot(struct remaker *remaker, struct str name, struct str text,
                     enum value_type type, unsigned flags)
{
    struct event *event = &remaker->event;
    if (event->n_slots == EVENT_SLOTS_MAX) {
        event->cut = true;
        return;
    }
    event->slots[event->n_slots++] = (struct slot){
        .name = name.ptr,
        .text = text.ptr,
        .text_len = (uint32_t)text.len,
        .field = fields_find(remaker->fields, name),
        .name_len = (uint16_t)name.len,
        .type = (uint8_t)type,
        .flags = (uint8_t)flags,
    };
}

static enum value_type type_of_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '.' || text.ptr[i] == 'e' || text.ptr[i] == 'E')
            return VALUE_FLOAT;
    return VALUE_INT;
}

/* A value of JSON that is no list, as JSON writes it. */
static void add_scalar(struct remaker *remaker, struct str name, struct str json, unsigned flags)
{
    bool escaped = json_is_quoted(json) && memchr(json.ptr, '\\', json.len);
    if (json_is_quoted(json))
        add_slot(remaker, name, json_inside(json), VALUE_STRING,
                 flags | (escaped ? SLOT_ESCAPED : 0u));
    else if (str_eq(json, STR("null")))
        add_slot(remaker, name, STR(""), VALUE_NULL, flags);
    else if (str_eq(json, STR("true")) || str_eq(json, STR("false")))
        add_slot(remaker, name, json, VALUE_BOOL, flags);
    else if (str_starts(json, STR("{")))
        add_slot(remaker, name, STR(""), VALUE_EMPTY_MAP, flags);
    else if (str_starts(json, STR("[")))
        add_slot(remaker, name, STR(""), VALUE_EMPTY_LIST, flags);
    else
        add_slot(remaker, name, json, type_of_number(json), flags);
}

static void add_json(struct remaker *remaker, struct str name, struct str json)
{
    struct str none, element;
    bool any = false;
    struct json_cursor elements = {0};
    if (str_starts(json, STR("[")))
        elements = json_cursor_of(json);
    while (elements.at && json_cursor_next(&elements, &none, &element)) {
        add_scalar(remaker, name, element, SLOT_ARRAY);
        any = true;
    }
    if (!any)
        add_scalar(remaker, name, json, 0);
}

/* The members of a flat object, whose names are native ones. False: no memory. */
static bool add_members(struct remaker *remaker, struct str object)
{
    struct json_cursor members = json_cursor_of(object);
    struct str name, value;
    while (json_cursor_next(&members, &name, &value)) {
        if (name.len && memchr(name.ptr, '\\', name.len)) {
            char *bytes = arena_bytes(&remaker->scratch, name.len);
            if (!bytes)
                return false;
            name = str_of(bytes, event_unescape(name, bytes));
        }
        add_json(remaker, name, value);
    }
    return true;
}

/* An event made of one flat JSON object. */
static int run_object(struct remaker *remaker, struct str object, enum format_id format)
{
    begin(remaker, format);
    if (json_object_end(object, 0) != object.len)
        return 1;
    if (!add_members(remaker, object))
        return -ENOMEM;
    return remaker->take(remaker->context, &remaker->event);
}

bool lookback_is_list(struct str text, struct buf *scratch)
{
    if (!str_starts(text, STR("[")))
        return false;
    buf_clear(scratch);
    buf_add_c(scratch, "{\"_\":"); /* what can be checked is an object */
    buf_add_str(scratch, text);
    buf_add_byte(scratch, '}');
    return !scratch->failed && json_object_end(buf_str(scratch), 0) == scratch->len;
}

static void write_value(struct buf *out, const struct lake_column *column,
                        const struct lake_vector *vector, uint32_t row, struct buf *scratch)
{
    struct str text;
    switch (vector->kind) {
    case LAKE_BOOLEAN:
        buf_add_c(out, vector->integers[row] ? "true" : "false");
        return;
    case LAKE_INTEGER:
        buf_add_i64(out, vector->integers[row]);
        return;
    case LAKE_DOUBLE:
        buf_printf(out, "%.17g", vector->doubles[row]);
        return;
    default:
        text = vector->texts[row];
        if (column->dynamic && lookback_is_list(text, scratch))
            buf_add_str(out, text);
        else
            buf_add_json(out, text);
    }
}

void remaker_write_values(struct buf *out, const struct lake_column *const *columns,
                          const struct lake_vector *vectors, uint32_t n, uint32_t row,
                          struct str extra)
{
    struct buf scratch = {0};
    bool any = false;
    buf_add_byte(out, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (lake_is_null(&vectors[i], row))
            continue;
        if (any)
            buf_add_byte(out, ',');
        buf_add_json(out, columns[i]->field);
        buf_add_byte(out, ':');
        write_value(out, columns[i], &vectors[i], row, &scratch);
        any = true;
    }
    if (extra.len > 2) { /* more than "{}" */
        if (any)
            buf_add_byte(out, ',');
        buf_add_str(out, str_of(extra.ptr + 1, extra.len - 2));
    }
    buf_add_byte(out, '}');
    buf_free(&scratch);
}

/* ---- the whole ---- */

int remaker_init(struct remaker *remaker, const struct fields *fields)
{
    remaker->sink = (struct sink){.event = on_event, .error = on_error};
    remaker->fields = fields;
    remaker->parser = parser_new(fields, &(struct parse_options){0});
    remaker->slots = calloc(EVENT_SLOTS_MAX + EVENT_DERIVED_MAX, sizeof(*remaker->slots));
    arena_init(&remaker->scratch, SCRATCH_MAX);
    return remaker->parser && remaker->slots ? 0 : -ENOMEM;
}

void remaker_free(struct remaker *remaker)
{
    if (remaker->parser)
        parser_free(remaker->parser);
    free(remaker->slots);
    arena_free(&remaker->scratch);
}

bool remaker_wants_values(struct str format)
{
    const struct format *known = format_by_name(format);
    return !known || known->id == FORMAT_CSV || known->id == FORMAT_ZEEK || known->id == FORMAT_W3C;
}

int remaker_run(struct remaker *remaker, const struct lookback_row *row)
{
    const struct format *format = format_by_name(row->format);
    remaker->row = row;
    if (row->values.len)
        return run_object(remaker, row->values, format ? format->id : FORMAT_UNKNOWN);
    if (remaker_wants_values(row->format))
        return 1;
    if (format->id == FORMAT_EVTX)
        return run_object(remaker, row->raw, format->id);
    int r = parse(remaker, format);
    return r < 0 || remaker->whole ? r : 1;
}
