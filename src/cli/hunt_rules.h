/* hunt_rules: `jaga hunt --sigma FILE`: the events of a data folder's lake that the rules of a file match. */
#ifndef JAGA_CLI_HUNT_RULES_H
#define JAGA_CLI_HUNT_RULES_H

#include "cli/cli.h"

/* Writes them from the newest to the oldest, in the output's form. The exit code; it was said what is wrong. */
int hunt_rules(const struct cli *cli);

#endif
