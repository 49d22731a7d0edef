/* fixture_test: the lake that each test of an engine is given, new and empty, and the short words of those tests. */
#ifndef JAGA_LAKE_FIXTURE_TEST_H
#define JAGA_LAKE_FIXTURE_TEST_H

#include "lake/lake_test.h"

extern const struct lake_ops *ops; /* the engine under test */
extern const char *place;          /* where its lake is; until the end of the test */
extern struct lake *lake;          /* open; a test may leave it closed, as NULL */

/* The tests that follow are of this engine, in places that `make` makes and `remove_place` takes away. */
void fixture_engine(const struct lake_ops *engine, const char *(*make)(void),
                    void (*remove_place)(const char *place));

int set_up(void **state);
int tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

void reopen(void);
void put(const struct lake_row *row);
#define ASK(sql) test_ask(ops, lake, sql)

/* "FIELD=COLUMN:KIND " of a column onto the struct buf `context`, with a '*' where it is dynamic. */
int add_column(void *context, const struct lake_column *column);

/* What every engine must pass. Failures as cmocka counts them. */
int lake_conformance(void);
int lake_keeping_conformance(void);
int lake_scope_conformance(void);

#endif
