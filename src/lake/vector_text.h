/* vector_text: values of DuckDB's types that have no kind of the lake's own, as text or JSON. */
#ifndef JAGA_LAKE_VECTOR_TEXT_H
#define JAGA_LAKE_VECTOR_TEXT_H

#include "base/arena.h"
#include "duck/duck.h"

struct vector_text {
    const struct duck *duck;
    struct arena arena; /* the texts */
    bool failed;        /* no memory */
};

/* The value of a row that is not NULL: numbers, lists and objects as JSON, all else as plain text. Lives in the arena. */
struct str vector_text(struct vector_text *text, struct duck_logical_type *type,
                       struct duck_vector *vector, uint64_t row);

#endif
