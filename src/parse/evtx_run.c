/*
 * Instances to slots: for each op look at the value, write its text into the scratch arena,
 * fill a slot. What a record may cost is bounded by chunk->work, since a hostile template can use
 * one value thousands of times.
 */
#include "parse/evtx.h"

#define OP_WORK 16 /* what an op costs besides its value's bytes */

/* A template instance's values. */
struct values {
    struct evtx_value *items;
    uint32_t count;
};

static const char too_much[] = "the record repeats its values too often";

static const struct evtx_value null_value = {.type = EVTX_NULL};

static bool run(struct evtx_chunk *chunk, const struct evtx_program *program,
                const struct values *values, unsigned depth);

static const struct evtx_value *value_at(const struct values *values, uint32_t index)
{
    return index < values->count ? &values->items[index] : &null_value;
}

static bool fail(struct evtx_chunk *chunk, const char *why)
{
    if (!chunk->error)
        chunk->error = why;
    return false;
}

/* Adds the op's slot with this text. */
static inline void add_slot(struct parser *parser, const struct slot *like, const char *text,
                            size_t len, uint8_t type, unsigned flags)
{
    struct slot *slot = parser_slot(parser);
    if (!slot)
        return;
    *slot = *like;
    slot->text = text;
    slot->text_len = (uint32_t)len;
    slot->type = type;
    slot->flags |= (uint8_t)flags;
}

/* Adds a value that is no array and no fragment. */
static inline void add_value(struct parser *parser, const struct slot *like,
                             const struct evtx_value *value, unsigned flags)
{
    enum value_type type = VALUE_STRING;
    char *out = arena_bytes(&parser->scratch, evtx_value_room(value->size));
    if (!out) {
        parser->event.cut = true;
        return;
    }
    size_t len;
    if (value->type == EVTX_STRING)
        len = evtx_utf16_text(value->bytes, value->size / 2, out);
    else
        len = evtx_value_text(value, out, &type);
    parser->scratch.cursor = out + len;
    add_slot(parser, like, out, len, (uint8_t)type, flags);
}

static void add_array(struct parser *parser, const struct slot *like,
                      const struct evtx_value *value)
{
    struct evtx_value rest = *value, element;
    while (!parser->event.cut && evtx_array_next(&rest, &element))
        add_value(parser, like, &element, SLOT_ARRAY);
}

static bool add_fragment(struct evtx_chunk *chunk, const struct evtx_op *op,
                         const struct evtx_value *value, unsigned depth)
{
    uint32_t at = (uint32_t)(value->bytes - chunk->bytes);
    if (!op->scope)
        return true;
    return evtx_run_fragment(chunk, at, at + value->size, op->scope, depth + 1);
}

static void set_time(struct parser *parser, const struct evtx_value *value)
{
    if (value->type == EVTX_FILETIME && value->size == 8)
        parser->event.time = time_from_filetime(evtx_u64(value->bytes));
}

static void run_literal(struct parser *parser, const struct evtx_op *op)
{
    struct slot *slot = parser_slot(parser);
    int64_t time;
    if (!slot)
        return;
    *slot = op->slot;
    if (op->time && time_parse(str_of(slot->text, slot->text_len), &time) == 0)
        parser->event.time = time;
}

static bool run_value(struct evtx_chunk *chunk, const struct evtx_op *op,
                      const struct evtx_value *value, unsigned depth)
{
    struct parser *parser = chunk->parser;
    if (evtx_value_is_null(value)) {
        if (!op->omit_null)
            add_slot(parser, &op->slot, "", 0, VALUE_NULL, 0);
        return true;
    }
    if (value->type == EVTX_BINXML)
        return add_fragment(chunk, op, value, depth);
    if (op->time)
        set_time(parser, value);
    if (value->type & EVTX_ARRAY)
        add_array(parser, &op->slot, value);
    else
        add_value(parser, &op->slot, value, 0);
    return true;
}

/* Writes a value that is part of a longer text; the elements of an array with commas. */
static size_t put_value(const struct evtx_value *value, char *out)
{
    enum value_type type;
    if (evtx_value_is_null(value) || value->type == EVTX_BINXML)
        return 0;
    if (!(value->type & EVTX_ARRAY))
        return evtx_value_text(value, out, &type);
    struct evtx_value rest = *value, element;
    size_t len = 0;
    while (evtx_array_next(&rest, &element)) {
        if (len)
            out[len++] = ',';
        len += evtx_value_text(&element, out + len, &type);
    }
    return len;
}

/* Room for put_value(): an array's smallest elements are a byte, their texts six with the comma. */
static size_t room_of(const struct evtx_value *value)
{
    return evtx_value_room(value->size) + 6 * (size_t)value->size;
}

/* The text of pieces put together. */
static struct str text_of(struct parser *parser, const struct evtx_piece *pieces,
                          const struct values *values)
{
    size_t room = 0;
    for (const struct evtx_piece *piece = pieces; piece; piece = piece->next)
        room += piece->literal.len + room_of(value_at(values, piece->value));
    char *out = arena_bytes(&parser->scratch, room);
    if (!out) {
        parser->event.cut = true;
        return STR("");
    }
    size_t len = 0;
    for (const struct evtx_piece *piece = pieces; piece; piece = piece->next) {
        if (piece->literal.len)
            memcpy(out + len, piece->literal.ptr, piece->literal.len);
        len += piece->literal.len;
        len += put_value(value_at(values, piece->value), out + len);
    }
    parser->scratch.cursor = out + len;
    return str_of(out, len);
}

/* Takes what the pieces cost from the record's work; false when it is spent. */
static bool spend(struct evtx_chunk *chunk, const struct evtx_piece *pieces,
                  const struct values *values)
{
    for (const struct evtx_piece *piece = pieces; piece; piece = piece->next) {
        uint32_t cost = OP_WORK + value_at(values, piece->value)->size;
        if (cost > chunk->work)
            return fail(chunk, too_much);
        chunk->work -= cost;
    }
    return true;
}

static bool run_text(struct evtx_chunk *chunk, const struct evtx_op *op,
                     const struct values *values, unsigned depth)
{
    struct parser *parser = chunk->parser;
    if (!spend(chunk, op->name, values) || !spend(chunk, op->pieces, values))
        return false;
    struct slot slot = op->slot;
    if (op->name) {
        const struct name *name = parser_name(parser, text_of(parser, op->name, values));
        slot.name = name->ptr;
        slot.name_len = name->len;
        slot.field = name->field;
    }
    struct str text = text_of(parser, op->pieces, values);
    add_slot(parser, &slot, text.ptr, text.len, VALUE_STRING, 0);
    for (const struct evtx_piece *piece = op->pieces; piece; piece = piece->next) {
        const struct evtx_value *value = value_at(values, piece->value);
        if (value->type == EVTX_BINXML && value->size && !add_fragment(chunk, op, value, depth))
            return false;
    }
    return true;
}

static bool run(struct evtx_chunk *chunk, const struct evtx_program *program,
                const struct values *values, unsigned depth)
{
    struct parser *parser = chunk->parser;
    const struct evtx_op *ops = program->ops;
    for (uint32_t i = 0; i < program->n_ops; i++) {
        const struct evtx_op *op = &ops[i];
        const struct evtx_value *value = value_at(values, op->value);
        uint32_t cost = OP_WORK + value->size;
        if (cost > chunk->work)
            return fail(chunk, too_much);
        chunk->work -= cost;
        switch ((enum evtx_op_kind)op->kind) {
        case EVTX_OP_LITERAL:
            run_literal(parser, op);
            break;
        case EVTX_OP_VALUE:
            if (!run_value(chunk, op, value, depth))
                return false;
            break;
        case EVTX_OP_TEXT:
            if (!run_text(chunk, op, values, depth))
                return false;
            break;
        case EVTX_OP_SKIP:
            if (evtx_value_is_null(value))
                i = op->target - 1;
            break;
        }
    }
    return true;
}

/*
 * Reads the values of an instance at *at ([MS-EVEN6] 2.2.12 TemplateInstanceData): their number,
 * size and type of each, then their bytes.
 */
static bool read_values(struct evtx_chunk *chunk, uint32_t *at, uint32_t end, struct values *values)
{
    if (end - *at < 4)
        return fail(chunk, "a template instance ends before its values");
    const unsigned char *spec = chunk->bytes + *at + 4;
    uint32_t count = evtx_u32(spec - 4);
    *at += 4;
    if (count > (end - *at) / 4)
        return fail(chunk, "a template instance has more values than fit");
    values->items = arena_alloc(&chunk->parser->scratch, count * sizeof(*values->items));
    if (!values->items)
        return fail(chunk, "the record needs too much memory");
    values->count = count;
    uint32_t offset = *at + 4 * count;
    for (uint32_t i = 0; i < count; i++, spec += 4) {
        uint32_t size = evtx_u16(spec);
        if (size > end - offset)
            return fail(chunk, "a value ends outside its record");
        values->items[i] = (struct evtx_value){chunk->bytes + offset, size, spec[2]};
        offset += size;
    }
    *at = offset;
    return true;
}

/* Runs the template instance at *at and moves behind it. */
static bool run_instance(struct evtx_chunk *chunk, uint32_t *at, uint32_t end,
                         const struct winevent_scope *scope, unsigned depth)
{
    if (end - *at < EVTX_INSTANCE_HEADER)
        return fail(chunk, "a template instance is cut off");
    uint32_t definition = evtx_u32(chunk->bytes + *at + 6);
    *at += EVTX_INSTANCE_HEADER;
    const struct evtx_program *program = evtx_template(chunk, definition, scope);
    if (!program)
        return false;
    if (definition == *at) {
        uint32_t size = EVTX_DEFINITION_HEADER + evtx_u32(chunk->bytes + definition + 20);
        if (size > end - *at)
            return fail(chunk, "a template ends outside its record");
        *at += size;
    }
    struct values values;
    return read_values(chunk, at, end, &values) && run(chunk, program, &values, depth);
}

bool evtx_run_fragment(struct evtx_chunk *chunk, uint32_t at, uint32_t end,
                       const struct winevent_scope *scope, unsigned depth)
{
    if (depth >= EVTX_FRAGMENTS_DEPTH)
        return fail(chunk, "fragments nested too deep");
    while (at < end) {
        switch (chunk->bytes[at]) {
        case EVTX_TOKEN_FRAGMENT:
            at += EVTX_FRAGMENT_HEADER;
            break;
        case EVTX_TOKEN_TEMPLATE:
            if (!run_instance(chunk, &at, end, scope, depth))
                return false;
            break;
        case EVTX_TOKEN_OPEN:
        case EVTX_TOKEN_OPEN | EVTX_TOKEN_MORE: {
            struct evtx_source source = {.at = at, .end = end, .scope = scope};
            const struct evtx_program *program =
                evtx_compile(chunk, &source, &chunk->parser->scratch);
            if (!program || !run(chunk, program, &(struct values){0}, depth))
                return false;
            at = source.at;
            break;
        }
        case EVTX_TOKEN_EOF:
            return true;
        default:
            return fail(chunk, "an unknown BinXml token");
        }
    }
    return true;
}
