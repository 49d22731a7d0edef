/*
 * kql_infix: what may stand between two operands, one row each, with its strength: the parser and the printer
 * read the same table. From loose to tight: or, and, equality, order, sums, products, string
 * operators, as Kusto's grammar has it. Pure.
 */
#ifndef JAGA_HUNT_KQL_INFIX_H
#define JAGA_HUNT_KQL_INFIX_H

#include "hunt/ast.h"

enum kql_strength {
    KQL_STRENGTH_NONE,
    KQL_STRENGTH_OR,
    KQL_STRENGTH_AND,
    KQL_STRENGTH_EQUALITY, /* == != in between has_any has_all */
    KQL_STRENGTH_ORDER,    /* < <= > >= */
    KQL_STRENGTH_SUM,
    KQL_STRENGTH_PRODUCT,
    KQL_STRENGTH_STRING, /* =~ has contains matches regex .. */
    KQL_STRENGTH_UNARY,
    KQL_STRENGTH_POSTFIX,
};

struct kql_infix {
    const char *text; /* "matches regex" is two words */
    struct kql_test test;
    enum kql_strength strength;
};

/* The rows; the last has no text. Of two spellings the canonical one comes first. */
extern const struct kql_infix kql_infixes[];

/* The row whose (first) word is `word`, or NULL. */
const struct kql_infix *kql_infix_find(struct str word);

/* The canonical row of a test. */
const struct kql_infix *kql_infix_of(struct kql_test test);

#endif
