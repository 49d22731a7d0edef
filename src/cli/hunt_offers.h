/*
 * hunt_offers: what may stand at the cursor of the prompt, as words to choose from: kql_complete() for queries, the prompt's
 * own commands, and tables behind those.
 */
#ifndef JAGA_CLI_HUNT_OFFERS_H
#define JAGA_CLI_HUNT_OFFERS_H

#include "base/buf.h"
#include "hunt/kql_complete.h"

#define HUNT_OFFERS_SHOWN 120 /* more are counted */

struct hunt_offers {
    uint32_t from; /* they take the place of the bytes from here to the cursor */
    struct kql_offer_list list;
};

/* As kql_complete(). `commands`: words with their '\\', NULL behind the last. */
int hunt_offers_find(struct arena *arena, struct str text, uint32_t cursor,
                     const struct kql_names *names, const char *(*commands)(size_t index),
                     struct hunt_offers *ret_offers);

/* Adds what all of them begin with, at least `typed`; where there is only one, with what stands behind it: '(' or a space. */
void hunt_offers_common(const struct hunt_offers *offers, struct str typed, struct buf *out);

/* Adds them for people: with a line about each where they are few, else in columns. */
void hunt_offers_write(struct buf *out, const struct hunt_offers *offers, size_t width,
                       bool colour);

#endif
