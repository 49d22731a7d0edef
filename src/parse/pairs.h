/*
 * pairs: key=value pairs in a line of text, as many products write them:
 *
 *     date=2026-11-21 user="J. Tan" msg='it said "no"' a=1,b=2 free words c=3;
 *     tan : TTY=pts/0 ; PWD=/home/tan ; USER=root ; COMMAND=/bin/cat /etc/shadow
 *
 * A key is letters, digits and ".-_@/:" after white space, a comma, semicolon, bar or
 * bracket. A value is quoted ("" or '', with backslash escapes), or ends at white space, or before
 * a comma, semicolon or bar that another key follows. Where " ; " ends the first pair, as sudo
 * writes it, a value runs to the next of these. Words that are no pair are passed over.
 */
#ifndef JAGA_PARSE_PAIRS_H
#define JAGA_PARSE_PAIRS_H

#include "parse/parser.h"

struct pairs {
    struct str rest;
    bool semicolons; /* values end at " ; " */
};

struct pair {
    struct str key;
    struct str value;
    bool escaped; /* the value stood in quotes and has backslashes */
};

void pairs_start(struct pairs *pairs, struct str text);

/* The next pair; false at the end. Time is linear in the text. */
bool pairs_next(struct pairs *pairs, struct pair *ret_pair);

/* The value without its escapes. */
struct str pairs_value(const struct pair *pair, struct arena *arena);

/* How many pairs the text starts with or holds, counted up to `max`. */
unsigned pairs_count(struct str text, unsigned max);

#endif
