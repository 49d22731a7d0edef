/* world_test: what the tests over the content that jaga ships share: its datasets and tables, and queries over a lake that is empty. */
#ifndef JAGA_HUNT_WORLD_TEST_H
#define JAGA_HUNT_WORLD_TEST_H

#include "base/test.h"

#include "hunt/tables.h"
#include "io/content.h"

/* Static in its test: the fields are pointed at. */
struct world {
    struct content content;
    struct fields fields;
    struct datasets *datasets;
    struct tables *tables;
    struct lake *lake; /* NULL before world_open_lake() */
    const char *place;
};

/* A failure ends the test. */
void world_load(struct world *world);
void world_unload(struct world *world);

/* A lake without an event, with the functions of hunts. The library of the engine is there (test_library()). */
void world_open_lake(struct world *world);

enum world_answer {
    WORLD_REFUSED, /* not compiled */
    WORLD_FAILED,  /* compiled, but not run to the end */
    WORLD_ANSWERED,
};

/* Asks the lake; what comes out is let go. *ret_err says why it was refused or failed. */
enum world_answer world_ask(const struct world *world, struct str query, struct err *ret_err);

#endif
