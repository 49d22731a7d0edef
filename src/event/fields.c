#include "event/fields.h"

#include <stdlib.h>

/* Names of all fields together; rules and datasets are read from local files of bounded size. */
#define FIELDS_ARENA_MAX ((size_t)256 << 20)

int fields_init(struct fields *fields)
{
    *fields = (struct fields){0};
    arena_init(&fields->arena, FIELDS_ARENA_MAX);
    struct str none = STR("");
    return vec_push(&fields->names, none); /* FIELD_NONE */
}

void fields_free(struct fields *fields)
{
    vec_free(&fields->names);
    map_free(&fields->ids);
    arena_free(&fields->arena);
}

uint32_t fields_add(struct fields *fields, struct str name)
{
    uint32_t known = fields_find(fields, name);
    if (known != FIELD_NONE || name.len == 0)
        return known;
    if (fields->names.len >= MAP_NONE || vec_reserve(&fields->names, fields->names.len + 1) < 0)
        return FIELD_NONE;
    struct str copy = arena_copy(&fields->arena, name);
    uint32_t id = (uint32_t)fields->names.len;
    if (!copy.ptr || map_put(&fields->ids, copy, id) < 0)
        return FIELD_NONE;
    fields->names.items[fields->names.len++] = copy;
    return id;
}

uint32_t fields_find(const struct fields *fields, struct str name)
{
    uint32_t id = map_get(&fields->ids, name);
    return id == MAP_NONE ? FIELD_NONE : id;
}
