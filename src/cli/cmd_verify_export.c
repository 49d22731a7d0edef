/* jaga verify export: the rows of an export against the proofs beside it, with neither lake nor centre. */
#include <errno.h>
#include <inttypes.h>

#include "cli/lake_folder.h"
#include "cli/out_style.h"
#include "cli/proofs_file.h"
#include "cli/verify.h"
#include "io/file.h"
#include "lake/exported.h"

struct checking {
    const struct cli *cli;
    const char *path; /* of the export */
    struct proofs *proofs;
    const struct lake_id *only; /* the event that is asked for; NULL: all */
    uint64_t rows, proven, altered, unproven;
};

/* ---- the proofs ---- */

static int read_text(const struct cli *cli, const char *path, struct proofs *proofs,
                     struct err *err)
{
    struct file_map map;
    int status = file_map_path(path, &map);
    if (status < 0) {
        cli_complain(cli, "%s: %s", path, strerror(-status));
        if (status == -ENOENT)
            cli_say(cli, "jaga lake export --proofs writes them beside an export");
        return EXIT_UNREADABLE;
    }
    status = proofs_read(map.bytes, proofs, err);
    file_unmap(&map);
    if (status == 0)
        return EXIT_DONE;
    (void)err_in(err, str_from_c(path));
    int code = lake_folder_complain(cli, status, err);
    return status == -EINVAL ? EXIT_UNREADABLE : code;
}

static int open_proofs(struct checking *checking)
{
    unsigned char key[JOURNAL_KEY];
    struct err err = {0};
    struct buf path = {0};
    int code, has_key = verify_key(checking->cli, key, &err);
    if (has_key < 0)
        return lake_folder_complain(checking->cli, has_key, &err);
    buf_add_c(&path, checking->path);
    buf_add_c(&path, PROOFS_FILE_ENDING);
    buf_add_byte(&path, '\0');
    checking->proofs = path.failed ? NULL : proofs_new(has_key ? key : NULL);
    if (checking->proofs) {
        code = read_text(checking->cli, path.ptr, checking->proofs, &err);
    } else {
        cli_complain(checking->cli, "no memory");
        code = EXIT_BROKEN;
    }
    buf_free(&path);
    return code;
}

/* ---- rows ---- */

static const char *const sentences[] = {
    [PROOFS_ALTERED] = "it is not as the centre received it",
    [PROOFS_UNKNOWN] = "there is no proof of it: it was added, or came behind the proofs",
    [PROOFS_UNSIGNED] =
        "its block is not in the signed journal: it was put there, or exported too soon",
    [PROOFS_BROKEN] = "the hashes of its block lead to another root: the proofs were altered",
    [PROOFS_REPEATED] = "it is there again",
};

static void name_row(const struct checking *checking, const struct exported_row *row,
                     const char *why)
{
    struct buf id = {0};
    style_printable(&id, row->id, LAKE_ID_TEXT_MAX);
    cli_complain(checking->cli, "%s: row %" PRIu64 ": event %.*s: %s", checking->path, row->number,
                 STR_ARG(buf_str(&id)), why);
    buf_free(&id);
}

static bool is_asked_for(const struct checking *checking, const struct exported_row *row)
{
    const struct lake_id *only = checking->only;
    return !only || (row->has_id && row->leaf.partition == only->partition &&
                     row->leaf.offset == only->offset && row->leaf.part == only->part);
}

static int check_row(void *context, const struct exported_row *row)
{
    struct checking *checking = context;
    struct proofs_block block;
    if (!is_asked_for(checking, row))
        return *checking->cli->stop ? -EINTR : 0;
    enum proofs_verdict verdict =
        row->has_id ? proofs_look_up(checking->proofs, &row->leaf, &block) : PROOFS_UNKNOWN;
    checking->rows++;
    if (row->wrong) {
        checking->altered++;
        name_row(checking, row, row->wrong);
    } else if (verdict == PROOFS_PROVEN) {
        checking->proven++;
        if (checking->only)
            verify_describe(&row->leaf, &block.block, block.entry, block.signature);
    } else {
        checking->altered += verdict == PROOFS_ALTERED;
        checking->unproven += verdict != PROOFS_ALTERED;
        name_row(checking, row, sentences[verdict]);
    }
    return *checking->cli->stop ? -EINTR : 0;
}

/* Proofs, then rows. */
static int check(struct checking *checking)
{
    const struct settings *settings = &checking->cli->settings;
    const struct lake_options options = {.library = settings->duckdb,
                                         .memory = settings->lake_memory};
    struct err err = {0};
    int code = open_proofs(checking);
    if (code != EXIT_DONE)
        return code;
    int status = exported_read(checking->path, &options, check_row, checking, &err);
    if (*checking->cli->stop)
        return EXIT_INTERRUPTED;
    return status < 0 ? lake_folder_complain(checking->cli, status, &err) : EXIT_DONE;
}

/* ---- the commands ---- */

static void add_key(struct buf *out, const struct proofs *proofs)
{
    const struct journal_signature *last = proofs_last_signature(proofs);
    char time[TIME_TEXT_MAX];
    if (!last)
        return;
    style_time(last->time, time);
    buf_printf(out, "signed until %s by ", time);
    for (size_t i = 0; i < JOURNAL_KEY; i++)
        buf_printf(out, "%02x", last->key[i]);
    buf_add_byte(out, '\n');
}

static int verify_export(const struct cli *cli)
{
    struct checking checking = {.cli = cli, .path = cli->settings.paths.items[0]};
    int code = check(&checking);
    if (code == EXIT_DONE) {
        struct buf out = {0};
        uint64_t missing = proofs_missing(checking.proofs);
        style_add_count(&out, checking.rows);
        buf_printf(&out,
                   " events: %" PRIu64 " proven, %" PRIu64 " altered, %" PRIu64
                   " without proof; %" PRIu64 " that have one are missing\n",
                   checking.proven, checking.altered, checking.unproven, missing);
        add_key(&out, checking.proofs);
        fwrite(out.ptr, 1, out.len, stdout);
        buf_free(&out);
        code = checking.proven == checking.rows && missing == 0 ? EXIT_DONE : EXIT_REFUSED;
    }
    proofs_free(checking.proofs);
    return code;
}

int verify_exported_event(const struct cli *cli, const struct lake_id *id)
{
    struct checking checking = {.cli = cli, .path = cli->settings.export, .only = id};
    int code = check(&checking);
    if (code == EXIT_DONE && checking.rows == 0) {
        cli_complain(cli, "%s: there is no such event", checking.path);
        code = EXIT_USAGE;
    } else if (code == EXIT_DONE && checking.proven != checking.rows) {
        code = EXIT_REFUSED;
    }
    proofs_free(checking.proofs);
    return code;
}

static const char *const options[] = {"public-key", "duckdb", "lake-memory", "quiet", NULL};

const struct command cmd_verify_export = {
    .name = "verify export",
    .arguments = "FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Prove that the events of an export are what the centre received.",
    .prose =
        "With nothing but FILE, as jaga lake export wrote it with --proofs, FILE.proofs beside it, "
        "and a public key: no lake, no centre, no network. The hash of each row is computed anew "
        "from the row; it must be in the tree of a block whose root the journal has signed. Rows "
        "that were altered, added or doubled are named, those that are missing counted; then the "
        "exit code is 4, and the other rows are proven all the same.\n"
        "What is proven of a row is the event: _id, _time, _received, _agency, _source, _dataset, "
        "_format and the bytes as they came, _raw or _bytes. Its other columns were read from "
        "those bytes and have no proof of their own.\n"
        "The proof is worth what is known of the key: --public-key, from a copy kept elsewhere, "
        "says whose it must be.",
    .options = options,
    .run = verify_export,
};
