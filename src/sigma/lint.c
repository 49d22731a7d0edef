#include "sigma/lint.h"

#include <stdarg.h>
#include <stdio.h>

#include "sigma/linting.h"

#define LINT_MEMORY_MAX ((size_t)256 << 20)

/* What a check looks at. */
enum subject { ABOUT_RULES = 1, ABOUT_CORRELATIONS = 2, ABOUT_FILTERS = 4, ABOUT_ALL = 7 };

static const struct row {
    struct lint_check check;
    unsigned subjects; /* 0: reported by the set's own walk, below */
    lint_function *look;
} rows[] = {
    {{"refused", LINT_ERROR, "The document can't be used, for the reason given."}, 0, NULL},
    {{"filter-unknown-rule", LINT_WARNING,
      "A filter names rules that are not there, or not of its logsource."},
     0,
     NULL},
    {{"filter-unused", LINT_NOTE, "A filter for any rule fits none."}, 0, NULL},

    {{"missing-title", LINT_ERROR, "Findings have no name without a title."},
     ABOUT_ALL,
     lint_missing_title},
    {{"long-title", LINT_WARNING, "A title has at most 256 characters."},
     ABOUT_ALL,
     lint_long_title},
    {{"doubled-title", LINT_WARNING, "Another rule has the same title: findings look alike."},
     ABOUT_RULES | ABOUT_CORRELATIONS,
     lint_doubled_title},
    {{"missing-id", LINT_WARNING,
      "Without an id the rule can't be referred to, nor told from others."},
     ABOUT_RULES | ABOUT_CORRELATIONS,
     lint_missing_id},
    {{"invalid-id", LINT_WARNING, "An id is a UUID."}, ABOUT_ALL, lint_invalid_id},
    {{"missing-level", LINT_WARNING, "Without a level, nobody knows how bad a finding is."},
     ABOUT_RULES | ABOUT_CORRELATIONS,
     lint_missing_level},
    {{"missing-status", LINT_NOTE, "The status says how far the rule can be trusted."},
     ABOUT_RULES,
     lint_missing_status},
    {{"retired", LINT_NOTE, "The rule's own status is deprecated or unsupported."},
     ABOUT_RULES | ABOUT_CORRELATIONS,
     lint_retired},
    {{"missing-description", LINT_NOTE, "An analyst needs to know what a finding means."},
     ABOUT_RULES | ABOUT_CORRELATIONS,
     lint_missing_description},
    {{"invalid-date", LINT_WARNING, "Dates are written YYYY-MM-DD."}, ABOUT_ALL, lint_invalid_date},
    {{"invalid-tag", LINT_WARNING,
      "Tags are namespace.name, of lower case letters, digits, '_', '-' and '.'."},
     ABOUT_RULES | ABOUT_CORRELATIONS,
     lint_invalid_tag},
    {{"custom-taxonomy", LINT_WARNING,
      "Field names of another taxonomy than Sigma's are matched as they are."},
     ABOUT_ALL,
     lint_custom_taxonomy},

    {{"unroutable-logsource", LINT_WARNING,
      "No dataset provides the logsource: only events tagged with it are matched."},
     ABOUT_RULES,
     lint_unroutable},
    {{"unknown-field", LINT_NOTE,
      "None of the datasets that provide the logsource knows the field."},
     ABOUT_RULES,
     lint_unknown_field},
    {{"impossible-event-id", LINT_ERROR,
      "Events of the logsource never have the event ids that the rule asks for."},
     ABOUT_RULES,
     lint_impossible_event_id},

    {{"unused-selection", LINT_WARNING, "The condition does not use a selection."},
     ABOUT_RULES,
     lint_unused_selection},
    {{"never-matches", LINT_ERROR, "The condition contradicts itself."},
     ABOUT_RULES,
     lint_never_matches},
    {{"matches-absence", LINT_WARNING,
      "The rule matches every event that has none of its fields: it asks for nothing but "
      "absences."},
     ABOUT_RULES,
     lint_matches_absence},
    {{"several-values", LINT_WARNING,
      "A field is asked for two values at once: only one that has several can match."},
     ABOUT_RULES,
     lint_several_values},
    {{"invalid-regex", LINT_ERROR, "The regular expression does not compile."},
     ABOUT_RULES,
     lint_invalid_regex},
    {{"time-out-of-range", LINT_ERROR, "No time has a part of that number."},
     ABOUT_RULES,
     lint_time_out_of_range},
    {{"legacy-aggregation", LINT_NOTE, "Aggregations in conditions were replaced by correlations."},
     ABOUT_CORRELATIONS,
     lint_legacy},

    {{"keyword-search", LINT_NOTE, "Keywords are looked for in every value of every event."},
     ABOUT_RULES,
     lint_keywords},
    {{"no-trigger", LINT_WARNING,
      "No text has to be there for a match, so that every event of the logsource is tested."},
     ABOUT_RULES,
     lint_no_trigger},
    {{"short-texts", LINT_NOTE, "Texts this short are contained in nearly every event."},
     ABOUT_RULES,
     lint_short_texts},
    {{"regex-without-text", LINT_WARNING,
      "Nothing in the regular expression is fixed text: it runs on every value."},
     ABOUT_RULES,
     lint_regex_cost},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* Rows of the set's own walk. */
enum { ROW_REFUSED, ROW_FILTER_UNKNOWN, ROW_FILTER_UNUSED };

const struct lint_check *lint_checks(size_t index)
{
    return index < ROWS ? &rows[index].check : NULL;
}

const char *lint_severity_name(enum lint_severity severity)
{
    static const char *const names[] = {
        [LINT_NOTE] = "note", [LINT_WARNING] = "warning", [LINT_ERROR] = "error"};
    return names[severity];
}

static void add_finding(struct linting *l, struct lint_finding finding)
{
    struct lint *lint = l->lint;
    lint->count[finding.check->severity]++;
    if (lint->findings.len == LINT_FINDINGS_MAX) {
        lint->dropped++;
        return;
    }
    finding.message = arena_copy(&lint->arena, finding.message);
    if (!finding.message.ptr || vec_push(&lint->findings, finding) < 0)
        l->status = -ENOMEM;
}

void lint_report(struct linting *l, uint32_t line, const char *format, ...)
{
    struct err text; /* makes hostile text printable */
    char message[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    err_set(&text, -EINVAL, "%s", message);
    add_finding(l, (struct lint_finding){.check = l->check,
                                         .origin = l->meta->origin,
                                         .line = line ? line : l->meta->line,
                                         .title = l->meta->title,
                                         .message = str_from_c(text.message)});
}

/* As deep as SIGMA_TREE_DEPTH_MAX. */
void lint_each_predicate(struct linting *l, const struct sigma_node *node, predicate_visitor *visit,
                         void *context)
{
    if (node->kind == SIGMA_PREDICATE)
        visit(l, node, context);
    else if (node->kind == SIGMA_REF)
        lint_each_predicate(l, node->selection->node, visit, context);
    for (uint32_t i = 0; i < node->count; i++)
        lint_each_predicate(l, node->children[i], visit, context);
}

static void look_at_refusals(struct linting *l)
{
    for (size_t i = 0; i < l->set->refusals.len; i++) {
        const struct sigma_refusal *refusal = &l->set->refusals.items[i];
        add_finding(l, (struct lint_finding){.check = &rows[ROW_REFUSED].check,
                                             .origin = refusal->origin,
                                             .line = refusal->err.line,
                                             .column = refusal->err.column,
                                             .title = refusal->title,
                                             .message = str_from_c(refusal->err.message)});
    }
}

/* All checks that are about such a subject, one after the other. */
static void look(struct linting *l, unsigned subject, const struct sigma_meta *meta)
{
    l->meta = meta;
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].subjects & subject))
            continue;
        l->check = &rows[i].check;
        rows[i].look(l);
    }
}

static void look_at_filter(struct linting *l, const struct sigma_filter *filter)
{
    look(l, ABOUT_FILTERS, &filter->meta);
    if (filter->n_unknown) {
        l->check = &rows[ROW_FILTER_UNKNOWN].check;
        lint_report(l, 0, "%u of the rules that it names are not there, or of another logsource",
                    filter->n_unknown);
    }
    if (filter->any && filter->n_rules == 0) {
        l->check = &rows[ROW_FILTER_UNUSED].check;
        lint_report(l, 0, "no rule has its logsource");
    }
}

int lint_run(const struct sigma_set *set, const struct datasets *datasets, struct lint *ret_lint)
{
    struct lint lint = {0};
    arena_init(&lint.arena, LINT_MEMORY_MAX);
    struct linting l = {.set = set, .datasets = datasets, .lint = &lint};
    look_at_refusals(&l);
    for (size_t i = 0; i < set->rules.len; i++) {
        l.rule = set->rules.items[i];
        if (!l.rule->derived)
            look(&l, ABOUT_RULES, &l.rule->meta);
    }
    l.rule = NULL;
    for (size_t i = 0; i < set->correlations.len; i++) {
        l.correlation = set->correlations.items[i];
        look(&l, ABOUT_CORRELATIONS, &l.correlation->meta);
    }
    l.correlation = NULL;
    for (size_t i = 0; i < set->filters.len; i++)
        look_at_filter(&l, &set->filters.items[i]);
    map_free(&l.titles);
    regexes_free(&l.regexes);
    if (l.status < 0)
        lint_free(&lint);
    else
        *ret_lint = lint;
    return l.status;
}

void lint_free(struct lint *lint)
{
    vec_free(&lint->findings);
    arena_free(&lint->arena);
}
