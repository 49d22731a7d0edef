/*
 * dynamic: a value of KQL's type dynamic, as its JSON text. Members of bags and elements of arrays come from
 * parse/json_cursor.h as the text that they are, so numbers and nested values stay as they were written.
 *
 * The text need not be JSON: what is none comes out as some text or not at all. Pure functions; texts handed
 * out point into the text handed in.
 */
#ifndef JAGA_HUNT_DYNAMIC_H
#define JAGA_HUNT_DYNAMIC_H

#include "base/buf.h"
#include "parse/json_cursor.h"

enum dynamic_kind {
    DYNAMIC_NONE, /* empty text */
    DYNAMIC_NULL,
    DYNAMIC_BOOL,
    DYNAMIC_NUMBER,
    DYNAMIC_STRING,
    DYNAMIC_ARRAY,
    DYNAMIC_BAG,
};

enum dynamic_kind dynamic_kind(struct str value);

/* The member of that key (unescaped); ptr NULL: there is none. */
struct str dynamic_member(struct str bag, struct str key);

/* A string without quotes and escapes, any other value as it is. Lives in `room`, which is cleared. */
struct str dynamic_text(struct str value, struct buf *room);

/* A vec (base/vec.h). */
struct dynamic_list {
    struct str *items;
    size_t len, cap;
};

/* The elements of an array, behind those that are there; false: no memory. Not an array: none. */
bool dynamic_elements(struct str array, struct dynamic_list *list);

/* [a,b,c] */
void dynamic_put(struct buf *buf, const struct str *elements, size_t n);

/*
 * The order of array_sort: numbers, strings, booleans, arrays and bags, then null. 0 is also what sets call
 * the same: 1 and 1.0, "a" and "\u0061".
 */
int dynamic_compare(struct str a, struct str b);

#endif
