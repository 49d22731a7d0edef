/*
 * db: the port beneath the ledger: one struct of functions that an engine of databases fills in. What is above speaks
 * SQL that SQLite and PostgreSQL both understand; values are bound, never pasted into the text.
 *
 * SQL: parameters are ?1, ?2 ... in the order of the values; integers are 64 bits; ON CONFLICT and RETURNING
 * may be used. An engine that spells parameters otherwise rewrites them where it prepares.
 *
 * A connection belongs to one thread at a time. Functions return 0 or -errno:
 *
 *     -ENOSPC   no room on the disk, or a quota or file size limit is reached
 *     -EROFS    may not be written
 *     -EBADMSG  what is there is damaged, or not a database
 *     -EIO      reading or writing failed
 *     -EAGAIN   others held it for too long
 *     -EEXIST   a constraint is violated
 *
 * After any of them the transaction can only be rolled back; the connection itself stays usable and
 * works again once the cause is gone.
 */
#ifndef JAGA_LEDGER_DB_H
#define JAGA_LEDGER_DB_H

#include "base/err.h"
#include "base/str.h"

enum db_kind { DB_NULL, DB_INTEGER, DB_TEXT, DB_BYTES };

struct db_value {
    enum db_kind kind;
    int64_t integer;
    struct str text; /* of TEXT and BYTES; lives until the query is done */
};

struct db_options {
    bool create; /* make the database where there is none */
    bool read_only;
};

struct db;      /* a connection; an engine's own begins with it */
struct db_rows; /* the answer to a query; an engine's own begins with it */

struct db_ops {
    const char *scheme; /* of the URL: "sqlite" */

    /* NULL: *err says why. `place` is what follows the colon of the URL. */
    struct db *(*open)(const char *place, const struct db_options *options, struct err *err);
    void (*close)(struct db *db);

    /* Binds and starts a query. Statements are prepared once and kept, up to a limit, by their text. */
    int (*ask)(struct db *db, struct str sql, const struct db_value *values, size_t n,
               struct db_rows **ret_rows);

    /* 1: there is a row, which lives until the next call; 0: no more; or -errno. */
    int (*next)(struct db_rows *rows);
    int64_t (*integer)(struct db_rows *rows, unsigned column);
    struct str (*text)(struct db_rows *rows, unsigned column);
    void (*done)(struct db_rows *rows); /* NULL is allowed */

    /* Rows that the last INSERT, UPDATE or DELETE changed. */
    uint64_t (*changed)(struct db *db);

    /*
     * Several statements that make tables, without values. They are in SQLite's words, of
     * which another engine translates three: INTEGER (64 bits), BLOB and STRICT.
     */
    int (*script)(struct db *db, struct str sql);

    /* A transaction that will write: no other writer comes between begin and commit. */
    int (*begin)(struct db *db);
    int (*commit)(struct db *db);
    void (*rollback)(struct db *db);

    /* The number of the schema; 0: nothing is there yet. -EBADMSG: something else is. */
    int (*schema)(struct db *db, int64_t *ret_schema);
    int (*set_schema)(struct db *db, int64_t schema);

    /* One sentence on the last failure; lives until the next call. */
    const char *(*problem)(const struct db *db);
};

struct db {
    const struct db_ops *ops;
};

struct db_rows {
    struct db *db;
};

extern const struct db_ops db_sqlite;

/* The engine of "sqlite:PATH", and the PATH; NULL: no such engine. */
const struct db_ops *db_engine(struct str url, struct str *ret_place);

static inline struct db_value db_integer(int64_t integer)
{
    return (struct db_value){.kind = DB_INTEGER, .integer = integer};
}

static inline struct db_value db_text(struct str text)
{
    return (struct db_value){.kind = DB_TEXT, .text = text};
}

static inline struct db_value db_bytes(struct str bytes)
{
    return (struct db_value){.kind = DB_BYTES, .text = bytes};
}

/* The last two arguments of a query: DB_VALUES(db_integer(7), db_text(name)). */
#define DB_VALUES(...)                                                                             \
    (const struct db_value[]){__VA_ARGS__},                                                        \
        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

#endif
