#include "ledger/exception.h"

#include <errno.h>
#include <sodium.h>

#include "base/time.h"
#include "ledger/inside.h"
#include "ledger/token.h"

static int check(struct ledger *ledger, const struct exception *exception)
{
    if (exception->agency.len && !label_ok(exception->agency))
        return ledger_refuse(ledger, -EINVAL, "'%.*s' is no label of an agency",
                             STR_ARG(str_first(exception->agency, 80)));
    if (exception->filter.len == 0)
        return ledger_refuse(ledger, -EINVAL, "an exception needs a filter");
    if (exception->filter.len > EXCEPTION_FILTER_MAX)
        return ledger_refuse(ledger, -E2BIG, "a filter of %zu bytes, at most %d are taken",
                             exception->filter.len, EXCEPTION_FILTER_MAX);
    if (exception->reason.len == 0)
        return ledger_refuse(ledger, -EINVAL, "an exception needs a reason");
    return 0;
}

/* The filter itself is in the table; its hash shows that it is still the same. */
static int note_exception(struct ledger *ledger, const struct exception *exception, const char *id)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(hash) + 1];
    struct buf note = {0};
    crypto_hash_sha256(hash, (const unsigned char *)exception->filter.ptr, exception->filter.len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    buf_add_c(&note, "{\"agency\":");
    buf_add_json(&note, exception->agency);
    buf_add_c(&note, ",\"author\":");
    buf_add_json(&note, text_cut(exception->author));
    if (exception->expires != TIME_UNSET)
        buf_printf(&note, ",\"expires\":%lld", (long long)exception->expires);
    buf_printf(&note, ",\"filter\":\"%s\",\"id\":\"%s\",\"reason\":", hex, id);
    buf_add_json(&note, text_cut(exception->reason));
    buf_add_byte(&note, '}');
    return journal_note_buf(ledger, "exception.add", &note);
}

static int insert(struct ledger *ledger, const struct exception *exception, const char *id,
                  int64_t now)
{
    int status = ledger_run(
        ledger,
        STR("INSERT INTO exception (id, agency, filter, reason, author, created, expires, used) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)"),
        DB_VALUES(db_text(str_from_c(id)), db_text(exception->agency), db_text(exception->filter),
                  db_text(text_cut(exception->reason)), db_text(text_cut(exception->author)),
                  db_integer(now), db_time(exception->expires)),
        NULL);
    if (status == 0)
        status = change_version(ledger);
    return status < 0 ? status : note_exception(ledger, exception, id);
}

int exception_add(struct ledger *ledger, const struct exception *exception,
                  char ret_id[static EXCEPTION_ID_MAX])
{
    char id[ID_TEXT_MAX];
    bool own;
    int status = check(ledger, exception);
    if (status == 0)
        status = change_begin(ledger, exception->author, "exception.add", &own);
    if (status < 0)
        return status;
    int64_t now = ledger->now();
    id_make("x-", now, id);
    status = change_end(ledger, own, insert(ledger, exception, id, now));
    if (status == 0)
        memcpy(ret_id, id, strlen(id) + 1);
    return status;
}

int exception_remove(struct ledger *ledger, struct str id)
{
    bool own;
    uint64_t changed = 0;
    int status = change_begin(ledger, STR("jaga"), "exception.remove", &own);
    if (status < 0)
        return status;
    status = ledger_run(ledger, STR("DELETE FROM exception WHERE id = ?1"), DB_VALUES(db_text(id)),
                        &changed);
    if (status == 0 && changed == 0)
        status = ledger_refuse(ledger, -ENOENT, "there is no exception '%.*s'",
                               STR_ARG(str_first(id, ID_TEXT_MAX)));
    if (status == 0)
        status = change_version(ledger);
    if (status == 0) {
        struct buf note = {0};
        buf_add_json(&note, id);
        status = journal_note_buf(ledger, "exception.remove", &note);
    }
    return change_end(ledger, own, status);
}

int exception_list(struct ledger *ledger, const struct ledger_scope *scope,
                   int (*each)(void *context, const struct exception *exception), void *context)
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_value values[1 + LEDGER_AGENCIES_MAX] = {db_integer(TIME_UNSET)};
    size_t n = 1;
    struct db_rows *rows = NULL;
    struct buf sql = {0};
    buf_add_c(&sql, "SELECT id, agency, filter, reason, author, created, coalesce(expires, ?1), "
                    "used FROM exception WHERE agency = '' OR ");
    int status = scope_add(ledger, scope, "agency", &sql, values, &n);
    buf_add_c(&sql, " ORDER BY id");
    if (status == 0)
        status = sql.failed ? ledger_fail(ledger, -ENOMEM)
                            : ledger_ask(ledger, buf_str(&sql), values, n, &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct exception exception = {
            .id = ops->text(rows, 0),
            .agency = ops->text(rows, 1),
            .filter = ops->text(rows, 2),
            .reason = ops->text(rows, 3),
            .author = ops->text(rows, 4),
            .created = ops->integer(rows, 5),
            .expires = ops->integer(rows, 6),
            .used = (uint64_t)ops->integer(rows, 7),
        };
        status = each(context, &exception);
    }
    ledger_done(ledger, rows);
    buf_free(&sql);
    return status;
}

int exception_used(struct ledger *ledger, struct str id, uint64_t more)
{
    bool own;
    uint64_t changed = 0;
    if (more > INT64_MAX)
        return ledger_refuse(ledger, -EINVAL, "a count past 2^63");
    int status = change_begin(ledger, STR("jaga"), "exception.used", &own);
    if (status < 0)
        return status;
    status = ledger_run(ledger, STR("UPDATE exception SET used = used + ?2 WHERE id = ?1"),
                        DB_VALUES(db_text(id), db_integer((int64_t)more)), &changed);
    if (status == 0 && changed == 0)
        status = ledger_refuse(ledger, -ENOENT, "there is no exception '%.*s'",
                               STR_ARG(str_first(id, ID_TEXT_MAX)));
    if (status == 0) {
        struct buf note = {0};
        buf_add_byte(&note, '[');
        buf_add_json(&note, id);
        buf_printf(&note, ",%llu]", (unsigned long long)more);
        status = journal_note_buf(ledger, "exception.used", &note);
    }
    return change_end(ledger, own, status);
}
