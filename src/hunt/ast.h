/*
 * ast: a query in KQL (Kusto Query Language, as Microsoft documents it) as a tree.
 *
 * kql_parse() (kql.h) makes the tree in an arena, which owns every node, every list and every byte of
 * text: it lives as long as the arena and does not refer to the text it was read from. It never
 * changes afterwards; any number of threads may read it.
 *
 *     let since = 1h;
 *     SecurityEvent | where TimeGenerated > ago(since) | summarize n = count() by Account
 *
 *     query
 *     ├─ LET since ── LITERAL 1h
 *     └─ EXPRESSION ── PIPE
 *                      ├─ source ── NAME SecurityEvent
 *                      ├─ WHERE ── BINARY > ─┬─ NAME TimeGenerated
 *                      │                     └─ CALL ago ── NAME since
 *                      └─ SUMMARIZE ─┬─ aggregates ── n = CALL count
 *                                    └─ by ── NAME Account
 *
 * Whether a name is a table, a column, or something of a let is for the binder to find out, so tabular
 * and scalar expressions are one type. What the text leaves out is NULL, an empty list, or
 * the enum's first member. Brackets have no node of their own: the tree's shape holds them.
 * No way from a root down to a leaf has more than KQL_HEIGHT_MAX expressions, so a walk may recurse.
 */
#ifndef JAGA_HUNT_AST_H
#define JAGA_HUNT_AST_H

#include "base/str.h"

#define KQL_HEIGHT_MAX 200           /* expressions within each other */
#define KQL_TICKS_PER_US INT64_C(10) /* a tick, the unit of datetime and timespan, is 100 ns */

/* Where something begins in the text of the query. */
struct kql_place {
    uint32_t offset; /* in bytes, from 0 */
    uint32_t line;   /* from 1 */
    uint32_t column; /* in bytes, from 1 */
};

/* The scalar types. Other spellings (double, int64, date, time, uuid ...) become these. */
enum kql_type {
    KQL_TYPE_NONE, /* not said */
    KQL_BOOL,
    KQL_INT,  /* 32 bits */
    KQL_LONG, /* 64 bits */
    KQL_REAL,
    KQL_DECIMAL,
    KQL_STRING,
    KQL_DATETIME,
    KQL_TIMESPAN,
    KQL_DYNAMIC,
    KQL_GUID,
};

struct kql_name {
    struct kql_place place;
    struct str text; /* without the brackets and quotes of ['a name'] */
};

struct kql_literal {
    enum kql_type type;
    bool null;   /* int(null), datetime(null), null in dynamic() ...: nothing below is set */
    bool hidden; /* a string written h'...': not to be shown in logs */
    union {
        bool boolean;
        int64_t integer; /* int and long */
        double real;
        int64_t ticks; /* datetime: since 1970-01-01 UTC; timespan: how long */
        /* String: unescaped UTF-8; decimal: its digits; guid: 8-4-4-4-12, lower case. */
        struct str text;
    };
};

/*
 * Lists: `items` has `len` entries; `cap` is the parser's own. Pointers and counts never change
 * once the parser has returned.
 */
#define KQL_LIST(type)                                                                             \
    {                                                                                              \
        type *items;                                                                               \
        uint32_t len;                                                                              \
        uint32_t cap;                                                                              \
    }

struct kql_expr_list KQL_LIST(struct kql_expr *);
struct kql_name_list KQL_LIST(struct kql_name);

/* expression | name = expression | (name, name) = expression */
struct kql_named {
    struct kql_place place;
    struct kql_name_list names; /* empty: not named */
    struct kql_expr *expr;
};
struct kql_named_list KQL_LIST(struct kql_named);

/* A column that a query declares: its name and type. */
struct kql_column {
    struct kql_name name;
    enum kql_type type;
    struct kql_expr *value; /* scan's declare (name: type = value); else NULL */
};
struct kql_column_list KQL_LIST(struct kql_column);

/*
 * name = value: a hint, or an option of an operator, of render, of `with (...)`. Names of hints hold their
 * dot ("hint.strategy"). The value is nearly always one NAME or LITERAL; render's lists of columns and
 * parse-kv's pairs of quotes have more.
 */
struct kql_property {
    struct kql_name name;
    struct kql_expr_list values; /* at least one */
};
struct kql_property_list KQL_LIST(struct kql_property);

/* ---- expressions --------------------------------------------------------------------------- */

enum kql_expr_kind {
    KQL_LITERAL,      /* 5, "text", 1d, datetime(2026-11-22), int(null) */
    KQL_JSON,         /* dynamic(...): its value is LITERAL, ARRAY, BAG or JSON */
    KQL_ARRAY,        /* [..] inside dynamic() */
    KQL_BAG,          /* {..} inside dynamic() */
    KQL_TYPEOF,       /* typeof(string), an argument of few functions */
    KQL_NAME,         /* a name; also $left, $right, $table */
    KQL_PATTERN,      /* a name with stars: Device*, *_s; where columns or tables are listed */
    KQL_STAR,         /* * : an argument, a column list, what search looks in */
    KQL_MEMBER,       /* object.name */
    KQL_INDEX,        /* object[index] */
    KQL_CALL,         /* name(arguments), object.name(arguments) */
    KQL_NEGATE,       /* -operand */
    KQL_BINARY,       /* left op right */
    KQL_AND,          /* two or more operands */
    KQL_OR,           /* two or more operands */
    KQL_MEMBERSHIP,   /* left in (items), has_any, has_all */
    KQL_RANGE,        /* left between (low .. high) */
    KQL_PIPE,         /* source | operator | operator */
    KQL_DATATABLE,    /* datatable (columns) [values] */
    KQL_EXTERNALDATA, /* externaldata (columns) [uris] with (properties) */
};

/*
 * What stands between two operands. Kusto writes variants as words of their own; here they are flags:
 *
 *     ==  EQUAL            !=        EQUAL negated        =~           EQUAL nocase
 *     has HAS nocase       has_cs    HAS                  !hassuffix   HASSUFFIX nocase negated
 *     in  IN               in~       IN nocase            !between     BETWEEN negated
 */
enum kql_op {
    KQL_ADD,
    KQL_SUBTRACT,
    KQL_MULTIPLY,
    KQL_DIVIDE,
    KQL_MODULO,
    KQL_LESS,
    KQL_LESS_EQUAL,
    KQL_GREATER,
    KQL_GREATER_EQUAL,
    KQL_EQUAL,
    KQL_HAS, /* a whole term; so are all the terms of HAS_ANY and HAS_ALL */
    KQL_HASPREFIX,
    KQL_HASSUFFIX,
    KQL_CONTAINS,
    KQL_STARTSWITH,
    KQL_ENDSWITH,
    KQL_MATCHES_REGEX,
    KQL_COLON,   /* column:value in search: has, with stars in the value as wildcards */
    KQL_IN,      /* MEMBERSHIP */
    KQL_HAS_ANY, /* MEMBERSHIP, nocase */
    KQL_HAS_ALL, /* MEMBERSHIP, nocase */
    KQL_BETWEEN, /* RANGE */
};

struct kql_test {
    enum kql_op op;
    bool negated;
    bool nocase; /* ASCII letters compared without case */
};

struct kql_bag_entry {
    struct str key;
    struct kql_expr *value;
};
struct kql_bag_list KQL_LIST(struct kql_bag_entry);

struct kql_operator_list KQL_LIST(struct kql_operator *);

struct kql_expr {
    enum kql_expr_kind kind;
    uint32_t height; /* expressions on the longest way down, itself included */
    /* Of its first byte; of BINARY, AND, OR, MEMBERSHIP, RANGE: of the operator. */
    struct kql_place place;
    union {
        struct kql_literal literal; /* LITERAL */
        struct kql_expr *operand;   /* NEGATE; JSON: what is inside dynamic() */
        struct kql_expr_list exprs; /* AND, OR, ARRAY */
        struct kql_bag_list bag;    /* BAG, in the order of the text, a key may come twice */
        enum kql_type type;         /* TYPEOF */
        struct str name;            /* NAME, PATTERN */
        struct {
            struct kql_expr *object;
            struct str name;
            bool pattern; /* a name with stars: tables of a database(...) */
        } member;         /* MEMBER */
        struct {
            struct kql_expr *object, *index;
        } index; /* INDEX */
        struct {
            struct kql_expr *object; /* database("x").f(..); NULL nearly always */
            struct str name;
            struct kql_named_list arguments; /* an argument may be a PIPE or a STAR */
        } call;                              /* CALL; toscalar, materialize, view too */
        struct {
            struct kql_test test;
            struct kql_expr *left, *right;
        } binary; /* BINARY */
        struct {
            struct kql_test test;
            struct kql_expr *left;
            struct kql_expr_list items; /* scalars, lists, or one tabular expression */
        } membership;                   /* MEMBERSHIP */
        struct {
            struct kql_test test; /* op is BETWEEN */
            struct kql_expr *left, *low, *high;
        } range; /* RANGE */
        struct {
            /*
             * NULL where the first operator brings its own rows (print, range, union, find, search, evaluate),
             * and in a sub-query (mv-apply, partition, fork, facet), whose rows come from around it.
             */
            struct kql_expr *source;
            struct kql_operator_list operators; /* at least one */
        } pipe;                                 /* PIPE */
        struct {
            struct kql_column_list columns;
            struct kql_expr_list values; /* datatable: row by row, full rows; externaldata: URIs */
            struct kql_property_list properties; /* externaldata: with (...) */
        } table;                                 /* DATATABLE, EXTERNALDATA */
    };
};

/* ---- operators ----------------------------------------------------------------------------- */

enum kql_operator_kind {
    KQL_AS,
    KQL_CONSUME,
    KQL_COUNT,
    KQL_DISTINCT,
    KQL_EVALUATE,
    KQL_EXTEND,
    KQL_FACET,
    KQL_FIND,
    KQL_FORK,
    KQL_GETSCHEMA,
    KQL_INVOKE,
    KQL_JOIN,
    KQL_LOOKUP,
    KQL_MAKE_SERIES,
    KQL_MV_APPLY,
    KQL_MV_EXPAND,
    KQL_PARSE,
    KQL_PARSE_KV,
    KQL_PARSE_WHERE,
    KQL_PARTITION,
    KQL_PRINT,
    KQL_PROJECT,
    KQL_PROJECT_AWAY,
    KQL_PROJECT_KEEP,
    KQL_PROJECT_RENAME,
    KQL_PROJECT_REORDER,
    KQL_RANGE_ROWS, /* range x from a to b step c */
    KQL_REDUCE,
    KQL_RENDER,
    KQL_SAMPLE,
    KQL_SAMPLE_DISTINCT,
    KQL_SCAN,
    KQL_SEARCH,
    KQL_SERIALIZE,
    KQL_SORT, /* also order */
    KQL_SUMMARIZE,
    KQL_TAKE, /* also limit */
    KQL_TOP,
    KQL_TOP_NESTED,
    KQL_UNION,
    KQL_WHERE, /* also filter */
};

enum kql_join_kind {
    KQL_JOIN_INNERUNIQUE, /* what join does when no kind is said */
    KQL_JOIN_INNER,
    KQL_JOIN_LEFTOUTER, /* what lookup does when no kind is said */
    KQL_JOIN_RIGHTOUTER,
    KQL_JOIN_FULLOUTER,
    KQL_JOIN_LEFTSEMI,
    KQL_JOIN_RIGHTSEMI,
    KQL_JOIN_LEFTANTI,  /* also anti, leftantisemi */
    KQL_JOIN_RIGHTANTI, /* also rightantisemi */
};

/* One equality of a join: `on a` has the same expression twice. $left and $right are stripped. */
struct kql_join_key {
    struct kql_place place;
    struct kql_expr *left;  /* over columns of the left table */
    struct kql_expr *right; /* over columns of the right table */
};
struct kql_join_key_list KQL_LIST(struct kql_join_key);

enum kql_direction { KQL_DIRECTION_NONE, KQL_ASC, KQL_DESC };
enum kql_nulls { KQL_NULLS_NONE, KQL_NULLS_FIRST, KQL_NULLS_LAST };

/* by expression asc nulls last; where nothing is said Kusto sorts desc, nulls last (asc: nulls first). */
struct kql_ordered {
    struct kql_named by;
    enum kql_direction direction;
    enum kql_nulls nulls;
};
struct kql_ordered_list KQL_LIST(struct kql_ordered);

enum kql_reorder {
    KQL_REORDER_NONE,
    KQL_REORDER_ASC,
    KQL_REORDER_DESC,
    KQL_REORDER_GRANNY_ASC,
    KQL_REORDER_GRANNY_DESC
};

struct kql_reordered {
    struct kql_expr *columns; /* NAME, PATTERN or STAR */
    enum kql_reorder order;   /* of the columns that a pattern stands for */
};
struct kql_reordered_list KQL_LIST(struct kql_reordered);

enum kql_parse_kind { KQL_PARSE_SIMPLE, KQL_PARSE_REGEX, KQL_PARSE_RELAXED };
enum kql_piece_kind { KQL_PIECE_STAR, KQL_PIECE_TEXT, KQL_PIECE_COLUMN };

/* A piece of parse's pattern, in order: * "text" column:type */
struct kql_piece {
    enum kql_piece_kind kind;
    struct kql_place place;
    struct str text;          /* TEXT: literal, or the regular expression */
    struct kql_column column; /* COLUMN; its type may be NONE: string */
};
struct kql_piece_list KQL_LIST(struct kql_piece);

/* name = expression to typeof(type) */
struct kql_expanded {
    struct kql_named value;
    enum kql_type type; /* NONE: dynamic */
};
struct kql_expanded_list KQL_LIST(struct kql_expanded);

/* aggregate default = value */
struct kql_series {
    struct kql_named aggregate;
    struct kql_expr *fallback; /* NULL: 0 */
};
struct kql_series_list KQL_LIST(struct kql_series);

/* top-nested count of expression with others = name by aggregate asc */
struct kql_nested {
    struct kql_place place;
    struct kql_expr *count; /* NULL: all */
    struct kql_named of;
    struct kql_expr *others; /* NULL: none */
    struct kql_ordered by;
};
struct kql_nested_list KQL_LIST(struct kql_nested);

/* find's columns: name:type, or pack(*) */
struct kql_found_column {
    struct kql_column column;
    bool pack;
};
struct kql_found_column_list KQL_LIST(struct kql_found_column);

enum kql_find_project { KQL_FIND_ALL, KQL_FIND_PROJECT, KQL_FIND_PROJECT_SMART };

/* name = (operators) */
struct kql_branch {
    struct kql_name name; /* empty: none */
    struct kql_expr *pipe;
};
struct kql_branch_list KQL_LIST(struct kql_branch);

enum kql_step_output { KQL_OUTPUT_ALL, KQL_OUTPUT_LAST, KQL_OUTPUT_NONE };

/* step name optional output=last: condition => name = value, name = value; */
struct kql_step {
    struct kql_name name;
    bool optional;
    enum kql_step_output output;
    struct kql_expr *condition;
    struct kql_named_list assignments;
};
struct kql_step_list KQL_LIST(struct kql_step);

/*
 * One operator. `options` holds, as written, what stands between its name and its operands: hints,
 * kind=, isfuzzy=, withsource= ...; the parser takes only what the operator knows (kql_operators.h), and
 * what has a meaning of its own is also a field.
 */
struct kql_operator {
    enum kql_operator_kind kind;
    struct kql_place place; /* of its name */
    struct kql_property_list options;
    union {
        struct kql_name as; /* AS; COUNT: count as name, mostly empty */
        struct {
            struct kql_expr *predicate;
            struct kql_name alias; /* where x = true: Kusto lets it be, and it means nothing */
        };                         /* WHERE */
        struct kql_expr *rows;     /* TAKE, SAMPLE: how many */
        struct kql_expr *call;     /* INVOKE: a CALL */
        /* EXTEND, PRINT, PROJECT, PROJECT_RENAME (new = old), SERIALIZE. */
        struct kql_named_list named;
        /* DISTINCT; PROJECT_AWAY, PROJECT_KEEP: NAME, PATTERN or STAR. */
        struct kql_expr_list exprs;
        struct kql_reordered_list reordered; /* PROJECT_REORDER */
        struct kql_ordered_list ordered;     /* SORT */
        struct kql_nested_list nested;       /* TOP_NESTED */
        struct kql_branch_list branches;     /* FORK */
        struct {
            struct kql_named_list aggregates, by;
        } summarize;
        struct {
            enum kql_join_kind kind;
            struct kql_expr *right;
            struct kql_join_key_list on;
        } join; /* JOIN; LOOKUP: LEFTOUTER or INNER */
        struct {
            bool inner; /* kind=inner: only the columns that all have */
            bool fuzzy; /* isfuzzy=true: tables that are not there are left out */
            struct kql_name source_column; /* withsource=; empty: none */
            struct kql_expr_list tables;   /* NAME, PATTERN, MEMBER, CALL, PIPE ... */
        } merge;                           /* UNION */
        struct {
            struct kql_expr *rows;
            struct kql_ordered by;
        } top;
        struct {
            struct kql_expr *rows;
            struct kql_named of;
        } sample_distinct;
        struct {
            enum kql_parse_kind kind;
            struct str flags; /* of kind=regex: letters out of U i m s */
            struct kql_expr *expr;
            struct kql_piece_list pieces;
        } parse; /* PARSE, PARSE_WHERE */
        struct {
            struct kql_expr *expr;
            struct kql_column_list columns;
            /* pair_delimiter, kv_delimiter, quote, escape, greedy, regex */
            struct kql_property_list properties;
        } parse_kv;
        struct {
            bool array; /* kind=array: a bag becomes [key, value] arrays; else one-key bags */
            struct kql_name index; /* with_itemindex=; empty: none */
            struct kql_expanded_list items;
            struct kql_expr *limit; /* per row; NULL: none */
            struct kql_expr *pipe;  /* MV_APPLY: on (...) */
        } mv;                       /* MV_EXPAND, MV_APPLY */
        struct {
            bool nonempty; /* kind=nonempty */
            struct kql_series_list series;
            struct kql_named on;
            struct kql_expr *from, *to; /* NULL: from the data */
            struct kql_expr *step;
            /* in range(from, to, step): `to` is part of the series, unlike from .. to */
            bool in_range;
            struct kql_named_list by;
        } make_series;
        struct {
            struct kql_expr *call; /* plugin(arguments) */
            bool has_schema, open; /* ": (*, a: long)" is open: other columns stay */
            struct kql_column_list schema;
        } evaluate;
        struct {
            struct kql_name chart;
            struct kql_property_list properties;
        } render;
        struct {
            bool cased;                  /* kind=case_sensitive */
            struct kql_expr_list tables; /* in (...); empty: all */
            /* A string alone means "any column has it"; STAR: all rows. */
            struct kql_expr *predicate;
        } search;
        struct {
            struct kql_name source_column; /* withsource=; empty: source_ */
            struct kql_expr_list tables;   /* in (...); empty: all */
            struct kql_expr *predicate;
            enum kql_find_project project;
            struct kql_found_column_list columns; /* project */
            struct kql_expr_list away;            /* project-away: NAME, PATTERN or STAR */
        } find;
        struct {
            struct kql_name name;
            struct kql_expr *from, *to, *step;
        } range_rows;
        struct {
            struct kql_expr *by;
            struct kql_expr *pipe; /* (...): source NULL; {...}: any tabular expression */
            bool braces;
        } partition;
        struct {
            struct kql_named by;
            struct kql_property_list properties; /* with threshold=, characters= */
        } reduce;
        struct {
            struct kql_expr_list by;
            struct kql_expr *pipe; /* with (...); NULL: none */
        } facet;
        struct {
            struct kql_name match_id;  /* with_match_id=; empty: none */
            struct kql_name step_name; /* with_step_name=; empty: none */
            struct kql_ordered_list order_by;
            struct kql_expr_list partition_by;
            struct kql_column_list declared;
            struct kql_step_list steps;
        } scan;
    };
};

/* ---- statements ---------------------------------------------------------------------------- */

/* name: type = default | name: (column: type, ...) | name: (*) */
struct kql_parameter {
    struct kql_name name;
    enum kql_type type;     /* scalar */
    struct kql_expr *value; /* default; NULL: must be given */
    bool tabular;
    bool open; /* (*): any columns */
    struct kql_column_list columns;
};
struct kql_parameter_list KQL_LIST(struct kql_parameter);

enum kql_statement_kind {
    KQL_LET,        /* let name = expression */
    KQL_FUNCTION,   /* let name = (parameters) { body }; view (...) { body } */
    KQL_PARAMETERS, /* declare query_parameters (parameters) */
    KQL_SET,        /* set name = value */
    KQL_EXPRESSION, /* what gives a result */
};

struct kql_statement_list KQL_LIST(struct kql_statement *);

struct kql_statement {
    enum kql_statement_kind kind;
    struct kql_place place;
    struct kql_name name;  /* LET, FUNCTION, SET */
    struct kql_expr *expr; /* LET, EXPRESSION; SET: a NAME or LITERAL, NULL: no value */
    struct kql_parameter_list parameters; /* FUNCTION, PARAMETERS */
    struct kql_statement_list body;       /* FUNCTION: declarations, then one EXPRESSION */
    bool view;                            /* FUNCTION: let name = view () { .. } */
};

/* A query: one or more statements; each EXPRESSION among them is one result. */
struct kql_query {
    struct kql_place place; /* of its first statement */
    uint32_t len;           /* bytes from there to behind its last */
    struct kql_statement_list statements;
};
struct kql_query_list KQL_LIST(struct kql_query *);

#endif
