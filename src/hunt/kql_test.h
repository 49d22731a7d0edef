/* kql_test: what the tests of KQL share: a query read in an arena of its own, printed, refused. */
#ifndef JAGA_HUNT_KQL_TEST_H
#define JAGA_HUNT_KQL_TEST_H

#include "base/test.h"

#include "hunt/kql.h"

/* What a test reads lives here until the next kql_test_reset(). */
extern struct arena kql_test_arena;

void kql_test_reset(void);

/* The tree of a text that must be KQL. */
struct kql_query *kql_test_read(const char *text);

/* The only operator of the only pipe of a query, or its last. */
const struct kql_operator *kql_test_operator(const char *text);

/* The text prints as this, and what is printed has the same tree. */
void kql_test_prints(const char *text, const char *expected);

/* With brackets around every operation the text is this. */
void kql_test_shape(const char *text, const char *expected);

/* The text is refused at this place, and the message holds this. */
void kql_test_refused(const char *text, unsigned line, unsigned column, const char *message);

/* What is printed has the same tree. */
void kql_test_round_trip(const struct kql_query *query);

#endif
