/*
 * kql_mask: literals that are not to be shown, h"..." and H'...', as "***": wherever the text of a query is kept or shown by others
 * than the one who wrote it. Any text may be given, also one that is no KQL. Pure.
 */
#ifndef JAGA_HUNT_KQL_MASK_H
#define JAGA_HUNT_KQL_MASK_H

#include "base/buf.h"

bool kql_has_hidden(struct str text);

/* Appends the text: what stands between the quotes of hidden literals is stars. */
void kql_mask(struct buf *out, struct str text);

/* What hidden literals of the query `text` hold becomes stars wherever a message about it has them. */
void kql_mask_message(struct buf *message, struct str text);

#endif
