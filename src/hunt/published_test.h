/* published_test: what the tests over published hunting queries share, where a copy of those lies beside the project. */
#ifndef JAGA_HUNT_PUBLISHED_TEST_H
#define JAGA_HUNT_PUBLISHED_TEST_H

#include "base/test.h"

/* Gives each file of queries to `look`; skips the test where there is no copy. The text lives for that call. */
void published_each(void (*look)(const char *name, struct str text));

#endif
