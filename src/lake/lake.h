/*
 * lake: the port that keeps every event, in columns, for hunts. One header, a struct of functions; duckdb.c keeps one
 * database file per day of event time, ClickHouse is to be the other engine. Both pass conformance_test.c.
 *
 *     store ──put, commit──▶ dataset windows_sysmon │ _time _id _agency ... Image CommandLine ...
 *                            dataset linux_auditd   │ _time _id _agency ... exe syscall ...
 *     hunt ◀──ask, next───── SELECT ... FROM "windows_sysmon" ...
 *
 * A dataset is a table: columns of the lake's own, whose names begin with '_', then the native fields of its events,
 * added when first seen:
 *
 *     _time      TIME     of the event, µs UTC; what has none has its time of arrival
 *     _id        TEXT     "<partition>.<offset>" of the spool, ".<part>" behind where one record gave several events
 *     _key       INTEGER  partition << 48 | offset: the same to compare fast
 *     _part      INTEGER
 *     _received  TIME
 *     _agency _source _dataset _format  TEXT
 *     _raw       TEXT     as it came; what is not UTF-8 in it is replaced
 *     _bytes     BYTES    as it came, where it is not UTF-8; else NULL
 *     _extra     TEXT     a JSON object of the values that found no column; NULL: there are none
 *
 * Where no row of a day has a column it is NULL there. Names of columns are compared without case; a
 * field that differs from another, or from one of these, only in case has a column of another name (struct
 * lake_column).
 *
 * Exactly once: what is put becomes durable with commit(), together with how far its partitions have come: all of it or
 * nothing. After a crash, or a commit that failed, the one who fills the lake goes on at progress() and puts everything
 * from there again, by other definitions of datasets if need be; what is put from before it is recognised and skipped. So
 * the rows of a partition must be put in the order of their offsets, and all parts of an offset before the commit that
 * passes it.
 *
 * Threads: put, commit, drop, retain, hold, import and settle belong to one thread at a time, the filler's; all else
 * may be called from any thread, beside it. What is called back by datasets, columns and shares calls no function of the
 * lake. A run belongs to one thread at a time, but for cancel and progress.
 *
 * Functions return 0 or -errno and put a sentence into *err (never NULL) where they take one:
 *
 *     -ENOSPC -EROFS -EIO  the disk          -ENOMEM     the memory limit
 *     -EBADMSG  damaged, or not a lake       -ECANCELED  cancelled
 *     -EINVAL   the query: what and where    -ETIME      its time was over
 *     -EACCES   the query may not do that    -ENOENT     there is no such thing
 */
#ifndef JAGA_LAKE_LAKE_H
#define JAGA_LAKE_LAKE_H

#include "base/err.h"
#include "base/str.h"
#include "lake/merkle.h"

#define LAKE_PARTITIONS_MAX 32768 /* a key must be positive */
#define LAKE_OFFSET_MAX ((UINT64_C(1) << 48) - 1)
#define LAKE_COLUMNS_MAX 512      /* native columns of a dataset; further fields go to _extra */
#define LAKE_NAME_MAX 128         /* bytes of a field's name; longer ones go to _extra */
#define LAKE_LABEL_MAX 128        /* bytes of agency, source, dataset, format */
#define LAKE_TEXT_MAX (64u << 20) /* bytes of a value */
#define LAKE_CHUNK_ROWS 2048      /* rows of a chunk, at most */
#define LAKE_PARAMETERS_MAX 10    /* of a function */
#define LAKE_ID_TEXT_MAX 48
#define LAKE_DAY_TEXT_MAX 16
#define LAKE_BLOCKS_MAX 65536    /* told of at a time */
#define LAKE_HOLD_IDS_MAX 100000 /* events put on hold at a time */

/* The dataset of events that nothing recognised. */
#define LAKE_UNRECOGNISED "unrecognised"

enum lake_kind {
    LAKE_NULL,
    LAKE_BOOLEAN,
    LAKE_INTEGER, /* 64 bits */
    LAKE_DOUBLE,
    LAKE_TEXT, /* UTF-8 */
    LAKE_TIME, /* µs UTC */
    LAKE_JSON, /* text that is one JSON value: a list, an object, a number that neither of the above holds */
    LAKE_BYTES, /* any bytes, handed over as a text */
};

struct lake_id {
    uint32_t partition;
    uint64_t offset;
    uint32_t part; /* from 0, of the events that one record of the spool gave */
};

/* "3.1042" or "3.1042.1"; returns its length. */
size_t lake_id_format(const struct lake_id *id, char ret_text[static LAKE_ID_TEXT_MAX]);
/* 0 or -EINVAL. */
int lake_id_parse(struct str text, struct lake_id *ret_id);

static inline int64_t lake_key(const struct lake_id *id)
{
    return (int64_t)((uint64_t)id->partition << 48 | id->offset);
}

/* A name as SQL takes it: "CommandLine", with quotes in it doubled. To be used for every name that is no constant. */
struct buf;
void lake_quote_name(struct buf *sql, struct str name);
/* A text as a literal of SQL: 'it''s'. Values are bound where that is possible. */
void lake_quote_text(struct buf *sql, struct str text);

/*
 * Filling.
 */

/*
 * A value of an event. Several of the same name make a list: elements have `list` set and follow one another. The
 * column a field gets is decided when it is first seen, by `column`; a value that does not fit its column goes to
 * _extra.
 */
struct lake_cell {
    struct str name; /* native name */
    struct str text; /* the value: UTF-8, numbers in JSON's grammar, "true", "false" */
    uint32_t field;  /* the name's number in a dictionary, for speed; 0: none */
    uint8_t kind;    /* enum lake_kind of the value: NULL, BOOLEAN, INTEGER, DOUBLE, TEXT or JSON */
    uint8_t column;  /* enum lake_kind of its column: BOOLEAN, INTEGER, DOUBLE or TEXT */
    bool list;
};

/* An event. Texts live for the length of the call; the engine copies. */
struct lake_row {
    struct lake_id id;
    int64_t time; /* µs UTC; TIME_UNSET: unknown */
    int64_t received;
    struct str agency, source;
    struct str dataset; /* not empty */
    struct str format;
    struct str raw; /* any bytes */
    const struct lake_cell *cells;
    uint32_t n_cells;
};

/* A partition has been put up to, not including, `next`. */
struct lake_progress {
    uint32_t partition;
    uint64_t next;
};

/*
 * What a commit stored of one partition in one day, as a tree of hashes (merkle.h). The leaves are the events in
 * the order of (offset, part); `first` and `next` bound their offsets.
 */
struct lake_block {
    uint64_t seq; /* from 1, in the order of commits */
    struct str day;
    uint32_t partition;
    uint64_t first, next;
    uint32_t count;
    unsigned char root[LAKE_HASH];
};

/*
 * What is there.
 */

struct lake_column {
    struct str field; /* native name */
    struct str name; /* in SQL; differs from it where another field has that name in another case */
    enum lake_kind kind; /* BOOLEAN, INTEGER, DOUBLE or TEXT */
    bool dynamic; /* TEXT of which some are JSON: a list begins with '[', an object with '{' */
};

/* What one agency has of one dataset in one day. */
struct lake_share {
    /* "2026-11-22"; "other": times far from their arrival; "held": held when their day went. */
    struct str day;
    struct str dataset, agency;
    uint64_t rows;
    uint64_t bytes;      /* as received */
    uint64_t size;       /* on disk now: its part of the day's file, by bytes */
    int64_t first, last; /* times of events */
};

struct lake_stats {
    uint64_t rows, bytes, commits;  /* since it was opened */
    uint64_t repeated;              /* rows put that were there already */
    uint64_t gathered;              /* bytes put and not yet committed */
    uint64_t extra;                 /* values that went to _extra */
    uint64_t size;                  /* bytes on disk */
    uint64_t days;                  /* files of days */
    uint64_t runs, runs_active;     /* queries */
    uint64_t runs_late, runs_large; /* ended by their limit on time, on memory */
    /* Bytes that all runs have in memory or spilled, when it was last measured. */
    uint64_t runs_memory;
    uint64_t memory;        /* bytes that the engine uses for data */
    uint64_t commit_us_max; /* slowest commit since the last look */
};

/*
 * Hunting.
 */

struct lake_value {
    enum lake_kind kind;
    union {
        int64_t integer; /* BOOLEAN (0, 1), INTEGER, TIME */
        double number;
        struct str text; /* TEXT, JSON */
    };
};

/* What the caller may see: rows of these agencies. Applied to every source, below its SQL. */
struct lake_scope {
    bool all;
    const struct str *agencies;
    size_t n;
};

/* Where an event is: its time and its key. */
struct lake_spot {
    int64_t time, key;
};

/*
 * A table that the SQL may name. It has the rows of one dataset with first <= _time < last, of the caller's
 * agencies: the engine reads only the days that may have some.
 */
struct lake_source {
    struct str name;    /* in the SQL */
    struct str dataset; /* one without rows has no rows, and the columns asked for */
    /* The only fields wanted, by native name; those that do not exist are NULL, as TEXT. None: all. The lake's own columns
     * are always there. */
    const struct str *columns;
    size_t n_columns;
    int64_t first, last;           /* INT64_MIN, INT64_MAX: unbounded */
    const struct lake_spot *spots; /* only the rows of these; NULL: all */
    size_t n_spots;
    /*
     * A condition over its columns, of the engine's dialect: the SQL needs no other rows, and no value makes it fail. It
     * chooses what is read where the SQL may not (lake_query.certain). Empty: there is none.
     */
    struct str where;
};

struct lake_limits {
    uint64_t rows;   /* of the result; past it the run ends, and is `cut`. 0: none */
    uint64_t bytes;  /* of texts of the result; the same */
    int64_t time_us; /* -ETIME; 0: none */
    /* Of the engine, for data on the way and what is spilled of it: -ENOMEM; 0: none. See below. */
    uint64_t memory;
};

/*
 * Memory is measured now and then, and for all runs together. A run that is alone is held to its limit; runs beside
 * each other are held to the sum of their limits, and where they exceed that, the one that is taken for the largest
 * ends: it is reckoned that what is added in a while is shared by those that compute.
 */

/* All of it is copied or used up by ask(). */
struct lake_query {
    struct str sql; /* one SELECT of the engine's dialect; parameters are $1, $2 ... */
    const struct lake_value *values;
    size_t n_values;
    const struct lake_source *sources;
    size_t n_sources;
    struct lake_scope scope;
    struct lake_limits limits;
    /*
     * A person wrote it: refused (-EACCES) when it names a table that is no source, or a function that reads anything
     * else.
     */
    bool guarded;
    /*
     * No value can make the SQL fail. Else nothing of it is evaluated on a row outside of the scope, which costs the engine
     * its pick of the order in which conditions are evaluated.
     */
    bool certain;
};

struct lake_result_column {
    struct str name;
    enum lake_kind kind; /* of all its values that are not NULL */
};

/* Values of one column, by row: one of the arrays, by kind. */
struct lake_vector {
    enum lake_kind kind;
    /* bit row % 64 of word row / 64 is set where there is a value; NULL: there is one everywhere */
    const uint64_t *valid;
    union {
        const int64_t *integers; /* BOOLEAN, INTEGER, TIME */
        const double *doubles;
        const struct str *texts; /* TEXT, JSON */
    };
};

static inline bool lake_is_null(const struct lake_vector *vector, size_t row)
{
    return vector->kind == LAKE_NULL ||
           (vector->valid && !(vector->valid[row / 64] >> row % 64 & 1));
}

/* Some rows of a result; valid until the next call on its run. */
struct lake_chunk {
    uint32_t n_rows; /* 1 to LAKE_CHUNK_ROWS */
    uint32_t n_columns;
    const struct lake_vector *columns;
};

struct lake_run_stats {
    uint64_t rows, bytes; /* handed out */
    int64_t time_us;
    double progress; /* 0 to 1; negative: not known */
    bool cut;        /* a limit on rows or bytes ended it */
};

/*
 * A function that SQL may call, written in C. Called with up to LAKE_CHUNK_ROWS rows at once, by several threads at the
 * same time: `context` is only read. It fills every row of the output, by put_null() where there is no value. An
 * argument that is NULL is an empty text, or any number; a row with one is NULL whatever was put there, unless the
 * function takes nulls and looks for them with lake_is_null().
 */
struct lake_call {
    const struct lake_vector *arguments;
    uint32_t n_arguments;
    uint32_t n_rows;
    void *context;
    struct arena *scratch; /* empty at each call */

    enum lake_kind kind; /* of the output */
    union {
        bool *booleans;
        int64_t *integers; /* INTEGER, TIME */
        double *doubles;
        void *data;
    };
    /* TEXT, JSON, BYTES; copied. */
    void (*put_text)(struct lake_call *call, uint32_t row, struct str text);
    void (*put_null)(struct lake_call *call, uint32_t row);
    /* The query fails with this sentence; the function returns at once. */
    void (*refuse)(struct lake_call *call, const char *message);
};

struct lake_function {
    const char *name; /* of the same name there may be several with other parameters */
    enum lake_kind result;
    enum lake_kind parameters[LAKE_PARAMETERS_MAX + 1]; /* up to LAKE_NULL */
    bool variadic; /* the last parameter may come any number of times */
    bool takes_nulls;
    bool impure; /* the same arguments may give something else */
    void (*call)(struct lake_call *call);
    void *context; /* outlives the lake */
};

/*
 * Keeping.
 */

/*
 * How long, or how much, is kept of what fits; the first rule that fits a share says it. Days go by their date; events of
 * "other", whose times say nothing, by their arrival.
 */
struct lake_rule {
    struct str agency;  /* empty: any */
    struct str dataset; /* empty: any */
    uint32_t days;      /* 0: for ever */
    uint64_t size;      /* bytes on disk, of all that fits; oldest days go first. 0: no limit */
};

/* Of what: empty texts are any. */
struct lake_part {
    struct str day, dataset, agency;
};

/* What is about to go of a day. */
struct lake_going {
    struct str day;
    bool whole;    /* all of it, with the hashes; else rows, whose hashes stay */
    uint64_t last; /* seq of the last block that the day has */
    uint64_t rows;
};

/* Hears of it before it goes, as a journal does; a negative return keeps the day, and is returned. */
struct lake_witness {
    int (*note)(void *context, const struct lake_going *going);
    void *context;
};

struct lake_removed {
    uint64_t days; /* whole files */
    uint64_t rows;
    uint64_t held; /* rows kept because they are held */
};

/* Why events are to stay. */
struct lake_hold {
    struct str name;   /* not empty */
    struct str reason; /* for people */
    struct str by;     /* who put it there */
    int64_t at;        /* .. and when */
    uint64_t events;   /* on it; said by holds() */
};

enum lake_export_format { LAKE_PARQUET, LAKE_NDJSON };

struct lake_export {
    struct str dataset;
    int64_t first, last; /* times, as in a source */
    struct lake_scope scope;
    enum lake_export_format format;
};

/* An event as it is stored, and what proves it. Valid for the length of the call that hands it over. */
struct lake_event {
    struct lake_leaf leaf; /* the event, as it is hashed */
    struct str extra;      /* as in _extra */
    struct str json;       /* all of its columns, as one JSON object */
    struct lake_block block;
    struct lake_path path; /* from its leaf to block.root */
};

/* An event, as blocks order theirs. */
struct lake_place {
    int64_t key;
    uint32_t part;
};

/*
 * Of a block the events that an export has, and what proves them. Valid for the length of the call that hands it over.
 */
struct lake_excerpt {
    struct lake_block block;
    struct merkle_part part;         /* of its tree: the leaves of these events */
    const struct lake_place *places; /* of which each is */
};

/* Do its hashes lead to the root of its block? Pure. */
bool lake_excerpt_ok(const struct lake_excerpt *excerpt);

struct lake_check {
    uint64_t blocks, rows; /* looked at */
    uint64_t bad_blocks;   /* whose root is not that of what is stored, and rows of no block */
    uint64_t removed; /* events of blocks that retention took, proved by the hash that stayed */
};

/* A block whose root is not that of what is stored. */
struct lake_fault {
    struct lake_block block; /* count 0: there is no such block, but rows that say they are of it */
    uint64_t rows;           /* that are there */
};

/* What a check of all days finds, as it goes. A negative return ends it and is returned. */
struct lake_verifier {
    int (*fault)(void *context, const struct lake_fault *fault);
    int (*day)(void *context, struct str day, const struct lake_check *check); /* of that day */
    void *context;
};

struct lake_options {
    const char *library;     /* file of libduckdb; NULL: where duck_load() looks */
    uint64_t memory;         /* bytes the engine may use for data; 0: 1 GiB */
    uint64_t temporary;      /* bytes on disk for what does not fit; 0: 8 GiB */
    uint64_t gathered_max;   /* bytes put and not committed; 0: 384 MiB */
    unsigned threads;        /* of queries; 0: one per processor */
    uint32_t far_past_days;  /* an event this much older than its arrival goes to "other"; 0: 400 */
    uint32_t far_ahead_days; /* or this much newer; 0: 2 */
};

struct lake;
struct lake_run;

struct lake_ops {
    const char *scheme; /* of the URL: "duckdb" */

    /* Creates what is missing. NULL: *err says why (another process has it open, no library ...). */
    struct lake *(*open)(const char *place, const struct lake_options *options, struct err *err);
    /* Forgets what was not committed. Runs are done before. */
    void (*close)(struct lake *lake);

    /* -ENOBUFS: too much is gathered, commit and put it again; -EINVAL: a bad row; -ENOMEM. */
    int (*put)(struct lake *lake, const struct lake_row *row);
    /*
     * Makes durable what was put, and the progress. After an error what was put is forgotten, and filling goes on at
     * progress(); queries may see a part of it until rows are put again.
     */
    int (*commit)(struct lake *lake, const struct lake_progress *progress, size_t n,
                  struct err *err);
    /* The offset to go on at. -ENOENT: nothing was ever committed of that partition. */
    int (*progress)(struct lake *lake, uint32_t partition, uint64_t *ret_next);
    /* Writes what commits left in logs to its place; for when it is quiet, and now and then when it is not. */
    int (*settle)(struct lake *lake, struct err *err);

    /*
     * Blocks with a seq after `after`, in order, LAKE_BLOCKS_MAX of them at most. A negative return of `each` stops and is
     * returned.
     */
    int (*blocks)(struct lake *lake, uint64_t after,
                  int (*each)(void *context, const struct lake_block *block), void *context);

    /*
     * Names of datasets that the agencies of the scope have ever sent; then columns of one (-ENOENT), in the order in which
     * those sent them first. Texts live for the call.
     */
    int (*datasets)(struct lake *lake, const struct lake_scope *scope,
                    int (*each)(void *context, struct str dataset), void *context);
    int (*columns)(struct lake *lake, struct str dataset, const struct lake_scope *scope,
                   int (*each)(void *context, const struct lake_column *column), void *context);
    /* A number that is another one when either gives more than before, or a column became dynamic. */
    uint64_t (*version)(struct lake *lake);
    /* Are there rows of a source that the caller may see, as far as days and agencies tell? As of the last commit. */
    bool (*has)(struct lake *lake, const struct lake_source *source,
                const struct lake_scope *scope);
    int (*shares)(struct lake *lake, const struct lake_part *part,
                  int (*each)(void *context, const struct lake_share *share), void *context);
    void (*stats)(struct lake *lake, struct lake_stats *ret_stats);

    /* Makes functions known to all queries that are asked from then on. Once, after open. */
    int (*functions)(struct lake *lake, const struct lake_function *functions, size_t n,
                     struct err *err);

    /* Reads the query and binds its values. It runs when next() is called. */
    int (*ask)(struct lake *lake, const struct lake_query *query, struct lake_run **ret_run,
               struct err *err);
    /* Columns of the result, known from the first next() on; live as long as the run. */
    const struct lake_result_column *(*result)(const struct lake_run *run, size_t *ret_n);
    /* 1: there is a chunk; 0: that was all; or -errno. */
    int (*next)(struct lake_run *run, struct lake_chunk *ret_chunk, struct err *err);
    /* Any thread, at any time before done(): next() ends with -ECANCELED soon. */
    void (*cancel)(struct lake_run *run);
    /* Any thread. */
    void (*run_stats)(struct lake_run *run, struct lake_run_stats *ret_stats);
    void (*done)(struct lake_run *run); /* NULL is allowed */
    /* The engine's plan of a query, as text. -EACCES unless the caller sees all: it estimates from all rows. */
    int (*explain)(struct lake *lake, const struct lake_query *query, struct buf *text,
                   struct err *err);

    /* One event. -ENOENT: it is not there, or of another agency. */
    int (*get)(struct lake *lake, const struct lake_id *id, const struct lake_scope *scope,
               int (*each)(void *context, const struct lake_event *event), void *context,
               struct err *err);
    /* Computes the roots of all blocks of a day (empty: of all days) from what is stored. -EBADMSG: one differs. */
    int (*verify)(struct lake *lake, struct str day, const struct lake_verifier *verifier,
                  struct lake_check *ret_check, struct err *err);

    /* What goes is out of sight at once; queries that have begun finish with what there was. */
    int (*drop)(struct lake *lake, const struct lake_part *part, const struct lake_witness *witness,
                struct lake_removed *ret_removed, struct err *err);
    int (*retain)(struct lake *lake, const struct lake_rule *rules, size_t n, int64_t now,
                  const struct lake_witness *witness, struct lake_removed *ret_removed,
                  struct err *err);
    /*
     * Events stay until every hold on them is released, whatever drop() and retain() remove. A hold that is there
     * gets more events, and stays whose it was. All of them or none: -ENOENT, one is not in the lake.
     */
    int (*hold)(struct lake *lake, const struct lake_hold *hold, const struct lake_id *ids,
                size_t n, uint64_t *ret_added, struct err *err);
    /* -ENOENT: there is no such hold. */
    int (*release)(struct lake *lake, struct str hold, uint64_t *ret_released, struct err *err);
    /* Any thread; in the order of time. A negative return of `each` stops and is returned. */
    int (*holds)(struct lake *lake, int (*each)(void *context, const struct lake_hold *hold),
                 void *context);

    /*
     * An export is a run like that of a query: cancel, run_stats, done. It is handed out in pieces, in no order of events; a
     * negative return of `write` stops it and is returned. Parquet is made as a whole before its first piece.
     */
    int (*export_ask)(struct lake *lake, const struct lake_export *what, struct lake_run **ret_run,
                      struct err *err);
    int (*export_write)(struct lake_run *run, int (*write)(void *context, struct str bytes),
                        void *context, uint64_t *ret_rows, struct err *err);
    /*
     * What proves the events of an export: their blocks, in no order; some may come several times, with other events.
     * What is committed meanwhile has no part in it. -EBADMSG: a block is not as it was stored.
     */
    int (*export_proofs)(struct lake *lake, const struct lake_export *what,
                         int (*each)(void *context, const struct lake_excerpt *excerpt),
                         void *context, struct err *err);
    /* Takes what was exported: a file, Parquet by its name's end; or lines. Events that are there are skipped. */
    int (*import_from)(struct lake *lake, struct str dataset, const char *path, uint64_t *ret_rows,
                       struct err *err);
    int (*import_lines)(struct lake *lake, struct str dataset, struct str lines, uint64_t *ret_rows,
                        struct err *err);
};

extern const struct lake_ops lake_duckdb;

/* The engine of "duckdb:DIR", and the DIR; NULL: no such engine. */
const struct lake_ops *lake_engine(struct str url, struct str *ret_place);

#endif
