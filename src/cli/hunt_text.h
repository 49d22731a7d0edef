/*
 * hunt_text: the text of a query as the prompt looks at it: is it whole, how is it coloured, how is it kept on one line.
 * Pure; of KQL unless it says otherwise.
 */
#ifndef JAGA_CLI_HUNT_TEXT_H
#define JAGA_CLI_HUNT_TEXT_H

#include "base/buf.h"

enum hunt_text_state {
    HUNT_TEXT_EMPTY,      /* spaces and comments */
    HUNT_TEXT_UNFINISHED, /* more must follow: an operand, a bracket, the query that a let is for */
    HUNT_TEXT_WHOLE,      /* a query, or no query at all: whoever runs it says what is wrong */
};

enum hunt_text_state hunt_text_state(struct str text);

/* Is the last thing in it a ';' that stands in no brackets, strings or comments? */
bool hunt_text_ends(struct str text);

/* Adds the text from byte `from` on with a colour for what each word is for (kql_outline.h); the bytes before decide with. */
void hunt_text_colour(struct buf *out, struct str text, size_t from);

/* Adds the query on one line, without its comments: it means the same. */
void hunt_text_join(struct buf *out, struct str text);

#endif
