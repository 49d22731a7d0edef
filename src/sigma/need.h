/*
 * need: what an event must hold for a rule to match it, as far as a table of events can tell: a filter in front of the
 * engine, for events that lie in columns. It may let events through that do not match; it never holds one back that
 * does.
 *
 *     selection: Image endswith [\a.exe, \b.exe], CommandLine contains x     ALL ─┬─ TEXT Image {s \a.exe, s \b.exe}
 *     condition: selection and not filter                                         └─ TEXT CommandLine {c x}
 *
 * Negations, and what asks whether a field is absent, need nothing. Hooks are case-folded, and so are values compared, but
 * for those of regular expressions. Of an expression the texts that a match holds are asked for where there are such: they
 * are found for all at once.
 */
#ifndef JAGA_SIGMA_NEED_H
#define JAGA_SIGMA_NEED_H

#include "base/buf.h"
#include "sigma/rule.h"

#define NEED_HOOKS_MAX 4096 /* of one field; with more it needs a value only */

struct ruleset;

enum need_kind {
    NEED_NOTHING, /* any event may match */
    NEED_NEVER,   /* none does */
    NEED_ALL,
    NEED_ANY,
    NEED_VALUE,  /* a value of the field that is not null */
    NEED_NUMBER, /* a number in a relation to `number` */
    NEED_TEXT,   /* a text that one of the hooks fits; without a field: any value of the event */
};

enum need_hook_kind {
    NEED_EXACT = 'e',
    NEED_PREFIX = 'p',
    NEED_SUFFIX = 's',
    NEED_CONTAINS = 'c',
    NEED_EQUAL = 'n', /* the text is a number equal to the one that `text` spells */
    NEED_REGEX = 'r', /* a digit, of enum sigma_regex_flags, and the expression */
};

struct need_hook {
    enum need_hook_kind kind;
    struct str text;
};

struct need {
    enum need_kind kind;
    struct str field;              /* VALUE, NUMBER, TEXT: as the rule names it */
    const struct need *items;      /* ALL, ANY: n of them */
    const struct need_hook *hooks; /* TEXT: n of them */
    uint32_t n;
    enum sigma_op relation; /* NUMBER: LESS .. GREATER_EQUAL */
    double number;
};

/* What rule `rule` of the set needs; NEVER for one that was refused. In the arena; NULL: no memory. */
const struct need *need_make(const struct ruleset *ruleset, uint32_t rule, struct arena *arena);

/* Hooks as one text, "s6:\a.exe c1:x", and that text made ready to be asked of many values. */
void need_hooks_write(struct buf *out, const struct need_hook *hooks, uint32_t n);

struct need_search; /* opaque; for one thread */

/* Of a text that is none of need_hooks_write(): -EINVAL; -ENOMEM. The text outlives it. */
int need_search_new(struct str hooks, struct need_search **ret_search);
void need_search_free(struct need_search *search);

/* Does one of the hooks fit the value, UTF-8? True, too, where there is no memory to tell. */
bool need_search_fits(struct need_search *search, struct str value);

#endif
