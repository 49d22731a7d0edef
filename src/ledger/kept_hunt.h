/*
 * kept_hunt: hunts that people save in the centre, and how the runs of all saved hunts went.
 *
 * What a hunt is, is in its text (hunt/saved.h), which is the caller's to have read: the ledger keeps any. A hunt
 * belongs to an owner and to agencies, and exists only for callers who may see all of these.
 */
#ifndef JAGA_LEDGER_KEPT_HUNT_H
#define JAGA_LEDGER_KEPT_HUNT_H

#include "ledger/ledger.h"

#define KEPT_HUNT_TEXT_MAX (256u << 10) /* bytes */
#define KEPT_HUNTS_MAX 2000

struct kept_hunt {
    struct str id;       /* as in its text */
    struct str owner;    /* id of the token that saved it, or "cli:anna" */
    struct str agencies; /* whose events it looks at: "moh,mod", or "*" */
    struct str text;
    int64_t created, changed; /* µs */
};

/*
 * Saves one made of id, owner, agencies and text. -EEXIST: there is one of that id; -EINVAL: labels; -E2BIG: its text, or
 * there are too many.
 */
int kept_hunt_add(struct ledger *ledger, const struct kept_hunt *hunt);

/* Its text and agencies from now on; the owner stays, `hunt->owner` is who changes it. -ENOENT: no such, or not the caller's. */
int kept_hunt_change(struct ledger *ledger, const struct ledger_scope *scope,
                     const struct kept_hunt *hunt);
int kept_hunt_remove(struct ledger *ledger, const struct ledger_scope *scope, struct str id);

/* By id. Texts live for the length of the call to `each`; a negative return stops and is returned. */
int kept_hunt_list(struct ledger *ledger, const struct ledger_scope *scope,
                   int (*each)(void *context, const struct kept_hunt *hunt), void *context);

/* One; its texts live until the next call on the ledger. -ENOENT: no such, or not the caller's. */
int kept_hunt_get(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                  struct kept_hunt *ret_hunt);

/* Does the scope have all of the agencies of such a text? "*" are all there are. */
bool kept_hunt_in_scope(const struct ledger_scope *scope, struct str agencies);

/* ---- runs ---- */

enum hunt_outcome {
    HUNT_FOUND, /* rows */
    HUNT_CLEAN, /* no rows, and there was something to look at */
    HUNT_NO_DATA, /* no rows, and a table or the file of places that it needs has none: nothing can be told */
    HUNT_FAILED,
};

const char *hunt_outcome_name(
    enum hunt_outcome outcome); /* "found", "clean", "no-data", "failed" */

/* The last run of a hunt, saved or shipped, for an agency. */
struct hunt_run {
    struct str hunt;
    struct str agency; /* empty: over all of them */
    int64_t due;       /* the time that it was for: its now() */
    int64_t ended;
    int64_t time_us; /* it took */
    enum hunt_outcome outcome;
    uint64_t rows;
    uint64_t findings; /* opened or counted on */
    /* A sentence: why it failed, what had no data, or what cut it; empty: nothing. */
    struct str problem;
};

/* In the place of the one before. In a transaction with its findings. */
int hunt_run_put(struct ledger *ledger, const struct hunt_run *run);

/* Of one hunt (empty: of all), by hunt and agency, of the caller's agencies. */
int hunt_run_list(struct ledger *ledger, const struct ledger_scope *scope, struct str hunt,
                  int (*each)(void *context, const struct hunt_run *run), void *context);

#endif
