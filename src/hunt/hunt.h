/*
 * hunt: a query in KQL compiled to the SQL of the lake. The text decides what is asked; what the
 * caller may see is no part of it (lake_scope).
 *
 *     text ─▶ hunt_compile ─▶ plan: for each result {sql, sources, columns, render}
 *                              └▶ lake_query{sql, sources, scope, ...} ─▶ ask
 *
 * A plan and all its texts live in the arena it was compiled in, and refer to nothing else. Compiling is pure but for
 * `probe`; any number of threads may compile with the same options at the same time.
 */
#ifndef JAGA_HUNT_HUNT_H
#define JAGA_HUNT_HUNT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "hunt/ast.h"
#include "hunt/catalogue.h"
#include "hunt/kql.h"
#include "hunt/tables.h"

#define HUNT_RESULTS_MAX 16   /* of a query */
#define HUNT_SOURCES_MAX 1024 /* datasets that the results read, each use counted */
#define HUNT_PROBE_MAX 1000   /* columns that a pivot or a bag makes */

/* A value that a saved hunt is run with: the text of a literal, for `declare query_parameters`. */
struct hunt_parameter {
    struct str name;
    struct str value; /* as text; converted to the type declared */
};

/*
 * Some operators make columns of what is in the data (pivot, bag_unpack). To know them, `run` is asked for the
 * values of a query's only column while it is compiled. It calls `each` for every value, at most HUNT_PROBE_MAX times; 0,
 * or -errno with *err filled.
 */
struct hunt_result;
struct hunt_probe {
    int (*run)(void *context, const struct hunt_result *query,
               int (*each)(void *each_context, struct str value), void *each_context,
               struct err *err);
    void *context;
};

/*
 * What has no rows is not read, and costs nothing: a table over all datasets is one over those that are there. Are there
 * any of a dataset with first <= time < last?
 */
struct hunt_presence {
    bool (*has)(void *context, struct str dataset, int64_t first, int64_t last);
    void *context;
};

struct hunt_options {
    const struct tables *tables;
    const struct hunt_catalogue *catalogue; /* NULL: the lake is empty */
    struct hunt_presence presence;          /* has NULL: there may be rows of each */
    bool plain;                             /* nothing is left out or put off: to compare with */
    int64_t now_us;                         /* what now() is */
    int64_t first,
        last; /* only events of first <= time < last, unless the query itself is narrower; INT64_MIN, INT64_MAX: any */
    const struct hunt_parameter *parameters;
    uint32_t n_parameters;
    struct hunt_probe probe; /* run NULL: such operators find nothing */
};

/* A column of a result. Its values come as columns of the lake do: timespan as INTEGER in µs. */
struct hunt_column {
    struct str name;
    enum kql_type type;
};

/* render's words: how to draw the result. */
struct hunt_render {
    struct str chart;           /* "timechart"; empty: none */
    struct str *names, *values; /* title, xcolumn ...; lists of columns joined by commas */
    uint32_t n_properties;
};

/* What one statement of the query gives. */
struct hunt_result {
    struct kql_place place;
    struct str sql;
    const struct lake_source *sources;
    uint32_t n_sources;
    /*
     * A SELECT of time and key of the events that the result needs of the sources marked, to be asked first: the SQL gives the
     * same over those alone (lake_source.spots), and unpacks no others. Empty: there is no such.
     */
    struct str choice;
    const bool *chosen; /* by source */
    /*
     * The SQL takes $1: a JSON array of the centre's findings that the caller may see, objects with
     * the names of tables_finding_columns().
     */
    bool findings;
    const struct hunt_column *columns;
    uint32_t n_columns;
    bool ordered;                 /* the rows have an order that the query asked for */
    bool certain, choice_certain; /* no value can make it fail: lake_query.certain */
    bool places;                  /* it asks where addresses are */
    struct hunt_render render;
};

struct hunt_plan {
    struct kql_query_list queries;     /* as they stand in the text, apart by empty lines */
    const struct hunt_result *results; /* at least one */
    uint32_t n_results;
};

/*
 * Compiles a query. 0; -EINVAL (*err has line, column and what is wrong with it), -ENOTSUP (the same, of something that is
 * KQL and that is not done here), -E2BIG (a limit), -ENOMEM, or what the probe returned. Untouched on failure.
 */
int hunt_compile(struct arena *arena, struct str text, const struct hunt_options *options,
                 const struct hunt_plan **ret_plan, struct err *err);

/* A plan for people: the query in its canonical form, then for each result its columns, sources and SQL. */
void hunt_explain(const struct hunt_plan *plan, struct buf *text);

#endif
