/*
 * lint: what is wrong with rules that read well, and what will be with those that do: a hint for
 * their authors. Nothing here changes what a rule does.
 *
 * Each check is one row of a table (lint_checks()): its code, how bad what it finds is, and a
 * sentence about it.
 */
#ifndef JAGA_SIGMA_LINT_H
#define JAGA_SIGMA_LINT_H

#include "sigma/rule.h"

#define LINT_FINDINGS_MAX 100000 /* more are only counted */

enum lint_severity {
    LINT_NOTE,    /* could be better */
    LINT_WARNING, /* probably not what its author meant */
    LINT_ERROR,   /* does not work */
};

struct lint_check {
    const char *code; /* "unknown-field" */
    enum lint_severity severity;
    const char *about;
};

/* Strings live as long as the lint, or as the set it looked at. */
struct lint_finding {
    const struct lint_check *check;
    struct str origin;     /* path of the file */
    uint32_t line, column; /* from 1; 0: unknown */
    struct str title;      /* of the document; may be empty */
    struct str message;    /* one sentence without a full stop; hostile text escaped */
};

struct lint {
    struct arena arena;
    VEC(struct lint_finding) findings; /* of one document after the other; refusals first */
    uint64_t dropped;                  /* findings past LINT_FINDINGS_MAX */
    uint64_t count[LINT_ERROR + 1];    /* findings by severity, dropped ones too */
};

/*
 * Looks at all of a linked set. `datasets` is frozen; the set and the datasets outlive the result,
 * which lint_free() gives back. 0 or -ENOMEM (nothing to free).
 */
int lint_run(const struct sigma_set *set, const struct datasets *datasets, struct lint *ret_lint);
void lint_free(struct lint *lint);

/* All checks, for the manual. */
const struct lint_check *lint_checks(size_t index); /* NULL past the last */
const char *lint_severity_name(enum lint_severity severity);

#endif
