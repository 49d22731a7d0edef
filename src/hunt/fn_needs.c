/*
 * jaga_needs(value, hooks): does a value hold what a rule needs of it (sigma/need.h)? With the folding and the searching
 * of the engine itself, so that SQL and engine agree on every letter.
 */
#include <errno.h>

#include "hunt/native.h"
#include "sigma/need.h"

/* The hooks are nearly always the same in all rows: made ready when they change. */
static void needs(struct lake_call *call)
{
    struct need_search *search = NULL;
    struct str ready = {0};
    for (uint32_t row = 0; row < call->n_rows; row++) {
        struct str hooks = native_text(call, 1, row);
        if (!search || !str_eq(hooks, ready)) {
            need_search_free(search);
            search = NULL;
            int status = need_search_new(hooks, &search);
            if (status < 0) {
                call->refuse(call, status == -EINVAL ? "these are no hooks of a rule"
                                                     : "no memory for the hooks of a rule");
                return;
            }
            ready = hooks;
        }
        call->booleans[row] = need_search_fits(search, native_text(call, 0, row));
    }
    need_search_free(search);
}

const struct lake_function hunt_needs_natives[] = {
    {.name = "jaga_needs",
     .result = LAKE_BOOLEAN,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = needs},
    {0},
};
