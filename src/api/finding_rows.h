/* finding_rows: the centre's findings as hunts look at them (tables_finding_columns). */
#ifndef JAGA_API_FINDING_ROWS_H
#define JAGA_API_FINDING_ROWS_H

#include "base/buf.h"
#include "ledger/ledger.h"

/* Appends a JSON array of the latest findings in scope, HUNT_FINDINGS_MAX at most. 0 or -errno. */
int finding_rows_write(struct ledger *ledger, const struct ledger_scope *scope, struct buf *json);

#endif
