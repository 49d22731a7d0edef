/*
 * number: is a text a number? By JSON's grammar (RFC 8259, section 6), so that a slot
 * that says it is one can be written as one: "007" and "+1" are strings.
 */
#ifndef JAGA_PARSE_NUMBER_H
#define JAGA_PARSE_NUMBER_H

#include "event/event.h"

/* VALUE_INT, VALUE_FLOAT, or VALUE_STRING. */
enum value_type number_type(struct str text);

#endif
