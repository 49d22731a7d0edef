/*
 * kql: the text of a query and its tree (ast.h). Pure: no I/O, no globals, nothing logged; safe from
 * any thread.
 *
 * A query is hostile text: its size, its depth and the memory of its tree are limited, and each limit
 * is an error that says so.
 */
#ifndef JAGA_HUNT_KQL_H
#define JAGA_HUNT_KQL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "hunt/ast.h"

#define KQL_TEXT_MAX (256u << 10) /* bytes of a query */

/*
 * Reads a query. Returns 0; -EINVAL (the text is no KQL: *err has line, column and what was
 * expected), -E2BIG (KQL_TEXT_MAX, or nested too deep), or -ENOMEM (the arena is spent). On success
 * *ret_query lives in the arena; on failure it is untouched and the arena holds what was read so far.
 */
int kql_parse(struct arena *arena, struct str text, struct kql_query **ret_query, struct err *err);

/*
 * Reads a text that may hold several queries, as hunters keep them in files: another one begins behind an
 * empty line, where the one before it is whole. No let is seen by the next. Otherwise like kql_parse().
 */
int kql_parse_all(struct arena *arena, struct str text, struct kql_query_list *ret_queries,
                  struct err *err);

/*
 * The query as canonical text: one spelling for each thing, an operator a line, no bracket that
 * changes nothing. What is printed parses to the same tree. The buffer may be failed afterwards.
 */
void kql_print(struct buf *buf, const struct kql_query *query);

/* The queries of a text, with an empty line between them: kql_parse_all() reads the same. */
void kql_print_all(struct buf *buf, const struct kql_query_list *queries);

/* One query with brackets around every operation: two queries whose trees differ never print alike. */
void kql_print_shape(struct buf *buf, const struct kql_query *query);

/* A single expression of a query, on one line where it is scalar. */
void kql_print_expr(struct buf *buf, const struct kql_expr *expr);

#endif
