/*
 * golden_test: what the golden tests share: a lake of a few events, queries run on it, and what must come out. Cases are
 * rows; all of a table are run, and each that differs is shown, before the test fails.
 */
#ifndef JAGA_HUNT_GOLDEN_TEST_H
#define JAGA_HUNT_GOLDEN_TEST_H

#include "base/test.h"

/*
 * The answer: names of columns, then rows, with | between cells and / between lines, a null as a minus sign. A second
 * result begins behind " // ". A query that is refused answers "line:column: message".
 */
struct golden {
    const char *query;
    const char *answer;
};

/* False: the engine's library is not there, and the test is to end with 77. */
bool golden_open(void);
void golden_close(void);

/* Now is 2026-11-22 12:00:00. */
void golden_check(const struct golden *cases, size_t n);

#define GOLDEN_CHECK(cases) golden_check((cases), sizeof(cases) / sizeof((cases)[0]))

#endif
