/*
 * duckdb: inside the DuckDB engine of the lake. What its files share; nobody else includes it.
 *
 *     FOLDER/lock               one process owns the lake
 *     FOLDER/lake.duckdb        the catalogue: columns, progress, whole, days, shares, spans, leaving, sparse, holds
 *     FOLDER/2026-11-22.duckdb  one day: a table per dataset, _progress, _shares, _blocks, _removed
 *     FOLDER/other.duckdb       times far from their arrival
 *     FOLDER/held.duckdb        events on hold whose day is gone
 *     FOLDER/temporary/         what queries spill
 *
 * All files are attached to one instance of DuckDB, days when they are needed. A transaction of DuckDB writes one
 * file, so a commit is one per day touched, each with its own progress, and then one in the catalogue, which makes it
 * whole: what a commit without that last one has left in days is taken back (torn.c).
 *
 * What the catalogue says of a day is written when the day is settled; until then the day is marked open, the truth
 * is in the day's own file, and it is read from there when the lake is opened after a crash. Columns are in the catalogue
 * before any day has them. A day's table has the first n columns of its dataset, never a choice of them.
 *
 * Locks: `lock` guards the tables and days below, for everyone; the filler is the only one to change them and reads them
 * without it.
 */
#ifndef JAGA_LAKE_DUCKDB_H
#define JAGA_LAKE_DUCKDB_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "base/vec.h"
#include "duck/duck.h"
#include "lake/lake.h"

#define DAYS_ATTACHED_MAX 64
#define GATHERED_MAX_DEFAULT (384u << 20)
/*
 * Rows of a row group. A commit that has as many of a dataset writes them compressed at once, and past the log; so a
 * busy filler gathers a little more than that (STORE_COMMIT_BYTES).
 */
#define ROW_GROUP_ROWS 122880u
#define DAY_FORMAT                                                                                 \
    "(STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE %u)" /* of ATTACH, with ROW_GROUP_ROWS */
#define BYTES_SQL "coalesce(octet_length(_bytes), strlen(_raw))" /* of a row, as it was received */
#define OWN_COLUMN (MAP_NONE - 1)
#define OWN_COLUMNS 11 /* of a table on disk, before the native ones */

/* What an agency has sent of a dataset. */
struct owner {
    struct str agency;     /* malloc'ed */
    VEC(uint16_t) columns; /* by index, as they were first seen */
    uint64_t has[LAKE_COLUMNS_MAX / 64];
    uint32_t n_saved; /* its rows in the catalogue: one more than columns there */
};

/* A dataset. */
struct table {
    struct str name; /* malloc'ed, as are the names of columns */
    VEC(struct lake_column) columns;
    struct map by_field;  /* native name → index */
    struct map by_name;   /* name in SQL, in lower case → index; OWN_COLUMN: the lake's own */
    uint32_t *by_number;  /* number in the caller's dictionary → index + 1, where known */
    uint32_t n_by_number; /* entries */
    VEC(struct owner *) owners;
    struct owner *last_owner; /* of the last row put */
    uint32_t saved_columns;   /* in the catalogue */
    bool unsaved;             /* something else of it is not as the catalogue has it */
};

/* A value on its way into a column: 16 bytes, for a row has dozens. */
struct gathered_cell {
    uint16_t column; /* index of a native column */
    uint8_t kind;    /* enum lake_kind */
    uint32_t len;    /* of the text */
    union {
        int64_t integer;
        double number;
        const char *text;
    };
};

/* A row on its way into a day's table; all its memory is in lake->gathered. */
struct gathered_row {
    int64_t key, time, received;
    uint32_t part;
    uint32_t leaves; /* index in its day: of its block */
    uint32_t n_cells;
    struct str agency, source, format, raw;
    struct str bytes; /* the raw bytes, where they are not UTF-8; else empty */
    struct str extra; /* empty: none */
    const struct gathered_cell *cells;
};

struct share {
    uint32_t table;
    struct str agency; /* malloc'ed */
    uint64_t rows, bytes;
    int64_t first, last; /* times */
};

struct shares {
    struct share *items;
    size_t len, cap;
};

/* What a day has of a dataset. */
struct day_table {
    bool exists;
    uint32_t n_columns;            /* native ones that its table has */
    VEC(struct gathered_row) rows; /* put, not committed */
};

/* The events put of a partition since the last commit: a block to be. */
struct leaves {
    uint32_t partition;
    uint64_t first, last; /* offsets */
    uint32_t last_part;
    uint64_t seq; /* of the block, once it is being committed */
    VEC(struct { unsigned char bytes[LAKE_HASH]; }) hashes;
};

struct span {
    uint32_t partition;
    uint64_t first, next;
};

struct day {
    char name[LAKE_DAY_TEXT_MAX];
    int64_t number; /* since 1970; INT64_MAX: it is no day of the calendar */
    bool attached;  /* to the instance, as "name" */
    bool open;      /* marked so in the catalogue: the truth is in its file */
    bool doubtful;  /* what is known of it here may not be what its file has */
    bool loaded;    /* rows may be put: its progress is known; it stays attached */
    bool leaving;   /* it is gone: so is its file, when nobody reads it (leave.c) */
    uint32_t pins;  /* runs that read it */
    uint64_t used;  /* lake->uses when it last was */
    uint64_t gone; /* bytes, as received, of rows that went and take room in the file (compact.c) */
    uint64_t seq_first, seq_last; /* of its blocks; 0: none */
    VEC(struct day_table) tables; /* by number of the table; may be shorter than lake->tables */
    struct shares shares;
    struct shares gathered; /* what the rows put will add to them */
    VEC(struct span) spans;
    VEC(struct lake_progress) progress;
    VEC(struct leaves) leaves; /* one for each partition that was put */
    uint32_t n_rows;           /* put, not committed */
};

struct lake {
    const struct duck *duck;
    struct lake_options options;
    char *place; /* absolute */
    int lock_file;
    struct duck_database *database;
    struct duck_connection *writer; /* the filler's */
    struct duck_connection *admin;  /* attaches days; under lock */
    struct duck_connection *gauge;  /* the watcher's */

    pthread_mutex_t lock;
    VEC(struct table *) tables;
    uint64_t version; /* counts what becomes new of tables and their columns */
    VEC(struct day *) days;
    uint64_t uses;
    uint64_t seq;   /* of the next block */
    uint64_t whole; /* .. of the last one of the last commit that is whole */
    bool sick;      /* a statement on the catalogue failed: it is attached anew before the next */
    VEC(struct lake_progress) progress;
    struct lake_stats stats; /* as of the last commit */

    struct appending *appending; /* the INSERT under way; NULL: none */
    struct lake_stats filling;   /* the filler's */
    uint64_t unsettled;          /* rows committed since it was settled */
    _Atomic uint64_t gathered_bytes;
    struct arena gathered;                            /* rows put */
    struct str last_agency, last_source, last_format; /* of the last row put, in `gathered` */
    struct table *last_table;                         /* of the last row put */
    uint32_t last_number;
    struct day *last_day;

    /* Runs; runs_lock is taken after lock, if both are. */
    pthread_mutex_t runs_lock;
    pthread_cond_t runs_changed;
    pthread_t watcher; /* interrupts what is cancelled or late */
    bool importing;    /* what is put is not from a spool: it has no progress */
    bool watching, closing;
    struct lake_run *runs;
    uint64_t n_runs, n_runs_late, n_runs_large; /* ever */
    uint64_t runs_memory;                       /* measured last */
};

/* What is wanted is that, or any, where it is empty. */
static inline bool any_or(struct str wanted, struct str text)
{
    return wanted.len == 0 || str_eq(wanted, text);
}

/* statement.c: SQL on a connection. */

/* The failure that DuckDB describes, as a -errno. */
int statement_code(const char *problem);
int statement_fail(struct err *err, const char *problem);
/* Runs statements that answer nothing. Those that begin with "BEGIN;" are rolled back when one fails. */
int statement_run(struct lake *lake, struct duck_connection *connection, struct err *err,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
int statement_run_text(struct lake *lake, struct duck_connection *connection, struct str sql,
                       struct err *err);
/* A text that was built, which is freed; an empty one does nothing. */
int statement_run_built(struct lake *lake, struct duck_connection *connection, struct buf *sql,
                        struct err *err);
/* The filler's transaction, after a failure. */
void statement_roll_back(struct lake *lake);
/* One statement with bound values; its rows go to `each` by chunks, where that is not NULL. */
typedef int statement_each(void *context, const struct lake_chunk *chunk);
int statement_ask(struct lake *lake, struct duck_connection *connection, struct str sql,
                  const struct lake_value *values, size_t n, statement_each *each, void *context,
                  struct err *err);
/* The rows of a result, which stays the caller's; an end before the last of them is an error. */
int statement_take(const struct duck *duck, struct duck_result *result, statement_each *each,
                   void *context, struct err *err);
int statement_bind(const struct duck *duck, struct duck_prepared *prepared,
                   const struct lake_value *values, size_t n);

/* vector.c: chunks of DuckDB as chunks of ours. */

struct converter;
/* For columns of these types; NULL: no memory. */
struct converter *converter_new(const struct duck *duck, struct duck_result *result);
void converter_free(struct converter *converter);
enum lake_kind converter_kind(const struct converter *converter, size_t column);
/* 0 or -ENOMEM. *ret_chunk lives until the next call, and no longer than `chunk`. */
int converter_take(struct converter *converter, struct duck_data_chunk *chunk,
                   struct lake_chunk *ret_chunk);
enum lake_kind duck_kind(const struct duck *duck, struct duck_logical_type *type);
enum duck_type duck_type_of(enum lake_kind kind);

/* schema.c: datasets and their columns. */

struct table *schema_find(const struct lake *lake, struct str dataset, uint32_t *ret_number);
/* NULL: no memory. Locks. */
struct table *schema_add(struct lake *lake, struct str dataset, uint32_t *ret_number);
void schema_free(struct table *table);
/* The column of a field, made where there is room for it; NULL: there is none. Locks when it changes something. */
struct lake_column *schema_column(struct lake *lake, struct table *table,
                                  const struct lake_cell *cell, uint32_t *ret_index);
const char *schema_type(enum lake_kind kind);
/* "name TYPE, ..." of the lake's own columns of a table. */
extern const char schema_own[];
int schema_load(struct lake *lake, struct err *err);
/* Writes what the catalogue does not have yet. */
int schema_save(struct lake *lake, struct err *err);

/* owner.c: whose fields they are. */

/* The columns that a row has values in, as bits and in its cells. 0 or -ENOMEM. Locks when there are new ones. */
int owners_note(struct lake *lake, struct table *table, struct str agency,
                const uint64_t seen[static LAKE_COLUMNS_MAX / 64], const struct gathered_row *row);
void owners_free(struct table *table);
/* Has one of the agencies ever sent such events? */
bool owners_have(const struct table *table, const struct lake_scope *scope);
/* The columns that the agencies have sent; returns how many. */
size_t owners_columns(const struct table *table, const struct lake_scope *scope,
                      uint16_t ret_columns[static LAKE_COLUMNS_MAX]);
bool owners_are_saved(const struct table *table);
void owners_set_saved(struct table *table);
int owners_save(struct lake *lake, uint32_t number, struct err *err);
int owners_load(struct lake *lake, struct err *err);
/* In a lake of before this was noted, each agency is taken to have sent all fields of the datasets that it has rows of. */
int owners_assume(struct lake *lake);

/* day.c: files of days. */

struct day *day_find(const struct lake *lake, struct str name);
/* Finds or adds; NULL: no memory. Locks. */
struct day *day_get(struct lake *lake, struct str name);
/* Of an event's time, by its arrival, so that it is the same each time. */
struct day *day_of(struct lake *lake, int64_t time, int64_t received);
void day_free(struct day *day);
struct day_table *day_table(struct lake *lake, struct day *day, uint32_t table);
/* Attaches under the lock, which the caller holds; detaches others beyond the limit. */
int day_attach(struct lake *lake, struct day *day, struct err *err);
/* Reads its progress, so that rows can be put. */
int day_load(struct lake *lake, struct day *day, struct err *err);
/* What is known of it here is what its file has, also after a failure: its shares may be others then. */
int day_make_sure(struct lake *lake, struct day *day, struct err *err);
/* Reads what the file knows of itself: shares, spans, tables, seqs. The day is attached. */
int day_recover(struct lake *lake, struct day *day, struct err *err);
/* Marks it open in the catalogue. */
int day_open(struct lake *lake, struct day *day, struct err *err);
/* The share of a dataset and an agency, added where there is none; NULL: no memory. */
struct share *share_of(struct shares *shares, uint32_t table, struct str agency);
void shares_free(struct shares *shares);
uint64_t shares_bytes(const struct shares *shares);
int days_load(struct lake *lake, struct err *err);
/* Attaches the catalogue; after a failure, anew. */
int catalogue_attach(struct lake *lake, struct err *err);
int catalogue_heal(struct lake *lake, struct err *err);
/* Writes what the catalogue has of a day and marks it settled. */
int day_save(struct lake *lake, struct day *day, struct err *err);
/*
 * Statements that take rows of a dataset from a day, and from what its shares say of them; the condition is "", or
 * begins with AND. Inside a transaction; day_recover() then reads what is left.
 */
void day_write_removal(const struct day *day, struct str dataset, struct str condition,
                       struct buf *sql);
/* First and last time of a dataset in a day; false: it has no rows. */
bool day_times(const struct day *day, uint32_t table, int64_t *ret_first, int64_t *ret_last);
/* Is the event between others of the day? */
bool day_may_have(const struct day *day, const struct lake_id *id);
void day_path(const struct lake *lake, const struct day *day, struct buf *path);
uint64_t day_size(const struct lake *lake, const struct day *day);
/* Bytes on disk for a byte that was received, over all that its file has room for. */
double day_density(const struct lake *lake, const struct day *day);
/* For qsort() of pointers to days: the newest first, those without a date last. */
int day_compare(const void *a, const void *b);
/* All days in that order, to be freed; NULL: no memory. */
struct day **days_sorted(const struct lake *lake);
static inline bool day_has_date(const struct day *day)
{
    return day->number != INT64_MAX;
}

/* compact.c: room that what went has left. */

/* Bytes of a day that went and take room in its file; in the catalogue, too. */
int compact_note(struct lake *lake, struct day *day, uint64_t gone, struct err *err);
int compact_load(struct lake *lake, struct err *err);
/* 1: its file was written anew; 0: that is not worth it, or not possible now; or -errno, and it is as it was. */
int compact_day(struct lake *lake, struct day *day, struct err *err);
/* Removes what a copy that did not end has left. */
void compact_clear(const struct lake *lake);

/* leave.c: days that go. */

/* Its rows are out of sight, and its file goes, now or with its last reader. */
int leave_begin(struct lake *lake, struct day *day, struct err *err);
/* Removes the file of a day that is leaving, where nobody reads it any more. */
int leave_end(struct lake *lake, struct day *day, struct err *err);
/* Rows come for it: it is a day as good as new. */
int leave_undo(struct lake *lake, struct day *day, struct err *err);
/* A reader is done with it; under the lock. */
void leave_unpinned(struct lake *lake, struct day *day);
/* Those that were leaving when the owner of the lake ended. */
int leave_load(struct lake *lake, struct err *err);

/* torn.c: what a commit that did not end left in a day whose tables are known. */
int torn_undo(struct lake *lake, struct day *day, struct err *err);

/* gather.c, commit.c: filling. */
int gather_put(struct lake *lake, const struct lake_row *row);
void gather_forget(struct lake *lake);
int commit_gathered(struct lake *lake, const struct lake_progress *progress, size_t n,
                    struct err *err);
int commit_settle(struct lake *lake, struct err *err);
int append_register(struct lake *lake, struct err *err);
int append_rows(struct lake *lake, struct day *day, uint32_t number, struct err *err);
/* Makes the table of a dataset in a day, or gives it the columns that it lacks. */
int append_shape(struct lake *lake, const struct day *day, const struct day_table *place,
                 const struct table *table, struct err *err);

/* run.c, watcher.c: queries. */

int run_ask(struct lake *lake, const struct lake_query *query, struct lake_run **ret_run,
            struct err *err);
const struct lake_result_column *run_result(const struct lake_run *run, size_t *ret_n);
int run_next(struct lake_run *run, struct lake_chunk *ret_chunk, struct err *err);
void run_cancel(struct lake_run *run);
void run_get_stats(struct lake_run *run, struct lake_run_stats *ret_stats);
void run_done(struct lake_run *run);
int run_explain(struct lake *lake, const struct lake_query *query, struct buf *text,
                struct err *err);
int watcher_start(struct lake *lake);
void watcher_stop(struct lake *lake);

/* source.c: what sources have, and the SELECT behind the name of one; pins the days it reads, which are appended to *pins. */
bool source_has(struct lake *lake, const struct lake_source *source,
                const struct lake_scope *scope);
struct pins {
    struct day **items;
    size_t len, cap;
};
int source_write(struct lake *lake, const struct lake_source *source,
                 const struct lake_query *query, struct pins *pins, struct buf *sql,
                 struct err *err);
/* Attaches a day for as long as `pins` holds it; under lake->lock. */
int source_pin(struct lake *lake, struct day *day, struct pins *pins, struct err *err);
void pins_release(struct lake *lake, struct pins *pins);

/* Pins the days that have rows of a source, for who may see them. */
int source_pin_days(struct lake *lake, const struct lake_source *source,
                    const struct lake_scope *scope, struct pins *pins, struct err *err);
/* " AND ..." that holds for the rows of those times, and of the scope. */
void source_add_times(struct buf *sql, int64_t first, int64_t last);
void source_add_agencies(struct buf *sql, const struct lake_scope *scope);

/* guard.c: -EACCES: the SELECT reads something that is no source. */
int guard_check(struct lake *lake, struct duck_connection *connection,
                const struct lake_query *query, struct err *err);

/* function.c */
int functions_register(struct lake *lake, const struct lake_function *functions, size_t n,
                       struct err *err);
int functions_own(struct lake *lake, struct err *err);

/* proof.c, event.c, excerpt.c, keep.c, hold.c, transfer.c */
int proof_blocks(struct lake *lake, uint64_t after,
                 int (*each)(void *context, const struct lake_block *block), void *context);
int lake_get_event(struct lake *lake, const struct lake_id *id, const struct lake_scope *scope,
                   int (*each)(void *context, const struct lake_event *event), void *context,
                   struct err *err);
int proof_verify(struct lake *lake, struct str day, const struct lake_verifier *verifier,
                 struct lake_check *ret_check, struct err *err);
int excerpt_export(struct lake *lake, const struct lake_export *what,
                   int (*each)(void *context, const struct lake_excerpt *excerpt), void *context,
                   struct err *err);
int keep_drop(struct lake *lake, const struct lake_part *part, const struct lake_witness *witness,
              struct lake_removed *ret_removed, struct err *err);
int keep_retain(struct lake *lake, const struct lake_rule *rules, size_t n, int64_t now,
                const struct lake_witness *witness, struct lake_removed *ret_removed,
                struct err *err);
int hold_add(struct lake *lake, const struct lake_hold *hold, const struct lake_id *ids, size_t n,
             uint64_t *ret_added, struct err *err);
int hold_release(struct lake *lake, struct str hold, uint64_t *ret_released, struct err *err);
int hold_list(struct lake *lake, int (*each)(void *context, const struct lake_hold *hold),
              void *context);
int transfer_ask(struct lake *lake, const struct lake_export *what, struct lake_run **ret_run,
                 struct err *err);
int transfer_write(struct lake_run *run, int (*write)(void *context, struct str bytes),
                   void *context, uint64_t *ret_rows, struct err *err);
int transfer_import_lines(struct lake *lake, struct str dataset, struct str lines,
                          uint64_t *ret_rows, struct err *err);
int transfer_import(struct lake *lake, struct str dataset, const char *path, uint64_t *ret_rows,
                    struct err *err);

#endif
