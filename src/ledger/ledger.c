#include "ledger/ledger.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "io/clock.h"
#include "ledger/inside.h"

static const struct db_ops *const engines[] = {&db_sqlite};

const struct db_ops *db_engine(struct str url, struct str *ret_place)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        *ret_place = str_behind_scheme(url, engines[i]->scheme);
        if (ret_place->len)
            return engines[i];
    }
    return NULL;
}

/* ---- opening and closing ---- */

static int open_database(struct ledger *ledger, const char *url,
                         const struct ledger_options *options, struct err *err)
{
    struct str place;
    const struct db_ops *engine = db_engine(str_from_c(url), &place);
    if (!engine)
        return err_set(err, -EINVAL, "'%s' is no ledger: it should be sqlite:PATH", url);
    struct db_options how = {.create = options->create, .read_only = options->read_only};
    ledger->db = engine->open(place.ptr, &how, err);
    if (!ledger->db)
        return err->code;
    return migrate(ledger->db, SCHEMA_LATEST, options->create && !options->read_only, err);
}

static int open_key(struct ledger *ledger, const struct ledger_options *options, struct err *err)
{
    if (!options->key)
        return 0;
    ledger->key = journal_key_open(options->key, options->create && !options->read_only, err);
    if (!ledger->key)
        return err->code;
    int status = journal_key_check(ledger);
    return status < 0 ? err_set(err, status, "%s: %s", options->key, ledger->problem) : 0;
}

struct ledger *ledger_open(const char *url, const struct ledger_options *options, struct err *err)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    if (!ledger || sodium_init() < 0) {
        free(ledger);
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    ledger->now = options->now ? options->now : clock_now_us;
    ledger->read_only = options->read_only;
    arena_init(&ledger->answer, LEDGER_ANSWER_MAX);
    if (open_database(ledger, url, options, err) < 0 || open_key(ledger, options, err) < 0) {
        ledger_close(ledger);
        return NULL;
    }
    return ledger;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger_abort(ledger);
    if (ledger->db)
        ledger->db->ops->close(ledger->db);
    journal_key_free(ledger->key);
    vec_free(&ledger->topics);
    free(ledger->folds);
    buf_free(&ledger->actor);
    buf_free(&ledger->action);
    arena_free(&ledger->answer);
    free(ledger);
}

const char *ledger_problem(const struct ledger *ledger)
{
    return ledger->problem;
}

/* ---- queries ---- */

int ledger_refuse(struct ledger *ledger, int status, const char *format, ...)
{
    struct err err;
    char text[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    err_set(&err, status, "%s", text); /* makes it printable */
    memcpy(ledger->problem, err.message, sizeof(ledger->problem));
    return status;
}

int ledger_fail(struct ledger *ledger, int status)
{
    if (status == -ENOMEM)
        ledger_refuse(ledger, status, "no memory");
    else
        ledger_refuse(ledger, status, "%s", ledger->db->ops->problem(ledger->db));
    if (ledger->open && ledger->broken == 0)
        ledger->broken = status;
    return status;
}

int ledger_ask(struct ledger *ledger, struct str sql, const struct db_value *values, size_t n,
               struct db_rows **ret_rows)
{
    *ret_rows = NULL;
    if (ledger->broken < 0)
        return ledger->broken;
    int status = ledger->db->ops->ask(ledger->db, sql, values, n, ret_rows);
    return status < 0 ? ledger_fail(ledger, status) : 0;
}

int ledger_next(struct ledger *ledger, struct db_rows *rows)
{
    int status = ledger->db->ops->next(rows);
    return status < 0 ? ledger_fail(ledger, status) : status;
}

void ledger_done(struct ledger *ledger, struct db_rows *rows)
{
    ledger->db->ops->done(rows);
}

int ledger_run(struct ledger *ledger, struct str sql, const struct db_value *values, size_t n,
               uint64_t *ret_changed)
{
    struct db_rows *rows;
    int status = ledger_ask(ledger, sql, values, n, &rows);
    if (status < 0)
        return status;
    while ((status = ledger_next(ledger, rows)) > 0)
        ;
    ledger_done(ledger, rows);
    if (status == 0 && ret_changed)
        *ret_changed = ledger->db->ops->changed(ledger->db);
    return status;
}

int ledger_number(struct ledger *ledger, struct str sql, const struct db_value *values, size_t n,
                  int64_t *ret_number)
{
    struct db_rows *rows;
    int status = ledger_ask(ledger, sql, values, n, &rows);
    if (status < 0)
        return status;
    status = ledger_next(ledger, rows);
    if (status > 0)
        *ret_number = ledger->db->ops->integer(rows, 0);
    ledger_done(ledger, rows);
    return status > 0 ? 0 : status < 0 ? status : -ENOENT;
}

struct db_value db_time(int64_t time)
{
    return time == TIME_UNSET ? (struct db_value){.kind = DB_NULL} : db_integer(time);
}

/* ---- transactions ---- */

/* After a transaction, however it ended. */
static void settle(struct ledger *ledger)
{
    ledger->open = false;
    ledger->broken = 0;
    ledger->change = 0;
    finding_forget(ledger);
    journal_forget(ledger);
}

int ledger_begin(struct ledger *ledger, struct str actor, struct str action)
{
    if (ledger->open)
        return ledger_refuse(ledger, -EBUSY, "a transaction is open already");
    if (ledger->read_only)
        return ledger_refuse(ledger, -EROFS, "the ledger was opened to be read only");
    buf_clear(&ledger->actor);
    buf_add_str(&ledger->actor, text_cut(actor));
    buf_clear(&ledger->action);
    buf_add_str(&ledger->action, text_cut(action));
    if (ledger->actor.failed || ledger->action.failed)
        return ledger_fail(ledger, -ENOMEM);
    int status = ledger->db->ops->begin(ledger->db);
    if (status < 0) {
        ledger_fail(ledger, status);
        ledger->db->ops->rollback(ledger->db);
        return status;
    }
    ledger->open = true;
    return 0;
}

int ledger_commit(struct ledger *ledger)
{
    if (!ledger->open)
        return ledger_refuse(ledger, -EINVAL, "no transaction is open");
    int status = ledger->broken;
    if (status == 0)
        status = finding_flush(ledger);
    if (status == 0)
        status = journal_append(ledger);
    if (status == 0) {
        status = ledger->db->ops->commit(ledger->db);
        if (status < 0)
            ledger_fail(ledger, status);
    }
    if (status < 0)
        ledger->db->ops->rollback(ledger->db);
    settle(ledger);
    return status;
}

void ledger_abort(struct ledger *ledger)
{
    if (!ledger->open)
        return;
    ledger->db->ops->rollback(ledger->db);
    settle(ledger);
}

int change_begin(struct ledger *ledger, struct str actor, const char *action, bool *ret_own)
{
    *ret_own = !ledger->open;
    return ledger->open ? ledger->broken : ledger_begin(ledger, actor, str_from_c(action));
}

int change_end(struct ledger *ledger, bool own, int status)
{
    if (!own)
        return status;
    if (status == 0)
        return ledger_commit(ledger);
    ledger_abort(ledger);
    return status;
}

int change_version(struct ledger *ledger)
{
    return ledger_run(ledger, STR("UPDATE counter SET value = value + 1 WHERE name = 'version'"),
                      NULL, 0, NULL);
}

int ledger_version(struct ledger *ledger, uint64_t *ret_version)
{
    int64_t version;
    int status = ledger_number(ledger, STR("SELECT value FROM counter WHERE name = 'version'"),
                               NULL, 0, &version);
    if (status == 0)
        *ret_version = (uint64_t)version;
    return status;
}

/* ---- answers ---- */

void answer_begin(struct ledger *ledger)
{
    if (ledger->answer.size > LEDGER_ANSWER_KEPT)
        arena_free(&ledger->answer);
    else
        arena_reset(&ledger->answer);
}

int answer_copy(struct ledger *ledger, struct str text, struct str *ret_copy)
{
    struct str copy = arena_copy(&ledger->answer, text);
    if (!copy.ptr)
        return ledger_fail(ledger, -ENOMEM);
    *ret_copy = copy;
    return 0;
}

bool ledger_scope_has(const struct ledger_scope *scope, struct str agency)
{
    for (size_t i = 0; !scope->all && i < scope->n; i++)
        if (str_eq(scope->agencies[i], agency))
            return true;
    return scope->all;
}

int scope_add(struct ledger *ledger, const struct ledger_scope *scope, const char *column,
              struct buf *sql, struct db_value *values, size_t *n)
{
    if (scope->all) {
        buf_add_c(sql, "1 = 1");
        return 0;
    }
    if (scope->n > LEDGER_AGENCIES_MAX)
        return ledger_refuse(ledger, -E2BIG, "more than %d agencies", LEDGER_AGENCIES_MAX);
    if (scope->n == 0)
        buf_add_c(sql, "1 = 0");
    for (size_t i = 0; i < scope->n; i++) {
        values[(*n)++] = db_text(scope->agencies[i]);
        buf_printf(sql, "%s%s?%zu", i ? "" : column, i ? ", " : " IN (", *n);
    }
    if (scope->n)
        buf_add_byte(sql, ')');
    return 0;
}
