/*
 * kql_printer: what the files that print KQL share: one spelling for each thing, so that two texts of the
 * same tree are the same text. Failure is the buffer's.
 */
#ifndef JAGA_HUNT_KQL_PRINTER_H
#define JAGA_HUNT_KQL_PRINTER_H

#include "base/buf.h"
#include "hunt/ast.h"

struct kql_printer {
    struct buf *buf;
    uint32_t indent; /* levels of four spaces */
    bool brackets;   /* around every operation, so that the tree's shape shows */
};

void kql_put(struct kql_printer *printer, const char *text);
void kql_put_name(struct kql_printer *printer, struct str name); /* ['..'] where it must be */
void kql_put_string(struct kql_printer *printer, struct str text);
void kql_put_type(struct kql_printer *printer, enum kql_type type);

/* A scalar; a pipe gets brackets. */
void kql_put_expr(struct kql_printer *printer, const struct kql_expr *expr);

/* A sub-query between brackets: its operators on lines of their own. */
void kql_put_block(struct kql_printer *printer, const char *open, const struct kql_expr *pipe,
                   const char *close);

/* Lists, with commas. */
void kql_put_exprs(struct kql_printer *printer, const struct kql_expr_list *list);
void kql_put_named(struct kql_printer *printer, const struct kql_named *named);
void kql_put_named_list(struct kql_printer *printer, const struct kql_named_list *list);
void kql_put_columns(struct kql_printer *printer, const struct kql_column_list *list);
void kql_put_ordered(struct kql_printer *printer, const struct kql_ordered *ordered);
void kql_put_ordered_list(struct kql_printer *printer, const struct kql_ordered_list *list);
void kql_put_properties(struct kql_printer *printer, const struct kql_property_list *list);

/* (name: type, ..), with '*' first where it is open. */
void kql_put_schema(struct kql_printer *printer, const struct kql_column_list *list, bool open);

#endif
