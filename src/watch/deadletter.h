/*
 * deadletter: what was rejected, with its reason, to be read and sent through the doors again once the cause
 * is mended. Kept in a spool of its own.
 */
#ifndef JAGA_WATCH_DEADLETTER_H
#define JAGA_WATCH_DEADLETTER_H

#include "watch/intake.h"

struct dead_letter {
    uint64_t offset;
    struct str agency, source, peer, reason;
    enum door door;
    int64_t received;
    enum format_id format;
    struct str bytes;
};

/* Letters from `offset` on, oldest first, at most `limit`; of these agencies. Each may stop it (< 0). */
int deadletter_list(const struct spool_ops *engine, struct spool *dead,
                    const struct ledger_scope *scope, uint64_t offset, uint32_t limit,
                    int (*each)(void *context, const struct dead_letter *letter), void *context);

/*
 * Puts one letter into the intake again as the sender it was from: as it is, where it is acceptable now
 * (well-formed for its format), else -EBADMSG.
 */
int deadletter_replay(struct intake *intake, const struct spool_ops *engine, struct spool *dead,
                      uint64_t offset, intake_done *done, void *context);

#endif
