/*
 * tables: the tables that hunters name, as views over what is stored. A table is data: its columns
 * as they are published, and sources that say of which events its rows are and how each column is
 * made. Read from the YAML files of content/tables (docs/tables.md describes every key).
 *
 *     table ─┬─ columns    name, type                   in their published order
 *            └─ sources ─┬─ dataset, where              which rows
 *                        └─ cells[column]               native field, expression, or nothing
 *
 * A set is built by one thread; once tables_check() was called it is read by all. Everything
 * handed out lives as long as the set.
 */
#ifndef JAGA_HUNT_TABLES_H
#define JAGA_HUNT_TABLES_H

#include "base/err.h"
#include "event/dataset.h"
#include "hunt/ast.h"
#include "io/content.h"

#define TABLES_MAX 2048
#define TABLE_COLUMNS_MAX 2048
#define TABLE_SOURCES_MAX 256
#define TABLE_NONE UINT32_MAX
#define TABLE_COLUMN_NONE UINT32_MAX

struct table_column {
    struct str name;
    enum kql_type type;
};

enum table_cell_kind {
    TABLE_NOTHING,    /* a null of the column's type; as a condition: every row */
    TABLE_FIELD,      /* the native field `text`, or one of the lake's own columns */
    TABLE_EXPRESSION, /* a scalar expression of KQL over native names */
};

/*
 * What a column is made of. Its value is converted to the column's type as tostring(), tolong() ...
 * do, and is null where that fails. tables_native_type() says which type a native name has.
 */
struct table_cell {
    enum table_cell_kind kind;
    bool same; /* from `same`: the dataset need not describe the field */
    struct str text;
    const struct kql_expr *expr; /* of the text; NULL for TABLE_NOTHING */
    uint32_t line, column;       /* of the text's first byte in the table's file; 0: made by us */
};

enum table_source_kind {
    TABLE_FROM_DATASET,
    TABLE_FROM_FINDINGS, /* the centre's findings; native names: tables_finding_columns() */
};

struct table_source {
    enum table_source_kind kind;
    struct str dataset;       /* name; empty for findings */
    struct str fields_of;     /* a dataset whose fields its events have too; empty: none */
    uint32_t dataset_index;   /* in the datasets given to tables_check(); DATASET_NONE before */
    struct table_cell where;  /* a condition over native names */
    struct table_cell *cells; /* one for each column of the table */
    uint32_t line;            /* in the table's file; 0: made by us */
};

struct table {
    struct str name; /* case matters, as in Kusto */
    struct str about;
    struct str origin; /* file it was read from; empty: made by us */
    struct table_column *columns;
    uint32_t n_columns;
    struct table_source *sources; /* none: the table is known, and empty */
    uint32_t n_sources;
    /*
     * A dataset under its own name. `columns` has the fields that the dataset describes; any further
     * column that the lake stores of it is one of this table's too, under its native name.
     */
    bool open;
};

/*
 * The lake's own columns: _time, _id, _agency, _source, _dataset, _received, _format, _raw. Every row of
 * every table has them beside the table's columns, so that a result can be followed to its events. A name
 * in a query means the table's column first, then one of these; `*` and getschema leave them out.
 */
const struct table_column *tables_own_columns(uint32_t *ret_count);

/* The native names of TABLE_FROM_FINDINGS, as columns with types. */
const struct table_column *tables_finding_columns(uint32_t *ret_count);

struct tables; /* opaque */

/* An empty set; NULL: no memory. */
struct tables *tables_new(void);
void tables_free(struct tables *tables);

/*
 * Adds the tables of one YAML file, one per document. `origin` is its path for messages; both are
 * copied where needed. 0, -ENOMEM, or -EINVAL and -EEXIST (a second one of a name) with *err saying
 * where. Tables of earlier documents stay added.
 */
int tables_add(struct tables *tables, struct str yaml, struct str origin, struct err *err);

/*
 * Adds a table for every dataset under its own name, and `events`: the events of all datasets
 * under the names of the Elastic Common Schema that the datasets give their fields. 0, -ENOMEM, or
 * -EEXIST with *err where a table of the file has such a name.
 */
int tables_add_datasets(struct tables *tables, const struct datasets *datasets, struct err *err);

/*
 * Do all sources name datasets that exist, and their cells fields that those know? Sets
 * dataset_index. -EINVAL with *err and *ret_table (for its origin) at the first that does not.
 */
int tables_check(struct tables *tables, const struct datasets *datasets,
                 const struct table **ret_table, struct err *err);

/*
 * All of that for the content's files under tables/: a set of its tables, those of the datasets and
 * `events`, checked. 0, or -errno with *err, which has file, line and column in its message.
 * tables_free() is due.
 */
int tables_load(const struct content *content, const struct datasets *datasets,
                struct tables **ret_tables, struct err *err);

/* In the order they were added. */
uint32_t tables_count(const struct tables *tables);
const struct table *tables_get(const struct tables *tables, uint32_t index);

/* The table of that name, or NULL. */
const struct table *tables_find(const struct tables *tables, struct str name);

/* The name nearest to one that is not there, to suggest it; empty where none is near. */
struct str tables_nearest(const struct tables *tables, struct str name);

/*
 * The type that a native name has in the expressions of a source: that of the lake's own column, of the
 * finding's, or as the dataset describes it: long, real, bool; else string. It does not depend on what
 * is stored: where nothing is, the name is a null of this type; where a field came as a list, a string is the list
 * as JSON text. KQL_TYPE_NONE where the set does not have the dataset (tables_add_datasets()).
 */
enum kql_type tables_native_type(const struct tables *tables, const struct table_source *source,
                                 struct str name);

/* A type by its name or one of Kusto's other names for it (boolean, date, double, uuid ...). */
bool tables_type_find(struct str name, enum kql_type *ret_type);

/* "string", "datetime" ...; a string constant. */
const char *tables_type_name(enum kql_type type);

/* The column of that name (case matters), or TABLE_COLUMN_NONE. */
uint32_t table_column_find(const struct table *table, struct str name);

#endif
