/*
 * nearest: which of many words a person probably meant. Offer the words one after the other, then
 * look at `found`. Pure; a word of more than NEAREST_WORD_MAX bytes is near to nothing.
 *
 *     struct nearest nearest;
 *     nearest_begin(&nearest, typed);
 *     for (...) nearest_offer(&nearest, name);
 *     if (nearest.found.len) ... "did you mean '%.*s'?"
 */
#ifndef JAGA_BASE_NEAREST_H
#define JAGA_BASE_NEAREST_H

#include "base/str.h"

#define NEAREST_WORD_MAX 128

struct nearest {
    struct str word;
    struct str found; /* borrowed from who offered it; empty: none is near */
    size_t edits;     /* between word and found; before: one more than a slip of the finger */
};

void nearest_begin(struct nearest *nearest, struct str word);

/* Takes a candidate that is nearer than those before it. The case of ASCII letters counts nothing. */
void nearest_offer(struct nearest *nearest, struct str candidate);

#endif
