#include "ledger/kept_hunt.h"

#include <errno.h>
#include <sodium.h>

#include "ledger/inside.h"
#include "ledger/token.h"

static const char *const outcome_names[] = {
    [HUNT_FOUND] = "found",
    [HUNT_CLEAN] = "clean",
    [HUNT_NO_DATA] = "no-data",
    [HUNT_FAILED] = "failed",
};

const char *hunt_outcome_name(enum hunt_outcome outcome)
{
    return outcome_names[outcome];
}

bool kept_hunt_in_scope(const struct ledger_scope *scope, struct str agencies)
{
    struct str agency;
    if (scope->all)
        return true;
    if (agencies.len == 0)
        return false;
    while (str_cut(&agencies, ',', &agency))
        if (str_eq(agency, STR("*")) || !ledger_scope_has(scope, agency))
            return false;
    return true;
}

/* ---- what may be saved ---- */

static bool labels_ok(struct str agencies)
{
    struct str agency;
    if (str_eq(agencies, STR("*")))
        return true;
    if (agencies.len == 0)
        return false;
    while (str_cut(&agencies, ',', &agency))
        if (!label_ok(agency))
            return false;
    return true;
}

static int check(struct ledger *ledger, const struct kept_hunt *hunt)
{
    if (!labels_ok(hunt->agencies))
        return ledger_refuse(ledger, -EINVAL, "'%.*s' are no labels of agencies: a,b or *",
                             STR_ARG(str_first(hunt->agencies, 80)));
    if (hunt->text.len > KEPT_HUNT_TEXT_MAX)
        return ledger_refuse(ledger, -E2BIG, "a hunt of %zu bytes, at most %u are taken",
                             hunt->text.len, KEPT_HUNT_TEXT_MAX);
    if (hunt->id.len == 0 || hunt->text.len == 0)
        return ledger_refuse(ledger, -EINVAL, "a hunt has an id and a text");
    return 0;
}

/* The text itself is in the table; its hash shows that it is still the same. */
static int note_hunt(struct ledger *ledger, const char *key, const struct kept_hunt *hunt)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(hash) + 1];
    struct buf note = {0};
    crypto_hash_sha256(hash, (const unsigned char *)hunt->text.ptr, hunt->text.len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    buf_add_c(&note, "{\"agencies\":");
    buf_add_json(&note, hunt->agencies);
    buf_add_c(&note, ",\"id\":");
    buf_add_json(&note, hunt->id);
    buf_printf(&note, ",\"text\":\"%s\"}", hex);
    return journal_note_buf(ledger, key, &note);
}

/* ---- changes ---- */

static int insert(struct ledger *ledger, const struct kept_hunt *hunt)
{
    int64_t now = ledger->now(), n = 0;
    uint64_t changed = 0;
    int status = ledger_number(ledger, STR("SELECT count(*) FROM kept_hunt"), NULL, 0, &n);
    if (status == 0 && n >= KEPT_HUNTS_MAX)
        return ledger_refuse(ledger, -E2BIG, "at most %d hunts are kept", KEPT_HUNTS_MAX);
    if (status == 0)
        status =
            ledger_run(ledger,
                       STR("INSERT INTO kept_hunt (id, owner, agencies, text, created, changed) "
                           "VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO NOTHING"),
                       DB_VALUES(db_text(hunt->id), db_text(text_cut(hunt->owner)),
                                 db_text(hunt->agencies), db_text(hunt->text), db_integer(now)),
                       &changed);
    if (status == 0 && changed == 0)
        return ledger_refuse(ledger, -EEXIST, "there is a hunt '%.*s' already",
                             STR_ARG(str_first(hunt->id, 80)));
    if (status == 0)
        status = change_version(ledger);
    return status < 0 ? status : note_hunt(ledger, "hunt.add", hunt);
}

int kept_hunt_add(struct ledger *ledger, const struct kept_hunt *hunt)
{
    bool own;
    int status = check(ledger, hunt);
    if (status == 0)
        status = change_begin(ledger, hunt->owner, "hunt.add", &own);
    return status < 0 ? status : change_end(ledger, own, insert(ledger, hunt));
}

static int update(struct ledger *ledger, const struct ledger_scope *scope,
                  const struct kept_hunt *hunt)
{
    struct kept_hunt before;
    int status = kept_hunt_get(ledger, scope, hunt->id, &before);
    if (status == 0)
        status = ledger_run(
            ledger,
            STR("UPDATE kept_hunt SET agencies = ?2, text = ?3, changed = ?4 WHERE id = ?1"),
            DB_VALUES(db_text(hunt->id), db_text(hunt->agencies), db_text(hunt->text),
                      db_integer(ledger->now())),
            NULL);
    if (status == 0)
        status = change_version(ledger);
    return status < 0 ? status : note_hunt(ledger, "hunt.change", hunt);
}

int kept_hunt_change(struct ledger *ledger, const struct ledger_scope *scope,
                     const struct kept_hunt *hunt)
{
    bool own;
    int status = check(ledger, hunt);
    if (status == 0)
        status = change_begin(ledger, hunt->owner, "hunt.change", &own);
    return status < 0 ? status : change_end(ledger, own, update(ledger, scope, hunt));
}

static int erase(struct ledger *ledger, const struct ledger_scope *scope, struct str id)
{
    struct kept_hunt before;
    struct buf note = {0};
    int status = kept_hunt_get(ledger, scope, id, &before);
    if (status == 0)
        status = ledger_run(ledger, STR("DELETE FROM kept_hunt WHERE id = ?1"),
                            DB_VALUES(db_text(id)), NULL);
    if (status == 0)
        status = ledger_run(ledger, STR("DELETE FROM hunt_run WHERE hunt = ?1"),
                            DB_VALUES(db_text(id)), NULL);
    if (status == 0)
        status = change_version(ledger);
    if (status < 0)
        return status;
    buf_add_json(&note, id);
    return journal_note_buf(ledger, "hunt.remove", &note);
}

int kept_hunt_remove(struct ledger *ledger, const struct ledger_scope *scope, struct str id)
{
    bool own;
    int status = change_begin(ledger, STR("jaga"), "hunt.remove", &own);
    return status < 0 ? status : change_end(ledger, own, erase(ledger, scope, id));
}

/* ---- questions ---- */

static struct kept_hunt hunt_of(const struct db_ops *ops, struct db_rows *rows)
{
    return (struct kept_hunt){
        .id = ops->text(rows, 0),
        .owner = ops->text(rows, 1),
        .agencies = ops->text(rows, 2),
        .text = ops->text(rows, 3),
        .created = ops->integer(rows, 4),
        .changed = ops->integer(rows, 5),
    };
}

#define HUNT_COLUMNS "SELECT id, owner, agencies, text, created, changed FROM kept_hunt "

int kept_hunt_list(struct ledger *ledger, const struct ledger_scope *scope,
                   int (*each)(void *context, const struct kept_hunt *hunt), void *context)
{
    struct db_rows *rows;
    int status = ledger_ask(ledger, STR(HUNT_COLUMNS "ORDER BY id"), NULL, 0, &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct kept_hunt hunt = hunt_of(ledger->db->ops, rows);
        if (kept_hunt_in_scope(scope, hunt.agencies))
            status = each(context, &hunt);
    }
    ledger_done(ledger, rows);
    return status;
}

/* Texts that outlive the query. */
static int copy_hunt(struct ledger *ledger, const struct kept_hunt *hunt,
                     struct kept_hunt *ret_hunt)
{
    struct kept_hunt copy = *hunt;
    answer_begin(ledger);
    int status = answer_copy(ledger, hunt->id, &copy.id);
    if (status == 0)
        status = answer_copy(ledger, hunt->owner, &copy.owner);
    if (status == 0)
        status = answer_copy(ledger, hunt->agencies, &copy.agencies);
    if (status == 0)
        status = answer_copy(ledger, hunt->text, &copy.text);
    if (status == 0)
        *ret_hunt = copy;
    return status;
}

int kept_hunt_get(struct ledger *ledger, const struct ledger_scope *scope, struct str id,
                  struct kept_hunt *ret_hunt)
{
    struct db_rows *rows;
    bool found = false;
    int status =
        ledger_ask(ledger, STR(HUNT_COLUMNS "WHERE id = ?1"), DB_VALUES(db_text(id)), &rows);
    if (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct kept_hunt hunt = hunt_of(ledger->db->ops, rows);
        found = kept_hunt_in_scope(scope, hunt.agencies);
        status = found ? copy_hunt(ledger, &hunt, ret_hunt) : 0;
    }
    ledger_done(ledger, rows);
    if (status < 0 || found)
        return status;
    return ledger_refuse(ledger, -ENOENT, "there is no hunt '%.*s'", STR_ARG(str_first(id, 80)));
}

/* ---- runs ---- */

static int note_run(struct ledger *ledger, const struct hunt_run *run)
{
    struct buf note = {0};
    buf_add_c(&note, "{\"agency\":");
    buf_add_json(&note, run->agency);
    buf_printf(&note, ",\"due\":%lld,\"findings\":%llu,\"hunt\":", (long long)run->due,
               (unsigned long long)run->findings);
    buf_add_json(&note, run->hunt);
    buf_printf(&note, ",\"outcome\":\"%s\",\"rows\":%llu}", outcome_names[run->outcome],
               (unsigned long long)run->rows);
    return journal_note_buf(ledger, "hunt.run", &note);
}

int hunt_run_put(struct ledger *ledger, const struct hunt_run *run)
{
    bool own;
    int status = change_begin(ledger, STR("jaga"), "hunt.run", &own);
    if (status < 0)
        return status;
    status = ledger_run(
        ledger,
        STR("INSERT INTO hunt_run (hunt, agency, due, ended, time_us, outcome, row_count, "
            "findings, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
            "ON CONFLICT (hunt, agency) DO UPDATE SET due = excluded.due, ended = excluded.ended, "
            "time_us = excluded.time_us, outcome = excluded.outcome, "
            "row_count = excluded.row_count, findings = excluded.findings, "
            "problem = excluded.problem"),
        DB_VALUES(db_text(run->hunt), db_text(run->agency), db_integer(run->due),
                  db_integer(run->ended), db_integer(run->time_us), db_integer(run->outcome),
                  db_integer((int64_t)run->rows), db_integer((int64_t)run->findings),
                  db_text(text_cut(run->problem))),
        NULL);
    if (status == 0)
        status = note_run(ledger, run);
    return change_end(ledger, own, status);
}

static struct hunt_run run_of(const struct db_ops *ops, struct db_rows *rows)
{
    return (struct hunt_run){
        .hunt = ops->text(rows, 0),
        .agency = ops->text(rows, 1),
        .due = ops->integer(rows, 2),
        .ended = ops->integer(rows, 3),
        .time_us = ops->integer(rows, 4),
        .outcome = (enum hunt_outcome)ops->integer(rows, 5),
        .rows = (uint64_t)ops->integer(rows, 6),
        .findings = (uint64_t)ops->integer(rows, 7),
        .problem = ops->text(rows, 8),
    };
}

int hunt_run_list(struct ledger *ledger, const struct ledger_scope *scope, struct str hunt,
                  int (*each)(void *context, const struct hunt_run *run), void *context)
{
    struct db_value values[1 + LEDGER_AGENCIES_MAX] = {db_text(hunt)};
    size_t n = 1;
    struct db_rows *rows = NULL;
    struct buf sql = {0};
    buf_add_c(&sql, "SELECT hunt, agency, due, ended, time_us, outcome, row_count, findings, "
                    "problem FROM hunt_run WHERE (?1 = '' OR hunt = ?1) AND ");
    int status = scope_add(ledger, scope, "agency", &sql, values, &n);
    buf_add_c(&sql, " ORDER BY hunt, agency");
    if (status == 0)
        status = sql.failed ? ledger_fail(ledger, -ENOMEM)
                            : ledger_ask(ledger, buf_str(&sql), values, n, &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct hunt_run run = run_of(ledger->db->ops, rows);
        status = each(context, &run);
    }
    ledger_done(ledger, rows);
    buf_free(&sql);
    return status;
}
