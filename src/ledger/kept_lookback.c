#include "ledger/kept_lookback.h"

#include <errno.h>

#include "base/time.h"
#include "ledger/inside.h"

static const char *const state_names[] = {
    [LOOKBACK_WAITING] = "waiting",     [LOOKBACK_RUNNING] = "running", [LOOKBACK_DONE] = "done",
    [LOOKBACK_CANCELLED] = "cancelled", [LOOKBACK_FAILED] = "failed",
};

static const char *const verdict_names[] = {
    [VERDICT_AFFECTED] = "affected",
    [VERDICT_CLEAN] = "clean",
    [VERDICT_CANNOT_TELL] = "cannot tell",
};

const char *lookback_state_name(enum lookback_state state)
{
    return state_names[state];
}

const char *lookback_verdict_name(enum lookback_verdict verdict)
{
    return verdict_names[verdict];
}

/* ---- changes ---- */

static int note(struct ledger *ledger, const char *key, struct str id, struct str rules)
{
    struct buf json = {0};
    buf_add_c(&json, "{\"id\":");
    buf_add_json(&json, id);
    if (rules.len) {
        buf_add_c(&json, ",\"rules\":");
        buf_add_str(&json, rules);
    }
    buf_add_byte(&json, '}');
    return journal_note_buf(ledger, key, &json);
}

int kept_lookback_add(struct ledger *ledger, const struct kept_lookback *lookback,
                      char ret_id[static LOOKBACK_ID_MAX])
{
    char id[ID_TEXT_MAX];
    bool own;
    int status = change_begin(ledger, STR("jaga"), "lookback.add", &own);
    if (status < 0)
        return status;
    int64_t now = ledger->now();
    id_make("l-", now, id);
    status = ledger_run(
        ledger,
        STR("INSERT INTO lookback (id, state, rules, offsets, created, ended, until, done, total, "
            "candidates, matches, problem) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 0, 0, 0, 0, '')"),
        DB_VALUES(db_text(str_from_c(id)), db_integer(LOOKBACK_WAITING), db_text(lookback->rules),
                  db_bytes(lookback->offsets), db_integer(now), db_integer(INT64_MAX)),
        NULL);
    if (status == 0)
        status = note(ledger, "lookback.add", str_from_c(id), lookback->rules);
    status = change_end(ledger, own, status);
    if (status == 0)
        memcpy(ret_id, id, strlen(id) + 1);
    return status;
}

int kept_lookback_put(struct ledger *ledger, const struct kept_lookback *lookback)
{
    bool own;
    uint64_t changed = 0;
    int status = change_begin(ledger, STR("jaga"), "lookback.put", &own);
    if (status < 0)
        return status;
    status = ledger_run(
        ledger,
        STR("UPDATE lookback SET state = ?2, offsets = ?3, ended = ?4, until = ?5, done = ?6, "
            "total = ?7, candidates = ?8, matches = ?9, problem = ?10 WHERE id = ?1 AND state <> "
            "?11"),
        DB_VALUES(db_text(lookback->id), db_integer(lookback->state), db_bytes(lookback->offsets),
                  db_integer(lookback->ended), db_integer(lookback->until),
                  db_integer((int64_t)lookback->done), db_integer((int64_t)lookback->total),
                  db_integer((int64_t)lookback->candidates), db_integer((int64_t)lookback->matches),
                  db_text(text_cut(lookback->problem)), db_integer(LOOKBACK_CANCELLED)),
        &changed);
    if (status == 0 && changed == 0)
        status = -ENOENT;
    return change_end(ledger, own, status);
}

/* A look of one of two states gets another. */
static int move(struct ledger *ledger, struct str id, const char *action,
                const enum lookback_state from[static 2], enum lookback_state to)
{
    bool own;
    uint64_t changed = 0;
    int status = change_begin(ledger, STR("jaga"), action, &own);
    if (status < 0)
        return status;
    status = ledger_run(
        ledger, STR("UPDATE lookback SET state = ?2 WHERE id = ?1 AND state IN (?3, ?4)"),
        DB_VALUES(db_text(id), db_integer(to), db_integer(from[0]), db_integer(from[1])), &changed);
    if (status == 0 && changed == 0)
        status = ledger_refuse(ledger, -ENOENT, "there is no such look-back '%.*s' to do that with",
                               STR_ARG(str_first(id, ID_TEXT_MAX)));
    if (status == 0)
        status = change_version(ledger);
    if (status == 0)
        status = note(ledger, action, id, (struct str){0});
    return change_end(ledger, own, status);
}

int kept_lookback_cancel(struct ledger *ledger, struct str id)
{
    static const enum lookback_state from[] = {LOOKBACK_WAITING, LOOKBACK_RUNNING};
    return move(ledger, id, "lookback.cancel", from, LOOKBACK_CANCELLED);
}

int kept_lookback_resume(struct ledger *ledger, struct str id)
{
    static const enum lookback_state from[] = {LOOKBACK_CANCELLED, LOOKBACK_FAILED};
    return move(ledger, id, "lookback.resume", from, LOOKBACK_WAITING);
}

/* ---- questions ---- */

#define COLUMNS                                                                                    \
    "id, state, rules, offsets, created, ended, until, done, total, candidates, matches, problem"

static struct kept_lookback read_row(const struct db_ops *ops, struct db_rows *rows)
{
    return (struct kept_lookback){
        .id = ops->text(rows, 0),
        .state = (enum lookback_state)ops->integer(rows, 1),
        .rules = ops->text(rows, 2),
        .offsets = ops->text(rows, 3),
        .created = ops->integer(rows, 4),
        .ended = ops->integer(rows, 5),
        .until = ops->integer(rows, 6),
        .done = (uint64_t)ops->integer(rows, 7),
        .total = (uint64_t)ops->integer(rows, 8),
        .candidates = (uint64_t)ops->integer(rows, 9),
        .matches = (uint64_t)ops->integer(rows, 10),
        .problem = ops->text(rows, 11),
    };
}

int kept_lookback_list(struct ledger *ledger, uint32_t limit,
                       int (*each)(void *context, const struct kept_lookback *lookback),
                       void *context)
{
    struct db_rows *rows = NULL;
    int status =
        ledger_ask(ledger, STR("SELECT " COLUMNS " FROM lookback ORDER BY id DESC LIMIT ?1"),
                   DB_VALUES(db_integer(limit)), &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct kept_lookback lookback = read_row(ledger->db->ops, rows);
        status = each(context, &lookback);
    }
    ledger_done(ledger, rows);
    return status;
}

int kept_lookback_get(struct ledger *ledger, struct str id, struct kept_lookback *ret_lookback)
{
    struct db_rows *rows = NULL;
    answer_begin(ledger);
    int status = ledger_ask(ledger, STR("SELECT " COLUMNS " FROM lookback WHERE id = ?1"),
                            DB_VALUES(db_text(id)), &rows);
    if (status == 0)
        status = ledger_next(ledger, rows);
    if (status > 0) {
        struct kept_lookback found = read_row(ledger->db->ops, rows);
        struct str *const texts[] = {&found.id, &found.rules, &found.offsets, &found.problem};
        status = 0;
        for (size_t i = 0; status == 0 && i < sizeof(texts) / sizeof(*texts); i++)
            status = answer_copy(ledger, *texts[i], texts[i]);
        if (status == 0)
            *ret_lookback = found;
    } else if (status == 0) {
        status = ledger_refuse(ledger, -ENOENT, "there is no look-back '%.*s'",
                               STR_ARG(str_first(id, ID_TEXT_MAX)));
    }
    ledger_done(ledger, rows);
    return status;
}

int kept_lookback_next(struct ledger *ledger, char ret_id[static LOOKBACK_ID_MAX])
{
    struct db_rows *rows = NULL;
    int status = ledger_ask(
        ledger, STR("SELECT id FROM lookback WHERE state IN (?1, ?2) ORDER BY id LIMIT 1"),
        DB_VALUES(db_integer(LOOKBACK_WAITING), db_integer(LOOKBACK_RUNNING)), &rows);
    if (status == 0)
        status = ledger_next(ledger, rows);
    if (status > 0) {
        struct str id = ledger->db->ops->text(rows, 0);
        status = id.len < LOOKBACK_ID_MAX ? 0 : -EIO;
        if (status == 0)
            memcpy(ret_id, id.ptr, id.len);
        ret_id[status == 0 ? id.len : 0] = '\0';
    } else if (status == 0) {
        status = -ENOENT;
    }
    ledger_done(ledger, rows);
    return status;
}

/* ---- verdicts ---- */

int kept_verdict_put(struct ledger *ledger, struct str lookback, const struct kept_verdict *verdict)
{
    bool own;
    int status = change_begin(ledger, STR("jaga"), "lookback.put", &own);
    if (status < 0)
        return status;
    status = ledger_run(
        ledger,
        STR("INSERT INTO lookback_verdict (lookback, rule, agency, verdict, matches, first_time, "
            "last_time, days, datasets, missing) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
            "ON CONFLICT (lookback, rule, agency) DO UPDATE SET verdict = excluded.verdict, "
            "matches = lookback_verdict.matches + excluded.matches, "
            "first_time = CASE WHEN lookback_verdict.matches = 0 OR (excluded.matches > 0 AND "
            "excluded.first_time < lookback_verdict.first_time) THEN excluded.first_time "
            "ELSE lookback_verdict.first_time END, "
            "last_time = CASE WHEN lookback_verdict.matches = 0 OR (excluded.matches > 0 AND "
            "excluded.last_time > lookback_verdict.last_time) THEN excluded.last_time "
            "ELSE lookback_verdict.last_time END, "
            "days = excluded.days, datasets = excluded.datasets, missing = excluded.missing"),
        DB_VALUES(db_text(lookback), db_text(text_cut(verdict->rule)), db_text(verdict->agency),
                  db_integer(verdict->verdict), db_integer((int64_t)verdict->matches),
                  db_integer(verdict->first), db_integer(verdict->last), db_integer(verdict->days),
                  db_text(verdict->datasets), db_text(verdict->missing)),
        NULL);
    return change_end(ledger, own, status);
}

int kept_verdict_remove(struct ledger *ledger, struct str lookback, struct str rule)
{
    bool own;
    int status = change_begin(ledger, STR("jaga"), "lookback.put", &own);
    if (status < 0)
        return status;
    status =
        ledger_run(ledger, STR("DELETE FROM lookback_verdict WHERE lookback = ?1 AND rule = ?2"),
                   DB_VALUES(db_text(lookback), db_text(text_cut(rule))), NULL);
    return change_end(ledger, own, status);
}

int kept_verdict_list(struct ledger *ledger, const struct ledger_scope *scope, struct str lookback,
                      int (*each)(void *context, const struct kept_verdict *verdict), void *context)
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_value values[1 + LEDGER_AGENCIES_MAX] = {db_text(lookback)};
    size_t n = 1;
    struct db_rows *rows = NULL;
    struct buf sql = {0};
    buf_add_c(&sql, "SELECT rule, agency, verdict, matches, first_time, last_time, days, datasets, "
                    "missing FROM lookback_verdict WHERE lookback = ?1 AND ");
    int status = scope_add(ledger, scope, "agency", &sql, values, &n);
    buf_add_c(&sql, " ORDER BY rule, agency");
    if (status == 0)
        status = sql.failed ? ledger_fail(ledger, -ENOMEM)
                            : ledger_ask(ledger, buf_str(&sql), values, n, &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        const struct kept_verdict verdict = {
            .rule = ops->text(rows, 0),
            .agency = ops->text(rows, 1),
            .verdict = (enum lookback_verdict)ops->integer(rows, 2),
            .matches = (uint64_t)ops->integer(rows, 3),
            .first = ops->integer(rows, 4),
            .last = ops->integer(rows, 5),
            .days = (uint32_t)ops->integer(rows, 6),
            .datasets = ops->text(rows, 7),
            .missing = ops->text(rows, 8),
        };
        status = each(context, &verdict);
    }
    ledger_done(ledger, rows);
    buf_free(&sql);
    return status;
}
