/*
 * lint: what is wrong with a rule that reads well: a logsource that nothing provides, fields that
 * its events do not have, conditions that are always or never true, tests that make every event
 * expensive. Hints for people: none of them changes what a rule does.
 */
#ifndef JAGA_CLI_LINT_H
#define JAGA_CLI_LINT_H

#include "base/buf.h"
#include "event/dataset.h"
#include "sigma/rule.h"

struct lint {
    const struct datasets *datasets;
    const struct fields *fields;
    /* Called with each complaint; text lives for the length of the call. */
    void (*complain)(void *context, const struct sigma_rule *rule, uint32_t line, const char *text);
    void *context;
};

/* Looks at one rule of a linked set. */
void lint_rule(const struct lint *lint, const struct sigma_rule *rule);

#endif
