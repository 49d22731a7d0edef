/*
 * op: the operators, one row each, in the files op_*.c by what they do; op.c lists their tables. A new operator is a
 * function and a row.
 */
#ifndef JAGA_HUNT_OP_H
#define JAGA_HUNT_OP_H

#include "hunt/bind.h"

extern const struct op_row op_rows_columns[];
extern const struct op_row op_rows_rows[];
extern const struct op_row op_rows_group[];
extern const struct op_row op_rows_join[];
extern const struct op_row op_rows_union[];
extern const struct op_row op_rows_search[];
extern const struct op_row op_rows_expand[];
extern const struct op_row op_rows_parse[];
extern const struct op_row op_rows_series[];
extern const struct op_row op_rows_reduce[];
extern const struct op_row op_rows_scan[];
extern const struct op_row op_rows_split[];
extern const struct op_row op_rows_nested[];
extern const struct op_row op_rows_evaluate[];

/* A named expression over rel, added to `made` under its name or the one that it has by itself. */
int op_bind_named(struct hunt_bind *bind, struct rel *rel, const struct kql_named *named,
                  uint32_t *n_unnamed, struct field_list *made);
int op_extend(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel);

/* evaluate ipv4_lookup(table, address, network ...) and ipv6_lookup. */
int op_ip_lookup(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel);

/* Does a NAME, PATTERN or STAR mean the column of that name? And is a NAME one of rel's? */
bool op_names(const struct kql_expr *expr, struct str name);
int op_check_names(struct hunt_bind *bind, const struct rel *rel, const struct kql_expr *expr);

/* Sorts: rel has that order from here on. */
int op_bind_order(struct hunt_bind *bind, struct rel *rel, const struct kql_ordered *ordered,
                  uint32_t n);

/* rel grouped: the columns of `by` as keys, in `fields`; aggregates are added with op_add_aggregates(). */
struct group {
    struct rel *input;
    struct node *node;
    struct field_list fields;
    struct field_list keys; /* names of input that are keys, and their columns in the group */
    uint32_t n_unnamed;
};
void group_begin(struct hunt_bind *bind, struct rel *input, struct group *group);
int group_key(struct hunt_bind *bind, struct group *group, const struct kql_named *by);
struct column *group_key_column(struct hunt_bind *bind, struct group *group, struct str name,
                                struct hunt_value value, const struct column_list *refs);
int group_aggregate(struct hunt_bind *bind, struct group *group, const struct kql_named *aggregate);
struct rel group_end(struct group *group);

#endif
