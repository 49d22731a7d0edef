/*
 * copy: an event copied out of its parser, as findings show it.
 */
#ifndef JAGA_SCAN_COPY_H
#define JAGA_SCAN_COPY_H

#include "base/buf.h"
#include "scan/finding.h"

/*
 * Copies the event into the arena: JSON, fields, host, user, and its own record and
 * offset (of the chunk; the caller adds the chunk's). `work` is scratch. False when the arena's
 * budget is spent: then ret_event has time, record and offset only.
 */
bool copy_event(struct event *event, const struct datasets *datasets, struct buf *work,
                struct arena *arena, struct finding_event *ret_event);

/* A copy of a copy, in one block of malloc'ed memory, or NULL. `ret_size` gets its bytes. */
struct finding_event *copy_finding_event(const struct finding_event *event, size_t *ret_size);

#endif
