/*
 * terms: KQL's searches in text. A term is a maximal run of letters and digits; everything else divides terms.
 *
 *     "cmd.exe /c whoami"     terms: cmd exe c whoami
 *      has "exe"              yes: a whole term
 *      has "cmd.exe"          yes: what is looked for begins and ends where terms do
 *      has "who"              no; hasprefix "who" is
 *
 * Without case, ASCII letters are compared so; where what is looked for has other letters, they are too (Unicode
 * simple case folding). Nothing is found by an empty text but with find(): it is in every text, at 0. Pure functions.
 */
#ifndef JAGA_HUNT_TERMS_H
#define JAGA_HUNT_TERMS_H

#include "base/str.h"

/* What is looked for, made ready: for many texts. */
struct terms_needle {
    struct str text;
    bool nocase;
    bool wide;                 /* without case, and has letters that are not ASCII */
    unsigned char first, last; /* bytes of text, in lower case where nocase */
    unsigned char first_bit,
        last_bit; /* 0x20 where such a byte is a letter and its case does not matter */
};

/* Refers to `text`. */
struct terms_needle terms_needle(struct str text, bool nocase);

/* Index of the first occurrence at or after `from`, or SIZE_MAX. */
size_t terms_find(struct str text, const struct terms_needle *needle, size_t from);

/* An occurrence that begins where a term may begin (`begin`), and ends where one may end (`end`). */
bool terms_has(struct str text, const struct terms_needle *needle, bool begin, bool end);

bool terms_starts(struct str text, const struct terms_needle *needle);
bool terms_ends(struct str text, const struct terms_needle *needle);
bool terms_equals(struct str text, const struct terms_needle *needle);

#endif
