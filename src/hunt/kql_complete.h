/*
 * kql_complete: what may come where the cursor is in a query that is being written: operators behind a '|', the words
 * of the operator, columns of the tables that the statement names, functions, what let has named. Pure, but for
 * what the caller's own functions do.
 */
#ifndef JAGA_HUNT_KQL_COMPLETE_H
#define JAGA_HUNT_KQL_COMPLETE_H

#include "base/arena.h"
#include "hunt/ast.h"

#define KQL_OFFERS_MAX 4096 /* of one completion; more are left out */

enum kql_offer_kind {
    KQL_OFFER_OPERATOR,
    KQL_OFFER_WORD, /* of an operator: by, kind=, inner */
    KQL_OFFER_NAME, /* of a let, or given by the statement to a column */
    KQL_OFFER_COLUMN,
    KQL_OFFER_TABLE,
    KQL_OFFER_TEST, /* has, between, and */
    KQL_OFFER_TYPE,
    KQL_OFFER_FUNCTION,
};

struct kql_offer {
    enum kql_offer_kind kind;
    struct str text; /* as it is to be written: ['odd name'] has its brackets */
    struct str help; /* a line about it, or empty */
};
struct kql_offer_list KQL_LIST(struct kql_offer);

/* Adds to a list whose items live in the arena. False: no memory. */
bool kql_offer_push(struct arena *arena, struct kql_offer_list *list, struct kql_offer offer);

/* Where the caller's functions put what they know. */
struct kql_offers;
void kql_offers_add(struct kql_offers *offers, enum kql_offer_kind kind, struct str name,
                    struct str help);

/* What is known beside the language itself. Each may be NULL; texts must outlive the completion. */
struct kql_names {
    void *context;
    void (*tables)(void *context, struct kql_offers *offers);
    void (*columns)(void *context, struct str table, struct kql_offers *offers);
    void (*functions)(void *context, struct kql_offers *offers);
};

struct kql_completion {
    uint32_t from;                /* offers take the place of the bytes from here to the cursor */
    struct kql_offer_list offers; /* by kind, then by name; each once */
};

/*
 * Fills *ret_completion, whose texts live in the arena or are the caller's. Names are compared with what was typed
 * without case. Nothing is offered in strings and comments. 0, -ENOMEM, or -E2BIG (KQL_TEXT_MAX).
 */
int kql_complete(struct arena *arena, struct str text, uint32_t cursor,
                 const struct kql_names *names, struct kql_completion *ret_completion);

#endif
