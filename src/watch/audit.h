/*
 * audit: the whole lake against the journal. Are the events still those that were stored, is every block that the
 * journal names there with the root it had, and no other? What retention and people took is in the journal, too, noted
 * before it went; so what is gone without such a note was taken by somebody else.
 *
 *     journal (chained, signed) ─▶ blocks, in order ──┐
 *     lake ─▶ blocks, in order ───────────────────────┴─▶ the same?     what differs is a fault
 *     lake ─▶ events of each block ─▶ their root ──────▶ the block's?
 */
#ifndef JAGA_WATCH_AUDIT_H
#define JAGA_WATCH_AUDIT_H

#include "lake/lake.h"
#include "ledger/ledger.h"

/* Action and topic of the journal's entries that say what of the lake goes. */
#define AUDIT_REMOVE_ACTION STR("lake.remove")
#define AUDIT_REMOVE_TOPIC "lake.remove"

/* A witness (lake.h) whose context is a struct ledger: notes what goes, in an entry of its own. */
int audit_note_going(void *ledger, const struct lake_going *going);

struct audit {
    const struct lake_ops *ops;
    struct lake *lake;
    struct ledger *ledger;
    /* hex of the public key that the journal's signatures must be of; NULL: of the first */
    const char *key;
    struct str day; /* only this one; empty: all */
    /* A sentence on what is not as it should be. A negative return ends the audit and is returned. */
    int (*fault)(void *context, struct str sentence);
    int (*day_done)(void *context, struct str day,
                    const struct lake_check *check); /* its events are looked at */
    void *context;
};

struct audit_report {
    struct lake_check check;
    uint64_t blocks;  /* of the journal */
    uint64_t pending; /* of the lake that are not in the journal yet */
    uint64_t taken;   /* of the journal that went with their day, as it says */
    uint64_t faults;
    uint64_t signed_to; /* the last entry that a signature covers; 0: none */
};

/* 0: all is well; -EBADMSG: it is not, which was said; or another error. */
int audit_run(const struct audit *audit, struct audit_report *ret_report, struct err *err);

#endif
