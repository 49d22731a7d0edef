/*
 * linting: what the files of lint share. A check is a function that looks at one thing and reports
 * what it dislikes; lint.c has the table of all.
 */
#ifndef JAGA_SIGMA_LINTING_H
#define JAGA_SIGMA_LINTING_H

#include "sigma/eval.h"
#include "sigma/lint.h"
#include "sigma/regex.h"

struct linting {
    const struct sigma_set *set;
    const struct datasets *datasets;
    struct lint *lint;
    const struct lint_check *check; /* the one at work */
    const struct sigma_meta *meta;  /* of the document it looks at */
    const struct sigma_rule *rule;  /* NULL: not a rule */
    const struct sigma_correlation *correlation;
    struct map titles; /* folded title → number of the rule that has it first */
    struct regexes regexes;
    int status; /* -ENOMEM once memory has run out */
};

/* One finding about the document at work; line 0: where the document starts. */
void lint_report(struct linting *l, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Calls `visit` for every predicate of the tree. */
typedef void predicate_visitor(struct linting *l, const struct sigma_node *node, void *context);
void lint_each_predicate(struct linting *l, const struct sigma_node *node, predicate_visitor *visit,
                         void *context);

typedef void lint_function(struct linting *l);

/* lint_meta.c */
lint_function lint_missing_title, lint_long_title, lint_missing_id, lint_invalid_id,
    lint_missing_level, lint_missing_status, lint_retired, lint_missing_description,
    lint_invalid_date, lint_invalid_tag, lint_doubled_title, lint_custom_taxonomy;

/* lint_logic.c */
lint_function lint_unused_selection, lint_never_matches, lint_matches_absence, lint_several_values,
    lint_invalid_regex, lint_time_out_of_range, lint_legacy;

/* lint_source.c */
lint_function lint_unroutable, lint_unknown_field, lint_impossible_event_id;

/* lint_cost.c */
lint_function lint_keywords, lint_no_trigger, lint_short_texts, lint_regex_cost;

#endif
