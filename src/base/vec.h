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
#include <stdlib.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t len;                                                                                \
        size_t cap;                                                                                \
    }

/*
 * An array of `cap` items with room for at least `need` of `size` bytes, or
 * NULL: `items` stays valid.
 */
void *vec_grow(void *items, size_t *cap, size_t need, size_t size);

/* Makes room for `need` items in all: 0 or -ENOMEM. */
#define vec_reserve(v, need)                                                                       \
    __extension__({                                                                                \
        int vec_status = 0;                                                                        \
        if ((need) > (v)->cap) {                                                                   \
            void *vec_items = vec_grow((v)->items, &(v)->cap, (need), sizeof(*(v)->items));        \
            if (vec_items)                                                                         \
                (v)->items = vec_items;                                                            \
            else                                                                                   \
                vec_status = -ENOMEM;                                                              \
        }                                                                                          \
        vec_status;                                                                                \
    })

#define vec_push(v, ...)                                                                           \
    (vec_reserve((v), (v)->len + 1) < 0 ? -ENOMEM : ((v)->items[(v)->len++] = (__VA_ARGS__), 0))

#define vec_free(v) (free((v)->items), (v)->items = NULL, (v)->len = (v)->cap = 0)

#endif
