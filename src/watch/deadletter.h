/*
 * deadletter: what was rejected, with its reason, to be read and sent through the doors again once the cause
 * is mended. Kept in a spool of its own, in one partition; its retention is the only thing that takes letters
 * away.
 *
 *     letter = event of the dead spool = reason '\n' bytes; its batch says who sent it, and through which door
 */
#ifndef JAGA_WATCH_DEADLETTER_H
#define JAGA_WATCH_DEADLETTER_H

#include "watch/intake.h"

#define DEADLETTER_SCAN_MAX 100000 /* letters that one call looks at */

struct dead_letter {
    uint64_t offset; /* its name, for ever */
    struct str agency, source, peer, hint, reason;
    enum door door;
    int64_t received;
    enum format_id format;
    struct str bytes;
};

/*
 * Letters from `offset` on, oldest first, at most `limit`; of these agencies. They live for the length of the call
 * of `each`, which may stop it (< 0). *ret_next is where the next call goes on: there is nothing behind it now
 * when no letter was given and it is `offset` or where retention has moved the start to. 0, what `each`
 * returned, or -errno of the spool.
 */
int deadletter_list(const struct spool_ops *engine, struct spool *dead,
                    const struct ledger_scope *scope, uint64_t offset, uint32_t limit,
                    int (*each)(void *context, const struct dead_letter *letter), void *context,
                    uint64_t *ret_next);

/*
 * Puts one letter into the intake again as the sender it was from: as it is, where it is acceptable now
 * (well-formed for its format), else -EBADMSG. -ENOENT: there is no such letter, or not of these agencies. Other
 * errors are of intake_submit(). The letter stays; replaying it twice stores it twice.
 */
int deadletter_replay(struct intake *intake, const struct ledger_scope *scope, uint64_t offset,
                      intake_done *done, void *context);

#endif
