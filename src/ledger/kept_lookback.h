/*
 * kept_lookback: looks of new rules into the past: which rules, how far each look has come, and what it says of each
 * agency. What a look is made of is JSON of whoever makes it (watch/lookbacks.h); the ledger keeps it as text.
 *
 *     lookback ─┬─ rules, offsets     what is looked for, in events before which
 *               ├─ until, done, total everything of that time or later is done
 *               └─ verdicts           by rule and agency
 */
#ifndef JAGA_LEDGER_KEPT_LOOKBACK_H
#define JAGA_LEDGER_KEPT_LOOKBACK_H

#include "ledger/ledger.h"

#define LOOKBACK_ID_MAX 40

enum lookback_state {
    LOOKBACK_WAITING,
    LOOKBACK_RUNNING,
    LOOKBACK_DONE,
    LOOKBACK_CANCELLED,
    LOOKBACK_FAILED,
};
const char *lookback_state_name(enum lookback_state state); /* "waiting", "running", ... */

struct kept_lookback {
    struct str id;
    enum lookback_state state;
    struct str rules;       /* JSON list */
    struct str offsets;     /* bytes: 64 bits for each partition; events before these */
    int64_t created, ended; /* µs; ended 0: not yet */
    int64_t until;          /* events of that time or later are done; INT64_MAX: none is */
    uint64_t done, total;   /* events, of those the look has to pass */
    uint64_t candidates, matches;
    struct str problem; /* why it failed; empty: it did not */
};

/* Adds one made of rules and offsets, waiting. */
int kept_lookback_add(struct ledger *ledger, const struct kept_lookback *lookback,
                      char ret_id[static LOOKBACK_ID_MAX]);

/* How it stands now: all but id, rules and created. -ENOENT: no such, or it was cancelled meanwhile. */
int kept_lookback_put(struct ledger *ledger, const struct kept_lookback *lookback);

/* Ends one that waits or runs, or lets one that was cancelled, or failed, wait again. -ENOENT: there is no such. */
int kept_lookback_cancel(struct ledger *ledger, struct str id);
int kept_lookback_resume(struct ledger *ledger, struct str id);

/* From the newest to the oldest, at most `limit`. Texts live for the length of the call to `each`. */
int kept_lookback_list(struct ledger *ledger, uint32_t limit,
                       int (*each)(void *context, const struct kept_lookback *lookback),
                       void *context);

/* One; its texts live until the next call on the ledger. -ENOENT. */
int kept_lookback_get(struct ledger *ledger, struct str id, struct kept_lookback *ret_lookback);

/* The oldest that waits or runs. -ENOENT: there is none. */
int kept_lookback_next(struct ledger *ledger, char ret_id[static LOOKBACK_ID_MAX]);

/* ---- verdicts ---- */

enum lookback_verdict {
    VERDICT_AFFECTED,    /* it matched: there are findings */
    VERDICT_CLEAN,       /* it did not, and there were events to look at */
    VERDICT_CANNOT_TELL, /* the agency has no events of the datasets that the rule is for */
};
const char *lookback_verdict_name(
    enum lookback_verdict verdict); /* "affected", "clean", "cannot tell" */

struct kept_verdict {
    struct str rule, agency;
    enum lookback_verdict verdict;
    uint64_t matches;
    int64_t first, last; /* of the matches' events */
    uint32_t days;       /* that the agency has such events of */
    struct str datasets; /* that the rule is for, as a JSON list */
    /* Days that the lake has and the agency has no such events of: a JSON list. */
    struct str missing;
};

/* Adds matches, and takes over what they are not: verdict, days, datasets, missing. */
int kept_verdict_put(struct ledger *ledger, struct str lookback,
                     const struct kept_verdict *verdict);

/* Forgets those of a rule, which are to be found anew. */
int kept_verdict_remove(struct ledger *ledger, struct str lookback, struct str rule);

/* By rule and agency, of the caller's agencies. Texts live for the length of the call to `each`. */
int kept_verdict_list(struct ledger *ledger, const struct ledger_scope *scope, struct str lookback,
                      int (*each)(void *context, const struct kept_verdict *verdict),
                      void *context);

#endif
