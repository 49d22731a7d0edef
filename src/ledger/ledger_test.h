/* ledger_test: a ledger in a scratch folder, with a clock that the test sets. */
#ifndef JAGA_LEDGER_LEDGER_TEST_H
#define JAGA_LEDGER_LEDGER_TEST_H

#include "ledger/finding.h"

#define TEST_NOW INT64_C(1795262400000000)

struct scratch {
    char folder[64];
    char path[96], url[112], key[96]; /* FOLDER/ledger.db, sqlite:..., FOLDER/journal.key */
    struct ledger *ledger;
};

/* What the clock of the tests says; TEST_NOW at the start. */
extern int64_t test_now;
int64_t test_clock(void);

/* A new folder with an empty ledger that has a key; both end the test where they fail. */
void scratch_open(struct scratch *scratch);
void scratch_reopen(struct scratch *scratch);
void scratch_close(struct scratch *scratch);

/* The same before and after each test; *state is the struct scratch. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* One more connection to the same ledger. */
struct ledger *scratch_connect(const struct scratch *scratch);

/* Runs SQL behind the ledger's back. */
void scratch_sql(const struct scratch *scratch, const char *sql);

/* The journal is whole. */
void assert_whole(struct ledger *ledger);

/* A match of rule "r", host "h" of agency "moh", at `time`, that folds by "r|h" within a minute. */
struct ledger_match test_match(int64_t time);

/* The whole ledger. */
extern const struct ledger_scope test_all;

#endif
