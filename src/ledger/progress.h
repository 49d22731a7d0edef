/*
 * progress: how far detection has come, kept in the same transaction as what it found; and named blobs
 * (the state of correlations, of sources), each replaced whole.
 */
#ifndef JAGA_LEDGER_PROGRESS_H
#define JAGA_LEDGER_PROGRESS_H

#include "ledger/ledger.h"

#define BLOB_MAX ((size_t)512 << 20) /* bytes */

/* Offsets are of the next event wanted. -ENOENT: never set. */
int progress_put(struct ledger *ledger, struct str consumer, uint32_t partition, uint64_t offset);
int progress_get(struct ledger *ledger, struct str consumer, uint32_t partition,
                 uint64_t *ret_offset);

/* Of any bytes, at most BLOB_MAX (-E2BIG); appended to *out. -ENOENT: never put. */
int blob_put(struct ledger *ledger, struct str name, struct str bytes);
int blob_get(struct ledger *ledger, struct str name, struct buf *out);

#endif
