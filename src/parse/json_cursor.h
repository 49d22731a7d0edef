/*
 * json_cursor: the members of a JSON object, the elements of a list, one after the other, as the text that they are. For
 * doors, which want a few members of an envelope and hand on the rest, and for KQL's dynamic values.
 *
 *     end = json_object_end(text, at);               // an object, checked
 *     struct json_cursor c = json_cursor_of(object);
 *     while (json_cursor_next(&c, &name, &value)) ..
 *
 * Pure; nothing is copied or allocated. The text need not be JSON: nothing is read outside of it, and what is no JSON comes
 * out as some text or not at all; json_object_end() and json_check() tell.
 */
#ifndef JAGA_PARSE_JSON_CURSOR_H
#define JAGA_PARSE_JSON_CURSOR_H

#include "base/str.h"

/*
 * The place behind the object that starts at data.ptr[at], of those that the reader of JSON takes; 0: there is
 * none.
 */
size_t json_object_end(struct str data, size_t at);

/* The index of the next byte from `at` on that is no white space, or data.len. */
size_t json_skip_space(struct str data, size_t at);

struct json_cursor {
    const char *at, *end;
    bool object; /* members have names */
};

/* Of a value; one that is neither object nor list, or empty text, has no members. */
struct json_cursor json_cursor_of(struct str value);

/*
 * The next member: its name as in the text, escapes and all, without quotes (empty in a list), and its
 * value as in the text, with quotes or brackets. Both point into the text. False: there is none.
 */
bool json_cursor_next(struct json_cursor *cursor, struct str *ret_name, struct str *ret_value);

/* The value of a member of that name, the last if there are several; ptr NULL: there is none. */
struct str json_member(struct str object, struct str name);

static inline bool json_is_quoted(struct str value)
{
    return value.len > 1 && value.ptr[0] == '"';
}

/* What is between the quotes of a string, escapes and all; of any other value its text. */
struct str json_inside(struct str value);

#endif
