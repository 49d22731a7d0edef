/*
 * Programs of templates, kept across chunks. A definition's bytes differ from chunk to
 * chunk though it means the same: names lie elsewhere, inline or not, and sizes follow. So a kept
 * program carries the segments of what it was made from, and is used again only where they all fit.
 */
#include <stdlib.h>

#include "parse/evtx.h"

#define NAME_HEADER 8  /* offset of the next, hash, number of characters */
#define COMPILE_WORK 8 /* compiling a byte, in bytes compared */

bool evtx_name_at(const struct evtx_chunk *chunk, uint32_t offset, struct evtx_name *ret_name)
{
    if (offset > chunk->len || chunk->len - offset < NAME_HEADER)
        return false;
    const unsigned char *bytes = chunk->bytes + offset;
    uint32_t size = 2u * evtx_u16(bytes + 6);
    uint32_t taken = NAME_HEADER + size + 2;
    if (chunk->len - offset < taken)
        return false;
    *ret_name = (struct evtx_name){.utf16 = bytes + NAME_HEADER, .size = size, .taken = taken};
    return true;
}

/* Steps over a name at *at; false where it is not that name. */
static bool same_name(const struct evtx_chunk *chunk, const struct evtx_segment *segment,
                      uint32_t *at, uint32_t end)
{
    struct evtx_name name;
    if (end - *at < 4)
        return false;
    uint32_t offset = evtx_u32(chunk->bytes + *at);
    *at += 4;
    if (!evtx_name_at(chunk, offset, &name) || name.size != segment->name_len ||
        memcmp(name.utf16, segment->name, name.size) != 0)
        return false;
    if (offset != *at)
        return true;
    if (end - *at < name.taken)
        return false;
    *at += name.taken;
    return true;
}

/* Does the definition at [at, end) mean this program? */
static bool same_definition(const struct evtx_chunk *chunk, const struct evtx_program *program,
                            uint32_t at, uint32_t end)
{
    for (uint32_t i = 0; i < program->n_segments; i++) {
        const struct evtx_segment *segment = &program->segments[i];
        if (end - at < segment->fixed_len ||
            memcmp(chunk->bytes + at, segment->fixed, segment->fixed_len) != 0)
            return false;
        at += segment->fixed_len;
        if (i + 1 == program->n_segments)
            break;
        if (segment->name) {
            if (!same_name(chunk, segment, &at, end))
                return false;
        } else if (end - at < 4) {
            return false;
        } else {
            at += 4;
        }
    }
    return true;
}

static bool same_scope(const struct winevent_scope *a, const struct winevent_scope *b)
{
    return a == b || (a->place == b->place && a->quiet == b->quiet && a->list == b->list &&
                      str_eq(a->name, b->name));
}

/* Adds a program to the kept ones; false, and arena.refused counted up, when there is no memory. */
static bool keep(struct evtx_state *state, struct evtx_program *program, const unsigned char *guid,
                 const struct winevent_scope *scope)
{
    struct str name = arena_copy(&state->arena, scope->name);
    memcpy(program->guid, guid, sizeof(program->guid));
    struct str key = str_of((const char *)program->guid, sizeof(program->guid));
    program->next = map_get(&state->by_guid, key);
    program->scope = *scope;
    program->scope.name = name;
    if (!name.ptr || vec_reserve(&state->programs, state->programs.len + 1) < 0 ||
        map_put(&state->by_guid, key, (uint32_t)state->programs.len) < 0) {
        state->arena.refused++;
        return false;
    }
    state->programs.items[state->programs.len++] = program;
    return true;
}

/* Takes from what templates may cost the chunk; false when it is spent. */
static bool spend(struct evtx_chunk *chunk, uint32_t work)
{
    if (work > chunk->template_work) {
        chunk->error = "the chunk's templates need too much work";
        return false;
    }
    chunk->template_work -= work;
    return true;
}

/*
 * Compiles the definition, to be kept where there is room, else for this record only. `variants`
 * of its GUID were tried in vain.
 */
static const struct evtx_program *compile(struct evtx_chunk *chunk, struct evtx_source source,
                                          const unsigned char *guid, unsigned variants)
{
    struct evtx_state *state = chunk->state;
    if (variants < EVTX_VARIANTS_MAX && state->programs.len < EVTX_PROGRAMS_MAX &&
        state->arena.refused == 0) {
        struct evtx_source again = source;
        struct evtx_program *program = evtx_compile(chunk, &again, &state->arena);
        if (program && keep(state, program, guid, source.scope))
            return program;
        if (state->arena.refused == 0)
            return NULL;
        chunk->error = NULL;
    }
    return evtx_compile(chunk, &source, &chunk->parser->scratch);
}

const struct evtx_program *evtx_template(struct evtx_chunk *chunk, uint32_t offset,
                                         const struct winevent_scope *scope)
{
    struct evtx_state *state = chunk->state;
    struct evtx_recent *recent = &state->recent[(offset >> 2 ^ offset >> 8) & (EVTX_RECENT - 1)];
    if (recent->program && recent->definition == offset && same_scope(recent->scope, scope))
        return recent->program;
    if (offset > chunk->len || chunk->len - offset < EVTX_DEFINITION_HEADER) {
        chunk->error = "a template lies outside the chunk";
        return NULL;
    }
    const unsigned char *header = chunk->bytes + offset;
    uint32_t at = offset + EVTX_DEFINITION_HEADER, size = evtx_u32(header + 20);
    if (size < EVTX_FRAGMENT_HEADER || size > chunk->len - at) {
        chunk->error = "a template ends outside the chunk";
        return NULL;
    }
    struct evtx_source source = {
        .at = at + EVTX_FRAGMENT_HEADER, .end = at + size, .definition = true, .scope = scope};
    const unsigned char *guid = header + 4;
    uint32_t index = map_get(&state->by_guid, str_of((const char *)guid, 16));
    unsigned variants = 0;
    for (; index != MAP_NONE && variants < EVTX_VARIANTS_MAX; variants++) {
        const struct evtx_program *program = state->programs.items[index];
        if (!spend(chunk, size))
            return NULL;
        if (same_scope(&program->scope, scope) &&
            same_definition(chunk, program, source.at, source.end)) {
            *recent = (struct evtx_recent){program, &program->scope, offset};
            return program;
        }
        index = program->next;
    }
    if (!spend(chunk, COMPILE_WORK * size))
        return NULL;
    const struct evtx_program *program = compile(chunk, source, guid, variants);
    if (program && program->scope.name.ptr)
        *recent = (struct evtx_recent){program, &program->scope, offset};
    return program;
}

void evtx_state_next_chunk(struct evtx_state *state)
{
    memset(state->recent, 0, sizeof(state->recent));
    state->seen.len = 0;
    if (!state->arena.limit)
        arena_init(&state->arena, EVTX_PROGRAMS_SIZE);
    if (state->programs.len < EVTX_PROGRAMS_MAX && state->arena.refused == 0)
        return;
    map_free(&state->by_guid);
    state->programs.len = 0;
    arena_reset(&state->arena);
    state->arena.refused = 0;
}

void evtx_state_free(void *state_of_parser)
{
    struct evtx_state *state = state_of_parser;
    map_free(&state->by_guid);
    vec_free(&state->programs);
    vec_free(&state->ops);
    vec_free(&state->segments);
    vec_free(&state->seen);
    arena_free(&state->arena);
}
