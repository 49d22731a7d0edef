#include "ledger/journal.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "ledger/inside.h"

static const char entry_domain[] = "jaga.journal.2";
static const char signature_domain[] = "jaga.signature.1";

/* ---- bytes that are hashed and signed ---- */

static void put_u64(unsigned char *at, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++)
        at[i] = (unsigned char)(number >> (56 - 8 * i));
}

static void hash_u64(crypto_hash_sha256_state *state, uint64_t number)
{
    unsigned char bytes[8];
    put_u64(bytes, number);
    crypto_hash_sha256_update(state, bytes, sizeof(bytes));
}

static void hash_text_of(crypto_hash_sha256_state *state, struct str text)
{
    unsigned char bytes[8];
    put_u64(bytes, text.len);
    crypto_hash_sha256_update(state, bytes + 4, 4); /* a body is far below 4 GiB */
    crypto_hash_sha256_update(state, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
}

static void hash_content(const struct journal_entry *entry,
                         unsigned char ret_hash[static JOURNAL_HASH])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    hash_text_of(&state, entry->actor);
    hash_text_of(&state, entry->action);
    hash_text_of(&state, entry->body);
    crypto_hash_sha256_final(&state, ret_hash);
}

void journal_seal(struct journal_entry *entry)
{
    if (!entry->sealed)
        hash_content(entry, entry->content);
    entry->sealed = true;
    entry->actor = entry->action = entry->body = STR("");
}

void journal_hash(const unsigned char before[static JOURNAL_HASH],
                  const struct journal_entry *entry, unsigned char ret_hash[static JOURNAL_HASH])
{
    unsigned char content[JOURNAL_HASH];
    crypto_hash_sha256_state state;
    if (entry->sealed)
        memcpy(content, entry->content, JOURNAL_HASH);
    else
        hash_content(entry, content);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)entry_domain,
                              sizeof(entry_domain) - 1);
    crypto_hash_sha256_update(&state, before, JOURNAL_HASH);
    hash_u64(&state, entry->seq);
    hash_u64(&state, (uint64_t)entry->time);
    crypto_hash_sha256_update(&state, content, JOURNAL_HASH);
    crypto_hash_sha256_final(&state, ret_hash);
}

#define SIGNED_LEN                                                                                 \
    (sizeof(signature_domain) - 1 + 8 + JOURNAL_HASH + 8 + crypto_sign_PUBLICKEYBYTES)

static void signed_bytes(uint64_t seq, const unsigned char *hash, int64_t time,
                         const unsigned char *public_key, unsigned char ret_bytes[SIGNED_LEN])
{
    unsigned char *at = ret_bytes;
    memcpy(at, signature_domain, sizeof(signature_domain) - 1);
    at += sizeof(signature_domain) - 1;
    put_u64(at, seq);
    memcpy(at + 8, hash, JOURNAL_HASH);
    put_u64(at + 8 + JOURNAL_HASH, (uint64_t)time);
    memcpy(at + 8 + JOURNAL_HASH + 8, public_key, crypto_sign_PUBLICKEYBYTES);
}

/* ---- notes of the open transaction ---- */

static struct journal_topic *topic_get(struct ledger *ledger, const char *key)
{
    for (size_t i = 0; i < ledger->topics.len; i++)
        if (strcmp(ledger->topics.items[i].key, key) == 0)
            return &ledger->topics.items[i];
    if (vec_push(&ledger->topics, (struct journal_topic){.key = key}) < 0)
        return NULL;
    return &ledger->topics.items[ledger->topics.len - 1];
}

int journal_note(struct ledger *ledger, const char *key, struct str json)
{
    if (!ledger->open)
        return ledger_refuse(ledger, -EINVAL, "no transaction is open");
    struct journal_topic *topic = topic_get(ledger, key);
    if (!topic)
        return ledger_fail(ledger, -ENOMEM);
    topic->total++;
    if (topic->listed == JOURNAL_LIST_MAX)
        return 0;
    if (topic->listed++)
        buf_add_byte(&topic->list, ',');
    buf_add_str(&topic->list, json);
    return topic->list.failed ? ledger_fail(ledger, -ENOMEM) : 0;
}

int journal_note_buf(struct ledger *ledger, const char *key, struct buf *note)
{
    int status =
        note->failed ? ledger_fail(ledger, -ENOMEM) : journal_note(ledger, key, buf_str(note));
    buf_free(note);
    return status;
}

void journal_forget(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->topics.len; i++)
        buf_free(&ledger->topics.items[i].list);
    ledger->topics.len = 0;
}

static int compare_topics(const void *a, const void *b)
{
    return strcmp(((const struct journal_topic *)a)->key, ((const struct journal_topic *)b)->key);
}

static void write_body(struct ledger *ledger, struct buf *out)
{
    qsort(ledger->topics.items, ledger->topics.len, sizeof(*ledger->topics.items), compare_topics);
    for (size_t i = 0; i < ledger->topics.len; i++) {
        const struct journal_topic *topic = &ledger->topics.items[i];
        buf_add_byte(out, i ? ',' : '{');
        buf_add_json(out, str_from_c(topic->key));
        buf_add_c(out, ":{\"list\":[");
        buf_add_str(out, buf_str(&topic->list));
        buf_add_c(out, "],\"total\":");
        buf_add_u64(out, topic->total);
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, '}');
}

/* ---- adding and signing ---- */

/* The last entry's seq and hash; 0 and zeros before the first. */
static int read_last(struct ledger *ledger, uint64_t *ret_seq,
                     unsigned char ret_hash[static JOURNAL_HASH])
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_rows *rows;
    int status = ledger_ask(ledger, STR("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"),
                            NULL, 0, &rows);
    if (status < 0)
        return status;
    status = ledger_next(ledger, rows);
    if (status == 0) {
        *ret_seq = 0;
        memset(ret_hash, 0, JOURNAL_HASH);
    } else if (status > 0) {
        struct str hash = ops->text(rows, 1);
        *ret_seq = (uint64_t)ops->integer(rows, 0);
        /* A hash of another length is a breach that verifying names; the chain goes on from what is there. */
        memset(ret_hash, 0, JOURNAL_HASH);
        memcpy(ret_hash, hash.ptr ? hash.ptr : "",
               hash.len < JOURNAL_HASH ? hash.len : JOURNAL_HASH);
    }
    ledger_done(ledger, rows);
    return status < 0 ? status : 0;
}

int journal_append(struct ledger *ledger)
{
    struct buf body = {0};
    unsigned char before[JOURNAL_HASH];
    if (ledger->topics.len == 0)
        return 0;
    struct journal_entry entry = {
        .time = ledger->now(),
        .actor = buf_str(&ledger->actor),
        .action = buf_str(&ledger->action),
    };
    int status = read_last(ledger, &entry.seq, before);
    if (status < 0)
        return status;
    entry.seq++;
    write_body(ledger, &body);
    entry.body = buf_str(&body);
    if (body.failed) {
        status = ledger_fail(ledger, -ENOMEM);
    } else {
        journal_hash(before, &entry, entry.hash);
        status =
            ledger_run(ledger,
                       STR("INSERT INTO journal (seq, time, actor, action, body, hash) "
                           "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
                       DB_VALUES(db_integer((int64_t)entry.seq), db_integer(entry.time),
                                 db_text(entry.actor), db_text(entry.action), db_text(entry.body),
                                 db_bytes(str_of((char *)entry.hash, JOURNAL_HASH))),
                       NULL);
    }
    buf_free(&body);
    return status;
}

static int sign_last(struct ledger *ledger)
{
    uint64_t seq;
    int64_t known;
    unsigned char hash[JOURNAL_HASH], bytes[SIGNED_LEN], signature[crypto_sign_BYTES];
    const struct journal_key *key = ledger->key;
    int status = read_last(ledger, &seq, hash);
    if (status < 0 || seq == 0)
        return status;
    status = ledger_number(ledger, STR("SELECT 1 FROM signature WHERE seq = ?1"),
                           DB_VALUES(db_integer((int64_t)seq)), &known);
    if (status != -ENOENT)
        return status;
    int64_t now = ledger->now();
    signed_bytes(seq, hash, now, key->public_key, bytes);
    crypto_sign_detached(signature, NULL, bytes, sizeof(bytes), key->secret_key);
    return ledger_run(
        ledger,
        STR("INSERT INTO signature (seq, hash, time, public_key, signature) "
            "VALUES (?1, ?2, ?3, ?4, ?5)"),
        DB_VALUES(db_integer((int64_t)seq), db_bytes(str_of((char *)hash, sizeof(hash))),
                  db_integer(now),
                  db_bytes(str_of((const char *)key->public_key, sizeof(key->public_key))),
                  db_bytes(str_of((char *)signature, sizeof(signature)))),
        NULL);
}

int journal_sign(struct ledger *ledger)
{
    if (!ledger->key)
        return ledger_refuse(ledger, -ENOKEY, "the ledger was opened without a key");
    int status = ledger_begin(ledger, STR("jaga"), STR("journal.sign"));
    return status < 0 ? status : change_end(ledger, true, sign_last(ledger));
}

int journal_key_check(struct ledger *ledger)
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_rows *rows;
    int status = ledger_ask(
        ledger, STR("SELECT public_key FROM signature ORDER BY seq DESC LIMIT 1"), NULL, 0, &rows);
    if (status < 0)
        return status;
    status = ledger_next(ledger, rows);
    if (status > 0 && !str_eq(ops->text(rows, 0), str_of((char *)ledger->key->public_key,
                                                         sizeof(ledger->key->public_key))))
        status = ledger_refuse(ledger, -EKEYREJECTED,
                               "this is not the key that has signed the journal so far; put that "
                               "one back");
    ledger_done(ledger, rows);
    return status < 0 ? status : 0;
}

/* ---- reading ---- */

/* Columns 0 to 5 of a row: seq, time, actor, action, body, hash. False: the hash is none. */
static bool read_entry(const struct db_ops *ops, struct db_rows *rows, struct journal_entry *entry)
{
    struct str hash = ops->text(rows, 5);
    *entry = (struct journal_entry){
        .seq = (uint64_t)ops->integer(rows, 0),
        .time = ops->integer(rows, 1),
        .actor = ops->text(rows, 2),
        .action = ops->text(rows, 3),
        .body = ops->text(rows, 4),
    };
    memcpy(entry->hash, hash.ptr ? hash.ptr : "",
           hash.len < JOURNAL_HASH ? hash.len : JOURNAL_HASH);
    return hash.len == JOURNAL_HASH;
}

int journal_list(struct ledger *ledger, uint64_t after, uint32_t limit,
                 int (*each)(void *context, const struct journal_entry *entry), void *context)
{
    struct db_rows *rows;
    struct journal_entry entry;
    int64_t from = after > INT64_MAX ? INT64_MAX : (int64_t)after;
    int status = ledger_ask(ledger,
                            STR("SELECT seq, time, actor, action, body, hash FROM journal "
                                "WHERE seq > ?1 ORDER BY seq LIMIT ?2"),
                            DB_VALUES(db_integer(from), db_integer(limit)), &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0) {
        read_entry(ledger->db->ops, rows, &entry);
        status = each(context, &entry);
    }
    ledger_done(ledger, rows);
    return status;
}

int journal_last(struct ledger *ledger, uint64_t *ret_seq)
{
    unsigned char hash[JOURNAL_HASH];
    return read_last(ledger, ret_seq, hash);
}

int journal_signature_get(struct ledger *ledger, uint64_t seq,
                          struct journal_signature *ret_signature)
{
    const struct db_ops *ops = ledger->db->ops;
    struct db_rows *rows;
    int status = ledger_ask(ledger,
                            STR("SELECT seq, time, public_key, signature FROM signature "
                                "WHERE seq >= ?1 ORDER BY seq LIMIT 1"),
                            DB_VALUES(db_integer((int64_t)seq)), &rows);
    if (status == 0)
        status = ledger_next(ledger, rows);
    if (status > 0) {
        struct str key = ops->text(rows, 2), signature = ops->text(rows, 3);
        if (key.len != JOURNAL_KEY || signature.len != JOURNAL_SIGNATURE) {
            status = ledger_refuse(ledger, -EBADMSG, "a signature of the journal is malformed");
        } else {
            ret_signature->seq = (uint64_t)ops->integer(rows, 0);
            ret_signature->time = ops->integer(rows, 1);
            memcpy(ret_signature->key, key.ptr, JOURNAL_KEY);
            memcpy(ret_signature->signature, signature.ptr, JOURNAL_SIGNATURE);
        }
    } else if (status == 0) {
        status = -ENOENT;
    }
    ledger_done(ledger, rows);
    return status < 0 ? status : 0;
}

/* ---- verifying ---- */

bool journal_signature_ok(const struct journal_signature *signature,
                          const unsigned char hash[static JOURNAL_HASH])
{
    unsigned char bytes[SIGNED_LEN];
    signed_bytes(signature->seq, hash, signature->time, signature->key, bytes);
    return crypto_sign_verify_detached(signature->signature, bytes, sizeof(bytes),
                                       signature->key) == 0;
}

struct verification {
    struct ledger *ledger;
    struct journal_report report;
    unsigned char last[JOURNAL_HASH];
    bool key_known;
    unsigned char key[crypto_sign_PUBLICKEYBYTES];
    struct err *err;
};

static int breach(struct verification *verification, uint64_t seq, const char *what)
{
    verification->report.bad_seq = seq;
    return err_set(verification->err, -EBADMSG, "entry %llu of the journal: %s",
                   (unsigned long long)seq, what);
}

/* Columns 6 to 9: the signature's hash, time, key and signature. */
static int verify_signature(struct verification *verification, struct db_rows *rows, uint64_t seq)
{
    const struct db_ops *ops = verification->ledger->db->ops;
    struct str hash = ops->text(rows, 6), key = ops->text(rows, 8), signature = ops->text(rows, 9);
    unsigned char bytes[SIGNED_LEN];
    if (hash.len != JOURNAL_HASH || key.len != sizeof(verification->key) ||
        signature.len != crypto_sign_BYTES)
        return breach(verification, seq, "its signature is malformed");
    if (!verification->key_known)
        memcpy(verification->key, key.ptr, key.len);
    verification->key_known = true;
    if (memcmp(key.ptr, verification->key, key.len) != 0)
        return breach(verification, seq, "its signature is of another key");
    if (memcmp(hash.ptr, verification->last, JOURNAL_HASH) != 0)
        return breach(verification, seq, "its signature is for other contents");
    signed_bytes(seq, verification->last, ops->integer(rows, 7), verification->key, bytes);
    if (crypto_sign_verify_detached((const unsigned char *)signature.ptr, bytes, sizeof(bytes),
                                    verification->key) != 0)
        return breach(verification, seq, "its signature is not valid");
    verification->report.signatures++;
    verification->report.unsigned_after = seq;
    return 0;
}

static int verify_entry(struct verification *verification, struct db_rows *rows)
{
    const struct db_ops *ops = verification->ledger->db->ops;
    struct journal_entry entry;
    unsigned char hash[JOURNAL_HASH];
    bool whole = read_entry(ops, rows, &entry);
    uint64_t seq = verification->report.entries + 1;
    if (entry.seq != seq)
        return breach(verification, seq, "it is missing");
    journal_hash(verification->last, &entry, hash);
    if (!whole || memcmp(hash, entry.hash, JOURNAL_HASH) != 0)
        return breach(verification, seq, "it is not as it was written");
    memcpy(verification->last, hash, JOURNAL_HASH);
    verification->report.entries++;
    return ops->text(rows, 9).len ? verify_signature(verification, rows, seq) : 0;
}

static int verify_entries(struct verification *verification)
{
    struct ledger *ledger = verification->ledger;
    struct db_rows *rows;
    int status = ledger_ask(ledger,
                            STR("SELECT j.seq, j.time, j.actor, j.action, j.body, j.hash, "
                                "s.hash, s.time, s.public_key, s.signature "
                                "FROM journal j LEFT JOIN signature s ON s.seq = j.seq "
                                "ORDER BY j.seq"),
                            NULL, 0, &rows);
    while (status >= 0 && (status = ledger_next(ledger, rows)) > 0)
        status = verify_entry(verification, rows);
    ledger_done(ledger, rows);
    return status;
}

/* What was signed must still be there. */
static int verify_end(struct verification *verification)
{
    int64_t seq;
    int status = ledger_number(verification->ledger,
                               STR("SELECT seq FROM signature WHERE NOT EXISTS "
                                   "(SELECT 1 FROM journal WHERE journal.seq = signature.seq) "
                                   "ORDER BY seq LIMIT 1"),
                               NULL, 0, &seq);
    if (status == -ENOENT)
        return 0;
    return status < 0 ? status
                      : breach(verification, verification->report.entries + 1,
                               "it is missing, and a later one was signed");
}

int journal_verify(struct ledger *ledger, const char *key, struct journal_report *ret_report,
                   struct err *err)
{
    struct verification verification = {.ledger = ledger, .err = err};
    *err = (struct err){0};
    if (key) {
        size_t len = 0;
        const char *end;
        if (sodium_hex2bin(verification.key, sizeof(verification.key), key, strlen(key), NULL, &len,
                           &end) != 0 ||
            *end || len != sizeof(verification.key))
            return err_set(err, -EINVAL, "a public key is %d hex digits",
                           2 * (int)sizeof(verification.key));
        verification.key_known = true;
    }
    int status = verify_entries(&verification);
    if (status == 0)
        status = verify_end(&verification);
    if (status < 0 && err->code == 0)
        err_set(err, status, "%s", ledger->problem);
    if (verification.key_known)
        sodium_bin2hex(verification.report.key, sizeof(verification.report.key), verification.key,
                       sizeof(verification.key));
    *ret_report = verification.report;
    return status;
}
