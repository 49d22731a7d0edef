/*
 * kql_operators: every tabular operator is one row: its name, what it takes, how it is read and printed. The
 * rows lie beside their functions in kql_operator_*.c; kql_operator_tables lists those files' tables. Pure.
 */
#ifndef JAGA_HUNT_KQL_OPERATORS_H
#define JAGA_HUNT_KQL_OPERATORS_H

#include "hunt/kql_parser.h"
#include "hunt/kql_printer.h"

enum kql_operator_flag {
    KQL_STARTS = 1,     /* may bring its own rows, at the start of a pipe */
    KQL_FIRST = 2,      /* must: it takes no rows */
    KQL_NAMED = 4,      /* its operands may be named, so `name =` is not always an option */
    KQL_OTHER_NAME = 8, /* another spelling: read, never printed */
};

struct kql_operator_row {
    const char *name; /* with its hyphens; NULL ends a table */
    enum kql_operator_kind kind;
    unsigned flags;
    const char *const
        *options; /* names, up to NULL, that may stand behind the operator, beside hints */
    bool (*read)(struct kql_parser *parser, struct kql_operator *op); /* behind the options */
    void (*print)(struct kql_printer *printer, const struct kql_operator *op); /* the same */
    const char *syntax; /* a line for people */
};

/* Tables, up to NULL. */
extern const struct kql_operator_row *const kql_operator_tables[];

extern const struct kql_operator_row kql_operators_columns[];
extern const struct kql_operator_row kql_operators_expand[];
extern const struct kql_operator_row kql_operators_group[];
extern const struct kql_operator_row kql_operators_join[];
extern const struct kql_operator_row kql_operators_parse[];
extern const struct kql_operator_row kql_operators_rows[];
extern const struct kql_operator_row kql_operators_search[];
extern const struct kql_operator_row kql_operators_source[];
extern const struct kql_operator_row kql_operators_split[];

/* The row of a name, or NULL. */
const struct kql_operator_row *kql_operator_find(struct str name);

/* The row that an operator is printed with. */
const struct kql_operator_row *kql_operator_row_of(enum kql_operator_kind kind);

/* The row number `index` of all tables, or NULL. */
const struct kql_operator_row *kql_operator_at(size_t index);

/* The option of that name as it was written, or NULL. Options that may be spelled in two ways are asked for twice. */
const struct kql_property *kql_option(const struct kql_operator *op, const char *name);

/* The option's value, where it is there, as an index into `words` (up to NULL); another word is an error. */
bool kql_option_word(struct kql_parser *parser, const struct kql_operator *op, const char *name,
                     const char *const *words, unsigned *ret_index);

/* The option's value, where it is there, as a name. */
bool kql_option_name(struct kql_parser *parser, const struct kql_operator *op, const char *name,
                     struct kql_name *ret_name);

/* The option's value, where it is there, as a truth. */
bool kql_option_bool(struct kql_parser *parser, const struct kql_operator *op, const char *name,
                     bool *ret_value);

/* A table: a name, with stars or not, a call, brackets. */
bool kql_read_table(struct kql_parser *parser, struct kql_expr **ret_expr);

/* Tables with commas, in brackets: search in (...). */
bool kql_read_tables(struct kql_parser *parser, struct kql_expr_list *list);

/* expression asc nulls first */
bool kql_read_ordered(struct kql_parser *parser, struct kql_ordered *ret_ordered);
bool kql_read_ordered_list(struct kql_parser *parser, struct kql_ordered_list *list);

#endif
