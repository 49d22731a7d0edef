#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>

void *vec_grow(void *items, size_t *cap, size_t need, size_t size)
{
    size_t new_cap = *cap < 8 ? 8 : *cap;
    while (new_cap < need) {
        if (new_cap > SIZE_MAX / 2)
            return NULL;
        new_cap *= 2;
    }
    if (new_cap > SIZE_MAX / size)
        return NULL;
    void *grown = realloc(items, new_cap * size);
    if (grown)
        *cap = new_cap;
    return grown;
}
