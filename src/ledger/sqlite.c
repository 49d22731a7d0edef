#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "ledger/db.h"

#define APPLICATION_ID 0x4A414741 /* "JAGA", in the header of the file */
#define STATEMENTS_MAX 64         /* prepared statements kept; the one not used for longest goes */
#define BUSY_MS 10000             /* how long a writer waits for others */

/* A statement, kept or for this one time; at work from ask() to done(). */
struct statement {
    struct db_rows rows;
    sqlite3_stmt *prepared;
    uint64_t hash; /* of its text */
    uint64_t used; /* tick of its last use */
    bool kept;     /* in the cache: done() does not free it */
    bool at_work;
};

struct sqlite {
    struct db db;
    sqlite3 *handle;
    struct statement *cache[STATEMENTS_MAX];
    uint64_t tick;
    bool suspect; /* a read failed: pages in memory may be wrong */
    char *path;
    char problem[ERR_MESSAGE_MAX];
};

static const struct {
    int code; /* primary result code of SQLite */
    int status;
    const char *words;
} failures[] = {
    {SQLITE_FULL, -ENOSPC, "no room left"},
    {SQLITE_READONLY, -EROFS, "may not be written"},
    {SQLITE_CORRUPT, -EBADMSG, "is damaged"},
    {SQLITE_NOTADB, -EBADMSG, "is not a ledger, or is damaged"},
    {SQLITE_BUSY, -EAGAIN, "another process has kept it busy for too long"},
    {SQLITE_LOCKED, -EAGAIN, "another query has kept it busy"},
    {SQLITE_CONSTRAINT, -EEXIST, "a constraint is violated"},
    {SQLITE_NOMEM, -ENOMEM, "no memory"},
    {SQLITE_TOOBIG, -E2BIG, "a value is too large"},
    {SQLITE_CANTOPEN, -EACCES, "cannot be opened"},
    {SQLITE_PERM, -EACCES, "may not be opened"},
    {SQLITE_IOERR, -EIO, "cannot be read or written"},
};

static bool is_no_room(int system)
{
    return system == ENOSPC || system == EDQUOT || system == EFBIG;
}

/* SQLite knows ENOSPC only; a quota and a limit on file sizes leave no room just the same. */
static bool no_room(struct sqlite *sqlite)
{
    static const int files[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        sqlite3_file *file = NULL;
        int system = 0;
        sqlite3_file_control(sqlite->handle, NULL, files[i], &file);
        if (file && file->pMethods)
            file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &system);
        if (is_no_room(system))
            return true;
    }
    return is_no_room(sqlite3_system_errno(sqlite->handle));
}

/* Turns the failure of the last call into -errno and a sentence. */
static int fail(struct sqlite *sqlite, int code)
{
    int status = -EIO, system = sqlite3_system_errno(sqlite->handle);
    const char *words = "has failed";
    if ((code & 0xff) == SQLITE_IOERR && no_room(sqlite))
        code = SQLITE_FULL;
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        if (failures[i].code == (code & 0xff)) {
            status = failures[i].status;
            words = failures[i].words;
        }
    }
    if (status == -EACCES && system > 0)
        status = -system;
    if (status == -EBADMSG || status == -EIO)
        sqlite->suspect = true;
    struct err err;
    err_set(&err, status, "%s: %s (%s)", sqlite->path, words, sqlite3_errmsg(sqlite->handle));
    memcpy(sqlite->problem, err.message, sizeof(sqlite->problem));
    return status;
}

static struct sqlite *sqlite_of(struct db *db)
{
    return (struct sqlite *)db;
}

/* ---- statements ---- */

static void statement_free(struct statement *statement)
{
    sqlite3_finalize(statement->prepared);
    free(statement);
}

static struct statement *statement_find(struct sqlite *sqlite, struct str sql, uint64_t hash)
{
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        struct statement *statement = sqlite->cache[i];
        if (statement && statement->hash == hash && !statement->at_work &&
            str_eq(str_from_c(sqlite3_sql(statement->prepared)), sql))
            return statement;
    }
    return NULL;
}

/* Keeps a statement in the place of the one that was not used for longest. */
static void statement_keep(struct sqlite *sqlite, struct statement *statement)
{
    struct statement **place = NULL;
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        struct statement **entry = &sqlite->cache[i];
        if (*entry && (*entry)->at_work)
            continue;
        if (!place || (*place && (!*entry || (*entry)->used < (*place)->used)))
            place = entry;
    }
    if (!place)
        return;
    if (*place)
        statement_free(*place);
    *place = statement;
    statement->kept = true;
}

static int statement_prepare(struct sqlite *sqlite, struct str sql, struct statement **ret)
{
    uint64_t hash = hash_text(sql);
    struct statement *statement = statement_find(sqlite, sql, hash);
    if (!statement) {
        statement = calloc(1, sizeof(*statement));
        if (!statement)
            return -ENOMEM;
        int code = sqlite3_prepare_v3(sqlite->handle, sql.ptr, (int)sql.len,
                                      SQLITE_PREPARE_PERSISTENT, &statement->prepared, NULL);
        if (code != SQLITE_OK) {
            free(statement);
            return fail(sqlite, code);
        }
        statement->rows.db = &sqlite->db;
        statement->hash = hash;
        statement_keep(sqlite, statement);
    }
    statement->used = ++sqlite->tick;
    statement->at_work = true;
    *ret = statement;
    return 0;
}

/* The bytes are the caller's until done(): SQLite need not copy them. */
static int bind_value(sqlite3_stmt *prepared, int at, const struct db_value *value)
{
    const char *bytes = value->text.ptr ? value->text.ptr : "";
    switch (value->kind) {
    case DB_NULL:
        return sqlite3_bind_null(prepared, at);
    case DB_INTEGER:
        return sqlite3_bind_int64(prepared, at, value->integer);
    case DB_TEXT:
        return sqlite3_bind_text64(prepared, at, bytes, value->text.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case DB_BYTES:
        return sqlite3_bind_blob64(prepared, at, bytes, value->text.len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

/* What was read wrongly must be read again, should the file have been mended. */
static void mistrust_memory(struct sqlite *sqlite)
{
    if (sqlite->suspect && sqlite3_get_autocommit(sqlite->handle)) {
        sqlite3_db_release_memory(sqlite->handle);
        sqlite->suspect = false;
    }
}

static void done(struct db_rows *rows)
{
    struct statement *statement = (struct statement *)rows;
    if (!statement)
        return;
    struct sqlite *sqlite = sqlite_of(rows->db);
    sqlite3_reset(statement->prepared);
    sqlite3_clear_bindings(statement->prepared);
    statement->at_work = false;
    if (!statement->kept)
        statement_free(statement);
    mistrust_memory(sqlite);
}

static int ask(struct db *db, struct str sql, const struct db_value *values, size_t n,
               struct db_rows **ret_rows)
{
    struct sqlite *sqlite = sqlite_of(db);
    struct statement *statement;
    int status = statement_prepare(sqlite, sql, &statement);
    if (status < 0)
        return status;
    for (size_t i = 0; i < n; i++) {
        int code = bind_value(statement->prepared, (int)i + 1, &values[i]);
        if (code != SQLITE_OK) {
            status = fail(sqlite, code);
            done(&statement->rows);
            return status;
        }
    }
    *ret_rows = &statement->rows;
    return 0;
}

static int next(struct db_rows *rows)
{
    struct statement *statement = (struct statement *)rows;
    int code = sqlite3_step(statement->prepared);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : fail(sqlite_of(rows->db), code);
}

static int64_t column_integer(struct db_rows *rows, unsigned column)
{
    return sqlite3_column_int64(((struct statement *)rows)->prepared, (int)column);
}

static struct str column_text(struct db_rows *rows, unsigned column)
{
    sqlite3_stmt *prepared = ((struct statement *)rows)->prepared;
    const char *bytes = sqlite3_column_blob(prepared, (int)column);
    return str_of(bytes, (size_t)sqlite3_column_bytes(prepared, (int)column));
}

static uint64_t changed(struct db *db)
{
    return (uint64_t)sqlite3_changes64(sqlite_of(db)->handle);
}

/* ---- transactions and schema ---- */

/* A statement without values or rows. */
static int run(struct db *db, struct str sql)
{
    struct db_rows *rows;
    int status = ask(db, sql, NULL, 0, &rows);
    if (status < 0)
        return status;
    while ((status = next(rows)) > 0)
        ;
    done(rows);
    return status;
}

static int script(struct db *db, struct str sql)
{
    struct sqlite *sqlite = sqlite_of(db);
    while (sql.len) {
        sqlite3_stmt *prepared;
        const char *rest;
        int code = sqlite3_prepare_v2(sqlite->handle, sql.ptr, (int)sql.len, &prepared, &rest);
        if (code != SQLITE_OK)
            return fail(sqlite, code);
        code = sqlite3_step(prepared); /* of white space: NULL, SQLITE_MISUSE */
        bool empty = !prepared;
        int status = empty || code == SQLITE_DONE ? 0 : fail(sqlite, code);
        sqlite3_finalize(prepared);
        if (status < 0)
            return status;
        sql = str_skip(sql, (size_t)(rest - sql.ptr));
    }
    return 0;
}

static int begin(struct db *db)
{
    return run(db, STR("BEGIN IMMEDIATE"));
}

static int commit(struct db *db)
{
    return run(db, STR("COMMIT"));
}

static void rollback(struct db *db)
{
    struct sqlite *sqlite = sqlite_of(db);
    char problem[ERR_MESSAGE_MAX];
    memcpy(problem, sqlite->problem, sizeof(problem));
    /* Some failures have rolled back already. */
    if (!sqlite3_get_autocommit(sqlite->handle))
        run(db, STR("ROLLBACK"));
    mistrust_memory(sqlite);
    memcpy(sqlite->problem, problem, sizeof(problem));
}

static int pragma_integer(struct db *db, struct str sql, int64_t *ret_number)
{
    struct db_rows *rows;
    int status = ask(db, sql, NULL, 0, &rows);
    if (status < 0)
        return status;
    status = next(rows);
    if (status > 0)
        *ret_number = column_integer(rows, 0);
    done(rows);
    return status < 0 ? status : 0;
}

static int schema(struct db *db, int64_t *ret_schema)
{
    struct sqlite *sqlite = sqlite_of(db);
    int64_t application = 0, version = 0, objects = 0;
    int status = pragma_integer(db, STR("PRAGMA application_id"), &application);
    if (status == 0)
        status = pragma_integer(db, STR("PRAGMA user_version"), &version);
    if (status == 0)
        status = pragma_integer(db, STR("SELECT count(*) FROM sqlite_schema"), &objects);
    if (status < 0)
        return status;
    bool empty = objects == 0 && application == 0 && version == 0;
    if (!empty && application != APPLICATION_ID) {
        snprintf(sqlite->problem, sizeof(sqlite->problem),
                 "%.200s: is a database, but not a ledger of jaga", sqlite->path);
        return -EBADMSG;
    }
    *ret_schema = version;
    return 0;
}

static int set_schema(struct db *db, int64_t number)
{
    /* A PRAGMA takes no bound values; these are numbers of our own. */
    char sql[128];
    int len = snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %lld",
                       APPLICATION_ID, (long long)number);
    return script(db, str_of(sql, (size_t)len));
}

static const char *problem(const struct db *db)
{
    return ((const struct sqlite *)db)->problem;
}

/* ---- opening ---- */

static const char *const settings[] = {
    "PRAGMA journal_mode = WAL",        "PRAGMA synchronous = FULL",   "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",      "PRAGMA cell_size_check = ON", "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768",       /* KiB */
    "PRAGMA wal_autocheckpoint = 4000", /* pages */
};

static int configure(struct sqlite *sqlite, const struct db_options *options)
{
    sqlite3_extended_result_codes(sqlite->handle, 1);
    sqlite3_busy_timeout(sqlite->handle, BUSY_MS);
    sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    for (size_t i = options->read_only ? 1 : 0; i < sizeof(settings) / sizeof(*settings); i++) {
        int status = run(&sqlite->db, str_from_c(settings[i]));
        if (status < 0)
            return status;
    }
    return 0;
}

static void close_connection(struct db *db)
{
    struct sqlite *sqlite = sqlite_of(db);
    if (!sqlite)
        return;
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        if (sqlite->cache[i])
            statement_free(sqlite->cache[i]);
    sqlite3_close(sqlite->handle);
    free(sqlite->path);
    free(sqlite);
}

/* Makes the file before SQLite does: what is in it is not for other users of the machine. */
static int create_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    close(fd);
    return 0;
}

static struct db *open_connection(const char *place, const struct db_options *options,
                                  struct err *err)
{
    int flags = options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (options->create && !options->read_only && access(place, W_OK) < 0 &&
        create_file(place, err) < 0)
        return NULL;
    if (access(place, R_OK) < 0) {
        err_set(err, -errno, "%s: %s", place, strerror(errno));
        return NULL;
    }
    struct sqlite *sqlite = calloc(1, sizeof(*sqlite));
    if (!sqlite || !(sqlite->path = strdup(place))) {
        free(sqlite);
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    sqlite->db.ops = &db_sqlite;
    int code = sqlite3_open_v2(place, &sqlite->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
    int status = code == SQLITE_OK ? configure(sqlite, options) : fail(sqlite, code);
    if (status < 0) {
        err_set(err, status, "%s", sqlite->problem);
        close_connection(&sqlite->db);
        return NULL;
    }
    return &sqlite->db;
}

const struct db_ops db_sqlite = {
    .scheme = "sqlite",
    .open = open_connection,
    .close = close_connection,
    .ask = ask,
    .next = next,
    .integer = column_integer,
    .text = column_text,
    .done = done,
    .changed = changed,
    .script = script,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .schema = schema,
    .set_schema = set_schema,
    .problem = problem,
};
