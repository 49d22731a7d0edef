/* lake_test: what the tests of engines share. A failure ends the test. */
#ifndef JAGA_LAKE_LAKE_TEST_H
#define JAGA_LAKE_LAKE_TEST_H

#include "base/test.h"
#include "base/time.h"
#include "base/vec.h"
#include "lake/lake.h"

#define TEST_DAY (INT64_C(1795305600) * TIME_SECOND_US) /* 2026-11-22T00:00:00Z */
#define TEST_ALL ((struct lake_scope){.all = true})

/* False: the library of the engine is not there; the test is to end with TEST_SKIPPED. */
bool test_library(void);
#define TEST_SKIPPED 77

const char *test_place(void);
void test_place_remove(const char *place);

struct lake *test_open(const struct lake_ops *ops, const char *place,
                       const struct lake_options *options);

/* An event of windows_sysmon, agency MOH, with Image and EventID; `cells` holds them. */
struct lake_row test_row(uint64_t offset, int64_t time, struct lake_cell cells[static 2]);
struct lake_cell test_cell(const char *name, enum lake_kind kind, const char *text);

/* Puts n such events of partition 0 from `offset` on, a second apart from `time` on, and commits. */
void test_fill(const struct lake_ops *ops, struct lake *lake, uint64_t offset, uint32_t n,
               int64_t time);
void test_commit(const struct lake_ops *ops, struct lake *lake, uint32_t partition, uint64_t next);

/* All of dataset windows_sysmon as "t", and a query over it that sees every agency. */
extern const struct lake_source test_source;
struct lake_query test_query(const char *sql);

/*
 * The result of test_query(sql), as text: cells separated by '|', rows by '\n', NULL as "NULL", times as RFC 3339.
 * Lives until the next call.
 */
const char *test_ask(const struct lake_ops *ops, struct lake *lake, const char *sql);
const char *test_ask_query(const struct lake_ops *ops, struct lake *lake,
                           const struct lake_query *query);
/* The failure of a query, with *ret_message living until the next call; 0 where there is none. */
int test_ask_fails(const struct lake_ops *ops, struct lake *lake, const struct lake_query *query,
                   const char **ret_message);

#endif
