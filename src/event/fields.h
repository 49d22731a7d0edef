/*
 * fields: the dictionary of field names that somebody cares about (a rule, a dataset, an
 * indicator type). Built once, then frozen and read by every thread. A name nobody
 * asked for has no id (FIELD_NONE); events keep it as text. Names are case-sensitive.
 */
#ifndef JAGA_EVENT_FIELDS_H
#define JAGA_EVENT_FIELDS_H

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

#define FIELD_NONE 0u

struct fields {
    struct arena arena;    /* the names */
    struct map ids;        /* name → id */
    VEC(struct str) names; /* names.items[id]; [FIELD_NONE] is empty */
};

/* Returns 0 or -ENOMEM. */
int fields_init(struct fields *fields);
void fields_free(struct fields *fields);

/* The id of `name`, added when new (the name is copied); FIELD_NONE when memory ran out. */
uint32_t fields_add(struct fields *fields, struct str name);

/* The id of `name`, or FIELD_NONE. */
uint32_t fields_find(const struct fields *fields, struct str name);

static inline size_t fields_count(const struct fields *fields)
{
    return fields->names.len;
}

/* The name of an id; lives as long as the dictionary. */
static inline struct str fields_name(const struct fields *fields, uint32_t id)
{
    return fields->names.items[id];
}

#endif
