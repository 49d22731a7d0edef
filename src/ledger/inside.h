/*
 * inside: what the files of the ledger share: the open transaction, its journal notes, and queries whose failure
 * spoils it. Not for other modules.
 */
#ifndef JAGA_LEDGER_INSIDE_H
#define JAGA_LEDGER_INSIDE_H

#include "base/arena.h"
#include "base/vec.h"
#include "ledger/db.h"
#include "ledger/journal.h"
#include "ledger/journal_key.h"
#include "ledger/ledger.h"

#define LEDGER_TEXT_MAX 4096                  /* bytes of a title, host, note ...; more is cut */
#define LEDGER_JSON_MAX ((size_t)16 << 20)    /* bytes of an event, of a finding's OCSF */
#define LEDGER_ANSWER_MAX ((size_t)256 << 20) /* bytes of what one call hands out */
#define LEDGER_ANSWER_KEPT ((size_t)1 << 20)  /* memory kept for the next answer */

/* What is noted under one key of the journal entry. */
struct journal_topic {
    const char *key;
    struct buf list; /* JSON values, divided by commas */
    uint64_t listed, total;
};

struct fold_table; /* findings that the open transaction folds into: finding.c */

struct ledger {
    struct db *db;
    int64_t (*now)(void);
    bool read_only;
    bool open;  /* a transaction is */
    int broken; /* why the open transaction can't be committed, or 0 */
    struct buf actor, action;
    VEC(struct journal_topic) topics; /* of the open transaction */
    uint64_t change; /* last change number of the open transaction; 0: not read yet */
    struct fold_table *folds;
    struct journal_key *key; /* NULL: signs nothing */
    struct arena answer;     /* texts handed out by the last call */
    char problem[ERR_MESSAGE_MAX];
};

/* Sets the sentence of ledger_problem() and returns `status`. The transaction is not spoilt. */
int ledger_refuse(struct ledger *ledger, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Remembers what the engine could not do: the open transaction can only be rolled back. */
int ledger_fail(struct ledger *ledger, int status);

/* A query with rows: ledger_next() until 0, then ledger_done(), also on failure (NULL is allowed). */
int ledger_ask(struct ledger *ledger, struct str sql, const struct db_value *values, size_t n,
               struct db_rows **ret_rows);
int ledger_next(struct ledger *ledger, struct db_rows *rows);
void ledger_done(struct ledger *ledger, struct db_rows *rows);

/* A query without rows; *ret_changed (may be NULL): rows it changed. */
int ledger_run(struct ledger *ledger, struct str sql, const struct db_value *values, size_t n,
               uint64_t *ret_changed);

/* The integer of the first row and column. -ENOENT: no row. */
int ledger_number(struct ledger *ledger, struct str sql, const struct db_value *values, size_t n,
                  int64_t *ret_number);

/* journal_note() of what was built in `note`, which is freed. */
int journal_note_buf(struct ledger *ledger, const char *key, struct buf *note);

/*
 * Around what a function writes: a transaction of its own unless the caller has one open. `status` is
 * what the work between came to; the result is what the function returns.
 */
int change_begin(struct ledger *ledger, struct str actor, const char *action, bool *ret_own);
int change_end(struct ledger *ledger, bool own, int status);

/* What ledger_version() tells of has changed: it rises, and caches read it again. */
int change_version(struct ledger *ledger);

/* Forgets the texts of the last answer. */
void answer_begin(struct ledger *ledger);

/* A copy of a column that lives until the next answer_begin(). 0 or -ENOMEM. */
int answer_copy(struct ledger *ledger, struct str text, struct str *ret_copy);

/*
 * Adds "agency IN (?n, ...)" for the caller's agencies to `sql` and their values behind `values`; the
 * centre itself gets "1 = 1", a caller without agencies "1 = 0". -E2BIG: too many.
 */
int scope_add(struct ledger *ledger, const struct ledger_scope *scope, const char *column,
              struct buf *sql, struct db_value *values, size_t *n);

/* A time as a value; TIME_UNSET is NULL. */
struct db_value db_time(int64_t time);

/* What the open transaction has folded in memory goes into the database: before findings are read. */
int finding_settle(struct ledger *ledger);

/* Before a commit: what the transaction still has in memory goes into the database and the journal. */
int finding_flush(struct ledger *ledger);
int journal_append(struct ledger *ledger);

/* After a transaction, however it ended. */
void finding_forget(struct ledger *ledger);
void journal_forget(struct ledger *ledger);

/* Is it the key that has signed so far? -EKEYREJECTED: no. */
int journal_key_check(struct ledger *ledger);

/* Brings the schema up to `last` (SCHEMA_LATEST), one transaction per step. 0, or *err says why not. */
#define SCHEMA_LATEST 6
int migrate(struct db *db, int64_t last, bool allowed, struct err *err);

/* "f-" or another prefix, then a ULID: 48 bits of time in ms, 80 random bits, Crockford's base 32. */
#define ID_TEXT_MAX 40
void id_make(const char *prefix, int64_t now, char ret_id[static ID_TEXT_MAX]);

/* s cut to LEDGER_TEXT_MAX bytes, between two characters. */
struct str text_cut(struct str s);

/*
 * A text as it is searched for: cut, repaired, folded. NUL, at which LIKE would end, is a space.
 * Forgets the texts of the last answer. 0 or -ENOMEM.
 */
struct search_text {
    char bytes[LEDGER_TEXT_MAX * 3 / 2 + 4];
    size_t len;
};
int search_fold(struct ledger *ledger, struct str text, struct search_text *ret_folded);

#endif
