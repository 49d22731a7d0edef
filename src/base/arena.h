/*
 * arena: memory that is given back all at once. An arena is a budget: past its
 * limit it hands out NULL, and says so in `refused`. What it hands out lives until
 * arena_reset() or arena_free(). One arena belongs to one thread at a time.
 *
 *     blocks:  [first ....used|....] -> [larger ...used|....] -> NULL
 *              arena_reset() keeps the blocks and starts over at the first.
 */
#ifndef JAGA_BASE_ARENA_H
#define JAGA_BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
    char *cursor; /* next free byte of the current block */
    char *end;    /* end of the current block */
    struct arena_block *current;
    struct arena_block *first;
    size_t limit;     /* bytes of all blocks together, at most */
    size_t size;      /* bytes of all blocks now */
    uint64_t refused; /* requests the limit (or malloc) refused */
};

/* An empty arena that will hold at most `limit` bytes; allocates nothing yet. */
void arena_init(struct arena *arena, size_t limit);

/* Gives all memory back to the system. The arena is as after arena_init(). */
void arena_free(struct arena *arena);

/* Forgets everything handed out and keeps the blocks for reuse. */
void arena_reset(struct arena *arena);

/* The slow half of arena_bytes() and arena_alloc(): a new block, or NULL. */
void *arena_more(struct arena *arena, size_t size, size_t align);

/* `size` bytes without alignment (never NULL for 0), or NULL when the budget is spent. */
static inline char *arena_bytes(struct arena *arena, size_t size)
{
    if ((size_t)(arena->end - arena->cursor) < size || !arena->cursor)
        return arena_more(arena, size, 1);
    char *ptr = arena->cursor;
    arena->cursor += size;
    return ptr;
}

/* `size` bytes aligned for any type, not zeroed, or NULL when the budget is spent. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
    size_t pad = (size_t)(-(uintptr_t)arena->cursor & 15);
    if (!arena->cursor || (size_t)(arena->end - arena->cursor) < pad ||
        (size_t)(arena->end - arena->cursor) - pad < size)
        return arena_more(arena, size, 16);
    char *ptr = arena->cursor + pad;
    arena->cursor = ptr + size;
    return ptr;
}

/* `count` zeroed items of `size` bytes, or NULL (budget, overflow). */
void *arena_zero(struct arena *arena, size_t count, size_t size);

/* A copy of `s`, followed by a NUL that its length does not count; ptr is NULL when refused. */
struct str arena_copy(struct arena *arena, struct str s);

/* printf into the arena; ptr is NULL when refused. */
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
