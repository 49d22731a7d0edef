/* regex_groups: the capture groups of a regular expression (RE2's syntax), found without compiling it. */
#ifndef JAGA_HUNT_REGEX_GROUPS_H
#define JAGA_HUNT_REGEX_GROUPS_H

#include "base/str.h"

/* How many there are. */
unsigned regex_groups_count(struct str regex);

/* The number of the group of that name, (?P<name>...) or (?<name>...), from 1; 0: there is none. */
unsigned regex_groups_find(struct str regex, struct str name);

#endif
