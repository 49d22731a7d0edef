/*
 * dynamic: a value of KQL's type dynamic, as its JSON text. Elements are handed on as the text that they are, so numbers
 * and nested values stay as they were written.
 *
 *     struct dynamic_walk walk = dynamic_walk(value);
 *     while (dynamic_next(&walk, &key, &element)) ...      // members of a bag, elements of an array
 *
 * The text need not be JSON: nothing is read outside of it, and what is no JSON comes out as some
 * text or not at all. Pure functions; texts handed out point into the text handed in.
 */
#ifndef JAGA_HUNT_DYNAMIC_H
#define JAGA_HUNT_DYNAMIC_H

#include "base/buf.h"

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

struct dynamic_walk {
    const char *at, *end;
    bool bag;
};

/* Of a value that is neither array nor bag: there is nothing in it. */
struct dynamic_walk dynamic_walk(struct str value);

/* The next member: its key as written, escapes and all, without quotes (empty in an array), and its value. */
bool dynamic_next(struct dynamic_walk *walk, struct str *ret_key, struct str *ret_value);

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
