/*
 * vec: a growable array of any type.
 *
 *     VEC(struct rule *) rules = {0};
 *     if (vec_push(&rules, rule) < 0) ...   // -ENOMEM, the array untouched
 *     for (size_t i = 0; i < rules.len; i++) use(rules.items[i]);
 *     vec_free(&rules);
 *
 * A pointer into items is valid until the next push.
 */
#ifndef JAGA_BASE_VEC_H
#define JAGA_BASE_VEC_H

#include <errno.h>
#include <stddef.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t len;                                                                                \
        size_t cap;                                                                                \
    }

/* Makes room for at least `need` items of `size` bytes: 0 or -ENOMEM. */
int vec_grow(void **items, size_t *cap, size_t need, size_t size);

#define vec_reserve(v, need)                                                                       \
    ((need) <= (v)->cap ? 0 : vec_grow((void **)&(v)->items, &(v)->cap, (need), sizeof(*(v)->items)))

#define vec_push(v, item)                                                                          \
    (vec_reserve((v), (v)->len + 1) < 0 ? -ENOMEM : ((v)->items[(v)->len++] = (item), 0))

#define vec_free(v) (free((v)->items), (v)->items = NULL, (v)->len = (v)->cap = 0)

#endif
