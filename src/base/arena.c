#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_BLOCK_MIN 4096u

struct arena_block {
    struct arena_block *next;
    size_t size; /* bytes of data */
    _Alignas(16) char data[];
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_free(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena_init(arena, arena->limit);
}

static void enter(struct arena *arena, struct arena_block *block)
{
    arena->current = block;
    arena->cursor = block->data;
    arena->end = block->data + block->size;
}

void arena_reset(struct arena *arena)
{
    if (arena->first)
        enter(arena, arena->first);
}

/* A block of at least `size` bytes behind the current one: doubling, within the budget. */
static struct arena_block *new_block(struct arena *arena, size_t size)
{
    size_t room = arena->limit - arena->size;
    if (size > room)
        return NULL;
    size_t want = arena->size < ARENA_BLOCK_MIN ? ARENA_BLOCK_MIN : arena->size;
    if (want < size)
        want = size;
    if (want > room)
        want = room;
    struct arena_block *block = malloc(sizeof(*block) + want);
    if (!block)
        return NULL;
    block->size = want;
    if (arena->current) {
        block->next = arena->current->next;
        arena->current->next = block;
    } else {
        block->next = NULL;
        arena->first = block;
    }
    arena->size += want;
    return block;
}

void *arena_more(struct arena *arena, size_t size, size_t align)
{
    if (size == 0 && arena->cursor)
        return arena->cursor;
    /* Blocks of an earlier round come first; one too small is passed over until the next reset. */
    while (arena->current && arena->current->next) {
        enter(arena, arena->current->next);
        if (arena->current->size >= size)
            goto found;
    }
    struct arena_block *block = size > SIZE_MAX / 2 ? NULL : new_block(arena, size);
    if (!block) {
        arena->refused++;
        return NULL;
    }
    enter(arena, block);
found:
    (void)align; /* a block's data is aligned for any type */
    char *ptr = arena->cursor;
    arena->cursor += size;
    return ptr;
}

void *arena_zero(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        arena->refused++;
        return NULL;
    }
    void *ptr = arena_alloc(arena, count * size);
    if (ptr)
        memset(ptr, 0, count * size);
    return ptr;
}

struct str arena_copy(struct arena *arena, struct str s)
{
    char *copy = s.len < SIZE_MAX ? arena_bytes(arena, s.len + 1) : NULL;
    if (!copy)
        return (struct str){0};
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return str_of(copy, s.len);
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_bytes(arena, (size_t)len + 1);
    if (!text)
        return (struct str){0};
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return str_of(text, (size_t)len);
}
