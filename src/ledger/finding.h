/*
 * finding: findings as the centre keeps them. Repeats fold: a match with the same fold key within the
 * window of an open finding is counted there, and its event kept beside the others up to a limit.
 *
 *     finding ─┬─ events (the first LEDGER_EVENTS_MAX, as JSON, with partition and offset)
 *              └─ ocsf (OCSF 1.8 Detection Finding of the first match, as JSON)
 */
#ifndef JAGA_LEDGER_FINDING_H
#define JAGA_LEDGER_FINDING_H

#include "ledger/ledger.h"

#define LEDGER_EVENTS_MAX 100 /* events kept with a finding; all are counted */
#define LEDGER_PAGE_MAX 1000  /* findings of one answer */
#define FINDING_ID_MAX 40     /* bytes of an id's text */

enum finding_kind {
    FINDING_RULE,
    FINDING_CORRELATION,
    FINDING_INDICATOR,
    FINDING_SOURCE,
    FINDING_HUNT
};
#define FINDING_KINDS 5
enum finding_status { FINDING_OPEN, FINDING_CLEARED, FINDING_CLOSED };

struct ledger_event {
    uint32_t partition;
    uint64_t offset;
    int64_t time;    /* µs; TIME_UNSET: undated */
    struct str json; /* the event: {"agency":..., "source":..., "dataset":..., fields ...} */
};

/* A match on its way into the ledger. */
struct ledger_match {
    enum finding_kind kind;
    struct str agency;
    struct str rule; /* id of the rule, indicator or check */
    struct str title;
    uint8_t level;         /* enum sigma_level */
    struct str host, user; /* main entities, empty: none */
    struct str source;     /* label of the source of its event */
    struct str tags;       /* as a JSON array of strings */
    struct str fold; /* same text: same finding, within fold_us of its matches; empty: never */
    struct str once; /* not empty: a match with this text is taken once, for ever (replays) */
    int64_t fold_us;
    int64_t time;    /* µs: of the event; where undated, when it was received */
    int64_t seen;    /* µs: now */
    struct str ocsf; /* made for the first match of a finding */
    const struct ledger_event *events;
    uint32_t n_events;
    uint64_t count;     /* matches this stands for, 1 or more (a throttle merges them) */
    uint64_t throttled; /* of them: those whose events were not kept, by the throttle */
};

/* A finding as it is kept. */
struct ledger_finding {
    struct str id;
    uint64_t change; /* number of its last change, rising over all findings: for streams */
    enum finding_kind kind;
    enum finding_status status;
    struct str agency, rule, title, host, user, source, tags, ocsf;
    uint8_t level;
    uint64_t count, throttled;
    int64_t first, last;      /* µs: of its events */
    int64_t created, updated; /* µs: in the ledger */
};

/*
 * Takes a match: opens a finding or folds it into the open one with the same `fold` that it lies within, or at most fold_us
 * before or behind: so matches that come from the newest to the oldest make the same findings. *ret_new: a finding was opened; *ret_taken: it counted (false: `once`
 * was there already). ret_id gets the finding's id, NUL-terminated; "" where it did not count.
 * Within a transaction of the caller, for many at once. Texts of more than 4 KiB are cut. -EINVAL:
 * a count of 0; -E2BIG: an event or OCSF text of more than 16 MiB.
 */
int finding_take(struct ledger *ledger, const struct ledger_match *match, bool *ret_new,
                 bool *ret_taken, char ret_id[static FINDING_ID_MAX]);

/*
 * Does a finding that was made before `created` have this match: is its event kept there, or does it lie between its
 * matches, not all of which are kept? 1, 0 or -errno.
 */
int finding_has(struct ledger *ledger, struct str fold, uint32_t partition, uint64_t offset,
                int64_t time, int64_t created);

/* Clears what is open under a fold text (a source speaks again). -ENOENT: nothing is. */
int finding_clear(struct ledger *ledger, struct str fold, int64_t now);

/* Sets the status of one. -ENOENT: no such, or not the caller's. */
int finding_set_status(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                       enum finding_status status, struct str actor);

enum finding_sort { FINDING_BY_CHANGE, FINDING_BY_LAST, FINDING_BY_LEVEL, FINDING_BY_COUNT };

/* Which findings; zero and empty: any. */
struct finding_query {
    struct str agency, rule, host, user, source, text; /* text: part of the title, without case */
    int kind, status;                                  /* -1: any */
    uint8_t level_min;
    int64_t from, to;      /* µs of `last` in [from, to); TIME_UNSET: open */
    uint64_t change_after; /* only those that changed after */
    enum finding_sort sort;
    bool ascending;
    uint32_t limit;    /* 1 to LEDGER_PAGE_MAX; 0: 50 */
    struct str cursor; /* of an earlier answer to the same query; -EINVAL when it is not one */
};

/*
 * Calls `each` per finding in order; its texts live for that call; a negative return stops and is
 * returned. *ret_cursor (appended, base64url) is empty at the end of the list.
 */
int finding_list(struct ledger *ledger, const struct ledger_scope *scope,
                 const struct finding_query *query,
                 int (*each)(void *context, const struct ledger_finding *finding), void *context,
                 struct buf *ret_cursor);

/* One by its id; its texts live until the next call on the ledger. -ENOENT: no such, or not the caller's. */
int finding_get(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                struct ledger_finding *ret_finding);

/* Its events in the order they came; texts live for the length of the call to `each`. */
int finding_events(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                   int (*each)(void *context, const struct ledger_event *event), void *context);

/* Highest change number of all; 0: nothing was ever found. */
int finding_change(struct ledger *ledger, uint64_t *ret_change);

#endif
