/* jaga verify event: the proof that a stored event is what the centre received. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>

#include "base/time.h"
#include "cli/centre_client.h"
#include "cli/data_folder.h"
#include "cli/lake_folder.h"
#include "cli/out_style.h"
#include "cli/proof_file.h"
#include "cli/verify.h"
#include "io/file.h"

/* ---- where a proof comes from ---- */

static int take_event(void *context, const struct lake_event *event)
{
    return proof_take(event, context);
}

static int gather_from_folder(const struct cli *cli, const struct lake_id *id, struct proof *proof)
{
    static const struct lake_scope everything = {.all = true};
    struct lake_folder folder;
    struct err err = {0};
    int code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    code = lake_folder_open(cli, &folder);
    if (code == EXIT_DONE) {
        int status = folder.ops->get(folder.lake, id, &everything, take_event, proof, &err);
        if (status == 0)
            status = proof_complete(ledger, proof, &err);
        if (status < 0)
            code = lake_folder_complain(cli, status, &err);
        lake_folder_close(&folder);
    }
    ledger_close(ledger);
    return code;
}

static int read_file(const struct cli *cli, const char *path, struct proof *proof)
{
    struct buf text = {0};
    struct err err = {0};
    int code = EXIT_DONE, status = file_read(path, PROOF_FILE_MAX, &text);
    if (status < 0) {
        cli_complain(cli, "%s: %s", path, strerror(-status));
        code = EXIT_UNREADABLE;
    } else if (proof_read(buf_str(&text), proof, &err) < 0) {
        cli_complain(cli, "%s: %s", path, err.message);
        code = EXIT_USAGE;
    }
    buf_free(&text);
    return code;
}

static int ask_centre(const struct cli *cli, const char *id, struct proof *proof)
{
    char path[128];
    struct err err = {0};
    int code;
    snprintf(path, sizeof(path), "/api/v1/lake/events/%s/proof", id);
    json_t *answer = centre_ask(cli, "GET", path, STR(""), &code);
    if (answer && proof_read_tree(answer, proof, &err) < 0) {
        cli_complain(cli, "the centre's answer is %s", err.message);
        code = EXIT_BROKEN;
    }
    json_decref(answer);
    return code;
}

static int obtain(const struct cli *cli, const char *what, struct proof *proof)
{
    struct lake_id id;
    if (lake_id_parse(str_from_c(what), &id) < 0)
        return read_file(cli, what, proof);
    return cli->settings.to_url ? ask_centre(cli, what, proof)
                                : gather_from_folder(cli, &id, proof);
}

/* ---- what is said of it ---- */

int verify_key(const struct cli *cli, unsigned char ret_key[static JOURNAL_KEY], struct err *err)
{
    const char *wanted = cli->settings.public_key, *end = NULL;
    size_t len = 0;
    if (!wanted)
        return 0;
    if (sodium_hex2bin(ret_key, JOURNAL_KEY, wanted, strlen(wanted), NULL, &len, &end) != 0 ||
        len != JOURNAL_KEY || *end)
        return err_set(err, -EINVAL, "a public key is %d hex digits", 2 * JOURNAL_KEY);
    return 1;
}

/* The key is what all trust stands on: without --public-key, it is only shown. */
static int check_key(const struct cli *cli, const struct proof *proof, struct err *err)
{
    unsigned char key[JOURNAL_KEY];
    int has_key = verify_key(cli, key, err);
    return has_key > 0 && memcmp(key, proof->signature.key, sizeof(key)) != 0
               ? err_set(err, -EBADMSG, "the journal's signature is of another key")
           : has_key < 0 ? has_key
                         : 0;
}

static void add_time(struct buf *out, const char *name, int64_t time)
{
    char text[TIME_TEXT_MAX];
    style_time(time, text);
    buf_printf(out, "  %-10s %s\n", name, text);
}

static void add_text(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, "  %-10s ", name);
    style_printable(out, text, 0);
    buf_add_byte(out, '\n');
}

void verify_describe(const struct lake_leaf *leaf, const struct lake_block *block, uint64_t entry,
                     const struct journal_signature *signature)
{
    const struct lake_id id = {leaf->partition, leaf->offset, leaf->part};
    char id_text[LAKE_ID_TEXT_MAX];
    struct buf out = {0};
    lake_id_format(&id, id_text);
    buf_printf(&out, "event %s is as it was received\n\n", id_text);
    add_text(&out, "agency", leaf->agency);
    add_text(&out, "source", leaf->source);
    add_text(&out, "dataset", leaf->dataset);
    add_time(&out, "time", leaf->time);
    add_time(&out, "received", leaf->received);
    buf_printf(&out, "  %-10s %" PRIu64 " of %" PRIu32 " events\n", "block", block->seq,
               block->count);
    buf_printf(&out, "  %-10s entry %" PRIu64 " has its root, entry %" PRIu64 " is signed\n",
               "journal", entry, signature->seq);
    add_time(&out, "signed", signature->time);
    buf_printf(&out, "  %-10s ", "by");
    for (size_t i = 0; i < JOURNAL_KEY; i++)
        buf_printf(&out, "%02x", signature->key[i]);
    buf_add_c(&out, "\n\n");
    style_printable(&out, leaf->raw, 400);
    buf_add_byte(&out, '\n');
    fwrite(out.ptr, 1, out.len, stdout);
    buf_free(&out);
}

static int save(const struct cli *cli, const struct proof *proof)
{
    const char *path = cli->settings.write;
    struct buf out = {0};
    int status = 0;
    if (!path)
        return EXIT_DONE;
    proof_write(proof, &out);
    FILE *file = fopen(path, "wx");
    if (out.failed || !file || fwrite(out.ptr, 1, out.len, file) != out.len)
        status = out.failed ? -ENOMEM : -errno;
    if (file && fclose(file) != 0 && status == 0)
        status = -errno;
    if (status < 0)
        cli_complain(cli, "%s: %s", path, strerror(-status));
    buf_free(&out);
    return status < 0 ? EXIT_BROKEN : EXIT_DONE;
}

static int complain_of_export(const struct cli *cli, const char *what)
{
    if (cli->settings.write)
        cli_complain(cli, "--write is not for --from: the proof is beside the export");
    else
        cli_complain(cli, "'%s' is no event's _id, such as 2.1500", what);
    return EXIT_USAGE;
}

static int verify_event(const struct cli *cli)
{
    const char *what = cli->settings.paths.items[0];
    struct proof proof = {0};
    struct err err = {0};
    struct lake_id id;
    if (cli->settings.export)
        return lake_id_parse(str_from_c(what), &id) == 0 && !cli->settings.write
                   ? verify_exported_event(cli, &id)
                   : complain_of_export(cli, what);
    int code = obtain(cli, what, &proof);
    if (code == EXIT_DONE) {
        int status = proof_check(&proof, &err);
        if (status == 0)
            status = check_key(cli, &proof, &err);
        if (status < 0)
            code = lake_folder_complain(cli, status, &err);
        else
            verify_describe(&proof.leaf, &proof.block, proof.entries[0].seq, &proof.signature);
    }
    if (code == EXIT_DONE)
        code = save(cli, &proof);
    proof_free(&proof);
    return code;
}

static const char *const options[] = {
    CENTRE_CLIENT_OPTIONS, "data",  "ledger",      "lake",  "lake-memory", "lake-threads", "duckdb",
    "public-key",          "write", "verify:from", "quiet", NULL,
};

const struct command cmd_verify_event = {
    .name = "verify event",
    .arguments = "ID|FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Prove that a stored event is what the centre received.",
    .prose =
        "From the event to the root of its block, from there to the entry of the journal that "
        "names "
        "the root, and to the signature behind it (docs/centre.md draws it). ID is an event's "
        "`_id`: of a running centre (--to), or of a data folder whose centre does not run; --write "
        "saves the proof as one JSON "
        "file, which this command verifies anywhere, without folder or centre. --from takes it out "
        "of an export, by the proofs beside it (jaga verify export).\n"
        "The proof is worth what is known of the key: --public-key, from a copy kept elsewhere, "
        "says whose it must be. Where a step does not lead to the next, the exit code is 4.",
    .options = options,
    .run = verify_event,
};
