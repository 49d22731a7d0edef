/*
 * names: the names that a text format gives by itself (`host`, `sc-status`), resolved once per
 * parser, and lists made of names that come several times in one event.
 */
#ifndef JAGA_PARSE_NAMES_H
#define JAGA_PARSE_NAMES_H

#include "parse/parser.h"

/* Resolves `count` spellings, which live for ever, into ret_names, which the caller keeps. */
void names_resolve(struct name *ret_names, const char *const *spellings, size_t count,
                   const struct fields *fields);

/*
 * The name of a column: `spelling` without spaces, as UTF-8, cut at PARSER_NAME_LEN_MAX. Its
 * bytes are part of `spelling`, or in the arena where they had to change. An empty name where that
 * is spent.
 */
struct name names_column(struct str spelling, const struct fields *fields, struct arena *arena);

/* Marks the slots of the event under construction that share a name as one list (SLOT_ARRAY). */
void names_mark_lists(struct parser *parser);

#endif
