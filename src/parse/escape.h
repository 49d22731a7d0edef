/*
 * escape: undoing what writers of text formats do to bytes that would break their
 * format. Text without a backslash costs a memchr() and is returned as it is.
 */
#ifndef JAGA_PARSE_ESCAPE_H
#define JAGA_PARSE_ESCAPE_H

#include "base/arena.h"
#include "base/str.h"

enum escape_hex {
    ESCAPE_HEX_NONE,      /* \x41 stays */
    ESCAPE_HEX_PRINTABLE, /* \x20 to \x7e become what they stand for, others stay readable */
    ESCAPE_HEX_TEXT,      /* those, white space, and code points of UTF-8: all that is text */
    ESCAPE_HEX_ALL,
};

/* `\letter` stands for `byte`. A table of these ends with a zeroed one. */
struct escape {
    char letter;
    char byte;
};

/*
 * `text` with its escapes resolved, in the arena where it changed. A backslash before anything that
 * the table and `hex` do not know stays. The text as it is, where the arena is spent.
 */
struct str escape_undo(struct str text, const struct escape *escapes, enum escape_hex hex,
                       struct arena *arena);

/*
 * Bytes of an even number of hex digits, text.len / 2 of them; false where it is no such text (some
 * bytes may be written then).
 */
bool escape_from_hex(struct str text, char *ret_bytes);

#endif
