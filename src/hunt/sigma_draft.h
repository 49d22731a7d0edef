/* sigma_draft: what saved_sigma.c has found a hunt to say, and its text as a Sigma rule. */
#ifndef JAGA_HUNT_SIGMA_DRAFT_H
#define JAGA_HUNT_SIGMA_DRAFT_H

#include "hunt/saved_sigma.h"

enum draft_kind {
    DRAFT_TEST, /* field|modifiers: values */
    DRAFT_AND,
    DRAFT_OR,
    DRAFT_NOT,
    DRAFT_TRUE,
    DRAFT_FALSE,
};

struct draft_node {
    enum draft_kind kind;
    struct draft_node **children;
    uint32_t n;
    struct str field;
    const char *modifiers; /* "contains|cased"; "": none */
    struct str *values;    /* any of them (|all: each) */
    uint32_t n_values;
    bool numbers; /* the values are */
};

struct draft {
    const struct saved_hunt *hunt;
    struct str table, dataset; /* what it was drafted from */
    struct logsource logsource;
    struct draft_node *condition;
    bool windowed; /* the hunt looks at a window of time, which the rule leaves out */
};

/* Appends the rule. 0, -ENOTSUP (its condition is always the same), -ENOMEM. */
int draft_write(const struct draft *draft, struct arena *arena, const struct attack *attack,
                struct buf *yaml, struct err *err);

#endif
