/*
 * ledger: the port that keeps state: findings, tokens, exceptions, saved hunts, progress, and the journal.
 * Everything that changes is one transaction that also appends to the journal.
 *
 *     finding.c  token.c  exception.c  kept_hunt.c  progress.c  journal.c  migrate.c    what is kept (engine-neutral SQL)
 *          └────────┴──────────┴────────────┴───────────┴──────────┴──────────┘
 *                                 db.h                                     the port: a struct of functions
 *                        sqlite.c       (PostgreSQL later)
 *
 * A ledger is one connection and belongs to one thread at a time; open as many as there are threads that
 * need one (several processes may, too). Writers wait for each other.
 *
 * Texts handed in are copied; texts handed out live until the next call on the same ledger, unless
 * said otherwise. All functions return 0 or -errno; ledger_problem() has the sentence for people.
 */
#ifndef JAGA_LEDGER_LEDGER_H
#define JAGA_LEDGER_LEDGER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define LEDGER_AGENCIES_MAX 256 /* of a caller */

struct ledger;

struct ledger_options {
    bool create; /* make what is missing and bring an old schema up to date */
    bool read_only;
    const char *key; /* file of the key that signs the journal, made with `create`; NULL: none */
    int64_t (*now)(void); /* NULL: the real clock */
};

/* "sqlite:PATH". NULL: *err says why (a newer schema, no rights, no such file ...). */
struct ledger *ledger_open(const char *url, const struct ledger_options *options, struct err *err);
void ledger_close(struct ledger *ledger);
const char *ledger_problem(const struct ledger *ledger);

/*
 * Rises whenever a token, an exception or a saved hunt was added, changed, revoked or removed, or a look-back cancelled or
 * resumed, over any connection: for who keeps, or does, what they say. (Findings have finding_change().)
 */
int ledger_version(struct ledger *ledger, uint64_t *ret_version);

/*
 * A transaction. What is done between is durable after ledger_commit() or not at all; `actor` and
 * `action` go into the journal with what the calls between have noted. Calls outside of one open and
 * commit their own. Not nested (-EBUSY).
 *
 * Once the disk is full, may not be written or fails, every further call says so, ledger_commit() rolls
 * all back and returns the first failure; the next transaction starts afresh and works once the cause is gone. A
 * call that is refused for what it asks (-EINVAL, -ENOENT, -E2BIG) changes nothing and spoils nothing.
 */
int ledger_begin(struct ledger *ledger, struct str actor, struct str action);
int ledger_commit(struct ledger *ledger);
void ledger_abort(struct ledger *ledger);

/*
 * What the caller may see. Applied inside the ledger to every query; things of other agencies do not
 * exist for it (-ENOENT).
 */
struct ledger_scope {
    bool all;                   /* the centre itself */
    const struct str *agencies; /* else these */
    size_t n;
};

/* For what is not kept in the ledger: is a thing of this agency for the caller? */
bool ledger_scope_has(const struct ledger_scope *scope, struct str agency);

#endif
