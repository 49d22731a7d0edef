#include "ledger/progress.h"

#include <errno.h>
#include <sodium.h>

#include "ledger/inside.h"

int progress_put(struct ledger *ledger, struct str consumer, uint32_t partition, uint64_t offset)
{
    bool own;
    if (offset > INT64_MAX)
        return ledger_refuse(ledger, -EINVAL, "an offset past 2^63");
    int status = change_begin(ledger, STR("jaga"), "progress", &own);
    if (status < 0)
        return status;
    status = ledger_run(
        ledger,
        STR("INSERT INTO progress (consumer, partition_number, spool_offset) "
            "VALUES (?1, ?2, ?3) ON CONFLICT (consumer, partition_number) "
            "DO UPDATE SET spool_offset = excluded.spool_offset"),
        DB_VALUES(db_text(consumer), db_integer(partition), db_integer((int64_t)offset)), NULL);
    if (status == 0) {
        struct buf note = {0};
        buf_add_byte(&note, '[');
        buf_add_json(&note, consumer);
        buf_printf(&note, ",%u,%llu]", partition, (unsigned long long)offset);
        status = journal_note_buf(ledger, "progress", &note);
    }
    return change_end(ledger, own, status);
}

int progress_get(struct ledger *ledger, struct str consumer, uint32_t partition,
                 uint64_t *ret_offset)
{
    int64_t offset;
    int status = ledger_number(
        ledger,
        STR("SELECT spool_offset FROM progress WHERE consumer = ?1 AND partition_number = ?2"),
        DB_VALUES(db_text(consumer), db_integer(partition)), &offset);
    if (status == 0)
        *ret_offset = (uint64_t)offset;
    return status;
}

/* A blob is noted by its size and hash: its contents are not for the journal. */
static int note_blob(struct ledger *ledger, struct str name, struct str bytes)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(hash) + 1];
    struct buf note = {0};
    crypto_hash_sha256(hash, (const unsigned char *)(bytes.len ? bytes.ptr : ""), bytes.len);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    buf_add_byte(&note, '[');
    buf_add_json(&note, name);
    buf_printf(&note, ",%zu,\"%s\"]", bytes.len, hex);
    return journal_note_buf(ledger, "blob", &note);
}

int blob_put(struct ledger *ledger, struct str name, struct str bytes)
{
    bool own;
    if (bytes.len > BLOB_MAX)
        return ledger_refuse(ledger, -E2BIG, "'%.*s' has %zu bytes, at most %zu are kept",
                             STR_ARG(str_first(name, 64)), bytes.len, BLOB_MAX);
    int status = change_begin(ledger, STR("jaga"), "blob", &own);
    if (status < 0)
        return status;
    status = ledger_run(ledger,
                        STR("INSERT INTO named_blob (name, bytes) VALUES (?1, ?2) "
                            "ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes"),
                        DB_VALUES(db_text(name), db_bytes(bytes)), NULL);
    if (status == 0)
        status = note_blob(ledger, name, bytes);
    return change_end(ledger, own, status);
}

int blob_get(struct ledger *ledger, struct str name, struct buf *out)
{
    struct db_rows *rows;
    int status = ledger_ask(ledger, STR("SELECT bytes FROM named_blob WHERE name = ?1"),
                            DB_VALUES(db_text(name)), &rows);
    if (status == 0 && (status = ledger_next(ledger, rows)) > 0)
        buf_add_str(out, ledger->db->ops->text(rows, 0));
    else if (status == 0)
        status = -ENOENT;
    ledger_done(ledger, rows);
    return status < 0 ? status : out->failed ? -ENOMEM : 0;
}
