/* correlate_test: sets of correlations made by hand, and matches caught as text. */
#ifndef JAGA_SIGMA_CORRELATE_TEST_H
#define JAGA_SIGMA_CORRELATE_TEST_H

#include <stdlib.h>

#include "base/test.h"
#include "base/time.h"

#include "base/buf.h"
#include "sigma/correlate.h"

#define MADE_MAX 8

/* A set of up to MADE_MAX rules and correlations; freed as a whole with made_free(). */
struct made {
    struct sigma_set set;
    struct sigma_rule rules[MADE_MAX];
    struct sigma_correlation correlations[MADE_MAX];
    struct arena arena;
};

static inline void made_init(struct made *made, uint32_t n_rules)
{
    memset(made, 0, sizeof(*made));
    arena_init(&made->arena, 1 << 20);
    for (uint32_t i = 0; i < n_rules; i++)
        assert_int_equal(vec_push(&made->set.rules, &made->rules[i]), 0);
}

static inline void made_free(struct made *made)
{
    vec_free(&made->set.rules);
    vec_free(&made->set.correlations);
    arena_free(&made->arena);
}

/* A correlation over the rules numbered 0 to n_sources - 1, without group, bound or field. */
static inline struct sigma_correlation *made_add(struct made *made,
                                                 enum sigma_correlation_type type,
                                                 uint32_t n_sources, int64_t timespan_us)
{
    struct sigma_correlation *c = &made->correlations[made->set.correlations.len];
    *c = (struct sigma_correlation){.type = type, .timespan_us = timespan_us, .generate = true};
    c->number = (uint32_t)made->set.correlations.len;
    c->n_sources = n_sources;
    c->sources = arena_zero(&made->arena, n_sources + 1, sizeof(*c->sources));
    c->group_by = arena_zero(&made->arena, 4, sizeof(*c->group_by));
    c->bounds = arena_zero(&made->arena, 4, sizeof(*c->bounds));
    c->fields = arena_zero(&made->arena, 4, sizeof(*c->fields));
    for (uint32_t i = 0; i < n_sources; i++)
        c->sources[i].index = i;
    assert_int_equal(vec_push(&made->set.correlations, c), 0);
    return c;
}

static inline void made_group(struct made *made, struct sigma_correlation *c, struct str name)
{
    struct sigma_group_field *field = &c->group_by[c->n_group_by++];
    field->name = name;
    field->by_source = arena_zero(&made->arena, c->n_sources + 1, sizeof(struct str));
    for (uint32_t i = 0; i < c->n_sources; i++)
        field->by_source[i] = name;
}

static inline void made_bound(struct sigma_correlation *c, enum sigma_op op, double number)
{
    c->bounds[c->n_bounds++] = (struct sigma_bound){.op = op, .number = number};
}

static inline struct sigma_node *made_node(struct made *made, enum sigma_node_kind kind,
                                           uint32_t index, struct sigma_node *a,
                                           struct sigma_node *b)
{
    struct sigma_node *node = arena_zero(&made->arena, 1, sizeof(*node));
    node->kind = kind;
    node->index = index;
    node->count = (a ? 1u : 0) + (b ? 1u : 0);
    node->children = arena_zero(&made->arena, 2, sizeof(*node->children));
    node->children[0] = a;
    node->children[1] = b;
    return node;
}

/* The sink: a line per match, "correlation [first,last] count value group,group events". */
static inline void catch_match(void *context, const struct correlation_match *match)
{
    struct buf *out = context;
    buf_printf(out, "%u [%lld,%lld] %llu %g", match->correlation, (long long)match->first,
               (long long)match->last, (unsigned long long)match->count, match->value);
    for (uint32_t i = 0; i < match->n_groups; i++)
        buf_printf(out, "%s%.*s", i ? "," : " ", STR_ARG(match->group_values[i]));
    for (uint32_t i = 0; i < match->n_events; i++)
        buf_printf(out, "%s%llu", i ? "," : " #", (unsigned long long)match->events[i]);
    buf_add_byte(out, '\n');
}

#endif
