/*
 * function: the functions of KQL, each one row of a table. A row says how the function is called, as text that
 * people read too (help, completion, errors), and what it is in SQL: a template, or code that writes
 * it. The binder counts and converts the arguments; a row never sees an argument of a type that it did not ask for.
 *
 *     {"strlen(text: string) long",                 .sql = "length($1)", .filled = true},
 *     {"substring(text: string, start: long, length: long = 2147483647) string",
 *                                                   .sql = "kql_substring($1, $2, $3)", .filled = true},
 *     {"strcat(part: string...) string",            .sql = "concat($*)", .filled = true},
 *     {"now(offset: timespan = 0) datetime",        .emit = emit_now, .fold = fold_now},
 *     {"sum(value: number) $1",                     .sql = "coalesce(sum($1), 0)"},
 *
 * Files fn_*.c hold the rows by subject, each table ended by a row without signature and named in
 * function.c. Several rows may have one name: the first whose arguments fit is taken. Rows are
 * constants; all here is safe from any thread, but for what takes a struct hunt_bind (one compilation, one thread).
 *
 * What a value is in SQL (DuckDB):
 *
 *     bool      BOOLEAN            datetime  TIMESTAMP, µs UTC
 *     int long  BIGINT             timespan  BIGINT, µs
 *     real      DOUBLE             dynamic   JSON; what is missing and JSON's null are NULL, or 'null' inside of lists
 *     decimal   DECIMAL(38,9)      guid      VARCHAR, 8-4-4-4-12, lower case
 *     string    VARCHAR
 *
 * Null: strings are never null in Kusto. A column of strings that holds NULL means ''. An argument `string` is made
 * '' where it could be NULL (`raw string` is not); a result that is NULL counts as ''. All other types have
 * nulls, which are SQL's NULL; templates get them as they are. Predicates are BOOLEAN and may be NULL.
 */
#ifndef JAGA_HUNT_FUNCTION_H
#define JAGA_HUNT_FUNCTION_H

#include "base/err.h"
#include "hunt/ast.h"

struct geo;
struct hunt_bind; /* one compilation */
struct lake;
struct lake_ops;
struct lake_function;

/* A scalar expression that was bound. Texts live in the arena of the compilation. */
struct hunt_value {
    enum kql_type type;
    struct str sql; /* fits as an operand anywhere: a name, a literal, a call, or in brackets */
    bool filled;    /* never NULL */
    bool absent;    /* null in all rows: a field that nothing stored has */
    bool constant;  /* known now, and it is: */
    struct kql_literal literal;
    const char *tuple; /* of type dynamic, an array: several columns (hunt_function.columns) */
    /* Of type dynamic: what was written in dynamic(...); NULL: it was not. */
    const struct kql_expr *json;
    /* Of type dynamic: sql is json_extract(base, path), both in SQL; or empty. */
    struct str base, path;
    const struct hunt_value *split; /* of type dynamic: it is split(split[0], split[1]); or NULL */
    struct str text; /* of type dynamic: SQL of its text, where that needs no JSON; or empty */
};

struct hunt_call {
    struct kql_place place;
    struct str name; /* as written */
    const struct hunt_function *function;
    struct hunt_value *args; /* converted; what was left out and has a default is there */
    uint32_t n_args;
    int64_t now_us; /* of the query: the same for all of it */
    /* $over: "ORDER BY ..." of the rows, of window and aggregate functions; empty: they have no order. */
    struct str over;
};

/* What column a call without a name of its own becomes (project, extend, summarize). */
enum hunt_naming {
    HUNT_NAMED_BY_KIND,  /* scalar: Column1; aggregate: sum_x, or prefix_x */
    HUNT_NAMED_NOT,      /* Column1 */
    HUNT_NAMED_BY_FIRST, /* as its first argument: tostring(x) is x */
    HUNT_NAMED_BY_ONLY,  /* the same, where it has just one */
    HUNT_NAMED_PREFIX,   /* prefix_x */
};

enum hunt_function_kind {
    HUNT_SCALAR,
    HUNT_AGGREGATE, /* in summarize, make-series, top-nested, pivot, mv-apply's summarize */
    HUNT_WINDOW,    /* over rows in order: row_number, prev ... */
};

struct hunt_function {
    /*
     * name(parameter: type, parameter: type) result
     *
     *   type      bool, int, long, real, decimal, string, datetime, timespan, dynamic, guid
     *             number   long, real or decimal as it is, int as long, dynamic as real
     *             scalar   any type, as it is
     *             same     any: all arguments `same` become the one type that they have in common
     *             type     typeof(t); the argument has that type, and `null` as its SQL
     *   before    const    must be known now: args[i].literal is set
     *             raw      strings may be NULL
     *   behind    ...      one or more of these; only the last
     *             = SQL    what stands there when it is left out
     *             ?        may be left out: n_args says so (only with emit)
     *   result    a type, `same`, `$1` (that of the first argument), or `any`: emit sets it
     */
    const char *signature;
    /* $1 to $9: an argument; $*: all of them, with commas; $2*: from the second on; $over:
     * what orders the rows, "row_number() OVER ($over)", "list($1 $over)". NULL: */
    const char *sql;
    /*
     * Writes ret->sql, and ret->type where the result is `any`; may set filled. 0, or what hunt_refuse() returned.
     */
    int (*emit)(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret);
    /* All arguments are constants: the result as one (of the row's type), or false. NULL: not computed here. */
    bool (*fold)(const struct hunt_call *call, struct kql_literal *ret);
    bool filled; /* never NULL */
    enum hunt_naming naming;
    const char *prefix; /* of HUNT_NAMED_PREFIX and aggregates; NULL: the name */
    /* The result is an array that stands for these columns: "rsquare: real, slope: real". Without names of their own they
     * are function_argument_rsquare ...; what has one name is the first of them. */
    const char *columns;
};

/* ---- for emitters -------------------------------------------------------------------------- */

/* Text in the arena of the compilation. When that is spent it does not return: the compilation ends. */
struct str hunt_text(struct hunt_bind *bind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A template as in hunt_function.sql, filled in. */
struct str hunt_fill(struct hunt_bind *bind, const char *sql, const struct hunt_value *args,
                     uint32_t n_args, struct str over);

/* A text as a literal of SQL. The one way for any text of a query into SQL. */
struct str hunt_quote(struct hunt_bind *bind, struct str text);

/* A constant as a value. */
struct hunt_value hunt_constant(struct hunt_bind *bind, const struct kql_literal *literal);

/* A value as tostring(), tolong(), todatetime() ... make it: what cannot be converted is null. */
struct hunt_value hunt_convert(struct hunt_bind *bind, struct hunt_value value, enum kql_type type);

/* A value as an element of a list or bag: to_json() with Kusto's texts for times. NULL becomes 'null'. */
struct str hunt_element(struct hunt_bind *bind, struct hunt_value value);

/* The query is wrong at that place. Returns -EINVAL. */
int hunt_refuse(struct hunt_bind *bind, struct kql_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- the tables ---------------------------------------------------------------------------- */

/* The tables of rows, by kind, in the order in which names are looked up. */
struct hunt_function_table {
    enum hunt_function_kind kind;
    const struct hunt_function *rows; /* ended by one without signature */
};
const struct hunt_function_table *hunt_function_tables(size_t *ret_count);

/* The first row of that name and kind at or after `from` (NULL: from the beginning), or NULL. */
const struct hunt_function *hunt_function_find(enum hunt_function_kind kind, struct str name,
                                               const struct hunt_function *from);

/* The name in a signature. */
struct str hunt_function_name(const struct hunt_function *function);

/*
 * The C functions that SQL calls (struct lake_function), given to a lake that was just opened. `geo` (NULL: no address has a
 * place) outlives all hunts. Their names begin with "kql_".
 * Tables of them are in the files fn_*.c too, ended by one without a name. A NULL argument gives NULL
 * where nothing else is said. What operators and conversions call:
 *
 *     kql_has(TEXT, TEXT) BOOLEAN             has: the second is a whole term, or run of terms, of the first, without case;
 *     kql_has_cs kql_hasprefix kql_hasprefix_cs kql_hassuffix kql_hassuffix_cs      the same of the others
 *     kql_has_any(TEXT, JSON) BOOLEAN         has_any of a list of texts; kql_has_all
 *     kql_contains(TEXT, TEXT) BOOLEAN        without case; kql_startswith, kql_endswith, kql_equals
 *     kql_bag_trim(JSON) JSON                 a bag without members that are null or ''
 *     kql_real_text(DOUBLE) TEXT              tostring() of a real: shortest that reads back; NaN, Infinity
 *     kql_timespan_text(INTEGER) TEXT         µs as [-][d.]hh:mm:ss[.fffffff]
 *     kql_timespan(TEXT) INTEGER              that, and 1d, 2h, 3m ...; NULL: it is none
 *     kql_long(TEXT) INTEGER                  tolong() of a text, also 0x1f; NULL: it is none; kql_real(TEXT) DOUBLE, kql_bool(TEXT) BOOLEAN
 *     kql_datetime(TEXT) TIME                 todatetime() of a text; NULL: it is none
 *     kql_dynamic(TEXT) JSON                  todynamic(): the JSON, or the text as a JSON string; NULL where empty
 */
int hunt_functions_register(const struct lake_ops *ops, struct lake *lake, const struct geo *geo,
                            struct err *err);

/* The tables, by file. A new file is a line here and one in function.c. */
extern const struct hunt_function hunt_core_scalars[];    /* fn_core.c: conversion, time, null */
extern const struct hunt_function hunt_core_aggregates[]; /* fn_core.c */
extern const struct hunt_function hunt_convert_scalars[];
extern const struct hunt_function hunt_string_scalars[];
extern const struct hunt_function hunt_encode_scalars[];
extern const struct hunt_function hunt_terms_scalars[];
extern const struct hunt_function hunt_time_scalars[];
extern const struct hunt_function hunt_dynamic_scalars[];
extern const struct hunt_function hunt_number_scalars[];
extern const struct hunt_function hunt_ip_scalars[];
extern const struct hunt_function hunt_more_aggregates[];
extern const struct hunt_function hunt_windows[];
extern const struct hunt_function hunt_series_scalars[];
extern const struct hunt_function hunt_series_math_scalars[];
extern const struct hunt_function hunt_geo_scalars[];
extern const struct hunt_function hunt_text_parse_scalars[];
extern const struct hunt_function hunt_shape_scalars[];
extern const struct hunt_function hunt_hash_scalars[];
extern const struct hunt_function hunt_statistics_scalars[];
extern const struct hunt_function hunt_refused_scalars[];
extern const struct hunt_function hunt_refused_aggregates[];

#endif
