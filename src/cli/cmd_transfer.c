/* jaga lake export, import: events as files, of a running centre or of a folder whose centre has ended. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/centre_client.h"
#include "cli/data_folder.h"
#include "cli/lake_folder.h"
#include "cli/proofs_file.h"
#include "lake/exported.h"
#include "ship/client.h"

#define PART_BYTES                                                                                 \
    (900u << 10) /* of lines, in one request of an import; an event may make it longer */

/* ---- export ---- */

/* The file that an export goes to. */
struct writing {
    const char *path;
    FILE *file;
    uint64_t bytes;
    struct err err;
};

static int write_piece(void *context, struct str bytes)
{
    struct writing *writing = context;
    writing->bytes += bytes.len;
    if (fwrite(bytes.ptr, 1, bytes.len, writing->file) == bytes.len)
        return 0;
    return err_set(&writing->err, -errno, "%s: %s", writing->path, strerror(errno));
}

/* Half a file is none. Returns the exit code. */
static int end_writing(const struct cli *cli, struct writing *writing, int code)
{
    if (code == EXIT_DONE && (fflush(writing->file) != 0 || fsync(fileno(writing->file)) < 0))
        err_set(&writing->err, -errno, "%s: %s", writing->path, strerror(errno));
    fclose(writing->file);
    if (writing->err.code) {
        cli_complain(cli, "%s", writing->err.message);
        code = EXIT_BROKEN;
    }
    if (code != EXIT_DONE)
        (void)unlink(writing->path);
    return code;
}

/* A new file. */
static int begin_writing(const struct cli *cli, const char *path, struct writing *ret_writing)
{
    *ret_writing = (struct writing){.path = path, .file = fopen(path, "wxe")};
    if (ret_writing->file)
        return EXIT_DONE;
    cli_complain(cli, "%s: %s", path, strerror(errno));
    return EXIT_USAGE;
}

/* What is exported, and where that goes. */
struct exporting {
    struct lake_export what;
    struct writing rows;
    struct writing proofs; /* without a file: none */
};

static int write_rows(const struct lake_folder *folder, struct exporting *exporting,
                      uint64_t *ret_rows, struct err *err)
{
    struct lake_run *run = NULL;
    int status = folder->ops->export_ask(folder->lake, &exporting->what, &run, err);
    if (status == 0)
        status = folder->ops->export_write(run, write_piece, &exporting->rows, ret_rows, err);
    folder->ops->done(run);
    return status;
}

static int write_proofs(const struct cli *cli, const struct lake_folder *folder,
                        struct exporting *exporting, struct err *err)
{
    struct proofs_count count;
    int code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return err_set(err, -EIO, "there are no proofs without the ledger");
    int status = proofs_write(folder->ops, folder->lake, ledger, &exporting->what, write_piece,
                              &exporting->proofs, &count, err);
    ledger_close(ledger);
    if (status == 0)
        cli_say(cli, "%" PRIu64 " events have a proof, in %" PRIu64 " blocks",
                count.events - count.unsigned_events, count.blocks);
    if (status == 0 && count.unsigned_events)
        cli_say(cli, "%" PRIu64 " are in blocks that are not signed yet", count.unsigned_events);
    return status;
}

static int export_folder(const struct cli *cli, struct exporting *exporting)
{
    struct lake_folder folder;
    struct err err = {0};
    uint64_t rows = 0;
    int code = lake_folder_open(cli, &folder);
    if (code != EXIT_DONE)
        return code;
    int status = exporting->proofs.file ? write_proofs(cli, &folder, exporting, &err) : 0;
    if (status == 0)
        status = write_rows(&folder, exporting, &rows, &err);
    lake_folder_close(&folder);
    if (status == 0)
        cli_say(cli, "%" PRIu64 " events", rows);
    bool is_said = exporting->rows.err.code || exporting->proofs.err.code;
    return status == 0 ? EXIT_DONE
           : is_said   ? EXIT_BROKEN
                       : lake_folder_complain(cli, status, &err);
}

static void add_time(struct buf *body, const char *name, int64_t time, int64_t unbounded)
{
    char text[TIME_TEXT_MAX];
    if (time == unbounded)
        return;
    time_format(time, text);
    buf_printf(body, ",\"%s\":\"%s\"", name, text);
}

static int fetch(const struct cli *cli, const struct lake_export *what, const char *format,
                 struct writing *writing)
{
    struct buf body = {0};
    buf_add_c(&body, "{\"dataset\":");
    buf_add_json(&body, what->dataset);
    buf_printf(&body, ",\"format\":\"%s\"", format);
    if (what->scope.n) {
        buf_add_c(&body, ",\"agency\":");
        buf_add_json(&body, what->scope.agencies[0]);
    }
    add_time(&body, "from", what->first, INT64_MIN);
    add_time(&body, "until", what->last, INT64_MAX);
    buf_add_byte(&body, '}');
    int code =
        centre_fetch(cli, "POST", "/api/v1/lake/export", buf_str(&body), write_piece, writing);
    buf_free(&body);
    if (code == EXIT_DONE)
        cli_say(cli, "%s: %" PRIu64 " bytes", writing->path, writing->bytes);
    return code;
}

static int export_from_centre(const struct cli *cli, struct exporting *exporting)
{
    const char *format = exporting->what.format == LAKE_PARQUET ? "parquet" : "ndjson";
    int code = EXIT_DONE;
    if (exporting->proofs.file)
        code = fetch(cli, &exporting->what, "proofs", &exporting->proofs);
    return code == EXIT_DONE ? fetch(cli, &exporting->what, format, &exporting->rows) : code;
}

static bool format_of(const struct cli *cli, const char *path, enum lake_export_format *ret_format)
{
    struct str name = str_from_c(path);
    bool parquet = exported_is_parquet(path);
    *ret_format = parquet ? LAKE_PARQUET : LAKE_NDJSON;
    if (parquet || str_ends(name, STR(".ndjson")) || str_ends(name, STR(".jsonl")))
        return true;
    cli_complain(cli, "%s: the name must end with .parquet, .ndjson or .jsonl", path);
    return false;
}

/* Both files, or none. */
static int export_to(const struct cli *cli, struct exporting *exporting, const char *proofs)
{
    int code = begin_writing(cli, cli->settings.paths.items[1], &exporting->rows);
    if (code != EXIT_DONE)
        return code;
    if (cli->settings.proofs)
        code = begin_writing(cli, proofs, &exporting->proofs);
    if (code == EXIT_DONE)
        code = cli->settings.to_url ? export_from_centre(cli, exporting)
                                    : export_folder(cli, exporting);
    if (exporting->proofs.file)
        code = end_writing(cli, &exporting->proofs, code);
    int last = end_writing(cli, &exporting->rows, code);
    if (code == EXIT_DONE && last != EXIT_DONE && exporting->proofs.file)
        (void)unlink(proofs);
    return last;
}

static int export_dataset(const struct cli *cli)
{
    const struct settings *settings = &cli->settings;
    const struct str agency = settings->agency ? str_from_c(settings->agency) : STR("");
    const char *path = settings->paths.items[1];
    struct buf proofs = {0};
    struct exporting exporting = {
        .what =
            {
                .dataset = str_from_c(settings->paths.items[0]),
                .first = settings->from == TIME_UNSET ? INT64_MIN : settings->from,
                .last = settings->to == TIME_UNSET ? INT64_MAX : settings->to,
                .scope = {.all = agency.len == 0, .agencies = &agency, .n = agency.len > 0},
            },
    };
    if (!format_of(cli, path, &exporting.what.format))
        return EXIT_USAGE;
    buf_add_c(&proofs, path);
    buf_add_c(&proofs, PROOFS_FILE_ENDING);
    buf_add_byte(&proofs, '\0');
    int code = proofs.failed ? EXIT_BROKEN : export_to(cli, &exporting, proofs.ptr);
    buf_free(&proofs);
    return code;
}

/* ---- import ---- */

static int import_folder(const struct cli *cli, struct str dataset, const char *path,
                         uint64_t *rows)
{
    struct lake_folder folder;
    struct err err = {0};
    int code = lake_folder_open(cli, &folder);
    if (code != EXIT_DONE)
        return code;
    int status = folder.ops->import_from(folder.lake, dataset, path, rows, &err);
    lake_folder_close(&folder);
    return status < 0 ? lake_folder_complain(cli, status, &err) : EXIT_DONE;
}

/* Lines on their way to a centre: part by part, each whole or not at all. */
struct sending {
    const struct cli *cli;
    const char *path; /* of the interface */
    struct buf part;
    uint64_t rows; /* that were not there */
    int code;
};

static int send_part(struct sending *sending)
{
    json_t *answer =
        centre_ask(sending->cli, "POST", sending->path, buf_str(&sending->part), &sending->code);
    sending->rows += (uint64_t)json_integer_value(json_object_get(answer, "rows"));
    json_decref(answer);
    buf_clear(&sending->part);
    return sending->code == EXIT_DONE ? 0 : -EREMOTEIO;
}

/* One or more lines; parts end with a line. */
static int send_lines(void *context, struct str lines)
{
    struct sending *sending = context;
    struct str line;
    int status = 0;
    while (status == 0 && str_cut_line(&lines, &line)) {
        if (*sending->cli->stop)
            status = -EINTR;
        else if (sending->part.len > 0 && sending->part.len + line.len + 1 > PART_BYTES)
            status = send_part(sending);
        buf_add_str(&sending->part, line);
        buf_add_byte(&sending->part, '\n');
        if (sending->part.failed)
            status = -ENOMEM;
    }
    return status;
}

static int send_file(struct sending *sending, const char *path, struct err *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int status = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    while (status == 0 && (len = getline(&line, &room, file)) > 0)
        status = send_lines(sending, str_of(line, (size_t)len));
    if (status == 0 && ferror(file))
        status = err_set(err, -EIO, "%s: it could not be read", path);
    free(line);
    fclose(file);
    return status;
}

/* Parquet is read here: what a file may do to its reader, it does not do to the centre. */
static int import_to_centre(const struct cli *cli, struct str dataset, const char *path,
                            uint64_t *rows)
{
    const struct lake_options options = {.library = cli->settings.duckdb,
                                         .memory = cli->settings.lake_memory};
    struct buf to = {0};
    struct err err = {0};
    buf_add_c(&to, "/api/v1/lake/import?dataset=");
    client_escape(dataset, &to);
    buf_add_byte(&to, '\0');
    struct sending sending = {.cli = cli, .path = to.ptr};
    int status = to.failed ? err_set(&err, -ENOMEM, "no memory")
                 : exported_is_parquet(path)
                     ? exported_write_lines(path, &options, send_lines, &sending, &err)
                     : send_file(&sending, path, &err);
    if (status == 0 && sending.part.len > 0)
        status = send_part(&sending);
    *rows = sending.rows;
    buf_free(&sending.part);
    buf_free(&to);
    if (status == 0 || sending.code != EXIT_DONE) /* centre_ask() complained */
        return sending.code;
    return *cli->stop ? EXIT_INTERRUPTED : lake_folder_complain(cli, status, &err);
}

static int import_dataset(const struct cli *cli)
{
    const struct str dataset = str_from_c(cli->settings.paths.items[0]);
    const char *path = cli->settings.paths.items[1];
    uint64_t rows = 0;
    int code = cli->settings.to_url ? import_to_centre(cli, dataset, path, &rows)
                                    : import_folder(cli, dataset, path, &rows);
    if (code == EXIT_DONE || rows > 0)
        cli_say(cli, "%" PRIu64 " events that were not there", rows);
    return code;
}

/* ---- the commands ---- */

static const char *const export_options[] = {
    LAKE_FOLDER_OPTIONS, "ledger", CENTRE_CLIENT_OPTIONS, "proofs", "agency", "hunt:from",
    "hunt:until",        NULL};
static const char *const import_options[] = {LAKE_FOLDER_OPTIONS, CENTRE_CLIENT_OPTIONS, NULL};

const struct command cmd_lake_export = {
    .name = "lake export",
    .arguments = "DATASET FILE",
    .paths_min = 2,
    .paths_max = 2,
    .about = "Write the events of a dataset to a new file: Parquet or NDJSON, by the name's end.",
    .prose =
        "Of a running centre (--to), the events of the caller's agencies, as they come; an "
        "interruption ends it there, too. In NDJSON fields have the names that they came with.\n"
        "With --proofs there is a second file, FILE.proofs: about 45 bytes an event, from which "
        "jaga verify export proves FILE with nothing but a public key. What was committed in the "
        "last seconds is not signed yet, and has no proof.",
    .options = export_options,
    .run = export_dataset,
};

const struct command cmd_lake_import = {
    .name = "lake import",
    .arguments = "DATASET FILE",
    .paths_min = 2,
    .paths_max = 2,
    .about = "Take exported events into the lake; those that are there are skipped.",
    .prose =
        "The file is Parquet or NDJSON, by the name's end. A running centre (--to) gets it part "
        "by part, from an administrator: Parquet is read by this command, and goes as NDJSON. "
        "What was interrupted is done again with the same file.",
    .options = import_options,
    .run = import_dataset,
};
