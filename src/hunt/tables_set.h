/*
 * tables_set: the inside of a set of tables, shared by the files that read it from YAML
 * (tables_read.c), make it from datasets (tables_events.c) and check it (tables_check.c). Everyone else
 * includes hunt/tables.h.
 */
#ifndef JAGA_HUNT_TABLES_SET_H
#define JAGA_HUNT_TABLES_SET_H

#include "base/map.h"
#include "base/vec.h"
#include "hunt/tables.h"

#define TABLES_ARENA_MAX ((size_t)256 << 20)

struct tables {
    struct arena arena; /* everything handed out */
    VEC(struct table *) items;
    struct map names; /* name → index of items */
};

/*
 * Adds a table made in the arena, and reads the expressions of its cells. 0, or -ENOMEM, -EINVAL, -EEXIST, -E2BIG
 * (there are TABLES_MAX) with *err; it has a place where a cell is wrong.
 */
int tables_put(struct tables *tables, struct table *table, struct err *err);

/*
 * The path of a native field as an expression of KQL: ['name'] with quotes and backslashes escaped. In
 * `arena`; ptr is NULL when that is spent.
 */
struct str tables_quote(struct arena *arena, struct str name);

#endif
