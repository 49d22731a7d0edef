#include "ledger/token.h"

#include <errno.h>
#include <sodium.h>

#include "base/time.h"
#include "ledger/inside.h"

#define TOKEN_PREFIX "jaga_"
#define TOKEN_RANDOM 32 /* bytes */

static const char *const role_names[] = {
    [TOKEN_SEND] = "send", [TOKEN_READ] = "read", [TOKEN_ADMIN] = "admin"};

const char *token_role_name(enum token_role role)
{
    return role <= TOKEN_ADMIN ? role_names[role] : "";
}

void token_hash(struct str text, unsigned char ret_hash[static TOKEN_HASH])
{
    /* 256 random bits can't be guessed, so a fast hash without salt is enough. */
    crypto_hash_sha256(ret_hash, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
}

/* "*", or labels divided by commas. */
static bool agencies_ok(struct str agencies)
{
    struct str part;
    size_t n = 0;
    if (str_eq(agencies, STR("*")))
        return true;
    while (str_cut(&agencies, ',', &part))
        if (!label_ok(part) || ++n > LEDGER_AGENCIES_MAX)
            return false;
    return n > 0;
}

static int check(struct ledger *ledger, const struct token *token)
{
    if (token->role == TOKEN_SEND && !label_ok(token->agency))
        return ledger_refuse(ledger, -EINVAL,
                             "'%.*s' is no label of an agency: letters, digits, '.', '_' and '-', "
                             "at most 64, a letter or digit first",
                             STR_ARG(str_first(token->agency, 80)));
    if (token->role == TOKEN_READ && !agencies_ok(token->agency))
        return ledger_refuse(ledger, -EINVAL,
                             "'%.*s' are no agencies: labels divided by commas, or * for all",
                             STR_ARG(str_first(token->agency, 80)));
    if (token->source.len && (token->role != TOKEN_SEND || !label_ok(token->source)))
        return ledger_refuse(ledger, -EINVAL, "'%.*s' is no label of a source%s",
                             STR_ARG(str_first(token->source, 80)),
                             token->role == TOKEN_SEND ? "" : ", and only a sender has one");
    if (token->rate > INT64_MAX)
        return ledger_refuse(ledger, -EINVAL, "a rate past 2^63");
    return 0;
}

static int note_token(struct ledger *ledger, const struct token *token, const char *id)
{
    struct buf note = {0};
    buf_add_c(&note, "{\"agency\":");
    buf_add_json(&note, token->agency);
    if (token->expires != TIME_UNSET)
        buf_printf(&note, ",\"expires\":%lld", (long long)token->expires);
    buf_printf(&note, ",\"id\":\"%s\",\"note\":", id);
    buf_add_json(&note, text_cut(token->note));
    buf_printf(&note, ",\"rate\":%llu,\"role\":\"%s\",\"source\":", (unsigned long long)token->rate,
               role_names[token->role]);
    buf_add_json(&note, token->source);
    buf_add_byte(&note, '}');
    return journal_note_buf(ledger, "token.add", &note);
}

static int insert(struct ledger *ledger, const struct token *token, const char *id, int64_t now,
                  const unsigned char hash[static TOKEN_HASH])
{
    int status = ledger_run(
        ledger,
        STR("INSERT INTO token (id, role, agency, source, rate, note, created, expires, revoked, "
            "hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)"),
        DB_VALUES(db_text(str_from_c(id)), db_integer(token->role), db_text(token->agency),
                  db_text(token->source), db_integer((int64_t)token->rate),
                  db_text(text_cut(token->note)), db_integer(now), db_time(token->expires),
                  db_bytes(str_of((const char *)hash, TOKEN_HASH))),
        NULL);
    if (status == 0)
        status = change_version(ledger);
    return status < 0 ? status : note_token(ledger, token, id);
}

int token_add(struct ledger *ledger, const struct token *token,
              char ret_text[static TOKEN_TEXT_MAX], char ret_id[static TOKEN_TEXT_MAX])
{
    unsigned char random[TOKEN_RANDOM], hash[TOKEN_HASH];
    char text[TOKEN_TEXT_MAX] = TOKEN_PREFIX, id[TOKEN_TEXT_MAX] = "";
    bool own;
    struct token made = *token;
    if (made.role == TOKEN_ADMIN)
        made.agency = STR("*");
    int status = check(ledger, &made);
    if (status == 0)
        status = change_begin(ledger, STR("jaga"), "token.add", &own);
    if (status < 0)
        return status;
    size_t prefix = sizeof(TOKEN_PREFIX) - 1;
    int64_t now = ledger->now();
    randombytes_buf(random, sizeof(random));
    sodium_bin2base64(text + prefix, sizeof(text) - prefix, random, sizeof(random),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    id_make("t-", now, id);
    token_hash(str_from_c(text), hash);
    status = change_end(ledger, own, insert(ledger, &made, id, now, hash));
    if (status == 0) {
        memcpy(ret_text, text, sizeof(text));
        memcpy(ret_id, id, sizeof(id));
    }
    sodium_memzero(random, sizeof(random));
    sodium_memzero(text, sizeof(text));
    return status;
}

int token_revoke(struct ledger *ledger, struct str id)
{
    bool own;
    uint64_t changed = 0;
    int status = change_begin(ledger, STR("jaga"), "token.revoke", &own);
    if (status < 0)
        return status;
    status = ledger_run(ledger, STR("UPDATE token SET revoked = 1 WHERE id = ?1"),
                        DB_VALUES(db_text(id)), &changed);
    if (status == 0 && changed == 0)
        status = ledger_refuse(ledger, -ENOENT, "there is no token '%.*s'",
                               STR_ARG(str_first(id, TOKEN_TEXT_MAX)));
    if (status == 0)
        status = change_version(ledger);
    if (status == 0) {
        struct buf note = {0};
        buf_add_json(&note, id);
        status = journal_note_buf(ledger, "token.revoke", &note);
    }
    return change_end(ledger, own, status);
}

int token_list(struct ledger *ledger, int (*each)(void *context, const struct token *token),
               void *context)
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_rows *rows;
    int status = ledger_ask(ledger,
                            STR("SELECT id, role, agency, source, rate, note, created, "
                                "coalesce(expires, ?1), revoked, hash FROM token ORDER BY id"),
                            DB_VALUES(db_integer(TIME_UNSET)), &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        struct token token = {
            .id = ops->text(rows, 0),
            .role = (enum token_role)ops->integer(rows, 1),
            .agency = ops->text(rows, 2),
            .source = ops->text(rows, 3),
            .rate = (uint64_t)ops->integer(rows, 4),
            .note = ops->text(rows, 5),
            .created = ops->integer(rows, 6),
            .expires = ops->integer(rows, 7),
            .revoked = ops->integer(rows, 8) != 0,
        };
        struct str hash = ops->text(rows, 9);
        if (hash.len == TOKEN_HASH)
            memcpy(token.hash, hash.ptr, TOKEN_HASH);
        status = hash.len == TOKEN_HASH
                     ? each(context, &token)
                     : ledger_refuse(ledger, -EBADMSG, "a token without its hash");
    }
    ledger_done(ledger, rows);
    return status;
}
