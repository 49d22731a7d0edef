/* hunt_rules: rules that a hunt asks by (hunt_place.rules), read and compiled as a centre's are. */
#ifndef JAGA_CLI_HUNT_RULES_H
#define JAGA_CLI_HUNT_RULES_H

#include "cli/cli.h"
#include "hunt/ask.h"

/* context: the struct cli, which outlives them. 0; -EINVAL: *err says which rule is wrong, and where; or -ENOMEM. */
int hunt_rules_make(void *context, struct str text, struct hunt_rules *ret_rules, struct err *err);

#endif
