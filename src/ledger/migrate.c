#include <errno.h>
#include <sodium.h>

#include "ledger/inside.h"

/*
 * The steps that lead from an empty database to today's, in order; a step that has been released is never changed.
 * Times are µs since 1970.
 */

static const char journal_tables[] =
    "CREATE TABLE counter ("
    "    name TEXT NOT NULL PRIMARY KEY,"
    "    value INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO counter (name, value) VALUES ('version', 1), ('change', 0);"
    "CREATE TABLE secret ("
    "    name TEXT NOT NULL PRIMARY KEY,"
    "    value BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE journal ("
    "    seq INTEGER NOT NULL PRIMARY KEY,"
    "    time INTEGER NOT NULL,"
    "    actor TEXT NOT NULL,"
    "    action TEXT NOT NULL,"
    "    body TEXT NOT NULL,"
    "    hash BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE signature ("
    "    seq INTEGER NOT NULL PRIMARY KEY,"
    "    hash BLOB NOT NULL,"
    "    time INTEGER NOT NULL,"
    "    public_key BLOB NOT NULL,"
    "    signature BLOB NOT NULL"
    ") STRICT;";

/*
 * What changes with every match is apart from what never does: a fold rewrites a short row. `fold` and `once`
 * are hashes of the texts. `number` is the change that opened the finding; `kept`: how many events are.
 */
static const char finding_tables[] =
    "CREATE TABLE finding ("
    "    number INTEGER NOT NULL PRIMARY KEY,"
    "    id TEXT NOT NULL UNIQUE,"
    "    change INTEGER NOT NULL,"
    "    kind INTEGER NOT NULL,"
    "    status INTEGER NOT NULL,"
    "    level INTEGER NOT NULL,"
    "    matches INTEGER NOT NULL,"
    "    throttled INTEGER NOT NULL,"
    "    kept INTEGER NOT NULL,"
    "    first_time INTEGER NOT NULL,"
    "    last_time INTEGER NOT NULL,"
    "    created INTEGER NOT NULL,"
    "    updated INTEGER NOT NULL,"
    "    fold BLOB NOT NULL,"
    "    agency TEXT NOT NULL,"
    "    rule TEXT NOT NULL,"
    "    host TEXT NOT NULL,"
    "    account TEXT NOT NULL,"
    "    source TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE finding_text ("
    "    finding INTEGER NOT NULL PRIMARY KEY REFERENCES finding (number) ON DELETE CASCADE,"
    "    title TEXT NOT NULL,"
    "    title_folded TEXT NOT NULL,"
    "    tags TEXT NOT NULL,"
    "    ocsf TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE finding_event ("
    "    finding INTEGER NOT NULL REFERENCES finding (number) ON DELETE CASCADE,"
    "    ordinal INTEGER NOT NULL,"
    "    partition_number INTEGER NOT NULL,"
    "    spool_offset INTEGER NOT NULL,"
    "    time INTEGER NOT NULL,"
    "    json TEXT NOT NULL,"
    "    PRIMARY KEY (finding, ordinal)"
    ") STRICT;"
    "CREATE TABLE once ("
    "    name BLOB NOT NULL PRIMARY KEY"
    ") STRICT;"
    "CREATE INDEX finding_fold ON finding (fold, last_time) WHERE status = 0;"
    "CREATE UNIQUE INDEX finding_change ON finding (change);"
    "CREATE INDEX finding_last ON finding (last_time);"
    "CREATE INDEX finding_agency ON finding (agency, last_time);"
    "CREATE INDEX finding_agency_level ON finding (agency, level);"
    "CREATE INDEX finding_rule ON finding (rule);"
    "CREATE INDEX finding_host ON finding (host);"
    "CREATE INDEX finding_account ON finding (account);"
    "CREATE INDEX finding_source ON finding (source);"
    "CREATE INDEX finding_level ON finding (level);"
    "CREATE INDEX finding_matches ON finding (matches);";

static const char access_tables[] = "CREATE TABLE token ("
                                    "    id TEXT NOT NULL PRIMARY KEY,"
                                    "    role INTEGER NOT NULL,"
                                    "    agency TEXT NOT NULL,"
                                    "    source TEXT NOT NULL,"
                                    "    rate INTEGER NOT NULL,"
                                    "    note TEXT NOT NULL,"
                                    "    created INTEGER NOT NULL,"
                                    "    expires INTEGER," /* NULL: never */
                                    "    revoked INTEGER NOT NULL,"
                                    "    hash BLOB NOT NULL UNIQUE"
                                    ") STRICT;"
                                    "CREATE TABLE exception ("
                                    "    id TEXT NOT NULL PRIMARY KEY,"
                                    "    agency TEXT NOT NULL,"
                                    "    filter TEXT NOT NULL,"
                                    "    reason TEXT NOT NULL,"
                                    "    author TEXT NOT NULL,"
                                    "    created INTEGER NOT NULL,"
                                    "    expires INTEGER," /* NULL: never */
                                    "    used INTEGER NOT NULL"
                                    ") STRICT;";

static const char progress_tables[] = "CREATE TABLE progress ("
                                      "    consumer TEXT NOT NULL,"
                                      "    partition_number INTEGER NOT NULL,"
                                      "    spool_offset INTEGER NOT NULL,"
                                      "    PRIMARY KEY (consumer, partition_number)"
                                      ") STRICT;"
                                      "CREATE TABLE named_blob ("
                                      "    name TEXT NOT NULL PRIMARY KEY,"
                                      "    bytes BLOB NOT NULL"
                                      ") STRICT;";

/* agency '': the run was over all of them. */
static const char hunt_tables[] = "CREATE TABLE kept_hunt ("
                                  "    id TEXT NOT NULL PRIMARY KEY,"
                                  "    owner TEXT NOT NULL,"
                                  "    agencies TEXT NOT NULL,"
                                  "    text TEXT NOT NULL,"
                                  "    created INTEGER NOT NULL,"
                                  "    changed INTEGER NOT NULL"
                                  ") STRICT;"
                                  "CREATE TABLE hunt_run ("
                                  "    hunt TEXT NOT NULL,"
                                  "    agency TEXT NOT NULL,"
                                  "    due INTEGER NOT NULL,"
                                  "    ended INTEGER NOT NULL,"
                                  "    time_us INTEGER NOT NULL,"
                                  "    outcome INTEGER NOT NULL,"
                                  "    row_count INTEGER NOT NULL,"
                                  "    findings INTEGER NOT NULL,"
                                  "    problem TEXT NOT NULL,"
                                  "    PRIMARY KEY (hunt, agency)"
                                  ") STRICT;";

/* The index: has any finding, open or not, a match already? */
static const char lookback_tables[] = "CREATE TABLE lookback ("
                                      "    id TEXT NOT NULL PRIMARY KEY,"
                                      "    state INTEGER NOT NULL,"
                                      "    rules TEXT NOT NULL,"
                                      "    offsets BLOB NOT NULL,"
                                      "    created INTEGER NOT NULL,"
                                      "    ended INTEGER NOT NULL,"
                                      "    until INTEGER NOT NULL,"
                                      "    done INTEGER NOT NULL,"
                                      "    total INTEGER NOT NULL,"
                                      "    candidates INTEGER NOT NULL,"
                                      "    matches INTEGER NOT NULL,"
                                      "    problem TEXT NOT NULL"
                                      ") STRICT;"
                                      "CREATE TABLE lookback_verdict ("
                                      "    lookback TEXT NOT NULL,"
                                      "    rule TEXT NOT NULL,"
                                      "    agency TEXT NOT NULL,"
                                      "    verdict INTEGER NOT NULL,"
                                      "    matches INTEGER NOT NULL,"
                                      "    first_time INTEGER NOT NULL,"
                                      "    last_time INTEGER NOT NULL,"
                                      "    days INTEGER NOT NULL,"
                                      "    datasets TEXT NOT NULL,"
                                      "    missing TEXT NOT NULL,"
                                      "    PRIMARY KEY (lookback, rule, agency)"
                                      ") STRICT;"
                                      "CREATE INDEX finding_any_fold ON finding (fold);";

/* The secret that cursors are sealed with: one of another ledger is none of ours. */
static int make_cursor_secret(struct db *db)
{
    unsigned char secret[crypto_auth_KEYBYTES];
    struct db_rows *rows;
    randombytes_buf(secret, sizeof(secret));
    int status = db->ops->ask(db, STR("INSERT INTO secret (name, value) VALUES ('cursor', ?1)"),
                              DB_VALUES(db_bytes(str_of((char *)secret, sizeof(secret)))), &rows);
    if (status == 0) {
        status = db->ops->next(rows);
        db->ops->done(rows);
    }
    return status;
}

static const struct {
    const char *sql;
    int (*also)(struct db *db); /* NULL: nothing */
} steps[SCHEMA_LATEST] = {
    {journal_tables, make_cursor_secret},
    {finding_tables, NULL},
    {access_tables, NULL},
    {progress_tables, NULL},
    {hunt_tables, NULL},
    {lookback_tables, NULL},
};

/* The step that is next for the database as it is now; another process may have been faster. */
static int step(struct db *db, int64_t last)
{
    int64_t schema = 0;
    int status = db->ops->begin(db);
    if (status < 0)
        return status;
    status = db->ops->schema(db, &schema);
    if (status == 0 && schema < last) {
        status = db->ops->script(db, str_from_c(steps[schema].sql));
        if (status == 0 && steps[schema].also)
            status = steps[schema].also(db);
        if (status == 0)
            status = db->ops->set_schema(db, schema + 1);
    }
    if (status == 0)
        status = db->ops->commit(db);
    if (status < 0)
        db->ops->rollback(db);
    return status;
}

int migrate(struct db *db, int64_t last, bool allowed, struct err *err)
{
    int64_t schema = 0;
    int status = db->ops->schema(db, &schema);
    while (status == 0 && schema < last && allowed) {
        status = step(db, last);
        if (status == 0)
            status = db->ops->schema(db, &schema);
    }
    if (status < 0)
        return err_set(err, status, "%s", db->ops->problem(db));
    if (schema > last)
        return err_set(err, -EPROTONOSUPPORT,
                       "the ledger was made by a newer jaga: its schema is %lld, this one knows "
                       "up to %lld",
                       (long long)schema, (long long)last);
    if (schema < last)
        return err_set(err, -EPROTONOSUPPORT,
                       "the ledger is as an older jaga left it (schema %lld of %lld); open it for "
                       "writing once, as jaga serve does, to bring it up to date",
                       (long long)schema, (long long)last);
    return 0;
}
