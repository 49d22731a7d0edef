/* live_test: a spool, a ledger and rules in a scratch folder, and live detection between them. */
#ifndef JAGA_WATCH_LIVE_TEST_H
#define JAGA_WATCH_LIVE_TEST_H

#include "base/test.h"
#include "ledger/exception.h"
#include "ledger/finding.h"
#include "watch/live.h"

#define TEST_SECOND INT64_C(1000000)
#define TEST_START INT64_C(1795262400000000) /* 2026-11-21T08:00:00Z */
#define TEST_DISORDER (60 * TEST_SECOND)
#define TEST_FOLD (600 * TEST_SECOND)
#define TEST_PARTITIONS 4

struct world {
    char folder[64];
    char spool_place[96], ledger_url[128], key[96];
    struct spool *spool;
    struct live_options options;
};

/* A new folder; the ledger and the spool are there and empty. */
void world_open(struct world *world);
void world_close(struct world *world);

/* The same spool again, in this process. */
void world_open_spool(struct world *world);
void world_close_spool(struct world *world);

/* What the clock of live detection says. */
void world_set_now(int64_t now);

/* Appends events, each a JSON text on a line, of an agency; all received at `received`. */
void world_append(struct world *world, uint32_t partition, const char *agency, int64_t received,
                  const char *lines);

/* An event as the rules of the tests know it, "{"kind":...}\n", into a buffer of its own: see live_test.c. */
const char *test_event(const char *kind, const char *host, const char *user, int64_t time);

/*
 * Rules over events of product "door": "Forced" (high; kind forced), "Opened" (informational; kind opened),
 * and over "failed", which is no finding itself, "Many" (three of a user in five minutes) and
 * "Entered" (failed, then opened). `more`: documents to add, or NULL.
 */
struct live_version *test_version(const char *more);
extern const struct live_agency *test_agencies; /* of versions made from now on */
extern size_t test_n_agencies;
extern struct intel *test_intel;
int test_versions(void); /* that were made and not freed */

struct live *world_start(struct world *world);

/* Waits until everything stored has been taken, and correlations have come to `until` (0: never mind). */
void world_await(struct live *live, int64_t until);
void test_nap(void);

/*
 * The findings, a line each in order: title|agency|host|user|count|throttled|first|last|, times in seconds after
 * TEST_START, then the places of their events where `events`. Free it.
 */
char *world_findings(const struct world *world, bool events);

/* Runs live detection over all that is stored until `until`, and stops it. */
void world_run(struct world *world, int64_t until);

#endif
