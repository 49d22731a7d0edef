/*
 * bind: the inside of the compiler from a query's tree (ast.h) to SQL. Everyone else includes hunt/hunt.h.
 *
 *     kql_query ──bind_tabular──▶ relation over a tree of nodes ──plan_emit──▶ SQL of what is used
 *
 * A column of the plan is an object with a name in SQL that nothing else has ("Account#7"), and keeps it through every
 * operator that hands it on. So most operators are a change of names only:
 *
 *     rel ─┬─ fields  User ──▶ column "Account#7"      what a name in the query means now
 *          │          n    ──▶ column "n#9"
 *          ├─ order   n#9 desc                         sorting waits until something depends on it
 *          └─ node    GROUP ── SELECT ── SOURCE windows_security
 *
 * and a node selects all (*) that its input has, plus the columns that it makes. An expression notes
 * the columns that it names; those that the result needs are marked in the end, and no other is written.
 *
 * All of it lives in the arena of the compilation. When that, or another limit on size, is spent the
 * function that noticed does not return (bind_spent). Functions that may refuse the query return 0, -EINVAL or -ENOTSUP
 * with *bind->err filled.
 */
#ifndef JAGA_HUNT_BIND_H
#define JAGA_HUNT_BIND_H

#include <setjmp.h>
#include <stdarg.h>

#include "hunt/function.h"
#include "hunt/hunt.h"
#include "hunt/kql.h"
#include "hunt/kql_lexer.h"

#define BIND_NODES_MAX 8192   /* of a plan: a let that names a let that names ... */
#define BIND_CALLS_MAX 64     /* functions of the query within each other */
#define BIND_COLUMNS_MAX 8192 /* of a relation */
#define BIND_SQL_MAX (4u << 20)

struct node;

/* Columns, in a list that grows in the arena. */
struct column_list {
    struct column **items;
    uint32_t len, cap;
};

struct column {
    struct str sql; /* its name: quoted, unique in the plan; of a source: its name there */
    enum kql_type type;
    bool filled; /* never NULL */
    bool used;
    bool stored;             /* of a SOURCE: a field that the lake has */
    bool absent;             /* of a SOURCE: one that it has not */
    struct str expr;         /* what it is made of, over columns below the node that makes it */
    struct column_list refs; /* that expr names */
    const struct table_cell *cell; /* not bound yet: then it is made of this, over `source` */
    struct node *source;
    struct column **parts; /* of a UNION: by input; NULL where that has none */
    uint32_t n_parts;
};

/* A name of the query and what it means. */
struct field {
    struct str name;
    struct column *column;
};

struct field_list {
    struct field *items;
    uint32_t len, cap;
};

struct sort_key {
    struct column *column;
    bool descending, nulls_first;
};

/* Rows with names. Handed on by value; whoever makes a new one of it does not use the old one again. */
struct rel {
    struct node *node;
    struct field_list fields;
    struct field_list hidden; /* the lake's own columns: by name only, not by * */
    const struct sort_key *order;
    uint32_t n_order;
    struct str table; /* the name of the table, where it is just that */
};

enum node_kind {
    NODE_SOURCE, /* rows of a dataset; columns: native fields asked for */
    NODE_ROWS,   /* `text` is a SELECT of its own that gives all of `columns` */
    NODE_SELECT, /* SELECT *, columns FROM left WHERE ... tail */
    NODE_GROUP,  /* SELECT columns FROM left GROUP BY the first n_keys of them */
    NODE_JOIN,   /* left and right; `text` is the kind of join, `where` its condition */
    NODE_UNION,  /* inputs; columns have parts */
    NODE_SHARED, /* left, computed once however many share it */
};

struct node {
    enum node_kind kind;
    struct node *left, *right;
    struct node **inputs;
    uint32_t n_inputs;
    struct column_list columns; /* made here */
    struct column_list needs;   /* that where, text and tail name */
    struct str where;
    struct str text;
    struct str tail;   /* behind FROM and WHERE: LIMIT, USING SAMPLE ... */
    uint64_t rows_max; /* SELECT whose tail is a LIMIT that is known; 0: it is not */
    uint32_t n_keys;   /* GROUP */
    bool closed;       /* SELECT: it makes rows; no further column is added here */
    bool windowed;     /* SELECT: a column looks at other rows */
    /* SELECT with a tail: which of some rows it keeps is not said, so fewer below are fine */
    bool any;
    bool only;                    /* SELECT: nothing of left but `columns` */
    const struct sort_key *order; /* SELECT with a tail: of the rows that it cuts */
    uint32_t n_order;
    struct source *source; /* SOURCE */
    uint32_t shared;       /* SHARED: the number of its WITH */
    bool marked;           /* its needs are */
    bool pruned, barren;   /* it was looked at; it has no rows */
};

/* Rows of a dataset as the lake is asked for them. */
struct source {
    struct str name; /* in the SQL */
    struct str dataset;
    bool findings;
    const struct table_source *of; /* its words on types of native names; NULL: as stored */
    int64_t first, last;
    struct str early; /* lake_source.where */
    bool used;
    bool chosen; /* its rows may be chosen before the query runs */
    struct node *node;
    struct source *next;
};

/* What a let, a parameter or an `as` named. */
enum binding_kind { BOUND_EXPR, BOUND_VALUE, BOUND_FUNCTION, BOUND_REL };

struct binding {
    struct str name;
    enum binding_kind kind;
    struct hunt_value value; /* VALUE */
    /* EXPR: tabular, bound anew at each use; scalar, bound once: then a VALUE. */
    const struct kql_expr *expr;
    const struct kql_statement *statement; /* FUNCTION */
    struct binding *scope;                 /* what expr and statement see */
    struct rel rel;                        /* REL: over a SHARED node */
    bool busy;                             /* being bound: it names itself */
    struct binding *next;                  /* named before */
};

/* Around the expression that is being bound. */
struct expr_scope {
    struct rel *row;          /* its columns; NULL: there are none */
    struct node *source;      /* or native fields: the text of a table's cell */
    struct column_list *refs; /* columns that it names; not NULL where there is a row or a source */
    bool aggregates;          /* they may be called */
    bool in_aggregate;        /* but not in each other */
    bool search;              /* a text alone means: any column has it */
    bool cased;               /* search kind=case_sensitive */
    const struct scan_scope *scan; /* of a step of scan: step.column is of its state; NULL: none */
};

struct scan_scope; /* op_scan.c */

struct hunt_bind {
    struct arena *arena;
    struct err *err;
    const struct hunt_options *options;
    struct binding *scope;
    struct source *sources;
    jmp_buf spent;
    struct buf sql; /* that is being written */
    struct {
        struct node **items;
        uint32_t len, cap;
    } shared; /* SHARED nodes, in the order they were made */

    struct expr_scope in;
    struct hunt_render render; /* of the result that is being bound */
    /* A partition around: what scan keeps its rows apart by; or NULL. */
    const struct kql_expr *scan_by;
    bool places; /* the result asks where addresses are */

    bool uncertain; /* a value may make what was bound fail */
    bool missing;   /* it was refused since a table is not there */
    uint32_t n_columns, n_nodes, n_sources, n_calls;
};

/* Ends the compilation: a limit is spent. */
_Noreturn void bind_spent(struct hunt_bind *bind, int code, const char *message);
int bind_not_done(struct hunt_bind *bind, struct kql_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- sql.c: texts of SQL ---- */
void *bind_alloc(struct hunt_bind *bind, size_t count, size_t size); /* zeroed */
struct str bind_keep(struct hunt_bind *bind, struct buf *buf);       /* in the arena; frees buf */
struct str bind_quote_name(struct hunt_bind *bind, struct str name);
const char *bind_sql_type(enum kql_type type);
struct str bind_null(struct hunt_bind *bind, enum kql_type type);
struct str bind_time_literal(struct hunt_bind *bind, int64_t time_us);
int64_t bind_ticks_us(int64_t ticks);
bool bind_is_number(enum kql_type type);
struct hunt_value bind_value(enum kql_type type, struct str sql);
struct str bind_filled(struct hunt_bind *bind,
                       const struct hunt_value *value); /* a string's NULL as '' */
struct hunt_value bind_text_constant(struct hunt_bind *bind, struct str text);
struct hunt_value bind_long_constant(struct hunt_bind *bind, int64_t number);

/* ---- rel.c: relations and nodes ---- */
struct node *node_new(struct hunt_bind *bind, enum node_kind kind, struct node *left);
struct column *column_new(struct hunt_bind *bind, struct str name, enum kql_type type);
struct field_list field_list_copy(struct hunt_bind *bind, const struct field_list *list);
void column_list_add(struct hunt_bind *bind, struct column_list *list, struct column *column);
void field_add(struct hunt_bind *bind, struct field_list *list, struct str name,
               struct column *column);
struct field *field_find(const struct field_list *list, struct str name);
/* Adds under `name`, or name1, name2 ... where there is one. */
void field_add_unique(struct hunt_bind *bind, struct field_list *list, struct str name,
                      struct column *column);
/* Sets the field of that name, or adds it at the end. */
void field_set(struct hunt_bind *bind, struct field_list *list, struct str name,
               struct column *column);
/* Makes a column of a value over rel's columns, and returns it: what `refs` noted while it was bound. */
struct column *rel_compute(struct hunt_bind *bind, struct rel *rel, struct str name,
                           const struct hunt_value *value, const struct column_list *refs);
/* The same, but the column itself where the value is just that. */
struct column *rel_column(struct hunt_bind *bind, struct rel *rel, struct str name,
                          const struct hunt_value *value, const struct column_list *refs);
void rel_filter(struct hunt_bind *bind, struct rel *rel, struct str condition,
                const struct column_list *refs);
/* The first `limit` rows in rel's order. */
void rel_cut(struct hunt_bind *bind, struct rel *rel, struct str tail,
             const struct column_list *refs);
/* The fields of left over rows of both. `kind`: "JOIN", "LEFT JOIN" ...; `needs`: what the condition names. */
struct rel rel_join(struct hunt_bind *bind, const struct rel *left, const struct rel *right,
                    const char *kind, struct str condition, const struct column_list *needs);
/* A relation that may be used any number of times, by rel_again(). */
void rel_share(struct hunt_bind *bind, struct rel *rel);
struct rel rel_again(struct hunt_bind *bind, const struct rel *shared);
/* "ORDER BY ..." of the relation's order; empty where it has none. Notes the columns. */
struct str rel_over(struct hunt_bind *bind, const struct rel *rel, struct column_list *refs);
struct hunt_value column_value(const struct column *column);

/* ---- bind_expr.c, bind_compare.c, bind_arith.c, bind_member.c, bind_call.c: scalar expressions ---- */
int bind_scalar(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
/* Over the columns of rel; *refs gets what it names. */
int bind_over(struct hunt_bind *bind, struct rel *rel, const struct kql_expr *expr,
              struct column_list *refs, struct hunt_value *ret);
/* What must be a bool. `filter`: NULL and false mean the same, for a plainer SQL. */
int bind_condition(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                   struct hunt_value *ret);
int bind_binary(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                struct hunt_value *ret);
int bind_membership(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                    struct hunt_value *ret);
int bind_range(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
/* Search's "text": some column has it. */
struct hunt_value bind_any_column(struct hunt_bind *bind, struct str text);
int bind_arithmetic(struct hunt_bind *bind, const struct kql_expr *expr, enum kql_op op,
                    struct hunt_value left, struct hunt_value right, struct hunt_value *ret);
int bind_negate(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
int bind_compare(struct hunt_bind *bind, struct kql_place place, struct kql_test test, bool filter,
                 struct hunt_value left, struct hunt_value right, struct hunt_value *ret);
/* left has right, left matches regex right ... */
struct hunt_value bind_text_test(struct hunt_bind *bind, struct kql_test test, bool filter,
                                 struct hunt_value left, struct hunt_value right);
/* In a scan: is it step.column, and then what? */
bool op_scan_names(const struct hunt_bind *bind, const struct kql_expr *expr);
int op_scan_value(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
int bind_member(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
int bind_json(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
int bind_call(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret);
bool bind_is_aggregate(struct str name);
/* The column's name that an expression has without being given one; empty: Column1. */
struct str bind_call_name(struct hunt_bind *bind, const struct kql_expr *expr);
struct str bind_name_of(struct hunt_bind *bind, const struct kql_expr *expr);
struct hunt_value bind_as(struct hunt_bind *bind, struct hunt_value value, enum kql_type type);
/* A constant of that type, or an error that says what is wanted. */
int bind_constant_long(struct hunt_bind *bind, const struct kql_expr *expr, const char *what,
                       int64_t *ret);

/* ---- bind_let.c: names of the query ---- */
int bind_statement(struct hunt_bind *bind, const struct kql_statement *statement);
/* The argument of that name, or at that place without a name; NULL: there is none. */
const struct kql_expr *bind_argument(const struct kql_named_list *arguments, uint32_t index,
                                     struct str name);
/* The name under which `set name = value` is among the bindings. */
struct str bind_setting(struct hunt_bind *bind, struct str name);
struct binding *bind_find(const struct hunt_bind *bind, struct str name);
struct binding *bind_name(struct hunt_bind *bind, struct str name, enum binding_kind kind);
bool bind_is_tabular(struct hunt_bind *bind, const struct kql_expr *expr);
int bind_binding_value(struct hunt_bind *bind, struct binding *binding, struct kql_place place,
                       struct hunt_value *ret);
int bind_user_scalar(struct hunt_bind *bind, struct binding *binding, const struct kql_expr *call,
                     struct hunt_value *ret);
int bind_user_tabular(struct hunt_bind *bind, struct binding *binding, const struct kql_expr *call,
                      struct rel *first, struct rel *ret);

/* ---- bind_tabular.c, bind_table.c: tables and pipes ---- */
int bind_tabular(struct hunt_bind *bind, const struct kql_expr *expr, struct rel *ret);
int bind_pipe(struct hunt_bind *bind, const struct kql_expr *expr, const struct rel *around,
              struct rel *ret);
int bind_table(struct hunt_bind *bind, const struct table *table, struct rel *ret);
/* The native field of a source as a value. */
struct column *bind_native(struct hunt_bind *bind, struct node *source, struct str name);
int bind_cell(struct hunt_bind *bind, struct column *column);
/* Tables and tabular lets whose names fit a pattern with stars. */
struct rel_list {
    struct rel *items;
    uint32_t len, cap;
};
void rel_list_add(struct hunt_bind *bind, struct rel_list *list, const struct rel *rel);
int bind_tables(struct hunt_bind *bind, const struct kql_expr_list *exprs, bool fuzzy,
                struct rel_list *list);
/*
 * The published tables that have rows; where none has, all of them. `every`: and the datasets of which there are
 * events that no such table has for sure.
 */
int bind_all_tables(struct hunt_bind *bind, bool every, struct rel_list *list);
bool bind_pattern_fits(struct str pattern, struct str name);
/* The rows of all, the columns of all; a name with several types is several columns. */
struct rel bind_union(struct hunt_bind *bind, const struct rel_list *list, bool inner,
                      struct str source_column);

/* ---- operators: one row each ---- */
struct op_row {
    enum kql_operator_kind kind;
    /* *rel is changed in place; its node is NULL where the operator brings its own rows. */
    int (*bind)(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel);
};
const struct op_row *op_find(enum kql_operator_kind kind);

/* ---- prune.c: what has no rows ---- */
/* Of a dataset, in the time that is asked for: false only where there are none. */
bool prune_has(const struct hunt_bind *bind, struct str dataset, int64_t first, int64_t last);
/* Takes the inputs without rows out of the unions of a plan whose times are known by now. */
void prune_node(struct hunt_bind *bind, struct node *node);

/* ---- certain.c: what is bound is told to these, which know what may fail on a value ---- */
void certain_operator(struct hunt_bind *bind, enum kql_operator_kind kind);
void certain_expression(struct hunt_bind *bind, const struct kql_expr *expr);
void certain_function(struct hunt_bind *bind, const struct hunt_function *function);
void certain_conversion(struct hunt_bind *bind, enum kql_type from, enum kql_type to);

/* ---- narrow.c: times ---- */
/* The condition `column op time` holds for all rows that matter above node. */
void narrow_condition(struct hunt_bind *bind, struct rel *rel, const struct kql_expr *condition);

/* ---- early.c: conditions that choose what is read, whatever else is asked ---- */
/* The condition holds for all rows that matter above rel; what of it can't fail is told to the sources. */
void early_condition(struct hunt_bind *bind, const struct rel *rel,
                     const struct kql_expr *condition);
/* The same, of SQL over the columns of the source that can't fail. */
void early_add(struct hunt_bind *bind, struct source *source, struct str condition);

/* ---- late.c: few rows of many columns ---- */
#define LATE_WEIGHT_MIN                                                                            \
    6 /* columns that are read late; for fewer another query is not worth its while */
/* The times and keys of the events that are left; false: the plan is no such query. Marks the sources they are of. */
bool late_choose(struct hunt_bind *bind, const struct rel *rel, struct rel *ret_choice);
/* Of the columns of those sources that are used by now. */
uint32_t late_weight(const struct hunt_bind *bind);

/* ---- emit.c: SQL ---- */
/* SQL, choice and what is certain of them: a SELECT of rel's fields under their names, in rel's order. */
int plan_emit(struct hunt_bind *bind, const struct rel *rel, struct hunt_result *result);

/* ---- results.c: fork and facet, of which each part is a result ---- */
uint32_t results_count(const struct kql_statement *statement);
/* What a result is of, index below results_count(). */
const struct kql_expr *results_at(struct hunt_bind *bind, const struct kql_statement *statement,
                                  uint32_t index);

/* ---- hunt.c ---- */
/* All that it takes to run a relation. */
int bind_result(struct hunt_bind *bind, const struct rel *rel, struct hunt_result *result);

#endif
