/*
 * fold: matches that say the same of the same, counted together on their way into the ledger: first by the
 * worker that found them, then over all rounds of a transaction.
 *
 *     match ─▶ fold of its key, within fold_us ─▶ count, first, last, some of its events
 *
 * A fold lives in an arena of whoever made it; a table refers to folds.
 */
#ifndef JAGA_WATCH_FOLD_H
#define JAGA_WATCH_FOLD_H

#include "base/buf.h"
#include "base/vec.h"
#include "intel/intel.h"
#include "ledger/finding.h"
#include "scan/finding.h"

#define FOLD_PART_MAX 200  /* bytes of a value that tell folds apart */
#define FOLD_EVENTS_MAX 20 /* events kept of one fold in a round or of a correlation's match */

/* A match's event on its way; one may stand in several folds. */
struct fold_event {
    const struct ledger_event *event;
    struct fold_event *next;
};

struct fold {
    enum finding_kind kind;
    uint32_t number; /* of the rule or correlation in the version's set */
    uint64_t hash;   /* of the key */
    struct str key;
    struct str agency, source, host, user;
    struct str once;
    uint64_t count, throttled;
    int64_t first, last;               /* µs, both included; undated ones count when received */
    const struct finding_event *event; /* of the first match; NULL: not kept */
    struct fold_event *events, *newest;
    uint32_t n_events;
    const struct finding_correlated *correlated; /* FINDING_CORRELATION */
    const struct indicator *indicator;           /* FINDING_INDICATOR */
};

/* The newest fold of each key, by open addressing; all of them in the order they came. */
struct fold_table {
    VEC(struct fold *) list;
    uint32_t *cells; /* place in the list + 1 */
    uint32_t cap, used;
};

/*
 * A fold key: "r 5:ID 3:moh 4:ws-1 ..": a letter, then values with their lengths, cut at FOLD_PART_MAX
 * and in lower case.
 */
void fold_key_begin(struct buf *key, char kind);
void fold_key_add(struct buf *key, struct str value);

/* The fold of that key that a match at `time` may join: no further than fold_us from all it has. */
struct fold *fold_find(const struct fold_table *table, struct str key, uint64_t hash, int64_t time,
                       int64_t fold_us);

/* Makes room for that many more, so that fold_add() has it. 0 or -ENOMEM. */
int fold_reserve(struct fold_table *table, size_t more);

/* Adds a fold as the newest of its key. 0 or -ENOMEM. */
int fold_add(struct fold_table *table, struct fold *fold);

/* Adds what `more` holds to `fold`; takes its events over, up to LEDGER_EVENTS_MAX. */
void fold_join(struct fold *fold, const struct fold *more);

/* Does every match of `more` lie no further than fold_us from all of `fold`? */
bool fold_near(const struct fold *fold, const struct fold *more, int64_t fold_us);

/* Appends an event that lives as long as the fold. */
void fold_add_event(struct fold *fold, struct fold_event *node, const struct ledger_event *event);

void fold_table_clear(struct fold_table *table);
void fold_table_free(struct fold_table *table);

#endif
