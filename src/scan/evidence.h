/*
 * evidence: copies of events that correlations may want to show later, within a budget of memory.
 * The newest are kept: an event that had to go is simply not shown.
 *
 *     marks:  0 ..... first [copy][copy][copy] next
 *             forgotten     kept               the mark of the next one
 */
#ifndef JAGA_SCAN_EVIDENCE_H
#define JAGA_SCAN_EVIDENCE_H

#include "scan/finding.h"

struct evidence_item {
    struct finding_event *event;
    size_t size;
};

struct evidence {
    struct evidence_item *items; /* ring: the one with mark m is in items[m % cap] */
    size_t cap;                  /* a power of two, or 0 */
    uint64_t first, next;
    size_t size, size_max; /* bytes of the copies */
};

void evidence_init(struct evidence *evidence, size_t size_max);
void evidence_free(struct evidence *evidence);

/* Keeps a copy and returns its mark; where there is no memory the mark finds nothing. */
uint64_t evidence_add(struct evidence *evidence, const struct finding_event *event);

/* The event of a mark, or NULL; until the next evidence_add(). */
const struct finding_event *evidence_get(const struct evidence *evidence, uint64_t mark);

#endif
