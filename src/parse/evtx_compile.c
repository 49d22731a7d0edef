/*
 * BinXml elements to a program ([MS-EVEN6] 2.2.12). A recursive descent over the tokens with
 * one sticky error; every element takes at least its token, so that the input bounds the work.
 */
#include "base/utf8.h"
#include "parse/evtx.h"

#define DEPENDENCY_NONE 0xFFFF

/* Text while it is put together from tokens. */
struct text {
    struct evtx_piece *first, *last;
    bool values; /* some piece is a value */
};

struct compiler {
    struct evtx_chunk *chunk;
    struct arena *arena;
    struct evtx_source *source;
    uint32_t mark;  /* what lies before it is in segments */
    unsigned depth; /* of elements */
};

/* An element being compiled. */
struct element {
    struct str name;
    struct winevent_scope scope; /* inside it */
    /* The same in the arena, for fragments in values; NULL until needed. */
    const struct winevent_scope *kept_scope;
    struct text data_name; /* the Name attribute, where it is the name of the value */
    bool has_slots;        /* attributes or children made some */
};

static bool fail(struct compiler *c, const char *why)
{
    if (!c->chunk->error)
        c->chunk->error = why;
    return false;
}

static bool failed(const struct compiler *c)
{
    return c->chunk->error != NULL;
}

static const char out_of_memory[] = "the record needs too much memory";

/* The next `size` bytes, or NULL past the end. */
static const unsigned char *take(struct compiler *c, uint32_t size)
{
    struct evtx_source *source = c->source;
    if (failed(c))
        return NULL;
    if (source->end - source->at < size) {
        fail(c, "BinXml ends in the middle of a token");
        return NULL;
    }
    const unsigned char *bytes = c->chunk->bytes + source->at;
    source->at += size;
    return bytes;
}

static unsigned take_byte(struct compiler *c)
{
    const unsigned char *byte = take(c, 1);
    return byte ? *byte : EVTX_TOKEN_EOF;
}

static uint16_t take_u16(struct compiler *c)
{
    const unsigned char *bytes = take(c, 2);
    return bytes ? evtx_u16(bytes) : 0;
}

/* Ends a segment before `fixed_end`; the next starts at source->at. */
static void segment(struct compiler *c, uint32_t fixed_end, const struct evtx_name *name)
{
    if (!c->source->definition || failed(c))
        return;
    uint32_t len = fixed_end - c->mark;
    struct str fixed = arena_copy(c->arena, str_of((const char *)c->chunk->bytes + c->mark, len));
    struct str utf16 = {0};
    if (name)
        utf16 = arena_copy(c->arena, str_of((const char *)name->utf16, name->size));
    struct evtx_segment made = {.fixed = (const unsigned char *)fixed.ptr,
                                .fixed_len = len,
                                .name = (const unsigned char *)utf16.ptr,
                                .name_len = (uint32_t)utf16.len};
    if (!fixed.ptr || (name && !utf16.ptr) || vec_push(&c->chunk->state->segments, made) < 0)
        fail(c, out_of_memory);
    c->mark = c->source->at;
}

/* A size that depends on where names lie; nothing needs it. */
static void skip_size(struct compiler *c)
{
    uint32_t before = c->source->at;
    if (take(c, 4))
        segment(c, before, NULL);
}

/* UTF-16LE as text in the arena. */
static struct str text_of(struct compiler *c, const unsigned char *utf16, uint32_t size)
{
    char *out = arena_bytes(c->arena, size / 2 * 3);
    if (!out) {
        fail(c, out_of_memory);
        return (struct str){0};
    }
    size_t len = evtx_utf16_text(utf16, size / 2, out);
    c->arena->cursor = out + len;
    return str_of(out, len);
}

/* A name by reference: its offset, and the name itself where this is its first use. */
static struct str take_name(struct compiler *c)
{
    uint32_t before = c->source->at;
    const unsigned char *bytes = take(c, 4);
    struct evtx_name name;
    if (!bytes)
        return (struct str){0};
    uint32_t offset = evtx_u32(bytes);
    if (!evtx_name_at(c->chunk, offset, &name)) {
        fail(c, "a name lies outside the chunk");
        return (struct str){0};
    }
    if (offset == c->source->at && !take(c, name.taken))
        return (struct str){0};
    segment(c, before, &name);
    return failed(c) ? (struct str){0} : text_of(c, name.utf16, name.size);
}

static void add_piece(struct compiler *c, struct text *text, struct str literal, uint16_t value)
{
    struct evtx_piece *piece = arena_alloc(c->arena, sizeof(*piece));
    if (failed(c) || !piece) {
        fail(c, out_of_memory);
        return;
    }
    *piece = (struct evtx_piece){.literal = literal, .value = value};
    if (text->last)
        text->last->next = piece;
    else
        text->first = piece;
    text->last = piece;
    text->values |= value != EVTX_LITERAL;
}

/* Length-prefixed UTF-16LE. */
static void take_string(struct compiler *c, struct text *text)
{
    uint32_t size = 2u * take_u16(c);
    const unsigned char *utf16 = take(c, size);
    if (utf16)
        add_piece(c, text, text_of(c, utf16, size), EVTX_LITERAL);
}

static void take_entity(struct compiler *c, struct text *text)
{
    static const struct {
        struct str name, text;
    } entities[] = {{{"lt", 2}, {"<", 1}},
                    {{"gt", 2}, {">", 1}},
                    {{"amp", 3}, {"&", 1}},
                    {{"quot", 4}, {"\"", 1}},
                    {{"apos", 4}, {"'", 1}}};
    struct str name = take_name(c);
    for (size_t i = 0; !failed(c) && i < sizeof(entities) / sizeof(entities[0]); i++)
        if (str_eq(name, entities[i].name))
            add_piece(c, text, entities[i].text, EVTX_LITERAL);
}

static void take_char_ref(struct compiler *c, struct text *text)
{
    char encoded[4];
    size_t len = utf8_encode(take_u16(c), encoded);
    struct str copy = arena_copy(c->arena, str_of(encoded, len));
    add_piece(c, text, copy, EVTX_LITERAL);
}

/* Takes the parts of text at source->at up to a token that is none. */
static void take_text(struct compiler *c, struct text *text)
{
    while (!failed(c) && c->source->at < c->source->end) {
        unsigned token = c->chunk->bytes[c->source->at] & ~(unsigned)EVTX_TOKEN_MORE;
        switch (token) {
        case EVTX_TOKEN_VALUE:
            take(c, 1);
            if (take_byte(c) != EVTX_STRING)
                fail(c, "a literal value is not a string");
            take_string(c, text);
            break;
        case EVTX_TOKEN_CDATA:
            take(c, 1);
            take_string(c, text);
            break;
        case EVTX_TOKEN_CHAR_REF:
            take(c, 1);
            take_char_ref(c, text);
            break;
        case EVTX_TOKEN_ENTITY_REF:
            take(c, 1);
            take_entity(c, text);
            break;
        case EVTX_TOKEN_PI_TARGET:
            take(c, 1);
            take_name(c);
            break;
        case EVTX_TOKEN_PI_DATA:
            take(c, 1);
            take(c, 2u * take_u16(c));
            break;
        case EVTX_TOKEN_SUBSTITUTION:
        case EVTX_TOKEN_OPTIONAL_SUBSTITUTION:
            take(c, 1);
            add_piece(c, text, (struct str){0}, take_u16(c));
            take(c, 1);
            break;
        default:
            return;
        }
    }
}

/* The text's literals as one string. */
static struct str join_literals(struct compiler *c, const struct text *text)
{
    if (!text->first)
        return STR("");
    if (!text->first->next)
        return text->first->literal;
    size_t len = 0;
    for (const struct evtx_piece *piece = text->first; piece; piece = piece->next)
        len += piece->literal.len;
    char *joined = arena_bytes(c->arena, len);
    if (!joined) {
        fail(c, out_of_memory);
        return STR("");
    }
    size_t at = 0;
    for (const struct evtx_piece *piece = text->first; piece; piece = piece->next) {
        if (piece->literal.len)
            memcpy(joined + at, piece->literal.ptr, piece->literal.len);
        at += piece->literal.len;
    }
    return str_of(joined, len);
}

static struct evtx_op *add_op(struct compiler *c, struct evtx_op op)
{
    if (failed(c))
        return NULL;
    if (c->chunk->state->ops.len >= EVTX_OPS_MAX) {
        fail(c, "the template has too many elements");
        return NULL;
    }
    if (vec_push(&c->chunk->state->ops, op) < 0) {
        fail(c, out_of_memory);
        return NULL;
    }
    return &c->chunk->state->ops.items[c->chunk->state->ops.len - 1];
}

static struct slot slot_named(struct compiler *c, struct str name)
{
    if (name.len > PARSER_NAME_LEN_MAX)
        fail(c, "a field name is too long");
    return (struct slot){.name = name.ptr,
                         .name_len = (uint16_t)name.len,
                         .field = fields_find(c->chunk->parser->fields, name)};
}

/* An op that gives the slot `name` this text. */
static void emit(struct compiler *c, struct str name, const struct text *text, bool omit_null,
                 const struct winevent_scope *scope)
{
    struct evtx_op op = {.slot = slot_named(c, name), .omit_null = omit_null, .scope = scope};
    op.time = str_eq(name, STR("TimeCreated_SystemTime"));
    if (!text->values) {
        struct str literal = join_literals(c, text);
        op.kind = EVTX_OP_LITERAL;
        op.slot.text = literal.ptr;
        op.slot.text_len = (uint32_t)literal.len;
        op.slot.type = text->first ? VALUE_STRING : VALUE_NULL;
    } else if (!text->first->next) {
        op.kind = EVTX_OP_VALUE;
        op.value = text->first->value;
    } else {
        op.kind = EVTX_OP_TEXT;
        op.pieces = text->first;
    }
    add_op(c, op);
}

/* A scope that lives as long as the program. */
static const struct winevent_scope *keep_scope(struct compiler *c, struct element *element)
{
    if (!element->kept_scope) {
        struct winevent_scope *copy = arena_alloc(c->arena, sizeof(*copy));
        if (copy)
            *copy = element->scope;
        else
            fail(c, out_of_memory);
        element->kept_scope = copy;
    }
    return element->kept_scope;
}

/* What a Data element is called follows from its first attribute; others follow it. */
static void compile_attribute(struct compiler *c, const struct winevent_scope *outer,
                              struct element *element)
{
    bool spent = false;
    take(c, 1);
    struct str name = take_name(c);
    struct text text = {0};
    take_text(c, &text);
    if (failed(c))
        return;
    if (str_eq(name, STR("Name")) && winevent_names_data(outer, element->name)) {
        element->data_name = text;
        struct str data_name = text.values ? (struct str){0} : join_literals(c, &text);
        if (!winevent_enter(outer, element->name, data_name, c->arena, &element->scope))
            fail(c, out_of_memory);
        return;
    }
    struct str slot_name = winevent_attribute(&element->scope, name, c->arena, &spent);
    if (spent)
        fail(c, out_of_memory);
    if (slot_name.ptr) {
        emit(c, slot_name, &text, true, NULL);
        element->has_slots = true;
    }
}

static void compile_attributes(struct compiler *c, const struct winevent_scope *outer,
                               struct element *element)
{
    skip_size(c);
    while (!failed(c) && c->source->at < c->source->end &&
           (c->chunk->bytes[c->source->at] & ~(unsigned)EVTX_TOKEN_MORE) == EVTX_TOKEN_ATTRIBUTE)
        compile_attribute(c, outer, element);
}

static bool is_blank(const struct evtx_piece *piece)
{
    return piece->value == EVTX_LITERAL && str_trim(piece->literal).len == 0;
}

/* Structure holds fragments, each by itself, and text only where something is wrong. */
static void emit_structure_text(struct compiler *c, struct element *element, struct text *text)
{
    for (struct evtx_piece *piece = text->first; piece; piece = piece->next) {
        if (is_blank(piece))
            continue;
        struct text one = {.values = piece->value != EVTX_LITERAL};
        add_piece(c, &one, piece->literal, piece->value);
        emit(c, element->scope.name, &one, true, keep_scope(c, element));
    }
    *text = (struct text){0};
}

/* The element's own text, once all of it is known. */
static void emit_text(struct compiler *c, struct element *element, struct text *text)
{
    const struct winevent_scope *scope = &element->scope;
    if (failed(c))
        return;
    if (scope->place != WINEVENT_FIELD) {
        emit_structure_text(c, element, text);
        return;
    }
    if (!text->first && (scope->quiet || element->has_slots))
        return;
    if (element->has_slots && !text->values && str_trim(join_literals(c, text)).len == 0)
        return;
    emit(c, scope->name, text, scope->quiet, text->values ? keep_scope(c, element) : NULL);
    if (failed(c))
        return;
    struct evtx_op *op = &c->chunk->state->ops.items[c->chunk->state->ops.len - 1];
    if (scope->list)
        op->slot.flags |= SLOT_ARRAY;
    if (element->data_name.values) {
        if (op->kind == EVTX_OP_LITERAL && !text->first)
            add_piece(c, text, STR(""), EVTX_LITERAL);
        op->kind = EVTX_OP_TEXT;
        op->pieces = text->first;
        op->name = element->data_name.first;
        op->slot.flags &= (uint8_t)~SLOT_ARRAY;
    }
}

static void compile_element(struct compiler *c, const struct winevent_scope *outer);

/* What lies between an element's tags. */
static void compile_content(struct compiler *c, struct element *element)
{
    struct text text = {0};
    while (!failed(c)) {
        take_text(c, &text);
        if (failed(c))
            return;
        if (element->scope.place != WINEVENT_FIELD)
            emit_structure_text(c, element, &text);
        if (c->source->at >= c->source->end) {
            fail(c, "BinXml ends within an element");
            return;
        }
        unsigned token = c->chunk->bytes[c->source->at];
        if (token == EVTX_TOKEN_END) {
            take(c, 1);
            emit_text(c, element, &text);
            return;
        }
        if ((token & ~(unsigned)EVTX_TOKEN_MORE) != EVTX_TOKEN_OPEN) {
            fail(c, "an unknown BinXml token");
            return;
        }
        compile_element(c, &element->scope);
        element->has_slots = true;
    }
}

/* The op that steps over an element when the value it depends on is null. */
static uint32_t begin_dependent(struct compiler *c, uint16_t dependency)
{
    if (dependency == DEPENDENCY_NONE)
        return UINT32_MAX;
    add_op(c, (struct evtx_op){.kind = EVTX_OP_SKIP, .value = dependency});
    return (uint32_t)c->chunk->state->ops.len - 1;
}

static void end_dependent(struct compiler *c, uint32_t skip)
{
    if (skip != UINT32_MAX && !failed(c))
        c->chunk->state->ops.items[skip].target = (uint32_t)c->chunk->state->ops.len;
}

/* Elements that repeat within a section are a list. */
static void mark_lists(struct compiler *c, const struct element *element, size_t first_op)
{
    size_t n_ops = c->chunk->state->ops.len - first_op;
    enum winevent_place place = element->scope.place;
    if (place == WINEVENT_FIELD || place == WINEVENT_EVENT || n_ops < 2 || failed(c))
        return;
    struct evtx_op *ops = c->chunk->state->ops.items + first_op;
    if (!winevent_mark_lists(&ops->slot, sizeof(*ops), (uint32_t)n_ops, &c->chunk->parser->scratch))
        fail(c, out_of_memory);
}

static void compile_element(struct compiler *c, const struct winevent_scope *outer)
{
    struct element element = {0};
    size_t first_op = c->chunk->state->ops.len;
    if (c->depth >= EVTX_ELEMENTS_DEPTH) {
        fail(c, "elements nested too deep");
        return;
    }
    c->depth++;
    unsigned token = take_byte(c);
    uint16_t dependency = c->source->definition ? take_u16(c) : DEPENDENCY_NONE;
    skip_size(c);
    element.name = take_name(c);
    if (!failed(c) &&
        !winevent_enter(outer, element.name, (struct str){0}, c->arena, &element.scope))
        fail(c, out_of_memory);
    if (element.scope.name.len > PARSER_NAME_LEN_MAX)
        fail(c, "a field name is too long");
    uint32_t skip = begin_dependent(c, dependency);
    if (token & EVTX_TOKEN_MORE)
        compile_attributes(c, outer, &element);
    switch (take_byte(c)) {
    case EVTX_TOKEN_CLOSE_EMPTY:
        emit_text(c, &element, &(struct text){0});
        break;
    case EVTX_TOKEN_CLOSE_OPEN:
        compile_content(c, &element);
        break;
    default:
        fail(c, "an element's tag does not end");
    }
    end_dependent(c, skip);
    mark_lists(c, &element, first_op);
    c->depth--;
}

static void *copy_items(struct arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = arena_alloc(arena, count * size);
    if (copy && count)
        memcpy(copy, items, count * size);
    return copy;
}

struct evtx_program *evtx_compile(struct evtx_chunk *chunk, struct evtx_source *source,
                                  struct arena *arena)
{
    struct evtx_state *state = chunk->state;
    struct compiler c = {.chunk = chunk, .arena = arena, .source = source, .mark = source->at};
    state->ops.len = state->segments.len = 0;
    while (!failed(&c) && source->at < source->end) {
        unsigned token = chunk->bytes[source->at] & ~(unsigned)EVTX_TOKEN_MORE;
        if (token == EVTX_TOKEN_OPEN)
            compile_element(&c, source->scope);
        else if (token == EVTX_TOKEN_PI_TARGET || token == EVTX_TOKEN_PI_DATA)
            take_text(&c, &(struct text){0});
        else
            break;
    }
    segment(&c, source->at, NULL);
    struct evtx_program *program = arena_zero(arena, 1, sizeof(*program));
    if (failed(&c) || !program) {
        fail(&c, out_of_memory);
        return NULL;
    }
    program->n_ops = (uint32_t)state->ops.len;
    program->n_segments = (uint32_t)state->segments.len;
    program->ops = copy_items(arena, state->ops.items, state->ops.len, sizeof(struct evtx_op));
    program->segments =
        copy_items(arena, state->segments.items, state->segments.len, sizeof(struct evtx_segment));
    if (!program->ops || !program->segments) {
        fail(&c, out_of_memory);
        return NULL;
    }
    return program;
}
