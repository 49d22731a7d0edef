/*
 * What the unit tests of src/sigma share: a set read from one YAML text, and trees as text.
 *
 *     (Image endswith '\cmd.exe' and not User = 'x')
 */
#ifndef JAGA_SIGMA_RULE_TEST_H
#define JAGA_SIGMA_RULE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sigma/eval.h"

/* A linked set of the documents in `yaml`; freed by sigma_set_free(). */
static inline struct sigma_set load_set(const char *yaml)
{
    struct sigma_set set;
    assert_int_equal(sigma_set_init(&set), 0);
    assert_int_equal(sigma_set_add(&set, str_from_c(yaml), STR("test.yml")), 0);
    assert_int_equal(sigma_set_link(&set), 0);
    assert_int_equal(set.n_documents + set.n_derived,
                     set.rules.len + set.correlations.len + set.filters.len + set.refusals.len);
    return set;
}

static inline void node_text(const struct sigma_node *node, struct buf *out)
{
    switch (node->kind) {
    case SIGMA_AND:
    case SIGMA_OR:
        buf_add_byte(out, '(');
        for (uint32_t i = 0; i < node->count; i++) {
            if (i)
                buf_add_c(out, node->kind == SIGMA_AND ? " and " : " or ");
            node_text(node->children[i], out);
        }
        buf_add_byte(out, ')');
        break;
    case SIGMA_NOT:
        buf_add_c(out, "not ");
        node_text(node->children[0], out);
        break;
    case SIGMA_PREDICATE:
        sigma_predicate_describe(node->predicate, out);
        break;
    case SIGMA_REF:
        if (node->selection)
            buf_add_str(out, node->selection->name);
        else
            buf_printf(out, "#%u", node->index);
        break;
    default:
        buf_add_c(out, node->kind == SIGMA_TRUE ? "true" : "false");
    }
}

static inline void assert_node_text(const struct sigma_node *node, const char *expected)
{
    struct buf text = {0};
    node_text(node, &text);
    buf_add_byte(&text, '\0');
    assert_false(text.failed);
    assert_string_equal(text.ptr, expected);
    buf_free(&text);
}

#define RULE_HEAD "title: A rule\nlogsource:\n  category: test\n"

/* The first selection of a rule with these lines as its detection, indented by 4. */
static inline void assert_selection(const char *lines, const char *expected)
{
    struct buf yaml = {0};
    buf_printf(&yaml, RULE_HEAD "detection:\n  sel:\n%s\n  condition: sel\n", lines);
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    if (set.refusals.len)
        fail_msg("refused: %s", set.refusals.items[0].err.message);
    assert_node_text(set.rules.items[0]->selections[0].node, expected);
    sigma_set_free(&set);
    buf_free(&yaml);
}

/* The rule is refused with a reason that contains `reason`, at that line and column (0: any). */
static inline void assert_refused(const char *yaml, uint32_t line, uint32_t column,
                                  const char *reason)
{
    struct sigma_set set = load_set(yaml);
    assert_int_equal(set.rules.len + set.correlations.len + set.filters.len - set.n_derived, 0);
    assert_int_equal(set.refusals.len, 1);
    const struct err *err = &set.refusals.items[0].err;
    if (str_find(str_from_c(err->message), str_from_c(reason)) == SIZE_MAX)
        fail_msg("'%s' does not say '%s'", err->message, reason);
    if (line)
        assert_int_equal(err->line, line);
    if (column)
        assert_int_equal(err->column, column);
    sigma_set_free(&set);
}

/* The same for the lines of one selection, whose first is line 6. */
static inline void assert_selection_refused(const char *lines, uint32_t line, uint32_t column,
                                            const char *reason)
{
    struct buf yaml = {0};
    buf_printf(&yaml, RULE_HEAD "detection:\n  sel:\n%s\n  condition: sel\n", lines);
    buf_add_byte(&yaml, '\0');
    assert_refused(yaml.ptr, line, column, reason);
    buf_free(&yaml);
}

#endif
